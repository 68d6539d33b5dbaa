/* Building a model: layers in order, shapes checked as they come, then one block for all weights.
 */
#include "nn/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "nn/model_impl.h"

/* Floats of a sample in one map, so that 32-bit offsets reach all of a block; and of one kernel, so
 * that they reach its last row. */
enum { MAP_FLOATS_MAX = 1 << 27, KERNEL_FLOATS_MAX = 1 << 30 };

static void name_layer(LmModel *m, int index)
{
    LmLayerSpec *spec = &m->layers[index].spec;
    if (spec->name[0] != '\0') {
        return;
    }
    int number = 1;
    for (int i = 0; i < index; i++) {
        number += m->layers[i].spec.kind == spec->kind;
    }
    snprintf(spec->name, sizeof spec->name, "%s%d", lm_layer_kind_name(spec->kind), number);
}

static LmStatus check_name(const LmModel *m, int index, LmError *err)
{
    const char *name = m->layers[index].spec.name;
    for (int i = 0; i < index; i++) {
        if (strcmp(m->layers[i].spec.name, name) == 0) {
            return lm_fail(err, LM_EARG, "two layers are named '%s' (layers %d and %d)", name,
                           i + 1, index + 1);
        }
    }
    if (strchr(name, '/') != NULL) {
        return lm_fail(err, LM_EARG, "a layer's name may not hold '/': '%s'", name);
    }
    return LM_OK;
}

static bool has_weights(const LmLayer *layer)
{
    return layer->spec.kind == LM_LAYER_CONV || layer->spec.kind == LM_LAYER_DENSE;
}

/* Softmax and sigmoid at the very end go with the loss; softmax anywhere else is a slip. */
static LmStatus take_final_act(LmModel *m, int index, LmError *err)
{
    LmLayerSpec *spec = &m->layers[index].spec;
    bool is_last = index == m->n_layers - 1;
    bool is_softmax = spec->kind == LM_LAYER_SOFTMAX || spec->act == LM_ACT_SOFTMAX;
    bool is_sigmoid = spec->kind == LM_LAYER_SIGMOID || spec->act == LM_ACT_SIGMOID;
    if (is_softmax && !is_last) {
        return lm_fail(err, LM_EARG,
                       "softmax belongs at the end of the model; use relu between layers");
    }
    if (is_softmax && !m->layers[index].out.is_flat) {
        return lm_fail(err, LM_ESHAPE,
                       "softmax needs a flat input; put luma.nn.flatten{} before it");
    }
    if (is_last && (is_softmax || is_sigmoid)) {
        m->final_act = is_softmax ? LM_ACT_SOFTMAX : LM_ACT_SIGMOID;
    }
    return LM_OK;
}

static LmStatus check_size(const LmShape *s, const char *what, LmError *err)
{
    size_t floats = 0;
    size_t cs = lm_base_round_up((size_t)s->c, 16);
    if (!lm_base_mul((size_t)s->h, (size_t)s->w, &floats) || !lm_base_mul(floats, cs, &floats) ||
        floats > MAP_FLOATS_MAX) {
        return lm_fail(err, LM_ESHAPE,
                       "%s of %" PRId64 "x%" PRId64 "x%" PRId64
                       " is larger than a network here may hold",
                       what, s->h, s->w, s->c);
    }
    return LM_OK;
}

/* rows x columns x inputs x outputs, and the same with channels padded, as the transposed kernel
 * has them. */
static LmStatus check_kernel_size(const LmLayer *l, LmError *err)
{
    bool is_conv = l->spec.kind == LM_LAYER_CONV;
    size_t rows = (size_t)(is_conv ? l->spec.kh : l->in.h);
    size_t cols = (size_t)(is_conv ? l->spec.kw : l->in.w);
    size_t floats = 0;
    if (!lm_base_mul(rows, cols, &floats) ||
        !lm_base_mul(floats, lm_base_round_up((size_t)l->in.c, 16), &floats) ||
        !lm_base_mul(floats, lm_base_round_up((size_t)l->spec.units, 16), &floats) ||
        floats > KERNEL_FLOATS_MAX) {
        return lm_fail(err, LM_ESHAPE,
                       "its weights, %zux%zu for each of %" PRId64 " inputs and %" PRId64
                       " outputs, are more than a network here may hold",
                       rows, cols, l->in.c, l->spec.units);
    }
    return LM_OK;
}

