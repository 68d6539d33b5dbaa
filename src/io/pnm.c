/* Binary PGM and PPM (netpbm's P5 and P6), 8 and 16 bits. Values up to a largest value other than
 * 255 or 65535 are stretched to it, as PIL does. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "io/image_impl.h"

typedef struct Text {
    const uint8_t *bytes;
    size_t size;
    size_t at;
} Text;

/* White space and comments (# to the end of the line) may stand before each number. */
static void skip_space(Text *t)
{
    bool in_comment = false;
    while (t->at < t->size) {
        int ch = t->bytes[t->at];
        if (in_comment) {
            in_comment = ch != '\n' && ch != '\r';
        } else if (ch == '#') {
            in_comment = true;
        } else if (!isspace(ch)) {
            return;
        }
        t->at++;
    }
}

/* -1: none, or one of more than 9 digits. */
static int take_number(Text *t)
{
    skip_space(t);
    int value = 0;
    size_t first = t->at;
    while (t->at < t->size && isdigit(t->bytes[t->at]) && t->at - first < 9) {
        value = 10 * value + (t->bytes[t->at++] - '0');
    }
    bool is_longer = t->at < t->size && isdigit(t->bytes[t->at]);
    return t->at == first || is_longer ? -1 : value;
}

LmStatus lm_pnm_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                      LmError *err)
{
    if (bytes[1] != '5' && bytes[1] != '6') {
        return lm_fail(err, LM_EFORMAT,
                       "a PNM file of type P%c: only binary gray (P5) and colour (P6) can be read",
                       bytes[1]);
    }
    Text t = {bytes, size, 2};
    int w = take_number(&t);
    int h = take_number(&t);
    int max_value = take_number(&t);
    bool has_end = t.at < size && isspace(bytes[t.at]);
    if (w < 0 || h < 0 || max_value < 1 || max_value > UINT16_MAX || !has_end) {
        return lm_fail(err, LM_EFORMAT,
                       "the PNM's header is damaged: wants width, height and a largest value from "
                       "1 to 65535, and one space");
    }
    out->info = (LmImageInfo){.h = h,
                              .w = w,
                              .c = bytes[1] == '6' ? 3 : 1,
                              .depth = max_value > UINT8_MAX ? 16 : 8,
                              .orientation = 1};
    out->pixels_at = t.at + 1;
    out->max_value = max_value;
    bool is_sane = h <= LM_IMAGE_SIDE_MAX && w <= LM_IMAGE_SIDE_MAX;
    size_t n = is_sane ? (size_t)h * (size_t)w * (size_t)out->info.c : 0;
    size_t wanted = n * (size_t)out->info.depth / 8;
    if (whole && size - out->pixels_at < wanted) {
        return lm_fail(err, LM_EFORMAT, "the PNM is cut off: %zu bytes of pixels, wants %zu",
                       size - out->pixels_at, wanted);
    }
    return LM_OK;
}

/* Values above the largest one, which are an error in the file, become the largest. */
static int stretch(int value, int max_value, int top)
{
    return value >= max_value ? top : (int)rint((double)value / max_value * top);
}

LmStatus lm_pnm_decode(LmImage *out, const LmImageFacts *facts, const uint8_t *bytes, size_t size,
                       LmError *err)
{
    const LmImageInfo *info = &facts->info;
    LmStatus st = lm_image_new(out, info->h, info->w, info->c, info->depth, err);
    if (st != LM_OK) {
        return st;
    }
    size_t n = (size_t)(info->h * info->w * info->c);
    const uint8_t *src = bytes + facts->pixels_at;
    LM_ASSERT(facts->pixels_at + n * (size_t)info->depth / 8 <= size);
    if (info->depth == 16) {
        uint16_t *dst = out->pixels;
        for (size_t i = 0; i < n; i++) {
            int value = src[2 * i] << 8 | src[2 * i + 1];
            dst[i] = (uint16_t)stretch(value, facts->max_value, UINT16_MAX);
        }
        return LM_OK;
    }
    uint8_t table[UINT8_MAX + 1];
    for (int i = 0; i <= UINT8_MAX; i++) {
        table[i] = (uint8_t)stretch(i, facts->max_value, UINT8_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)out->pixels)[i] = table[src[i]];
    }
    return LM_OK;
}
