/* Image files for tests: PNGs of every kind, made with their pixels known, and a small file of
 * every other format. */
#ifndef HELP_IMAGES_H
#define HELP_IMAGES_H

#include "base/rng.h"

enum { HELP_IMAGE_ROOM = 1 << 16, HELP_IMAGES_MAX = 32 };

typedef struct HelpBytes {
    const char *name; /* with the extension */
    size_t size;
    uint8_t bytes[HELP_IMAGE_ROOM];
} HelpBytes;

typedef struct HelpPng {
    int64_t w, h;
    int bits;
    int color_type; /* 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA */
    bool is_interlaced;
    int n_colors; /* of the palette */
    int n_trns;   /* bytes of tRNS; 0: none */
} HelpPng;

/* Appends the chunk with its length and CRC at out + at; gives its end. */
size_t help_png_chunk(uint8_t *out, size_t at, const char *name, const void *data, size_t size);
/* Writes a PNG of random samples, each row filtered in a random way, its stream in two chunks.
 * `samples` (w * h * samples a pixel) are what was drawn; palette is n_colors x 3, `trns` the bytes
 * of that chunk. All but out may be NULL. */
void help_png_make(HelpBytes *out, const HelpPng *p, LmRng *rng, uint16_t *samples,
                   uint8_t *palette, uint8_t *trns);

/* One small file of every format and kind; gives their number. */
int help_images_all(HelpBytes *out);
/* The one of that name. */
const HelpBytes *help_images_get(const char *name);

#endif
