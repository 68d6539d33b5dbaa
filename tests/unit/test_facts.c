/* Facts: exact on integers, close on floats whatever the order of magnitude, NaN where there is
 * one. */
#include "help_test.h"

#include <math.h>

#include "base/rng.h"
#include "tensor/tensor.h"

static LmTensor make(LmDtype dtype, int64_t n)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_tensor_zeros(&t, dtype, 1, &n, &err), err);
    return t;
}

static LmTensorFacts facts_of(const LmTensor *t)
{
    LmError err;
    LmTensorFacts f;
    assert_ok(lm_tensor_facts(t, &f, &err), err);
    return f;
}

static void test_small(void **state)
{
    (void)state;
    LmError err;
    for (int dtype = 0; dtype < LM_DTYPE_COUNT; dtype++) {
        LmTensor t = make((LmDtype)dtype, 4);
        for (int i = 0; i < 4; i++) {
            assert_ok(lm_tensor_set(&t, i, (double[]){2, 4, 4, 10}[i], &err), err);
        }
        LmTensorFacts f = facts_of(&t);
        assert_true(f.min == 2 && f.max == 10 && f.sum == 20 && f.mean == 5 && f.std == 3);
        lm_tensor_fini(&t);
        t = make((LmDtype)dtype, 1);
        assert_ok(lm_tensor_set(&t, 0, 7, &err), err);
        f = facts_of(&t);
        assert_true(f.min == 7 && f.max == 7 && f.sum == 7 && f.mean == 7 && f.std == 0);
        lm_tensor_fini(&t);
    }
}

static void test_empty(void **state)
{
    (void)state;
    LmError err;
    LmTensorFacts f = {.sum = 5};
    LmTensor t = make(LM_F32, 0);
    assert_fails(lm_tensor_facts(&t, &f, &err), LM_ESHAPE, err, "shape 0 has no elements");
    assert_true(f.sum == 5);
    lm_tensor_fini(&t);
}

/* 200,001 bytes of 255 pass the run length inside and overflow anything kept in 32 bits. */
static void test_u8_sums_do_not_overflow(void **state)
{
    (void)state;
    LmTensor t = make(LM_U8, 200001);
    memset(t.data, 255, 200001);
    ((uint8_t *)t.data)[200000] = 254;
    LmTensorFacts f = facts_of(&t);
    assert_true(f.sum == 200001.0 * 255 - 1);
    assert_true(f.min == 254 && f.max == 255);
    assert_true(f.mean == (200001.0 * 255 - 1) / 200001);
    assert_true(fabs(f.std - sqrt(200000.0) / 200001) < 1e-18);
    lm_tensor_fini(&t);
}

static void test_i32_extremes(void **state)
{
    (void)state;
    LmTensor t = make(LM_I32, 100000);
    int32_t *v = t.data;
    for (int i = 0; i < 100000; i++) {
        v[i] = i % 2 == 0 ? INT32_MIN : INT32_MAX;
    }
    LmTensorFacts f = facts_of(&t);
    assert_true(f.min == INT32_MIN && f.max == INT32_MAX);
    assert_true(f.sum == -50000 && f.mean == -0.5 && f.std == 2147483647.5);
    lm_tensor_fini(&t);
}

/* The same values as u8 and as floats: floats come within the rounding of a few thousand sums. */
static void test_floats_agree_with_exact(void **state)
{
    (void)state;
    LmError err;
    LmRng rng = lm_rng(5, LM_RNG_USER, 0, 0);
    static const int64_t lengths[] = {1, 7, 8, 9, 1023, 1024, 1025, 5000, 300000};
    for (size_t k = 0; k < LM_ARRAY_LEN(lengths); k++) {
        LmTensor bytes = make(LM_U8, lengths[k]);
        for (int64_t i = 0; i < lengths[k]; i++) {
            ((uint8_t *)bytes.data)[i] = (uint8_t)lm_rng_u32(&rng);
        }
        LmTensorFacts exact = facts_of(&bytes);
        for (int dtype = LM_F32; dtype <= LM_F64; dtype++) {
            LmTensor floats;
            assert_ok(lm_tensor_to(&floats, &bytes, (LmDtype)dtype, &err), err);
            LmTensorFacts f = facts_of(&floats);
            assert_true(f.min == exact.min && f.max == exact.max && f.sum == exact.sum);
            assert_true(fabs(f.mean - exact.mean) <= 2e-16 * exact.mean);
            /* 128 additions a lane, compensated beyond: (128 + 8) / 2 * 2^-53 */
            assert_true(fabs(f.std - exact.std) <= 1e-14 * exact.std);
            lm_tensor_fini(&floats);
        }
        lm_tensor_fini(&bytes);
    }
}

/* A large common offset: the one-pass formula would lose all digits of the deviation. */
static void test_offset(void **state)
{
    (void)state;
    LmTensor t = make(LM_F64, 10000);
    for (int i = 0; i < 10000; i++) {
        ((double *)t.data)[i] = 1e9 + (i % 2 == 0 ? 1 : -1);
    }
    LmTensorFacts f = facts_of(&t);
    assert_true(f.mean == 1e9);
    assert_true(f.std == 1);
    lm_tensor_fini(&t);
}

static void test_cancelling_sum(void **state)
{
    (void)state;
    LmTensor t = make(LM_F64, 3 * 1024);
    double *v = t.data;
    v[0] = 1e17;
    v[1024] = 1;
    v[2048] = -1e17;
    assert_true(facts_of(&t).sum == 1);
    lm_tensor_fini(&t);
}

static void test_nan_and_infinity(void **state)
{
    (void)state;
    for (int dtype = LM_F32; dtype <= LM_F64; dtype++) {
        static const int64_t places[] = {0, 1023, 1024, 1500};
        for (size_t i = 0; i < LM_ARRAY_LEN(places); i++) {
            LmError err;
            LmTensor t = make((LmDtype)dtype, 1501);
            assert_ok(lm_tensor_set(&t, places[i], (double)NAN, &err), err);
            LmTensorFacts f = facts_of(&t);
            assert_true(isnan(f.min) && isnan(f.max) && isnan(f.sum) && isnan(f.mean) &&
                        isnan(f.std));
            assert_ok(lm_tensor_set(&t, places[i], HUGE_VAL, &err), err);
            f = facts_of(&t);
            assert_true(f.min == 0 && isinf(f.max) && isinf(f.sum) && isinf(f.mean));
            assert_true(isnan(f.std));
            lm_tensor_fini(&t);
        }
    }
}

static void test_denormals(void **state)
{
    (void)state;
    LmTensor t = make(LM_F64, 2);
    ((double *)t.data)[0] = 5e-324;
    ((double *)t.data)[1] = 15e-324;
    LmTensorFacts f = facts_of(&t);
    assert_true(f.min == 5e-324 && f.mean == 10e-324);
    lm_tensor_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_u8_sums_do_not_overflow),
        cmocka_unit_test(test_i32_extremes),
        cmocka_unit_test(test_floats_agree_with_exact),
        cmocka_unit_test(test_offset),
        cmocka_unit_test(test_cancelling_sum),
        cmocka_unit_test(test_nan_and_infinity),
        cmocka_unit_test(test_denormals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
