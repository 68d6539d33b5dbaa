/* Mixup in what outputs are held against: where two samples are blended, so are their targets. */
#include <string.h>

#include "flow/flow_impl.h"

bool lm_flow_mix(const LmFlow *f, int64_t epoch, int64_t i, int64_t *partner, double *share)
{
    return lm_filler_mix(&f->filler, epoch, i, partner, share);
}

/* Where the sample is blended with another one, so is what it is held against. */
static LmTarget blended_class(const LmFlow *f, int64_t i, int64_t partner, double share, float *row)
{
    const LmDataset *ds = f->dataset;
    memset(row, 0, (size_t)ds->n_classes * sizeof *row);
    row[ds->labels[i]] += (float)share;
    row[ds->labels[partner]] += (float)(1 - share);
    return (LmTarget){ds->labels[i], row};
}

static LmTarget blended_row(const LmFlow *f, int64_t i, int64_t partner, double share, float *row)
{
    const LmDataset *ds = f->dataset;
    memcpy(row, ds->targets + i * ds->n_targets, (size_t)ds->n_targets * sizeof *row);
    lm_augmenter_blend(row, ds->targets + partner * ds->n_targets, ds->n_targets, share);
    return (LmTarget){-1, row};
}

LmTarget lm_flow_target(const LmFlow *f, int64_t epoch, int64_t sample, float *buffer)
{
    const LmDataset *ds = f->dataset;
    int64_t i = lm_draw_item(sample);
    int64_t partner = 0;
    double share = 1;
    bool is_mixed = lm_flow_mix(f, epoch, sample, &partner, &share);
    switch (f->options.labels) {
    case LM_LABELS_TARGETS:
        return is_mixed ? blended_row(f, i, partner, share, buffer)
                        : (LmTarget){-1, ds->targets + i * ds->n_targets};
    case LM_LABELS_INPUT:
    case LM_LABELS_NONE:
        return (LmTarget){-1, NULL};
    default:
        return is_mixed ? blended_class(f, i, partner, share, buffer)
                        : (LmTarget){ds->labels[i], NULL};
    }
}

LmStatus lm_mix_targets(const LmFlow *f, int64_t epoch, const int64_t *indices, int64_t n,
                        LmBatch *batch, LmError *err)
{
    LmLabels labels = f->options.labels;
    LmStatus st = lm_targets_make(&batch->y, labels, f->dataset, indices, n, &batch->x, err);
    float *y = batch->y.data;
    for (int64_t k = 0; st == LM_OK && k < n; k++) {
        int64_t partner = 0;
        double share = 1;
        if (!lm_flow_mix(f, epoch, indices[k], &partner, &share)) {
            continue;
        }
        if (labels == LM_LABELS_ONE_HOT || labels == LM_LABELS_TARGETS) {
            lm_flow_target(f, epoch, indices[k], y + k * lm_flow_n_targets(f));
        } else if (labels == LM_LABELS_BINARY) {
            float other = (float)f->dataset->labels[partner];
            lm_augmenter_blend(&y[k], &other, 1, share);
        }
    }
    return st;
}
