/* What a user says about a layer, and what the model makes of it.
 *
 * LmLayerSpec is the plain description; LmLayer adds shapes, parameter ranges and the kind's
 * functions. Activations inside a model are N x H x W x C floats whose channel count is rounded up
 * to 16 (`cs`, the channel stride) so that vector loads need no tails; the surplus channels are
 * zero. The network's input keeps its own channel count. Scripts never see this.
 */
#ifndef LM_LAYER_H
#define LM_LAYER_H

#include "base/error.h"

typedef enum LmLayerKindId {
    LM_LAYER_CONV,
    LM_LAYER_MAXPOOL,
    LM_LAYER_AVGPOOL,
    LM_LAYER_GLOBAL_AVGPOOL,
    LM_LAYER_FLATTEN,
    LM_LAYER_DENSE,
    LM_LAYER_RELU,
    LM_LAYER_TANH,
    LM_LAYER_SIGMOID,
    LM_LAYER_SOFTMAX,
    LM_LAYER_DROPOUT,
    LM_LAYER_KIND_COUNT
} LmLayerKindId;

typedef enum LmAct { LM_ACT_NONE, LM_ACT_RELU, LM_ACT_TANH, LM_ACT_SIGMOID, LM_ACT_SOFTMAX } LmAct;

typedef struct LmLayerSpec {
    LmLayerKindId kind;
    char name[32];  /* empty: the model names it, "conv1", "dense2", ... */
    int64_t units;  /* conv: filters; dense: outputs */
    int64_t kh, kw; /* conv: kernel; pools: window */
    int64_t sh, sw; /* stride; 0: 1 for conv, the window for pools */
    bool is_same;   /* conv: zero padding that keeps ceil(size / stride); else valid */
    LmAct act;      /* conv, dense: applied after the bias */
    double rate;    /* dropout: share of units set to zero, [0, 1) */
} LmLayerSpec;

/* "conv", "maxpool", ... as scripts write it; and the activation's name ("relu"). */
const char *lm_layer_kind_name(LmLayerKindId kind);
bool lm_layer_kind_from_name(const char *name, LmLayerKindId *out);
const char *lm_act_name(LmAct act);
bool lm_act_from_name(const char *name, LmAct *out);

#endif
