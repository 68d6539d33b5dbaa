#include "nn/winograd.h"

#include "base/mem.h"
#include "base/threads.h"

/* Bytes a chunk of tiles may take: with the transformed kernel it should stay in a second-level
 * cache of 1 MB or more. Changes speed, not bits. */
enum { CHUNK_BYTES = 400000, CHUNK_MIN = 6 };

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t tiles_of(int64_t h, int64_t w, int64_t tile)
{
    return ceil_div(h, tile) * ceil_div(w, tile);
}

/* Tiles of 4x4 need 9/16 of the products, more where much of them lies beyond the map: with a third
 * of the tiles 3/4. What they save must pay for dearer transforms and larger rounding errors. */
int64_t lm_winograd_tile(const LmWindow *win, int64_t channels, int64_t h, int64_t w)
{
    if (win->kh != 3 || win->kw != 3 || win->sh != 1 || win->sw != 1 ||
        channels < LM_WINOGRAD_CHANNELS_MIN) {
        return 0;
    }
    return 3 * tiles_of(h, w, 4) <= tiles_of(h, w, 2) ? 4 : 2;
}

static int64_t n_entries(int64_t tile)
{
    return (tile + 2) * (tile + 2);
}

static const LmWinogradKernels *kernels_of(const LmWinograd *w)
{
    return &lm_kernels()->winograd[w->shape.tile / 2 - 1];
}

int64_t lm_winograd_plane(int64_t n, int64_t channels)
{
    return n * channels / 16 % 2 == 0 ? n * channels + 16 : n * channels;
}

static int64_t group_tiles(const LmWinogradShape *s)
{
    return s->group * tiles_of(s->to->h * s->unit, s->to->w * s->unit, s->tile);
}

/* Rows (or columns) the last patch reaches beyond `size`. */
static int64_t reach(int64_t n_out, int64_t before, int64_t size, int64_t tile)
{
    int64_t last_patch = (ceil_div(n_out, tile) - 1) * tile - before;
    return LM_MAX(last_patch + tile + 1 - (size - 1), (int64_t)0);
}

void lm_winograd_want_halo(const LmWinogradShape *s)
{
    const LmPad *p = &s->before;
    lm_net_want_halo(s->from, (LmHalo){p->top, p->left,
                                       reach(s->to->h * s->unit, p->top, s->from->h, s->tile),
                                       reach(s->to->w * s->unit, p->left, s->from->w, s->tile)});
}

LmStatus lm_winograd_plan(LmWinograd *w, LmNet *net, const LmWinogradShape *shape, LmError *err)
{
    int64_t xi = n_entries(shape->tile);
    int64_t ic = shape->from->cs;
    int64_t oc = shape->to->cs;
    int64_t bytes = xi * (ic + oc) * (int64_t)sizeof(float);
    LmWinograd made = {.is_used = true, .shape = *shape, .ic = ic, .oc = oc};
    made.chunk = LM_MIN(LM_MAX(CHUNK_BYTES / bytes, (int64_t)CHUNK_MIN), group_tiles(shape));
    LmStatus st = lm_mem_alloc(&made.rows, 2 * (size_t)made.chunk, sizeof *made.rows, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < made.chunk; i++) {
        made.rows[i] = (int32_t)(i * ic);
        made.rows[made.chunk + i] = (int32_t)(i * oc);
    }
    made.arena = lm_net_reserve(net, xi * (made.chunk * (ic + oc) + 32));
    made.kernel = net->transposed_floats;
    net->transposed_floats += xi * lm_winograd_plane(ic, oc);
    lm_winograd_want_halo(shape);
    *w = made;
    return LM_OK;
}

static int32_t offset(const LmPlanMap *map, int64_t image, int64_t y, int64_t x)
{
    return (int32_t)(image * map->img + y * map->row + x * map->cs);
}

