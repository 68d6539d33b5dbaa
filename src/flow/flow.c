#include "flow/flow.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/threads.h"
#include "flow/flow_impl.h"
#include "flow/save.h"

/* --- making and ending --- */

static LmStatus check_options(const LmFlowOptions *o, const LmDataset *ds, LmError *err)
{
    if (o->batch < 1) {
        return lm_fail(err, LM_EARG, "batch is %" PRId64 ", wanted 1 or more", o->batch);
    }
    if (o->workers < 0 || o->workers > LM_FLOW_WORKERS_MAX) {
        return lm_fail(err, LM_EARG, "workers is %d, wanted 0..%d", o->workers,
                       LM_FLOW_WORKERS_MAX);
    }
    if (ds->count == 0) {
        return lm_fail(err, LM_EARG, "%s holds no images: nothing to make batches of", ds->name);
    }
    if (ds->count > UINT32_MAX) {
        return lm_fail(err, LM_EARG, "%s holds %" PRId64 " images, wanted fewer than 2^32",
                       ds->name, ds->count);
    }
    if (o->drop_last && o->batch > ds->count) {
        return lm_fail(err, LM_EARG,
                       "drop_last leaves no batch: batch is %" PRId64 ", but %s holds %" PRId64
                       " images; use a smaller batch",
                       o->batch, ds->name, ds->count);
    }
    if (o->is_balanced && ds->labels == NULL) {
        return lm_fail(err, LM_EARG, "sampling \"balanced\" wants labels, but %s has none",
                       ds->name);
    }
    if (o->is_balanced && !o->is_shuffled) {
        return lm_fail(err, LM_EARG,
                       "sampling \"balanced\" draws images, so it goes with "
                       "shuffle=true alone");
    }
    return LM_OK;
}

static void count_batches(LmFlow *f)
{
    int64_t n = f->dataset->count;
    int64_t batch = f->options.batch;
    f->n_batches = n / batch + (!f->options.drop_last && n % batch != 0);
    f->n_samples = f->options.drop_last ? f->n_batches * batch : n;
}

static LmStatus alloc_buffers(LmFlow *f, LmError *err)
{
    const LmDataset *ds = f->dataset;
    size_t batch = (size_t)LM_MIN(f->options.batch, ds->count);
    size_t batch_bytes = 0;
    if (!lm_base_mul(batch, (size_t)f->item * sizeof(float), &batch_bytes)) {
        return lm_fail(err, LM_EMEM, "a batch of %zu images is more than can be addressed", batch);
    }
    LmStatus st = lm_mem_alloc(&f->scratch, f->filler.scratch_bytes, 1, err);
    if (st == LM_OK) {
        /* A loop that drops a batch before it asks for the next needs one block; one more lets a
         * script compare two, and every batch ahead has its own. */
        st = lm_pool_new(&f->pool, batch_bytes, 2 + 2 * f->options.workers, err);
    }
    return st;
}

static LmStatus keep_texts(LmFlow *f, LmError *err)
{
    const char *prefix = f->options.save_prefix;
    const char *to = f->options.save_to;
    LmStatus st = LM_OK;
    f->options.save_to = NULL;
    f->options.save_prefix = NULL;
    if (to == NULL) {
        return st;
    }
    bool is_picture = f->dataset->c == 1 || f->dataset->c == 3 || f->dataset->c == 4;
    if (!is_picture) {
        return lm_fail(err, LM_ESHAPE, "save_to: images of %" PRId64 " channels make no PNG files",
                       f->dataset->c);
    }
    st = lm_save_begin(to, err);
    if (st == LM_OK) {
        st = lm_mem_strdup(&f->save_to, to, err);
    }
    if (st == LM_OK) {
        st = lm_mem_strdup(&f->save_prefix, prefix != NULL ? prefix : "image", err);
    }
    f->options.save_to = f->save_to;
    f->options.save_prefix = f->save_prefix;
    return st;
}

