/* Running a network forward only: evaluation, prediction, plain forward passes. */
#include <inttypes.h>
#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/threads.h"
#include "nn/runner.h"

/* Samples a task: whole blocks, enough to make handing out tasks free, few enough to share out. */
enum { TASK_SAMPLES = 8 * LM_BLOCK };
/* Tasks between two looks at the cancel flag. */
enum { TASKS_A_ROUND = 64 };

/* One pass over n samples. Pixels come from `flow`, or where that is NULL from `images`. */
typedef struct Pass {
    LmNet *net;
    LmFlow *flow;
    const float *images; /* n x h*w*c */
    int64_t n;
    int64_t first_task;
    LmRunner runner;
    LmLoss loss;
    LmSampleResult *results; /* n, or NULL */
    float *outputs;          /* n x n_outputs, or NULL */
} Pass;

static bool fill(Pass *p, const LmBlockRun *run)
{
    if (p->flow != NULL) {
        return lm_runner_fill(&p->runner, run, p->flow, NULL);
    }
    const LmShape *in = &p->net->model->input;
    int64_t item = in->h * in->w * in->c;
    for (int64_t i = 0; i < run->n; i++) {
        lm_net_put_input(run, i, p->images + (run->first + i) * item);
    }
    return true;
}

static void run_block(Pass *p, const LmBlockRun *run)
{
    if (!fill(p, run)) {
        return;
    }
    lm_net_forward(run);
    if (p->results != NULL) {
        lm_runner_loss(run, p->flow, NULL, p->loss, 0, p->results);
    }
    int64_t k = lm_model_n_outputs(p->net->model);
    for (int64_t i = 0; i < run->n && p->outputs != NULL; i++) {
        float *row = p->outputs + (run->first + i) * k;
        lm_net_outputs(run, i, row);
        lm_loss_activate(p->net->model->final_act, row, k);
    }
}

static void run_task(void *ctx, int64_t task, int thread)
{
    Pass *p = ctx;
    int64_t start = (p->first_task + task) * TASK_SAMPLES;
    int64_t end = LM_MIN(start + TASK_SAMPLES, p->n);
    for (int64_t first = start; first < end; first += LM_BLOCK) {
        LmBlockRun run = {.net = p->net,
                          .thread = thread,
                          .first = first,
                          .n = LM_MIN((int64_t)LM_BLOCK, end - first)};
        run_block(p, &run);
    }
}

static LmStatus run_pass(Pass *p, LmModel *m, LmError *err)
{
    size_t scratch = p->flow != NULL ? lm_flow_scratch_bytes(p->flow) : 0;
    LmStatus st = lm_net_new(&p->net, m, false, LM_BLOCK, scratch, err);
    if (st != LM_OK) {
        return st;
    }
    lm_runner_start(&p->runner);
    int64_t n_tasks = (p->n + TASK_SAMPLES - 1) / TASK_SAMPLES;
    for (; p->first_task < n_tasks && st == LM_OK; p->first_task += TASKS_A_ROUND) {
        st = lm_threads_check_cancel(err);
        if (st == LM_OK) {
            lm_threads_for(LM_MIN((int64_t)TASKS_A_ROUND, n_tasks - p->first_task), run_task, p);
            st = lm_runner_status(&p->runner, err);
        }
    }
    lm_net_free(p->net);
    return st;
}

static void count_confusion(const Pass *p, int64_t n_classes, int64_t *confusion)
{
    const int32_t *labels = lm_flow_dataset(p->flow)->labels;
    for (int64_t i = 0; i < p->n; i++) {
        confusion[labels[i] * n_classes + p->results[i].predicted]++;
    }
}

/* Sums in data-set order. */
static LmMetrics sum_up(const Pass *p, const LmModel *m)
{
    LmTally tally = {0};
    lm_tally_add(&tally, p->results, p->n);
    LmLabels labels = lm_flow_options(p->flow)->labels;
    return lm_tally_metrics(&tally, lm_loss_n_judged(p->loss, labels, lm_model_n_outputs(m)));
}

