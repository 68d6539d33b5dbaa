#include "nn/modelfile.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/safetensors.h"
#include "nn/model_impl.h"

enum { META_MAX = 5 };

/* Strings of the metadata under way, all owned. */
typedef struct Meta {
    char *strings[2 * META_MAX];
    size_t n;
} Meta;

static LmStatus add_meta(Meta *meta, const char *key, char *value, LmError *err)
{
    char *key_copy = NULL;
    LmStatus st = lm_mem_strdup(&key_copy, key, err);
    if (st != LM_OK) {
        lm_mem_free(value);
        return st;
    }
    LM_ASSERT(meta->n < META_MAX);
    meta->strings[2 * meta->n] = key_copy;
    meta->strings[2 * meta->n + 1] = value;
    meta->n++;
    return LM_OK;
}

static LmStatus add_constant(Meta *meta, const char *key, const char *value, LmError *err)
{
    char *copy = NULL;
    LmStatus st = lm_mem_strdup(&copy, value, err);
    return st == LM_OK ? add_meta(meta, key, copy, err) : st;
}

static LmStatus classes_to_json(int n, const char *const *classes, char **out, LmError *err)
{
    json_t *list = json_array();
    for (int i = 0; i < n && list != NULL; i++) {
        if (json_array_append_new(list, json_string(classes[i])) != 0) {
            json_decref(list);
            return lm_fail(err, LM_EARG,
                           "the name of class %d cannot be saved: '%s' is not text in UTF-8", i,
                           classes[i]);
        }
    }
    char *text = list != NULL ? json_dumps(list, JSON_COMPACT) : NULL;
    json_decref(list);
    LmStatus st = text != NULL ? lm_mem_strdup(out, text, err)
                               : lm_fail(err, LM_EMEM, "out of memory: cannot list the classes");
    free(text);
    return st;
}

static LmStatus make_meta(Meta *meta, const LmModel *m, const LmGenerator *g, int n_classes,
                          const char *const *classes, LmError *err)
{
    char *text = NULL;
    LmStatus st = add_constant(meta, "format", "luma", err);
    if (st == LM_OK) {
        st = add_constant(meta, "format_version", "1", err);
    }
    if (st == LM_OK && m != NULL) {
        st = lm_model_to_json(m, &text, err);
        st = st == LM_OK ? add_meta(meta, "model", text, err) : st;
    }
    if (st == LM_OK && g != NULL) {
        st = lm_generator_to_json(g, &text, err);
        st = st == LM_OK ? add_meta(meta, "generator", text, err) : st;
    }
    if (st == LM_OK && n_classes > 0) {
        st = classes_to_json(n_classes, classes, &text, err);
        st = st == LM_OK ? add_meta(meta, "classes", text, err) : st;
    }
    return st;
}

/* The next entry; takes the tensor over, also on failure. */
static LmStatus add_entry(LmSafetensors *f, const char *name, LmTensor *tensor, LmError *err)
{
    LmSafetensorsEntry *e = &f->entries[f->n_entries];
    LmStatus st = lm_mem_strdup(&e->name, name, err);
    if (st != LM_OK) {
        lm_tensor_fini(tensor);
        return st;
    }
    e->tensor = *tensor;
    f->n_entries++;
    return LM_OK;
}

static LmStatus make_entries(LmSafetensors *f, const LmModel *m, const LmGenerator *g, LmError *err)
{
    int n = m != NULL ? lm_model_n_weights(m) : 0;
    int n_matrices = g != NULL ? lm_generator_n_tensors(g) : 0;
    LmTensor t;
    LmStatus st = lm_mem_zeros(&f->entries, (size_t)(n + n_matrices), sizeof *f->entries, err);
    for (int i = 0; i < n && st == LM_OK; i++) {
        st = lm_model_get_weight(m, i, &t, err);
        st = st == LM_OK ? add_entry(f, lm_model_weight_name(m, i), &t, err) : st;
    }
    for (int k = 0; k < n_matrices && st == LM_OK; k++) {
        char name[LM_GENERATOR_NAME_MAX];
        lm_generator_get_tensor(g, k, name, &t);
        st = add_entry(f, name, &t, err);
    }
    return st;
}

LmStatus lm_modelfile_save(const char *path, const LmModel *m, const LmGenerator *g, int n_classes,
                           const char *const *classes, LmError *err)
{
    LM_ASSERT(m != NULL || g != NULL);
    Meta meta = {.n = 0};
    LmSafetensors f = {0};
    LmStatus st = make_meta(&meta, m, g, n_classes, classes, err);
    if (st == LM_OK) {
        st = make_entries(&f, m, g, err);
    }
    if (st == LM_OK) {
        f.n_meta = meta.n;
        f.meta = meta.strings;
        st = lm_safetensors_save(&f, path, err);
    }
    for (size_t i = 0; i < f.n_entries; i++) {
        lm_mem_free(f.entries[i].name);
        lm_tensor_fini(&f.entries[i].tensor);
    }
    lm_mem_free(f.entries);
    for (size_t i = 0; i < 2 * meta.n; i++) {
        lm_mem_free(meta.strings[i]);
    }
    return st;
}

