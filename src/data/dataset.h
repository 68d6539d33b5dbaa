/* A read-only set of labelled images, reference counted.
 *
 * Pixels stay in the form they were stored in (u8, or f32 for scaled tensors) and are never copied
 * to float as a whole. There is at least one item, and all have one shape. A dataset is immutable
 * after it was made, so any number of threads may read it.
 */
#ifndef LM_DATASET_H
#define LM_DATASET_H

#include <stdatomic.h>

#include "base/error.h"
#include "data/skips.h"
#include "stats/moments.h"
#include "tensor/tensor.h"

/* Labels are below this: more classes are damaged data rather than a task. */
enum { LM_CLASSES_MAX = 65536 };

typedef struct LmDataset LmDataset;

typedef struct LmDatasetKind {
    const char *name;
    /* Pixels of item i in memory, or NULL where they must be read. Optional. */
    const void *(*pixels)(const LmDataset *ds, int64_t i);
    /* Writes the item's h*w*c numbers to dst. Required where `pixels` can give NULL. From any
     * thread. */
    LmStatus (*read)(const LmDataset *ds, int64_t i, void *dst, LmError *err);
    /* What item i is called (the path of its file); NULL where items have no names. Optional. */
    const char *(*item_name)(const LmDataset *ds, int64_t i);
    void (*fini)(LmDataset *ds); /* frees what the kind owns; not the fields below */
} LmDatasetKind;

/* What rows of `targets` are: one column a class, 1 where the image belongs to it (any number of
 * classes); or values to predict, one column each. */
typedef enum LmTargets { LM_TARGETS_NONE, LM_TARGETS_MULTI_LABEL, LM_TARGETS_VALUES } LmTargets;

struct LmDataset {
    const LmDatasetKind *kind;
    atomic_int refs;
    char *name; /* "mnist train" */
    int64_t count;
    int64_t h, w, c;
    LmDtype dtype;   /* LM_U8 or LM_F32 */
    int32_t *labels; /* count class numbers from 0, or NULL: an unlabelled set */
    int n_classes;   /* 0 without labels */
    char **classes;  /* n_classes names: of the labels, or of the columns of targets */
    /* Beside or instead of labels. */
    LmTargets targets_kind;
    int64_t n_targets; /* columns */
    float *targets;    /* count x n_targets, or NULL */
    float *weights;    /* count numbers, at least 0: how much an image counts; NULL: all 1 */
    LmSkips *skips;    /* files left out when the set was opened; NULL: none */
    int64_t n_ignored; /* files and rows that were seen there and are none of its images */
};

/* --- for kinds --- */
/* Sets the common fields up in a kind's own zeroed struct (LmDataset is its first member): refs 1,
 * copies of name and labels; classes default to "0", "1", ... up to the largest label. `labels` may
 * be NULL; labels outside 0..LM_CLASSES_MAX-1 are LM_EFORMAT, no items or a dtype other than u8 and
 * f32 LM_EARG. On failure the fields are freed again. */
LmStatus lm_dataset_init(LmDataset *ds, const LmDatasetKind *kind, const char *name, int64_t count,
                         const int64_t hwc[3], LmDtype dtype, const int32_t *labels,
                         LmError *err) LM_MUST_CHECK;
/* Replaces the class names (copied); n must be at least the present number of classes, or equal
 * the number of targets. */
LmStatus lm_dataset_set_classes(LmDataset *ds, int n, const char *const *names,
                                LmError *err) LM_MUST_CHECK;

/* At least n classes, the new ones named by their numbers. */
LmStatus lm_dataset_grow_classes(LmDataset *ds, int n, LmError *err) LM_MUST_CHECK;
/* Copies count x n numbers of targets in; `names` (n of them) name the columns, NULL: "0", "1", ...
 * A number that is not finite, or for LM_TARGETS_MULTI_LABEL is neither 0 nor 1, is LM_EFORMAT
 * naming the row. */
LmStatus lm_dataset_set_targets(LmDataset *ds, LmTargets kind, int64_t n, const float *targets,
                                const char *const *names, LmError *err) LM_MUST_CHECK;
/* Copies count weights in. Negative ones, ones that are not finite, and all zero are LM_EFORMAT. */
LmStatus lm_dataset_set_weights(LmDataset *ds, const float *weights, LmError *err) LM_MUST_CHECK;

/* --- for users --- */
LmDataset *lm_dataset_ref(LmDataset *ds);
void lm_dataset_unref(LmDataset *ds);               /* NULL is fine */
int64_t lm_dataset_item_count(const LmDataset *ds); /* h*w*c */
/* The kind's functions; i in [0, count). Errors of reading name the image and the set. */
const void *lm_dataset_pixels(const LmDataset *ds, int64_t i);
LmStatus lm_dataset_read(const LmDataset *ds, int64_t i, void *dst, LmError *err) LM_MUST_CHECK;
/* The path of item i's file, or NULL. */
const char *lm_dataset_item_name(const LmDataset *ds, int64_t i);
/* How many images each class has: n_classes numbers. Of LM_TARGETS_VALUES and unlabelled sets there
 * is nothing to count. */
void lm_dataset_counts(const LmDataset *ds, int64_t *counts);
/* Adds every item to `m`, in parallel with a result that does not depend on the number of threads;
 * `m` is untouched on failure. Polls cancel. Main thread only. */
LmStatus lm_dataset_stats(const LmDataset *ds, LmMoments *m, LmError *err) LM_MUST_CHECK;
/* "mnist train: 60,000 images 28x28x1 u8, 10 classes" */
const char *lm_dataset_describe(const LmDataset *ds, char *buffer, size_t size);

#endif
