/* Training gives the same bits for any number of threads and flow workers and for every instruction
 * set: digests of weights, losses, counts and predictions after several steps, short last batches
 * included.
 *
 * LUMA_TEST_DIGESTS=FILE appends them to a file, to be compared with those of another compiler, and
 * leaves nothing out for the sake of time. */
#include "help_test.h"

#include <stdlib.h>

#include "base/sha256.h"
#include "base/threads.h"
#include "help_nets.h"
#include "help_sets.h"
#include "kernel/kernel.h"
#include "nn/train.h"

typedef struct Task {
    const char *name;
    HelpSpec spec;
    int64_t n_images;
    int64_t batch;
    int n_steps;
    LmOptimKind optim;
} Task;

static void add_metrics(LmSha256 *sum, const LmMetrics *m)
{
    lm_sha256_add(sum, &m->loss, sizeof m->loss);
    lm_sha256_add(sum, &m->correct, sizeof m->correct);
}

static void train_steps(LmModel *m, LmFlow *flow, const Task *t, LmSha256 *sum)
{
    LmError err;
    LmTrainer *trainer = NULL;
    LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(t->optim)};
    o.optim.rate = 0.002;
    assert_ok(lm_trainer_new(&trainer, m, &o, &err), err);
    for (int i = 0; i < t->n_steps; i++) {
        LmMetrics metrics;
        bool is_end;
        assert_ok(lm_trainer_step_run(trainer, &metrics, &is_end, &err), err);
        assert_true(metrics.loss > 0 && metrics.loss < 100);
        add_metrics(sum, &metrics);
    }
    lm_trainer_free(trainer);
}

