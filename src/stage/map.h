/* What a map stage's function is asked: the value each byte of a data set has when it gets there.
 */
#ifndef LM_MAP_H
#define LM_MAP_H

#include "base/error.h"
#include "stage/stage.h"

/* What the 256 bytes are, in double, behind stages[0..n). LM_EARG: it is not the same for every
 * byte of every image (a stage of each sample, several numbers, a matrix); LM_ESTATE: a stage is
 * not fitted, or a map has no values yet. */
LmStatus lm_map_inputs(const LmStage *stages, int n, double out[256], LmError *err) LM_MUST_CHECK;

#endif
