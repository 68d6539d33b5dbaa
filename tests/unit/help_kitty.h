/* Reads pictures of the kitty graphics protocol back out of a text, as a terminal would. */
#ifndef HELP_KITTY_H
#define HELP_KITTY_H

#include <stdint.h>

typedef struct KittyPicture {
    int64_t w, h;
    uint8_t *rgb; /* w*h*3 bytes; the caller's (free) */
    int n_chunks;
    int longest;       /* letters of base64 in a chunk */
    const char *begin; /* of the first sequence in the text */
    const char *end;   /* behind the last */
} KittyPicture;

/* The next picture in `text`; false where there is none. Fails the test where the sequences are not
 * as https://sw.kovidgoyal.net/kitty/graphics-protocol/ wants them. */
bool help_kitty_next(const char *text, KittyPicture *out);

#endif
