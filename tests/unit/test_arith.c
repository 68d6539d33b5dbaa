/* Arithmetic: result types, order of operands, rounding like the f32 operations, differences. */
#include "help_test.h"

#include <math.h>

#include "base/rng.h"
#include "tensor/tensor.h"

static LmTensor make(LmDtype dtype, int64_t n, const double *values)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_tensor_new(&t, dtype, 1, &n, &err), err);
    for (int64_t i = 0; i < n; i++) {
        assert_ok(lm_tensor_set(&t, i, values[i], &err), err);
    }
    return t;
}

static void check(char op, const LmTensor *a, double x, const LmTensor *b, double y, LmDtype dtype,
                  const double want[2])
{
    LmError err;
    LmTensor out;
    assert_ok(lm_tensor_arith(&out, op, a, x, b, y, &err), err);
    assert_int_equal(out.dtype, dtype);
    assert_true(lm_tensor_same_shape(&out, a != NULL ? a : b));
    assert_true(lm_tensor_get(&out, 0) == want[0] && lm_tensor_get(&out, 1) == want[1]);
    lm_tensor_fini(&out);
}

static void test_operations_and_types(void **state)
{
    (void)state;
    LmTensor u8 = make(LM_U8, 2, (const double[]){200, 100});
    LmTensor i32 = make(LM_I32, 2, (const double[]){-4, 8});
    LmTensor f32 = make(LM_F32, 2, (const double[]){0.5, -2});
    LmTensor f64 = make(LM_F64, 2, (const double[]){0.1, 3});
    check('+', &u8, 0, &u8, 0, LM_F32, (const double[]){400, 200});
    check('-', &u8, 0, NULL, 300, LM_F32, (const double[]){-100, -200});
    check('-', NULL, 300, &u8, 0, LM_F32, (const double[]){100, 200});
    check('/', &i32, 0, &f32, 0, LM_F32, (const double[]){-8, -4});
    check('/', NULL, 1, &i32, 0, LM_F32, (const double[]){-0.25, 0.125});
    check('*', &u8, 0, NULL, 1.0 / 255, LM_F32,
          (const double[]){(double)(float)(200 * (1.0 / 255)), (double)(float)(100 * (1.0 / 255))});
    check('+', &f64, 0, &f32, 0, LM_F64, (const double[]){0.6, 1});
    check('*', &f32, 0, &f64, 0, LM_F64, (const double[]){0.05, -6});
    check('-', &f64, 0, NULL, 0.1, LM_F64, (const double[]){0, 2.9});
    check('/', &f32, 0, NULL, 0, LM_F32, (const double[]){HUGE_VAL, -HUGE_VAL});
    lm_tensor_fini(&u8);
    lm_tensor_fini(&i32);
    lm_tensor_fini(&f32);
    lm_tensor_fini(&f64);
}

static float random_float(LmRng *rng)
{
    float f;
    do {
        uint32_t bits = lm_rng_u32(rng);
        memcpy(&f, &bits, sizeof f);
    } while (!isfinite(f));
    return f;
}

static float apply(char op, float a, float b)
{
    return op == '+' ? a + b : op == '-' ? a - b : op == '*' ? a * b : a / b;
}

/* Any bit patterns, more than a chunk of them: the very bits of the f32 operation. */
static void test_f32_bits(void **state)
{
    (void)state;
    LmError err;
    enum { COUNT = 5000 };
    LmRng rng = lm_rng(21, LM_RNG_USER, 0, 0);
    LmTensor a;
    LmTensor b;
    int64_t n = COUNT;
    assert_ok(lm_tensor_new(&a, LM_F32, 1, &n, &err), err);
    assert_ok(lm_tensor_new(&b, LM_F32, 1, &n, &err), err);
    float *x = a.data;
    float *y = b.data;
    for (int i = 0; i < COUNT; i++) {
        x[i] = random_float(&rng);
        y[i] = i % 2 == 0 ? random_float(&rng) : x[i] * (1 + lm_rng_float(&rng));
        y[i] = isfinite(y[i]) ? y[i] : 1;
    }
    for (const char *op = "+-*/"; *op != '\0'; op++) {
        LmTensor out;
        assert_ok(lm_tensor_arith(&out, *op, &a, 0, &b, 0, &err), err);
        for (int i = 0; i < COUNT; i++) {
            float want = apply(*op, x[i], y[i]);
            float got = ((float *)out.data)[i];
            if (memcmp(&want, &got, sizeof got) != 0 && !(isnan(want) && isnan(got))) {
                fail_msg("%a %c %a: got %a, want %a", (double)x[i], *op, (double)y[i], (double)got,
                         (double)want);
            }
        }
        lm_tensor_fini(&out);
    }
    lm_tensor_fini(&a);
    lm_tensor_fini(&b);
}

static void test_shapes_must_agree(void **state)
{
    (void)state;
    LmError err;
    LmTensor a = make(LM_F32, 4, (const double[]){1, 2, 3, 4});
    LmTensor b;
    LmTensor out = {.rank = 9};
    double diff = 5;
    assert_ok(lm_tensor_reshape(&b, &a, 2, (const int64_t[]){2, 2}, &err), err);
    assert_fails(lm_tensor_arith(&out, '+', &a, 0, &b, 0, &err), LM_ESHAPE, err,
                 "cannot combine tensors of shapes 4 and 2x2");
    assert_fails(lm_tensor_max_abs_diff(&a, &b, &diff, &err), LM_ESHAPE, err,
                 "cannot compare tensors of shapes 4 and 2x2");
    assert_int_equal(out.rank, 9);
    assert_true(diff == 5);
    lm_tensor_fini(&a);
    lm_tensor_fini(&b);
}

static void test_max_abs_diff(void **state)
{
    (void)state;
    LmError err;
    LmTensor a = make(LM_U8, 3, (const double[]){0, 255, 7});
    LmTensor b = make(LM_F64, 3, (const double[]){0.5, 255, -2});
    LmTensor none = make(LM_F32, 0, NULL);
    double diff;
    assert_ok(lm_tensor_max_abs_diff(&a, &b, &diff, &err), err);
    assert_true(diff == 9);
    assert_ok(lm_tensor_max_abs_diff(&a, &a, &diff, &err), err);
    assert_true(diff == 0);
    assert_ok(lm_tensor_max_abs_diff(&none, &none, &diff, &err), err);
    assert_true(diff == 0);
    for (int i = 0; i < 3; i++) { /* found wherever it is */
        double kept = lm_tensor_get(&b, i);
        assert_ok(lm_tensor_set(&b, i, (double)NAN, &err), err);
        assert_ok(lm_tensor_max_abs_diff(&a, &b, &diff, &err), err);
        assert_true(isnan(diff));
        assert_ok(lm_tensor_set(&b, i, kept, &err), err);
    }
    lm_tensor_fini(&a);
    lm_tensor_fini(&b);
    lm_tensor_fini(&none);
}

static void test_empty_and_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmTensor none = make(LM_F32, 0, NULL);
    LmTensor out;
    assert_survives_oom(lm_tensor_arith(&out, '*', &none, 0, NULL, 2, &err), err);
    assert_int_equal(out.count, 0);
    lm_tensor_fini(&out);
    lm_tensor_fini(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_and_types),    cmocka_unit_test(test_f32_bits),
        cmocka_unit_test(test_shapes_must_agree),       cmocka_unit_test(test_max_abs_diff),
        cmocka_unit_test(test_empty_and_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