/* Weights are finite, so it is the pixels or sums that overflow; the first image tells which. */
static LmStatus check_results(const Pass *p, LmError *err)
{
    for (int64_t i = 0; i < p->n; i++) {
        double loss = p->results[i].loss;
        if (!isfinite(loss)) {
            return lm_fail(err, LM_ENUMERIC,
                           "the loss of image %" PRId64 " of %s is not finite (%f); are its pixels "
                           "finite, and scaled as those the model was trained on?",
                           i + 1, lm_flow_dataset(p->flow)->name, isnan(loss) ? (double)NAN : loss);
        }
    }
    return LM_OK;
}

static void keep_predictions(const Pass *p, int32_t *predicted)
{
    for (int64_t i = 0; i < p->n && predicted != NULL; i++) {
        predicted[i] = p->results[i].predicted;
    }
}

LmStatus lm_evaluate(LmModel *m, LmFlow *flow, LmLoss loss, LmMetrics *out, int64_t *confusion,
                     LmError *err)
{
    return lm_evaluate_each(m, flow, loss, out, confusion, NULL, err);
}

LmStatus lm_evaluate_each(LmModel *m, LmFlow *flow, LmLoss loss, LmMetrics *out, int64_t *confusion,
                          int32_t *predicted, LmError *err)
{
    double start = lm_clock_seconds();
    Pass p = {.flow = flow, .n = lm_flow_dataset(flow)->count, .loss = loss};
    LmStatus st = lm_runner_check(m, flow, loss, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&p.results, (size_t)p.n, sizeof *p.results, err);
    }
    if (st == LM_OK) {
        st = run_pass(&p, m, err);
    }
    if (st == LM_OK) {
        st = check_results(&p, err);
    }
    if (st == LM_OK) {
        *out = sum_up(&p, m);
        if (confusion != NULL && lm_targets_is_class(lm_flow_options(flow)->labels)) {
            count_confusion(&p, lm_flow_dataset(flow)->n_classes, confusion);
        }
        keep_predictions(&p, predicted);
        out->seconds = lm_clock_seconds() - start;
    }
    lm_mem_free(p.results);
    return st;
}

static LmStatus make_rows(Pass *p, LmModel *m, LmTensor *out, LmError *err)
{
    int64_t shape[2] = {p->n, lm_model_n_outputs(m)};
    LmTensor rows = {0};
    LmStatus st = lm_tensor_new(&rows, LM_F32, 2, shape, err);
    if (st != LM_OK) {
        return st;
    }
    p->outputs = rows.data;
    st = run_pass(p, m, err);
    if (st != LM_OK) {
        lm_tensor_fini(&rows);
        return st;
    }
    *out = rows;
    return LM_OK;
}

LmStatus lm_predict(LmModel *m, LmFlow *flow, LmTensor *out, LmError *err)
{
    Pass p = {.flow = flow, .n = lm_flow_dataset(flow)->count};
    LmStatus st = lm_runner_check_shape(m, flow, err);
    return st == LM_OK ? make_rows(&p, m, out, err) : st;
}

LmStatus lm_model_forward(LmModel *m, const LmTensor *x, LmTensor *out, LmError *err)
{
    const LmShape *in = &m->input;
    bool fits = x->dtype == LM_F32 && x->rank == 4 && x->shape[1] == in->h &&
                x->shape[2] == in->w && x->shape[3] == in->c;
    if (!fits) {
        char got[96];
        return lm_fail(err, LM_ESHAPE,
                       "the model takes an f32 tensor of N x %" PRId64 "x%" PRId64 "x%" PRId64
                       ", got %s",
                       in->h, in->w, in->c, lm_tensor_describe(x, got, sizeof got));
    }
    Pass p = {.images = x->data, .n = x->shape[0]};
    return make_rows(&p, m, out, err);
}
