/* A plan: a list of stages compiled for one image shape into as few passes over the pixels as can
 * be.
 *
 * Rules. A run of affine stages (rescale, fitted center and standardize) is folded in double to
 * y = a*x + b, rounded once to f32 and applied as one fused multiply-add a pixel, straight from u8.
 * A sample stage takes the image's moments (exact integers on u8; of affinely scaled u8 data they
 * follow from those) and becomes affine for this image. A pass ends behind a clip, before a sample
 * stage whose moments do not follow from those of what the pass reads, and before per-pixel numbers
 * behind a sample stage, and behind a zca stage's matrix; the next one works in place on floats. A
 * map's table stands for all stages up to the map and takes bytes alone. The result for a sample
 * depends on nothing but its pixels and the stages: not on batch, thread or ISA.
 */
#ifndef LM_PLAN_H
#define LM_PLAN_H

#include "base/error.h"
#include "stage/matrix.h"
#include "stage/stage.h"

typedef struct LmPlan LmPlan;

/* All stages must be fitted (else LM_ESTATE: "... call g:fit(dataset) first") and fit the shape (a
 * stage fitted on other channels or sizes is LM_ESHAPE). Nothing of `stages` is kept. */
LmStatus lm_plan_new(LmPlan **out, const LmStage *stages, int n, int64_t h, int64_t w, int64_t c,
                     LmError *err) LM_MUST_CHECK;
void lm_plan_free(LmPlan *plan); /* NULL is fine */
/* Memory lm_plan_apply needs of its caller; may be 0. */
size_t lm_plan_scratch_bytes(const LmPlan *plan);
/* True when the plan is y = a*x + b with one pair for all numbers: then whoever makes the pixels
 * can scale them on the way. */
bool lm_plan_is_pair(const LmPlan *plan, float *a, float *b);
/* Scales one image of h*w*c numbers (dtype u8 or f32) into dst (f32; src itself where that is f32,
 * else no overlap). `scratch` is aligned to 8 and the calling thread's own. Thread-safe. Engine
 * threads flush denormals (base/threads.h); callers that do not may get them in the result. */
void lm_plan_apply(const LmPlan *plan, const void *src, LmDtype dtype, float *dst, void *scratch);
/* The same for n images at once (1..LM_PLAN_BLOCK), to the same bits: a whitening matrix is then
 * read once for all of them. lm_plan_block is how many are best: 1 where there is none. */
enum { LM_PLAN_BLOCK = LM_MATRIX_ROWS };
int64_t lm_plan_block(const LmPlan *plan);
void lm_plan_apply_block(const LmPlan *plan, int64_t n, const void *const *src, LmDtype dtype,
                         float *const *dst, void *scratch);
/* Whether it takes bytes alone: it begins with a map's table. */
bool lm_plan_takes_bytes(const LmPlan *plan);
/* LM_EARG when the plan holds a map and `dtype` is not u8: it takes bytes as they are stored. */
LmStatus lm_plan_check_dtype(const LmPlan *plan, LmDtype dtype, LmError *err) LM_MUST_CHECK;
int lm_plan_n_passes(const LmPlan *plan);
/* "pass 1: fused rescale + center: y = a*x + b, one pair", one line a pass. */
const char *lm_plan_describe(const LmPlan *plan, char *buffer, size_t size);

#endif
