/* Draws: ranges, means, probabilities; what they depend on and what not; mixup's shares.
 *
 * A mean of n uniform numbers of a span of width w has the standard deviation w / sqrt(12 n). Seeds
 * are fixed, so a bound of 5 of them either holds for ever or never; 5 is met by chance once in two
 * million, so that a wrong distribution is what fails.
 */
#include <math.h>

#include "help_test.h"

#include "augment/draw.h"

enum { N = 20000 };

static LmAugment of(LmAugmentKind kind, double lo, double hi)
{
    LmAugment a = lm_augment(kind);
    a.span[0] = (LmSpan){lo, hi};
    a.p = 1;
    return a;
}

static LmDrawKey key_of(int64_t sample)
{
    return (LmDrawKey){7, 3, sample};
}

static int draw(const LmAugment *list, int n, int64_t sample, LmDraw *out)
{
    LmDrawKey key = key_of(sample);
    return lm_draw_list(list, n, 28, 40, &key, out);
}

/* Value `v` of entry `a` over N samples lies in lo..hi, comes near both, and has the mean. */
static void check_uniform(const LmAugment *a, int v, double lo, double hi)
{
    LmDraw d[LM_AUGMENT_MAX];
    double sum = 0;
    double least = HUGE_VAL;
    double most = -HUGE_VAL;
    for (int64_t i = 0; i < N; i++) {
        assert_int_equal(draw(a, 1, i, d), 1);
        sum += d[0].value[v];
        least = fmin(least, d[0].value[v]);
        most = fmax(most, d[0].value[v]);
    }
    assert_true(least >= lo && most <= hi);
    assert_true(least <= lo + 0.001 * (hi - lo) && most >= hi - 0.001 * (hi - lo));
    double bound = 5 * (hi - lo) / sqrt(12.0 * N);
    assert_true(fabs(sum / N - (lo + hi) / 2) <= bound);
}

/* --- distributions --- */

static void test_uniform_kinds(void **state)
{
    (void)state;
    static const LmAugmentKind kinds[] = {
        LM_AUGMENT_ROTATE, LM_AUGMENT_SHEAR,      LM_AUGMENT_BRIGHTNESS, LM_AUGMENT_CONTRAST,
        LM_AUGMENT_HUE,    LM_AUGMENT_SATURATION, LM_AUGMENT_NOISE,      LM_AUGMENT_CHANNEL_SHIFT};
    for (size_t i = 0; i < LM_ARRAY_LEN(kinds); i++) {
        LmAugment a = of(kinds[i], 0.5, 20);
        check_uniform(&a, 0, 0.5, 20);
    }
}

static void test_shift(void **state)
{
    (void)state;
    LmAugment a = of(LM_AUGMENT_SHIFT, -0.25, 0.25);
    a.span[1] = (LmSpan){0, 0.5};
    check_uniform(&a, 0, -7, 7);
    check_uniform(&a, 1, 0, 20);
    a.choice = LM_SHIFT_PIXELS;
    a.span[0] = (LmSpan){-3.7, 2.2};
    check_uniform(&a, 0, -3.7, 2.2);
    /* Whole: -3..2, each as often as the others, within 5 standard deviations. */
    a.is_whole = true;
    LmDraw d[LM_AUGMENT_MAX];
    int counts[6] = {0};
    for (int64_t i = 0; i < N; i++) {
        draw(&a, 1, i, d);
        double v = d[0].value[0];
        assert_true(v == floor(v) && v >= -3 && v <= 2);
        counts[(int)v + 3]++;
    }
    for (int i = 0; i < 6; i++) {
        assert_true(fabs(counts[i] - N / 6.0) <= 5 * sqrt(N * (1 / 6.0) * (5 / 6.0)));
    }
    a.span[0] = (LmSpan){0.2, 0.8};
    draw(&a, 1, 0, d);
    assert_true(d[0].value[0] == 0);
}

static void test_zoom(void **state)
{
    (void)state;
    LmDraw d[LM_AUGMENT_MAX];
    LmAugment a = of(LM_AUGMENT_ZOOM, 0.5, 1.5);
    check_uniform(&a, 0, 0.5, 1.5);
    draw(&a, 1, 0, d);
    assert_true(d[0].value[0] == d[0].value[1]);
    a.is_separate = true;
    check_uniform(&a, 1, 0.5, 1.5);
    draw(&a, 1, 0, d);
    assert_true(d[0].value[0] != d[0].value[1]);
}

