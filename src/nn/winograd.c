#include "nn/winograd.h"

#include "base/mem.h"
#include "base/threads.h"
#include "kernel/winograd.h"

/* Bytes a chunk of tiles may take: with the transformed kernel it should stay in a second-level
 * cache of 1 MB or more. Changes speed, not bits. */
enum { CHUNK_BYTES = 400000, CHUNK_MIN = 6 };

bool lm_winograd_fits(const LmWindow *win, int64_t channels)
{
    return win->kh == 3 && win->kw == 3 && win->sh == 1 && win->sw == 1 &&
           channels >= LM_WINOGRAD_CHANNELS_MIN;
}

LmStatus lm_winograd_plan(LmWinograd *w, LmNet *net, int64_t ic, int64_t oc, int64_t max_tiles,
                          LmError *err)
{
    int64_t bytes = 16 * (ic + oc) * (int64_t)sizeof(float);
    LmWinograd made = {.is_used = true, .ic = ic, .oc = oc};
    made.chunk = LM_MIN(LM_MAX(CHUNK_BYTES / bytes, (int64_t)CHUNK_MIN), max_tiles);
    LmStatus st = lm_mem_alloc(&made.rows, 2 * (size_t)made.chunk, sizeof *made.rows, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < made.chunk; i++) {
        made.rows[i] = (int32_t)(i * ic);
        made.rows[made.chunk + i] = (int32_t)(i * oc);
    }
    made.arena = lm_net_reserve(net, 16 * made.chunk * (ic + oc));
    made.kernel = net->transposed_floats;
    net->transposed_floats += 16 * ic * oc;
    *w = made;
    return LM_OK;
}

void lm_winograd_fini(LmWinograd *w)
{
    lm_mem_free(w->rows);
    *w = (LmWinograd){0};
}

/* Channels a task: enough to be worth handing out. */
enum { TASK_CHANNELS = 16 };

typedef struct KernelTask {
    const LmWinograd *w;
    float *u;
    const float *g;
    int64_t tap_stride;
    int64_t channels;
} KernelTask;

static void transform_channels(void *ctx, int64_t task, int thread)
{
    (void)thread;
    const KernelTask *t = ctx;
    int64_t c0 = task * TASK_CHANNELS;
    lm_kernels()->winograd->weights(t->u, t->g, t->tap_stride, t->w->ic, t->w->oc, c0,
                                    LM_MIN(c0 + TASK_CHANNELS, t->channels));
}

void lm_winograd_kernel(const LmWinograd *w, LmNet *net, const float *g, int64_t tap_stride,
                        int64_t channels)
{
    KernelTask t = {w, net->transposed + w->kernel, g, tap_stride, channels};
    lm_threads_for((channels + TASK_CHANNELS - 1) / TASK_CHANNELS, transform_channels, &t);
}

const float *lm_winograd_products(const LmWinograd *w, const LmBlockRun *run, const LmMap *x,
                                  const int32_t *at, int64_t at_step, int64_t n)
{
    float *v = run->net->arenas[run->thread] + w->arena;
    float *products = v + 16 * n * w->ic;
    const int32_t zero = 0;
    LM_ASSERT(n <= w->chunk);
    lm_kernels()->winograd->input(v, x->data, at, at_step, n, x->row, w->ic);
    LmGemm g = {.a_row = w->rows,
                .a_seg = &zero,
                .a_k = 1,
                .b_seg = &zero,
                .b_k = w->oc,
                .c_row = w->rows + w->chunk,
                .n_rows = n,
                .n_seg = 1,
                .k = w->ic,
                .n_cols = w->oc,
                .init = LM_GEMM_ZERO};
    for (int64_t xi = 0; xi < 16; xi++) {
        g.a = v + xi * n * w->ic;
        g.b = run->net->transposed + w->kernel + xi * w->ic * w->oc;
        g.c = products + xi * n * w->oc;
        lm_kernels()->gemm->gemm(&g);
    }
    return products;
}
