/* The inner loop of the matrix kernels: a register tile of MR rows by NV vectors of columns.
 *
 * Included by fast_*.c. MR and NV are constants where it is used, so everything unrolls and the
 * accumulators live in registers.
 */
#ifndef LM_TILE_H
#define LM_TILE_H

#include "kernel/gemm.h"
#include "kernel/vec.h"

enum { LM_TILE_ROWS_MAX = 8, LM_TILE_VECS_MAX = 4 };

typedef vf LmTileSums[LM_TILE_ROWS_MAX][LM_TILE_VECS_MAX];

/* Adds all terms of rows row0.. and columns col0.. to the sums. */
LM_INLINE void lm_tile_add(const LmGemm *g, int64_t row0, int64_t col0, LmTileSums acc,
                           const int MR, const int NV)
{
    const float *a[LM_TILE_ROWS_MAX];
    LM_UNROLL
    for (int i = 0; i < MR; i++) {
        a[i] = g->a + g->a_row[row0 + i];
    }
    const int64_t a_k = g->a_k;
    const int64_t b_k = g->b_k;
    for (int64_t s = 0; s < g->n_seg; s++) {
        int64_t at = g->a_seg[s];
        const float *b = g->b + g->b_seg[s] + col0;
        for (int64_t t = g->k; t > 0; t--) {
            vf bv[LM_TILE_VECS_MAX];
            LM_UNROLL
            for (int j = 0; j < NV; j++) {
                bv[j] = vf_load(b + j * VF_LANES);
            }
            LM_UNROLL
            for (int i = 0; i < MR; i++) {
                vf av = vf_set(a[i][at]);
                LM_UNROLL
                for (int j = 0; j < NV; j++) {
                    acc[i][j] = vf_fma(av, bv[j], acc[i][j]);
                }
            }
            at += a_k;
            b += b_k;
        }
    }
}

#endif
