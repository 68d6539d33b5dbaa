/* Building models: names, shapes, counts, the summary; weights in and out; every refusal. */
#include "help_test.h"

#include <math.h>

#include "help_nets.h"

static LmModel *walkthrough(uint64_t seed)
{
    LmError err;
    LmModel *m = NULL;
    HelpSpec s = help_nets_walkthrough();
    assert_ok(lm_model_new(&m, s.h, s.w, s.c, s.layers, s.n, seed, &err), err);
    return m;
}

static void test_walkthrough(void **state)
{
    (void)state;
    static const char *const names[] = {"conv1",    "maxpool1", "conv2", "maxpool2",
                                        "flatten1", "dense1",   "dense2"};
    static const int64_t params[] = {320, 0, 18496, 0, 0, 102464, 650};
    static const int64_t shapes[][4] = {{3, 26, 26, 32}, {3, 13, 13, 32}, {3, 11, 11, 64},
                                        {3, 5, 5, 64},   {1, 1600, 0, 0}, {1, 64, 0, 0},
                                        {1, 10, 0, 0}};
    LmModel *m = walkthrough(5);
    int64_t hwc[3];
    char text[96];
    lm_model_input(m, hwc);
    assert_true(hwc[0] == 28 && hwc[1] == 28 && hwc[2] == 1);
    assert_int_equal(lm_model_n_params(m), 121930);
    assert_int_equal(lm_model_n_outputs(m), 10);
    assert_int_equal(lm_model_n_layers(m), 7);
    assert_int_equal(lm_model_n_weights(m), 8);
    assert_int_equal(lm_model_seed(m), 5);
    assert_true(lm_model_ends_in_softmax(m));
    for (int i = 0; i < 7; i++) {
        int64_t shape[3];
        assert_string_equal(lm_model_layer(m, i)->name, names[i]);
        assert_int_equal(lm_model_layer_params(m, i), params[i]);
        assert_int_equal(lm_model_layer_shape(m, i, shape), shapes[i][0]);
        assert_memory_equal(shape, shapes[i] + 1, (size_t)shapes[i][0] * sizeof *shape);
    }
    assert_int_equal(lm_model_layer(m, 1)->sh, 2); /* defaults are filled in */
    assert_string_equal(lm_model_describe(m, text, sizeof text),
                        "model of 7 layers, 121,930 parameters, 28x28x1 -> 10");
    lm_model_unref(m);
}

static void test_weight_names_and_shapes(void **state)
{
    (void)state;
    static const char *const names[] = {"conv1/kernel",  "conv1/bias",    "conv2/kernel",
                                        "conv2/bias",    "dense1/kernel", "dense1/bias",
                                        "dense2/kernel", "dense2/bias"};
    static const int64_t shapes[][5] = {{4, 3, 3, 1, 32}, {1, 32}, {4, 3, 3, 32, 64}, {1, 64},
                                        {2, 1600, 64},    {1, 64}, {2, 64, 10},       {1, 10}};
    LmModel *m = walkthrough(0);
    for (int i = 0; i < 8; i++) {
        LmError err;
        LmTensor t;
        assert_string_equal(lm_model_weight_name(m, i), names[i]);
        assert_ok(lm_model_get_weight(m, i, &t, &err), err);
        assert_int_equal(t.dtype, LM_F32);
        assert_int_equal(t.rank, shapes[i][0]);
        assert_memory_equal(t.shape, shapes[i] + 1, (size_t)t.rank * sizeof t.shape[0]);
        lm_tensor_fini(&t);
    }
    lm_model_unref(m);
}

static void test_summary(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = walkthrough(0);
    char *text = NULL;
    assert_ok(lm_model_summary(m, &text, &err), err);
    static const char *const rows[] = {
        "layer          kind                           output     parameters    multiply-adds  "
        "runs as\n",
        "conv1          conv 3x3 relu                26x26x32            320          194,688  "
        "direct: 1 input channel, 16 make "
        "Winograd pay\n",
        "maxpool1       maxpool 2x2                  13x13x32              0                0  "
        "with conv1\n",
        "conv2          conv 3x3 relu                11x11x64         18,496        2,230,272  "
        "Winograd F(2x2, 3x3)\n",
        "maxpool2       maxpool 2x2                    5x5x64              0                0  "
        "with conv2\n",
        "flatten1       flatten                          1600              0                0  "
        "nothing to do\n",
        "dense1         dense relu                         64        102,464          102,400  "
        "matrix product\n",
        "dense2         dense softmax                      10            650              640  "
        "matrix product\n",
        "total                                                       121,930        2,528,000\n"};
    char *at = text;
    for (size_t i = 0; i < LM_ARRAY_LEN(rows); i++) {
        assert_true(strncmp(at, rows[i], strlen(rows[i])) == 0);
        at += strlen(rows[i]);
    }
    assert_string_equal(at, "");
    lm_mem_free(text);
    text = NULL;
    assert_survives_oom(lm_model_summary(m, &text, &err), err);
    lm_mem_free(text);
    lm_model_unref(m);
}