LmStatus lm_winograd_tables(LmWinograd *w, LmError *err)
{
    const LmWinogradShape *s = &w->shape;
    const LmPlanMap *to = s->to;
    LmTiles *t = &w->tiles;
    int64_t side = s->tile / s->unit; /* places of `to` a tile makes */
    int64_t n_x = ceil_div(to->w, side);
    t->n_an_image = ceil_div(to->h, side) * n_x;
    size_t n = (size_t)(s->group * t->n_an_image);
    LmStatus st = lm_mem_alloc(&t->patch, n, 3 * sizeof(int32_t) + 1, err);
    if (st != LM_OK) {
        return st;
    }
    t->out = t->patch + n;
    t->arg = t->out + n;
    t->edge = (uint8_t *)(t->arg + n);
    for (size_t i = 0; i < n; i++) {
        int64_t image = (int64_t)i / t->n_an_image;
        int64_t y = (int64_t)i % t->n_an_image / n_x * side;
        int64_t x = (int64_t)i % t->n_an_image % n_x * side;
        t->patch[i] =
            offset(s->from, image, y * s->unit - s->before.top, x * s->unit - s->before.left);
        t->out[i] = offset(to, image, y, x);
        t->arg[i] = (int32_t)(((image * to->h + y) * to->w + x) * to->cs);
        t->edge[i] = (uint8_t)(16 * LM_MIN(side, to->h - y) + LM_MIN(side, to->w - x));
    }
    return LM_OK;
}

void lm_winograd_fini(LmWinograd *w)
{
    lm_mem_free(w->rows);
    lm_mem_free(w->tiles.patch);
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
    const LmWinograd *w = t->w;
    int64_t c0 = task * TASK_CHANNELS;
    kernels_of(w)->weights(t->u, lm_winograd_plane(w->ic, w->oc), t->g, t->tap_stride, w->oc, c0,
                           LM_MIN(c0 + TASK_CHANNELS, t->channels));
}

void lm_winograd_kernel(const LmWinograd *w, LmNet *net, const float *g, int64_t tap_stride,
                        int64_t channels)
{
    KernelTask t = {w, net->transposed + w->kernel, g, tap_stride, channels};
    lm_threads_for(ceil_div(channels, TASK_CHANNELS), transform_channels, &t);
}

/* The products of n tiles, `lm_winograd_plane(n, oc)` floats apart. */
static const float *multiply(const LmWinograd *w, const LmBlockRun *run, const LmMap *x,
                             const int32_t *patch, int64_t n)
{
    int64_t xi = n_entries(w->shape.tile);
    int64_t v_plane = lm_winograd_plane(n, w->ic);
    float *v = run->net->arenas[run->thread] + w->arena;
    float *products = v + xi * v_plane;
    const int32_t zero = 0;
    LM_ASSERT(n <= w->chunk);
    kernels_of(w)->input(v, v_plane, x->data, patch, n, x->row, x->col, w->ic);
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
    for (int64_t i = 0; i < xi; i++) {
        g.a = v + i * v_plane;
        g.b = run->net->transposed + w->kernel + i * lm_winograd_plane(w->ic, w->oc);
        g.c = products + i * lm_winograd_plane(n, w->oc);
        lm_kernels()->gemm->gemm(&g);
    }
    return products;
}

/* In chunks of even size. */
void lm_winograd_convolve(const LmWinograd *w, const LmBlockRun *run, const LmMap *x,
                          const LmWinogradOut *out, int64_t n)
{
    const LmTiles *t = &w->tiles;
    int64_t n_tiles = n * t->n_an_image;
    int64_t n_chunks = ceil_div(n_tiles, w->chunk);
    LmWinogradOut o = *out;
    int64_t i = 0;
    for (int64_t k = 0; k < n_chunks; k++) {
        int64_t size = (n_tiles - i) / (n_chunks - k);
        const float *m = multiply(w, run, x, t->patch + i, size);
        o.y_at = t->out + i;
        o.edge = t->edge + i;
        o.arg_at = t->arg + i;
        (o.arg != NULL ? kernels_of(w)->output_pool
                       : kernels_of(w)->output)(&o, m, lm_winograd_plane(size, w->oc), size, w->oc);
        i += size;
    }
}
