/* Threads that make batches ahead of the one who takes them.
 *
 * Batches are claimed one by one in the order of epochs, at most two a thread beyond the last one
 * taken, and handed out in that order, so neither the bits nor the order depend on the number of
 * threads, and memory stays flat. Working ahead is never the cause of an error: a batch that a
 * thread could not make, whatever the reason, is left to the caller, who makes it and reports what
 * happens then. So errors come at the batch they belong to, with the text they have without
 * threads.
 */
#ifndef LM_PREFETCH_H
#define LM_PREFETCH_H

#include <stdatomic.h>

#include "base/error.h"
#include "flow/flow.h"
#include "flow/order.h"

typedef struct LmPrefetch LmPrefetch;

/* What is made, and how. */
typedef struct LmPrefetchJob {
    /* Makes the batch of the n items `indices` of `epoch` from any thread; `out` is untouched on
     * failure. Gives up between two items once *stop. `scratch`: scratch_bytes of the thread's own.
     */
    LmStatus (*make)(const void *ctx, int64_t epoch, const int64_t *indices, int64_t n,
                     LmBatch *out, void *scratch, const atomic_bool *stop, LmError *err);
    const void *ctx; /* outlives the threads */
    size_t scratch_bytes;
    int64_t batch;     /* items; the last of an epoch may have fewer */
    int64_t n_samples; /* of an epoch: the first ones of its order */
    LmOrder order;     /* fresh: lm_order(...) */
    int workers;       /* 1..LM_FLOW_WORKERS_MAX */
} LmPrefetchJob;

/* Starts the threads at batch `position` of `epoch`. Threads that cannot be started are no error.
 */
LmStatus lm_prefetch_new(LmPrefetch **out, const LmPrefetchJob *job, int64_t epoch,
                         int64_t position, LmError *err) LM_MUST_CHECK;
/* Ends the threads at once and frees what they made. NULL is fine. */
void lm_prefetch_free(LmPrefetch *p);

/* Waits for the next batch. True: it moved to *out, and the next call is for the one after it.
 * False: it was not made; the caller makes it and then calls lm_prefetch_skip. One thread. */
bool lm_prefetch_take(LmPrefetch *p, LmBatch *out);
void lm_prefetch_skip(LmPrefetch *p);

#endif
