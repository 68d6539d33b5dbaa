/* Every variant of the statistics kernels against plain loops: equal numbers for all lengths,
 * starts and contents, and not one byte touched outside. */
#include "help_guard.h"
#include "help_test.h"

#include "base/rng.h"
#include "kernel/kernel.h"

enum { LENGTH_MAX = 9999, FILLS = 4 };

static uint64_t seed;

/* Lengths 0..67, then around the widths at which kernels change their ways. */
static const size_t long_lengths[] = {95,   96,   127,  128,  129,  255,  256,  257,
                                      783,  784,  785,  1023, 1024, 1025, 1055, 1056,
                                      1057, 2047, 2049, 3001, 4095, 4097, 8191, LENGTH_MAX};

static size_t length(size_t k)
{
    return k < 68 ? k : long_lengths[k - 68];
}

static size_t n_lengths(void)
{
    return 68 + LM_ARRAY_LEN(long_lengths);
}

/* noise; only 255; runs of equal bytes; noise with margins of 0, as images have */
static void fill(uint8_t *v, size_t n, int kind, uint64_t turn)
{
    LmRng rng = lm_rng(seed, LM_RNG_USER, turn, (uint64_t)kind);
    uint8_t last = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t r = lm_rng_u32(&rng);
        if (kind == 1) {
            v[i] = 255;
        } else if (kind == 2) {
            last = r % 50 == 0 ? (uint8_t)(r >> 8) : last;
            v[i] = last;
        } else {
            v[i] = kind == 3 && i / 40 % 2 == 0 ? 0 : (uint8_t)(r >> 8);
        }
    }
}

/* Calls test(kernels, v, n) with v at both ends of guarded memory and at every start modulo 64. */
static void for_all(void (*test)(const LmStatsKernels *k, const uint8_t *v, size_t n))
{
    HelpGuard g = help_guard_new(LENGTH_MAX + 64);
    uint8_t *data = malloc(LENGTH_MAX);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmStatsKernels *k = lm_kernels_named(*name)->stats;
        for (size_t turn = 0; turn < n_lengths() * FILLS; turn++) {
            size_t n = length(turn / FILLS);
            fill(data, n, (int)(turn % FILLS), turn);
            uint8_t *starts[] = {help_guard_front(&g), help_guard_back(&g, n), g.first + turn % 64};
            for (size_t s = 0; s < LM_ARRAY_LEN(starts); s++) {
                help_guard_fill(&g);
                memcpy(starts[s], data, n);
                test(k, starts[s], n);
                assert_true(help_guard_is_clean(&g, starts[s], n));
                assert_memory_equal(starts[s], data, n);
            }
        }
    }
    free(data);
    help_guard_free(&g);
}

static void check_sums(const LmStatsKernels *k, const uint8_t *v, size_t n)
{
    uint64_t s1 = 3;
    uint64_t s2 = (uint64_t)1 << 60;
    uint64_t want1 = s1;
    uint64_t want2 = s2;
    for (size_t i = 0; i < n; i++) {
        want1 += v[i];
        want2 += (uint64_t)v[i] * v[i];
    }
    k->sums_u8(v, n, &s1, &s2);
    assert_int_equal(s1, want1);
    assert_int_equal(s2, want2);
}

static void test_sums(void **state)
{
    (void)state;
    for_all(check_sums);
}

/* Outputs that end at a guard page, too, filled with a start value each. */
typedef struct Outputs {
    HelpGuard a, b;
} Outputs;

static Outputs outputs_new(size_t bytes)
{
    return (Outputs){help_guard_new(bytes), help_guard_new(bytes)};
}

static void check_pixel_at(const LmStatsKernels *k, const uint8_t *v, size_t n, Outputs *o,
                           bool is_back)
{
    uint32_t *s1 = is_back ? help_guard_back(&o->a, 4 * n) : help_guard_front(&o->a);
    uint32_t *s2 = is_back ? help_guard_back(&o->b, 4 * n) : help_guard_front(&o->b);
    help_guard_fill(&o->a);
    help_guard_fill(&o->b);
    for (size_t i = 0; i < n; i++) {
        s1[i] = (uint32_t)i;
        s2[i] = (uint32_t)(3 * i);
    }
    k->sums_u8_pixel(v, n, s1, s2);
    k->sums_u8_pixel(v, n, s1, s2);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(s1[i], i + 2 * (uint32_t)v[i]);
        assert_int_equal(s2[i], 3 * i + 2 * (uint32_t)v[i] * v[i]);
    }
    assert_true(help_guard_is_clean(&o->a, s1, 4 * n));
    assert_true(help_guard_is_clean(&o->b, s2, 4 * n));
}

static void check_pixel(const LmStatsKernels *k, const uint8_t *v, size_t n)
{
    static Outputs o;
    if (o.a.map == NULL) {
        o = outputs_new(4 * LENGTH_MAX);
    }
    check_pixel_at(k, v, n, &o, n % 2 == 0);
    check_pixel_at(k, v, n, &o, true);
}

static void test_pixel(void **state)
{
    (void)state;
    for_all(check_pixel);
}

