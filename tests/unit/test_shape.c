/* Shapes through layers: sizes, defaults, padding as TensorFlow has it, and every refusal. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "nn/shape.h"

static LmLayerSpec conv(int64_t units, int64_t kh, int64_t kw)
{
    return (LmLayerSpec){.kind = LM_LAYER_CONV, .units = units, .kh = kh, .kw = kw};
}

static LmShape infer(LmLayerSpec *spec, LmShape in)
{
    LmError err;
    LmShape out;
    assert_ok(lm_shape_infer(&out, spec, &in, &err), err);
    return out;
}

static void assert_shape(LmShape s, int64_t h, int64_t w, int64_t c, bool is_flat)
{
    if (s.h != h || s.w != w || s.c != c || s.is_flat != is_flat) {
        fail_msg("got %dx%dx%d%s", (int)s.h, (int)s.w, (int)s.c, s.is_flat ? " flat" : "");
    }
}

static const LmShape map = {28, 20, 3, false};
static const LmShape line = {1, 1, 50, true};

static void test_conv(void **state)
{
    (void)state;
    LmLayerSpec s = conv(32, 3, 5);
    assert_shape(infer(&s, map), 26, 16, 32, false);
    assert_int_equal(s.sh, 1);
    assert_int_equal(s.sw, 1);
    s = conv(8, 28, 20);
    assert_shape(infer(&s, map), 1, 1, 8, false);
    s = conv(8, 4, 4);
    s.sh = 3;
    s.sw = 7;
    assert_shape(infer(&s, map), 9, 3, 8, false);
}

static void test_pools(void **state)
{
    (void)state;
    LmLayerSpec s = {.kind = LM_LAYER_MAXPOOL, .kh = 3, .kw = 2};
    assert_shape(infer(&s, map), 9, 10, 3, false);
    assert_int_equal(s.sh, 3);
    assert_int_equal(s.sw, 2);
    s = (LmLayerSpec){.kind = LM_LAYER_AVGPOOL, .kh = 3, .kw = 3, .sh = 1, .sw = 2};
    assert_shape(infer(&s, map), 26, 9, 3, false);
    s = (LmLayerSpec){.kind = LM_LAYER_GLOBAL_AVGPOOL};
    assert_shape(infer(&s, map), 1, 1, 3, true);
    assert_int_equal(s.kh, 28);
    assert_int_equal(s.kw, 20);
}

static void test_other_layers(void **state)
{
    (void)state;
    LmLayerSpec s = {.kind = LM_LAYER_FLATTEN};
    assert_shape(infer(&s, map), 28, 20, 3, true);
    assert_shape(infer(&s, line), 1, 1, 50, true);
    s = (LmLayerSpec){.kind = LM_LAYER_DENSE, .units = 7};
    assert_shape(infer(&s, line), 1, 1, 7, true);
    s = (LmLayerSpec){.kind = LM_LAYER_DROPOUT, .rate = 0.5};
    assert_shape(infer(&s, map), 28, 20, 3, false);
    for (int kind = LM_LAYER_RELU; kind <= LM_LAYER_SOFTMAX; kind++) {
        s = (LmLayerSpec){.kind = (LmLayerKindId)kind};
        assert_shape(infer(&s, line), 1, 1, 50, true);
    }
}

/* "same": ceil(size / stride) outputs, and the padding that takes, counted out one by one. */
static void test_same_padding(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 12; n++) {
        for (int64_t k = 1; k <= 15; k++) {
            for (int64_t stride = 1; stride <= 5; stride++) {
                LmLayerSpec s = conv(1, k, 1);
                s.sh = stride;
                s.is_same = true;
                LmShape in = {n, 3, 1, false};
                LmShape out = infer(&s, in);
                LmPad pad = lm_shape_padding(&s, &in, &out);
                int64_t n_out = 0;
                for (int64_t at = 0; at < n; at += stride) {
                    n_out++;
                }
                assert_int_equal(out.h, n_out);
                assert_int_equal(out.w, 3);
                int64_t covered = (n_out - 1) * stride + k;
                int64_t wanted = covered > n ? covered - n : 0;
                assert_int_equal(pad.top + pad.bottom, wanted);
                assert_true(pad.bottom - pad.top == wanted % 2);
                assert_int_equal(pad.left + pad.right, 0);
            }
        }
    }
}

