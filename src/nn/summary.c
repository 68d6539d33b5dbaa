/* The table that model:summary() prints. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "nn/winograd.h"

enum { LINE_BYTES = 240 };

static int64_t multiply_adds(const LmLayer *l, int64_t n_kernel)
{
    return l->spec.kind == LM_LAYER_CONV ? l->out.h * l->out.w * n_kernel : n_kernel;
}

static const char *kind_text(const LmLayerSpec *s, char *buffer, size_t size)
{
    LmStr t = lm_str(buffer, size);
    lm_str_add(&t, "%s", lm_layer_kind_name(s->kind));
    if (s->kind == LM_LAYER_CONV) {
        lm_str_add(&t, " %" PRId64 "x%" PRId64 "%s", s->kh, s->kw, s->is_same ? " same" : "");
    }
    if (s->kind == LM_LAYER_MAXPOOL || s->kind == LM_LAYER_AVGPOOL) {
        lm_str_add(&t, " %" PRId64 "x%" PRId64, s->kh, s->kw);
    }
    if (s->kind == LM_LAYER_CONV && (s->sh > 1 || s->sw > 1)) {
        lm_str_add(&t, " /%" PRId64, s->sh);
        if (s->sw != s->sh) {
            lm_str_add(&t, "x%" PRId64, s->sw);
        }
    }
    if (s->kind == LM_LAYER_DROPOUT) {
        lm_str_add(&t, " %g", s->rate);
    }
    if (s->act != LM_ACT_NONE) {
        lm_str_add(&t, " %s", lm_act_name(s->act));
    }
    return buffer;
}

/* Why a convolution does not go Winograd's way, which it would if it could. */
static void add_reason(LmStr *s, const LmLayer *l)
{
    const LmLayerSpec *spec = &l->spec;
    if (spec->kh != 3 || spec->kw != 3) {
        lm_str_add(s, "direct: kernel is not 3x3");
    } else if (spec->sh > 1 || spec->sw > 1) {
        lm_str_add(s, "direct: stride above 1");
    } else {
        lm_str_add(s, "direct: %" PRId64 " input channel%s, %d make Winograd pay", l->in.c,
                   l->in.c == 1 ? "" : "s", LM_WINOGRAD_CHANNELS_MIN);
    }
}

/* What runs layer i: the operation made of it, or the one before it was fused with. */
static const char *method_text(const LmNet *net, int i, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    const LmLayer *l = &net->model->layers[i];
    for (int k = 0; k < net->n_ops; k++) {
        const LmOp *op = &net->ops[k];
        bool is_conv = op->kind == &lm_op_conv || op->kind == &lm_op_convpool;
        if (op->last == l && op->layer != l) {
            lm_str_add(&s, "with %s", op->layer->spec.name);
        } else if (op->layer == l && is_conv && op->winograd.is_used) {
            lm_str_add(&s, "Winograd F(%dx%d, 3x3)", (int)op->winograd.shape.tile,
                       (int)op->winograd.shape.tile);
        } else if (op->layer == l && is_conv) {
            add_reason(&s, l);
        }
    }
    if (s.used == 0 && l->kernel >= 0) {
        lm_str_add(&s, "matrix product");
    }
    if (s.used == 0 && (l->spec.kind == LM_LAYER_FLATTEN || l->spec.kind == LM_LAYER_SOFTMAX)) {
        lm_str_add(&s, l->spec.kind == LM_LAYER_FLATTEN ? "nothing to do" : "with the loss");
    }
    return buffer;
}

enum { CELLS = 6 };

static void add_row(LmStr *s, const char *const cells[CELLS])
{
    lm_str_add(s, "%-14s %-22s %14s %14s %16s", cells[0], cells[1], cells[2], cells[3], cells[4]);
    lm_str_add(s, cells[5][0] != '\0' ? "  %s\n" : "\n", cells[5]);
}

static void add_layer(LmStr *s, const LmNet *net, int i, int64_t *macs)
{
    const LmModel *m = net->model;
    const LmLayer *l = &m->layers[i];
    int64_t shape[3];
    int rank = lm_model_layer_shape(m, i, shape);
    int64_t n_kernel = l->kernel >= 0 ? m->params[l->kernel].rows * m->params[l->kernel].cols : 0;
    int64_t layer_macs = multiply_adds(l, n_kernel);
    char kind[64];
    char shape_text[96];
    char params[32];
    char macs_text[32];
    char method[80];
    add_row(s, (const char *const[CELLS]){
                   l->spec.name, kind_text(&l->spec, kind, sizeof kind),
                   lm_str_shape(shape_text, sizeof shape_text, rank, shape),
                   lm_str_count(params, sizeof params, lm_model_layer_params(m, i)),
                   lm_str_count(macs_text, sizeof macs_text, layer_macs),
                   method_text(net, i, method, sizeof method)});
    *macs += layer_macs;
}

static void add_table(LmStr *s, const LmNet *net)
{
    const LmModel *m = net->model;
    int64_t macs = 0;
    char params[32];
    char macs_text[32];
    add_row(s, (const char *const[CELLS]){"layer", "kind", "output", "parameters", "multiply-adds",
                                          "runs as"});
    for (int i = 0; i < m->n_layers; i++) {
        add_layer(s, net, i, &macs);
    }
    add_row(s, (const char *const[CELLS]){"total", "", "",
                                          lm_str_count(params, sizeof params, lm_model_n_params(m)),
                                          lm_str_count(macs_text, sizeof macs_text, macs), ""});
}

LmStatus lm_model_summary(LmModel *m, char **out, LmError *err)
{
    size_t size = (size_t)(m->n_layers + 5) * LINE_BYTES;
    char *text = NULL;
    LmNet *net = NULL;
    LmStatus st = lm_net_plan(&net, m, false, LM_BLOCK, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&text, size, 1, err);
    }
    if (st == LM_OK) {
        LmStr s = lm_str(text, size);
        add_table(&s, net);
        *out = text;
    }
    lm_net_free(net);
    return st;
}
