/* What all data sets share: fields, references, reading, statistics.
 *
 * Statistics run in waves: a fixed number of parts of fixed size, filled in parallel, then merged
 * in their order. Parts depend on the shape of the images alone, so neither the bits nor the image
 * an error names depend on threads, and memory stays bounded however large the set is.
 */
#include "data/dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/threads.h"

/* Pixels of one task of lm_dataset_stats: some hundred microseconds of work, so that a request to
 * stop is seen soon and the hand-out of tasks costs nothing. */
enum { CHUNK_BYTES = 1 << 20 };
/* Tasks between two merges, at most; and the numbers (a dozen bytes or so each) all of them hold
 * together, which lowers it for large images of axis pixel. None of these depends on the number of
 * threads: the borders of merged parts show in the last bits of f32 statistics. */
enum { SLOTS_MAX = 32, SLOT_NUMBERS_MAX = 1 << 22 };

/* Runs of images in memory are added where they lie; scattered small ones (a shuffled view) and
 * those that must be read are gathered first, since kernels on some hundred bytes at a time spend
 * their time on beginning and ending: 60,000 scattered MNIST images take 2 to 3 times as long one
 * by one. */
enum { DIRECT_BYTES = 4096, STAGE_BYTES = 1 << 14 };

static void free_classes(char **classes, int n)
{
    for (int i = 0; i < n && classes != NULL; i++) {
        lm_mem_free(classes[i]);
    }
    lm_mem_free(classes);
}

/* names may be NULL: "0", "1", ... */
static LmStatus copy_classes(char ***out, int n, const char *const *names, LmError *err)
{
    char **classes = NULL;
    LmStatus st = lm_mem_zeros(&classes, (size_t)n, sizeof *classes, err);
    for (int i = 0; i < n && st == LM_OK; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        st = lm_mem_strdup(&classes[i], names != NULL ? names[i] : number, err);
    }
    if (st != LM_OK) {
        free_classes(classes, n);
        return st;
    }
    *out = classes;
    return LM_OK;
}

static LmStatus check_labels(const int32_t *labels, int64_t count, int32_t *largest, LmError *err)
{
    *largest = 0;
    for (int64_t i = 0; i < count; i++) {
        if (labels[i] < 0 || labels[i] >= LM_CLASSES_MAX) {
            return lm_fail(err, LM_EFORMAT,
                           "label %lld is %d; labels are class numbers from 0 to %d",
                           (long long)i + 1, (int)labels[i], LM_CLASSES_MAX - 1);
        }
        *largest = LM_MAX(*largest, labels[i]);
    }
    return LM_OK;
}

static void free_fields(LmDataset *ds)
{
    lm_mem_free(ds->name);
    lm_mem_free(ds->labels);
    lm_mem_free(ds->targets);
    lm_mem_free(ds->weights);
    lm_skips_unref(ds->skips);
    free_classes(ds->classes, ds->n_classes);
    ds->name = NULL;
    ds->labels = NULL;
    ds->targets = NULL;
    ds->weights = NULL;
    ds->skips = NULL;
    ds->classes = NULL;
}

static LmStatus copy_labels(LmDataset *ds, const int32_t *labels, LmError *err)
{
    int32_t largest = 0;
    LmStatus st = check_labels(labels, ds->count, &largest, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&ds->labels, (size_t)ds->count, sizeof *labels, err);
    }
    if (st == LM_OK) {
        memcpy(ds->labels, labels, (size_t)ds->count * sizeof *labels);
        st = copy_classes(&ds->classes, largest + 1, NULL, err);
    }
    if (st == LM_OK) {
        ds->n_classes = largest + 1;
    }
    return st;
}

