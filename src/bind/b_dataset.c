/* Dataset: its type, fields and items. Items count from 1, labels (class numbers) from 0 as in the
 * files. */
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
    size_t item = (ds->labels != NULL ? sizeof *ds->labels : 0) +
                  (ds->weights != NULL ? sizeof *ds->weights : 0) +
                  (size_t)ds->n_targets * sizeof *ds->targets;
    lb_handle_fill(L, handle, ds, own_bytes + (size_t)ds->count * item);
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

LB_FUNCTION(lb_dataset_files, "dataset.files", NULL, "dataset.files -> list of strings",
            "The paths of its images' files, in order. Empty where images are not files of their "
            "own.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(#train.files == 0)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    lua_newtable(L);
    for (int64_t i = 0; i < ds->count && lm_dataset_item_name(ds, i) != NULL; i++) {
        lua_pushstring(L, lm_dataset_item_name(ds, i));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

LB_FUNCTION(lb_dataset_targets, "dataset.targets", NULL, "dataset.targets -> tensor or nil",
            "What there is to predict beside or instead of a class: a row an image, f32; "
            "dataset.classes names the columns.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train.targets == nil)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    if (ds->targets == NULL) {
        lua_pushnil(L);
        return 1;
    }
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(
        L, st,
        lm_tensor_new(&t->tensor, LM_F32, 2, (const int64_t[]){ds->count, ds->n_targets}, &err));
    lb_raise_if(L, st, fn, &err);
    memcpy(t->tensor.data, ds->targets, lm_tensor_size_bytes(&t->tensor));
    lb_tensor_fill(L, t);
    return 1;
}

void lb_dataset_push_skipped(lua_State *L, const LmDataset *ds)
{
    lua_newtable(L);
    for (int64_t i = 0; ds->skips != NULL && i < ds->skips->n; i++) {
        lua_createtable(L, 0, 2);
        lua_pushstring(L, ds->skips->entries[i].path);
        lua_setfield(L, -2, "file");
        lua_pushstring(L, ds->skips->entries[i].reason);
        lua_setfield(L, -2, "reason");
        lua_rawseti(L, -2, i + 1);
    }
}

LB_FUNCTION(
    lb_dataset_skipped, "dataset.skipped", NULL, "dataset.skipped -> list of { file=, reason= }",
    "The files that on_error=\"skip\" left out when the set was opened, and why. Parts of a "
    "set have the list of the whole.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "assert(#train.skipped == 0)")
{
    lb_dataset_push_skipped(L, lb_dataset_check(L, 1, fn));
    return 1;
}

LB_FUNCTION(
    lb_dataset_ignored, "dataset.ignored", NULL, "dataset.ignored -> integer",
    "How many files (or rows of a table) were seen that are none of its images: hidden ones, "
    "other extensions, links that are not followed, classes not asked for.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "assert(train.ignored == 0)")
{
    lua_pushinteger(L, lb_dataset_check(L, 1, fn)->n_ignored);
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

static int64_t check_item(lua_State *L, const LmDataset *ds, const char *fn)
{
    int64_t i = lb_arg_integer(L, 2, fn, "i", 1, (double)ds->count) - 1;
    lb_arg_end(L, 2, fn);
    return i;
}

LB_FUNCTION(
    lb_dataset_label, "dataset:label", NULL, "dataset:label(i) -> integer or list",
    "The class number of image i (from 1). Class numbers count from 0, as in the files. Where "
    "images have any number of classes: the list of those it has.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "assert(train:label(1) >= 0 and train:label(1) <= 9)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t i = check_item(L, ds, fn);
    if (ds->labels != NULL) {
        lua_pushinteger(L, ds->labels[i]);
        return 1;
    }
    if (ds->targets_kind != LM_TARGETS_MULTI_LABEL) {
        lb_raise_text(L, LM_ESTATE, "%s: '%s' has no labels%s", fn, ds->name,
                      ds->targets != NULL ? "; dataset:target(i) gives its numbers" : "");
    }
    lua_newtable(L);
    for (int64_t k = 0; k < ds->n_targets; k++) {
        if (ds->targets[i * ds->n_targets + k] > 0) {
            lua_pushinteger(L, k);
            lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        }
    }
    return 1;
}

LB_FUNCTION(lb_dataset_target, "dataset:target", NULL, "dataset:target(i) -> list of numbers",
            "The numbers to predict for image i, or a 1 or 0 for each class it may have.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(not pcall(train.target, train, 1)) -- it has labels instead")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t i = check_item(L, ds, fn);
    if (ds->targets == NULL) {
        lb_raise_text(L, LM_ESTATE, "%s: '%s' has no targets%s", fn, ds->name,
                      ds->labels != NULL ? "; dataset:label(i) gives its classes" : "");
    }
    lua_createtable(L, (int)ds->n_targets, 0);
    for (int64_t k = 0; k < ds->n_targets; k++) {
        lua_pushnumber(L, (double)ds->targets[i * ds->n_targets + k]);
        lua_rawseti(L, -2, k + 1);
    }
    return 1;
}

LB_FUNCTION(lb_dataset_weight, "dataset:weight", NULL, "dataset:weight(i) -> number",
            "How much image i counts in training: 1 unless the set has weights.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train:weight(1) == 1)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t i = check_item(L, ds, fn);
    lua_pushnumber(L, ds->weights != NULL ? (double)ds->weights[i] : 1.0);
    return 1;
}

LB_FUNCTION(lb_dataset_file, "dataset:file", NULL, "dataset:file(i) -> string or nil",
            "The path of the file of image i; nil where images are not files of their own.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "assert(train:file(1) == nil)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t i = check_item(L, ds, fn);
    lua_pushstring(L, lm_dataset_item_name(ds, i));
    return 1;
}

LB_FUNCTION(lb_dataset_counts, "dataset:counts", NULL, "dataset:counts() -> list of integers",
            "How many images each class has, in the order of dataset.classes.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local sum = 0\n"
            "for _, n in ipairs(train:counts()) do sum = sum + n end\n"
            "assert(sum == 100)")
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    if (ds->labels == NULL && ds->targets_kind != LM_TARGETS_MULTI_LABEL) {
        lb_raise_text(L, LM_ESTATE, "%s: '%s' has no labels to count", fn, ds->name);
    }
    int64_t *counts = lua_newuserdatauv(L, (size_t)ds->n_classes * sizeof *counts, 0);
    lm_dataset_counts(ds, counts);
    lua_createtable(L, ds->n_classes, 0);
    for (int k = 0; k < ds->n_classes; k++) {
        lua_pushinteger(L, counts[k]);
        lua_rawseti(L, -2, k + 1);
    }
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
    lb_stats_push(L, axis, fn);
    lb_stats_take(L, -1, ds, fn);
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

static const LbDoc *const members[] = {&lb_dataset_shape_doc,   &lb_dataset_classes_doc,
                                       &lb_dataset_name_doc,    &lb_dataset_dtype_doc,
                                       &lb_dataset_image_doc,   &lb_dataset_label_doc,
                                       &lb_dataset_files_doc,   &lb_dataset_targets_doc,
                                       &lb_dataset_skipped_doc, &lb_dataset_ignored_doc,
                                       &lb_dataset_target_doc,  &lb_dataset_weight_doc,
                                       &lb_dataset_file_doc,    &lb_dataset_counts_doc,
                                       &lb_dataset_stats_doc,   NULL};

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
    lb_dataset_views_open(L);
    lb_dataset_make_open(L);
    lb_dataset_files_open(L);
    lb_dataset_binary_open(L);
}
