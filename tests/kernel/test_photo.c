/* Colour, light and noise: all variants have the bits of ref at every length and place in memory,
 * and ref is what photo.h says. */
#include "help_float.h"
#include "help_guard.h"
#include "help_test.h"

#include <math.h>

#include "kernel/photo.h"

enum { LENGTH_MAX = 603 };

static uint64_t seed;

typedef struct Work {
    const LmKernels *kernels;
    float *y;
    size_t n;
    float numbers[9];
    LmRng rng;
} Work;

static void run_shift(const Work *w)
{
    float lo = fminf(w->numbers[0], w->numbers[1]);
    float hi = fmaxf(w->numbers[0], w->numbers[1]);
    w->kernels->photo->shift_clip_f32(w->y, w->n, w->numbers[2], lo, hi);
}

static void run_mix(const Work *w)
{
    w->kernels->photo->mix_rgb_f32(w->y, w->n / 3, w->numbers);
}

static void run_noise(const Work *w)
{
    w->kernels->photo->add_noise_f32(w->y, w->n, w->numbers[0], &w->rng);
}

/* A picture of 3 channels, a rectangle of it that depends on n. */
static void run_fill(const Work *w)
{
    int64_t columns = LM_MAX(1, (int64_t)(w->n % 11));
    int64_t rows = (int64_t)(w->n / 3) / columns;
    if (rows == 0) {
        return;
    }
    int64_t top = rows / 3;
    int64_t left = columns / 2;
    w->kernels->photo->fill_rect_f32(w->y, columns, 3, top, left, (rows - top + 1) / 2,
                                     columns - left, w->numbers);
}

static void check(const char *what, void (*run)(const Work *), size_t turn)
{
    HelpGuard g = help_guard_new((LENGTH_MAX + 1) * sizeof(float));
    static float x[LENGTH_MAX];
    static float want[LENGTH_MAX];
    LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 0);
    Work w = {.n = turn < 200 ? turn : (size_t)help_float_int(&rng, 0, LENGTH_MAX), .rng = rng};
    help_float_fill(w.numbers, 9, &rng);
    if (turn % 3 == 0) {
        help_float_fill_nasty(x, w.n, &rng);
    } else {
        help_float_fill(x, w.n, &rng);
    }
    memcpy(want, x, w.n * sizeof *x);
    w.kernels = lm_kernels_named("ref");
    w.y = want;
    run(&w);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        help_guard_fill(&g);
        w.kernels = lm_kernels_named(*name);
        w.y = turn % 2 == 0 ? help_guard_front(&g) : help_guard_back(&g, w.n * sizeof *x);
        memcpy(w.y, x, w.n * sizeof *x);
        run(&w);
        size_t at = help_float_differs(w.y, want, w.n);
        if (at < w.n) {
            fail_msg("%s %s of %zu: number %zu is %a, want %a", *name, what, w.n, at,
                     (double)w.y[at], (double)want[at]);
        }
        assert_true(help_guard_is_clean(&g, w.y, w.n * sizeof *x));
    }
    help_guard_free(&g);
}

static void test_variants(void **state)
{
    (void)state;
    for (size_t turn = 0; turn < 500; turn++) {
        check("shift", run_shift, turn);
        check("mix", run_mix, turn);
        check("noise", run_noise, turn);
        check("fill", run_fill, turn);
    }
}

static void test_range(void **state)
{
    (void)state;
    HelpGuard g = help_guard_new(LENGTH_MAX * sizeof(float));
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 1);
    for (size_t n = 1; n < 150; n++) {
        float *x = n % 2 == 0 ? help_guard_front(&g) : help_guard_back(&g, n * sizeof *x);
        float least = INFINITY;
        float most = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            x[i] = lm_rng_below(&rng, 30) == 0 ? INFINITY : 100 * help_float_random(&rng);
            x[i] = i % 7 == 3 ? -x[i] : x[i];
            least = fminf(least, x[i]);
            most = fmaxf(most, x[i]);
        }
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            float lo = 0;
            float hi = 0;
            lm_kernels_named(*name)->photo->range_f32(x, n, &lo, &hi);
            assert_true(lo == least && hi == most);
        }
    }
    help_guard_free(&g);
}

/* --- noise --- */

/* The formula in the C library's functions. An error of 4 ulp in log or sine, in numbers below 7,
 * is lost in the rounding to float: half an ulp of a float below 8 is 2^-22. */
static void test_noise_formula(void **state)
{
    (void)state;
    enum { N = 4000 };
    static float y[N];
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 2);
    LmRng words = rng;
    memset(y, 0, sizeof y);
    lm_kernels()->photo->add_noise_f32(y, N, 1, &rng);
    for (int i = 0; i < N; i += 2) {
        double u1 = ((double)lm_rng_u32(&words) + 1) / 4294967296.0;
        double u2 = (double)lm_rng_u32(&words) / 4294967296.0;
        double radius = sqrt(-2 * log(u1));
        double angle = 6.283185307179586 * u2;
        assert_true(fabs((double)y[i] - radius * cos(angle)) <= 0x1.1p-22);
        assert_true(fabs((double)y[i + 1] - radius * sin(angle)) <= 0x1.1p-22);
    }
}

