/* Numbers too small for a float's exponent are flushed to zero in every engine thread, and so a
 * training whose units have died does not slow down: without that, Adam's moments of weights that
 * get no gradient decay into such numbers and stay there, at 100 cycles and more an operation on
 * many processors. */
#define _GNU_SOURCE
#include "help_test.h"

#include <float.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/threads.h"
#include "help_nets.h"
#include "help_sets.h"
#include "nn/train.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* --- every thread --- */

enum { N_THREADS = 8, FTZ = 0x8000, DAZ = 0x0040 };

typedef struct Modes {
    atomic_int n_here;
    unsigned mode[N_THREADS]; /* by thread; 0: it had no task */
    float halved[N_THREADS];  /* FLT_MIN / 2: its result would be denormal */
    float raised[N_THREADS];  /* its operand is denormal, its result would not be */
} Modes;

static volatile float smallest = FLT_MIN;
static volatile float denormal = FLT_MIN / 2;

/* Holds its task until every thread has one, ten seconds at most. */
static void note_mode(void *ctx, int64_t task, int thread)
{
    (void)task;
    Modes *modes = ctx;
#if defined(__x86_64__)
    modes->mode[thread] = _mm_getcsr();
#endif
    modes->halved[thread] = smallest * 0.5F;
    modes->raised[thread] = denormal * 0x1p30F;
    atomic_fetch_add(&modes->n_here, 1);
    for (int i = 0; i < 10000 && atomic_load(&modes->n_here) < N_THREADS; i++) {
        usleep(1000);
    }
}

static void test_every_thread_flushes(void **state)
{
    (void)state;
#if defined(__x86_64__)
    Modes modes = {.n_here = 0};
    unsigned before = _mm_getcsr();
    lm_threads_set(N_THREADS);
    lm_threads_for(N_THREADS, note_mode, &modes);
    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(modes.mode[i] & (FTZ | DAZ), FTZ | DAZ);
        assert_true(modes.halved[i] == 0 && modes.raised[i] == 0);
    }
    assert_int_equal(_mm_getcsr(), before);
    lm_threads_stop();
#else
    skip();
#endif
}

/* --- a training with dead units --- */

enum { N_UNITS = 64, SIDE = 20, N_STEPS = 1000, N_TIMED = 100, N_TRIES = 5 };

/* Flushed, both hundreds do the same work: 1, within 0.05. Not flushed, the last one takes 1.16
 * times as long (ref), 1.2 (avx2) to 1.6 (avx512) on Zen 4, which minds denormals less than others
 * do. The middle of 1.05 and 1.16; what a disturbance adds is gone in the best of five tries. */
static const double slowdown_max = 1.1;

typedef struct Dead {
    LmModel *model;
    LmFlow *flow;
    LmTrainer *trainer;
} Dead;

static double step_seconds(Dead *d)
{
    LmError err;
    LmMetrics m;
    bool is_end = false;
    double start = lm_clock_seconds();
    assert_ok(lm_trainer_step_run(d->trainer, &m, &is_end, &err), err);
    return lm_clock_seconds() - start;
}

/* Batches of one image, so that a step is mostly update; the second moment's rate is 0.9, so that
 * it too is denormal within a thousand steps (with the usual 0.999 it takes 70,000).
 *
 * One step with all units alive gives the moments something to decay from; then a bias that no
 * input outweighs closes every relu for good. */
static Dead dead_new(void)
{
    LmError err;
    HelpSpec spec = {SIDE,
                     SIDE,
                     1,
                     3,
                     {{.kind = LM_LAYER_FLATTEN},
                      {.kind = LM_LAYER_DENSE, .units = N_UNITS, .act = LM_ACT_RELU},
                      {.kind = LM_LAYER_DENSE, .units = 3, .act = LM_ACT_SOFTMAX}}};
    Dead d = {.model = help_nets_model(&spec, 1),
              .flow = help_sets_flow(help_sets_stripes(3, SIDE, SIDE, 1, 3, 1), 1, true)};
    LmTrainOptions o = {.flow = d.flow, .optim = lm_optim_default(LM_OPTIM_ADAM)};
    o.optim.beta2 = 0.9;
    LmTensor bias;
    assert_ok(lm_trainer_new(&d.trainer, d.model, &o, &err), err);
    step_seconds(&d);
    assert_ok(lm_model_get_weight(d.model, 1, &bias, &err), err);
    for (int64_t i = 0; i < bias.count; i++) {
        ((float *)bias.data)[i] = -1e6F;
    }
    assert_ok(lm_model_set_weight(d.model, 1, &bias, &err), err);
    lm_tensor_fini(&bias);
    return d;
}

static void dead_fini(Dead *d)
{
    lm_trainer_free(d->trainer);
    lm_flow_unref(d->flow);
    lm_model_unref(d->model);
}

static int compare(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *v)
{
    qsort(v, N_TIMED, sizeof *v, compare);
    return v[N_TIMED / 2];
}

/* The last hundred of a thousand steps against the first hundred of the same training begun anew,
 * in turns, so that a disturbance of the machine meets both; medians, so that a few disturbed steps
 * do not count. */
static double slowdown(void)
{
    double last[N_TIMED];
    double first[N_TIMED];
    lm_threads_set(1);
    Dead old = dead_new();
    for (int i = 1; i < N_STEPS - N_TIMED; i++) {
        step_seconds(&old);
    }
    Dead young = dead_new();
    for (int i = 0; i < N_TIMED; i++) {
        last[i] = step_seconds(&old);
        first[i] = step_seconds(&young);
    }
    dead_fini(&old);
    dead_fini(&young);
    return median(last) / median(first);
}

static void test_dead_units_cost_no_time(void **state)
{
    (void)state;
    if (getenv("W")) {
        for (int i = 0; i < 12; i++)
            printf("%.2f ", slowdown());
        printf("\n");
        return;
    }
    double best = slowdown();
    for (int i = 1; i < N_TRIES && best > slowdown_max; i++) {
        best = LM_MIN(best, slowdown());
    }
    if (best > slowdown_max) {
        fail_msg("the last hundred steps took %.2f times as long as the first hundred", best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_thread_flushes),
        cmocka_unit_test(test_dead_units_cost_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
