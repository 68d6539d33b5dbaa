/* Histograms of sums: over all numbers, and of each where they are few. The sums themselves are
 * held against plain loops in test_moments.c.
 */
#include "help_test.h"

#include "base/base.h"
#include "stats/sums.h"

enum { ROWS = 5000, WIDTH_MAX = LM_SUMS_APART_MAX + 1 };

static uint8_t pixels[ROWS * WIDTH_MAX];

/* Values of number j lie around 10 j, so that no two histograms are the same. */
static void draw_pixels(int64_t width)
{
    uint32_t state = 1;
    for (int64_t i = 0; i < ROWS * width; i++) {
        state = state * 1664525U + 1013904223U;
        pixels[i] = (uint8_t)(i % width * 10 + (state >> 24) % 64);
    }
}

/* s holds rows first to end of the pixels, and nothing else. */
static void check(const LmSums *s, int64_t first, int64_t end)
{
    uint64_t all[256] = {0};
    for (int64_t j = 0; j < s->width; j++) {
        uint64_t own[256] = {0};
        uint8_t lo = 255;
        uint8_t hi = 0;
        for (int64_t i = first; i < end; i++) {
            uint8_t v = pixels[i * s->width + j];
            own[v]++;
            all[v]++;
            lo = LM_MIN(lo, v);
            hi = LM_MAX(hi, v);
        }
        const uint64_t *counts = lm_sums_histogram(s, j);
        assert_int_equal(counts != NULL, s->width <= LM_SUMS_APART_MAX);
        if (counts != NULL) {
            assert_memory_equal(counts, own, sizeof own);
            assert_int_equal(s->lo[j], lo);
            assert_int_equal(s->hi[j], hi);
        }
    }
    assert_memory_equal(s->histogram, all, sizeof all);
}

static void test_each_number_has_its_histogram(void **state)
{
    (void)state;
    LmError err;
    static const int64_t widths[] = {1, 2, 3, 4, 5, 15, 16, 17};
    for (size_t k = 0; k < LM_ARRAY_LEN(widths); k++) {
        int64_t w = widths[k];
        LmSums a = {0};
        LmSums b = {0};
        draw_pixels(w);
        assert_ok(lm_sums_init(&a, w, true, &err), err);
        assert_ok(lm_sums_init(&b, w, true, &err), err);
        lm_sums_add(&a, pixels, (size_t)(1 * w));
        lm_sums_add(&a, pixels + w, (size_t)(2999 * w));
        check(&a, 0, 3000);
        lm_sums_add(&b, pixels + 3000 * w, (size_t)(2000 * w));
        lm_sums_merge(&a, &b);
        check(&a, 0, ROWS);
        assert_true(lm_sums_can_subtract(&a, &b, 3000));
        lm_sums_subtract(&a, &b);
        check(&a, 0, 3000);
        lm_sums_fini(&a);
        lm_sums_fini(&b);
    }
}

/* Two values that change places between two numbers leave the histogram over all as it was. */
static void test_subtracting_what_was_never_there(void **state)
{
    (void)state;
    LmError err;
    LmSums a = {0};
    LmSums b = {0};
    const uint8_t held[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint8_t other[2] = {4, 3};
    assert_ok(lm_sums_init(&a, 2, true, &err), err);
    assert_ok(lm_sums_init(&b, 2, true, &err), err);
    lm_sums_add(&a, held, sizeof held);
    lm_sums_add(&b, other, sizeof other);
    assert_false(lm_sums_can_subtract(&a, &b, 3));
    lm_sums_fini(&a);
    lm_sums_fini(&b);
}

static void test_no_histogram(void **state)
{
    (void)state;
    LmError err;
    LmSums s = {0};
    draw_pixels(3);
    assert_ok(lm_sums_init(&s, 3, false, &err), err);
    lm_sums_add(&s, pixels, 300);
    assert_null(s.histogram);
    assert_null(lm_sums_histogram(&s, 0));
    lm_sums_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_number_has_its_histogram),
        cmocka_unit_test(test_subtracting_what_was_never_there),
        cmocka_unit_test(test_no_histogram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
