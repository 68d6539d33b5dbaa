/* The IDX format of the MNIST files: 00 00, type, rank, rank big-endian u32 extents, big-endian
 * data.
 *
 * Types: 08 u8 -> LM_U8, 09 i8, 0B i16, 0C i32 -> LM_I32, 0D f32 -> LM_F32, 0E f64 -> LM_F64.
 * u8 data of an uncompressed file is a view of the mapped file: no copy. All u8 data is read-only.
 */
#ifndef LM_IDX_H
#define LM_IDX_H

#include "base/error.h"
#include "tensor/tensor.h"

/* Errors (LM_EFORMAT) say what is wrong with `path`: not an IDX file (with a guess for HTML pages,
 * PNG, zip), unknown type, rank 0 or above LM_RANK_MAX, a product of extents that overflows,
 * missing or surplus bytes with both figures. */
LmStatus lm_idx_load(LmTensor *out, const char *path, LmError *err) LM_MUST_CHECK;
/* Writes u8, i32, f32 or f64 as IDX (for tests and exports). */
LmStatus lm_idx_save(const LmTensor *t, const char *path, LmError *err) LM_MUST_CHECK;

#endif
