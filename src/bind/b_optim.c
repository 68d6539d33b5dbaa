/* luma.sgd, luma.adam, luma.adamw, luma.rmsprop: descriptions of how weights follow gradients.
 *
 * Like a layer, an optimizer is only a description; its state (the moments) belongs to one run of
 * training and starts from zero there.
 */
#include "bind/b_optim.h"

#include <string.h>

#include "base/mem.h"
#include "bind/open.h"
#include "bind/options.h"

#define RATE LB_NUMBER(LmOptim, rate, "rate", 0, LB_ANY, NULL, "size of a step, above 0")
#define MOMENTUM                                                                                   \
    LB_NUMBER(LmOptim, momentum, "momentum", 0, 1, "0", "share of the last step that goes on")
#define EPSILON                                                                                    \
    LB_NUMBER(LmOptim, epsilon, "epsilon", 0, 1, "1e-7", "keeps the divisor away from zero")
#define BETAS                                                                                      \
    LB_NUMBER(LmOptim, beta1, "beta1", 0, 1, "0.9", "memory of the mean gradient"),                \
        LB_NUMBER(LmOptim, beta2, "beta2", 0, 1, "0.999", "memory of the mean squared gradient")

static const LbOption sgd_options[] = {
    RATE, MOMENTUM, LB_BOOLEAN(LmOptim, is_nesterov, "nesterov", "false", "look one step ahead"),
    LB_OPTIONS_END};
static const LbOption adam_options[] = {RATE, BETAS, EPSILON, LB_OPTIONS_END};
static const LbOption adamw_options[] = {
    RATE, BETAS, EPSILON,
    LB_NUMBER(LmOptim, decay, "decay", 0, 1, "0.004", "share of a weight taken away, times rate"),
    LB_OPTIONS_END};
static const LbOption rmsprop_options[] = {
    RATE, LB_NUMBER(LmOptim, beta2, "rho", 0, 1, "0.9", "memory of the mean squared gradient"),
    MOMENTUM, EPSILON, LB_OPTIONS_END};

static void describe(const void *object, LmStr *out)
{
    const LmOptim *o = object;
    lm_str_add(out, "%s, rate %g", lm_optim_name(o->kind), o->rate);
    if (o->kind == LM_OPTIM_SGD && o->momentum > 0) {
        lm_str_add(out, ", momentum %g%s", o->momentum, o->is_nesterov ? " (nesterov)" : "");
    }
    if (o->kind == LM_OPTIM_ADAMW) {
        lm_str_add(out, ", decay %g", o->decay);
    }
}

static const LbDoc *const no_members[] = {NULL};
const LbType lb_optim_type = {
    .name = "optimizer",
    .text = "How weights follow their gradients; the `optimizer` option of model:fit.",
    .example = "local optimizer = luma.adam{ rate=1e-3 }\n"
               "print(optimizer)",
    .release = lm_mem_free,
    .describe = describe,
    .members = no_members,
};

void lb_optim_push(lua_State *L, const char *fn, const LmOptim *optim)
{
    LmOptim *kept;
    LmError err;
    LmStatus st;
    LbHandle *h = lb_handle_push(L, &lb_optim_type);
    LB_CALL(L, st, lm_mem_alloc(&kept, 1, sizeof *kept, &err));
    lb_raise_if(L, st, fn, &err);
    *kept = *optim;
    lb_handle_fill(L, h, kept, sizeof *kept);
}

/* The engine's message begins with the optimizer's name, and so does fn: once is enough. */
static _Noreturn void fail(lua_State *L, const char *fn, const LmError *err)
{
    const char *colon = strstr(err->msg, ": ");
    lb_raise_text(L, err->code, "%s: %s", fn, colon != NULL ? colon + 2 : err->msg);
}

static int make(lua_State *L, const char *fn, LmOptimKind kind, const LbOption *options)
{
    LmOptim o = lm_optim_default(kind);
    LmError err;
    lb_arg_end(L, 1, fn);
    lb_options_parse(L, 1, fn, options, LB_NO_PARTS, &o);
    if (lm_optim_check(&o, &err) != LM_OK) {
        fail(L, fn, &err);
    }
    lb_optim_push(L, fn, &o);
    return 1;
}

LB_FUNCTION(lb_sgd, "luma.sgd", sgd_options,
            "luma.sgd{ rate=0.01, momentum=0, nesterov=false } -> optimizer",
            "Stochastic gradient descent: every weight takes a step of `rate` times its gradient.",
            "local optimizer = luma.sgd{ rate=0.1, momentum=0.9 }")
{
    return make(L, fn, LM_OPTIM_SGD, sgd_options);
}

LB_FUNCTION(
    lb_adam, "luma.adam", adam_options,
    "luma.adam{ rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-7 } -> optimizer",
    "Adam (Kingma and Ba, 2015): steps sized by the running mean and spread of each gradient.",
    "local optimizer = luma.adam{ rate=1e-3 }")
{
    return make(L, fn, LM_OPTIM_ADAM, adam_options);
}

LB_FUNCTION(
    lb_adamw, "luma.adamw", adamw_options,
    "luma.adamw{ rate=1e-3, decay=0.004, beta1=0.9, beta2=0.999, epsilon=1e-7 } -> optimizer",
    "Adam whose weights also shrink a little every step (Loshchilov and Hutter, 2019).",
    "local optimizer = luma.adamw{ decay=0.01 }")
{
    return make(L, fn, LM_OPTIM_ADAMW, adamw_options);
}

LB_FUNCTION(lb_rmsprop, "luma.rmsprop", rmsprop_options,
            "luma.rmsprop{ rate=1e-3, rho=0.9, momentum=0, epsilon=1e-7 } -> optimizer",
            "RMSprop: gradients divided by the root of their running mean square.",
            "local optimizer = luma.rmsprop{ rate=1e-3 }")
{
    return make(L, fn, LM_OPTIM_RMSPROP, rmsprop_options);
}

void lb_optim_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_sgd_doc, &lb_adam_doc, &lb_adamw_doc, &lb_rmsprop_doc,
                                        NULL};
    lb_handle_define(L, &lb_optim_type);
    lb_doc_register(L, docs);
}
