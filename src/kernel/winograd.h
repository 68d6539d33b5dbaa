/* Winograd's F(2x2, 3x3) and F(4x4, 3x3): tiles of a 3x3 convolution from fewer products.
 *
 * Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015), sections 4.1 to 4.3:
 *     Y = A^T [ sum over channels (G g G^T) * (B^T d B) ] A
 * with d the patch a tile reads: 4x4 for 2x2 outputs (16 products instead of 36), 6x6 for 4x4 (36
 * instead of 144). The products are matrix products over channels (gemm.h); the transforms are
 * here. Entry (i, j) of a transform is number xi = side * i + j, side 4 or 6; entries lie `plane`
 * floats apart. Both tiles are whole 2x2 pool windows, so maxima can be taken on the way out.
 *
 * F(4x4, 3x3) evaluates polynomials at 0, +-5/8, +-3/2 and infinity rather than at the usual 0,
 * +-1, +-2: sizes of A, B and G are more even, which halves the rounding error, and the squares and
 * cubes of the points are still exact floats.
 */
#ifndef LM_WINOGRAD_H
#define LM_WINOGRAD_H

#include "kernel/kernel.h"

/* The points a and b of F(4x4, 3x3), and what its matrices are made of:
 *     B^T: a^2 b^2, -(a^2 + b^2); G: 1 / (a^2 b^2), 1 / (2 a^2 (a^2 - b^2)), the same for b. */
#define LM_WINOGRAD_A 0.625f
#define LM_WINOGRAD_B 1.5f
#define LM_WINOGRAD_AA 0.390625f
#define LM_WINOGRAD_BB 2.25f
#define LM_WINOGRAD_AAA 0.244140625f
#define LM_WINOGRAD_BBB 3.375f
#define LM_WINOGRAD_PRODUCT 0.87890625f
#define LM_WINOGRAD_SUM 2.640625f
#define LM_WINOGRAD_G0 ((float)(256.0 / 225))
#define LM_WINOGRAD_GA ((float)(-16384.0 / 23800))
#define LM_WINOGRAD_GB ((float)(128.0 / 1071))

/* Where a run of tiles goes. `edge` says how many rows (times 16) and columns of a tile exist:
 * outputs, or pool windows. Offsets are in floats, of `arg` in bytes. */
typedef struct LmWinogradOut {
    float *y;
    const int32_t *y_at; /* a tile's first output or window */
    const uint8_t *edge;
    int64_t row, col;  /* floats to the output or window below, to the right */
    const float *bias; /* NULL: zeros */
    bool is_relu;
    uint8_t *arg;          /* pool: n_windows x ld, which of the four was the largest */
    const int32_t *arg_at; /* pool: a tile's first window in arg */
    int64_t arg_row;       /* pool: bytes to the window below; the one to the right is ld behind */
} LmWinogradOut;

struct LmWinogradKernels {
    int64_t tile; /* outputs a side: 2 or 4 */
    /* u[xi * plane + c * ld + k] = (G g G^T)[xi] for channels c in [c0, c1) and all k; g[tap] is
     * w[tap * tap_stride + c * ld + k]. One dimension at a time, rows first. */
    void (*weights)(float *u, int64_t plane, const float *w, int64_t tap_stride, int64_t ld,
                    int64_t c0, int64_t c1);
    /* v[xi * plane + tile * n_c + c] = (B^T d B)[xi] of the patch at x + at[tile], rows `row` and
     * columns `col` floats apart, channels 0..n_c - 1, n_c a multiple of 16. Rows first. */
    void (*input)(float *v, int64_t plane, const float *x, const int32_t *at, int64_t n_tiles,
                  int64_t row, int64_t col, int64_t n_c);
    /* Y = A^T m A of m[xi * plane + tile * ld + k], rows first; of the tile's 2x2 windows the
     * largest (the first one where equal) plus bias[k], then relu if asked, and its number. */
    void (*output_pool)(const LmWinogradOut *out, const float *m, int64_t plane, int64_t n_tiles,
                        int64_t ld);
    /* The sums themselves, plus bias[k], then relu if asked. */
    void (*output)(const LmWinogradOut *out, const float *m, int64_t plane, int64_t n_tiles,
                   int64_t ld);
};

/* The weights' gradient, which is the adjoint of the sum above:
 *     dg = G^T [ sum over tiles (A dY A^T) * (B^T d B) ] G;   F(4x4, 3x3) alone. */
struct LmWinogradGradKernels {
    /* v[xi * plane + tile * n_c + k] = (A dY A^T)[xi] of the 4x4 gradients at dy + at[tile]; rows
     * first. Sizes as for `input`. */
    void (*gradient)(float *v, int64_t plane, const float *dy, const int32_t *at, int64_t n_tiles,
                     int64_t row, int64_t col, int64_t n_c);
    /* dw[tap * tap_stride + c * ld + k] = (G^T u G)[tap] of u[xi * plane + c * ld + k], added to
     * what is there if is_sum; channels c in [0, n_c), all k. Rows first. */
    void (*weights_gradient)(float *dw, int64_t tap_stride, const float *u, int64_t plane,
                             int64_t ld, int64_t n_c, bool is_sum);
};

/* For the files that define the kernels: those of tile size T out of their functions for any. */
#define LM_WINOGRAD_TILE(T)                                                                        \
    static LM_KERNEL void weights_##T(float *u, int64_t plane, const float *w, int64_t tap_stride, \
                                      int64_t ld, int64_t c0, int64_t c1)                          \
    {                                                                                              \
        weights(T, u, plane, w, tap_stride, ld, c0, c1);                                           \
    }                                                                                              \
    static LM_KERNEL void input_##T(float *v, int64_t plane, const float *x, const int32_t *at,    \
                                    int64_t n_tiles, int64_t row, int64_t col, int64_t n_c)        \
    {                                                                                              \
        input(T, v, plane, x, at, n_tiles, row, col, n_c);                                         \
    }                                                                                              \
    static LM_KERNEL void output_pool_##T(const LmWinogradOut *o, const float *m, int64_t plane,   \
                                          int64_t n_tiles, int64_t ld)                             \
    {                                                                                              \
        output_pool(T, o, m, plane, n_tiles, ld);                                                  \
    }                                                                                              \
    static LM_KERNEL void output_##T(const LmWinogradOut *o, const float *m, int64_t plane,        \
                                     int64_t n_tiles, int64_t ld)                                  \
    {                                                                                              \
        output(T, o, m, plane, n_tiles, ld);                                                       \
    }

#endif