static void test_summary_of_every_kind(void **state)
{
    (void)state;
    LmError err;
    HelpSpec spec = help_nets_every_kind(15, 16, 3, 5);
    LmModel *m = help_nets_model(&spec, 0);
    char *text = NULL;
    assert_ok(lm_model_summary(m, &text, &err), err);
    static const char *const parts[] = {
        "conv 3x2 same relu", "conv 3x3 same /2x1 tanh", "dropout 0.25", "avgpool 2x3",
        "global_avgpool",     "dense sigmoid",           "softmax1"};
    for (size_t i = 0; i < LM_ARRAY_LEN(parts); i++) {
        assert_non_null(strstr(text, parts[i]));
    }
    lm_mem_free(text);
    lm_model_unref(m);
}

static void test_names(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = NULL;
    LmLayerSpec layers[] = {
        {.kind = LM_LAYER_FLATTEN},
        {.kind = LM_LAYER_DENSE, .units = 3, .name = "first"},
        {.kind = LM_LAYER_RELU},
        {.kind = LM_LAYER_DENSE, .units = 3},
        {.kind = LM_LAYER_DENSE, .units = 3, .name = "a name of thirty-one characters"}};
    assert_ok(lm_model_new(&m, 2, 2, 1, layers, 5, 0, &err), err);
    assert_string_equal(lm_model_weight_name(m, 0), "first/kernel");
    assert_string_equal(lm_model_weight_name(m, 2), "dense2/kernel");
    assert_string_equal(lm_model_weight_name(m, 4), "a name of thirty-one characters/kernel");
    lm_model_unref(m);
}

/* --- weights in and out --- */

static void test_set_weight(void **state)
{
    (void)state;
    static const LmDtype dtypes[] = {LM_F32, LM_F64, LM_I32, LM_U8};
    LmModel *m = walkthrough(0);
    char before[65];
    char after[65];
    for (size_t d = 0; d < LM_ARRAY_LEN(dtypes); d++) {
        LmError err;
        LmTensor t;
        LmTensor back;
        const int64_t shape[] = {64, 10};
        assert_ok(lm_tensor_zeros(&t, dtypes[d], 2, shape, &err), err);
        for (int64_t i = 0; i < t.count; i++) {
            assert_ok(lm_tensor_set(&t, i, (double)((i + (int64_t)d) % 7), &err), err);
        }
        lm_model_digest(m, before);
        assert_ok(lm_model_set_weight(m, 6, &t, &err), err);
        lm_model_digest(m, after);
        assert_string_not_equal(before, after);
        assert_ok(lm_model_get_weight(m, 6, &back, &err), err);
        for (int64_t i = 0; i < t.count; i++) {
            assert_true(lm_tensor_get(&back, i) == lm_tensor_get(&t, i));
        }
        lm_tensor_fini(&back);
        lm_tensor_fini(&t);
    }
    lm_model_unref(m);
}

static void refuse_weight(LmModel *m, LmDtype dtype, int rank, const int64_t *shape, double last,
                          LmStatus status, const char *part)
{
    LmError err;
    LmTensor t;
    char before[65];
    char after[65];
    assert_ok(lm_tensor_zeros(&t, dtype, rank, shape, &err), err);
    assert_ok(lm_tensor_set(&t, t.count - 1, last, &err), err);
    lm_model_digest(m, before);
    assert_fails(lm_model_set_weight(m, 6, &t, &err), status, err, part);
    lm_model_digest(m, after);
    assert_string_equal(before, after);
    lm_tensor_fini(&t);
}

static void test_set_weight_refusals(void **state)
{
    (void)state;
    LmModel *m = walkthrough(0);
    const int64_t good[] = {64, 10};
    const int64_t turned[] = {10, 64};
    const int64_t more[] = {64, 10, 1};
    refuse_weight(m, LM_F32, 2, turned, 0, LM_ESHAPE,
                  "weight 'dense2/kernel' is 64x10, got a tensor of 10x64");
    refuse_weight(m, LM_F32, 3, more, 0, LM_ESHAPE, "is 64x10, got a tensor of 64x10x1");
    refuse_weight(m, LM_F32, 1, good, 0, LM_ESHAPE, "is 64x10, got a tensor of 64");
    refuse_weight(m, LM_F32, 2, good, (double)NAN, LM_ENUMERIC,
                  "weight 'dense2/kernel' holds nan at position 640");
    refuse_weight(m, LM_F64, 2, good, (double)-INFINITY, LM_ENUMERIC, "holds -inf at position 640");
    refuse_weight(m, LM_F64, 2, good, 1e39, LM_ENUMERIC, "holds 1e+39 at position 640");
    lm_model_unref(m);
}

