/* Filters and their taps: what PIL computes, operation for operation, for the weights must agree in
 * the last bit before they are rounded.
 *
 * Scaling down stretches the filter over the inputs of one output; scaling up leaves it alone. Each
 * output's weights are normalised to sum 1, then rounded to fixed point, half away from zero.
 */
#include <math.h>

#include "base/mem.h"
#include "io/resize_impl.h"

static const double pi = 3.14159265358979323846;

static double box(double x)
{
    return x > -0.5 && x <= 0.5 ? 1 : 0;
}

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

/* The window's numbers are floats in PIL, hence here. */
static double hamming(double x)
{
    x = fabs(x);
    if (x == 0) {
        return 1;
    }
    if (x >= 1) {
        return 0;
    }
    x *= pi;
    return sin(x) / x * ((double)0.54f + (double)0.46f * cos(x));
}

/* Keys' cubic with a = -1/2. */
static double bicubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) {
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double sinc(double x)
{
    if (x == 0) {
        return 1;
    }
    x *= pi;
    return sin(x) / x;
}

static double lanczos(double x)
{
    return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

typedef struct Filter {
    double (*weight)(double x);
    double support;
} Filter;

static const Filter filters[] = {{NULL, 0},    {box, 0.5},   {bilinear, 1},
                                 {hamming, 1}, {bicubic, 2}, {lanczos, 3}};

/* The taps of output o into `weights`; returns how many there are. */
static int32_t make_taps(double *weights, int32_t *first, const Filter *f, const LmAxis *axis,
                         int64_t o)
{
    double scale = (double)(axis->hi - axis->lo) / (double)axis->n_out;
    double stretch = scale < 1 ? 1 : scale;
    double support = f->support * stretch;
    double center = (double)axis->lo + ((double)o + 0.5) * scale;
    double shrink = 1 / stretch;
    int64_t lo = (int64_t)(center - support + 0.5);
    int64_t hi = (int64_t)(center + support + 0.5);
    lo = LM_MAX(lo, 0);
    hi = LM_MIN(hi, axis->n_in);
    double sum = 0;
    for (int64_t x = lo; x < hi; x++) {
        double w = f->weight(((double)x - center + 0.5) * shrink);
        weights[x - lo] = w;
        sum += w;
    }
    for (int64_t x = lo; x < hi && sum != 0; x++) {
        weights[x - lo] /= sum;
    }
    *first = (int32_t)lo;
    return (int32_t)(hi - lo);
}

static int32_t round_weight(double w)
{
    double scaled = w * (1 << LM_RESIZE_BITS);
    return (int32_t)(w < 0 ? scaled - 0.5 : scaled + 0.5);
}

/* Where only integers are kept, the doubles of one output at a time are enough. */
static LmStatus alloc_taps(LmTaps *t, const LmAxis *axis, LmResize filter, int depth, LmError *err)
{
    double scale = (double)(axis->hi - axis->lo) / (double)axis->n_out;
    size_t n = (size_t)axis->n_out;
    t->n_out = axis->n_out;
    t->stride = (int64_t)ceil(filters[filter].support * LM_MAX(scale, 1)) * 2 + 1;
    LmStatus st = lm_mem_alloc(&t->firsts, n, sizeof *t->firsts, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&t->counts, n, sizeof *t->counts, err);
    }
    if (st == LM_OK) {
        st = lm_mem_zeros(&t->weights, (depth == 8 ? 1 : n) * (size_t)t->stride, sizeof *t->weights,
                          err);
    }
    if (st == LM_OK && depth == 8) {
        st = lm_mem_zeros(&t->fixed, n * (size_t)t->stride, sizeof *t->fixed, err);
    }
    return st;
}

LmStatus lm_resize_taps_init(LmTaps *out, const LmAxis *axis, LmResize filter, int depth,
                             LmError *err)
{
    LmTaps t = {0};
    LmStatus st = alloc_taps(&t, axis, filter, depth, err);
    if (st != LM_OK) {
        lm_resize_taps_fini(&t);
        return st;
    }
    for (int64_t o = 0; o < t.n_out; o++) {
        double *weights = t.weights + (depth == 8 ? 0 : o * t.stride);
        t.counts[o] = make_taps(weights, &t.firsts[o], &filters[filter], axis, o);
        for (int32_t i = 0; depth == 8 && i < t.counts[o]; i++) {
            t.fixed[o * t.stride + i] = round_weight(weights[i]);
        }
    }
    *out = t;
    return LM_OK;
}

void lm_resize_taps_fini(LmTaps *t)
{
    lm_mem_free(t->firsts);
    lm_mem_free(t->counts);
    lm_mem_free(t->fixed);
    lm_mem_free(t->weights);
}
