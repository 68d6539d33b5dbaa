#include "stats/covariance.h"

#include <dlfcn.h>
#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/exact.h"
#include "base/mem.h"
#include "base/threads.h"
#include "kernel/outer.h"

enum { PANEL = LM_OUTER_PANEL, PAIRS = LM_COVARIANCE_ROWS_U8 / 2 };
_Static_assert((int)PAIRS <= (int)LM_OUTER_PAIRS_MAX, "a call's pairs fit 32-bit sums");

static size_t panels_bytes(size_t stride, bool is_u8)
{
    return stride * (is_u8 ? PAIRS * sizeof(uint32_t) : LM_COVARIANCE_ROWS_F64 * sizeof(double));
}

LmStatus lm_covariance_init(LmCovariance *c, int64_t d, bool is_u8, LmError *err)
{
    LM_ASSERT(d > 0);
    if (d > LM_COVARIANCE_FEATURES_MAX) {
        return lm_fail(err, LM_EARG,
                       "a matrix over %lld features, wanted at most %d: use smaller images",
                       (long long)d, LM_COVARIANCE_FEATURES_MAX);
    }
    LmCovariance made = {.d = d, .is_u8 = is_u8};
    made.stride = lm_base_round_up((size_t)d, PANEL);
    size_t n = made.stride * made.stride;
    LmStatus st = is_u8 ? lm_mem_zeros(&made.counts, n, sizeof *made.counts, err)
                        : lm_mem_zeros(&made.sums, n, sizeof *made.sums, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&made.panels, panels_bytes(made.stride, is_u8), 1, err);
    }
    if (st != LM_OK) {
        lm_covariance_fini(&made);
        return st;
    }
    *c = made;
    return LM_OK;
}

void lm_covariance_fini(LmCovariance *c)
{
    lm_mem_free(c->counts);
    lm_mem_free(c->sums);
    lm_mem_free(c->panels);
    *c = (LmCovariance){0};
}

double lm_covariance_bytes(double d, bool is_u8)
{
    double stride = ceil(d / PANEL) * PANEL;
    double row = (double)panels_bytes(1, is_u8);
    return stride * (stride * (double)sizeof(double) + row);
}

/* --- adding --- */

typedef struct Add {
    LmCovariance *c;
    const uint8_t *const *bytes;
    const double *const *doubles;
    int64_t n;
    size_t n_steps; /* pairs of rows, or rows */
} Add;

/* Features from `first` on that a panel holds: the last may have fewer. */
static size_t panel_columns(const LmCovariance *c, size_t first)
{
    return LM_MIN((size_t)c->d - first, (size_t)PANEL);
}

static void pack_u8(void *ctx, int64_t task, int thread)
{
    const Add *a = ctx;
    (void)thread;
    size_t first = (size_t)task * PANEL;
    size_t n_columns = panel_columns(a->c, first);
    uint32_t *panel = (uint32_t *)a->c->panels + (size_t)task * PAIRS * PANEL;
    memset(panel, 0, a->n_steps * PANEL * sizeof *panel);
    for (int64_t t = 0; t < a->n; t++) {
        uint32_t *to = panel + t / 2 * PANEL;
        const uint8_t *from = a->bytes[t] + first;
        int shift = t % 2 == 0 ? 0 : 16;
        for (size_t j = 0; j < n_columns; j++) {
            to[j] |= (uint32_t)from[j] << shift;
        }
    }
}

static void pack_f64(void *ctx, int64_t task, int thread)
{
    const Add *a = ctx;
    (void)thread;
    size_t first = (size_t)task * PANEL;
    size_t n_columns = panel_columns(a->c, first);
    double *panel = (double *)a->c->panels + (size_t)task * LM_COVARIANCE_ROWS_F64 * PANEL;
    for (int64_t t = 0; t < a->n; t++) {
        memcpy(panel + t * PANEL, a->doubles[t] + first, n_columns * sizeof *panel);
        for (size_t j = n_columns; j < PANEL; j++) {
            panel[t * PANEL + (int64_t)j] = 0;
        }
    }
}

/* All blocks of one row of panels, the diagonal's and those right of it. */
static void add_strip(void *ctx, int64_t task, int thread)
{
    const Add *a = ctx;
    const LmCovariance *c = a->c;
    const LmOuterKernels *k = lm_kernels()->outer;
    (void)thread;
    size_t n_panels = c->stride / PANEL;
    for (size_t p = (size_t)task; p < n_panels; p++) {
        size_t at = (size_t)task * PANEL * c->stride + p * PANEL;
        if (c->is_u8) {
            const uint32_t *panels = c->panels;
            k->add_u8(c->counts + at, c->stride, panels + (size_t)task * PAIRS * PANEL,
                      panels + p * PAIRS * PANEL, a->n_steps);
        } else {
            const double *panels = c->panels;
            const size_t rows = LM_COVARIANCE_ROWS_F64;
            k->add_f64(c->sums + at, c->stride, panels + (size_t)task * rows * PANEL,
                       panels + p * rows * PANEL, a->n_steps);
        }
    }
}

static void add(Add *a, void (*pack)(void *ctx, int64_t task, int thread))
{
    int64_t n_panels = (int64_t)(a->c->stride / PANEL);
    lm_threads_for(n_panels, pack, a);
    lm_threads_for(n_panels, add_strip, a);
}

void lm_covariance_add_u8(LmCovariance *c, const uint8_t *const *rows, int64_t n)
{
    LM_ASSERT(c->is_u8 && n >= 0 && n <= LM_COVARIANCE_ROWS_U8);
    Add a = {.c = c, .bytes = rows, .n = n, .n_steps = (size_t)(n + 1) / 2};
    add(&a, pack_u8);
}

