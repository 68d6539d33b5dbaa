/* Data sets with weights: views of all items, so that the base keeps its own. */
#include "data/sources.h"

#include "base/mem.h"

LmStatus lm_weights_new(LmDataset **out, LmDataset *base, const float *weights, LmError *err)
{
    LmDataset *ds = NULL;
    int64_t *indices = NULL;
    LmStatus st = lm_mem_alloc(&indices, (size_t)base->count, sizeof *indices, err);
    for (int64_t i = 0; i < base->count && st == LM_OK; i++) {
        indices[i] = i;
    }
    if (st == LM_OK) {
        st = lm_view_new(&ds, base, NULL, indices, base->count, err);
    }
    if (st == LM_OK) {
        st = lm_dataset_set_weights(ds, weights, err);
    }
    lm_mem_free(indices);
    if (st == LM_OK) {
        *out = ds;
    } else {
        lm_dataset_unref(ds);
    }
    return st;
}

LmStatus lm_weights_new_of_classes(LmDataset **out, LmDataset *base, const double *of_class,
                                   LmError *err)
{
    float *weights = NULL;
    if (base->labels == NULL) {
        return lm_fail(err, LM_EARG, "'%s' has no labels, so its classes cannot be weighted",
                       base->name);
    }
    LmStatus st = lm_mem_alloc(&weights, (size_t)base->count, sizeof *weights, err);
    for (int64_t i = 0; i < base->count && st == LM_OK; i++) {
        weights[i] = (float)of_class[base->labels[i]];
    }
    if (st == LM_OK) {
        st = lm_weights_new(out, base, weights, err);
    }
    lm_mem_free(weights);
    return st;
}

LmStatus lm_weights_balance(double *of_class, const LmDataset *ds, LmError *err)
{
    int64_t *counts = NULL;
    int n_held = 0;
    LmStatus st = lm_mem_alloc(&counts, (size_t)ds->n_classes, sizeof *counts, err);
    if (st != LM_OK) {
        return st;
    }
    lm_dataset_counts(ds, counts);
    for (int k = 0; k < ds->n_classes; k++) {
        n_held += counts[k] > 0;
    }
    for (int k = 0; k < ds->n_classes; k++) {
        of_class[k] =
            counts[k] > 0 ? (double)ds->count / ((double)n_held * (double)counts[k]) : 0.0;
    }
    lm_mem_free(counts);
    return LM_OK;
}

LmStatus lm_weights_new_balanced(LmDataset **out, LmDataset *base, LmError *err)
{
    double *of_class = NULL;
    if (base->labels == NULL) {
        return lm_fail(err, LM_EARG, "'%s' has no labels, so its classes cannot be balanced",
                       base->name);
    }
    LmStatus st = lm_mem_alloc(&of_class, (size_t)base->n_classes, sizeof *of_class, err);
    if (st == LM_OK) {
        st = lm_weights_balance(of_class, base, err);
    }
    if (st == LM_OK) {
        st = lm_weights_new_of_classes(out, base, of_class, err);
    }
    lm_mem_free(of_class);
    return st;
}
