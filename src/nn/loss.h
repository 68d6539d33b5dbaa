/* Losses of one sample from the network's raw outputs z, with their gradient; worked out in double.
 *
 * cross_entropy: -log softmax(z)[label] = log(sum exp(z - max)) + max - z[label], from the logits,
 * so no probability is ever clipped; gradient softmax(z) - one_hot. binary_cross_entropy: mean over
 * outputs of max(z,0) - z*t + log(1 + exp(-|z|)), t the one-hot target (with one output the label,
 * 0 or 1); gradient (sigmoid(z) - t) / K. mse: mean over outputs of (p - t)^2 with p = z after the
 * model's softmax or sigmoid, if any.
 */
#ifndef LM_LOSS_H
#define LM_LOSS_H

#include "nn/layer.h"
#include "nn/train.h"

typedef struct LmLossResult {
    double loss;
    int32_t predicted; /* class: the largest output (the first where equal); one output: p >= 1/2 */
} LmLossResult;

/* dz, when not NULL, receives scale * gradient (k numbers); it may be z itself. */
LmLossResult lm_loss_sample(LmLoss loss, LmAct final_act, const float *z, int64_t k, int32_t label,
                            double scale, float *dz);
/* Softmax or sigmoid in place; nothing for LM_ACT_NONE. */
void lm_loss_activate(LmAct final_act, float *z, int64_t k);

/* Whether the loss goes with the model's end and the number of classes. */
LmStatus lm_loss_check(LmLoss loss, LmAct final_act, int64_t n_outputs, int n_classes,
                       LmError *err) LM_MUST_CHECK;

#endif
