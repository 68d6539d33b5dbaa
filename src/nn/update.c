#include "nn/update.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/profile.h"
#include "base/threads.h"

/* Floats a slice: 32 kB of gradient stay in the first-level cache between being made and used. */
enum { SLICE_FLOATS = 8192 };

static const LmParam *param_of(const LmUpdater *u, const LmSlice *s)
{
    const LmLayer *layer = s->op->layer;
    return &u->net->model->params[s->is_bias ? layer->bias : layer->kernel];
}

/* Counts, or with `slices` writes, the slices of one parameter. */
static int cut(LmSlice *slices, const LmOp *op, bool is_bias, const LmParam *p)
{
    int64_t rows = LM_MAX(SLICE_FLOATS / p->ld, (int64_t)1);
    int n = 0;
    for (int64_t row = 0; row < p->rows; row += rows) {
        if (slices != NULL) {
            slices[n] = (LmSlice){op, is_bias, row, LM_MIN(row + rows, p->rows)};
        }
        n++;
    }
    return n;
}

/* A layer's activation may be an operation of its own, which has the layer but not its weights. */
static bool has_weights(const LmOp *op)
{
    return op->kind == &lm_op_conv || op->kind == &lm_op_convpool || op->kind == &lm_op_dense;
}

static int cut_all(const LmNet *net, LmSlice *slices)
{
    int n = 0;
    for (int i = 0; i < net->n_ops; i++) {
        const LmOp *op = &net->ops[i];
        if (has_weights(op)) {
            const LmParam *params = net->model->params;
            n += cut(slices ? slices + n : NULL, op, false, &params[op->layer->kernel]);
            n += cut(slices ? slices + n : NULL, op, true, &params[op->layer->bias]);
        }
    }
    return n;
}

static LmStatus make_state(LmUpdater *u, LmError *err)
{
    size_t n = (size_t)u->net->model->n_floats;
    LmOptimKind kind = u->optim.kind;
    LmStatus st = LM_OK;
    if (kind == LM_OPTIM_ADAM || kind == LM_OPTIM_ADAMW || u->optim.momentum > 0) {
        st = lm_mem_zeros(&u->first_moment, n, sizeof(float), err);
    }
    if (st == LM_OK && kind != LM_OPTIM_SGD) {
        st = lm_mem_zeros(&u->second_moment, n, sizeof(float), err);
    }
    return st;
}

LmStatus lm_updater_init(LmUpdater *u, LmNet *net, const LmOptim *optim, LmError *err)
{
    *u = (LmUpdater){.net = net, .optim = *optim, .beta1_power = 1, .beta2_power = 1};
    LmStatus st = lm_optim_check(optim, err);
    if (st != LM_OK) {
        return st;
    }
    u->n_slices = cut_all(net, NULL);
    st = lm_mem_alloc(&u->slices, (size_t)u->n_slices, sizeof *u->slices, err);
    if (st == LM_OK) {
        cut_all(net, u->slices);
        for (int i = 0; i < u->n_slices; i++) {
            const LmSlice *s = &u->slices[i];
            u->slice_floats = LM_MAX(u->slice_floats, (s->row1 - s->row0) * param_of(u, s)->ld);
        }
        st = lm_mem_alloc(&u->grads, (size_t)u->slice_floats * LM_THREADS_MAX, sizeof(float), err);
    }
    if (st == LM_OK) {
        st = make_state(u, err);
    }
    if (st != LM_OK) {
        lm_updater_fini(u);
    }
    return st;
}

void lm_updater_fini(LmUpdater *u)
{
    lm_mem_free(u->slices);
    lm_mem_free(u->grads);
    lm_mem_free(u->first_moment);
    lm_mem_free(u->second_moment);
    *u = (LmUpdater){0};
}

/* Where a convolution's gradient lies in a chain. */
static int64_t chain_offset(const LmUpdater *u, const LmSlice *s)
{
    const LmParam *kernel = &u->net->model->params[s->op->layer->kernel];
    if (!s->is_bias) {
        return s->op->chain_grads + s->row0 * kernel->ld;
    }
    return s->op->kind == &lm_op_convpool ? lm_convpool_bias_offset(u->net, s->op)
                                          : s->op->chain_grads + kernel->rows * kernel->ld;
}

