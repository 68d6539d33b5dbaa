/* How large the numbers are that a flow gives: what a look at a few of its images tells. */
#ifndef LM_RANGE_H
#define LM_RANGE_H

#include "flow/flow.h"

/* Images looked at, spread evenly over the set. */
enum { LM_RANGE_IMAGES = 64 };

typedef struct LmRange {
    double lo;
    double hi;
    double rms; /* root of the mean square */
} LmRange;

/* Of scaled pixels without random changes. Moves nothing and writes no file (save_to). */
LmStatus lm_range_measure(LmRange *out, const LmFlow *f, LmError *err) LM_MUST_CHECK;

#endif
