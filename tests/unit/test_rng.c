/* Random numbers: the authors' vectors, pinned streams of our own, bounds and independence. */
#include "help_test.h"

#include <math.h>

#include "base/rng.h"

/* Random123's tests/kat_vectors, the three lines "philox4x32 10". */
static void test_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4];
        uint32_t key[2];
        uint32_t out[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        uint32_t out[4];
        lm_rng_philox(cases[i].key, cases[i].counter, out);
        assert_memory_equal(out, cases[i].out, sizeof out);
    }
}

/* The stream is the blocks of counters 0, 1, 2 in order, key and counter built from the arguments.
 */
static void test_stream_layout(void **state)
{
    (void)state;
    LmRng rng = lm_rng(0x1122334455667788, LM_RNG_SHUFFLE, 0xABCDEF012345, 0x6789ABCDEF);
    const uint32_t key[2] = {0x55667788, 0x11223344};
    uint32_t counter[4] = {0, 0xEF012345, 0x89ABCDEF, 2u << 24 | 0xABCDu << 8 | 0x67};
    for (counter[0] = 0; counter[0] < 3; counter[0]++) {
        uint32_t block[4];
        lm_rng_philox(key, counter, block);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(lm_rng_u32(&rng), block[i]);
        }
    }
}

static void test_arguments_never_collide(void **state)
{
    (void)state;
    static const uint64_t a[] = {0, 1, 1ull << 31, 1ull << 32, (1ull << 48) - 1};
    static const uint64_t b[] = {0, 1, 1ull << 31, 1ull << 32, (1ull << 40) - 1};
    uint32_t seen[2 * 25][3];
    size_t n = 0;
    for (int stream = 1; stream <= 2; stream++) {
        for (size_t i = 0; i < 25; i++) {
            LmRng rng = lm_rng(7, (LmRngStream)stream, a[i / 5], b[i % 5]);
            memcpy(seen[n++], rng.counter + 1, sizeof seen[0]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(seen[i], seen[j], sizeof seen[0]);
        }
    }
}

static void test_below_is_in_range_and_even(void **state)
{
    (void)state;
    LmRng rng = lm_rng(1, LM_RNG_USER, 0, 0);
    static const uint32_t limits[] = {1, 2, 3, 7, 1000, 1u << 31, 0xFFFFFFFF};
    for (size_t i = 0; i < LM_ARRAY_LEN(limits); i++) {
        for (int j = 0; j < 2000; j++) {
            assert_true(lm_rng_below(&rng, limits[i]) < limits[i]);
        }
    }
    /* 70,000 draws on 7 values: 10,000 each, standard deviation 92.6; six of them is 556. */
    int counts[7] = {0};
    for (int j = 0; j < 70000; j++) {
        counts[lm_rng_below(&rng, 7)]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_in_range(counts[i], 10000 - 556, 10000 + 556);
    }
}

/* With n = 3 * 2^30, plain multiplication gives one residue of three twice as often. */
static void test_below_rejects(void **state)
{
    (void)state;
    LmRng rng = lm_rng(2, LM_RNG_USER, 0, 0);
    int counts[3] = {0};
    for (int j = 0; j < 30000; j++) {
        counts[lm_rng_below(&rng, 3u << 30) % 3]++;
    }
    for (int i = 0; i < 3; i++) {
        assert_in_range(counts[i], 10000 - 490, 10000 + 490); /* 6 x 81.6 */
    }
}

static void test_unit_interval(void **state)
{
    (void)state;
    LmRng rng = lm_rng(3, LM_RNG_USER, 0, 0);
    LmRng words = rng;
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        float f = lm_rng_float(&rng);
        assert_true(f >= 0 && f < 1);
        assert_true(f == (float)(lm_rng_u32(&words) >> 8) / 16777216.0f);
        sum += (double)f;
    }
    assert_true(fabs(sum / 10000 - 0.5) < 6 * 0.00289); /* sd of the mean: sqrt(1/12 / 10000) */
    sum = 0;
    for (int i = 0; i < 10000; i++) {
        double d = lm_rng_double(&rng);
        assert_true(d >= 0 && d < 1);
        sum += d;
    }
    assert_true(fabs(sum / 10000 - 0.5) < 6 * 0.00289);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_stream_layout),
        cmocka_unit_test(test_arguments_never_collide),
        cmocka_unit_test(test_below_is_in_range_and_even),
        cmocka_unit_test(test_below_rejects),
        cmocka_unit_test(test_unit_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
