/* The order of an epoch: a pure function of (seed, epoch, n). */
#ifndef LM_SAMPLER_H
#define LM_SAMPLER_H

#include "base/error.h"

/* Fills order[0..n) with 0..n-1, shuffled (Fisher-Yates on the counter generator) or in file order.
 * n < 2^32. */
void lm_sampler_order(int64_t *order, int64_t n, bool is_shuffled, uint64_t seed, int64_t epoch);

/* Turns a shuffled order into one of the same length in which the classes (labels[item], all below
 * n_classes) take turns, each with its items in the order they had, from the first again when all
 * were used. So a class with few items repeats them and one with many leaves some out. Entries are
 * samples as augment/draw.h has them: what comes again carries how often it came before. */
LmStatus lm_sampler_balance(int64_t *order, int64_t n, const int32_t *labels, int n_classes,
                            LmError *err) LM_MUST_CHECK;

#endif
