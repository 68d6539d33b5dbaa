/* Resizing as PIL does it, to the bit: separable filters with fixed-point weights, 8 bits between
 * the passes, nearest by accumulated steps; RGBA through premultiplied colours. */
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

const char *lm_resize_name(LmResize filter);
bool lm_resize_from_name(const char *name, LmResize *out);

/* `image` becomes h x w. keep_aspect: the centred box of the target's proportions is cut out first
 * (Keras' keep_aspect_ratio). An image that already has the size is left alone. 8 and 16 bits. */
LmStatus lm_resize_apply(LmImage *image, int64_t h, int64_t w, LmResize filter, bool keep_aspect,
                         LmError *err) LM_MUST_CHECK;

#endif
