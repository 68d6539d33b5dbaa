/* Second moments: exact against 128-bit sums, the same for any cut into calls and any number of
 * threads; LAPACK behind its contract. */
#include "help_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/exact.h"
#include "base/rng.h"
#include "base/threads.h"
#include "stats/covariance.h"

static uint8_t *bytes_new(int64_t n, uint64_t turn)
{
    LmRng rng = lm_rng(3, LM_RNG_USER, turn, 0);
    uint8_t *x = malloc((size_t)n);
    for (int64_t i = 0; i < n; i++) {
        x[i] = (uint8_t)lm_rng_below(&rng, 256);
    }
    return x;
}

static void add_bytes(LmCovariance *c, const uint8_t *x, int64_t n, int64_t step)
{
    for (int64_t first = 0; first < n; first += step) {
        const uint8_t *rows[LM_COVARIANCE_ROWS_U8];
        int64_t m = LM_MIN(step, n - first);
        for (int64_t t = 0; t < m; t++) {
            rows[t] = x + (first + t) * c->d;
        }
        lm_covariance_add_u8(c, rows, m);
    }
}

static double *moments_u8(const uint8_t *x, int64_t n, int64_t d, int64_t step, const double *a,
                          const double *b, bool is_centered)
{
    LmError err;
    LmCovariance c;
    uint64_t *s1 = calloc((size_t)d, sizeof *s1);
    assert_ok(lm_covariance_init(&c, d, true, &err), err);
    add_bytes(&c, x, n, step);
    for (int64_t i = 0; i < n * d; i++) {
        s1[i % d] += x[i];
    }
    double *m = lm_covariance_take_u8(&c, (uint64_t)n, s1, a, b, d, is_centered);
    free(s1);
    return m;
}

/* With a = 1 and b = the negative mean, what is left of the mean is 0 but for rounding, and n * M
 * is the exact integer n*S2 - S1*S1 rounded once and divided once. */
static void test_exact(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{1, 1}, {2, 1}, {7, 3}, {513, 16}, {1025, 17}, {600, 40}};
    for (size_t k = 0; k < LM_ARRAY_LEN(sizes); k++) {
        int64_t n = sizes[k][0];
        int64_t d = sizes[k][1];
        uint8_t *x = bytes_new(n * d, k);
        double *a = malloc((size_t)d * sizeof *a);
        double *b = calloc((size_t)d, sizeof *b);
        for (int64_t i = 0; i < d; i++) {
            a[i] = 1;
        }
        double *m = moments_u8(x, n, d, LM_COVARIANCE_ROWS_U8, a, b, true);
        double *cut = moments_u8(x, n, d, 37, a, b, true);
        for (int64_t i = 0; i < d; i++) {
            for (int64_t j = i; j < d; j++) {
                LmI128 s2 = 0;
                LmI128 si = 0;
                LmI128 sj = 0;
                for (int64_t t = 0; t < n; t++) {
                    s2 += x[t * d + i] * x[t * d + j];
                    si += x[t * d + i];
                    sj += x[t * d + j];
                }
                double want = (double)(n * s2 - si * sj) / (double)n;
                assert_true(m[i * d + j] == want && cut[i * d + j] == want);
            }
        }
        lm_mem_free(m);
        lm_mem_free(cut);
        free(x);
        free(a);
        free(b);
    }
}

/* Moments of a*x + b about 0 against long double sums of the products themselves: entries are off
 * by the 4 roundings that lm_whitening_tolerance states, relative to sqrt(M[i][i] M[j][j]). */
static void test_affine(void **state)
{
    (void)state;
    enum { N = 300, D = 19 };
    uint8_t *x = bytes_new(N * D, 99);
    double a[D];
    double b[D];
    for (int i = 0; i < D; i++) {
        a[i] = 1.0 / (i + 3);
        b[i] = i % 4 - 20.5;
    }
    double *m = moments_u8(x, N, D, 512, a, b, false);
    for (int i = 0; i < D; i++) {
        for (int j = i; j < D; j++) {
            long double want = 0;
            for (int t = 0; t < N; t++) {
                want += ((long double)a[i] * x[t * D + i] + (long double)b[i]) *
                        ((long double)a[j] * x[t * D + j] + (long double)b[j]);
            }
            double scale = sqrt(m[i * D + i] * m[j * D + j]);
            assert_true(fabs((double)(want - (long double)m[i * D + j])) <= 4 * 0x1p-52 * scale);
        }
    }
    lm_mem_free(m);
    free(x);
}

