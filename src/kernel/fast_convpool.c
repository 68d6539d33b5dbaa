/* Convolution and max-pool as one operation, on vectors; ref_convpool.c states the order of sums.
 *
 * The gradients behind a pool are sparse by position and by relu. Where input channels fill
 * vectors, the open entries are listed and each costs one multiply-add a tap and vector; where they
 * do not (the first layer), output channels fill the vectors and each lane picks its own position's
 * pixel.
 */
#include "kernel/convpool.h"
#include "kernel/tile.h"

enum { TAPS = LM_CONVPOOL_TAPS };

/* ROWS rows (1 or 2 windows) by NV vectors; the loop is that of fast_gemm.c, the end another. */
LM_INLINE void tile(const LmGemm *g, uint8_t *arg, int64_t win0, int64_t col0, const int ROWS,
                    const int NV)
{
    LmTileSums acc;
    LM_UNROLL
    for (int i = 0; i < ROWS; i++) {
        LM_UNROLL
        for (int j = 0; j < NV; j++) {
            acc[i][j] = vf_load(g->bias + col0 + j * VF_LANES);
        }
    }
    lm_tile_add(g, 4 * win0, col0, acc, ROWS, NV);
    LM_UNROLL
    for (int w = 0; w < ROWS / 4; w++) {
        LM_UNROLL
        for (int j = 0; j < NV; j++) {
            vf best = acc[4 * w][j];
            vi best_k = vi_set(0);
            LM_UNROLL
            for (int k = 1; k < 4; k++) {
                vm is_larger = vf_gt(acc[4 * w + k][j], best);
                best = vf_select(is_larger, acc[4 * w + k][j], best);
                best_k = vi_select(is_larger, vi_set(k), best_k);
            }
            best = g->is_relu ? vf_max(vf_zero(), best) : best;
            vf_store(g->c + g->c_row[win0 + w] + col0 + j * VF_LANES, best);
            vi_store_u8(arg + (win0 + w) * g->n_cols + col0 + j * VF_LANES, best_k);
        }
    }
}

typedef void TileFn(const LmGemm *g, uint8_t *arg, int64_t win0, int64_t col0);

#define TILE(ROWS, NV)                                                                             \
    static LM_KERNEL void tile_##ROWS##x##NV(const LmGemm *g, uint8_t *arg, int64_t win0,          \
                                             int64_t col0)                                         \
    {                                                                                              \
        tile(g, arg, win0, col0, ROWS, NV);                                                        \
    }

/* Tiles of 32 registers hold 16 sums, those of 16 registers 8, and the rest what they multiply. */
#if defined(__AVX512F__)
TILE(4, 4)
TILE(8, 2)
TILE(4, 2)
TILE(4, 1)
static const struct TileSet {
    int n_vec;
    int n_win; /* windows a tile; the odd one behind is done by `one` */
    TileFn *fn;
    TileFn *one;
} tile_sets[] = {
    {4, 1, tile_4x4, tile_4x4}, {2, 2, tile_8x2, tile_4x2}, {1, 1, tile_4x1, tile_4x1}};
#else
TILE(4, 2)
static const struct TileSet {
    int n_vec;
    int n_win;
    TileFn *fn;
    TileFn *one;
} tile_sets[] = {{2, 1, tile_4x2, tile_4x2}};
#endif

static LM_KERNEL void forward(const LmGemm *g, uint8_t *arg)
{
    int64_t n_win = g->n_rows / 4;
    int64_t col = 0;
    for (size_t i = 0; i < LM_ARRAY_LEN(tile_sets); i++) {
        const struct TileSet *set = &tile_sets[i];
        for (; g->n_cols - col >= set->n_vec * VF_LANES; col += set->n_vec * VF_LANES) {
            int64_t w = 0;
            for (; w + set->n_win <= n_win; w += set->n_win) {
                set->fn(g, arg, w, col);
            }
            for (; w < n_win; w++) {
                set->one(g, arg, w, col);
            }
        }
    }
}

