/* An augmenter: a list of entries made ready for images of one shape and type.
 *
 * For each sample the list is drawn, and what happens is run in order: neighbouring geometric
 * entries (those between which nothing else happens, with one fill and order) as one warp, others
 * on floats in place. Where the last thing is a warp and scaling is one y = a*x + b, the warp
 * scales: bytes become the network's input in one pass. What changes nothing is left out, so an
 * image to which nothing happens is scaled straight from its bytes, bit for bit as without a list.
 */
#ifndef LM_AUGMENTER_H
#define LM_AUGMENTER_H

#include "augment/draw.h"
#include "stage/plan.h"
#include "tensor/tensor.h"

typedef struct LmAugmenter LmAugmenter;

/* Copies the list, which must have passed lm_augment_check_list. `dtype` is LM_U8 or LM_F32.
 * LM_ESHAPE: an entry cannot work on such images (hue of grey ones); the message names it. */
LmStatus lm_augmenter_new(LmAugmenter **out, const LmAugment *list, int n, const int64_t hwc[3],
                          LmDtype dtype, LmError *err) LM_MUST_CHECK;
void lm_augmenter_free(LmAugmenter *a); /* NULL is fine */
/* Memory the functions below need of their caller, aligned to 8: one image of floats. */
size_t lm_augmenter_scratch_bytes(const LmAugmenter *a);

/* The image `src` as the key changes it, scaled by `plan`, into dst (floats, no overlap). A mixup
 * is the caller's business. Thread-safe. `plan_scratch` is lm_plan_scratch_bytes. */
void lm_augmenter_apply(const LmAugmenter *a, const LmPlan *plan, const LmDrawKey *key,
                        const void *src, float *dst, void *scratch, void *plan_scratch);
/* The same before scaling. */
void lm_augmenter_pixels(const LmAugmenter *a, const LmDrawKey *key, const void *src, float *dst,
                         void *scratch);

/* Whether samples are blended at all; whether, with what and how much this one is (see
 * lm_draw_mixup). */
bool lm_augmenter_has_mixup(const LmAugmenter *a);
bool lm_augmenter_mixup(const LmAugmenter *a, int64_t count, const LmDrawKey *key, int64_t *partner,
                        double *share);
/* x[i] = share * x[i] + (1 - share) * other[i] */
void lm_augmenter_blend(float *x, const float *other, int64_t n, double share);

#endif
