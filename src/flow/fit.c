#include "flow/fit.h"

#include <math.h>

#include "base/mem.h"
#include "base/threads.h"
#include "flow/whiten.h"
#include "stage/affine.h"
#include "stage/plan.h"

/* Items of a block of the streaming fit: enough that merging costs nothing beside adding, few
 * enough that a small set keeps all threads busy. Part of what fixes the bits of such a fit. */
enum { BLOCK = 256 };

/* Mean and std of `width` numbers each. */
typedef struct Stats {
    int64_t width;
    double *mean;
    double *std;
} Stats;

typedef struct Fit {
    const LmDataset *ds;
    int64_t hwc[3];
    LmMoments *raw[LM_AXIS_PIXEL + 1]; /* of the set itself by axis, made when first needed */
} Fit;

static LmStatus stats_init(Stats *s, int64_t width, LmError *err)
{
    *s = (Stats){.width = width};
    LmStatus st = lm_mem_zeros(&s->mean, (size_t)width, sizeof *s->mean, err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&s->std, (size_t)width, sizeof *s->std, err);
    }
    return st;
}

static void stats_fini(Stats *s)
{
    lm_mem_free(s->mean);
    lm_mem_free(s->std);
}

static LmStatus raw_moments(Fit *fit, LmAxis axis, const LmMoments **out, LmError *err)
{
    LmStatus st = LM_OK;
    if (fit->raw[axis] == NULL) {
        LmMoments *m = NULL;
        if ((st = lm_moments_new(&m, axis, err)) != LM_OK) {
            return st;
        }
        lm_moments_skip_histogram(m);
        if ((st = lm_dataset_stats(fit->ds, m, err)) != LM_OK) {
            lm_moments_free(m);
            return st;
        }
        fit->raw[axis] = m;
    }
    *out = fit->raw[axis];
    return LM_OK;
}

/* --- behind affine stages --- */

/* The coarsest axis whose statistics have (at least) `width` numbers. */
static LmAxis axis_of_width(const Fit *fit, int64_t width)
{
    LmAxis axis = LM_AXIS_ALL;
    while (lm_stage_width(axis, fit->hwc) < width) {
        axis = axis == LM_AXIS_ALL ? LM_AXIS_CHANNEL : LM_AXIS_PIXEL;
    }
    return axis;
}

/* Statistics of a*x + b from those of x. x has `n` groups of equally many values; group i belongs
 * to number i % out->width. With k groups to a number, mean = sum(mean_i)/k and variance =
 * sum(std_i^2 + (mean_i - mean)^2)/k. */
static void map_stats(Stats *out, const LmMoments *x, const LmAffine *f)
{
    int64_t n = lm_moments_width(x);
    double k = (double)(n / out->width);
    for (int64_t i = 0; i < n; i++) {
        int64_t g = i % f->width;
        out->mean[i % out->width] += (f->a[g] * lm_moments_mean(x, i) + f->b[g]) / k;
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t g = i % f->width;
        int64_t j = i % out->width;
        double std = fabs(f->a[g]) * lm_moments_std(x, i);
        if (n == out->width) {
            out->std[j] = std;
            continue;
        }
        double off = f->a[g] * lm_moments_mean(x, i) + f->b[g] - out->mean[j];
        out->std[j] += (std * std + off * off) / k;
    }
    for (int64_t j = 0; n != out->width && j < out->width; j++) {
        out->std[j] = sqrt(out->std[j]);
    }
}

static LmStatus derive(Fit *fit, const LmStage *stages, int n, Stats *out, LmError *err)
{
    LmAffine f = {0};
    const LmMoments *raw = NULL;
    LmStatus st = lm_affine_init(&f, err);
    for (int i = 0; st == LM_OK && i < n; i++) {
        st = lm_affine_then(&f, &stages[i], err);
    }
    if (st == LM_OK) {
        st = raw_moments(fit, axis_of_width(fit, LM_MAX(f.width, out->width)), &raw, err);
    }
    if (st == LM_OK) {
        map_stats(out, raw, &f);
    }
    lm_affine_fini(&f);
    return st;
}

