/* The kind's table (augment/kinds.c) names the spans; other entries are written where their kind
 * has them. Reading refuses what it does not know, as genfile.c does.
 */
#include "flow/genfile_augment.h"

#include <string.h>

#include "base/mem.h"

/* --- to JSON; NULL and false: out of memory --- */

static bool put(json_t *j, const char *key, json_t *value)
{
    return json_object_set_new(j, key, value) == 0;
}

static json_t *numbers(const double *x, int n)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (int i = 0; i < n && ok; i++) {
        ok = json_array_append_new(list, json_real(x[i])) == 0;
    }
    if (!ok) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static bool put_geometric(json_t *j, const LmAugment *a)
{
    if (a->kind == LM_AUGMENT_FLIP) {
        return put(j, "axis", json_string(lm_flip_axis_names[a->choice]));
    }
    bool ok = put(j, "fill", json_string(lm_fill_names[a->fill])) &&
              put(j, "fill_value", json_real(a->fill_value)) &&
              put(j, "order", json_integer(a->order));
    if (a->kind == LM_AUGMENT_SHIFT) {
        ok = ok && put(j, "unit", json_string(lm_shift_unit_names[a->choice])) &&
             put(j, "whole", json_boolean(a->is_whole));
    } else if (a->kind == LM_AUGMENT_ZOOM) {
        ok = ok && put(j, "separate", json_boolean(a->is_separate));
    }
    return ok;
}

static bool put_group(json_t *j, const LmAugment *a)
{
    return put(j, "entries", lm_genfile_augments_to_json(a->entries, a->n_entries)) &&
           (a->weights == NULL || put(j, "weights", numbers(a->weights, a->n_entries)));
}

static json_t *entry_to_json(const LmAugment *a)
{
    const LmAugmentSpec *spec = lm_augment_spec(a->kind);
    json_t *j = json_object();
    bool ok = put(j, "kind", json_string(spec->name)) && put(j, "p", json_real(a->p));
    for (int i = 0; i < spec->n_spans; i++) {
        const double bounds[2] = {a->span[i].lo, a->span[i].hi};
        ok = ok && put(j, spec->span[i].name, numbers(bounds, 2));
    }
    if (spec->class == LM_AUGMENT_GEOMETRIC) {
        ok = ok && put_geometric(j, a);
    } else if (spec->class == LM_AUGMENT_GROUP) {
        ok = ok && put_group(j, a);
    } else if (a->kind == LM_AUGMENT_ERASE) {
        ok = ok && put(j, "value", json_real(a->value));
    }
    if (!ok) {
        json_decref(j);
        return NULL;
    }
    return j;
}

json_t *lm_genfile_augments_to_json(const LmAugment *list, int n)
{
    json_t *array = json_array();
    bool ok = array != NULL;
    for (int i = 0; i < n && ok; i++) {
        ok = json_array_append_new(array, entry_to_json(&list[i])) == 0;
    }
    if (!ok) {
        json_decref(array);
        return NULL;
    }
    return array;
}

/* --- from JSON --- */

/* An entry's members are counted as they are read: one more in the file is one not known. */
typedef struct Reader {
    const json_t *json;
    size_t n_read;
    bool is_good;
} Reader;

static const json_t *take(Reader *r, const char *key)
{
    const json_t *value = json_object_get(r->json, key);
    r->n_read += value != NULL;
    r->is_good = r->is_good && value != NULL;
    return value;
}

static double take_number(Reader *r, const char *key)
{
    const json_t *value = take(r, key);
    r->is_good = r->is_good && json_is_number(value);
    return json_number_value(value);
}

static bool take_flag(Reader *r, const char *key)
{
    const json_t *value = take(r, key);
    r->is_good = r->is_good && json_is_boolean(value);
    return json_is_true(value);
}

