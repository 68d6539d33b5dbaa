/* Inside of a model; for nn/ only. */
#ifndef LM_MODEL_IMPL_H
#define LM_MODEL_IMPL_H

#include <stdatomic.h>

#include "nn/model.h"
#include "nn/shape.h"

enum { LM_MODEL_LAYERS_MAX = 1000 };

/* One weight tensor. In memory it has `rows` rows of `cols` numbers padded to `ld` (a multiple of
 * 16): the surplus columns are zero and stay zero, so kernels need no tails. */
typedef struct LmParam {
    char name[40];
    int rank;
    int64_t shape[4]; /* as scripts see it */
    int64_t rows, cols, ld;
    int64_t offset; /* floats from the start of the model's block */
    double fan_in, fan_out;
    bool is_bias;
} LmParam;

typedef struct LmLayer {
    LmLayerSpec spec;
    LmShape in, out;
    LmPad pad;
    int kernel; /* index of its parameters, or -1 */
    int bias;
} LmLayer;

struct LmModel {
    atomic_int refs;
    LmShape input;
    uint64_t seed;
    int n_layers;
    LmLayer *layers;
    int n_params;
    LmParam *params;
    int64_t n_floats; /* of the block, padding included */
    float *weights;
    int64_t version; /* grows with every change of the weights: nets rebuild what they derived */
    LmAct final_act; /* softmax or sigmoid at the end: applied with the loss, not by the network */
};

/* lm_model_new in two parts: all but the weights' memory, so that a stranger's description of a
 * model can be checked before anything of its size is taken; and that memory, zeroed. */
LmStatus lm_model_new_outline(LmModel **out, int64_t h, int64_t w, int64_t c,
                              const LmLayerSpec *layers, int n_layers, uint64_t seed,
                              LmError *err) LM_MUST_CHECK;
LmStatus lm_model_alloc_weights(LmModel *m, LmError *err) LM_MUST_CHECK;
/* An outline from what lm_model_to_json wrote. */
LmStatus lm_model_from_json(LmModel **out, const char *text, const char *name,
                            LmError *err) LM_MUST_CHECK;
/* LM_ESHAPE unless t has the shape of weight i. */
LmStatus lm_model_check_shape(const LmModel *m, int i, const LmTensor *t,
                              LmError *err) LM_MUST_CHECK;

/* Weights from (seed, parameter number): glorot_uniform for kernels, zero for biases. */
void lm_init_weights(LmModel *m);

static inline float *lm_model_param_data(const LmModel *m, int i)
{
    return m->weights + m->params[i].offset;
}

#endif