static double *moments_f64(const double *x, int64_t n, int64_t d, int64_t step)
{
    LmError err;
    LmCovariance c;
    assert_ok(lm_covariance_init(&c, d, false, &err), err);
    for (int64_t first = 0; first < n; first += step) {
        const double *rows[LM_COVARIANCE_ROWS_F64];
        int64_t m = LM_MIN(step, n - first);
        for (int64_t t = 0; t < m; t++) {
            rows[t] = x + (first + t) * d;
        }
        lm_covariance_add_f64(&c, rows, m);
    }
    return lm_covariance_take_f64(&c);
}

static void test_doubles(void **state)
{
    (void)state;
    enum { N = 300, D = 35 };
    LmRng rng = lm_rng(5, LM_RNG_USER, 0, 0);
    double x[N * D];
    int before = lm_threads();
    for (int i = 0; i < N * D; i++) {
        x[i] = lm_rng_double(&rng) - 0.5;
    }
    double *m = moments_f64(x, N, D, LM_COVARIANCE_ROWS_F64);
    for (int threads = 1; threads <= 5; threads += 2) {
        lm_threads_set(threads);
        double *again = moments_f64(x, N, D, 11);
        for (int i = 0; i < D; i++) {
            for (int j = i; j < D; j++) {
                double want = 0;
                for (int t = 0; t < N; t++) {
                    want = fma(x[t * D + i], x[t * D + j], want);
                }
                assert_true(m[i * D + j] == want && again[i * D + j] == want);
            }
        }
        lm_mem_free(again);
    }
    lm_threads_set(before);
    lm_mem_free(m);
}

static void test_eigen(void **state)
{
    (void)state;
    /* 2 and 4 along the diagonals, and 9 apart. */
    double a[9] = {3, -1, 0, (double)NAN, 3, 0, (double)NAN, (double)NAN, 9};
    double w[3];
    double v[9];
    LmError err;
    assert_ok(lm_covariance_eigen(a, 3, w, v, &err), err);
    assert_float_equal(w[0], 2, 1e-14);
    assert_float_equal(w[1], 4, 1e-14);
    assert_float_equal(w[2], 9, 1e-14);
    assert_float_equal(fabs(v[0]), sqrt(0.5), 1e-14);
    assert_float_equal(v[0], v[1], 1e-14);
    assert_float_equal(fabs(v[8]), 1, 1e-14);
    double one = 7;
    assert_ok(lm_covariance_eigen(&one, 1, w, v, &err), err);
    assert_true(w[0] == 7 && fabs(v[0]) == 1);
    double bad[4] = {1, (double)INFINITY, 0, 1};
    assert_fails(lm_covariance_eigen(bad, 2, w, v, &err), LM_ENUMERIC, err, "are not finite");
}

static LmStatus init_and_free(LmError *err)
{
    LmCovariance c;
    LmStatus st = lm_covariance_init(&c, 20, true, err);
    if (st == LM_OK) {
        lm_covariance_fini(&c);
    }
    return st;
}

static LmStatus eigen_of_ones(LmError *err)
{
    double a[4] = {1, 1, 1, 1};
    double w[2];
    double v[4];
    return lm_covariance_eigen(a, 2, w, v, err);
}

static void test_memory(void **state)
{
    (void)state;
    LmError err;
    LmCovariance c;
    assert_survives_oom(init_and_free(&err), err);
    assert_survives_oom(eigen_of_ones(&err), err);
    assert_fails(lm_covariance_init(&c, LM_COVARIANCE_FEATURES_MAX + 1, true, &err), LM_EARG, err,
                 "46341 features, wanted at most 46340");
    size_t before = lm_mem_in_use();
    assert_ok(lm_covariance_init(&c, 50, false, &err), err);
    assert_true((double)(lm_mem_in_use() - before) == lm_covariance_bytes(50, false));
    lm_covariance_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact), cmocka_unit_test(test_affine), cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_eigen), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
