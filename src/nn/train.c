/* Training: each step runs the blocks of a batch (scale, forward, loss, backward), then updates. */
#include "nn/train.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/threads.h"
#include "nn/blame.h"
#include "nn/loss.h"
#include "nn/net.h"
#include "nn/runner.h"
#include "nn/update.h"

struct LmTrainer {
    LmModel *model;
    LmFlow *flow;
    LmLoss loss;
    LmNet *net;
    LmUpdater updater;
    LmRunner runner;
    int64_t epoch;    /* finished */
    int64_t position; /* samples of the current epoch already used */
    int64_t *order;   /* of the current epoch; ours, so that the flow may be used meanwhile */
    int64_t n_samples;
    LmTally tally; /* of the current epoch */
    int32_t n_judged;
    double seconds;
    LmSampleResult *results; /* of a batch */
};

static LmStatus build(LmTrainer *t, const LmTrainOptions *o, LmError *err)
{
    int64_t batch = LM_MIN(lm_flow_options(t->flow)->batch, t->n_samples);
    LmStatus st = lm_net_new(&t->net, t->model, true, batch, lm_flow_scratch_bytes(t->flow), err);
    if (st == LM_OK) {
        st = lm_updater_init(&t->updater, t->net, &o->optim, err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&t->order, (size_t)t->n_samples, sizeof *t->order, err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&t->results, (size_t)batch, sizeof *t->results, err);
    }
    return st;
}

LmStatus lm_trainer_new(LmTrainer **out, LmModel *m, const LmTrainOptions *o, LmError *err)
{
    LmTrainer *t = NULL;
    LmStatus st = lm_runner_check(m, o->flow, o->loss, err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&t, 1, sizeof *t, err);
    }
    if (st != LM_OK) {
        return st;
    }
    t->model = lm_model_ref(m);
    t->flow = lm_flow_ref(o->flow);
    t->loss = o->loss;
    t->n_samples = lm_flow_n_samples(o->flow);
    t->n_judged =
        lm_loss_n_judged(o->loss, lm_flow_options(o->flow)->labels, lm_model_n_outputs(m));
    if (t->n_samples < 1) {
        st = lm_fail(err, LM_EARG,
                     "the flow has no batches: its data set is smaller than one batch, "
                     "and drop_last drops that");
    }
    if (st == LM_OK) {
        st = build(t, o, err);
    }
    if (st != LM_OK) {
        lm_trainer_free(t);
        return st;
    }
    *out = t;
    return LM_OK;
}

void lm_trainer_free(LmTrainer *t)
{
    if (t == NULL) {
        return;
    }
    lm_updater_fini(&t->updater);
    lm_net_free(t->net);
    lm_mem_free(t->order);
    lm_mem_free(t->results);
    lm_flow_unref(t->flow);
    lm_model_unref(t->model);
    lm_mem_free(t);
}

LmStatus lm_trainer_set_flow(LmTrainer *t, LmFlow *flow, LmError *err)
{
    LmStatus st = lm_runner_check(t->model, flow, t->loss, err);
    bool fits = lm_flow_n_samples(flow) == t->n_samples &&
                lm_flow_options(flow)->batch == lm_flow_options(t->flow)->batch &&
                lm_flow_options(flow)->labels == lm_flow_options(t->flow)->labels &&
                lm_flow_scratch_bytes(flow) <= lm_flow_scratch_bytes(t->flow);
    if (st == LM_OK && t->position != 0) {
        st = lm_fail(err, LM_ESTATE, "a flow can be replaced between epochs only");
    }
    if (st == LM_OK && !fits) {
        st = lm_fail(err, LM_EARG, "the new flow differs in its samples, batches or labels");
    }
    if (st == LM_OK) {
        LmFlow *old = t->flow;
        t->flow = lm_flow_ref(flow);
        lm_flow_unref(old);
    }
    return st;
}

int64_t lm_trainer_epoch(const LmTrainer *t)
{
    return t->epoch;
}

int64_t lm_trainer_step(const LmTrainer *t)
{
    return t->updater.step;
}

void lm_trainer_set_rate(LmTrainer *t, double rate)
{
    t->updater.optim.rate = rate;
}

double lm_trainer_rate(const LmTrainer *t)
{
    return t->updater.optim.rate;
}

static LmStatus start_epoch(LmTrainer *t, LmError *err)
{
    const int64_t *order = NULL;
    LmStatus st = lm_flow_prepare(t->flow, t->epoch + 1, &order, err);
    if (st == LM_OK) {
        memcpy(t->order, order, (size_t)t->n_samples * sizeof *order);
        t->tally = (LmTally){0};
        t->seconds = 0;
    }
    return st;
}

typedef struct Step {
    LmTrainer *trainer;
    int64_t first; /* in the epoch's order */
    int64_t n;
} Step;

/* The block after the one at `first`, of this batch or the next: images come in random order, so
 * without a hint each would be waited for. */
static void hint_next_block(const Step *step, int64_t first)
{
    const LmTrainer *t = step->trainer;
    int64_t at = step->first + first + LM_BLOCK;
    int64_t end = LM_MIN(at + LM_BLOCK, t->n_samples);
    for (int64_t i = at; i < end; i++) {
        lm_flow_hint(t->flow, t->order[i]);
    }
}

