/* Windows and OS/2 bitmaps, uncompressed: 1, 4 and 8 bits through a palette, 16, 24 and 32 bits.
 *
 * Decoded here and not by stb_image, which misreads OS/2 palettes, headers of 52 and 56 bytes and
 * colours outside a short palette. As PIL reads them: the fourth byte of plain 32-bit pixels is no
 * alpha, masked fields are value*255/largest cut down, a colour outside the palette is black.
 */
#include <string.h>

#include "io/image_impl.h"

enum {
    FILE_HEADER = 14,
    OS2_HEADER = 12,
    MASKS_AT = FILE_HEADER + 40, /* in a header of 52 bytes or more, and behind one of 40 */
    PLAIN = 0,
    BITFIELDS = 3,
    ALPHA_BITFIELDS = 6
};

static LmStatus fail_cut(size_t size, size_t wanted, LmError *err)
{
    return lm_fail(err, LM_EFORMAT, "the BMP is cut off: it has %zu bytes, wants %zu", size,
                   wanted);
}

static size_t row_size(const LmImageFacts *f)
{
    return ((size_t)f->info.w * (size_t)f->bits + 31) / 32 * 4;
}

static void read_sizes(LmImageFacts *f, const uint8_t *b, bool is_os2)
{
    int64_t h = is_os2 ? (int64_t)lm_image_le16(b + 20) : (int32_t)lm_image_le32(b + 22);
    f->info =
        (LmImageInfo){.h = h < 0 ? -h : h,
                      .w = is_os2 ? (int64_t)lm_image_le16(b + 18) : (int64_t)lm_image_le32(b + 18),
                      .c = 3,
                      .depth = 8,
                      .orientation = 1};
    f->is_top_down = h < 0;
    f->bits = (int)lm_image_le16(b + (is_os2 ? 24 : 28));
}

/* A mask is a run of at most 16 bits; alpha may be absent. */
static bool is_mask(uint32_t mask)
{
    uint32_t low = mask & (~mask + 1);
    uint32_t values = low != 0 ? mask / low : 0;
    return mask != 0 && (values & (values + 1)) == 0 && values <= UINT16_MAX;
}

static LmStatus read_masks(LmImageFacts *f, const uint8_t *b, size_t header, uint32_t compression,
                           LmError *err)
{
    static const uint32_t plain_16[4] = {0x7C00, 0x03E0, 0x001F, 0};
    static const uint32_t plain_32[4] = {0xFF0000, 0xFF00, 0xFF, 0};
    memcpy(f->masks, f->bits == 16 ? plain_16 : plain_32, sizeof f->masks);
    if (compression == PLAIN) {
        return LM_OK;
    }
    bool has_alpha = header >= 56 || compression == ALPHA_BITFIELDS;
    for (int i = 0; i < 4; i++) {
        f->masks[i] = i < 3 || has_alpha ? lm_image_le32(b + MASKS_AT + 4 * i) : 0;
        if (!is_mask(f->masks[i]) && (i < 3 || f->masks[i] != 0)) {
            return lm_fail(err, LM_EFORMAT, "the BMP is damaged: colour mask %08X",
                           (unsigned)f->masks[i]);
        }
    }
    f->info.c = f->masks[3] != 0 ? 4 : 3;
    return LM_OK;
}

static LmStatus read_palette(LmImageFacts *f, const uint8_t *b, size_t header, LmError *err)
{
    bool is_os2 = header == OS2_HEADER;
    size_t most = (size_t)1 << f->bits;
    size_t named = is_os2 ? 0 : lm_image_le32(b + 46);
    f->colors_at = FILE_HEADER + header;
    f->color_size = is_os2 ? 3 : 4;
    size_t room =
        f->pixels_at > f->colors_at ? (f->pixels_at - f->colors_at) / (size_t)f->color_size : 0;
    size_t n = LM_MIN(LM_MIN(most, room), named > 0 ? named : most);
    if (n == 0) {
        return lm_fail(err, LM_EFORMAT, "the BMP is damaged: it has %d bits a pixel and no palette",
                       f->bits);
    }
    f->n_colors = (int)n;
    return LM_OK;
}

static LmStatus check_kind(const LmImageFacts *f, uint32_t compression, LmError *err)
{
    int bits = f->bits;
    bool has_masks = compression == BITFIELDS || compression == ALPHA_BITFIELDS;
    bool is_deep = bits == 16 || bits == 32;
    bool is_known = is_deep || bits == 1 || bits == 4 || bits == 8 || bits == 24;
    if (is_known && (compression == PLAIN || (has_masks && is_deep))) {
        return LM_OK;
    }
    return lm_fail(err, LM_EFORMAT,
                   "a BMP of %d bits a pixel with compression %u: only uncompressed ones of 1, 4, "
                   "8, 16, 24 and 32 bits can be read",
                   bits, (unsigned)compression);
}