/* Moments within five standard errors: of N normal numbers' mean 1/sqrt(N), of their squares
 * sqrt(2/N), of their fourth powers sqrt(96/N), of neighbours' products 1/sqrt(N). */
static void test_noise_is_normal(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    float *y = calloc(N, sizeof *y);
    LmRng rng = lm_rng(7, LM_RNG_USER, 0, 3);
    double sums[4] = {0};
    lm_kernels()->photo->add_noise_f32(y, N, 2, &rng);
    for (int i = 0; i < N; i++) {
        double z = (double)y[i] / 2;
        double next = (double)y[(i + 1) % N] / 2;
        sums[0] += z;
        sums[1] += z * z;
        sums[2] += z * z * z * z;
        sums[3] += z * next;
    }
    double e = 5 / sqrt((double)N);
    assert_true(fabs(sums[0] / N) < e);
    assert_true(fabs(sums[1] / N - 1) < e * sqrt(2.0));
    assert_true(fabs(sums[2] / N - 3) < e * sqrt(96.0));
    assert_true(fabs(sums[3] / N) < e);
    free(y);
}

static void test_noise_extremes(void **state)
{
    (void)state;
    float y[5] = {1, 2, 3, 4, 5};
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 4);
    LmRng before = rng;
    lm_kernels()->photo->add_noise_f32(y, 5, 0, &rng);
    for (int i = 0; i < 5; i++) {
        assert_true(y[i] == (float)(i + 1));
    }
    assert_memory_equal(&before, &rng, sizeof rng);
}

/* --- colours --- */

static void mix(float pixel[3], const float m[9])
{
    lm_kernels()->photo->mix_rgb_f32(pixel, 1, m);
}

static float grey_of(const float p[3])
{
    return 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
}

static void test_no_change(void **state)
{
    (void)state;
    float m[9];
    for (int turn = 0; turn < 4; turn++) {
        if (turn == 0) {
            lm_photo_saturation(m, 1);
        } else {
            lm_photo_hue(m, 360 * (turn - 2));
        }
        for (int i = 0; i < 9; i++) {
            assert_true(m[i] == (i % 4 == 0 ? 1.0f : 0.0f));
        }
    }
}

/* Coefficients are rounded to float: 3 of them and 3 roundings, pixels up to 1. */
static const float few_ulps = 0x1p-20f;

static void test_saturation(void **state)
{
    (void)state;
    float m[9];
    float p[3] = {0.25f, 0.5f, 1};
    float grey = grey_of(p);
    lm_photo_saturation(m, 0);
    mix(p, m);
    for (int k = 0; k < 3; k++) {
        assert_true(fabsf(p[k] - grey) < few_ulps);
    }
    float q[3] = {0.25f, 0.5f, 1};
    lm_photo_saturation(m, 1.5);
    mix(q, m);
    assert_true(fabsf(q[0] - (grey + 1.5f * (0.25f - grey))) < few_ulps);
    assert_true(fabsf(grey_of(q) - grey) < few_ulps);
}

static void test_hue(void **state)
{
    (void)state;
    float m[9];
    float back[9];
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 5);
    for (int i = 0; i < 200; i++) {
        double angle = 720 * (lm_rng_double(&rng) - 0.5);
        float p[3] = {lm_rng_float(&rng), lm_rng_float(&rng), lm_rng_float(&rng)};
        float was[3] = {p[0], p[1], p[2]};
        float grey[3] = {0.5f, 0.5f, 0.5f};
        lm_photo_hue(m, angle);
        mix(p, m);
        assert_true(fabsf(grey_of(p) - grey_of(was)) < 4 * few_ulps);
        mix(grey, m);
        lm_photo_hue(back, -angle);
        mix(p, back);
        for (int k = 0; k < 3; k++) {
            assert_true(fabsf(grey[k] - 0.5f) < few_ulps);
            assert_true(fabsf(p[k] - was[k]) < 4 * few_ulps);
        }
    }
    float red[3] = {1, 0, 0};
    lm_photo_hue(m, 120);
    mix(red, m);
    assert_true(red[1] > red[0] && red[1] > red[2]);
}

static void test_multiply(void **state)
{
    (void)state;
    float turn[9];
    float third[9];
    lm_photo_hue(turn, 100);
    lm_photo_hue(third, 20);
    lm_photo_multiply(third, turn, third);
    lm_photo_hue(turn, 120);
    for (int i = 0; i < 9; i++) {
        assert_true(fabsf(third[i] - turn[i]) < few_ulps);
    }
    const float swap[9] = {0, 1, 0, 1, 0, 0, 0, 0, 1};
    const float first[9] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    float out[9];
    float p[3] = {5, 7, 9};
    lm_photo_multiply(out, first, swap);
    mix(p, out);
    assert_true(p[0] == 7 && p[1] == 0 && p[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants),       cmocka_unit_test(test_range),
        cmocka_unit_test(test_noise_formula),  cmocka_unit_test(test_noise_is_normal),
        cmocka_unit_test(test_noise_extremes), cmocka_unit_test(test_no_change),
        cmocka_unit_test(test_saturation),     cmocka_unit_test(test_hue),
        cmocka_unit_test(test_multiply),
    };
    seed = help_guard_seed(62);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
