/* Scaling kernels: every variant gives ref's bits for all lengths, starts and contents and touches
 * nothing outside; ref does what its contract says, checked in wider arithmetic. */
#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "help_test.h"

#include "kernel/kernel.h"

enum { LENGTH_MAX = 3200, PERIOD_MAX = 240 };

static uint64_t seed;

/* Lengths 0..67, then image sizes and their neighbours. */
static const size_t long_lengths[] = {95,   96,   97,   127,  128,  129,       255,  256,
                                      257,  783,  784,  785,  1023, 1024,      1025, 1323,
                                      2047, 2049, 3071, 3072, 3073, LENGTH_MAX};

static size_t length(size_t k)
{
    return k < 68 ? k : long_lengths[k - 68];
}

static size_t n_lengths(void)
{
    return 68 + LM_ARRAY_LEN(long_lengths);
}

/* Contents of one turn. Images u8 and f32, pairs, bounds, mean; nasty floats every third turn. */
typedef struct Data {
    size_t n;
    uint8_t bytes[LENGTH_MAX];
    float floats[LENGTH_MAX];
    float a[LENGTH_MAX];
    float b[LENGTH_MAX];
    float lo, hi;
    double mean;
} Data;

static Data data;

static void fill(Data *d, size_t n, size_t turn)
{
    LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 0);
    d->n = n;
    for (size_t i = 0; i < n; i++) {
        d->bytes[i] = (uint8_t)(lm_rng_u32(&rng) >> 24);
    }
    void (*floats)(float *, size_t, LmRng *) =
        turn % 3 == 2 ? help_float_fill_nasty : help_float_fill;
    floats(d->floats, n, &rng);
    floats(d->a, LENGTH_MAX, &rng);
    floats(d->b, LENGTH_MAX, &rng);
    d->lo = help_float_random(&rng);
    d->hi = d->lo + lm_rng_float(&rng);
    d->mean = lm_rng_double(&rng);
}

/* --- every variant against ref --- */

/* One call of a kernel: n numbers from `x` (NULL: y in place) to `y`, with period `period`. */
typedef void CallFn(const LmScaleKernels *k, float *y, const void *x, size_t n, size_t period);

static void call_affine_u8(const LmScaleKernels *k, float *y, const void *x, size_t n,
                           size_t period)
{
    k->affine_u8(y, x, n, data.a[period], data.b[period]);
}

static void call_affine_f32(const LmScaleKernels *k, float *y, const void *x, size_t n,
                            size_t period)
{
    k->affine_f32(y, x, n, data.a[period], data.b[period]);
}

/* The pairs end at a guard page. */
static HelpGuard guard_a;
static HelpGuard guard_b;

static const float *guarded(const HelpGuard *g, const float *x, size_t n)
{
    float *copy = help_guard_back(g, n * sizeof *x);
    memcpy(copy, x, n * sizeof *x);
    return copy;
}

static void call_affine_u8_vec(const LmScaleKernels *k, float *y, const void *x, size_t n,
                               size_t period)
{
    k->affine_u8_vec(y, x, n, guarded(&guard_a, data.a, period), guarded(&guard_b, data.b, period),
                     period);
}

static void call_affine_f32_vec(const LmScaleKernels *k, float *y, const void *x, size_t n,
                                size_t period)
{
    k->affine_f32_vec(y, x, n, guarded(&guard_a, data.a, period), guarded(&guard_b, data.b, period),
                      period);
}

static void call_clip(const LmScaleKernels *k, float *y, const void *x, size_t n, size_t period)
{
    (void)x;
    (void)period;
    k->clip_f32(y, n, data.lo, data.hi);
}

static void assert_same(const LmKernels *k, const float *got, const float *want, size_t n)
{
    size_t at = help_float_differs(got, want, n);
    if (at < n) {
        fail_msg("%s, n %zu: number %zu is %a, ref has %a", k->name, n, at, (double)got[at],
                 (double)want[at]);
    }
}

/* Input and output at the ends of guarded memory and at unaligned starts; in place where the kernel
 * reads floats. */
