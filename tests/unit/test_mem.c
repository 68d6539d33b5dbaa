/* Alignment, exact counting, overflow and the failure hook. */
#include "help_test.h"

#include <pthread.h>

static void test_blocks_are_aligned_and_writable(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    for (size_t n = 0; n < 300; n++) {
        unsigned char *block = NULL;
        assert_ok(lm_mem_alloc(&block, n, 1, &err), err);
        assert_int_equal((uintptr_t)block % LM_MEM_ALIGN, 0);
        memset(block, 0xAB, n);
        assert_int_equal(lm_mem_in_use(), before + n);
        lm_mem_free(block);
        assert_int_equal(lm_mem_in_use(), before);
    }
}

static void test_zeros(void **state)
{
    (void)state;
    LmError err;
    for (int turn = 0; turn < 2; turn++) { /* the second turn meets memory that was used */
        double *v = NULL;
        assert_ok(lm_mem_zeros(&v, 1000, sizeof *v, &err), err);
        for (int i = 0; i < 1000; i++) {
            assert_true(v[i] == 0);
            v[i] = 1;
        }
        lm_mem_free(v);
    }
}

static void test_overflow_is_refused(void **state)
{
    (void)state;
    LmError err;
    void *block = &err;
    assert_fails(lm_mem_alloc(&block, SIZE_MAX, 2, &err), LM_EMEM, err, "can be addressed");
    assert_fails(lm_mem_alloc(&block, (size_t)1 << 32, (size_t)1 << 32, &err), LM_EMEM, err, "x");
    assert_fails(lm_mem_alloc(&block, SIZE_MAX - 63, 1, &err), LM_EMEM, err, "out of memory");
    assert_fails(lm_mem_zeros(&block, SIZE_MAX / 2, 1, &err), LM_EMEM, err, "can be addressed");
    assert_fails(lm_mem_zeros(&block, (size_t)1 << 46, 1, &err), LM_EMEM, err, "allocate 70.4 TB");
    assert_ptr_equal(block, &err);
}

static void test_strdup(void **state)
{
    (void)state;
    LmError err;
    char *copy = NULL;
    assert_ok(lm_mem_strdup(&copy, "", &err), err);
    assert_string_equal(copy, "");
    lm_mem_free(copy);
    assert_survives_oom(lm_mem_strdup(&copy, "luma", &err), err);
    assert_string_equal(copy, "luma");
    lm_mem_free(copy);
    lm_mem_free(NULL);
}

static void test_hook_fails_once(void **state)
{
    (void)state;
    LmError err;
    char *a = NULL;
    lm_mem_fail_nth(3);
    for (int i = 1; i <= 5; i++) {
        LmStatus st = lm_mem_alloc(&a, 1, 1, &err);
        assert_int_equal(st, i == 3 ? LM_EMEM : LM_OK);
        if (st == LM_OK) {
            lm_mem_free(a);
        }
    }
    lm_mem_fail_nth(1);
    lm_mem_fail_nth(0);
    assert_ok(lm_mem_alloc(&a, 1, 1, &err), err);
    lm_mem_free(a);
}

static void test_peak(void **state)
{
    (void)state;
    LmError err;
    char *a = NULL;
    size_t wanted = lm_mem_peak() + 1000;
    assert_ok(lm_mem_alloc(&a, wanted, 1, &err), err);
    assert_true(lm_mem_peak() >= wanted);
    size_t peak = lm_mem_peak();
    lm_mem_free(a);
    assert_int_equal(lm_mem_peak(), peak);
}

static void *churn(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < 5000; i++) {
        LmError err;
        char *block = NULL;
        if (lm_mem_alloc(&block, i % 97, 3, &err) == LM_OK) {
            lm_mem_free(block);
        }
    }
    return NULL;
}

static void test_counts_stay_exact_between_threads(void **state)
{
    (void)state;
    size_t before = lm_mem_in_use();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_aligned_and_writable),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_overflow_is_refused),
        cmocka_unit_test(test_strdup),
        cmocka_unit_test(test_hook_fails_once),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_counts_stay_exact_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
