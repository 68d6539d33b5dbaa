/* What can be asked of a flow without moving it. */
#include <inttypes.h>

#include "base/str.h"
#include "flow/flow_impl.h"

const LmFlowOptions *lm_flow_options(const LmFlow *f)
{
    return &f->options;
}

bool lm_flow_has_weights(const LmFlow *f)
{
    return f->weights != NULL;
}

float lm_flow_weight(const LmFlow *f, int64_t i)
{
    return f->weights != NULL ? f->weights[lm_draw_item(i)] : 1;
}

LmDataset *lm_flow_dataset(const LmFlow *f)
{
    return f->dataset;
}

LmGenerator *lm_flow_generator(const LmFlow *f)
{
    return f->generator;
}

int64_t lm_flow_n_batches(const LmFlow *f)
{
    return f->n_batches;
}

int64_t lm_flow_n_samples(const LmFlow *f)
{
    return f->n_samples;
}

int64_t lm_flow_epoch(const LmFlow *f)
{
    return f->epoch;
}

int64_t lm_flow_position(const LmFlow *f)
{
    return f->position;
}

const char *lm_flow_describe(const LmFlow *f, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    lm_str_add(&s, "flow of %s: ", f->dataset->name);
    lm_str_add_count(&s, f->n_batches);
    lm_str_add(&s, f->n_batches == 1 ? " batch of " : " batches of ");
    lm_str_add_count(&s, f->options.batch);
    lm_str_add(&s, f->options.is_shuffled ? ", shuffled" : ", in order");
    if (f->options.workers > 0) {
        lm_str_add(&s, ", %d worker%s", f->options.workers, f->options.workers > 1 ? "s" : "");
    }
    return buffer;
}

int64_t lm_flow_n_targets(const LmFlow *f)
{
    switch (f->options.labels) {
    case LM_LABELS_TARGETS:
        return f->dataset->n_targets;
    case LM_LABELS_INPUT:
        return f->item;
    case LM_LABELS_NONE:
        return 0;
    default:
        return f->dataset->n_classes;
    }
}
