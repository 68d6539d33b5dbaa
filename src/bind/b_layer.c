/* luma.nn: layers as scripts describe them.
 *
 * A layer is a description only; luma.model builds weights from a list of them, so one may stand in
 * several models. It remembers the line it was written on, because what is wrong with a layer shows
 * only when the model knows the shapes before it.
 */
#include "bind/b_layer.h"

#include <string.h>

#include "base/mem.h"
#include "bind/open.h"
#include "bind/options.h"

static const char *const act_names[] = {"none", "relu", "tanh", "sigmoid", "softmax", NULL};
_Static_assert(LM_ACT_SOFTMAX == LM_ARRAY_LEN(act_names) - 2, "one name an activation, in order");
static const char *const padding_names[] = {"valid", "same", NULL};

enum { UNITS_MAX = 1 << 20, EXTENT_MAX = 1 << 15 };

typedef struct LayerArgs {
    int64_t units;
    int64_t kernel[2];
    int64_t stride[2];
    int padding;
    int act;
    double rate;
    const char *name;
} LayerArgs;

#define NAME_OPTION LB_STRING(LayerArgs, name, "name", NULL, "name of its weights and in messages")
#define ACT_OPTION                                                                                 \
    LB_CHOICE(LayerArgs, act, "act", act_names, "\"none\"", "activation after the bias")

static const LbOption filters = LB_INTEGER(LayerArgs, units, "filters", 1, UNITS_MAX, NULL, "");
static const LbOption units = LB_INTEGER(LayerArgs, units, "units", 1, UNITS_MAX, NULL, "");
static const LbOption window = LB_PAIR(LayerArgs, kernel, "window", 1, EXTENT_MAX, NULL, "");
static const LbOption rate = LB_NUMBER(LayerArgs, rate, "rate", 0, 1, NULL, "");

static const LbOption conv_options[] = {
    LB_PAIR(LayerArgs, kernel, "kernel", 1, EXTENT_MAX, "3", "rows and columns of a filter"),
    LB_PAIR(LayerArgs, stride, "stride", 1, EXTENT_MAX, "1", "rows and columns between positions"),
    LB_CHOICE(LayerArgs, padding, "padding", padding_names, "\"valid\"",
              "\"same\" surrounds the image with zeros so that its size stays"),
    ACT_OPTION,
    NAME_OPTION,
    LB_OPTIONS_END};
static const LbOption pool_options[] = {
    LB_PAIR(LayerArgs, stride, "stride", 1, EXTENT_MAX, "the window",
            "rows and columns between windows"),
    LB_CHOICE(LayerArgs, padding, "padding", padding_names, "\"valid\"",
              "\"same\" keeps windows that reach over the edge"),
    NAME_OPTION, LB_OPTIONS_END};
static const LbOption dense_options[] = {ACT_OPTION, NAME_OPTION, LB_OPTIONS_END};
static const LbOption plain_options[] = {NAME_OPTION, LB_OPTIONS_END};

static void describe(const void *object, LmStr *out)
{
    const LbLayer *layer = object;
    const LmLayerSpec *s = &layer->spec;
    lm_str_add(out, "%s layer", lm_layer_kind_name(s->kind));
    if (s->units > 0) {
        lm_str_add(out, " of %lld", (long long)s->units);
    }
    if (s->kh > 0) {
        lm_str_add(out, " %lldx%lld", (long long)s->kh, (long long)s->kw);
    }
    if (s->act != LM_ACT_NONE) {
        lm_str_add(out, " %s", lm_act_name(s->act));
    }
}

static const LbDoc *const no_members[] = {NULL};
const LbType lb_layer_type = {
    .name = "layer",
    .text = "What luma.nn's functions give and luma.model takes: the description of one layer.",
    .example = "local layer = luma.nn.dense{ 10, act=\"softmax\" }\n"
               "print(layer)",
    .release = lm_mem_free,
    .describe = describe,
    .members = no_members,
};