static LmOrder order_of(const LmFlow *f)
{
    const LmDataset *ds = f->dataset;
    LmOrder order = lm_order(ds->count, f->options.is_shuffled, f->options.seed);
    if (f->options.is_balanced) {
        order.classes = ds->labels;
        order.n_classes = ds->n_classes;
    }
    return order;
}

LmStatus lm_flow_new(LmFlow **out, LmGenerator *g, LmDataset *ds, const LmFlowOptions *o,
                     LmError *err)
{
    LmFlow *f = NULL;
    LmStatus st = check_options(o, ds, err);
    if (st != LM_OK || (st = lm_mem_zeros(&f, 1, sizeof *f, err)) != LM_OK) {
        return st;
    }
    atomic_init(&f->refs, 1);
    f->options = *o;
    f->generator = g != NULL ? lm_generator_ref(g) : NULL;
    f->dataset = lm_dataset_ref(ds);
    f->item = lm_dataset_item_count(ds);
    f->epoch = 1;
    f->order = order_of(f);
    f->prepared = f->order;
    count_batches(f);
    if ((st = lm_targets_resolve(&f->options.labels, ds, err)) != LM_OK ||
        (st = keep_texts(f, err)) != LM_OK ||
        (st = lm_targets_weights(&f->weights, o->weights, ds, err)) != LM_OK ||
        (st = lm_filler_init(&f->filler, g, ds, o->seed, err)) != LM_OK ||
        (st = alloc_buffers(f, err)) != LM_OK) {
        lm_flow_unref(f);
        return st;
    }
    *out = f;
    return LM_OK;
}

LmFlow *lm_flow_ref(LmFlow *f)
{
    atomic_fetch_add(&f->refs, 1);
    return f;
}

void lm_flow_unref(LmFlow *f)
{
    if (f == NULL || atomic_fetch_sub(&f->refs, 1) > 1) {
        return;
    }
    lm_prefetch_free(f->prefetch);
    lm_pool_close(f->pool);
    lm_filler_fini(&f->filler);
    lm_order_fini(&f->order);
    lm_order_fini(&f->prepared);
    lm_mem_free(f->scratch);
    lm_mem_free(f->weights);
    lm_mem_free(f->save_to);
    lm_mem_free(f->save_prefix);
    lm_generator_unref(f->generator);
    lm_dataset_unref(f->dataset);
    lm_mem_free(f);
}

/* --- one sample --- */

size_t lm_flow_scratch_bytes(const LmFlow *f)
{
    return f->filler.scratch_bytes;
}

static LmStatus save_samples(const LmFlow *f, int64_t epoch, const int64_t *indices, int64_t n,
                             float *const *x, LmError *err)
{
    const LmDataset *ds = f->dataset;
    LmStatus st = LM_OK;
    for (int64_t k = 0; k < n && st == LM_OK; k++) {
        st = lm_save_sample(f->save_to, f->save_prefix, epoch, indices[k], x[k],
                            (int64_t[3]){ds->h, ds->w, ds->c}, err);
    }
    return st;
}

/* Pixels of item i, read into place j of the scratch where they must be. */
LmStatus lm_flow_fill(const LmFlow *f, int64_t epoch, const int64_t *indices, int64_t n,
                      float *const *x, void *scratch, LmError *err)
{
    LM_ASSERT(n >= 1 && n <= LM_FLOW_BLOCK);
    LmStatus st = lm_filler_fill(&f->filler, epoch, indices, n, x, scratch, err);
    return st == LM_OK && f->save_to != NULL ? save_samples(f, epoch, indices, n, x, err) : st;
}

