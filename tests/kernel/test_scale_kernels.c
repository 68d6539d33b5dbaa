/* Every variant of the scaling kernels against what kernel.h says, stated here once more: the same
 * bits for all lengths, starts and contents, in place too, and not one byte touched outside. */
#include "help_float.h"
#include "help_guard.h"
#include "help_test.h"

#include <math.h>

#include "kernel/kernel.h"

enum { LENGTH_MAX = 2600, LANES = 16 };

static uint64_t seed;

static const size_t long_lengths[] = {95,  127, 129,  255,  257,  783,
                                      784, 785, 1023, 1057, 2351, LENGTH_MAX};

static size_t length(size_t k)
{
    return k < 68 ? k : long_lengths[k - 68];
}

static size_t n_lengths(void)
{
    return 68 + LM_ARRAY_LEN(long_lengths);
}

/* Places of n elements of `size` bytes: at either guard page, or from a start modulo 64. */
static void *place(const HelpGuard *g, size_t n, size_t size, size_t turn)
{
    switch (turn % 3) {
    case 0:
        return help_guard_front(g);
    case 1:
        return help_guard_back(g, n * size);
    default:
        return g->first + turn % 64 / size * size;
    }
}

typedef struct Buffers {
    HelpGuard x, y, a, b;
    float *want;
    LmRng rng;
} Buffers;

static Buffers buffers_new(uint64_t turn)
{
    size_t bytes = (LENGTH_MAX + 64) * sizeof(float);
    return (Buffers){help_guard_new(bytes), help_guard_new(bytes),
                     help_guard_new(bytes), help_guard_new(bytes),
                     malloc(bytes),         lm_rng(seed, LM_RNG_USER, turn, 0)};
}

static void buffers_free(Buffers *s)
{
    help_guard_free(&s->x);
    help_guard_free(&s->y);
    help_guard_free(&s->a);
    help_guard_free(&s->b);
    free(s->want);
}

static void fill(float *x, size_t n, LmRng *rng, size_t turn)
{
    if (turn % 2 == 0) {
        help_float_fill(x, n, rng);
    } else {
        help_float_fill_nasty(x, n, rng);
    }
}

static void check_same(const HelpGuard *g, const float *got, const float *want, size_t n,
                       const char *name, const char *what)
{
    size_t at = help_float_differs(got, want, n);
    if (at < n) {
        fail_msg("%s %s of %zu: number %zu is %a, want %a", name, what, n, at, (double)got[at],
                 (double)want[at]);
    }
    assert_true(help_guard_is_clean(g, got, n * sizeof *got));
}

/* --- y = a*x + b --- */

static size_t period_of(LmRng *rng, size_t n, size_t turn)
{
    size_t multiple = LANES * (size_t)help_float_int(rng, 1, 9);
    return turn % 4 == 0 || n == 0 ? LM_MAX(n, 1) : multiple;
}

static void check_affine_u8(const LmKernels *k, Buffers *s, size_t n, size_t turn)
{
    size_t period = period_of(&s->rng, n, turn);
    uint8_t *x = place(&s->x, n, 1, turn);
    float *y = place(&s->y, n, 4, turn / 3);
    float *a = place(&s->a, period, 4, turn / 9);
    float *b = place(&s->b, period, 4, turn / 2);
    for (size_t i = 0; i < n; i++) {
        x[i] = (uint8_t)(turn % 5 == 0 ? 255 : lm_rng_u32(&s->rng) >> 24);
    }
    fill(a, period, &s->rng, turn);
    fill(b, period, &s->rng, turn);
    for (size_t i = 0; i < n; i++) {
        s->want[i] = fmaf((float)x[i], a[0], b[0]);
    }
    help_guard_fill(&s->y);
    k->scale->affine_u8(y, x, n, a[0], b[0]);
    check_same(&s->y, y, s->want, n, k->name, "affine_u8");
    for (size_t i = 0; i < n; i++) {
        s->want[i] = fmaf((float)x[i], a[i % period], b[i % period]);
    }
    help_guard_fill(&s->y);
    k->scale->affine_u8_vec(y, x, n, a, b, period);
    check_same(&s->y, y, s->want, n, k->name, "affine_u8_vec");
}

/* With y == x where `turn` says so. */
static void check_affine_f32(const LmKernels *k, Buffers *s, size_t n, size_t turn)
{
    size_t period = period_of(&s->rng, n, turn);
    float *x = malloc((n + 1) * sizeof *x);
    float *y = place(&s->y, n, 4, turn);
    float *src = turn % 7 == 0 ? y : place(&s->x, n, 4, turn / 3);
    float *a = place(&s->a, period, 4, turn / 9);
    float *b = place(&s->b, period, 4, turn / 2);
    fill(x, n, &s->rng, turn);
    fill(a, period, &s->rng, turn / 2);
    fill(b, period, &s->rng, turn / 4);
    for (int is_vec = 0; is_vec < 2; is_vec++) {
        for (size_t i = 0; i < n; i++) {
            size_t j = is_vec ? i % period : 0;
            s->want[i] = fmaf(x[i], a[j], b[j]);
        }
        help_guard_fill(&s->y);
        memcpy(src, x, n * sizeof *x);
        if (is_vec) {
            k->scale->affine_f32_vec(y, src, n, a, b, period);
        } else {
            k->scale->affine_f32(y, src, n, a[0], b[0]);
        }
        check_same(&s->y, y, s->want, n, k->name, is_vec ? "affine_f32_vec" : "affine_f32");
    }
    free(x);
}

/* --- clip --- */

