/* Dataset: parts and other views of it. They keep their base alive and copy no pixels. */
#include "bind/b_dataset.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bind/b_tensor.h"
#include "bind/open.h"
#include "data/sources.h"

/* A view holds at most one index an item. */
static void fill_view(lua_State *L, LbHandle *handle, LmDataset *ds)
{
    lb_dataset_fill(L, handle, ds, (size_t)ds->count * sizeof(int64_t));
}

static int push_range(lua_State *L, LmDataset *base, int64_t first, int64_t n, const char *fn)
{
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *ds;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_view_range(&ds, base, first, n, &err));
    lb_raise_if(L, st, fn, &err);
    fill_view(L, handle, ds);
    return 1;
}

LB_FUNCTION(lb_dataset_take, "dataset:take", NULL, "dataset:take(n) -> dataset",
            "The first n images. No pixels are copied.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(#train:take(10) == 10)")
{
    LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t n = lb_arg_integer(L, 2, fn, "n", 1, (double)ds->count);
    lb_arg_end(L, 2, fn);
    return push_range(L, ds, 0, n, fn);
}

LB_FUNCTION(lb_dataset_range, "dataset:range", NULL, "dataset:range(first, last) -> dataset",
            "Images number `first` to `last`, both included. No pixels are copied.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local part = train:range(11, 20)\n"
            "assert(#part == 10 and part:label(1) == train:label(11))")
{
    LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t first = lb_arg_integer(L, 2, fn, "first", 1, (double)ds->count);
    int64_t last = lb_arg_integer(L, 3, fn, "last", (double)first, (double)ds->count);
    lb_arg_end(L, 3, fn);
    return push_range(L, ds, first - 1, last - first + 1, fn);
}

/* --- splits --- */

/* Replaces the value on top of the stack, a group's name, by nothing; gives its number in order of
 * appearance. `ids` is the table of those met. */
static int64_t group_number(lua_State *L, int ids, int64_t item, int64_t *n_groups, const char *fn)
{
    char text[96];
    int type = lua_type(L, -1);
    bool is_number = type == LUA_TNUMBER && lua_tonumber(L, -1) == lua_tonumber(L, -1);
    if (!is_number && type != LUA_TSTRING && type != LUA_TBOOLEAN) {
        lb_raise_text(L, LM_EARG, "%s: the group of image %lld wants a number or a string, got %s",
                      fn, (long long)item + 1, lb_raise_value(L, -1, text, sizeof text));
    }
    lua_pushvalue(L, -1);
    if (lua_rawget(L, ids) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushinteger(L, (*n_groups)++);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, ids);
    }
    int64_t number = lua_tointeger(L, -1);
    lua_pop(L, 2);
    return number;
}

static const char *check_file(lua_State *L, const LmDataset *ds, int64_t i, const char *fn)
{
    const char *file = lm_dataset_item_name(ds, i);
    if (file == NULL) {
        lb_raise_text(L, LM_EARG,
                      "%s: the images of '%s' are not files of their own, so key= cannot go by "
                      "names; give a list of groups",
                      fn, ds->name);
    }
    return file;
}

/* Pushes the folder of the image's file, or what the pattern at `key` finds in its path. */
static void push_name_group(lua_State *L, const LmDataset *ds, int key, int64_t i, const char *fn)
{
    const char *file = check_file(L, ds, i, fn);
    const char *pattern = lua_tostring(L, key);
    if (strcmp(pattern, "folder") == 0) {
        const char *slash = strrchr(file, '/');
        lua_pushlstring(L, file, slash != NULL ? (size_t)(slash - file) : 0);
        return;
    }
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "match");
    lua_remove(L, -2);
    lua_pushstring(L, file);
    lua_pushvalue(L, key);
    lua_call(L, 2, 1);
    if (lua_isnil(L, -1)) {
        lb_raise_text(L, LM_EARG, "%s: the pattern \"%s\" of key= finds nothing in %s", fn, pattern,
                      file);
    }
}

