/* The benchmark's networks: training and evaluation of the walkthrough's, training of one on colour
 * images, training just in time against training on pixels that were scaled beforehand, and
 * training with a profile against training without. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/profile.h"
#include "base/threads.h"
#include "cli/bench.h"

LmStatus lc_bench_walkthrough(LmModel **out, LmError *err)
{
    const LmLayerSpec layers[] = {
        {.kind = LM_LAYER_CONV, .units = 32, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
        {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
        {.kind = LM_LAYER_CONV, .units = 64, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
        {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
        {.kind = LM_LAYER_FLATTEN},
        {.kind = LM_LAYER_DENSE, .units = 64, .act = LM_ACT_RELU},
        {.kind = LM_LAYER_DENSE, .units = 10, .act = LM_ACT_SOFTMAX},
    };
    return lm_model_new(out, 28, 28, 1, layers, LM_ARRAY_LEN(layers), 0, err);
}

#define CONV_SAME(n)                                                                               \
    {                                                                                              \
        .kind = LM_LAYER_CONV, .units = (n), .kh = 3, .kw = 3, .is_same = true, .act = LM_ACT_RELU \
    }

LmStatus lc_bench_color(LmModel **out, LmError *err)
{
    const LmLayerSpec layers[] = {
        CONV_SAME(32),
        CONV_SAME(32),
        {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
        CONV_SAME(64),
        CONV_SAME(64),
        {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
        {.kind = LM_LAYER_FLATTEN},
        {.kind = LM_LAYER_DENSE, .units = 128, .act = LM_ACT_RELU},
        {.kind = LM_LAYER_DROPOUT, .rate = 0.5},
        {.kind = LM_LAYER_DENSE, .units = 10, .act = LM_ACT_SOFTMAX},
    };
    return lm_model_new(out, 32, 32, 3, layers, LM_ARRAY_LEN(layers), 0, err);
}

double lc_bench_macs(const LmModel *m, bool is_training)
{
    int64_t in[3];
    double sum = 0;
    bool is_first = true;
    lm_model_input(m, in);
    for (int i = 0; i < lm_model_n_layers(m); i++) {
        int64_t out[3] = {1, 1, 1};
        const LmLayerSpec *s = lm_model_layer(m, i);
        int rank = lm_model_layer_shape(m, i, out);
        bool is_conv = s->kind == LM_LAYER_CONV;
        if (is_conv || s->kind == LM_LAYER_DENSE) {
            double macs = is_conv ? (double)(out[0] * out[1] * out[2] * s->kh * s->kw * in[2])
                                  : (double)(in[0] * in[1] * in[2] * out[0]);
            sum += !is_training ? macs : is_first ? 2 * macs : 3 * macs;
            is_first = false;
        }
        for (int d = 0; d < 3; d++) {
            in[d] = d < rank ? out[d] : 1;
        }
    }
    return sum;
}

static LmStatus new_trainer(LmTrainer **out, LmModel *m, LmFlow *f, LmError *err)
{
    LmTrainOptions o = {f, lm_optim_default(LM_OPTIM_ADAM), LM_LOSS_CROSS_ENTROPY};
    return lm_trainer_new(out, m, &o, err);
}

LmStatus lc_bench_train(LmModel *m, LmFlow *f, int64_t n_steps, double *seconds, LmError *err)
{
    LmTrainer *t = NULL;
    int64_t count = 0;
    double sum = 0;
    bool is_end = false;
    LmStatus st = new_trainer(&t, m, f, err);
    for (int64_t i = 0; i < n_steps && !is_end && st == LM_OK; i++) {
        LmMetrics batch = {0};
        st = lm_trainer_step_run(t, &batch, &is_end, err);
        sum += batch.seconds;
        count += batch.count;
    }
    if (st == LM_OK) {
        *seconds = sum / (double)count;
    }
    lm_trainer_free(t);
    return st;
}

/* New weights for every figure: a network that has learnt passes fewer gradients on, and would make
 * later figures better than earlier ones. */
static LmStatus run_train(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    bool is_color = row->kind == LC_BENCH_COLOR;
    double n_images = is_color ? 2000 : 60000;
    LmModel *m = NULL;
    LmFlow *f = NULL;
    double seconds = 0;
    LmStatus st = lc_bench_flow(b, (LcBenchFlow)row->kind, &f, err);
    if (st == LM_OK) {
        st = is_color ? lc_bench_color(&m, err) : lc_bench_walkthrough(&m, err);
    }
    if (st == LM_OK) {
        st = lc_bench_train(m, f, INT64_MAX, &seconds, err);
    }
    *figure = seconds * n_images;
    lm_model_unref(m);
    return st;
}

