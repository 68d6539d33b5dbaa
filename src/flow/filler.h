/* One sample of a flow: the data set's pixels, changed at random where the epoch says so, scaled.
 *
 * What comes out is a function of the seed, the epoch and the sample's number in the data set:
 * neither batch, order, thread nor the samples filled before have a say. Numbers drawn for sample i
 * do not depend on the data set, so flows of images and of their masks with the same seed and list
 * stay in step.
 */
#ifndef LM_FILLER_H
#define LM_FILLER_H

#include "augment/augmenter.h"
#include "base/error.h"
#include "data/dataset.h"
#include "flow/generator.h"
#include "stage/plan.h"

typedef struct LmFiller {
    const LmDataset *dataset; /* borrowed */
    LmPlan *plan;
    LmAugmenter *augmenter; /* NULL: no list of things that happen at random */
    const LmKeras *keras;   /* Keras' way of changing at random, or NULL; owned */
    uint64_t seed;
    int64_t item;   /* numbers of an image */
    size_t read_at; /* in a thread's scratch: pixels of a set that must be read */
    size_t augment_at;
    size_t partner_at;
    size_t scratch_bytes;
} LmFiller;

/* `g` may be NULL: pixels as floats. Nothing of it is kept. On failure `f` is zeroed; fini of that
 * is fine. */
LmStatus lm_filler_init(LmFiller *f, const LmGenerator *g, const LmDataset *ds, uint64_t seed,
                        LmError *err) LM_MUST_CHECK;
void lm_filler_fini(LmFiller *f);

/* As lm_flow_fill (flow/flow.h), which this is. */
LmStatus lm_filler_fill(const LmFiller *f, int64_t epoch, const int64_t *indices, int64_t n,
                        float *const *x, void *scratch, LmError *err) LM_MUST_CHECK;
/* Sample i of `epoch` before it is scaled, in the units of the data set. */
LmStatus lm_filler_pixels(const LmFiller *f, int64_t epoch, int64_t i, float *x, void *scratch,
                          LmError *err) LM_MUST_CHECK;
/* As lm_flow_mix. */
bool lm_filler_mix(const LmFiller *f, int64_t epoch, int64_t i, int64_t *partner, double *share);

#endif
