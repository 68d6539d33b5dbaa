#include "stats/whitening.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/threads.h"
#include "kernel/outer.h"
#include "stats/covariance.h"

enum { PANEL = LM_OUTER_PANEL };

double lm_whitening_tolerance(double n, double d, bool is_exact)
{
    return 4 * DBL_EPSILON * (is_exact ? d : sqrt(n * d));
}

double lm_whitening_bytes_moments(double d)
{
    /* M and the eigenvectors; then these, the sums of W, and W as floats. */
    return lm_covariance_bytes(d, false) + 12 * d * d;
}

double lm_whitening_bytes_rows(double n, double d, double components)
{
    double rank = components > 0 ? LM_MIN(n, components) : n;
    double factor = (8 + 4) * rank * d;
    double rest = 2 * rank < d ? 0 : lm_covariance_bytes(d, false) + 4 * d * d;
    return 8 * n * d + lm_covariance_bytes(n, false) + 16 * n * n + factor + rest;
}

/* --- weights --- */

/* Orders directions from the strongest on: number k is eigenvalue d - 1 - k of the ascending ones.
 */
typedef struct Spectrum {
    int64_t rank;
    int64_t dropped; /* of the eigenvalues given */
} Spectrum;

static LmStatus cut(const double *w, int64_t d, const LmWhitenOptions *o, Spectrum *out,
                    LmError *err)
{
    double largest = w[d - 1];
    int64_t n_real = 0;
    if (!(largest > 0)) {
        return lm_fail(err, LM_ENUMERIC,
                       "every image is 0 when it comes to this stage: there is nothing to whiten");
    }
    while (n_real < d && w[d - 1 - n_real] > o->tolerance * largest) {
        n_real++;
    }
    out->dropped = d - n_real;
    out->rank = o->components > 0 ? LM_MIN(n_real, o->components) : n_real;
    return LM_OK;
}

static double weight_of(double eigenvalue, double n, const LmWhitenOptions *o)
{
    return o->is_eigen ? 1 / sqrt(eigenvalue / n + o->epsilon)
                       : sqrt(n) / (sqrt(eigenvalue) + o->epsilon);
}

/* --- W from the rows of F --- */

static LmStatus to_floats(const double *x, int64_t rows, int64_t d, LmTensor *out, LmError *err)
{
    const int64_t shape[2] = {rows, d};
    LmTensor t;
    LmStatus st = lm_tensor_new(&t, LM_F32, 2, shape, err);
    if (st != LM_OK) {
        return st;
    }
    float *to = t.data;
    for (int64_t i = 0; i < t.count; i++) {
        to[i] = (float)x[i];
        if (!isfinite(to[i])) {
            lm_tensor_fini(&t);
            return lm_fail(err, LM_ENUMERIC,
                           "a number of the whitening matrix is %g, which 32-bit floats cannot "
                           "hold; rescale the images, or use a larger epsilon",
                           x[i]);
        }
    }
    *out = t;
    return LM_OK;
}

static LmStatus multiply_out(const double *f, int64_t stride, int64_t rank, int64_t d,
                             LmTensor *out, LmError *err)
{
    LmCovariance c = {0};
    LmStatus st = lm_covariance_init(&c, d, false, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t first = 0; first < rank; first += LM_COVARIANCE_ROWS_F64) {
        const double *rows[LM_COVARIANCE_ROWS_F64];
        int64_t n = LM_MIN(rank - first, (int64_t)LM_COVARIANCE_ROWS_F64);
        for (int64_t t = 0; t < n; t++) {
            rows[t] = f + (first + t) * stride;
        }
        lm_covariance_add_f64(&c, rows, n);
    }
    double *w = lm_covariance_take_f64(&c);
    for (int64_t i = 0; i < d; i++) {
        for (int64_t j = 0; j < i; j++) {
            w[i * d + j] = w[j * d + i];
        }
    }
    st = to_floats(w, d, d, out, err);
    lm_mem_free(w);
    return st;
}

