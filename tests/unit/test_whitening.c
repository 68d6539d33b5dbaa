/* The whitening matrix: what whitening means, both ways to it, what is dropped. Bounds: the matrix
 * is rounded to floats once (u = 2^-24 of each number), all before that is double. */
#include "help_test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "stats/covariance.h"
#include "stats/whitening.h"

static const LmWhitenOptions plain = {.epsilon = 0, .tolerance = 1e-12};

/* Mixed random numbers, so that directions differ in strength. */
static double *rows_new(int64_t n, int64_t d, uint64_t turn)
{
    LmRng rng = lm_rng(11, LM_RNG_USER, turn, 0);
    double *x = malloc((size_t)(n * d) * sizeof *x);
    for (int64_t t = 0; t < n; t++) {
        for (int64_t i = 0; i < d; i++) {
            double before = i > 0 ? x[t * d + i - 1] : 0;
            x[t * d + i] = lm_rng_double(&rng) - 0.4 + 0.5 * before;
        }
    }
    return x;
}

static double *moments_of(const double *x, int64_t n, int64_t d)
{
    double *m = NULL;
    LmError err;
    assert_ok(lm_mem_zeros(&m, (size_t)(d * d), sizeof *m, &err), err);
    for (int64_t t = 0; t < n; t++) {
        for (int64_t i = 0; i < d * d; i++) {
            m[i] += x[t * d + i / d] * x[t * d + i % d];
        }
    }
    return m;
}

static LmWhitening from_moments(const double *x, int64_t n, int64_t d, const LmWhitenOptions *o)
{
    LmWhitening w;
    LmError err;
    assert_ok(lm_whitening_from_moments(moments_of(x, n, d), d, (double)n, o, &w, &err), err);
    return w;
}

static LmWhitening from_rows(const double *x, int64_t n, int64_t d, const LmWhitenOptions *o)
{
    LmWhitening w;
    LmError err;
    assert_ok(lm_whitening_from_rows(x, n, d, o, &w, &err), err);
    return w;
}

/* y = x W, expanded; d numbers a row */
static double *whiten(const LmWhitening *w, const double *x, int64_t n, int64_t d)
{
    LmTensor full;
    LmError err;
    double *y = calloc((size_t)(n * d), sizeof *y);
    assert_ok(lm_whitening_expand(&w->matrix, &full, &err), err);
    assert_int_equal(full.shape[0], d);
    for (int64_t t = 0; t < n; t++) {
        for (int64_t i = 0; i < d * d; i++) {
            y[t * d + i % d] += x[t * d + i / d] * (double)((const float *)full.data)[i];
        }
    }
    lm_tensor_fini(&full);
    return y;
}

/* transpose(Y) Y / n is the identity. */
static void test_moments_become_one(void **state)
{
    (void)state;
    enum { N = 200, D = 23 };
    double *x = rows_new(N, D, 1);
    LmWhitening w = from_moments(x, N, D, &plain);
    double *y = whiten(&w, x, N, D);
    double *m = moments_of(y, N, D);
    assert_int_equal(w.rank, D);
    assert_int_equal(w.dropped, 0);
    for (int i = 0; i < D * D; i++) {
        assert_float_equal(m[i] / N, (i / D == i % D ? 1 : 0), 1e-5);
    }
    lm_mem_free(m);
    lm_tensor_fini(&w.matrix);
    free(x);
    free(y);
}

/* With n <= d, Y transpose(Y) / n is the identity, both from rows and from moments. */
static void test_few_rows(void **state)
{
    (void)state;
    enum { N = 9, D = 31 };
    double *x = rows_new(N, D, 2);
    LmWhitening ways[] = {from_rows(x, N, D, &plain), from_moments(x, N, D, &plain)};
    for (int k = 0; k < 2; k++) {
        double *y = whiten(&ways[k], x, N, D);
        assert_int_equal(ways[k].rank, N);
        assert_int_equal(ways[k].dropped, D - N);
        assert_int_equal(ways[k].matrix.shape[0], N);
        for (int s = 0; s < N * N; s++) {
            double sum = 0;
            for (int i = 0; i < D; i++) {
                sum += y[s / N * D + i] * y[s % N * D + i];
            }
            assert_float_equal(sum / N, (s / N == s % N ? 1 : 0), 1e-6);
        }
        lm_tensor_fini(&ways[k].matrix);
        free(y);
    }
    free(x);
}