LmStatus lm_dataset_init(LmDataset *ds, const LmDatasetKind *kind, const char *name, int64_t count,
                         const int64_t hwc[3], LmDtype dtype, const int32_t *labels, LmError *err)
{
    char text[96];
    size_t size = 0;
    if (count < 1) {
        return lm_fail(err, LM_EARG, "'%s' would have no images; a data set has at least one",
                       name);
    }
    if (hwc[0] < 1 || hwc[1] < 1 || hwc[2] < 1 ||
        !lm_base_mul((size_t)hwc[0], (size_t)hwc[1], &size) ||
        !lm_base_mul(size, (size_t)hwc[2], &size) ||
        !lm_base_mul(size, lm_dtype_size(dtype), &size) || size > PTRDIFF_MAX) {
        return lm_fail(err, LM_ESHAPE, "images of shape %s make no data set",
                       lm_str_shape(text, sizeof text, 3, hwc));
    }
    if (dtype != LM_U8 && dtype != LM_F32) {
        return lm_fail(err, LM_EARG, "images are u8 or f32, these are %s", lm_dtype_name(dtype));
    }
    ds->kind = kind;
    atomic_init(&ds->refs, 1);
    ds->count = count;
    ds->h = hwc[0];
    ds->w = hwc[1];
    ds->c = hwc[2];
    ds->dtype = dtype;
    ds->n_classes = 0;
    LmStatus st = lm_mem_strdup(&ds->name, name, err);
    if (st == LM_OK && labels != NULL) {
        st = copy_labels(ds, labels, err);
    }
    if (st != LM_OK) {
        free_fields(ds);
    }
    return st;
}

LmStatus lm_dataset_set_classes(LmDataset *ds, int n, const char *const *names, LmError *err)
{
    if (ds->labels == NULL && ds->targets == NULL) {
        return lm_fail(err, LM_EARG, "'%s' has no labels, so it has no classes to name", ds->name);
    }
    if (ds->targets != NULL && n != ds->n_targets) {
        return lm_fail(err, LM_EARG, "%d names for the %lld targets of '%s'", n,
                       (long long)ds->n_targets, ds->name);
    }
    if (n < ds->n_classes) {
        return lm_fail(err, LM_EARG, "%d class names for '%s', whose labels go up to %d", n,
                       ds->name, ds->n_classes - 1);
    }
    char **classes = NULL;
    LmStatus st = copy_classes(&classes, n, names, err);
    if (st == LM_OK) {
        free_classes(ds->classes, ds->n_classes);
        ds->classes = classes;
        ds->n_classes = n;
    }
    return st;
}

LmStatus lm_dataset_grow_classes(LmDataset *ds, int n, LmError *err)
{
    char **classes = NULL;
    LM_ASSERT(ds->labels != NULL && n >= ds->n_classes);
    LmStatus st = copy_classes(&classes, n, NULL, err);
    if (st == LM_OK) {
        for (int k = 0; k < ds->n_classes; k++) {
            char *made = classes[k];
            classes[k] = ds->classes[k];
            ds->classes[k] = made;
        }
        free_classes(ds->classes, ds->n_classes);
        ds->classes = classes;
        ds->n_classes = n;
    }
    return st;
}

static LmStatus check_targets(const LmDataset *ds, LmTargets kind, int64_t n, const float *targets,
                              LmError *err)
{
    for (int64_t i = 0; i < ds->count * n; i++) {
        float t = targets[i];
        if (!isfinite(t) || (kind == LM_TARGETS_MULTI_LABEL && t != 0 && t != 1)) {
            return lm_fail(err, LM_EFORMAT, "target %lld of image %lld of '%s' is %g; wanted %s",
                           (long long)(i % n) + 1, (long long)(i / n) + 1, ds->name, (double)t,
                           kind == LM_TARGETS_MULTI_LABEL ? "0 or 1" : "a finite number");
        }
    }
    return LM_OK;
}