/* A name becomes part of weight names ("conv1/kernel") and of the model file. */
static void check_name(lua_State *L, const char *fn, const char *name)
{
    LmLayerSpec *spec = NULL;
    if (strlen(name) >= sizeof spec->name || strpbrk(name, "/\"\\\n\t ") != NULL) {
        lb_raise_text(L, LM_EARG,
                      "%s: option 'name' wants at most %d characters without spaces, slashes and "
                      "quotes, got \"%.60s\"",
                      fn, (int)sizeof spec->name - 1, name);
    }
}

static int push_layer(lua_State *L, const char *fn, LmLayerKindId kind, const LayerArgs *a)
{
    if (a->name != NULL) {
        check_name(L, fn, a->name);
    }
    LbLayer *layer;
    LmError err;
    LmStatus st;
    LbHandle *h = lb_handle_push(L, &lb_layer_type);
    LB_CALL(L, st, lm_mem_zeros(&layer, 1, sizeof *layer, &err));
    lb_raise_if(L, st, fn, &err);
    lb_handle_fill(L, h, layer, sizeof *layer);
    layer->spec = (LmLayerSpec){
        .kind = kind,
        .units = a->units,
        .kh = a->kernel[0],
        .kw = a->kernel[1],
        .sh = a->stride[0],
        .sw = a->stride[1],
        .is_same = a->padding == 1,
        .act = (LmAct)a->act,
        .rate = a->rate,
    };
    memcpy(layer->spec.name, a->name != NULL ? a->name : "",
           a->name != NULL ? strlen(a->name) + 1 : 1);
    lb_raise_where(L, layer->where, sizeof layer->where);
    return 1;
}

/* Stores the one part of the option table at 1. */
static void take_part(lua_State *L, const char *fn, const LbOption *part, LayerArgs *a)
{
    lua_geti(L, 1, 1);
    lb_options_store(L, -1, fn, part->name, part, a);
    lua_pop(L, 1);
}

static int plain(lua_State *L, const char *fn, LmLayerKindId kind)
{
    LayerArgs a = {0};
    lb_arg_end(L, 1, fn);
    lb_options_parse(L, 1, fn, plain_options, LB_NO_PARTS, &a);
    return push_layer(L, fn, kind, &a);
}

static int pool(lua_State *L, const char *fn, LmLayerKindId kind)
{
    LayerArgs a = {0};
    lb_arg_end(L, 1, fn);
    lb_options_parse(L, 1, fn, pool_options, (LbParts){"the window's size", 1, 1}, &a);
    take_part(L, fn, &window, &a);
    return push_layer(L, fn, kind, &a);
}

LB_FUNCTION(
    lb_nn_conv, "luma.nn.conv", conv_options,
    "luma.nn.conv{ filters, kernel=3, stride=1, padding=\"valid\", act=\"none\" } -> layer",
    "A convolution: slides `filters` small windows over the image and answers how well each\n"
    "fits at every place. Sizes may be one number or {rows, columns}.",
    "local layer = luma.nn.conv{ 32, kernel=3, act=\"relu\" }")
{
    LayerArgs a = {.kernel = {3, 3}, .stride = {1, 1}};
    lb_arg_end(L, 1, fn);
    lb_options_parse(L, 1, fn, conv_options, (LbParts){"the number of filters", 1, 1}, &a);
    take_part(L, fn, &filters, &a);
    return push_layer(L, fn, LM_LAYER_CONV, &a);
}

LB_FUNCTION(lb_nn_maxpool, "luma.nn.maxpool", pool_options,
            "luma.nn.maxpool{ window, stride=window, padding=\"valid\" } -> layer",
            "Keeps the largest number of every window: the image gets smaller.",
            "local layer = luma.nn.maxpool{ 2 }")
{
    return pool(L, fn, LM_LAYER_MAXPOOL);
}

LB_FUNCTION(lb_nn_avgpool, "luma.nn.avgpool", pool_options,
            "luma.nn.avgpool{ window, stride=window, padding=\"valid\" } -> layer",
            "The mean of every window: the image gets smaller.",
            "local layer = luma.nn.avgpool{ {2, 3} }")
{
    return pool(L, fn, LM_LAYER_AVGPOOL);
}

