/* Draws image tensors as text for a terminal. */
#ifndef LM_SHOW_H
#define LM_SHOW_H

#include "tensor/tensor.h"

typedef struct LmShowStyle {
    bool has_color;     /* 24-bit colours and half blocks, else plain ASCII characters */
    int columns;        /* width of the terminal; images wider than that are averaged down */
    int64_t max_images; /* at most so many are drawn, with a line that says how many there are */
} LmShowStyle;

/* t is H x W, H x W x 1, 3 or 4, N x H x W, or N x H x W x 1, 3 or 4 (three dimensions are one
 * image where the last is 1, 3 or 4; an alpha channel is not drawn); other shapes and images
 * without pixels are LM_ESHAPE. u8 is drawn as it is, other types stretched from their smallest
 * finite value (black) to their largest (white); what is not finite shows as '?' or magenta. Images
 * stand side by side as far as the columns reach. *out ends in a newline and is the caller's
 * (lm_mem_free). */
LmStatus lm_show_draw(char **out, const LmTensor *t, const LmShowStyle *style,
                      LmError *err) LM_MUST_CHECK;

#endif
