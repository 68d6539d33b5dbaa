/* The table that model:summary() prints. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "nn/model_impl.h"

enum { LINE_BYTES = 160 };

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

static void add_row(LmStr *s, const char *const cells[5])
{
    lm_str_add(s, "%-14s %-22s %14s %14s %16s\n", cells[0], cells[1], cells[2], cells[3], cells[4]);
}

static void add_layer(LmStr *s, const LmModel *m, int i, int64_t *macs)
{
    const LmLayer *l = &m->layers[i];
    int64_t shape[3];
    int rank = lm_model_layer_shape(m, i, shape);
    int64_t n_kernel = l->kernel >= 0 ? m->params[l->kernel].rows * m->params[l->kernel].cols : 0;
    int64_t layer_macs = multiply_adds(l, n_kernel);
    char kind[64];
    char shape_text[96];
    char params[32];
    char macs_text[32];
    add_row(s,
            (const char *const[5]){l->spec.name, kind_text(&l->spec, kind, sizeof kind),
                                   lm_str_shape(shape_text, sizeof shape_text, rank, shape),
                                   lm_str_count(params, sizeof params, lm_model_layer_params(m, i)),
                                   lm_str_count(macs_text, sizeof macs_text, layer_macs)});
    *macs += layer_macs;
}

LmStatus lm_model_summary(const LmModel *m, char **out, LmError *err)
{
    size_t size = (size_t)(m->n_layers + 5) * LINE_BYTES;
    char *text = NULL;
    LmStatus st = lm_mem_alloc(&text, size, 1, err);
    if (st != LM_OK) {
        return st;
    }
    LmStr s = lm_str(text, size);
    int64_t macs = 0;
    char params[32];
    char macs_text[32];
    add_row(&s, (const char *const[5]){"layer", "kind", "output", "parameters", "multiply-adds"});
    for (int i = 0; i < m->n_layers; i++) {
        add_layer(&s, m, i, &macs);
    }
    add_row(&s, (const char *const[5]){"total", "", "",
                                       lm_str_count(params, sizeof params, lm_model_n_params(m)),
                                       lm_str_count(macs_text, sizeof macs_text, macs)});
    *out = text;
    return LM_OK;
}
