/* NumPy's .npz files: zip archives of .npy files.
 *
 * Read through minizip, from the mapped file: stored and deflated members, zip64, sizes behind the
 * data (streaming writers); every member's CRC is checked. No size an archive claims is believed:
 * what a member inflates to is held against what its bytes can hold before memory is taken.
 */
#ifndef LM_NPZ_H
#define LM_NPZ_H

#include "base/error.h"
#include "tensor/tensor.h"

typedef struct LmNpz LmNpz;

/* Lists the arrays of an archive. Errors name the path: LM_ENOTFOUND, LM_EIO, LM_EFORMAT (no zip
 * archive, with a guess; cut off; no array in it; an array twice). */
LmStatus lm_npz_open(LmNpz **out, const char *path, LmError *err) LM_MUST_CHECK;
void lm_npz_close(LmNpz *z); /* NULL is fine */

int64_t lm_npz_count(const LmNpz *z);
/* Name of array i, without ".npy", in the archive's order. */
const char *lm_npz_name(const LmNpz *z, int64_t i);
/* Number of the array of that name, or -1. */
int64_t lm_npz_find(const LmNpz *z, const char *name);
/* Reads array i. LM_EFORMAT names path and array: damaged, encrypted, packed in another way, or
 * what lm_npy_parse refuses. */
LmStatus lm_npz_read(LmTensor *out, LmNpz *z, int64_t i, LmError *err) LM_MUST_CHECK;

#endif
