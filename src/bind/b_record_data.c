/* What a record keeps of data sets and flows: digests, histograms, contact sheets. */
#include <string.h>

#include "bind/b_dataset.h"
#include "bind/b_flow.h"
#include "bind/b_model.h"
#include "bind/b_record.h"
#include "bind/b_tensor.h"
#include "data/digest.h"
#include "data/sources.h"
#include "flow/probe.h"
#include "tensor/sheet.h"

static const char fn[] = "luma run --record";

enum { SHEET_COLUMNS = 8 };

static const LmDataset *check_root(lua_State *L)
{
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    lua_Integer k = luaL_checkinteger(L, 2);
    luaL_argcheck(L, k >= 1 && k <= lm_view_n_roots(ds), 2, "no such set");
    return lm_view_root(ds, (int)k - 1);
}

/* roots(dataset) -> how many sets it shows images of: itself, or those it is a part of */
static int record_roots(lua_State *L)
{
    lua_pushinteger(L, lm_view_n_roots(lb_dataset_check(L, 1, fn)));
    return 1;
}

/* root(dataset, k) -> { name, count, shape, classes }, a key by which the same set is known again
 */
static int record_root(lua_State *L)
{
    const LmDataset *ds = check_root(L);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, ds->name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, ds->count);
    lua_setfield(L, -2, "count");
    lua_pushinteger(L, ds->n_classes);
    lua_setfield(L, -2, "classes");
    lb_tensor_push_shape(L, 3, (const int64_t[]){ds->h, ds->w, ds->c});
    lua_setfield(L, -2, "shape");
    lua_pushfstring(L, "%p %I %s", (const void *)ds, (LUAI_UACINT)ds->count, ds->name);
    return 2;
}

/* digest(dataset, k) -> SHA-256 of its root k, of what */
static int record_digest(lua_State *L)
{
    char hex[65];
    LmDigestOf of = LM_DIGEST_CONTENTS;
    LmError err;
    LmStatus st;
    const LmDataset *ds = check_root(L);
    LB_CALL(L, st, lm_digest_dataset(ds, lm_digest_files_max_bytes, hex, &of, &err));
    lb_raise_if(L, st, fn, &err);
    lua_pushstring(L, hex);
    lua_pushstring(L, of == LM_DIGEST_NAMES ? "names and sizes" : "contents");
    return 2;
}

/* Replaces the tensor of images at the top by their contact sheet. */
static void make_sheet(lua_State *L)
{
    LmError err;
    LmStatus st;
    const LmTensor *images = lb_tensor_check(L, lua_gettop(L), fn);
    LbTensor *sheet = lb_tensor_push(L);
    LB_CALL(L, st, lm_sheet_new(&sheet->tensor, images, SHEET_COLUMNS, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, sheet);
    lua_remove(L, -2);
}

/* sheet(dataset, list of image numbers from 1) -> tensor, columns */
static int record_sheet(lua_State *L)
{
    LmError err;
    LmStatus st;
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    luaL_checktype(L, 2, LUA_TTABLE);
    int64_t n = luaL_len(L, 2);
    LbTensor *images = lb_tensor_push(L);
    LB_CALL(L, st,
            lm_tensor_new(&images->tensor, ds->dtype, 4, (const int64_t[]){n, ds->h, ds->w, ds->c},
                          &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, images);
    size_t item = (size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype);
    for (int64_t k = 0; k < n; k++) {
        lua_rawgeti(L, 2, k + 1);
        lua_Integer i = luaL_checkinteger(L, -1);
        luaL_argcheck(L, i >= 1 && i <= ds->count, 2, "no such image");
        lua_pop(L, 1);
        char *to = (char *)images->tensor.data + (size_t)k * item;
        lb_raise_if(L, lm_dataset_read(ds, i - 1, to, &err), fn, &err);
    }
    make_sheet(L);
    lua_pushinteger(L, LM_MIN(n, (int64_t)SHEET_COLUMNS));
    return 2;
}

/* { edges, counts } */
static void push_bins(lua_State *L, const LmProbeBins *b)
{
    lua_createtable(L, 0, 2);
    lua_createtable(L, b->n + 1, 0);
    for (int k = 0; k <= b->n; k++) {
        lua_pushnumber(L, b->lo + (b->hi - b->lo) * k / b->n);
        lua_rawseti(L, -2, k + 1);
    }
    lua_setfield(L, -2, "edges");
    lua_createtable(L, b->n, 0);
    for (int k = 0; k < b->n; k++) {
        lua_pushinteger(L, b->counts[k]);
        lua_rawseti(L, -2, k + 1);
    }
    lua_setfield(L, -2, "counts");
}

/* probe(flow) -> { images, before, after, sheet_columns }, sheet, list of image numbers shown */
static int record_probe(lua_State *L)
{
    LmProbe p;
    LmError err;
    LmStatus st;
    const LmFlow *flow = lb_flow_check(L, 1, fn);
    lua_settop(L, 1);
    LbTensor *shown = lb_tensor_push(L);
    LB_CALL(L, st, lm_probe_take(&p, flow, &err));
    lb_raise_if(L, st, fn, &err);
    shown->tensor = p.shown;
    lb_tensor_fill(L, shown);
    int64_t n = shown->tensor.shape[0];
    make_sheet(L);
    lua_createtable(L, 0, 6);
    lua_pushinteger(L, p.n_images);
    lua_setfield(L, -2, "images");
    push_bins(L, &p.before);
    lua_setfield(L, -2, "before");
    push_bins(L, &p.after);
    lua_setfield(L, -2, "after");
    lua_pushinteger(L, LM_MIN(n, (int64_t)SHEET_COLUMNS));
    lua_setfield(L, -2, "sheet_columns");
    lua_insert(L, -2);
    lua_createtable(L, LM_PROBE_SHOWN, 0);
    for (int64_t k = 0; k < n; k++) {
        lua_pushinteger(L, p.items[k] + 1);
        lua_rawseti(L, -2, k + 1);
    }
    return 3;
}

/* replace("model:evaluate", function) -> the method it was */
static int record_replace(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *colon = strchr(name, ':');
    luaL_argcheck(L, colon != NULL, 1, "no method");
    lua_pushlstring(L, name, (size_t)(colon - name));
    const LbType *type = lb_handle_type_named(L, lua_tostring(L, -1));
    luaL_argcheck(L, type != NULL, 1, "no such type");
    lb_handle_push_member(L, type, colon + 1);
    lua_pushvalue(L, 2);
    lb_handle_set_member(L, type, colon + 1);
    return 1;
}

const luaL_Reg lb_record_data[] = {{"roots", record_roots},
                                   {"root", record_root},
                                   {"digest", record_digest},
                                   {"sheet", record_sheet},
                                   {"probe", record_probe},
                                   {"replace", record_replace},
                                   {"evaluate", lb_evaluate_with_wrong},
                                   {NULL, NULL}};
