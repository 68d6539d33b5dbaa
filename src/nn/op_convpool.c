/* A convolution and the 2x2 max-pool behind it as one operation.
 *
 * The map between the two never exists: forward keeps each window's maximum and its position,
 * backward walks the windows that have a gradient. Conv positions that no window covers (the last
 * row and column of an odd map) are not computed. kernel/convpool.h states the orders of sums.
 *
 * Chains hold the kernel's gradient by output channel, [oc][tap][ic padded], where input channels
 * fill vectors; else (the first layer) as the weights are, [tap][ic][oc padded].
 */
#include <string.h>

#include "base/mem.h"
#include "kernel/convpool.h"
#include "nn/winograd.h"

struct LmConvPool {
    bool is_narrow;    /* channels of the input do not fill vectors */
    int64_t n_windows; /* of an image */
    int64_t arg;       /* arena: LM_BLOCK x n_windows x ld bytes */
    int64_t scratch;   /* arena: of the gradient kernels */
    int64_t dx_image;  /* arena: an image of dx with the rim the filter reaches over; -1: none */
    LmHalo rim;        /* how far the filter of a window reaches over the input's edges */
    int64_t dx_row;    /* strides of where dx is added up */
    int64_t dx_img;
    LmTapOffsets x;
    LmTapOffsets dx;
    int32_t *dy_win;
    int32_t *offsets; /* all tables above lie here */
};

bool lm_convpool_fits(const LmLayer *conv, const LmLayer *pool)
{
    const LmLayerSpec *c = &conv->spec;
    const LmLayerSpec *p = &pool->spec;
    return c->kind == LM_LAYER_CONV && p->kind == LM_LAYER_MAXPOOL &&
           (c->act == LM_ACT_NONE || c->act == LM_ACT_RELU) && p->kh == 2 && p->kw == 2 &&
           p->sh == 2 && p->sw == 2;
}

/* Rows and columns of the input that windows of h rows and w columns reach, from the first one. */
static int64_t rows_read(const LmOp *op, int64_t h)
{
    return (2 * h - 1) * op->win.sh + op->win.kh - op->layer->pad.top;
}

static int64_t cols_read(const LmOp *op, int64_t w)
{
    return (2 * w - 1) * op->win.sw + op->win.kw - op->layer->pad.left;
}

void lm_convpool_trim(const LmNet *net, const LmOp *op)
{
    const LmPlanMap *out = &net->values[op->index + 1];
    LmPlanMap *in = &net->values[op->index];
    in->h = LM_MAX(LM_MIN(in->h, rows_read(op, out->h)), (int64_t)1);
    in->w = LM_MAX(LM_MIN(in->w, cols_read(op, out->w)), (int64_t)1);
    net->grads[op->index].h = in->h;
    net->grads[op->index].w = in->w;
}

/* Floats of the kernel's gradient in a chain; the bias' follow. */
static int64_t kernel_grad_floats(const LmNet *net, const LmOp *op)
{
    const LmParam *p = &net->model->params[op->layer->kernel];
    const LmPlanMap *in = &net->values[op->index];
    return op->pool->is_narrow ? p->rows * p->ld : p->cols * op->win.kh * op->win.kw * in->cs;
}

int64_t lm_convpool_bias_offset(const LmNet *net, const LmOp *op)
{
    return op->chain_grads + kernel_grad_floats(net, op);
}

