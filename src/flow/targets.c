#include "flow/targets.h"

#include <string.h>

#include "augment/draw.h"
#include "base/mem.h"
#include "data/sources.h"

static const char *const names[LM_LABELS_COUNT] = {
    "auto", "class", "one_hot", "binary", "targets", "input", "none",
};

/* --- y --- */

static LmLabels of_set(const LmDataset *ds)
{
    if (ds->targets != NULL) {
        return LM_LABELS_TARGETS;
    }
    return ds->labels != NULL ? LM_LABELS_CLASS : LM_LABELS_NONE;
}

LmStatus lm_targets_resolve(LmLabels *labels, const LmDataset *ds, LmError *err)
{
    LmLabels wanted = *labels == LM_LABELS_AUTO ? of_set(ds) : *labels;
    if (lm_targets_is_class(wanted) && ds->labels == NULL) {
        return lm_fail(
            err, LM_EARG, "labels \"%s\" were asked for, but %s has %s", names[wanted], ds->name,
            ds->targets != NULL ? "targets instead; use labels=\"targets\"" : "no labels");
    }
    if (wanted == LM_LABELS_BINARY && ds->n_classes != 2) {
        return lm_fail(err, LM_EARG,
                       "labels \"binary\" want a set of two classes, but %s has %d; use "
                       "labels=\"class\"",
                       ds->name, ds->n_classes);
    }
    if (wanted == LM_LABELS_TARGETS && ds->targets == NULL) {
        return lm_fail(err, LM_EARG, "labels \"targets\" were asked for, but %s has no targets",
                       ds->name);
    }
    *labels = wanted;
    return LM_OK;
}

static LmStatus classes(LmTensor *y, const LmDataset *ds, const int64_t *indices, int64_t n,
                        LmError *err)
{
    LmStatus st = lm_tensor_new(y, LM_I32, 1, &n, err);
    for (int64_t i = 0; st == LM_OK && i < n; i++) {
        ((int32_t *)y->data)[i] = ds->labels[lm_draw_item(indices[i])];
    }
    return st;
}

static LmStatus binary(LmTensor *y, const LmDataset *ds, const int64_t *indices, int64_t n,
                       LmError *err)
{
    LmStatus st = lm_tensor_new(y, LM_F32, 1, &n, err);
    for (int64_t i = 0; st == LM_OK && i < n; i++) {
        ((float *)y->data)[i] = (float)ds->labels[lm_draw_item(indices[i])];
    }
    return st;
}

static LmStatus one_hot(LmTensor *y, const LmDataset *ds, const int64_t *indices, int64_t n,
                        LmError *err)
{
    const int64_t shape[2] = {n, ds->n_classes};
    LmStatus st = lm_tensor_zeros(y, LM_F32, 2, shape, err);
    for (int64_t i = 0; st == LM_OK && i < n; i++) {
        ((float *)y->data)[i * ds->n_classes + ds->labels[lm_draw_item(indices[i])]] = 1;
    }
    return st;
}

static LmStatus rows(LmTensor *y, const LmDataset *ds, const int64_t *indices, int64_t n,
                     LmError *err)
{
    const int64_t shape[2] = {n, ds->n_targets};
    bool is_single = ds->n_targets == 1 && ds->targets_kind == LM_TARGETS_VALUES;
    LmStatus st = lm_tensor_new(y, LM_F32, is_single ? 1 : 2, shape, err);
    for (int64_t i = 0; st == LM_OK && i < n; i++) {
        memcpy((float *)y->data + i * ds->n_targets,
               ds->targets + lm_draw_item(indices[i]) * ds->n_targets,
               (size_t)ds->n_targets * sizeof *ds->targets);
    }
    return st;
}

static LmStatus copy(LmTensor *y, const LmTensor *x, LmError *err)
{
    LmStatus st = lm_tensor_new(y, LM_F32, x->rank, x->shape, err);
    if (st == LM_OK) {
        memcpy(y->data, x->data, lm_tensor_size_bytes(x));
    }
    return st;
}

LmStatus lm_targets_make(LmTensor *y, LmLabels labels, const LmDataset *ds, const int64_t *indices,
                         int64_t n, const LmTensor *x, LmError *err)
{
    *y = (LmTensor){0};
    switch (labels) {
    case LM_LABELS_CLASS:
        return classes(y, ds, indices, n, err);
    case LM_LABELS_BINARY:
        return binary(y, ds, indices, n, err);
    case LM_LABELS_ONE_HOT:
        return one_hot(y, ds, indices, n, err);
    case LM_LABELS_TARGETS:
        return rows(y, ds, indices, n, err);
    case LM_LABELS_INPUT:
        return copy(y, x, err);
    case LM_LABELS_AUTO:
    case LM_LABELS_NONE:
    case LM_LABELS_COUNT:
        break;
    }
    return LM_OK;
}

/* --- weights --- */

LmStatus lm_targets_weigh(LmTensor *w, const float *weights, const int64_t *indices, int64_t n,
                          LmError *err)
{
    LmStatus st = lm_tensor_new(w, LM_F32, 1, &n, err);
    for (int64_t i = 0; st == LM_OK && i < n; i++) {
        ((float *)w->data)[i] = weights[lm_draw_item(indices[i])];
    }
    return st;
}

static LmStatus balance(float *weights, const LmDataset *ds, LmError *err)
{
    double *of_class = NULL;
    LmStatus st = lm_mem_alloc(&of_class, (size_t)ds->n_classes, sizeof *of_class, err);
    if (st == LM_OK) {
        st = lm_weights_balance(of_class, ds, err);
    }
    for (int64_t i = 0; st == LM_OK && i < ds->count; i++) {
        weights[i] = (float)((double)weights[i] * of_class[ds->labels[i]]);
    }
    lm_mem_free(of_class);
    return st;
}

LmStatus lm_targets_weights(float **out, LmWeights kind, const LmDataset *ds, LmError *err)
{
    float *weights = NULL;
    if (kind == LM_WEIGHTS_BALANCED && ds->labels == NULL) {
        return lm_fail(err, LM_EARG, "weights \"balanced\" want labels, but %s has none", ds->name);
    }
    if (kind == LM_WEIGHTS_NONE || (kind == LM_WEIGHTS_SET && ds->weights == NULL)) {
        *out = NULL;
        return LM_OK;
    }
    LmStatus st = lm_mem_alloc(&weights, (size_t)ds->count, sizeof *weights, err);
    for (int64_t i = 0; st == LM_OK && i < ds->count; i++) {
        weights[i] = ds->weights != NULL ? ds->weights[i] : 1;
    }
    if (st == LM_OK && kind == LM_WEIGHTS_BALANCED) {
        st = balance(weights, ds, err);
    }
    if (st != LM_OK) {
        lm_mem_free(weights);
        return st;
    }
    *out = weights;
    return LM_OK;
}
