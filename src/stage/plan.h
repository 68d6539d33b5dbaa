/* A plan: a list of stages compiled for one image shape into as few passes over the pixels as can be.
 *
 * Rules. A run of affine stages (rescale, fitted center and standardize) is folded in double to
 * y = a*x + b, rounded once to f32 and applied as one fused multiply-add a pixel, straight from u8.
 * A sample stage takes the image's moments (exact integers on u8; of affinely scaled u8 data they
 * follow from those) and becomes affine for this image. Clip ends a run. The result for a sample
 * depends on nothing but its pixels and the stages: not on batch, thread or ISA.
 */
#ifndef LM_PLAN_H
#define LM_PLAN_H

#include "base/error.h"
#include "stage/stage.h"

typedef struct LmPlan LmPlan;

/* All stages must be fitted (else LM_ESTATE: "... call g:fit(dataset) first") and fit the shape (a
 * stage fitted on other channels or sizes is LM_ESHAPE). */
LmStatus lm_plan_new(LmPlan **out, const LmStage *stages, int n, int64_t h, int64_t w, int64_t c,
                     LmError *err) LM_MUST_CHECK;
void lm_plan_free(LmPlan *plan);
/* Scales one image of h*w*c numbers (dtype u8 or f32) into dst (f32, may not overlap). Thread-safe. */
void lm_plan_apply(const LmPlan *plan, const void *src, LmDtype dtype, float *dst);
int lm_plan_n_passes(const LmPlan *plan);
/* "1 pass: fused rescale + center" lines, one a pass. */
const char *lm_plan_describe(const LmPlan *plan, char *buffer, size_t size);

#endif