void lm_flow_hint(const LmFlow *f, int64_t sample)
{
    /* Larger images are streamed well enough by the processor itself once their start is here. */
    enum { LINE = 64, HINT_BYTES_MAX = 4096 };
    const char *pixels = lm_dataset_pixels(f->dataset, lm_draw_item(sample));
    size_t bytes = (size_t)f->item * lm_dtype_size(f->dataset->dtype);
    for (size_t at = 0; pixels != NULL && at < LM_MIN(bytes, (size_t)HINT_BYTES_MAX); at += LINE) {
        __builtin_prefetch(pixels + at);
    }
}

/* --- places --- */

LmStatus lm_flow_prepare(LmFlow *f, int64_t epoch, const int64_t **order, LmError *err)
{
    LmStatus st = lm_order_make(&f->prepared, epoch, err);
    if (st == LM_OK) {
        *order = f->prepared.indices;
    }
    return st;
}

LmStatus lm_flow_seek(LmFlow *f, int64_t epoch, LmError *err)
{
    LmStatus st = lm_order_check_epoch(epoch, err);
    if (st != LM_OK || (f->epoch == epoch && f->position == 0)) {
        return st;
    }
    lm_prefetch_free(f->prefetch);
    f->prefetch = NULL;
    f->epoch = epoch;
    f->position = 0;
    return LM_OK;
}

static void advance(LmFlow *f)
{
    if (++f->position == f->n_batches) {
        f->position = 0;
        f->epoch++;
    }
}

/* --- batches --- */

static LmStatus fill_samples(const LmFlow *f, int64_t epoch, const int64_t *indices, int64_t n,
                             float *x, void *scratch, const atomic_bool *stop, LmError *err)
{
    /* The next image is asked for while this one is worked on; a whole block of them at once is
     * more lines than the processor keeps in flight, and cost a third of the speed. */
    int64_t step = lm_plan_block(f->filler.plan);
    for (int64_t i = 0; i < n; i += step) {
        float *rows[LM_FLOW_BLOCK];
        int64_t block = LM_MIN(step, n - i);
        LmStatus st = lm_threads_check_cancel(err);
        if (st == LM_OK && stop != NULL && atomic_load_explicit(stop, memory_order_relaxed)) {
            st = lm_fail(err, LM_ECANCEL, "the flow was closed");
        }
        for (int64_t k = 0; k < block; k++) {
            rows[k] = x + (i + k) * f->item;
            lm_flow_hint(f, indices[LM_MIN(i + k + step, n - 1)]);
        }
        if (st == LM_OK) {
            st = lm_flow_fill(f, epoch, indices + i, block, rows, scratch, err);
        }
        if (st != LM_OK) {
            return st;
        }
    }
    return LM_OK;
}

static LmStatus too_large(const LmDataset *ds, int64_t n, LmError *err)
{
    char bytes[32];
    size_t size = (size_t)n * (size_t)lm_dataset_item_count(ds) * sizeof(float);
    return lm_fail(err, LM_EMEM,
                   "out of memory: a batch of %" PRId64 " images of %" PRId64 "x%" PRId64
                   "x%" PRId64 " takes %s; a smaller batch takes less",
                   n, ds->h, ds->w, ds->c, lm_str_bytes(bytes, sizeof bytes, size));
}

static LmStatus make_images(const LmFlow *f, int64_t epoch, const int64_t *indices, int64_t n,
                            LmTensor *out, void *scratch, const atomic_bool *stop, LmError *err)
{
    const LmDataset *ds = f->dataset;
    const int64_t shape[4] = {n, ds->h, ds->w, ds->c};
    void *block = NULL;
    LmStatus st = lm_pool_take(f->pool, &block, err);
    if (st != LM_OK) {
        return too_large(ds, n, err);
    }
    unsigned token = lm_threads_flush_denormals();
    st = fill_samples(f, epoch, indices, n, block, scratch, stop, err);
    lm_threads_restore_denormals(token);
    if (st != LM_OK) {
        lm_pool_give(f->pool, block);
        return st;
    }
    return lm_tensor_wrap(out, LM_F32, 4, shape, block, lm_pool_give, f->pool, err);
}

