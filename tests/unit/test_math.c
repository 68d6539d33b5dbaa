/* exp, log, sine and cosine, tanh and the logistic function of kernel/math.h against the C library
 * in long double.
 *
 * Where the bounds come from, in u = 2^-53 (a rounding costs at most u of the result, an ulp is
 * between u and 2u of a number):
 * exp: e^r in [0.707, 1.414]. Below 1 an ulp is u there: the last addition costs u/2, its product
 *   u/4, the term before 0.35 * u/2, r itself u/4: 1.2 ulp, and as much above 1. Bound 1.5.
 * log: s = (m-1)/(m+1) is off by 2u, the series adds 0.15u, their sum u: 3.15u of log m, which may
 * be 3.15 ulp. With k = -1 a log m of up to 0.347 is taken from ln 2: (3.15 * 0.347u + u/4) in ulps
 *   of u/2, and half an ulp: 3.2. Bound 3.5.
 * logistic: e is off by 1.5 ulp or 3u, the sum and the quotient by u each. Bound 5 ulp.
 * sine, cosine: x = r * pi/2 is off by 1.5u (pi/2 by less than u/2), its cube's series by 0.6u of
 * the result, the last sum by u: 3.1u, which may be 3.1 ulp; cosines, at least 0.7, by less.
 * Bound 3.5. tanh, above 0.03: 1 - e^-2a is exact but for e's 1.5u, and at least 0.058: 26u,
 * then 2.8u. 29u is below 2^-48 of the result.
 */
#include "help_test.h"

#include <float.h>
#include <math.h>

#include "base/rng.h"
#include "help_guard.h"
#include "kernel/math.h"

enum { ROUNDS = 200000 };

/* |got - want| in ulps of want. */
static double ulps(double got, long double want)
{
    int exponent;
    frexpl(want, &exponent);
    exponent = LM_MAX(exponent, DBL_MIN_EXP);
    return (double)(fabsl((long double)got - want) / ldexpl(1, exponent - DBL_MANT_DIG));
}

static void check(const char *name, double x, double got, long double want, double bound)
{
    double off = ulps(got, want);
    if (!(off <= bound)) {
        fail_msg("%s(%a): got %a, want %La, off by %.3f ulp", name, x, got, want, off);
    }
}

static double between(LmRng *rng, double lo, double hi)
{
    return lo + (hi - lo) * lm_rng_double(rng);
}

/* 2^e * [1, 2), e uniform. */
static double any_size(LmRng *rng, int lo, int hi)
{
    int e = lo + (int)lm_rng_below(rng, (uint32_t)(hi - lo));
    return ldexp(1 + lm_rng_double(rng), e);
}

static void check_exp(double x)
{
    check("exp", x, lm_math_exp(x), expl((long double)x), 1.5);
}

static void test_exp(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(51), LM_RNG_USER, 0, 0);
    for (int i = 0; i < ROUNDS; i++) {
        check_exp(between(&rng, -708, 709));
        check_exp(between(&rng, -1, 1));
        check_exp(any_size(&rng, -60, 3));
        check_exp(-any_size(&rng, -60, 3));
        /* next to odd multiples of ln2 / 2, where k changes */
        check_exp((2 * (double)lm_rng_below(&rng, 1000) - 999) * 0.34657359027997264 +
                  between(&rng, -1e-9, 1e-9));
    }
}

static void test_exp_extremes(void **state)
{
    (void)state;
    const double lowest = lm_math_exp(-708);
    const double highest = lm_math_exp(709);
    check_exp(-708);
    check_exp(709);
    assert_true(lowest >= DBL_MIN && highest <= DBL_MAX);
    static const double x[] = {709.1, 1000, 1e300, (double)INFINITY};
    for (size_t i = 0; i < LM_ARRAY_LEN(x); i++) {
        assert_true(lm_math_exp(x[i]) == highest);
        assert_true(lm_math_exp(-x[i]) == lowest);
    }
    assert_true(lm_math_exp(0) == 1 && lm_math_exp(-0.0) == 1);
    assert_true(lm_math_exp(0x1p-1074) == 1);
    assert_true(isnan(lm_math_exp((double)NAN)) && isnan(lm_math_exp(-(double)NAN)));
}

static void check_log(double x)
{
    check("log", x, lm_math_log(x), logl((long double)x), 3.5);
}

static void test_log(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(52), LM_RNG_USER, 0, 0);
    for (int i = 0; i < ROUNDS; i++) {
        check_log(any_size(&rng, -1022, 1023));
        check_log(between(&rng, 0.4, 2));
        check_log(between(&rng, 0.7071, 0.7072)); /* where m changes sides */
        check_log(1 + any_size(&rng, -50, -1));
        check_log(1 - any_size(&rng, -50, -2));
    }
}