static void push_group(lua_State *L, const LmDataset *ds, int key, int64_t i, const char *fn)
{
    const LmTensor *tensor = lb_tensor_test(L, key);
    if (tensor != NULL) {
        lua_pushnumber(L, lm_tensor_get(tensor, i));
    } else if (lua_istable(L, key)) {
        lua_rawgeti(L, key, i + 1);
    } else if (lua_isfunction(L, key)) {
        lua_pushvalue(L, key);
        lua_pushinteger(L, i + 1);
        lua_pushstring(L, lm_dataset_item_name(ds, i));
        lua_call(L, 2, 1);
    } else {
        push_name_group(L, ds, key, i, fn);
    }
}

static void check_key(lua_State *L, const LmDataset *ds, int key, const char *fn)
{
    const LmTensor *tensor = lb_tensor_test(L, key);
    bool is_list = lua_istable(L, key) || tensor != NULL;
    if (!is_list && !lua_isfunction(L, key) && lua_type(L, key) != LUA_TSTRING) {
        lb_arg_fail(L, key, fn, "option 'key'",
                    "a list or tensor of one group an image, a function, \"folder\" or a pattern");
    }
    int64_t n = tensor != NULL ? tensor->count : is_list ? (int64_t)lua_rawlen(L, key) : ds->count;
    if (n != ds->count) {
        lb_raise_text(L, LM_EARG,
                      "%s: option 'key' wants one group for each of the %lld images, got %lld", fn,
                      (long long)ds->count, (long long)n);
    }
}

/* Sets the groups that option `key` of the table at argument 2 makes, kept alive on the stack. */
static void parse_groups(lua_State *L, LmSplitOptions *o, const LmDataset *ds, const char *fn)
{
    if (lua_getfield(L, 2, "key") == LUA_TNIL) {
        return;
    }
    int key = lua_gettop(L);
    check_key(L, ds, key, fn);
    int64_t *groups = lua_newuserdatauv(L, (size_t)ds->count * sizeof *groups, 0);
    lua_newtable(L);
    int ids = lua_gettop(L);
    for (int64_t i = 0; i < ds->count; i++) {
        push_group(L, ds, key, i, fn);
        groups[i] = group_number(L, ids, i, &o->n_groups, fn);
    }
    o->groups = groups;
}

typedef struct SplitArgs {
    int64_t seed;
    bool stratify;
    bool shuffle;
} SplitArgs;

#define KEY_TEXT                                                                                   \
    "images that stay together: a list or tensor of one group an image, function(i, file), "       \
    "\"folder\" or a pattern that finds the group in the file's path"

static const LbOption split_options[] = {
    LB_SEED(SplitArgs, seed),
    LB_BOOLEAN(SplitArgs, stratify, "stratify", "true", "the same share of every class"),
    LB_BOOLEAN(SplitArgs, shuffle, "shuffle", "true", "drawn at random; false keeps file order"),
    {.name = "key", .kind = LB_KIND_ANY, .offset = LB_NOWHERE, .text = KEY_TEXT},
    LB_OPTIONS_END};

static LmSplitOptions parse_split(lua_State *L, const LmDataset *ds, LbParts parts,
                                  const char *wanted, const char *fn)
{
    SplitArgs a = {.seed = (int64_t)lb_open_seed(L), .stratify = true, .shuffle = true};
    lb_arg_table(L, 2, fn, "parts", wanted);
    lb_options_parse(L, 2, fn, split_options, parts, &a);
    lb_arg_end(L, 2, fn);
    if (a.stratify && ds->labels == NULL) {
        lb_raise_text(L, LM_EARG,
                      "%s: '%s' has no labels to stratify by; say stratify=false to split it", fn,
                      ds->name);
    }
    return (LmSplitOptions){
        .seed = (uint64_t)a.seed, .is_stratified = a.stratify, .is_shuffled = a.shuffle};
}

