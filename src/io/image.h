/* Reads image files: PNG, JPEG, BMP, GIF (first frame), TGA, PNM (binary), by their content.
 *
 * The decoders are stb_image's, but what it is known to get wrong never reaches it: PNG checksums,
 * structure and sizes of every format are checked before, so a damaged or cut file is refused and
 * nothing is decoded whose size was not held against the limits and against what a file of that
 * length can hold. Safe from any number of threads; the same bits on every machine. Colours of a
 * JPEG differ from libjpeg's by up to 3 in 255 (CMYK: 4): do not mix decoders between training and
 * use.
 */
#ifndef LM_IMAGE_H
#define LM_IMAGE_H

#include "base/error.h"

/* What the pixels become. LM_COLOR_FILE: as stored (1, 2, 3 or 4 channels). To gray:
 * (19595 R + 38470 G + 7471 B + 32768) >> 16; alpha is dropped or added as the largest value, never
 * blended; palettes and bilevel images are expanded. */
typedef enum LmColor { LM_COLOR_FILE, LM_COLOR_GRAY, LM_COLOR_RGB, LM_COLOR_RGBA } LmColor;

/* "file", "gray", "rgb", "rgba" */
const char *lm_color_name(LmColor color);
bool lm_color_from_name(const char *name, LmColor *out);

typedef struct LmImage {
    int64_t h, w, c;
    int depth;    /* bits a channel: 8, or 16 (of a 16-bit PNG or PNM, with keep_16) */
    void *pixels; /* h*w*c of uint8_t or uint16_t, owned: lm_image_fini */
} LmImage;

typedef struct LmImageOptions {
    LmColor color;
    bool ignore_exif;   /* else EXIF orientation (JPEG) is applied */
    bool keep_16;       /* 16-bit files keep 16 bits */
    bool scale_16;      /* 16-bit files become v / 257 rounded; without either they are refused */
    size_t limit_bytes; /* of decoded pixels; 0: 1 GiB */
} LmImageOptions;

/* The longest side that is read: JPEG, GIF and TGA have 16 bits for it. */
enum { LM_IMAGE_SIDE_MAX = 65535 };

/* What the header says, without decoding. */
typedef struct LmImageInfo {
    const char *format; /* "PNG", "JPEG", ... */
    int64_t h, w, c;    /* as stored; h and w before EXIF orientation */
    int depth;          /* 8 or 16; fewer bits are expanded to 8 */
    int orientation;    /* EXIF, 1..8; 1: upright */
} LmImageInfo;

/* Errors name `path`: LM_ENOTFOUND, LM_EIO, LM_EFORMAT (not an image, with a guess; truncated; CRC;
 * sizes), LM_EMEM (above the limit, with both figures). */
LmStatus lm_image_info(LmImageInfo *out, const char *path, LmError *err) LM_MUST_CHECK;
LmStatus lm_image_load(LmImage *out, const char *path, const LmImageOptions *o,
                       LmError *err) LM_MUST_CHECK;
/* From bytes in memory; `name` is used in messages, and its extension where the format has no
 * signature (TGA). */
LmStatus lm_image_parse(LmImage *out, const uint8_t *bytes, size_t size, const char *name,
                        const LmImageOptions *o, LmError *err) LM_MUST_CHECK;
void lm_image_fini(LmImage *image);

/* Does the name end in an extension of a readable format ('.' included, any case)? */
bool lm_image_is_name(const char *name);

#endif
