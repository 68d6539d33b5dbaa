/* One safetensors file for a model, the generator it was trained with and the class names.
 *
 * Tensors: the weights by name. Metadata (strings): format "luma", format_version "1", model
 * (JSON), generator (JSON, optional), classes (JSON list, optional). The generator's whitening
 * matrices are tensors too. A file with a generator alone has no "model".
 */
#ifndef LM_MODELFILE_H
#define LM_MODELFILE_H

#include "base/error.h"
#include "flow/generator.h"
#include "nn/model.h"

/* m or g may be NULL, not both. */
LmStatus lm_modelfile_save(const char *path, const LmModel *m, const LmGenerator *g, int n_classes,
                           const char *const *classes, LmError *err) LM_MUST_CHECK;

typedef struct LmModelFile {
    LmModel *model;         /* or NULL */
    LmGenerator *generator; /* or NULL */
    int n_classes;
    char **classes; /* or NULL */
} LmModelFile;

/* Refuses foreign and damaged files with the reason (LM_EFORMAT). */
LmStatus lm_modelfile_load(LmModelFile *out, const char *path, LmError *err) LM_MUST_CHECK;
void lm_modelfile_fini(LmModelFile *f);

#endif
