/* Small made-up data sets and flows for tests of training. */
#ifndef HELP_SETS_H
#define HELP_SETS_H

#include "flow/flow.h"

/* n images h x w x c of u8, class i % k: noise with a bright stripe whose place tells the class, so
 * that there is something to learn. */
LmDataset *help_sets_stripes(int64_t n, int64_t h, int64_t w, int64_t c, int k, uint64_t seed);
/* The same as f32 in 0..1, with pixel `at` (of all pixels in order) set to `value`; at < 0: none.
 */
LmDataset *help_sets_floats(int64_t n, int64_t h, int64_t w, int64_t c, int k, int64_t at,
                            float value);
/* Without labels. */
LmDataset *help_sets_unlabelled(int64_t n, int64_t h, int64_t w, int64_t c);

/* Drops the caller's reference to the set: the flow keeps its own. Pixels are divided by 255 when
 * they are u8. */
LmFlow *help_sets_flow(LmDataset *ds, int64_t batch, bool is_shuffled);
LmFlow *help_sets_flow_with(LmDataset *ds, const LmFlowOptions *o);

#endif
