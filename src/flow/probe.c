#include "flow/probe.h"

#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "flow/flow_impl.h"

/* Images of both kinds, and what reading them takes. */
typedef struct Work {
    const LmFlow *f;
    int64_t item;
    int64_t n;
    float *before;
    float *after;
    void *scratch;
} Work;

static int64_t spread(const Work *w, int64_t k, int64_t n)
{
    return k * w->f->dataset->count / n;
}

static LmStatus read_all(const Work *w, LmError *err)
{
    LmStatus st = LM_OK;
    for (int64_t k = 0; k < w->n && st == LM_OK; k++) {
        int64_t i = spread(w, k, w->n);
        float *x = w->after + k * w->item;
        st = lm_filler_pixels(&w->f->filler, LM_FLOW_PLAIN, i, w->before + k * w->item, w->scratch,
                              err);
        if (st == LM_OK) {
            st = lm_filler_fill(&w->f->filler, LM_FLOW_PLAIN, &i, 1, &x, w->scratch, err);
        }
    }
    return st;
}

/* Where all are equal they make one bar in the middle. */
static void find_ends(LmProbeBins *b, const float *x, int64_t n)
{
    b->lo = DBL_MAX;
    b->hi = -DBL_MAX;
    for (int64_t i = 0; i < n; i++) {
        if (isfinite(x[i])) {
            b->lo = LM_MIN(b->lo, (double)x[i]);
            b->hi = LM_MAX(b->hi, (double)x[i]);
        }
    }
    if (b->lo > b->hi) {
        b->lo = b->hi = 0;
    }
    if (b->lo == b->hi) {
        double half = LM_MAX(0.5, 1e-6 * fabs(b->lo)); /* more than one rounding of large numbers */
        b->lo -= half;
        b->hi += half;
    }
}

static void count(LmProbeBins *b, const float *x, int64_t n)
{
    double scale = b->n / (b->hi - b->lo);
    for (int64_t i = 0; i < n; i++) {
        if (isfinite(x[i])) {
            int64_t k = (int64_t)(((double)x[i] - b->lo) * scale);
            b->counts[LM_MAX((int64_t)0, LM_MIN(k, (int64_t)b->n - 1))]++;
        }
    }
}

static void count_all(LmProbe *p, const Work *w)
{
    int64_t n = w->n * w->item;
    p->n_images = w->n;
    p->before = (LmProbeBins){.n = LM_PROBE_BINS_BEFORE, .lo = 0, .hi = 256};
    p->after = (LmProbeBins){.n = LM_PROBE_BINS_AFTER};
    if (w->f->dataset->dtype != LM_U8) {
        find_ends(&p->before, w->before, n);
    }
    find_ends(&p->after, w->after, n);
    count(&p->before, w->before, n);
    count(&p->after, w->after, n);
}

static LmStatus show(LmProbe *p, const Work *w, LmError *err)
{
    const LmDataset *ds = w->f->dataset;
    int64_t n = LM_MIN(ds->count, (int64_t)LM_PROBE_SHOWN);
    int64_t shape[4] = {n, ds->h, ds->w, ds->c};
    LmStatus st = lm_tensor_new(&p->shown, LM_F32, 4, shape, err);
    for (int64_t k = 0; k < n && st == LM_OK; k++) {
        float *x = (float *)p->shown.data + k * w->item;
        p->items[k] = spread(w, k, n);
        st = lm_filler_fill(&w->f->filler, 1, &p->items[k], 1, &x, w->scratch, err);
    }
    return st;
}

/* Whitening works on blocks of images: a product with a matrix each. */
static int64_t n_images(const LmFlow *f, int64_t item)
{
    bool is_slow = lm_dataset_pixels(f->dataset, 0) == NULL || lm_plan_block(f->filler.plan) > 1;
    int64_t n = is_slow ? LM_PROBE_IMAGES_SLOW : LM_PROBE_IMAGES;
    n = LM_MIN(n, LM_PROBE_NUMBERS / item);
    return LM_MAX(LM_MIN(n, f->dataset->count), (int64_t)1);
}

LmStatus lm_probe_take(LmProbe *out, const LmFlow *f, LmError *err)
{
    int64_t item = lm_dataset_item_count(f->dataset);
    Work w = {.f = f, .item = item, .n = n_images(f, item)};
    LmProbe p = {0};
    LmStatus st = lm_mem_alloc(&w.before, (size_t)(w.n * item), sizeof *w.before, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&w.after, (size_t)(w.n * item), sizeof *w.after, err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&w.scratch, LM_MAX(lm_flow_scratch_bytes(f), (size_t)1), 1, err);
    }
    if (st == LM_OK) {
        st = read_all(&w, err);
    }
    if (st == LM_OK) {
        count_all(&p, &w);
        st = show(&p, &w, err);
    }
    if (st == LM_OK) {
        *out = p;
    } else {
        lm_probe_fini(&p);
    }
    lm_mem_free(w.scratch);
    lm_mem_free(w.after);
    lm_mem_free(w.before);
    return st;
}

void lm_probe_fini(LmProbe *p)
{
    lm_tensor_fini(&p->shown);
}