LmStatus lm_dataset_set_targets(LmDataset *ds, LmTargets kind, int64_t n, const float *targets,
                                const char *const *names, LmError *err)
{
    LM_ASSERT(kind != LM_TARGETS_NONE && ds->labels == NULL);
    char **classes = NULL;
    float *copy = NULL;
    if (n < 1 || n > LM_CLASSES_MAX) {
        return lm_fail(err, LM_EARG, "%lld targets an image for '%s', wanted 1..%d", (long long)n,
                       ds->name, LM_CLASSES_MAX);
    }
    LmStatus st = check_targets(ds, kind, n, targets, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&copy, (size_t)(ds->count * n), sizeof *copy, err);
    }
    if (st == LM_OK && (st = copy_classes(&classes, (int)n, names, err)) != LM_OK) {
        lm_mem_free(copy);
    }
    if (st != LM_OK) {
        return st;
    }
    memcpy(copy, targets, (size_t)(ds->count * n) * sizeof *copy);
    lm_mem_free(ds->targets);
    free_classes(ds->classes, ds->n_classes);
    ds->targets = copy;
    ds->targets_kind = kind;
    ds->n_targets = n;
    ds->classes = classes;
    ds->n_classes = (int)n;
    return LM_OK;
}

LmStatus lm_dataset_set_weights(LmDataset *ds, const float *weights, LmError *err)
{
    float *copy = NULL;
    bool is_any = false;
    for (int64_t i = 0; i < ds->count; i++) {
        if (!(weights[i] >= 0) || !isfinite(weights[i])) {
            return lm_fail(err, LM_EFORMAT,
                           "the weight of image %lld of '%s' is %g; wanted 0 or more",
                           (long long)i + 1, ds->name, (double)weights[i]);
        }
        is_any = is_any || weights[i] > 0;
    }
    if (!is_any) {
        return lm_fail(err, LM_EFORMAT, "all weights of '%s' are 0: nothing would count", ds->name);
    }
    LmStatus st = lm_mem_alloc(&copy, (size_t)ds->count, sizeof *copy, err);
    if (st == LM_OK) {
        memcpy(copy, weights, (size_t)ds->count * sizeof *copy);
        lm_mem_free(ds->weights);
        ds->weights = copy;
    }
    return st;
}

LmDataset *lm_dataset_ref(LmDataset *ds)
{
    atomic_fetch_add_explicit(&ds->refs, 1, memory_order_relaxed);
    return ds;
}

void lm_dataset_unref(LmDataset *ds)
{
    if (ds == NULL) {
        return;
    }
    /* Release: what this owner did comes before; acquire: the last owner sees all of it. */
    int before = atomic_fetch_sub_explicit(&ds->refs, 1, memory_order_acq_rel);
    LM_ASSERT(before > 0);
    if (before == 1) {
        ds->kind->fini(ds);
        free_fields(ds);
        lm_mem_free(ds);
    }
}

int64_t lm_dataset_item_count(const LmDataset *ds)
{
    return ds->h * ds->w * ds->c;
}

static size_t item_bytes(const LmDataset *ds)
{
    return (size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype);
}

const void *lm_dataset_pixels(const LmDataset *ds, int64_t i)
{
    LM_ASSERT(i >= 0 && i < ds->count);
    return ds->kind->pixels != NULL ? ds->kind->pixels(ds, i) : NULL;
}

const char *lm_dataset_item_name(const LmDataset *ds, int64_t i)
{
    LM_ASSERT(i >= 0 && i < ds->count);
    return ds->kind->item_name != NULL ? ds->kind->item_name(ds, i) : NULL;
}

LmStatus lm_dataset_read(const LmDataset *ds, int64_t i, void *dst, LmError *err)
{
    const void *pixels = lm_dataset_pixels(ds, i);
    if (pixels != NULL) {
        memcpy(dst, pixels, item_bytes(ds));
        return LM_OK;
    }
    LmStatus st = ds->kind->read(ds, i, dst, err);
    if (st != LM_OK) {
        (void)lm_error_context(err, "image %lld of '%s'", (long long)i + 1, ds->name);
    }
    return st;
}

