/* Tensor: the makers luma.tensor, luma.zeros and luma.npy.load.
 *
 * luma.tensor walks the nested table twice: first to check that it is rectangular and numeric (may
 * raise, nothing owned), then to fill the tensor, which by then belongs to its handle.
 */
#include <limits.h>
#include <string.h>

#include "bind/b_tensor.h"
#include "bind/open.h"
#include "io/npy.h"

int lb_tensor_shape(lua_State *L, int arg, const char *fn, int64_t lo, int64_t shape[LM_RANK_MAX])
{
    lb_arg_table(L, arg, fn, "shape", "a list of extents like {64, 28, 28, 1}");
    LbOption extent = {.kind = LB_KIND_INTEGER, .lo = (double)lo, .hi = LB_ANY};
    lua_Unsigned rank = lua_rawlen(L, arg);
    char label[32];
    if (rank < 1 || rank > LM_RANK_MAX) {
        lb_raise_text(L, LM_ESHAPE, "%s: a shape has 1 to %d extents, got %llu", fn, LM_RANK_MAX,
                      (unsigned long long)rank);
    }
    for (int i = 0; i < (int)rank; i++) {
        LmStr s = lm_str(label, sizeof label);
        lm_str_add(&s, "extent %d", i + 1);
        lua_rawgeti(L, arg, i + 1);
        lb_options_store(L, lua_gettop(L), fn, label, &extent, &shape[i]);
        lua_pop(L, 1);
    }
    return (int)rank;
}

/* --- luma.tensor --- */

/* What the first walk knows: the shape so far, and the way to the present item for messages. */
typedef struct Walk {
    const char *fn;
    int rank; /* 0 until the first number is met */
    int64_t shape[LM_RANK_MAX];
    int64_t at[LM_RANK_MAX];
} Walk;

/* "[2][1]" */
static const char *place(const Walk *w, int depth, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    for (int i = 0; i < depth; i++) {
        lm_str_add(&s, "[%lld]", (long long)w->at[i]);
    }
    return buffer;
}

static _Noreturn void fail_length(lua_State *L, const Walk *w, int depth, int64_t n)
{
    char where[96];
    lb_raise_text(L, LM_ESHAPE,
                  "%s: all rows of one level must be equally long: %s has %lld item%s, "
                  "those before it have %lld",
                  w->fn, place(w, depth, where, sizeof where), (long long)n, n == 1 ? "" : "s",
                  (long long)w->shape[depth]);
}

static _Noreturn void fail_item(lua_State *L, const Walk *w, int depth)
{
    char label[96] = "item ";
    place(w, depth, label + strlen(label), sizeof label - strlen(label));
    const char *wants = w->rank == 0       ? "a number or a list of numbers"
                        : w->rank == depth ? "a number"
                                           : "a list of numbers, as those before it";
    lb_arg_fail(L, lua_gettop(L), w->fn, label, wants);
}

/* Checks the table on top of the stack, `depth` levels down. */
static void walk(lua_State *L, Walk *w, int depth)
{
    int64_t n = (int64_t)lua_rawlen(L, -1);
    bool is_first = w->rank == 0 && w->shape[depth] < 0;
    w->shape[depth] = is_first ? n : w->shape[depth];
    if (n != w->shape[depth]) {
        fail_length(L, w, depth, n);
    }
    for (int64_t i = 1; i <= n; i++) {
        w->at[depth] = i;
        bool is_leaf = lua_rawgeti(L, -1, i) == LUA_TNUMBER;
        bool may_descend = w->rank == 0 ? depth + 1 < LM_RANK_MAX : depth + 1 < w->rank;
        if (is_leaf && w->rank == 0) {
            w->rank = depth + 1;
        }
        if (lua_istable(L, -1) && may_descend) {
            luaL_checkstack(L, 4, w->fn);
            walk(L, w, depth + 1);
        } else if (!is_leaf || w->rank != depth + 1) {
            fail_item(L, w, depth + 1);
        }
        lua_pop(L, 1);
    }
}

