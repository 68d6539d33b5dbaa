/* The part of luma.engine.keras that makes data sets: of tensors and of lists of files.
 *
 * Everything taken from tables goes into memory that a shell on the stack owns, so an error at any
 * line frees it.
 */
#include <string.h>

#include "base/mem.h"
#include "bind/b_dataset.h"
#include "bind/b_keras.h"
#include "bind/b_tensor.h"
#include "bind/shell.h"
#include "data/files.h"
#include "data/scan.h"
#include "io/csv.h"

/* Decoded pixels of one file may take a quarter of this. */
static const size_t budget_bytes = (size_t)2 << 30;

static const LmTensor *tensor_in(lua_State *L, int table, const char *key, const char *fn)
{
    lua_getfield(L, table, key);
    const LmTensor *t = lua_isnil(L, -1) ? NULL : lb_tensor_check(L, lua_gettop(L), fn);
    lua_pop(L, 1);
    return t;
}

static LmStatus add_facts(LmDataset *ds, const LmTensor *targets, const LmTensor *weights,
                          int64_t n_classes, LmError *err)
{
    LmStatus st = LM_OK;
    if (targets != NULL) {
        int64_t n = targets->count / LM_MAX(ds->count, (int64_t)1);
        st = lm_dataset_set_targets(ds, LM_TARGETS_VALUES, n, targets->data, NULL, err);
    }
    if (st == LM_OK && weights != NULL) {
        st = lm_dataset_set_weights(ds, weights->data, err);
    }
    if (st == LM_OK && n_classes > ds->n_classes) {
        st = lm_dataset_grow_classes(ds, (int)n_classes, err);
    }
    return st;
}

static void push_set(lua_State *L, const char *fn, const LmTensor *images, const LmTensor *labels,
                     const LmTensor *targets, const LmTensor *weights, int64_t n_classes)
{
    LmDataset *ds;
    LmError err;
    LmStatus st;
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LB_CALL(L, st, lm_memory_new(&ds, "x", images, labels, &err));
    lb_raise_if(L, st, fn, &err);
    lb_dataset_fill(L, handle, ds, lm_tensor_size_bytes(images));
    LB_CALL(L, st, add_facts(ds, targets, weights, n_classes, &err));
    lb_raise_if(L, st, fn, &err);
}

/* set(fn, images, { labels=, targets=, weights=, n_classes= }) -> dataset */
static int keras_set(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    const LmTensor *images = lb_tensor_check(L, 2, fn);
    const LmTensor *labels = tensor_in(L, 3, "labels", fn);
    const LmTensor *targets = tensor_in(L, 3, "targets", fn);
    const LmTensor *weights = tensor_in(L, 3, "weights", fn);
    lua_getfield(L, 3, "n_classes");
    push_set(L, fn, images, labels, targets, weights, luaL_optinteger(L, -1, 0));
    return 1;
}

