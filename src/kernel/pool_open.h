/* Which gradients a pool and relu let through, as bits.
 *
 * Included by fast_convpool.c. The sparse kernels walk the set bits of a word: finding the next one
 * costs a few integer instructions beside its multiply-adds, where a list would have to be written
 * first.
 */
#ifndef LM_POOL_OPEN_H
#define LM_POOL_OPEN_H

#include "kernel/convpool.h"
#include "kernel/vec.h"

/* The next bit of a word, which loses it. */
LM_INLINE int64_t open_next(uint64_t *bits)
{
    int64_t at = __builtin_ctzll(*bits);
    *bits &= *bits - 1;
    return at;
}

/* A word for each 64 channels: those whose gradient came from position p of window w and is not 0,
 * in words[(4 * w + p) * n_words + word]. */
LM_INLINE void open_channels(uint64_t *words, int64_t n_words, const LmPoolGrad *g)
{
    for (int64_t w = 0; w < g->n_windows; w++) {
        uint64_t *of_window = words + 4 * w * n_words;
        const float *dy = g->dy + g->win[w];
        const uint8_t *arg = g->arg + w * g->oc_ld;
        for (int64_t word = 0; word < n_words; word++) {
            uint64_t bits[4] = {0};
            int64_t k0 = 64 * word;
            for (int64_t k = k0; k < LM_MIN(k0 + 64, g->oc_ld); k += VF_LANES) {
                vm is_open = vf_nonzero(vf_load(dy + k));
                vi from = vi_load_u8(arg + k);
                LM_UNROLL
                for (int p = 0; p < 4; p++) {
                    uint64_t m = vm_bits(vm_and(is_open, vi_eq(from, vi_set(p))));
                    bits[p] |= m << (k - k0);
                }
            }
            LM_UNROLL
            for (int p = 0; p < 4; p++) {
                of_window[p * n_words + word] = bits[p];
            }
        }
    }
}

/* VF_LANES channels: windows in words of 32, gradients and where they read x. */
typedef struct OpenWindows {
    int32_t *bits; /* n_windows / 32, rounded up, x VF_LANES */
    float *g;      /* n_windows x VF_LANES */
    int32_t *at;
} OpenWindows;

LM_INLINE void open_windows(OpenWindows *o, const LmPoolGrad *g, const LmTapOffsets *at, int64_t k0)
{
    for (int64_t w0 = 0; w0 < g->n_windows; w0 += 32) {
        vi bits = vi_set(0);
        for (int64_t w = w0; w < LM_MIN(w0 + 32, g->n_windows); w++) {
            vi arg = vi_load_u8(g->arg + w * g->oc_ld + k0);
            vi from = vi_set(at->win[w] + at->pos[0]);
            LM_UNROLL
            for (int p = 1; p < 4; p++) {
                from = vi_select(vi_eq(arg, vi_set(p)), vi_set(at->win[w] + at->pos[p]), from);
            }
            vf d = vf_load(g->dy + g->win[w] + k0);
            vi bit = vi_set((int32_t)(UINT32_C(1) << (w - w0)));
            bits = vi_select(vf_nonzero(d), vi_or(bits, bit), bits);
            vf_store(o->g + w * VF_LANES, d);
            vi_store(o->at + w * VF_LANES, from);
        }
        vi_store(o->bits + w0 / 32 * VF_LANES, bits);
    }
}

#endif