static void test_windows(void **state)
{
    (void)state;
    LmDraw d[LM_AUGMENT_MAX];
    LmAugment crop = of(LM_AUGMENT_CROP_SCALE, 0.2, 1);
    LmAugment erase = of(LM_AUGMENT_ERASE, 0.02, 0.9);
    crop.span[1] = erase.span[1] = (LmSpan){0.25, 4};
    int n_wide = 0;
    for (int64_t i = 0; i < N; i++) {
        draw(&crop, 1, i, d);
        const double *v = d[0].value;
        assert_true(v[0] >= 0 && v[1] >= 0 && v[2] > 0 && v[3] > 0);
        assert_true(v[0] + v[2] <= 28 + 1e-9 && v[1] + v[3] <= 40 + 1e-9);
        assert_true(v[2] * v[3] <= 28 * 40 + 1e-9);
        bool is_cut = v[2] == 28 || v[3] == 40;
        assert_true(is_cut || v[2] * v[3] >= 0.2 * 28 * 40 - 1e-9);
        assert_true(is_cut || (v[3] / v[2] >= 0.25 - 1e-12 && v[3] / v[2] <= 4 + 1e-12));
        draw(&erase, 1, i, d);
        assert_true(v[0] >= 0 && v[1] >= 0 && v[0] + v[2] <= 28 && v[1] + v[3] <= 40);
        for (int k = 0; k < 4; k++) {
            assert_true(v[k] == floor(v[k]));
        }
    }
    /* Ratios of 1/4..4 are as often below 1 as above. */
    crop.span[0] = (LmSpan){0.1, 0.1};
    for (int64_t i = 0; i < N; i++) {
        draw(&crop, 1, i, d);
        n_wide += d[0].value[3] > d[0].value[2];
    }
    assert_true(abs(n_wide - N / 2) <= 5 * sqrt(N / 4.0));
    /* Everything: the whole image. */
    crop.span[0] = (LmSpan){1, 1};
    crop.span[1] = (LmSpan){40.0 / 28, 40.0 / 28};
    draw(&crop, 1, 5, d);
    assert_true(fabs(d[0].value[2] - 28) < 1e-12 && fabs(d[0].value[3] - 40) < 1e-12);
}

static void test_equal_bounds_are_exact(void **state)
{
    (void)state;
    LmDraw d[LM_AUGMENT_MAX];
    for (int64_t i = 0; i < 100; i++) {
        LmAugment a = of(LM_AUGMENT_BRIGHTNESS, 1, 1);
        draw(&a, 1, i, d);
        assert_true(d[0].value[0] == 1);
        a = of(LM_AUGMENT_SHIFT, -0.1, -0.1);
        draw(&a, 1, i, d);
        assert_true(d[0].value[0] == -0.1 * 28 && d[0].value[1] == 0);
    }
}

static void test_probabilities(void **state)
{
    (void)state;
    LmDraw d[LM_AUGMENT_MAX];
    static const double ps[] = {0, 0.1, 0.5, 1};
    for (size_t k = 0; k < LM_ARRAY_LEN(ps); k++) {
        LmAugment a = lm_augment(LM_AUGMENT_FLIP);
        a.p = ps[k];
        int n = 0;
        for (int64_t i = 0; i < N; i++) {
            n += draw(&a, 1, i, d);
        }
        assert_true(fabs(n - ps[k] * N) <= 5 * sqrt(N * ps[k] * (1 - ps[k])));
    }
}

/* --- keys --- */

static void test_keys(void **state)
{
    (void)state;
    LmDraw a[LM_AUGMENT_MAX];
    LmDraw b[LM_AUGMENT_MAX];
    LmAugment list[2] = {of(LM_AUGMENT_ROTATE, -9, 9), of(LM_AUGMENT_ROTATE, -9, 9)};
    LmDrawKey keys[] = {{7, 3, 5}, {8, 3, 5}, {7, 4, 5}, {7, 3, 6}, {7, 3, 5}};
    lm_draw_list(list, 2, 28, 40, &keys[0], a);
    assert_true(a[0].value[0] != a[1].value[0]);
    for (size_t k = 1; k < LM_ARRAY_LEN(keys); k++) {
        lm_draw_list(list, 2, 28, 40, &keys[k], b);
        assert_true((a[0].value[0] == b[0].value[0]) == (k == 4));
    }
}

/* Whatever stands behind an entry, or how wide its neighbours' spans are, it draws the same. */
static void test_entries_do_not_disturb_each_other(void **state)
{
    (void)state;
    LmDraw a[LM_AUGMENT_MAX];
    LmDraw b[LM_AUGMENT_MAX];
    LmAugment inner[2] = {of(LM_AUGMENT_HUE, -9, 9), of(LM_AUGMENT_SHEAR, -9, 9)};
    LmAugment group = lm_augment(LM_AUGMENT_ONE_OF);
    group.entries = inner;
    group.n_entries = 2;
    LmAugment list[4] = {of(LM_AUGMENT_ROTATE, -9, 9), group, of(LM_AUGMENT_ZOOM, 0.5, 1.5),
                         of(LM_AUGMENT_NOISE, 0, 9)};
    for (int64_t i = 0; i < 200; i++) {
        int n = draw(list, 4, i, a);
        assert_int_equal(n, 4);
        assert_int_equal(draw(list, 2, i, b), 2);
        assert_true(a[0].value[0] == b[0].value[0] && a[1].value[0] == b[1].value[0]);
        assert_ptr_equal(a[1].entry, b[1].entry);
        LmAugment other[4] = {list[0], list[1], list[2], list[3]};
        other[0].p = 0;
        assert_int_equal(draw(other, 4, i, b), 3);
        assert_true(b[0].value[0] == a[1].value[0] && b[1].value[0] == a[2].value[0] &&
                    b[2].value[0] == a[3].value[0]);
        assert_int_equal(a[3].number, 5);
    }
}