static void borrow(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

/* relabel(fn, dataset, images) -> a set of those images with the data set's labels, targets and
 * weights */
static int keras_relabel(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    LmDataset *base = lb_dataset_check(L, 2, fn);
    const LmTensor *images = lb_tensor_check(L, 3, fn);
    LmTensor labels = {0};
    LmTensor targets = {0};
    LmTensor weights = {0};
    LmError err;
    LmStatus st = LM_OK;
    int64_t shape[2] = {base->count, base->n_targets};
    if (base->labels != NULL) {
        st = lm_tensor_wrap(&labels, LM_I32, 1, shape, base->labels, borrow, NULL, &err);
    }
    lb_raise_if(L, st, fn, &err);
    if (base->targets != NULL) {
        st = lm_tensor_wrap(&targets, LM_F32, 2, shape, base->targets, borrow, NULL, &err);
    }
    lb_raise_if(L, st, fn, &err);
    if (base->weights != NULL) {
        st = lm_tensor_wrap(&weights, LM_F32, 1, shape, base->weights, borrow, NULL, &err);
    }
    lb_raise_if(L, st, fn, &err);
    push_set(L, fn, images, labels.storage != NULL ? &labels : NULL,
             targets.storage != NULL ? &targets : NULL, weights.storage != NULL ? &weights : NULL,
             base->labels != NULL ? base->n_classes : 0);
    lm_tensor_fini(&labels);
    lm_tensor_fini(&targets);
    lm_tensor_fini(&weights);
    return 1;
}

/* --- files --- */

static void release_names(void *object)
{
    lm_names_fini(object);
    lm_mem_free(object);
}

static LmNames *push_names(lua_State *L, const char *fn)
{
    LmNames *names = NULL;
    LmError err;
    LmStatus st;
    LbShell *shell = lb_shell_push(L, release_names);
    LB_CALL(L, st, lm_mem_zeros(&names, 1, sizeof *names, &err));
    lb_raise_if(L, st, fn, &err);
    shell->object = names;
    return names;
}

static int push_list(lua_State *L, const LmNames *names)
{
    lua_createtable(L, (int)LM_MIN(names->n, (int64_t)1 << 20), 0);
    for (int64_t i = 0; i < names->n; i++) {
        lua_pushstring(L, lm_names_get(names, i));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* folders(fn, dir, follow_links) -> names, in byte order */
static int keras_folders(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    const char *dir = luaL_checkstring(L, 2);
    LmScanCounts counts = {0};
    int64_t n_images = 0;
    LmError err;
    LmNames *names = push_names(L, fn);
    LmStatus st = lm_scan_folders(names, &counts, &n_images, dir, lua_toboolean(L, 3), &err);
    lb_raise_if(L, st, fn, &err);
    return push_list(L, names);
}

/* images(fn, dir, follow_links) -> paths, by folder, then by name */
static int keras_images(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    const char *dir = luaL_checkstring(L, 2);
    LmScanCounts counts = {0};
    LmError err;
    LmNames *names = push_names(L, fn);
    lb_raise_if(L, lm_scan_images(names, &counts, dir, lua_toboolean(L, 3), &err), fn, &err);
    return push_list(L, names);
}

static void release_rows(void *object)
{
    lm_file_rows_fini(object);
    lm_mem_free(object);
}

static LmFileRows *push_rows(lua_State *L, const char *fn)
{
    LmFileRows *rows = NULL;
    LmError err;
    LmStatus st;
    LbShell *shell = lb_shell_push(L, release_rows);
    LB_CALL(L, st, lm_mem_zeros(&rows, 1, sizeof *rows, &err));
    lb_raise_if(L, st, fn, &err);
    shell->object = rows;
    return rows;
}

/* The texts of the list in field `key`. */
static void names_in(lua_State *L, int table, const char *key, LmNames *out, const char *fn)
{
    LmError err;
    lua_Integer n = lua_getfield(L, table, key) == LUA_TTABLE ? luaL_len(L, -1) : 0;
    for (lua_Integer i = 1; i <= n; i++) {
        size_t length;
        lua_rawgeti(L, -1, i);
        const char *text = luaL_checklstring(L, -1, &length);
        lb_raise_if(L, lm_names_add(out, text, length, &err), fn, &err);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* The n numbers of the list in field `key`, or NULL. */
static float *numbers_in(lua_State *L, int table, const char *key, int64_t n, const char *fn)
{
    float *numbers = NULL;
    LmError err;
    if (lua_getfield(L, table, key) == LUA_TTABLE) {
        lb_raise_if(L, lm_mem_alloc(&numbers, (size_t)n, sizeof *numbers, &err), fn, &err);
        for (int64_t i = 0; i < n; i++) {
            lua_rawgeti(L, -1, i + 1);
            numbers[i] = (float)lua_tonumber(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return numbers;
}

/* rows->labels, or rows->targets of the list of rows in field "rows". */
static void marks_in(lua_State *L, int table, LmFileRows *rows, const char *fn)
{
    LmError err;
    int64_t n = rows->paths.n;
    if (lua_getfield(L, table, "labels") == LUA_TTABLE) {
        lb_raise_if(L, lm_mem_alloc(&rows->labels, (size_t)n, sizeof *rows->labels, &err), fn,
                    &err);
        for (int64_t i = 0; i < n; i++) {
            lua_rawgeti(L, -1, i + 1);
            rows->labels[i] = (int32_t)lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
    }
    if (lua_getfield(L, table, "rows") == LUA_TTABLE) {
        lua_rawgeti(L, -1, 1);
        rows->n_targets = luaL_len(L, -1);
        lua_pop(L, 1);
        lb_raise_if(L,
                    lm_mem_alloc(&rows->targets, (size_t)(n * rows->n_targets),
                                 sizeof *rows->targets, &err),
                    fn, &err);
        for (int64_t i = 0; i < n; i++) {
            lua_rawgeti(L, -1, i + 1);
            for (int64_t k = 0; k < rows->n_targets; k++) {
                lua_rawgeti(L, -1, k + 1);
                rows->targets[i * rows->n_targets + k] = (float)lua_tonumber(L, -1);
                lua_pop(L, 1);
            }
            lua_pop(L, 1);
        }
        lua_getfield(L, table, "multi_label");
        rows->targets_kind = lua_toboolean(L, -1) ? LM_TARGETS_MULTI_LABEL : LM_TARGETS_VALUES;
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

static LmImageSetOptions images_in(lua_State *L, int table)
{
    LmImageSetOptions o = {.budget_bytes = budget_bytes, .ignore_exif = true};
    lua_getfield(L, table, "size");
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    o.h = luaL_checkinteger(L, -2);
    o.w = luaL_checkinteger(L, -1);
    lua_getfield(L, table, "color");
    LM_ASSERT(lm_color_from_name(luaL_checkstring(L, -1), &o.color));
    lua_getfield(L, table, "resize");
    LM_ASSERT(lm_resize_from_name(luaL_checkstring(L, -1), &o.resize));
    lua_getfield(L, table, "keep_aspect_ratio");
    o.keep_aspect = lua_toboolean(L, -1);
    lua_pop(L, 6);
    return o;
}

/* files(fn, { paths=, labels=, classes=, rows=, multi_label=, weights=, size=, color=, resize=,
 * keep_aspect_ratio= }) -> dataset */
static int keras_files(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    LmImageSetOptions o = images_in(L, 2);
    LmFileRows *rows = push_rows(L, fn);
    names_in(L, 2, "paths", &rows->paths, fn);
    names_in(L, 2, "classes", &rows->classes, fn);
    marks_in(L, 2, rows, fn);
    rows->weights = numbers_in(L, 2, "weights", rows->paths.n, fn);
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *ds;
    LmError err;
    lb_raise_if(L, lm_files_open(&ds, "files", rows, &o, &err), fn, &err);
    lb_dataset_fill(L, handle, ds, 0);
    return 1;
}

static void release_csv(void *object)
{
    lm_csv_fini(object);
    lm_mem_free(object);
}

/* csv(fn, path) -> list of rows, the header first, each a list of texts */
static int keras_csv(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    const char *path = luaL_checkstring(L, 2);
    LmCsv *csv = NULL;
    LmError err;
    LmStatus st;
    LbShell *shell = lb_shell_push(L, release_csv);
    LB_CALL(L, st, lm_mem_zeros(&csv, 1, sizeof *csv, &err));
    lb_raise_if(L, st, fn, &err);
    shell->object = csv;
    LB_CALL(L, st, lm_csv_load(csv, path, ',', &err));
    lb_raise_if(L, st, fn, &err);
    lua_createtable(L, (int)LM_MIN(csv->n_rows + 1, (int64_t)1 << 20), 0);
    for (int64_t row = -1; row < csv->n_rows; row++) {
        lua_createtable(L, csv->n_columns, 0);
        for (int k = 0; k < csv->n_columns; k++) {
            lua_pushstring(L, lm_csv_get(csv, row, k));
            lua_rawseti(L, -2, k + 1);
        }
        lua_rawseti(L, -2, row + 2);
    }
    return 1;
}

void lb_keras_files_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"set", keras_set},
                                         {"relabel", keras_relabel},
                                         {"folders", keras_folders},
                                         {"images", keras_images},
                                         {"files", keras_files},
                                         {"csv", keras_csv},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
