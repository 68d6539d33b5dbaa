#include "nn/loss.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/math.h"

static const char *const names[] = {
    [LM_LOSS_CROSS_ENTROPY] = "cross_entropy",
    [LM_LOSS_BINARY_CROSS_ENTROPY] = "binary_cross_entropy",
    [LM_LOSS_MSE] = "mse",
};

const char *lm_loss_name(LmLoss loss)
{
    return names[loss];
}

bool lm_loss_from_name(const char *name, LmLoss *out)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (LmLoss)i;
            return true;
        }
    }
    return false;
}

static int64_t largest(const float *z, int64_t k)
{
    int64_t best = 0;
    for (int64_t i = 1; i < k; i++) {
        best = z[i] > z[best] ? i : best;
    }
    return best;
}

/* Sum of exp(z - max): at least 1 and at most k, so neither overflow nor log(0). */
static double exp_sum(const float *z, int64_t k, double max)
{
    double sum = 0;
    for (int64_t i = 0; i < k; i++) {
        sum += lm_math_exp((double)z[i] - max);
    }
    return sum;
}

static double target(int64_t i, int64_t k, const LmTarget *t)
{
    if (t->row != NULL) {
        /* One output for two classes: how much it is the second. */
        return (double)t->row[k == 1 && t->label >= 0 ? 1 : i];
    }
    return k == 1 ? (double)t->label : i == t->label ? 1.0 : 0.0;
}

/* -log softmax(z), weighed by the row; `log_sum` is log(sum exp(z - max)) + max. */
static double soft_cross_entropy(const float *z, int64_t k, const float *row, double log_sum)
{
    double loss = 0;
    for (int64_t i = 0; i < k; i++) {
        loss += (double)row[i] * (log_sum - (double)z[i]);
    }
    return loss;
}

static double cross_entropy(const float *z, int64_t k, const LmTarget *t, double max, double scale,
                            float *dz)
{
    double sum = exp_sum(z, k, max);
    double log_sum = lm_math_log(sum) + max;
    double loss =
        t->row != NULL ? soft_cross_entropy(z, k, t->row, log_sum) : log_sum - (double)z[t->label];
    for (int64_t i = 0; i < k && dz != NULL; i++) {
        double p = lm_math_exp((double)z[i] - max) / sum;
        dz[i] = (float)(scale * (p - target(i, k, t)));
    }
    return loss;
}

static double binary_cross_entropy(const float *z, int64_t k, const LmTarget *t, double scale,
                                   float *dz)
{
    double loss = 0;
    for (int64_t i = 0; i < k; i++) {
        double v = (double)z[i];
        double wanted = target(i, k, t);
        double positive = v > 0 ? v : 0;
        loss += positive - v * wanted + lm_math_log(1.0 + lm_math_exp(v > 0 ? -v : v));
        if (dz != NULL) {
            dz[i] = (float)(scale * (lm_math_sigmoid(v) - wanted) / (double)k);
        }
    }
    return loss / (double)k;
}

/* Softmax' Jacobian: dz = p * (dp - sum(dp * p)); sigmoid's: dz = dp * p * (1 - p). */
static double squared_error(LmAct act, const float *z, int64_t k, const LmTarget *t, double max,
                            double scale, float *dz)
{
    double sum = act == LM_ACT_SOFTMAX ? exp_sum(z, k, max) : 1;
    double loss = 0;
    double inner = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < k; i++) {
            double v = (double)z[i];
            double p = act == LM_ACT_SOFTMAX   ? lm_math_exp(v - max) / sum
                       : act == LM_ACT_SIGMOID ? lm_math_sigmoid(v)
                                               : v;
            double error = p - target(i, k, t);
            double dp = 2.0 * error / (double)k;
            if (pass == 0) {
                loss += error * error;
                inner += dp * p;
            } else if (dz != NULL) {
                double d = act == LM_ACT_SOFTMAX   ? p * (dp - inner)
                           : act == LM_ACT_SIGMOID ? dp * p * (1.0 - p)
                                                   : dp;
                dz[i] = (float)(scale * d);
            }
        }
    }
    return loss / (double)k;
}

static int32_t predict(LmAct final_act, const float *z, int64_t k, int64_t best)
{
    if (k > 1) {
        return (int32_t)best;
    }
    return final_act == LM_ACT_SIGMOID ? z[0] >= 0 : (double)z[0] >= 0.5;
}

/* Outputs of a sigmoid that fall on their target's side of 1/2. */
static int32_t n_labels_met(const float *z, const float *row, int64_t k)
{
    int32_t n = 0;
    for (int64_t i = 0; i < k; i++) {
        n += (z[i] >= 0) == (row[i] >= 0.5f);
    }
    return n;
}

int32_t lm_loss_n_judged(LmLoss loss, LmLabels labels, int64_t k)
{
    if (lm_targets_is_class(labels)) {
        return 1;
    }
    switch (loss) {
    case LM_LOSS_BINARY_CROSS_ENTROPY:
        return labels == LM_LABELS_TARGETS ? (int32_t)k : 0;
    case LM_LOSS_CROSS_ENTROPY:
        return 1;
    case LM_LOSS_MSE:
        break;
    }
    return 0;
}

