/* model:weights, model:set_weights, model:digest: parameters as named tensors. */
#include <string.h>

#include "bind/b_model.h"
#include "bind/b_tensor.h"
#include "bind/options.h"

static void push_weight(lua_State *L, const LmModel *m, int i, const char *fn)
{
    LmError err;
    LmStatus st;
    LbTensor *t = lb_tensor_push(L);
    LB_CALL(L, st, lm_model_get_weight(m, i, &t->tensor, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
}

LB_FUNCTION(
    lb_model_weights, "model:weights", NULL, "model:weights() -> table",
    "Copies of all weights by name (\"conv1/kernel\": KH x KW x IC x OC, \"dense1/kernel\": IN "
    "x OUT). The list part holds the names in layer order.",
    LB_MODEL_EXAMPLE "local weights = model:weights()\n"
                     "for i, name in ipairs(weights) do print(name, weights[name]) end")
{
    LmModel *m = lb_model_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    int n = lm_model_n_weights(m);
    lua_createtable(L, n, n);
    for (int i = 0; i < n; i++) {
        lua_pushstring(L, lm_model_weight_name(m, i));
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, i + 1);
        push_weight(L, m, i, fn);
        lua_rawset(L, -3);
    }
    return 1;
}

static int find_weight(const LmModel *m, const char *name)
{
    for (int i = 0; i < lm_model_n_weights(m); i++) {
        if (strcmp(lm_model_weight_name(m, i), name) == 0) {
            return i;
        }
    }
    return -1;
}

static _Noreturn void fail_unknown(lua_State *L, const LmModel *m, const char *fn)
{
    char hint[96];
    int n = lm_model_n_weights(m);
    lua_createtable(L, 0, n);
    for (int i = 0; i < n; i++) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, lm_model_weight_name(m, i));
    }
    const char *got = lua_tostring(L, -2);
    lb_raise_text(L, LM_EARG, "%s: the model has no weight '%s'%s", fn, got,
                  lb_raise_hint(L, -1, got, hint, sizeof hint));
}

/* Raises unless every named entry of the table at 2 is a tensor for an existing weight. Integer
 * keys are the names that model:weights() lists. */
static void check_names(lua_State *L, const LmModel *m, const char *fn)
{
    lb_arg_table(L, 2, fn, "weights", "a table { [name] = tensor, ... }");
    lua_pushnil(L);
    while (lua_next(L, 2) != 0) {
        bool is_named = lua_type(L, -2) == LUA_TSTRING;
        if (is_named && lb_tensor_test(L, -1) == NULL) {
            lb_arg_fail(L, -1, fn, lua_tostring(L, -2), "a tensor");
        }
        lua_pop(L, 1);
        if (is_named && find_weight(m, lua_tostring(L, -1)) < 0) {
            fail_unknown(L, m, fn);
        }
    }
}

/* Sets all weights named in the table at `from`; LM_OK, or the first failure. */
static LmStatus set_all(lua_State *L, LmModel *m, int from, LmError *err)
{
    LmStatus st = LM_OK;
    for (int i = 0; i < lm_model_n_weights(m) && st == LM_OK; i++) {
        lua_pushstring(L, lm_model_weight_name(m, i));
        lua_rawget(L, from);
        const LmTensor *t = lb_tensor_test(L, -1);
        if (t != NULL) {
            LB_CALL(L, st, lm_model_set_weight(m, i, t, err));
        }
        lua_pop(L, 1);
    }
    return st;
}

LB_FUNCTION(lb_model_set_weights, "model:set_weights", NULL,
            "model:set_weights{ [name] = tensor, ... } -> model",
            "Copies numbers into the weights named: all of them, or none where one does not fit.",
            LB_MODEL_EXAMPLE "model:set_weights{ [\"dense1/bias\"] = luma.zeros({10}, \"f32\") }\n"
                             "model:set_weights(model:weights())")
{
    LmError err;
    LmError ignored;
    LmModel *m = lb_model_check(L, 1, fn);
    lb_arg_end(L, 2, fn);
    check_names(L, m, fn);
    lua_pushcfunction(L, lb_model_weights);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    LmStatus st = set_all(L, m, 2, &err);
    if (st != LM_OK) {
        /* The model's own numbers always fit back. */
        LM_ASSERT(set_all(L, m, 3, &ignored) == LM_OK);
    }
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, 1);
    return 1;
}

LB_FUNCTION(lb_model_digest, "model:digest", NULL, "model:digest() -> string",
            "SHA-256 of all weights: equal digests mean equal bits.",
            LB_MODEL_EXAMPLE "assert(#model:digest() == 64)")
{
    char digest[65];
    LmModel *m = lb_model_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    lm_model_digest(m, digest);
    lua_pushstring(L, digest);
    return 1;
}

void lb_weights_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_model_weights_doc, &lb_model_set_weights_doc,
                                        &lb_model_digest_doc, NULL};
    lb_handle_extend(L, &lb_model_type, docs, NULL);
}