LB_FUNCTION(lb_nn_global_avgpool, "luma.nn.global_avgpool", plain_options,
            "luma.nn.global_avgpool{} -> layer",
            "The mean of each channel over the whole image: H x W x C becomes C numbers.",
            "local layer = luma.nn.global_avgpool{}")
{
    return plain(L, fn, LM_LAYER_GLOBAL_AVGPOOL);
}

LB_FUNCTION(lb_nn_flatten, "luma.nn.flatten", plain_options, "luma.nn.flatten{} -> layer",
            "Lays the image out as one row of H*W*C numbers, as dense layers want it.",
            "local layer = luma.nn.flatten{}")
{
    return plain(L, fn, LM_LAYER_FLATTEN);
}

LB_FUNCTION(
    lb_nn_dense, "luma.nn.dense", dense_options, "luma.nn.dense{ units, act=\"none\" } -> layer",
    "`units` weighted sums of all inputs, each with its bias. The last layer of a classifier\n"
    "is luma.nn.dense{ classes, act=\"softmax\" }.",
    "local layer = luma.nn.dense{ 10, act=\"softmax\" }")
{
    LayerArgs a = {0};
    lb_arg_end(L, 1, fn);
    lb_options_parse(L, 1, fn, dense_options, (LbParts){"the number of units", 1, 1}, &a);
    take_part(L, fn, &units, &a);
    return push_layer(L, fn, LM_LAYER_DENSE, &a);
}

LB_FUNCTION(lb_nn_relu, "luma.nn.relu", plain_options, "luma.nn.relu{} -> layer",
            "Negative numbers become 0.", "local layer = luma.nn.relu{}")
{
    return plain(L, fn, LM_LAYER_RELU);
}

LB_FUNCTION(lb_nn_tanh, "luma.nn.tanh", plain_options, "luma.nn.tanh{} -> layer",
            "The hyperbolic tangent: numbers between -1 and 1.", "local layer = luma.nn.tanh{}")
{
    return plain(L, fn, LM_LAYER_TANH);
}

LB_FUNCTION(lb_nn_sigmoid, "luma.nn.sigmoid", plain_options, "luma.nn.sigmoid{} -> layer",
            "1 / (1 + exp(-x)): numbers between 0 and 1.", "local layer = luma.nn.sigmoid{}")
{
    return plain(L, fn, LM_LAYER_SIGMOID);
}

LB_FUNCTION(lb_nn_softmax, "luma.nn.softmax", plain_options, "luma.nn.softmax{} -> layer",
            "Turns the outputs into probabilities that add up to 1. Only as the last layer.",
            "local layer = luma.nn.softmax{}")
{
    return plain(L, fn, LM_LAYER_SOFTMAX);
}

LB_FUNCTION(
    lb_nn_dropout, "luma.nn.dropout", plain_options, "luma.nn.dropout{ rate } -> layer",
    "While training, sets a random share `rate` of the numbers to 0 and scales the rest up.\n"
    "Evaluating and predicting leave all as they are.",
    "local layer = luma.nn.dropout{ 0.25 }")
{
    LayerArgs a = {0};
    lb_arg_end(L, 1, fn);
    lb_options_parse(L, 1, fn, plain_options, (LbParts){"the share to drop", 1, 1}, &a);
    take_part(L, fn, &rate, &a);
    return push_layer(L, fn, LM_LAYER_DROPOUT, &a);
}

void lb_layer_open(lua_State *L)
{
    static const LbDoc *const docs[] = {
        &lb_nn_conv_doc,    &lb_nn_maxpool_doc, &lb_nn_avgpool_doc, &lb_nn_global_avgpool_doc,
        &lb_nn_flatten_doc, &lb_nn_dense_doc,   &lb_nn_relu_doc,    &lb_nn_tanh_doc,
        &lb_nn_sigmoid_doc, &lb_nn_softmax_doc, &lb_nn_dropout_doc, NULL};
    lb_handle_define(L, &lb_layer_type);
    lb_doc_register(L, docs);
}
