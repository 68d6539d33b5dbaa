/* Views: where they point, what they refuse, and that they keep the storage alive. */
#include "help_test.h"

#include "tensor/tensor.h"

/* 3 x 2 x 4, element i holds i. */
static LmTensor make_counting(LmDtype dtype)
{
    LmError err;
    LmTensor t;
    const int64_t shape[] = {3, 2, 4};
    assert_ok(lm_tensor_new(&t, dtype, 3, shape, &err), err);
    for (int64_t i = 0; i < t.count; i++) {
        assert_ok(lm_tensor_set(&t, i, (double)i, &err), err);
    }
    return t;
}

static void test_narrow(void **state)
{
    (void)state;
    LmError err;
    for (int dtype = 0; dtype < LM_DTYPE_COUNT; dtype++) {
        LmTensor t = make_counting((LmDtype)dtype);
        for (int64_t first = 0; first <= 3; first++) {
            for (int64_t count = 0; count <= 3 - first; count++) {
                LmTensor v;
                assert_ok(lm_tensor_narrow(&v, &t, first, count, &err), err);
                assert_int_equal(v.shape[0], count);
                assert_int_equal(v.count, 8 * count);
                if (count > 0) {
                    assert_true(lm_tensor_get(&v, 0) == (double)(8 * first));
                    assert_true(lm_tensor_get(&v, v.count - 1) ==
                                (double)(8 * (first + count) - 1));
                }
                lm_tensor_fini(&v);
            }
        }
        lm_tensor_fini(&t);
    }
}

static void test_narrow_refuses(void **state)
{
    (void)state;
    LmError err;
    LmTensor t = make_counting(LM_U8);
    LmTensor v;
    LmTensor scalar;
    assert_fails(lm_tensor_narrow(&v, &t, 2, 2, &err), LM_EARG, err,
                 "2 items from position 3 do not lie within 1 to 3");
    assert_fails(lm_tensor_narrow(&v, &t, -1, 1, &err), LM_EARG, err, "from position 0");
    assert_fails(lm_tensor_narrow(&v, &t, 4, 0, &err), LM_EARG, err, "from position 5");
    assert_fails(lm_tensor_narrow(&v, &t, 0, -1, &err), LM_EARG, err, "cannot take -1 items");
    assert_fails(lm_tensor_narrow(&v, &t, 1, INT64_MAX, &err), LM_EARG, err, "do not lie");
    assert_fails(lm_tensor_narrow(&v, &t, INT64_MAX, 1, &err), LM_EARG, err, "do not lie");
    assert_fails(lm_tensor_narrow(&v, &t, INT64_MIN, 1, &err), LM_EARG, err, "do not lie");
    assert_ok(lm_tensor_zeros(&scalar, LM_U8, 0, NULL, &err), err);
    assert_fails(lm_tensor_narrow(&v, &scalar, 0, 1, &err), LM_ESHAPE, err, "scalar");
    assert_fails(lm_tensor_index(&v, &scalar, 0, &err), LM_ESHAPE, err, "scalar");
    lm_tensor_fini(&scalar);
    lm_tensor_fini(&t);
}

static void test_index(void **state)
{
    (void)state;
    LmError err;
    LmTensor t = make_counting(LM_F32);
    LmTensor plane;
    LmTensor row;
    LmTensor element;
    assert_ok(lm_tensor_index(&plane, &t, 2, &err), err);
    assert_int_equal(plane.rank, 2);
    assert_int_equal(plane.shape[0], 2);
    assert_int_equal(plane.shape[1], 4);
    assert_ok(lm_tensor_index(&row, &plane, 1, &err), err);
    assert_ok(lm_tensor_index(&element, &row, 3, &err), err);
    assert_int_equal(element.rank, 0);
    assert_int_equal(element.count, 1);
    assert_true(lm_tensor_get(&element, 0) == 23);
    assert_fails(lm_tensor_index(&element, &t, 3, &err), LM_EARG, err,
                 "position 4 is not within 1 to 3");
    assert_fails(lm_tensor_index(&element, &t, -1, &err), LM_EARG, err, "position 0");
    /* A write through a view is seen by all owners; the last one keeps the storage alive. */
    assert_ok(lm_tensor_set(&element, 0, 99, &err), err);
    lm_tensor_fini(&t);
    lm_tensor_fini(&plane);
    assert_true(lm_tensor_get(&row, 3) == 99);
    lm_tensor_fini(&row);
    assert_true(lm_tensor_get(&element, 0) == 99);
    lm_tensor_fini(&element);
}

