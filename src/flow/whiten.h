/* Fitting a whitening stage: the data set's second moments, then the matrix.
 *
 * Bytes behind affine stages are counted exactly, in integers, and the moments of a*x + b follow
 * from the counts. Anything else runs through the stages and is added in double, image after image.
 * With fewer rows than features the rows themselves are kept instead and their products with each
 * other taken. In every case the bits depend on neither threads nor ISA.
 */
#ifndef LM_WHITEN_H
#define LM_WHITEN_H

#include "base/error.h"
#include "data/dataset.h"
#include "stage/stage.h"

/* LM_EMEM when the fit would take more than the stage's budget: says how much, and ways out. Takes
 * no memory itself. */
LmStatus lm_whiten_check(const LmStage *s, const LmDataset *ds, LmError *err) LM_MUST_CHECK;
/* Whether the moments are those of the set's own bytes, counted exactly. */
bool lm_whiten_is_exact(const LmStage *stages, int n, const LmDataset *ds);
/* Fits stages[n] on the data as stages[0..n), all ready, leave it. `raw`: moments of the set's own
 * bytes, a group a feature, when lm_whiten_is_exact, else NULL. `mean`: of each feature as it comes
 * in, for a centered stage, else NULL. Polls cancel. Main thread only. */
LmStatus lm_whiten_fit(LmStage *stages, int n, const LmDataset *ds, const LmMoments *raw,
                       const double *mean, LmError *err) LM_MUST_CHECK;

#endif
