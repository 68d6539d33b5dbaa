#include "nn/blame.h"

#include <math.h>
#include <stdio.h>

static bool are_finite(const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    return true;
}

static bool is_map_finite(const LmBlockRun *run, int index, int64_t s)
{
    const LmPlanMap *plan = &run->net->values[index];
    const float *image = lm_net_values(run, index).data + s * plan->img;
    for (int64_t y = 0; y < plan->h; y++) {
        for (int64_t x = 0; x < plan->w; x++) {
            if (!are_finite(image + y * plan->row + x * plan->cs, plan->c)) {
                return false;
            }
        }
    }
    return true;
}

static bool is_param_finite(const LmModel *m, int i)
{
    return i < 0 || are_finite(lm_model_param_data(m, i), m->params[i].rows * m->params[i].ld);
}

const char *lm_blame_block(const LmBlockRun *run, int64_t s, char *buffer, size_t size)
{
    const LmNet *net = run->net;
    buffer[0] = '\0';
    if (!is_map_finite(run, 0, s)) {
        snprintf(buffer, size, ", first in the scaled pixels");
        return buffer;
    }
    for (int i = 0; i < net->n_ops; i++) {
        const LmOp *op = &net->ops[i];
        bool has_weights = is_param_finite(net->model, op->layer->kernel) &&
                           is_param_finite(net->model, op->layer->bias);
        if (!has_weights || !is_map_finite(run, i + 1, s)) {
            snprintf(buffer, size, ", first in the %s of layer %d (%s)",
                     has_weights ? "output" : "weights", op->layer_i + 1,
                     lm_layer_kind_name(op->layer->spec.kind));
            return buffer;
        }
    }
    return buffer;
}
