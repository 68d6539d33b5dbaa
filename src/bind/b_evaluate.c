/* model:evaluate and model:predict. */
#include "bind/b_flow.h"
#include "bind/b_model.h"
#include "bind/b_tensor.h"
#include "bind/options.h"
#include "bind/shell.h"

#include <math.h>

#include "base/mem.h"

const char *const lb_loss_names[] = {"cross_entropy", "binary_cross_entropy", "mse", NULL};
_Static_assert(LM_LOSS_MSE == LM_ARRAY_LEN(lb_loss_names) - 2, "one name a loss, in order");

/* Above this many classes a table of their confusions is of no use to anyone and costs 8 MB. */
enum { CONFUSION_MAX = 1000 };
/* More wrong images than anybody looks at. */
enum { WRONG_MAX = 32 };

static const char result_meta[] = "luma.result";

void lb_model_push_metrics(lua_State *L, const LmMetrics *m)
{
    lua_createtable(L, 0, 10);
    lua_pushnumber(L, m->loss);
    lua_setfield(L, -2, "loss");
    if (!isnan(m->accuracy)) {
        lua_pushnumber(L, m->accuracy);
        lua_setfield(L, -2, "accuracy");
        lua_pushinteger(L, m->correct);
        lua_setfield(L, -2, "correct");
        lua_pushinteger(L, m->judged);
        lua_setfield(L, -2, "judged");
    }
    lua_pushinteger(L, m->count);
    lua_setfield(L, -2, "count");
    lua_pushnumber(L, m->seconds);
    lua_setfield(L, -2, "seconds");
}

/* "loss 0.0301, accuracy 98.97 % (9,897 of 10,000)", or without the accuracy where values are
 * predicted. */
static int result_tostring(lua_State *L)
{
    char text[160];
    LmStr s = lm_str(text, sizeof text);
    lua_getfield(L, 1, "loss");
    lua_getfield(L, 1, "accuracy");
    lua_getfield(L, 1, "correct");
    lua_getfield(L, 1, "judged");
    lm_str_add(&s, "loss %.4f", lua_tonumber(L, -4));
    if (!lua_isnil(L, -3)) {
        lm_str_add(&s, ", accuracy %.2f %% (", 100 * lua_tonumber(L, -3));
        lm_str_add_count(&s, lua_tointeger(L, -2));
        lm_str_add(&s, " of ");
        lm_str_add_count(&s, lua_tointeger(L, -1));
        lm_str_add(&s, ")");
    }
    lua_pushstring(L, text);
    return 1;
}

/* A flow written in Lua whose images are changed at random beforehand has another one for what is
 * not training: its metatable's __still gives it. */
static void take_still(lua_State *L, int index)
{
    if (lua_istable(L, index) && luaL_getmetafield(L, index, "__still") != LUA_TNIL) {
        lua_pushvalue(L, index);
        lua_call(L, 1, 1);
        lua_replace(L, index);
    }
}

LmFlow *lb_evaluate_flow(lua_State *L, int index, const char *fn, const char *label)
{
    if (lb_handle_test(L, index, &lb_flow_type) == NULL) {
        lb_arg_fail(L, index, fn, label, "a flow, as generator:flow(dataset) gives it");
    }
    return lb_flow_check(L, index, fn);
}

typedef struct EvaluateArgs {
    int loss;
} EvaluateArgs;

static const LbOption evaluate_options[] = {
    LB_CHOICE(EvaluateArgs, loss, "loss", lb_loss_names, "\"cross_entropy\"", "what is measured"),
    LB_OPTIONS_END};