LB_FUNCTION(
    lb_dataset_split, "dataset:split", split_options,
    "dataset:split{ fraction, seed=, stratify=true, shuffle=true, key= } -> dataset, dataset",
    "Two parts that share no image: the first holds `fraction` of every class, as nearly as the "
    "groups of `key` allow. The same seed gives the same parts.",
    "local data = luma.dataset.digits{ train=1000, test=10 }\n"
    "local train, valid = data:split{ 0.9, seed=7 }\n"
    "assert(#train + #valid == 1000)")
{
    LmDataset *ds = lb_dataset_check(L, 1, fn);
    LmSplitOptions o = parse_split(L, ds, (LbParts){"one fraction, as in { 0.9 }", 1, 1},
                                   "a table like { 0.9, seed=7 }", fn);
    lua_rawgeti(L, 2, 1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(lua_tonumber(L, -1) > 0 && lua_tonumber(L, -1) < 1)) {
        lb_arg_fail(L, lua_gettop(L), fn, "the fraction", "a number between 0 and 1");
    }
    o.fraction = lua_tonumber(L, -1);
    parse_groups(L, &o, ds, fn);
    LbHandle *first_handle = lb_handle_push(L, &lb_dataset_type);
    LbHandle *second_handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *first;
    LmDataset *second;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_split_fraction(&first, &second, ds, &o, &err));
    lb_raise_if(L, st, fn, &err);
    fill_view(L, first_handle, first);
    fill_view(L, second_handle, second);
    return 2;
}

/* More folds than anyone trains. */
enum { FOLDS_MAX = 1000 };

/* Pushes k lists of two empty handles in a list; `handles` gets them. */
static void push_pairs(lua_State *L, int64_t k, LbHandle **handles)
{
    lua_createtable(L, (int)k, 0);
    for (int64_t i = 0; i < k; i++) {
        lua_createtable(L, 2, 0);
        for (int part = 0; part < 2; part++) {
            handles[2 * i + part] = lb_handle_push(L, &lb_dataset_type);
            lua_rawseti(L, -2, part + 1);
        }
        lua_rawseti(L, -2, i + 1);
    }
}

LB_FUNCTION(
    lb_dataset_kfold, "dataset:kfold", split_options,
    "dataset:kfold{ k, seed=, stratify=true, shuffle=true, key= } -> list of { train, validation }",
    "k ways to leave out a part for validation: every image is in one of the k parts, which hold "
    "the same share of every class. The same seed gives the same parts.",
    "local data = luma.dataset.digits{ train=100, test=10 }\n"
    "for _, fold in ipairs(data:kfold{ 5, seed=7 }) do\n"
    "  local train, validation = fold[1], fold[2]\n"
    "  assert(#train + #validation == 100)\n"
    "end")
{
    LmDataset *ds = lb_dataset_check(L, 1, fn);
    LmSplitOptions o = parse_split(L, ds, (LbParts){"one number of folds, as in { 5 }", 1, 1},
                                   "a table like { 5, seed=7 }", fn);
    lua_rawgeti(L, 2, 1);
    LbOption number = {.kind = LB_KIND_INTEGER, .lo = 2, .hi = FOLDS_MAX};
    int64_t k = 0;
    lb_options_store(L, lua_gettop(L), fn, "the number of folds", &number, &k);
    parse_groups(L, &o, ds, fn);
    LmDataset **sets = lua_newuserdatauv(L, (size_t)(2 * k) * sizeof(LmDataset *), 0);
    LbHandle **handles = lua_newuserdatauv(L, (size_t)(2 * k) * sizeof(LbHandle *), 0);
    push_pairs(L, k, handles);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_split_folds(sets, sets + k, ds, k, &o, &err));
    lb_raise_if(L, st, fn, &err);
    for (int64_t i = 0; i < k; i++) {
        fill_view(L, handles[2 * i], sets[i]);
        fill_view(L, handles[2 * i + 1], sets[k + i]);
    }
    return 1;
}

/* --- others --- */

