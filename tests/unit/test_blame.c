/* Which layer is blamed for a loss that is not finite (src/nn/blame.c), as the trainer says it. */
#include "help_test.h"

#include <math.h>

#include "help_nets.h"
#include "help_sets.h"
#include "nn/train.h"

enum { H = 12, W = 10, C = 2, K = 4, N = 21 };

/* conv1 with its pool, conv2 alone, dense1, dense2: layers 1, 3, 5, 6. */
static HelpSpec spec(void)
{
    return (HelpSpec){H,
                      W,
                      C,
                      6,
                      {{.kind = LM_LAYER_CONV, .units = 20, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
                       {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
                       {.kind = LM_LAYER_CONV, .units = 3, .kh = 2, .kw = 2},
                       {.kind = LM_LAYER_FLATTEN},
                       {.kind = LM_LAYER_DENSE, .units = 5, .act = LM_ACT_RELU},
                       {.kind = LM_LAYER_DENSE, .units = K, .act = LM_ACT_SOFTMAX}}};
}

/* The error of a first step after weight `param` was made `value` at place `at`. */
static void step_with(int param, int64_t at, float value, const char *wanted)
{
    LmError err;
    LmMetrics metrics;
    bool is_end;
    LmTrainer *t = NULL;
    HelpSpec layers = spec();
    LmModel *m = help_nets_model(&layers, 1);
    LmFlow *flow = help_sets_flow(help_sets_stripes(N, H, W, C, K, 1), N, true);
    LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_SGD)};
    lm_model_param_data(m, param)[at] = value;
    assert_ok(lm_trainer_new(&t, m, &o, &err), err);
    assert_fails(lm_trainer_step_run(t, &metrics, &is_end, &err), LM_ENUMERIC, err, wanted);
    lm_trainer_free(t);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

static void test_weights(void **state)
{
    (void)state;
    step_with(0, 0, INFINITY, "step 1, first in the weights of layer 1 (conv); the");
    step_with(3, 2, INFINITY, "step 1, first in the weights of layer 3 (conv); the");
    step_with(5, 1, INFINITY, "step 1, first in the weights of layer 5 (dense); the");
    step_with(7, 3, NAN, "step 1, first in the weights of layer 6 (dense); the");
}

/* Finite weights, products and sums that are not. */
static void test_outputs(void **state)
{
    (void)state;
    HelpSpec layers = spec();
    LmError err;
    LmMetrics metrics;
    bool is_end;
    for (int param = 0; param < 8; param += 2) {
        static const char *const wanted[] = {
            "first in the output of layer 1 (conv)", "first in the output of layer 3 (conv)",
            "first in the output of layer 5 (dense)", "first in the output of layer 6 (dense)"};
        LmTrainer *t = NULL;
        LmModel *m = help_nets_model(&layers, 1);
        LmFlow *flow = help_sets_flow(help_sets_stripes(N, H, W, C, K, 1), 4, true);
        LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_SGD)};
        const LmParam *p = &m->params[param];
        for (int64_t r = 0; r < p->rows; r++) {
            for (int64_t c = 0; c < p->cols; c++) {
                lm_model_param_data(m, param)[r * p->ld + c] = 3e38f;
            }
        }
        if (param == 4) { /* what comes in is positive, so that sums overflow upwards, and relu
                             passes them */
            for (int64_t c = 0; c < 3; c++) {
                lm_model_param_data(m, 3)[c] = 30;
            }
        }
        if (param == 6) {
            for (int64_t c = 0; c < 5; c++) {
                lm_model_param_data(m, 5)[c] = 100;
            }
        }
        assert_ok(lm_trainer_new(&t, m, &o, &err), err);
        assert_fails(lm_trainer_step_run(t, &metrics, &is_end, &err), LM_ENUMERIC, err,
                     wanted[param / 2]);
        lm_trainer_free(t);
        lm_flow_unref(flow);
        lm_model_unref(m);
    }
}

/* The message of the longest names fits. */
static void test_longest(void **state)
{
    (void)state;
    LmError err;
    (void)lm_fail(
        &err, LM_ENUMERIC,
        "the loss is not finite (%f) at epoch %d, step %d%s; the weights are those of the "
        "step before. Lower the rate (now %g), or scale the pixels (luma.rescale, "
        "luma.standardize)",
        -(double)INFINITY, 1000000, 10000000,
        ", first in the weights of layer 1000 (global_avgpool)", -1.23456e-308);
    assert_non_null(strstr(err.msg, "luma.standardize)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
