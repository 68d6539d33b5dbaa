#include "nn/layer.h"

#include <string.h>

static const char *const kind_names[] = {
    [LM_LAYER_CONV] = "conv",       [LM_LAYER_MAXPOOL] = "maxpool",
    [LM_LAYER_AVGPOOL] = "avgpool", [LM_LAYER_GLOBAL_AVGPOOL] = "global_avgpool",
    [LM_LAYER_FLATTEN] = "flatten", [LM_LAYER_DENSE] = "dense",
    [LM_LAYER_RELU] = "relu",       [LM_LAYER_TANH] = "tanh",
    [LM_LAYER_SIGMOID] = "sigmoid", [LM_LAYER_SOFTMAX] = "softmax",
    [LM_LAYER_DROPOUT] = "dropout",
};
_Static_assert(LM_ARRAY_LEN(kind_names) == LM_LAYER_KIND_COUNT, "one name a kind");

static const char *const act_names[] = {
    [LM_ACT_NONE] = "none",       [LM_ACT_RELU] = "relu",       [LM_ACT_TANH] = "tanh",
    [LM_ACT_SIGMOID] = "sigmoid", [LM_ACT_SOFTMAX] = "softmax",
};

static bool find(const char *const *names, size_t n, const char *name, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *lm_layer_kind_name(LmLayerKindId kind)
{
    return kind_names[kind];
}

bool lm_layer_kind_from_name(const char *name, LmLayerKindId *out)
{
    size_t i;
    bool is_found = find(kind_names, LM_ARRAY_LEN(kind_names), name, &i);
    if (is_found) {
        *out = (LmLayerKindId)i;
    }
    return is_found;
}

const char *lm_act_name(LmAct act)
{
    return act_names[act];
}

bool lm_act_from_name(const char *name, LmAct *out)
{
    size_t i;
    bool is_found = find(act_names, LM_ARRAY_LEN(act_names), name, &i);
    if (is_found) {
        *out = (LmAct)i;
    }
    return is_found;
}