static void fill(lua_State *L, LmTensor *t, int dim, int64_t *flat, const char *fn)
{
    LmError err;
    for (int64_t i = 0; i < t->shape[dim]; i++) {
        lua_rawgeti(L, -1, i + 1);
        if (dim + 1 < t->rank) {
            fill(L, t, dim + 1, flat, fn);
        } else {
            lb_raise_if(L, lm_tensor_set(t, (*flat)++, lua_tonumber(L, -1), &err), fn, &err);
        }
        lua_pop(L, 1);
    }
}

typedef struct TensorArgs {
    int dtype;
} TensorArgs;

static const LbOption tensor_options[] = {
    LB_CHOICE(TensorArgs, dtype, "dtype", lb_dtype_names, "\"f32\"", "kind of its numbers"),
    LB_OPTIONS_END};

LB_FUNCTION(
    lb_luma_tensor, "luma.tensor", tensor_options,
    "luma.tensor{ numbers or nested lists, dtype=\"f32\" } -> tensor",
    "A tensor from a Lua table. Nested lists give more dimensions; all rows of one level are "
    "equally long. The kind of numbers can also be the second argument.",
    "local t = luma.tensor{ {1, 2, 3}, {4, 5, 6} }\n"
    "assert(#t == 2 and t.shape[2] == 3 and t.dtype == \"f32\")\n"
    "local labels = luma.tensor({7, 2, 1}, \"u8\")\n"
    "assert(labels.dtype == \"u8\")")
{
    TensorArgs a = {.dtype = LM_F32};
    Walk w = {.fn = fn};
    if (lua_isnoneornil(L, 1)) {
        lb_arg_fail(L, 1, fn, "the argument", "a list of numbers, or of lists of them");
    }
    lb_options_parse(L, 1, fn, tensor_options,
                     (LbParts){"numbers, or lists of numbers", 1, INT_MAX}, &a);
    if (!lua_isnoneornil(L, 2)) {
        a.dtype = lb_arg_choice(L, 2, fn, "dtype", lb_dtype_names);
    }
    lb_arg_end(L, 2, fn);
    memset(w.shape, -1, sizeof w.shape);
    lua_pushvalue(L, 1);
    walk(L, &w, 0);
    if (w.rank == 0) {
        lb_raise_text(L, LM_ESHAPE, "%s: there is no number in the lists", fn);
    }
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_new(&t->tensor, (LmDtype)a.dtype, w.rank, w.shape, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    int64_t flat = 0;
    lua_pushvalue(L, 1);
    fill(L, &t->tensor, 0, &flat, fn);
    lua_pop(L, 1);
    return 1;
}

/* --- others --- */

LB_FUNCTION(lb_luma_zeros, "luma.zeros", NULL, "luma.zeros({ extents }, dtype=\"f32\") -> tensor",
            "A tensor of zeros.",
            "local batch = luma.zeros({64, 28, 28, 1}, \"f32\")\n"
            "assert(#batch == 64 and batch:max() == 0)")
{
    int64_t shape[LM_RANK_MAX];
    int dtype = LM_F32;
    int rank = lb_tensor_shape(L, 1, fn, 0, shape);
    if (!lua_isnoneornil(L, 2)) {
        dtype = lb_arg_choice(L, 2, fn, "dtype", lb_dtype_names);
    }
    lb_arg_end(L, 2, fn);
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_zeros(&t->tensor, (LmDtype)dtype, rank, shape, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    return 1;
}

LB_FUNCTION(lb_luma_npy_load, "luma.npy.load", NULL, "luma.npy.load(path) -> tensor",
            "Reads an array that NumPy saved (.npy).",
            "local path = os.tmpname() .. \".npy\"\n"
            "luma.zeros({2, 3}):save(path)\n"
            "assert(luma.npy.load(path).shape[2] == 3)\n"
            "os.remove(path)")
{
    const char *path = lb_arg_string(L, 1, fn, "path");
    lb_arg_end(L, 1, fn);
    LbTensor *t = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_npy_load(&t->tensor, path, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    return 1;
}

void lb_tensor_make_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_tensor_doc, &lb_luma_zeros_doc,
                                        &lb_luma_npy_load_doc, NULL};
    lb_doc_register(L, docs);
}
