/* The matrix kernel: every variant against ref bit for bit, with random tables of rows and segments
 * and unreadable pages around each operand; ref against double precision and against sums worked
 * out by hand. */
#include "help_test.h"

#include <math.h>

#include "base/threads.h"
#include "help_float.h"
#include "help_guard.h"
#include "kernel/gemm.h"

enum { ROWS_MAX = 17, K_MAX = 20, SEG_MAX = 3, COLS_MAX = 160, A_K_MAX = 7 };
/* Floats each operand may need; C has the most: rows with gaps between them. */
enum { ROOM = (ROWS_MAX + 1) * (COLS_MAX + 40) + SEG_MAX * K_MAX * (COLS_MAX + 40) };

typedef struct Case {
    LmGemm g;
    int32_t a_row[ROWS_MAX + 1];
    int32_t a_seg[SEG_MAX + 1];
    int32_t b_seg[SEG_MAX + 1];
    int32_t c_row[ROWS_MAX + 1];
    HelpGuard a, b, c, bias;
    float *c_data;
    size_t n_c;
    float before[ROOM];
    float wanted[ROOM];
} Case;

static Case the_case;

static int setup(void **state)
{
    Case *t = &the_case;
    HelpGuard *guards[] = {&t->a, &t->b, &t->c, &t->bias};
    for (size_t i = 0; i < LM_ARRAY_LEN(guards); i++) {
        *guards[i] = help_guard_new(ROOM * sizeof(float));
    }
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    Case *t = *state;
    HelpGuard *guards[] = {&t->a, &t->b, &t->c, &t->bias};
    for (size_t i = 0; i < LM_ARRAY_LEN(guards); i++) {
        help_guard_free(guards[i]);
    }
    return 0;
}

/* n floats against the front or the back page, the room filled with the pattern before. */
static float *place(HelpGuard *guard, size_t n, bool is_front)
{
    assert_true(n <= ROOM);
    help_guard_fill(guard);
    return is_front ? help_guard_front(guard) : help_guard_back(guard, n * sizeof(float));
}

typedef void Fill(float *x, size_t n, LmRng *rng);

/* Offsets of A: any row with any segment, segments before and behind the row's start. */
static void make_a(Case *t, LmRng *rng, Fill *fill, bool is_front)
{
    LmGemm *g = &t->g;
    int64_t back = 0;
    int64_t reach = 0;
    for (int64_t s = 0; s < g->n_seg; s++) {
        t->a_seg[s] = (int32_t)help_float_int(rng, -40, 60);
        back = LM_MAX(back, -(int64_t)t->a_seg[s]);
        reach = LM_MAX(reach, (int64_t)t->a_seg[s]);
    }
    int64_t last = 0;
    for (int64_t i = 0; i < g->n_rows; i++) {
        t->a_row[i] = (int32_t)help_float_int(rng, 0, 90);
        last = LM_MAX(last, (int64_t)t->a_row[i]);
    }
    size_t n = (size_t)(back + last + reach + LM_MAX(g->k - 1, (int64_t)0) * g->a_k + 1);
    float *a = place(&t->a, n, is_front);
    fill(a, n, rng);
    g->a = a + back;
    g->a_row = t->a_row;
    g->a_seg = t->a_seg;
}

static void make_b(Case *t, LmRng *rng, Fill *fill, bool is_front)
{
    LmGemm *g = &t->g;
    int64_t reach = 0;
    for (int64_t s = 0; s < g->n_seg; s++) {
        t->b_seg[s] = (int32_t)help_float_int(rng, 0, 50);
        reach = LM_MAX(reach, (int64_t)t->b_seg[s]);
    }
    size_t n = (size_t)(reach + LM_MAX(g->k - 1, (int64_t)0) * g->b_k + g->n_cols);
    float *b = place(&t->b, n, is_front);
    fill(b, n, rng);
    g->b = b;
    g->b_seg = t->b_seg;
}

