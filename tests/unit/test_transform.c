/* augment/transform.h against Keras' order of steps, written once more in double and on single
 * pixels; and what flips, shifts and brightness do to edges and odd numbers. */
#include "help_float.h"
#include "help_guard.h"
#include "help_test.h"

#include <math.h>

#include "augment/transform.h"
#include "base/rng.h"

static uint64_t seed;

static double between(LmRng *rng, double lo, double hi)
{
    return lo + (hi - lo) * lm_rng_double(rng);
}

/* --- the map --- */

/* 3 x 3 matrices about (x, y), multiplied in the order transform.h states. */
static void times(double m[9], const double f[9])
{
    double out[9] = {0};
    for (int i = 0; i < 9; i++) {
        for (int k = 0; k < 3; k++) {
            out[i] += m[i / 3 * 3 + k] * f[3 * k + i % 3];
        }
    }
    memcpy(m, out, sizeof out);
}

static void product(const LmTransform *t, double m[9])
{
    const double degree = 3.14159265358979323846 / 180;
    double a = t->theta_deg * degree;
    double s = t->shear_deg * degree;
    const double turn[9] = {cos(a), -sin(a), 0, sin(a), cos(a), 0, 0, 0, 1};
    const double shift[9] = {1, 0, t->tx, 0, 1, t->ty, 0, 0, 1};
    const double shear[9] = {1, -sin(s), 0, 0, cos(s), 0, 0, 0, 1};
    const double zoom[9] = {t->zx, 0, 0, 0, t->zy, 0, 0, 0, 1};
    const double one[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    memcpy(m, one, sizeof one);
    times(m, turn);
    times(m, shift);
    times(m, shear);
    times(m, zoom);
}

/* Sizes up to 300 and shifts up to 40: some hundred roundings of numbers below 1e3, 2e-11 at most.
 */
static void test_matrix(void **state)
{
    (void)state;
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 0);
    for (int i = 0; i < 2000; i++) {
        LmTransform t = lm_transform();
        int64_t h = help_float_int(&rng, 1, 300);
        int64_t w = help_float_int(&rng, 1, 300);
        double m[6];
        double want[9];
        t.theta_deg = between(&rng, -400, 400);
        t.tx = between(&rng, -40, 40);
        t.ty = between(&rng, -40, 40);
        t.shear_deg = between(&rng, -60, 60);
        t.zx = between(&rng, 0.2, 3);
        t.zy = between(&rng, 0.2, 3);
        lm_transform_matrix(&t, h, w, m);
        product(&t, want);
        for (int k = 0; k < 20; k++) {
            double r = between(&rng, 0, (double)h);
            double c = between(&rng, 0, (double)w);
            double x = c - (double)(w - 1) / 2;
            double y = r - (double)(h - 1) / 2;
            double row = want[3] * x + want[4] * y + want[5] + (double)(h - 1) / 2;
            double column = want[0] * x + want[1] * y + want[2] + (double)(w - 1) / 2;
            assert_true(fabs(m[0] * r + m[1] * c + m[2] - row) < 2e-11);
            assert_true(fabs(m[3] * r + m[4] * c + m[5] - column) < 2e-11);
        }
    }
}

static void test_no_change(void **state)
{
    (void)state;
    LmTransform t = lm_transform();
    LmWarp warp = {.order = 1};
    for (int64_t size = 1; size < 40; size++) {
        lm_transform_matrix(&t, size, 2 * size, warp.m);
        assert_true(lm_warp_is_identity(&warp));
    }
    assert_false(lm_transform_is_affine(&t));
    double *fields[] = {&t.theta_deg, &t.tx, &t.ty, &t.shear_deg, &t.zx, &t.zy};
    for (size_t i = 0; i < LM_ARRAY_LEN(fields); i++) {
        t = lm_transform();
        *fields[i] += 0.5;
        assert_true(lm_transform_is_affine(&t));
    }
    t = lm_transform();
    t.theta_deg = -720;
    lm_transform_matrix(&t, 9, 12, warp.m);
    assert_true(lm_warp_is_identity(&warp));
}

/* --- whole images --- */

enum { H = 3, W = 4 };

/* Pixel (r, c) is 10 r + c. */
static void ramp(float *x)
{
    for (int i = 0; i < H * W; i++) {
        x[i] = (float)(i / W * 10 + i % W);
    }
}

