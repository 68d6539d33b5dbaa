#include "nn/runner.h"

#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "base/profile.h"

void lm_runner_start(LmRunner *r)
{
    *r = (LmRunner){.lock = PTHREAD_MUTEX_INITIALIZER};
}

LmStatus lm_runner_status(const LmRunner *r, LmError *err)
{
    if (!r->has_failed) {
        return LM_OK;
    }
    *err = r->error;
    return err->code;
}

static void keep_error(LmRunner *r, int64_t position, const LmError *error)
{
    pthread_mutex_lock(&r->lock);
    if (!r->has_failed || position < r->position) {
        r->has_failed = true;
        r->position = position;
        r->error = *error;
    }
    pthread_mutex_unlock(&r->lock);
}

LmStatus lm_runner_check_shape(const LmModel *m, const LmFlow *flow, LmError *err)
{
    const LmDataset *ds = lm_flow_dataset(flow);
    const LmShape *in = &m->input;
    if (ds->h != in->h || ds->w != in->w || ds->c != in->c) {
        return lm_fail(err, LM_ESHAPE,
                       "the model takes images of %" PRId64 "x%" PRId64 "x%" PRId64
                       ", but %s has %" PRId64 "x%" PRId64 "x%" PRId64,
                       in->h, in->w, in->c, ds->name, ds->h, ds->w, ds->c);
    }
    return LM_OK;
}

LmStatus lm_runner_check(const LmModel *m, const LmFlow *flow, LmLoss loss, LmError *err)
{
    const LmDataset *ds = lm_flow_dataset(flow);
    LmStatus st = lm_runner_check_shape(m, flow, err);
    LmLabels labels = lm_flow_options(flow)->labels;
    if (st == LM_OK && labels == LM_LABELS_NONE) {
        bool has_some = ds->labels != NULL || ds->targets != NULL;
        st = has_some
                 ? lm_fail(err, LM_EARG,
                           "the flow was made with labels=\"none\": there is "
                           "nothing to learn or check against")
                 : lm_fail(err, LM_EARG, "%s has no labels to learn or check against", ds->name);
    }
    if (st != LM_OK) {
        return st;
    }
    int64_t n_outputs = lm_model_n_outputs(m);
    return lm_targets_is_class(labels)
               ? lm_loss_check(loss, m->final_act, n_outputs, ds->n_classes, err)
               : lm_loss_check_rows(loss, m->final_act, n_outputs, ds->targets_kind,
                                    lm_flow_n_targets(flow), err);
}

static int64_t index_of(const LmBlockRun *run, const int64_t *order, int64_t i)
{
    return order != NULL ? order[run->first + i] : run->first + i;
}

static void add_time(const LmBlockRun *run, int which, double start)
{
    double *times = lm_net_times(run->net, run->thread);
    if (times != NULL) {
        times[3 * run->net->n_ops + which] += lm_clock_seconds() - start;
    }
}

_Static_assert((int)LM_BLOCK <= (int)LM_FLOW_BLOCK, "a block is filled at once");

bool lm_runner_fill(LmRunner *r, const LmBlockRun *run, const LmFlow *flow, const int64_t *order)
{
    float *staging;
    void *scratch = lm_net_scratch(run, &staging);
    double start = lm_profile_start();
    int64_t item = lm_dataset_item_count(lm_flow_dataset(flow));
    float *rows[LM_BLOCK];
    int64_t indices[LM_BLOCK];
    for (int64_t i = 0; i < run->n; i++) {
        rows[i] = lm_net_input_direct(run, i);
        rows[i] = rows[i] != NULL ? rows[i] : staging + i * item;
        indices[i] = index_of(run, order, i);
    }
    LmError err;
    if (lm_flow_fill(flow, run->epoch, indices, run->n, rows, scratch, &err) != LM_OK) {
        keep_error(r, run->first, &err);
        return false;
    }
    for (int64_t i = 0; i < run->n && rows[0] == staging; i++) {
        lm_net_put_input(run, i, rows[i]);
    }
    add_time(run, LM_NET_SCALE, start);
    return true;
}

static void loss_of(const LmBlockRun *run, int64_t i, float *z, const LmTarget *target,
                    float weight, LmLoss loss, double scale, LmSampleResult *result)
{
    const LmModel *m = run->net->model;
    int64_t k = lm_model_n_outputs(m);
    lm_net_outputs(run, i, z);
    LmLossResult r = lm_loss_sample(loss, m->final_act, z, k, target, scale * (double)weight,
                                    run->is_training ? z : NULL);
    *result = (LmSampleResult){r.loss * (double)weight, weight, r.predicted, r.n_correct};
    if (run->is_training) {
        lm_net_put_output_grad(run, i, z);
    }
}

void lm_runner_loss(const LmBlockRun *run, const LmFlow *flow, const int64_t *order, LmLoss loss,
                    double scale, LmSampleResult *results)
{
    bool is_input = lm_flow_options(flow)->labels == LM_LABELS_INPUT;
    float *outputs;
    lm_net_scratch(run, &outputs);
    float *row = outputs + lm_model_n_outputs(run->net->model);
    double start = lm_profile_start();
    for (int64_t i = 0; i < run->n; i++) {
        int64_t index = index_of(run, order, i);
        LmTarget target = lm_flow_target(flow, run->epoch, index, row);
        if (is_input) {
            lm_net_get_input(run, i, row);
            target.row = row;
        }
        loss_of(run, i, outputs, &target, lm_flow_weight(flow, index), loss, scale,
                &results[run->first + i]);
    }
    add_time(run, LM_NET_LOSS, start);
}

void lm_tally_add(LmTally *t, const LmSampleResult *results, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        t->loss += results[i].loss;
        t->weight += (double)results[i].weight;
        t->hits += (double)results[i].weight * results[i].n_correct;
        t->n_correct += results[i].n_correct;
    }
    t->count += n;
}

LmMetrics lm_tally_metrics(const LmTally *t, int32_t n_judged)
{
    double judged = t->weight * n_judged;
    return (LmMetrics){.loss = t->loss / (double)t->count,
                       .accuracy = judged > 0 ? t->hits / judged : (double)NAN,
                       .correct = t->n_correct,
                       .judged = t->count * n_judged,
                       .count = t->count};
}
