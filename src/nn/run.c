/* Running a planned network on one block of samples. */
#include <string.h>

#include "base/threads.h"
#include "kernel/winograd.h"
#include "nn/net.h"

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
    for (int i = 0; i < net->n_ops; i++) {
        net->ops[i].kind->forward(&net->ops[i], run);
    }
}

/* Below the first layer with weights nobody wants a gradient. */
void lm_net_backward(const LmBlockRun *run)
{
    const LmNet *net = run->net;
    for (int i = net->n_ops - 1; i >= 0; i--) {
        if (net->grads[i + 1].is_used) {
            net->ops[i].kind->backward(&net->ops[i], run);
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
    const LmParam *p = &net->model->params[op->layer->kernel];
    const float *w = lm_model_param_data(net->model, op->layer->kernel);
    float *t = net->transposed + op->transposed;
    const LmPlanMap *in = &net->grads[op->index];
    bool is_conv = op->kind == &lm_op_conv;
    /* conv: [tap][oc][ic padded]; dense and convpool: [oc][position or tap][ic padded]. */
    int64_t ic = op->layer->in.c;
    int64_t oc_stride = is_conv ? in->cs : p->rows / ic * in->cs;
    int64_t tap_stride = is_conv ? p->cols * in->cs : in->cs;
    enum { ROWS = 16 };
    for (int64_t r0 = row0; r0 < row1; r0 += ROWS) {
        int64_t n = LM_MIN((int64_t)ROWS, row1 - r0);
        int64_t to[ROWS];
        for (int64_t i = 0; i < n; i++) {
            to[i] = (r0 + i) / ic * tap_stride + (r0 + i) % ic;
        }
        for (int64_t oc = 0; oc < p->cols; oc++) {
            for (int64_t i = 0; i < n; i++) {
                t[to[i] + oc * oc_stride] = w[(r0 + i) * p->ld + oc];
            }
        }
    }
}

/* Channels a task: enough to be worth handing out. */
enum { TRANSFORM_CHANNELS = 16 };

typedef struct Transform {
    LmNet *net;
    const LmOp *op;
} Transform;

static void transform_channels(void *ctx, int64_t task, int thread)
{
    (void)thread;
    const Transform *t = ctx;
    const LmOp *op = t->op;
    const LmModel *m = t->net->model;
    int64_t ic = op->layer->in.c;
    int64_t c0 = task * TRANSFORM_CHANNELS;
    lm_kernels()->winograd->weights(t->net->transposed + op->winograd,
                                    lm_model_param_data(m, op->layer->kernel), ic,
                                    t->net->values[op->index].cs, m->params[op->layer->kernel].ld,
                                    c0, LM_MIN(c0 + TRANSFORM_CHANNELS, ic));
}

void lm_net_transform(LmNet *net)
{
    for (int i = 0; i < net->n_ops; i++) {
        Transform t = {net, &net->ops[i]};
        if (t.op->winograd >= 0) {
            int64_t n = (t.op->layer->in.c + TRANSFORM_CHANNELS - 1) / TRANSFORM_CHANNELS;
            lm_threads_for(n, transform_channels, &t);
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
