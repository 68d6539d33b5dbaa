/* Allocation with a hidden header, counters and the failure hook.
 *
 * `out` points to a pointer of the caller's type, so it is written with memcpy: storing through a
 * void ** would break C's aliasing rule once calls are inlined across files.
 */
#include "base/mem.h"

#include <stdatomic.h>
#include <string.h>

#include "base/str.h"

/* The size sits in the cache line before the block, so the block itself stays aligned. */
typedef struct Header {
    size_t size_bytes;
} Header;

static atomic_size_t in_use;
static atomic_size_t peak;
static atomic_llong fail_countdown;

void lm_mem_fail_nth(int64_t n)
{
    atomic_store(&fail_countdown, (long long)n);
}

static bool must_fail(void)
{
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) <= 0) {
        return false;
    }
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

static void count_added(size_t size_bytes)
{
    size_t now = atomic_fetch_add(&in_use, size_bytes) + size_bytes;
    size_t seen = atomic_load(&peak);
    while (now > seen && !atomic_compare_exchange_weak(&peak, &seen, now)) {
    }
}

LmStatus lm_mem_alloc(void *out, size_t n, size_t size_each, LmError *err)
{
    size_t size_bytes = 0;
    size_t total = 0;
    if (!lm_base_mul(n, size_each, &size_bytes) ||
        !lm_base_add(size_bytes, 2 * LM_MEM_ALIGN - 1, &total) || total > PTRDIFF_MAX) {
        return lm_fail(err, LM_EMEM, "out of memory: %zu x %zu bytes is more than can be addressed",
                       n, size_each);
    }
    total = total / LM_MEM_ALIGN * LM_MEM_ALIGN;
    char *raw = must_fail() ? NULL : aligned_alloc(LM_MEM_ALIGN, total);
    if (raw == NULL) {
        char text[32];
        return lm_fail(err, LM_EMEM, "out of memory: cannot allocate %s",
                       lm_str_bytes(text, sizeof text, size_bytes));
    }
    ((Header *)raw)->size_bytes = size_bytes;
    count_added(size_bytes);
    raw += LM_MEM_ALIGN;
    memcpy(out, &raw, sizeof raw);
    return LM_OK;
}

LmStatus lm_mem_zeros(void *out, size_t n, size_t size_each, LmError *err)
{
    LmStatus st = lm_mem_alloc(out, n, size_each, err);
    if (st == LM_OK) {
        void *block;
        memcpy(&block, out, sizeof block);
        memset(block, 0, n * size_each);
    }
    return st;
}

LmStatus lm_mem_strdup(char **out, const char *text, LmError *err)
{
    size_t size = strlen(text) + 1;
    LmStatus st = lm_mem_alloc(out, size, 1, err);
    if (st == LM_OK) {
        memcpy(*out, text, size);
    }
    return st;
}

void lm_mem_free(void *block)
{
    if (block == NULL) {
        return;
    }
    Header *header = (Header *)((char *)block - LM_MEM_ALIGN);
    atomic_fetch_sub(&in_use, header->size_bytes);
    free(header);
}

size_t lm_mem_in_use(void)
{
    return atomic_load(&in_use);
}

size_t lm_mem_peak(void)
{
    return atomic_load(&peak);
}
