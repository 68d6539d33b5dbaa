/* Planned networks against the naive one in double (help_naive.h): outputs and the gradients of all
 * weights and biases of many random networks, and the naive gradients against finite differences.
 */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "help_naive.h"
#include "help_nets.h"

/* --- the naive network is right about its own derivatives --- */

static double weighted_outputs(HelpNaive *net, const float *x, const float *g)
{
    help_naive_forward(net, x);
    const HelpNumbers *z = help_naive_outputs(net);
    double sum = 0;
    for (int64_t i = 0; i < z->n; i++) {
        sum += (double)g[i] * z->v[i];
    }
    return sum;
}

/* Central difference in *w. Its error is h^2/6 times the third derivative (these functions: below
 * 1e4) and 1e-15 of the value over h: below 1e-6 for the steps used. A kink of relu or a pool
 * within the step spoils it, so one of two steps is enough. */
static void check_slope(HelpNaive *net, const float *x, const float *g, double *w, double want)
{
    double at = *w;
    double got = 0;
    for (double h = 0x1p-16; h > 0x1p-24; h *= 0x1p-4) {
        *w = at + h;
        double up = weighted_outputs(net, x, g);
        *w = at - h;
        got = (up - weighted_outputs(net, x, g)) / (2 * h);
        *w = at;
        if (fabs(got - want) <= 1e-6 * (1 + fabs(want))) {
            return;
        }
    }
    fail_msg("finite difference %.12g, derivative %.12g", got, want);
}

/* Dropout is left out: its numbers are not differentiated but drawn. */
static void drop_dropout(HelpSpec *s)
{
    for (int i = 0; i < s->n; i++) {
        s->layers[i].rate = 0;
    }
}

static void check_slopes(HelpNaive *net, const float *x, const float *g, LmRng *rng)
{
    help_naive_forward(net, x);
    help_naive_set_output_grad(net, g);
    help_naive_backward(net);
    for (int i = 0; i < net->n_layers; i++) {
        HelpNaiveLayer *l = &net->layers[i];
        for (int probe = 0; probe < 4 && l->kernel.n > 0; probe++) {
            int64_t k = help_float_int(rng, 0, l->kernel.n - 1);
            int64_t b = help_float_int(rng, 0, l->bias.n - 1);
            check_slope(net, x, g, &l->kernel.v[k], l->dkernel.v[k]);
            check_slope(net, x, g, &l->bias.v[b], l->dbias.v[b]);
        }
    }
}

static float *random_floats(size_t n, LmRng *rng)
{
    LmError err;
    float *x = NULL;
    assert_ok(lm_mem_alloc(&x, n, sizeof *x, &err), err);
    help_float_fill(x, n, rng);
    return x;
}

static void test_naive_gradients(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(71), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 60; round++) {
        HelpSpec spec = round == 0 ? help_nets_every_kind(15, 16, 2, 5) : help_nets_random(&rng);
        drop_dropout(&spec);
        LmModel *m = help_nets_model(&spec, (uint64_t)round);
        HelpNaive *net = help_naive_new(m, 2);
        float *x = random_floats((size_t)net->input.n, &rng);
        float *g = random_floats((size_t)help_naive_outputs(net)->n, &rng);
        check_slopes(net, x, g, &rng);
        lm_mem_free(x);
        lm_mem_free(g);
        help_naive_free(net);
        lm_model_unref(m);
    }
}

/* --- the engine against it --- */

typedef struct Case {
    LmModel *m;
    int64_t n;
    float *x;
    float *dz;
    float *outputs;
    HelpNaive *naive;
} Case;

static Case make_case(const HelpSpec *spec, int64_t n, uint64_t seed, LmRng *rng)
{
    Case t = {.m = help_nets_model(spec, seed), .n = n};
    t.naive = help_naive_new(t.m, n);
    size_t k = (size_t)(n * lm_model_n_outputs(t.m));
    t.x = random_floats((size_t)t.naive->input.n, rng);
    t.dz = random_floats(k, rng);
    t.outputs = random_floats(k, rng);
    /* Every third case has inputs of few values, so that pools meet ties. */
    for (int64_t i = 0; i < t.naive->input.n && seed % 3 == 0; i++) {
        t.x[i] = roundf(t.x[i] * 2) / 2;
    }
    return t;
}

