/* Doubles have 17 digits, so that what was saved scales to the same bits. Infinite clip bounds are
 * left out. Whitening matrices are too large for text: they are tensors of the same file, named by
 * their stage.
 */
#include "flow/genfile_stage.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { EXTENT_MAX = 1 << 20 };

/* --- to JSON; NULL and false: out of memory --- */

/* Both values are given away. */
static bool put(json_t *j, const char *key, json_t *value)
{
    return json_object_set_new(j, key, value) == 0;
}

static bool put_number(json_t *j, const char *key, double x)
{
    return !isfinite(x) || put(j, key, json_real(x));
}

static json_t *keep_if(bool ok, json_t *j)
{
    if (!ok) {
        json_decref(j);
        return NULL;
    }
    return j;
}

static json_t *numbers_to_json(const double *x, int64_t n)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (int64_t i = 0; i < n && ok; i++) {
        ok = json_array_append_new(list, json_real(x[i])) == 0;
    }
    return keep_if(ok, list);
}

static bool put_shape(json_t *j, const LmStage *s)
{
    return put(j, "shape",
               json_pack("[I,I,I]", (json_int_t)s->shape[0], (json_int_t)s->shape[1],
                         (json_int_t)s->shape[2]));
}

static bool put_fit(json_t *j, const LmStage *s)
{
    return put_shape(j, s) && put(j, "mean", numbers_to_json(s->mean, s->width)) &&
           (s->std == NULL || put(j, "std", numbers_to_json(s->std, s->width)));
}

static bool put_scaling(json_t *j, const LmStage *s)
{
    return put(j, "scope", json_string(lm_scope_name(s->scope))) &&
           put(j, "axis", json_string(lm_axis_name(s->axis))) &&
           (s->kind != LM_STAGE_STANDARDIZE || put_number(j, "epsilon", s->epsilon)) &&
           (s->width == 0 || put_fit(j, s));
}

static const char *const conventions[] = {"singular", "eigen"};

static bool put_whitening(json_t *j, const LmStage *s)
{
    const LmWhitening *w = &s->whitening;
    bool ok = put(j, "axis", json_string(lm_axis_name(s->axis))) &&
              put_number(j, "epsilon", s->epsilon) &&
              put(j, "convention", json_string(conventions[s->is_eigen])) &&
              put(j, "center", json_boolean(s->is_centered)) &&
              put(j, "components", json_integer(s->components)) &&
              put(j, "budget", json_integer(s->budget_bytes));
    if (s->width == 0) {
        return ok;
    }
    return ok && put_shape(j, s) && put(j, "rank", json_integer(w->rank)) &&
           put(j, "dropped", json_integer(w->dropped)) &&
           (s->mean == NULL || put(j, "mean", numbers_to_json(s->mean, s->width)));
}

static json_t *table_to_json(const LmStage *s)
{
    double numbers[256];
    for (int i = 0; i < 256; i++) {
        numbers[i] = (double)((const float *)s->table.data)[i];
    }
    return numbers_to_json(numbers, 256);
}

json_t *lm_genfile_stage_to_json(const LmStage *s)
{
    json_t *j = json_object();
    bool ok = put(j, "kind", json_string(lm_stage_kind_name(s->kind)));
    if (s->kind == LM_STAGE_RESCALE) {
        ok = ok && put_number(j, "factor", s->factor);
    } else if (s->kind == LM_STAGE_CLIP) {
        ok = ok && put_number(j, "lo", s->lo) && put_number(j, "hi", s->hi);
    } else if (s->kind == LM_STAGE_ZCA) {
        ok = ok && put_whitening(j, s);
    } else if (s->kind == LM_STAGE_MAP) {
        ok = ok && (!lm_stage_is_fitted(s) || put(j, "table", table_to_json(s)));
    } else {
        ok = ok && put_scaling(j, s);
    }
    return keep_if(ok, j);
}

void lm_genfile_name_matrix(int stage, char name[LM_GENERATOR_NAME_MAX])
{
    LmStr s = lm_str(name, LM_GENERATOR_NAME_MAX);
    lm_str_add(&s, "generator.stage%d.matrix", stage + 1);
}

/* --- from JSON --- */

