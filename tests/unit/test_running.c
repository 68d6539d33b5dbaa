/* Statistics of f32 images against long double, and what NaN and infinity do. */
#include "help_guard.h"
#include "help_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "stats/moments.h"

static uint64_t seed;

static LmMoments *new_moments(LmAxis axis)
{
    LmError err;
    LmMoments *m = NULL;
    assert_ok(lm_moments_new(&m, axis, &err), err);
    return m;
}

enum { FN = 11, FH = 5, FW = 4, FC = 3, FITEM = FH * FW * FC };

static float *random_floats(double offset)
{
    float *x = malloc(sizeof(float) * FN * FITEM);
    LmRng rng = lm_rng(seed, LM_RNG_USER, 9, 9);
    for (int i = 0; i < FN * FITEM; i++) {
        x[i] = (float)(lm_rng_double(&rng) * 3 - 1 + offset);
    }
    return x;
}

static void add_floats(LmMoments *m, const float *x, int64_t first, int64_t n)
{
    LmError err;
    assert_ok(lm_moments_add(m, x + first * FITEM, LM_F32, n, FH, FW, FC, &err), err);
}

/* Each rounding of the accumulation is 2^-53 relative; some thousands of additions cannot lose more
 * than n * 2^-53 of the sum of magnitudes: 660 * 1.2e-16 < 1e-13, for the squares about the mean
 * likewise.
 */
static void assert_near(double got, long double want, long double scale)
{
    if (!(fabsl((long double)got - want) <= 1e-13L * scale)) {
        fail_msg("got %.17g, want %.17Lg", got, want);
    }
}

static void assert_holds_floats(const LmMoments *m, const float *x)
{
    int64_t width = lm_moments_width(m);
    int64_t total = FN * FITEM;
    for (int64_t j = 0; j < width; j++) {
        long double sum = 0;
        long double squares = 0;
        double lo = (double)x[j];
        double hi = (double)x[j];
        for (int64_t i = j; i < total; i += width) {
            sum += (long double)x[i];
            lo = LM_MIN(lo, (double)x[i]);
            hi = LM_MAX(hi, (double)x[i]);
        }
        long double mean = sum / (long double)(total / width);
        for (int64_t i = j; i < total; i += width) {
            squares += ((long double)x[i] - mean) * ((long double)x[i] - mean);
        }
        assert_near(lm_moments_mean(m, j), mean, fabsl(mean) + 1);
        assert_near(lm_moments_std(m, j), sqrtl(squares / (long double)(total / width)),
                    fabsl(mean) + 1);
        assert_true(lm_moments_min(m, j) == lo && lm_moments_max(m, j) == hi);
    }
    assert_int_equal(lm_moments_count(m), total / width);
}

/* An offset a thousand times the deviation would ruin sums of squares; two passes an image and
 * merged deviations keep all digits. */
static void test_floats(void **state)
{
    (void)state;
    LmError err;
    for (int k = 0; k < 6; k++) {
        float *x = random_floats(k < 3 ? 0 : 1000);
        LmMoments *m = new_moments((LmAxis)(k % 3));
        LmMoments *rest = new_moments((LmAxis)(k % 3));
        uint64_t s1 = 0;
        uint64_t s2 = 0;
        add_floats(m, x, 0, 4);
        add_floats(rest, x, 4, 1);
        add_floats(rest, x, 5, FN - 5);
        assert_ok(lm_moments_merge(m, rest, &err), err);
        assert_holds_floats(m, x);
        assert_false(lm_moments_sums(m, 0, &s1, &s2));
        assert_null(lm_moments_histogram(m));
        assert_fails(lm_moments_subtract(m, rest, &err), LM_EARG, err, "only statistics of u8");
        lm_moments_free(m);
        lm_moments_free(rest);
        free(x);
    }
}

static void test_floats_added_one_by_one(void **state)
{
    (void)state;
    for (int axis = 0; axis < 3; axis++) {
        float *x = random_floats(0);
        LmMoments *whole = new_moments((LmAxis)axis);
        LmMoments *single = new_moments((LmAxis)axis);
        add_floats(whole, x, 0, FN);
        for (int64_t i = 0; i < FN; i++) {
            add_floats(single, x, i, 1);
        }
        for (int64_t j = 0; j < lm_moments_width(whole); j++) {
            assert_true(lm_moments_mean(whole, j) == lm_moments_mean(single, j));
            assert_true(lm_moments_std(whole, j) == lm_moments_std(single, j));
        }
        lm_moments_free(whole);
        lm_moments_free(single);
        free(x);
    }
}

static void test_nan_and_infinity_show(void **state)
{
    (void)state;
    for (int axis = 0; axis < 3; axis++) {
        for (int place = 0; place < FN * FITEM; place += 59) {
            float *x = random_floats(0);
            x[place] = (float)NAN;
            LmMoments *m = new_moments((LmAxis)axis);
            add_floats(m, x, 0, FN);
            int64_t j = place % lm_moments_width(m);
            assert_true(isnan(lm_moments_mean(m, j)) && isnan(lm_moments_std(m, j)));
            assert_true(isnan(lm_moments_min(m, j)) && isnan(lm_moments_max(m, j)));
            lm_moments_reset(m);
            x[place] = (float)INFINITY;
            add_floats(m, x, 0, FN);
            assert_true(lm_moments_max(m, j) == (double)INFINITY);
            assert_true(isfinite(lm_moments_min(m, j)));
            assert_false(isfinite(lm_moments_mean(m, j)));
            lm_moments_free(m);
            free(x);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_floats_added_one_by_one),
        cmocka_unit_test(test_nan_and_infinity_show),
    };
    seed = help_guard_seed(7);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
