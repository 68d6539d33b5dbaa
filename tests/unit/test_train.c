/* The trainer: its book-keeping, what it refuses, and how it behaves when a step goes wrong. */
#include "help_test.h"

#include <math.h>

#include "base/threads.h"
#include "data/sources.h"
#include "help_nets.h"
#include "help_sets.h"
#include "nn/train.h"

/* 6x5 images, conv, pool, dense: quick, with gradients through transposed kernels. */
static LmModel *small_model(int64_t c, int64_t k, uint64_t seed)
{
    HelpSpec spec = {6,
                     5,
                     c,
                     5,
                     {{.kind = LM_LAYER_CONV, .units = 18, .kh = 2, .kw = 2, .act = LM_ACT_RELU},
                      {.kind = LM_LAYER_CONV, .units = 5, .kh = 2, .kw = 2, .is_same = true},
                      {.kind = LM_LAYER_FLATTEN},
                      {.kind = LM_LAYER_DENSE, .units = 6, .act = LM_ACT_TANH},
                      {.kind = LM_LAYER_DENSE, .units = k, .act = LM_ACT_SOFTMAX}}};
    return help_nets_model(&spec, seed);
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

static LmMetrics step(LmTrainer *t, bool *is_end)
{
    LmError err;
    LmMetrics m;
    bool end = false;
    assert_ok(lm_trainer_step_run(t, &m, &end, &err), err);
    if (is_end != NULL) {
        *is_end = end;
    }
    return m;
}

static void assert_digest(const LmModel *m, const char *wanted)
{
    char got[65];
    lm_model_digest(m, got);
    assert_string_equal(got, wanted);
}

/* --- book-keeping --- */

static void test_steps_and_epochs(void **state)
{
    (void)state;
    LmModel *m = small_model(1, 3, 0);
    LmFlow *flow = help_sets_flow(help_sets_stripes(20, 6, 5, 1, 3, 0), 8, true);
    LmTrainer *t = trainer(m, flow, 0.05);
    assert_true(lm_trainer_rate(t) == 0.05);
    static const int64_t counts[] = {8, 8, 4};
    for (int i = 0; i < 9; i++) {
        bool is_end;
        LmMetrics b = step(t, &is_end);
        assert_int_equal(b.count, counts[i % 3]);
        assert_true(b.accuracy == (double)b.correct / (double)b.count && b.seconds >= 0);
        assert_int_equal(is_end, i % 3 == 2);
        assert_int_equal(lm_trainer_step(t), i + 1);
        assert_int_equal(lm_trainer_epoch(t), (i + 1) / 3);
    }
    lm_trainer_free(t);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

typedef struct Seen {
    int n;
    int64_t steps[8];
    int64_t counts[8];
    LmMetrics last;
    bool cancels_at_2;
} Seen;

static void progress(void *ctx, int64_t at, int64_t n_steps, const LmMetrics *so_far)
{
    Seen *s = ctx;
    assert_int_equal(n_steps, 3);
    s->steps[s->n] = at;
    s->counts[s->n++] = so_far->count;
    s->last = *so_far;
    if (s->cancels_at_2 && at == 2) {
        lm_threads_cancel();
    }
}

/* An epoch is its steps: same weights, and metrics that are their mean. */
static void test_epoch_is_its_steps(void **state)
{
    (void)state;
    LmError err;
    LmModel *a = small_model(1, 3, 0);
    LmModel *b = small_model(1, 3, 0);
    LmFlow *flow = help_sets_flow(help_sets_stripes(20, 6, 5, 1, 3, 0), 8, true);
    LmTrainer *ta = trainer(a, flow, 0.05);
    LmTrainer *tb = trainer(b, flow, 0.05);
    for (int epoch = 0; epoch < 2; epoch++) {
        Seen seen = {0};
        LmMetrics whole;
        double loss = 0;
        int64_t correct = 0;
        assert_ok(lm_trainer_epoch_run(ta, &whole, progress, &seen, &err), err);
        for (int i = 0; i < 3; i++) {
            LmMetrics one = step(tb, NULL);
            loss += one.loss * (double)one.count;
            correct += one.correct;
        }
        assert_int_equal(seen.n, 3);
        static const int64_t counts[] = {8, 16, 20};
        for (int i = 0; i < 3; i++) {
            assert_int_equal(seen.steps[i], i + 1);
            assert_int_equal(seen.counts[i], counts[i]);
        }
        assert_true(seen.last.loss == whole.loss);
        assert_int_equal(whole.count, 20);
        assert_int_equal(whole.correct, correct);
        assert_true(fabs(whole.loss - loss / 20) < 1e-12);
        char digest[65];
        lm_model_digest(a, digest);
        assert_digest(b, digest);
    }
    lm_trainer_free(ta);
    lm_trainer_free(tb);
    lm_flow_unref(flow);
    lm_model_unref(a);
    lm_model_unref(b);
}

static void test_drop_last(void **state)
{
    (void)state;
    LmModel *m = small_model(1, 3, 0);
    LmFlowOptions o = {.batch = 8, .drop_last = true};
    LmFlow *flow = help_sets_flow_with(help_sets_stripes(20, 6, 5, 1, 3, 0), &o);
    LmTrainer *t = trainer(m, flow, 0.05);
    bool is_end;
    assert_int_equal(step(t, &is_end).count, 8);
    assert_false(is_end);
    assert_int_equal(step(t, &is_end).count, 8);
    assert_true(is_end);
    lm_trainer_free(t);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

/* A batch larger than the set is the set; a rate set between steps is the next step's. */
static void test_rate_and_large_batch(void **state)
{
    (void)state;
    LmModel *a = small_model(1, 3, 0);
    LmModel *b = small_model(1, 3, 0);
    LmFlow *flow = help_sets_flow(help_sets_stripes(20, 6, 5, 1, 3, 0), 1000, false);
    LmTrainer *ta = trainer(a, flow, 0.5);
    LmTrainer *tb = trainer(b, flow, 0.1);
    char digest[65];
    lm_trainer_set_rate(tb, 0.5);
    assert_true(lm_trainer_rate(tb) == 0.5);
    assert_int_equal(step(ta, NULL).count, 20);
    step(tb, NULL);
    lm_model_digest(a, digest);
    assert_digest(b, digest);
    lm_trainer_free(ta);
    lm_trainer_free(tb);
    lm_flow_unref(flow);
    lm_model_unref(a);
    lm_model_unref(b);
}

/* --- steps that go wrong --- */

/* A NaN or infinite pixel in the second batch: the error names epoch and step, and weights stay at
 * the first step's, however often it is tried. */
static void test_loss_that_is_no_number(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < LM_ARRAY_LEN(bad); i++) {
        LmError err;
        LmMetrics metrics = {.count = 77};
        bool is_end = true;
        char digest[65];
        LmModel *m = small_model(1, 3, 0);
        LmFlow *flow =
            help_sets_flow(help_sets_floats(20, 6, 5, 1, 3, 12 * 30 + 7, bad[i]), 8, false);
        LmTrainer *t = trainer(m, flow, 0.05);
        step(t, NULL);
        lm_model_digest(m, digest);
        for (int attempt = 0; attempt < 2; attempt++) {
            assert_fails(lm_trainer_step_run(t, &metrics, &is_end, &err), LM_ENUMERIC, err,
                         "at epoch 1, step 2, first in the scaled pixels; the weights are those of "
                         "the step before");
            assert_digest(m, digest);
            assert_true(metrics.count == 77 && is_end);
            assert_int_equal(lm_trainer_step(t), 1);
        }
        lm_trainer_free(t);
        lm_flow_unref(flow);
        lm_model_unref(m);
    }
}

/* An infinite loss is no number either: one infinite pixel, squared error of plain outputs. */
static void test_infinite_loss(void **state)
{
    (void)state;
    LmError err;
    LmMetrics metrics;
    bool is_end;
    char digest[65];
    HelpSpec spec = {
        1, 3, 1, 2, {{.kind = LM_LAYER_FLATTEN}, {.kind = LM_LAYER_DENSE, .units = 3}}};
    LmModel *m = help_nets_model(&spec, 0);
    LmFlow *flow = help_sets_flow(help_sets_floats(9, 1, 3, 1, 3, 4, INFINITY), 9, false);
    LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_SGD), .loss = LM_LOSS_MSE};
    LmTrainer *t = NULL;
    assert_ok(lm_trainer_new(&t, m, &o, &err), err);
    lm_model_digest(m, digest);
    assert_fails(
        lm_trainer_step_run(t, &metrics, &is_end, &err), LM_ENUMERIC, err,
        "the loss is not finite (inf) at epoch 1, step 1, first in the scaled pixels; the");
    assert_digest(m, digest);
    lm_trainer_free(t);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

/* Far too high a rate: sooner or later the loss is not finite, and until then weights are. */
static void test_rate_far_too_high(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = small_model(1, 3, 0);
    LmFlow *flow = help_sets_flow(help_sets_stripes(20, 6, 5, 1, 3, 0), 8, true);
    LmTrainer *t = trainer(m, flow, 1e30);
    LmStatus st = LM_OK;
    for (int i = 0; i < 50 && st == LM_OK; i++) {
        LmMetrics metrics;
        bool is_end;
        st = lm_trainer_step_run(t, &metrics, &is_end, &err);
    }
    assert_int_equal(st, LM_ENUMERIC);
    assert_non_null(strstr(err.msg, "Lower the rate (now 1e+30)"));
    lm_trainer_free(t);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

static void test_cancel(void **state)
{
    (void)state;
    LmError err;
    LmMetrics metrics;
    bool is_end;
    char digest[65];
    LmModel *m = small_model(1, 3, 0);
    LmFlow *flow = help_sets_flow(help_sets_stripes(20, 6, 5, 1, 3, 0), 8, true);
    LmTrainer *t = trainer(m, flow, 0.05);
    Seen seen = {.cancels_at_2 = true};
    assert_fails(lm_trainer_epoch_run(t, &metrics, progress, &seen, &err), LM_ECANCEL, err,
                 "interrupted");
    assert_int_equal(seen.n, 2);
    lm_model_digest(m, digest);
    assert_fails(lm_trainer_step_run(t, &metrics, &is_end, &err), LM_ECANCEL, err, "interrupted");
    assert_fails(lm_evaluate(m, flow, LM_LOSS_CROSS_ENTROPY, &metrics, NULL, &err), LM_ECANCEL, err,
                 "interrupted");
    assert_digest(m, digest);
    lm_threads_clear_cancel();
    seen = (Seen){0};
    assert_ok(lm_trainer_epoch_run(t, &metrics, progress, &seen, &err), err);
    assert_int_equal(seen.n, 1); /* the rest of the epoch */
    assert_int_equal(metrics.count, 20);
    assert_int_equal(lm_trainer_epoch(t), 1);
    lm_trainer_free(t);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

/* --- refusals --- */

static void refuse(LmModel *m, LmDataset *ds, LmLoss loss, LmOptim optim, LmStatus status,
                   const char *part)
{
    LmError err;
    LmTrainer *t = (LmTrainer *)&err;
    LmFlow *flow = help_sets_flow(ds, 8, true);
    LmTrainOptions o = {.flow = flow, .optim = optim, .loss = loss};
    assert_fails(lm_trainer_new(&t, m, &o, &err), status, err, part);
    assert_true(t == (LmTrainer *)&err);
    lm_flow_unref(flow);
}

static void test_refusals(void **state)
{
    (void)state;
    LmModel *m = small_model(1, 3, 0);
    LmOptim sgd = lm_optim_default(LM_OPTIM_SGD);
    LmOptim bad = sgd;
    bad.rate = 0;
    size_t before = lm_mem_in_use();
    refuse(m, help_sets_stripes(9, 5, 6, 1, 3, 0), LM_LOSS_CROSS_ENTROPY, sgd, LM_ESHAPE,
           "the model takes images of 6x5x1, but stripes has 5x6x1");
    refuse(m, help_sets_stripes(9, 6, 5, 3, 3, 0), LM_LOSS_CROSS_ENTROPY, sgd, LM_ESHAPE,
           "but stripes has 6x5x3");
    refuse(m, help_sets_unlabelled(9, 6, 5, 1), LM_LOSS_CROSS_ENTROPY, sgd, LM_EARG,
           "stripes has no labels to learn or check against");
    refuse(
        m, help_sets_stripes(9, 6, 5, 1, 4, 0), LM_LOSS_CROSS_ENTROPY, sgd, LM_ESHAPE,
        "the data set has 4 classes, but the model's last layer has 3 outputs; make it dense{ 4");
    refuse(m, help_sets_stripes(9, 6, 5, 1, 2, 0), LM_LOSS_MSE, sgd, LM_ESHAPE,
           "the data set has 2 classes, but the model's last layer has 3 outputs");
    refuse(m, help_sets_stripes(9, 6, 5, 1, 3, 0), LM_LOSS_BINARY_CROSS_ENTROPY, sgd, LM_EARG,
           "goes with a sigmoid at the end");
    refuse(m, help_sets_stripes(9, 6, 5, 1, 3, 0), LM_LOSS_CROSS_ENTROPY, bad, LM_EARG,
           "sgd: rate must be above 0, got 0");
    assert_int_equal(lm_mem_in_use(), before);
    lm_model_unref(m);
}

static LmStatus make_and_step(LmModel *m, LmFlow *flow, LmError *err)
{
    LmTrainer *t = NULL;
    LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_ADAM)};
    LmStatus st = lm_trainer_new(&t, m, &o, err);
    if (st == LM_OK) {
        LmMetrics metrics;
        bool is_end;
        st = lm_trainer_step_run(t, &metrics, &is_end, err);
        lm_trainer_free(t);
    }
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = small_model(1, 3, 0);
    LmFlow *flow = help_sets_flow(help_sets_stripes(20, 6, 5, 1, 3, 0), 8, true);
    const int64_t *order = NULL;
    assert_ok(lm_flow_prepare(flow, 1, &order, &err), err); /* what flows make once and keep */
    lm_threads_set(2);
    assert_survives_oom(make_and_step(m, flow, &err), err);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

/* --- learning --- */

/* Drawn digits with a small network: three epochs take the loss well below that of guessing. */
static void test_digits_are_learnt(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    LmDigitsOptions d = {.n_train = 1000, .n_test = 300};
    assert_ok(lm_digits_new(&train, &test, &d, &err), err);
    HelpSpec spec = {28,
                     28,
                     1,
                     4,
                     {{.kind = LM_LAYER_CONV, .units = 8, .kh = 5, .kw = 5, .sh = 2, .sw = 2},
                      {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
                      {.kind = LM_LAYER_FLATTEN},
                      {.kind = LM_LAYER_DENSE, .units = 10, .act = LM_ACT_SOFTMAX}}};
    spec.layers[0].act = LM_ACT_RELU;
    LmModel *m = help_nets_model(&spec, 0);
    LmFlow *flow = help_sets_flow(train, 25, true);
    LmFlow *test_flow = help_sets_flow(test, 64, false);
    LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_ADAM)};
    o.optim.rate = 0.01;
    LmTrainer *t = NULL;
    assert_ok(lm_trainer_new(&t, m, &o, &err), err);
    double before = (double)INFINITY;
    LmMetrics metrics;
    for (int epoch = 0; epoch < 3; epoch++) {
        assert_ok(lm_trainer_epoch_run(t, &metrics, NULL, NULL, &err), err);
        assert_true(metrics.loss < before);
        before = metrics.loss;
    }
    assert_true(metrics.loss < 1.0); /* guessing: log 10 = 2.3 */
    assert_ok(lm_evaluate(m, test_flow, LM_LOSS_CROSS_ENTROPY, &metrics, NULL, &err), err);
    assert_true(metrics.accuracy > 0.6);
    lm_trainer_free(t);
    lm_flow_unref(flow);
    lm_flow_unref(test_flow);
    lm_model_unref(m);
}

/* Nothing to learn is no error. */
static void test_model_without_weights(void **state)
{
    (void)state;
    LmError err;
    HelpSpec spec = {1, 3, 1, 2, {{.kind = LM_LAYER_RELU}, {.kind = LM_LAYER_FLATTEN}}};
    LmModel *m = help_nets_model(&spec, 0);
    LmFlow *flow = help_sets_flow(help_sets_stripes(9, 1, 3, 1, 3, 0), 4, true);
    for (int i = 0; i < 2; i++) {
        assert_ok(make_and_step(m, flow, &err), err);
    }
    lm_flow_unref(flow);
    lm_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_and_epochs),
        cmocka_unit_test(test_epoch_is_its_steps),
        cmocka_unit_test(test_drop_last),
        cmocka_unit_test(test_rate_and_large_batch),
        cmocka_unit_test(test_loss_that_is_no_number),
        cmocka_unit_test(test_infinite_loss),
        cmocka_unit_test(test_rate_far_too_high),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_digits_are_learnt),
        cmocka_unit_test(test_model_without_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
