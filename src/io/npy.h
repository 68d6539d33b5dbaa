/* NumPy's .npy files (format versions 1 to 3).
 *
 * Reads |u1 |b1 <i4 >i4 <f4 >f4 <f8 >f8 and the integer types i1 u2 i2 u4 i8 u8 where all values
 * fit i32 (LM_EFORMAT otherwise); Fortran order is turned into row-major. The header's dictionary
 * is parsed, never evaluated. Objects and structured types are refused. Writes version 1.0, padded
 * to 64 bytes.
 */
#ifndef LM_NPY_H
#define LM_NPY_H

#include "base/error.h"
#include "tensor/tensor.h"

LmStatus lm_npy_load(LmTensor *out, const char *path, LmError *err) LM_MUST_CHECK;
/* From bytes in memory (a member of an archive); `name` is used in messages. */
LmStatus lm_npy_parse(LmTensor *out, const uint8_t *bytes, size_t size, const char *name,
                      LmError *err) LM_MUST_CHECK;
LmStatus lm_npy_save(const LmTensor *t, const char *path, LmError *err) LM_MUST_CHECK;

#endif
