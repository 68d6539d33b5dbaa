#include "flow/range.h"

#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "flow/flow_impl.h"

typedef struct Sums {
    LmRange range; /* rms: sum of squares */
    int64_t n;
} Sums;

static void add(Sums *s, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double v = (double)x[i];
        s->range.lo = LM_MIN(s->range.lo, v);
        s->range.hi = LM_MAX(s->range.hi, v);
        s->range.rms += v * v;
    }
    s->n += n;
}

LmStatus lm_range_measure(LmRange *out, const LmFlow *f, LmError *err)
{
    const LmDataset *ds = f->dataset;
    int64_t n_pixels = ds->h * ds->w * ds->c;
    int64_t n_images = LM_MIN(ds->count, (int64_t)LM_RANGE_IMAGES);
    Sums s = {{DBL_MAX, -DBL_MAX, 0}, 0};
    float *x = NULL;
    void *scratch = NULL;
    LmStatus st = lm_mem_alloc(&x, (size_t)n_pixels, sizeof *x, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&scratch, LM_MAX(lm_flow_scratch_bytes(f), (size_t)1), 1, err);
    }
    for (int64_t k = 0; k < n_images && st == LM_OK; k++) {
        int64_t i = k * ds->count / n_images;
        st = lm_filler_fill(&f->filler, LM_FLOW_PLAIN, &i, 1, &x, scratch, err);
        if (st == LM_OK) {
            add(&s, x, n_pixels);
        }
    }
    if (st == LM_OK) {
        s.range.rms = sqrt(s.range.rms / (double)s.n);
        *out = s.range;
    }
    lm_mem_free(scratch);
    lm_mem_free(x);
    return st;
}
