/* Ink of segments: the vector code that visits bounding boxes against one pixel after the other.
 */
#include "help_test.h"

#include "data/digit_parts.h"

static float ink_of(const LmDigitSegment *s, float x, float y)
{
    float dx = x - s->x;
    float dy = y - s->y;
    float inverse = 1.0f / (s->dx * s->dx + s->dy * s->dy + 1e-6f);
    float t = (dx * s->dx + dy * s->dy) * inverse;
    t = t > 0.0f ? t : 0.0f;
    t = t < 1.0f ? t : 1.0f;
    float ex = dx - t * s->dx;
    float ey = dy - t * s->dy;
    return (s->reach * s->reach - (ex * ex + ey * ey)) * s->gain;
}

/* The tolerance is for pixels on the very rim: the bounding box is rounded, so cover of a few units
 * in the last place of reach^2 * gain, about 1e-5, may be left out. Smoothstep then gives 3e-10. */
static void check_path(const LmDigitPath *path, int side)
{
    static LmDigitCover cover;
    memset(&cover, 0x7f, sizeof cover);
    lm_digit_cover_draw(&cover, path, side);
    for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
            float c = 0.0f;
            for (int i = 0; i < path->n; i++) {
                float ink = ink_of(&path->segments[i], (float)x, (float)y);
                c = ink > c ? ink : c;
            }
            c = c < 1.0f ? c : 1.0f;
            float wanted = c * c * (3.0f - 2.0f * c);
            float got = cover.ink[y][x];
            if (got != wanted && !(wanted < 1e-9f && got == 0.0f)) {
                fail_msg("pixel %d, %d: %.9g, wanted %.9g", x, y, (double)got, (double)wanted);
            }
        }
    }
}

static LmDigitSegment random_segment(LmRng *rng, int side)
{
    LmDigitSegment s;
    float length = lm_digit_parts_between(rng, 0.0f, 12.0f);
    float radius = lm_digit_parts_between(rng, 0.2f, 3.0f);
    float softness = lm_digit_parts_between(rng, 0.8f, 1.7f);
    s.x = lm_digit_parts_between(rng, -8.0f, (float)side + 8.0f);
    s.y = lm_digit_parts_between(rng, -8.0f, (float)side + 8.0f);
    s.dx = lm_digit_parts_between(rng, -length, length);
    s.dy = lm_digit_parts_between(rng, -length, length);
    s.reach = radius + 0.5f * softness;
    s.gain = 1.0f / (2.0f * radius * softness);
    return s;
}

static void test_random_segments(void **state)
{
    (void)state;
    LmRng rng = lm_rng(1, LM_RNG_USER, 0, 0);
    for (int turn = 0; turn < 3000; turn++) {
        static LmDigitPath path;
        int side = turn % 2 ? 28 : 32;
        path.n = 1 + turn % 4;
        for (int i = 0; i < path.n; i++) {
            path.segments[i] = random_segment(&rng, side);
        }
        check_path(&path, side);
    }
}

/* A dot, whole numbers, lines along both axes, outside on every side, and nothing at all. */
static void test_special_segments(void **state)
{
    (void)state;
    static const LmDigitSegment special[] = {
        {14.0f, 14.0f, 0.0f, 0.0f, 2.0f, 0.5f},   {3.0f, 5.0f, 10.0f, 0.0f, 1.0f, 1.0f},
        {3.0f, 5.0f, 0.0f, -10.0f, 1.0f, 1.0f},   {-50.0f, 14.0f, 20.0f, 0.0f, 2.0f, 1.0f},
        {80.0f, 14.0f, -20.0f, 0.0f, 2.0f, 1.0f}, {14.0f, -500.0f, 0.0f, 20.0f, 2.0f, 1.0f},
        {14.0f, 500.0f, 0.0f, 20.0f, 2.0f, 1.0f}, {-500.0f, -500.0f, 1e3f, 1e3f, 2.0f, 1.0f},
        {27.0f, 27.0f, 0.5f, 0.5f, 1.0f, 1.0f},   {31.0f, 0.0f, 0.5f, 0.5f, 1.0f, 1.0f},
        {-1.0f, -1.0f, 0.0f, 0.0f, 1.0f, 1.0f},   {10.5f, 10.5f, 0.0f, 0.0f, 0.5f, 1.0f},
    };
    static LmDigitPath path;
    check_path(&path, 28);
    for (size_t i = 0; i < LM_ARRAY_LEN(special); i++) {
        path.n = 1;
        path.segments[0] = special[i];
        check_path(&path, 28);
        check_path(&path, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_segments),
        cmocka_unit_test(test_special_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
