/* A generator as JSON and back: kinds, options and fitted numbers, all doubles with 17 digits, so
 * that what was saved scales to the same bits. Infinite clip bounds are left out. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "flow/generator.h"

static json_t *numbers_to_json(const double *x, int64_t n)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < n && list != NULL; i++) {
        json_array_append_new(list, json_real(x[i]));
    }
    return list;
}

static void set_number(json_t *j, const char *key, double x)
{
    if (isfinite(x)) {
        json_object_set_new(j, key, json_real(x));
    }
}

static void scaling_to_json(json_t *j, const LmStage *s)
{
    json_object_set_new(j, "scope", json_string(lm_scope_name(s->scope)));
    json_object_set_new(j, "axis", json_string(lm_axis_name(s->axis)));
    set_number(j, "epsilon", s->epsilon);
    if (s->width == 0) {
        return;
    }
    json_object_set_new(j, "shape",
                        json_pack("[I,I,I]", (json_int_t)s->shape[0], (json_int_t)s->shape[1],
                                  (json_int_t)s->shape[2]));
    json_object_set_new(j, "mean", numbers_to_json(s->mean, s->width));
    if (s->std != NULL) {
        json_object_set_new(j, "std", numbers_to_json(s->std, s->width));
    }
}

static json_t *stage_to_json(const LmStage *s)
{
    json_t *j = json_pack("{s:s}", "kind", lm_stage_kind_name(s->kind));
    switch (s->kind) {
    case LM_STAGE_RESCALE:
        set_number(j, "factor", s->factor);
        break;
    case LM_STAGE_CLIP:
        set_number(j, "lo", s->lo);
        set_number(j, "hi", s->hi);
        break;
    case LM_STAGE_CENTER:
    case LM_STAGE_STANDARDIZE:
        scaling_to_json(j, s);
        break;
    case LM_STAGE_KIND_COUNT:
        break;
    }
    return j;
}

LmStatus lm_generator_to_json(const LmGenerator *g, char **out, LmError *err)
{
    json_t *list = json_array();
    for (int i = 0; i < lm_generator_n_stages(g) && list != NULL; i++) {
        json_array_append_new(list, stage_to_json(lm_generator_stage(g, i)));
    }
    json_t *root = json_pack("{s:o}", "stages", list);
    const char *fitted_on = lm_generator_fitted_on(g);
    if (root != NULL && fitted_on != NULL) {
        json_object_set_new(root, "fitted_on", json_string(fitted_on));
    }
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    LmStatus st = text != NULL
                      ? lm_mem_strdup(out, text, err)
                      : lm_fail(err, LM_EMEM, "out of memory: cannot describe the generator");
    free(text);
    return st;
}

static double get_number(const json_t *j, const char *key, double missing)
{
    const json_t *x = json_object_get(j, key);
    return json_is_number(x) ? json_number_value(x) : missing;
}

/* *out: width numbers, owned by the caller; LM_EFORMAT when there are others. */
static LmStatus numbers_from_json(const json_t *list, int64_t width, double **out, LmError *err)
{
    if (!json_is_array(list) || (int64_t)json_array_size(list) != width) {
        return lm_fail(err, LM_EFORMAT, "has %zu statistics, its shape asks for %" PRId64,
                       json_array_size(list), width);
    }
    double *x = NULL;
    LmStatus st = lm_mem_alloc(&x, (size_t)width, sizeof *x, err);
    for (int64_t i = 0; i < width && st == LM_OK; i++) {
        const json_t *number = json_array_get(list, (size_t)i);
        x[i] = json_number_value(number);
        if (!json_is_number(number)) {
            st = lm_fail(err, LM_EFORMAT, "statistic %" PRId64 " is no number", i + 1);
        }
    }
    if (st != LM_OK) {
        lm_mem_free(x);
        return st;
    }
    *out = x;
    return LM_OK;
}