/* Maps with the zeros around them that a convolution reads: at most a kernel's reach each side. */
static LmStatus check_halo_size(const LmLayer *l, LmError *err)
{
    LmShape padded = {LM_MAX(l->in.h, l->out.h) + 2 * l->spec.kh,
                      LM_MAX(l->in.w, l->out.w) + 2 * l->spec.kw, LM_MAX(l->in.c, l->out.c), false};
    return check_size(&padded, "its input with the zeros its kernel reaches", err);
}

static LmStatus check_sizes(const LmLayer *l, LmError *err)
{
    LmStatus st = check_size(&l->out, "its output", err);
    if (st == LM_OK && has_weights(l)) {
        st = check_kernel_size(l, err);
    }
    if (st == LM_OK && l->spec.kind == LM_LAYER_CONV) {
        st = check_halo_size(l, err);
    }
    return st;
}

static LmStatus add_layer(LmModel *m, int index, const LmShape *in, LmError *err)
{
    LmLayer *layer = &m->layers[index];
    layer->in = *in;
    layer->kernel = -1;
    layer->bias = -1;
    name_layer(m, index);
    LmStatus st = lm_shape_infer(&layer->out, &layer->spec, in, err);
    if (st == LM_OK) {
        st = check_name(m, index, err);
    }
    if (st == LM_OK) {
        st = check_sizes(layer, err);
    }
    if (st == LM_OK) {
        st = take_final_act(m, index, err);
    }
    if (st != LM_OK) {
        return lm_error_context(err, "layer %d (%s)", index + 1,
                                lm_layer_kind_name(layer->spec.kind));
    }
    layer->pad = lm_shape_padding(&layer->spec, &layer->in, &layer->out);
    return LM_OK;
}

static int add_param(LmModel *m, const LmParam *p)
{
    LmParam *q = &m->params[m->n_params];
    *q = *p;
    q->ld = (int64_t)lm_base_round_up((size_t)p->cols, 16);
    q->offset = m->n_floats;
    m->n_floats += q->rows * q->ld;
    return m->n_params++;
}

static void add_layer_params(LmModel *m, LmLayer *layer)
{
    const LmLayerSpec *spec = &layer->spec;
    bool is_conv = spec->kind == LM_LAYER_CONV;
    int64_t field = is_conv ? spec->kh * spec->kw : 1;
    int64_t in = is_conv ? layer->in.c : layer->in.h * layer->in.w * layer->in.c;
    LmParam kernel = {.rank = is_conv ? 4 : 2,
                      .rows = field * in,
                      .cols = spec->units,
                      .fan_in = (double)(field * in),
                      .fan_out = (double)(field * spec->units)};
    int64_t conv_shape[4] = {spec->kh, spec->kw, in, spec->units};
    memcpy(kernel.shape, is_conv ? conv_shape : conv_shape + 2, (size_t)kernel.rank * sizeof in);
    snprintf(kernel.name, sizeof kernel.name, "%s/kernel", spec->name);
    layer->kernel = add_param(m, &kernel);
    LmParam bias = {.rank = 1, .rows = 1, .cols = spec->units, .is_bias = true};
    bias.shape[0] = spec->units;
    snprintf(bias.name, sizeof bias.name, "%s/bias", spec->name);
    layer->bias = add_param(m, &bias);
}

static LmStatus add_params(LmModel *m, LmError *err)
{
    size_t n = 0;
    for (int i = 0; i < m->n_layers; i++) {
        n += has_weights(&m->layers[i]) ? 2 : 0;
    }
    LmStatus st = lm_mem_zeros(&m->params, n, sizeof *m->params, err);
    for (int i = 0; i < m->n_layers && st == LM_OK; i++) {
        if (has_weights(&m->layers[i])) {
            add_layer_params(m, &m->layers[i]);
        }
    }
    return st;
}

static LmStatus check_input(int64_t h, int64_t w, int64_t c, int n_layers, LmError *err)
{
    if (h < 1 || w < 1 || c < 1 || h > 1 << 16 || w > 1 << 16 || c > 1 << 16) {
        return lm_fail(err, LM_EARG,
                       "input must be {rows, columns, channels}, each in 1..65536, got %" PRId64
                       "x%" PRId64 "x%" PRId64,
                       h, w, c);
    }
    if (n_layers < 1 || n_layers > LM_MODEL_LAYERS_MAX) {
        return lm_fail(err, LM_EARG, "a model needs 1..%d layers, got %d", LM_MODEL_LAYERS_MAX,
                       n_layers);
    }
    return check_size(&(LmShape){h, w, c, false}, "an input", err);
}

