/* A model's architecture as JSON, for model files. Numbers that must come back exactly are integers
 * or printed with 17 digits. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "nn/model_impl.h"

static json_t *layer_to_json(const LmLayerSpec *s)
{
    return json_pack("{s:s, s:s, s:I, s:[I,I], s:[I,I], s:s, s:s, s:f}", "kind",
                     lm_layer_kind_name(s->kind), "name", s->name, "units", (json_int_t)s->units,
                     "window", (json_int_t)s->kh, (json_int_t)s->kw, "stride", (json_int_t)s->sh,
                     (json_int_t)s->sw, "padding", s->is_same ? "same" : "valid", "act",
                     lm_act_name(s->act), "rate", s->rate);
}

LmStatus lm_model_to_json(const LmModel *m, char **out, LmError *err)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, m->seed);
    json_t *layers = json_array();
    for (int i = 0; i < m->n_layers && layers != NULL; i++) {
        if (json_array_append_new(layers, layer_to_json(&m->layers[i].spec)) != 0) {
            json_decref(layers);
            return lm_fail(err, LM_EARG,
                           "the name of layer %d cannot be saved: '%s' is not text in UTF-8", i + 1,
                           m->layers[i].spec.name);
        }
    }
    json_t *root =
        json_pack("{s:[I,I,I], s:s, s:o}", "input", (json_int_t)m->input.h, (json_int_t)m->input.w,
                  (json_int_t)m->input.c, "seed", seed, "layers", layers);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    LmStatus st = text != NULL ? lm_mem_strdup(out, text, err)
                               : lm_fail(err, LM_EMEM, "out of memory: cannot describe the model");
    free(text);
    return st;
}

static LmStatus layer_from_json(const json_t *j, LmLayerSpec *s, LmError *err)
{
    const char *kind = NULL;
    const char *name = NULL;
    const char *padding = NULL;
    const char *act = NULL;
    json_int_t units = 0;
    json_int_t w[4] = {0};
    double rate = 0;
    json_error_t problem;
    int failed = json_unpack_ex((json_t *)(uintptr_t)j, &problem, 0,
                                "{s:s, s:s, s:I, s:[I,I], s:[I,I], s:s, s:s, s:F}", "kind", &kind,
                                "name", &name, "units", &units, "window", &w[0], &w[1], "stride",
                                &w[2], &w[3], "padding", &padding, "act", &act, "rate", &rate);
    if (failed) {
        return lm_fail(err, LM_EFORMAT, "%s", problem.text);
    }
    LmLayerSpec made = {
        .units = units, .kh = w[0], .kw = w[1], .sh = w[2], .sw = w[3], .rate = rate};
    if (!lm_layer_kind_from_name(kind, &made.kind)) {
        return lm_fail(err, LM_EFORMAT, "no layer kind '%s' in this version", kind);
    }
    if (!lm_act_from_name(act, &made.act)) {
        return lm_fail(err, LM_EFORMAT, "no activation '%s' in this version", act);
    }
    if (strlen(name) >= sizeof made.name) {
        return lm_fail(err, LM_EFORMAT, "a layer's name is too long: '%.40s...'", name);
    }
    if (strcmp(padding, "same") != 0 && strcmp(padding, "valid") != 0) {
        return lm_fail(err, LM_EFORMAT, "no padding '%s' in this version", padding);
    }
    made.is_same = strcmp(padding, "same") == 0;
    memcpy(made.name, name, strlen(name) + 1);
    *s = made;
    return LM_OK;
}

static LmStatus build(LmModel **out, const json_t *root, LmError *err)
{
    json_int_t in[3];
    const char *seed = NULL;
    json_t *layers = NULL;
    json_error_t problem;
    if (json_unpack_ex((json_t *)(uintptr_t)root, &problem, 0, "{s:[I,I,I], s:s, s:o}", "input",
                       &in[0], &in[1], &in[2], "seed", &seed, "layers", &layers) ||
        !json_is_array(layers)) {
        return lm_fail(err, LM_EFORMAT, "the description of the model is damaged: %s",
                       json_is_array(layers) ? problem.text : "no list of layers");
    }
    LmLayerSpec *specs = NULL;
    size_t n = json_array_size(layers);
    if (n > LM_MODEL_LAYERS_MAX) {
        return lm_fail(err, LM_EFORMAT, "a model has 1..%d layers, this one %zu",
                       LM_MODEL_LAYERS_MAX, n);
    }
    LmStatus st = lm_mem_zeros(&specs, n, sizeof *specs, err);
    for (size_t i = 0; i < n && st == LM_OK; i++) {
        st = layer_from_json(json_array_get(layers, i), &specs[i], err);
        if (st != LM_OK) {
            lm_error_context(err, "layer %zu", i + 1);
        }
    }
    if (st == LM_OK) {
        st = lm_model_new_outline(out, in[0], in[1], in[2], specs, (int)n, strtoull(seed, NULL, 10),
                                  err);
    }
    lm_mem_free(specs);
    return st;
}

LmStatus lm_model_from_json(LmModel **out, const char *text, const char *name, LmError *err)
{
    json_error_t problem;
    json_t *root = json_loads(text, 0, &problem);
    LmStatus st = LM_OK;
    if (root == NULL) {
        st = lm_fail(err, LM_EFORMAT, "the description of the model is no JSON: %s", problem.text);
    } else {
        st = build(out, root, err);
    }
    json_decref(root);
    if (st != LM_OK) {
        if (st != LM_EMEM) {
            err->code = LM_EFORMAT;
        }
        return lm_error_context(err, "%s", name);
    }
    return LM_OK;
}