static void test_valid_has_no_padding(void **state)
{
    (void)state;
    LmLayerSpec s = conv(1, 5, 5);
    LmShape out = infer(&s, map);
    LmPad pad = lm_shape_padding(&s, &map, &out);
    assert_int_equal(pad.top + pad.left + pad.bottom + pad.right, 0);
}

/* A refusal leaves the spec and the output as they were. */
static void refuse(LmLayerSpec spec, LmShape in, LmStatus status, const char *part)
{
    LmError err;
    LmShape out = {-1, -1, -1, false};
    LmLayerSpec before = spec;
    assert_fails(lm_shape_infer(&out, &spec, &in, &err), status, err, part);
    assert_memory_equal(&spec, &before, sizeof spec);
    assert_shape(out, -1, -1, -1, false);
}

static void test_refusals(void **state)
{
    (void)state;
    LmLayerSpec pool = {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2};
    LmLayerSpec s = conv(0, 3, 3);
    refuse(s, map, LM_EARG, "the number of filters must be in 1..1048576, got 0");
    refuse(conv(-1, 3, 3), map, LM_EARG, "got -1");
    refuse(conv(INT64_MAX, 3, 3), map, LM_EARG, "got 9223372036854775807");
    refuse(conv(1, 0, 3), map, LM_EARG, "kernel rows must be in 1..1048576, got 0");
    refuse(conv(1, 3, -2), map, LM_EARG, "kernel columns must be in 1..1048576, got -2");
    s = conv(1, 3, 3);
    s.sh = -1;
    refuse(s, map, LM_EARG, "stride of rows must be in 1..1048576, got -1");
    s = conv(1, 3, 3);
    s.sw = 1 << 21;
    refuse(s, map, LM_EARG, "stride of columns must be in 1..1048576, got 2097152");
    refuse(conv(1, 29, 3), map, LM_ESHAPE,
           "a window of 29x3 does not fit into its input of 28x20; use a smaller one, "
           "padding=\"same\", or fewer pools before it");
    refuse(conv(1, 3, 21), map, LM_ESHAPE, "a window of 3x21 does not fit");
    refuse(conv(1, 3, 3), line, LM_ESHAPE,
           "needs rows, columns and channels, but its input was flattened to 50 numbers");
    refuse(pool, line, LM_ESHAPE, "was flattened to 50 numbers");
    refuse((LmLayerSpec){.kind = LM_LAYER_GLOBAL_AVGPOOL}, line, LM_ESHAPE, "was flattened");
    pool.kw = 21;
    refuse(pool, map, LM_ESHAPE,
           "a window of 2x21 does not fit into its input of 28x20; use a smaller one or fewer");
    pool = (LmLayerSpec){.kind = LM_LAYER_AVGPOOL, .kh = 2, .kw = 2, .is_same = true};
    refuse(pool, map, LM_EARG, "pools have no padding");
    pool = (LmLayerSpec){.kind = LM_LAYER_AVGPOOL, .kh = 0, .kw = 2};
    refuse(pool, map, LM_EARG, "must be in 1..1048576, got 0");
    s = (LmLayerSpec){.kind = LM_LAYER_DENSE, .units = 5};
    refuse(s, map, LM_ESHAPE, "needs a flat input, got 28x20x3; put luma.nn.flatten{} before it");
    s.units = 0;
    refuse(s, line, LM_EARG, "the number of units must be in 1..1048576, got 0");
    static const double rates[] = {-0.1, 1, 2, 1e300};
    for (size_t i = 0; i < LM_ARRAY_LEN(rates); i++) {
        s = (LmLayerSpec){.kind = LM_LAYER_DROPOUT, .rate = rates[i]};
        refuse(s, map, LM_EARG, "rate must be in 0 <= rate < 1");
    }
    s.rate = (double)NAN;
    refuse(s, map, LM_EARG, "rate must be in 0 <= rate < 1, got nan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_other_layers),
        cmocka_unit_test(test_same_padding),
        cmocka_unit_test(test_valid_has_no_padding),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