static LmStatus fit_from_json(LmStage *s, const json_t *j, LmError *err)
{
    int64_t hwc[3];
    const json_t *shape = json_object_get(j, "shape");
    const json_t *mean_list = json_object_get(j, "mean");
    if (mean_list == NULL) {
        return LM_OK;
    }
    for (size_t i = 0; i < 3; i++) {
        hwc[i] = json_integer_value(json_array_get(shape, i));
        if (hwc[i] < 1 || hwc[i] > 1 << 20) {
            return lm_fail(err, LM_EFORMAT, "its shape is damaged");
        }
    }
    double *mean = NULL;
    double *std = NULL;
    int64_t width = lm_stage_width(s->axis, hwc);
    LmStatus st = numbers_from_json(mean_list, width, &mean, err);
    if (st == LM_OK && s->kind == LM_STAGE_STANDARDIZE) {
        st = numbers_from_json(json_object_get(j, "std"), width, &std, err);
    }
    if (st == LM_OK) {
        st = lm_stage_set_fit(s, hwc, mean, std, err);
    }
    lm_mem_free(mean);
    lm_mem_free(std);
    return st;
}

static LmStatus scaling_from_json(LmStage *s, LmStageKind kind, const json_t *j, LmError *err)
{
    const char *scope_name = json_string_value(json_object_get(j, "scope"));
    const char *axis_name = json_string_value(json_object_get(j, "axis"));
    LmScope scope;
    LmAxis axis;
    if (scope_name == NULL || !lm_scope_from_name(scope_name, &scope) || axis_name == NULL ||
        !lm_axis_from_name(axis_name, &axis)) {
        return lm_fail(err, LM_EFORMAT, "its scope or axis is unknown");
    }
    *s = kind == LM_STAGE_CENTER ? lm_stage_center(scope, axis)
                                 : lm_stage_standardize(scope, axis, get_number(j, "epsilon", 0));
    LmStatus st = lm_stage_check(s, err);
    return st == LM_OK && lm_stage_needs_fit(s) ? fit_from_json(s, j, err) : st;
}

static LmStatus stage_from_json(LmStage *s, const json_t *j, LmError *err)
{
    const char *name = json_string_value(json_object_get(j, "kind"));
    LmStageKind kind;
    if (name == NULL || !lm_stage_kind_from_name(name, &kind)) {
        return lm_fail(err, LM_EFORMAT, "no stage '%s' in this version", name != NULL ? name : "?");
    }
    if (kind == LM_STAGE_RESCALE) {
        *s = lm_stage_rescale(get_number(j, "factor", (double)NAN));
        return lm_stage_check(s, err);
    }
    if (kind == LM_STAGE_CLIP) {
        *s = lm_stage_clip(get_number(j, "lo", -(double)INFINITY), get_number(j, "hi", (double)INFINITY));
        return lm_stage_check(s, err);
    }
    return scaling_from_json(s, kind, j, err);
}

static LmStatus build(LmGenerator **out, const json_t *root, LmError *err)
{
    const json_t *list = json_object_get(root, "stages");
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n > 1000) {
        return lm_fail(err, LM_EFORMAT, "has no list of stages");
    }
    LmStage *stages = NULL;
    LmGenerator *g = NULL;
    LmStatus st = lm_mem_zeros(&stages, n, sizeof *stages, err);
    for (size_t i = 0; i < n && st == LM_OK; i++) {
        st = stage_from_json(&stages[i], json_array_get(list, i), err);
        if (st != LM_OK) {
            lm_error_context(err, "stage %zu", i + 1);
        }
    }
    if (st == LM_OK) {
        st = lm_generator_new(&g, stages, (int)n, err);
    }
    const char *fitted_on = json_string_value(json_object_get(root, "fitted_on"));
    if (st == LM_OK && fitted_on != NULL) {
        st = lm_generator_set_fitted_on(g, fitted_on, err);
    }
    for (size_t i = 0; i < n && stages != NULL; i++) {
        lm_stage_fini(&stages[i]);
    }
    lm_mem_free(stages);
    if (st != LM_OK) {
        lm_generator_unref(g);
        return st;
    }
    *out = g;
    return LM_OK;
}

LmStatus lm_generator_from_json(LmGenerator **out, const char *text, const char *name, LmError *err)
{
    json_error_t problem;
    json_t *root = json_loads(text, 0, &problem);
    LmStatus st = root != NULL ? build(out, root, err)
                               : lm_fail(err, LM_EFORMAT, "is no JSON: %s", problem.text);
    json_decref(root);
    if (st != LM_OK) {
        if (st != LM_EMEM) {
            err->code = LM_EFORMAT;
        }
        return lm_error_context(err, "%s: the description of the generator", name);
    }
    return LM_OK;
}
