/* Whitening stages fitted on data sets and applied: every way to the moments against the others,
 * the same bits for any threads, blocks and ways of reading, refusals before memory is taken. */
#include "help_dataset.h"
#include "help_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/threads.h"
#include "data/dataset.h"
#include "data/sources.h"
#include "flow/flow.h"
#include "flow/generator.h"

static LmGenerator *fitted(const LmStage *stages, int n, const LmDataset *ds)
{
    LmGenerator *g = NULL;
    LmError err;
    assert_ok(lm_generator_new(&g, stages, n, &err), err);
    assert_ok(lm_generator_fit(g, ds, &err), err);
    return g;
}

static const LmStage *last_stage(const LmGenerator *g)
{
    return lm_generator_stage(g, lm_generator_n_stages(g) - 1);
}

static LmTensor matrix_of(const LmGenerator *g)
{
    LmTensor full;
    LmError err;
    assert_ok(lm_whitening_expand(&last_stage(g)->whitening.matrix, &full, &err), err);
    return full;
}

static float largest(const LmTensor *t)
{
    float most = 0;
    for (int64_t i = 0; i < t->count; i++) {
        most = fmaxf(most, fabsf(((const float *)t->data)[i]));
    }
    return most;
}

/* Keras' list, the numbers in `list` being those of rescale and zca. */
static LmStage *keras_list(LmStage list[3], LmStage zca)
{
    list[0] = lm_stage_rescale(1.0 / 255);
    list[1] = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL);
    list[2] = zca;
    return list;
}

/* Random bytes: d features of about equal strength, so that ways that round differently agree to a
 * few u of the largest number of the matrix. */
static void check_close(const LmGenerator *a, const LmGenerator *b)
{
    LmTensor x = matrix_of(a);
    LmTensor y = matrix_of(b);
    double off = 0;
    LmError err;
    assert_ok(lm_tensor_max_abs_diff(&x, &y, &off, &err), err);
    assert_true(off <= 1e-6 * (double)largest(&x));
    lm_tensor_fini(&x);
    lm_tensor_fini(&y);
}

/* Counted bytes, against the same images as floats, added in double; read from a set that holds
 * none in memory, too: to the bit. */
static void test_ways_agree(void **state)
{
    (void)state;
    enum { N = 700 };
    LmStage list[3];
    LmError err;
    LmDataset *bytes = help_dataset_new("set", N, 3, 5, 3, LM_U8, 0, 4);
    float *numbers = malloc(N * 45 * sizeof *numbers);
    for (int64_t i = 0; i < N * 45; i++) {
        const uint8_t *pixels = lm_dataset_pixels(bytes, i / 45);
        numbers[i] = pixels[i % 45];
    }
    LmTensor t;
    const int64_t shape[4] = {N, 3, 5, 3};
    assert_ok(lm_tensor_new(&t, LM_F32, 4, shape, &err), err);
    memcpy(t.data, numbers, N * 45 * sizeof *numbers);
    LmDataset *floats = NULL;
    assert_ok(lm_memory_new(&floats, "floats", &t, NULL, &err), err);
    for (int k = 0; k < 4; k++) {
        LmStage zca = lm_stage_zca(1e-6, k % 2 == 0 ? LM_AXIS_ALL : LM_AXIS_CHANNEL);
        zca.is_centered = k >= 2;
        LmGenerator *g = fitted(keras_list(list, zca), 3, bytes);
        LmGenerator *f = fitted(keras_list(list, zca), 3, floats);
        LmDataset *read = help_dataset_reading(bytes, -1);
        LmGenerator *r = fitted(keras_list(list, zca), 3, read);
        check_close(g, f);
        LmTensor a = matrix_of(g);
        LmTensor b = matrix_of(r);
        assert_true(lm_tensor_equal(&a, &b));
        lm_tensor_fini(&a);
        lm_tensor_fini(&b);
        lm_dataset_unref(read);
        lm_generator_unref(g);
        lm_generator_unref(f);
        lm_generator_unref(r);
    }
    lm_tensor_fini(&t);
    lm_dataset_unref(floats);
    lm_dataset_unref(bytes);
    free(numbers);
}

static LmTensor apply_all(LmGenerator *g, const LmDataset *ds, int64_t first, int64_t n)
{
    LmTensor in;
    LmTensor out;
    LmError err;
    const int64_t shape[4] = {n, ds->h, ds->w, ds->c};
    assert_ok(lm_tensor_new(&in, ds->dtype, 4, shape, &err), err);
    size_t item = (size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype);
    for (int64_t i = 0; i < n; i++) {
        memcpy((char *)in.data + (size_t)i * item, lm_dataset_pixels(ds, first + i), item);
    }
    assert_ok(lm_generator_apply(g, &out, &in, &err), err);
    lm_tensor_fini(&in);
    return out;
}

