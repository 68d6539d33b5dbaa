/* The matrix kernel in register tiles: MR rows by NV vectors of columns.
 *
 * Each accumulator is one output's chain, so the tile's shape changes speed, never bits. A tile
 * wants enough independent chains to cover the latency of a fused multiply-add (4 cycles, 2 a
 * cycle: 8) and few loads a multiply-add: NV + MR loads serve NV * MR of them. With 32 registers
 * (AVX-512) 6 x 4, 8 x 2 and 8 x 1 do; with 16 (AVX2) 6 x 2. Rows left over get tiles of fewer
 * rows, evened out so that none is nearly empty.
 */
#include "kernel/tile.h"

LM_INLINE void tile(const LmGemm *g, int64_t row0, int64_t col0, const int MR, const int NV)
{
    LmTileSums acc;
    LM_UNROLL
    for (int i = 0; i < MR; i++) {
        const float *init =
            g->init == LM_GEMM_BIAS ? g->bias + col0 : g->c + g->c_row[row0 + i] + col0;
        LM_UNROLL
        for (int j = 0; j < NV; j++) {
            acc[i][j] = g->init == LM_GEMM_ZERO ? vf_zero() : vf_load(init + j * VF_LANES);
        }
    }
    lm_tile_add(g, row0, col0, acc, MR, NV);
    LM_UNROLL
    for (int i = 0; i < MR; i++) {
        float *c = g->c + g->c_row[row0 + i] + col0;
        LM_UNROLL
        for (int j = 0; j < NV; j++) {
            vf x = g->is_relu ? vf_max(vf_zero(), acc[i][j]) : acc[i][j];
            vf_store(c + j * VF_LANES, x);
        }
    }
}

typedef void TileFn(const LmGemm *g, int64_t row0, int64_t col0);

#define TILE(MR, NV)                                                                               \
    static LM_KERNEL void tile_##MR##x##NV(const LmGemm *g, int64_t row0, int64_t col0)            \
    {                                                                                              \
        tile(g, row0, col0, MR, NV);                                                               \
    }

/* clang-format off */
#if defined(__AVX512F__)
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1) TILE(7, 1) TILE(8, 1)
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2)
TILE(1, 4) TILE(2, 4) TILE(3, 4) TILE(4, 4) TILE(5, 4) TILE(6, 4)
#else
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2)
#endif
    /* clang-format on */

    /* Widest first; `fns[r - 1]` makes r rows. */
    static const struct TileSet {
    int n_vec;
    int max_rows;
    TileFn *fns[LM_TILE_ROWS_MAX];
} tile_sets[] = {
#if defined(__AVX512F__)
    {4, 6, {tile_1x4, tile_2x4, tile_3x4, tile_4x4, tile_5x4, tile_6x4}},
    {2, 8, {tile_1x2, tile_2x2, tile_3x2, tile_4x2, tile_5x2, tile_6x2, tile_7x2, tile_8x2}},
    {1, 8, {tile_1x1, tile_2x1, tile_3x1, tile_4x1, tile_5x1, tile_6x1, tile_7x1, tile_8x1}},
#else
    {2, 6, {tile_1x2, tile_2x2, tile_3x2, tile_4x2, tile_5x2, tile_6x2}},
#endif
};

static void column_block(const LmGemm *g, const struct TileSet *set, int64_t col0)
{
    int64_t n_tiles = (g->n_rows + set->max_rows - 1) / set->max_rows;
    int64_t row0 = 0;
    for (int64_t t = 0; t < n_tiles; t++) {
        int64_t rows = (g->n_rows - row0) / (n_tiles - t);
        set->fns[rows - 1](g, row0, col0);
        row0 += rows;
    }
}

/* Few rows by many terms (a dense layer over a block) are bound by reading B: a narrower tile that
 * takes all rows reads it once where the widest would read it twice. */
static bool is_better_narrow(const LmGemm *g, const struct TileSet *set)
{
    return set != &tile_sets[LM_ARRAY_LEN(tile_sets) - 1] && g->n_rows > set->max_rows &&
           g->n_rows <= set[1].max_rows;
}

static LM_KERNEL void gemm(const LmGemm *g)
{
    int64_t col = 0;
    for (size_t i = 0; i < LM_ARRAY_LEN(tile_sets); i++) {
        const struct TileSet *set = &tile_sets[i];
        int64_t width = (int64_t)set->n_vec * VF_LANES;
        for (; g->n_cols - col >= width && !is_better_narrow(g, set); col += width) {
            column_block(g, set, col);
        }
    }
}

/* Twelve chains: more than any processor's latency times its multiply-add units. */
static LM_KERNEL double peak(int64_t rounds)
{
    enum { CHAINS = 12 };
    vf acc[CHAINS];
    vf a = vf_set(0.999f);
    vf b = vf_set(1e-3f);
    LM_UNROLL
    for (int i = 0; i < CHAINS; i++) {
        acc[i] = vf_set((float)i); /* different, or the compiler makes them one */
    }
    for (int64_t r = 0; r < rounds; r++) {
        LM_UNROLL
        for (int i = 0; i < CHAINS; i++) {
            acc[i] = vf_fma(acc[i], a, b);
        }
    }
    float sums[VF_LANES];
    LM_UNROLL
    for (int i = 1; i < CHAINS; i++) {
        acc[0] = vf_add(acc[0], acc[i]);
    }
    vf_store(sums, acc[0]);
    volatile float keep = sums[0];
    (void)keep;
    return 2.0 * CHAINS * VF_LANES * (double)rounds;
}

const LmGemmKernels LM_VARIANT(lm_gemm_kernels) = {.gemm = gemm, .peak = peak};
