/* Tensor: arithmetic, comparison, and facts over all elements.
 *
 * Facts of integer tensors are integers where they are elements or sums of elements.
 */
#include "bind/b_tensor.h"

/* --- facts --- */

static LmTensorFacts facts(lua_State *L, const char *fn)
{
    LmTensorFacts f;
    LmError err;
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    lb_raise_if(L, lm_tensor_facts(t, &f, &err), fn, &err);
    return f;
}

/* A value that is one of the elements, or their sum: an integer for integer tensors, as long as a
 * double holds it exactly. */
static int push_fact(lua_State *L, double v)
{
    static const double exact_limit = 9007199254740992.0;
    LmDtype dtype = lb_tensor_test(L, 1)->dtype;
    if ((dtype == LM_U8 || dtype == LM_I32) && v >= -exact_limit && v <= exact_limit) {
        lua_pushinteger(L, (lua_Integer)v);
    } else {
        lua_pushnumber(L, v);
    }
    return 1;
}

LB_FUNCTION(lb_tensor_min, "tensor:min", NULL, "tensor:min() -> number",
            "The smallest element; NaN if there is one.", "assert(luma.tensor{3, 1, 2}:min() == 1)")
{
    return push_fact(L, facts(L, fn).min);
}

LB_FUNCTION(lb_tensor_max, "tensor:max", NULL, "tensor:max() -> number",
            "The largest element; NaN if there is one.", "assert(luma.tensor{3, 1, 2}:max() == 3)")
{
    return push_fact(L, facts(L, fn).max);
}

LB_FUNCTION(lb_tensor_sum, "tensor:sum", NULL, "tensor:sum() -> number",
            "The sum of all elements: exact for integer tensors, else accumulated in double.",
            "assert(luma.tensor({255, 255}, \"u8\"):sum() == 510)")
{
    return push_fact(L, facts(L, fn).sum);
}

LB_FUNCTION(lb_tensor_mean, "tensor:mean", NULL, "tensor:mean() -> number",
            "The mean of all elements, exact or accumulated in double.",
            "assert(luma.tensor{1, 2, 3, 4}:mean() == 2.5)")
{
    lua_pushnumber(L, facts(L, fn).mean);
    return 1;
}

LB_FUNCTION(lb_tensor_std, "tensor:std", NULL, "tensor:std() -> number",
            "The population standard deviation of all elements (divided by their count).",
            "assert(luma.tensor{1, 3}:std() == 1)")
{
    lua_pushnumber(L, facts(L, fn).std);
    return 1;
}

/* --- comparison --- */

LB_FUNCTION(lb_tensor_equal, "tensor:equal", NULL, "tensor:equal(other) -> boolean",
            "Whether both have the same kind of numbers, shape and bits.",
            "local t = luma.tensor{1, 2}\n"
            "assert(t:equal(t:clone()) and not t:equal(t:to(\"f64\")))")
{
    const LmTensor *a = lb_tensor_check(L, 1, fn);
    const LmTensor *b = lb_tensor_check(L, 2, fn);
    lb_arg_end(L, 2, fn);
    lua_pushboolean(L, lm_tensor_equal(a, b));
    return 1;
}

LB_FUNCTION(lb_tensor_max_abs_diff, "tensor:max_abs_diff", NULL,
            "tensor:max_abs_diff(other) -> number",
            "The largest difference between elements of the same place; shapes must be equal.",
            "assert(luma.tensor{1, 2}:max_abs_diff(luma.tensor{1, 5}) == 3)")
{
    double d;
    LmError err;
    const LmTensor *a = lb_tensor_check(L, 1, fn);
    const LmTensor *b = lb_tensor_check(L, 2, fn);
    lb_arg_end(L, 2, fn);
    lb_raise_if(L, lm_tensor_max_abs_diff(a, b, &d, &err), fn, &err);
    lua_pushnumber(L, d);
    return 1;
}

/* --- arithmetic --- */

typedef struct Operand {
    const LmTensor *tensor; /* NULL: the scalar */
    double scalar;
} Operand;

static Operand operand(lua_State *L, int index, const char *fn)
{
    Operand o = {NULL, 0};
    if (lua_type(L, index) == LUA_TNUMBER) {
        o.scalar = lua_tonumber(L, index);
    } else if (lb_handle_type(L, index) == &lb_tensor_type) {
        o.tensor = lb_tensor_check(L, index, fn);
    } else {
        lb_arg_fail(L, index, fn, index == 1 ? "the left side" : "the right side",
                    "a tensor or a number");
    }
    return o;
}

static int arith(lua_State *L, char op, Operand a, Operand b, const char *fn)
{
    LbTensor *result = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st,
            lm_tensor_arith(&result->tensor, op, a.tensor, a.scalar, b.tensor, b.scalar, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, result);
    return 1;
}

static int binary(lua_State *L, char op, const char *fn)
{
    Operand a = operand(L, 1, fn);
    Operand b = operand(L, 2, fn);
    return arith(L, op, a, b, fn);
}

static int meta_add(lua_State *L)
{
    return binary(L, '+', "tensor + tensor");
}

static int meta_sub(lua_State *L)
{
    return binary(L, '-', "tensor - tensor");
}

static int meta_mul(lua_State *L)
{
    return binary(L, '*', "tensor * tensor");
}

static int meta_div(lua_State *L)
{
    return binary(L, '/', "tensor / tensor");
}

/* -1 * t rather than 0 - t, which would turn zeros into positive ones. */
static int meta_unm(lua_State *L)
{
    Operand t = operand(L, 1, "-tensor");
    return arith(L, '*', (Operand){NULL, -1}, t, "-tensor");
}

void lb_tensor_math_open(lua_State *L)
{
    static const LbDoc *const docs[] = {
        &lb_tensor_min_doc, &lb_tensor_max_doc,   &lb_tensor_sum_doc,          &lb_tensor_mean_doc,
        &lb_tensor_std_doc, &lb_tensor_equal_doc, &lb_tensor_max_abs_diff_doc, NULL};
    static const luaL_Reg meta[] = {{"__add", meta_add}, {"__sub", meta_sub}, {"__mul", meta_mul},
                                    {"__div", meta_div}, {"__unm", meta_unm}, {NULL, NULL}};
    lb_handle_extend(L, &lb_tensor_type, docs, meta);
}
