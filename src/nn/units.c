#include "nn/units.h"

#include "base/mem.h"
#include "base/threads.h"
#include "nn/runner.h"

/* One image of 32 makes an epoch cost about a hundredth more. */
enum { SHARE = 32, IMAGES_MIN = 32, IMAGES_MAX = 256 };

static int64_t choose_n_images(int64_t n_images)
{
    int64_t n = LM_MAX(LM_MIN(n_images / SHARE, (int64_t)IMAGES_MAX), (int64_t)IMAGES_MIN);
    return LM_MIN(n, n_images);
}

static bool has_relu(const LmOp *op)
{
    return op->is_relu || op->kind == &lm_op_relu;
}

typedef struct Count {
    LmNet *net;
    const LmFlow *flow;
    LmRunner runner;
    int64_t *order; /* images looked at */
    int64_t n_images;
    int64_t n_flags; /* of a thread's part of `is_alive` */
    bool *is_alive;  /* for every thread: a flag a channel of every relu map, in order */
} Count;

static void look(const LmBlockRun *run, int index, bool *is_alive)
{
    const LmPlanMap *plan = &run->net->values[index];
    const float *data = lm_net_values(run, index).data;
    for (int64_t s = 0; s < run->n; s++) {
        for (int64_t y = 0; y < plan->h; y++) {
            for (int64_t x = 0; x < plan->w; x++) {
                const float *at = data + s * plan->img + y * plan->row + x * plan->cs;
                for (int64_t c = 0; c < plan->c; c++) {
                    is_alive[c] |= at[c] != 0;
                }
            }
        }
    }
}

static void run_block(void *ctx, int64_t task, int thread)
{
    Count *c = ctx;
    int64_t first = task * LM_BLOCK;
    LmBlockRun run = {.net = c->net,
                      .thread = thread,
                      .first = first,
                      .n = LM_MIN((int64_t)LM_BLOCK, c->n_images - first)};
    if (!lm_runner_fill(&c->runner, &run, c->flow, c->order)) {
        return;
    }
    lm_net_forward(&run);
    bool *is_alive = c->is_alive + thread * c->n_flags;
    for (int i = 0; i < c->net->n_ops; i++) {
        if (has_relu(&c->net->ops[i])) {
            look(&run, i + 1, is_alive);
            is_alive += c->net->values[i + 1].c;
        }
    }
}

static void sum_up(const Count *c, LmUnits *out, int *n_out)
{
    int64_t at = 0;
    *n_out = 0;
    for (int i = 0; i < c->net->n_ops; i++) {
        if (!has_relu(&c->net->ops[i])) {
            continue;
        }
        LmUnits u = {
            .layer = c->net->ops[i].layer_i, .n = c->net->values[i + 1].c, .n_images = c->n_images};
        for (int64_t k = 0; k < u.n; k++) {
            bool is_alive = false;
            for (int thread = 0; thread < c->net->n_arenas; thread++) {
                is_alive = is_alive || c->is_alive[thread * c->n_flags + at + k];
            }
            u.n_dead += !is_alive;
        }
        at += u.n;
        out[(*n_out)++] = u;
    }
}

static LmStatus prepare(Count *c, LmModel *m, LmError *err)
{
    LmStatus st = lm_net_new(&c->net, m, false, LM_BLOCK, lm_flow_scratch_bytes(c->flow), err);
    if (st != LM_OK) {
        return st;
    }
    for (int i = 0; i < c->net->n_ops; i++) {
        c->n_flags += has_relu(&c->net->ops[i]) ? c->net->values[i + 1].c : 0;
    }
    st = lm_mem_zeros(&c->is_alive, (size_t)(c->n_flags * c->net->n_arenas), sizeof(bool), err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&c->order, (size_t)c->n_images, sizeof *c->order, err);
    }
    int64_t count = lm_flow_dataset(c->flow)->count;
    for (int64_t k = 0; k < c->n_images && st == LM_OK; k++) {
        c->order[k] = k * count / c->n_images;
    }
    return st;
}

LmStatus lm_units_count(LmModel *m, const LmFlow *flow, LmUnits *out, int *n_out, LmError *err)
{
    Count c = {.flow = flow, .n_images = choose_n_images(lm_flow_dataset(flow)->count)};
    LmStatus st = lm_runner_check_shape(m, flow, err);
    if (st == LM_OK) {
        st = prepare(&c, m, err);
    }
    if (st == LM_OK && c.n_flags > 0) {
        lm_runner_start(&c.runner);
        lm_threads_for((c.n_images + LM_BLOCK - 1) / LM_BLOCK, run_block, &c);
        st = lm_runner_status(&c.runner, err);
    }
    if (st == LM_OK) {
        sum_up(&c, out, n_out);
    }
    lm_mem_free(c.order);
    lm_mem_free(c.is_alive);
    lm_net_free(c.net);
    return st;
}