static void check_variant(const LmKernels *k, CallFn *call, const void *x, size_t size_each,
                          const float *want, size_t period, size_t turn)
{
    static HelpGuard in;
    static HelpGuard out;
    if (in.map == NULL) {
        in = help_guard_new(LENGTH_MAX * sizeof(float) + 64);
        out = help_guard_new(LENGTH_MAX * sizeof(float) + 64);
    }
    size_t n = data.n;
    size_t bytes = n * sizeof(float);
    uint8_t *srcs[] = {help_guard_front(&in), help_guard_back(&in, n * size_each),
                       in.first + turn % 16 * size_each};
    uint8_t *dsts[] = {help_guard_back(&out, bytes), help_guard_front(&out),
                       out.first + (turn / 3) % 16 * sizeof(float)};
    for (size_t i = 0; i < LM_ARRAY_LEN(srcs); i++) {
        float *y = (float *)(void *)dsts[i];
        memcpy(srcs[i], x, n * size_each);
        help_guard_fill(&out);
        if (call == call_clip) {
            memcpy(y, x, bytes);
        }
        call(k->scale, y, srcs[i], n, period);
        assert_same(k, y, want, n);
        assert_true(help_guard_is_clean(&out, y, bytes));
        assert_memory_equal(srcs[i], x, n * size_each);
    }
    if (size_each == sizeof(float)) {
        float *y = help_guard_back(&out, bytes);
        memcpy(y, x, bytes);
        call(k->scale, y, y, n, period);
        assert_same(k, y, want, n);
    }
}

static void check_call(CallFn *call, const void *x, size_t size_each, size_t period, size_t turn)
{
    static float want[LENGTH_MAX];
    if (call == call_clip) {
        memcpy(want, x, data.n * sizeof *want);
    }
    call(lm_kernels_named("ref")->scale, want, x, data.n, period);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        check_variant(lm_kernels_named(*name), call, x, size_each, want, period, turn);
    }
}

static void test_variants_have_refs_bits(void **state)
{
    (void)state;
    static const size_t periods[] = {16, 48, 80, 112, PERIOD_MAX};
    guard_a = help_guard_new(sizeof data.a);
    guard_b = help_guard_new(sizeof data.b);
    for (size_t turn = 0; turn < 3 * n_lengths(); turn++) {
        fill(&data, length(turn / 3), turn);
        check_call(call_affine_u8, data.bytes, 1, turn % 100, turn);
        check_call(call_affine_f32, data.floats, sizeof(float), turn % 100, turn);
        check_call(call_clip, data.floats, sizeof(float), 0, turn);
        size_t period = periods[turn % LM_ARRAY_LEN(periods)];
        check_call(call_affine_u8_vec, data.bytes, 1, period, turn);
        check_call(call_affine_f32_vec, data.floats, sizeof(float), period, turn);
        if (data.n > 0) {
            check_call(call_affine_u8_vec, data.bytes, 1, data.n, turn);
            check_call(call_affine_f32_vec, data.floats, sizeof(float), data.n, turn);
        }
    }
    help_guard_free(&guard_a);
    help_guard_free(&guard_b);
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void test_variants_sum_like_ref(void **state)
{
    (void)state;
    HelpGuard g = help_guard_new(LENGTH_MAX * sizeof(float) + 64);
    const LmScaleKernels *ref = lm_kernels_named("ref")->scale;
    for (size_t turn = 0; turn < 3 * n_lengths(); turn++) {
        fill(&data, length(turn / 3), turn);
        size_t bytes = data.n * sizeof(float);
        double sum = ref->sum_f32(data.floats, data.n);
        double squares = ref->sum_squares_f32(data.floats, data.n, data.mean);
        uint8_t *starts[] = {help_guard_front(&g), help_guard_back(&g, bytes),
                             g.first + turn % 16 * sizeof(float)};
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            const LmScaleKernels *k = lm_kernels_named(*name)->scale;
            for (size_t i = 0; i < LM_ARRAY_LEN(starts); i++) {
                const float *x = memcpy(starts[i], data.floats, bytes);
                assert_true(same_double(k->sum_f32(x, data.n), sum));
                assert_true(same_double(k->sum_squares_f32(x, data.n, data.mean), squares));
            }
        }
    }
    help_guard_free(&g);
}

/* --- ref against its contract --- */

static void test_affine_rounds_once(void **state)
{
    (void)state;
    const LmScaleKernels *ref = lm_kernels_named("ref")->scale;
    static float y[LENGTH_MAX];
    for (size_t turn = 0; turn < 60; turn += 3) {
        fill(&data, LENGTH_MAX, turn);
        ref->affine_f32_vec(y, data.floats, data.n, data.a, data.b, PERIOD_MAX);
        for (size_t i = 0; i < data.n; i++) {
            long double exact = (long double)data.floats[i] * (long double)data.a[i % PERIOD_MAX] +
                                (long double)data.b[i % PERIOD_MAX];
            long double error = fabsl((long double)y[i] - exact);
            /* Half a unit in the last place of the result, and the rounding of `exact` itself
             * (64-bit significand, terms below 2). */
            assert_true(error <= fabsl(exact) * 0x1p-24L + 0x1p-62L);
        }
    }
}

