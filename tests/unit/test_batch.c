/* The pool of batch buffers (src/flow/batch.c): blocks are used again, kept only so many, and may
 * come back long after the pool's owner left, from any thread. */
#include "help_test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "flow/batch.h"

enum { N = 9, BYTES = 1000 };

static void *take(LmPool *pool)
{
    LmError err;
    void *block = NULL;
    assert_ok(lm_pool_take(pool, &block, &err), err);
    assert_int_equal((uintptr_t)block % LM_MEM_ALIGN, 0);
    memset(block, 0x5A, BYTES);
    return block;
}

static LmPool *pool_of(size_t bytes, int max_idle)
{
    LmError err;
    LmPool *pool = NULL;
    assert_ok(lm_pool_new(&pool, bytes, max_idle, &err), err);
    return pool;
}

static void test_blocks_come_again(void **state)
{
    (void)state;
    LmPool *pool = pool_of(BYTES, 2);
    void *a = take(pool);
    void *b = take(pool);
    assert_ptr_not_equal(a, b);
    assert_int_equal(lm_pool_n_used(pool), 2);
    lm_pool_give(pool, a);
    assert_ptr_equal(take(pool), a);
    lm_pool_give(pool, a);
    lm_pool_give(pool, b);
    assert_int_equal(lm_pool_n_used(pool), 0);
    lm_pool_close(pool);
}

/* All are there at once; of those that come back, max_idle stay. */
static void test_idle(void **state)
{
    (void)state;
    for (int max_idle = 0; max_idle <= 4; max_idle += 2) {
        size_t before = lm_mem_in_use();
        LmPool *pool = pool_of(BYTES, max_idle);
        size_t empty = lm_mem_in_use();
        void *blocks[N];
        for (int turn = 0; turn < 3; turn++) {
            for (int i = 0; i < N; i++) {
                blocks[i] = take(pool);
            }
            assert_int_equal(lm_mem_in_use(), empty + (size_t)N * BYTES);
            for (int i = 0; i < N; i++) {
                lm_pool_give(pool, blocks[i]);
            }
            assert_int_equal(lm_mem_in_use(), empty + (size_t)max_idle * BYTES);
        }
        lm_pool_close(pool);
        assert_int_equal(lm_mem_in_use(), before);
    }
    lm_pool_close(NULL);
}

static void test_blocks_outlive_the_owner(void **state)
{
    (void)state;
    size_t before = lm_mem_in_use();
    LmPool *pool = pool_of(BYTES, 3);
    void *blocks[N];
    for (int i = 0; i < N; i++) {
        blocks[i] = take(pool);
    }
    lm_pool_give(pool, blocks[0]);
    lm_pool_close(pool);
    for (int i = 1; i < N; i++) {
        assert_true(((uint8_t *)blocks[i])[BYTES - 1] == 0x5A);
        lm_pool_give(pool, blocks[i]);
        assert_true(i == N - 1 || lm_mem_in_use() > before);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

/* Blocks smaller than the pool's own mark in them. */
static void test_tiny_blocks(void **state)
{
    (void)state;
    LmError err;
    LmPool *pool = pool_of(0, 2);
    void *a = NULL;
    void *b = NULL;
    assert_ok(lm_pool_take(pool, &a, &err), err);
    assert_ok(lm_pool_take(pool, &b, &err), err);
    lm_pool_give(pool, a);
    lm_pool_give(pool, b);
    lm_pool_close(pool);
}

static LmStatus use(LmError *err)
{
    LmPool *pool = NULL;
    void *a = NULL;
    void *b = NULL;
    LmStatus st = lm_pool_new(&pool, BYTES, 2, err);
    if (st == LM_OK && (st = lm_pool_take(pool, &a, err)) == LM_OK) {
        st = lm_pool_take(pool, &b, err);
        assert_int_equal(lm_pool_n_used(pool), st == LM_OK ? 2 : 1);
        lm_pool_give(pool, a);
    }
    if (st == LM_OK) {
        lm_pool_give(pool, b);
    }
    lm_pool_close(pool);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    assert_survives_oom(use(&err), err);
    LmPool *pool = pool_of(SIZE_MAX / 2, 2);
    void *block = NULL;
    assert_fails(lm_pool_take(pool, &block, &err), LM_EMEM, err, "out of memory");
    assert_null(block);
    assert_int_equal(lm_pool_n_used(pool), 0);
    lm_pool_close(pool);
}

static void *take_and_give(void *pool)
{
    for (int i = 0; i < 2000; i++) {
        LmError err;
        void *a = NULL;
        void *b = NULL;
        if (lm_pool_take(pool, &a, &err) != LM_OK || lm_pool_take(pool, &b, &err) != LM_OK) {
            abort();
        }
        memset(a, i, BYTES);
        memset(b, ~i, BYTES);
        lm_pool_give(pool, a);
        lm_pool_give(pool, b);
    }
    return NULL;
}

/* Many at once; the block given back last ends the pool. */
static void test_threads(void **state)
{
    (void)state;
    size_t before = lm_mem_in_use();
    LmPool *pool = pool_of(BYTES, 3);
    pthread_t threads[4];
    void *kept = take(pool);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, pool), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    lm_pool_close(pool);
    lm_pool_give(pool, kept);
    assert_int_equal(lm_mem_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_come_again),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_blocks_outlive_the_owner),
        cmocka_unit_test(test_tiny_blocks),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
