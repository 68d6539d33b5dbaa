/* Dense layers: a matrix product over the samples of a block.
 *
 * The weight gradient is worked out in the update phase, over the whole batch and in sample order,
 * a slice of kernel rows at a time: per block it would write as many numbers as it adds. For that
 * the layer's input values and output gradients are kept for the batch. Order of sums: forward over
 * inputs (row, column, channel), data gradient over outputs, weight gradient over samples.
 */
#include "base/mem.h"
#include "nn/net.h"

/* Columns of the transposed kernel that lie side by side, [panel][oc][PANEL]: as many as a register
 * tile of a block's rows is wide, so that the data gradient reads it from front to back. */
enum { PANEL = 32 };

static bool is_one_line(const LmPlanMap *map)
{
    return map->cs == map->c && map->row == map->w * map->c;
}

/* Numbers of an input gradient that lie side by side: the image, or a row of it. */
static int64_t line_width(const LmPlanMap *dx)
{
    bool is_line = dx->halo.left + dx->halo.right == 0;
    return dx->w * dx->cs * (is_line ? dx->h : 1);
}

static int64_t n_panels(int64_t width)
{
    return (width + PANEL - 1) / PANEL;
}

static LmStatus plan(LmNet *net, LmOp *op, LmError *err)
{
    (void)err;
    if (net->is_training) {
        net->values[op->index].is_batch_wide = true;
        net->grads[op->index + 1].is_batch_wide = true;
    }
    if (net->is_training && op->needs_dx) {
        const LmPlanMap *in = &net->grads[op->index];
        int64_t width = line_width(in);
        int64_t n_lines = in->h * in->w * in->cs / width;
        op->transposed = net->transposed_floats;
        net->transposed_floats += op->layer->out.c * n_lines * n_panels(width) * PANEL;
    }
    return LM_OK;
}

/* Segments of the forward sum: the whole image where it is one line of numbers, else its pixels. */
static LmStatus forward_table(LmNet *net, LmOp *op, LmError *err)
{
    const LmPlanMap *in = &net->values[op->index];
    const LmPlanMap *out = &net->values[op->index + 1];
    int64_t ld = net->model->params[op->layer->kernel].ld;
    bool is_line = is_one_line(in);
    LmGemmTable *t = &op->fwd;
    LmStatus st = lm_gemm_table_new(t, LM_BLOCK, is_line ? 1 : in->h * in->w, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < LM_BLOCK; i++) {
        t->a_row[i] = (int32_t)(i * in->img);
        t->c_row[i] = (int32_t)(i * out->img);
    }
    for (int64_t s = 0; s < t->n_seg; s++) {
        t->a_seg[s] = (int32_t)(s / in->w * in->row + s % in->w * in->cs);
        t->b_seg[s] = (int32_t)(s * in->c * ld);
    }
    return LM_OK;
}

/* Rows of the weight gradient: where input number r lies within an image. */
static LmStatus weight_gradient_table(LmNet *net, LmOp *op, LmError *err)
{
    const LmPlanMap *in = &net->values[op->index];
    const LmParam *p = &net->model->params[op->layer->kernel];
    LmGemmTable *t = &op->wgrad;
    LmStatus st = lm_gemm_table_new(t, p->rows, 1, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t r = 0; r < p->rows; r++) {
        int64_t pixel = r / in->c;
        t->a_row[r] = (int32_t)(pixel / in->w * in->row + pixel % in->w * in->cs + r % in->c);
        t->c_row[r] = (int32_t)(r * p->ld);
    }
    t->a_seg[0] = 0;
    t->b_seg[0] = 0;
    return LM_OK;
}

/* Rows of the data gradient: samples; a call makes one row of the input map. */
static LmStatus data_gradient_table(LmNet *net, LmOp *op, LmError *err)
{
    const LmPlanMap *dy = &net->grads[op->index + 1];
    const LmPlanMap *dx = &net->grads[op->index];
    LmStatus st = lm_mem_zeros(&op->dgrad, 1, sizeof *op->dgrad, err);
    if (st == LM_OK) {
        st = lm_gemm_table_new(op->dgrad, LM_BLOCK, 1, err);
    }
    if (st != LM_OK) {
        return st;
    }
    op->n_dgrad = 1;
    for (int64_t i = 0; i < LM_BLOCK; i++) {
        op->dgrad->a_row[i] = (int32_t)(i * dy->img);
        op->dgrad->c_row[i] = (int32_t)(i * dx->img);
    }
    op->dgrad->a_seg[0] = 0;
    op->dgrad->b_seg[0] = 0;
    return LM_OK;
}

static LmStatus tables(LmNet *net, LmOp *op, LmError *err)
{
    LmStatus st = forward_table(net, op, err);
    if (st == LM_OK && net->is_training) {
        st = weight_gradient_table(net, op, err);
    }
    if (st == LM_OK && net->is_training && op->needs_dx) {
        st = data_gradient_table(net, op, err);
    }
    return st;
}

static void set_table(LmGemm *g, const LmGemmTable *t)
{
    g->a_row = t->a_row;
    g->c_row = t->c_row;
    g->a_seg = t->a_seg;
    g->b_seg = t->b_seg;
    g->n_rows = t->n_rows;
    g->n_seg = t->n_seg;
}

