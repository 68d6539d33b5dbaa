/* Winograd's F(2x2, 3x3): a 2x2 tile of a 3x3 convolution from 16 products instead of 36.
 *
 * Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015), section 4.1:
 *     Y = A^T [ sum over channels (G g G^T) * (B^T d B) ] A
 * with d the 4x4 patch a tile reads. The products are 16 matrix products over channels (gemm.h);
 * the transforms are here. The tile is exactly a 2x2 pool window, so its maximum is taken on the
 * way out. Transform entry (i, j) is number xi = 4*i + j.
 */
#ifndef LM_WINOGRAD_H
#define LM_WINOGRAD_H

#include "kernel/kernel.h"

enum { LM_WINOGRAD_ROW = 2, LM_WINOGRAD_COL = 1 };

struct LmWinogradKernels {
    /* u[(xi * uc + c) * ld + k] = (G g G^T)[xi] for channels c in [c0, c1) and all k; g[tap] is
     * w[tap * tap_stride + c * ld + k]; uc is u's channel count. One dimension at a time, rows
     * first: t0 = g0, t1 = ((g0 + g2) + g1) / 2, t2 = ((g0 + g2) - g1) / 2, t3 = g2. */
    void (*weights)(float *u, const float *w, int64_t tap_stride, int64_t uc, int64_t ld,
                    int64_t c0, int64_t c1);
    /* v[(xi * n_tiles + tile) * cs + c] = (B^T d B)[xi] of the patch at x + at[step * tile], rows
     * `row` and columns `cs` floats apart, cs a multiple of 16. Rows first: t0 = d0 - d2, t1 = d1 +
     * d2, t2 = d2 - d1, t3 = d1 - d3. */
    void (*input)(float *v, const float *x, const int32_t *at, int64_t step, int64_t n_tiles,
                  int64_t row, int64_t cs);
    /* Y = A^T m A of m[(xi * n_tiles + tile) * ld + k]: s0 = (m0 + m1) + m2, s1 = (m1 - m2) - m3,
     * rows first. The largest of the four (the first one where equal) plus bias[k], then relu if
     * asked, goes to y[y_at[tile] + k], its number to arg[tile * ld + k]. */
    void (*output_pool)(float *y, const int32_t *y_at, uint8_t *arg, const float *m,
                        int64_t n_tiles, int64_t ld, const float *bias, bool is_relu);
    /* The four sums themselves, plus bias[k] unless it is NULL, then relu if asked, to y[y_at[tile]
     * + (0 or row) + (0 or col) + k]; LM_WINOGRAD_ROW and _COL in edge[tile] say whether the tile's
     * second row and column exist. */
    void (*output)(float *y, const int32_t *y_at, const uint8_t *edge, const float *m,
                   int64_t n_tiles, int64_t ld, int64_t row, int64_t col, const float *bias,
                   bool is_relu);
};

#endif
