/* What image.c and the files of single formats share.
 *
 * A format is one row of a table: how its bytes are told, what its header says, how the whole file
 * is checked, how it is decoded. Messages of these functions do not name the file; image.c does.
 */
#ifndef LM_IMAGE_IMPL_H
#define LM_IMAGE_IMPL_H

#include "io/image.h"

/* What reading the header, then the whole file, has told. */
typedef struct LmImageFacts {
    LmImageInfo info;
    /* PNG */
    size_t rows_size; /* what the IDAT chunks must inflate to */
    size_t palette_at;
    size_t palette_end; /* the PLTE chunk; 0: none */
    int palette_room;   /* entries a pixel can name */
    /* BMP, PNM */
    size_t pixels_at;
    int bits; /* of a pixel */
    bool is_top_down;
    uint32_t masks[4]; /* BMP: red, green, blue, alpha */
    int n_colors;      /* BMP: entries of the palette, which ends at pixels_at or before */
    size_t colors_at;
    int color_size;
    int max_value; /* PNM */
} LmImageFacts;

/* A piece of a file as a decoder is to see it. */
typedef struct LmImagePart {
    const uint8_t *bytes;
    size_t size;
} LmImagePart;

/* Header readers fill info (format excepted) and what decoding needs. `whole`: the structure up to
 * the file's end is checked too, checksums included. */
LmStatus lm_png_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                      LmError *err) LM_MUST_CHECK;
LmStatus lm_jpeg_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                       LmError *err) LM_MUST_CHECK;
LmStatus lm_gif_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                      LmError *err) LM_MUST_CHECK;
LmStatus lm_tga_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                      LmError *err) LM_MUST_CHECK;
LmStatus lm_bmp_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                      LmError *err) LM_MUST_CHECK;
LmStatus lm_pnm_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                      LmError *err) LM_MUST_CHECK;
/* Is this what a TGA header can look like? It has no signature. */
bool lm_tga_is_plausible(const uint8_t *bytes, size_t size);

/* Inflates a zlib stream that must fill dst to the byte and have the right checksum. */
LmStatus lm_png_inflate(uint8_t *dst, size_t dst_size, const uint8_t *src, size_t size,
                        LmError *err) LM_MUST_CHECK;

/* Decoders of files that passed their check with `whole`. They set all of *out. */
LmStatus lm_bmp_decode(LmImage *out, const LmImageFacts *facts, const uint8_t *bytes, size_t size,
                       LmError *err) LM_MUST_CHECK;
LmStatus lm_pnm_decode(LmImage *out, const LmImageFacts *facts, const uint8_t *bytes, size_t size,
                       LmError *err) LM_MUST_CHECK;
/* PNG, JPEG, GIF, TGA */
LmStatus lm_stb_decode(LmImage *out, const LmImageFacts *facts, const uint8_t *bytes, size_t size,
                       LmError *err) LM_MUST_CHECK;

/* Sets h, w, c, depth and allocates the pixels. */
LmStatus lm_image_new(LmImage *out, int64_t h, int64_t w, int64_t c, int depth,
                      LmError *err) LM_MUST_CHECK;
/* In place, that is, with other pixels in the end. The image is as it was on failure. */
LmStatus lm_pixels_convert(LmImage *image, LmColor color, LmError *err) LM_MUST_CHECK;
LmStatus lm_pixels_scale_16(LmImage *image, LmError *err) LM_MUST_CHECK;
LmStatus lm_pixels_turn(LmImage *image, int orientation, LmError *err) LM_MUST_CHECK;

/* Little-endian numbers, which BMP, GIF and TGA use. */
static inline uint32_t lm_image_le16(const uint8_t *b)
{
    return (uint32_t)b[1] << 8 | b[0];
}

static inline uint32_t lm_image_le32(const uint8_t *b)
{
    return lm_image_le16(b + 2) << 16 | lm_image_le16(b);
}

#endif
