/* 3x3 convolutions of stride 1 by Winograd's F(2x2, 3x3) or F(4x4, 3x3), and their weights'
 * gradient by the adjoint of the latter, for the operations that use them: which tile a shape
 * takes, the memory it needs, and running it on the images of a group (kernel/winograd.h has the
 * transforms). For nn/ only.
 */
#ifndef LM_NN_WINOGRAD_H
#define LM_NN_WINOGRAD_H

#include "kernel/winograd.h"
#include "nn/net.h"

/* Channels below which the transforms cost more than the products save. */
enum { LM_WINOGRAD_CHANNELS_MIN = 16 };

/* The outputs a side of the tiles that suit a convolution with h x w outputs; 0: none. */
int64_t lm_winograd_tile(const LmWindow *win, int64_t channels, int64_t h, int64_t w);

/* Reserves what tiles from map `from` to map `to` need, for group images at once, and asks for the
 * halo their patches reach into. Patches begin `before` the outputs they make; a place of `to` is
 * `unit` outputs wide and high (2 under a pool). */
LmStatus lm_winograd_plan(LmWinograd *w, LmNet *net, const LmWinogradShape *shape,
                          LmError *err) LM_MUST_CHECK;
/* The tiles' offsets, once the maps have their strides. */
LmStatus lm_winograd_tables(LmWinograd *w, LmError *err) LM_MUST_CHECK;
void lm_winograd_fini(LmWinograd *w);

/* Transforms the kernel: tap t of channel c to output k is g[t * tap_stride + c * oc + k]. */
void lm_winograd_kernel(const LmWinograd *w, LmNet *net, const float *g, int64_t tap_stride,
                        int64_t channels);

/* Convolves n images (at most a group) of x; `out` says where they go and how, but for the offsets
 * of tiles. With `arg` in it the largest of each 2x2 window goes there. */
void lm_winograd_convolve(const LmWinograd *w, const LmBlockRun *run, const LmMap *x,
                          const LmWinogradOut *out, int64_t n);

/* Floats from an entry of a transform to the next: an odd number of cache lines, so that the
 * entries of a tile do not all fall into the same set of a cache. */
int64_t lm_winograd_plane(int64_t n, int64_t channels);
/* Asks for the halo the patches of the shape's tiles reach into. */
void lm_winograd_want_halo(const LmWinogradShape *shape);

/* --- the weights' gradient --- */

bool lm_winograd_grad_fits(const LmWindow *win, int64_t channels, int64_t h, int64_t w);
LmStatus lm_winograd_grad_plan(LmWinogradGrad *g, LmNet *net, const LmWinogradShape *shape,
                               LmError *err) LM_MUST_CHECK;
LmStatus lm_winograd_grad_tables(LmWinogradGrad *g, LmError *err) LM_MUST_CHECK;
void lm_winograd_grad_fini(LmWinogradGrad *g);

/* dw[(tap * channels + c) * ld + k] = the gradient over the run's images, or += with is_sum. */
void lm_winograd_grad_run(const LmWinogradGrad *g, const LmBlockRun *run, const LmMap *x,
                          const LmMap *dy, float *dw, bool is_sum);

#endif
