/* Warping: an image seen through an affine map of its coordinates.
 *
 * Output pixel (r, c) takes the source at (m[0]*r + m[1]*c + m[2], m[3]*r + m[4]*c + m[5]), row and
 * column, worked out in double as (m[0]*r + m[1]*c) + m[2] without fused operations, so that which
 * pixel is met never depends on the instruction set. A coordinate v on n pixels is folded, then
 * sampled (scipy.ndimage.affine_transform, which Keras calls, does the same):
 *   constant  outside [0, n-1] on either axis the output is `fill_value`, without blending;
 *   nearest   clamped to [0, n-1];
 *   reflect   mirrored with the edge pixel repeated: period 2n;
 *   wrap      period n-1 as in Keras: the last pixel and the first are the same place;
 *   tile      period n: the picture repeated side by side, what people expect of "wrap".
 * Order 0 takes pixel floor(v + 0.5); order 1 blends floor(v) and floor(v) + 1 linearly. Pixels n
 * and -1, where they are met, are the edge; for `tile` they are the other end.
 */
#ifndef LM_WARP_H
#define LM_WARP_H

#include "kernel/kernel.h"

typedef enum LmFill {
    LM_FILL_NEAREST,
    LM_FILL_CONSTANT,
    LM_FILL_REFLECT,
    LM_FILL_WRAP,
    LM_FILL_TILE
} LmFill;

/* A mirrored output has exactly the numbers that warping first and mirroring afterwards gives. */
typedef struct LmWarp {
    double m[6];
    LmFill fill;
    float fill_value; /* in the units of the source */
    int order;        /* 0 or 1 */
    bool flip_horizontal, flip_vertical;
} LmWarp;

/* y = a*x + b for the output, rounded once: scaling on the way. {1, 0} leaves numbers alone. */
typedef struct LmWarpScale {
    float a, b;
} LmWarpScale;

/* The map is the identity; its output is the source, scaled and flipped, without any blending. */
static inline bool lm_warp_is_identity(const LmWarp *warp)
{
    const double *m = warp->m;
    return m[0] == 1 && m[1] == 0 && m[2] == 0 && m[3] == 0 && m[4] == 1 && m[5] == 0;
}

struct LmWarpKernels {
    /* dst (h x w x c floats) from src of the same shape, h, w, c at least 1. They do not overlap.
     * The identity is a copy or a flip, at that speed. */
    void (*warp_u8)(float *dst, const uint8_t *src, int64_t h, int64_t w, int64_t c,
                    const LmWarp *warp, LmWarpScale scale);
    void (*warp_f32)(float *dst, const float *src, int64_t h, int64_t w, int64_t c,
                     const LmWarp *warp, LmWarpScale scale);
};

#endif