/* Rows of C in any order with gaps between them. */
static void make_c(Case *t, LmRng *rng, Fill *fill, bool is_front)
{
    LmGemm *g = &t->g;
    int32_t at = 0;
    for (int64_t i = 0; i < g->n_rows; i++) {
        t->c_row[i] = at;
        at += (int32_t)(g->n_cols + help_float_int(rng, 0, 3) * 13);
    }
    t->n_c = g->n_rows > 0 ? (size_t)(t->c_row[g->n_rows - 1] + g->n_cols) : 0;
    for (int64_t i = g->n_rows - 1; i > 0; i--) {
        int64_t j = help_float_int(rng, 0, i);
        int32_t swap = t->c_row[i];
        t->c_row[i] = t->c_row[j];
        t->c_row[j] = swap;
    }
    t->c_data = place(&t->c, t->n_c, is_front);
    fill(t->before, t->n_c, rng);
    g->c = t->c_data;
    g->c_row = t->c_row;
    float *bias = place(&t->bias, (size_t)g->n_cols, is_front);
    fill(bias, (size_t)g->n_cols, rng);
    g->bias = g->init == LM_GEMM_BIAS ? bias : NULL;
}

static void make(Case *t, LmRng *rng, Fill *fill, int64_t n_rows, int64_t k, int64_t n_cols)
{
    bool is_front = lm_rng_below(rng, 2) == 0;
    t->g = (LmGemm){.a_k = help_float_int(rng, 1, A_K_MAX),
                    .b_k = n_cols + help_float_int(rng, 0, 3) * 13,
                    .n_rows = n_rows,
                    .n_seg = help_float_int(rng, 0, SEG_MAX),
                    .k = k,
                    .n_cols = n_cols,
                    .init = (LmGemmInit)lm_rng_below(rng, 3),
                    .is_relu = lm_rng_below(rng, 2) == 0};
    make_a(t, rng, fill, is_front);
    make_b(t, rng, fill, is_front);
    make_c(t, rng, fill, is_front);
}

static void run(Case *t, const LmKernels *kernels)
{
    help_guard_fill(&t->c);
    memcpy(t->c_data, t->before, t->n_c * sizeof(float));
    kernels->gemm->gemm(&t->g);
    assert_true(help_guard_is_clean(&t->c, t->c_data, t->n_c * sizeof(float)));
}

static void check_variants(Case *t)
{
    run(t, lm_kernels_named("ref"));
    memcpy(t->wanted, t->c_data, t->n_c * sizeof(float));
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        run(t, lm_kernels_named(*name));
        size_t at = help_float_differs(t->c_data, t->wanted, t->n_c);
        if (at < t->n_c) {
            const LmGemm *g = &t->g;
            fail_msg("%s: C[%zu] is %a, ref says %a (rows %d, segments %d, k %d, columns %d, init "
                     "%d, relu %d)",
                     *name, at, (double)t->c_data[at], (double)t->wanted[at], (int)g->n_rows,
                     (int)g->n_seg, (int)g->k, (int)g->n_cols, (int)g->init, g->is_relu);
        }
    }
}

/* Every number of rows and columns, every k_step-th k. */
static void sweep(Case *t, uint64_t seed, int64_t k_step, Fill *fill)
{
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 0);
    for (int64_t n_rows = 0; n_rows <= ROWS_MAX; n_rows++) {
        for (int64_t k = 0; k <= K_MAX; k += k_step) {
            for (int64_t n_cols = LM_GEMM_COLS; n_cols <= COLS_MAX; n_cols += LM_GEMM_COLS) {
                make(t, &rng, fill, n_rows, k, n_cols);
                check_variants(t);
            }
        }
    }
}

static void test_variants_agree(void **state)
{
    sweep(*state, help_guard_seed(11), 1, help_float_fill);
}

/* NaN, infinities, denormals and zeros of both signs take the same way everywhere. */
static void test_variants_agree_on_nasty_numbers(void **state)
{
    sweep(*state, help_guard_seed(12), 5, help_float_fill_nasty);
}

/* Tiny numbers whose products underflow, ordinary ones and zeros. */
static void fill_tiny(float *x, size_t n, LmRng *rng)
{
    for (size_t i = 0; i < n; i++) {
        int exponent = (int)help_float_int(rng, -80, -40);
        x[i] = lm_rng_below(rng, 8) == 0 ? 0 : ldexpf(help_float_random(rng), exponent);
    }
}

/* With denormals flushed, as inside parallel loops. */
static void test_variants_agree_when_denormals_are_flushed(void **state)
{
    uint64_t seed = help_guard_seed(15);
    unsigned token = lm_threads_flush_denormals();
    sweep(*state, seed, 7, fill_tiny);
    lm_threads_restore_denormals(token);
}

