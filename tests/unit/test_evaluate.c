/* Evaluation and prediction: counts against each other, order, blocks, dropout, refusals. */
#include "help_test.h"

#include <math.h>

#include "base/threads.h"
#include "help_nets.h"
#include "help_sets.h"
#include "nn/train.h"

enum { H = 15, W = 16, C = 2, K = 5 };

static LmModel *model(void)
{
    HelpSpec spec = help_nets_every_kind(H, W, C, K);
    return help_nets_model(&spec, 3);
}

static LmFlow *flow_of(int64_t n, int64_t batch, bool is_shuffled)
{
    return help_sets_flow(help_sets_stripes(n, H, W, C, K, 1), batch, is_shuffled);
}

static LmTensor predict(LmModel *m, LmFlow *flow)
{
    LmError err;
    LmTensor rows;
    assert_ok(lm_predict(m, flow, &rows, &err), err);
    return rows;
}

static int largest(const LmTensor *rows, int64_t i)
{
    int best = 0;
    for (int k = 1; k < K; k++) {
        best = lm_tensor_get(rows, i * K + k) > lm_tensor_get(rows, i * K + best) ? k : best;
    }
    return best;
}

/* Everything evaluation says can be counted out from predictions and labels. 600 images are several
 * tasks, with a short one last. */
static void test_counts(void **state)
{
    (void)state;
    static const int64_t counts[] = {5, 63, 64, 65, 600};
    LmModel *m = model();
    for (size_t c = 0; c < LM_ARRAY_LEN(counts); c++) {
        LmError err;
        LmMetrics got;
        int64_t confusion[K * K] = {0};
        int64_t wanted[K * K] = {0};
        LmFlow *flow = flow_of(counts[c], 7, true);
        const LmDataset *ds = lm_flow_dataset(flow);
        LmTensor rows = predict(m, flow);
        int64_t correct = 0;
        double loss = 0;
        int32_t predicted[600] = {0};
        assert_ok(
            lm_evaluate_each(m, flow, LM_LOSS_CROSS_ENTROPY, &got, confusion, predicted, &err),
            err);
        for (int64_t i = 0; i < ds->count; i++) {
            assert_int_equal(predicted[i], largest(&rows, i));
            correct += largest(&rows, i) == ds->labels[i];
            wanted[ds->labels[i] * K + largest(&rows, i)]++;
            loss -= log(lm_tensor_get(&rows, i * K + ds->labels[i]));
        }
        assert_int_equal(got.count, ds->count);
        assert_int_equal(got.correct, correct);
        assert_memory_equal(confusion, wanted, sizeof wanted);
        assert_true(got.accuracy == (double)correct / (double)ds->count && got.seconds >= 0);
        /* probabilities are rounded to float: 2^-24 each in the logarithm */
        assert_true(fabs(got.loss - loss / (double)ds->count) < 0x1p-22);
        assert_ok(lm_evaluate(m, flow, LM_LOSS_CROSS_ENTROPY, &got, confusion, &err), err);
        for (int i = 0; i < K * K; i++) {
            assert_int_equal(confusion[i], 2 * wanted[i]); /* counts are added */
        }
        lm_tensor_fini(&rows);
        lm_flow_unref(flow);
    }
    lm_model_unref(m);
}

/* Rows come in the set's order, with the same bits from any flow, and from plain forward. */
static void test_order(void **state)
{
    (void)state;
    LmModel *m = model();
    LmFlow *plain = flow_of(150, 64, false);
    LmTensor wanted = predict(m, plain);
    LmFlowOptions options[] = {{.batch = 7, .is_shuffled = true, .seed = 3},
                               {.batch = 1},
                               {.batch = 100, .drop_last = true, .is_shuffled = true},
                               {.batch = 1000}};
    for (size_t i = 0; i < LM_ARRAY_LEN(options); i++) {
        LmFlow *flow = help_sets_flow_with(help_sets_stripes(150, H, W, C, K, 1), &options[i]);
        LmTensor got = predict(m, flow);
        assert_true(lm_tensor_equal(&got, &wanted));
        lm_tensor_fini(&got);
        lm_flow_unref(flow);
    }
    LmError err;
    LmFlow *whole = flow_of(150, 150, false);
    LmBatch batch;
    LmTensor got;
    assert_ok(lm_flow_next(whole, &batch, &err), err);
    assert_ok(lm_model_forward(m, &batch.x, &got, &err), err);
    assert_true(lm_tensor_equal(&got, &wanted));
    lm_tensor_fini(&got);
    lm_batch_fini(&batch);
    lm_flow_unref(whole);
    lm_flow_unref(plain);
    lm_tensor_fini(&wanted);
    lm_model_unref(m);
}

