/* A tensor: typed numbers in row-major order on reference-counted storage.
 *
 * Tensors are always contiguous: a view (lm_tensor_narrow, lm_tensor_index, lm_tensor_reshape)
 * shares the storage of a range along the first dimension, so no kernel ever meets strides. Shared
 * storage lives until its last tensor is gone; it may be a mapped file (then read-only).
 */
#ifndef LM_TENSOR_H
#define LM_TENSOR_H

#include "base/error.h"

enum { LM_RANK_MAX = 8 };

/* name, C type, short name used by scripts */
#define LM_DTYPE_LIST(X)                                                                           \
    X(LM_U8, uint8_t, "u8")                                                                        \
    X(LM_I32, int32_t, "i32")                                                                      \
    X(LM_F32, float, "f32")                                                                        \
    X(LM_F64, double, "f64")

typedef enum LmDtype {
#define LM_DTYPE_ENUM(name, type, text) name,
    LM_DTYPE_LIST(LM_DTYPE_ENUM)
#undef LM_DTYPE_ENUM
        LM_DTYPE_COUNT
} LmDtype;

const char *lm_dtype_name(LmDtype dtype);
size_t lm_dtype_size(LmDtype dtype);
/* False when no dtype has that short name. */
bool lm_dtype_from_name(const char *name, LmDtype *out);

typedef struct LmStorage LmStorage;

typedef struct LmTensor {
    LmStorage *storage;
    void *data; /* first element; aligned to 64 bytes in tensors made by lm_tensor_new */
    LmDtype dtype;
    int rank;
    int64_t shape[LM_RANK_MAX];
    int64_t count; /* product of shape; 1 for rank 0 */
    bool is_read_only;
} LmTensor;

/* An LmTensor is a value that owns one reference to its storage: lm_tensor_fini gives it back,
 * lm_tensor_share makes a second owner. A zeroed LmTensor owns nothing; fini of it is fine. */
LmStatus lm_tensor_new(LmTensor *out, LmDtype dtype, int rank, const int64_t *shape,
                       LmError *err) LM_MUST_CHECK; /* contents undefined */
LmStatus lm_tensor_zeros(LmTensor *out, LmDtype dtype, int rank, const int64_t *shape,
                         LmError *err) LM_MUST_CHECK;
/* Around bytes somebody else made (a mapped file, a pool buffer), aligned for the dtype:
 * `release(ctx, bytes)` is called when the last owner is gone, by whichever thread that is, and at
 * once when this function fails. */
LmStatus lm_tensor_wrap(LmTensor *out, LmDtype dtype, int rank, const int64_t *shape, void *bytes,
                        void (*release)(void *ctx, void *bytes), void *ctx,
                        LmError *err) LM_MUST_CHECK;
LmTensor lm_tensor_share(const LmTensor *t);
void lm_tensor_fini(LmTensor *t);

size_t lm_tensor_size_bytes(const LmTensor *t);
/* Same rank and extents. */
bool lm_tensor_same_shape(const LmTensor *a, const LmTensor *b);

/* Views; `out` may not be `t`. `first` is 0-based. Errors (LM_EARG, LM_ESHAPE) speak of 1-based
 * positions, as scripts do. */
LmStatus lm_tensor_narrow(LmTensor *out, const LmTensor *t, int64_t first, int64_t count,
                          LmError *err) LM_MUST_CHECK;
LmStatus lm_tensor_index(LmTensor *out, const LmTensor *t, int64_t index,
                         LmError *err) LM_MUST_CHECK; /* drops the first dimension */
/* One extent may be -1: it is worked out. */
LmStatus lm_tensor_reshape(LmTensor *out, const LmTensor *t, int rank, const int64_t *shape,
                           LmError *err) LM_MUST_CHECK;

/* New tensor whose dimension k is dimension order[k] of t, counted from 0. LM_EARG where `order`
 * does not name each once. */
LmStatus lm_tensor_permute(LmTensor *out, const LmTensor *t, const int *order,
                           LmError *err) LM_MUST_CHECK;

/* New tensor with the values of t. To u8 and i32, values are rounded to nearest even and must fit:
 * a value out of range or NaN is LM_EARG naming its position. */
LmStatus lm_tensor_to(LmTensor *out, const LmTensor *t, LmDtype dtype, LmError *err) LM_MUST_CHECK;
LmStatus lm_tensor_clone(LmTensor *out, const LmTensor *t, LmError *err) LM_MUST_CHECK;

double lm_tensor_get(const LmTensor *t, int64_t flat);
/* Rounds and checks as lm_tensor_to does; LM_ESTATE when t is read-only. */
LmStatus lm_tensor_set(LmTensor *t, int64_t flat, double value, LmError *err) LM_MUST_CHECK;

/* Facts over all elements; t.count > 0 (else LM_ESHAPE). u8 and i32 (below 2^33 elements): exact
 * integer sums, mean and std rounded once; f32, f64: accumulated in double in one fixed order.
 * Population std. NaN elements make every fact NaN. */
typedef struct LmTensorFacts {
    double min, max, sum, mean, std;
} LmTensorFacts;
LmStatus lm_tensor_facts(const LmTensor *t, LmTensorFacts *out, LmError *err) LM_MUST_CHECK;

/* Element by element, result f32 (f64 when an operand is f64). op is '+', '-', '*' or '/'. A NULL
 * tensor operand stands for its scalar. Shapes must be equal. */
LmStatus lm_tensor_arith(LmTensor *out, char op, const LmTensor *a, double a_scalar,
                         const LmTensor *b, double b_scalar, LmError *err) LM_MUST_CHECK;

/* Same dtype, shape and bytes. */
bool lm_tensor_equal(const LmTensor *a, const LmTensor *b);
/* Largest |a - b|; NaN if any difference is NaN. Shapes must be equal. */
LmStatus lm_tensor_max_abs_diff(const LmTensor *a, const LmTensor *b, double *out,
                                LmError *err) LM_MUST_CHECK;
/* Lower-case hex SHA-256 of the elements' bytes (little endian), 64 characters and NUL. */
void lm_tensor_sha256(const LmTensor *t, char out[65]);

/* "u8 tensor 64x28x28x1" */
const char *lm_tensor_describe(const LmTensor *t, char *buffer, size_t size);

#endif
