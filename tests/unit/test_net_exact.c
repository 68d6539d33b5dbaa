/* Networks of small integers: as long as no sum of sizes reaches 2^24, float arithmetic is exact
 * whatever the order of sums, and the engine must give the naive network's outputs and gradients to
 * the last bit. Ties in pools and zeros at relu are plenty, batches longer than all chains
 * included. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "help_naive.h"
#include "help_nets.h"

/* Winograd's transforms work in quarters and add up at most 36 times a direct sum's sizes: sums
 * that stay below 2^24 / (4 * 36) are exact there too. */
static const double exact_max = 0x1p24 / 144;

/* Integers -1, 0, 1, mostly 0. */
static float sparse(LmRng *rng)
{
    uint32_t pick = lm_rng_below(rng, 6);
    return pick == 0 ? -1 : pick == 1 ? 1 : 0;
}

static LmModel *integer_model(const HelpSpec *spec, LmRng *rng)
{
    LmError err;
    LmModel *m = help_nets_model(spec, 0);
    for (int i = 0; i < lm_model_n_weights(m); i++) {
        LmTensor t;
        assert_ok(lm_model_get_weight(m, i, &t, &err), err);
        for (int64_t j = 0; j < t.count; j++) {
            ((float *)t.data)[j] = sparse(rng);
        }
        assert_ok(lm_model_set_weight(m, i, &t, &err), err);
        lm_tensor_fini(&t);
    }
    return m;
}

/* Only what keeps integers integers: no curved activations, no means, no dropout. */
static void keep_integers(HelpSpec *s)
{
    for (int i = 0; i < s->n; i++) {
        LmLayerSpec *l = &s->layers[i];
        bool is_curved = l->act == LM_ACT_TANH || l->act == LM_ACT_SIGMOID;
        l->act = is_curved ? LM_ACT_RELU : l->act;
        if (l->kind == LM_LAYER_AVGPOOL) {
            l->kind = LM_LAYER_MAXPOOL;
        }
        if (l->kind == LM_LAYER_TANH || l->kind == LM_LAYER_SIGMOID ||
            l->kind == LM_LAYER_DROPOUT) {
            l->kind = LM_LAYER_RELU;
        }
        if (l->kind == LM_LAYER_GLOBAL_AVGPOOL) {
            l->kind = LM_LAYER_FLATTEN;
        }
    }
}

static double largest(const HelpNumbers *x)
{
    double most = 0;
    for (int64_t i = 0; i < x->n; i++) {
        most = fmax(most, fabs(x->v[i]));
    }
    return most;
}

/* A bound on every sum of sizes in the network: terms times largest factors. */
static double largest_sum(const HelpNaive *net)
{
    double most = 0;
    const HelpNumbers *in = &net->input;
    for (int i = 0; i < net->n_layers; i++) {
        const HelpNaiveLayer *l = &net->layers[i];
        double field = (double)(l->kh * l->kw);
        double dy = largest(&l->dpre);
        if (l->kernel.n > 0) {
            most = fmax(most, field * (double)l->ic * largest(in) + 1);
            most = fmax(most, field * (double)l->oc * dy);
            most = fmax(most, (double)(net->n * l->oh * l->ow) * fmax(largest(in), 1) * dy);
        }
        most = fmax(most, field * dy);
        in = &l->out;
    }
    return most;
}

static void check_equal(const HelpNumbers *want, const float *got, int64_t cols, int64_t ld,
                        const char *what)
{
    for (int64_t i = 0; i < want->n; i++) {
        float g = got[i / cols * ld + i % cols];
        if ((double)g != want->v[i]) {
            fail_msg("%s[%d, %d]: got %g, want %g", what, (int)(i / cols), (int)(i % cols),
                     (double)g, want->v[i]);
        }
    }
}

typedef struct Case {
    LmModel *m;
    HelpNaive *naive;
    int64_t n;
    float *x, *dz, *outputs;
} Case;

static float *sparse_floats(int64_t n, LmRng *rng)
{
    LmError err;
    float *x = NULL;
    assert_ok(lm_mem_alloc(&x, (size_t)n, sizeof *x, &err), err);
    for (int64_t i = 0; i < n; i++) {
        x[i] = sparse(rng);
    }
    return x;
}