/* F's rows in doubles, `stride` apart, as W or as F, whichever is less. */
static LmStatus finish(const double *f, int64_t stride, const Spectrum *s, int64_t d,
                       LmWhitening *out, LmError *err)
{
    LmTensor matrix;
    LmStatus st = LM_OK;
    if (2 * s->rank >= d) {
        st = multiply_out(f, stride, s->rank, d, &matrix, err);
    } else {
        LM_ASSERT(stride == d);
        st = to_floats(f, s->rank, d, &matrix, err);
    }
    if (st == LM_OK) {
        *out = (LmWhitening){.rank = s->rank, .matrix = matrix};
    }
    return st;
}

LmStatus lm_whitening_from_moments(double *m, int64_t d, double n, const LmWhitenOptions *o,
                                   LmWhitening *out, LmError *err)
{
    size_t size = (size_t)d;
    double *w = NULL;
    double *v = NULL;
    Spectrum s = {0};
    LmWhitening made;
    LmStatus st = LM_OK;
    if ((st = lm_mem_alloc(&w, size, sizeof *w, err)) != LM_OK ||
        (st = lm_mem_alloc(&v, size * size, sizeof *v, err)) != LM_OK ||
        (st = lm_covariance_eigen(m, d, w, v, err)) != LM_OK ||
        (st = cut(w, d, o, &s, err)) != LM_OK) {
        goto done;
    }
    lm_mem_free(m);
    m = NULL;
    /* The strongest directions are the last rows of v. */
    for (int64_t k = d - s.rank; k < d; k++) {
        double root = sqrt(weight_of(w[k], n, o));
        for (int64_t i = 0; i < d; i++) {
            v[k * d + i] *= root;
        }
    }
    st = finish(v + (d - s.rank) * d, d, &s, d, &made, err);
    if (st == LM_OK) {
        *out = made;
        out->dropped = s.dropped;
    }
done:
    lm_mem_free(m);
    lm_mem_free(w);
    lm_mem_free(v);
    return st;
}

/* --- from rows --- */

typedef struct Rows {
    const double *x;
    int64_t n;
    int64_t d;
    int64_t first;   /* column of a block to be transposed */
    double *columns; /* LM_COVARIANCE_ROWS_F64 x n */
    /* Making F: directions scaled, in panels [panel][row][PANEL]; a thread's panel of columns. */
    const double *u;
    int64_t n_panels;
    double *panels;
    double *f; /* whole panels of directions x stride */
    int64_t stride;
} Rows;

static void transpose_column(void *ctx, int64_t task, int thread)
{
    const Rows *r = ctx;
    (void)thread;
    for (int64_t k = 0; k < r->n; k++) {
        r->columns[task * r->n + k] = r->x[k * r->d + r->first + task];
    }
}

/* X transpose(X): every column of X is a row added to it. */
static LmStatus gram(Rows *r, double **out, LmError *err)
{
    LmCovariance c = {0};
    LmStatus st =
        lm_mem_alloc(&r->columns, (size_t)r->n * LM_COVARIANCE_ROWS_F64, sizeof *r->columns, err);
    if (st == LM_OK) {
        st = lm_covariance_init(&c, r->n, false, err);
    }
    for (r->first = 0; st == LM_OK && r->first < r->d; r->first += LM_COVARIANCE_ROWS_F64) {
        const double *rows[LM_COVARIANCE_ROWS_F64];
        int64_t n = LM_MIN(r->d - r->first, (int64_t)LM_COVARIANCE_ROWS_F64);
        for (int64_t t = 0; t < n; t++) {
            rows[t] = r->columns + t * r->n;
        }
        lm_threads_for(n, transpose_column, r);
        lm_covariance_add_f64(&c, rows, n);
    }
    if (st == LM_OK) {
        *out = lm_covariance_take_f64(&c);
    }
    lm_mem_free(r->columns);
    return st;
}

/* F for one panel of columns: f[j][i] = sum over rows k of u[k][j] * x[k][i]. */
static void make_columns(void *ctx, int64_t task, int thread)
{
    const Rows *r = ctx;
    double *panel = r->panels + (int64_t)thread * r->n * PANEL;
    int64_t first = task * PANEL;
    for (int64_t k = 0; k < r->n; k++) {
        for (int64_t j = 0; j < PANEL; j++) {
            panel[k * PANEL + j] = first + j < r->d ? r->x[k * r->d + first + j] : 0;
        }
    }
    for (int64_t p = 0; p < r->n_panels; p++) {
        lm_kernels()->outer->add_f64(r->f + p * PANEL * r->stride + first, (size_t)r->stride,
                                     r->u + p * r->n * PANEL, panel, (size_t)r->n);
    }
}

