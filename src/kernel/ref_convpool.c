/* Convolution and max-pool as one operation, naively: the definition of its order of operations. */
#include <math.h>

#include "kernel/convpool.h"

static float sum_row(const LmGemm *g, int64_t i, int64_t j)
{
    float sum = g->bias[j];
    for (int64_t s = 0; s < g->n_seg; s++) {
        const float *a = g->a + g->a_row[i] + g->a_seg[s];
        const float *b = g->b + g->b_seg[s] + j;
        for (int64_t t = 0; t < g->k; t++) {
            sum = fmaf(a[t * g->a_k], b[t * g->b_k], sum);
        }
    }
    return sum;
}

static LM_KERNEL void forward(const LmGemm *g, uint8_t *arg)
{
    for (int64_t w = 0; w < g->n_rows / 4; w++) {
        for (int64_t j = 0; j < g->n_cols; j++) {
            float best = sum_row(g, 4 * w, j);
            uint8_t best_k = 0;
            for (uint8_t k = 1; k < 4; k++) {
                float sum = sum_row(g, 4 * w + k, j);
                if (sum > best) {
                    best = sum;
                    best_k = k;
                }
            }
            g->c[g->c_row[w] + j] = g->is_relu && 0 > best ? 0 : best;
            arg[w * g->n_cols + j] = best_k;
        }
    }
}

/* Where x is read, or dx written, for window w and output channel k, tap t. */
static int64_t offset(const LmPoolGrad *g, const LmTapOffsets *at, int64_t w, int64_t k, int64_t t)
{
    return at->win[w] + at->pos[g->arg[w * g->oc_ld + k]] + at->tap[t];
}

static LM_KERNEL void weights_narrow(float *dw, const LmPoolGrad *g, const float *x,
                                     const LmTapOffsets *at, int64_t ic)
{
    for (int64_t w = 0; w < g->n_windows; w++) {
        for (int64_t k = 0; k < g->oc; k++) {
            for (int64_t t = 0; t < at->n_taps; t++) {
                const float *from = x + offset(g, at, w, k, t);
                for (int64_t c = 0; c < ic; c++) {
                    float *sum = &dw[(t * ic + c) * g->oc_ld + k];
                    *sum = fmaf(g->dy[g->win[w] + k], from[c], *sum);
                }
            }
        }
    }
}

static LM_KERNEL void weights(float *dw, const LmPoolGrad *g, const float *x,
                              const LmTapOffsets *at, int64_t ic, void *scratch)
{
    (void)scratch;
    for (int64_t w = 0; w < g->n_windows; w++) {
        for (int64_t k = 0; k < g->oc; k++) {
            for (int64_t t = 0; t < at->n_taps && g->dy[g->win[w] + k] != 0; t++) {
                const float *from = x + offset(g, at, w, k, t);
                for (int64_t c = 0; c < ic; c++) {
                    float *sum = &dw[(k * at->n_taps + t) * ic + c];
                    *sum = fmaf(g->dy[g->win[w] + k], from[c], *sum);
                }
            }
        }
    }
}

static LM_KERNEL void data(float *dx, const LmPoolGrad *g, const float *wt, const LmTapOffsets *at,
                           int64_t ic, void *scratch)
{
    (void)scratch;
    for (int64_t w = 0; w < g->n_windows; w++) {
        for (int p = 0; p < 4; p++) {
            for (int64_t k = 0; k < g->oc; k++) {
                bool is_used = g->arg[w * g->oc_ld + k] == p && g->dy[g->win[w] + k] != 0;
                for (int64_t t = 0; t < at->n_taps && is_used; t++) {
                    float *to = dx + offset(g, at, w, k, t);
                    for (int64_t c = 0; c < ic; c++) {
                        float v = wt[lm_convpool_weight(g->oc, at->n_taps, k, t, c)];
                        to[c] = fmaf(g->dy[g->win[w] + k], v, to[c]);
                    }
                }
            }
        }
    }
}

const LmConvPoolKernels lm_convpool_kernels_ref = {
    .forward = forward, .weights_narrow = weights_narrow, .weights = weights, .data = data};
