/* The data gradient of a convolution from few channels.
 *
 * With channels as columns of the matrix kernel most of a vector would be padding. Instead a row is
 * an output position and a column one channel under one tap: that fills vectors, and multiplies
 * output positions rather than input positions. The products of a position's taps are then added up
 * where they overlap ("fold" in kernel/nn_kernels.h). Order of the sum: channels out, then kh, kw.
 */
#include "nn/net.h"

/* Multiply-adds on vectors of 16: direct sums against products, their stores, and adding up. */
bool lm_fold_fits(const LmOp *op)
{
    const LmShape *in = &op->layer->in;
    const LmShape *out = &op->layer->out;
    const LmWindow *k = &op->win;
    int64_t taps = k->kh * k->kw;
    int64_t vecs = (taps * in->c + 15) / 16;
    int64_t n_in = in->h * in->w;
    int64_t n_out = out->h * out->w;
    return k->sh == 1 && k->sw == 1 && in->c <= 16 &&
           n_out * vecs * (out->c + 4) + 2 * n_in * taps < n_in * taps * out->c;
}

void lm_fold_plan(LmNet *net, LmOp *op)
{
    const LmLayer *l = op->layer;
    LmFoldPlan *f = &op->fold;
    int64_t behind = l->in.w - 1 + l->pad.left - (l->out.w - 1);
    f->is_used = true;
    f->ld = (int64_t)lm_base_round_up((size_t)(op->win.kh * op->win.kw * l->in.c), 16);
    f->before = op->win.kw - 1 - l->pad.left;
    f->cols = f->before + l->out.w + LM_MAX(behind, (int64_t)0);
    f->arena = lm_net_reserve(net, l->out.h * f->cols * f->ld);
    op->transposed = net->transposed_floats;
    net->transposed_floats += l->out.c * f->ld;
}

LmStatus lm_fold_tables(LmNet *net, LmOp *op, LmError *err)
{
    const LmPlanMap *dy = &net->grads[op->index + 1];
    LmFoldPlan *f = &op->fold;
    LmStatus st = lm_gemm_table_new(&f->table, dy->h * dy->w, 1, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t r = 0; r < dy->h * dy->w; r++) {
        int64_t y = r / dy->w;
        int64_t x = r % dy->w;
        f->table.a_row[r] = (int32_t)(y * dy->row + x * dy->cs);
        f->table.c_row[r] = (int32_t)((y * f->cols + f->before + x) * f->ld);
    }
    f->table.a_seg[0] = 0;
    f->table.b_seg[0] = 0;
    return LM_OK;
}

/* The arena begins as zeros, and nobody writes between the rows. */
void lm_fold_run(const LmOp *op, const LmBlockRun *run, const LmMap *dy, const LmMap *dx)
{
    const LmLayer *l = op->layer;
    const LmFoldPlan *f = &op->fold;
    float *products = run->net->arenas[run->thread] + f->arena;
    LmFold fold = {.t = products + f->before * f->ld,
                   .rows = dy->h,
                   .cols = f->cols,
                   .ld = f->ld,
                   .ic = l->in.c,
                   .kh = op->win.kh,
                   .kw = op->win.kw,
                   .top = l->pad.top,
                   .left = l->pad.left};
    LmGemm g = {.a_row = f->table.a_row,
                .a_seg = f->table.a_seg,
                .a_k = 1,
                .b = run->net->transposed + op->transposed,
                .b_seg = f->table.b_seg,
                .b_k = f->ld,
                .c = products,
                .c_row = f->table.c_row,
                .n_rows = f->table.n_rows,
                .n_seg = 1,
                .k = l->out.c,
                .n_cols = f->ld,
                .init = LM_GEMM_ZERO};
    for (int64_t i = 0; i < run->n; i++) {
        LmMap image = *dx;
        image.data += i * dx->img;
        g.a = dy->data + i * dy->img;
        lm_kernels()->gemm->gemm(&g);
        lm_kernels()->nn->fold(&image, &fold);
    }
}