static void check_channels(const LmStatsKernels *k, const uint8_t *v, size_t n, size_t c,
                           Outputs *o)
{
    uint64_t want1[LM_SUM_CHANNELS_MAX];
    uint64_t want2[LM_SUM_CHANNELS_MAX];
    uint64_t *s1 = help_guard_back(&o->a, 8 * c);
    uint64_t *s2 = help_guard_back(&o->b, 8 * c);
    size_t used = n / c * c;
    help_guard_fill(&o->a);
    help_guard_fill(&o->b);
    for (size_t j = 0; j < c; j++) {
        want1[j] = s1[j] = (uint64_t)j << 40;
        want2[j] = s2[j] = j;
    }
    for (size_t i = 0; i < used; i++) {
        want1[i % c] += v[i];
        want2[i % c] += (uint64_t)v[i] * v[i];
    }
    k->sums_u8_channel(v, used, c, s1, s2);
    assert_memory_equal(s1, want1, 8 * c);
    assert_memory_equal(s2, want2, 8 * c);
    assert_true(help_guard_is_clean(&o->a, s1, 8 * c));
    assert_true(help_guard_is_clean(&o->b, s2, 8 * c));
}

static void check_channel(const LmStatsKernels *k, const uint8_t *v, size_t n)
{
    static Outputs o;
    if (o.a.map == NULL) {
        o = outputs_new(8 * LM_SUM_CHANNELS_MAX);
    }
    size_t step = n > 300 ? 13 : 1;
    for (size_t c = 1; c <= LM_SUM_CHANNELS_MAX; c += c < 5 ? 1 : step) {
        check_channels(k, v, n, c, &o);
    }
}

static void test_channel(void **state)
{
    (void)state;
    for_all(check_channel);
}

static void check_histogram(const LmStatsKernels *k, const uint8_t *v, size_t n)
{
    uint64_t counts[256];
    uint64_t want[256];
    for (int i = 0; i < 256; i++) {
        want[i] = counts[i] = (uint64_t)i << 33;
    }
    for (size_t i = 0; i < n; i++) {
        want[v[i]]++;
    }
    k->histogram_u8(v, n, counts);
    assert_memory_equal(counts, want, sizeof want);
}

static void test_histogram(void **state)
{
    (void)state;
    for_all(check_histogram);
}

static void check_bounds_of(const LmStatsKernels *k, const uint8_t *v, size_t n, size_t period,
                            Outputs *o)
{
    static uint8_t want_lo[LENGTH_MAX];
    static uint8_t want_hi[LENGTH_MAX];
    uint8_t *lo = help_guard_back(&o->a, period);
    uint8_t *hi = help_guard_back(&o->b, period);
    help_guard_fill(&o->a);
    help_guard_fill(&o->b);
    for (size_t j = 0; j < period; j++) {
        want_lo[j] = lo[j] = (uint8_t)(255 - j % 3);
        want_hi[j] = hi[j] = (uint8_t)(j % 100);
    }
    for (size_t i = 0; i < n; i++) {
        size_t j = i % period;
        want_lo[j] = LM_MIN(want_lo[j], v[i]);
        want_hi[j] = LM_MAX(want_hi[j], v[i]);
    }
    k->bounds_u8(v, n, period, lo, hi);
    assert_memory_equal(lo, want_lo, period);
    assert_memory_equal(hi, want_hi, period);
    assert_true(help_guard_is_clean(&o->a, lo, period));
    assert_true(help_guard_is_clean(&o->b, hi, period));
}

static void check_bounds(const LmStatsKernels *k, const uint8_t *v, size_t n)
{
    static const size_t periods[] = {1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 192, 784, 4032};
    static Outputs o;
    if (o.a.map == NULL) {
        o = outputs_new(LENGTH_MAX);
    }
    if (n > 20000) {
        return; /* clearing that much guarded memory for each period takes long and shows nothing
                   new */
    }
    for (size_t p = 0; p < LM_ARRAY_LEN(periods); p++) {
        check_bounds_of(k, v, n, periods[p], &o);
    }
    if (n > 0) {
        check_bounds_of(k, v, n, n, &o);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    for_all(check_bounds);
}

/* More bytes of 255 than 32-bit lanes can take without being emptied: 33,025 steps of 64 bytes for
 * sums, 66,051 rows of 144 bytes for three channels. */
static void test_lanes_are_emptied(void **state)
{
    (void)state;
    size_t n = (size_t)66060 * 144 + 9;
    uint8_t *v = malloc(n);
    memset(v, 255, n);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmStatsKernels *k = lm_kernels_named(*name)->stats;
        uint64_t s1[3] = {0};
        uint64_t s2[3] = {0};
        k->sums_u8(v, n, s1, s2);
        assert_int_equal(s1[0], n * 255);
        assert_int_equal(s2[0], n * 65025);
        for (size_t c = 1; c <= 3; c += 2) {
            memset(s1, 0, sizeof s1);
            memset(s2, 0, sizeof s2);
            k->sums_u8_channel(v, n, c, s1, s2);
            assert_int_equal(s1[c - 1], n / c * 255);
            assert_int_equal(s2[c - 1], n / c * 65025);
        }
        uint64_t counts[256] = {0};
        k->histogram_u8(v, n, counts);
        assert_int_equal(counts[255], n);
    }
    free(v);
}

/* The caller's bound: 66,051 images of 255 still fit into 32 bits. */
static void test_pixel_sums_reach_their_bound(void **state)
{
    (void)state;
    uint8_t v[19];
    memset(v, 255, sizeof v);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmStatsKernels *k = lm_kernels_named(*name)->stats;
        uint32_t s1[19] = {0};
        uint32_t s2[19] = {0};
        for (int image = 0; image < 66051; image++) {
            k->sums_u8_pixel(v, 19, s1, s2);
        }
        for (int i = 0; i < 19; i++) {
            assert_int_equal(s1[i], 16843005);
            assert_int_equal(s2[i], 4294966275u);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_pixel),
        cmocka_unit_test(test_channel),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_lanes_are_emptied),
        cmocka_unit_test(test_pixel_sums_reach_their_bound),
    };
    seed = help_guard_seed(20240611);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