/* Output channels in lanes: each lane picks x at its own of the four positions. */
LM_INLINE void narrow_taps(float *dw, const LmPoolGrad *g, const float *x, const LmTapOffsets *at,
                           int64_t ic, int64_t k, int64_t row0, const int ROWS)
{
    vf acc[TAPS];
    int32_t shift[TAPS];
    LM_UNROLL
    for (int r = 0; r < ROWS; r++) {
        acc[r] = vf_load(dw + (row0 + r) * g->oc_ld + k);
        shift[r] = at->tap[(row0 + r) / ic] + (int32_t)((row0 + r) % ic);
    }
    for (int64_t w = 0; w < g->n_windows; w++) {
        vf gv = vf_load(g->dy + g->win[w] + k);
        vi from = vi_load_u8(g->arg + w * g->oc_ld + k);
        vm is_1 = vi_eq(from, vi_set(1));
        vm is_2 = vi_eq(from, vi_set(2));
        vm is_3 = vi_eq(from, vi_set(3));
        const float *p = x + at->win[w];
        LM_UNROLL
        for (int r = 0; r < ROWS; r++) {
            const float *q = p + shift[r];
            vf v = vf_set(q[at->pos[0]]);
            v = vf_select(is_1, vf_set(q[at->pos[1]]), v);
            v = vf_select(is_2, vf_set(q[at->pos[2]]), v);
            v = vf_select(is_3, vf_set(q[at->pos[3]]), v);
            acc[r] = vf_fma(gv, v, acc[r]);
        }
    }
    LM_UNROLL
    for (int r = 0; r < ROWS; r++) {
        vf_store(dw + (row0 + r) * g->oc_ld + k, acc[r]);
    }
}

static LM_KERNEL void narrow_9(float *dw, const LmPoolGrad *g, const float *x,
                               const LmTapOffsets *at, int64_t ic, int64_t k, int64_t row0)
{
    narrow_taps(dw, g, x, at, ic, k, row0, TAPS);
}

static LM_KERNEL void narrow_1(float *dw, const LmPoolGrad *g, const float *x,
                               const LmTapOffsets *at, int64_t ic, int64_t k, int64_t row0)
{
    narrow_taps(dw, g, x, at, ic, k, row0, 1);
}

static LM_KERNEL void weights_narrow(float *dw, const LmPoolGrad *g, const float *x,
                                     const LmTapOffsets *at, int64_t ic)
{
    int64_t n_rows = at->n_taps * ic;
    for (int64_t k = 0; k < g->oc_ld; k += VF_LANES) {
        int64_t r = 0;
        for (; r + TAPS <= n_rows; r += TAPS) {
            narrow_9(dw, g, x, at, ic, k, r);
        }
        for (; r < n_rows; r++) {
            narrow_1(dw, g, x, at, ic, k, r);
        }
    }
}

