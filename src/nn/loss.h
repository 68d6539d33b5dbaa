/* Losses of one sample from the network's raw outputs z, with their gradient; worked out in double.
 *
 * cross_entropy: -log softmax(z)[label] = log(sum exp(z - max)) + max - z[label], from the logits,
 * so no probability is ever clipped; gradient softmax(z) - one_hot. binary_cross_entropy: mean over
 * outputs of max(z,0) - z*t + log(1 + exp(-|z|)), t the one-hot target (with one output the label,
 * 0 or 1); gradient (sigmoid(z) - t) / K. mse: mean over outputs of (p - t)^2 with p = z after the
 * model's softmax or sigmoid, if any. Where the target is a row t of numbers, those take the place
 * of the one-hot ones: cross_entropy is then sum of t_i * -log softmax(z)_i, for rows that add up
 * to 1.
 * A row with a class beside it (two images blended, flow/flow.h): the row is learnt, the class
 * judged; one output for two classes learns the second number of the row.
 */
#ifndef LM_LOSS_H
#define LM_LOSS_H

#include "nn/layer.h"
#include "nn/train.h"

typedef struct LmLossResult {
    double loss;
    int32_t predicted; /* class: the largest output (the first where equal); one output: p >= 1/2 */
    int32_t n_correct; /* of lm_loss_n_judged */
} LmLossResult;

/* dz, when not NULL, receives scale * gradient (k numbers); it may be z itself, and the target's
 * row may not. */
LmLossResult lm_loss_sample(LmLoss loss, LmAct final_act, const float *z, int64_t k,
                            const LmTarget *target, double scale, float *dz);
/* How many answers of a sample are right or wrong: 1 where classes are told apart, k where each
 * output is a label of its own (binary_cross_entropy against rows), 0 where values are predicted.
 */
int32_t lm_loss_n_judged(LmLoss loss, LmLabels labels, int64_t k);
/* Softmax or sigmoid in place; nothing for LM_ACT_NONE. */
void lm_loss_activate(LmAct final_act, float *z, int64_t k);

/* Whether the loss goes with the model's end and the number of classes. */
LmStatus lm_loss_check(LmLoss loss, LmAct final_act, int64_t n_outputs, int n_classes,
                       LmError *err) LM_MUST_CHECK;
/* The same for targets that are rows of n numbers. */
LmStatus lm_loss_check_rows(LmLoss loss, LmAct final_act, int64_t n_outputs, LmTargets kind,
                            int64_t n, LmError *err) LM_MUST_CHECK;

#endif