/* Trains a fresh model; writes a digest of everything that comes out. */
static void train(const Task *t, int workers, char out[65])
{
    LmError err;
    LmSha256 sum;
    LmMetrics metrics;
    LmTensor rows;
    char weights[65];
    LmModel *m = help_nets_model(&t->spec, 7);
    int k = (int)lm_model_n_outputs(m);
    const HelpSpec *s = &t->spec;
    LmFlowOptions o = {.batch = t->batch, .is_shuffled = true, .seed = 11, .workers = workers};
    LmFlow *flow = help_sets_flow_with(help_sets_stripes(t->n_images, s->h, s->w, s->c, k, 5), &o);
    lm_sha256_init(&sum);
    train_steps(m, flow, t, &sum);
    lm_model_digest(m, weights);
    lm_sha256_add(&sum, weights, sizeof weights);
    assert_ok(lm_predict(m, flow, &rows, &err), err);
    lm_sha256_add(&sum, rows.data, (size_t)rows.count * sizeof(float));
    assert_ok(lm_evaluate(m, flow, LM_LOSS_CROSS_ENTROPY, &metrics, NULL, &err), err);
    add_metrics(&sum, &metrics);
    lm_sha256_end(&sum, out);
    lm_tensor_fini(&rows);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

static void check_same(const Task *t, int workers, const char *wanted, const char *what, int n)
{
    char got[65];
    train(t, workers, got);
    if (strcmp(got, wanted) != 0) {
        fail_msg("%s, batch %d, %s %d, %d workers: bits differ", t->name, (int)t->batch, what, n,
                 workers);
    }
}

/* ThreadSanitizer looks for races, which depend neither on instruction sets nor on a network's
 * size. */
#ifdef __SANITIZE_THREAD__
enum { IS_FOR_RACES = 1 };
#else
enum { IS_FOR_RACES = 0 };
#endif

/* The colour network takes 80 million multiply-adds an image: 20 s of naive kernels, that of small
 * batches aside. */
static bool has_time_for(const Task *t, const char *isa)
{
    bool is_large = t->spec.h == 32 && t->batch >= 64;
    bool is_slow = strcmp(isa, "ref") == 0 && is_large && getenv("LUMA_TEST_DIGESTS") == NULL;
    return !IS_FOR_RACES && !is_slow;
}

static void note(const Task *t, const char *digest)
{
    const char *path = getenv("LUMA_TEST_DIGESTS");
    if (path != NULL) {
        FILE *f = fopen(path, "a");
        assert_non_null(f);
        fprintf(f, "%s, batch %d: %s\n", t->name, (int)t->batch, digest);
        fclose(f);
    }
}

/* One thread on this run's instruction set says what the bits are. Tests run once for each set: the
 * best one's run compares it with all others, so theirs need not. */
static void check(const Task *t)
{
    static const int threads[] = {2, 3, 8};
    static const int workers[] = {1, 4, 9};
    LmError err;
    char wanted[65];
    const char *isa = lm_kernels()->name;
    const char *const *names = lm_kernels_available();
    lm_threads_set(1);
    train(t, 0, wanted);
    for (size_t i = 0; i < LM_ARRAY_LEN(threads); i++) {
        lm_threads_set(threads[i]);
        check_same(t, workers[i], wanted, "threads", threads[i]);
    }
    lm_threads_set(2);
    if (strcmp(names[0], isa) == 0) {
        for (const char *const *name = names + 1; *name != NULL; name++) {
            if (has_time_for(t, *name)) {
                assert_ok(lm_kernels_select(*name, &err), err);
                check_same(t, 0, wanted, *name, 2);
            }
        }
        assert_ok(lm_kernels_select(isa, &err), err);
        note(t, wanted);
    }
}

/* The last batch of an epoch is short: it has n_images - batch of them. */
static void check_all(const char *name, const HelpSpec *spec, const int64_t n_images[4],
                      const int64_t n_steps[4])
{
    static const int64_t batches[] = {1, 7, 64, 100};
    static const LmOptimKind optims[] = {LM_OPTIM_ADAM, LM_OPTIM_ADAMW, LM_OPTIM_RMSPROP,
                                         LM_OPTIM_SGD};
    for (size_t i = 0; i < LM_ARRAY_LEN(batches); i++) {
        Task t = {name, *spec, n_images[i], batches[i], (int)n_steps[i], optims[i]};
        check(&t);
    }
}

/* Large networks: under the naive kernels they take longer than all the rest, and the best set's
 * run compares with these kernels anyway. */
static void skip_large(void)
{
    if (IS_FOR_RACES || strcmp(lm_kernels()->name, "ref") == 0) {
        skip();
    }
}

static void test_walkthrough(void **state)
{
    (void)state;
    skip_large();
    HelpSpec spec = help_nets_walkthrough();
    check_all("walkthrough", &spec, (int64_t[]){10, 11, 70, 109}, (int64_t[]){4, 3, 3, 2});
}

static void test_every_kind(void **state)
{
    (void)state;
    HelpSpec spec = help_nets_every_kind(17, 19, 2, 5);
    check_all("every kind", &spec, (int64_t[]){6, 15, 101, 155}, (int64_t[]){5, 5, 5, 5});
}

static void test_colour(void **state)
{
    (void)state;
    skip_large();
    HelpSpec spec = help_nets_colour();
    check_all("colour", &spec, (int64_t[]){10, 11, 65, 101}, (int64_t[]){2, 2, 2, 2});
}

/* Convolutions that are not under a pool, from odd numbers of channels to odd numbers. */
static void test_odd_channels(void **state)
{
    (void)state;
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
    Task t = {"odd channels", spec, 203, 200, 2, LM_OPTIM_ADAM};
    check(&t);
    t.n_images = 16;
    t.batch = 7;
    check(&t);
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
    char a[65];
    char b[65];
    Task t = {"tells", help_nets_every_kind(17, 19, 2, 5), 20, 7, 2, LM_OPTIM_ADAM};
    train(&t, 0, a);
    t.batch = 8;
    train(&t, 0, b);
    assert_string_not_equal(a, b);
    t.batch = 7;
    t.optim = LM_OPTIM_ADAMW;
    train(&t, 0, b);
    assert_string_not_equal(a, b);
    t.optim = LM_OPTIM_ADAM;
    train(&t, 0, b);
    assert_string_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walkthrough),
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_colour),
        cmocka_unit_test(test_odd_channels),
        cmocka_unit_test(test_threads_change_on_the_way),
        cmocka_unit_test(test_digests_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
