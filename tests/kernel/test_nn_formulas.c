/* What the network's loops compute: ref against the definitions, written again here in double, with
 * error bounds derived beside each. test_nn_kernels.c ties the other variants to ref. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_map.h"
#include "kernel/nn_kernels.h"

/* One rounding to float; SLACK takes up the products of two such errors that first-order bounds
 * leave out (a few times 2^-24 of the bound itself). */
#define U HELP_FLOAT_U
#define SLACK (1 + 1e-5)

enum { ROOM = 16000 };

static const LmNnKernels *ref(void)
{
    return lm_kernels_named("ref")->nn;
}

typedef struct PoolCase {
    HelpMap x, y, dx, dy;
    LmWindow win;
    int64_t n;
} PoolCase;

static PoolCase the_case;

static int setup(void **state)
{
    the_case.x = help_map_new(ROOM);
    the_case.y = help_map_new(ROOM);
    the_case.dx = help_map_new(ROOM);
    the_case.dy = help_map_new(ROOM);
    *state = &the_case;
    return 0;
}

static int teardown(void **state)
{
    PoolCase *t = *state;
    help_map_free(&t->x);
    help_map_free(&t->y);
    help_map_free(&t->dx);
    help_map_free(&t->dy);
    return 0;
}

static void make_pool(PoolCase *t, LmRng *rng)
{
    t->win = (LmWindow){help_float_int(rng, 1, 4), help_float_int(rng, 1, 4),
                        help_float_int(rng, 1, 4), help_float_int(rng, 1, 4)};
    t->n = help_float_int(rng, 1, 2);
    int64_t oh = help_float_int(rng, 1, 3);
    int64_t ow = help_float_int(rng, 1, 3);
    int64_t h = t->win.kh + (oh - 1) * t->win.sh + help_float_int(rng, 0, t->win.sh - 1);
    int64_t w = t->win.kw + (ow - 1) * t->win.sw + help_float_int(rng, 0, t->win.sw - 1);
    help_map_place(&t->x, t->n, h, w, 16, rng);
    help_map_place(&t->dx, t->n, h, w, 16, rng);
    help_map_place(&t->y, t->n, oh, ow, 16, rng);
    help_map_place(&t->dy, t->n, oh, ow, 16, rng);
}

/* The windows of a pool, one by one: output position, and element e of the window. */
#define FOR_WINDOWS(t)                                                                             \
    for (int64_t in = 0; in < (t)->n; in++)                                                        \
        for (int64_t oy = 0; oy < (t)->y.map.h; oy++)                                              \
            for (int64_t ox = 0; ox < (t)->y.map.w; ox++)                                          \
                for (int64_t c = 0; c < 16; c++)

static float *window_at(const PoolCase *t, const HelpMap *m, int64_t in, int64_t oy, int64_t ox,
                        int64_t e)
{
    return help_map_at(m, in, oy * t->win.sh + e / t->win.kw, ox * t->win.sw + e % t->win.kw);
}

static void fill_small_integers(float *x, size_t n, LmRng *rng)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)help_float_int(rng, -3, 3);
    }
}

static int64_t first_largest(const PoolCase *t, int64_t in, int64_t oy, int64_t ox, int64_t c)
{
    int64_t best = 0;
    for (int64_t e = 1; e < t->win.kh * t->win.kw; e++) {
        if (window_at(t, &t->x, in, oy, ox, e)[c] > window_at(t, &t->x, in, oy, ox, best)[c]) {
            best = e;
        }
    }
    return best;
}

static void test_maxpool(void **state)
{
    PoolCase *t = *state;
    LmRng rng = lm_rng(help_guard_seed(31), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 100; round++) {
        make_pool(t, &rng);
        help_map_fill(&t->x, round % 2 ? fill_small_integers : help_float_fill, &rng);
        ref()->maxpool(&t->y.map, &t->x.map, &t->win, t->n);
        FOR_WINDOWS(t)
        {
            int64_t best = first_largest(t, in, oy, ox, c);
            assert_true(help_float_is_same(help_map_at(&t->y, in, oy, ox)[c],
                                           window_at(t, &t->x, in, oy, ox, best)[c]));
        }
    }
}