static void plan_training(LmNet *net, LmOp *op)
{
    const LmLayer *l = op->layer;
    const LmParam *p = &net->model->params[l->kernel];
    LmConvPool *cp = op->pool;
    size_t bytes = lm_convpool_scratch_bytes(cp->n_windows, p->ld);
    cp->scratch = lm_net_reserve(net, (int64_t)(bytes / sizeof(float)));
    op->chain_grads = net->chain_floats;
    net->chain_floats +=
        (int64_t)lm_base_round_up((size_t)(kernel_grad_floats(net, op) + p->ld), 16);
    if (!op->needs_dx) {
        return;
    }
    const LmPlanMap *dx = &net->grads[op->index];
    op->transposed = net->transposed_floats;
    net->transposed_floats += p->cols * op->win.kh * op->win.kw * dx->cs;
    bool has_rim = cp->rim.top + cp->rim.left + cp->rim.bottom + cp->rim.right > 0;
    if (has_rim) {
        cp->dx_row = (cp->rim.left + dx->w + cp->rim.right) * dx->cs;
        cp->dx_img = (cp->rim.top + dx->h + cp->rim.bottom) * cp->dx_row;
        cp->dx_image = lm_net_reserve(net, cp->dx_img);
    }
}

static LmStatus plan(LmNet *net, LmOp *op, LmError *err)
{
    const LmLayer *l = op->layer;
    const LmPlanMap *out = &net->values[op->index + 1];
    LmStatus st = lm_mem_zeros(&op->pool, 1, sizeof *op->pool, err);
    if (st != LM_OK) {
        return st;
    }
    LmConvPool *cp = op->pool;
    const LmPlanMap *in = &net->values[op->index];
    int64_t rows = rows_read(op, out->h);
    int64_t cols = cols_read(op, out->w);
    cp->rim = (LmHalo){l->pad.top, l->pad.left, LM_MAX(rows - in->h, (int64_t)0),
                       LM_MAX(cols - in->w, (int64_t)0)};
    cp->is_narrow = in->cs % 16 != 0;
    cp->n_windows = out->h * out->w;
    cp->dx_image = -1;
    lm_net_want_halo(&net->values[op->index], cp->rim);
    int64_t ld = net->model->params[l->kernel].ld;
    cp->arg = lm_net_reserve(net, LM_BLOCK * cp->n_windows * ld / (int64_t)sizeof(float));
    op->group = 4 * LM_BLOCK * cp->n_windows <= 16384 ? LM_BLOCK : 1;
    if (net->is_training) {
        plan_training(net, op);
    }
    LmWinogradShape s = {.tile = lm_winograd_tile(&op->win, in->c, 2 * out->h, 2 * out->w),
                         .from = &net->values[op->index],
                         .to = &net->values[op->index + 1],
                         .before = l->pad,
                         .unit = 2,
                         .group = op->group};
    return !cp->is_narrow && s.tile > 0 ? lm_winograd_plan(&op->winograd, net, &s, err) : LM_OK;
}

/* Rows are the four positions of each window in turn; a segment is as in a plain convolution. */
static LmStatus forward_table(LmNet *net, LmOp *op, LmError *err)
{
    const LmLayer *l = op->layer;
    const LmPlanMap *in = &net->values[op->index];
    const LmPlanMap *out = &net->values[op->index + 1];
    int64_t ld = net->model->params[l->kernel].ld;
    int64_t taps_w = in->cs == in->c ? 1 : op->win.kw;
    int64_t n_windows = op->pool->n_windows;
    LmGemmTable *t = &op->fwd;
    LmStatus st = lm_gemm_table_new(t, 4 * op->group * n_windows, op->win.kh * taps_w, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t w = 0; w < op->group * n_windows; w++) {
        int64_t img = w / n_windows;
        int64_t wy = w % n_windows / out->w;
        int64_t wx = w % out->w;
        for (int64_t k = 0; k < 4; k++) {
            int64_t y = (2 * wy + k / 2) * op->win.sh - l->pad.top;
            int64_t x = (2 * wx + k % 2) * op->win.sw - l->pad.left;
            t->a_row[4 * w + k] = (int32_t)(img * in->img + y * in->row + x * in->cs);
        }
        t->c_row[w] = (int32_t)(img * out->img + wy * out->row + wx * out->cs);
    }
    for (int64_t s = 0; s < t->n_seg; s++) {
        int64_t ky = s / taps_w;
        int64_t kx = s % taps_w;
        t->a_seg[s] = (int32_t)(ky * in->row + kx * in->cs);
        t->b_seg[s] = (int32_t)((ky * op->win.kw + kx) * in->c * ld);
    }
    return LM_OK;
}