static int32_t n_correct(LmLoss loss, const LmTarget *t, const float *z, int64_t k,
                         int32_t predicted)
{
    if (t->label >= 0) {
        return predicted == t->label;
    }
    switch (loss) {
    case LM_LOSS_BINARY_CROSS_ENTROPY:
        return n_labels_met(z, t->row, k);
    case LM_LOSS_CROSS_ENTROPY:
        return predicted == largest(t->row, k);
    case LM_LOSS_MSE:
        break;
    }
    return 0;
}

LmLossResult lm_loss_sample(LmLoss loss, LmAct final_act, const float *z, int64_t k,
                            const LmTarget *t, double scale, float *dz)
{
    int64_t best = largest(z, k);
    double max = (double)z[best];
    LmLossResult r = {.predicted = predict(final_act, z, k, best)};
    r.n_correct = n_correct(loss, t, z, k, r.predicted);
    switch (loss) {
    case LM_LOSS_CROSS_ENTROPY:
        r.loss = cross_entropy(z, k, t, max, scale, dz);
        break;
    case LM_LOSS_BINARY_CROSS_ENTROPY:
        r.loss = binary_cross_entropy(z, k, t, scale, dz);
        break;
    case LM_LOSS_MSE:
        r.loss = squared_error(final_act, z, k, t, max, scale, dz);
        break;
    }
    return r;
}

void lm_loss_activate(LmAct final_act, float *z, int64_t k)
{
    if (final_act == LM_ACT_SIGMOID) {
        for (int64_t i = 0; i < k; i++) {
            z[i] = (float)lm_math_sigmoid((double)z[i]);
        }
    }
    if (final_act == LM_ACT_SOFTMAX) {
        double max = (double)z[largest(z, k)];
        double sum = exp_sum(z, k, max);
        for (int64_t i = 0; i < k; i++) {
            z[i] = (float)(lm_math_exp((double)z[i] - max) / sum);
        }
    }
}

static LmStatus check_end(LmLoss loss, LmAct final_act, int64_t n_outputs, LmError *err)
{
    if (loss == LM_LOSS_CROSS_ENTROPY && final_act == LM_ACT_SIGMOID) {
        return lm_fail(
            err, LM_EARG,
            "loss \"cross_entropy\" goes with a softmax at the end, but the model ends in "
            "sigmoid; use softmax or loss=\"binary_cross_entropy\"");
    }
    if (loss == LM_LOSS_BINARY_CROSS_ENTROPY && final_act != LM_ACT_SIGMOID) {
        return lm_fail(err, LM_EARG,
                       "loss \"binary_cross_entropy\" goes with a sigmoid at the end of the model");
    }
    if (loss == LM_LOSS_CROSS_ENTROPY && n_outputs < 2) {
        return lm_fail(
            err, LM_ESHAPE,
            "loss \"cross_entropy\" needs an output a class, but the last layer has 1; use "
            "dense{ 2, act=\"softmax\" }, or sigmoid with loss=\"binary_cross_entropy\"");
    }
    return LM_OK;
}

LmStatus lm_loss_check(LmLoss loss, LmAct final_act, int64_t n_outputs, int n_classes, LmError *err)
{
    LmStatus st = check_end(loss, final_act, n_outputs, err);
    if (st != LM_OK) {
        return st;
    }
    int64_t wanted = n_outputs == 1 ? 2 : n_outputs;
    if (n_classes != wanted) {
        return lm_fail(err, LM_ESHAPE,
                       "the data set has %d classes, but the model's last layer has %" PRId64
                       " output%s; make it dense{ %d, ... }",
                       n_classes, n_outputs, n_outputs == 1 ? "" : "s", n_classes);
    }
    return LM_OK;
}

LmStatus lm_loss_check_rows(LmLoss loss, LmAct final_act, int64_t n_outputs, LmTargets kind,
                            int64_t n, LmError *err)
{
    if (loss == LM_LOSS_CROSS_ENTROPY) {
        return lm_fail(
            err, LM_EARG,
            "loss \"cross_entropy\" tells classes apart, but the flow gives rows of "
            "targets; use loss=\"mse\" for values, or loss=\"binary_cross_entropy\" and a "
            "sigmoid for several labels an image");
    }
    if (loss == LM_LOSS_BINARY_CROSS_ENTROPY && kind == LM_TARGETS_VALUES) {
        return lm_fail(err, LM_EARG,
                       "loss \"binary_cross_entropy\" goes with targets 0 and 1, but the data set "
                       "has values to predict; use loss=\"mse\"");
    }
    if (n_outputs != n) {
        return lm_fail(err, LM_ESHAPE,
                       "the flow gives %" PRId64 " target%s an image, but the model's last layer "
                       "has %" PRId64 " output%s; make it dense{ %" PRId64 ", ... }",
                       n, n == 1 ? "" : "s", n_outputs, n_outputs == 1 ? "" : "s", n);
    }
    return check_end(loss, final_act, n_outputs, err);
}
