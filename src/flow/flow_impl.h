/* What a flow is made of; for the files of flow/ that work on flows. */
#ifndef LM_FLOW_IMPL_H
#define LM_FLOW_IMPL_H

#include <stdatomic.h>

#include "flow/batch.h"
#include "flow/filler.h"
#include "flow/flow.h"
#include "flow/order.h"
#include "flow/prefetch.h"

struct LmFlow {
    atomic_int refs;
    LmFlowOptions options;
    LmGenerator *generator;
    LmDataset *dataset;
    LmFiller filler;
    LmPool *pool;
    float *weights; /* one an item, or NULL: all 1 */
    char *save_to;
    char *save_prefix;
    int64_t item; /* numbers of an image */
    int64_t n_batches;
    int64_t n_samples;
    int64_t epoch;
    int64_t position;
    LmOrder order;        /* of what the caller makes itself */
    LmOrder prepared;     /* of lm_flow_prepare */
    char *scratch;        /* the calling thread's */
    LmPrefetch *prefetch; /* NULL: no threads (yet) */
};

/* Sets batch->y, whose batch->x is made: the n samples' targets, with the rows of those that are
 * blended. Class numbers stay those of the larger share. */
LmStatus lm_mix_targets(const LmFlow *f, int64_t epoch, const int64_t *indices, int64_t n,
                        LmBatch *batch, LmError *err) LM_MUST_CHECK;

#endif
