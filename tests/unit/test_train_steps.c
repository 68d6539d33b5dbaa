/* A step of training depends on the weights and the batch alone (plain sgd): whatever a network
 * keeps from earlier steps, derived kernels above all, must be that of now. */
#include "help_test.h"

#include "data/sources.h"
#include "help_nets.h"
#include "help_sets.h"
#include "nn/train.h"

/* Every way to convolve: first layer from few channels, Winograd with and without a pool, forward
 * and back, strides, transposed kernels of convolutions and dense layers. */
static HelpSpec all_ways(void)
{
    return (HelpSpec){
        12,
        13,
        1,
        9,
        {{.kind = LM_LAYER_CONV, .units = 18, .kh = 2, .kw = 2, .act = LM_ACT_RELU},
         {.kind = LM_LAYER_CONV,
          .units = 17,
          .kh = 3,
          .kw = 3,
          .is_same = true,
          .act = LM_ACT_TANH},
         {.kind = LM_LAYER_CONV, .units = 20, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
         {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
         {.kind = LM_LAYER_CONV, .units = 6, .kh = 2, .kw = 3, .sh = 2, .act = LM_ACT_RELU},
         {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
         {.kind = LM_LAYER_FLATTEN},
         {.kind = LM_LAYER_DENSE, .units = 6, .act = LM_ACT_SIGMOID},
         {.kind = LM_LAYER_DENSE, .units = 3, .act = LM_ACT_SOFTMAX}}};
}

static LmModel *all_ways_model(uint64_t seed)
{
    HelpSpec spec = all_ways();
    return help_nets_model(&spec, seed);
}

static LmDataset *images(int64_t n)
{
    return help_sets_stripes(n, 12, 13, 1, 3, 0);
}

static LmTrainer *trainer(LmModel *m, LmFlow *flow, double rate)
{
    LmError err;
    LmTrainer *t = NULL;
    LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_SGD)};
    o.optim.rate = rate;
    assert_ok(lm_trainer_new(&t, m, &o, &err), err);
    return t;
}

static LmMetrics step(LmTrainer *t)
{
    LmError err;
    LmMetrics m;
    bool is_end = false;
    assert_ok(lm_trainer_step_run(t, &m, &is_end, &err), err);
    return m;
}

static void assert_same_weights(const LmModel *a, const LmModel *b)
{
    char digests[2][65];
    lm_model_digest(a, digests[0]);
    lm_model_digest(b, digests[1]);
    assert_string_equal(digests[0], digests[1]);
}

/* One trainer that goes on, and a new one for every step. */
static void test_trainer_keeps_up_with_itself(void **state)
{
    (void)state;
    LmModel *a = all_ways_model(1);
    LmModel *b = all_ways_model(1);
    LmFlow *flow = help_sets_flow(images(10), 10, false);
    LmTrainer *goes_on = trainer(a, flow, 0.5);
    for (int i = 0; i < 4; i++) {
        LmTrainer *once = trainer(b, flow, 0.5);
        assert_true(step(goes_on).loss == step(once).loss);
        assert_same_weights(a, b);
        lm_trainer_free(once);
    }
    lm_trainer_free(goes_on);
    lm_flow_unref(flow);
    lm_model_unref(a);
    lm_model_unref(b);
}

static void copy_weights(LmModel *to, const LmModel *from)
{
    for (int i = 0; i < lm_model_n_weights(from); i++) {
        LmError err;
        LmTensor t;
        assert_ok(lm_model_get_weight(from, i, &t, &err), err);
        assert_ok(lm_model_set_weight(to, i, &t, &err), err);
        lm_tensor_fini(&t);
    }
}

/* One batch an epoch, in order, plain sgd: a step depends on the weights alone. Setting them, or
 * another trainer's step, must leave nothing of the old ones in the network. */
static void test_step_uses_the_weights_of_now(void **state)
{
    (void)state;
    LmModel *a = all_ways_model(1);
    LmModel *b = all_ways_model(2);
    LmModel *other = all_ways_model(2);
    LmFlow *flow = help_sets_flow(images(10), 10, false);
    LmTrainer *ta = trainer(a, flow, 0.5);
    LmTrainer *tb = trainer(b, flow, 0.5);
    LmTrainer *second = trainer(a, flow, 0.5);
    step(ta);
    copy_weights(a, other);
    step(ta);
    step(tb);
    assert_same_weights(a, b);
    step(second);
    step(ta);
    step(tb);
    step(tb);
    assert_same_weights(a, b);
    lm_trainer_free(ta);
    lm_trainer_free(tb);
    lm_trainer_free(second);
    lm_flow_unref(flow);
    lm_model_unref(a);
    lm_model_unref(b);
    lm_model_unref(other);
}

/* The last batch of an epoch is short: its gradient is the mean over its own images. */
static void test_short_batch_is_a_batch(void **state)
{
    (void)state;
    LmError err;
    LmModel *a = all_ways_model(1);
    LmModel *b = all_ways_model(1);
    LmDataset *whole = images(19);
    LmDataset *rest = NULL;
    LmDataset *first = NULL;
    assert_ok(lm_view_range(&first, whole, 0, 16, &err), err);
    assert_ok(lm_view_range(&rest, whole, 16, 3, &err), err);
    LmFlow *flow = help_sets_flow(whole, 16, false);
    LmFlow *first_flow = help_sets_flow(first, 16, false);
    LmFlow *rest_flow = help_sets_flow(rest, 3, false);
    LmTrainer *t = trainer(a, flow, 0.5);
    LmTrainer *t_first = trainer(b, first_flow, 0.5);
    LmTrainer *t_rest = trainer(b, rest_flow, 0.5);
    assert_true(step(t).loss == step(t_first).loss);
    assert_true(step(t).loss == step(t_rest).loss);
    assert_same_weights(a, b);
    lm_trainer_free(t);
    lm_trainer_free(t_first);
    lm_trainer_free(t_rest);
    lm_flow_unref(flow);
    lm_flow_unref(first_flow);
    lm_flow_unref(rest_flow);
    lm_model_unref(a);
    lm_model_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trainer_keeps_up_with_itself),
        cmocka_unit_test(test_step_uses_the_weights_of_now),
        cmocka_unit_test(test_short_batch_is_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