/* Offsets of windows, positions and taps in a map of that row stride and channel stride. */
static void fill_offsets(const LmOp *op, LmTapOffsets *at, int64_t out_w, int32_t *win,
                         int32_t *tap, int64_t row, int64_t col)
{
    const LmWindow *k = &op->win;
    const LmPad *pad = &op->layer->pad;
    for (int64_t w = 0; w < op->pool->n_windows; w++) {
        win[w] = (int32_t)((w / out_w * 2 * k->sh - pad->top) * row +
                           (w % out_w * 2 * k->sw - pad->left) * col);
    }
    for (int64_t t = 0; t < k->kh * k->kw; t++) {
        tap[t] = (int32_t)(t / k->kw * row + t % k->kw * col);
    }
    for (int i = 0; i < 4; i++) {
        at->pos[i] = (int32_t)(i / 2 * k->sh * row + i % 2 * k->sw * col);
    }
    at->win = win;
    at->tap = tap;
    at->n_taps = k->kh * k->kw;
}

static LmStatus gradient_tables(LmNet *net, LmOp *op, LmError *err)
{
    LmConvPool *cp = op->pool;
    const LmPlanMap *in = &net->values[op->index];
    const LmPlanMap *dx = &net->grads[op->index];
    const LmPlanMap *dy = &net->grads[op->index + 1];
    int64_t n_taps = op->win.kh * op->win.kw;
    size_t n = (size_t)(3 * cp->n_windows + 2 * n_taps);
    LmStatus st = lm_mem_alloc(&cp->offsets, n, sizeof *cp->offsets, err);
    if (st != LM_OK) {
        return st;
    }
    int32_t *win = cp->offsets;
    int32_t *tap = win + 3 * cp->n_windows;
    fill_offsets(op, &cp->x, dy->w, win, tap, in->row, in->cs);
    if (cp->dx_image < 0) {
        cp->dx_row = dx->row;
    }
    fill_offsets(op, &cp->dx, dy->w, win + cp->n_windows, tap + n_taps, cp->dx_row, dx->cs);
    cp->dy_win = win + 2 * cp->n_windows;
    for (int64_t w = 0; w < cp->n_windows; w++) {
        cp->dy_win[w] = (int32_t)(w / dy->w * dy->row + w % dy->w * dy->cs);
    }
    return LM_OK;
}

static LmStatus tables(LmNet *net, LmOp *op, LmError *err)
{
    LmStatus st =
        op->winograd.is_used ? lm_winograd_tables(&op->winograd, err) : forward_table(net, op, err);
    return st == LM_OK && net->is_training ? gradient_tables(net, op, err) : st;
}

void lm_convpool_fini(LmOp *op)
{
    if (op->pool != NULL) {
        lm_mem_free(op->pool->offsets);
        lm_mem_free(op->pool);
    }
}

static uint8_t *args(const LmOp *op, const LmBlockRun *run)
{
    return (uint8_t *)(run->net->arenas[run->thread] + op->pool->arg);
}

static void forward_winograd(const LmOp *op, const LmBlockRun *run, const LmMap *x, const LmMap *y,
                             uint8_t *arg, int64_t n_images)
{
    LmWinogradOut out = {.y = y->data,
                         .row = y->row,
                         .col = y->col,
                         .bias = lm_model_param_data(run->net->model, op->layer->bias),
                         .is_relu = op->is_relu,
                         .arg = arg,
                         .arg_row = y->w * y->cs};
    lm_winograd_convolve(&op->winograd, run, x, &out, n_images);
}