static bool is_header_size(size_t n)
{
    return n == OS2_HEADER || n == 40 || n == 52 || n == 56 || n == 108 || n == 124;
}

LmStatus lm_bmp_check(LmImageFacts *f, const uint8_t *b, size_t size, bool whole, LmError *err)
{
    if (size < FILE_HEADER + 4) {
        return fail_cut(size, FILE_HEADER + OS2_HEADER, err);
    }
    size_t header = lm_image_le32(b + FILE_HEADER);
    if (!is_header_size(header)) {
        return lm_fail(err, LM_EFORMAT, "the BMP's header claims %zu bytes, wants 12 or 40 to 124",
                       header);
    }
    bool is_whole = size >= FILE_HEADER + header;
    uint32_t compression = is_whole && header != OS2_HEADER ? lm_image_le32(b + 30) : PLAIN;
    size_t masks = header == 40 && compression != PLAIN ? 16 : 0;
    if (size < FILE_HEADER + header + masks) {
        return fail_cut(size, FILE_HEADER + header + masks, err);
    }
    f->pixels_at = lm_image_le32(b + 10);
    read_sizes(f, b, header == OS2_HEADER);
    LmStatus st = check_kind(f, compression, err);
    if (st != LM_OK) {
        return st;
    }
    if (f->bits <= 8) {
        st = read_palette(f, b, header, err);
    } else if (f->bits != 24) {
        st = read_masks(f, b, header, compression, err);
    }
    bool is_sane = f->info.h <= LM_IMAGE_SIDE_MAX && f->info.w <= LM_IMAGE_SIDE_MAX;
    size_t wanted = f->pixels_at + (is_sane ? row_size(f) * (size_t)f->info.h : 0);
    if (st == LM_OK && f->pixels_at < FILE_HEADER + header) {
        return lm_fail(err, LM_EFORMAT, "the BMP is damaged: its pixels begin within its header");
    }
    return st == LM_OK && whole && size < wanted ? fail_cut(size, wanted, err) : st;
}

static uint8_t field(uint32_t pixel, uint32_t mask)
{
    uint32_t low = mask & (~mask + 1);
    uint32_t most = mask / low;
    return (uint8_t)((pixel & mask) / low * UINT8_MAX / most);
}

static void decode_deep(uint8_t *dst, const uint8_t *src, const LmImageFacts *f)
{
    int size = f->bits / 8;
    for (int64_t x = 0; x < f->info.w; x++, src += size) {
        if (size == 3) {
            *dst++ = src[2];
            *dst++ = src[1];
            *dst++ = src[0];
            continue;
        }
        uint32_t pixel = size == 2 ? lm_image_le16(src) : lm_image_le32(src);
        for (int i = 0; i < (int)f->info.c; i++) {
            *dst++ = field(pixel, f->masks[i]);
        }
    }
}

static void decode_indexed(uint8_t *dst, const uint8_t *src, const LmImageFacts *f,
                           const uint8_t colors[][3])
{
    int a_byte = 8 / f->bits;
    for (int64_t x = 0; x < f->info.w; x++, dst += 3) {
        int shift = (a_byte - 1 - (int)(x % a_byte)) * f->bits;
        int index = src[x / a_byte] >> shift & ((1 << f->bits) - 1);
        memcpy(dst, colors[index], 3);
    }
}

LmStatus lm_bmp_decode(LmImage *out, const LmImageFacts *f, const uint8_t *bytes, size_t size,
                       LmError *err)
{
    const LmImageInfo *info = &f->info;
    uint8_t colors[256][3] = {{0}};
    LmStatus st = lm_image_new(out, info->h, info->w, info->c, 8, err);
    if (st != LM_OK) {
        return st;
    }
    LM_ASSERT(f->pixels_at + row_size(f) * (size_t)info->h <= size);
    for (int i = 0; i < f->n_colors; i++) {
        const uint8_t *bgr = bytes + f->colors_at + i * f->color_size;
        colors[i][0] = bgr[2];
        colors[i][1] = bgr[1];
        colors[i][2] = bgr[0];
    }
    for (int64_t y = 0; y < info->h; y++) {
        int64_t row = f->is_top_down ? y : info->h - 1 - y;
        const uint8_t *src = bytes + f->pixels_at + (size_t)row * row_size(f);
        uint8_t *dst = (uint8_t *)out->pixels + y * info->w * info->c;
        if (f->bits <= 8) {
            decode_indexed(dst, src, f, (const uint8_t(*)[3])colors);
        } else {
            decode_deep(dst, src, f);
        }
    }
    return LM_OK;
}