LB_FUNCTION(lb_dataset_concat, "dataset:concat", NULL, "dataset:concat(other) -> dataset",
            "The images of both, one set after the other: same shape, kind of pixels and classes.",
            "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(#train:concat(test) == 110)")
{
    LmDataset *a = lb_dataset_check(L, 1, fn);
    LmDataset *b = lb_dataset_check(L, 2, fn);
    lb_arg_end(L, 2, fn);
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *ds;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_view_concat(&ds, a, b, &err));
    lb_raise_if(L, st, fn, &err);
    fill_view(L, handle, ds);
    return 1;
}

int32_t lb_dataset_class_number(lua_State *L, const LmDataset *ds, const char *fn)
{
    char label[128];
    if (lua_type(L, -1) == LUA_TSTRING) {
        for (int i = 0; i < ds->n_classes; i++) {
            if (strcmp(ds->classes[i], lua_tostring(L, -1)) == 0) {
                return i;
            }
        }
        const char *got = lua_tostring(L, -1);
        lb_raise_hint_words(got, (const char *const *)ds->classes, (size_t)ds->n_classes, label,
                            sizeof label);
        lb_raise_text(L, LM_EARG, "%s: '%s' has no class named '%s'%s", fn, ds->name, got, label);
    }
    int ok = 0;
    lua_Integer n = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &ok) : -1;
    if (!ok || n < 0 || n >= ds->n_classes) {
        snprintf(label, sizeof label, "a class name, or a class number from 0 to %d",
                 ds->n_classes - 1);
        lb_arg_fail(L, lua_gettop(L), fn, "the list of classes", label);
    }
    return (int32_t)n;
}

LB_FUNCTION(
    lb_dataset_filter, "dataset:filter", NULL, "dataset:filter{ classes } -> dataset",
    "The images of the classes listed, by number (from 0) or name. Labels keep their numbers.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local low = train:filter{ 0, 1, 2 }\n"
    "assert(low:label(1) <= 2)")
{
    LmDataset *ds = lb_dataset_check(L, 1, fn);
    lb_arg_table(L, 2, fn, "classes", "a list of classes like { 0, 1 }");
    int n = lb_options_parse(L, 2, fn, NULL, (LbParts){"a list of classes", 1, INT_MAX}, NULL);
    lb_arg_end(L, 2, fn);
    if (ds->labels == NULL) {
        lb_raise_text(L, LM_ESTATE, "%s: '%s' has no labels to filter by", fn, ds->name);
    }
    int32_t *keep = lua_newuserdatauv(L, (size_t)n * sizeof *keep, 0);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 2, i + 1);
        keep[i] = lb_dataset_class_number(L, ds, fn);
        lua_pop(L, 1);
    }
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *view;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_view_filter(&view, ds, keep, n, &err));
    lb_raise_if(L, st, fn, &err);
    fill_view(L, handle, view);
    return 1;
}

/* --- weights --- */

static void store_weight(lua_State *L, const char *label, double *out, const char *fn)
{
    LbOption number = {.kind = LB_KIND_NUMBER, .lo = 0, .hi = LB_ANY};
    lb_options_store(L, lua_gettop(L), fn, label, &number, out);
}

/* Numbers by class name at argument 2; classes not named weigh 1. */
static const double *push_class_weights(lua_State *L, const LmDataset *ds, const char *fn)
{
    char label[160];
    double *of_class = lua_newuserdatauv(L, (size_t)ds->n_classes * sizeof *of_class, 0);
    for (int k = 0; k < ds->n_classes; k++) {
        of_class[k] = 1;
    }
    lua_pushnil(L);
    while (lua_next(L, 2) != 0) {
        lua_pushvalue(L, -2);
        if (lua_type(L, -1) != LUA_TSTRING) {
            lb_raise_text(L, LM_EARG,
                          "%s: wants a number for each of the %lld images, or numbers by the names "
                          "of classes, as in { cat=2 }",
                          fn, (long long)ds->count);
        }
        int32_t class = lb_dataset_class_number(L, ds, fn);
        lua_pop(L, 1);
        snprintf(label, sizeof label, "the weight of class '%.100s'", ds->classes[class]);
        store_weight(L, label, &of_class[class], fn);
        lua_pop(L, 1);
    }
    return of_class;
}

