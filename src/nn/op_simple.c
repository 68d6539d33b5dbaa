/* Operations without weights: pools, activations, dropout. */
#include "base/rng.h"
#include "nn/net.h"

static LmStatus plan(LmNet *net, LmOp *op, LmError *err)
{
    (void)net;
    (void)op;
    (void)err;
    return LM_OK;
}

static void maxpool_forward(const LmOp *op, const LmBlockRun *run)
{
    LmMap x = lm_net_values(run, op->index);
    LmMap y = lm_net_values(run, op->index + 1);
    lm_kernels()->nn->maxpool(&y, &x, &op->win, run->n);
}

static void maxpool_backward(const LmOp *op, const LmBlockRun *run)
{
    if (!op->needs_dx) {
        return;
    }
    LmMap x = lm_net_values(run, op->index);
    LmMap y = lm_net_values(run, op->index + 1);
    LmMap dx = lm_net_grads(run, op->index);
    LmMap dy = lm_net_grads(run, op->index + 1);
    lm_kernels()->nn->maxpool_backward(&dx, &dy, &x, &y, &op->win, run->n, op->below_has_relu);
}

static void avgpool_forward(const LmOp *op, const LmBlockRun *run)
{
    LmMap x = lm_net_values(run, op->index);
    LmMap y = lm_net_values(run, op->index + 1);
    lm_kernels()->nn->avgpool(&y, &x, &op->win, run->n);
}

static void avgpool_backward(const LmOp *op, const LmBlockRun *run)
{
    if (!op->needs_dx) {
        return;
    }
    LmMap dx = lm_net_grads(run, op->index);
    LmMap dy = lm_net_grads(run, op->index + 1);
    lm_kernels()->nn->avgpool_backward(&dx, &dy, &op->win, run->n);
}

#define ACTIVATION(name, forward_kernel, backward_kernel)                                          \
    static void name##_forward(const LmOp *op, const LmBlockRun *run)                              \
    {                                                                                              \
        LmMap x = lm_net_values(run, op->index);                                                   \
        LmMap y = lm_net_values(run, op->index + 1);                                               \
        lm_kernels()->nn->forward_kernel(&y, &x, run->n);                                          \
    }                                                                                              \
    static void name##_backward(const LmOp *op, const LmBlockRun *run)                             \
    {                                                                                              \
        if (!op->needs_dx) {                                                                       \
            return;                                                                                \
        }                                                                                          \
        LmMap y = lm_net_values(run, op->index + 1);                                               \
        LmMap dx = lm_net_grads(run, op->index);                                                   \
        LmMap dy = lm_net_grads(run, op->index + 1);                                               \
        lm_kernels()->nn->backward_kernel(&dx, &dy, &y, run->n);                                   \
    }                                                                                              \
    const LmOpKind lm_op_##name = {                                                                \
        .plan = plan, .forward = name##_forward, .backward = name##_backward};

ACTIVATION(relu, relu, relu_backward)
ACTIVATION(tanh, tanh_forward, tanh_backward)
ACTIVATION(sigmoid, sigmoid_forward, sigmoid_backward)

const LmOpKind lm_op_maxpool = {
    .plan = plan, .forward = maxpool_forward, .backward = maxpool_backward};
const LmOpKind lm_op_avgpool = {
    .plan = plan, .forward = avgpool_forward, .backward = avgpool_backward};

/* y = x / (1 - rate) with probability 1 - rate, else 0 ("inverted" dropout, Srivastava et al.
 * 2014). The draw of a number depends on (seed, step, sample in the batch, layer, position) alone,
 * so the backward pass draws again instead of keeping a mask. */
static void drop(const LmOp *op, const LmBlockRun *run, const LmMap *to, const LmMap *from)
{
    double rate = op->layer->spec.rate;
    float scale = (float)(1.0 / (1.0 - rate));
    uint32_t threshold = (uint32_t)(rate * 4294967296.0);
    for (int64_t i = 0; i < run->n; i++) {
        uint64_t sample = (uint64_t)(run->first + i);
        LmRng rng = lm_rng(run->net->model->seed, LM_RNG_DROPOUT, (uint64_t)run->step,
                           sample << 10 | (uint64_t)op->layer_i);
        for (int64_t y = 0; y < to->h; y++) {
            for (int64_t x = 0; x < to->w; x++) {
                const float *p = from->data + i * from->img + y * from->row + x * from->col;
                float *q = to->data + i * to->img + y * to->row + x * to->col;
                for (int64_t c = 0; c < to->cs; c++) {
                    q[c] = lm_rng_u32(&rng) >= threshold ? p[c] * scale : 0;
                }
            }
        }
    }
}

static void dropout_forward(const LmOp *op, const LmBlockRun *run)
{
    LmMap x = lm_net_values(run, op->index);
    LmMap y = lm_net_values(run, op->index + 1);
    drop(op, run, &y, &x);
}

static void dropout_backward(const LmOp *op, const LmBlockRun *run)
{
    if (!op->needs_dx) {
        return;
    }
    LmMap dx = lm_net_grads(run, op->index);
    LmMap dy = lm_net_grads(run, op->index + 1);
    drop(op, run, &dx, &dy);
}

const LmOpKind lm_op_dropout = {
    .plan = plan, .forward = dropout_forward, .backward = dropout_backward};