static Case make_case(const HelpSpec *spec, int64_t n, LmRng *rng)
{
    Case t = {.m = integer_model(spec, rng), .n = n};
    t.naive = help_naive_new(t.m, n);
    int64_t k = n * lm_model_n_outputs(t.m);
    t.x = sparse_floats(t.naive->input.n, rng);
    t.dz = sparse_floats(k, rng);
    t.outputs = sparse_floats(k, rng);
    help_naive_forward(t.naive, t.x);
    help_naive_set_output_grad(t.naive, t.dz);
    help_naive_backward(t.naive);
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

/* Tiles of 4x4 work in thirds and the like: nothing is exact there. */
static bool is_exact(const Case *t)
{
    LmError err;
    LmNet *net = NULL;
    bool is_exact = largest_sum(t->naive) < exact_max;
    assert_ok(lm_net_plan(&net, t->m, true, t->n, &err), err);
    for (int i = 0; i < net->n_ops; i++) {
        const LmOp *op = &net->ops[i];
        is_exact = is_exact && op->winograd.shape.tile != 4 && op->winograd_dx.shape.tile != 4 &&
                   !op->winograd_dw.is_used;
    }
    lm_net_free(net);
    return is_exact;
}

static void check_case(Case *t)
{
    LmError err;
    LmNet *net = NULL;
    int64_t k = lm_model_n_outputs(t->m);
    assert_ok(lm_net_new(&net, t->m, true, t->n, 0, &err), err);
    help_nets_run(net, t->x, t->n, 0, give_gradient, t, t->outputs);
    check_equal(help_naive_outputs(t->naive), t->outputs, k, k, "outputs");
    HelpGrads grads = help_nets_gradients(net, t->n);
    for (int i = 0; i < t->m->n_layers; i++) {
        const LmLayer *l = &t->m->layers[i];
        if (l->kernel >= 0) {
            const LmParam *p = &t->m->params[l->kernel];
            check_equal(&t->naive->layers[i].dkernel, grads.of[l->kernel], p->cols, p->ld, p->name);
            check_equal(&t->naive->layers[i].dbias, grads.of[l->bias], p->cols, p->ld,
                        t->m->params[l->bias].name);
        }
    }
    help_nets_free_gradients(&grads);
    lm_net_free(net);
}

/* Cases whose sums may be too large are passed over; most are not. */
static void test_random_networks(void **state)
{
    (void)state;
    static const int64_t batches[] = {1, 7, 8, 9, 20};
    LmRng rng = lm_rng(help_guard_seed(81), LM_RNG_USER, 0, 0);
    int n_checked = 0;
    for (int round = 0; round < 500; round++) {
        HelpSpec spec = help_nets_random(&rng);
        keep_integers(&spec);
        Case t = make_case(&spec, batches[round % 5], &rng);
        if (is_exact(&t)) {
            check_case(&t);
            n_checked++;
        }
        free_case(&t);
    }
    assert_true(n_checked > 350);
}

/* Convolution with pool behind convolution with pool, wide enough for every path: first layer from
 * few channels, 3x3 by Winograd, other sizes and strides not. Batches up to 19 blocks. */
static void test_stacked_convolutions(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(82), LM_RNG_USER, 0, 0);
    int n_checked = 0;
    for (int round = 0; round < 36; round++) {
        int64_t k = round % 3 == 0 ? 3 : help_float_int(&rng, 1, 5);
        bool is_same = round % 2 == 0;
        LmAct act = round % 5 == 0 ? LM_ACT_NONE : LM_ACT_RELU;
        HelpSpec spec = {
            14,
            13 + round % 4,
            round % 4 == 1 ? 3 : 1,
            6,
            {{.kind = LM_LAYER_CONV, .units = 16 + round % 7, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
             {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
             {.kind = LM_LAYER_CONV, .units = 17, .kh = k, .kw = k, .is_same = is_same, .act = act},
             {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
             {.kind = LM_LAYER_FLATTEN},
             {.kind = LM_LAYER_DENSE, .units = 3}}};
        if (!is_same && k > 4) {
            spec.layers[2].kh = 4;
            spec.layers[2].kw = 2;
        }
        int64_t n = round % 6 == 0 ? LM_BLOCK * (LM_CHAINS + 3) + 1 : 1 + round;
        Case t = make_case(&spec, n, &rng);
        if (is_exact(&t)) {
            check_case(&t);
            n_checked++;
        }
        free_case(&t);
    }
    assert_true(n_checked > 16);
}

/* More blocks than chains: they wrap around. */
static void test_many_blocks(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(83), LM_RNG_USER, 0, 0);
    HelpSpec spec = {6,
                     5,
                     2,
                     4,
                     {{.kind = LM_LAYER_CONV, .units = 5, .kh = 2, .kw = 3, .act = LM_ACT_RELU},
                      {.kind = LM_LAYER_CONV, .units = 3, .kh = 3, .kw = 2, .is_same = true},
                      {.kind = LM_LAYER_FLATTEN},
                      {.kind = LM_LAYER_DENSE, .units = 4, .act = LM_ACT_RELU}}};
    for (int64_t n = LM_BLOCK * LM_CHAINS - 1; n <= LM_BLOCK * (2 * LM_CHAINS + 3) + 1; n += 15) {
        Case t = make_case(&spec, n, &rng);
        assert_true(largest_sum(t.naive) < 0x1p24); /* no Winograd here */
        check_case(&t);
        free_case(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_stacked_convolutions),
        cmocka_unit_test(test_many_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
