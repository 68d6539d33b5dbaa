/* Convolution as calls of the matrix kernel on the maps themselves.
 *
 * Forward: a row is an output position, a segment a filter row (kw x ic floats in a line) or, where
 * channels are padded, one tap (ic floats); order of the sum: kh, kw, ic.
 * Data gradient: a row is an input position. Under a stride, positions of one residue class (row
 * and column modulo the stride) see the same taps, so each class is a call with its own list of
 * taps; a segment is a tap, its terms the output channels. Order: kh, kw, oc. Weight gradient: a
 * row is a weight (kh, kw, ic), the terms are the output positions of the block, image by image,
 * row by row. Bits follow from these orders alone.
 */
#include "base/mem.h"
#include "nn/winograd.h"

/* Rows of one call's table: a small map is taken for the whole block, which wastes no tile at image
 * borders; a large one image by image, so that tables stay small. */
enum { ROWS_MAX = 16384 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Where input position i (row or column) with padding `pad` meets the taps of its class. */
typedef struct Class {
    int64_t residue; /* (i + pad) mod stride: taps residue, residue + stride, ... */
    int64_t n_taps;
} Class;

static Class class_of(int64_t residue, int64_t kernel, int64_t stride)
{
    Class c = {residue, residue < kernel ? (kernel - 1 - residue) / stride + 1 : 0};
    return c;
}

/* How far outputs read by data gradients lie outside [0, n_out): before and behind. */
static void gradient_reach(int64_t n_in, int64_t n_out, int64_t kernel, int64_t stride, int64_t pad,
                           int64_t *before, int64_t *behind)
{
    *before = 0;
    *behind = 0;
    for (int64_t i = 0; i < n_in; i++) {
        Class c = class_of((i + pad) % stride, kernel, stride);
        if (c.n_taps > 0) {
            int64_t last = (i + pad) / stride;
            *before = LM_MAX(*before, -(last - (c.n_taps - 1)));
            *behind = LM_MAX(*behind, last - (n_out - 1));
        }
    }
}

/* dx at (y, x) reads dy from (y, x) - (2 - pad) on. */
static LmPad dx_padding(const LmPad *pad)
{
    return (LmPad){.top = 2 - pad->top, .left = 2 - pad->left};
}

/* 3x3 filters of stride 1 between wide maps go Winograd's way, forward and back. */
static LmStatus plan_winograd(LmNet *net, LmOp *op, LmError *err)
{
    const LmLayer *l = op->layer;
    LmPlanMap *x = &net->values[op->index];
    LmPlanMap *dy = &net->grads[op->index + 1];
    bool is_wide = x->cs % 16 == 0;
    int64_t tile = lm_winograd_tile(&op->win, l->in.c, l->out.h, l->out.w);
    int64_t tile_dx = lm_winograd_tile(&op->win, l->out.c, l->in.h, l->in.w);
    LmStatus st = LM_OK;
    if (is_wide && tile > 0) {
        LmWinogradShape s = {tile, x, &net->values[op->index + 1], l->pad, 1, op->group};
        st = lm_winograd_plan(&op->winograd, net, &s, err);
    }
    if (st == LM_OK && net->is_training && op->needs_dx && tile_dx > 0) {
        LmWinogradShape s = {tile_dx, dy,       &net->grads[op->index], dx_padding(&l->pad),
                             1,       op->group};
        st = lm_winograd_plan(&op->winograd_dx, net, &s, err);
    }
    if (st == LM_OK && net->is_training && is_wide &&
        lm_winograd_grad_fits(&op->win, l->in.c, l->out.h, l->out.w)) {
        LmWinogradShape s = {4, x, dy, l->pad, 1, op->group};
        st = lm_winograd_grad_plan(&op->winograd_dw, net, &s, err);
    }
    return st;
}

static LmStatus plan(LmNet *net, LmOp *op, LmError *err)
{
    const LmLayer *l = op->layer;
    const LmWindow *k = &op->win;
    int64_t bottom = (l->out.h - 1) * k->sh + k->kh - l->pad.top - l->in.h;
    int64_t right = (l->out.w - 1) * k->sw + k->kw - l->pad.left - l->in.w;
    lm_net_want_halo(
        &net->values[op->index],
        (LmHalo){l->pad.top, l->pad.left, LM_MAX(bottom, (int64_t)0), LM_MAX(right, (int64_t)0)});
    op->group =
        LM_BLOCK * LM_MAX(l->out.h * l->out.w, l->in.h * l->in.w) <= ROWS_MAX ? LM_BLOCK : 1;
    LmStatus st = plan_winograd(net, op, err);
    if (st != LM_OK || !net->is_training) {
        return st;
    }
    if (op->needs_dx && !op->winograd_dx.is_used && lm_fold_fits(op)) {
        lm_fold_plan(net, op);
    } else if (op->needs_dx) {
        LmHalo reach;
        gradient_reach(l->in.h, l->out.h, k->kh, k->sh, l->pad.top, &reach.top, &reach.bottom);
        gradient_reach(l->in.w, l->out.w, k->kw, k->sw, l->pad.left, &reach.left, &reach.right);
        lm_net_want_halo(&net->grads[op->index + 1], reach);
        op->transposed = net->transposed_floats;
        net->transposed_floats += k->kh * k->kw * l->out.c * net->grads[op->index].cs;
    }
    const LmParam *p = &net->model->params[l->kernel];
    op->chain_grads = net->chain_floats;
    net->chain_floats += (p->rows + 1) * p->ld;
    return LM_OK;
}

static LmStatus forward_table(LmNet *net, LmOp *op, LmError *err)
{
    const LmLayer *l = op->layer;
    const LmPlanMap *in = &net->values[op->index];
    const LmPlanMap *out = &net->values[op->index + 1];
    int64_t ld = net->model->params[l->kernel].ld;
    bool is_line = in->cs == in->c;
    int64_t taps_w = is_line ? 1 : op->win.kw;
    LmGemmTable *t = &op->fwd;
    LmStatus st = lm_gemm_table_new(t, op->group * out->h * out->w, op->win.kh * taps_w, err);
    if (st != LM_OK) {
        return st;
    }
    int64_t r = 0;
    for (int64_t i = 0; i < op->group; i++) {
        for (int64_t y = 0; y < out->h; y++) {
            for (int64_t x = 0; x < out->w; x++, r++) {
                t->a_row[r] = (int32_t)(i * in->img + (y * op->win.sh - l->pad.top) * in->row +
                                        (x * op->win.sw - l->pad.left) * in->cs);
                t->c_row[r] = (int32_t)(i * out->img + y * out->row + x * out->cs);
            }
        }
    }
    for (int64_t s = 0; s < t->n_seg; s++) {
        int64_t ky = s / taps_w;
        int64_t kx = s % taps_w;
        t->a_seg[s] = (int32_t)(ky * in->row + kx * in->cs);
        t->b_seg[s] = (int32_t)((ky * op->win.kw + kx) * in->c * ld);
    }
    return LM_OK;
}

/* Rows whose (position + pad) leaves `residue` under the stride: the first one, and how many. */
static int64_t class_members(int64_t n, int64_t pad, int64_t residue, int64_t stride,
                             int64_t *first)
{
    *first = ((residue - pad) % stride + stride) % stride;
    return *first < n ? (n - 1 - *first) / stride + 1 : 0;
}

static LmStatus data_gradient_table(LmNet *net, const LmOp *op, LmGemmTable *t, int64_t res_y,
                                    int64_t res_x, LmError *err)
{
    const LmLayer *l = op->layer;
    const LmPlanMap *dy = &net->grads[op->index + 1];
    const LmPlanMap *dx = &net->grads[op->index];
    const LmWindow *k = &op->win;
    Class cy = class_of(res_y, k->kh, k->sh);
    Class cx = class_of(res_x, k->kw, k->sw);
    int64_t y0;
    int64_t x0;
    int64_t ny = class_members(dx->h, l->pad.top, res_y, k->sh, &y0);
    int64_t nx = class_members(dx->w, l->pad.left, res_x, k->sw, &x0);
    LmStatus st = lm_gemm_table_new(t, op->group * ny * nx, cy.n_taps * cx.n_taps, err);
    if (st != LM_OK) {
        return st;
    }
    int64_t r = 0;
    for (int64_t i = 0; i < op->group; i++) {
        for (int64_t y = y0; y < dx->h; y += k->sh) {
            for (int64_t x = x0; x < dx->w; x += k->sw, r++) {
                t->a_row[r] = (int32_t)(i * dy->img + floor_div(y + l->pad.top, k->sh) * dy->row +
                                        floor_div(x + l->pad.left, k->sw) * dy->cs);
                t->c_row[r] = (int32_t)(i * dx->img + y * dx->row + x * dx->cs);
            }
        }
    }
    for (int64_t s = 0; s < t->n_seg; s++) {
        int64_t ty = s / cx.n_taps;
        int64_t tx = s % cx.n_taps;
        int64_t tap = (res_y + ty * k->sh) * k->kw + res_x + tx * k->sw;
        t->a_seg[s] = (int32_t)(-ty * dy->row - tx * dy->cs);
        t->b_seg[s] = (int32_t)(tap * l->out.c * dx->cs);
    }
    return LM_OK;
}

/* Classes are those of the first rows and columns, so that each has members. */
static LmStatus data_gradient_tables(LmNet *net, LmOp *op, LmError *err)
{
    const LmLayer *l = op->layer;
    int64_t n_y = LM_MIN(op->win.sh, l->in.h);
    int64_t n_x = LM_MIN(op->win.sw, l->in.w);
    LmStatus st = lm_mem_zeros(&op->dgrad, (size_t)(n_y * n_x), sizeof *op->dgrad, err);
    for (int64_t i = 0; i < n_y * n_x && st == LM_OK; i++) {
        int64_t res_y = (i / n_x + l->pad.top) % op->win.sh;
        int64_t res_x = (i % n_x + l->pad.left) % op->win.sw;
        st = data_gradient_table(net, op, &op->dgrad[i], res_y, res_x, err);
        op->n_dgrad += st == LM_OK;
    }
    return st;
}

static LmStatus weight_gradient_table(LmNet *net, LmOp *op, LmError *err)
{
    const LmLayer *l = op->layer;
    const LmPlanMap *in = &net->values[op->index];
    const LmPlanMap *dy = &net->grads[op->index + 1];
    const LmParam *p = &net->model->params[l->kernel];
    LmGemmTable *t = &op->wgrad;
    LmStatus st = lm_gemm_table_new(t, p->rows, LM_BLOCK * dy->h, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t r = 0; r < p->rows; r++) {
        int64_t tap = r / in->c;
        t->a_row[r] = (int32_t)((tap / op->win.kw - l->pad.top) * in->row +
                                (tap % op->win.kw - l->pad.left) * in->cs + r % in->c);
        t->c_row[r] = (int32_t)(r * p->ld);
    }
    for (int64_t s = 0; s < t->n_seg; s++) {
        t->a_seg[s] = (int32_t)(s / dy->h * in->img + s % dy->h * op->win.sh * in->row);
        t->b_seg[s] = (int32_t)(s / dy->h * dy->img + s % dy->h * dy->row);
    }
    return LM_OK;
}

static LmStatus tables(LmNet *net, LmOp *op, LmError *err)
{
    LmStatus st =
        op->winograd.is_used ? lm_winograd_tables(&op->winograd, err) : forward_table(net, op, err);
    if (st == LM_OK && net->is_training) {
        st = op->winograd_dw.is_used ? lm_winograd_grad_tables(&op->winograd_dw, err)
                                     : weight_gradient_table(net, op, err);
    }
    if (st == LM_OK && net->is_training && op->needs_dx) {
        st = op->winograd_dx.is_used ? lm_winograd_tables(&op->winograd_dx, err)
             : op->fold.is_used      ? lm_fold_tables(net, op, err)
                                     : data_gradient_tables(net, op, err);
    }
    return st;
}

/* A convolution from map x to map y of the run's images, group by group. */
static void call_winograd(const LmOp *op, const LmWinograd *w, const LmBlockRun *run,
                          const LmMap *x, const LmMap *y, const float *bias, bool is_relu)
{
    for (int64_t first = 0; first < run->n; first += op->group) {
        LmMap from = *x;
        from.data += first * x->img;
        LmWinogradOut out = {.y = y->data + first * y->img,
                             .row = y->row,
                             .col = y->col,
                             .bias = bias,
                             .is_relu = is_relu};
        lm_winograd_convolve(w, run, &from, &out, LM_MIN(op->group, run->n - first));
    }
}

/* One call covers op->group images; a short block takes the table's first images. */
static void call_groups(const LmOp *op, const LmGemmTable *t, LmGemm *g, const LmMap *a,
                        const LmMap *c, int64_t n)
{
    int64_t rows_an_image = t->n_rows / op->group;
    g->a_row = t->a_row;
    g->c_row = t->c_row;
    g->a_seg = t->a_seg;
    g->b_seg = t->b_seg;
    g->n_seg = t->n_seg;
    for (int64_t i = 0; i < n; i += op->group) {
        g->a = a->data + i * a->img;
        g->c = c->data + i * c->img;
        g->n_rows = LM_MIN(op->group, n - i) * rows_an_image;
        lm_kernels()->gemm->gemm(g);
    }
}

static void forward(const LmOp *op, const LmBlockRun *run)
{
    const LmModel *m = run->net->model;
    LmMap x = lm_net_values(run, op->index);
    LmMap y = lm_net_values(run, op->index + 1);
    const LmLayer *l = op->layer;
    if (op->winograd.is_used) {
        call_winograd(op, &op->winograd, run, &x, &y, lm_model_param_data(m, l->bias), op->is_relu);
        return;
    }
    LmGemm g = {.a_k = 1,
                .b = lm_model_param_data(m, l->kernel),
                .b_k = m->params[l->kernel].ld,
                .k = x.cs == l->in.c ? op->win.kw * l->in.c : l->in.c,
                .n_cols = y.cs,
                .init = LM_GEMM_BIAS,
                .bias = lm_model_param_data(m, l->bias),
                .is_relu = op->is_relu};
    call_groups(op, &op->fwd, &g, &x, &y, run->n);
}

static void kernel_gradient(const LmOp *op, const LmBlockRun *run, const LmMap *dy, float *grads)
{
    const LmParam *p = &run->net->model->params[op->layer->kernel];
    LmMap x = lm_net_values(run, op->index);
    if (op->winograd_dw.is_used) {
        lm_winograd_grad_run(&op->winograd_dw, run, &x, dy, grads, !run->is_first_of_chain);
        return;
    }
    LmGemm g = {.a = x.data,
                .a_row = op->wgrad.a_row,
                .a_seg = op->wgrad.a_seg,
                .a_k = op->win.sw * x.col,
                .b = dy->data,
                .b_seg = op->wgrad.b_seg,
                .b_k = dy->col,
                .c = grads,
                .c_row = op->wgrad.c_row,
                .n_rows = p->rows,
                .n_seg = run->n * dy->h,
                .k = dy->w,
                .n_cols = p->ld,
                .init = run->is_first_of_chain ? LM_GEMM_ZERO : LM_GEMM_ADD};
    lm_kernels()->gemm->gemm(&g);
}

static void weight_gradient(const LmOp *op, const LmBlockRun *run, const LmMap *dy)
{
    const LmNet *net = run->net;
    const LmParam *p = &net->model->params[op->layer->kernel];
    float *grads = net->chains + run->chain * net->chain_floats + op->chain_grads;
    float *bias = grads + p->rows * p->ld;
    kernel_gradient(op, run, dy, grads);
    for (int64_t i = 0; i < p->ld && run->is_first_of_chain; i++) {
        bias[i] = 0;
    }
    lm_kernels()->nn->sum_positions(bias, dy, run->n);
}

static void backward(const LmOp *op, const LmBlockRun *run)
{
    LmMap dy = lm_net_grads(run, op->index + 1);
    if (op->is_relu && !op->is_relu_done_by_pool) {
        LmMap y = lm_net_values(run, op->index + 1);
        lm_kernels()->nn->relu_backward(&dy, &dy, &y, run->n);
    }
    if (op->needs_dw) {
        weight_gradient(op, run, &dy);
    }
    if (!op->needs_dx) {
        return;
    }
    LmMap dx = lm_net_grads(run, op->index);
    if (op->winograd_dx.is_used) {
        call_winograd(op, &op->winograd_dx, run, &dy, &dx, NULL, false);
        return;
    }
    if (op->fold.is_used) {
        lm_fold_run(op, run, &dy, &dx);
        return;
    }
    LmGemm g = {.a_k = 1,
                .b = run->net->transposed + op->transposed,
                .b_k = dx.cs,
                .k = op->layer->out.c,
                .n_cols = dx.cs,
                .init = LM_GEMM_ZERO};
    for (int i = 0; i < op->n_dgrad; i++) {
        call_groups(op, &op->dgrad[i], &g, &dy, &dx, run->n);
    }
}

const LmOpKind lm_op_conv = {
    .plan = plan, .tables = tables, .forward = forward, .backward = backward};