/* The first of equals is kept, down to the sign of a zero; a NaN is kept where it stands first. */
static void test_maxpool_of_equals_and_nan(void **state)
{
    PoolCase *t = *state;
    LmRng rng = lm_rng(1, LM_RNG_USER, 0, 0);
    static const float rows[][5] = {{-0.0f, 0.0f, -0.0f, -1, -0.0f},
                                    {0.0f, -0.0f, -1, -0.0f, 0.0f},
                                    {-1, -0.0f, 0.0f, -2, -0.0f},
                                    {NAN, 1, 2, 3, NAN},
                                    {1, NAN, 2, NAN, 2},
                                    {-INFINITY, -3, -4, -5, -3}};
    t->win = (LmWindow){2, 2, 2, 2};
    help_map_place(&t->x, 1, 2, 2, 16, &rng);
    help_map_place(&t->y, 1, 1, 1, 16, &rng);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        for (size_t i = 0; i < LM_ARRAY_LEN(rows); i++) {
            for (int64_t e = 0; e < 4; e++) {
                for (int64_t c = 0; c < 16; c++) {
                    window_at(t, &t->x, 0, 0, 0, e)[c] = rows[i][e];
                }
            }
            lm_kernels_named(*name)->nn->maxpool(&t->y.map, &t->x.map, &t->win, 1);
            for (int64_t c = 0; c < 16; c++) {
                assert_true(help_float_is_same(help_map_at(&t->y, 0, 0, 0)[c], rows[i][4]));
            }
        }
    }
}

/* Gradients are small integers, so their sums are exact. */
static void test_maxpool_backward(void **state)
{
    PoolCase *t = *state;
    LmRng rng = lm_rng(help_guard_seed(32), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        bool is_relu = round % 4 < 2;
        make_pool(t, &rng);
        help_map_fill(&t->x, round % 2 ? fill_small_integers : help_float_fill, &rng);
        help_map_fill(&t->dy, fill_small_integers, &rng);
        help_map_fill(&t->dx, help_float_fill, &rng);
        ref()->maxpool(&t->y.map, &t->x.map, &t->win, t->n);
        ref()->maxpool_backward(&t->dx.map, &t->dy.map, &t->x.map, &t->y.map, &t->win, t->n,
                                is_relu);
        FOR_WINDOWS(t)
        {
            int64_t best = first_largest(t, in, oy, ox, c);
            bool is_kept = !is_relu || window_at(t, &t->x, in, oy, ox, best)[c] > 0;
            float g = is_kept ? help_map_at(&t->dy, in, oy, ox)[c] : 0;
            window_at(t, &t->dx, in, oy, ox, best)[c] -= g;
        }
        for (int64_t in = 0; in < t->n; in++) {
            for (int64_t i = 0; i < t->x.map.h * t->x.map.w * 16; i++) {
                int64_t pixel = i / 16;
                float *d = help_map_at(&t->dx, in, pixel / t->x.map.w, pixel % t->x.map.w) + i % 16;
                assert_true(*d == 0); /* all that came in was taken out again */
            }
        }
    }
}

/* A mean of k numbers: k additions, the rounding of 1/k and that of the product. */
static void test_avgpool(void **state)
{
    PoolCase *t = *state;
    LmRng rng = lm_rng(help_guard_seed(33), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 100; round++) {
        make_pool(t, &rng);
        help_map_fill(&t->x, help_float_fill, &rng);
        ref()->avgpool(&t->y.map, &t->x.map, &t->win, t->n);
        int64_t size = t->win.kh * t->win.kw;
        FOR_WINDOWS(t)
        {
            double sum = 0;
            double sizes = 0;
            for (int64_t e = 0; e < size; e++) {
                double v = (double)window_at(t, &t->x, in, oy, ox, e)[c];
                sum += v;
                sizes += fabs(v);
            }
            double got = (double)help_map_at(&t->y, in, oy, ox)[c];
            double bound = help_float_gamma((double)size + 2) * sizes / (double)size;
            assert_true(fabs(got - sum / (double)size) <= bound);
        }
    }
}