LmStatus lm_genfile_check_keys(json_t *j, const char *const *known, LmError *err)
{
    void *at = json_object_iter(j);
    if (!json_is_object(j)) {
        return lm_fail(err, LM_EFORMAT, "is no JSON object");
    }
    for (; at != NULL; at = json_object_iter_next(j, at)) {
        const char *key = json_object_iter_key(at);
        const char *const *k = known;
        while (*k != NULL && strcmp(*k, key) != 0) {
            k++;
        }
        if (*k == NULL) {
            return lm_fail(err, LM_EFORMAT, "has an unknown entry '%.40s'; a later luma wrote it?",
                           key);
        }
    }
    return LM_OK;
}

/* NaN, which no check of a stage lets pass, for what is there and is no number. */
static double get_number(const json_t *j, const char *key, double missing)
{
    const json_t *x = json_object_get(j, key);
    if (x == NULL) {
        return missing;
    }
    return json_is_number(x) ? json_number_value(x) : (double)NAN;
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

static LmStatus shape_from_json(const json_t *j, int64_t hwc[3], LmError *err)
{
    for (size_t i = 0; i < 3; i++) {
        hwc[i] = json_integer_value(json_array_get(j, i));
        if (json_array_size(j) != 3 || hwc[i] < 1 || hwc[i] > EXTENT_MAX) {
            return lm_fail(err, LM_EFORMAT, "its shape is damaged");
        }
    }
    return LM_OK;
}

/* All of shape, mean and (standardize) std are there, or none of them. */
static LmStatus fit_from_json(LmStage *s, const json_t *j, LmError *err)
{
    const json_t *shape = json_object_get(j, "shape");
    const json_t *mean_list = json_object_get(j, "mean");
    const json_t *std_list = json_object_get(j, "std");
    bool has_std = s->kind == LM_STAGE_STANDARDIZE;
    if (shape == NULL && mean_list == NULL && std_list == NULL) {
        return LM_OK;
    }
    if (!lm_stage_needs_fit(s) || (std_list != NULL) != has_std) {
        return lm_fail(err, LM_EFORMAT, "its statistics are not those of such a stage");
    }
    int64_t hwc[3];
    double *mean = NULL;
    double *std = NULL;
    LmStatus st = shape_from_json(shape, hwc, err);
    if (st == LM_OK) {
        st = numbers_from_json(mean_list, lm_stage_width(s->axis, hwc), &mean, err);
    }
    if (st == LM_OK && has_std) {
        st = numbers_from_json(std_list, lm_stage_width(s->axis, hwc), &std, err);
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
    *s = kind == LM_STAGE_CENTER
             ? lm_stage_center(scope, axis)
             : lm_stage_standardize(scope, axis, get_number(j, "epsilon", (double)NAN));
    LmStatus st = lm_stage_check(s, err);
    return st == LM_OK ? fit_from_json(s, j, err) : st;
}

/* The matrix is d x d, or rank x d with less than half as many rows. */
static LmStatus check_matrix(const LmWhitening *w, int64_t d, LmError *err)
{
    const LmTensor *m = &w->matrix;
    bool is_factor = 2 * w->rank < d;
    if (m->dtype != LM_F32 || m->rank != 2 || w->rank < 1 || w->rank > d || w->dropped < 0 ||
        w->dropped > d - w->rank || m->shape[0] != (is_factor ? w->rank : d) || m->shape[1] != d) {
        return lm_fail(err, LM_EFORMAT, "its matrix is not one over %" PRId64 " features", d);
    }
    for (int64_t i = 0; i < m->count; i++) {
        if (!isfinite(((const float *)m->data)[i])) {
            return lm_fail(err, LM_EFORMAT, "its matrix holds a number that is not finite");
        }
    }
    return LM_OK;
}

static LmStatus matrix_from_json(LmStage *s, const json_t *j, int number,
                                 const LmSafetensors *tensors, LmError *err)
{
    int64_t hwc[3];
    double *mean = NULL;
    char name[LM_GENERATOR_NAME_MAX];
    lm_genfile_name_matrix(number, name);
    const LmTensor *found = tensors != NULL ? lm_safetensors_find(tensors, name) : NULL;
    LmWhitening w = {.rank = json_integer_value(json_object_get(j, "rank")),
                     .dropped = json_integer_value(json_object_get(j, "dropped"))};
    LmStatus st = shape_from_json(json_object_get(j, "shape"), hwc, err);
    if (st == LM_OK && found == NULL) {
        return lm_fail(err, LM_EFORMAT, "its matrix, tensor '%s', is missing", name);
    }
    if (st != LM_OK) {
        return st;
    }
    int64_t d = lm_stage_features(s, hwc);
    w.matrix = lm_tensor_share(found);
    st = check_matrix(&w, d, err);
    if (st == LM_OK && s->is_centered) {
        st = numbers_from_json(json_object_get(j, "mean"), d, &mean, err);
    }
    if (st == LM_OK) {
        st = lm_stage_set_whitening(s, hwc, mean, &w, err);
    }
    lm_tensor_fini(&w.matrix);
    lm_mem_free(mean);
    return st;
}

static LmStatus whitening_from_json(LmStage *s, const json_t *j, int number,
                                    const LmSafetensors *tensors, LmError *err)
{
    const char *axis_name = json_string_value(json_object_get(j, "axis"));
    const char *convention = json_string_value(json_object_get(j, "convention"));
    const json_t *center = json_object_get(j, "center");
    LmAxis axis;
    if (axis_name == NULL || !lm_axis_from_name(axis_name, &axis) || axis == LM_AXIS_PIXEL ||
        convention == NULL ||
        (strcmp(convention, conventions[0]) != 0 && strcmp(convention, conventions[1]) != 0) ||
        !json_is_boolean(center)) {
        return lm_fail(err, LM_EFORMAT, "its axis, convention or center is unknown");
    }
    *s = lm_stage_zca(get_number(j, "epsilon", (double)NAN), axis);
    s->is_eigen = strcmp(convention, conventions[1]) == 0;
    s->is_centered = json_is_true(center);
    s->components = json_integer_value(json_object_get(j, "components"));
    s->budget_bytes = json_integer_value(json_object_get(j, "budget"));
    LmStatus st = lm_stage_check(s, err);
    bool has_fit = json_object_get(j, "shape") != NULL || json_object_get(j, "rank") != NULL ||
                   json_object_get(j, "mean") != NULL;
    return st == LM_OK && has_fit ? matrix_from_json(s, j, number, tensors, err) : st;
}

static LmStatus table_from_json(LmStage *s, const json_t *j, LmError *err)
{
    const json_t *list = json_object_get(j, "table");
    double *table = NULL;
    *s = lm_stage_map();
    if (list == NULL) {
        return LM_OK;
    }
    LmStatus st = numbers_from_json(list, 256, &table, err);
    if (st == LM_OK) {
        st = lm_stage_set_table(s, table, err);
    }
    lm_mem_free(table);
    return st;
}

LmStatus lm_genfile_stage_from_json(LmStage *s, json_t *j, int number, const LmSafetensors *tensors,
                                    LmError *err)
{
    static const char *const keys[LM_STAGE_KIND_COUNT][12] = {
        [LM_STAGE_RESCALE] = {"kind", "factor"},
        [LM_STAGE_CENTER] = {"kind", "scope", "axis", "shape", "mean"},
        [LM_STAGE_STANDARDIZE] = {"kind", "scope", "axis", "epsilon", "shape", "mean", "std"},
        [LM_STAGE_CLIP] = {"kind", "lo", "hi"},
        [LM_STAGE_ZCA] = {"kind", "axis", "epsilon", "convention", "center", "components", "budget",
                          "shape", "rank", "dropped", "mean"},
        [LM_STAGE_MAP] = {"kind", "table"},
    };
    const char *name = json_string_value(json_object_get(j, "kind"));
    LmStageKind kind;
    if (name == NULL || !lm_stage_kind_from_name(name, &kind)) {
        return lm_fail(err, LM_EFORMAT, "no stage '%.40s' in this version",
                       name != NULL ? name : "?");
    }
    LmStatus st = lm_genfile_check_keys(j, keys[kind], err);
    if (st != LM_OK) {
        return st;
    }
    switch (kind) {
    case LM_STAGE_RESCALE:
        *s = lm_stage_rescale(get_number(j, "factor", (double)NAN));
        return lm_stage_check(s, err);
    case LM_STAGE_CLIP:
        *s = lm_stage_clip(get_number(j, "lo", -(double)INFINITY),
                           get_number(j, "hi", (double)INFINITY));
        return lm_stage_check(s, err);
    case LM_STAGE_ZCA:
        return whitening_from_json(s, j, number, tensors, err);
    case LM_STAGE_MAP:
        return table_from_json(s, j, err);
    default:
        return scaling_from_json(s, kind, j, err);
    }
}
