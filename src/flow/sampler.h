/* The order of an epoch: a pure function of (seed, epoch, n). */
#ifndef LM_SAMPLER_H
#define LM_SAMPLER_H

#include "base/error.h"

/* Fills order[0..n) with 0..n-1, shuffled (Fisher-Yates on the counter generator) or in file order.
 * n < 2^32. */
void lm_sampler_order(int64_t *order, int64_t n, bool is_shuffled, uint64_t seed, int64_t epoch);

#endif
