/* What readers and writers of safetensors share: dropping a file's content and looking things up.
 */
#include "io/safetensors.h"

#include <string.h>

#include "base/mem.h"

void lm_safetensors_fini(LmSafetensors *f)
{
    for (size_t i = 0; i < f->n_entries; i++) {
        lm_mem_free(f->entries[i].name);
        lm_tensor_fini(&f->entries[i].tensor);
    }
    for (size_t i = 0; i < 2 * f->n_meta; i++) {
        lm_mem_free(f->meta[i]);
    }
    lm_mem_free(f->entries);
    lm_mem_free(f->meta);
    *f = (LmSafetensors){0};
}

const char *lm_safetensors_meta(const LmSafetensors *f, const char *key)
{
    for (size_t i = 0; i < f->n_meta; i++) {
        if (strcmp(f->meta[2 * i], key) == 0) {
            return f->meta[2 * i + 1];
        }
    }
    return NULL;
}

const LmTensor *lm_safetensors_find(const LmSafetensors *f, const char *name)
{
    for (size_t i = 0; i < f->n_entries; i++) {
        if (strcmp(f->entries[i].name, name) == 0) {
            return &f->entries[i].tensor;
        }
    }
    return NULL;
}