static void forward(const LmOp *op, const LmBlockRun *run)
{
    const LmModel *m = run->net->model;
    const LmLayer *l = op->layer;
    LmMap x = lm_net_values(run, op->index);
    LmMap y = lm_net_values(run, op->index + 1);
    LmGemm g = {.a_row = op->fwd.a_row,
                .a_seg = op->fwd.a_seg,
                .a_k = 1,
                .b = lm_model_param_data(m, l->kernel),
                .b_seg = op->fwd.b_seg,
                .b_k = m->params[l->kernel].ld,
                .c_row = op->fwd.c_row,
                .n_seg = op->fwd.n_seg,
                .k = x.cs == l->in.c ? op->win.kw * l->in.c : l->in.c,
                .n_cols = y.cs,
                .init = LM_GEMM_BIAS,
                .bias = lm_model_param_data(m, l->bias),
                .is_relu = op->is_relu};
    int64_t rows_an_image = 4 * op->pool->n_windows;
    for (int64_t i = 0; i < run->n; i += op->group) {
        uint8_t *arg = args(op, run) + i * op->pool->n_windows * y.cs;
        int64_t n_images = LM_MIN(op->group, run->n - i);
        LmMap from = x;
        LmMap to = y;
        from.data += i * x.img;
        to.data += i * y.img;
        if (op->winograd.is_used) {
            forward_winograd(op, run, &from, &to, arg, n_images);
            continue;
        }
        g.a = from.data;
        g.c = to.data;
        g.n_rows = n_images * rows_an_image;
        lm_kernels()->convpool->forward(&g, arg);
    }
}

static void clear_rows(float *p, int64_t n_rows, int64_t row, int64_t width)
{
    for (int64_t y = 0; y < n_rows; y++) {
        memset(p + y * row, 0, (size_t)width * sizeof *p);
    }
}

/* Adds up where the filter may reach over the edge, then keeps what lies inside. */
static void data_gradient(const LmOp *op, const LmBlockRun *run, const LmPoolGrad *g, float *dx,
                          const LmMap *map)
{
    const LmConvPool *cp = op->pool;
    const float *w = run->net->transposed + op->transposed;
    float *arena = run->net->arenas[run->thread];
    const LmConvPoolKernels *k = lm_kernels()->convpool;
    int64_t width = map->w * map->cs;
    if (cp->dx_image < 0) {
        clear_rows(dx, map->h, map->row, width);
        k->data(dx, g, w, &cp->dx, map->cs, arena + cp->scratch);
        return;
    }
    float *image = arena + cp->dx_image;
    memset(image, 0, (size_t)cp->dx_img * sizeof *image);
    float *inside = image + cp->rim.top * cp->dx_row + cp->rim.left * map->cs;
    k->data(inside, g, w, &cp->dx, map->cs, arena + cp->scratch);
    for (int64_t y = 0; y < map->h; y++) {
        memcpy(dx + y * map->row, inside + y * cp->dx_row, (size_t)width * sizeof *dx);
    }
}

static void backward(const LmOp *op, const LmBlockRun *run)
{
    const LmNet *net = run->net;
    const LmConvPool *cp = op->pool;
    const LmConvPoolKernels *k = lm_kernels()->convpool;
    const LmParam *p = &net->model->params[op->layer->kernel];
    LmMap x = lm_net_values(run, op->index);
    LmMap y = lm_net_values(run, op->index + 1);
    LmMap dy = lm_net_grads(run, op->index + 1);
    float *chain = net->chains + run->chain * net->chain_floats;
    int64_t bias = lm_convpool_bias_offset(net, op);
    if (op->is_relu) {
        lm_kernels()->nn->relu_backward(&dy, &dy, &y, run->n);
    }
    if (run->is_first_of_chain) {
        memset(chain + op->chain_grads, 0,
               (size_t)(bias - op->chain_grads + p->ld) * sizeof *chain);
    }
    LmPoolGrad g = {.win = cp->dy_win, .n_windows = cp->n_windows, .oc = p->cols, .oc_ld = p->ld};
    for (int64_t i = 0; i < run->n; i++) {
        g.dy = dy.data + i * dy.img;
        g.arg = args(op, run) + i * cp->n_windows * p->ld;
        const float *image = x.data + i * x.img;
        float *dw = chain + op->chain_grads;
        if (cp->is_narrow) {
            k->weights_narrow(dw, &g, image, &cp->x, op->layer->in.c);
        } else {
            k->weights(dw, &g, image, &cp->x, x.cs, net->arenas[run->thread] + cp->scratch);
        }
        if (op->needs_dx) {
            LmMap dx = lm_net_grads(run, op->index);
            data_gradient(op, run, &g, dx.data + i * dx.img, &dx);
        }
    }
    lm_kernels()->nn->sum_positions(chain + bias, &dy, run->n);
}

