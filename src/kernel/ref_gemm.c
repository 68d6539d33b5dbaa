/* The matrix kernel, naively: this is the definition of its order of operations. */
#include <math.h>

#include "kernel/gemm.h"

static float element(const LmGemm *g, int64_t i, int64_t j)
{
    float sum = 0;
    if (g->init == LM_GEMM_BIAS) {
        sum = g->bias[j];
    } else if (g->init == LM_GEMM_ADD) {
        sum = g->c[g->c_row[i] + j];
    }
    for (int64_t s = 0; s < g->n_seg; s++) {
        const float *a = g->a + g->a_row[i] + g->a_seg[s];
        const float *b = g->b + g->b_seg[s] + j;
        for (int64_t t = 0; t < g->k; t++) {
            sum = fmaf(a[t * g->a_k], b[t * g->b_k], sum);
        }
    }
    return g->is_relu && 0 > sum ? 0 : sum;
}

static LM_KERNEL void gemm(const LmGemm *g)
{
    for (int64_t i = 0; i < g->n_rows; i++) {
        for (int64_t j = 0; j < g->n_cols; j++) {
            g->c[g->c_row[i] + j] = element(g, i, j);
        }
    }
}

/* Chains of their own, so that none waits for another. */
static LM_KERNEL double peak(int64_t rounds)
{
    enum { CHAINS = 8 };
    float acc[CHAINS] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int64_t r = 0; r < rounds; r++) {
        for (int i = 0; i < CHAINS; i++) {
            acc[i] = fmaf(acc[i], 0.999f, 1e-3f);
        }
    }
    volatile float keep = acc[0] + acc[1] + acc[2] + acc[3] + acc[4] + acc[5] + acc[6] + acc[7];
    (void)keep;
    return 2.0 * CHAINS * (double)rounds;
}

const LmGemmKernels lm_gemm_kernels_ref = {.gemm = gemm, .peak = peak};
