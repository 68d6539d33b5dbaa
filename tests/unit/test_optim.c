/* Optimizers: defaults, names, refusals; and whole updates of many steps by the updater, kept in
 * step with the formulas in double. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "help_nets.h"

static void test_defaults(void **state)
{
    (void)state;
    LmOptim sgd = lm_optim_default(LM_OPTIM_SGD);
    LmOptim adam = lm_optim_default(LM_OPTIM_ADAM);
    LmOptim adamw = lm_optim_default(LM_OPTIM_ADAMW);
    LmOptim rms = lm_optim_default(LM_OPTIM_RMSPROP);
    assert_true(sgd.rate == 0.01 && sgd.momentum == 0 && !sgd.is_nesterov);
    assert_true(adam.rate == 1e-3 && adam.beta1 == 0.9 && adam.beta2 == 0.999);
    assert_true(adam.epsilon == 1e-7 && adam.decay == 0);
    assert_true(adamw.rate == 1e-3 && adamw.beta1 == 0.9 && adamw.beta2 == 0.999);
    assert_true(adamw.epsilon == 1e-7 && adamw.decay == 0.004);
    assert_true(rms.rate == 1e-3 && rms.beta2 == 0.9 && rms.epsilon == 1e-7 && rms.momentum == 0);
    static const char *const names[] = {"sgd", "adam", "adamw", "rmsprop"};
    for (int kind = LM_OPTIM_SGD; kind <= LM_OPTIM_RMSPROP; kind++) {
        LmError err;
        LmOptim o = lm_optim_default((LmOptimKind)kind);
        assert_int_equal(o.kind, kind);
        assert_string_equal(lm_optim_name((LmOptimKind)kind), names[kind]);
        assert_ok(lm_optim_check(&o, &err), err);
    }
}

static void refuse(LmOptimKind kind, size_t field, double value, const char *part)
{
    LmError err;
    LmOptim o = lm_optim_default(kind);
    memcpy((char *)&o + field, &value, sizeof value);
    assert_fails(lm_optim_check(&o, &err), LM_EARG, err, part);
    assert_non_null(strstr(err.msg, lm_optim_name(kind)));
}

static void test_refusals(void **state)
{
    (void)state;
    static const double bad_rates[] = {0, -1e-3, (double)NAN, (double)INFINITY};
    static const double bad_shares[] = {-0.1, 1, 1.5, (double)NAN};
    static const double bad_epsilons[] = {0, -1e-7, (double)NAN, (double)INFINITY, 1e-60};
    static const double bad_decays[] = {-1e-3, (double)NAN, (double)INFINITY};
    for (int kind = LM_OPTIM_SGD; kind <= LM_OPTIM_RMSPROP; kind++) {
        LmOptimKind k = (LmOptimKind)kind;
        for (size_t i = 0; i < LM_ARRAY_LEN(bad_rates); i++) {
            refuse(k, offsetof(LmOptim, rate), bad_rates[i], "rate must be above 0, got");
        }
        for (size_t i = 0; i < LM_ARRAY_LEN(bad_shares); i++) {
            refuse(k, offsetof(LmOptim, momentum), bad_shares[i], "momentum must be in 0 <=");
            refuse(k, offsetof(LmOptim, beta1), bad_shares[i], "beta1 must be in 0 <= beta1 < 1");
            refuse(k, offsetof(LmOptim, beta2), bad_shares[i],
                   k == LM_OPTIM_RMSPROP ? "rho must be in 0 <= rho < 1" : "beta2 must be in");
        }
        for (size_t i = 0; i < LM_ARRAY_LEN(bad_epsilons) && k != LM_OPTIM_SGD; i++) {
            refuse(k, offsetof(LmOptim, epsilon), bad_epsilons[i], "epsilon must be above 0, got");
        }
        for (size_t i = 0; i < LM_ARRAY_LEN(bad_decays); i++) {
            refuse(k, offsetof(LmOptim, decay), bad_decays[i], "decay must be 0 or more, got");
        }
    }
    LmError err;
    LmOptim o = lm_optim_default(LM_OPTIM_SGD);
    o.is_nesterov = true;
    assert_fails(lm_optim_check(&o, &err), LM_EARG, err, "sgd: nesterov needs a momentum above 0");
    o.momentum = 0.5;
    assert_ok(lm_optim_check(&o, &err), err);
}

/* --- the updater over several steps --- */

/* The rule for one weight in double; `t` counts steps from 1. */
typedef struct State {
    double w, m, v;
} State;

static void step_double(State *s, const LmOptim *o, double g, int t)
{
    double b1 = o->beta1;
    double b2 = o->beta2;
    switch (o->kind) {
    case LM_OPTIM_SGD:
        s->m = o->momentum * s->m - o->rate * g;
        s->w += o->is_nesterov ? o->momentum * s->m - o->rate * g : s->m;
        break;
    case LM_OPTIM_RMSPROP:
        s->v = b2 * s->v + (1 - b2) * g * g;
        s->m = o->momentum * s->m + o->rate * g / (sqrt(s->v) + o->epsilon);
        s->w -= s->m;
        break;
    case LM_OPTIM_ADAMW:
        s->w -= o->rate * o->decay * s->w;
        /* fall through */
    case LM_OPTIM_ADAM:
        s->m = b1 * s->m + (1 - b1) * g;
        s->v = b2 * s->v + (1 - b2) * g * g;
        s->w -=
            o->rate * sqrt(1 - pow(b2, t)) / (1 - pow(b1, t)) * s->m / (sqrt(s->v) + o->epsilon);
        break;
    }
}

