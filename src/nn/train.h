/* Training, evaluation and prediction on flows: scaled just in time, block by block.
 *
 * A batch is cut into blocks of LM_BLOCK samples, whatever the number of threads; a block's pixels
 * are scaled straight into the block's own buffer. Weight gradients and sums are combined in one
 * fixed order, so the bits do not depend on threads.
 */
#ifndef LM_TRAIN_H
#define LM_TRAIN_H

#include "base/error.h"
#include "flow/flow.h"
#include "nn/model.h"
#include "nn/optim.h"
#include "nn/units.h"

typedef enum LmLoss { LM_LOSS_CROSS_ENTROPY, LM_LOSS_BINARY_CROSS_ENTROPY, LM_LOSS_MSE } LmLoss;

const char *lm_loss_name(LmLoss loss);
bool lm_loss_from_name(const char *name, LmLoss *out);

typedef struct LmMetrics {
    double loss;     /* sum of weight * loss over samples, divided by their number */
    double accuracy; /* weighted share of right answers; NaN where none are right or wrong */
    int64_t correct;
    int64_t
        judged;    /* answers that are right or wrong: samples, or their labels where each is one */
    int64_t count; /* samples */
    double seconds;
} LmMetrics;

typedef struct LmTrainer LmTrainer;

typedef struct LmTrainOptions {
    LmFlow *flow; /* kept by reference */
    LmOptim optim;
    LmLoss loss;
} LmTrainOptions;

/* Checks that flow, model and loss fit: shape of the images, labels present, number of classes
 * (labels must be below the model's outputs; class counts that differ are an error). Keeps
 * references to the model and the flow. */
LmStatus lm_trainer_new(LmTrainer **out, LmModel *m, const LmTrainOptions *o,
                        LmError *err) LM_MUST_CHECK;
void lm_trainer_free(LmTrainer *t);

/* Another flow from the next epoch on: of as many samples in batches as large, with the same
 * labels. LM_ESTATE inside an epoch. */
LmStatus lm_trainer_set_flow(LmTrainer *t, LmFlow *flow, LmError *err) LM_MUST_CHECK;

int64_t lm_trainer_epoch(const LmTrainer *t); /* epochs finished */
int64_t lm_trainer_step(const LmTrainer *t);  /* steps finished, all epochs */
void lm_trainer_set_rate(LmTrainer *t, double rate);
double lm_trainer_rate(const LmTrainer *t);

const LmModel *lm_trainer_model(const LmTrainer *t); /* borrowed */
/* As lm_units_count of its model and flow; disturbs nothing. */
LmStatus lm_trainer_count_units(const LmTrainer *t, LmUnits *out, int *n_out,
                                LmError *err) LM_MUST_CHECK;

/* Called after every step by lm_trainer_epoch_run; may be NULL. Must not fail or jump. */
typedef void LmProgressFn(void *ctx, int64_t step, int64_t n_steps, const LmMetrics *so_far);

/* One step: next batch of the current epoch. `is_epoch_end` tells that it was the last one.
 * LM_ENUMERIC when the loss is not finite, naming epoch, step and the layer where that began;
 * weights stay at the last step. */
LmStatus lm_trainer_step_run(LmTrainer *t, LmMetrics *batch, bool *is_epoch_end,
                             LmError *err) LM_MUST_CHECK;
/* The rest of the current epoch (a whole one at its start). Polls cancel before every step. */
LmStatus lm_trainer_epoch_run(LmTrainer *t, LmMetrics *epoch, LmProgressFn *progress, void *ctx,
                              LmError *err) LM_MUST_CHECK;

/* Metrics over every image of the flow's data set, in its order (drop_last changes nothing). Counts
 * are added to `confusion` where it is not NULL: n_classes x n_classes of the data set, [true
 * class][predicted class], zeroed by the caller; none where the flow gives no classes. Dropout is
 * off. LM_ENUMERIC, naming the first image, where a loss is not finite. */
LmStatus lm_evaluate(LmModel *m, LmFlow *flow, LmLoss loss, LmMetrics *out, int64_t *confusion,
                     LmError *err) LM_MUST_CHECK;
/* The same; where `predicted` is not NULL it gets the class taken for each image's. */
LmStatus lm_evaluate_each(LmModel *m, LmFlow *flow, LmLoss loss, LmMetrics *out, int64_t *confusion,
                          int32_t *predicted, LmError *err) LM_MUST_CHECK;
/* Rows of outputs in data-set order, whatever the flow's order: f32 n x n_outputs. */
LmStatus lm_predict(LmModel *m, LmFlow *flow, LmTensor *out, LmError *err) LM_MUST_CHECK;

#endif
