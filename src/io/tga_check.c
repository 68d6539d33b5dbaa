/* Truevision TGA 2.0: 18 bytes of header without a signature, so a file counts as TGA only when its
 * name says so and the header is one. What stb_image would misread is refused here. */
#include "io/image_impl.h"

enum {
    HEADER_SIZE = 18,
    MAPPED = 1,
    COLOR = 2,
    GRAY = 3,
    RUNS = 8, /* added to the type: run-length coded */
    FROM_RIGHT = 0x10
};

/* Channels of a pixel or palette entry; 0: not a depth that occurs. */
static int channels_of(int bits, bool is_gray)
{
    switch (bits) {
    case 8:
        return 1;
    case 15:
        return is_gray ? 0 : 3;
    case 16:
        return is_gray ? 2 : 3;
    case 24:
        return is_gray ? 0 : 3;
    case 32:
        return is_gray ? 0 : 4;
    default:
        return 0;
    }
}

static int channels(const uint8_t *b)
{
    int type = b[2] & ~RUNS;
    if (type == MAPPED) {
        return b[1] == 1 && (b[16] == 8 || b[16] == 16) ? channels_of(b[7], false) : 0;
    }
    if (b[1] != 0 || (type != COLOR && type != GRAY)) {
        return 0;
    }
    bool is_gray_color = type == COLOR && b[16] == 8;
    return is_gray_color ? 0 : channels_of(b[16], type == GRAY);
}

bool lm_tga_is_plausible(const uint8_t *b, size_t size)
{
    return size >= HEADER_SIZE && channels(b) != 0 && lm_image_le16(b + 12) != 0 &&
           lm_image_le16(b + 14) != 0;
}

LmStatus lm_tga_check(LmImageFacts *out, const uint8_t *b, size_t size, bool whole, LmError *err)
{
    LM_ASSERT(lm_tga_is_plausible(b, size));
    out->info = (LmImageInfo){.h = lm_image_le16(b + 14),
                              .w = lm_image_le16(b + 12),
                              .c = channels(b),
                              .depth = 8,
                              .orientation = 1};
    bool is_mapped = b[1] == 1;
    if ((b[17] & FROM_RIGHT) != 0 || (is_mapped && lm_image_le16(b + 3) != 0)) {
        return lm_fail(err, LM_EFORMAT, "a TGA of an unusual kind (%s) cannot be read",
                       is_mapped ? "colours not counted from 0" : "rows from right to left");
    }
    size_t colors = is_mapped ? lm_image_le16(b + 5) * (((size_t)b[7] + 7) / 8) : 0;
    size_t pixels = (size_t)(out->info.h * out->info.w) * (((size_t)b[16] + 7) / 8);
    /* Runs may be 128 times shorter; where they end shows when they are decoded. */
    size_t least = HEADER_SIZE + b[0] + colors + ((b[2] & RUNS) != 0 ? pixels / 128 : pixels);
    if (is_mapped && colors == 0) {
        return lm_fail(err, LM_EFORMAT, "the TGA is damaged: its colour map is empty");
    }
    if (whole && size < least) {
        return lm_fail(err, LM_EFORMAT, "the TGA is cut off: it has %zu bytes, %s %zu", size,
                       (b[2] & RUNS) != 0 ? "at least" : "wants", least);
    }
    return LM_OK;
}