static LmStatus check_format(const LmSafetensors *f, const char *path, LmError *err)
{
    const char *format = lm_safetensors_meta(f, "format");
    const char *version = lm_safetensors_meta(f, "format_version");
    if (format == NULL || strcmp(format, "luma") != 0) {
        return lm_fail(err, LM_EFORMAT,
                       "%s is a safetensors file, but not one that model:save or generator:save "
                       "wrote (its metadata has no format \"luma\")",
                       path);
    }
    if (version == NULL || strcmp(version, "1") != 0) {
        return lm_fail(err, LM_EFORMAT, "%s has format version %s; this luma reads version 1", path,
                       version != NULL ? version : "(none)");
    }
    return LM_OK;
}

/* The tensors are those of the model. They are there already, so the model is no larger than the
 * file, whatever its description says; padding makes it 16 times as large at most. */
static LmStatus check_weights(const LmModel *m, const LmSafetensors *f, const char *path,
                              LmError *err)
{
    int n = lm_model_n_weights(m);
    for (int i = 0; i < n; i++) {
        const LmTensor *t = lm_safetensors_find(f, lm_model_weight_name(m, i));
        if (t == NULL) {
            return lm_fail(err, LM_EFORMAT, "%s has no tensor '%s'", path,
                           lm_model_weight_name(m, i));
        }
        if (lm_model_check_shape(m, i, t, err) != LM_OK) {
            err->code = LM_EFORMAT;
            return lm_error_context(err, "%s", path);
        }
    }
    return LM_OK;
}

static LmStatus load_weights(LmModel *m, const LmSafetensors *f, const char *path, LmError *err)
{
    LmStatus st = check_weights(m, f, path, err);
    if (st == LM_OK) {
        st = lm_model_alloc_weights(m, err);
    }
    for (int i = 0; i < lm_model_n_weights(m) && st == LM_OK; i++) {
        const LmTensor *t = lm_safetensors_find(f, lm_model_weight_name(m, i));
        st = lm_model_set_weight(m, i, t, err);
        if (st != LM_OK) {
            st = err->code = LM_EFORMAT;
            lm_error_context(err, "%s", path);
        }
    }
    return st;
}

static LmStatus load_classes(LmModelFile *out, const char *text, const char *path, LmError *err)
{
    json_t *list = json_loads(text, 0, NULL);
    size_t n = json_array_size(list);
    LmStatus st = LM_OK;
    if (!json_is_array(list)) {
        st = lm_fail(err, LM_EFORMAT, "%s: its list of classes is damaged", path);
    } else {
        st = lm_mem_zeros(&out->classes, n, sizeof *out->classes, err);
    }
    for (size_t i = 0; i < n && st == LM_OK; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        st = name != NULL ? lm_mem_strdup(&out->classes[i], name, err)
                          : lm_fail(err, LM_EFORMAT, "%s: class %zu is no text", path, i + 1);
        out->n_classes += st == LM_OK;
    }
    json_decref(list);
    return st;
}

/* Every tensor of the file is the model's or the generator's. */
static LmStatus check_count(const LmModelFile *made, const LmSafetensors *f, const char *path,
                            LmError *err)
{
    int n = made->model != NULL ? lm_model_n_weights(made->model) : 0;
    int n_matrices = made->generator != NULL ? lm_generator_n_tensors(made->generator) : 0;
    if ((size_t)(n + n_matrices) == f->n_entries) {
        return LM_OK;
    }
    return lm_fail(err, LM_EFORMAT, "%s holds %zu tensors, its model has %d, its generator %d",
                   path, f->n_entries, n, n_matrices);
}

static LmStatus load_parts(LmModelFile *out, const LmSafetensors *f, const char *path, LmError *err)
{
    const char *model = lm_safetensors_meta(f, "model");
    const char *generator = lm_safetensors_meta(f, "generator");
    const char *classes = lm_safetensors_meta(f, "classes");
    LmStatus st = check_format(f, path, err);
    if (st == LM_OK && model == NULL && generator == NULL) {
        st = lm_fail(err, LM_EFORMAT, "%s holds neither a model nor a generator", path);
    }
    if (st == LM_OK && model != NULL) {
        st = lm_model_from_json(&out->model, model, path, err);
    }
    if (st == LM_OK && generator != NULL) {
        st = lm_generator_from_json(&out->generator, generator, f, path, err);
    }
    if (st == LM_OK) {
        st = check_count(out, f, path, err);
    }
    if (st == LM_OK && model != NULL) {
        st = load_weights(out->model, f, path, err);
    }
    return st == LM_OK && classes != NULL ? load_classes(out, classes, path, err) : st;
}

LmStatus lm_modelfile_load(LmModelFile *out, const char *path, LmError *err)
{
    LmSafetensors f = {0};
    LmStatus st = lm_safetensors_load(&f, path, err);
    if (st != LM_OK) {
        return st;
    }
    LmModelFile made = {0};
    st = load_parts(&made, &f, path, err);
    lm_safetensors_fini(&f);
    if (st != LM_OK) {
        lm_modelfile_fini(&made);
        return st;
    }
    *out = made;
    return LM_OK;
}

void lm_modelfile_fini(LmModelFile *f)
{
    lm_model_unref(f->model);
    lm_generator_unref(f->generator);
    for (int i = 0; i < f->n_classes; i++) {
        lm_mem_free(f->classes[i]);
    }
    lm_mem_free(f->classes);
    *f = (LmModelFile){0};
}