/* Few images: from rows; many: from counts; behind a stage of each sample: streamed. */
static void test_bits_and_company(void **state)
{
    (void)state;
    static const int64_t counts[] = {1, 13, 150};
    int before = lm_threads();
    for (int k = 0; k < 6; k++) {
        LmStage list[3] = {k < 3 ? lm_stage_rescale(0.5)
                                 : lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1e-6),
                           lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL),
                           lm_stage_zca(1e-6, LM_AXIS_ALL)};
        LmDataset *ds = help_dataset_new("set", counts[k % 3], 7, 5, 1, LM_U8, 0, 9);
        LmTensor first = {0};
        for (int threads = 1; threads <= 4; threads++) {
            lm_threads_set(threads);
            LmGenerator *g = fitted(list, 3, ds);
            LmTensor all = apply_all(g, ds, 0, ds->count);
            for (int64_t i = 0; i < ds->count; i++) {
                LmTensor one = apply_all(g, ds, i, 1);
                assert_memory_equal(one.data, (float *)all.data + i * 35, 35 * sizeof(float));
                lm_tensor_fini(&one);
            }
            if (threads == 1) {
                first = lm_tensor_share(&all);
            }
            assert_true(lm_tensor_equal(&first, &all));
            lm_tensor_fini(&all);
            lm_generator_unref(g);
        }
        lm_tensor_fini(&first);
        lm_dataset_unref(ds);
    }
    lm_threads_set(before);
}

/* Images of two constant pixels and one seen twice; the mean is each feature's own. */
static LmDataset *with_border(int64_t n)
{
    LmDataset *ds = NULL;
    LmTensor t;
    LmError err;
    const int64_t shape[4] = {n, 2, 4, 1};
    LmRng rng = lm_rng(8, LM_RNG_USER, 0, 0);
    assert_ok(lm_tensor_new(&t, LM_U8, 4, shape, &err), err);
    for (int64_t i = 0; i < n; i++) {
        uint8_t *x = (uint8_t *)t.data + i * 8;
        for (int j = 0; j < 8; j++) {
            x[j] = (uint8_t)lm_rng_below(&rng, 256);
        }
        x[0] = 0;
        x[3] = 77;
        x[6] = x[5];
    }
    assert_ok(lm_memory_new(&ds, "border", &t, NULL, &err), err);
    lm_tensor_fini(&t);
    return ds;
}

/* Whitened moments are 1 on what is kept: their trace is the rank, and they are a projection. */
static void check_projection(const LmTensor *y, int64_t n, int64_t d, int64_t rank)
{
    const float *x = y->data;
    double *m = calloc((size_t)(d * d), sizeof *m);
    double trace = 0;
    for (int64_t t = 0; t < n; t++) {
        for (int64_t i = 0; i < d * d; i++) {
            m[i] += (double)x[t * d + i / d] * (double)x[t * d + i % d] / (double)n;
        }
    }
    for (int64_t i = 0; i < d * d; i++) {
        double square = 0;
        for (int64_t k = 0; k < d; k++) {
            square += m[i / d * d + k] * m[k * d + i % d];
        }
        assert_float_equal(square, m[i], 1e-5);
        trace += i / d == i % d ? m[i] : 0;
    }
    assert_float_equal(trace, (double)rank, 1e-5);
    free(m);
}

