/* Convolution fused with the pool behind it: every variant against ref bit for bit, on images
 * between unreadable pages; ref against a convolution, a pool and their gradients done apart in
 * double. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "kernel/convpool.h"

enum { WINDOWS_MAX = 12, TAPS_MAX = 25, OC_MAX = 300, IC_MAX = 48, SIDE_MAX = 13 };
enum { X_MAX = SIDE_MAX * SIDE_MAX * IC_MAX, DW_MAX = OC_MAX * TAPS_MAX * IC_MAX + 4096 };

/* A convolution kh x kw, stride s, of a map whose windows make ph x pw pooled outputs. */
typedef struct Case {
    int64_t kh, kw, s, ph, pw, ic, oc, ld;
    int64_t h, w; /* of x: what windows and taps reach */
    int32_t win[WINDOWS_MAX], dy_win[WINDOWS_MAX], tap[TAPS_MAX];
    LmTapOffsets at;
    LmPoolGrad grad;
    HelpGuard x, dy, arg, dw, dx, wt;
    float *x_data;
    float *dy_data;
    uint8_t *arg_data;
    float *wt_data;
} Case;

static Case the_case;
static float got[DW_MAX], wanted[DW_MAX], start[DW_MAX];
static LmPoolEntry lists[WINDOWS_MAX * 320];

static int setup(void **state)
{
    Case *t = &the_case;
    t->x = help_guard_new(X_MAX * sizeof(float));
    t->dx = help_guard_new(X_MAX * sizeof(float));
    t->dy = help_guard_new(WINDOWS_MAX * 320 * sizeof(float));
    t->arg = help_guard_new(WINDOWS_MAX * 320);
    t->dw = help_guard_new(DW_MAX * sizeof(float));
    t->wt = help_guard_new(DW_MAX * sizeof(float));
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    Case *t = *state;
    HelpGuard *guards[] = {&t->x, &t->dx, &t->dy, &t->arg, &t->dw, &t->wt};
    for (size_t i = 0; i < LM_ARRAY_LEN(guards); i++) {
        help_guard_free(guards[i]);
    }
    return 0;
}

static int64_t n_windows(const Case *t)
{
    return t->ph * t->pw;
}

/* Tables for a map of row stride w * ic. */
static void make_tables(Case *t)
{
    t->h = (2 * t->ph - 1) * t->s + t->kh;
    t->w = (2 * t->pw - 1) * t->s + t->kw;
    int64_t row = t->w * t->ic;
    for (int64_t i = 0; i < n_windows(t); i++) {
        t->win[i] = (int32_t)(i / t->pw * 2 * t->s * row + i % t->pw * 2 * t->s * t->ic);
        t->dy_win[i] = (int32_t)(i * t->ld);
    }
    for (int64_t i = 0; i < t->kh * t->kw; i++) {
        t->tap[i] = (int32_t)(i / t->kw * row + i % t->kw * t->ic);
    }
    t->at = (LmTapOffsets){.win = t->win,
                           .pos = {0, (int32_t)(t->s * t->ic), (int32_t)(t->s * row),
                                   (int32_t)(t->s * row + t->s * t->ic)},
                           .tap = t->tap,
                           .n_taps = t->kh * t->kw};
}