/* Pushes an i32 tensor of the n*n counts. */
static void push_confusion(lua_State *L, const int64_t *counts, int64_t n, const char *fn)
{
    LmError err;
    LmStatus st;
    LbTensor *t = lb_tensor_push(L);
    LB_CALL(L, st, lm_tensor_new(&t->tensor, LM_I32, 2, (int64_t[]){n, n}, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, t);
    for (int64_t i = 0; i < n * n; i++) {
        ((int32_t *)t->tensor.data)[i] = (int32_t)counts[i];
    }
}

typedef struct Evaluation {
    LmMetrics metrics;
    const LmDataset *dataset;
    bool has_classes;
    int64_t *confusion; /* NULL: none */
    int32_t *predicted; /* NULL: not wanted, or there are none */
} Evaluation;

/* Memory for n numbers, owned by a shell on the stack. */
static void *push_zeros(lua_State *L, int64_t n, size_t size_each, const char *fn)
{
    LmError err;
    LmStatus st;
    void *block = NULL;
    LbShell *shell = lb_shell_push(L, lm_mem_free);
    LB_CALL(L, st, lm_mem_zeros(&block, (size_t)n, size_each, &err));
    lb_raise_if(L, st, fn, &err);
    shell->object = block;
    return block;
}

/* Arguments are model, flow, options. */
static Evaluation evaluate(lua_State *L, bool wants_predicted, const char *fn)
{
    EvaluateArgs a = {LM_LOSS_CROSS_ENTROPY};
    LmError err;
    LmStatus st;
    LmModel *model = lb_model_check(L, 1, fn);
    take_still(L, 2);
    LmFlow *flow = lb_evaluate_flow(L, 2, fn, "argument 1");
    lb_arg_end(L, 3, fn);
    lb_options_parse(L, 3, fn, evaluate_options, LB_NO_PARTS, &a);
    const LmDataset *ds = lm_flow_dataset(flow);
    int64_t n = ds->n_classes;
    Evaluation e = {.dataset = ds,
                    .has_classes = lm_targets_is_class(lm_flow_options(flow)->labels)};
    if (e.has_classes && n <= CONFUSION_MAX) {
        e.confusion = push_zeros(L, n * n, sizeof *e.confusion, fn);
    }
    if (e.has_classes && wants_predicted) {
        e.predicted = push_zeros(L, ds->count, sizeof *e.predicted, fn);
    }
    LB_CALL(
        L, st,
        lm_evaluate_each(model, flow, (LmLoss)a.loss, &e.metrics, e.confusion, e.predicted, &err));
    lb_raise_if(L, st, fn, &err);
    return e;
}

static void push_result(lua_State *L, const Evaluation *e, const char *fn)
{
    lb_model_push_metrics(L, &e->metrics);
    luaL_setmetatable(L, result_meta);
    if (e->confusion != NULL) {
        push_confusion(L, e->confusion, e->dataset->n_classes, fn);
        lua_setfield(L, -2, "confusion");
    }
}

static void push_wrong(lua_State *L, const Evaluation *e)
{
    const int32_t *labels = e->dataset->labels;
    lua_Integer n = 0;
    lua_createtable(L, WRONG_MAX, 0);
    for (int64_t i = 0; i < e->dataset->count && n < WRONG_MAX; i++) {
        if (e->predicted[i] != labels[i]) {
            lua_createtable(L, 0, 3);
            lua_pushinteger(L, i + 1);
            lua_setfield(L, -2, "index");
            lua_pushinteger(L, labels[i]);
            lua_setfield(L, -2, "label");
            lua_pushinteger(L, e->predicted[i]);
            lua_setfield(L, -2, "predicted");
            lua_rawseti(L, -2, ++n);
        }
    }
}

LB_FUNCTION(
    lb_model_evaluate, "model:evaluate", evaluate_options,
    "model:evaluate(flow, { loss=\"cross_entropy\" }) -> { loss=, accuracy=, correct=, "
    "count=, confusion=, seconds= }",
    "Loss and accuracy over every image of the flow's data set. confusion[t + 1]:get(p + 1) "
    "says how many images of class t were taken for class p (up to 1000 classes).",
    LB_MODEL_EXAMPLE "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
                     "local flow = luma.generator{ luma.rescale(1/255) }:flow(test)\n"
                     "local result = model:evaluate(flow)\n"
                     "print(result, result.confusion)")
{
    Evaluation e = evaluate(L, false, fn);
    push_result(L, &e, fn);
    return 1;
}

int lb_evaluate_with_wrong(lua_State *L)
{
    const char *fn = lb_model_evaluate_doc.name;
    Evaluation e = evaluate(L, true, fn);
    push_result(L, &e, fn);
    if (e.predicted == NULL) {
        return 1;
    }
    push_wrong(L, &e);
    return 2;
}

static const LmTensor *check_scaled(lua_State *L, const char *fn)
{
    const LmTensor *x = lb_tensor_test(L, 2);
    if (x == NULL) {
        lb_arg_fail(L, 2, fn, "argument 1",
                    "a flow, as generator:flow(dataset) gives it, or a tensor of scaled images");
    }
    if (x->dtype != LM_F32) {
        lb_raise_text(L, LM_EARG,
                      "%s: wants scaled f32 images, got %s numbers; scale them first with "
                      "generator:apply(images)",
                      fn, lm_dtype_name(x->dtype));
    }
    return x;
}

LB_FUNCTION(lb_model_predict, "model:predict", NULL, "model:predict(flow | tensor) -> tensor",
            "The outputs of every image, one row each, f32. A flow's rows come in the order of its "
            "data set, whether it shuffles or not; a tensor holds scaled images N x H x W x C.",
            LB_MODEL_EXAMPLE
            "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
            "local rows = model:predict(luma.generator{ luma.rescale(1/255) }:flow(test))\n"
            "assert(rows.shape[1] == 10 and rows.shape[2] == 10)")
{
    LmError err;
    LmStatus st;
    LmModel *m = lb_model_check(L, 1, fn);
    lb_arg_end(L, 2, fn);
    take_still(L, 2);
    bool is_flow = lb_handle_test(L, 2, &lb_flow_type) != NULL;
    LmFlow *flow = is_flow ? lb_flow_check(L, 2, fn) : NULL;
    const LmTensor *x = is_flow ? NULL : check_scaled(L, fn);
    LbTensor *out = lb_tensor_push(L);
    if (is_flow) {
        LB_CALL(L, st, lm_predict(m, flow, &out->tensor, &err));
    } else {
        LB_CALL(L, st, lm_model_forward(m, x, &out->tensor, &err));
    }
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, out);
    return 1;
}

void lb_evaluate_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_model_evaluate_doc, &lb_model_predict_doc, NULL};
    luaL_newmetatable(L, result_meta);
    lua_pushcfunction(L, result_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
    lb_handle_extend(L, &lb_model_type, docs, NULL);
}
