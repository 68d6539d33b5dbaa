#include "flow/batch.h"

#include <pthread.h>

#include "base/mem.h"

/* Lies at the start of a block while the block is idle. */
typedef struct Idle {
    struct Idle *next;
} Idle;

struct LmPool {
    pthread_mutex_t lock;
    size_t block_bytes;
    int max_idle;
    int n_idle;
    int64_t n_used;
    bool is_closed;
    Idle *idle;
};

LmStatus lm_pool_new(LmPool **out, size_t block_bytes, int max_idle, LmError *err)
{
    LmPool *pool = NULL;
    LmStatus st = lm_mem_zeros(&pool, 1, sizeof *pool, err);
    if (st != LM_OK) {
        return st;
    }
    LM_ASSERT(pthread_mutex_init(&pool->lock, NULL) == 0);
    pool->block_bytes = LM_MAX(block_bytes, sizeof(Idle));
    pool->max_idle = max_idle;
    *out = pool;
    return LM_OK;
}

static void destroy(LmPool *pool)
{
    pthread_mutex_destroy(&pool->lock);
    lm_mem_free(pool);
}

void lm_pool_close(LmPool *pool)
{
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    Idle *idle = pool->idle;
    bool is_last = pool->n_used == 0;
    pool->idle = NULL;
    pool->is_closed = true;
    pthread_mutex_unlock(&pool->lock);
    while (idle != NULL) {
        Idle *next = idle->next;
        lm_mem_free(idle);
        idle = next;
    }
    if (is_last) {
        destroy(pool);
    }
}

LmStatus lm_pool_take(LmPool *pool, void **out, LmError *err)
{
    void *block = NULL;
    LmStatus st = LM_OK;
    pthread_mutex_lock(&pool->lock);
    if (pool->idle != NULL) {
        block = pool->idle;
        pool->idle = pool->idle->next;
        pool->n_idle--;
    }
    pool->n_used++;
    pthread_mutex_unlock(&pool->lock);
    if (block == NULL) {
        st = lm_mem_alloc(&block, pool->block_bytes, 1, err);
    }
    if (st != LM_OK) {
        pthread_mutex_lock(&pool->lock);
        pool->n_used--;
        pthread_mutex_unlock(&pool->lock);
        return st;
    }
    *out = block;
    return LM_OK;
}

void lm_pool_give(void *pool_, void *block)
{
    LmPool *pool = pool_;
    pthread_mutex_lock(&pool->lock);
    bool is_kept = !pool->is_closed && pool->n_idle < pool->max_idle;
    if (is_kept) {
        Idle *idle = block;
        idle->next = pool->idle;
        pool->idle = idle;
        pool->n_idle++;
    }
    pool->n_used--;
    bool is_last = pool->is_closed && pool->n_used == 0;
    pthread_mutex_unlock(&pool->lock);
    if (!is_kept) {
        lm_mem_free(block);
    }
    if (is_last) {
        destroy(pool);
    }
}

int64_t lm_pool_n_used(LmPool *pool)
{
    pthread_mutex_lock(&pool->lock);
    int64_t n = pool->n_used;
    pthread_mutex_unlock(&pool->lock);
    return n;
}