static int take_name(Reader *r, const char *key, const char *const *names)
{
    const char *text = json_string_value(take(r, key));
    for (int i = 0; text != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    r->is_good = false;
    return 0;
}

static LmSpan take_span(Reader *r, const char *key)
{
    const json_t *list = take(r, key);
    const json_t *lo = json_array_get(list, 0);
    const json_t *hi = json_array_get(list, 1);
    r->is_good =
        r->is_good && json_array_size(list) == 2 && json_is_number(lo) && json_is_number(hi);
    return (LmSpan){json_number_value(lo), json_number_value(hi)};
}

static void take_geometric(Reader *r, LmAugment *a)
{
    if (a->kind == LM_AUGMENT_FLIP) {
        a->choice = take_name(r, "axis", lm_flip_axis_names);
        return;
    }
    a->fill = (LmFill)take_name(r, "fill", lm_fill_names);
    a->fill_value = take_number(r, "fill_value");
    double order = take_number(r, "order");
    r->is_good = r->is_good && (order == 0 || order == 1);
    a->order = order == 1;
    if (a->kind == LM_AUGMENT_SHIFT) {
        a->choice = take_name(r, "unit", lm_shift_unit_names);
        a->is_whole = take_flag(r, "whole");
    } else if (a->kind == LM_AUGMENT_ZOOM) {
        a->is_separate = take_flag(r, "separate");
    }
}

static LmStatus list_at(const json_t *list, int depth, LmAugment **out, int *n, LmError *err);

static LmStatus take_weights(Reader *r, LmAugment *a, LmError *err)
{
    const json_t *list = json_object_get(r->json, "weights");
    if (list == NULL || a->kind != LM_AUGMENT_ONE_OF) {
        return LM_OK;
    }
    r->n_read++;
    r->is_good = r->is_good && (int)json_array_size(list) == a->n_entries;
    LmStatus st = lm_mem_alloc(&a->weights, (size_t)a->n_entries, sizeof *a->weights, err);
    for (int i = 0; st == LM_OK && i < a->n_entries; i++) {
        const json_t *weight = json_array_get(list, (size_t)i);
        r->is_good = r->is_good && json_is_number(weight);
        a->weights[i] = json_number_value(weight);
    }
    return st;
}

static LmStatus take_members(Reader *r, LmAugment *a, int depth, LmError *err)
{
    const LmAugmentSpec *spec = lm_augment_spec(a->kind);
    LmStatus st = LM_OK;
    a->p = take_number(r, "p");
    for (int i = 0; i < spec->n_spans; i++) {
        a->span[i] = take_span(r, spec->span[i].name);
    }
    if (spec->class == LM_AUGMENT_GEOMETRIC) {
        take_geometric(r, a);
    } else if (spec->class == LM_AUGMENT_GROUP) {
        st = list_at(take(r, "entries"), depth + 1, &a->entries, &a->n_entries, err);
        if (st == LM_OK) {
            st = take_weights(r, a, err);
        }
    } else if (a->kind == LM_AUGMENT_ERASE) {
        a->value = take_number(r, "value");
    }
    return st;
}

static LmStatus entry_from_json(const json_t *j, int depth, LmAugment *a, LmError *err)
{
    const char *name = json_string_value(json_object_get(j, "kind"));
    LmAugmentKind kind;
    if (name == NULL || !lm_augment_kind_from_name(name, &kind)) {
        return lm_fail(err, LM_EFORMAT, "no augmentation '%.40s' in this version",
                       name != NULL ? name : "?");
    }
    Reader r = {.json = j, .n_read = 1, .is_good = true};
    *a = lm_augment(kind);
    LmStatus st = take_members(&r, a, depth, err);
    if (st == LM_OK && (!r.is_good || r.n_read != json_object_size(j))) {
        st = lm_fail(err, LM_EFORMAT,
                     "entries of '%s' are missing, damaged or unknown; a later luma wrote it?",
                     name);
    }
    return st;
}

static LmStatus list_at(const json_t *list, int depth, LmAugment **out, int *n, LmError *err)
{
    size_t count = json_array_size(list);
    LmAugment *entries = NULL;
    if (!json_is_array(list) || count > LM_AUGMENT_MAX || depth > LM_AUGMENT_DEPTH_MAX) {
        return lm_fail(err, LM_EFORMAT, "has no list of augmentations, or one too long or deep");
    }
    LmStatus st = lm_mem_zeros(&entries, count, sizeof *entries, err);
    for (size_t i = 0; st == LM_OK && i < count; i++) {
        st = entry_from_json(json_array_get(list, i), depth, &entries[i], err);
        if (st != LM_OK) {
            lm_error_context(err, "augmentation %zu", i + 1);
        }
    }
    if (st != LM_OK) {
        lm_augment_free_list(entries, (int)count);
        return st;
    }
    *out = entries;
    *n = (int)count;
    return LM_OK;
}

LmStatus lm_genfile_augments_from_json(const json_t *list, LmAugment **out, int *n, LmError *err)
{
    LmAugment *entries = NULL;
    int count = 0;
    LmStatus st = list != NULL ? list_at(list, 0, &entries, &count, err) : LM_OK;
    if (st == LM_OK) {
        st = lm_augment_check_list(entries, count, err);
    }
    if (st != LM_OK) {
        lm_augment_free_list(entries, count);
        return st;
    }
    *out = entries;
    *n = count;
    return LM_OK;
}
