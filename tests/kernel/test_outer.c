/* Every variant of the whitening kernels against what outer.h says: exact counts up to the largest
 * sums there can be, the same bits as ref for doubles and floats, nothing touched outside. */
#include "help_float.h"
#include "help_guard.h"
#include "help_test.h"

#include "kernel/outer.h"

enum { PANEL = LM_OUTER_PANEL, STRIDE = PANEL + 3, PAIRS = 40 };

static uint64_t seed;

static void check_u8(const LmKernels *k, size_t n, uint32_t (*next)(LmRng *rng))
{
    LmRng rng = lm_rng(seed, LM_RNG_USER, n, 1);
    HelpGuard a = help_guard_new(n * PANEL * sizeof(uint32_t));
    HelpGuard b = help_guard_new(n * PANEL * sizeof(uint32_t));
    uint32_t *x = help_guard_back(&a, n * PANEL * sizeof *x);
    uint32_t *y = help_guard_front(&b);
    uint64_t got[PANEL * STRIDE];
    uint64_t want[PANEL * STRIDE];
    for (size_t i = 0; i < n * PANEL; i++) {
        x[i] = next(&rng) | next(&rng) << 16;
        y[i] = next(&rng) | next(&rng) << 16;
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(got); i++) {
        got[i] = want[i] = (uint64_t)1 << 60 | i;
    }
    for (size_t i = 0; i < PANEL; i++) {
        for (size_t j = 0; j < PANEL; j++) {
            for (size_t t = 0; t < n; t++) {
                uint64_t p = x[t * PANEL + i];
                uint64_t q = y[t * PANEL + j];
                want[i * STRIDE + j] += (p & 255) * (q & 255) + (p >> 16) * (q >> 16);
            }
        }
    }
    k->outer->add_u8(got, STRIDE, x, y, n);
    assert_memory_equal(got, want, sizeof want);
    help_guard_free(&a);
    help_guard_free(&b);
}

static uint32_t any_byte(LmRng *rng)
{
    return lm_rng_below(rng, 256);
}

static uint32_t largest_byte(LmRng *rng)
{
    (void)rng;
    return 255;
}

static void test_add_u8(void **state)
{
    (void)state;
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmKernels *k = lm_kernels_named(*name);
        for (size_t n = 0; n < PAIRS; n++) {
            check_u8(k, n, any_byte);
        }
        check_u8(k, LM_OUTER_PAIRS_MAX, largest_byte);
    }
}

static void check_f64(const LmKernels *k, size_t n, LmRng *rng)
{
    HelpGuard a = help_guard_new(n * PANEL * sizeof(double));
    HelpGuard b = help_guard_new(n * PANEL * sizeof(double));
    double *x = help_guard_front(&a);
    double *y = help_guard_back(&b, n * PANEL * sizeof *y);
    double got[PANEL * STRIDE];
    double want[PANEL * STRIDE];
    for (size_t i = 0; i < n * PANEL; i++) {
        x[i] = lm_rng_double(rng) - 0.3;
        y[i] = lm_rng_double(rng) * 1e3 - 500;
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(got); i++) {
        got[i] = want[i] = lm_rng_double(rng);
    }
    lm_kernels_named("ref")->outer->add_f64(want, STRIDE, x, y, n);
    k->outer->add_f64(got, STRIDE, x, y, n);
    assert_memory_equal(got, want, sizeof want);
    help_guard_free(&a);
    help_guard_free(&b);
}

static void test_add_f64(void **state)
{
    (void)state;
    LmRng rng = lm_rng(seed, LM_RNG_USER, 2, 0);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        for (size_t n = 0; n < PAIRS; n++) {
            check_f64(lm_kernels_named(*name), n, &rng);
        }
    }
}

/* Two calls are one chain: what whitening's blocks of rows rely on. */
static void test_chain_goes_on(void **state)
{
    (void)state;
    LmRng rng = lm_rng(seed, LM_RNG_USER, 3, 0);
    double x[PAIRS * PANEL];
    double once[PANEL * PANEL] = {0};
    double twice[PANEL * PANEL] = {0};
    for (size_t i = 0; i < LM_ARRAY_LEN(x); i++) {
        x[i] = lm_rng_double(&rng);
    }
    const LmOuterKernels *k = lm_kernels()->outer;
    k->add_f64(once, PANEL, x, x, PAIRS);
    k->add_f64(twice, PANEL, x, x, 7);
    k->add_f64(twice, PANEL, x + 7 * PANEL, x + 7 * PANEL, PAIRS - 7);
    assert_memory_equal(once, twice, sizeof once);
}

static void check_mix(const LmKernels *k, size_t n, size_t c, LmRng *rng)
{
    size_t bytes = n * c * sizeof(float);
    HelpGuard gx = help_guard_new(bytes);
    HelpGuard gy = help_guard_new(bytes);
    float *x = help_guard_back(&gx, bytes);
    float *y = n % 2 == 0 ? help_guard_back(&gy, bytes) : help_guard_front(&gy);
    float *want = malloc(bytes + 1);
    float w[64];
    help_float_fill(x, n * c, rng);
    help_float_fill(w, c * c, rng);
    lm_kernels_named("ref")->outer->mix_f32(want, x, n, c, w);
    k->outer->mix_f32(y, x, n, c, w);
    assert_memory_equal(y, want, bytes);
    assert_true(help_guard_is_clean(&gy, y, bytes));
    help_guard_free(&gx);
    help_guard_free(&gy);
    free(want);
}

static void test_mix(void **state)
{
    (void)state;
    LmRng rng = lm_rng(seed, LM_RNG_USER, 4, 0);
    const float x[4] = {1, 2, 3, 4};
    const float w[4] = {1, 10, 100, 1000};
    float y[4];
    lm_kernels()->outer->mix_f32(y, x, 2, 2, w);
    assert_memory_equal(y, ((float[]){201, 2010, 403, 4030}), sizeof y);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        for (size_t c = 1; c <= 8; c++) {
            for (size_t n = 0; n < 40; n++) {
                check_mix(lm_kernels_named(*name), n, c, &rng);
            }
        }
    }
}

static void test_map(void **state)
{
    (void)state;
    float table[256];
    uint8_t x[256];
    float y[256];
    for (int i = 0; i < 256; i++) {
        table[i] = (float)(i * i) - 7;
        x[i] = (uint8_t)(i * 37);
    }
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        memset(y, 0, sizeof y);
        lm_kernels_named(*name)->outer->map_u8(y, x, 255, table);
        for (int i = 0; i < 255; i++) {
            assert_true(y[i] == table[x[i]]);
        }
        assert_true(y[255] == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_u8),        cmocka_unit_test(test_add_f64),
        cmocka_unit_test(test_chain_goes_on), cmocka_unit_test(test_mix),
        cmocka_unit_test(test_map),
    };
    seed = help_guard_seed(19);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