static void test_threads(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = model();
    LmFlow *flow = flow_of(300, 64, false);
    LmMetrics first;
    lm_threads_set(1);
    LmTensor wanted = predict(m, flow);
    assert_ok(lm_evaluate(m, flow, LM_LOSS_CROSS_ENTROPY, &first, NULL, &err), err);
    for (int threads = 2; threads <= 9; threads += 3) {
        LmMetrics again;
        lm_threads_set(threads);
        LmTensor got = predict(m, flow);
        assert_true(lm_tensor_equal(&got, &wanted));
        lm_tensor_fini(&got);
        assert_ok(lm_evaluate(m, flow, LM_LOSS_CROSS_ENTROPY, &again, NULL, &err), err);
        assert_true(again.loss == first.loss);
    }
    lm_tensor_fini(&wanted);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

/* A model whose dropout takes nearly all predicts as one whose dropout takes nothing. */
static void test_dropout_is_off(void **state)
{
    (void)state;
    LmTensor rows[2];
    for (int i = 0; i < 2; i++) {
        HelpSpec spec = help_nets_every_kind(H, W, C, K);
        spec.layers[4].rate = i == 0 ? 0 : 0.99;
        LmModel *m = help_nets_model(&spec, 3);
        LmFlow *flow = flow_of(20, 8, false);
        rows[i] = predict(m, flow);
        lm_flow_unref(flow);
        lm_model_unref(m);
    }
    assert_true(lm_tensor_equal(&rows[0], &rows[1]));
    lm_tensor_fini(&rows[0]);
    lm_tensor_fini(&rows[1]);
}

/* Evaluation during an epoch changes nothing of the training. */
static void test_in_the_middle_of_training(void **state)
{
    (void)state;
    char digests[2][65];
    for (int with = 0; with < 2; with++) {
        LmError err;
        LmModel *m = model();
        LmFlow *flow = flow_of(30, 8, true);
        LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_ADAM)};
        LmTrainer *t = NULL;
        assert_ok(lm_trainer_new(&t, m, &o, &err), err);
        for (int i = 0; i < 6; i++) {
            LmMetrics metrics;
            bool is_end;
            assert_ok(lm_trainer_step_run(t, &metrics, &is_end, &err), err);
            if (with) {
                LmTensor rows = predict(m, flow);
                lm_tensor_fini(&rows);
                assert_ok(lm_evaluate(m, flow, LM_LOSS_CROSS_ENTROPY, &metrics, NULL, &err), err);
            }
        }
        lm_trainer_free(t);
        lm_model_digest(m, digests[with]);
        lm_flow_unref(flow);
        lm_model_unref(m);
    }
    assert_string_equal(digests[0], digests[1]);
}

