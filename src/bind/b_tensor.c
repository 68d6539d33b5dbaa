/* Tensor: its type, fields, views, elements and the ways out (tables, files, digests).
 *
 * Indexes are 1-based here and 0-based in the engine; this file is where they change. t[i] of a
 * tensor of rank 1 is a number, of any other a view that shares storage.
 */
#include "bind/b_tensor.h"

#include <string.h>

#include "bind/open.h"
#include "io/npy.h"
#include "io/png.h"

const char *const lb_dtype_names[] = {
#define DTYPE_NAME(name, type, text) text,
    LM_DTYPE_LIST(DTYPE_NAME)
#undef DTYPE_NAME
        NULL};

/* --- boxes --- */

LbTensor *lb_tensor_push(lua_State *L)
{
    return lb_handle_push(L, &lb_tensor_type);
}

void lb_tensor_fill(lua_State *L, LbTensor *t)
{
    lb_handle_fill(L, &t->handle, &t->tensor, lm_tensor_size_bytes(&t->tensor));
}

void lb_tensor_fill_view(lua_State *L, LbTensor *t)
{
    lb_handle_fill(L, &t->handle, &t->tensor, 0);
}

LmTensor *lb_tensor_check(lua_State *L, int arg, const char *fn)
{
    return lb_handle_check(L, arg, &lb_tensor_type, fn);
}

LmTensor *lb_tensor_test(lua_State *L, int index)
{
    const LbHandle *handle = lb_handle_test(L, index, &lb_tensor_type);
    return handle != NULL ? handle->object : NULL;
}

static void push_element(lua_State *L, const LmTensor *t, int64_t flat)
{
    double v = lm_tensor_get(t, flat);
    if (t->dtype == LM_U8 || t->dtype == LM_I32) {
        lua_pushinteger(L, (lua_Integer)v);
    } else {
        lua_pushnumber(L, v);
    }
}