static void make(Case *t, LmRng *rng, bool is_wide)
{
    t->kh = help_float_int(rng, 1, 5);
    t->kw = help_float_int(rng, 1, 5);
    t->s = help_float_int(rng, 1, 2);
    t->ph = help_float_int(rng, 1, 2);
    t->pw = help_float_int(rng, 1, 2);
    t->ic = is_wide ? 16 * help_float_int(rng, 1, 3) : help_float_int(rng, 1, 5);
    t->oc =
        lm_rng_below(rng, 8) == 0 ? help_float_int(rng, 257, OC_MAX) : help_float_int(rng, 1, 40);
    t->ld = (int64_t)lm_base_round_up((size_t)t->oc, 16);
    make_tables(t);
    size_t n_x = (size_t)(t->h * t->w * t->ic);
    size_t n_dy = (size_t)(n_windows(t) * t->ld);
    size_t n_w = (size_t)(t->oc * t->kh * t->kw * t->ic);
    assert_true(n_x <= X_MAX);
    t->x_data = help_guard_back(&t->x, n_x * sizeof(float));
    t->dy_data = help_guard_back(&t->dy, n_dy * sizeof(float));
    t->arg_data = help_guard_back(&t->arg, n_dy);
    t->wt_data = help_guard_back(&t->wt, n_w * sizeof(float));
    help_float_fill(t->x_data, n_x, rng);
    help_float_fill(t->wt_data, n_w, rng);
    for (size_t i = 0; i < n_dy; i++) {
        bool is_open = (int64_t)(i % (size_t)t->ld) < t->oc && lm_rng_below(rng, 3) != 0;
        t->dy_data[i] = is_open ? help_float_random(rng) : 0;
        t->arg_data[i] = (uint8_t)lm_rng_below(rng, 4);
    }
    t->grad = (LmPoolGrad){.dy = t->dy_data,
                           .win = t->dy_win,
                           .arg = t->arg_data,
                           .n_windows = n_windows(t),
                           .oc = t->oc,
                           .oc_ld = t->ld};
}

/* Runs one of the gradients of kernels k from `start` and leaves the n numbers in `out`. */
enum Which { NARROW, WIDE, DATA };

static void run(Case *t, const LmConvPoolKernels *k, enum Which which, float *out, size_t n)
{
    HelpGuard *guard = which == DATA ? &t->dx : &t->dw;
    help_guard_fill(guard);
    float *sums = help_guard_back(guard, n * sizeof(float));
    memcpy(sums, start, n * sizeof(float));
    if (which == NARROW) {
        k->weights_narrow(sums, &t->grad, t->x_data, &t->at, t->ic);
    } else if (which == WIDE) {
        k->weights(sums, &t->grad, t->x_data, &t->at, t->ic, lists);
    } else {
        k->data(sums, &t->grad, t->wt_data, &t->at, t->ic);
    }
    assert_true(help_guard_is_clean(guard, sums, n * sizeof(float)));
    memcpy(out, sums, n * sizeof(float));
}

static size_t n_sums(const Case *t, enum Which which)
{
    int64_t taps = t->kh * t->kw;
    return (size_t)(which == NARROW ? taps * t->ic * t->ld
                    : which == WIDE ? t->oc * taps * t->ic
                                    : t->h * t->w * t->ic);
}

static void gradients_equal_ref(void **state)
{
    Case *t = *state;
    LmRng rng = lm_rng(help_guard_seed(1), LM_RNG_USER, 0, 0);
    for (int i = 0; i < 300; i++) {
        enum Which which = (enum Which)(i % 3);
        make(t, &rng, which != NARROW);
        size_t n = n_sums(t, which);
        assert_true(n <= DW_MAX);
        help_float_fill(start, n, &rng);
        run(t, lm_kernels_named("ref")->convpool, which, wanted, n);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            run(t, lm_kernels_named(*name)->convpool, which, got, n);
            if (help_float_differs(got, wanted, n) != n) {
                fail_msg("%s, case %d", *name, i);
            }
        }
    }
}

/* The gradient of output channel k at conv position (y, x) of the unpooled map: what the pool lets
 * through. */
static double dense_dy(const Case *t, int64_t y, int64_t x, int64_t k)
{
    int64_t w = y / 2 * t->pw + x / 2;
    bool is_here = t->arg_data[w * t->ld + k] == y % 2 * 2 + x % 2;
    return is_here ? (double)t->dy_data[t->dy_win[w] + k] : 0;
}

static double x_at(const Case *t, int64_t y, int64_t x, int64_t c)
{
    return (double)t->x_data[(y * t->w + x) * t->ic + c];
}

/* Weight gradient by its definition, over the dense map. `magnitude` adds up |terms|. */
static double dense_dw(const Case *t, int64_t tap, int64_t c, int64_t k, double *magnitude)
{
    double sum = 0;
    for (int64_t y = 0; y < 2 * t->ph; y++) {
        for (int64_t x = 0; x < 2 * t->pw; x++) {
            double term =
                dense_dy(t, y, x, k) * x_at(t, y * t->s + tap / t->kw, x * t->s + tap % t->kw, c);
            sum += term;
            *magnitude += fabs(term);
        }
    }
    return sum;
}