/* The lanes of the contract, written as it is worded. */
static double sum_lanes(const double *v, size_t n)
{
    double lane[16] = {0};
    for (size_t l = 0; l < 16; l++) {
        for (size_t i = l; i < n; i += 16) {
            lane[l] += v[i];
        }
    }
    double eight[8];
    double four[4];
    for (size_t l = 0; l < 8; l++) {
        eight[l] = lane[l] + lane[l + 8];
    }
    for (size_t l = 0; l < 4; l++) {
        four[l] = eight[l] + eight[l + 4];
    }
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* Terms of very different size: any other order of adding shows in the last bits. */
static void test_sums_add_in_the_stated_order(void **state)
{
    (void)state;
    const LmScaleKernels *ref = lm_kernels_named("ref")->scale;
    static double terms[LENGTH_MAX];
    size_t n_order_shows = 0;
    for (size_t turn = 0; turn < 3 * n_lengths(); turn += 3) {
        fill(&data, length(turn / 3), turn);
        LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 1);
        double in_order = 0;
        for (size_t i = 0; i < data.n; i++) {
            data.floats[i] = ldexpf(data.floats[i], (int)lm_rng_below(&rng, 60) - 30);
            terms[i] = (double)data.floats[i];
            in_order += terms[i];
        }
        double want = sum_lanes(terms, data.n);
        n_order_shows += want != in_order;
        assert_true(same_double(ref->sum_f32(data.floats, data.n), want));
    }
    assert_true(n_order_shows > n_lengths() / 2);
}

static void test_squares_against_wider_arithmetic(void **state)
{
    (void)state;
    const LmScaleKernels *ref = lm_kernels_named("ref")->scale;
    for (size_t turn = 0; turn < 3 * n_lengths(); turn += 3) {
        fill(&data, length(turn / 3), turn);
        long double exact = 0;
        for (size_t i = 0; i < data.n; i++) {
            long double d = (long double)data.floats[i] - (long double)data.mean;
            exact += d * d;
        }
        double got = ref->sum_squares_f32(data.floats, data.n, data.mean);
        /* Two roundings of the difference (its square doubles them), one a fused add in a lane of
         * n/16 terms, four pairwise; all terms are positive. */
        long double bound = exact * 0x1p-53L * (long double)(2 + data.n / 16 + 1 + 4 + 1);
        assert_true(fabsl((long double)got - exact) <= bound);
    }
}

static void test_bytes_are_converted_exactly(void **state)
{
    (void)state;
    uint8_t x[256];
    float y[256];
    for (int i = 0; i < 256; i++) {
        x[i] = (uint8_t)i;
    }
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmScaleKernels *k = lm_kernels_named(*name)->scale;
        k->affine_u8(y, x, 256, 1, 0);
        for (int i = 0; i < 256; i++) {
            assert_true(y[i] == (float)i);
        }
        k->affine_u8(y, x, 256, (float)(1.0 / 255), 0);
        assert_true(y[0] == 0 && y[255] == 1);
    }
}

static void test_clip_bounds(void **state)
{
    (void)state;
    const float in[] = {-INFINITY, -2, -1, -0.0F, 0, 0.5F, 3, 4, INFINITY, NAN};
    const float want[] = {-1, -1, -1, -0.0F, 0, 0.5F, 3, 3, 3, -1};
    enum { N = LM_ARRAY_LEN(in), COPIES = 5 };
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmKernels *k = lm_kernels_named(*name);
        float y[N * COPIES];
        float open[N * COPIES];
        for (size_t i = 0; i < N * COPIES; i++) {
            y[i] = in[i % N];
            open[i] = in[i % N];
        }
        k->scale->clip_f32(y, N * COPIES, -1, 3);
        k->scale->clip_f32(open, N * COPIES, -INFINITY, INFINITY);
        for (size_t i = 0; i < N * COPIES; i++) {
            assert_true(help_float_is_same(y[i], want[i % N]));
            float as_is = isnan(in[i % N]) ? -INFINITY : in[i % N];
            assert_true(help_float_is_same(open[i], as_is));
        }
    }
}

int main(void)
{
    seed = help_guard_seed(20240611);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants_have_refs_bits),
        cmocka_unit_test(test_variants_sum_like_ref),
        cmocka_unit_test(test_affine_rounds_once),
        cmocka_unit_test(test_sums_add_in_the_stated_order),
        cmocka_unit_test(test_squares_against_wider_arithmetic),
        cmocka_unit_test(test_bytes_are_converted_exactly),
        cmocka_unit_test(test_clip_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
