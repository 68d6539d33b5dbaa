/* Training gives the same bits for any number of threads and for every instruction set: digests of
 * the weights after several steps, short last batches included. */
#include "help_test.h"

#include "base/threads.h"
#include "help_nets.h"
#include "help_sets.h"
#include "kernel/kernel.h"
#include "nn/train.h"

typedef struct Task {
    HelpSpec spec;
    int64_t n_images;
    int64_t batch;
    int n_steps;
    LmOptimKind optim;
} Task;

/* Trains a fresh model; writes the digest of its weights, then that of its predictions. */
static void train(const Task *t, char out[130])
{
    LmError err;
    LmTrainer *trainer = NULL;
    LmModel *m = help_nets_model(&t->spec, 7);
    int k = (int)lm_model_n_outputs(m);
    const HelpSpec *s = &t->spec;
    LmFlow *flow =
        help_sets_flow(help_sets_stripes(t->n_images, s->h, s->w, s->c, k, 5), t->batch, true);
    LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(t->optim)};
    o.optim.rate = 0.01;
    assert_ok(lm_trainer_new(&trainer, m, &o, &err), err);
    double loss = 0;
    for (int i = 0; i < t->n_steps; i++) {
        LmMetrics metrics;
        bool is_end;
        assert_ok(lm_trainer_step_run(trainer, &metrics, &is_end, &err), err);
        loss += metrics.loss;
    }
    lm_trainer_free(trainer);
    lm_model_digest(m, out);
    LmTensor rows;
    assert_ok(lm_predict(m, flow, &rows, &err), err);
    lm_tensor_sha256(&rows, out + 65);
    out[64] = ' ';
    assert_true(loss > 0 && loss < 100);
    lm_tensor_fini(&rows);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

static void check_same(const Task *t, const char *wanted, const char *what, int n)
{
    char got[130];
    train(t, got);
    if (strcmp(got, wanted) != 0) {
        fail_msg("batch %d, %s %d: bits differ", (int)t->batch, what, n);
    }
}

/* ThreadSanitizer looks for races, which do not depend on instruction sets; ref would take long. */
#ifdef __SANITIZE_THREAD__
enum { HAS_TIME_FOR_ALL = 0 };
#else
enum { HAS_TIME_FOR_ALL = 1 };
#endif

/* One thread on this run's instruction set says what the bits are. */
static void check(const Task *t)
{
    static const int threads[] = {2, 3, 8};
    LmError err;
    char wanted[130];
    const char *isa = lm_kernels()->name;
    lm_threads_set(1);
    train(t, wanted);
    for (size_t i = 0; i < LM_ARRAY_LEN(threads); i++) {
        lm_threads_set(threads[i]);
        check_same(t, wanted, "threads", threads[i]);
    }
    lm_threads_set(2);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        if (HAS_TIME_FOR_ALL && strcmp(*name, isa) != 0) {
            assert_ok(lm_kernels_select(*name, &err), err);
            check_same(t, wanted, *name, 2);
        }
    }
    assert_ok(lm_kernels_select(isa, &err), err);
}

static void test_walkthrough(void **state)
{
    (void)state;
    Task tasks[] = {{help_nets_walkthrough(), 10, 1, 3, LM_OPTIM_ADAM},
                    {help_nets_walkthrough(), 11, 7, 3, LM_OPTIM_ADAM},
                    {help_nets_walkthrough(), 70, 64, 2, LM_OPTIM_SGD}};
    for (size_t i = 0; i < LM_ARRAY_LEN(tasks); i++) {
        check(&tasks[i]);
    }
}

static void test_every_kind(void **state)
{
    (void)state;
    static const int64_t batches[] = {1, 7, 64, 100};
    static const LmOptimKind optims[] = {LM_OPTIM_SGD, LM_OPTIM_ADAMW, LM_OPTIM_RMSPROP,
                                         LM_OPTIM_ADAM};
    for (size_t i = 0; i < LM_ARRAY_LEN(batches); i++) {
        Task t = {help_nets_every_kind(17, 19, 2, 5), batches[i] + batches[i] / 2 + 5, batches[i],
                  5, optims[i]};
        check(&t);
    }
}

/* Colour, and convolutions that are not under a pool. */
static void test_colour(void **state)
{
    (void)state;
    static const int64_t batches[] = {7, 64, 200};
    HelpSpec spec = {12,
                     13,
                     3,
                     7,
                     {{.kind = LM_LAYER_CONV, .units = 20, .kh = 3, .kw = 3, .is_same = true},
                      {.kind = LM_LAYER_RELU},
                      {.kind = LM_LAYER_CONV, .units = 17, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
                      {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
                      {.kind = LM_LAYER_CONV, .units = 12, .kh = 2, .kw = 3, .sh = 2, .sw = 1},
                      {.kind = LM_LAYER_FLATTEN},
                      {.kind = LM_LAYER_DENSE, .units = 4, .act = LM_ACT_SOFTMAX}}};
    for (size_t i = 0; i < LM_ARRAY_LEN(batches); i++) {
        Task t = {spec, batches[i] + 9, batches[i], 3, LM_OPTIM_ADAM};
        check(&t);
    }
}

/* The number of threads may change between two steps. */
static void test_threads_change_on_the_way(void **state)
{
    (void)state;
    char digests[2][65];
    for (int changes = 0; changes < 2; changes++) {
        LmError err;
        LmTrainer *t = NULL;
        HelpSpec spec = help_nets_every_kind(17, 19, 2, 5);
        LmModel *m = help_nets_model(&spec, 7);
        LmFlow *flow = help_sets_flow(help_sets_stripes(60, 17, 19, 2, 5, 5), 60, true);
        LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_ADAM)};
        lm_threads_set(1);
        assert_ok(lm_trainer_new(&t, m, &o, &err), err);
        for (int i = 0; i < 4; i++) {
            static const int threads[] = {1, 5, 2, 7};
            LmMetrics metrics;
            bool is_end;
            lm_threads_set(changes ? threads[i] : 1);
            assert_ok(lm_trainer_step_run(t, &metrics, &is_end, &err), err);
        }
        lm_trainer_free(t);
        lm_model_digest(m, digests[changes]);
        lm_flow_unref(flow);
        lm_model_unref(m);
    }
    assert_string_equal(digests[0], digests[1]);
}

/* Another batch size, seed of the order or rate is another training: digests can differ. */
static void test_digests_tell(void **state)
{
    (void)state;
    char a[130];
    char b[130];
    Task t = {help_nets_every_kind(17, 19, 2, 5), 20, 7, 2, LM_OPTIM_ADAM};
    train(&t, a);
    t.batch = 8;
    train(&t, b);
    assert_string_not_equal(a, b);
    t.batch = 7;
    t.optim = LM_OPTIM_ADAMW;
    train(&t, b);
    assert_string_not_equal(a, b);
    t.optim = LM_OPTIM_ADAM;
    train(&t, b);
    assert_string_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walkthrough),  cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_colour),       cmocka_unit_test(test_threads_change_on_the_way),
        cmocka_unit_test(test_digests_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
