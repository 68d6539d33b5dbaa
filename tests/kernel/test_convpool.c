/* Convolution and pool in one: every variant against ref bit for bit with unreadable pages around
 * what is read and written; ref against the matrix kernel followed by a maximum, and against sums
 * of small integers, which are exact. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "kernel/convpool.h"

enum { ROOM = 450000, WINDOWS_MAX = 6, TAPS_MAX = 25 };

/* Memory between guard pages, one a role. */
enum { OUT, ARG, DY, X, W, SCRATCH, ROLES };

static HelpGuard rooms[ROLES];

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < ROLES; i++) {
        rooms[i] = help_guard_new(ROOM);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < ROLES; i++) {
        help_guard_free(&rooms[i]);
    }
    return 0;
}

/* n bytes against the back page: what is read beyond the end faults. */
static void *place(int role, size_t n_bytes)
{
    assert_true(n_bytes <= ROOM);
    return help_guard_back(&rooms[role], n_bytes);
}

static void check_floats(const char *name, const float *got, const float *want, size_t n)
{
    size_t at = help_float_differs(got, want, n);
    if (at < n) {
        fail_msg("%s: [%zu] of %zu is %a, want %a", name, at, n, (double)got[at], (double)want[at]);
    }
}

/* --- forward --- */

typedef struct Forward {
    LmGemm g;
    int32_t a_row[4 * WINDOWS_MAX];
    int32_t a_seg[3];
    int32_t b_seg[3];
    int32_t c_row[WINDOWS_MAX];
    size_t n_c, n_arg;
} Forward;

static void make_forward(Forward *t, LmRng *rng, void (*fill)(float *, size_t, LmRng *))
{
    int64_t n_win = help_float_int(rng, 0, WINDOWS_MAX);
    LmGemm *g = &t->g;
    *g = (LmGemm){.a_row = t->a_row,
                  .a_seg = t->a_seg,
                  .a_k = help_float_int(rng, 1, 2),
                  .b_seg = t->b_seg,
                  .c_row = t->c_row,
                  .n_rows = 4 * n_win,
                  .n_seg = help_float_int(rng, 1, 3),
                  .k = help_float_int(rng, 1, 12),
                  .n_cols = 16 * help_float_int(rng, 1, 10),
                  .init = LM_GEMM_BIAS,
                  .is_relu = lm_rng_below(rng, 2) == 0};
    g->b_k = g->n_cols;
    for (int64_t i = 0; i < 4 * n_win; i++) {
        t->a_row[i] = (int32_t)help_float_int(rng, 0, 50);
    }
    for (int64_t s = 0; s < g->n_seg; s++) {
        t->a_seg[s] = (int32_t)(s * 30);
        t->b_seg[s] = (int32_t)(s * g->k * g->n_cols);
    }
    for (int64_t w = 0; w < n_win; w++) {
        t->c_row[w] = (int32_t)((n_win - 1 - w) * (g->n_cols + 5));
    }
    size_t n_a = (size_t)(50 + 30 * (g->n_seg - 1) + (g->k - 1) * g->a_k + 1);
    size_t n_b = (size_t)(g->n_seg * g->k * g->n_cols);
    t->n_c = n_win > 0 ? (size_t)((n_win - 1) * (g->n_cols + 5) + g->n_cols) : 0;
    t->n_arg = (size_t)(n_win * g->n_cols);
    float *a = place(X, n_a * sizeof(float));
    float *b = place(W, n_b * sizeof(float));
    float *bias = place(DY, (size_t)g->n_cols * sizeof(float));
    fill(a, n_a, rng);
    fill(b, n_b, rng);
    fill(bias, (size_t)g->n_cols, rng);
    g->a = a;
    g->b = b;
    g->bias = bias;
    g->c = place(OUT, t->n_c * sizeof(float));
}

/* The four sums by the matrix kernel, then the first largest, then relu. */
static void expect_forward(const Forward *t, float *c, uint8_t *arg)
{
    static float rows[4 * WINDOWS_MAX * 160];
    static int32_t c_row[4 * WINDOWS_MAX];
    LmGemm g = t->g;
    for (int32_t i = 0; i < g.n_rows; i++) {
        c_row[i] = i * (int32_t)g.n_cols;
    }
    g.c = rows;
    g.c_row = c_row;
    g.is_relu = false;
    lm_kernels_named("ref")->gemm->gemm(&g);
    for (int64_t w = 0; w < g.n_rows / 4; w++) {
        for (int64_t j = 0; j < g.n_cols; j++) {
            const float *p = rows + 4 * w * g.n_cols + j;
            int best = 0;
            for (int i = 1; i < 4; i++) {
                best = p[i * g.n_cols] > p[best * g.n_cols] ? i : best;
            }
            float v = p[best * g.n_cols];
            c[t->c_row[w] + j] = t->g.is_relu && v < 0 ? 0 : v;
            arg[w * g.n_cols + j] = (uint8_t)best;
        }
    }
}

static void fill_integers(float *x, size_t n, LmRng *rng)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)help_float_int(rng, -2, 2);
    }
}