/* Eigenvectors of X transpose(X), one a row of v from the strongest on, times what makes rows of F
 * of transpose(X) u: its length is s. */
static void scale_directions(double *u, const double *v, const double *w, int64_t n,
                             const Spectrum *s, const LmWhitenOptions *o)
{
    for (int64_t j = 0; j < s->rank; j++) {
        int64_t k = n - 1 - j;
        double scale = sqrt(weight_of(w[k], (double)n, o) / w[k]);
        double *panel = u + j / PANEL * n * PANEL + j % PANEL;
        for (int64_t i = 0; i < n; i++) {
            panel[i * PANEL] = v[k * n + i] * scale;
        }
    }
}

static LmStatus make_factor(Rows *r, const double *v, const double *w, const Spectrum *s,
                            const LmWhitenOptions *o, LmError *err)
{
    double *u = NULL;
    size_t panel = (size_t)r->n * PANEL;
    r->n_panels = (s->rank + PANEL - 1) / PANEL;
    r->stride = (int64_t)lm_base_round_up((size_t)r->d, PANEL);
    LmStatus st = lm_mem_zeros(&u, (size_t)r->n_panels * panel, sizeof *u, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&r->panels, (size_t)lm_threads() * panel, sizeof *r->panels, err);
    }
    if (st == LM_OK) {
        st = lm_mem_zeros(&r->f, (size_t)(r->n_panels * PANEL * r->stride), sizeof *r->f, err);
    }
    if (st == LM_OK) {
        scale_directions(u, v, w, r->n, s, o);
        r->u = u;
        lm_threads_for(r->stride / PANEL, make_columns, r);
    }
    lm_mem_free(u);
    lm_mem_free(r->panels);
    return st;
}

/* Rows of F close up to d numbers. */
static void close_up(Rows *r, int64_t rank)
{
    for (int64_t j = 0; j < rank; j++) {
        memmove(r->f + j * r->d, r->f + j * r->stride, (size_t)r->d * sizeof *r->f);
    }
}

LmStatus lm_whitening_from_rows(const double *x, int64_t n, int64_t d, const LmWhitenOptions *o,
                                LmWhitening *out, LmError *err)
{
    Rows r = {.x = x, .n = n, .d = d};
    size_t size = (size_t)n;
    double *g = NULL;
    double *w = NULL;
    double *v = NULL;
    Spectrum s = {0};
    LmWhitening made;
    LmStatus st = LM_OK;
    if ((st = gram(&r, &g, err)) != LM_OK ||
        (st = lm_mem_alloc(&w, size, sizeof *w, err)) != LM_OK ||
        (st = lm_mem_alloc(&v, size * size, sizeof *v, err)) != LM_OK ||
        (st = lm_covariance_eigen(g, n, w, v, err)) != LM_OK ||
        (st = cut(w, n, o, &s, err)) != LM_OK ||
        (st = make_factor(&r, v, w, &s, o, err)) != LM_OK) {
        goto done;
    }
    close_up(&r, s.rank);
    st = finish(r.f, d, &s, d, &made, err);
    if (st == LM_OK) {
        *out = made;
        out->dropped = d - n + s.dropped;
    }
done:
    lm_mem_free(r.f);
    lm_mem_free(g);
    lm_mem_free(w);
    lm_mem_free(v);
    return st;
}

LmStatus lm_whitening_expand(const LmTensor *matrix, LmTensor *out, LmError *err)
{
    int64_t rank = matrix->shape[0];
    int64_t d = matrix->shape[1];
    double *f = NULL;
    if (rank == d) {
        return lm_tensor_clone(out, matrix, err);
    }
    LmStatus st = lm_mem_alloc(&f, (size_t)matrix->count, sizeof *f, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < matrix->count; i++) {
        f[i] = (double)((const float *)matrix->data)[i];
    }
    st = multiply_out(f, d, rank, d, out, err);
    lm_mem_free(f);
    return st;
}