/* A chain of n fused multiply-adds errs by at most gamma(n) times the sum of |terms|, |start|
 * included (Higham, section 3.1). */
static void check_near(double value, double sum, double magnitude, double n)
{
    assert_true(fabs(value - sum) <= help_float_gamma(n) * magnitude);
}

static void weight_gradients_are_those_of_conv_and_pool(void **state)
{
    Case *t = *state;
    LmRng rng = lm_rng(help_guard_seed(2), LM_RNG_USER, 0, 0);
    for (int i = 0; i < 60; i++) {
        enum Which which = i % 2 ? WIDE : NARROW;
        make(t, &rng, which == WIDE);
        size_t n = n_sums(t, which);
        help_float_fill(start, n, &rng);
        run(t, lm_kernels()->convpool, which, got, n);
        for (int64_t tap = 0; tap < t->kh * t->kw; tap++) {
            for (int64_t c = 0; c < t->ic; c++) {
                for (int64_t k = 0; k < t->oc; k++) {
                    int64_t at = which == WIDE ? (k * t->kh * t->kw + tap) * t->ic + c
                                               : (tap * t->ic + c) * t->ld + k;
                    double magnitude = fabs((double)start[at]);
                    double sum = (double)start[at] + dense_dw(t, tap, c, k, &magnitude);
                    check_near((double)got[at], sum, magnitude, (double)n_windows(t) + 1);
                }
            }
        }
    }
}

static void data_gradients_are_those_of_conv_and_pool(void **state)
{
    Case *t = *state;
    LmRng rng = lm_rng(help_guard_seed(3), LM_RNG_USER, 0, 0);
    static double sums[X_MAX];
    static double magnitudes[X_MAX];
    for (int i = 0; i < 40; i++) {
        make(t, &rng, true);
        size_t n = n_sums(t, DATA);
        help_float_fill(start, n, &rng);
        run(t, lm_kernels()->convpool, DATA, got, n);
        for (size_t j = 0; j < n; j++) {
            sums[j] = (double)start[j];
            magnitudes[j] = fabs(sums[j]);
        }
        for (int64_t p = 0; p < 4 * n_windows(t); p++) {
            int64_t y = p / (2 * t->pw);
            int64_t x = p % (2 * t->pw);
            for (int64_t q = 0; q < t->oc * t->kh * t->kw; q++) {
                int64_t k = q / (t->kh * t->kw);
                int64_t tap = q % (t->kh * t->kw);
                int64_t at = ((y * t->s + tap / t->kw) * t->w + x * t->s + tap % t->kw) * t->ic;
                for (int64_t c = 0; c < t->ic; c++) {
                    double term = dense_dy(t, y, x, k) * (double)t->wt_data[q * t->ic + c];
                    sums[at + c] += term;
                    magnitudes[at + c] += fabs(term);
                }
            }
        }
        double terms = (double)(4 * n_windows(t) * t->oc * t->kh * t->kw);
        for (size_t j = 0; j < n; j++) {
            check_near((double)got[j], sums[j], magnitudes[j], terms);
        }
    }
}

enum { FORWARD_WINDOWS = 5, FORWARD_COLS = 160, FORWARD_K = 12 };