static void test_forward(void **state)
{
    (void)state;
    static float want[WINDOWS_MAX * 200];
    static uint8_t want_arg[WINDOWS_MAX * 160];
    LmRng rng = lm_rng(help_guard_seed(91), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 600; round++) {
        Forward t;
        make_forward(&t, &rng,
                     round % 3 == 0   ? fill_integers
                     : round % 3 == 1 ? help_float_fill
                                      : help_float_fill_nasty);
        help_float_fill(want, t.n_c, &rng);
        float before[WINDOWS_MAX * 200];
        memcpy(before, want, t.n_c * sizeof(float));
        expect_forward(&t, want, want_arg);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            help_guard_fill(&rooms[OUT]);
            help_guard_fill(&rooms[ARG]);
            memcpy(t.g.c, before, t.n_c * sizeof(float));
            uint8_t *arg = place(ARG, t.n_arg);
            lm_kernels_named(*name)->convpool->forward(&t.g, arg);
            check_floats(*name, t.g.c, want, t.n_c);
            assert_memory_equal(arg, want_arg, t.n_arg);
            assert_true(help_guard_is_clean(&rooms[OUT], t.g.c, t.n_c * sizeof(float)));
            assert_true(help_guard_is_clean(&rooms[ARG], arg, t.n_arg));
        }
    }
}

/* --- backward --- */

/* Windows of 2 x 2 positions with stride s under a kh x kw filter, in a map of wx columns. */
typedef struct Backward {
    LmPoolGrad g;
    LmTapOffsets at;
    int32_t dy_win[WINDOWS_MAX], win[WINDOWS_MAX], tap[TAPS_MAX];
    int64_t ic;
    float *x;
    size_t n_x, n_dy, n_dw;
} Backward;

static void make_backward(Backward *t, int64_t ic, int64_t oc, LmRng *rng)
{
    bool is_usual = lm_rng_below(rng, 3) == 0; /* what kernels may have code of their own for */
    int64_t kh = is_usual ? 3 : help_float_int(rng, 1, 5);
    int64_t kw = is_usual ? 3 : help_float_int(rng, 1, 5);
    int64_t stride = is_usual ? 1 : help_float_int(rng, 1, 2);
    int64_t win_w = help_float_int(rng, 1, 3);
    int64_t win_h = help_float_int(rng, 1, 2);
    int64_t row = (2 * stride * win_w + kw + 1) * ic + help_float_int(rng, 0, 2) * 5;
    int64_t oc_ld = (int64_t)lm_base_round_up((size_t)oc, 16);
    *t = (Backward){.g = {.win = t->dy_win, .n_windows = win_w * win_h, .oc = oc, .oc_ld = oc_ld},
                    .at = {.win = t->win, .tap = t->tap, .n_taps = kh * kw},
                    .ic = ic};
    int64_t last = 0;
    for (int64_t w = 0; w < t->g.n_windows; w++) {
        t->dy_win[w] = (int32_t)(w * (oc_ld + 16));
        t->win[w] = (int32_t)(w / win_w * 2 * stride * row + w % win_w * 2 * stride * ic);
        last = LM_MAX(last, (int64_t)t->win[w]);
    }
    for (int64_t i = 0; i < kh * kw; i++) {
        t->tap[i] = (int32_t)(i / kw * row + i % kw * ic);
    }
    for (int i = 0; i < 4; i++) {
        t->at.pos[i] = (int32_t)(i / 2 * stride * row + i % 2 * stride * ic);
    }
    t->n_x = (size_t)(last + t->at.pos[3] + t->tap[kh * kw - 1] + ic);
    t->n_dy = (size_t)((t->g.n_windows - 1) * (oc_ld + 16) + oc_ld);
    t->x = place(X, t->n_x * sizeof(float));
}

/* Gradients: most are 0, of either sign; surplus channels always. */
static void fill_backward(Backward *t, LmRng *rng, void (*fill)(float *, size_t, LmRng *))
{
    float *dy = place(DY, t->n_dy * sizeof(float));
    uint8_t *arg = place(ARG, (size_t)(t->g.n_windows * t->g.oc_ld));
    fill(t->x, t->n_x, rng);
    fill(dy, t->n_dy, rng);
    for (int64_t w = 0; w < t->g.n_windows; w++) {
        for (int64_t k = 0; k < t->g.oc_ld; k++) {
            float *d = &dy[t->dy_win[w] + k];
            uint32_t pick = lm_rng_below(rng, 4);
            *d = k >= t->g.oc || pick == 0 ? 0 : pick == 1 ? -0.0f : *d;
            arg[w * t->g.oc_ld + k] = (uint8_t)lm_rng_below(rng, 4);
        }
    }
    t->g.dy = dy;
    t->g.arg = arg;
}

