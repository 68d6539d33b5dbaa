#include "stats/running.h"

#include <math.h>

#include "base/mem.h"
#include "kernel/kernel.h"

LmStatus lm_running_init(LmRunning *r, int64_t width, LmError *err)
{
    double *block = NULL;
    LmStatus st = lm_mem_alloc(&block, (size_t)width, 4 * sizeof *block, err);
    if (st == LM_OK) {
        *r = (LmRunning){width, block, block + width, block + 2 * width, block + 3 * width};
        for (int64_t j = 0; j < width; j++) {
            r->mean[j] = 0;
            r->m2[j] = 0;
            r->lo[j] = (double)INFINITY;
            r->hi[j] = -(double)INFINITY;
        }
    }
    return st;
}

void lm_running_fini(LmRunning *r)
{
    lm_mem_free(r->mean);
    *r = (LmRunning){0};
}

/* The smaller (larger) of two, NaN if either is. */
static double lower(double a, double b)
{
    return isnan(a) || a < b ? a : b;
}

static double higher(double a, double b)
{
    return isnan(a) || a > b ? a : b;
}

/* Parts of na and nb values with means ma and mb: with d = mb - ma,
 *   mean = ma + d * nb/(na+nb),   M2 = M2a + M2b + d^2 * na*nb/(na+nb). */
static void combine(LmRunning *r, int64_t j, int64_t na, double mean, double m2, int64_t nb)
{
    if (na == 0) {
        r->mean[j] = mean;
        r->m2[j] = m2;
        return;
    }
    double share = (double)nb / (double)(na + nb);
    double delta = mean - r->mean[j];
    r->mean[j] += delta * share;
    r->m2[j] += m2 + delta * delta * ((double)na * share);
}

/* The `count` values of number j: x[0], x[width], x[2 * width], ... */
static void widen(LmRunning *r, int64_t j, const float *x, int64_t count)
{
    double lo = r->lo[j];
    double hi = r->hi[j];
    for (int64_t i = 0; i < count; i++) {
        lo = lower(lo, (double)x[i * r->width]);
        hi = higher(hi, (double)x[i * r->width]);
    }
    r->lo[j] = lo;
    r->hi[j] = hi;
}

static void add_strided(LmRunning *r, int64_t before, int64_t j, const float *x, int64_t count)
{
    double sum = 0;
    double m2 = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += (double)x[i * r->width];
    }
    double mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++) {
        double d = (double)x[i * r->width] - mean;
        m2 += d * d;
    }
    combine(r, j, before, mean, m2, count);
}

void lm_running_add(LmRunning *r, int64_t before, const float *x, int64_t n)
{
    if (r->width == 1) {
        const LmScaleKernels *k = lm_kernels()->scale;
        double mean = k->sum_f32(x, (size_t)n) / (double)n;
        combine(r, 0, before, mean, k->sum_squares_f32(x, (size_t)n, mean), n);
        widen(r, 0, x, n);
        return;
    }
    for (int64_t j = 0; j < r->width; j++) {
        add_strided(r, before, j, x + j, n / r->width);
        widen(r, j, x + j, n / r->width);
    }
}

void lm_running_merge(LmRunning *r, int64_t before, const LmRunning *other, int64_t n_other)
{
    for (int64_t j = 0; j < r->width; j++) {
        combine(r, j, before, other->mean[j], other->m2[j], n_other);
        r->lo[j] = lower(r->lo[j], other->lo[j]);
        r->hi[j] = higher(r->hi[j], other->hi[j]);
    }
}
