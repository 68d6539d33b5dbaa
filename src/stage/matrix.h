/* y = x W for a block of images: how a plan applies a whitening matrix.
 *
 * W is packed in panels of 32 columns, each read from front to back, once for all images of the
 * block: with 8 images a panel of 784 features runs at 96 % of what the multiply-add units can do,
 * from the second-level cache or beyond. Every number of y is one chain of fused multiply-adds in
 * the order of features, so an image's numbers depend neither on its company nor on the ISA.
 */
#ifndef LM_MATRIX_H
#define LM_MATRIX_H

#include "base/error.h"
#include "stage/stage.h"

enum { LM_MATRIX_ROWS = 8 }; /* images of a block at most */

typedef struct LmMatrix {
    int64_t n; /* numbers of an image */
    int64_t c; /* axis channel: W is c x c and `first` holds it as it is; else 0 */
    int64_t rank;
    float *first;  /* W, or transpose(F) */
    float *second; /* F where W = transpose(F) F, else NULL */
} LmMatrix;

/* From a fitted zca stage, for images of n numbers. */
LmStatus lm_matrix_init(LmMatrix *m, const LmStage *s, int64_t n, LmError *err) LM_MUST_CHECK;
void lm_matrix_fini(LmMatrix *m); /* a zeroed one is fine */
/* The caller's scratch, aligned to 64 bytes where speed matters; lm_matrix_row(k) of it is where
 * image k of the block comes from. */
size_t lm_matrix_scratch_bytes(const LmMatrix *m);
float *lm_matrix_row(const LmMatrix *m, void *scratch, int64_t k);
void lm_matrix_run(const LmMatrix *m, int64_t n_rows, void *scratch, float *const *dst);

#endif
