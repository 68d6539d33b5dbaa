/* What a flow gives beside pixels: the y of a batch, and what the trainer holds outputs against.
 *
 * y comes in one of several forms of the same facts (a class number, a row with a one at the class,
 * the data set's own rows, the pixels themselves); weights say how much a sample counts.
 */
#ifndef LM_TARGETS_H
#define LM_TARGETS_H

#include "base/error.h"
#include "data/dataset.h"

typedef enum LmLabels {
    LM_LABELS_AUTO,    /* targets where the set has them, class numbers where it has labels, none */
    LM_LABELS_CLASS,   /* i32, N class numbers from 0 */
    LM_LABELS_ONE_HOT, /* f32, N x n_classes */
    LM_LABELS_BINARY,  /* f32, N numbers 0 or 1, of a set of two classes */
    LM_LABELS_TARGETS, /* f32, N x n_targets: several labels an image, or values to predict; N for
                          one value */
    LM_LABELS_INPUT,   /* f32, the scaled images again: what an autoencoder is to give back */
    LM_LABELS_NONE,    /* no y */
    LM_LABELS_COUNT
} LmLabels;

/* Is it one class an image, in whatever form? */
static inline bool lm_targets_is_class(LmLabels labels)
{
    return labels == LM_LABELS_CLASS || labels == LM_LABELS_ONE_HOT || labels == LM_LABELS_BINARY;
}
/* What `labels` comes to for this set; LM_EARG where the set cannot give it. */
LmStatus lm_targets_resolve(LmLabels *labels, const LmDataset *ds, LmError *err) LM_MUST_CHECK;

/* y of the n items `indices`; `labels` is resolved, x the scaled images. Zeroed for none. */
LmStatus lm_targets_make(LmTensor *y, LmLabels labels, const LmDataset *ds, const int64_t *indices,
                         int64_t n, const LmTensor *x, LmError *err) LM_MUST_CHECK;
/* f32, n numbers; weights[i] is that of item i. */
LmStatus lm_targets_weigh(LmTensor *w, const float *weights, const int64_t *indices, int64_t n,
                          LmError *err) LM_MUST_CHECK;

typedef enum LmWeights {
    LM_WEIGHTS_SET,      /* the data set's, if it has any */
    LM_WEIGHTS_BALANCED, /* times n / (n_classes * images of the class): classes count the same */
    LM_WEIGHTS_NONE,
    LM_WEIGHTS_COUNT
} LmWeights;

/* One number an item, owned by the caller (lm_mem_free), or NULL where all count the same. A class
 * without images has no say in "balanced". */
LmStatus lm_targets_weights(float **out, LmWeights kind, const LmDataset *ds,
                            LmError *err) LM_MUST_CHECK;

#endif
