/* The weights' gradient by Winograd's method: for a block of input channels after the other, the
 * products of all tiles are added up in the transform's domain, image by image, row by row, and
 * transformed back once. Blocks and chunks change speed, not bits. */
#include "base/mem.h"
#include "nn/winograd.h"

/* Bytes of a block's products, and of a chunk's transforms: about a second-level cache of 1 MB. More
 * channels in a block transform the outputs' gradient less often, more tiles in a chunk load and
 * store the products less often: half of either costs 64->64 at 16x16 a tenth of its time. */
enum { BLOCK_BYTES = 600000, BLOCK_MIN = 16, CHUNK_BYTES = 800000, CHUNK_MIN = 8 };

enum { ENTRIES = 36, TILE = 4 };

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* At most two thirds of the direct sum's products: 36 a tile instead of 9 an output. */
bool lm_winograd_grad_fits(const LmWindow *win, int64_t channels, int64_t h, int64_t w)
{
    return lm_winograd_tile(win, channels, h, w) > 0 &&
           6 * ceil_div(h, TILE) * ceil_div(w, TILE) < h * w;
}

static int64_t round_down(int64_t a, int64_t step)
{
    return a / step * step;
}

LmStatus lm_winograd_grad_plan(LmWinogradGrad *g, LmNet *net, const LmWinogradShape *shape,
                               LmError *err)
{
    const LmPlanMap *x = shape->from;
    LmPlanMap *dy = shape->to;
    int64_t size = (int64_t)sizeof(float);
    LmWinogradGrad made = {.is_used = true, .shape = *shape, .n_c = x->c};
    int64_t block = round_down(BLOCK_BYTES / (ENTRIES * dy->cs * size), 16);
    made.block = LM_MIN(LM_MAX(block, (int64_t)BLOCK_MIN), x->cs);
    made.n_an_image = ceil_div(dy->h, TILE) * ceil_div(dy->w, TILE);
    int64_t chunk = CHUNK_BYTES / (ENTRIES * (made.block + dy->cs) * size);
    made.chunk = LM_MIN(LM_MAX(chunk, (int64_t)CHUNK_MIN), shape->group * made.n_an_image);
    made.arena = lm_net_reserve(
        net, ENTRIES * (made.chunk * (made.block + dy->cs) + 32 + made.block * dy->cs + 16));
    lm_winograd_want_halo(shape);
    lm_net_want_halo(dy, (LmHalo){.bottom = ceil_div(dy->h, TILE) * TILE - dy->h,
                                  .right = ceil_div(dy->w, TILE) * TILE - dy->w});
    LmStatus st = lm_mem_alloc(&made.rows, 2 * (size_t)made.block, sizeof *made.rows, err);
    if (st == LM_OK) {
        for (int64_t i = 0; i < made.block; i++) {
            made.rows[i] = (int32_t)i;
            made.rows[made.block + i] = (int32_t)(i * dy->cs);
        }
        *g = made;
    }
    return st;
}

LmStatus lm_winograd_grad_tables(LmWinogradGrad *g, LmError *err)
{
    const LmWinogradShape *s = &g->shape;
    const LmPlanMap *x = s->from;
    const LmPlanMap *dy = s->to;
    int64_t n_x = ceil_div(dy->w, TILE);
    size_t n = (size_t)(s->group * g->n_an_image);
    LmStatus st = lm_mem_alloc(&g->patch, 2 * n, sizeof *g->patch, err);
    if (st != LM_OK) {
        return st;
    }
    g->dy = g->patch + n;
    for (size_t i = 0; i < n; i++) {
        int64_t image = (int64_t)i / g->n_an_image;
        int64_t row = (int64_t)i % g->n_an_image / n_x * TILE;
        int64_t col = (int64_t)i % g->n_an_image % n_x * TILE;
        g->patch[i] = (int32_t)(image * x->img + (row - s->before.top) * x->row +
                                (col - s->before.left) * x->cs);
        g->dy[i] = (int32_t)(image * dy->img + row * dy->row + col * dy->cs);
    }
    return LM_OK;
}