LmStatus lm_model_new_outline(LmModel **out, int64_t h, int64_t w, int64_t c,
                              const LmLayerSpec *layers, int n_layers, uint64_t seed, LmError *err)
{
    LmModel *m = NULL;
    LmStatus st = check_input(h, w, c, n_layers, err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&m, 1, sizeof *m, err);
    }
    if (st != LM_OK) {
        return st;
    }
    atomic_init(&m->refs, 1);
    m->input = (LmShape){h, w, c, false};
    m->seed = seed;
    m->n_layers = n_layers;
    st = lm_mem_zeros(&m->layers, (size_t)n_layers, sizeof *m->layers, err);
    for (int i = 0; i < n_layers && st == LM_OK; i++) {
        m->layers[i].spec = layers[i];
        st = add_layer(m, i, i == 0 ? &m->input : &m->layers[i - 1].out, err);
    }
    if (st == LM_OK) {
        st = add_params(m, err);
    }
    if (st != LM_OK) {
        lm_model_unref(m);
        return st;
    }
    *out = m;
    return LM_OK;
}

LmStatus lm_model_alloc_weights(LmModel *m, LmError *err)
{
    return lm_mem_zeros(&m->weights, (size_t)m->n_floats, sizeof *m->weights, err);
}

LmStatus lm_model_new(LmModel **out, int64_t h, int64_t w, int64_t c, const LmLayerSpec *layers,
                      int n_layers, uint64_t seed, LmError *err)
{
    LmModel *m = NULL;
    LmStatus st = lm_model_new_outline(&m, h, w, c, layers, n_layers, seed, err);
    if (st == LM_OK) {
        st = lm_model_alloc_weights(m, err);
    }
    if (st != LM_OK) {
        lm_model_unref(m);
        return st;
    }
    lm_init_weights(m);
    *out = m;
    return LM_OK;
}

LmModel *lm_model_ref(LmModel *m)
{
    atomic_fetch_add(&m->refs, 1);
    return m;
}

void lm_model_unref(LmModel *m)
{
    if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1) {
        return;
    }
    lm_mem_free(m->weights);
    lm_mem_free(m->params);
    lm_mem_free(m->layers);
    lm_mem_free(m);
}

void lm_model_input(const LmModel *m, int64_t hwc[3])
{
    hwc[0] = m->input.h;
    hwc[1] = m->input.w;
    hwc[2] = m->input.c;
}

int64_t lm_model_n_outputs(const LmModel *m)
{
    const LmShape *s = &m->layers[m->n_layers - 1].out;
    return s->h * s->w * s->c;
}

int lm_model_n_layers(const LmModel *m)
{
    return m->n_layers;
}

uint64_t lm_model_seed(const LmModel *m)
{
    return m->seed;
}

bool lm_model_ends_in_softmax(const LmModel *m)
{
    return m->final_act == LM_ACT_SOFTMAX;
}

const LmLayerSpec *lm_model_layer(const LmModel *m, int i)
{
    return &m->layers[i].spec;
}

int lm_model_layer_shape(const LmModel *m, int i, int64_t shape[3])
{
    const LmShape *s = &m->layers[i].out;
    if (s->is_flat) {
        shape[0] = s->h * s->w * s->c;
        return 1;
    }
    shape[0] = s->h;
    shape[1] = s->w;
    shape[2] = s->c;
    return 3;
}

int64_t lm_model_layer_params(const LmModel *m, int i)
{
    const LmLayer *layer = &m->layers[i];
    if (layer->kernel < 0) {
        return 0;
    }
    const LmParam *kernel = &m->params[layer->kernel];
    return kernel->rows * kernel->cols + m->params[layer->bias].cols;
}

const char *lm_model_describe(const LmModel *m, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    lm_str_add(&s, "model of %d layer%s, ", m->n_layers, m->n_layers == 1 ? "" : "s");
    lm_str_add_count(&s, lm_model_n_params(m));
    lm_str_add(&s, " parameters, %" PRId64 "x%" PRId64 "x%" PRId64 " -> %" PRId64, m->input.h,
               m->input.w, m->input.c, lm_model_n_outputs(m));
    return buffer;
}
