/* Changes of light, colour and noise against their formulas in double; what they leave alone. */
#include <math.h>
#include <stdlib.h>

#include "help_test.h"

#include "augment/photometric.h"
#include "kernel/kernel.h"

enum { H = 13, W = 29, N = H * W * 4 };

static const LmDrawKey key = {5, 2, 9};

/* 0..255 in steps of a quarter, a function of the place. */
static void fill(float *x, int64_t n)
{
    LmRng rng = lm_rng(1, LM_RNG_USER, 0, 0);
    for (int64_t i = 0; i < n; i++) {
        x[i] = (float)lm_rng_below(&rng, 1021) / 4;
    }
}

typedef struct Case {
    LmAugment entry;
    LmDraw draw;
} Case;

static void set(Case *c, LmAugmentKind kind, double value)
{
    c->entry = lm_augment(kind);
    c->draw = (LmDraw){.entry = &c->entry, .number = 3, .value = {value}};
}

static void apply(const Case *c, int64_t channels, bool is_clipped, float *x)
{
    LmPhotoShape shape = {H, W, channels, is_clipped};
    lm_photometric_apply(&c->draw, &shape, &key, x);
}

static bool is_opacity(int64_t i, int64_t channels)
{
    return channels == 4 && i % 4 == 3;
}

/* y = factor * x + shift to one rounding of the product and one of the sum: 2 u (|factor x| +
 * |shift|), u = 2^-24, and as much again for the float the factors are rounded to. */
static void check_affine(const float *x, const float *y, int64_t channels, double factor,
                         double shift, bool is_clipped)
{
    for (int64_t i = 0; i < H * W * channels; i++) {
        double want = factor * (double)x[i] + shift;
        want = is_clipped ? fmin(fmax(want, 0), 255) : want;
        want = is_opacity(i, channels) ? (double)x[i] : want;
        double bound = 4 * 0x1p-24 * (fabs(factor * (double)x[i]) + fabs(shift));
        assert_true(fabs((double)y[i] - want) <= bound);
    }
}

static void test_brightness_and_contrast(void **state)
{
    (void)state;
    static float x[N];
    static float y[N];
    static const int64_t channels[] = {1, 2, 3, 4};
    fill(x, N);
    for (size_t k = 0; k < LM_ARRAY_LEN(channels); k++) {
        int64_t c = channels[k];
        double sum = 0;
        int64_t n = 0;
        for (int64_t i = 0; i < H * W * c; i++) {
            sum += is_opacity(i, c) ? 0 : (double)x[i];
            n += !is_opacity(i, c);
        }
        for (int clip = 0; clip < 2; clip++) {
            Case one;
            set(&one, LM_AUGMENT_BRIGHTNESS, 1.75);
            memcpy(y, x, sizeof x);
            apply(&one, c, clip == 1, y);
            check_affine(x, y, c, 1.75, 0, clip == 1);
            set(&one, LM_AUGMENT_CONTRAST, 0.3);
            memcpy(y, x, sizeof x);
            apply(&one, c, clip == 1, y);
            check_affine(x, y, c, 0.3, sum / (double)n * 0.7, clip == 1);
        }
    }
}

static void test_channel_shift_stays_in_range(void **state)
{
    (void)state;
    float x[H * W];
    fill(x, H * W);
    float lo = HUGE_VALF;
    for (int i = 0; i < H * W; i++) {
        x[i] = 40 + x[i] / 4;
        lo = fminf(lo, x[i]);
    }
    float y[H * W];
    memcpy(y, x, sizeof x);
    Case one;
    set(&one, LM_AUGMENT_CHANNEL_SHIFT, -7.5);
    apply(&one, 1, true, y);
    for (int i = 0; i < H * W; i++) {
        assert_true(y[i] == fmaxf(x[i] - 7.5f, lo));
    }
}

/* Grey of a pixel as kernel/photo.h defines it; bounds as for affine changes, of three terms. */
static double grey(const float *p)
{
    return 0.299 * (double)p[0] + 0.587 * (double)p[1] + 0.114 * (double)p[2];
}

static void test_colour(void **state)
{
    (void)state;
    float x[N];
    float y[N];
    fill(x, N);
    for (int64_t c = 3; c <= 4; c++) {
        Case one;
        memcpy(y, x, sizeof x);
        set(&one, LM_AUGMENT_SATURATION, 0);
        apply(&one, c, false, y);
        for (int64_t i = 0; i < H * W; i++) {
            for (int64_t k = 0; k < 3; k++) {
                assert_true(fabs((double)y[i * c + k] - grey(x + i * c)) <= 16 * 0x1p-24 * 255);
            }
            assert_true(c == 3 || y[i * c + 3] == x[i * c + 3]);
        }
        memcpy(y, x, sizeof x);
        set(&one, LM_AUGMENT_HUE, 120);
        apply(&one, c, false, y);
        for (int64_t i = 0; i < H * W; i++) {
            /* Turned, but as bright as before. */
            assert_true(fabs(grey(y + i * c) - grey(x + i * c)) <= 64 * 0x1p-24 * 255);
            assert_true(c == 3 || y[i * c + 3] == x[i * c + 3]);
        }
        assert_true(memcmp(x, y, sizeof x) != 0);
    }
}