static void check_image(const LmTransform *t, const LmWarp *fill, const float *want)
{
    float src[H * W];
    float dst[H * W];
    LmError err;
    ramp(src);
    assert_ok(lm_transform_apply(t, fill, src, H, W, 1, dst, &err), err);
    for (int i = 0; i < H * W; i++) {
        if (dst[i] != want[i]) {
            fail_msg("pixel %d is %g, want %g", i, (double)dst[i], (double)want[i]);
        }
    }
}

static const LmWarp empty = {.fill = LM_FILL_CONSTANT, .fill_value = -1, .order = 1};

/* Rows are moved by ty, columns by tx, and the picture goes up and left. */
static void test_shifts(void **state)
{
    (void)state;
    LmTransform t = lm_transform();
    t.tx = 1;
    check_image(&t, &empty, (float[]){1, 2, 3, -1, 11, 12, 13, -1, 21, 22, 23, -1});
    t.tx = 0;
    t.ty = 1;
    check_image(&t, &empty, (float[]){10, 11, 12, 13, 20, 21, 22, 23, -1, -1, -1, -1});
    t.ty = -0.5;
    check_image(&t, &empty, (float[]){-1, -1, -1, -1, 5, 6, 7, 8, 15, 16, 17, 18});
}

/* About the true centre of an image that is not square: half a turn loses nothing. A quarter turn
 * counter-clockwise takes the right column to the top. */
static void test_turns(void **state)
{
    (void)state;
    LmTransform t = lm_transform();
    t.theta_deg = 180;
    check_image(&t, &empty, (float[]){23, 22, 21, 20, 13, 12, 11, 10, 3, 2, 1, 0});
    const float square[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const float want[9] = {3, 6, 9, 2, 5, 8, 1, 4, 7};
    float dst[9];
    LmError err;
    t.theta_deg = 90;
    assert_ok(lm_transform_apply(&t, &empty, square, 3, 3, 1, dst, &err), err);
    assert_memory_equal(dst, want, sizeof want);
    t.theta_deg = -270;
    assert_ok(lm_transform_apply(&t, &empty, square, 3, 3, 1, dst, &err), err);
    assert_memory_equal(dst, want, sizeof want);
}

static void test_flips(void **state)
{
    (void)state;
    LmTransform t = lm_transform();
    t.flip_horizontal = true;
    check_image(&t, &empty, (float[]){3, 2, 1, 0, 13, 12, 11, 10, 23, 22, 21, 20});
    t.tx = 1; /* first moved, then mirrored */
    check_image(&t, &empty, (float[]){-1, 3, 2, 1, -1, 13, 12, 11, -1, 23, 22, 21});
    t = lm_transform();
    t.flip_vertical = true;
    check_image(&t, &empty, (float[]){20, 21, 22, 23, 10, 11, 12, 13, 0, 1, 2, 3});
}

static void test_zoom_makes_smaller(void **state)
{
    (void)state;
    LmTransform t = lm_transform();
    t.zx = 3;
    check_image(&t, &empty, (float[]){-1, 0, 3, -1, -1, 10, 13, -1, -1, 20, 23, -1});
}

/* The parts in place do what the mirrored warp does. */
static void test_flips_in_place(void **state)
{
    (void)state;
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 1);
    for (int i = 0; i < 200; i++) {
        int64_t h = help_float_int(&rng, 1, 9);
        int64_t w = help_float_int(&rng, 1, 40);
        int64_t c = help_float_int(&rng, 1, 5);
        float x[9 * 40 * 5];
        float dst[9 * 40 * 5];
        LmTransform t = lm_transform();
        LmError err;
        help_float_fill(x, (size_t)(h * w * c), &rng);
        t.flip_horizontal = i % 2 == 0;
        t.flip_vertical = i % 3 == 0;
        assert_ok(lm_transform_apply(&t, &empty, x, h, w, c, dst, &err), err);
        if (t.flip_horizontal) {
            lm_transform_flip_horizontal(x, h, w, c);
        }
        if (t.flip_vertical) {
            lm_transform_flip_vertical(x, h, w, c);
        }
        assert_int_equal(help_float_differs(x, dst, (size_t)(h * w * c)), h * w * c);
    }
}

/* --- channel shift --- */