/* Sums the chains of one output channel over the columns that rows [row0, row1) need. */
static void sum_columns(const LmNet *net, int64_t at, int n_chains, float *sums, size_t n)
{
    memcpy(sums, net->chains + at, n * sizeof *sums);
    for (int j = 1; j < n_chains; j++) {
        lm_kernels()->nn->add(sums, net->chains + j * net->chain_floats + at, n);
    }
}

/* Columns [c0, c1) of n_oc channels' sums, padding left out, to where they are in rows [row0, row1)
 * of the kernel's gradient. */
static void scatter(float *g, int64_t ld, const float *sums, int64_t sums_ld, int64_t n_oc,
                    int64_t c0, int64_t c1, const LmPlanMap *in, int64_t row0, int64_t row1)
{
    int64_t n = 0;
    for (int64_t c = c0; c < c1; c += n) {
        int64_t channel = c % in->cs;
        int64_t row = c / in->cs * in->c + channel;
        n = LM_MIN(in->cs - channel, c1 - c);
        int64_t first = LM_MAX(row, row0);
        int64_t end = LM_MIN(row + LM_MIN(n, in->c - channel), row1);
        if (first < end) {
            lm_kernels()->nn->transpose(g + (first - row0) * ld, ld, sums + c - c0 + first - row,
                                        sums_ld, n_oc, end - first);
        }
    }
}

void lm_convpool_kernel_grad(const LmNet *net, const LmOp *op, int n_chains, int64_t row0,
                             int64_t row1, float *g)
{
    const LmParam *p = &net->model->params[op->layer->kernel];
    if (op->pool->is_narrow) {
        sum_columns(net, op->chain_grads + row0 * p->ld, n_chains, g,
                    (size_t)((row1 - row0) * p->ld));
        return;
    }
    const LmPlanMap *in = &net->values[op->index];
    int64_t width = op->win.kh * op->win.kw * in->cs; /* of an output channel */
    int64_t from = row0 / in->c * in->cs;
    int64_t to = LM_MIN((row1 - 1) / in->c * in->cs + in->cs, width);
    enum { PART = 256, CHANNELS = 8 };
    float sums[CHANNELS][PART];
    memset(g, 0, (size_t)((row1 - row0) * p->ld) * sizeof *g);
    for (int64_t oc = 0; oc < p->cols; oc += CHANNELS) {
        int64_t n_oc = LM_MIN((int64_t)CHANNELS, p->cols - oc);
        for (int64_t c0 = from; c0 < to; c0 += PART) {
            int64_t n = LM_MIN((int64_t)PART, to - c0);
            for (int64_t k = 0; k < n_oc; k++) {
                int64_t at = op->chain_grads + (oc + k) * width + c0;
                sum_columns(net, at, n_chains, sums[k], (size_t)n);
            }
            scatter(g + oc, p->ld, sums[0], PART, n_oc, c0, c0 + n, in, row0, row1);
        }
    }
}

const LmOpKind lm_op_convpool = {
    .plan = plan, .tables = tables, .forward = forward, .backward = backward};