/* A random matrix product whose rows come in fours. */
static LmGemm make_forward(Case *t, LmRng *rng, int32_t *a_row, int32_t *seg, int32_t *c_row,
                           float *bias, int64_t windows)
{
    int64_t cols = 16 * help_float_int(rng, 1, FORWARD_COLS / 16);
    LmGemm g = {.a_row = a_row,
                .a_seg = seg,
                .a_k = help_float_int(rng, 1, 3),
                .b_seg = seg,
                .b_k = cols,
                .c_row = c_row,
                .n_rows = 4 * windows,
                .n_seg = help_float_int(rng, 1, 2),
                .k = help_float_int(rng, 0, FORWARD_K),
                .n_cols = cols,
                .init = LM_GEMM_BIAS,
                .bias = bias,
                .is_relu = lm_rng_below(rng, 2) == 0};
    for (int64_t i = 0; i < 4 * windows; i++) {
        a_row[i] = (int32_t)help_float_int(rng, 0, 60);
    }
    seg[0] = 0;
    seg[1] = (int32_t)(16 * help_float_int(rng, 0, 2));
    for (int64_t i = 0; i < windows; i++) {
        c_row[i] = (int32_t)((windows - 1 - i) * (cols + 7));
    }
    float *a = help_guard_front(&t->x);
    float *b = help_guard_front(&t->wt);
    help_float_fill(a, 60 + 32 + 3 * FORWARD_K + 1, rng);
    help_float_fill(b, (size_t)(32 + FORWARD_K * cols + cols), rng);
    help_float_fill(bias, (size_t)cols, rng);
    /* Equal rows tie: the first position must win. */
    if (lm_rng_below(rng, 2) == 0) {
        a_row[2] = a_row[0];
        a_row[1] = a_row[3];
    }
    g.a = a;
    g.b = b;
    return g;
}

static void forward_equals_ref(void **state)
{
    Case *t = *state;
    LmRng rng = lm_rng(help_guard_seed(4), LM_RNG_USER, 0, 0);
    int32_t a_row[4 * FORWARD_WINDOWS], seg[2], c_row[FORWARD_WINDOWS];
    float bias[FORWARD_COLS];
    uint8_t arg[2][FORWARD_WINDOWS * FORWARD_COLS];
    for (int i = 0; i < 300; i++) {
        int64_t windows = i % (FORWARD_WINDOWS + 1);
        LmGemm g = make_forward(t, &rng, a_row, seg, c_row, bias, windows);
        size_t n = (size_t)(windows * (g.n_cols + 7));
        size_t n_arg = (size_t)(windows * g.n_cols);
        memset(got, 0, sizeof got);
        memset(wanted, 0, sizeof wanted);
        g.c = wanted;
        lm_kernels_named("ref")->convpool->forward(&g, arg[0]);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            g.c = got;
            lm_kernels_named(*name)->convpool->forward(&g, arg[1]);
            assert_int_equal(help_float_differs(got, wanted, n), n);
            assert_memory_equal(arg[0], arg[1], n_arg);
        }
    }
}

/* The plain matrix kernel makes the same sums: the fused one keeps their first maximum. */
static void forward_is_gemm_then_maximum(void **state)
{
    Case *t = *state;
    LmRng rng = lm_rng(help_guard_seed(5), LM_RNG_USER, 0, 0);
    int32_t a_row[4 * FORWARD_WINDOWS], seg[2], c_row[FORWARD_WINDOWS];
    int32_t rows[4 * FORWARD_WINDOWS];
    float bias[FORWARD_COLS];
    uint8_t arg[FORWARD_WINDOWS * FORWARD_COLS];
    for (int i = 0; i < 100; i++) {
        LmGemm g = make_forward(t, &rng, a_row, seg, c_row, bias, FORWARD_WINDOWS);
        g.c = got;
        lm_kernels()->convpool->forward(&g, arg);
        LmGemm plain = g;
        for (int r = 0; r < 4 * FORWARD_WINDOWS; r++) {
            rows[r] = (int32_t)(r * g.n_cols);
        }
        plain.c = wanted;
        plain.c_row = rows;
        lm_kernels()->gemm->gemm(&plain);
        for (int64_t w = 0; w < FORWARD_WINDOWS; w++) {
            for (int64_t j = 0; j < g.n_cols; j++) {
                int best = 0;
                for (int p = 1; p < 4; p++) {
                    best = wanted[rows[4 * w + p] + j] > wanted[rows[4 * w + best] + j] ? p : best;
                }
                assert_true(got[c_row[w] + j] == wanted[rows[4 * w + best] + j]);
                if (!g.is_relu) { /* relu makes ties of what was none */
                    assert_int_equal(arg[w * g.n_cols + j], best);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_equal_ref),
        cmocka_unit_test(weight_gradients_are_those_of_conv_and_pool),
        cmocka_unit_test(data_gradients_are_those_of_conv_and_pool),
        cmocka_unit_test(forward_equals_ref),
        cmocka_unit_test(forward_is_gemm_then_maximum),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
