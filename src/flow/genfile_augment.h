/* Augmentations as JSON and back, for flow/genfile.c. */
#ifndef LM_GENFILE_AUGMENT_H
#define LM_GENFILE_AUGMENT_H

#include <jansson.h>

#include "augment/augment.h"

/* An array, or NULL: out of memory. */
json_t *lm_genfile_augments_to_json(const LmAugment *list, int n);
/* *out: a checked list of *n entries, owned by the caller (lm_augment_free_list). `list` may be
 * NULL: no entries. LM_EFORMAT for what this version does not know. */
LmStatus lm_genfile_augments_from_json(const json_t *list, LmAugment **out, int *n,
                                       LmError *err) LM_MUST_CHECK;

#endif
