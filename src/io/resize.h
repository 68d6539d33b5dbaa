/* Resizing as PIL does it, to the bit: separable filters with fixed-point weights, 8 bits between
 * the passes, nearest by accumulated steps; images with alpha through premultiplied colours. */
#ifndef LM_RESIZE_H
#define LM_RESIZE_H

#include "io/image.h"

typedef enum LmResize {
    LM_RESIZE_NEAREST,
    LM_RESIZE_BOX,
    LM_RESIZE_BILINEAR,
    LM_RESIZE_HAMMING,
    LM_RESIZE_BICUBIC,
    LM_RESIZE_LANCZOS
} LmResize;

/* "nearest", "box", "bilinear", "hamming", "bicubic", "lanczos" */
const char *lm_resize_name(LmResize filter);
bool lm_resize_from_name(const char *name, LmResize *out);

/* `image` becomes h x w (each 1..LM_IMAGE_SIDE_MAX, else LM_EARG) and stays as it is on failure.
 * keep_aspect: of the target's proportions, the largest centred box is resized; the filter does
 * look outside that box, never outside the image (Keras' keep_aspect_ratio). The box may be empty.
 * An image that already has the size is left alone. 16 bits: as PIL's mode I, clipped to 0..65535.
 * Bits are those of Pillow before 13, whose pass across always goes first. */
LmStatus lm_resize_apply(LmImage *image, int64_t h, int64_t w, LmResize filter, bool keep_aspect,
                         LmError *err) LM_MUST_CHECK;

#endif