static double number_of(const LmWhitening *w, int i)
{
    return (double)((const float *)w->matrix.data)[i];
}

/* Diagonal moments 400, 100, 25, 0 of 25 rows: singular values 20, 10, 5, 0, so the weights are
 * known: 5/(s + epsilon), or 1/sqrt(s^2/25 + epsilon). */
static void check_diagonal(const LmWhitenOptions *o, const double want[4], int64_t rank)
{
    static const double diagonal[4] = {400, 0, 100, 25};
    double *m = NULL;
    LmWhitening w;
    LmError err;
    assert_ok(lm_mem_zeros(&m, 16, sizeof *m, &err), err);
    for (int i = 0; i < 4; i++) {
        m[i * 5] = diagonal[i];
    }
    assert_ok(lm_whitening_from_moments(m, 4, 25, o, &w, &err), err);
    assert_int_equal(w.rank, rank);
    assert_int_equal(w.dropped, 1);
    LmTensor full;
    assert_ok(lm_whitening_expand(&w.matrix, &full, &err), err);
    for (int i = 0; i < 16; i++) {
        double got = (double)((const float *)full.data)[i];
        assert_float_equal(got, (i % 5 == 0 ? want[i / 5] : 0), 1e-7);
    }
    lm_tensor_fini(&full);
    lm_tensor_fini(&w.matrix);
}

static void test_weights(void **state)
{
    (void)state;
    LmWhitenOptions o = plain;
    check_diagonal(&o, (double[]){0.25, 0, 0.5, 1}, 3);
    o.epsilon = 5;
    check_diagonal(&o, (double[]){0.2, 0, 5.0 / 15, 0.5}, 3);
    o.is_eigen = true;
    check_diagonal(&o, (double[]){1 / sqrt(21), 0, 1.0 / 3, 1 / sqrt(6)}, 3);
    o.components = 2;
    check_diagonal(&o, (double[]){1 / sqrt(21), 0, 1.0 / 3, 0}, 2);
    o.components = 1;
    check_diagonal(&o, (double[]){1 / sqrt(21), 0, 0, 0}, 1);
}

static void test_symmetric(void **state)
{
    (void)state;
    enum { D = 40 };
    double *x = rows_new(100, D, 3);
    LmWhitening w = from_moments(x, 100, D, &plain);
    for (int i = 0; i < D * D; i++) {
        assert_true(number_of(&w, i) == number_of(&w, i % D * D + i / D));
    }
    lm_tensor_fini(&w.matrix);
    free(x);
}

/* A column twice, one of zeros, one that is the sum of others. */
static void test_drops(void **state)
{
    (void)state;
    enum { N = 60, D = 8 };
    double *x = rows_new(N, D, 4);
    LmWhitenOptions o = plain;
    o.tolerance = lm_whitening_tolerance(N, D, false);
    for (int t = 0; t < N; t++) {
        double *row = x + t * D;
        row[3] = row[0];
        row[5] = 0;
        row[7] = row[1] + row[2];
    }
    LmWhitening w = from_moments(x, N, D, &o);
    assert_int_equal(w.rank, D - 3);
    assert_int_equal(w.dropped, 3);
    for (int i = 0; i < D; i++) {
        assert_float_equal(number_of(&w, 5 * D + i), 0, 1e-7);
    }
    lm_tensor_fini(&w.matrix);
    /* The same row three times, of few. */
    for (int i = 0; i < D; i++) {
        x[D + i] = x[2 * D + i] = x[i];
    }
    w = from_rows(x, 4, D, &o);
    assert_int_equal(w.rank, 2);
    assert_int_equal(w.dropped, D - 2);
    lm_tensor_fini(&w.matrix);
    free(x);
}