/* Adds every term in double to dw ([k][tap][c]) or dx. */
static void expect_backward(const Backward *t, double *dw, double *dx, const float *w)
{
    for (int64_t i = 0; i < t->g.n_windows * t->g.oc; i++) {
        int64_t win = i / t->g.oc;
        int64_t k = i % t->g.oc;
        double d = (double)t->g.dy[t->dy_win[win] + k];
        int64_t at = t->win[win] + t->at.pos[t->g.arg[win * t->g.oc_ld + k]];
        for (int64_t tap = 0; tap < t->at.n_taps; tap++) {
            for (int64_t c = 0; c < t->ic; c++) {
                int64_t j = (k * t->at.n_taps + tap) * t->ic + c;
                int64_t from = at + t->tap[tap] + c;
                if (dw != NULL) {
                    dw[j] += d * (double)t->x[from];
                } else {
                    int64_t v = lm_convpool_weight(t->g.oc, t->at.n_taps, k, tap, c);
                    dx[from] += d * (double)w[v];
                }
            }
        }
    }
}

/* One of the three kernels, writing to `out`. */
typedef enum Which { NARROW, WIDE, DATA } Which;

static void call(const LmConvPoolKernels *k, Which which, const Backward *t, float *out,
                 const float *w)
{
    void *scratch = place(SCRATCH, lm_convpool_scratch_bytes(t->g.n_windows, t->g.oc_ld));
    if (which == NARROW) {
        k->weights_narrow(out, &t->g, t->x, &t->at, t->ic);
    } else if (which == WIDE) {
        k->weights(out, &t->g, t->x, &t->at, t->ic, scratch);
    } else {
        k->data(out, &t->g, w, &t->at, t->ic, scratch);
    }
}

static size_t out_size(Which which, const Backward *t)
{
    size_t taps = (size_t)(t->at.n_taps * t->ic);
    return which == NARROW ? taps * (size_t)t->g.oc_ld
           : which == WIDE ? taps * (size_t)t->g.oc
                           : t->n_x;
}

static float before[ROOM / 4];
static float wanted[ROOM / 4];
static double expected[ROOM / 4];

static void check_variants(Which which, const Backward *t, const float *w, LmRng *rng)
{
    size_t n = out_size(which, t);
    float *out = place(OUT, n * sizeof(float));
    help_float_fill(before, n, rng);
    for (size_t i = 0; i < n && which == NARROW; i++) {
        before[i] = (int64_t)i % t->g.oc_ld < t->g.oc ? before[i] : 0;
    }
    memcpy(wanted, before, n * sizeof(float));
    call(lm_kernels_named("ref")->convpool, which, t, wanted, w);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        help_guard_fill(&rooms[OUT]);
        memcpy(out, before, n * sizeof(float));
        call(lm_kernels_named(*name)->convpool, which, t, out, w);
        check_floats(*name, out, wanted, n);
        assert_true(help_guard_is_clean(&rooms[OUT], out, n * sizeof(float)));
    }
}

/* On small integers, from zero: exact. */
static void check_ref(Which which, const Backward *t, const float *w)
{
    size_t n = out_size(which, t);
    memset(wanted, 0, n * sizeof(float));
    call(lm_kernels_named("ref")->convpool, which, t, wanted, w);
    memset(expected, 0, sizeof expected);
    expect_backward(t, which == DATA ? NULL : expected, expected, w);
    for (size_t i = 0; i < n; i++) {
        int64_t row = (int64_t)i / t->g.oc_ld;
        int64_t k = (int64_t)i % t->g.oc_ld;
        double want = which != NARROW ? expected[i]
                      : k < t->g.oc   ? expected[k * t->at.n_taps * t->ic + row]
                                      : 0;
        assert_true((double)wanted[i] == want);
    }
}

static void check_backward(Which which, int64_t ic, int64_t oc, int round, LmRng *rng)
{
    Backward t;
    make_backward(&t, ic, oc, rng);
    size_t n_w = (size_t)(oc * t.at.n_taps * ic);
    float *w = place(W, n_w * sizeof(float));
    if (round % 2 == 0) {
        fill_integers(w, n_w, rng);
        fill_backward(&t, rng, fill_integers);
        check_ref(which, &t, w);
    } else {
        help_float_fill(w, n_w, rng);
        /* weights_narrow multiplies zeros too, so a NaN would reach the surplus channels */
        fill_backward(&t, rng, which == NARROW ? help_float_fill : help_float_fill_nasty);
    }
    check_variants(which, &t, w, rng);
}

static void test_weights_narrow(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(92), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        int64_t ic = help_float_int(&rng, -2, 5);
        check_backward(NARROW, LM_MAX(ic, (int64_t)1), help_float_int(&rng, 1, 70), round, &rng);
    }
}

static void test_weights_wide(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(93), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        check_backward(WIDE, 16 * help_float_int(&rng, 1, 4), help_float_int(&rng, 1, 40), round,
                       &rng);
    }
}

/* Up to several words of output channels. */
static void test_data(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(94), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        bool is_many = round % 10 < 2;
        int64_t ic = is_many ? 16 : 16 * help_float_int(&rng, 1, 4);
        check_backward(DATA, ic, help_float_int(&rng, is_many ? 240 : 1, is_many ? 270 : 40), round,
                       &rng);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_weights_narrow),
        cmocka_unit_test(test_weights_wide),
        cmocka_unit_test(test_data),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
