/* Stages as JSON and back, for flow/genfile.c. */
#ifndef LM_GENFILE_STAGE_H
#define LM_GENFILE_STAGE_H

#include <jansson.h>

#include "flow/generator.h"

/* NULL: out of memory. */
json_t *lm_genfile_stage_to_json(const LmStage *s);
/* Stage `number`, counted from 0, whose matrix is found among `tensors` (or NULL). LM_EFORMAT for
 * what this version does not know. */
LmStatus lm_genfile_stage_from_json(LmStage *s, json_t *j, int number, const LmSafetensors *tensors,
                                    LmError *err) LM_MUST_CHECK;
/* What the matrix of stage `stage`, counted from 0, is called. */
void lm_genfile_name_matrix(int stage, char name[LM_GENERATOR_NAME_MAX]);
/* Refuses keys that are not in the NULL-ended list. */
LmStatus lm_genfile_check_keys(json_t *j, const char *const *known, LmError *err) LM_MUST_CHECK;

#endif
