/* Dataset: its type, fields, items, and the views made of it.
 *
 * Items count from 1, labels (class numbers) from 0 as in the files. Views keep their base alive
 * and copy no pixels.
 */
#include "bind/b_dataset.h"
#include "base/profile.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bind/b_stats.h"
#include "bind/b_tensor.h"
#include "bind/open.h"
#include "data/sources.h"

LmDataset *lb_dataset_check(lua_State *L, int arg, const char *fn)
{
    return lb_handle_check(L, arg, &lb_dataset_type, fn);
}

void lb_dataset_fill(lua_State *L, LbHandle *handle, LmDataset *ds, size_t own_bytes)
{
    size_t labels = ds->labels != NULL ? (size_t)ds->count * sizeof *ds->labels : 0;
    lb_handle_fill(L, handle, ds, own_bytes + labels);
}

/* A view holds at most one index an item. */
static void fill_view(lua_State *L, LbHandle *handle, LmDataset *ds)
{
    lb_dataset_fill(L, handle, ds, (size_t)ds->count * sizeof(int64_t));
}

/* --- fields --- */

LB_FUNCTION(lb_dataset_shape, "dataset.shape", NULL, "dataset.shape -> { H, W, C }",
            "Rows, columns and channels of every image.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train.shape[1] == 28 and train.shape[3] == 1)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    lb_tensor_push_shape(L, 3, (const int64_t[]){ds->h, ds->w, ds->c});
    return 1;
}