void lb_tensor_push_shape(lua_State *L, int rank, const int64_t *shape)
{
    lua_createtable(L, rank, 0);
    for (int i = 0; i < rank; i++) {
        lua_pushinteger(L, shape[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

double lb_tensor_number(lua_State *L, int index, const char *fn, const char *label)
{
    if (lua_type(L, index) != LUA_TNUMBER) {
        lb_arg_fail(L, index, fn, label, "a number");
    }
    return lua_tonumber(L, index);
}

/* --- fields --- */

LB_FUNCTION(lb_tensor_get_shape, "tensor.shape", NULL, "tensor.shape -> list of integers",
            "The extents, outermost first: a batch is { N, H, W, C }.",
            "local t = luma.zeros({2, 28, 28, 1})\n"
            "assert(#t.shape == 4 and t.shape[2] == 28)")
{
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    lb_tensor_push_shape(L, t->rank, t->shape);
    return 1;
}

LB_FUNCTION(lb_tensor_get_dtype, "tensor.dtype", NULL, "tensor.dtype -> string",
            "The kind of its numbers: \"u8\", \"i32\", \"f32\" or \"f64\".",
            "assert(luma.zeros({3}, \"u8\").dtype == \"u8\")")
{
    lua_pushstring(L, lm_dtype_name(lb_tensor_check(L, 1, fn)->dtype));
    return 1;
}

/* --- views --- */

LB_FUNCTION(lb_tensor_narrow, "tensor:narrow", NULL, "tensor:narrow(first, count) -> tensor",
            "A view of `count` items along the first dimension, from number `first` on. It shares "
            "the numbers: what is set in one shows in the other.",
            "local t = luma.tensor{10, 20, 30, 40}\n"
            "assert(t:narrow(2, 2):equal(luma.tensor{20, 30}))")
{
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    int64_t first = lb_arg_integer(L, 2, fn, "first", 1, LB_ANY);
    int64_t count = lb_arg_integer(L, 3, fn, "count", 0, LB_ANY);
    lb_arg_end(L, 3, fn);
    LbTensor *view = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_narrow(&view->tensor, t, first - 1, count, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill_view(L, view);
    return 1;
}

LB_FUNCTION(lb_tensor_reshape, "tensor:reshape", NULL, "tensor:reshape{ extents } -> tensor",
            "A view of the same numbers in another shape. One extent may be -1: it is worked out.",
            "local t = luma.zeros({28, 28, 1}):reshape{1, -1}\n"
            "assert(t.shape[2] == 784)")
{
    int64_t shape[LM_RANK_MAX];
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    int rank = lb_tensor_shape(L, 2, fn, -1, shape);
    lb_arg_end(L, 2, fn);
    LbTensor *view = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_reshape(&view->tensor, t, rank, shape, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill_view(L, view);
    return 1;
}

LB_FUNCTION(lb_tensor_permute, "tensor:permute", NULL, "tensor:permute{ dimensions } -> tensor",
            "A copy with the dimensions in another order: {1, 3, 4, 2} turns N x C x H x W into "
            "N x H x W x C.",
            "local t = luma.zeros({2, 3, 28, 14}):permute{1, 3, 4, 2}\n"
            "assert(t.shape[2] == 28 and t.shape[4] == 3)")
{
    int64_t listed[LM_RANK_MAX];
    int order[LM_RANK_MAX];
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    int rank = lb_tensor_shape(L, 2, fn, 0, listed);
    lb_arg_end(L, 2, fn);
    if (rank != t->rank) {
        lb_raise_text(L, LM_EARG, "%s: a tensor of rank %d wants %d dimensions, got %d", fn,
                      t->rank, t->rank, rank);
    }
    for (int k = 0; k < rank; k++) {
        order[k] = (int)LM_MIN(listed[k], (int64_t)LM_RANK_MAX + 1) - 1;
    }
    LbTensor *copy = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_permute(&copy->tensor, t, order, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, copy);
    return 1;
}

/* Position of the index at `arg`, 0-based; extent `dim` of t. */
static int64_t check_index(lua_State *L, int arg, const LmTensor *t, int dim, const char *fn)
{
    char got[96];
    char shape[96];
    int ok = 0;
    int64_t i = lua_type(L, arg) == LUA_TNUMBER ? lua_tointegerx(L, arg, &ok) : 0;
    lb_raise_value(L, arg, got, sizeof got);
    if (!ok) {
        lb_raise_text(L, LM_EARG, "%s: index %d wants an integer, got %s", fn, dim + 1, got);
    }
    if (i < 1 || i > t->shape[dim]) {
        lm_str_shape(shape, sizeof shape, t->rank, t->shape);
        lb_raise_text(L, LM_EARG, "%s: index %d is %s, but this %s tensor has 1 to %lld there%s",
                      fn, dim + 1, got, shape, (long long)t->shape[dim],
                      i == 0 ? " (indexes count from 1)" : "");
    }
    return i - 1;
}

/* t[i]: stack (tensor, number). */
static int tensor_at(lua_State *L)
{
    static const char fn[] = "tensor[i]";
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    if (t->rank == 0) {
        lb_raise_text(L, LM_ESHAPE, "%s: a scalar has no items; use t:get()", fn);
    }
    int64_t i = check_index(L, 2, t, 0, fn);
    if (t->rank == 1) {
        push_element(L, t, i);
        return 1;
    }
    LbTensor *view = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_index(&view->tensor, t, i, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill_view(L, view);
    return 1;
}

/* t[i] = v: stack (tensor, key, value). */
static int tensor_set_at(lua_State *L)
{
    static const char fn[] = "tensor[i] = v";
    LmTensor *t = lb_tensor_check(L, 1, fn);
    char key[96];
    if (lua_type(L, 2) != LUA_TNUMBER) {
        lb_raise_text(L, LM_EARG, "fields of a tensor cannot be set (got key %s)",
                      lb_raise_value(L, 2, key, sizeof key));
    }
    if (t->rank != 1) {
        lb_raise_text(L, LM_ESHAPE,
                      "%s: works on tensors of rank 1, this one is %s; use t:set(i, j, v)", fn,
                      lm_str_shape(key, sizeof key, t->rank, t->shape));
    }
    int64_t i = check_index(L, 2, t, 0, fn);
    double v = lb_tensor_number(L, 3, fn, "the value");
    LmError err;
    lb_raise_if(L, lm_tensor_set(t, i, v, &err), fn, &err);
    return 0;
}

/* --- elements --- */

/* Flat position from one index a dimension, arguments 2.. */
static int64_t check_indexes(lua_State *L, const LmTensor *t, int n_extra, const char *fn)
{
    char shape[96];
    int64_t flat = 0;
    int n = lua_gettop(L) - 1 - n_extra;
    if (n != t->rank) {
        lm_str_shape(shape, sizeof shape, t->rank, t->shape);
        lb_raise_text(L, LM_ESHAPE, "%s: wants %d index%s%s for a tensor of shape %s, got %d", fn,
                      t->rank, t->rank == 1 ? "" : "es", n_extra > 0 ? " and a value" : "", shape,
                      LM_MAX(n, 0));
    }
    for (int i = 0; i < n; i++) {
        flat = flat * t->shape[i] + check_index(L, 2 + i, t, i, fn);
    }
    return flat;
}

LB_FUNCTION(lb_tensor_get, "tensor:get", NULL, "tensor:get(i, j, ...) -> number",
            "One element; as many indexes as the tensor has dimensions, each from 1.",
            "local t = luma.tensor{ {1, 2}, {3, 4} }\n"
            "assert(t:get(2, 1) == 3)")
{
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    push_element(L, t, check_indexes(L, t, 0, fn));
    return 1;
}

LB_FUNCTION(lb_tensor_set, "tensor:set", NULL, "tensor:set(i, j, ..., v) -> tensor",
            "Sets one element. Integer tensors round to the nearest and refuse what does not fit.",
            "local t = luma.zeros({2, 2}):set(1, 2, 0.5)\n"
            "assert(t:get(1, 2) == 0.5)")
{
    LmTensor *t = lb_tensor_check(L, 1, fn);
    int64_t flat = check_indexes(L, t, 1, fn);
    double v = lb_tensor_number(L, lua_gettop(L), fn, "the value");
    LmError err;
    lb_raise_if(L, lm_tensor_set(t, flat, v, &err), fn, &err);
    lua_pushvalue(L, 1);
    return 1;
}

/* --- copies and ways out --- */

LB_FUNCTION(lb_tensor_to, "tensor:to", NULL, "tensor:to(dtype) -> tensor",
            "A copy with another kind of numbers. To \"u8\" and \"i32\" values are rounded to the "
            "nearest (halves to even) and must fit.",
            "assert(luma.tensor{0.4, 2.6}:to(\"u8\"):equal(luma.tensor({0, 3}, \"u8\")))")
{
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    int dtype = lb_arg_choice(L, 2, fn, "dtype", lb_dtype_names);
    lb_arg_end(L, 2, fn);
    LbTensor *copy = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_to(&copy->tensor, t, (LmDtype)dtype, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, copy);
    return 1;
}

LB_FUNCTION(lb_tensor_clone, "tensor:clone", NULL, "tensor:clone() -> tensor",
            "A copy of its own, for numbers that must not change with the original.",
            "local t = luma.tensor{1, 2}\n"
            "local c = t:clone()\n"
            "c[1] = 9\n"
            "assert(t[1] == 1 and c[1] == 9)")
{
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    LbTensor *copy = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_clone(&copy->tensor, t, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, copy);
    return 1;
}

static void push_nested(lua_State *L, const LmTensor *t, int dim, int64_t *flat)
{
    if (dim == t->rank) {
        push_element(L, t, (*flat)++);
        return;
    }
    luaL_checkstack(L, 4, "tensor:table");
    lua_createtable(L, (int)LM_MIN(t->shape[dim], (int64_t)1 << 20), 0);
    for (int64_t i = 0; i < t->shape[dim]; i++) {
        push_nested(L, t, dim + 1, flat);
        lua_rawseti(L, -2, i + 1);
    }
}

LB_FUNCTION(lb_tensor_table, "tensor:table", NULL, "tensor:table() -> nested table",
            "Its numbers as a Lua table of tables, one level a dimension.",
            "local rows = luma.tensor{ {1, 2}, {3, 4} }:table()\n"
            "assert(rows[2][1] == 3)")
{
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    int64_t flat = 0;
    lb_arg_end(L, 1, fn);
    push_nested(L, t, 0, &flat);
    return 1;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t n_end = strlen(end);
    return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

LB_FUNCTION(lb_tensor_save, "tensor:save", NULL, "tensor:save(path) -> tensor",
            "Writes a file, by the ending of its name: .npy (NumPy, any shape) or .png (one image "
            "H x W or H x W x 1, 3 or 4; floats are stretched so that the smallest is black).",
            "local path = os.tmpname() .. \".npy\"\n"
            "luma.tensor{1, 2, 3}:save(path)\n"
            "assert(luma.npy.load(path):sum() == 6)\n"
            "os.remove(path)")
{
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    const char *path = lb_arg_string(L, 2, fn, "path");
    lb_arg_end(L, 2, fn);
    LmError err;
    LmStatus st;
    if (ends_with(path, ".npy")) {
        LB_CALL(L, st, lm_npy_save(t, path, &err));
    } else if (ends_with(path, ".png")) {
        LB_CALL(L, st, lm_png_save(t, path, &err));
    } else {
        lb_raise_text(L, LM_EARG, "%s: \"%s\" ends neither in .npy nor in .png", fn, path);
    }
    lb_raise_if(L, st, fn, &err);
    lua_pushvalue(L, 1);
    return 1;
}

LB_FUNCTION(lb_tensor_sha256, "tensor:sha256", NULL, "tensor:sha256() -> string",
            "SHA-256 of its numbers' bytes, in hex: equal digests mean equal bits.",
            "local t = luma.zeros({4})\n"
            "assert(t:sha256() == t:clone():sha256() and #t:sha256() == 64)")
{
    char hex[65];
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    lm_tensor_sha256(t, hex);
    lua_pushstring(L, hex);
    return 1;
}

/* --- the type --- */

static void release(void *object)
{
    lm_tensor_fini(object);
}

static void describe(const void *object, LmStr *out)
{
    char text[160];
    lm_str_add(out, "%s", lm_tensor_describe(object, text, sizeof text));
}

static lua_Integer length(const void *object)
{
    const LmTensor *t = object;
    return t->rank > 0 ? t->shape[0] : 1;
}

static const LbDoc *const members[] = {&lb_tensor_get_shape_doc,
                                       &lb_tensor_get_dtype_doc,
                                       &lb_tensor_narrow_doc,
                                       &lb_tensor_reshape_doc,
                                       &lb_tensor_permute_doc,
                                       &lb_tensor_get_doc,
                                       &lb_tensor_set_doc,
                                       &lb_tensor_to_doc,
                                       &lb_tensor_clone_doc,
                                       &lb_tensor_table_doc,
                                       &lb_tensor_save_doc,
                                       &lb_tensor_sha256_doc,
                                       NULL};

static const luaL_Reg meta[] = {{"__newindex", tensor_set_at}, {NULL, NULL}};

const LbType lb_tensor_type = {
    .name = "tensor",
    .text =
        "Numbers of one kind (u8, i32, f32, f64) in a rectangular shape. #t is the first extent; "
        "t[i] is a number where there is one dimension, else a view of item i that shares its "
        "numbers; t[i] = v sets one (one dimension; t:set for more). + - * / and unary minus work "
        "element by element with numbers and with tensors of the same shape, and give f32 (f64 "
        "when an operand is f64). Indexes count from 1.",
    .example = "local t = luma.tensor{ {1, 2}, {3, 4} }\n"
               "assert(#t == 2 and t[2][1] == 3)\n"
               "local u = 2 * t - 1\n"
               "assert(u[2][2] == 7)",
    .handle_size = sizeof(LbTensor),
    .release = release,
    .describe = describe,
    .length = length,
    .at = tensor_at,
    .members = members,
    .meta = meta,
};

void lb_tensor_open(lua_State *L)
{
    lb_handle_define(L, &lb_tensor_type);
    lb_tensor_math_open(L);
    lb_tensor_show_open(L);
    lb_tensor_make_open(L);
}
