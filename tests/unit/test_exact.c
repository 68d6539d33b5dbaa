/* Correct rounding, against a slow oracle that divides and takes roots bit by bit. */
#include "help_test.h"

#include <math.h>

#include "base/exact.h"
#include "base/rng.h"

static LmU128 shift_in(LmU128 quotient, LmU128 *rest, LmU128 divisor)
{
    *rest <<= 1;
    bool bit = *rest >= divisor;
    *rest -= bit ? divisor : 0;
    return quotient << 1 | bit;
}

/* a / b as an integer of at least `bits` bits times 2^-shift, shift even. */
static LmU128 divide(LmU128 a, LmU128 b, int bits, int *shift, bool *is_cut)
{
    LmU128 quotient = a / b;
    LmU128 rest = a % b;
    for (*shift = 0; quotient >> (bits - 1) == 0 || *shift % 2 != 0; (*shift)++) {
        quotient = shift_in(quotient, &rest, b);
    }
    *is_cut = rest != 0;
    return quotient;
}

static double slow_mean(uint64_t n, LmI128 s1)
{
    int shift;
    bool is_cut;
    if (s1 == 0) {
        return 0;
    }
    LmU128 q = divide(s1 < 0 ? -(LmU128)s1 : (LmU128)s1, n, 55, &shift, &is_cut);
    double mean = ldexp((double)((uint64_t)q | is_cut), -shift);
    return s1 < 0 ? -mean : mean;
}

static double slow_std(uint64_t n, LmI128 s1, LmU128 s2)
{
    int shift;
    bool is_cut;
    LmU128 size = s1 < 0 ? -(LmU128)s1 : (LmU128)s1;
    LmU128 spread = s2 * n - size * size;
    if (spread == 0) {
        return 0;
    }
    LmU128 variance = divide(spread, (LmU128)n * n, 111, &shift, &is_cut);
    uint64_t root = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t trial = root | (uint64_t)1 << bit;
        root = (LmU128)trial * trial <= variance ? trial : root;
    }
    return ldexp((double)(root | is_cut | ((LmU128)root * root != variance)), -shift / 2);
}

/* S1 and S2 of MNIST and Fashion-MNIST; the doubles come from integer arithmetic elsewhere. */
static void test_known_sets(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        int64_t s1;
        uint64_t s2;
        double mean;
        double std;
    } sets[] = {
        {47040000, 1567298545, 342590800147, 33.318421449829934, 78.567489983397989},
        {7840000, 264923200, 58095386156, 33.791224489795916, 79.172463222286442},
        {47040000, 3431114169, 631470052347, 72.94035223214286, 90.02118235130526},
        {7840000, 573469082, 105272563536, 73.14656658163265, 89.8732590780972},
        {784, 27525, 5940005, 35.108418367346935, 79.64882892760731},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(sets); i++) {
        assert_true(lm_exact_mean(sets[i].n, sets[i].s1) == sets[i].mean);
        assert_true(lm_exact_std(sets[i].n, sets[i].s1, sets[i].s2) == sets[i].std);
    }
}

static void test_edges(void **state)
{
    (void)state;
    assert_true(lm_exact_mean(1, 0) == 0);
    assert_true(lm_exact_mean(3, -1) == -1.0 / 3);
    assert_true(lm_exact_mean(1, INT64_MAX) == 0x1p63);
    assert_true(lm_exact_mean(1, ((int64_t)1 << 53) + 1) == 0x1p53);     /* tie to even */
    assert_true(lm_exact_mean(1, ((int64_t)1 << 53) + 3) == 0x1p53 + 4); /* tie to even */
    assert_true(lm_exact_mean(INT64_MAX, 1) == 0x1p-63);
    assert_true(lm_exact_std(1, 5, 25) == 0);
    assert_true(lm_exact_std(2, 1, 1) == 0.5);
    assert_true(lm_exact_std(2, -1, 1) == 0.5);
    assert_true(lm_exact_std(4, 0, 4) == 1);
    /* n i32 values, half of them the smallest and half the largest */
    uint64_t n = 1000000;
    LmI128 s1 = -(LmI128)(n / 2);
    LmU128 low = (LmU128)1 << 62;
    LmU128 high = (LmU128)INT32_MAX * INT32_MAX;
    assert_true(lm_exact_std(n, s1, (low + high) * (n / 2)) == 2147483647.5);
}

/* Two values u <= v, n of them in all: any n, small and large spreads. */
static void test_against_oracle(void **state)
{
    (void)state;
    LmRng rng = lm_rng(11, LM_RNG_USER, 0, 0);
    for (int i = 0; i < 20000; i++) {
        uint64_t n = (lm_rng_u32(&rng) >> lm_rng_below(&rng, 32)) + 1;
        uint64_t n_u = lm_rng_u32(&rng) % (n + 1);
        int64_t u = (int32_t)lm_rng_u32(&rng) >> lm_rng_below(&rng, 32);
        int64_t v = (int32_t)lm_rng_u32(&rng) >> lm_rng_below(&rng, 32);
        LmI128 s1 = (LmI128)u * (int64_t)n_u + (LmI128)v * (int64_t)(n - n_u);
        LmU128 s2 = (LmU128)(u * u) * n_u + (LmU128)(v * v) * (n - n_u);
        double mean = lm_exact_mean(n, s1);
        double std = lm_exact_std(n, s1, s2);
        if (mean != slow_mean(n, s1) || std != slow_std(n, s1, s2)) {
            fail_msg("round %d: n %ju, u %jd %ju times, v %jd", i, (uintmax_t)n, (intmax_t)u,
                     (uintmax_t)n_u, (intmax_t)v);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_sets),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_against_oracle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
