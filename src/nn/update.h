/* The update phase of a training step: gradients of the whole batch, then the optimizer, a slice of
 * a weight tensor at a time. Slices are independent, so threads change nothing. For nn/ only. */
#ifndef LM_UPDATE_H
#define LM_UPDATE_H

#include "nn/net.h"
#include "nn/optim.h"

typedef struct LmSlice {
    const LmOp *op;
    bool is_bias;
    int64_t row0, row1;
} LmSlice;

typedef struct LmUpdater {
    LmNet *net; /* borrowed */
    LmOptim optim;
    int64_t step;       /* updates made */
    double beta1_power; /* beta1^step, beta2^step */
    double beta2_power;
    float *first_moment;  /* one a weight: velocity or m; NULL where the rule needs none */
    float *second_moment; /* v; NULL where not needed */
    int n_slices;
    LmSlice *slices;
    int64_t slice_floats;
    float *grads; /* a slice's gradient, one a thread */
    /* of the update under way */
    int64_t batch;
    int n_chains;
} LmUpdater;

LmStatus lm_updater_init(LmUpdater *u, LmNet *net, const LmOptim *optim,
                         LmError *err) LM_MUST_CHECK;
void lm_updater_fini(LmUpdater *u);
/* One step from the gradients of a batch of n samples held in chains 0..n_chains-1. */
void lm_updater_run(LmUpdater *u, int64_t n, int n_chains);

/* Gradient of slice s as the update sees it (rows of ld floats); for tests. */
void lm_updater_slice_grad(const LmUpdater *u, const LmSlice *s, float *g);

#endif