static void free_case(Case *t)
{
    help_naive_free(t->naive);
    lm_mem_free(t->x);
    lm_mem_free(t->dz);
    lm_mem_free(t->outputs);
    lm_model_unref(t->m);
}

static void give_gradient(void *ctx, int64_t sample, float *z)
{
    const Case *t = ctx;
    int64_t k = lm_model_n_outputs(t->m);
    memcpy(z, t->dz + sample * k, (size_t)k * sizeof *z);
}

/* How many of the compared numbers have a bound below `limit` times their tensor's largest. */
typedef struct Sharpness {
    double limit;
    int64_t n_sharp, n;
} Sharpness;

static void note(Sharpness *s, const HelpNumbers *x)
{
    double size = 0;
    for (int64_t i = 0; i < x->n; i++) {
        size = fmax(size, fabs(x->v[i]));
    }
    for (int64_t i = 0; i < x->n; i++) {
        s->n_sharp += x->e[i] <= s->limit * size;
    }
    s->n += x->n;
}

static void check_gradients(Case *t, LmNet *net, Sharpness *sharp)
{
    HelpGrads grads = help_nets_gradients(net, t->n);
    for (int i = 0; i < t->m->n_layers; i++) {
        const LmLayer *l = &t->m->layers[i];
        if (l->kernel < 0) {
            continue;
        }
        const HelpNaiveLayer *naive = &t->naive->layers[i];
        const LmParam *p = &t->m->params[l->kernel];
        help_naive_check(&naive->dkernel, grads.of[l->kernel], p->cols, p->ld, p->name);
        help_naive_check(&naive->dbias, grads.of[l->bias], p->cols, p->ld,
                         t->m->params[l->bias].name);
        note(sharp, &naive->dkernel);
        for (int64_t r = 0; r < p->rows; r++) {
            for (int64_t c = p->cols; c < p->ld; c++) {
                assert_true(grads.of[l->kernel][r * p->ld + c] == 0); /* surplus columns */
            }
        }
    }
    help_nets_free_gradients(&grads);
}

/* Two steps on the same net, the first on other data: nothing of it may be left over. */
static void check_training(Case *t, Sharpness *sharp)
{
    LmError err;
    LmNet *net = NULL;
    int64_t k = lm_model_n_outputs(t->m);
    assert_ok(lm_net_new(&net, t->m, true, t->n, 0, &err), err);
    for (int64_t i = 0; i < t->naive->input.n; i++) {
        t->x[i] = -t->x[i];
    }
    help_nets_run(net, t->x, t->n, 4, give_gradient, t, NULL);
    for (int64_t i = 0; i < t->naive->input.n; i++) {
        t->x[i] = -t->x[i];
    }
    help_nets_run(net, t->x, t->n, 5, give_gradient, t, t->outputs);
    help_naive_forward_training(t->naive, t->x, 5);
    help_naive_check(help_naive_outputs(t->naive), t->outputs, k, k, "training outputs");
    note(sharp, help_naive_outputs(t->naive));
    help_naive_set_output_grad(t->naive, t->dz);
    help_naive_backward(t->naive);
    check_gradients(t, net, sharp);
    lm_net_free(net);
}

/* A net without training gives the same numbers as double says, dropout being off. */
static void check_inference(Case *t)
{
    LmError err;
    LmNet *net = NULL;
    int64_t k = lm_model_n_outputs(t->m);
    assert_ok(lm_net_new(&net, t->m, false, LM_BLOCK, 0, &err), err);
    help_nets_run(net, t->x, t->n, 0, NULL, NULL, t->outputs);
    help_naive_forward(t->naive, t->x);
    help_naive_check(help_naive_outputs(t->naive), t->outputs, k, k, "outputs");
    lm_net_free(net);
}

static void test_random_networks(void **state)
{
    (void)state;
    static const int64_t batches[] = {1, 7, 8, 9, 20};
    LmRng rng = lm_rng(help_guard_seed(72), LM_RNG_USER, 0, 0);
    Sharpness sharp = {.limit = 1e-3};
    size_t before = lm_mem_in_use();
    for (int round = 0; round < 400; round++) {
        HelpSpec spec = help_nets_random(&rng);
        Case t = make_case(&spec, batches[round % 5], (uint64_t)round, &rng);
        check_training(&t, &sharp);
        check_inference(&t);
        free_case(&t);
    }
    /* The rest met ties that float and double may break differently, or many layers. */
    assert_true((double)sharp.n_sharp > 0.8 * (double)sharp.n);
    assert_int_equal(lm_mem_in_use(), before);
}

