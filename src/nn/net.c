/* Planning a network: layers become operations, maps get their halos and places. */
#include "nn/net.h"

#include <string.h>

#include "base/mem.h"
#include "base/profile.h"
#include "base/threads.h"
#include "nn/winograd.h"

static LmOp *add_op(LmNet *net, const LmOpKind *kind, int layer_i)
{
    LmOp *op = &net->ops[net->n_ops];
    *op = (LmOp){.kind = kind,
                 .layer = &net->model->layers[layer_i],
                 .last = &net->model->layers[layer_i],
                 .index = net->n_ops,
                 .layer_i = layer_i,
                 .needs_dw = true,
                 .transposed = -1};
    const LmLayerSpec *s = &op->layer->spec;
    op->win = (LmWindow){s->kh, s->kw, s->sh, s->sw};
    net->n_ops++;
    return op;
}

static const LmOpKind *act_op(LmAct act)
{
    return act == LM_ACT_TANH ? &lm_op_tanh : act == LM_ACT_SIGMOID ? &lm_op_sigmoid : &lm_op_relu;
}

/* conv and dense carry their relu along; other activations are operations of their own. The last
 * layer's softmax or sigmoid belongs to the loss. */
static void add_weighted(LmNet *net, const LmOpKind *kind, int layer_i)
{
    LmAct act = net->model->layers[layer_i].spec.act;
    bool is_last = layer_i == net->model->n_layers - 1;
    add_op(net, kind, layer_i)->is_relu = act == LM_ACT_RELU;
    bool is_with_loss = is_last && (act == LM_ACT_SOFTMAX || act == LM_ACT_SIGMOID);
    if (act != LM_ACT_NONE && act != LM_ACT_RELU && !is_with_loss) {
        add_op(net, act_op(act), layer_i);
    }
}

static bool add_fused(LmNet *net, int layer_i)
{
    const LmLayer *layer = &net->model->layers[layer_i];
    if (layer_i + 1 >= net->model->n_layers || !lm_convpool_fits(layer, layer + 1)) {
        return false;
    }
    LmOp *op = add_op(net, &lm_op_convpool, layer_i);
    op->last = layer + 1;
    op->is_relu = layer->spec.act == LM_ACT_RELU;
    return true;
}

static void add_layer_ops(LmNet *net, int layer_i)
{
    bool is_last = layer_i == net->model->n_layers - 1;
    switch (net->model->layers[layer_i].spec.kind) {
    case LM_LAYER_CONV:
        add_weighted(net, &lm_op_conv, layer_i);
        break;
    case LM_LAYER_DENSE:
        add_weighted(net, &lm_op_dense, layer_i);
        break;
    case LM_LAYER_MAXPOOL:
        add_op(net, &lm_op_maxpool, layer_i);
        break;
    case LM_LAYER_AVGPOOL:
    case LM_LAYER_GLOBAL_AVGPOOL:
        add_op(net, &lm_op_avgpool, layer_i);
        break;
    case LM_LAYER_RELU:
        add_op(net, &lm_op_relu, layer_i);
        break;
    case LM_LAYER_TANH:
        add_op(net, &lm_op_tanh, layer_i);
        break;
    case LM_LAYER_SIGMOID:
        if (!is_last) {
            add_op(net, &lm_op_sigmoid, layer_i);
        }
        break;
    case LM_LAYER_DROPOUT:
        if (net->is_training) {
            add_op(net, &lm_op_dropout, layer_i);
        }
        break;
    case LM_LAYER_FLATTEN:
    case LM_LAYER_SOFTMAX:
    case LM_LAYER_KIND_COUNT:
        break;
    }
}

static bool is_op(const LmOp *op, const LmOpKind *kind)
{
    return op->kind == kind;
}

