/* Units of relu layers that are 0 whatever image comes: no gradient passes them, so they will not
 * learn again. */
#ifndef LM_UNITS_H
#define LM_UNITS_H

#include "flow/flow.h"
#include "nn/model.h"

/* A unit is a channel: a filter of a convolution at all its places, a number of a dense layer. */
typedef struct LmUnits {
    int layer; /* from 0 */
    int64_t n;
    int64_t n_dead; /* 0 for every image looked at */
    int64_t n_images;
} LmUnits;

/* Counts in one plain pass over 32 to 256 images of the flow's set, spread evenly. `out` has room
 * for as many as the model has layers; *n_out are used, in the order of the layers. */
LmStatus lm_units_count(LmModel *m, const LmFlow *flow, LmUnits *out, int *n_out,
                        LmError *err) LM_MUST_CHECK;

#endif