static void test_channel_shift(void **state)
{
    (void)state;
    float x[4] = {10, 20, 30, 12};
    lm_transform_shift_channels(x, 4, 5.5);
    assert_memory_equal(x, ((float[]){15.5f, 25.5f, 30, 17.5f}), sizeof x);
    lm_transform_shift_channels(x, 4, -1000);
    assert_memory_equal(x, ((float[]){15.5f, 15.5f, 15.5f, 15.5f}), sizeof x);
    lm_transform_shift_channels(x, 4, 3);
    assert_true(x[0] == 15.5f);
    lm_transform_shift_channels(x, 0, 3);
}

/* The range is that of the warped image, which may hold the fill value. */
static void test_channel_shift_after_warp(void **state)
{
    (void)state;
    LmTransform t = lm_transform();
    LmWarp fill = empty;
    fill.fill_value = 100;
    t.tx = 1;
    t.has_channel_shift = true;
    t.channel_shift = 70;
    check_image(&t, &fill, (float[]){71, 72, 73, 100, 81, 82, 83, 100, 91, 92, 93, 100});
}

/* --- brightness --- */

static void check_bright(const float *x, int n, int c, double factor, bool scale, const float *want)
{
    float y[12];
    memcpy(y, x, (size_t)n * sizeof *y);
    lm_transform_brighten(y, n / c, c, factor, scale);
    for (int i = 0; i < n; i++) {
        if (y[i] != want[i]) {
            fail_msg("times %g: number %d is %g, want %g", factor, i, (double)y[i],
                     (double)want[i]);
        }
    }
}

static void test_brightness(void **state)
{
    (void)state;
    const float x[4] = {0, 127.9f, 100, 255};
    check_bright(x, 4, 1, 1, false, (float[]){0, 127, 100, 255});
    check_bright(x, 4, 1, 0.5, false, (float[]){0, 63, 50, 127});
    check_bright(x, 4, 1, 1.7, false, (float[]){0, 215, 170, 255});
    check_bright(x, 4, 1, 0, false, (float[]){0, 0, 0, 0});
    check_bright(x, 4, 1, -2, false, (float[]){0, 0, 0, 0});
    check_bright(x, 4, 4, 0.5, false, (float[]){0, 63, 50, 255});
    /* Stretched to 0..255 first: 51 is a fifth. */
    const float low[3] = {0, 51, 255.0f / 2};
    check_bright(low, 3, 3, 1, true, (float[]){0, 102, 255});
    const float constant[3] = {7, 7, 7};
    check_bright(constant, 3, 1, 2, true, (float[]){0, 0, 0});
    check_bright(constant, 3, 1, 2, false, (float[]){14, 14, 14});
}

/* Values outside 0..255 go there and back: the steps are range / 255 wide. */
static void test_brightness_outside(void **state)
{
    (void)state;
    const float x[4] = {-255, 0, 127.5f, 255};
    check_bright(x, 4, 1, 1, false, (float[]){-255, -1, 127, 255});
    check_bright(x, 4, 1, 0, false, (float[]){-255, -255, -255, -255});
    check_bright(x, 4, 1, 0.5, true, (float[]){0, 63, 95, 127});
}

static void test_brightness_needs_a_picture(void **state)
{
    (void)state;
    LmTransform t = lm_transform();
    LmError err;
    float src[2] = {1, 2};
    float dst[2] = {-3, -4};
    t.has_brightness = true;
    t.brightness = 0.5;
    assert_fails(lm_transform_apply(&t, &empty, src, 1, 1, 2, dst, &err), LM_EARG, err, "has 2");
    assert_true(dst[0] == -3 && dst[1] == -4);
    float odd[3] = {NAN, INFINITY, -INFINITY};
    lm_transform_brighten(odd, 1, 3, 0.5, false); /* garbage in, but no undefined conversion */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_no_change),
        cmocka_unit_test(test_shifts),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_zoom_makes_smaller),
        cmocka_unit_test(test_flips_in_place),
        cmocka_unit_test(test_channel_shift),
        cmocka_unit_test(test_channel_shift_after_warp),
        cmocka_unit_test(test_brightness),
        cmocka_unit_test(test_brightness_outside),
        cmocka_unit_test(test_brightness_needs_a_picture),
    };
    seed = help_guard_seed(63);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
