#include "nn/optim.h"

#include <math.h>

static const char *const names[] = {[LM_OPTIM_SGD] = "sgd",
                                    [LM_OPTIM_ADAM] = "adam",
                                    [LM_OPTIM_ADAMW] = "adamw",
                                    [LM_OPTIM_RMSPROP] = "rmsprop"};

LmOptim lm_optim_default(LmOptimKind kind)
{
    switch (kind) {
    case LM_OPTIM_SGD:
        return (LmOptim){.kind = kind, .rate = 0.01};
    case LM_OPTIM_RMSPROP:
        return (LmOptim){.kind = kind, .rate = 1e-3, .beta2 = 0.9, .epsilon = 1e-7};
    case LM_OPTIM_ADAMW:
        return (LmOptim){.kind = kind,
                         .rate = 1e-3,
                         .beta1 = 0.9,
                         .beta2 = 0.999,
                         .epsilon = 1e-7,
                         .decay = 0.004};
    case LM_OPTIM_ADAM:
        break;
    }
    return (LmOptim){
        .kind = LM_OPTIM_ADAM, .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7};
}

const char *lm_optim_name(LmOptimKind kind)
{
    return names[kind];
}

static LmStatus check_share(const LmOptim *o, const char *option, double value, LmError *err)
{
    if (!(value >= 0 && value < 1)) {
        return lm_fail(err, LM_EARG, "%s: %s must be in 0 <= %s < 1, got %g", names[o->kind],
                       option, option, value);
    }
    return LM_OK;
}

LmStatus lm_optim_check(const LmOptim *o, LmError *err)
{
    const char *name = names[o->kind];
    if (!(o->rate > 0) || !isfinite(o->rate)) {
        return lm_fail(err, LM_EARG, "%s: rate must be above 0, got %g", name, o->rate);
    }
    LmStatus st = check_share(o, "momentum", o->momentum, err);
    if (st == LM_OK) {
        st = check_share(o, "beta1", o->beta1, err);
    }
    if (st == LM_OK) {
        st = check_share(o, o->kind == LM_OPTIM_RMSPROP ? "rho" : "beta2", o->beta2, err);
    }
    if (st == LM_OK && o->is_nesterov && o->momentum <= 0) {
        st = lm_fail(err, LM_EARG, "%s: nesterov needs a momentum above 0", name);
    }
    /* The surplus columns of padded weights have zero gradients: with epsilon 0 they would be 0/0.
     */
    if (st == LM_OK && o->kind != LM_OPTIM_SGD &&
        (!((float)o->epsilon > 0) || !isfinite(o->epsilon))) {
        st = lm_fail(err, LM_EARG, "%s: epsilon must be above 0, got %g", name, o->epsilon);
    }
    if (st == LM_OK && (!(o->decay >= 0) || !isfinite(o->decay))) {
        st = lm_fail(err, LM_EARG, "%s: decay must be 0 or more, got %g", name, o->decay);
    }
    return st;
}
