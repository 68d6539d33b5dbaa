/* Dimensions in another order, written out: tensors are always contiguous. */
#include <string.h>

#include "base/str.h"
#include "tensor/tensor.h"

static LmStatus check(const LmTensor *t, const int *order, LmError *err)
{
    unsigned seen = 0;
    for (int k = 0; k < t->rank; k++) {
        if (order[k] >= 0 && order[k] < t->rank) {
            seen |= 1u << order[k];
        }
    }
    if (seen != (1u << t->rank) - 1) {
        return lm_fail(err, LM_EARG, "an order of dimensions names each of 1 to %d once", t->rank);
    }
    return LM_OK;
}

/* Copies dimension k and those behind it; elements of the innermost lie `step` apart in the source.
 */
static char *copy(char *dst, const char *src, const LmTensor *out, int k, const int64_t *step,
                  size_t size)
{
    for (int64_t i = 0; i < out->shape[k]; i++) {
        const char *at = src + i * step[k] * (int64_t)size;
        if (k + 1 < out->rank) {
            dst = copy(dst, at, out, k + 1, step, size);
        } else {
            memcpy(dst, at, size);
            dst += size;
        }
    }
    return dst;
}

LmStatus lm_tensor_permute(LmTensor *out, const LmTensor *t, const int *order, LmError *err)
{
    LmTensor made = {0};
    int64_t shape[LM_RANK_MAX];
    int64_t stride[LM_RANK_MAX];
    int64_t step[LM_RANK_MAX];
    LmStatus st = check(t, order, err);
    if (st != LM_OK) {
        return st;
    }
    int64_t n = 1;
    for (int k = t->rank - 1; k >= 0; k--) {
        stride[k] = n;
        n *= t->shape[k];
    }
    for (int k = 0; k < t->rank; k++) {
        shape[k] = t->shape[order[k]];
        step[k] = stride[order[k]];
    }
    st = lm_tensor_new(&made, t->dtype, t->rank, shape, err);
    if (st == LM_OK) {
        copy(made.data, t->data, &made, 0, step, lm_dtype_size(t->dtype));
        *out = made;
    }
    return st;
}
