#include "stage/affine.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { VECTOR = 16 }; /* floats of the widest register */

static LmStatus alloc_pairs(LmAffine *f, int64_t width, LmError *err)
{
    double *a = NULL;
    double *b = NULL;
    LmStatus st = lm_mem_alloc(&a, (size_t)width, sizeof *a, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&b, (size_t)width, sizeof *b, err);
    }
    if (st != LM_OK) {
        lm_mem_free(a);
        return st;
    }
    *f = (LmAffine){width, a, b};
    return LM_OK;
}

LmStatus lm_affine_init(LmAffine *f, LmError *err)
{
    *f = (LmAffine){0};
    LmStatus st = alloc_pairs(f, 1, err);
    if (st == LM_OK) {
        f->a[0] = 1;
        f->b[0] = 0;
    }
    return st;
}

void lm_affine_fini(LmAffine *f)
{
    lm_mem_free(f->a);
    lm_mem_free(f->b);
    *f = (LmAffine){0};
}

static LmStatus widen(LmAffine *f, int64_t width, LmError *err)
{
    LmAffine wide;
    LmStatus st = alloc_pairs(&wide, width, err);
    if (st != LM_OK) {
        return st;
    }
    LM_ASSERT(width % f->width == 0);
    for (int64_t i = 0; i < width; i++) {
        wide.a[i] = f->a[i % f->width];
        wide.b[i] = f->b[i % f->width];
    }
    lm_affine_fini(f);
    *f = wide;
    return LM_OK;
}

static void scale_all(LmAffine *f, double factor)
{
    for (int64_t i = 0; i < f->width; i++) {
        f->a[i] *= factor;
        f->b[i] *= factor;
    }
}

LmStatus lm_affine_then(LmAffine *f, const LmStage *s, LmError *err)
{
    if (s->kind == LM_STAGE_RESCALE) {
        scale_all(f, s->factor);
        return LM_OK;
    }
    LM_ASSERT(s->width > 0 && s->scope == LM_SCOPE_FEATURE);
    if (s->width > f->width) {
        LmStatus st = widen(f, s->width, err);
        if (st != LM_OK) {
            return st;
        }
    }
    for (int64_t i = 0; i < f->width; i++) {
        int64_t j = i % s->width;
        f->b[i] -= s->mean[j];
        if (s->kind == LM_STAGE_STANDARDIZE) {
            double divisor = lm_stage_divisor(s, j);
            f->a[i] /= divisor;
            f->b[i] /= divisor;
        }
    }
    return LM_OK;
}

size_t lm_affine_period(int64_t width, int64_t n)
{
    if (width == 1 || width == n) {
        return (size_t)width;
    }
    int64_t period = width;
    while (period % VECTOR != 0 && period < n) {
        period *= 2;
    }
    return (size_t)LM_MIN(period, n);
}

/* Factors below FLT_MIN are refused too: engine threads flush such numbers to zero. */
static bool floats_hold(double a, double b)
{
    return isfinite((float)a) && isfinite((float)b) && fabs(a) >= (double)FLT_MIN;
}

LmStatus lm_affine_round(const LmAffine *f, int64_t n, float **a, float **b, LmError *err)
{
    size_t period = lm_affine_period(f->width, n);
    float *ra = NULL;
    float *rb = NULL;
    LmStatus st = LM_OK;
    for (int64_t i = 0; i < f->width; i++) {
        if (!floats_hold(f->a[i], f->b[i])) {
            return lm_fail(err, LM_ENUMERIC,
                           "the stages together come to y = %g*x + %g, which 32-bit floats cannot "
                           "hold; check the factors",
                           f->a[i], f->b[i]);
        }
    }
    if ((st = lm_mem_alloc(&ra, period, sizeof *ra, err)) != LM_OK ||
        (st = lm_mem_alloc(&rb, period, sizeof *rb, err)) != LM_OK) {
        lm_mem_free(ra);
        return st;
    }
    for (size_t i = 0; i < period; i++) {
        ra[i] = (float)f->a[i % (size_t)f->width];
        /* + 0.0 turns a -0 that a negative factor left behind into 0. */
        rb[i] = (float)f->b[i % (size_t)f->width] + 0.0F;
    }
    *a = ra;
    *b = rb;
    return LM_OK;
}
