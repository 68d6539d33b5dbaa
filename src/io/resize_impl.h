/* Taps of one axis: which inputs make an output, and with what weights. */
#ifndef LM_RESIZE_IMPL_H
#define LM_RESIZE_IMPL_H

#include "io/resize.h"

/* Weights are integers times 2^-LM_RESIZE_BITS: 255 times their sum fits 31 bits with room for the
 * negative lobes. */
enum { LM_RESIZE_BITS = 22 };

/* Part [lo, hi) of n_in pixels that becomes n_out. */
typedef struct LmAxis {
    int64_t n_in, lo, hi, n_out;
} LmAxis;

/* Output o is the sum over t < counts[o] of input firsts[o] + t times weights[o * stride + t]. */
typedef struct LmTaps {
    int64_t n_out;
    int64_t stride;
    int32_t *firsts;
    int32_t *counts;
    int32_t *fixed;  /* for 8 bits, or NULL */
    double *weights; /* for 16 bits; for 8, room of one output */
} LmTaps;

/* filter may not be LM_RESIZE_NEAREST. On success the caller owes lm_resize_taps_fini. */
LmStatus lm_resize_taps_init(LmTaps *out, const LmAxis *axis, LmResize filter, int depth,
                             LmError *err) LM_MUST_CHECK;
void lm_resize_taps_fini(LmTaps *taps);

/* Passes over 8-bit rows of c interleaved channels. Across: every row of src (n_in pixels) becomes
 * taps->n_out pixels. Down: row o of dst is made of whole rows of src, `size` bytes each; rows of
 * src are counted from `first_row`. */
void lm_resize_across_8(uint8_t *dst, const uint8_t *src, int64_t n_rows, int64_t n_in, int64_t c,
                        const LmTaps *taps);
void lm_resize_down_8(uint8_t *dst, const uint8_t *src, int64_t size, int64_t first_row,
                      const LmTaps *taps);

#endif
