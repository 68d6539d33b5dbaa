/* Views: a range along the first dimension, one item of it, or the same elements in another shape.
 *
 * A view shares storage and the read-only mark; its elements lie without gaps in the parent's,
 * which is why only the first dimension can be narrowed.
 */
#include "tensor/tensor.h"

#include <inttypes.h>

#include "base/str.h"

static LmTensor range_of(const LmTensor *t, int64_t first, int64_t count)
{
    LmTensor view = lm_tensor_share(t);
    /* An empty item has no size to step by; dividing by an extent of 0 is avoided the same way. */
    int64_t item = t->shape[0] > 0 ? t->count / t->shape[0] : 0;
    view.data = (char *)t->data + (size_t)(first * item) * lm_dtype_size(t->dtype);
    view.shape[0] = count;
    view.count = count * item;
    return view;
}

LmStatus lm_tensor_narrow(LmTensor *out, const LmTensor *t, int64_t first, int64_t count,
                          LmError *err)
{
    LM_ASSERT(out != t);
    if (t->rank == 0) {
        return lm_fail(err, LM_ESHAPE, "a scalar has no dimension to take a range of");
    }
    int64_t n = t->shape[0];
    if (count < 0) {
        return lm_fail(err, LM_EARG, "cannot take %" PRId64 " items", count);
    }
    if (first < 0 || first > n || count > n - first) {
        return lm_fail(err, LM_EARG,
                       "%" PRId64 " items from position %" PRId64 " do not lie within 1 to %" PRId64
                       ", the items of this tensor",
                       count, first < INT64_MAX ? first + 1 : first, n);
    }
    *out = range_of(t, first, count);
    return LM_OK;
}

LmStatus lm_tensor_index(LmTensor *out, const LmTensor *t, int64_t index, LmError *err)
{
    LM_ASSERT(out != t);
    if (t->rank == 0) {
        return lm_fail(err, LM_ESHAPE, "a scalar has no items to index");
    }
    if (index < 0 || index >= t->shape[0]) {
        return lm_fail(err, LM_EARG, "position %" PRId64 " is not within 1 to %" PRId64,
                       index < INT64_MAX ? index + 1 : index, t->shape[0]);
    }
    LmTensor view = range_of(t, index, 1);
    view.rank--;
    for (int i = 0; i < view.rank; i++) {
        view.shape[i] = view.shape[i + 1];
    }
    view.shape[view.rank] = 0;
    *out = view;
    return LM_OK;
}

/* Copies `shape` to `full` with -1 replaced by the extent that makes the counts agree; a shape that
 * cannot agree is copied unchanged and fails the comparison of counts. */
static LmStatus resolve(int64_t *full, int64_t *count, const LmTensor *t, int rank,
                        const int64_t *shape, LmError *err)
{
    int unknown = -1;
    int64_t known = 1;
    for (int i = 0; i < rank; i++) {
        full[i] = shape[i];
        if (shape[i] == -1 && unknown >= 0) {
            return lm_fail(err, LM_ESHAPE, "only one extent may be -1, got it at places %d and %d",
                           unknown + 1, i + 1);
        }
        if (shape[i] < -1) {
            return lm_fail(err, LM_ESHAPE, "extent %d is %" PRId64 ", want 0 or more, or one -1",
                           i + 1, shape[i]);
        }
        if (shape[i] == -1) {
            unknown = i;
        } else if (__builtin_mul_overflow(known, shape[i], &known)) {
            return lm_fail(err, LM_ESHAPE, "the new shape has more elements than can be counted");
        }
    }
    if (unknown >= 0 && known > 0 && t->count % known == 0) {
        full[unknown] = t->count / known;
        known = t->count;
    } else if (unknown >= 0) {
        known = -1;
    }
    *count = known;
    return LM_OK;
}

LmStatus lm_tensor_reshape(LmTensor *out, const LmTensor *t, int rank, const int64_t *shape,
                           LmError *err)
{
    LM_ASSERT(out != t);
    if (rank < 0 || rank > LM_RANK_MAX) {
        return lm_fail(err, LM_ESHAPE, "a tensor has 0 to %d dimensions, got %d", LM_RANK_MAX,
                       rank);
    }
    int64_t full[LM_RANK_MAX] = {0};
    int64_t count = 0;
    LmStatus st = resolve(full, &count, t, rank, shape, err);
    if (st != LM_OK) {
        return st;
    }
    if (count != t->count) {
        char from[96];
        char to[96];
        char n[32];
        return lm_fail(err, LM_ESHAPE, "cannot reshape %s (%s elements) to %s",
                       lm_str_shape(from, sizeof from, t->rank, t->shape),
                       lm_str_count(n, sizeof n, t->count),
                       lm_str_shape(to, sizeof to, rank, shape));
    }
    LmTensor view = lm_tensor_share(t);
    view.rank = rank;
    for (int i = 0; i < LM_RANK_MAX; i++) {
        view.shape[i] = full[i];
    }
    *out = view;
    return LM_OK;
}
