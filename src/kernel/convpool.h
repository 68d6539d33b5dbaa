/* Convolution and the 2x2 max-pool behind it as one operation.
 *
 * Forward, the four positions of a pool window are four rows of the matrix kernel and only their
 * maximum leaves the registers. Backward, one position in four has a gradient, and relu closes
 * more: what is left is walked as lists instead of multiplying zeros.
 */
#ifndef LM_CONVPOOL_H
#define LM_CONVPOOL_H

#include "kernel/gemm.h"

/* Taps a pass of the gradient kernels keeps in registers. */
enum { LM_CONVPOOL_TAPS = 9 };

/* One image's gradient behind the pool. Offsets are in floats. */
typedef struct LmPoolGrad {
    const float *dy;    /* gradient of the pooled map; 0 where relu closed it */
    const int32_t *win; /* n_windows offsets of the windows into dy */
    const uint8_t *arg; /* n_windows x oc_ld: which of the four positions was the maximum */
    int64_t n_windows;
    int64_t oc;
    int64_t oc_ld; /* oc padded to 16 */
} LmPoolGrad;

/* Where windows, their four positions and the filter's taps lie in a map of one image. */
typedef struct LmTapOffsets {
    const int32_t *win; /* n_windows */
    int32_t pos[4];     /* position k of a window: row k / 2, column k % 2 */
    const int32_t *tap; /* n_taps */
    int64_t n_taps;
} LmTapOffsets;

struct LmConvPoolKernels {
    /* Rows of g come in fours (a window's positions, row by row); g->c_row has one entry a window.
     * C = the largest of the four sums, the first one where equal, then relu if g->is_relu; arg
     * (n_rows / 4 x n_cols) = its number. g->init is LM_GEMM_BIAS. */
    void (*forward)(const LmGemm *g, uint8_t *arg);

    /* dw[(t * ic + c) * oc_ld + k] += sum over windows, in order, of
     *     dy[window][k] * x[win + pos[arg[window][k]] + tap[t] + c]:  ic channels, any number. */
    void (*weights_narrow)(float *dw, const LmPoolGrad *g, const float *x, const LmTapOffsets *at,
                           int64_t ic);
    /* The same sums in the same order as dw[(k * n_taps + t) * ic + c], without the terms whose dy
     * is 0; ic a multiple of 16. `lists` is scratch of lm_convpool_list_bytes. */
    void (*weights)(float *dw, const LmPoolGrad *g, const float *x, const LmTapOffsets *at,
                    int64_t ic, void *lists);
    /* dx[win + pos[arg[window][k]] + tap[t] + c] += dy[window][k] * w[k][t][c]: over windows, then
     * positions 0..3, then k, each sum in that order, without the terms whose dy is 0. Weights
     * w[(k * n_taps + t) * ic + c], ic a multiple of 16. */
    void (*data)(float *dx, const LmPoolGrad *g, const float *w, const LmTapOffsets *at,
                 int64_t ic);
};

/* Scratch for one image's lists: of every channel, the windows with a gradient. */
typedef struct LmPoolEntry {
    float g;
    int32_t offset; /* of the maximum's position in x */
} LmPoolEntry;

static inline size_t lm_convpool_list_bytes(int64_t n_windows, int64_t oc_ld)
{
    return (size_t)(oc_ld * n_windows) * sizeof(LmPoolEntry);
}

#endif
