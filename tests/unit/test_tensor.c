/* Making, sharing and dropping tensors; shapes that cannot be; equality and digests. */
#include "help_test.h"

#include <pthread.h>

#include "tensor/tensor.h"

static void test_shapes(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    size_t before = lm_mem_in_use();
    for (int rank = 0; rank <= LM_RANK_MAX; rank++) {
        const int64_t shape[] = {2, 1, 3, 1, 2, 1, 1, 5};
        static const int64_t counts[] = {1, 2, 2, 6, 6, 12, 12, 12, 60};
        assert_ok(lm_tensor_zeros(&t, LM_F64, rank, shape, &err), err);
        assert_int_equal(t.rank, rank);
        assert_int_equal(t.count, counts[rank]);
        assert_memory_equal(t.shape, shape, (size_t)rank * sizeof shape[0]);
        assert_int_equal((uintptr_t)t.data % LM_MEM_ALIGN, 0);
        assert_int_equal(lm_tensor_size_bytes(&t), 8 * counts[rank]);
        assert_false(t.is_read_only);
        for (int64_t i = 0; i < t.count; i++) {
            assert_true(lm_tensor_get(&t, i) == 0);
        }
        lm_tensor_fini(&t);
        assert_null(t.storage);
        lm_tensor_fini(&t);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_empty(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    char digest[65];
    const int64_t shape[] = {3, 0, 4};
    assert_ok(lm_tensor_new(&t, LM_I32, 3, shape, &err), err);
    assert_int_equal(t.count, 0);
    assert_int_equal(lm_tensor_size_bytes(&t), 0);
    lm_tensor_sha256(&t, digest);
    assert_string_equal(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    lm_tensor_fini(&t);
}

static void test_impossible_shapes(void **state)
{
    (void)state;
    LmError err;
    LmTensor t = {.rank = 77};
    const int64_t huge[] = {(int64_t)1 << 31, (int64_t)1 << 31, (int64_t)1 << 31};
    const int64_t max[] = {INT64_MAX, 0};
    const int64_t large[] = {(int64_t)1 << 45};
    const int64_t negative[] = {3, -1};
    const int64_t hidden[] = {0, INT64_MAX, 4};
    assert_fails(lm_tensor_new(&t, LM_U8, 3, huge, &err), LM_ESHAPE, err,
                 "shape 2147483648x2147483648x2147483648 has more elements");
    assert_fails(lm_tensor_new(&t, LM_F64, 1, max, &err), LM_ESHAPE, err, "addressed");
    assert_fails(lm_tensor_new(&t, LM_U8, 3, hidden, &err), LM_ESHAPE, err, "addressed");
    assert_fails(lm_tensor_new(&t, LM_U8, 1, max, &err), LM_EMEM, err, "out of memory");
    assert_fails(lm_tensor_new(&t, LM_F64, 1, large, &err), LM_EMEM, err,
                 "f64 tensor 35184372088832: out of memory");
    assert_fails(lm_tensor_new(&t, LM_U8, 2, negative, &err), LM_ESHAPE, err,
                 "shape 3x-1: extent 2 is negative");
    assert_fails(lm_tensor_new(&t, LM_U8, 9, huge, &err), LM_ESHAPE, err,
                 "0 to 8 dimensions, got 9");
    assert_fails(lm_tensor_new(&t, LM_U8, -1, huge, &err), LM_ESHAPE, err, "got -1");
    assert_int_equal(t.rank, 77);
}

static int n_released;
static void *released_ctx;
static void *released_bytes;

static void count_release(void *ctx, void *bytes)
{
    n_released++;
    released_ctx = ctx;
    released_bytes = bytes;
}

static void test_wrap_releases_once(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    float values[6] = {1, 2, 3, 4, 5, 6};
    const int64_t shape[] = {2, 3};
    size_t before = lm_mem_in_use();
    n_released = 0;
    assert_ok(lm_tensor_wrap(&t, LM_F32, 2, shape, values, count_release, &err, &err), err);
    assert_ptr_equal(t.data, values);
    LmTensor second = lm_tensor_share(&t);
    lm_tensor_fini(&t);
    assert_int_equal(n_released, 0);
    assert_true(lm_tensor_get(&second, 5) == 6);
    lm_tensor_fini(&second);
    assert_int_equal(n_released, 1);
    assert_ptr_equal(released_ctx, &err);
    assert_ptr_equal(released_bytes, values);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_wrap_releases_on_failure(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    float values[6];
    const int64_t bad[] = {2, -3};
    n_released = 0;
    assert_fails(lm_tensor_wrap(&t, LM_F32, 2, bad, values, count_release, NULL, &err), LM_ESHAPE,
                 err, "negative");
    assert_int_equal(n_released, 1);
    lm_mem_fail_nth(1);
    assert_fails(lm_tensor_wrap(&t, LM_F32, 0, NULL, values, count_release, NULL, &err), LM_EMEM,
                 err, "out of memory");
    assert_int_equal(n_released, 2);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    const int64_t shape[] = {10, 10};
    assert_survives_oom(lm_tensor_new(&t, LM_F32, 2, shape, &err), err);
    lm_tensor_fini(&t);
    assert_survives_oom(lm_tensor_zeros(&t, LM_F32, 2, shape, &err), err);
    lm_tensor_fini(&t);
}

static void *share_and_drop(void *arg)
{
    for (int i = 0; i < 20000; i++) {
        LmTensor mine = lm_tensor_share(arg);
        lm_tensor_fini(&mine);
    }
    return NULL;
}

static void test_owners_in_threads(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    pthread_t threads[4];
    size_t before = lm_mem_in_use();
    assert_ok(lm_tensor_zeros(&t, LM_U8, 0, NULL, &err), err);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, share_and_drop, &t), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(lm_mem_in_use() > before);
    lm_tensor_fini(&t);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_equal(void **state)
{
    (void)state;
    LmError err;
    LmTensor a;
    LmTensor b;
    LmTensor c;
    const int64_t shape[] = {2, 2};
    const int64_t flat[] = {4};
    assert_ok(lm_tensor_zeros(&a, LM_F32, 2, shape, &err), err);
    assert_ok(lm_tensor_zeros(&b, LM_F32, 2, shape, &err), err);
    assert_true(lm_tensor_equal(&a, &b));
    assert_ok(lm_tensor_set(&b, 3, -0.0, &err), err);
    assert_false(lm_tensor_equal(&a, &b)); /* bytes, not values */
    assert_ok(lm_tensor_reshape(&c, &a, 1, flat, &err), err);
    assert_false(lm_tensor_equal(&a, &c));
    assert_false(lm_tensor_same_shape(&a, &c));
    lm_tensor_fini(&c);
    assert_ok(lm_tensor_zeros(&c, LM_I32, 2, shape, &err), err);
    assert_false(lm_tensor_equal(&a, &c));
    assert_true(lm_tensor_same_shape(&a, &c));
    lm_tensor_fini(&a);
    lm_tensor_fini(&b);
    lm_tensor_fini(&c);
}

static void test_digest_and_description(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    char digest[65];
    char text[64];
    const int64_t shape[] = {3};
    assert_ok(lm_tensor_new(&t, LM_U8, 1, shape, &err), err);
    memcpy(t.data, "abc", 3);
    lm_tensor_sha256(&t, digest);
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(lm_tensor_describe(&t, text, sizeof text), "u8 tensor 3");
    lm_tensor_fini(&t);
    assert_ok(lm_tensor_new(&t, LM_F32, 0, NULL, &err), err);
    assert_string_equal(lm_tensor_describe(&t, text, sizeof text), "f32 tensor scalar");
    lm_tensor_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_impossible_shapes),
        cmocka_unit_test(test_wrap_releases_once),
        cmocka_unit_test(test_wrap_releases_on_failure),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_owners_in_threads),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_digest_and_description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
