/* The weight gradient where input channels do not fill vectors (the first layer).
 *
 * Included by fast_convpool.c. Output channels fill the vectors, and each lane picks the pixel of
 * its own position: with one input channel and the usual 3x3 filter out of a register that holds
 * the 4x4 pixels of a pool window, else by a choice between four.
 */
#ifndef LM_POOL_NARROW_H
#define LM_POOL_NARROW_H

#include "kernel/convpool.h"
#include "kernel/vec.h"

enum { TAPS = LM_CONVPOOL_TAPS };

/* A 3x3 filter: taps in three rows of three. */
static bool is_3x3(const LmTapOffsets *at)
{
    bool is = at->n_taps == 9;
    for (int t = 0; t < 9 && is; t++) {
        is = at->tap[t] == t / 3 * at->tap[3] + t % 3 * at->tap[1];
    }
    return is;
}

/* A 3x3 filter with stride 1: the four positions of a window reach over 4x4 pixels together. */
static bool is_patch(const LmTapOffsets *at)
{
    return is_3x3(at) && at->pos[1] == at->tap[1] && at->pos[2] == at->tap[3] &&
           at->pos[3] == at->tap[4];
}

/* Output channels in lanes: each lane picks x at its own of the four positions. */
LM_INLINE void narrow_taps(float *dw, const LmPoolGrad *g, const float *x, const LmTapOffsets *at,
                           int64_t ic, int64_t k, int64_t row0, const int ROWS)
{
    vf acc[TAPS];
    int32_t shift[TAPS];
    LM_UNROLL
    for (int r = 0; r < ROWS; r++) {
        acc[r] = vf_load(dw + (row0 + r) * g->oc_ld + k);
        shift[r] = at->tap[(row0 + r) / ic] + (int32_t)((row0 + r) % ic);
    }
    for (int64_t w = 0; w < g->n_windows; w++) {
        vf gv = vf_load(g->dy + g->win[w] + k);
        vi from = vi_load_u8(g->arg + w * g->oc_ld + k);
        vm is_1 = vi_eq(from, vi_set(1));
        vm is_2 = vi_eq(from, vi_set(2));
        vm is_3 = vi_eq(from, vi_set(3));
        const float *p = x + at->win[w];
        LM_UNROLL
        for (int r = 0; r < ROWS; r++) {
            const float *q = p + shift[r];
            vf v = vf_set(q[at->pos[0]]);
            v = vf_select(is_1, vf_set(q[at->pos[1]]), v);
            v = vf_select(is_2, vf_set(q[at->pos[2]]), v);
            v = vf_select(is_3, vf_set(q[at->pos[3]]), v);
            acc[r] = vf_fma(gv, v, acc[r]);
        }
    }
    LM_UNROLL
    for (int r = 0; r < ROWS; r++) {
        vf_store(dw + (row0 + r) * g->oc_ld + k, acc[r]);
    }
}

static LM_KERNEL void narrow_9(float *dw, const LmPoolGrad *g, const float *x,
                               const LmTapOffsets *at, int64_t ic, int64_t k, int64_t row0)
{
    narrow_taps(dw, g, x, at, ic, k, row0, TAPS);
}

static LM_KERNEL void narrow_1(float *dw, const LmPoolGrad *g, const float *x,
                               const LmTapOffsets *at, int64_t ic, int64_t k, int64_t row0)
{
    narrow_taps(dw, g, x, at, ic, k, row0, 1);
}

/* One input channel, NV vectors of output channels from k on, over all windows. */
LM_INLINE void narrow_patches(float *dw, const LmPoolGrad *g, const float *x,
                              const LmTapOffsets *at, int64_t k, const int NV)
{
    const int64_t row = at->tap[3];
    vf acc[TAPS][2];
    LM_UNROLL
    for (int t = 0; t < TAPS; t++) {
        LM_UNROLL
        for (int v = 0; v < NV; v++) {
            acc[t][v] = vf_load(dw + t * g->oc_ld + k + v * VF_LANES);
        }
    }
    for (int64_t w = 0; w < g->n_windows; w++) {
        const float *p = x + at->win[w];
        vf16 patch = vf16_load_rows(p, p + row, p + 2 * row, p + 3 * row);
        LM_UNROLL
        for (int v = 0; v < NV; v++) {
            vf gv = vf_load(g->dy + g->win[w] + k + v * VF_LANES);
            vi arg = vi_load_u8(g->arg + w * g->oc_ld + k + v * VF_LANES);
            vi first = vi_add32(arg, vi_and(arg, vi_set(2))); /* 0, 1, 4, 5 */
            LM_UNROLL
            for (int t = 0; t < TAPS; t++) {
                vf pixel = vf16_pick(patch, vi_add32(first, vi_set(t / 3 * 4 + t % 3)));
                acc[t][v] = vf_fma(gv, pixel, acc[t][v]);
            }
        }
    }
    LM_UNROLL
    for (int t = 0; t < TAPS; t++) {
        LM_UNROLL
        for (int v = 0; v < NV; v++) {
            vf_store(dw + t * g->oc_ld + k + v * VF_LANES, acc[t][v]);
        }
    }
}

static LM_KERNEL void narrow_patches_1(float *dw, const LmPoolGrad *g, const float *x,
                                       const LmTapOffsets *at, int64_t k)
{
    narrow_patches(dw, g, x, at, k, 1);
}

#if defined(__AVX512F__)
static LM_KERNEL void narrow_patches_2(float *dw, const LmPoolGrad *g, const float *x,
                                       const LmTapOffsets *at, int64_t k)
{
    narrow_patches(dw, g, x, at, k, 2);
}
#endif

static void weights_of_patches(float *dw, const LmPoolGrad *g, const float *x,
                               const LmTapOffsets *at)
{
    int64_t k = 0;
#if defined(__AVX512F__)
    for (; k + 2 * VF_LANES <= g->oc_ld; k += 2 * VF_LANES) {
        narrow_patches_2(dw, g, x, at, k);
    }
#endif
    for (; k < g->oc_ld; k += VF_LANES) {
        narrow_patches_1(dw, g, x, at, k);
    }
}

static LM_KERNEL void weights_narrow(float *dw, const LmPoolGrad *g, const float *x,
                                     const LmTapOffsets *at, int64_t ic)
{
    if (ic == 1 && is_patch(at)) {
        weights_of_patches(dw, g, x, at);
        return;
    }
    int64_t n_rows = at->n_taps * ic;
    for (int64_t k = 0; k < g->oc_ld; k += VF_LANES) {
        int64_t r = 0;
        for (; r + TAPS <= n_rows; r += TAPS) {
            narrow_9(dw, g, x, at, ic, k, r);
        }
        for (; r < n_rows; r++) {
            narrow_1(dw, g, x, at, ic, k, r);
        }
    }
}

#endif