/* --- groups --- */

static void test_one_of(void **state)
{
    (void)state;
    LmDraw d[LM_AUGMENT_MAX];
    LmAugment inner[3] = {of(LM_AUGMENT_HUE, -9, 9), of(LM_AUGMENT_SHEAR, -9, 9),
                          of(LM_AUGMENT_ROTATE, -9, 9)};
    double weights[3] = {1, 0, 3};
    LmAugment group = lm_augment(LM_AUGMENT_ONE_OF);
    group.entries = inner;
    group.n_entries = 3;
    int counts[3] = {0};
    for (int64_t i = 0; i < N; i++) {
        assert_int_equal(draw(&group, 1, i, d), 1);
        counts[d[0].entry - inner]++;
    }
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(counts[i] - N / 3.0) <= 5 * sqrt(N * 2 / 9.0));
        counts[i] = 0;
    }
    group.weights = weights;
    for (int64_t i = 0; i < N; i++) {
        draw(&group, 1, i, d);
        counts[d[0].entry - inner]++;
    }
    assert_int_equal(counts[1], 0);
    assert_true(fabs(counts[0] - N / 4.0) <= 5 * sqrt(N * 3 / 16.0));
    group.p = 0;
    assert_int_equal(draw(&group, 1, 0, d), 0);
}

static void test_sometimes(void **state)
{
    (void)state;
    LmDraw d[LM_AUGMENT_MAX];
    LmAugment inner[2] = {of(LM_AUGMENT_HUE, -9, 9), of(LM_AUGMENT_SHEAR, -9, 9)};
    LmAugment group = lm_augment(LM_AUGMENT_SOMETIMES);
    group.entries = inner;
    group.n_entries = 2;
    group.p = 0.3;
    int n = 0;
    for (int64_t i = 0; i < N; i++) {
        int happened = draw(&group, 1, i, d);
        assert_true(happened == 0 || happened == 2);
        n += happened == 2;
    }
    assert_true(fabs(n - 0.3 * N) <= 5 * sqrt(N * 0.21));
    assert_true(d[0].entry->kind == LM_AUGMENT_HUE || n < N);
}

/* --- mixup --- */

/* For x of Beta(a, a), the larger of x and 1-x: E[max] = 1/2 + E|x - 1/2|; for a = 1 that is 3/4,
 * and Var x = 1 / (4 (2a + 1)) whatever a. */
static void test_mixup_shares(void **state)
{
    (void)state;
    static const double alphas[] = {0.05, 0.4, 1, 3, 50};
    for (size_t k = 0; k < LM_ARRAY_LEN(alphas); k++) {
        LmAugment a = of(LM_AUGMENT_MIXUP, alphas[k], alphas[k]);
        double sum = 0;
        double squares = 0;
        for (int64_t i = 0; i < N; i++) {
            LmDrawKey key = key_of(i);
            int64_t partner = -1;
            double share = 0;
            assert_true(lm_draw_mixup(&a, 4, N, &key, &partner, &share));
            assert_true(partner >= 0 && partner < N && partner != i);
            assert_true(share >= 0.5 && share <= 1);
            sum += share;
            squares += (share - 0.5) * (share - 0.5);
        }
        double variance = 1 / (4 * (2 * alphas[k] + 1));
        /* (x - 1/2)^2 lies in 0..1/4: its standard deviation is at most sqrt(m (1/4 - m)). */
        assert_true(fabs(squares / N - variance) <= 5 * sqrt(variance * (0.25 - variance) / N));
        if (alphas[k] == 1) {
            assert_true(fabs(sum / N - 0.75) <= 5 * 0.5 / sqrt(12.0 * N));
        }
    }
}

static void test_mixup_partners(void **state)
{
    (void)state;
    LmAugment a = of(LM_AUGMENT_MIXUP, 1, 1);
    int counts[4] = {0};
    int64_t partner = -1;
    double share = 0;
    for (int64_t e = 1; e <= N; e++) {
        LmDrawKey key = {7, e, 2};
        assert_true(lm_draw_mixup(&a, 0, 4, &key, &partner, &share));
        counts[partner]++;
    }
    assert_int_equal(counts[2], 0);
    for (int i = 0; i < 4; i++) {
        assert_true(i == 2 || fabs(counts[i] - N / 3.0) <= 5 * sqrt(N * 2 / 9.0));
    }
    LmDrawKey key = key_of(0);
    assert_false(lm_draw_mixup(&a, 0, 1, &key, &partner, &share));
    a.p = 0;
    assert_false(lm_draw_mixup(&a, 0, 4, &key, &partner, &share));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform_kinds),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_zoom),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_equal_bounds_are_exact),
        cmocka_unit_test(test_probabilities),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_entries_do_not_disturb_each_other),
        cmocka_unit_test(test_one_of),
        cmocka_unit_test(test_sometimes),
        cmocka_unit_test(test_mixup_shares),
        cmocka_unit_test(test_mixup_partners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