/* An LmPrefetchJob's make. */
static LmStatus make_batch(const void *ctx, int64_t epoch, const int64_t *indices, int64_t n,
                           LmBatch *out, void *scratch, const atomic_bool *stop, LmError *err)
{
    const LmFlow *f = ctx;
    LmBatch batch = {0};
    LmStatus st = make_images(f, epoch, indices, n, &batch.x, scratch, stop, err);
    if (st == LM_OK) {
        st = lm_mix_targets(f, epoch, indices, n, &batch, err);
    }
    if (st == LM_OK && f->weights != NULL) {
        st = lm_targets_weigh(&batch.w, f->weights, indices, n, err);
    }
    if (st != LM_OK) {
        lm_batch_fini(&batch);
        return st;
    }
    *out = batch;
    return LM_OK;
}

static LmStatus make_on_demand(LmFlow *f, int64_t k, LmBatch *out, LmError *err)
{
    int64_t first = k * f->options.batch;
    int64_t n = LM_MIN(f->options.batch, f->n_samples - first);
    LmStatus st = lm_threads_check_cancel(err);
    if (st == LM_OK) {
        st = lm_order_make(&f->order, f->epoch, err);
    }
    return st == LM_OK
               ? make_batch(f, f->epoch, f->order.indices + first, n, out, f->scratch, NULL, err)
               : st;
}

static LmStatus start_prefetch(LmFlow *f, LmError *err)
{
    const LmFlowOptions *o = &f->options;
    LmPrefetchJob job = {
        .make = make_batch,
        .ctx = f,
        .scratch_bytes = f->filler.scratch_bytes,
        .batch = o->batch,
        .n_samples = f->n_samples,
        .order = order_of(f),
        .workers = o->workers,
    };
    return lm_prefetch_new(&f->prefetch, &job, f->epoch, f->position, err);
}

LmStatus lm_flow_next(LmFlow *f, LmBatch *out, LmError *err)
{
    LmStatus st = lm_threads_check_cancel(err);
    if (st == LM_OK && f->options.workers > 0 && f->prefetch == NULL) {
        st = start_prefetch(f, err);
    }
    if (st != LM_OK) {
        return st;
    }
    if (f->prefetch != NULL && lm_prefetch_take(f->prefetch, out)) {
        advance(f);
        return LM_OK;
    }
    st = make_on_demand(f, f->position, out, err);
    if (st == LM_OK) {
        if (f->prefetch != NULL) {
            lm_prefetch_skip(f->prefetch);
        }
        advance(f);
    }
    return st;
}

LmStatus lm_flow_get(LmFlow *f, int64_t k, LmBatch *out, LmError *err)
{
    if (k < 0 || k >= f->n_batches) {
        return lm_fail(err, LM_EARG, "there is no batch %" PRId64 "; an epoch has 1 to %" PRId64,
                       k + 1, f->n_batches);
    }
    return make_on_demand(f, k, out, err);
}

LmStatus lm_flow_peek(LmFlow *f, int64_t k, float *x, LmTarget *target, float *buffer, LmError *err)
{
    LmStatus st = lm_order_make(&f->order, f->epoch, err);
    if (st != LM_OK) {
        return st;
    }
    LM_ASSERT(k >= 0 && k < f->n_samples);
    int64_t sample = f->order.indices[k];
    if (x != NULL) {
        unsigned token = lm_threads_flush_denormals();
        st = lm_filler_fill(&f->filler, f->epoch, &sample, 1, &x, f->scratch, err);
        lm_threads_restore_denormals(token);
    }
    if (st == LM_OK) {
        *target = lm_flow_target(f, f->epoch, sample, buffer);
    }
    return st;
}

void lm_batch_fini(LmBatch *b)
{
    lm_tensor_fini(&b->x);
    lm_tensor_fini(&b->y);
    lm_tensor_fini(&b->w);
}
