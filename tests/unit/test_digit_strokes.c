/* The table of ways to write a digit: what the pen relies on.
 */
#include "help_test.h"

#include "data/digit_parts.h"

static void check_points(const LmDigitGlyph *glyph)
{
    const LmDigitPoint *p = glyph->points;
    int n = glyph->n_points;
    assert_in_range(n, 2, LM_DIGIT_POINTS_MAX);
    assert_int_equal(p[0].pen, LM_PEN_DOWN);
    assert_int_not_equal(p[n - 1].pen, LM_PEN_DOWN);
    for (int i = 0; i < n; i++) {
        assert_true(p[i].x <= 100 && p[i].y <= 100 && p[i].pen <= LM_PEN_SHARP);
        if (i > 0) {
            assert_false(p[i].pen == LM_PEN_DOWN && p[i - 1].pen == LM_PEN_DOWN);
            assert_false(p[i].x == p[i - 1].x && p[i].y == p[i - 1].y);
        }
    }
}

/* A digit fills the height of its box, so that all are scaled alike. */
static void check_height(const LmDigitGlyph *glyph)
{
    int top = 100;
    int bottom = 0;
    for (int i = 0; i < glyph->n_points; i++) {
        top = LM_MIN(top, glyph->points[i].y);
        bottom = LM_MAX(bottom, glyph->points[i].y);
    }
    assert_true(top <= 5 && bottom >= 95);
}

static void test_every_way_can_be_written(void **state)
{
    (void)state;
    for (int digit = 0; digit < 10; digit++) {
        int n;
        int weights = 0;
        const LmDigitGlyph *ways = lm_digit_strokes_get(digit, &n);
        assert_true(n >= 2);
        for (int i = 0; i < n; i++) {
            check_points(&ways[i]);
            check_height(&ways[i]);
            assert_true(ways[i].weight > 0);
            weights += ways[i].weight;
        }
        assert_int_equal(weights, 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