/* --- behind anything else --- */

typedef struct Block {
    LmMoments *moments;
    LmStatus status;
    LmError err;
} Block;

typedef struct Stream {
    const Fit *fit;
    const LmPlan *plan;
    LmAxis axis;
    int64_t first_block; /* of this round */
    Block *blocks;       /* of this round, one a thread */
    char *buffers;       /* one a thread: item as floats, scratch, item as stored */
    size_t buffer_bytes;
    size_t scratch_at;
    size_t item_at;
} Stream;

static LmStatus add_item(const Stream *s, LmMoments *m, int64_t i, char *buffer, LmError *err)
{
    const LmDataset *ds = s->fit->ds;
    const void *pixels = lm_dataset_pixels(ds, i);
    if (pixels == NULL) {
        LmStatus st = lm_dataset_read(ds, i, buffer + s->item_at, err);
        if (st != LM_OK) {
            return st;
        }
        pixels = buffer + s->item_at;
    }
    lm_plan_apply(s->plan, pixels, ds->dtype, (float *)buffer, buffer + s->scratch_at);
    return lm_moments_add(m, buffer, LM_F32, 1, ds->h, ds->w, ds->c, err);
}

static void run_block(void *ctx, int64_t task, int thread)
{
    Stream *s = ctx;
    Block *b = &s->blocks[task];
    int64_t first = (s->first_block + task) * BLOCK;
    int64_t last = LM_MIN(first + BLOCK, s->fit->ds->count);
    char *buffer = s->buffers + (size_t)thread * s->buffer_bytes;
    b->status = lm_moments_new(&b->moments, s->axis, &b->err);
    for (int64_t i = first; b->status == LM_OK && i < last; i++) {
        b->status = lm_threads_check_cancel(&b->err);
        if (b->status == LM_OK) {
            b->status = add_item(s, b->moments, i, buffer, &b->err);
        }
    }
}

/* Runs the blocks of one round and merges them in order; the first failed block speaks for all. */
static LmStatus run_round(Stream *s, int64_t n_blocks, LmMoments *total, LmError *err)
{
    for (int64_t k = 0; k < n_blocks; k++) {
        s->blocks[k] = (Block){0};
    }
    lm_threads_for(n_blocks, run_block, s);
    LmStatus st = LM_OK;
    for (int64_t k = 0; k < n_blocks; k++) {
        Block *b = &s->blocks[k];
        if (st == LM_OK && b->status != LM_OK) {
            *err = b->err;
            st = b->status;
        }
        if (st == LM_OK) {
            st = lm_moments_merge(total, b->moments, err);
        }
        lm_moments_free(b->moments);
    }
    return st;
}

static LmStatus stream_alloc(Stream *s, LmError *err)
{
    const LmDataset *ds = s->fit->ds;
    size_t n = (size_t)lm_dataset_item_count(ds);
    size_t n_threads = (size_t)lm_threads();
    s->scratch_at = lm_base_round_up(n * sizeof(float), LM_MEM_ALIGN);
    s->item_at = s->scratch_at + lm_base_round_up(lm_plan_scratch_bytes(s->plan), LM_MEM_ALIGN);
    s->buffer_bytes = s->item_at + lm_base_round_up(n * lm_dtype_size(ds->dtype), LM_MEM_ALIGN);
    LmStatus st = lm_mem_alloc(&s->buffers, n_threads, s->buffer_bytes, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&s->blocks, n_threads, sizeof *s->blocks, err);
    }
    return st;
}

static LmStatus run_stream(Stream *s, LmMoments *total, LmError *err)
{
    LmStatus st = stream_alloc(s, err);
    int64_t n_blocks = (s->fit->ds->count + BLOCK - 1) / BLOCK;
    int64_t round = lm_threads();
    for (s->first_block = 0; st == LM_OK && s->first_block < n_blocks; s->first_block += round) {
        st = run_round(s, LM_MIN(round, n_blocks - s->first_block), total, err);
    }
    lm_mem_free(s->blocks);
    lm_mem_free(s->buffers);
    return st;
}