void lm_dataset_counts(const LmDataset *ds, int64_t *counts)
{
    memset(counts, 0, (size_t)ds->n_classes * sizeof *counts);
    for (int64_t i = 0; i < ds->count && ds->labels != NULL; i++) {
        counts[ds->labels[i]]++;
    }
    for (int64_t i = 0; i < ds->count * ds->n_targets; i++) {
        counts[i % ds->n_targets] += ds->targets[i] > 0;
    }
}

/* --- statistics --- */

typedef struct Slot {
    LmMoments *moments;
    char *stage; /* room for `room` images, of which n_staged wait to be added */
    int64_t room;
    int64_t n_staged;
    LmStatus status;
    LmError err;
} Slot;

typedef struct Wave {
    const LmDataset *ds;
    Slot slots[SLOTS_MAX];
    int n_slots;
    int64_t chunk; /* images a task */
    int64_t first; /* image of this wave */
} Wave;

/* How many images from i on, below `end`, follow each other in memory; 0 where i must be read. */
static int64_t run_length(const LmDataset *ds, int64_t i, int64_t end)
{
    const char *pixels = lm_dataset_pixels(ds, i);
    int64_t n = 1;
    if (pixels == NULL) {
        return 0;
    }
    while (i + n < end && lm_dataset_pixels(ds, i + n) == pixels + (size_t)n * item_bytes(ds)) {
        n++;
    }
    return n;
}

static LmStatus add_images(const LmDataset *ds, Slot *slot, const void *pixels, int64_t n,
                           LmError *err)
{
    return lm_moments_add(slot->moments, pixels, ds->dtype, n, ds->h, ds->w, ds->c, err);
}

static LmStatus add_staged(const LmDataset *ds, Slot *slot, LmError *err)
{
    int64_t n = slot->n_staged;
    slot->n_staged = 0;
    return add_images(ds, slot, slot->stage, n, err);
}

/* Adds images [first, end) in order. */
static LmStatus add_range(const LmDataset *ds, int64_t first, int64_t end, Slot *slot, LmError *err)
{
    LmStatus st = lm_threads_check_cancel(err);
    int64_t i = first;
    while (i < end && st == LM_OK) {
        int64_t n = run_length(ds, i, end);
        bool is_direct = (size_t)n * item_bytes(ds) >= DIRECT_BYTES;
        if (slot->n_staged == slot->room || (is_direct && slot->n_staged > 0)) {
            st = add_staged(ds, slot, err);
        }
        if (st != LM_OK) {
            return st;
        }
        if (is_direct) {
            st = add_images(ds, slot, lm_dataset_pixels(ds, i), n, err);
            i += n;
        } else {
            st = lm_dataset_read(ds, i, slot->stage + (size_t)slot->n_staged * item_bytes(ds), err);
            slot->n_staged++;
            i++;
        }
    }
    return st == LM_OK ? add_staged(ds, slot, err) : st;
}

static void run_slot(void *ctx, int64_t task, int thread)
{
    Wave *wave = ctx;
    Slot *slot = &wave->slots[task];
    int64_t first = wave->first + task * wave->chunk;
    int64_t end = LM_MIN(first + wave->chunk, wave->ds->count);
    (void)thread;
    lm_moments_reset(slot->moments);
    slot->n_staged = 0;
    slot->status = add_range(wave->ds, first, end, slot, &slot->err);
}