/* One output: two classes, told apart at one half. */
static void test_one_output(void **state)
{
    (void)state;
    LmError err;
    HelpSpec spec = {
        4,
        4,
        1,
        2,
        {{.kind = LM_LAYER_FLATTEN}, {.kind = LM_LAYER_DENSE, .units = 1, .act = LM_ACT_SIGMOID}}};
    LmModel *m = help_nets_model(&spec, 1);
    LmFlow *flow = help_sets_flow(help_sets_stripes(40, 4, 4, 1, 2, 1), 8, false);
    LmMetrics got;
    int64_t confusion[4] = {0};
    LmTensor rows = predict(m, flow);
    assert_ok(lm_evaluate(m, flow, LM_LOSS_BINARY_CROSS_ENTROPY, &got, confusion, &err), err);
    int64_t ones = 0;
    for (int64_t i = 0; i < 40; i++) {
        ones += lm_tensor_get(&rows, i) >= 0.5;
    }
    assert_int_equal(confusion[1] + confusion[3], ones);
    assert_int_equal(confusion[0] + confusion[1] + confusion[2] + confusion[3], 40);
    assert_int_equal(confusion[0] + confusion[3], got.correct);
    lm_tensor_fini(&rows);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

static void refuse(LmModel *m, LmDataset *ds, LmLoss loss, LmStatus status, const char *part)
{
    LmError err;
    LmMetrics metrics = {.count = 77};
    int64_t confusion[K * K] = {0};
    LmFlow *flow = help_sets_flow(ds, 8, true);
    assert_fails(lm_evaluate(m, flow, loss, &metrics, confusion, &err), status, err, part);
    assert_int_equal(metrics.count, 77);
    for (int i = 0; i < K * K; i++) {
        assert_int_equal(confusion[i], 0);
    }
    lm_flow_unref(flow);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmModel *m = model();
    refuse(m, help_sets_stripes(9, H, W, 1, K, 0), LM_LOSS_CROSS_ENTROPY, LM_ESHAPE,
           "the model takes images of 15x16x2, but stripes has 15x16x1");
    refuse(m, help_sets_unlabelled(9, H, W, C), LM_LOSS_CROSS_ENTROPY, LM_EARG, "has no labels");
    refuse(m, help_sets_stripes(9, H, W, C, 4, 0), LM_LOSS_CROSS_ENTROPY, LM_ESHAPE,
           "has 4 classes, but the model's last layer has 5 outputs");
    refuse(m, help_sets_stripes(9, H, W, C, K, 0), LM_LOSS_BINARY_CROSS_ENTROPY, LM_EARG,
           "goes with a sigmoid");
    LmTensor rows = {.rank = 77};
    LmFlow *flow = help_sets_flow(help_sets_stripes(9, W, H, C, K, 0), 8, true);
    assert_fails(lm_predict(m, flow, &rows, &err), LM_ESHAPE, err, "but stripes has 16x15x2");
    assert_int_equal(rows.rank, 77);
    lm_flow_unref(flow);
    /* no labels and other classes are fine for predictions */
    flow = help_sets_flow(help_sets_unlabelled(9, H, W, C), 8, true);
    rows = predict(m, flow);
    assert_int_equal(rows.shape[0], 9);
    lm_tensor_fini(&rows);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

/* A loss that is no number is an error that names the first image, for any number of threads. */
static void test_not_finite(void **state)
{
    (void)state;
    static const float values[] = {NAN, INFINITY, -INFINITY};
    LmModel *m = model();
    for (size_t i = 0; i < LM_ARRAY_LEN(values); i++) {
        lm_threads_set(1 + (int)i);
        refuse(m, help_sets_floats(90, H, W, C, K, 70 * H * W * C + 7, values[i]),
               LM_LOSS_CROSS_ENTROPY, LM_ENUMERIC, "the loss of image 71 of stripes is not finite");
    }
    lm_model_unref(m);
}

static LmStatus predict_once(LmModel *m, LmFlow *flow, LmError *err)
{
    LmTensor rows;
    LmStatus st = lm_predict(m, flow, &rows, err);
    if (st == LM_OK) {
        lm_tensor_fini(&rows);
    }
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmMetrics metrics;
    LmModel *m = model();
    LmFlow *flow = flow_of(20, 8, false);
    assert_survives_oom(predict_once(m, flow, &err), err);
    assert_survives_oom(lm_evaluate(m, flow, LM_LOSS_CROSS_ENTROPY, &metrics, NULL, &err), err);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_dropout_is_off),
        cmocka_unit_test(test_in_the_middle_of_training),
        cmocka_unit_test(test_one_output),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