/* Hand-picked shapes at the edges: one pixel, one row, kernels larger than the image, strides
 * larger than it, a dense layer alone, layers without weights, wide maps whose tables are made per
 * image. */
static void test_edge_networks(void **state)
{
    (void)state;
    static const HelpSpec specs[] = {
        {1, 1, 1, 1, {{.kind = LM_LAYER_FLATTEN}}},
        {3, 4, 5, 2, {{.kind = LM_LAYER_MAXPOOL, .kh = 3, .kw = 4}, {.kind = LM_LAYER_FLATTEN}}},
        {1, 1, 20, 2, {{.kind = LM_LAYER_FLATTEN}, {.kind = LM_LAYER_DENSE, .units = 33}}},
        {1,
         9,
         2,
         3,
         {{.kind = LM_LAYER_CONV, .units = 17, .kh = 1, .kw = 4, .act = LM_ACT_RELU},
          {.kind = LM_LAYER_CONV, .units = 3, .kh = 5, .kw = 5, .is_same = true},
          {.kind = LM_LAYER_FLATTEN}}},
        {2,
         2,
         1,
         3,
         {{.kind = LM_LAYER_CONV, .units = 2, .kh = 9, .kw = 7, .is_same = true},
          {.kind = LM_LAYER_CONV, .units = 4, .kh = 7, .kw = 8, .sh = 2, .is_same = true},
          {.kind = LM_LAYER_FLATTEN}}},
        {5,
         4,
         3,
         4,
         {{.kind = LM_LAYER_CONV, .units = 5, .kh = 1, .kw = 1},
          {.kind = LM_LAYER_CONV, .units = 6, .kh = 2, .kw = 3, .sh = 100, .sw = 1000},
          {.kind = LM_LAYER_CONV, .units = 6, .kh = 3, .kw = 2, .sh = 9, .is_same = true},
          {.kind = LM_LAYER_FLATTEN}}},
        {60,
         70,
         1,
         5,
         {{.kind = LM_LAYER_CONV, .units = 3, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
          {.kind = LM_LAYER_CONV, .units = 2, .kh = 2, .kw = 2, .is_same = true},
          {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
          {.kind = LM_LAYER_FLATTEN},
          {.kind = LM_LAYER_DENSE, .units = 2}}},
        {7,
         6,
         40,
         4,
         {{.kind = LM_LAYER_CONV, .units = 300, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
          {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
          {.kind = LM_LAYER_FLATTEN},
          {.kind = LM_LAYER_DENSE, .units = 5}}},
        {10,
         10,
         1,
         5,
         {{.kind = LM_LAYER_CONV, .units = 18, .kh = 2, .kw = 2, .act = LM_ACT_SIGMOID},
          {.kind = LM_LAYER_CONV, .units = 270, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
          {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
          {.kind = LM_LAYER_FLATTEN},
          {.kind = LM_LAYER_DENSE, .units = 7, .act = LM_ACT_RELU}}},
    };
    LmRng rng = lm_rng(help_guard_seed(74), LM_RNG_USER, 0, 0);
    for (size_t i = 0; i < LM_ARRAY_LEN(specs); i++) {
        Sharpness sharp = {0};
        Case t = make_case(&specs[i], 3, i, &rng);
        check_training(&t, &sharp);
        check_inference(&t);
        free_case(&t);
    }
}

static LmStatus make_net(LmNet **out, LmModel *m, LmError *err)
{
    LmStatus st = lm_net_new(out, m, true, 9, 1000, err);
    if (st == LM_OK) {
        lm_net_free(*out);
    }
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    HelpSpec spec = help_nets_every_kind(15, 16, 3, 4);
    LmModel *m = help_nets_model(&spec, 0);
    LmNet *net = NULL;
    assert_survives_oom(make_net(&net, m, &err), err);
    lm_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_naive_gradients),
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_edge_networks),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
