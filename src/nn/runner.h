/* What training, evaluation and prediction share: checking that model and flow fit, filling a
 * block with scaled pixels, working out its losses, keeping the first error. For nn/ only. */
#ifndef LM_RUNNER_H
#define LM_RUNNER_H

#include <pthread.h>

#include "nn/loss.h"
#include "nn/net.h"

typedef struct LmSampleResult {
    double loss; /* times the weight */
    float weight;
    int32_t predicted;
    int32_t n_correct;
} LmSampleResult;

/* Sums over samples, added in their order. */
typedef struct LmTally {
    double loss;
    double weight;
    double hits; /* n_correct times the weight */
    int64_t n_correct;
    int64_t count;
} LmTally;

void lm_tally_add(LmTally *t, const LmSampleResult *results, int64_t n);
/* Loss: sum over samples of weight * loss, divided by their number (as Keras does). Accuracy:
 * weighted share of right answers; NaN where `n_judged` (lm_loss_n_judged) is 0 or all weights are.
 */
LmMetrics lm_tally_metrics(const LmTally *t, int32_t n_judged);

/* The error of the smallest sample position, so that messages do not depend on threads. */
typedef struct LmRunner {
    pthread_mutex_t lock;
    bool has_failed;
    int64_t position;
    LmError error;
} LmRunner;

void lm_runner_start(LmRunner *r);
LmStatus lm_runner_status(const LmRunner *r, LmError *err) LM_MUST_CHECK;

/* Shape of the images, labels and loss against the model. */
LmStatus lm_runner_check(const LmModel *m, const LmFlow *flow, LmLoss loss,
                         LmError *err) LM_MUST_CHECK;
LmStatus lm_runner_check_shape(const LmModel *m, const LmFlow *flow, LmError *err) LM_MUST_CHECK;

/* Scales the block's samples into its input map; order[run->first + i] is the data-set index of the
 * block's sample i (NULL: run->first + i itself). False after an error, which `r` keeps. */
bool lm_runner_fill(LmRunner *r, const LmBlockRun *run, const LmFlow *flow, const int64_t *order);
/* Losses of the block's samples into results[run->first...]; in training also the output gradient,
 * times `scale`. */
void lm_runner_loss(const LmBlockRun *run, const LmFlow *flow, const int64_t *order, LmLoss loss,
                    double scale, LmSampleResult *results);

#endif
