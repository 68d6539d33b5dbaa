/* Single convolutions in the benchmark, a batch of 64 through the plan's own operation.
 *
 * They run as in training: block by block, so input and output of a block are in the core's cache
 * as they would be between two layers. The weights' gradient is with the adding up of the chains.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/threads.h"
#include "cli/bench.h"
#include "nn/net.h"
#include "nn/update.h"

typedef enum Pass { FORWARD, DATA_GRADIENT, WEIGHT_GRADIENT, PASSES } Pass;

typedef struct Layer {
    LmModel *model;
    LmNet *net;
    LmOp op; /* a copy, so that a gradient can be left out */
    LmUpdater updater;
    int64_t batch;
    Pass pass;
} Layer;

double lc_bench_conv_macs(const LcBenchConv *c)
{
    int64_t out =
        c->is_same ? (c->size + c->stride - 1) / c->stride : (c->size - c->kernel) / c->stride + 1;
    return (double)(out * out * c->out * c->in * c->kernel * c->kernel);
}

static void fill(const LmMap *map, int64_t n, int64_t n_channels, uint64_t seed)
{
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 0);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t y = 0; y < map->h; y++) {
            for (int64_t x = 0; x < map->w; x++) {
                float *at = map->data + i * map->img + y * map->row + x * map->col;
                for (int64_t c = 0; c < n_channels; c++) {
                    at[c] = lm_rng_float(&rng) - 0.5f;
                }
            }
        }
    }
}

/* Numbers in the layer's input and its output's gradient; halos and surplus channels stay zero. */
static void fill_maps(Layer *l)
{
    LmNet *net = l->net;
    for (int t = 0; t < net->n_arenas; t++) {
        LmBlockRun run = {.net = net, .thread = t};
        LmMap x = lm_net_values(&run, l->op.index);
        LmMap dy = lm_net_grads(&run, l->op.index + 1);
        fill(&x, LM_BLOCK, net->values[l->op.index].c, 1);
        fill(&dy, LM_BLOCK, net->grads[l->op.index + 1].c, 2);
    }
}

static void layer_fini(Layer *l)
{
    if (l->net != NULL) {
        lm_updater_fini(&l->updater);
    }
    lm_net_free(l->net);
    lm_model_unref(l->model);
}

static LmStatus layer_init(Layer *l, const LcBenchConv *c, bool has_front, int64_t batch,
                           LmError *err)
{
    const LmLayerSpec layers[] = {
        {.kind = LM_LAYER_CONV, .units = c->in, .kh = 1, .kw = 1},
        {.kind = LM_LAYER_CONV,
         .units = c->out,
         .kh = c->kernel,
         .kw = c->kernel,
         .sh = c->stride,
         .sw = c->stride,
         .is_same = c->is_same},
    };
    const LmOptim sgd = lm_optim_default(LM_OPTIM_SGD);
    *l = (Layer){.batch = batch};
    LmStatus st = lm_model_new(&l->model, c->size, c->size, c->in, &layers[!has_front],
                               1 + has_front, 0, err);
    if (st == LM_OK) {
        st = lm_net_new(&l->net, l->model, true, batch, 0, err);
    }
    if (st == LM_OK) {
        l->op = l->net->ops[l->net->n_ops - 1];
        fill_maps(l);
        st = lm_updater_init(&l->updater, l->net, &sgd, err);
    }
    return st;
}

static int n_chains(const Layer *l)
{
    return (int)LM_MIN((l->batch + LM_BLOCK - 1) / LM_BLOCK, (int64_t)LM_CHAINS);
}

static void run_chain(void *ctx, int64_t task, int thread)
{
    const Layer *l = ctx;
    for (int64_t first = task * LM_BLOCK; first < l->batch; first += LM_BLOCK * LM_CHAINS) {
        LmBlockRun run = {.net = l->net,
                          .thread = thread,
                          .first = first,
                          .n = LM_MIN((int64_t)LM_BLOCK, l->batch - first),
                          .chain = (int)task,
                          .is_first_of_chain = first == task * LM_BLOCK,
                          .is_training = true};
        (l->pass == FORWARD ? l->op.kind->forward : l->op.kind->backward)(&l->op, &run);
    }
}

