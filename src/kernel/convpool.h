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
     * is 0; ic a multiple of 16. `scratch`: lm_convpool_scratch_bytes, as
     * aligned as memory from lm_mem_alloc. */
    void (*weights)(float *dw, const LmPoolGrad *g, const float *x, const LmTapOffsets *at,
                    int64_t ic, void *scratch);
    /* dx[win + pos[arg[window][k]] + tap[t] + c] += dy[window][k] * w[k][t][c]: over windows, then
     * positions 0..3, then k, each sum in that order, without the terms whose dy is 0. ic is a
     * multiple of 16; weight (k, t, c) lies at lm_convpool_weight. `scratch` as above. */
    void (*data)(float *dx, const LmPoolGrad *g, const float *w, const LmTapOffsets *at, int64_t ic,
                 void *scratch);
};

/* Weights for the data gradient, w[c / 16][k][t][c % 16]: those that one pass over an image uses
 * are together, 36 kB for 64 channels by 9 taps. */
static inline int64_t lm_convpool_weight(int64_t oc, int64_t n_taps, int64_t k, int64_t t,
                                         int64_t c)
{
    return ((c / 16 * oc + k) * n_taps + t) * 16 + c % 16;
}

/* Scratch of the two kernels: a word for each window, position and 64 channels; or two numbers for
 * each window and lane, and a word for each lane and 32 windows. */
static inline size_t lm_convpool_scratch_bytes(int64_t n_windows, int64_t oc_ld)
{
    size_t words = (size_t)(4 * n_windows * ((oc_ld + 63) / 64));
    size_t numbers = (size_t)(16 * (2 * n_windows + (n_windows + 31) / 32));
    return LM_MAX(words * sizeof(uint64_t), numbers * sizeof(float));
}

#endif
