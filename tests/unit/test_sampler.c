/* Orders of epochs (src/flow/sampler.c): permutations, equal for equal seed and epoch, unlike for
 * others, and shuffled evenly. */
#include "help_test.h"

#include <math.h>

#include "augment/draw.h"
#include "flow/sampler.h"

enum { N_MAX = 5000 };

static void check_permutation(const int64_t *order, int64_t n)
{
    static bool seen[N_MAX];
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < n; i++) {
        assert_in_range(order[i], 0, n - 1);
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
    }
}

static void test_permutations(void **state)
{
    (void)state;
    static int64_t order[N_MAX + 1];
    for (int64_t n = 0; n <= N_MAX; n += n < 70 ? 1 : 493) {
        order[n] = -7;
        lm_sampler_order(order, n, true, 3, 1);
        check_permutation(order, n);
        assert_int_equal(order[n], -7);
        lm_sampler_order(order, n, false, 3, 1);
        for (int64_t i = 0; i < n; i++) {
            assert_int_equal(order[i], i);
        }
        assert_int_equal(order[n], -7);
    }
}

static void test_same_and_different(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        int64_t epoch;
    } places[] = {{0, 1},
                  {0, 2},
                  {0, 3},
                  {1, 1},
                  {1, 2},
                  {2, 1},
                  {(uint64_t)1 << 32, 1},
                  {UINT64_MAX, 1},
                  {0, (int64_t)1 << 32},
                  {0, ((int64_t)1 << 48) - 1}};
    static int64_t orders[LM_ARRAY_LEN(places)][100];
    for (size_t i = 0; i < LM_ARRAY_LEN(places); i++) {
        int64_t again[100];
        lm_sampler_order(orders[i], 100, true, places[i].seed, places[i].epoch);
        memset(again, 0xff, sizeof again);
        lm_sampler_order(again, 100, true, places[i].seed, places[i].epoch);
        assert_memory_equal(orders[i], again, sizeof again);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(orders[i], orders[k], sizeof again);
        }
    }
}

/* Worked out apart from this code, in Python. Trainings depend on it: never to change. */
static void test_known_order(void **state)
{
    (void)state;
    int64_t order[10];
    lm_sampler_order(order, 10, true, 0, 1);
    static const int64_t want[10] = {6, 0, 4, 2, 3, 9, 7, 1, 8, 5};
    assert_memory_equal(order, want, sizeof want);
    lm_sampler_order(order, 10, true, 7, 2);
    static const int64_t want2[10] = {3, 1, 5, 6, 7, 9, 2, 0, 4, 8};
    assert_memory_equal(order, want2, sizeof want2);
}

/* Every item comes to every place equally often: 8 items, 40,000 epochs, 64 counts of a mean of
 * 5,000. Their chi-square has 49 degrees of freedom (rows and columns sum up); above 103 it comes
 * in 1 of 10^5 seeds, and this seed is fixed. */
static void test_evenness(void **state)
{
    (void)state;
    int64_t counts[8][8] = {{0}};
    int64_t order[8];
    const int epochs = 40000;
    for (int e = 1; e <= epochs; e++) {
        lm_sampler_order(order, 8, true, 11, e);
        for (int i = 0; i < 8; i++) {
            counts[i][order[i]]++;
        }
    }
    double chi = 0;
    for (int i = 0; i < 64; i++) {
        double off = (double)counts[i / 8][i % 8] - epochs / 8.0;
        chi += off * off / (epochs / 8.0);
    }
    assert_true(chi < 103 && chi > 15);
}

/* Class 1 has two items of seven: they come again, and each time says how often they came. */
static void test_balance(void **state)
{
    (void)state;
    static const int32_t labels[7] = {0, 1, 0, 0, 1, 0, 0};
    int64_t order[7] = {6, 4, 5, 1, 3, 2, 0};
    LmError err;
    assert_ok(lm_sampler_balance(order, 7, labels, 2, &err), err);
    static const int64_t items[7] = {6, 4, 5, 1, 3, 4, 2};
    static const int64_t turns[7] = {0, 0, 0, 0, 0, 1, 0};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(lm_draw_item(order[i]), items[i]);
        assert_int_equal(lm_draw_turn(order[i]), turns[i]);
    }
    assert_survives_oom(lm_sampler_balance((int64_t[2]){0, 1}, 2, labels, 2, &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permutations), cmocka_unit_test(test_same_and_different),
        cmocka_unit_test(test_known_order),  cmocka_unit_test(test_evenness),
        cmocka_unit_test(test_balance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