/* Chain `task`: its blocks, one after the other. */
static void run_chain(void *ctx, int64_t task, int thread)
{
    const Step *step = ctx;
    LmTrainer *t = step->trainer;
    for (int64_t first = task * LM_BLOCK; first < step->n; first += LM_BLOCK * LM_CHAINS) {
        LmBlockRun run = {.net = t->net,
                          .thread = thread,
                          .first = first,
                          .n = LM_MIN((int64_t)LM_BLOCK, step->n - first),
                          .chain = (int)task,
                          .is_first_of_chain = first == task * LM_BLOCK,
                          .epoch = t->epoch + 1,
                          .step = t->updater.step,
                          .is_training = true};
        if (!lm_runner_fill(&t->runner, &run, t->flow, t->order + step->first)) {
            return;
        }
        hint_next_block(step, first);
        lm_net_forward(&run);
        lm_runner_loss(&run, t->flow, t->order + step->first, t->loss, 1.0 / (double)step->n,
                       t->results);
        lm_net_backward(&run);
    }
}

/* Runs the first sample without a finite loss once more, and looks where that began. */
static const char *find_cause(LmTrainer *t, int64_t n, char *buffer, size_t size)
{
    int64_t i = 0;
    while (i < n - 1 && isfinite(t->results[i].loss)) {
        i++;
    }
    int64_t first = i / LM_BLOCK * LM_BLOCK;
    LmBlockRun run = {.net = t->net,
                      .first = first,
                      .n = LM_MIN((int64_t)LM_BLOCK, n - first),
                      .epoch = t->epoch + 1,
                      .step = t->updater.step,
                      .is_training = true};
    buffer[0] = '\0';
    if (lm_runner_fill(&t->runner, &run, t->flow, t->order + t->position)) {
        lm_net_forward(&run);
        lm_blame_block(&run, i - first, buffer, size);
    }
    return buffer;
}

static LmStatus check_loss(LmTrainer *t, double loss, int64_t n, LmError *err)
{
    if (isfinite(loss)) {
        return LM_OK;
    }
    char cause[64];
    int64_t batch = lm_flow_options(t->flow)->batch;
    return lm_fail(err, LM_ENUMERIC,
                   "the loss is not finite (%f) at epoch %" PRId64 ", step %" PRId64
                   "%s; the weights are those of the step before. Lower the rate (now %g), or "
                   "scale the pixels (luma.rescale, luma.standardize)",
                   isnan(loss) ? (double)NAN : loss, t->epoch + 1, t->position / batch + 1,
                   find_cause(t, n, cause, sizeof cause), t->updater.optim.rate);
}

static LmStatus run_batch(LmTrainer *t, int64_t n, LmTally *batch, LmError *err)
{
    LmStatus st = lm_net_ensure_threads(t->net, err);
    if (st != LM_OK) {
        return st;
    }
    lm_net_refresh(t->net);
    Step step = {t, t->position, n};
    int64_t n_blocks = (n + LM_BLOCK - 1) / LM_BLOCK;
    int n_chains = (int)LM_MIN(n_blocks, (int64_t)LM_CHAINS);
    lm_runner_start(&t->runner);
    lm_threads_for(n_chains, run_chain, &step);
    st = lm_runner_status(&t->runner, err);
    if (st != LM_OK) {
        return st;
    }
    *batch = (LmTally){0};
    lm_tally_add(batch, t->results, n);
    st = check_loss(t, batch->loss, n, err);
    if (st == LM_OK) {
        lm_updater_run(&t->updater, n, n_chains);
    }
    return st;
}

LmStatus lm_trainer_step_run(LmTrainer *t, LmMetrics *batch, bool *is_epoch_end, LmError *err)
{
    double start = lm_clock_seconds();
    LmStatus st = lm_threads_check_cancel(err);
    if (st == LM_OK && t->position == 0) {
        st = start_epoch(t, err);
    }
    if (st != LM_OK) {
        return st;
    }
    int64_t n = LM_MIN(lm_flow_options(t->flow)->batch, t->n_samples - t->position);
    LmTally tally;
    st = run_batch(t, n, &tally, err);
    if (st != LM_OK) {
        return st;
    }
    /* Sums of batches are added to the epoch's: one fixed order, and no sample is looked at twice.
     */
    t->tally.loss += tally.loss;
    t->tally.weight += tally.weight;
    t->tally.hits += tally.hits;
    t->tally.n_correct += tally.n_correct;
    t->tally.count += n;
    t->position += n;
    LmMetrics m = lm_tally_metrics(&tally, t->n_judged);
    m.seconds = lm_clock_seconds() - start;
    t->seconds += m.seconds;
    *is_epoch_end = t->position >= t->n_samples;
    if (*is_epoch_end) {
        t->epoch++;
        t->position = 0;
    }
    *batch = m;
    return LM_OK;
}

LmStatus lm_trainer_count_units(const LmTrainer *t, LmUnits *out, int *n_out, LmError *err)
{
    return lm_units_count(t->model, t->flow, out, n_out, err);
}

const LmModel *lm_trainer_model(const LmTrainer *t)
{
    return t->model;
}

static LmMetrics so_far(const LmTrainer *t)
{
    LmMetrics m = lm_tally_metrics(&t->tally, t->n_judged);
    m.seconds = t->seconds;
    return m;
}

LmStatus lm_trainer_epoch_run(LmTrainer *t, LmMetrics *epoch, LmProgressFn *progress, void *ctx,
                              LmError *err)
{
    int64_t batch = lm_flow_options(t->flow)->batch;
    int64_t n_steps = lm_flow_n_batches(t->flow);
    bool is_end = false;
    while (!is_end) {
        LmMetrics m;
        int64_t step = t->position / batch + 1;
        LmStatus st = lm_trainer_step_run(t, &m, &is_end, err);
        if (st != LM_OK) {
            return st;
        }
        if (progress != NULL) {
            m = so_far(t);
            progress(ctx, step, n_steps, &m);
        }
    }
    *epoch = so_far(t);
    return LM_OK;
}