/* dx is the sum of shares dy / k of the windows over it: at most 16 additions (a 4 x 4 window with
 * stride 1), and two roundings a share. */
static void test_avgpool_backward(void **state)
{
    PoolCase *t = *state;
    LmRng rng = lm_rng(help_guard_seed(34), LM_RNG_USER, 0, 0);
    static double want[64 * 256];
    static double sizes[64 * 256];
    for (int round = 0; round < 100; round++) {
        make_pool(t, &rng);
        help_map_fill(&t->dy, help_float_fill, &rng);
        help_map_fill(&t->dx, help_float_fill, &rng);
        memset(want, 0, sizeof want);
        memset(sizes, 0, sizeof sizes);
        int64_t w = t->x.map.w;
        int64_t img = t->x.map.h * w * 16;
        FOR_WINDOWS(t)
        {
            int64_t size = t->win.kh * t->win.kw;
            double share = (double)help_map_at(&t->dy, in, oy, ox)[c] / (double)size;
            for (int64_t e = 0; e < size; e++) {
                int64_t y = oy * t->win.sh + e / t->win.kw;
                int64_t x = ox * t->win.sw + e % t->win.kw;
                want[in * img + (y * w + x) * 16 + c] += share;
                sizes[in * img + (y * w + x) * 16 + c] += fabs(share);
            }
        }
        ref()->avgpool_backward(&t->dx.map, &t->dy.map, &t->win, t->n);
        for (int64_t i = 0; i < t->n * img; i++) {
            int64_t pixel = i % img / 16;
            double got = (double)help_map_at(&t->dx, i / img, pixel / w, pixel % w)[i % 16];
            assert_true(fabs(got - want[i]) <= help_float_gamma(18) * sizes[i]);
        }
    }
}

/* A map of one line holding `values`, its image repeated in y, dx and dy. */
static void make_line(PoolCase *t, const float *values, size_t n, LmRng *rng)
{
    int64_t w = (int64_t)(n + 15) / 16;
    HelpMap *maps[] = {&t->x, &t->y, &t->dx, &t->dy};
    for (size_t i = 0; i < LM_ARRAY_LEN(maps); i++) {
        help_map_place(maps[i], 1, 1, w, 16, rng);
        help_map_fill(maps[i], help_float_fill, rng);
    }
    for (size_t i = 0; i < n; i++) {
        help_map_at(&t->x, 0, 0, (int64_t)i / 16)[i % 16] = values[i];
    }
}

static float line(const HelpMap *m, size_t i)
{
    return help_map_at(m, 0, 0, (int64_t)i / 16)[i % 16];
}

static void test_relu(void **state)
{
    PoolCase *t = *state;
    LmRng rng = lm_rng(2, LM_RNG_USER, 0, 0);
    static const float x[] = {-1, 0, -0.0f, 2, -INFINITY, INFINITY, NAN, -0x1p-149f, 0x1p-149f};
    static const float y[] = {0, 0, -0.0f, 2, 0, INFINITY, NAN, 0, 0x1p-149f};
    make_line(t, x, LM_ARRAY_LEN(x), &rng);
    ref()->relu(&t->y.map, &t->x.map, 1);
    ref()->relu_backward(&t->dx.map, &t->dy.map, &t->y.map, 1);
    for (size_t i = 0; i < LM_ARRAY_LEN(x); i++) {
        assert_true(help_float_is_same(line(&t->y, i), y[i]));
        float g = y[i] > 0 ? line(&t->dy, i) : 0;
        assert_true(help_float_is_same(line(&t->dx, i), g));
    }
}

/* Computed in double to 2^-48 or better, then rounded once: at most u * (1 + 2^-24) of the result,
 * or half the smallest denormal. */
