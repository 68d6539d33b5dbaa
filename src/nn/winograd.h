/* A 3x3 convolution of stride 1 by Winograd's F(2x2, 3x3), for the operations that use it: the
 * memory it needs, and the 16 products of a run of tiles (kernel/winograd.h has the transforms).
 * For nn/ only. */
#ifndef LM_NN_WINOGRAD_H
#define LM_NN_WINOGRAD_H

#include "nn/net.h"

/* Channels below which the transforms cost more than the products save. */
enum { LM_WINOGRAD_CHANNELS_MIN = 16 };

bool lm_winograd_fits(const LmWindow *win, int64_t channels);

/* Reserves what tiles from ic to oc channels (padded counts) need; at most max_tiles at once. */
LmStatus lm_winograd_plan(LmWinograd *w, LmNet *net, int64_t ic, int64_t oc, int64_t max_tiles,
                          LmError *err) LM_MUST_CHECK;
void lm_winograd_fini(LmWinograd *w);

/* Transforms the kernel: tap t of channel c to output k is g[t * tap_stride + c * w->oc + k]. */
void lm_winograd_kernel(const LmWinograd *w, LmNet *net, const float *g, int64_t tap_stride,
                        int64_t channels);

/* The products of n (at most w->chunk) tiles whose patches begin at x + at[i * at_step]: m[(xi * n
 * + tile) * oc + k], in the thread's arena. */
const float *lm_winograd_products(const LmWinograd *w, const LmBlockRun *run, const LmMap *x,
                                  const int32_t *at, int64_t at_step, int64_t n);

#endif
