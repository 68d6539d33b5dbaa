/* Initial weights. A parameter's numbers depend on the seed and on its place alone (kernel of the
 * first layer with weights is 0, ...), so another seed changes all and another batch size none. */
#include <math.h>

#include "base/rng.h"
#include "nn/model_impl.h"

/* Glorot and Bengio (2010), equation 16: uniform in [-limit, limit), limit = sqrt(6 / (fan_in +
 * fan_out)); fans count the receptive field, as Keras does. */
static void glorot_uniform(float *w, const LmParam *p, uint64_t seed, int index)
{
    LmRng rng = lm_rng(seed, LM_RNG_WEIGHTS, (uint64_t)index, 0);
    double limit = sqrt(6.0 / (p->fan_in + p->fan_out));
    for (int64_t r = 0; r < p->rows; r++) {
        for (int64_t c = 0; c < p->cols; c++) {
            w[r * p->ld + c] = (float)((2.0 * lm_rng_double(&rng) - 1.0) * limit);
        }
    }
}

void lm_init_weights(LmModel *m)
{
    for (int i = 0; i < m->n_params; i++) {
        if (!m->params[i].is_bias) {
            glorot_uniform(lm_model_param_data(m, i), &m->params[i], m->seed, i);
        }
    }
}
