/* One full training step of the walkthrough's network against the numbers numpy recorded in double
 * precision (tests/golden/train_step.py): logits, loss, every gradient, one step of Adam.
 *
 * Two comparisons meet. The naive network of help_naive.h works out the same step in double, and
 * must agree with numpy to double's rounding, projections of the large tensors included: so all its
 * numbers are right. The engine must agree with the recorded numbers, and with the naive network at
 * every entry, within the bounds that the naive network works out for it.
 */
#include "help_test.h"

#include <math.h>
#include <stdlib.h>

#include "data/sources.h"
#include "help_float.h"
#include "help_naive.h"
#include "help_nets.h"
#include "help_sets.h"
#include "nn/loss.h"

enum { N = 20, K = 10, N_PARAMS = 8, PIXELS = 28 * 28 };

/* --- the inputs, by the formulas of train_step.py --- */

static uint32_t next(uint32_t *x)
{
    *x = 1664525u * *x + 1013904223u;
    return *x;
}

static const struct {
    int bits;
    float unit;
} weights[N_PARAMS] = {{2, 0x1p-4f}, {3, 0x1p-7f}, {2, 0x1p-5f},   {3, 0x1p-7f},
                       {2, 0x1p-6f}, {3, 0x1p-7f}, {23, 0x1p-25f}, {23, 0x1p-27f}};

static void set_weights(LmModel *m)
{
    for (int i = 0; i < N_PARAMS; i++) {
        LmError err;
        LmTensor t;
        uint32_t x = 1 + (uint32_t)i;
        assert_ok(lm_model_get_weight(m, i, &t, &err), err);
        for (int64_t j = 0; j < t.count; j++) {
            int32_t k = (int32_t)(next(&x) >> (32 - weights[i].bits));
            ((float *)t.data)[j] = (float)(2 * k + 1 - (1 << weights[i].bits)) * weights[i].unit;
        }
        assert_ok(lm_model_set_weight(m, i, &t, &err), err);
        lm_tensor_fini(&t);
    }
}

/* --- the recorded numbers --- */

typedef struct Record {
    char name[40];
    int64_t index;
    double value;
} Record;

enum { RECORDS_MAX = 10000 };

typedef struct Golden {
    Record records[RECORDS_MAX];
    int n;
    LmModel *m;
    HelpNaive *naive;
    float x[N * PIXELS];
    int32_t labels[N];
} Golden;

static Golden golden;

/* The file lies beside this one's folder, wherever the test is started. */
static FILE *open_record(void)
{
    char path[512];
    const char *slash = strrchr(__FILE__, '/');
    snprintf(path, sizeof path, "%.*s/../golden/train_step.txt", (int)(slash - __FILE__), __FILE__);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        perror(path);
    }
    return f;
}

static int setup(void **state)
{
    Golden *g = &golden;
    HelpSpec spec = help_nets_walkthrough();
    FILE *f = open_record();
    if (f == NULL) {
        return -1;
    }
    Record r;
    long long index;
    while (g->n < RECORDS_MAX && fscanf(f, "%39s %lld %lf", r.name, &index, &r.value) == 3) {
        r.index = index;
        g->records[g->n++] = r;
    }
    fclose(f);
    g->m = help_nets_model(&spec, 0);
    set_weights(g->m);
    uint32_t x = 100;
    for (int i = 0; i < N * PIXELS; i++) {
        g->x[i] = (float)(next(&x) >> 29) / 8;
    }
    x = 101;
    for (int i = 0; i < N; i++) {
        g->labels[i] = (int32_t)((next(&x) >> 16) % K);
    }
    g->naive = help_naive_new(g->m, N);
    *state = g;
    return 0;
}

static int teardown(void **state)
{
    Golden *g = *state;
    help_naive_free(g->naive);
    lm_model_unref(g->m);
    return 0;
}

/* Sum of x[i] with the signs of projection k, and of sizes. */
static double project(const double *x, int64_t n, int64_t k, double *size)
{
    uint32_t bits = 1000 + (uint32_t)k;
    double sum = 0;
    *size = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += next(&bits) >> 31 ? -x[i] : x[i];
        *size += fabs(x[i]);
    }
    return sum;
}

/* Numbers worked out in double by two programs: 1e-12 of the size leaves room for a few thousand
 * roundings each, in sums whose terms are up to a thousand times their result. */
