/* Conversions between dtypes: rounding, bounds, positions in messages, pieces longer than a chunk.
 */
#include "help_test.h"

#include <math.h>

#include "tensor/chunk.h"
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

static void check(LmDtype from, LmDtype to, double value, double want)
{
    LmError err;
    LmTensor a = make(from, 1, &value);
    LmTensor b;
    assert_ok(lm_tensor_to(&b, &a, to, &err), err);
    assert_int_equal(b.dtype, to);
    assert_true(lm_tensor_get(&b, 0) == want);
    lm_tensor_fini(&a);
    lm_tensor_fini(&b);
}

static void test_values(void **state)
{
    (void)state;
    for (int from = 0; from < LM_DTYPE_COUNT; from++) {
        for (int to = 0; to < LM_DTYPE_COUNT; to++) {
            check((LmDtype)from, (LmDtype)to, 0, 0);
            check((LmDtype)from, (LmDtype)to, 255, 255);
        }
    }
    check(LM_F32, LM_U8, 0.5, 0);
    check(LM_F32, LM_U8, 1.5, 2);
    check(LM_F32, LM_U8, 2.5, 2);
    check(LM_F64, LM_U8, -0.5, 0);
    check(LM_F64, LM_U8, 255.49, 255);
    check(LM_F64, LM_I32, -2.5, -2);
    check(LM_F64, LM_I32, INT32_MIN, INT32_MIN);
    check(LM_F64, LM_I32, 2147483647.4, INT32_MAX);
    check(LM_I32, LM_F64, INT32_MIN, INT32_MIN);
    check(LM_I32, LM_F32, 16777217, 16777216);
    check(LM_F64, LM_F32, 1e300, HUGE_VAL);
    check(LM_F64, LM_F32, 0.1, (double)0.1f);
}

static void check_refused(LmDtype to, double value, const char *part)
{
    LmError err;
    LmTensor a = make(LM_F64, 1, &value);
    LmTensor b = {.rank = 55};
    size_t before = lm_mem_in_use();
    assert_fails(lm_tensor_to(&b, &a, to, &err), LM_EARG, err, part);
    assert_int_equal(b.rank, 55);
    assert_int_equal(lm_mem_in_use(), before);
    lm_tensor_fini(&a);
}

static void test_out_of_range(void **state)
{
    (void)state;
    check_refused(LM_U8, 255.5,
                  "cannot convert f64 to u8: element [1] is 255.5, u8 holds whole "
                  "numbers from 0 to 255");
    check_refused(LM_U8, -1, "is -1");
    check_refused(LM_U8, -0.500001, "is -0.500001");
    check_refused(LM_U8, (double)NAN, "is nan");
    check_refused(LM_U8, HUGE_VAL, "is inf");
    check_refused(LM_I32, 2147483647.5, "to i32: element [1] is 2.14748365e+09");
    check_refused(LM_I32, -2147483649.0, "from -2147483648 to 2147483647");
    check_refused(LM_I32, 1e300, "1e+300");
    check_refused(LM_I32, (double)NAN, "nan");
}

static void test_position_in_message(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    LmTensor out;
    const int64_t shape[] = {3, 20, 30};
    assert_ok(lm_tensor_zeros(&t, LM_F32, 3, shape, &err), err);
    assert_ok(lm_tensor_set(&t, 2 * 600 + 4 * 30 + 6, 300, &err), err);
    assert_fails(lm_tensor_to(&out, &t, LM_U8, &err), LM_EARG, err, "element [3,5,7] is 300");
    lm_tensor_fini(&t);
    assert_ok(lm_tensor_zeros(&t, LM_U8, 0, NULL, &err), err);
    assert_fails(lm_tensor_set(&t, 0, 300, &err), LM_EARG, err, "element is 300, u8");
    lm_tensor_fini(&t);
}

/* Lengths around the chunk, every pair of types, every element. */
static void test_lengths(void **state)
{
    (void)state;
    LmError err;
    for (int64_t n = LM_CHUNK - 1; n <= 2 * LM_CHUNK + 1;
         n += n % LM_CHUNK == 1 ? LM_CHUNK - 2 : 1) {
        double values[2 * LM_CHUNK + 1];
        for (int64_t i = 0; i < n; i++) {
            values[i] = (double)(i * 7 % 251);
        }
        for (int from = 0; from < LM_DTYPE_COUNT; from++) {
            LmTensor a = make((LmDtype)from, n, values);
            for (int to = 0; to < LM_DTYPE_COUNT; to++) {
                LmTensor b;
                assert_ok(lm_tensor_to(&b, &a, (LmDtype)to, &err), err);
                for (int64_t i = 0; i < n; i++) {
                    assert_true(lm_tensor_get(&b, i) == values[i]);
                }
                lm_tensor_fini(&b);
            }
            lm_tensor_fini(&a);
        }
    }
}

static void test_clone_is_independent_and_writable(void **state)
{
    (void)state;
    LmError err;
    LmTensor a = make(LM_F32, 2, (const double[]){1, 2});
    LmTensor b;
    LmTensor c;
    a.is_read_only = true;
    assert_fails(lm_tensor_set(&a, 0, 1, &err), LM_ESTATE, err, "read-only");
    assert_ok(lm_tensor_clone(&b, &a, &err), err);
    assert_true(lm_tensor_equal(&a, &b));
    assert_ok(lm_tensor_set(&b, 0, 9, &err), err);
    assert_true(lm_tensor_get(&a, 0) == 1);
    assert_ok(lm_tensor_to(&c, &a, LM_F32, &err), err);
    assert_ok(lm_tensor_set(&c, 0, 9, &err), err);
    lm_tensor_fini(&a);
    lm_tensor_fini(&b);
    lm_tensor_fini(&c);
}

static void test_failed_set_changes_nothing(void **state)
{
    (void)state;
    LmError err;
    LmTensor a = make(LM_I32, 1, (const double[]){7});
    assert_fails(lm_tensor_set(&a, 0, 1e10, &err), LM_EARG, err, "1e+10");
    assert_true(lm_tensor_get(&a, 0) == 7);
    lm_tensor_fini(&a);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmTensor a = make(LM_U8, 3, (const double[]){1, 2, 3});
    LmTensor b;
    assert_survives_oom(lm_tensor_to(&b, &a, LM_F64, &err), err);
    lm_tensor_fini(&b);
    assert_survives_oom(lm_tensor_clone(&b, &a, &err), err);
    lm_tensor_fini(&b);
    lm_tensor_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_position_in_message),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_clone_is_independent_and_writable),
        cmocka_unit_test(test_failed_set_changes_nothing),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
