/* Element runs to and from double, one small loop a dtype.
 *
 * The integer stores compare against the bounds before the cast, because converting a double that
 * does not fit is undefined; the comparisons are false for NaN, which is refused the same way.
 */
#include "tensor/chunk.h"

#include <inttypes.h>
#include <math.h>

#include "base/str.h"

void lm_chunk_load(double *dst, const LmTensor *t, int64_t first, int64_t n)
{
    switch (t->dtype) {
#define LOAD_CASE(name, type, text)                                                                \
    case name: {                                                                                   \
        const type *src = (const type *)t->data + first;                                           \
        for (int64_t i = 0; i < n; i++) {                                                          \
            dst[i] = (double)src[i];                                                               \
        }                                                                                          \
        break;                                                                                     \
    }
        LM_DTYPE_LIST(LOAD_CASE)
#undef LOAD_CASE
    case LM_DTYPE_COUNT:
        LM_ASSERT(!"a dtype");
    }
}

/* "[3,1,28]": where flat position `flat` is, counted from 1. */
static void add_position(LmStr *s, const LmTensor *t, int64_t flat)
{
    int64_t index[LM_RANK_MAX];
    for (int i = t->rank - 1; i >= 0; i--) {
        index[i] = flat % t->shape[i] + 1;
        flat /= t->shape[i];
    }
    for (int i = 0; i < t->rank; i++) {
        lm_str_add(s, "%s%" PRId64, i == 0 ? " [" : ",", index[i]);
    }
    lm_str_add(s, t->rank > 0 ? "]" : "");
}

static LmStatus fail_range(const LmTensor *t, int64_t flat, double value, LmError *err)
{
    char buffer[192];
    LmStr where = lm_str(buffer, sizeof buffer);
    add_position(&where, t, flat);
    const char *range = t->dtype == LM_U8 ? "0 to 255" : "-2147483648 to 2147483647";
    return lm_fail(err, LM_EARG, "element%s is %.9g, %s holds whole numbers from %s", buffer, value,
                   lm_dtype_name(t->dtype), range);
}

static LmStatus store_u8(LmTensor *t, int64_t first, int64_t n, const double *src, LmError *err)
{
    uint8_t *dst = (uint8_t *)t->data + first;
    for (int64_t i = 0; i < n; i++) {
        double v = rint(src[i]);
        if (!(v >= 0 && v <= UINT8_MAX)) {
            return fail_range(t, first + i, src[i], err);
        }
        dst[i] = (uint8_t)v;
    }
    return LM_OK;
}

static LmStatus store_i32(LmTensor *t, int64_t first, int64_t n, const double *src, LmError *err)
{
    int32_t *dst = (int32_t *)t->data + first;
    for (int64_t i = 0; i < n; i++) {
        double v = rint(src[i]);
        if (!(v >= INT32_MIN && v <= INT32_MAX)) {
            return fail_range(t, first + i, src[i], err);
        }
        dst[i] = (int32_t)v;
    }
    return LM_OK;
}

LmStatus lm_chunk_store(LmTensor *t, int64_t first, int64_t n, const double *src, LmError *err)
{
    switch (t->dtype) {
    case LM_U8:
        return store_u8(t, first, n, src, err);
    case LM_I32:
        return store_i32(t, first, n, src, err);
    case LM_F32:
        for (int64_t i = 0; i < n; i++) {
            ((float *)t->data)[first + i] = (float)src[i];
        }
        return LM_OK;
    case LM_F64:
        for (int64_t i = 0; i < n; i++) {
            ((double *)t->data)[first + i] = src[i];
        }
        return LM_OK;
    case LM_DTYPE_COUNT:
        break;
    }
    LM_ASSERT(!"a dtype");
    return LM_OK;
}