static void check_record(const Golden *g, const char *name, const double *x, int64_t n)
{
    int n_found = 0;
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(x[i]));
    }
    for (int i = 0; i < g->n; i++) {
        const Record *r = &g->records[i];
        if (strcmp(r->name, name) != 0) {
            continue;
        }
        double size = largest;
        assert_true(r->index < n);
        double got = r->index >= 0 ? x[r->index] : project(x, n, -1 - r->index, &size);
        if (!(fabs(got - r->value) <= 1e-12 * size)) {
            fail_msg("%s[%d]: got %.17g, recorded %.17g", name, (int)r->index, got, r->value);
        }
        n_found++;
    }
    assert_true(n_found == n || n_found > 300);
}

/* The engine's floats against what is recorded of their entries. */
static void check_floats(const Golden *g, const char *name, const HelpNumbers *bounds,
                         const float *got, int64_t cols, int64_t ld)
{
    for (int i = 0; i < g->n; i++) {
        const Record *r = &g->records[i];
        if (strcmp(r->name, name) == 0 && r->index >= 0) {
            double v = (double)got[r->index / cols * ld + r->index % cols];
            double bound = bounds->e[r->index] * (1 + 1e-5);
            if (!(fabs(v - r->value) <= bound)) {
                fail_msg("%s[%d]: got %.9g, recorded %.9g, may be off by %.3g", name, (int)r->index,
                         v, r->value, bound);
            }
        }
    }
}

static const HelpNumbers *naive_gradient(const Golden *g, int param)
{
    for (int i = 0; i < g->naive->n_layers; i++) {
        HelpNaiveLayer *l = &g->naive->layers[i];
        if (g->m->layers[i].kernel == param || g->m->layers[i].bias == param) {
            return g->m->layers[i].kernel == param ? &l->dkernel : &l->dbias;
        }
    }
    return NULL;
}

static const char *named(const char *prefix, const LmModel *m, int param)
{
    static char name[80];
    snprintf(name, sizeof name, "%s:%s", prefix, lm_model_weight_name(m, param));
    return name;
}

/* What Adam's first step takes from a weight with gradient d. */
static double adam_step(double d)
{
    double m = (1 - 0.9) * d;
    double v = (1 - 0.999) * d * d;
    return 1e-3 * sqrt(1 - 0.999) / (1 - 0.9) * m / (sqrt(v) + 1e-7);
}

static void run_naive(Golden *g, double *loss, double *off)
{
    help_naive_forward(g->naive, g->x);
    *loss = help_naive_cross_entropy(g->naive, g->labels, off);
    help_naive_backward(g->naive);
}

static void test_naive_network_agrees_with_numpy(void **state)
{
    Golden *g = *state;
    double loss;
    double off;
    run_naive(g, &loss, &off);
    check_record(g, "logits", help_naive_outputs(g->naive)->v, N * K);
    check_record(g, "loss", &loss, 1);
    for (int i = 0; i < N_PARAMS; i++) {
        const HelpNumbers *d = naive_gradient(g, i);
        check_record(g, named("gradient", g->m, i), d->v, d->n);
    }
}

/* Adam is steep where gradients are near epsilon: an error of 1e-16 becomes 1e-3 * 1e-16 / 3e-6, so
 * 1e-12 of the largest step, which is the rate, holds for steps too. */
static void test_adam_agrees_with_numpy(void **state)
{
    Golden *g = *state;
    for (int i = 0; i < N_PARAMS; i++) {
        const HelpNumbers *d = naive_gradient(g, i);
        double *steps = calloc((size_t)d->n, sizeof *steps);
        assert_non_null(steps);
        for (int64_t j = 0; j < d->n; j++) {
            steps[j] = adam_step(d->v[j]);
        }
        check_record(g, named("step", g->m, i), steps, d->n);
        free(steps);
    }
}

/* --- the engine --- */

typedef struct Losses {
    const Golden *g;
    double sum;
} Losses;

static void loss_gradient(void *ctx, int64_t sample, float *z)
{
    Losses *l = ctx;
    l->sum += lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, z, K, &(LmTarget){l->g->labels[sample], NULL},
                             1.0 / N, z)
                  .loss;
}

/* The step is monotone in the gradient, so the ends of the gradient's interval bound it. Then 5
 * roundings on the way (m, v's root at half weight, sum, two of the quotient), 5 of constants
 * rounded to float (rate, 1-beta1, 1-beta2, epsilon; half weight in the root), 1 of the new weight.
 */
static double step_bound(double d, double e, double w)
{
    double at = adam_step(d);
    double low = adam_step(d - e);
    double high = adam_step(d + e);
    double size = fmax(fabs(low), fabs(high));
    return fmax(high - at, at - low) + 11 * HELP_FLOAT_U * size + HELP_FLOAT_U * (fabs(w) + size);
}

