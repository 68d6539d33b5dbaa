/* Running a planned network on one block of samples. */
#include <string.h>

#include "base/clock.h"
#include "kernel/convpool.h"
#include "nn/winograd.h"

static LmMap map_of(const LmBlockRun *run, const LmPlanMap *plan)
{
    const LmNet *net = run->net;
    float *base = plan->is_batch_wide ? net->batch_wide + plan->offset + run->first * plan->img
                                      : net->arenas[run->thread] + plan->offset;
    return (LmMap){.data = base + plan->halo.top * plan->row + plan->halo.left * plan->cs,
                   .img = plan->img,
                   .row = plan->row,
                   .col = plan->cs,
                   .h = plan->h,
                   .w = plan->w,
                   .cs = plan->cs};
}

LmMap lm_net_values(const LmBlockRun *run, int i)
{
    return map_of(run, &run->net->values[i]);
}

LmMap lm_net_grads(const LmBlockRun *run, int i)
{
    return map_of(run, &run->net->grads[i]);
}

float *lm_net_input_direct(const LmBlockRun *run, int64_t sample)
{
    const LmPlanMap *in = &run->net->values[0];
    if (in->cs != in->c || in->row != in->w * in->c) {
        return NULL;
    }
    return lm_net_values(run, 0).data + sample * in->img;
}

void lm_net_get_input(const LmBlockRun *run, int64_t sample, float *pixels)
{
    const LmPlanMap *in = &run->net->values[0];
    const float *image = lm_net_values(run, 0).data + sample * in->img;
    for (int64_t y = 0; y < in->h; y++) {
        for (int64_t x = 0; x < in->w; x++) {
            memcpy(pixels, image + y * in->row + x * in->cs, (size_t)in->c * sizeof *pixels);
            pixels += in->c;
        }
    }
}

void lm_net_put_input(const LmBlockRun *run, int64_t sample, const float *pixels)
{
    const LmPlanMap *in = &run->net->values[0];
    float *image = lm_net_values(run, 0).data + sample * in->img;
    for (int64_t y = 0; y < in->h; y++) {
        for (int64_t x = 0; x < in->w; x++) {
            memcpy(image + y * in->row + x * in->cs, pixels, (size_t)in->c * sizeof *pixels);
            pixels += in->c;
        }
    }
}

void *lm_net_scratch(const LmBlockRun *run, float **staging)
{
    float *start = run->net->arenas[run->thread] + run->net->scratch_offset;
    *staging = start;
    return start + run->net->staging_floats;
}

void lm_net_forward(const LmBlockRun *run)
{
    const LmNet *net = run->net;
    double *times = lm_net_times(net, run->thread);
    for (int i = 0; i < net->n_ops; i++) {
        double start = times != NULL ? lm_clock_seconds() : 0;
        net->ops[i].kind->forward(&net->ops[i], run);
        if (times != NULL) {
            times[i] += lm_clock_seconds() - start;
        }
    }
}

/* Below the first layer with weights nobody wants a gradient. */
void lm_net_backward(const LmBlockRun *run)
{
    const LmNet *net = run->net;
    double *times = lm_net_times(net, run->thread);
    for (int i = net->n_ops - 1; i >= 0; i--) {
        double start = times != NULL ? lm_clock_seconds() : 0;
        if (net->grads[i + 1].is_used) {
            net->ops[i].kind->backward(&net->ops[i], run);
        }
        if (times != NULL) {
            times[net->n_ops + i] += lm_clock_seconds() - start;
        }
    }
}

void lm_net_outputs(const LmBlockRun *run, int64_t s, float *out)
{
    const LmNet *net = run->net;
    LmMap last = lm_net_values(run, net->n_ops);
    int64_t n = lm_model_n_outputs(net->model);
    for (int64_t k = 0; k < n; k++) {
        out[k] = last.data[s * last.img + net->out_offset[k]];
    }
}

void lm_net_put_output_grad(const LmBlockRun *run, int64_t s, const float *grad)
{
    const LmNet *net = run->net;
    LmMap last = lm_net_grads(run, net->n_ops);
    int64_t n = lm_model_n_outputs(net->model);
    for (int64_t k = 0; k < n; k++) {
        last.data[s * last.img + net->grad_offset[k]] = grad[k];
    }
}

void lm_net_transpose_rows(LmNet *net, const LmOp *op, int64_t row0, int64_t row1)
{
    if (op->transposed < 0) {
        return;
    }
    if (op->kind == &lm_op_dense) {
        lm_dense_transpose_rows(net, op, row0, row1);
        return;
    }
    const LmParam *p = &net->model->params[op->layer->kernel];
    const float *w = lm_model_param_data(net->model, op->layer->kernel);
    float *t = net->transposed + op->transposed;
    const LmPlanMap *in = &net->grads[op->index];
    /* conv: [tap][oc][ic padded], or [oc][tap][ic] to fold; convpool: by kernel. */
    bool is_pool = op->kind == &lm_op_convpool;
    int64_t ic = op->layer->in.c;
    int64_t n_taps = p->rows / ic;
    bool is_fold = op->fold.is_used;
    int64_t oc_stride = is_fold ? op->fold.ld : is_pool ? n_taps * 16 : in->cs;
    int64_t tap_stride = is_fold ? ic : p->cols * in->cs;
    int64_t run_max = is_pool ? 16 : ic; /* rows that stay neighbours */
    int64_t n = 0;
    for (int64_t r = row0; r < row1; r += n) {
        int64_t c = r % ic;
        int64_t to =
            is_pool ? lm_convpool_weight(p->cols, n_taps, 0, r / ic, c) : r / ic * tap_stride + c;
        n = LM_MIN(LM_MIN(run_max - c % run_max, ic - c), row1 - r);
        lm_kernels()->nn->transpose(t + to, oc_stride, w + r * p->ld, p->ld, n, p->cols);
    }
}

/* The data gradient convolves with the filter turned by half a turn: taps in reverse order. */
void lm_net_transform(LmNet *net)
{
    for (int i = 0; i < net->n_ops; i++) {
        const LmOp *op = &net->ops[i];
        if (op->winograd.is_used) {
            const LmParam *p = &net->model->params[op->layer->kernel];
            lm_winograd_kernel(&op->winograd, net,
                               lm_model_param_data(net->model, op->layer->kernel),
                               op->layer->in.c * p->ld, op->layer->in.c);
        }
        if (op->winograd_dx.is_used) {
            int64_t tap = op->layer->out.c * op->winograd_dx.oc;
            lm_winograd_kernel(&op->winograd_dx, net, net->transposed + op->transposed + 8 * tap,
                               -tap, op->layer->out.c);
        }
    }
}

void lm_net_refresh(LmNet *net)
{
    if (net->weights_version == net->model->version) {
        return;
    }
    net->weights_version = net->model->version;
    for (int i = 0; i < net->n_ops; i++) {
        if (net->ops[i].transposed >= 0) {
            const LmParam *p = &net->model->params[net->ops[i].layer->kernel];
            lm_net_transpose_rows(net, &net->ops[i], 0, p->rows);
        }
    }
    lm_net_transform(net);
}
