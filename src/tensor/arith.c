/* Arithmetic and comparison element by element.
 *
 * Every operation is done once in double and rounded once to the result's type. For f32 operands
 * this equals the f32 operation: rounding a sum, product or quotient of two 24-bit numbers first to
 * 53 bits cannot change the second rounding, since 53 >= 2 * 24 + 2 (Figueroa, "When is double
 * rounding innocuous?", SIGNUM 1995).
 */
#include "tensor/tensor.h"

#include <math.h>

#include "base/str.h"
#include "tensor/chunk.h"

static LmStatus check_shapes(const LmTensor *a, const LmTensor *b, const char *verb, LmError *err)
{
    if (lm_tensor_same_shape(a, b)) {
        return LM_OK;
    }
    char left[96];
    char right[96];
    return lm_fail(err, LM_ESHAPE, "cannot %s tensors of shapes %s and %s: they must be equal",
                   verb, lm_str_shape(left, sizeof left, a->rank, a->shape),
                   lm_str_shape(right, sizeof right, b->rank, b->shape));
}

/* a[i] = a[i] op b[i] */
static void combine(char op, double *a, const double *b, int64_t n)
{
    switch (op) {
    case '+':
        for (int64_t i = 0; i < n; i++) {
            a[i] += b[i];
        }
        break;
    case '-':
        for (int64_t i = 0; i < n; i++) {
            a[i] -= b[i];
        }
        break;
    case '*':
        for (int64_t i = 0; i < n; i++) {
            a[i] *= b[i];
        }
        break;
    case '/':
        for (int64_t i = 0; i < n; i++) {
            a[i] /= b[i];
        }
        break;
    default:
        LM_ASSERT(!"one of + - * /");
    }
}

static void load_operand(double *dst, const LmTensor *t, double scalar, int64_t first, int64_t n)
{
    if (t != NULL) {
        lm_chunk_load(dst, t, first, n);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        dst[i] = scalar;
    }
}

LmStatus lm_tensor_arith(LmTensor *out, char op, const LmTensor *a, double a_scalar,
                         const LmTensor *b, double b_scalar, LmError *err)
{
    LM_ASSERT(a != NULL || b != NULL);
    LmStatus st = a != NULL && b != NULL ? check_shapes(a, b, "combine", err) : LM_OK;
    if (st != LM_OK) {
        return st;
    }
    const LmTensor *model = a != NULL ? a : b;
    bool is_wide = (a != NULL && a->dtype == LM_F64) || (b != NULL && b->dtype == LM_F64);
    LmTensor result;
    st = lm_tensor_new(&result, is_wide ? LM_F64 : LM_F32, model->rank, model->shape, err);
    if (st != LM_OK) {
        return st;
    }
    double left[LM_CHUNK];
    double right[LM_CHUNK];
    for (int64_t i = 0; i < result.count && st == LM_OK; i += LM_CHUNK) {
        int64_t n = LM_MIN((int64_t)LM_CHUNK, result.count - i);
        load_operand(left, a, a_scalar, i, n);
        load_operand(right, b, b_scalar, i, n);
        combine(op, left, right, n);
        st = lm_chunk_store(&result, i, n, left, err);
    }
    LM_ASSERT(st == LM_OK); /* floating-point types hold every double */
    *out = result;
    return LM_OK;
}

LmStatus lm_tensor_max_abs_diff(const LmTensor *a, const LmTensor *b, double *out, LmError *err)
{
    LmStatus st = check_shapes(a, b, "compare", err);
    if (st != LM_OK) {
        return st;
    }
    double left[LM_CHUNK];
    double right[LM_CHUNK];
    double largest = 0;
    bool has_nan = false;
    for (int64_t i = 0; i < a->count; i += LM_CHUNK) {
        int64_t n = LM_MIN((int64_t)LM_CHUNK, a->count - i);
        lm_chunk_load(left, a, i, n);
        lm_chunk_load(right, b, i, n);
        for (int64_t j = 0; j < n; j++) {
            double d = fabs(left[j] - right[j]);
            has_nan |= isnan(d);
            largest = d > largest ? d : largest;
        }
    }
    *out = has_nan ? (double)NAN : largest;
    return LM_OK;
}