static void check_clip(const LmKernels *k, Buffers *s, size_t n, size_t turn)
{
    static const float bounds[][2] = {{-0.5F, 0.25F},   {0, 1},          {-INFINITY, 0.1F},
                                      {0.1F, INFINITY}, {-1e30F, 1e30F}, {-INFINITY, INFINITY}};
    float lo = bounds[turn % 6][0];
    float hi = bounds[turn % 6][1];
    float *y = place(&s->y, n, 4, turn);
    help_guard_fill(&s->y);
    fill(y, n, &s->rng, turn / 6);
    for (size_t i = 0; i < n; i++) {
        s->want[i] = isnan(y[i]) || y[i] < lo ? lo : y[i] > hi ? hi : y[i];
    }
    k->scale->clip_f32(y, n, lo, hi);
    for (size_t i = 0; i < n; i++) {
        /* By value: which zero comes out where a zero meets the bound 0 is nobody's promise here.
         */
        if (!(y[i] == s->want[i]) || isnan(y[i])) {
            fail_msg("%s clip_f32 of %zu: number %zu is %a, want %a", k->name, n, i, (double)y[i],
                     (double)s->want[i]);
        }
        s->want[i] = y[i];
    }
    check_same(&s->y, y, s->want, n, k->name, "clip_f32");
}

/* All variants give the very same bits, zeros included. */
static void check_clip_variants(const LmKernels *k, Buffers *s, size_t n, size_t turn)
{
    float lo = turn % 2 == 0 ? 0.0F : -0.0F;
    float *y = place(&s->y, n, 4, turn);
    fill(y, n, &s->rng, 1);
    memcpy(s->want, y, n * sizeof *y);
    lm_kernels_named("ref")->scale->clip_f32(s->want, n, lo, 1);
    k->scale->clip_f32(y, n, lo, 1);
    assert_int_equal(help_float_differs(y, s->want, n), n);
}

/* --- sums --- */

/* kernel.h's order, in words: lane l takes x[l], x[l + 16], ...; lanes l and l + 8 are added, then
 * l and l + 4, l + 2, l + 1. */
static double naive_sum(const float *x, size_t n, bool is_squares, double mean)
{
    double lane[LANES] = {0};
    for (size_t l = 0; l < LANES; l++) {
        for (size_t i = l; i < n; i += LANES) {
            double d = (double)x[i] - mean;
            lane[l] = is_squares ? fma(d, d, lane[l]) : lane[l] + (double)x[i];
        }
    }
    double p[8], q[4];
    for (int l = 0; l < 8; l++) {
        p[l] = lane[l] + lane[l + 8];
    }
    for (int l = 0; l < 4; l++) {
        q[l] = p[l] + p[l + 4];
    }
    return (q[0] + q[2]) + (q[1] + q[3]);
}

static bool is_same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void check_sums(const LmKernels *k, Buffers *s, size_t n, size_t turn)
{
    float *x = place(&s->x, n, 4, turn);
    fill(x, n, &s->rng, turn);
    /* Sizes so different that any other order rounds differently. */
    for (size_t i = 0; i < n && turn % 2 == 0; i++) {
        x[i] = ldexpf(x[i], (int)help_float_int(&s->rng, -40, 40));
    }
    double mean = (double)help_float_random(&s->rng);
    double sum = k->scale->sum_f32(x, n);
    double squares = k->scale->sum_squares_f32(x, n, mean);
    if (!is_same(sum, naive_sum(x, n, false, 0)) ||
        !is_same(squares, naive_sum(x, n, true, mean))) {
        fail_msg("%s sums of %zu: %a and %a, want %a and %a", k->name, n, sum, squares,
                 naive_sum(x, n, false, 0), naive_sum(x, n, true, mean));
    }
}

/* --- all --- */

typedef void CheckFn(const LmKernels *k, Buffers *s, size_t n, size_t turn);

static void for_all(CheckFn *check)
{
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        Buffers s = buffers_new(1);
        for (size_t turn = 0; turn < n_lengths() * 24; turn++) {
            check(lm_kernels_named(*name), &s, length(turn / 24), turn);
        }
        buffers_free(&s);
    }
}

static void test_affine_u8(void **state)
{
    (void)state;
    for_all(check_affine_u8);
}

static void test_affine_f32(void **state)
{
    (void)state;
    for_all(check_affine_f32);
}

static void test_clip(void **state)
{
    (void)state;
    for_all(check_clip);
    for_all(check_clip_variants);
}

static void test_sums(void **state)
{
    (void)state;
    for_all(check_sums);
}

/* The walkthrough's scaling: 255 becomes 1, every grey level its own float, in every lane. */
static void test_bytes_to_unit(void **state)
{
    (void)state;
    uint8_t x[512];
    float y[512];
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        for (size_t i = 0; i < 512; i++) {
            x[i] = (uint8_t)(i * 37);
        }
        lm_kernels_named(*name)->scale->affine_u8(y, x, 512, 1.0F / 255, 0);
        for (size_t i = 0; i < 512; i++) {
            assert_true(y[i] == (float)x[i] * (1.0F / 255));
            assert_true(x[i] != 255 || y[i] == 1);
            assert_true(x[i] != 0 || memcmp(&y[i], &(float){0}, sizeof(float)) == 0);
        }
    }
}

int main(void)
{
    seed = help_guard_seed(20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_affine_u8),     cmocka_unit_test(test_affine_f32),
        cmocka_unit_test(test_clip),          cmocka_unit_test(test_sums),
        cmocka_unit_test(test_bytes_to_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