static LmStatus init_wave(Wave *wave, const LmDataset *ds, const LmMoments *m, LmError *err)
{
    int64_t item = lm_dataset_item_count(ds);
    int64_t width = lm_moments_axis(m) == LM_AXIS_PIXEL ? item : ds->c;
    *wave = (Wave){.ds = ds};
    wave->chunk = LM_MAX(CHUNK_BYTES / (int64_t)item_bytes(ds), 1);
    int64_t n_chunks = (ds->count + wave->chunk - 1) / wave->chunk;
    int64_t n_slots = LM_MIN(n_chunks, LM_MIN(SLOTS_MAX, LM_MAX(SLOT_NUMBERS_MAX / width, 1)));
    LmStatus st = LM_OK;
    while (wave->n_slots < n_slots && st == LM_OK) {
        Slot *slot = &wave->slots[wave->n_slots++];
        st = lm_moments_new_like(&slot->moments, m, err);
        slot->room = LM_MAX(STAGE_BYTES / (int64_t)item_bytes(ds), 1);
        if (st == LM_OK) {
            st = lm_mem_alloc(&slot->stage, (size_t)slot->room, item_bytes(ds), err);
        }
    }
    return st;
}

/* Runs one wave and merges its parts in order; the error of the first image counts. */
static LmStatus run_wave(Wave *wave, LmMoments *total, LmError *err)
{
    int64_t left = (wave->ds->count - wave->first + wave->chunk - 1) / wave->chunk;
    int64_t n_tasks = LM_MIN(left, wave->n_slots);
    lm_threads_for(n_tasks, run_slot, wave);
    for (int64_t k = 0; k < n_tasks; k++) {
        Slot *slot = &wave->slots[k];
        if (slot->status != LM_OK) {
            *err = slot->err;
            return slot->status;
        }
        LmStatus st = lm_moments_merge(total, slot->moments, err);
        if (st != LM_OK) {
            return st;
        }
    }
    wave->first += n_tasks * wave->chunk;
    return LM_OK;
}

LmStatus lm_dataset_stats(const LmDataset *ds, LmMoments *m, LmError *err)
{
    Wave wave;
    LmMoments *total = NULL;
    LmStatus st = init_wave(&wave, ds, m, err);
    if (st == LM_OK) {
        st = lm_moments_new_like(&total, m, err);
    }
    while (st == LM_OK && wave.first < ds->count) {
        st = run_wave(&wave, total, err);
    }
    if (st == LM_OK) {
        st = lm_moments_merge(m, total, err);
    }
    for (int k = 0; k < wave.n_slots; k++) {
        lm_moments_free(wave.slots[k].moments);
        lm_mem_free(wave.slots[k].stage);
    }
    lm_moments_free(total);
    return st;
}

const char *lm_dataset_describe(const LmDataset *ds, char *buffer, size_t size)
{
    const int64_t hwc[3] = {ds->h, ds->w, ds->c};
    LmStr s = lm_str(buffer, size);
    lm_str_add(&s, "%s: ", ds->name);
    lm_str_add_count(&s, ds->count);
    lm_str_add(&s, ds->count == 1 ? " image " : " images ");
    lm_str_add_shape(&s, 3, hwc);
    lm_str_add(&s, " %s, ", lm_dtype_name(ds->dtype));
    if (ds->targets_kind == LM_TARGETS_VALUES) {
        lm_str_add(&s, ds->n_targets == 1 ? "%lld target" : "%lld targets",
                   (long long)ds->n_targets);
    } else if (ds->n_classes == 0) {
        lm_str_add(&s, "no labels");
    } else {
        lm_str_add(&s, ds->n_classes == 1 ? "%d class" : "%d classes", ds->n_classes);
        lm_str_add(&s, "%s", ds->targets != NULL ? ", any number an image" : "");
    }
    lm_str_add(&s, "%s", ds->weights != NULL ? ", weighted" : "");
    if (ds->skips != NULL && ds->skips->n > 0) {
        lm_str_add(&s, ", %lld skipped", (long long)ds->skips->n);
    }
    if (ds->n_ignored > 0) {
        lm_str_add(&s, ", %lld other file%s ignored", (long long)ds->n_ignored,
                   ds->n_ignored == 1 ? "" : "s");
    }
    return buffer;
}