/* One number an image, from the list or tensor at argument 2. */
static const float *push_item_weights(lua_State *L, const LmDataset *ds, const LmTensor *tensor,
                                      const char *fn)
{
    char label[64];
    float *weights = lua_newuserdatauv(L, (size_t)ds->count * sizeof *weights, 0);
    for (int64_t i = 0; i < ds->count; i++) {
        double w = 0;
        if (tensor != NULL) {
            w = lm_tensor_get(tensor, i);
        } else {
            lua_rawgeti(L, 2, i + 1);
            snprintf(label, sizeof label, "the weight of image %lld", (long long)i + 1);
            store_weight(L, label, &w, fn);
            lua_pop(L, 1);
        }
        weights[i] = (float)w;
    }
    return weights;
}

typedef struct WeightsArgs {
    bool is_balanced;
    const double *of_class;
    const float *of_item;
} WeightsArgs;

static WeightsArgs parse_weights(lua_State *L, const LmDataset *ds, const char *fn)
{
    WeightsArgs a = {false, NULL, NULL};
    const LmTensor *tensor = lb_tensor_test(L, 2);
    lb_arg_end(L, 2, fn);
    if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "balanced") == 0) {
        a.is_balanced = true;
    } else if (tensor == NULL && !lua_istable(L, 2)) {
        lb_arg_fail(L, 2, fn, "argument 1 (weights)",
                    "\"balanced\", a list or tensor of numbers, or numbers by class name");
    } else if (tensor != NULL && tensor->count != ds->count) {
        lb_raise_text(L, LM_EARG, "%s: wants a number for each of the %lld images, got %lld", fn,
                      (long long)ds->count, (long long)tensor->count);
    } else if (tensor != NULL || (int64_t)lua_rawlen(L, 2) == ds->count) {
        a.of_item = push_item_weights(L, ds, tensor, fn);
    } else {
        a.of_class = push_class_weights(L, ds, fn);
    }
    return a;
}

static LmStatus weigh(LmDataset **out, LmDataset *ds, const WeightsArgs *a, LmError *err)
{
    return a->is_balanced        ? lm_weights_new_balanced(out, ds, err)
           : a->of_class != NULL ? lm_weights_new_of_classes(out, ds, a->of_class, err)
                                 : lm_weights_new(out, ds, a->of_item, err);
}

LB_FUNCTION(
    lb_dataset_weights, "dataset:weights", NULL, "dataset:weights(weights) -> dataset",
    "The same images, each with a weight in training: a list or tensor of one number an "
    "image; numbers by class name, as in { cat=2 } (others weigh 1); or \"balanced\": every "
    "class weighs the same in all, n / (K * n_k) an image.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "assert(train:weights { [\"7\"]=2 }:weight(1) >= 1)\n"
    "assert(train:weights \"balanced\":weight(1) > 0)")
{
    LmDataset *ds = lb_dataset_check(L, 1, fn);
    WeightsArgs a = parse_weights(L, ds, fn);
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *out;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, weigh(&out, ds, &a, &err));
    lb_raise_if(L, st, fn, &err);
    fill_view(L, handle, out);
    return 1;
}

void lb_dataset_views_open(lua_State *L)
{
    static const LbDoc *const members[] = {&lb_dataset_take_doc,    &lb_dataset_range_doc,
                                           &lb_dataset_split_doc,   &lb_dataset_kfold_doc,
                                           &lb_dataset_concat_doc,  &lb_dataset_filter_doc,
                                           &lb_dataset_weights_doc, NULL};
    lb_handle_extend(L, &lb_dataset_type, members, NULL);
}