static void test_degenerate(void **state)
{
    (void)state;
    LmDataset *ds = with_border(400);
    LmStage zca = lm_stage_zca(0, LM_AXIS_ALL);
    zca.is_centered = true;
    LmStage list[2] = {lm_stage_rescale(1.0 / 255), zca};
    LmGenerator *g = fitted(list, 2, ds);
    assert_int_equal(last_stage(g)->whitening.rank, 5);
    assert_int_equal(last_stage(g)->whitening.dropped, 3);
    LmTensor y = apply_all(g, ds, 0, 400);
    check_projection(&y, 400, 8, 5);
    lm_tensor_fini(&y);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

static void test_colours(void **state)
{
    (void)state;
    LmDataset *ds = help_dataset_new("set", 50, 9, 11, 3, LM_U8, 0, 2);
    LmStage zca = lm_stage_zca(0, LM_AXIS_CHANNEL);
    zca.is_centered = true;
    LmGenerator *g = fitted(&zca, 1, ds);
    assert_int_equal(last_stage(g)->whitening.matrix.shape[0], 3);
    LmTensor y = apply_all(g, ds, 0, 50);
    check_projection(&y, 50 * 99, 3, 3);
    lm_tensor_fini(&y);
    /* Other sizes have the same channels. */
    LmDataset *other = help_dataset_new("other", 3, 2, 2, 3, LM_U8, 0, 2);
    y = apply_all(g, other, 0, 3);
    lm_tensor_fini(&y);
    lm_dataset_unref(other);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

static LmStatus fit_new(const LmStage *stages, int n, const LmDataset *ds, LmError *err)
{
    LmGenerator *g = NULL;
    LmStatus st = lm_generator_new(&g, stages, n, err);
    if (st == LM_OK) {
        st = lm_generator_fit(g, ds, err);
        lm_generator_unref(g);
    }
    return st;
}

static void test_refuses(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 20, 8, 8, 1, LM_U8, 0, 3);
    LmDataset *wide = help_dataset_new("wide", 20, 8, 9, 1, LM_U8, 0, 3);
    LmDataset *broken = help_dataset_reading(ds, 11);
    LmStage zca = lm_stage_zca(1e-6, LM_AXIS_ALL);
    LmStage bad = lm_stage_zca(-1, LM_AXIS_ALL);
    const LmPlan *plan = NULL;
    assert_fails(fit_new(&bad, 1, ds, &err), LM_EARG, err, "zca: epsilon is -1");
    zca.budget_bytes = 40000;
    assert_fails(fit_new(&zca, 1, ds, &err), LM_EMEM, err,
                 "a matrix over 64 features (images 8x8x1) takes");
    assert_non_null(strstr(err.msg, "the budget is 40.0 kB"));
    assert_non_null(strstr(err.msg, "axis=\"channel\""));
    assert_non_null(strstr(err.msg, "g:fit(ds:take("));
    zca.budget_bytes = 1 << 30;
    assert_fails(fit_new(&zca, 1, broken, &err), LM_EIO, err, "stage 1 (zca): ");
    LmGenerator *g = fitted(&zca, 1, ds);
    assert_fails(lm_generator_plan(g, 8, 9, 1, &plan, &err), LM_ESHAPE, err, "fitted on images");
    lm_generator_unref(g);
    lm_dataset_unref(broken);
    lm_dataset_unref(wide);
    lm_dataset_unref(ds);
}

/* 224 x 224 x 3 on a set that is one image repeated by its kind alone would be 89 GB a matrix:
 * refused at once. */
static void test_refuses_before_taking(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("photos", 400, 112, 112, 3, LM_U8, 0, 3);
    LmStage zca = lm_stage_zca(1e-6, LM_AXIS_ALL);
    zca.budget_bytes = 1 << 28;
    size_t peak = lm_mem_peak();
    assert_fails(fit_new(&zca, 1, ds, &err), LM_EMEM, err, "37,632 features (images 112x112x3)");
    assert_true(lm_mem_peak() <= LM_MAX(peak, lm_mem_in_use() + (1 << 16)));
    lm_dataset_unref(ds);
}

static void test_memory(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 40, 3, 3, 1, LM_U8, 0, 3);
    LmDataset *read = help_dataset_reading(ds, -1);
    LmDataset *few = help_dataset_new("few", 4, 3, 3, 1, LM_F32, 0, 3);
    LmStage zca = lm_stage_zca(1e-6, LM_AXIS_ALL);
    LmStage clipped[2] = {lm_stage_clip(3, 200), zca};
    int threads = lm_threads();
    lm_threads_set(1);
    zca.is_centered = true;
    assert_survives_oom(fit_new(&zca, 1, read, &err), err);
    assert_survives_oom(fit_new(&zca, 1, few, &err), err);
    assert_survives_oom(fit_new(clipped, 2, ds, &err), err);
    lm_threads_set(threads);
    lm_dataset_unref(read);
    lm_dataset_unref(few);
    lm_dataset_unref(ds);
}

/* A copy costs no matrix. */
static void test_shares(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 200, 12, 12, 1, LM_U8, 0, 3);
    LmStage zca = lm_stage_zca(1e-6, LM_AXIS_ALL);
    LmGenerator *g = fitted(&zca, 1, ds);
    size_t before = lm_mem_in_use();
    LmStage copy;
    assert_ok(lm_stage_copy(&copy, last_stage(g), &err), err);
    assert_true(lm_mem_in_use() - before < 1000);
    assert_true(copy.whitening.matrix.data == last_stage(g)->whitening.matrix.data);
    lm_stage_fini(&copy);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_agree), cmocka_unit_test(test_bits_and_company),
        cmocka_unit_test(test_degenerate), cmocka_unit_test(test_colours),
        cmocka_unit_test(test_refuses),    cmocka_unit_test(test_refuses_before_taking),
        cmocka_unit_test(test_memory),     cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