static void link_ops(LmNet *net)
{
    bool has_weights_before = false;
    for (int i = 0; i < net->n_ops; i++) {
        LmOp *op = &net->ops[i];
        op->needs_dx = has_weights_before;
        has_weights_before = has_weights_before || op->layer->kernel >= 0;
        if (i > 0 && is_op(op, &lm_op_maxpool)) {
            LmOp *below = &net->ops[i - 1];
            bool is_left_to_pool = is_op(below, &lm_op_conv) && below->is_relu;
            below->is_relu_done_by_pool = is_left_to_pool;
            op->below_has_relu = is_left_to_pool;
        }
    }
}

/* Maps of pools and activations are vectorised over channels; only conv and dense can read an input
 * whose channels are not padded. */
static int64_t input_cs(const LmNet *net)
{
    const LmOpKind *first = net->n_ops > 0 ? net->ops[0].kind : NULL;
    bool is_plain =
        first == NULL || first == &lm_op_conv || first == &lm_op_convpool || first == &lm_op_dense;
    int64_t c = net->model->input.c;
    return is_plain ? c : (int64_t)lm_base_round_up((size_t)c, 16);
}

static void shape_maps(LmNet *net)
{
    for (int i = 0; i <= net->n_ops; i++) {
        const LmShape *s = i == 0 ? &net->model->input : &net->ops[i - 1].last->out;
        int64_t cs = i == 0 ? input_cs(net) : (int64_t)lm_base_round_up((size_t)s->c, 16);
        net->values[i] = (LmPlanMap){.is_used = true, .h = s->h, .w = s->w, .c = s->c, .cs = cs};
        net->grads[i] = net->values[i];
        net->grads[i].cs = (int64_t)lm_base_round_up((size_t)s->c, 16);
        net->grads[i].is_used = net->is_training && (i == net->n_ops || net->ops[i].needs_dx ||
                                                     (i > 0 && net->ops[i - 1].layer->kernel >= 0));
    }
    for (int i = net->n_ops - 1; i > 0; i--) {
        if (is_op(&net->ops[i], &lm_op_convpool) && is_op(&net->ops[i - 1], &lm_op_convpool)) {
            lm_convpool_trim(net, &net->ops[i]);
        }
    }
}

void lm_net_want_halo(LmPlanMap *map, LmHalo halo)
{
    map->halo.top = LM_MAX(map->halo.top, halo.top);
    map->halo.left = LM_MAX(map->halo.left, halo.left);
    map->halo.bottom = LM_MAX(map->halo.bottom, halo.bottom);
    map->halo.right = LM_MAX(map->halo.right, halo.right);
}

/* Strides and a place for one map. 64 floats behind each keep a vector load at its end inside. */
static void place_map(LmNet *net, LmPlanMap *map)
{
    if (!map->is_used) {
        return;
    }
    map->row = (map->halo.left + map->w + map->halo.right) * map->cs;
    map->img = (map->halo.top + map->h + map->halo.bottom) * map->row;
    if (map->cs % 16 == 0) {
        map->img = (int64_t)lm_base_round_up((size_t)map->img, 16);
    }
    int64_t n = map->is_batch_wide ? net->max_batch : LM_BLOCK;
    int64_t *end = map->is_batch_wide ? &net->batch_floats : &net->arena_floats;
    map->offset = *end;
    *end = (int64_t)lm_base_round_up((size_t)(*end + n * map->img + 64), 16);
}

int64_t lm_net_reserve(LmNet *net, int64_t floats)
{
    int64_t offset = net->arena_floats;
    net->arena_floats = (int64_t)lm_base_round_up((size_t)(offset + floats + 16), 16);
    return offset;
}

static LmStatus plan_ops(LmNet *net, LmError *err)
{
    LmStatus st = LM_OK;
    for (int i = 0; i < net->n_ops && st == LM_OK; i++) {
        st = net->ops[i].kind->plan(net, &net->ops[i], err);
    }
    for (int i = 0; i <= net->n_ops && st == LM_OK; i++) {
        place_map(net, &net->values[i]);
        place_map(net, &net->grads[i]);
    }
    for (int i = 0; i < net->n_ops && st == LM_OK; i++) {
        if (net->ops[i].kind->tables != NULL) {
            st = net->ops[i].kind->tables(net, &net->ops[i], err);
        }
    }
    return st;
}