static void test_empty_items(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    LmTensor v;
    const int64_t shape[] = {4, 0};
    const int64_t none[] = {0, 4};
    assert_ok(lm_tensor_new(&t, LM_F32, 2, shape, &err), err);
    assert_ok(lm_tensor_index(&v, &t, 3, &err), err);
    assert_int_equal(v.count, 0);
    lm_tensor_fini(&v);
    lm_tensor_fini(&t);
    assert_ok(lm_tensor_new(&t, LM_F32, 2, none, &err), err);
    assert_ok(lm_tensor_narrow(&v, &t, 0, 0, &err), err);
    lm_tensor_fini(&v);
    assert_fails(lm_tensor_index(&v, &t, 0, &err), LM_EARG, err, "1 to 0");
    lm_tensor_fini(&t);
}

static void check_reshape(const LmTensor *t, int rank, const int64_t *shape, const int64_t *want)
{
    LmError err;
    LmTensor v;
    assert_ok(lm_tensor_reshape(&v, t, rank, shape, &err), err);
    assert_int_equal(v.rank, rank);
    assert_memory_equal(v.shape, want, (size_t)rank * sizeof *want);
    assert_int_equal(v.count, t->count);
    assert_ptr_equal(v.data, t->data);
    lm_tensor_fini(&v);
}

static void test_reshape(void **state)
{
    (void)state;
    LmError err;
    LmTensor t = make_counting(LM_I32);
    LmTensor v;
    check_reshape(&t, 1, (const int64_t[]){24}, (const int64_t[]){24});
    check_reshape(&t, 1, (const int64_t[]){-1}, (const int64_t[]){24});
    check_reshape(&t, 2, (const int64_t[]){6, -1}, (const int64_t[]){6, 4});
    check_reshape(&t, 4, (const int64_t[]){-1, 1, 12, 1}, (const int64_t[]){2, 1, 12, 1});
    check_reshape(&t, 8, (const int64_t[]){2, 2, 2, 3, 1, 1, 1, 1},
                  (const int64_t[]){2, 2, 2, 3, 1, 1, 1, 1});
    assert_fails(lm_tensor_reshape(&v, &t, 2, (const int64_t[]){5, 5}, &err), LM_ESHAPE, err,
                 "cannot reshape 3x2x4 (24 elements) to 5x5");
    assert_fails(lm_tensor_reshape(&v, &t, 2, (const int64_t[]){5, -1}, &err), LM_ESHAPE, err,
                 "to 5x-1");
    assert_fails(lm_tensor_reshape(&v, &t, 2, (const int64_t[]){0, -1}, &err), LM_ESHAPE, err,
                 "to 0x-1");
    assert_fails(lm_tensor_reshape(&v, &t, 2, (const int64_t[]){-1, -1}, &err), LM_ESHAPE, err,
                 "only one extent may be -1, got it at places 1 and 2");
    assert_fails(lm_tensor_reshape(&v, &t, 2, (const int64_t[]){-12, -2}, &err), LM_ESHAPE, err,
                 "extent 1 is -12");
    assert_fails(lm_tensor_reshape(&v, &t, 2, (const int64_t[]){INT64_MAX, 4}, &err), LM_ESHAPE,
                 err, "more elements");
    assert_fails(lm_tensor_reshape(&v, &t, 0, NULL, &err), LM_ESHAPE, err, "to scalar");
    assert_fails(lm_tensor_reshape(&v, &t, 9, t.shape, &err), LM_ESHAPE, err, "got 9");
    lm_tensor_fini(&t);
}

static void test_reshape_of_empty(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    const int64_t shape[] = {0, 3};
    assert_ok(lm_tensor_new(&t, LM_U8, 2, shape, &err), err);
    check_reshape(&t, 3, (const int64_t[]){5, 0, 7}, (const int64_t[]){5, 0, 7});
    check_reshape(&t, 2, (const int64_t[]){5, -1}, (const int64_t[]){5, 0});
    lm_tensor_fini(&t);
}

static void test_views_stay_read_only(void **state)
{
    (void)state;
    LmError err;
    LmTensor t = make_counting(LM_U8);
    LmTensor views[3];
    t.is_read_only = true;
    assert_ok(lm_tensor_narrow(&views[0], &t, 0, 1, &err), err);
    assert_ok(lm_tensor_index(&views[1], &t, 0, &err), err);
    assert_ok(lm_tensor_reshape(&views[2], &t, 1, (const int64_t[]){24}, &err), err);
    for (int i = 0; i < 3; i++) {
        assert_fails(lm_tensor_set(&views[i], 0, 1, &err), LM_ESTATE, err, "read-only");
        lm_tensor_fini(&views[i]);
    }
    lm_tensor_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_narrow_refuses),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_empty_items),
        cmocka_unit_test(test_reshape),
        cmocka_unit_test(test_reshape_of_empty),
        cmocka_unit_test(test_views_stay_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
