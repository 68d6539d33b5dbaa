/* Copies of tensors, to another dtype or the same, and single elements as doubles.
 *
 * A copy never shares storage and can always be written to, whatever it was made from. Values that
 * the new dtype cannot hold are refused, not cut: a wrapped pixel would look like data.
 */
#include "tensor/tensor.h"

#include <string.h>

#include "base/str.h"
#include "tensor/chunk.h"

LmStatus lm_tensor_clone(LmTensor *out, const LmTensor *t, LmError *err)
{
    LmTensor copy;
    LmStatus st = lm_tensor_new(&copy, t->dtype, t->rank, t->shape, err);
    if (st != LM_OK) {
        return st;
    }
    if (t->count > 0) {
        memcpy(copy.data, t->data, lm_tensor_size_bytes(t));
    }
    *out = copy;
    return LM_OK;
}

LmStatus lm_tensor_to(LmTensor *out, const LmTensor *t, LmDtype dtype, LmError *err)
{
    if (t->dtype == dtype) {
        return lm_tensor_clone(out, t, err);
    }
    double chunk[LM_CHUNK];
    LmTensor copy;
    LmStatus st = lm_tensor_new(&copy, dtype, t->rank, t->shape, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < t->count && st == LM_OK; i += LM_CHUNK) {
        int64_t n = LM_MIN((int64_t)LM_CHUNK, t->count - i);
        lm_chunk_load(chunk, t, i, n);
        st = lm_chunk_store(&copy, i, n, chunk, err);
    }
    if (st != LM_OK) {
        lm_tensor_fini(&copy);
        return lm_error_context(err, "cannot convert %s to %s", lm_dtype_name(t->dtype),
                                lm_dtype_name(dtype));
    }
    *out = copy;
    return LM_OK;
}

double lm_tensor_get(const LmTensor *t, int64_t flat)
{
    LM_ASSERT(flat >= 0 && flat < t->count);
    double value;
    lm_chunk_load(&value, t, flat, 1);
    return value;
}

LmStatus lm_tensor_set(LmTensor *t, int64_t flat, double value, LmError *err)
{
    LM_ASSERT(flat >= 0 && flat < t->count);
    if (t->is_read_only) {
        return lm_fail(err, LM_ESTATE,
                       "this tensor is read-only: its numbers belong to a file or "
                       "data set; change a copy (clone) instead");
    }
    return lm_chunk_store(t, flat, 1, &value, err);
}