static void test_smallest(void **state)
{
    (void)state;
    double x[3] = {3, 0, 4};
    LmWhitening w = from_rows(x, 1, 3, &plain);
    /* One row: W = u u' / |x|, u = x/5. */
    assert_int_equal(w.rank, 1);
    assert_float_equal((number_of(&w, 0) * number_of(&w, 2)), 12.0 / 125, 1e-8);
    lm_tensor_fini(&w.matrix);
    w = from_moments(x, 1, 1, &plain);
    assert_float_equal(number_of(&w, 0), 1.0 / 3, 1e-8);
    lm_tensor_fini(&w.matrix);
}

static void test_refuses(void **state)
{
    (void)state;
    LmError err;
    LmWhitening w;
    double zero[6] = {0};
    size_t before = lm_mem_in_use();
    assert_fails(lm_whitening_from_moments(moments_of(zero, 1, 2), 2, 1, &plain, &w, &err),
                 LM_ENUMERIC, err, "nothing to whiten");
    assert_fails(lm_whitening_from_rows(zero, 2, 3, &plain, &w, &err), LM_ENUMERIC, err,
                 "nothing to whiten");
    double tiny[1] = {1e-50};
    assert_fails(lm_whitening_from_moments(moments_of(tiny, 1, 1), 1, 1, &plain, &w, &err),
                 LM_ENUMERIC, err, "which 32-bit floats cannot hold");
    double nan[1] = {(double)NAN};
    assert_fails(lm_whitening_from_moments(moments_of(nan, 1, 1), 1, 1, &plain, &w, &err),
                 LM_ENUMERIC, err, "are not finite");
    assert_int_equal(lm_mem_in_use(), before);
}

static LmStatus of_moments(const double *x, int64_t n, int64_t d, LmError *err)
{
    LmWhitening w;
    double *m = NULL;
    LmStatus st = lm_mem_alloc(&m, (size_t)(d * d), sizeof *m, err);
    for (int64_t i = 0; st == LM_OK && i < d * d; i++) {
        m[i] = i % (d + 1) == 0 ? x[i % n] * x[i % n] + 1 : 0;
    }
    if (st == LM_OK) {
        st = lm_whitening_from_moments(m, d, (double)n, &plain, &w, err);
    }
    if (st == LM_OK) {
        lm_tensor_fini(&w.matrix);
    }
    return st;
}

static LmStatus of_rows(const double *x, int64_t n, int64_t d, LmError *err)
{
    LmWhitening w;
    LmTensor full;
    LmStatus st = lm_whitening_from_rows(x, n, d, &plain, &w, err);
    if (st == LM_OK) {
        st = lm_whitening_expand(&w.matrix, &full, err);
        lm_tensor_fini(&w.matrix);
    }
    if (st == LM_OK) {
        lm_tensor_fini(&full);
    }
    return st;
}

static void test_memory(void **state)
{
    (void)state;
    LmError err;
    double *x = rows_new(12, 20, 5);
    assert_survives_oom(of_moments(x, 12, 20, &err), err);
    assert_survives_oom(of_rows(x, 4, 20, &err), err);
    assert_survives_oom(of_rows(x, 12, 20, &err), err);
    free(x);
}

/* Neither the forecast nor what is taken is far from the other. */
static void test_forecast(void **state)
{
    (void)state;
    enum { D = 300, N = 120 };
    double *x = rows_new(400, D, 6);
    double *m = moments_of(x, 400, D);
    LmError err;
    LmWhitening w;
    /* The peak of the process so far is below what is to come. */
    size_t base = lm_mem_in_use();
    assert_ok(lm_whitening_from_moments(m, D, 400, &plain, &w, &err), err);
    double taken = (double)(lm_mem_peak() - base) + 8.0 * D * D;
    double forecast = lm_whitening_bytes_moments(D);
    assert_true(taken <= forecast * 1.1 && taken >= forecast * 0.6);
    lm_tensor_fini(&w.matrix);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments_become_one),
        cmocka_unit_test(test_few_rows),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_symmetric),
        cmocka_unit_test(test_drops),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_forecast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