static void fill_offsets(int32_t *offsets, const LmPlanMap *map)
{
    for (int64_t y = 0; y < map->h; y++) {
        for (int64_t x = 0; x < map->w; x++) {
            for (int64_t c = 0; c < map->c; c++) {
                *offsets++ = (int32_t)(y * map->row + x * map->cs + c);
            }
        }
    }
}

static LmStatus make_out_offsets(LmNet *net, LmError *err)
{
    size_t n = (size_t)lm_model_n_outputs(net->model);
    LmStatus st = lm_mem_alloc(&net->out_offset, 2 * n, sizeof *net->out_offset, err);
    if (st == LM_OK) {
        net->grad_offset = net->out_offset + n;
        fill_offsets(net->out_offset, &net->values[net->n_ops]);
        fill_offsets(net->grad_offset, &net->grads[net->n_ops]);
    }
    return st;
}

static size_t times_a_thread(const LmNet *net)
{
    return 3 * (size_t)net->n_ops + LM_NET_TIMES;
}

double *lm_net_times(const LmNet *net, int thread)
{
    return net->times != NULL ? net->times + (size_t)thread * times_a_thread(net) : NULL;
}

/* Hands the threads' times over to the profile, under the layers' names. */
static void report_times(const LmNet *net)
{
    static const LmProfileSection sections[] = {LM_PROFILE_FORWARD, LM_PROFILE_BACKWARD,
                                                LM_PROFILE_UPDATE};
    for (int thread = 0; thread < LM_THREADS_MAX && net->times != NULL; thread++) {
        const double *t = lm_net_times(net, thread);
        for (int i = 0; i < 3 * net->n_ops; i++) {
            if (t[i] > 0) {
                lm_profile_add(sections[i / net->n_ops], net->ops[i % net->n_ops].layer->spec.name,
                               t[i]);
            }
        }
        t += 3 * net->n_ops;
        if (t[LM_NET_SCALE] > 0) {
            lm_profile_add(LM_PROFILE_SCALE, "", t[LM_NET_SCALE]);
        }
        if (t[LM_NET_LOSS] > 0) {
            lm_profile_add(LM_PROFILE_LOSS, "", t[LM_NET_LOSS]);
        }
    }
}

static LmStatus allocate(LmNet *net, size_t flow_scratch_bytes, LmError *err)
{
    const LmShape *in = &net->model->input;
    int64_t staging = LM_MAX(LM_BLOCK * in->h * in->w * in->c, 2 * lm_model_n_outputs(net->model));
    net->scratch_offset = net->arena_floats;
    net->staging_floats = (int64_t)lm_base_round_up((size_t)staging, 16);
    net->arena_floats += net->staging_floats + 16;
    net->arena_floats += (int64_t)(lm_base_round_up(flow_scratch_bytes, 64) / sizeof(float));
    LmStatus st = lm_mem_zeros(&net->batch_wide, (size_t)net->batch_floats, sizeof(float), err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&net->transposed, (size_t)net->transposed_floats, sizeof(float), err);
    }
    if (st == LM_OK && lm_profile_is_on()) {
        st = lm_mem_zeros(&net->times, LM_THREADS_MAX * times_a_thread(net), sizeof(double), err);
    }
    if (st == LM_OK && net->is_training) {
        size_t n_blocks = (size_t)(net->max_batch + LM_BLOCK - 1) / LM_BLOCK;
        st = lm_mem_zeros(&net->chains,
                          (size_t)net->chain_floats * LM_MIN(n_blocks, (size_t)LM_CHAINS),
                          sizeof(float), err);
    }
    if (st == LM_OK) {
        st = make_out_offsets(net, err);
    }
    return st == LM_OK ? lm_net_ensure_threads(net, err) : st;
}