/* Convolutions: the chains' sums, added in chain order. */
static void sum_chains(const LmUpdater *u, const LmSlice *s, const LmParam *p, float *g)
{
    const LmNet *net = u->net;
    int64_t offset = chain_offset(u, s);
    size_t n = (size_t)((s->row1 - s->row0) * p->ld);
    memcpy(g, net->chains + offset, n * sizeof *g);
    for (int j = 1; j < u->n_chains; j++) {
        lm_kernels()->nn->add(g, net->chains + j * net->chain_floats + offset, n);
    }
}

void lm_updater_slice_grad(const LmUpdater *u, const LmSlice *s, float *g)
{
    if (s->op->kind == &lm_op_convpool && !s->is_bias) {
        lm_convpool_kernel_grad(u->net, s->op, u->n_chains, s->row0, s->row1, g);
    } else if (s->op->kind == &lm_op_conv || s->op->kind == &lm_op_convpool) {
        sum_chains(u, s, param_of(u, s), g);
    } else if (s->is_bias) {
        lm_dense_bias_grad(u->net, s->op, u->batch, g);
    } else {
        lm_dense_kernel_grad(u->net, s->op, u->batch, s->row0, s->row1, g);
    }
}

/* The bias corrections of Adam go into the rate, and from there into epsilon's scale as in Kingma
 * and Ba's last remark of section 2: rate_t = rate * sqrt(1 - beta2^t) / (1 - beta1^t). */
static void adam(const LmUpdater *u, float *w, const float *g, int64_t at, size_t n)
{
    const LmOptim *o = &u->optim;
    double correction = sqrt(1 - u->beta2_power) / (1 - u->beta1_power);
    LmAdamStep s = {.rate = (float)(o->rate * correction),
                    .beta1 = (float)o->beta1,
                    .one_minus_beta1 = (float)(1 - o->beta1),
                    .beta2 = (float)o->beta2,
                    .one_minus_beta2 = (float)(1 - o->beta2),
                    .epsilon = (float)o->epsilon,
                    .decay = (float)(o->rate * o->decay)};
    lm_kernels()->nn->adam(w, u->first_moment + at, u->second_moment + at, g, n, &s);
}

static void apply_rule(const LmUpdater *u, float *w, const float *g, int64_t at, size_t n)
{
    const LmOptim *o = &u->optim;
    float *first = u->first_moment != NULL ? u->first_moment + at : NULL;
    if (o->kind == LM_OPTIM_SGD) {
        LmSgdStep s = {(float)o->rate, (float)o->momentum, o->is_nesterov};
        lm_kernels()->nn->sgd(w, first, g, n, &s);
    } else if (o->kind == LM_OPTIM_RMSPROP) {
        LmRmspropStep s = {.rate = (float)o->rate,
                           .rho = (float)o->beta2,
                           .one_minus_rho = (float)(1 - o->beta2),
                           .epsilon = (float)o->epsilon,
                           .momentum = (float)o->momentum};
        lm_kernels()->nn->rmsprop(w, first, u->second_moment + at, g, n, &s);
    } else {
        adam(u, w, g, at, n);
    }
}

static void update_slice(void *ctx, int64_t task, int thread)
{
    LmUpdater *u = ctx;
    const LmSlice *s = &u->slices[task];
    const LmParam *p = param_of(u, s);
    float *g = u->grads + thread * u->slice_floats;
    double start = lm_profile_start();
    lm_updater_slice_grad(u, s, g);
    int64_t at = p->offset + s->row0 * p->ld;
    apply_rule(u, u->net->model->weights + at, g, at, (size_t)((s->row1 - s->row0) * p->ld));
    if (!s->is_bias) {
        lm_net_transpose_rows(u->net, s->op, s->row0, s->row1);
    }
    double *times = lm_net_times(u->net, thread);
    if (times != NULL) {
        times[2 * u->net->n_ops + s->op->index] += lm_clock_seconds() - start;
    }
}

void lm_updater_run(LmUpdater *u, int64_t n, int n_chains)
{
    u->batch = n;
    u->n_chains = n_chains;
    u->step++;
    u->beta1_power *= u->optim.beta1;
    u->beta2_power *= u->optim.beta2;
    lm_threads_for(u->n_slices, update_slice, u);
    lm_net_transform(u->net);
    u->net->weights_version = ++u->net->model->version;
}