static void forward(const LmOp *op, const LmBlockRun *run)
{
    const LmModel *m = run->net->model;
    const LmLayer *l = op->layer;
    LmMap x = lm_net_values(run, op->index);
    LmMap y = lm_net_values(run, op->index + 1);
    LmGemm g = {.a = x.data,
                .a_k = 1,
                .b = lm_model_param_data(m, l->kernel),
                .b_k = m->params[l->kernel].ld,
                .c = y.data,
                .k = op->fwd.n_seg == 1 ? l->in.h * l->in.w * l->in.c : l->in.c,
                .n_cols = y.cs,
                .init = LM_GEMM_BIAS,
                .bias = lm_model_param_data(m, l->bias),
                .is_relu = op->is_relu};
    set_table(&g, &op->fwd);
    g.n_rows = run->n;
    lm_kernels()->gemm->gemm(&g);
}

/* Column `col` of line `line` of the transposed kernel lies in this panel. */
static float *panel_of(const LmNet *net, const LmOp *op, int64_t line, int64_t col)
{
    int64_t panel = line * n_panels(line_width(&net->grads[op->index])) + col / PANEL;
    return net->transposed + op->transposed + panel * op->layer->out.c * PANEL;
}

static void data_gradient(const LmOp *op, const LmBlockRun *run, const LmMap *dy)
{
    LmMap dx = lm_net_grads(run, op->index);
    int64_t width = line_width(&run->net->grads[op->index]);
    int64_t n_lines = dx.h * dx.w * dx.cs / width;
    LmGemm g = {.a = dy->data, .a_k = 1, .b_k = PANEL, .k = op->layer->out.c, .init = LM_GEMM_ZERO};
    set_table(&g, op->dgrad);
    g.n_rows = run->n;
    for (int64_t i = 0; i < n_lines; i++) {
        for (int64_t col = 0; col < width; col += PANEL) {
            g.b = panel_of(run->net, op, i, col);
            g.c = dx.data + i * dx.row + col;
            g.n_cols = LM_MIN((int64_t)PANEL, width - col);
            lm_kernels()->gemm->gemm(&g);
        }
    }
}

static void backward(const LmOp *op, const LmBlockRun *run)
{
    LmMap dy = lm_net_grads(run, op->index + 1);
    if (op->is_relu) {
        LmMap y = lm_net_values(run, op->index + 1);
        lm_kernels()->nn->relu_backward(&dy, &dy, &y, run->n);
    }
    if (!op->needs_dx) {
        return;
    }
    data_gradient(op, run, &dy);
}

void lm_dense_transpose_rows(LmNet *net, const LmOp *op, int64_t row0, int64_t row1)
{
    const LmParam *p = &net->model->params[op->layer->kernel];
    const LmPlanMap *dx = &net->grads[op->index];
    const float *w = lm_model_param_data(net->model, op->layer->kernel);
    int64_t ic = op->layer->in.c;
    int64_t width = line_width(dx);
    int64_t n = 0;
    for (int64_t r = row0; r < row1; r += n) {
        int64_t at = r / ic * dx->cs + r % ic;
        int64_t col = at % width;
        float *to = panel_of(net, op, at / width, col) + col % PANEL;
        n = LM_MIN(LM_MIN(PANEL - col % PANEL, ic - r % ic), row1 - r);
        lm_kernels()->nn->transpose(to, PANEL, w + r * p->ld, p->ld, n, p->cols);
    }
}

/* Values and gradients of the whole batch: a run that starts at sample 0. */
static LmBlockRun whole_batch(const LmNet *net, int64_t n)
{
    return (LmBlockRun){.net = (LmNet *)(uintptr_t)net, .n = n};
}

void lm_dense_kernel_grad(const LmNet *net, const LmOp *op, int64_t n, int64_t row0, int64_t row1,
                          float *grad)
{
    LmBlockRun run = whole_batch(net, n);
    LmMap x = lm_net_values(&run, op->index);
    LmMap dy = lm_net_grads(&run, op->index + 1);
    LmGemm g = {.a = x.data,
                .a_k = x.img,
                .b = dy.data,
                .b_k = dy.img,
                .c = grad,
                .k = n,
                .n_cols = dy.cs,
                .init = LM_GEMM_ZERO};
    set_table(&g, &op->wgrad);
    g.a_row += row0;
    g.n_rows = row1 - row0; /* c_row from 0: the slice starts at grad */
    lm_kernels()->gemm->gemm(&g);
}

void lm_dense_bias_grad(const LmNet *net, const LmOp *op, int64_t n, float *grad)
{
    LmBlockRun run = whole_batch(net, n);
    LmMap dy = lm_net_grads(&run, op->index + 1);
    for (int64_t i = 0; i < dy.cs; i++) {
        grad[i] = 0;
    }
    lm_kernels()->nn->sum_positions(grad, &dy, n);
}

const LmOpKind lm_op_dense = {
    .plan = plan, .tables = tables, .forward = forward, .backward = backward};