LB_FUNCTION(lb_dataset_classes, "dataset.classes", NULL, "dataset.classes -> list of strings",
            "The names of the classes; label l belongs to classes[l + 1]. Empty without labels.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train.classes[train:label(1) + 1] == tostring(train:label(1)))")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    lua_createtable(L, ds->n_classes, 0);
    for (int i = 0; i < ds->n_classes; i++) {
        lua_pushstring(L, ds->classes[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

LB_FUNCTION(lb_dataset_name, "dataset.name", NULL, "dataset.name -> string",
            "What the data set is called in messages and reports.",
            "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train.name ~= test.name)")
{
    lua_pushstring(L, lb_dataset_check(L, 1, fn)->name);
    return 1;
}

LB_FUNCTION(lb_dataset_dtype, "dataset.dtype", NULL, "dataset.dtype -> string",
            "The kind of numbers its pixels are stored as: \"u8\", or \"f32\" for scaled ones.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train.dtype == \"u8\")")
{
    lua_pushstring(L, lm_dtype_name(lb_dataset_check(L, 1, fn)->dtype));
    return 1;
}

/* --- items --- */

LB_FUNCTION(lb_dataset_image, "dataset:image", NULL, "dataset:image(i) -> tensor",
            "A copy of image i (from 1), H x W x C, as it is stored: u8 for files.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local image = train:image(1)\n"
            "assert(image.dtype == \"u8\" and image.shape[1] == 28)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t i = lb_arg_integer(L, 2, fn, "i", 1, (double)ds->count) - 1;
    lb_arg_end(L, 2, fn);
    LbTensor *image = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(
        L, st,
        lm_tensor_new(&image->tensor, ds->dtype, 3, (const int64_t[]){ds->h, ds->w, ds->c}, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, image);
    lb_raise_if(L, lm_dataset_read(ds, i, image->tensor.data, &err), fn, &err);
    return 1;
}

LB_FUNCTION(lb_dataset_label, "dataset:label", NULL, "dataset:label(i) -> integer",
            "The class number of image i (from 1). Class numbers count from 0, as in the files.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train:label(1) >= 0 and train:label(1) <= 9)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t i = lb_arg_integer(L, 2, fn, "i", 1, (double)ds->count) - 1;
    lb_arg_end(L, 2, fn);
    if (ds->labels == NULL) {
        lb_raise_text(L, LM_ESTATE, "%s: '%s' has no labels", fn, ds->name);
    }
    lua_pushinteger(L, ds->labels[i]);
    return 1;
}

/* --- views --- */

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

typedef struct SplitArgs {
    int64_t seed;
    bool stratify;
    bool shuffle;
} SplitArgs;

static const LbOption split_options[] = {
    LB_SEED(SplitArgs, seed),
    LB_BOOLEAN(SplitArgs, stratify, "stratify", "true", "the same share of every class"),
    LB_BOOLEAN(SplitArgs, shuffle, "shuffle", "true", "drawn at random; false keeps file order"),
    LB_OPTIONS_END};

LB_FUNCTION(
    lb_dataset_split, "dataset:split", split_options,
    "dataset:split{ fraction, seed=, stratify=true, shuffle=true } -> dataset, dataset",
    "Two parts that share no image: the first holds `fraction` of every class. The same seed "
    "gives the same parts.",
    "local data = luma.dataset.digits{ train=1000, test=10 }\n"
    "local train, valid = data:split{ 0.9, seed=7 }\n"
    "assert(#train + #valid == 1000)")
{
    SplitArgs a = {.seed = (int64_t)lb_open_seed(L), .stratify = true, .shuffle = true};
    LmDataset *ds = lb_dataset_check(L, 1, fn);
    lb_arg_table(L, 2, fn, "parts", "a table like { 0.9, seed=7 }");
    lb_options_parse(L, 2, fn, split_options, (LbParts){"one fraction, as in { 0.9 }", 1, 1}, &a);
    lb_arg_end(L, 2, fn);
    lua_rawgeti(L, 2, 1);
    if (lua_type(L, -1) != LUA_TNUMBER || !(lua_tonumber(L, -1) > 0 && lua_tonumber(L, -1) < 1)) {
        lb_arg_fail(L, lua_gettop(L), fn, "the fraction", "a number between 0 and 1");
    }
    LmSplitOptions o = {.fraction = lua_tonumber(L, -1),
                        .seed = (uint64_t)a.seed,
                        .is_stratified = a.stratify,
                        .is_shuffled = a.shuffle};
    if (a.stratify && ds->labels == NULL) {
        lb_raise_text(L, LM_EARG,
                      "%s: '%s' has no labels to stratify by; say stratify=false to split it", fn,
                      ds->name);
    }
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

/* The class meant by the value on top of the stack: its number, or its name. */
static int32_t class_number(lua_State *L, const LmDataset *ds, const char *fn)
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
        keep[i] = class_number(L, ds, fn);
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

LB_FUNCTION(lb_dataset_stats, "dataset:stats", lb_stats_options,
            "dataset:stats{ axis=\"all\" } -> stats",
            "Statistics of all its pixels: exact for u8 data, the same bits on every machine.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local s = train:stats()\n"
            "assert(s.min == 0 and s.mean > 0)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    LmAxis axis = lb_stats_parse_axis(L, 2, fn);
    lb_arg_end(L, 2, fn);
    LmMoments *m = lb_stats_push(L, axis, fn);
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st, lm_dataset_stats(ds, m, &err));
    lm_profile_stop(LM_PROFILE_STATISTICS, "dataset:stats", start);
    lb_raise_if(L, st, fn, &err);
    return 1;
}

/* --- the type --- */

static void release(void *object)
{
    lm_dataset_unref(object);
}

static void describe(const void *object, LmStr *out)
{
    char text[256];
    lm_str_add(out, "%s", lm_dataset_describe(object, text, sizeof text));
}

static lua_Integer length(const void *object)
{
    return ((const LmDataset *)object)->count;
}

static const LbDoc *const members[] = {&lb_dataset_shape_doc,
                                       &lb_dataset_classes_doc,
                                       &lb_dataset_name_doc,
                                       &lb_dataset_dtype_doc,
                                       &lb_dataset_image_doc,
                                       &lb_dataset_label_doc,
                                       &lb_dataset_take_doc,
                                       &lb_dataset_range_doc,
                                       &lb_dataset_split_doc,
                                       &lb_dataset_concat_doc,
                                       &lb_dataset_filter_doc,
                                       &lb_dataset_stats_doc,
                                       NULL};

const LbType lb_dataset_type = {
    .name = "dataset",
    .text =
        "A read-only set of images of one shape, with labels. #ds is the number of images. Pixels "
        "stay as they are stored (mapped from the file where it is not compressed) and are scaled "
        "only when a flow asks for them. Parts made by take, range, split, filter and concat copy "
        "no pixels.",
    .example = "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
               "assert(#train == 100 and #test == 10)\n"
               "print(train)",
    .release = release,
    .describe = describe,
    .length = length,
    .members = members,
};

void lb_dataset_open(lua_State *L)
{
    lb_handle_define(L, &lb_dataset_type);
    lb_dataset_make_open(L);
}
