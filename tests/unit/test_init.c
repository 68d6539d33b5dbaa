/* Initial weights: glorot's limits and moments, zero biases, and what they depend on. */
#include "help_test.h"

#include <math.h>

#include "help_nets.h"

static LmModel *model(const HelpSpec *spec, uint64_t seed)
{
    LmError err;
    LmModel *m = NULL;
    assert_ok(lm_model_new(&m, spec->h, spec->w, spec->c, spec->layers, spec->n, seed, &err), err);
    return m;
}

/* Fans count the receptive field: a filter of KH x KW x IC x OC has KH*KW*IC in, KH*KW*OC out. */
static double limit_of(const LmParam *p)
{
    double field = p->rank == 4 ? (double)(p->shape[0] * p->shape[1]) : 1;
    double in = field * (double)p->shape[p->rank - 2];
    double out = field * (double)p->shape[p->rank - 1];
    return sqrt(6 / (in + out));
}

static float weight(const LmModel *m, int i, int64_t j)
{
    const LmParam *p = &m->params[i];
    return lm_model_param_data(m, i)[j / p->cols * p->ld + j % p->cols];
}

/* All inside [-limit, limit] (rounding to float may reach the limit itself); with n draws the
 * largest comes within 20/n of it but for a chance of e^-20; mean and variance, limit^2/3, within
 * six standard deviations: limit/sqrt(3n), and limit^2 * sqrt(4/45/n). */
static void check_kernel(const LmModel *m, int i)
{
    const LmParam *p = &m->params[i];
    double limit = limit_of(p);
    double n = (double)(p->rows * p->cols);
    double most = 0;
    double sum = 0;
    double squares = 0;
    for (int64_t j = 0; j < p->rows * p->cols; j++) {
        double w = (double)weight(m, i, j);
        most = fmax(most, fabs(w));
        sum += w;
        squares += w * w;
    }
    assert_true(most <= limit * (1 + 0x1p-23));
    assert_true(most >= limit * (1 - 20 / n));
    assert_true(fabs(sum / n) <= 6 * limit / sqrt(3 * n));
    assert_true(fabs(squares / n - limit * limit / 3) <= 6 * limit * limit * sqrt(4 / (45 * n)));
}

static void test_glorot_uniform(void **state)
{
    (void)state;
    HelpSpec spec = help_nets_walkthrough();
    for (uint64_t seed = 0; seed < 5; seed++) {
        LmModel *m = model(&spec, seed);
        for (int i = 0; i < m->n_params; i++) {
            if (!m->params[i].is_bias) {
                check_kernel(m, i);
            }
        }
        lm_model_unref(m);
    }
}

static void test_biases_and_padding_are_zero(void **state)
{
    (void)state;
    HelpSpec spec = help_nets_every_kind(15, 16, 3, 5);
    LmModel *m = model(&spec, 9);
    for (int i = 0; i < m->n_params; i++) {
        const LmParam *p = &m->params[i];
        for (int64_t j = 0; j < p->rows * p->ld; j++) {
            bool is_zero = p->is_bias || j % p->ld >= p->cols;
            assert_true(!is_zero || lm_model_param_data(m, i)[j] == 0);
        }
    }
    lm_model_unref(m);
}

/* Correlation of n pairs of independent numbers: standard deviation 1/sqrt(n). */
static void assert_independent(const LmModel *a, int i, const LmModel *b, int j)
{
    int64_t n =
        LM_MIN(a->params[i].rows * a->params[i].cols, b->params[j].rows * b->params[j].cols);
    double sum = 0;
    double sizes[2] = {0};
    for (int64_t k = 0; k < n; k++) {
        double x = (double)weight(a, i, k);
        double y = (double)weight(b, j, k);
        sum += x * y;
        sizes[0] += x * x;
        sizes[1] += y * y;
    }
    assert_true(fabs(sum) <= 6 * sqrt(sizes[0] * sizes[1] / (double)n));
}

static void test_seeds_and_layers_are_independent(void **state)
{
    (void)state;
    HelpSpec spec = help_nets_walkthrough();
    static const uint64_t seeds[] = {0, 1, 2, 1ull << 32, UINT64_MAX};
    for (size_t i = 0; i < LM_ARRAY_LEN(seeds); i++) {
        LmModel *a = model(&spec, seeds[i]);
        for (size_t j = 0; j < i; j++) {
            LmModel *b = model(&spec, seeds[j]);
            for (int p = 0; p < 8; p += 2) {
                assert_independent(a, p, b, p);
            }
            lm_model_unref(b);
        }
        assert_independent(a, 0, a, 2);
        assert_independent(a, 2, a, 4);
        assert_independent(a, 4, a, 6);
        lm_model_unref(a);
    }
}

/* The same seed and shape: the same bits, whatever stands behind. */
static void test_weights_depend_on_seed_and_place_alone(void **state)
{
    (void)state;
    HelpSpec spec = help_nets_walkthrough();
    LmModel *a = model(&spec, 4);
    LmModel *b = model(&spec, 4);
    spec.n = 3;
    LmModel *shorter = model(&spec, 4);
    char digest_a[65];
    char digest_b[65];
    lm_model_digest(a, digest_a);
    lm_model_digest(b, digest_b);
    assert_string_equal(digest_a, digest_b);
    for (int i = 0; i < shorter->n_params; i++) {
        assert_memory_equal(lm_model_param_data(a, i), lm_model_param_data(shorter, i),
                            (size_t)(a->params[i].rows * a->params[i].ld) * sizeof(float));
    }
    lm_model_unref(a);
    lm_model_unref(b);
    lm_model_unref(shorter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glorot_uniform),
        cmocka_unit_test(test_biases_and_padding_are_zero),
        cmocka_unit_test(test_seeds_and_layers_are_independent),
        cmocka_unit_test(test_weights_depend_on_seed_and_place_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
