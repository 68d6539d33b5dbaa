#include "help_test.h"

#include "help_float.h"
#include "help_nets.h"

HelpSpec help_nets_walkthrough(void)
{
    return (HelpSpec){28,
                      28,
                      1,
                      7,
                      {{.kind = LM_LAYER_CONV, .units = 32, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
                       {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
                       {.kind = LM_LAYER_CONV, .units = 64, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
                       {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
                       {.kind = LM_LAYER_FLATTEN},
                       {.kind = LM_LAYER_DENSE, .units = 64, .act = LM_ACT_RELU},
                       {.kind = LM_LAYER_DENSE, .units = 10, .act = LM_ACT_SOFTMAX}}};
}

#define CONV_SAME(n)                                                                               \
    {                                                                                              \
        .kind = LM_LAYER_CONV, .units = (n), .kh = 3, .kw = 3, .is_same = true, .act = LM_ACT_RELU \
    }

HelpSpec help_nets_colour(void)
{
    return (HelpSpec){32,
                      32,
                      3,
                      10,
                      {CONV_SAME(32),
                       CONV_SAME(32),
                       {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
                       CONV_SAME(64),
                       CONV_SAME(64),
                       {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
                       {.kind = LM_LAYER_FLATTEN},
                       {.kind = LM_LAYER_DENSE, .units = 128, .act = LM_ACT_RELU},
                       {.kind = LM_LAYER_DROPOUT, .rate = 0.5},
                       {.kind = LM_LAYER_DENSE, .units = 10, .act = LM_ACT_SOFTMAX}}};
}

HelpSpec help_nets_every_kind(int64_t h, int64_t w, int64_t c, int64_t k)
{
    return (HelpSpec){
        h,
        w,
        c,
        14,
        {{.kind = LM_LAYER_CONV, .units = 9, .kh = 3, .kw = 2, .is_same = true, .act = LM_ACT_RELU},
         {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
         {.kind = LM_LAYER_CONV,
          .units = 17,
          .kh = 3,
          .kw = 3,
          .sh = 2,
          .is_same = true,
          .act = LM_ACT_TANH},
         {.kind = LM_LAYER_AVGPOOL, .kh = 2, .kw = 3, .sh = 1, .sw = 2},
         {.kind = LM_LAYER_DROPOUT, .rate = 0.25},
         {.kind = LM_LAYER_CONV, .units = 20, .kh = 1, .kw = 2, .act = LM_ACT_RELU},
         {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2, .sh = 1, .sw = 1},
         {.kind = LM_LAYER_RELU},
         {.kind = LM_LAYER_GLOBAL_AVGPOOL},
         {.kind = LM_LAYER_FLATTEN},
         {.kind = LM_LAYER_DENSE, .units = 12, .act = LM_ACT_SIGMOID},
         {.kind = LM_LAYER_TANH},
         {.kind = LM_LAYER_DENSE, .units = k},
         {.kind = LM_LAYER_SOFTMAX}}};
}

/* --- random ones --- */

static LmAct random_act(LmRng *rng)
{
    return (LmAct)help_float_int(rng, LM_ACT_NONE, LM_ACT_SIGMOID);
}

static void add(HelpSpec *s, LmLayerSpec layer)
{
    assert_true(s->n < HELP_NETS_LAYERS_MAX);
    s->layers[s->n++] = layer;
}

static void add_conv(HelpSpec *s, int64_t hwc[3], LmRng *rng)
{
    LmLayerSpec l = {.kind = LM_LAYER_CONV,
                     .units = help_float_int(rng, 1, 20),
                     .kh = help_float_int(rng, 1, 5),
                     .kw = help_float_int(rng, 1, 5),
                     .sh = help_float_int(rng, 0, 3),
                     .sw = help_float_int(rng, 0, 3),
                     .is_same = lm_rng_below(rng, 2) == 0,
                     .act = random_act(rng)};
    if (lm_rng_below(rng, 3) == 0) { /* what the engine has its own method for */
        l.kh = l.kw = 3;
        l.sh = l.sw = 1;
        l.units = help_float_int(rng, 15, 20);
    }
    int64_t sh = LM_MAX(l.sh, (int64_t)1);
    int64_t sw = LM_MAX(l.sw, (int64_t)1);
    l.is_same = l.is_same || l.kh > hwc[0] || l.kw > hwc[1];
    hwc[0] = l.is_same ? (hwc[0] + sh - 1) / sh : (hwc[0] - l.kh) / sh + 1;
    hwc[1] = l.is_same ? (hwc[1] + sw - 1) / sw : (hwc[1] - l.kw) / sw + 1;
    hwc[2] = l.units;
    add(s, l);
}

static void add_pool(HelpSpec *s, int64_t hwc[3], LmRng *rng)
{
    LmLayerSpec l = {
        .kind = lm_rng_below(rng, 3) == 0 ? LM_LAYER_AVGPOOL : LM_LAYER_MAXPOOL, .kh = 2, .kw = 2};
    if (lm_rng_below(rng, 2) == 0 || hwc[0] < 2 || hwc[1] < 2) {
        l.kh = help_float_int(rng, 1, LM_MIN((int64_t)3, hwc[0]));
        l.kw = help_float_int(rng, 1, LM_MIN((int64_t)3, hwc[1]));
        l.sh = help_float_int(rng, 0, 3);
        l.sw = help_float_int(rng, 0, 3);
    }
    hwc[0] = (hwc[0] - l.kh) / (l.sh > 0 ? l.sh : l.kh) + 1;
    hwc[1] = (hwc[1] - l.kw) / (l.sw > 0 ? l.sw : l.kw) + 1;
    add(s, l);
}

static void add_other(HelpSpec *s, LmRng *rng)
{
    static const LmLayerKindId kinds[] = {LM_LAYER_RELU, LM_LAYER_TANH, LM_LAYER_SIGMOID,
                                          LM_LAYER_DROPOUT};
    add(s, (LmLayerSpec){.kind = kinds[lm_rng_below(rng, LM_ARRAY_LEN(kinds))], .rate = 0.3});
}

static void add_end(HelpSpec *s, LmRng *rng)
{
    bool is_mean = lm_rng_below(rng, 5) == 0;
    add(s, (LmLayerSpec){.kind = is_mean ? LM_LAYER_GLOBAL_AVGPOOL : LM_LAYER_FLATTEN});
    int n_dense = (int)lm_rng_below(rng, 3);
    for (int i = 0; i < n_dense; i++) {
        add(s, (LmLayerSpec){.kind = LM_LAYER_DENSE,
                             .units = help_float_int(rng, 1, 20),
                             .act = random_act(rng)});
        if (lm_rng_below(rng, 4) == 0) {
            add_other(s, rng);
        }
    }
}

HelpSpec help_nets_random(LmRng *rng)
{
    static const int64_t channels[] = {1, 1, 2, 3, 5, 16, 20};
    HelpSpec s = {.h = help_float_int(rng, 1, 11),
                  .w = help_float_int(rng, 1, 11),
                  .c = channels[lm_rng_below(rng, LM_ARRAY_LEN(channels))]};
    int64_t hwc[3] = {s.h, s.w, s.c};
    int n = (int)lm_rng_below(rng, 5);
    for (int i = 0; i < n; i++) {
        uint32_t kind = lm_rng_below(rng, 8);
        if (kind < 4) {
            add_conv(&s, hwc, rng);
        }
        if (kind >= 2 && kind < 7) {
            add_pool(&s, hwc, rng);
        }
        if (kind == 7) {
            add_other(&s, rng);
        }
    }
    add_end(&s, rng);
    return s;
}

/* --- models --- */

LmModel *help_nets_model(const HelpSpec *spec, uint64_t seed)
{
    LmError err;
    LmModel *m = NULL;
    assert_ok(lm_model_new(&m, spec->h, spec->w, spec->c, spec->layers, spec->n, seed, &err), err);
    LmRng rng = lm_rng(seed, LM_RNG_USER, 1, 0);
    for (int i = 0; i < m->n_params; i++) {
        if (m->params[i].is_bias) {
            LmTensor t;
            assert_ok(lm_model_get_weight(m, i, &t, &err), err);
            help_float_fill(t.data, (size_t)t.count, &rng);
            for (int64_t j = 0; j < t.count; j++) {
                ((float *)t.data)[j] *= 0.25f;
            }
            assert_ok(lm_model_set_weight(m, i, &t, &err), err);
            lm_tensor_fini(&t);
        }
    }
    return m;
}

/* --- running the engine --- */

int help_nets_chains(int64_t n)
{
    return (int)LM_MIN((n + LM_BLOCK - 1) / LM_BLOCK, (int64_t)LM_CHAINS);
}

static void run_block(const LmBlockRun *run, const float *x, HelpGradFn *grad, void *ctx,
                      float *outputs)
{
    const LmModel *m = run->net->model;
    int64_t item = m->input.h * m->input.w * m->input.c;
    int64_t k = lm_model_n_outputs(m);
    for (int64_t i = 0; i < run->n; i++) {
        lm_net_put_input(run, i, x + (run->first + i) * item);
    }
    lm_net_forward(run);
    float *staging;
    lm_net_scratch(run, &staging);
    for (int64_t i = 0; i < run->n; i++) {
        lm_net_outputs(run, i, staging);
        if (outputs != NULL) {
            memcpy(outputs + (run->first + i) * k, staging, (size_t)k * sizeof *staging);
        }
        if (grad != NULL) {
            grad(ctx, run->first + i, staging);
            lm_net_put_output_grad(run, i, staging);
        }
    }
    if (grad != NULL) {
        lm_net_backward(run);
    }
}

void help_nets_run(LmNet *net, const float *x, int64_t n, int64_t step, HelpGradFn *grad, void *ctx,
                   float *outputs)
{
    for (int chain = 0; chain < help_nets_chains(n); chain++) {
        for (int64_t first = chain * LM_BLOCK; first < n; first += LM_BLOCK * LM_CHAINS) {
            LmBlockRun run = {.net = net,
                              .first = first,
                              .n = LM_MIN((int64_t)LM_BLOCK, n - first),
                              .chain = chain,
                              .is_first_of_chain = first == chain * LM_BLOCK,
                              .step = step,
                              .is_training = net->is_training};
            run_block(&run, x, grad, ctx, outputs);
        }
    }
}

HelpGrads help_nets_gradients(LmNet *net, int64_t n)
{
    LmError err;
    LmUpdater u;
    LmOptim optim = lm_optim_default(LM_OPTIM_SGD);
    HelpGrads g = {.n = net->model->n_params};
    assert_ok(lm_mem_zeros(&g.of, (size_t)g.n, sizeof *g.of, &err), err);
    for (int i = 0; i < g.n; i++) {
        const LmParam *p = &net->model->params[i];
        assert_ok(lm_mem_zeros(&g.of[i], (size_t)(p->rows * p->ld), sizeof(float), &err), err);
    }
    assert_ok(lm_updater_init(&u, net, &optim, &err), err);
    u.batch = n;
    u.n_chains = help_nets_chains(n);
    for (int s = 0; s < u.n_slices; s++) {
        const LmSlice *slice = &u.slices[s];
        int i = slice->is_bias ? slice->op->layer->bias : slice->op->layer->kernel;
        lm_updater_slice_grad(&u, slice, g.of[i] + slice->row0 * net->model->params[i].ld);
    }
    lm_updater_fini(&u);
    return g;
}

void help_nets_free_gradients(HelpGrads *g)
{
    for (int i = 0; i < g->n; i++) {
        lm_mem_free(g->of[i]);
    }
    lm_mem_free(g->of);
}