/* C[i][j] before relu in double, and the sum of the terms' sizes. */
static double exact(const Case *t, int64_t i, int64_t j, double *size)
{
    const LmGemm *g = &t->g;
    double sum = 0;
    if (g->init == LM_GEMM_BIAS) {
        sum = (double)g->bias[j];
    } else if (g->init == LM_GEMM_ADD) {
        sum = (double)t->before[t->c_row[i] + j];
    }
    *size = fabs(sum);
    for (int64_t s = 0; s < g->n_seg; s++) {
        for (int64_t p = 0; p < g->k; p++) {
            double a = (double)g->a[t->a_row[i] + t->a_seg[s] + p * g->a_k];
            double b = (double)g->b[t->b_seg[s] + p * g->b_k + j];
            sum += a * b;
            *size += fabs(a * b);
        }
    }
    return sum;
}

/* A chain of n fused multiply-adds is off by at most gamma(n) times the sum of its terms' sizes;
 * the same sum in double by 2^-29 of that, for which one more rounding is allowed. relu can only
 * bring the two nearer. */
static void test_ref_against_double(void **state)
{
    Case *t = *state;
    LmRng rng = lm_rng(help_guard_seed(13), LM_RNG_USER, 0, 0);
    double widest = 0;
    for (int round = 0; round < 400; round++) {
        make(t, &rng, help_float_fill, help_float_int(&rng, 1, ROWS_MAX),
             help_float_int(&rng, 0, K_MAX), 16 * help_float_int(&rng, 1, 3));
        run(t, lm_kernels_named("ref"));
        for (int64_t i = 0; i < t->g.n_rows; i++) {
            for (int64_t j = 0; j < t->g.n_cols; j++) {
                double size;
                double want = exact(t, i, j, &size);
                want = t->g.is_relu && 0 > want ? 0 : want;
                double got = (double)t->c_data[t->c_row[i] + j];
                double bound = help_float_gamma((double)(t->g.n_seg * t->g.k) + 1) * size;
                assert_true(fabs(got - want) <= bound);
                widest = LM_MAX(widest, size > 0 ? bound / size : 0);
            }
        }
    }
    assert_true(widest < 4e-6); /* the bound itself stays tight */
}

static void fill_integers(float *x, size_t n, LmRng *rng)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)help_float_int(rng, -8, 8);
    }
}

/* Sums of integers below 2^24 are exact: a lost or doubled term always shows. */
static void test_integers_are_exact(void **state)
{
    Case *t = *state;
    LmRng rng = lm_rng(help_guard_seed(14), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 300; round++) {
        make(t, &rng, fill_integers, help_float_int(&rng, 1, ROWS_MAX),
             help_float_int(&rng, 0, K_MAX), 16 * help_float_int(&rng, 1, 10));
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            run(t, lm_kernels_named(*name));
            for (int64_t i = 0; i < t->g.n_rows; i++) {
                for (int64_t j = 0; j < t->g.n_cols; j++) {
                    double size;
                    double want = exact(t, i, j, &size);
                    want = t->g.is_relu && 0 > want ? 0 : want;
                    assert_true((double)t->c_data[t->c_row[i] + j] == want);
                }
            }
        }
    }
}

/* One row, two segments of three terms: A holds `a`, B's rows are all ones. */
static float chain(const LmKernels *kernels, const float a[6], LmGemmInit init, float start,
                   bool is_relu)
{
    static const int32_t zero[1] = {0};
    static const int32_t a_seg[2] = {0, 3};
    static const int32_t b_seg[2] = {16, 0};
    float b[80];
    float c[16];
    float bias[16];
    for (int i = 0; i < 80; i++) {
        b[i] = 1;
    }
    for (int j = 0; j < 16; j++) {
        c[j] = start;
        bias[j] = start;
    }
    LmGemm g = {.a = a,
                .a_row = zero,
                .a_seg = a_seg,
                .a_k = 1,
                .b = b,
                .b_seg = b_seg,
                .b_k = 16,
                .c = c,
                .c_row = zero,
                .n_rows = 1,
                .n_seg = 2,
                .k = 3,
                .n_cols = 16,
                .init = init,
                .bias = bias,
                .is_relu = is_relu};
    kernels->gemm->gemm(&g);
    for (int j = 1; j < 16; j++) {
        assert_true(help_float_is_same(c[j], c[0]));
    }
    return c[0];
}