/* The digest is of the numbers in order, without padding: known from the numbers alone. */
static void test_digest(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = NULL;
    LmLayerSpec layers[] = {{.kind = LM_LAYER_FLATTEN}, {.kind = LM_LAYER_DENSE, .units = 3}};
    assert_ok(lm_model_new(&m, 1, 2, 1, layers, 2, 0, &err), err);
    LmTensor all;
    char wanted[65];
    char got[65];
    const int64_t n[] = {9};
    const int64_t shapes[][2] = {{2, 3}, {3, 0}};
    assert_ok(lm_tensor_zeros(&all, LM_F32, 1, n, &err), err);
    for (int i = 0; i < 9; i++) {
        ((float *)all.data)[i] = (float)i / 2;
    }
    for (int i = 0; i < 2; i++) {
        LmTensor part;
        LmTensor view;
        assert_ok(lm_tensor_narrow(&part, &all, i * 6, i == 0 ? 6 : 3, &err), err);
        assert_ok(lm_tensor_reshape(&view, &part, 2 - i, shapes[i], &err), err);
        assert_ok(lm_model_set_weight(m, i, &view, &err), err);
        lm_tensor_fini(&view);
        lm_tensor_fini(&part);
    }
    lm_tensor_sha256(&all, wanted);
    lm_model_digest(m, got);
    assert_string_equal(got, wanted);
    lm_tensor_fini(&all);
    lm_model_unref(m);
}

/* --- forward --- */

static void test_forward(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = walkthrough(0);
    for (int64_t n = 0; n <= 9; n += 9) {
        const int64_t shape[] = {n, 28, 28, 1};
        LmTensor x;
        LmTensor y;
        assert_ok(lm_tensor_zeros(&x, LM_F32, 4, shape, &err), err);
        for (int64_t i = 0; i < x.count; i++) {
            ((float *)x.data)[i] = (float)(i % 97) / 97;
        }
        assert_ok(lm_model_forward(m, &x, &y, &err), err);
        assert_true(y.rank == 2 && y.shape[0] == n && y.shape[1] == 10 && y.dtype == LM_F32);
        for (int64_t i = 0; i < n; i++) {
            double sum = 0;
            for (int64_t k = 0; k < 10; k++) {
                sum += lm_tensor_get(&y, i * 10 + k);
            }
            assert_true(fabs(sum - 1) < 10 * 0x1p-24); /* ten roundings of numbers below 1 */
        }
        lm_tensor_fini(&y);
        lm_tensor_fini(&x);
    }
    lm_model_unref(m);
}

static void refuse_input(LmModel *m, LmDtype dtype, int rank, const int64_t *shape,
                         const char *part)
{
    LmError err;
    LmTensor x;
    LmTensor y = {.rank = 77};
    assert_ok(lm_tensor_zeros(&x, dtype, rank, shape, &err), err);
    assert_fails(lm_model_forward(m, &x, &y, &err), LM_ESHAPE, err, part);
    assert_int_equal(y.rank, 77);
    lm_tensor_fini(&x);
}

static void test_forward_refusals(void **state)
{
    (void)state;
    LmModel *m = walkthrough(0);
    const int64_t shapes[][4] = {{2, 28, 28, 3}, {2, 27, 28, 1}, {2, 28, 29, 1}, {28, 28, 1, 1}};
    for (size_t i = 0; i < LM_ARRAY_LEN(shapes); i++) {
        refuse_input(m, LM_F32, 4, shapes[i], "takes an f32 tensor of N x 28x28x1, got f32 tensor");
    }
    const int64_t good[] = {2, 28, 28, 1};
    refuse_input(m, LM_F64, 4, good, "got f64 tensor 2x28x28x1");
    refuse_input(m, LM_U8, 4, good, "got u8 tensor 2x28x28x1");
    refuse_input(m, LM_F32, 3, good, "got f32 tensor 2x28x28");
    lm_model_unref(m);
}

static LmStatus forward_once(LmModel *m, const LmTensor *x, LmError *err)
{
    LmTensor y;
    LmStatus st = lm_model_forward(m, x, &y, err);
    if (st == LM_OK) {
        lm_tensor_fini(&y);
    }
    return st;
}

static void test_forward_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmTensor x;
    const int64_t shape[] = {3, 28, 28, 1};
    LmModel *m = walkthrough(0);
    assert_ok(lm_tensor_zeros(&x, LM_F32, 4, shape, &err), err);
    assert_survives_oom(forward_once(m, &x, &err), err);
    lm_tensor_fini(&x);
    lm_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walkthrough),
        cmocka_unit_test(test_weight_names_and_shapes),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_summary_of_every_kind),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_set_weight),
        cmocka_unit_test(test_set_weight_refusals),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_forward_refusals),
        cmocka_unit_test(test_forward_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
