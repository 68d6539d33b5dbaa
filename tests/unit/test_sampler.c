/* Orders of epochs: permutations, functions of (seed, epoch) alone, and even. */
#include <math.h>
#include <stdlib.h>

#include "help_guard.h"
#include "help_test.h"

#include "flow/sampler.h"

enum { N = 1000 };

static void assert_permutation(const int64_t *order, int64_t n)
{
    bool *seen = calloc((size_t)n + 1, sizeof *seen);
    for (int64_t i = 0; i < n; i++) {
        assert_true(order[i] >= 0 && order[i] < n);
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
    }
    free(seen);
}

static void test_permutations(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 2, 3, 64, 999, N};
    int64_t order[N + 1];
    for (size_t s = 0; s < LM_ARRAY_LEN(sizes); s++) {
        for (int64_t epoch = 1; epoch < 20; epoch++) {
            order[sizes[s]] = -7;
            lm_sampler_order(order, sizes[s], true, 5, epoch);
            assert_permutation(order, sizes[s]);
            assert_int_equal(order[sizes[s]], -7);
        }
    }
}

static void test_file_order(void **state)
{
    (void)state;
    int64_t order[N];
    lm_sampler_order(order, N, false, 5, 3);
    for (int64_t i = 0; i < N; i++) {
        assert_int_equal(order[i], i);
    }
}

static void test_function_of_seed_and_epoch(void **state)
{
    (void)state;
    int64_t a[N];
    int64_t b[N];
    int64_t last_epoch = ((int64_t)1 << 48) - 1;
    lm_sampler_order(a, N, true, 7, 2);
    lm_sampler_order(b, N, true, 7, 3);
    assert_memory_not_equal(a, b, sizeof a);
    lm_sampler_order(b, N, true, 8, 2);
    assert_memory_not_equal(a, b, sizeof a);
    lm_sampler_order(b, N, true, (uint64_t)1 << 63 | 7, 2);
    assert_memory_not_equal(a, b, sizeof a);
    lm_sampler_order(b, N, true, 7, 2);
    assert_memory_equal(a, b, sizeof a);
    lm_sampler_order(b, N, true, 7, last_epoch);
    assert_permutation(b, N);
}

/* "Same seed, same bits" holds between versions too: these ten were drawn once and never change. */
static void test_order_is_frozen(void **state)
{
    (void)state;
    static const int64_t want[] = {6, 0, 4, 2, 3, 9, 7, 1, 8, 5};
    int64_t order[10];
    lm_sampler_order(order, 10, true, 0, 1);
    assert_memory_equal(order, want, sizeof want);
}

/* Where items land in 5 places: 120 permutations, 60,000 draws, chi-square with 119 degrees of
 * freedom; 5 standard deviations are 119 + 5*sqrt(238) = 196. */
static void test_all_orders_are_as_likely(void **state)
{
    (void)state;
    enum { DRAWS = 60000, KINDS = 120 };
    uint64_t seed = help_guard_seed(99);
    static int counts[3125];
    for (int64_t epoch = 1; epoch <= DRAWS; epoch++) {
        int64_t order[5];
        lm_sampler_order(order, 5, true, seed, epoch);
        counts[(((order[0] * 5 + order[1]) * 5 + order[2]) * 5 + order[3]) * 5 + order[4]]++;
    }
    double chi = 0;
    int n_kinds = 0;
    for (size_t i = 0; i < LM_ARRAY_LEN(counts); i++) {
        double off = counts[i] - (double)DRAWS / KINDS;
        chi += counts[i] > 0 ? off * off / ((double)DRAWS / KINDS) : 0;
        n_kinds += counts[i] > 0;
    }
    assert_int_equal(n_kinds, KINDS);
    assert_true(chi < 196);
    assert_true(chi > 119 - 5 * sqrt(238.0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permutations),
        cmocka_unit_test(test_file_order),
        cmocka_unit_test(test_function_of_seed_and_epoch),
        cmocka_unit_test(test_order_is_frozen),
        cmocka_unit_test(test_all_orders_are_as_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