static void sum_slice(void *ctx, int64_t task, int thread)
{
    Layer *l = ctx;
    const LmSlice *s = &l->updater.slices[task];
    if (s->op->index == l->op.index) {
        lm_updater_slice_grad(&l->updater, s, l->updater.grads + thread * l->updater.slice_floats);
    }
}

static double seconds_of_batch(Layer *l, Pass pass)
{
    l->pass = pass;
    l->op.needs_dx = pass == DATA_GRADIENT;
    l->op.needs_dw = pass == WEIGHT_GRADIENT;
    double start = lm_clock_seconds();
    lm_threads_for(n_chains(l), run_chain, l);
    if (pass == WEIGHT_GRADIENT) {
        l->updater.batch = l->batch;
        l->updater.n_chains = n_chains(l);
        lm_threads_for(l->updater.n_slices, sum_slice, l);
    }
    return lm_clock_seconds() - start;
}

LmStatus lc_bench_conv_time(const LcBenchConv *c, bool has_front, int64_t batch, double seconds,
                            LcBenchPasses *out, LmError *err)
{
    double best[PASSES] = {0};
    Layer l = {0};
    LmStatus st = layer_init(&l, c, has_front, batch, err);
    if (st == LM_OK) {
        double start = lm_clock_seconds();
        for (int k = 0; k < 3 || lm_clock_seconds() - start < seconds; k++) {
            for (int i = 0; i < PASSES; i++) {
                double t = i == DATA_GRADIENT && !has_front ? 0 : seconds_of_batch(&l, (Pass)i);
                best[i] = k <= 1 ? t : LM_MIN(best[i], t); /* the first round warms up */
            }
        }
        *out = (LcBenchPasses){best[FORWARD], best[DATA_GRADIENT], best[WEIGHT_GRADIENT]};
    }
    layer_fini(&l);
    return st;
}

/* --- rows --- */

static const LcBenchConv convs[] = {
    {32, 16, 16, 3, 1, true}, {16, 64, 64, 3, 1, true}, {28, 1, 6, 5, 1, false},
    {14, 6, 16, 5, 1, false}, {8, 64, 128, 1, 1, true}, {16, 32, 64, 3, 2, true},
};

static const char *const pass_names[] = {"forward", "data gradient", "weight gradient"};

/* A layer on raw images has their channels; all others have something below them. */
static bool is_first_layer(const LcBenchConv *c)
{
    return c->in <= 3;
}

static LmStatus run_conv(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    const LcBenchConv *c = &convs[row->kind / PASSES];
    int pass = row->kind % PASSES;
    LcBenchPasses p;
    LmStatus st = lc_bench_conv_time(c, pass == DATA_GRADIENT || !is_first_layer(c), LC_BENCH_BATCH,
                                     b->is_quick ? 0.01 : 0.1, &p, err);
    if (st == LM_OK) {
        *figure = 1e3 * (pass == FORWARD         ? p.forward
                         : pass == DATA_GRADIENT ? p.data_gradient
                                                 : p.weight_gradient);
    }
    return st;
}

static void add(LcBench *b, int kind, int n_threads)
{
    const LcBenchConv *c = &convs[kind / PASSES];
    const char *padding = c->stride > 1 ? "stride 2" : c->is_same ? "same" : "valid";
    LcBenchRow *row = lc_bench_row(b, "conv %dx%d %s %d->%d at %dx%d, %s", (int)c->kernel,
                                   (int)c->kernel, padding, (int)c->in, (int)c->out, (int)c->size,
                                   (int)c->size, pass_names[kind % PASSES]);
    row->unit = "ms";
    row->threads = n_threads;
    row->kind = kind;
    row->run = run_conv;
    row->anchor = n_threads == 1 ? lc_bench_peak : lc_bench_peak_all;
    row->anchor_units = LC_BENCH_BATCH * 2 * lc_bench_conv_macs(c) / 1e9 * 1e3;
}

void lc_bench_layers_add(LcBench *b, int n_threads)
{
    for (int i = 0; i < PASSES * (int)LM_ARRAY_LEN(convs); i++) {
        add(b, i, n_threads);
    }
}