void lm_winograd_grad_fini(LmWinogradGrad *g)
{
    lm_mem_free(g->rows);
    lm_mem_free(g->patch);
    *g = (LmWinogradGrad){0};
}

/* A chunk of tiles and a block of channels. */
typedef struct Chunk {
    const LmWinogradGrad *grad;
    LmMap x; /* at the block's first channel */
    LmMap dy;
    int64_t n_c;
    float *products;
    float *v;
} Chunk;

static void add_chunk(const Chunk *c, int64_t first, int64_t n, bool is_first)
{
    const LmWinogradGrad *grad = c->grad;
    int64_t x_plane = lm_winograd_plane(n, c->n_c);
    int64_t dy_plane = lm_winograd_plane(n, c->dy.cs);
    int64_t product_plane = lm_winograd_plane(grad->block, c->dy.cs);
    float *v_dy = c->v + ENTRIES * x_plane;
    const int32_t zero = 0;
    lm_kernels()->winograd[1].input(c->v, x_plane, c->x.data, grad->patch + first, n, c->x.row,
                                    c->x.col, c->n_c);
    lm_kernels()->winograd_grad->gradient(v_dy, dy_plane, c->dy.data, grad->dy + first, n,
                                          c->dy.row, c->dy.col, c->dy.cs);
    LmGemm g = {.a_row = grad->rows,
                .a_seg = &zero,
                .a_k = c->n_c,
                .b_seg = &zero,
                .b_k = c->dy.cs,
                .c_row = grad->rows + grad->block,
                .n_rows = c->n_c,
                .n_seg = 1,
                .k = n,
                .n_cols = c->dy.cs,
                .init = is_first ? LM_GEMM_ZERO : LM_GEMM_ADD};
    for (int64_t i = 0; i < ENTRIES; i++) {
        g.a = c->v + i * x_plane;
        g.b = v_dy + i * dy_plane;
        g.c = c->products + i * product_plane;
        lm_kernels()->gemm->gemm(&g);
    }
}

/* All images, in chunks of even size. */
static void add_images(const LmWinogradGrad *grad, const LmBlockRun *run, Chunk *c)
{
    const float *x = c->x.data;
    const float *dy = c->dy.data;
    for (int64_t image = 0; image < run->n; image += grad->shape.group) {
        int64_t n_tiles = LM_MIN(grad->shape.group, run->n - image) * grad->n_an_image;
        int64_t n_chunks = ceil_div(n_tiles, grad->chunk);
        int64_t first = 0;
        c->x.data = (float *)x + image * c->x.img;
        c->dy.data = (float *)dy + image * c->dy.img;
        for (int64_t k = 0; k < n_chunks; k++) {
            int64_t n = (n_tiles - first) / (n_chunks - k);
            add_chunk(c, first, n, image == 0 && k == 0);
            first += n;
        }
    }
}

void lm_winograd_grad_run(const LmWinogradGrad *g, const LmBlockRun *run, const LmMap *x,
                          const LmMap *dy, float *dw, bool is_sum)
{
    float *arena = run->net->arenas[run->thread] + g->arena;
    int64_t product_plane = lm_winograd_plane(g->block, dy->cs);
    for (int64_t c0 = 0; c0 < g->n_c; c0 += g->block) {
        Chunk c = {.grad = g,
                   .x = *x,
                   .dy = *dy,
                   .n_c = LM_MIN(g->block, x->cs - c0),
                   .products = arena,
                   .v = arena + ENTRIES * product_plane};
        c.x.data += c0;
        add_images(g, run, &c);
        lm_kernels()->winograd_grad->weights_gradient(dw + c0 * dy->cs, g->n_c * dy->cs, arena,
                                                      product_plane, dy->cs,
                                                      LM_MIN(g->block, g->n_c - c0), is_sum);
    }
}