static void test_log_extremes(void **state)
{
    (void)state;
    assert_true(lm_math_log(1) == 0);
    check_log(DBL_MIN);
    check_log(DBL_MAX);
    check_log(nextafter(1, 2));
    check_log(nextafter(1, 0));
    assert_true(isnan(lm_math_log((double)NAN)) && isnan(lm_math_log(-(double)NAN)));
    assert_true(isinf(lm_math_log((double)INFINITY)));
}

static void check_sigmoid(double x)
{
    long double e = expl(-fabsl((long double)x));
    check("sigmoid", x, lm_math_sigmoid(x), x < 0 ? e / (1 + e) : 1 / (1 + e), 5);
}

static void test_sigmoid(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(53), LM_RNG_USER, 0, 0);
    for (int i = 0; i < ROUNDS; i++) {
        check_sigmoid(between(&rng, -700, 700));
        check_sigmoid(between(&rng, -40, 40));
        check_sigmoid(any_size(&rng, -60, 5));
        check_sigmoid(-any_size(&rng, -60, 5));
    }
    static const double far[] = {720, 1e10, 1e300, (double)INFINITY};
    for (size_t i = 0; i < LM_ARRAY_LEN(far); i++) {
        assert_true(lm_math_sigmoid(far[i]) == 1);
        double low = lm_math_sigmoid(-far[i]);
        assert_true(low >= 0 && low < 1e-307);
    }
    assert_true(lm_math_sigmoid(0) == 0.5);
    assert_true(isnan(lm_math_sigmoid((double)NAN)));
}

/* By the quarter turn it lies in, so that no digit of t is lost in 2 pi t. */
static void check_sincos(double t)
{
    double sine;
    double cosine;
    lm_math_sincos_turns(t, &sine, &cosine);
    long double quarters = roundl(4 * (long double)t);
    long double x = (4 * (long double)t - quarters) * 1.57079632679489661923132169163975144L;
    long double want[4] = {sinl(x), cosl(x), -sinl(x), -cosl(x)};
    int k = (int)(llrintl(quarters) & 3);
    check("sine", t, sine, want[k], 3.5);
    check("cosine", t, cosine, want[(k + 1) & 3], 3.5);
}

static void test_sincos(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(55), LM_RNG_USER, 0, 0);
    for (int i = 0; i < ROUNDS; i++) {
        check_sincos((double)lm_rng_u32(&rng) * 0x1p-32);
        check_sincos(between(&rng, -3, 3));
        check_sincos(between(&rng, 0.124, 0.126)); /* where k changes */
        check_sincos(between(&rng, -0x1p48, 0x1p48));
        check_sincos(any_size(&rng, -1000, 3));
    }
    for (int k = -8; k <= 8; k++) {
        static const double quarter[5] = {0, 1, 0, -1, 0};
        double sine;
        double cosine;
        lm_math_sincos_turns(k / 4.0, &sine, &cosine);
        assert_true(sine == quarter[k & 3] && cosine == quarter[(k & 3) + 1]);
    }
}

static void check_tanh(double x)
{
    double got = lm_math_tanh(x);
    long double want = tanhl((long double)x);
    if (!(fabsl((long double)got - want) <= 0x1p-48L * fabsl(want))) {
        fail_msg("tanh(%a): got %a, want %La", x, got, want);
    }
    assert_true(lm_math_tanh(-x) == -got);
}

static void test_tanh(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(54), LM_RNG_USER, 0, 0);
    for (int i = 0; i < ROUNDS; i++) {
        check_tanh(between(&rng, 0, 25));
        check_tanh(between(&rng, 0.029, 0.031)); /* where series and quotient meet */
        check_tanh(between(&rng, 0, 0.03));
        check_tanh(any_size(&rng, -1000, 5));
    }
    static const double far[] = {20, 400, 1e10, 1e300, (double)INFINITY};
    for (size_t i = 0; i < LM_ARRAY_LEN(far); i++) {
        assert_true(lm_math_tanh(far[i]) == 1 && lm_math_tanh(-far[i]) == -1);
    }
    assert_true(lm_math_tanh(0) == 0 && lm_math_tanh(-0.0) == 0);
    assert_true(isnan(lm_math_tanh((double)NAN)));
}

static void test_powers_of_two(void **state)
{
    (void)state;
    for (int k = -1022; k <= 1023; k++) {
        assert_true(lm_math_pow2i(k) == ldexp(1, k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp),     cmocka_unit_test(test_exp_extremes),
        cmocka_unit_test(test_log),     cmocka_unit_test(test_log_extremes),
        cmocka_unit_test(test_sigmoid), cmocka_unit_test(test_sincos),
        cmocka_unit_test(test_tanh),    cmocka_unit_test(test_powers_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
