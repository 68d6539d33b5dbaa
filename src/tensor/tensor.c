/* Making, sharing and dropping tensors: reference-counted storage and checked shapes.
 *
 * A storage made here is one block, header first and elements from the next cache line on; a
 * wrapped one is a header alone that knows how to give the foreign bytes back. The count of owners
 * is atomic because batches travel between threads.
 */
#include "tensor/tensor.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/str.h"

struct LmStorage {
    atomic_int refs;
    void (*release)(void *ctx, void *bytes); /* NULL: the elements follow in this block */
    void *ctx;
    void *bytes;
};

enum { STORAGE_HEAD = LM_MEM_ALIGN };
_Static_assert(sizeof(LmStorage) <= STORAGE_HEAD, "the head must keep the elements aligned");

/* Fills everything but storage and data. The product skips zero extents, so that a part of an empty
 * tensor's shape cannot overflow either. */
static LmStatus set_shape(LmTensor *t, LmDtype dtype, int rank, const int64_t *shape, LmError *err)
{
    LM_ASSERT((unsigned)dtype < LM_DTYPE_COUNT);
    if (rank < 0 || rank > LM_RANK_MAX) {
        return lm_fail(err, LM_ESHAPE, "a tensor has 0 to %d dimensions, got %d", LM_RANK_MAX,
                       rank);
    }
    char text[96];
    int64_t bytes = (int64_t)lm_dtype_size(dtype);
    int64_t zero = 1;
    *t = (LmTensor){.dtype = dtype, .rank = rank};
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 0) {
            return lm_fail(err, LM_ESHAPE, "shape %s: extent %d is negative",
                           lm_str_shape(text, sizeof text, rank, shape), i + 1);
        }
        if (shape[i] == 0) {
            zero = 0;
        } else if (__builtin_mul_overflow(bytes, shape[i], &bytes)) {
            return lm_fail(err, LM_ESHAPE, "shape %s has more elements than can be addressed",
                           lm_str_shape(text, sizeof text, rank, shape));
        }
        t->shape[i] = shape[i];
    }
    t->count = zero * bytes / (int64_t)lm_dtype_size(dtype);
    return LM_OK;
}

typedef LmStatus AllocFn(void *out, size_t n, size_t size_each, LmError *err);

static LmStatus make(LmTensor *out, LmDtype dtype, int rank, const int64_t *shape, AllocFn *alloc,
                     LmError *err)
{
    LmTensor t;
    LmStatus st = set_shape(&t, dtype, rank, shape, err);
    if (st != LM_OK) {
        return st;
    }
    st = alloc(&t.storage, STORAGE_HEAD + lm_tensor_size_bytes(&t), 1, err);
    if (st != LM_OK) {
        char text[128];
        return lm_error_context(err, "%s", lm_tensor_describe(&t, text, sizeof text));
    }
    *t.storage = (LmStorage){.release = NULL};
    atomic_init(&t.storage->refs, 1);
    t.data = (char *)t.storage + STORAGE_HEAD;
    *out = t;
    return LM_OK;
}

LmStatus lm_tensor_new(LmTensor *out, LmDtype dtype, int rank, const int64_t *shape, LmError *err)
{
    return make(out, dtype, rank, shape, lm_mem_alloc, err);
}

LmStatus lm_tensor_zeros(LmTensor *out, LmDtype dtype, int rank, const int64_t *shape, LmError *err)
{
    return make(out, dtype, rank, shape, lm_mem_zeros, err);
}

LmStatus lm_tensor_wrap(LmTensor *out, LmDtype dtype, int rank, const int64_t *shape, void *bytes,
                        void (*release)(void *ctx, void *bytes), void *ctx, LmError *err)
{
    LM_ASSERT(release != NULL);
    LM_ASSERT((uintptr_t)bytes % lm_dtype_size(dtype) == 0);
    LmTensor t;
    LmStatus st = set_shape(&t, dtype, rank, shape, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&t.storage, 1, sizeof *t.storage, err);
    }
    if (st != LM_OK) {
        release(ctx, bytes);
        return st;
    }
    *t.storage = (LmStorage){.release = release, .ctx = ctx, .bytes = bytes};
    atomic_init(&t.storage->refs, 1);
    t.data = bytes;
    *out = t;
    return LM_OK;
}

LmTensor lm_tensor_share(const LmTensor *t)
{
    if (t->storage != NULL) {
        atomic_fetch_add_explicit(&t->storage->refs, 1, memory_order_relaxed);
    }
    return *t;
}

void lm_tensor_fini(LmTensor *t)
{
    LmStorage *s = t->storage;
    *t = (LmTensor){0};
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    if (s->release != NULL) {
        s->release(s->ctx, s->bytes);
    }
    lm_mem_free(s);
}

size_t lm_tensor_size_bytes(const LmTensor *t)
{
    return (size_t)t->count * lm_dtype_size(t->dtype);
}

bool lm_tensor_same_shape(const LmTensor *a, const LmTensor *b)
{
    return a->rank == b->rank &&
           memcmp(a->shape, b->shape, (size_t)a->rank * sizeof a->shape[0]) == 0;
}

bool lm_tensor_equal(const LmTensor *a, const LmTensor *b)
{
    if (a->dtype != b->dtype || !lm_tensor_same_shape(a, b)) {
        return false;
    }
    return a->count == 0 || memcmp(a->data, b->data, lm_tensor_size_bytes(a)) == 0;
}

void lm_tensor_sha256(const LmTensor *t, char out[65])
{
    LmSha256 hash;
    lm_sha256_init(&hash);
    lm_sha256_add(&hash, t->data, lm_tensor_size_bytes(t));
    lm_sha256_end(&hash, out);
}

const char *lm_tensor_describe(const LmTensor *t, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    lm_str_add(&s, "%s tensor ", lm_dtype_name(t->dtype));
    lm_str_add_shape(&s, t->rank, t->shape);
    return buffer;
}
