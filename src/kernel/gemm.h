/* One matrix kernel for convolution and dense layers, forward, data gradient and weight gradient.
 *
 * C[i][j] = init + sum over segments s, over t in [0, k) of
 *     A[a_row[i] + a_seg[s] + t*a_k]  *  B[b_seg[s] + t*b_k + j],
 * added in exactly that order, one fused multiply-add a term: every output element is one chain.
 * Offsets (in floats) instead of a dense A let the rows be positions of an image and the segments
 * rows of a filter, so nothing is ever gathered into an "im2col" copy. Columns are vectorised.
 */
#ifndef LM_GEMM_H
#define LM_GEMM_H

#include "kernel/kernel.h"

/* Columns come in groups of this many floats; buffers are padded to it. */
enum { LM_GEMM_COLS = 16 };

typedef enum LmGemmInit {
    LM_GEMM_ZERO, /* C = 0 + ... */
    LM_GEMM_BIAS, /* C[i][j] = bias[j] + ... */
    LM_GEMM_ADD   /* C[i][j] = C[i][j] + ... */
} LmGemmInit;

typedef struct LmGemm {
    const float *a;
    const int32_t *a_row; /* n_rows offsets into a */
    const int32_t *a_seg; /* n_seg offsets added to it */
    int64_t a_k;
    const float *b;
    const int32_t *b_seg; /* n_seg offsets into b */
    int64_t b_k;
    float *c;
    const int32_t *c_row; /* n_rows offsets into c */
    int64_t n_rows;
    int64_t n_seg;
    int64_t k;
    int64_t n_cols; /* a multiple of LM_GEMM_COLS */
    LmGemmInit init;
    const float *bias; /* n_cols numbers, for LM_GEMM_BIAS */
    bool is_relu;      /* store 0 > c ? 0 : c (a NaN stays) */
} LmGemm;

struct LmGemmKernels {
    void (*gemm)(const LmGemm *g);
    /* Runs multiply-adds in registers alone, for the benchmark's anchor; returns how many floating
     * point operations they were (two each). */
    double (*peak)(int64_t rounds);
};

#endif
