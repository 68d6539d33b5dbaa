/* What a flow is made of; for the files of flow/ that work on flows. */
#ifndef LM_FLOW_IMPL_H
#define LM_FLOW_IMPL_H

#include <stdatomic.h>

#include "flow/batch.h"
#include "flow/flow.h"
#include "flow/order.h"
#include "flow/prefetch.h"

struct LmFlow {
    atomic_int refs;
    LmFlowOptions options;
    LmGenerator *generator;
    LmDataset *dataset;
    LmPlan *plan;
    LmPool *pool;
    float *weights; /* one an item, or NULL: all 1 */
    char *save_to;
    char *save_prefix;
    int64_t item; /* numbers of an image */
    int64_t n_batches;
    int64_t n_samples;
    size_t pixels_at; /* in a thread's scratch: pixels of a set that must be read */
    size_t scratch_bytes;
    int64_t epoch;
    int64_t position;
    LmOrder order;        /* of what the caller makes itself */
    LmOrder prepared;     /* of lm_flow_prepare */
    char *scratch;        /* the calling thread's */
    LmPrefetch *prefetch; /* NULL: no threads (yet) */
};

#endif