LmStatus lm_net_plan(LmNet **out, LmModel *m, bool is_training, int64_t max_batch, LmError *err)
{
    LmNet *net = NULL;
    LmStatus st = lm_mem_zeros(&net, 1, sizeof *net, err);
    if (st != LM_OK) {
        return st;
    }
    net->model = lm_model_ref(m);
    net->is_training = is_training;
    net->max_batch = max_batch;
    size_t n = 2 * (size_t)m->n_layers; /* a layer is at most itself and its activation */
    st = lm_mem_zeros(&net->ops, n, sizeof *net->ops, err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&net->values, n + 1, sizeof *net->values, err);
    }
    if (st == LM_OK) {
        st = lm_mem_zeros(&net->grads, n + 1, sizeof *net->grads, err);
    }
    if (st == LM_OK) {
        for (int i = 0; i < m->n_layers; i++) {
            if (add_fused(net, i)) {
                i++;
            } else {
                add_layer_ops(net, i);
            }
        }
        link_ops(net);
        shape_maps(net);
        st = plan_ops(net, err);
    }
    if (st != LM_OK) {
        lm_net_free(net);
        return st;
    }
    *out = net;
    return LM_OK;
}

LmStatus lm_net_new(LmNet **out, LmModel *m, bool is_training, int64_t max_batch,
                    size_t flow_scratch_bytes, LmError *err)
{
    LmNet *net = NULL;
    LmStatus st = lm_net_plan(&net, m, is_training, max_batch, err);
    if (st == LM_OK) {
        st = allocate(net, flow_scratch_bytes, err);
    }
    if (st != LM_OK) {
        lm_net_free(net);
        return st;
    }
    net->weights_version = -1;
    lm_net_refresh(net);
    *out = net;
    return LM_OK;
}

LmStatus lm_net_ensure_threads(LmNet *net, LmError *err)
{
    LmStatus st = LM_OK;
    int wanted = LM_MIN(lm_threads(), (int)LM_ARRAY_LEN(net->arenas));
    while (net->n_arenas < wanted && st == LM_OK) {
        st = lm_mem_zeros(&net->arenas[net->n_arenas], (size_t)net->arena_floats, sizeof(float),
                          err);
        net->n_arenas += st == LM_OK;
    }
    return st;
}

void lm_net_free(LmNet *net)
{
    if (net == NULL) {
        return;
    }
    report_times(net);
    for (int i = 0; i < net->n_ops; i++) {
        LmOp *op = &net->ops[i];
        lm_gemm_table_fini(&op->fwd);
        lm_gemm_table_fini(&op->wgrad);
        lm_gemm_table_fini(&op->fold.table);
        for (int k = 0; k < op->n_dgrad; k++) {
            lm_gemm_table_fini(&op->dgrad[k]);
        }
        lm_mem_free(op->dgrad);
        lm_winograd_fini(&op->winograd);
        lm_winograd_fini(&op->winograd_dx);
        lm_winograd_grad_fini(&op->winograd_dw);
        lm_convpool_fini(op);
    }
    for (int i = 0; i < net->n_arenas; i++) {
        lm_mem_free(net->arenas[i]);
    }
    lm_mem_free(net->times);
    lm_mem_free(net->out_offset);
    lm_mem_free(net->chains);
    lm_mem_free(net->transposed);
    lm_mem_free(net->batch_wide);
    lm_mem_free(net->grads);
    lm_mem_free(net->values);
    lm_mem_free(net->ops);
    lm_model_unref(net->model);
    lm_mem_free(net);
}

LmStatus lm_gemm_table_new(LmGemmTable *t, int64_t n_rows, int64_t n_seg, LmError *err)
{
    LmGemmTable made = {.n_rows = n_rows, .n_seg = n_seg};
    LmStatus st = lm_mem_alloc(&made.a_row, 2 * (size_t)(n_rows + n_seg), sizeof(int32_t), err);
    if (st == LM_OK) {
        made.c_row = made.a_row + n_rows;
        made.a_seg = made.c_row + n_rows;
        made.b_seg = made.a_seg + n_seg;
        *t = made;
    }
    return st;
}

void lm_gemm_table_fini(LmGemmTable *t)
{
    lm_mem_free(t->a_row);
    *t = (LmGemmTable){0};
}
