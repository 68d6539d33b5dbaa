/* One image changed by known parameters, in the order and with the numbers of Keras'
 * apply_transform: warp -> channel shift -> horizontal flip -> vertical flip -> brightness.
 *
 * Geometry, x being the column and y the row about the image's centre ((w-1)/2, (h-1)/2), angles in
 * radians: M = R*T*S*Z with R = [[cos t, -sin t], [sin t, cos t]], T = translation by (tx, ty),
 * S = [[1, -sin s], [0, cos s]], Z = diag(zx, zy); M maps output to source coordinates. So tx > 0
 * moves the picture left and theta > 0 turns it counter-clockwise. Keras exchanges height and width
 * of the centre (which shows on images that are not square); this is the repaired form.
 */
#ifndef LM_TRANSFORM_H
#define LM_TRANSFORM_H

#include "base/error.h"
#include "kernel/warp.h"

typedef struct LmTransform {
    double theta_deg;
    double tx, ty; /* pixels along columns, along rows */
    double shear_deg;
    double zx, zy; /* 1: none */
    bool flip_horizontal, flip_vertical;
    bool has_channel_shift, has_brightness;
    double channel_shift; /* added to all channels, then clipped to the image's own range */
    double brightness; /* through 8 bits, as Keras does by way of PIL; see lm_transform_brighten */
} LmTransform;

/* Changes nothing. */
LmTransform lm_transform(void);
bool lm_transform_is_affine(const LmTransform *t); /* false: the warp is the identity */
/* The map of the warp for images of h x w, centre included. */
void lm_transform_matrix(const LmTransform *t, int64_t h, int64_t w, double m[6]);
/* dst from src, both h x w x c floats, not overlapping. `fill`: fill rule, value and order; its m
 * is not looked at. LM_EARG: brightness with other than 1, 3 or 4 channels. */
LmStatus lm_transform_apply(const LmTransform *t, const LmWarp *fill, const float *src, int64_t h,
                            int64_t w, int64_t c, float *dst, LmError *err) LM_MUST_CHECK;

/* The parts, in place. */
void lm_transform_shift_channels(float *image, int64_t n, double intensity);
void lm_transform_flip_horizontal(float *image, int64_t h, int64_t w, int64_t c);
void lm_transform_flip_vertical(float *image, int64_t h, int64_t w, int64_t c);
/* Keras' apply_brightness_shift: to 8 bits (stretched from min..max first where a value lies
 * outside 0..255 or `scale` is set, truncated), times `factor` truncated and clipped to 0..255 (a
 * fourth channel is left alone), back to min..max where it was stretched and `scale` is not set. */
void lm_transform_brighten(float *image, int64_t n_pixels, int64_t c, double factor, bool scale);

#endif
