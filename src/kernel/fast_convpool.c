/* Convolution and max-pool as one operation, on vectors; ref_convpool.c states the order of sums.
 *
 * The gradients behind a pool are sparse by position and by relu. Where input channels fill
 * vectors, each open gradient costs one multiply-add a tap and vector (pool_open.h); where they do
 * not (the first layer), output channels fill the vectors (pool_narrow.h).
 */
#include "kernel/convpool.h"
#include "kernel/pool_narrow.h"
#include "kernel/pool_open.h"
#include "kernel/tile.h"

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

/* Input channels in lanes; VECS vectors of them by N taps in registers, over one channel's windows.
 * IS_3X3: three rows and two columns are few enough for addresses to stay in registers. */
LM_INLINE void weights_pass(float *dw, int64_t ic, const OpenWindows *o, int64_t n_windows,
                            const float *x, const int32_t *tap, const int N, const int VECS,
                            const bool IS_3X3)
{
    vf acc[TAPS][2];
    LM_UNROLL
    for (int t = 0; t < N; t++) {
        LM_UNROLL
        for (int v = 0; v < VECS; v++) {
            acc[t][v] = vf_load(dw + t * ic + v * VF_LANES);
        }
    }
    const float *x1 = IS_3X3 ? x + tap[3] : x;
    const float *x2 = IS_3X3 ? x + tap[6] : x;
    const int64_t col[3] = {0, IS_3X3 ? tap[1] : 0, IS_3X3 ? tap[2] : 0};
    for (int64_t w0 = 0; w0 < n_windows; w0 += 32) {
        const float *g = o->g + w0 * VF_LANES;
        const int32_t *at = o->at + w0 * VF_LANES;
        uint64_t bits = (uint32_t)o->bits[w0 / 32 * VF_LANES];
        while (bits != 0) {
            int64_t i = open_next(&bits) * VF_LANES;
            vf gv = vf_set(g[i]);
            const int64_t from = at[i];
            const float *row[3] = {x + from, x1 + from, x2 + from};
            LM_UNROLL
            for (int t = 0; t < N; t++) {
                const float *p = IS_3X3 ? row[t / 3] + col[t % 3] : row[0] + tap[t];
                LM_UNROLL
                for (int v = 0; v < VECS; v++) {
                    acc[t][v] = vf_fma(gv, vf_load(p + v * VF_LANES), acc[t][v]);
                }
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

#define WEIGHTS(NAME, N, VECS, IS_3X3)                                                             \
    static LM_KERNEL void NAME(float *dw, int64_t ic, const OpenWindows *o, int64_t n_windows,     \
                               const float *x, const int32_t *tap)                                 \
    {                                                                                              \
        weights_pass(dw, ic, o, n_windows, x, tap, N, VECS, IS_3X3);                               \
    }

WEIGHTS(weights_3x3x1, 9, 1, true)
WEIGHTS(weights_9x1, 9, 1, false)
WEIGHTS(weights_3x1, 3, 1, false)
WEIGHTS(weights_1x1, 1, 1, false)
#if defined(__AVX512F__)
WEIGHTS(weights_3x3x2, 9, 2, true)
WEIGHTS(weights_9x2, 9, 2, false)
WEIGHTS(weights_3x2, 3, 2, false)
WEIGHTS(weights_1x2, 1, 2, false)
#endif

typedef struct WeightsPass {
    int n_taps;
    int n_vec;
    bool is_3x3; /* only for that */
    void (*fn)(float *dw, int64_t ic, const OpenWindows *o, int64_t n_windows, const float *x,
               const int32_t *tap);
} WeightsPass;

/* Most vectors, then most taps first; a 3x3 filter is one pass, a 5x5 one of 9 + 9 + 3 + 3 + 1. */
static const WeightsPass weights_passes[] = {
#if defined(__AVX512F__)
    {9, 2, true, weights_3x3x2}, {9, 2, false, weights_9x2},
    {3, 2, false, weights_3x2},  {1, 2, false, weights_1x2},
#endif
    {9, 1, true, weights_3x3x1}, {9, 1, false, weights_9x1},
    {3, 1, false, weights_3x1},  {1, 1, false, weights_1x1},
};

static const WeightsPass *next_pass(int64_t taps_left, int64_t channels_left, bool is_3x3_filter)
{
    const WeightsPass *p = weights_passes;
    while (p->n_vec * VF_LANES > channels_left || p->n_taps > taps_left ||
           (p->is_3x3 && !is_3x3_filter)) {
        p++;
    }
    return p;
}

static LM_KERNEL void weights(float *dw, const LmPoolGrad *g, const float *x,
                              const LmTapOffsets *at, int64_t ic, void *scratch)
{
    uint8_t *bytes = scratch;
    size_t n = (size_t)(g->n_windows * VF_LANES) * sizeof(float);
    OpenWindows o = {.g = scratch, .at = (void *)(bytes + n), .bits = (void *)(bytes + 2 * n)};
    bool is_3x3_filter = is_3x3(at);
    for (int64_t k0 = 0; k0 < g->oc_ld; k0 += VF_LANES) {
        open_windows(&o, g, at, k0);
        for (int lane = 0; lane < VF_LANES && k0 + lane < g->oc; lane++) {
            const OpenWindows of_lane = {o.bits + lane, o.g + lane, o.at + lane};
            float *to = dw + (k0 + lane) * at->n_taps * ic;
            const WeightsPass *p = NULL;
            for (int64_t c = 0; c < ic; c += p->n_vec * VF_LANES) {
                for (int64_t t = 0; t < at->n_taps; t += p->n_taps) {
                    p = next_pass(at->n_taps - t, ic - c, is_3x3_filter);
                    p->fn(to + t * ic + c, ic, &of_lane, g->n_windows, x + c, at->tap + t);
                }
            }
        }
    }
}

/* The open channels of one window position: their weights onto N taps of dx. */
LM_INLINE void data_pass(float *dx, const int32_t *tap, const float *w, int64_t step,
                         const float *dy, const uint64_t *words, int64_t n_words, const int N)
{
    vf acc[TAPS];
    LM_UNROLL
    for (int t = 0; t < N; t++) {
        acc[t] = vf_load(dx + tap[t]);
    }
    for (int64_t word = 0; word < n_words; word++) {
        uint64_t bits = words[word];
        while (bits != 0) {
            int64_t k = 64 * word + open_next(&bits);
            vf gv = vf_set(dy[k]);
            const float *p = w + k * step;
            LM_UNROLL
            for (int t = 0; t < N; t++) {
                acc[t] = vf_fma(gv, vf_load(p + t * 16), acc[t]);
            }
        }
    }
    LM_UNROLL
    for (int t = 0; t < N; t++) {
        vf_store(dx + tap[t], acc[t]);
    }
}

#define DATA(N)                                                                                    \
    static LM_KERNEL void data_##N(float *dx, const int32_t *tap, const float *w, int64_t step,    \
                                   const float *dy, const uint64_t *words, int64_t n_words)        \
    {                                                                                              \
        data_pass(dx, tap, w, step, dy, words, n_words, N);                                        \
    }

DATA(9)
DATA(3)
DATA(1)

/* One window and vector of input channels of any filter. */
static void data_window(float *dx, const LmTapOffsets *at, const float *wt, const float *dy,
                        const uint64_t *words, int64_t n_words)
{
    int64_t step = 16 * at->n_taps;
    for (int p = 0; p < 4; p++) {
        float *to = dx + at->pos[p];
        int64_t t = 0;
        for (; t + 9 <= at->n_taps; t += 9) {
            data_9(to, at->tap + t, wt + t * 16, step, dy, words + p * n_words, n_words);
        }
        for (; t + 3 <= at->n_taps; t += 3) {
            data_3(to, at->tap + t, wt + t * 16, step, dy, words + p * n_words, n_words);
        }
        for (; t < at->n_taps; t++) {
            data_1(to, at->tap + t, wt + t * 16, step, dy, words + p * n_words, n_words);
        }
    }
}

/* Registers hold what all four positions of a window reach, or the two of one of its rows. */
#if defined(__AVX512F__)
enum { PATCH_POSITIONS = 4 };
#else
enum { PATCH_POSITIONS = 2 };
#endif
enum { PATCH_PIXELS = 4 * (PATCH_POSITIONS / 2 + 2) };

/* A window's positions from `p0` of a 3x3 filter with stride 1, one vector of input channels. */
static LM_KERNEL void data_patch(float *dx, const LmTapOffsets *at, const float *w, const float *dy,
                                 const uint64_t *words, int64_t n_words)
{
    const int64_t row = at->tap[3];
    const int64_t col = at->tap[1];
    vf acc[PATCH_PIXELS];
    LM_UNROLL
    for (int i = 0; i < PATCH_PIXELS; i++) {
        acc[i] = vf_load(dx + i / 4 * row + i % 4 * col);
    }
    LM_UNROLL
    for (int p = 0; p < PATCH_POSITIONS; p++) {
        for (int64_t word = 0; word < n_words; word++) {
            uint64_t bits = words[p * n_words + word];
            while (bits != 0) {
                int64_t k = 64 * word + open_next(&bits);
                vf gv = vf_set(dy[k]);
                const float *q = w + k * (9 * 16);
                LM_UNROLL
                for (int t = 0; t < 9; t++) {
                    const int pixel = (t / 3 + p / 2) * 4 + t % 3 + p % 2;
                    acc[pixel] = vf_fma(gv, vf_load(q + t * 16), acc[pixel]);
                }
            }
        }
    }
    LM_UNROLL
    for (int i = 0; i < PATCH_PIXELS; i++) {
        vf_store(dx + i / 4 * row + i % 4 * col, acc[i]);
    }
}

static LM_KERNEL void data(float *dx, const LmPoolGrad *g, const float *wt, const LmTapOffsets *at,
                           int64_t ic, void *scratch)
{
    uint64_t *words = scratch;
    int64_t n_words = (g->oc_ld + 63) / 64;
    open_channels(words, n_words, g);
    bool has_patches = is_patch(at);
    for (int64_t c = 0; c < ic; c += VF_LANES) {
        const float *wc = wt + lm_convpool_weight(g->oc, at->n_taps, 0, 0, c);
        for (int64_t w = 0; w < g->n_windows; w++) {
            const float *dy = g->dy + g->win[w];
            const uint64_t *open = words + 4 * w * n_words;
            float *to = dx + at->win[w] + c;
            if (!has_patches) {
                data_window(to, at, wc, dy, open, n_words);
                continue;
            }
            for (int p = 0; p < 4; p += PATCH_POSITIONS) {
                data_patch(to + at->pos[p], at, wc, dy, open + p * n_words, n_words);
            }
        }
    }
}

const LmConvPoolKernels LM_VARIANT(lm_convpool_kernels) = {
    .forward = forward, .weights_narrow = weights_narrow, .weights = weights, .data = data};