/* 2^24 + 1 is no float: a 1 added while 2^24 is in the sum is lost. So the result tells the order:
 * start, first segment's terms, second segment's terms. */
static void test_order_of_the_sum(void **state)
{
    (void)state;
    const float big = 0x1p24f;
    const struct {
        float start;
        float a[6];
        float want;
    } rows[] = {
        {0, {big, 1, -big, 0, 0, 1}, 1},     {0, {1, big, -big, 1, 0, 0}, 1},
        {0, {0, 0, big, 1, -big, 1}, 1},     {big, {1, 1, 1, 1, 1, -big}, 0},
        {1, {1, 0, 1, big, 1, -big}, 4},     {0, {1, 1, 1, 1, big, -big}, 4},
        {-big, {big, 1, 1, 1, 1, 1}, 5},     {0, {big, 1, 1, -big, 1, 1}, 2},
        {0, {-big, -1, big, -1, -1, 0}, -2},
    };
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        for (size_t i = 0; i < LM_ARRAY_LEN(rows); i++) {
            LmGemmInit init = rows[i].start == 0 ? LM_GEMM_ZERO : LM_GEMM_ADD;
            const LmKernels *k = lm_kernels_named(*name);
            assert_true(chain(k, rows[i].a, init, rows[i].start, false) == rows[i].want);
            assert_true(chain(k, rows[i].a, LM_GEMM_BIAS, rows[i].start, false) == rows[i].want);
        }
    }
}

/* ZERO looks neither at C nor at the bias; relu keeps NaN and the sign of zero, and cuts the
 * rest. */
static void test_init_and_relu(void **state)
{
    (void)state;
    const float zeros[6] = {0};
    const float negative[6] = {-3, 1, 0, 0, 0, 0};
    const float nan_term[6] = {0, 0, NAN, 0, 0, 0};
    const float infinite[6] = {-INFINITY, 0, 0, 0, 0, 0};
    const float minus_zeros[6] = {-0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f};
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmKernels *k = lm_kernels_named(*name);
        assert_true(chain(k, negative, LM_GEMM_ZERO, NAN, false) == -2);
        assert_true(chain(k, negative, LM_GEMM_ADD, 5, false) == 3);
        assert_true(chain(k, negative, LM_GEMM_BIAS, 5, false) == 3);
        assert_true(help_float_is_same(chain(k, negative, LM_GEMM_ZERO, 0, true), 0.0f));
        assert_true(help_float_is_same(chain(k, infinite, LM_GEMM_BIAS, 0, true), 0.0f));
        assert_true(help_float_is_same(chain(k, minus_zeros, LM_GEMM_BIAS, -0.0f, true), -0.0f));
        assert_true(isnan(chain(k, nan_term, LM_GEMM_ZERO, 0, true)));
        assert_true(isnan(chain(k, zeros, LM_GEMM_BIAS, NAN, true)));
        assert_true(isnan(chain(k, zeros, LM_GEMM_ADD, NAN, true)));
    }
}

/* A product is not rounded before it is added: (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24, while the
 * rounded product would leave 0. */
static void test_multiply_add_is_fused(void **state)
{
    (void)state;
    static const int32_t zero[1] = {0};
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        float a = 1 + 0x1p-12f;
        float b[16];
        float c[16];
        for (int j = 0; j < 16; j++) {
            b[j] = 1 + 0x1p-12f;
            c[j] = -(1 + 0x1p-11f);
        }
        LmGemm g = {.a = &a,
                    .a_row = zero,
                    .a_seg = zero,
                    .a_k = 1,
                    .b = b,
                    .b_seg = zero,
                    .b_k = 16,
                    .c = c,
                    .c_row = zero,
                    .n_rows = 1,
                    .n_seg = 1,
                    .k = 1,
                    .n_cols = 16,
                    .init = LM_GEMM_ADD};
        lm_kernels_named(*name)->gemm->gemm(&g);
        for (int j = 0; j < 16; j++) {
            assert_true(c[j] == 0x1p-24f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants_agree),
        cmocka_unit_test(test_variants_agree_on_nasty_numbers),
        cmocka_unit_test(test_variants_agree_when_denormals_are_flushed),
        cmocka_unit_test(test_ref_against_double),
        cmocka_unit_test(test_integers_are_exact),
        cmocka_unit_test(test_order_of_the_sum),
        cmocka_unit_test(test_init_and_relu),
        cmocka_unit_test(test_multiply_add_is_fused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
