/* Pictures of the samples a flow gives, one PNG a sample, for people to look at. */
#ifndef LM_SAVE_H
#define LM_SAVE_H

#include "base/error.h"

/* Makes the directory where it is missing (its parent must be there). */
LmStatus lm_save_begin(const char *dir, LmError *err) LM_MUST_CHECK;
/* Writes h x w x c scaled numbers (1, 3 or 4 channels; stretched from their smallest to their
 * largest) to <dir>/<prefix>_<number from 1>_epoch<epoch>.png: the name is a function of the sample
 * and the epoch alone, so it is the same whatever the batch, the order and the threads. `sample` as
 * in augment/draw.h: what comes again in an epoch ends in _turn2, _turn3 ... From any thread. */
LmStatus lm_save_sample(const char *dir, const char *prefix, int64_t epoch, int64_t sample,
                        const float *x, const int64_t hwc[3], LmError *err) LM_MUST_CHECK;

#endif