enum { STEPS = 12 };

static void give_gradient(void *ctx, int64_t sample, float *z)
{
    const float *g = ctx;
    (void)sample;
    memcpy(z, g, 3 * sizeof *z);
}

/* A dense layer of 2 inputs and 3 outputs, one image: the kernel's gradient is x[i] * dz[j], the
 * bias' dz[j]; both exact with the numbers used. Float against double over 12 steps: a step is at
 * most about 3 rates long (adam's bound), each has under 12 roundings relative to it and one
 * relative to the weight, constants are rounded to float once (u relative), and moments carry
 * errors on: 100 u of all the way gone and 2 u of the weight a step. */
static void check_optimizer(LmOptim o, LmRng *rng)
{
    LmError err;
    LmNet *net = NULL;
    LmUpdater u;
    HelpSpec spec = {
        1, 2, 1, 2, {{.kind = LM_LAYER_FLATTEN}, {.kind = LM_LAYER_DENSE, .units = 3}}};
    LmModel *m = help_nets_model(&spec, 3);
    assert_ok(lm_net_new(&net, m, true, 1, 0, &err), err);
    assert_ok(lm_updater_init(&u, net, &o, &err), err);
    State s[9] = {{0}};
    double way[9] = {0};
    for (int i = 0; i < 9; i++) {
        s[i].w = (double)lm_model_param_data(m, i / 6)[i / 6 == 0 ? i / 3 * 16 + i % 3 : i - 6];
    }
    for (int t = 1; t <= STEPS; t++) {
        float x[2] = {(float)help_float_int(rng, -8, 8) / 8, (float)help_float_int(rng, 1, 8) / 8};
        float dz[3] = {(float)help_float_int(rng, -64, 64) / 64, 0.5f, 0};
        help_nets_run(net, x, 1, t - 1, give_gradient, dz, NULL);
        lm_updater_run(&u, 1, 1);
        assert_int_equal(u.step, t);
        for (int i = 0; i < 9; i++) {
            double before = s[i].w;
            double g = (double)dz[i % 3] * (i < 6 ? (double)x[i / 3] : 1);
            step_double(&s[i], &o, g, t);
            way[i] += fabs(s[i].w - before) + o.rate * (o.kind == LM_OPTIM_SGD ? fabs(g) : 1);
            float got = lm_model_param_data(m, i / 6)[i / 6 == 0 ? i / 3 * 16 + i % 3 : i - 6];
            double bound = HELP_FLOAT_U * (100 * way[i] + 2 * t * (fabs(s[i].w) + way[i]));
            if (!(fabs((double)got - s[i].w) <= bound)) {
                fail_msg("%s, step %d, weight %d: got %.9g, want %.9g +- %.3g",
                         lm_optim_name(o.kind), t, i, (double)got, s[i].w, bound);
            }
        }
    }
    lm_updater_fini(&u);
    lm_net_free(net);
    lm_model_unref(m);
}

static void test_many_steps(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(111), LM_RNG_USER, 0, 0);
    for (int kind = LM_OPTIM_SGD; kind <= LM_OPTIM_RMSPROP; kind++) {
        check_optimizer(lm_optim_default((LmOptimKind)kind), &rng);
    }
    LmOptim o = lm_optim_default(LM_OPTIM_SGD);
    o.momentum = 0.9;
    check_optimizer(o, &rng);
    o.is_nesterov = true;
    check_optimizer(o, &rng);
    o = lm_optim_default(LM_OPTIM_RMSPROP);
    o.momentum = 0.5;
    check_optimizer(o, &rng);
    o = lm_optim_default(LM_OPTIM_ADAMW);
    o.rate = 0.05;
    o.decay = 0.5;
    check_optimizer(o, &rng);
}

static LmStatus make_updater(LmNet *net, const LmOptim *o, LmError *err)
{
    LmUpdater u;
    LmStatus st = lm_updater_init(&u, net, o, err);
    if (st == LM_OK) {
        lm_updater_fini(&u);
    }
    return st;
}

static void test_updater_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmNet *net = NULL;
    HelpSpec spec = help_nets_every_kind(15, 16, 1, 3);
    LmModel *m = help_nets_model(&spec, 3);
    LmOptim o = lm_optim_default(LM_OPTIM_ADAM);
    assert_ok(lm_net_new(&net, m, true, 1, 0, &err), err);
    assert_survives_oom(make_updater(net, &o, &err), err);
    o.rate = -1;
    assert_fails(make_updater(net, &o, &err), LM_EARG, err, "adam: rate must be above 0, got -1");
    lm_net_free(net);
    lm_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_many_steps),
        cmocka_unit_test(test_updater_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