static void check_rounded(double got, long double want)
{
    if (isnan(want)) {
        assert_true(isnan(got));
        return;
    }
    long double bound = fabsl(want) * (long double)U * (1 + 0x1p-20L) + 0x1p-150L;
    if (!(fabsl((long double)got - want) <= bound)) {
        fail_msg("got %a, want %La", got, want);
    }
}

/* Three roundings for dx = dy * (y * (1 - y)); for dy * (1 - y*y) the square's error is relative to
 * y*y, not to the difference. */
static void check_gradients(const PoolCase *t, size_t i, bool is_tanh)
{
    double v = (double)line(&t->y, i);
    double d = (double)line(&t->dy, i);
    double got = (double)line(&t->dx, i);
    if (isnan(v)) {
        assert_true(isnan(got));
        return;
    }
    double want = is_tanh ? d * (1 - v * v) : d * (v * (1 - v));
    double bound = is_tanh ? fabs(d) * (v * v * U + 2 * U * fabs(1 - v * v)) : 3 * U * fabs(want);
    assert_true(fabs(got - want) <= bound * SLACK + 0x1p-149);
}

static void test_tanh_and_sigmoid(void **state)
{
    PoolCase *t = *state;
    LmRng rng = lm_rng(help_guard_seed(35), LM_RNG_USER, 0, 0);
    float x[900] = {0, -0.0f, NAN, INFINITY, -INFINITY, 0x1p-149f, -0x1p-126f, 200, -200, 1e30f};
    for (size_t i = 10; i < LM_ARRAY_LEN(x); i++) {
        x[i] = ldexpf(help_float_random(&rng), (int)help_float_int(&rng, -30, 8));
    }
    make_line(t, x, LM_ARRAY_LEN(x), &rng);
    ref()->tanh_forward(&t->y.map, &t->x.map, 1);
    ref()->tanh_backward(&t->dx.map, &t->dy.map, &t->y.map, 1);
    for (size_t i = 0; i < LM_ARRAY_LEN(x); i++) {
        check_rounded((double)line(&t->y, i), tanhl((long double)x[i]));
        check_gradients(t, i, true);
    }
    ref()->sigmoid_forward(&t->y.map, &t->x.map, 1);
    ref()->sigmoid_backward(&t->dx.map, &t->dy.map, &t->y.map, 1);
    for (size_t i = 0; i < LM_ARRAY_LEN(x); i++) {
        check_rounded((double)line(&t->y, i), 1 / (1 + expl(-(long double)x[i])));
        check_gradients(t, i, false);
    }
}

/* Image by image, row by row, in float: the order is part of the contract. */
static void test_sum_positions(void **state)
{
    PoolCase *t = *state;
    LmRng rng = lm_rng(help_guard_seed(36), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 50; round++) {
        make_pool(t, &rng);
        help_map_fill(&t->x, help_float_fill, &rng);
        float sums[16];
        float want[16];
        help_float_fill(sums, 16, &rng);
        memcpy(want, sums, sizeof want);
        ref()->sum_positions(sums, &t->x.map, t->n);
        for (int64_t i = 0; i < t->n * t->x.map.h * t->x.map.w; i++) {
            int64_t pixel = i % (t->x.map.h * t->x.map.w);
            const float *p = help_map_at(&t->x, i / (t->x.map.h * t->x.map.w), pixel / t->x.map.w,
                                         pixel % t->x.map.w);
            for (int c = 0; c < 16; c++) {
                want[c] += p[c];
            }
        }
        assert_memory_equal(sums, want, sizeof want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maxpool),          cmocka_unit_test(test_maxpool_of_equals_and_nan),
        cmocka_unit_test(test_maxpool_backward), cmocka_unit_test(test_avgpool),
        cmocka_unit_test(test_avgpool_backward), cmocka_unit_test(test_relu),
        cmocka_unit_test(test_tanh_and_sigmoid), cmocka_unit_test(test_sum_positions),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