static void check_weights(const Golden *g, const LmModel *m, const float *before, int param)
{
    const HelpNumbers *d = naive_gradient(g, param);
    const LmParam *p = &m->params[param];
    const float *after = lm_model_param_data(m, param);
    for (int64_t i = 0; i < d->n; i++) {
        int64_t at = i / p->cols * p->ld + i % p->cols;
        double w = (double)before[at];
        double want = w - adam_step(d->v[i]);
        double bound = step_bound(d->v[i], d->e[i], w);
        if (!(fabs((double)after[at] - want) <= bound)) {
            fail_msg("%s[%d] after a step: got %.9g, want %.9g, may be off by %.3g", p->name,
                     (int)i, (double)after[at], want, bound);
        }
    }
}

/* The same weights in a model of their own, to be trained. */
static LmModel *copy_of_model(void)
{
    HelpSpec spec = help_nets_walkthrough();
    LmModel *m = help_nets_model(&spec, 0);
    set_weights(m);
    return m;
}

static void check_forward(Golden *g, double loss, const float *outputs)
{
    double naive_loss;
    double off;
    run_naive(g, &naive_loss, &off);
    assert_true(fabs(loss - naive_loss) <= off);
    help_naive_check(help_naive_outputs(g->naive), outputs, K, K, "logits");
    check_floats(g, "logits", help_naive_outputs(g->naive), outputs, K, K);
}

static void check_gradients(Golden *g, LmNet *net)
{
    HelpGrads grads = help_nets_gradients(net, N);
    for (int i = 0; i < N_PARAMS; i++) {
        const LmParam *p = &g->m->params[i];
        const HelpNumbers *d = naive_gradient(g, i);
        const char *name = named("gradient", g->m, i);
        help_naive_check(d, grads.of[i], p->cols, p->ld, name);
        check_floats(g, name, d, grads.of[i], p->cols, p->ld);
        double error = 0;
        double size = 0;
        for (int64_t j = 0; j < d->n; j++) {
            error += d->e[j];
            size += fabs(d->v[j]);
        }
        assert_true(error < 0.05 * size); /* else the comparison says little */
    }
    help_nets_free_gradients(&grads);
}

static void test_step(void **state)
{
    Golden *g = *state;
    LmError err;
    LmNet *net = NULL;
    LmUpdater u;
    static float outputs[N * K];
    Losses losses = {g, 0};
    LmOptim adam = lm_optim_default(LM_OPTIM_ADAM);
    LmModel *m = copy_of_model();
    assert_ok(lm_net_new(&net, m, true, N, 0, &err), err);
    assert_ok(lm_updater_init(&u, net, &adam, &err), err);
    help_nets_run(net, g->x, N, 0, loss_gradient, &losses, outputs);
    check_forward(g, losses.sum / N, outputs);
    check_gradients(g, net);
    lm_updater_run(&u, N, help_nets_chains(N));
    for (int i = 0; i < N_PARAMS; i++) {
        check_weights(g, m, lm_model_param_data(g->m, i), i);
    }
    lm_updater_fini(&u);
    lm_net_free(net);
    lm_model_unref(m);
}

/* The trainer does the same step on a flow of these images. */
static void test_trainer(void **state)
{
    Golden *g = *state;
    LmError err;
    LmTensor images;
    LmTensor labels;
    LmDataset *ds = NULL;
    LmTrainer *t = NULL;
    const int64_t shape[] = {N, 28, 28, 1};
    assert_ok(lm_tensor_new(&images, LM_F32, 4, shape, &err), err);
    assert_ok(lm_tensor_new(&labels, LM_I32, 1, shape, &err), err);
    memcpy(images.data, g->x, sizeof g->x);
    memcpy(labels.data, g->labels, sizeof g->labels);
    assert_ok(lm_memory_new(&ds, "golden", &images, &labels, &err), err);
    lm_tensor_fini(&images);
    lm_tensor_fini(&labels);
    assert_int_equal(ds->n_classes, K);
    LmFlow *flow = help_sets_flow(ds, N, false);
    LmTrainOptions o = {.flow = flow, .optim = lm_optim_default(LM_OPTIM_ADAM)};
    LmModel *m = copy_of_model();
    LmMetrics metrics;
    bool is_end;
    double naive_loss;
    double off;
    assert_ok(lm_trainer_new(&t, m, &o, &err), err);
    assert_ok(lm_trainer_step_run(t, &metrics, &is_end, &err), err);
    run_naive(g, &naive_loss, &off);
    assert_true(fabs(metrics.loss - naive_loss) <= off);
    for (int i = 0; i < N_PARAMS; i++) {
        check_weights(g, m, lm_model_param_data(g->m, i), i);
    }
    lm_trainer_free(t);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_naive_network_agrees_with_numpy),
        cmocka_unit_test(test_adam_agrees_with_numpy),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_trainer),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