static void test_noise(void **state)
{
    (void)state;
    enum { SIDE = 200 };
    static float x[SIDE * SIDE * 3];
    static float again[SIDE * SIDE * 3];
    int64_t n = LM_ARRAY_LEN(x);
    LmPhotoShape shape = {SIDE, SIDE, 3, false};
    Case one;
    set(&one, LM_AUGMENT_NOISE, 4);
    memset(x, 0, sizeof x);
    lm_photometric_apply(&one.draw, &shape, &key, x);
    double sum = 0;
    double squares = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    /* 5 standard deviations of the mean, s / sqrt(n), and of the variance, s^2 sqrt(2 / n). */
    assert_true(fabs(sum / (double)n) <= 5 * 4 / sqrt((double)n));
    assert_true(fabs(squares / (double)n - 16) <= 5 * 16 * sqrt(2.0 / (double)n));
    /* A function of the key and the entry's place. */
    memset(again, 0, sizeof again);
    lm_photometric_apply(&one.draw, &shape, &key, again);
    assert_memory_equal(x, again, sizeof x);
    one.draw.number = 4;
    memset(again, 0, sizeof again);
    lm_photometric_apply(&one.draw, &shape, &key, again);
    assert_true(memcmp(x, again, sizeof x) != 0);
}

/* With opacity the colours get the noise they would have without, in order; opacity gets none. */
static void test_noise_beside_opacity(void **state)
{
    (void)state;
    static float rgb[H * W * 3];
    static float rgba[N];
    Case one;
    set(&one, LM_AUGMENT_NOISE, 4);
    memset(rgb, 0, sizeof rgb);
    memset(rgba, 0, sizeof rgba);
    apply(&one, 3, false, rgb);
    apply(&one, 4, false, rgba);
    for (int64_t i = 0; i < H * W; i++) {
        assert_memory_equal(rgb + 3 * i, rgba + 4 * i, 3 * sizeof *rgb);
        assert_true(rgba[4 * i + 3] == 0);
    }
}

static void test_erase(void **state)
{
    (void)state;
    float x[N];
    float y[N];
    fill(x, N);
    memcpy(y, x, sizeof x);
    Case one;
    set(&one, LM_AUGMENT_ERASE, 2);
    one.entry.value = -7;
    one.draw.value[1] = 20;
    one.draw.value[2] = 11;
    one.draw.value[3] = 9;
    apply(&one, 4, false, y);
    for (int64_t i = 0; i < N; i++) {
        int64_t r = i / 4 / W;
        int64_t c = i / 4 % W;
        bool is_inside = r >= 2 && r < 13 && c >= 20 && c < 29;
        assert_true(y[i] == (is_inside ? -7 : x[i]));
    }
}

static void test_what_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        LmAugmentKind kind;
        double neutral;
    } cases[] = {{LM_AUGMENT_BRIGHTNESS, 1}, {LM_AUGMENT_CONTRAST, 1},
                 {LM_AUGMENT_SATURATION, 1}, {LM_AUGMENT_CHANNEL_SHIFT, 0},
                 {LM_AUGMENT_HUE, 0},        {LM_AUGMENT_NOISE, 0}};
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        Case one;
        set(&one, cases[i].kind, cases[i].neutral);
        assert_false(lm_photometric_changes(&one.draw));
        one.draw.value[0] += 0.5;
        assert_true(lm_photometric_changes(&one.draw));
    }
    Case erase;
    set(&erase, LM_AUGMENT_ERASE, 3);
    assert_false(lm_photometric_changes(&erase.draw));
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmAugment inner = lm_augment(LM_AUGMENT_HUE);
    LmAugment group = lm_augment(LM_AUGMENT_SOMETIMES);
    group.entries = &inner;
    group.n_entries = 1;
    LmPhotoShape shape = {28, 28, 1, true};
    assert_fails(lm_photometric_check(&group, &shape, &err), LM_ESHAPE, err,
                 "hue wants colour images of 3 channels (or 4, the last one opacity), got 28x28x1");
    for (shape.c = 2; shape.c <= 5; shape.c++) {
        LmStatus st = lm_photometric_check(&group, &shape, &err);
        assert_int_equal(st, shape.c == 3 || shape.c == 4 ? LM_OK : LM_ESHAPE);
    }
    LmAugment noise = lm_augment(LM_AUGMENT_NOISE);
    shape = (LmPhotoShape){1 << 13, 1 << 13, 1, true};
    assert_fails(lm_photometric_check(&noise, &shape, &err), LM_ESHAPE, err,
                 "noise can change images of");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brightness_and_contrast),
        cmocka_unit_test(test_channel_shift_stays_in_range),
        cmocka_unit_test(test_colour),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_noise_beside_opacity),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_what_changes_nothing),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
