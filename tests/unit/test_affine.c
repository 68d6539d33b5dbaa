/* Folded affine stages (src/stage/affine.c): the pairs against the stages' formulas in long double,
 * widths, periods, and what floats cannot hold. */
#include "help_stages.h"
#include "help_test.h"

#include <float.h>
#include <math.h>

#include "stage/affine.h"

static const int64_t hwc[3] = {3, 5, 4};

static LmStage stage_of(LmStage s, const double *mean, const double *std)
{
    LmError err;
    assert_ok(lm_stage_set_fit(&s, hwc, mean, std, &err), err);
    return s;
}

static void test_identity(void **state)
{
    (void)state;
    LmError err;
    LmAffine f;
    assert_ok(lm_affine_init(&f, &err), err);
    assert_true(f.width == 1 && f.a[0] == 1 && f.b[0] == 0);
    lm_affine_fini(&f);
    lm_affine_fini(&f);
    LmAffine none = {0};
    lm_affine_fini(&none);
}

/* y of number i by the formulas. */
static long double naive(const LmStage *stages, int n, int64_t i, long double x)
{
    for (int k = 0; k < n; k++) {
        const LmStage *s = &stages[k];
        if (s->kind == LM_STAGE_RESCALE) {
            x *= (long double)s->factor;
            continue;
        }
        x -= (long double)s->mean[i % s->width];
        if (s->kind == LM_STAGE_STANDARDIZE) {
            bool is_border = s->axis == LM_AXIS_PIXEL && s->std[i % s->width] == 0;
            x /= is_border ? 1 : (long double)(s->std[i % s->width] + s->epsilon);
        }
    }
    return x;
}

/* Folding rounds a once and b twice a stage, so 12 times half an epsilon at most. What is rounded
 * is a sum of means (at most 300) on their way out; all of these, and a, together are below `size`.
 */
static void check_folding(LmRng *rng)
{
    LmError err;
    LmStage all[6];
    LmStage list[6];
    int n = 0;
    help_stages_random(all, 6, hwc, true, rng);
    LmAffine f;
    assert_ok(lm_affine_init(&f, &err), err);
    int64_t width = 1;
    for (int i = 0; i < 6; i++) {
        if (all[i].kind == LM_STAGE_RESCALE || lm_stage_needs_fit(&all[i])) {
            list[n++] = all[i];
            width = LM_MAX(width, all[i].width);
            assert_ok(lm_affine_then(&f, &all[i], &err), err);
        }
    }
    assert_int_equal(f.width, width);
    for (int64_t i = 0; i < 60; i++) {
        long double b = naive(list, n, i, 0);
        long double a = naive(list, n, i, 1) - b;
        int64_t j = i % f.width;
        long double size = fabsl(b) + fabsl(a) + 1;
        for (int k = 0; k < n; k++) {
            size += fabsl(naive(list + k, n - k, i, 400) - naive(list + k, n - k, i, 0));
        }
        assert_true(fabsl((long double)f.a[j] - a) <= 6.01L * (long double)DBL_EPSILON * size);
        assert_true(fabsl((long double)f.b[j] - b) <= 6.01L * (long double)DBL_EPSILON * size);
    }
    lm_affine_fini(&f);
    help_stages_fini(all, 6);
}

static void test_folding(void **state)
{
    (void)state;
    for (uint64_t turn = 0; turn < 500; turn++) {
        LmRng rng = lm_rng(3, LM_RNG_USER, turn, 0);
        check_folding(&rng);
    }
}

/* The doubles themselves, where nothing rounds. */
static void test_exact(void **state)
{
    (void)state;
    LmError err;
    const double mean[4] = {1, 2, 3, 4};
    const double std[4] = {0.5, 2, 0, 8};
    LmStage rescale = lm_stage_rescale(4);
    LmStage s = stage_of(lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL, 0.5), mean, std);
    LmAffine f;
    assert_ok(lm_affine_init(&f, &err), err);
    assert_ok(lm_affine_then(&f, &rescale, &err), err);
    assert_ok(lm_affine_then(&f, &s, &err), err);
    assert_int_equal(f.width, 4);
    assert_memory_equal(f.a, ((double[]){4, 4 / 2.5, 8, 4 / 8.5}), 4 * sizeof(double));
    assert_memory_equal(f.b, ((double[]){-1, -2 / 2.5, -6, -4 / 8.5}), 4 * sizeof(double));
    lm_affine_fini(&f);
    lm_stage_fini(&s);
}

static void test_period(void **state)
{
    (void)state;
    assert_int_equal(lm_affine_period(1, 784), 1);
    assert_int_equal(lm_affine_period(784, 784), 784);
    for (int64_t c = 2; c <= 70; c++) {
        for (int64_t pixels = 1; pixels <= 40; pixels++) {
            int64_t n = c * pixels;
            int64_t p = (int64_t)lm_affine_period(c, n);
            assert_true(p % c == 0 && p >= c && p <= n && (p == n || p % 16 == 0));
        }
    }
}

static void test_round(void **state)
{
    (void)state;
    LmError err;
    float *a = NULL;
    float *b = NULL;
    LmAffine f = {2, (double[]){1.0 / 3, -2}, (double[]){-0.0, 1e-60}};
    assert_ok(lm_affine_round(&f, 64, &a, &b, &err), err);
    for (int i = 0; i < 16; i++) {
        assert_true(a[i] == (i % 2 == 0 ? 1.0F / 3 : -2));
        assert_memory_equal(&b[i], &(float){0}, sizeof(float));
    }
    lm_mem_free(a);
    lm_mem_free(b);
    a = b = NULL;
    const double bad[][2] = {{1e39, 0},      {1e-39, 0},       {0, 0},           {1, 1e39},
                             {1, -HUGE_VAL}, {1, (double)NAN}, {(double)NAN, 0}, {-1e-38, 0}};
    for (size_t i = 0; i < LM_ARRAY_LEN(bad); i++) {
        LmAffine g = {1, (double[]){bad[i][0]}, (double[]){bad[i][1]}};
        assert_fails(lm_affine_round(&g, 64, &a, &b, &err), LM_ENUMERIC, err, "32-bit floats");
    }
    assert_true(a == NULL && b == NULL);
}

static LmStatus fold(const LmStage *stages, LmError *err)
{
    LmAffine f;
    float *a = NULL;
    float *b = NULL;
    LmStatus st = lm_affine_init(&f, err);
    for (int i = 0; st == LM_OK && i < 2; i++) {
        st = lm_affine_then(&f, &stages[i], err);
    }
    if (st == LM_OK) {
        st = lm_affine_round(&f, 60, &a, &b, err);
    }
    lm_affine_fini(&f);
    lm_mem_free(a);
    lm_mem_free(b);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    const double mean[60] = {0};
    LmStage stages[2] = {
        stage_of(lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL), mean, NULL),
        stage_of(lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL), mean, NULL),
    };
    assert_survives_oom(fold(stages, &err), err);
    help_stages_fini(stages, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity), cmocka_unit_test(test_folding),
        cmocka_unit_test(test_exact),    cmocka_unit_test(test_period),
        cmocka_unit_test(test_round),    cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