void lm_covariance_add_f64(LmCovariance *c, const double *const *rows, int64_t n)
{
    LM_ASSERT(!c->is_u8 && n >= 0 && n <= LM_COVARIANCE_ROWS_F64);
    Add a = {.c = c, .doubles = rows, .n = n, .n_steps = (size_t)n};
    add(&a, pack_f64);
}

/* --- taking --- */

double *lm_covariance_take_f64(LmCovariance *c)
{
    LM_ASSERT(!c->is_u8);
    double *m = c->sums;
    size_t d = (size_t)c->d;
    /* Rows move to the front of the same memory, each behind what is read next. */
    for (size_t i = 0; i < d; i++) {
        memmove(m + i * d, c->sums + i * c->stride, d * sizeof *m);
    }
    c->sums = NULL;
    lm_covariance_fini(c);
    return m;
}

double *lm_covariance_take_u8(LmCovariance *c, uint64_t n, const uint64_t *s1, const double *a,
                              const double *b, int64_t width, bool is_centered)
{
    LM_ASSERT(c->is_u8 && n > 0);
    size_t d = (size_t)c->d;
    char *memory = (char *)c->counts;
    double count = (double)n;
    for (size_t i = 0; i < d; i++) {
        size_t wi = i % (size_t)width;
        double rest_i = fma(a[wi], lm_exact_mean(n, s1[i]), b[wi]);
        for (size_t j = i; j < d; j++) {
            size_t wj = j % (size_t)width;
            uint64_t s2;
            memcpy(&s2, memory + (i * c->stride + j) * sizeof s2, sizeof s2);
            LmI128 about = (LmI128)n * s2 - (LmI128)s1[i] * s1[j];
            double m = a[wi] * a[wj] * ((double)about / count);
            if (!is_centered) {
                double rest_j = fma(a[wj], lm_exact_mean(n, s1[j]), b[wj]);
                m += count * rest_i * rest_j;
            }
            /* Never past what is read next: d <= stride. */
            memcpy(memory + (i * d + j) * sizeof m, &m, sizeof m);
        }
    }
    c->counts = NULL;
    lm_covariance_fini(c);
    return (double *)(void *)memory;
}

/* --- eigenproblem --- */

static bool is_finite(const double *a, size_t d)
{
    for (size_t i = 0; i < d; i++) {
        for (size_t j = i; j < d; j++) {
            if (!isfinite(a[i * d + j])) {
                return false;
            }
        }
    }
    return true;
}

/* LAPACK is loaded when it is first needed: linked in, it and the libraries it brings along would
 * triple the time the program takes to start (1 ms to 3 ms), for a stage few lists hold. */
static __typeof__(&LAPACKE_dsyevr_work) dsyevr;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void load(void)
{
    static const char *const names[] = {"liblapacke.so.3", "liblapacke.so"};
    for (size_t i = 0; i < LM_ARRAY_LEN(names) && dsyevr == NULL; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        void *symbol = library != NULL ? dlsym(library, "LAPACKE_dsyevr_work") : NULL;
        /* As POSIX has it: a pointer to an object holds one to a function. */
        memcpy(&dsyevr, &symbol, sizeof symbol);
    }
}

/* Row-major with i <= j is LAPACK's column-major lower triangle. dsyevr takes the least memory of
 * LAPACK's solvers: the matrix, the vectors and a few rows. */
static LmStatus solve(double *a, int64_t d, double *w, double *v, lapack_int *support, double *work,
                      size_t n_work, lapack_int *iwork, size_t n_iwork, LmError *err)
{
    lapack_int n = (lapack_int)d;
    lapack_int n_found = 0;
    lapack_int info = dsyevr(LAPACK_COL_MAJOR, 'V', 'A', 'L', n, a, n, 0, 0, 0, 0, 0, &n_found, w,
                             v, n, support, work, (lapack_int)n_work, iwork, (lapack_int)n_iwork);
    LM_ASSERT(info >= 0);
    if (info > 0 || n_found != n) {
        return lm_fail(err, LM_ENUMERIC,
                       "the eigenproblem of %lld features did not converge (LAPACK's dsyevr: %d)",
                       (long long)d, (int)info);
    }
    return LM_OK;
}

LmStatus lm_covariance_eigen(double *a, int64_t d, double *w, double *v, LmError *err)
{
    /* What dsyevr asks for with blocks of 32 columns, LAPACK's own choice. */
    size_t n = (size_t)d;
    size_t n_work = (32 + 6) * n;
    size_t n_iwork = 10 * n;
    lapack_int *support = NULL;
    double *work = NULL;
    lapack_int *iwork = NULL;
    LmStatus st = LM_OK;
    if (!is_finite(a, n)) {
        return lm_fail(err, LM_ENUMERIC,
                       "the images' second moments are not finite; do they hold NaN or infinite "
                       "values?");
    }
    pthread_once(&load_once, load);
    if (dsyevr == NULL) {
        return lm_fail(err, LM_ENOTFOUND,
                       "whitening needs LAPACK: liblapacke.so.3 cannot be loaded; install it "
                       "('make deps', or the package liblapacke)");
    }
    if ((st = lm_mem_alloc(&support, 2 * n, sizeof *support, err)) == LM_OK &&
        (st = lm_mem_alloc(&work, n_work, sizeof *work, err)) == LM_OK &&
        (st = lm_mem_alloc(&iwork, n_iwork, sizeof *iwork, err)) == LM_OK) {
        st = solve(a, d, w, v, support, work, n_work, iwork, n_iwork, err);
    }
    lm_mem_free(support);
    lm_mem_free(work);
    lm_mem_free(iwork);
    return st;
}