/* Input channels in lanes; VECS vectors of them by N taps in registers, over one channel's list. */
LM_INLINE void weights_pass(float *dw, int64_t ic, const LmPoolEntry *list, int64_t n,
                            const float *x, const int32_t *tap, const int N, const int VECS)
{
    vf acc[TAPS][2];
    LM_UNROLL
    for (int t = 0; t < N; t++) {
        LM_UNROLL
        for (int v = 0; v < VECS; v++) {
            acc[t][v] = vf_load(dw + t * ic + v * VF_LANES);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        vf gv = vf_set(list[i].g);
        const float *p = x + list[i].offset;
        LM_UNROLL
        for (int t = 0; t < N; t++) {
            LM_UNROLL
            for (int v = 0; v < VECS; v++) {
                acc[t][v] = vf_fma(gv, vf_load(p + tap[t] + v * VF_LANES), acc[t][v]);
            }
        }
    }
    LM_UNROLL
    for (int t = 0; t < N; t++) {
        LM_UNROLL
        for (int v = 0; v < VECS; v++) {
            vf_store(dw + t * ic + v * VF_LANES, acc[t][v]);
        }
    }
}

/* One window position: adds its list of output channels to N taps of dx. */
LM_INLINE void data_pass(float *dx, const int32_t *tap, const float *w, int64_t ic,
                         int64_t w_stride, const LmPoolEntry *list, int64_t n, const int N,
                         const int VECS)
{
    vf acc[TAPS][2];
    LM_UNROLL
    for (int t = 0; t < N; t++) {
        LM_UNROLL
        for (int v = 0; v < VECS; v++) {
            acc[t][v] = vf_load(dx + tap[t] + v * VF_LANES);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        vf gv = vf_set(list[i].g);
        const float *p = w + list[i].offset * w_stride;
        LM_UNROLL
        for (int t = 0; t < N; t++) {
            LM_UNROLL
            for (int v = 0; v < VECS; v++) {
                acc[t][v] = vf_fma(gv, vf_load(p + t * ic + v * VF_LANES), acc[t][v]);
            }
        }
    }
    LM_UNROLL
    for (int t = 0; t < N; t++) {
        LM_UNROLL
        for (int v = 0; v < VECS; v++) {
            vf_store(dx + tap[t] + v * VF_LANES, acc[t][v]);
        }
    }
}

#define PASSES(N, VECS)                                                                            \
    static LM_KERNEL void weights_##N##x##VECS(float *dw, int64_t ic, const LmPoolEntry *list,     \
                                               int64_t n, const float *x, const int32_t *tap)      \
    {                                                                                              \
        weights_pass(dw, ic, list, n, x, tap, N, VECS);                                            \
    }                                                                                              \
    static LM_KERNEL void data_##N##x##VECS(float *dx, const int32_t *tap, const float *w,         \
                                            int64_t ic, int64_t w_stride, const LmPoolEntry *list, \
                                            int64_t n)                                             \
    {                                                                                              \
        data_pass(dx, tap, w, ic, w_stride, list, n, N, VECS);                                     \
    }

PASSES(9, 1)
PASSES(3, 1)
PASSES(1, 1)
#if defined(__AVX512F__)
PASSES(9, 2)
PASSES(3, 2)
PASSES(1, 2)
#endif

typedef struct Pass {
    int n_taps;
    int n_vec;
    void (*weights)(float *dw, int64_t ic, const LmPoolEntry *list, int64_t n, const float *x,
                    const int32_t *tap);
    void (*data)(float *dx, const int32_t *tap, const float *w, int64_t ic, int64_t w_stride,
                 const LmPoolEntry *list, int64_t n);
} Pass;

/* Most vectors, then most taps first; a 3x3 filter is one pass, a 5x5 one of 9 + 9 + 3 + 3 + 1. */
static const Pass passes[] = {
#if defined(__AVX512F__)
    {9, 2, weights_9x2, data_9x2}, {3, 2, weights_3x2, data_3x2}, {1, 2, weights_1x2, data_1x2},
#endif
    {9, 1, weights_9x1, data_9x1}, {3, 1, weights_3x1, data_3x1}, {1, 1, weights_1x1, data_1x1},
};

static const Pass *next_pass(int64_t taps_left, int64_t channels_left)
{
    const Pass *p = passes;
    while (p->n_vec * VF_LANES > channels_left || p->n_taps > taps_left) {
        p++;
    }
    return p;
}

/* One output channel's list into its weights. */
static void weights_of_list(float *dw, const LmPoolEntry *list, int64_t n, const float *x,
                            const LmTapOffsets *at, int64_t ic)
{
    const Pass *pass = NULL;
    for (int64_t c = 0; c < ic; c += pass->n_vec * VF_LANES) {
        for (int64_t t = 0; t < at->n_taps; t += pass->n_taps) {
            pass = next_pass(at->n_taps - t, ic - c);
            pass->weights(dw + t * ic + c, ic, list, n, x + c, at->tap + t);
        }
    }
}