static LmStatus run_evaluate(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    (void)row;
    LmFlow *f = NULL;
    LmMetrics m;
    LmStatus st = lc_bench_flow(b, LC_BENCH_TEST, &f, err);
    if (st == LM_OK) {
        st = lm_evaluate(b->walkthrough, f, LM_LOSS_CROSS_ENTROPY, &m, NULL, err);
    }
    if (st == LM_OK) {
        *figure = m.seconds * 10000 / (double)m.count;
    }
    return st;
}

/* --- one training against another --- */

/* Both trainings do the same steps on the same numbers, in turns this long: short enough that a
 * disturbance meets both, long enough that caches hold the one whose turn it is. */
enum { TURN_STEPS = 32 };

typedef struct Side {
    LcBenchFlow flow;
    bool is_profiled;
    LmModel *model;
    LmTrainer *trainer;
    double seconds;
} Side;

static LmStatus side_init(Side *s, LcBench *b, LmError *err)
{
    LmFlow *f = NULL;
    LmStatus st = lc_bench_flow(b, s->flow, &f, err);
    if (st == LM_OK) {
        st = lc_bench_walkthrough(&s->model, err);
    }
    if (st == LM_OK) {
        lm_profile_enable(s->is_profiled);
        st = new_trainer(&s->trainer, s->model, f, err);
        lm_profile_enable(false);
    }
    return st;
}

static void side_fini(Side *s)
{
    lm_trainer_free(s->trainer);
    lm_model_unref(s->model);
}

static LmStatus turn(Side *s, bool *is_end, LmError *err)
{
    LmStatus st = LM_OK;
    *is_end = false;
    lm_profile_enable(s->is_profiled);
    for (int i = 0; i < TURN_STEPS && !*is_end && st == LM_OK; i++) {
        LmMetrics batch = {0};
        st = lm_trainer_step_run(s->trainer, &batch, is_end, err);
        s->seconds += batch.seconds;
    }
    lm_profile_enable(false);
    return st;
}

/* An epoch of both; the figure is the time of the first over that of the second. */
static LmStatus run_pair(LcBench *b, Side sides[2], double *figure, LmError *err)
{
    bool is_end = false;
    LmStatus st = side_init(&sides[0], b, err);
    if (st == LM_OK) {
        st = side_init(&sides[1], b, err);
    }
    for (int k = 0; !is_end && st == LM_OK; k++) {
        int first = k % 2;
        st = turn(&sides[first], &is_end, err);
        if (st == LM_OK) {
            st = turn(&sides[!first], &is_end, err);
        }
    }
    *figure = sides[0].seconds / sides[1].seconds;
    side_fini(&sides[0]);
    side_fini(&sides[1]);
    return st;
}

static LmStatus run_just_in_time(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    (void)row;
    Side sides[2] = {{.flow = LC_BENCH_RESCALED}, {.flow = LC_BENCH_BEFOREHAND}};
    return run_pair(b, sides, figure, err);
}

static LmStatus run_profile(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    (void)row;
    Side sides[2] = {{.flow = LC_BENCH_RESCALED, .is_profiled = true}, {.flow = LC_BENCH_RESCALED}};
    return run_pair(b, sides, figure, err);
}

/* --- the list --- */

static void add(LcBench *b, const char *name, int n_threads, LcBenchFlow flow, double gflop,
                LmStatus (*run)(LcBench *, const LcBenchRow *, double *, LmError *))
{
    LcBenchRow *row =
        lc_bench_row(b, "%s, %d thread%s", name, n_threads, n_threads == 1 ? "" : "s");
    row->unit = "s";
    row->threads = n_threads;
    row->kind = (int)flow;
    row->run = run;
    row->anchor = n_threads == 1 ? lc_bench_peak : lc_bench_peak_all;
    row->anchor_units = gflop;
}

static void add_pair(LcBench *b, const char *name, int n_threads,
                     LmStatus (*run)(LcBench *, const LcBenchRow *, double *, LmError *))
{
    LcBenchRow *row = lc_bench_row(b, "%s", name);
    row->unit = "x";
    row->threads = n_threads;
    row->run = run;
}

void lc_bench_nets_add(LcBench *b, int n_threads)
{
    double walk = 60000 * 2 * lc_bench_macs(b->walkthrough, true) / 1e9;
    double walk_test = 10000 * 2 * lc_bench_macs(b->walkthrough, false) / 1e9;
    double color = 2000 * 2 * lc_bench_macs(b->color, true) / 1e9;
    for (int n = 1; n <= n_threads; n += LM_MAX(n_threads - 1, 1)) {
        add(b, "training, 60,000 images", n, LC_BENCH_RESCALED, walk, run_train);
        add(b, "evaluation, 10,000 images", n, LC_BENCH_TEST, walk_test, run_evaluate);
        add(b, "training in colour, 2,000 images", n, LC_BENCH_COLOR, color, run_train);
    }
    add_pair(b, "training just in time / beforehand", n_threads, run_just_in_time);
    add_pair(b, "training with a profile / without", n_threads, run_profile);
}