static LmStatus stream(Fit *fit, const LmStage *stages, int n, LmAxis axis, Stats *out,
                       LmError *err)
{
    const int64_t *hwc = fit->hwc;
    LmPlan *plan = NULL;
    LmMoments *total = NULL;
    LmStatus st = LM_OK;
    if ((st = lm_plan_new(&plan, stages, n, hwc[0], hwc[1], hwc[2], err)) == LM_OK &&
        (st = lm_plan_check_dtype(plan, fit->ds->dtype, err)) == LM_OK &&
        (st = lm_moments_new(&total, axis, err)) == LM_OK) {
        Stream s = {.fit = fit, .plan = plan, .axis = axis};
        st = run_stream(&s, total, err);
    }
    for (int64_t j = 0; st == LM_OK && j < out->width; j++) {
        out->mean[j] = lm_moments_mean(total, j);
        out->std[j] = lm_moments_std(total, j);
    }
    lm_moments_free(total);
    lm_plan_free(plan);
    return st;
}

/* --- all stages --- */

/* Mean and std over `axis` of the data as stages[0..n) leave it. */
static LmStatus measure(Fit *fit, const LmStage *stages, int n, LmAxis axis, Stats *out,
                        LmError *err)
{
    bool has_affine_prefix = true;
    for (int i = 0; i < n; i++) {
        has_affine_prefix = has_affine_prefix && lm_stage_is_affine(&stages[i]);
    }
    return has_affine_prefix ? derive(fit, stages, n, out, err)
                             : stream(fit, stages, n, axis, out, err);
}

/* Fits stages[n], whose predecessors are ready. */
static LmStatus fit_stage(Fit *fit, LmStage *stages, int n, LmError *err)
{
    LmStage *s = &stages[n];
    bool is_zca = s->kind == LM_STAGE_ZCA;
    LmAxis axis = is_zca && s->axis != LM_AXIS_CHANNEL ? LM_AXIS_PIXEL : s->axis;
    const LmMoments *raw = NULL;
    Stats stats = {0};
    LmStatus st = LM_OK;
    if (is_zca && (st = lm_whiten_check(s, fit->ds, err)) != LM_OK) {
        return st;
    }
    if (!is_zca || s->is_centered) {
        st = stats_init(&stats, lm_stage_width(axis, fit->hwc), err);
        st = st == LM_OK ? measure(fit, stages, n, axis, &stats, err) : st;
    }
    if (st == LM_OK && is_zca && lm_whiten_is_exact(stages, n, fit->ds)) {
        st = raw_moments(fit, axis, &raw, err);
    }
    if (st == LM_OK) {
        st = is_zca ? lm_whiten_fit(stages, n, fit->ds, raw, stats.mean, err)
                    : lm_stage_set_fit(s, fit->hwc, stats.mean, stats.std, err);
    }
    stats_fini(&stats);
    return st;
}

LmStatus lm_fit_stages(LmStage *stages, int n, const LmDataset *ds, LmError *err)
{
    if (ds->count == 0) {
        return lm_fail(err, LM_EARG, "cannot fit on %s: it holds no images", ds->name);
    }
    Fit fit = {.ds = ds, .hwc = {ds->h, ds->w, ds->c}};
    LmStatus st = LM_OK;
    for (int i = 0; st == LM_OK && i < n; i++) {
        if (lm_stage_needs_fit(&stages[i])) {
            st = fit_stage(&fit, stages, i, err);
            if (st != LM_OK && st != LM_ECANCEL) {
                lm_stage_context(&stages[i], i, err);
            }
        }
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(fit.raw); i++) {
        lm_moments_free(fit.raw[i]);
    }
    return st;
}