/* One position's list into dx around it. */
static void data_of_list(float *dx, const LmPoolEntry *list, int64_t n, const float *w,
                         const LmTapOffsets *at, int64_t ic)
{
    const Pass *pass = NULL;
    for (int64_t c = 0; c < ic; c += pass->n_vec * VF_LANES) {
        for (int64_t t = 0; t < at->n_taps; t += pass->n_taps) {
            pass = next_pass(at->n_taps - t, ic - c);
            pass->data(dx + c, at->tap + t, w + t * ic + c, ic, at->n_taps * ic, list, n);
        }
    }
}

/* Gradients of VF_LANES channels at a window, one bit a lane that is not 0. */
LM_INLINE uint32_t active(const float *dy)
{
    return vf_nonzero_bits(vf_load(dy));
}

static LM_KERNEL void weights(float *dw, const LmPoolGrad *g, const float *x,
                              const LmTapOffsets *at, int64_t ic, void *lists)
{
    LmPoolEntry *entries = lists;
    for (int64_t k0 = 0; k0 < g->oc_ld; k0 += VF_LANES) {
        int32_t n[VF_LANES] = {0};
        for (int64_t w = 0; w < g->n_windows; w++) {
            const float *dy = g->dy + g->win[w] + k0;
            const uint8_t *arg = g->arg + w * g->oc_ld + k0;
            for (uint32_t bits = active(dy); bits != 0; bits &= bits - 1) {
                int lane = __builtin_ctz(bits);
                entries[lane * g->n_windows + n[lane]++] =
                    (LmPoolEntry){dy[lane], at->win[w] + at->pos[arg[lane]]};
            }
        }
        for (int lane = 0; lane < VF_LANES && k0 + lane < g->oc; lane++) {
            weights_of_list(dw + (k0 + lane) * at->n_taps * ic, entries + lane * g->n_windows,
                            n[lane], x, at, ic);
        }
    }
}

enum { LIST_MAX = 256 };

/* Output channels k0.. of one window, a list a position. */
static void window_lists(const LmPoolGrad *g, int64_t w, int64_t k0, int64_t k1,
                         LmPoolEntry lists[4][LIST_MAX], int64_t n[4])
{
    n[0] = n[1] = n[2] = n[3] = 0;
    const uint8_t *arg = g->arg + w * g->oc_ld;
    const float *dy = g->dy + g->win[w];
    for (int64_t k = k0; k < k1; k += VF_LANES) {
        for (uint32_t bits = active(dy + k); bits != 0; bits &= bits - 1) {
            int64_t i = k + __builtin_ctz(bits);
            lists[arg[i]][n[arg[i]]++] = (LmPoolEntry){dy[i], (int32_t)i};
        }
    }
}

/* Sums go over positions before channels, so more channels than a list holds need the lists of a
 * position made one part after the other. */
static void data_window(float *dx, const LmPoolGrad *g, const float *wt, const LmTapOffsets *at,
                        int64_t ic, int64_t w)
{
    LmPoolEntry lists[4][LIST_MAX];
    int64_t n[4];
    bool fits = g->oc_ld <= LIST_MAX;
    if (fits) {
        window_lists(g, w, 0, g->oc_ld, lists, n);
    }
    for (int p = 0; p < 4; p++) {
        for (int64_t k0 = 0; k0 < g->oc_ld; k0 += LIST_MAX) {
            if (!fits) {
                window_lists(g, w, k0, LM_MIN(k0 + LIST_MAX, g->oc_ld), lists, n);
            }
            if (n[p] > 0) {
                data_of_list(dx + at->win[w] + at->pos[p], lists[p], n[p], wt, at, ic);
            }
        }
    }
}

static LM_KERNEL void data(float *dx, const LmPoolGrad *g, const float *wt, const LmTapOffsets *at,
                           int64_t ic)
{
    for (int64_t w = 0; w < g->n_windows; w++) {
        data_window(dx, g, wt, at, ic, w);
    }
}

const LmConvPoolKernels LM_VARIANT(lm_convpool_kernels) = {
    .forward = forward, .weights_narrow = weights_narrow, .weights = weights, .data = data};
