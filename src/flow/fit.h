/* Fitting: the statistics of every feature stage, in order, on the data as the stages before leave
 * it.
 *
 * Behind affine stages alone they follow from the set's own statistics (exact integers on u8): mean
 * and std of a*x + b are a*mean + b and |a|*std. Behind a clip or a sample stage every item runs
 * through the stages so far; items are cut into fixed blocks whose moments are merged in block
 * order, so the result does not depend on the number of threads.
 */
#ifndef LM_FIT_H
#define LM_FIT_H

#include "base/error.h"
#include "data/dataset.h"
#include "stage/stage.h"

/* Errors name the stage. On failure stages before the one that failed hold their new fit. */
LmStatus lm_fit_stages(LmStage *stages, int n, const LmDataset *ds, LmError *err) LM_MUST_CHECK;

#endif
