/* y = a*x + b over the numbers of an image, in double: what a run of affine stages comes to.
 *
 * `width` is 1 (the same everywhere), C (one pair a channel) or H*W*C (one a number); the pair of
 * number i is at i % width, which serves all three because the channel index runs fastest.
 */
#ifndef LM_AFFINE_H
#define LM_AFFINE_H

#include "base/error.h"
#include "stage/stage.h"

typedef struct LmAffine {
    int64_t width;
    double *a;
    double *b;
} LmAffine;

/* y = x. On failure `f` stays zeroed; fini of a zeroed one is fine. */
LmStatus lm_affine_init(LmAffine *f, LmError *err) LM_MUST_CHECK;
void lm_affine_fini(LmAffine *f);

/* f becomes `s` after f; `s` is a rescale or a fitted feature stage. */
LmStatus lm_affine_then(LmAffine *f, const LmStage *s, LmError *err) LM_MUST_CHECK;

/* The period kernels want for `width` pairs over n numbers: 1, or a multiple of width that is n or
 * a multiple of 16. */
size_t lm_affine_period(int64_t width, int64_t n);

/* a and b rounded once to float and repeated up to the period; both owned by the caller
 * (lm_mem_free). LM_ENUMERIC where a float cannot hold them. */
LmStatus lm_affine_round(const LmAffine *f, int64_t n, float **a, float **b,
                         LmError *err) LM_MUST_CHECK;

#endif
