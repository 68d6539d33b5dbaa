/* Draws images as text for a terminal, with a label below each. */
#ifndef LM_SHOW_H
#define LM_SHOW_H

#include "tensor/picture.h"

typedef enum LmShowMode {
    LM_SHOW_PLAIN,     /* ASCII characters, no control codes */
    LM_SHOW_256,       /* half blocks in the 256 colours of xterm */
    LM_SHOW_TRUECOLOR, /* half blocks in 24-bit colours */
    LM_SHOW_KITTY,     /* real pixels (tensor/kitty.h) */
    LM_SHOW_COUNT
} LmShowMode;

typedef struct LmShowStyle {
    LmShowMode mode;
    int64_t columns; /* width of the terminal; larger images are averaged down */
    int64_t lines;   /* its height */
    int64_t cell_w;  /* pixels a character has, for LM_SHOW_KITTY */
    int64_t cell_h;
    int64_t
        max_images; /* at most so many are drawn, with a line that says how many more there are */
    const char *const *labels; /* of the images drawn, NULL: none have one */
} LmShowStyle;

/* Images stand side by side as far as the columns reach. Numbers other than u8 are stretched from
 * black to white, and a line below says from where to where; what is not finite shows as '?' or
 * magenta. *out ends in a newline and is the caller's (lm_mem_free). Fails as lm_picture_plan. */
LmStatus lm_show_draw(char **out, const LmPictureSource *source, const LmShowStyle *style,
                      LmError *err) LM_MUST_CHECK;

#endif
