/* A sequential network for classification of images: layers, weights, and what they cost.
 *
 * Weights live in one block in the layout scripts see (conv: KH x KW x IC x OC, dense: IN x OUT, as
 * Keras has them). A last softmax is not computed inside the network but fused with the loss.
 * Shared by reference; one thread at a time may train or run it.
 */
#ifndef LM_MODEL_H
#define LM_MODEL_H

#include "base/error.h"
#include "nn/layer.h"
#include "tensor/tensor.h"

typedef struct LmModel LmModel;

/* Builds the layers in order; weights start from glorot_uniform (Glorot and Bengio 2010: uniform in
 * +-sqrt(6 / (fan_in + fan_out))), biases from zero, from (seed, parameter number) alone. Errors
 * (LM_ESHAPE, LM_EARG) name the layer: "layer 3 (conv): ...": a kernel larger than its input, a
 * dense layer on a map that was not flattened, softmax anywhere but last, a model without layers.
 */
LmStatus lm_model_new(LmModel **out, int64_t h, int64_t w, int64_t c, const LmLayerSpec *layers,
                      int n_layers, uint64_t seed, LmError *err) LM_MUST_CHECK;
LmModel *lm_model_ref(LmModel *m);
void lm_model_unref(LmModel *m);

void lm_model_input(const LmModel *m, int64_t hwc[3]);
int64_t lm_model_n_outputs(const LmModel *m); /* numbers a sample */
int lm_model_n_layers(const LmModel *m);
uint64_t lm_model_seed(const LmModel *m);
bool lm_model_ends_in_softmax(const LmModel *m);
/* The spec as given, names and default strides filled in. */
const LmLayerSpec *lm_model_layer(const LmModel *m, int i);
/* Output shape of layer i: rank 1 or 3. */
int lm_model_layer_shape(const LmModel *m, int i, int64_t shape[3]);
int64_t lm_model_layer_params(const LmModel *m, int i);

/* Parameters: "conv1/kernel", "conv1/bias", ... in layer order. */
int64_t lm_model_n_params(const LmModel *m); /* numbers in all */
int lm_model_n_weights(const LmModel *m);    /* tensors */
const char *lm_model_weight_name(const LmModel *m, int i);
/* A copy of weight i. */
LmStatus lm_model_get_weight(const LmModel *m, int i, LmTensor *out, LmError *err) LM_MUST_CHECK;
/* Copies t (any dtype, the weight's shape) in; finite values only. */
LmStatus lm_model_set_weight(LmModel *m, int i, const LmTensor *t, LmError *err) LM_MUST_CHECK;
/* SHA-256 (hex) over all weights in order. */
void lm_model_digest(const LmModel *m, char out[65]);

/* Raw outputs (softmax applied where the model ends in one) for n images x (f32 n x h x w x c):
 * out f32 n x n_outputs. */
LmStatus lm_model_forward(LmModel *m, const LmTensor *x, LmTensor *out, LmError *err) LM_MUST_CHECK;

/* A table of layers: name, kind, output shape, parameters, multiply-adds a sample, what runs it and
 * why. Text owned by the caller (lm_mem_free). */
LmStatus lm_model_summary(LmModel *m, char **out, LmError *err) LM_MUST_CHECK;
/* "model of 7 layers, 121,930 parameters, 28x28x1 -> 10" */
const char *lm_model_describe(const LmModel *m, char *buffer, size_t size);

/* Architecture as JSON. */
LmStatus lm_model_to_json(const LmModel *m, char **out, LmError *err) LM_MUST_CHECK;

#endif
