/* What is done to decoded pixels: channels, bits, orientation. PIL's formulas, in integers. */
#include <string.h>

#include "base/mem.h"
#include "io/image_impl.h"

LmStatus lm_image_new(LmImage *out, int64_t h, int64_t w, int64_t c, int depth, LmError *err)
{
    void *pixels = NULL;
    LmStatus st = lm_mem_alloc(&pixels, (size_t)(h * w), (size_t)(c * depth / 8), err);
    if (st == LM_OK) {
        *out = (LmImage){.h = h, .w = w, .c = c, .depth = depth, .pixels = pixels};
    }
    return st;
}

static void replace(LmImage *image, const LmImage *with)
{
    lm_mem_free(image->pixels);
    *image = *with;
}

/* ITU-R BT.601 luma in 16-bit fractions. Sums stay below 2^32 for 16-bit values too. */
static uint32_t luma(uint32_t r, uint32_t g, uint32_t b)
{
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
}

/* Defined once for each width of a channel: n pixels of `from` channels become `to`. */
#define DEFINE_CONVERT(name, type, top)                                                            \
    static void name(type *dst, int64_t to, const type *src, int64_t from, size_t n)               \
    {                                                                                              \
        bool is_gray = from < 3;                                                                   \
        for (size_t i = 0; i < n; i++, src += from, dst += to) {                                   \
            type alpha = from == 2 || from == 4 ? src[from - 1] : (top);                           \
            if (to == 1) {                                                                         \
                dst[0] = is_gray ? src[0] : (type)luma(src[0], src[1], src[2]);                    \
                continue;                                                                          \
            }                                                                                      \
            dst[0] = src[0];                                                                       \
            dst[1] = src[is_gray ? 0 : 1];                                                         \
            dst[2] = src[is_gray ? 0 : 2];                                                         \
            if (to == 4) {                                                                         \
                dst[3] = alpha;                                                                    \
            }                                                                                      \
        }                                                                                          \
    }
DEFINE_CONVERT(convert_8, uint8_t, UINT8_MAX)
DEFINE_CONVERT(convert_16, uint16_t, UINT16_MAX)
#undef DEFINE_CONVERT

LmStatus lm_pixels_convert(LmImage *image, LmColor color, LmError *err)
{
    static const int64_t channels[] = {0, 1, 3, 4};
    int64_t to = channels[color];
    if (color == LM_COLOR_FILE || to == image->c) {
        return LM_OK;
    }
    LmImage out;
    size_t n = (size_t)(image->h * image->w);
    LmStatus st = lm_image_new(&out, image->h, image->w, to, image->depth, err);
    if (st != LM_OK) {
        return st;
    }
    if (image->depth == 16) {
        convert_16(out.pixels, to, image->pixels, image->c, n);
    } else {
        convert_8(out.pixels, to, image->pixels, image->c, n);
    }
    replace(image, &out);
    return LM_OK;
}

LmStatus lm_pixels_scale_16(LmImage *image, LmError *err)
{
    if (image->depth != 16) {
        return LM_OK;
    }
    LmImage out;
    const uint16_t *src = image->pixels;
    LmStatus st = lm_image_new(&out, image->h, image->w, image->c, 8, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < image->h * image->w * image->c; i++) {
        ((uint8_t *)out.pixels)[i] = (uint8_t)((src[i] + 128U) / 257);
    }
    replace(image, &out);
    return LM_OK;
}

/* Where pixel (0, 0) comes from, in pixels, and what a step down and to the right means there. */
typedef struct Path {
    int64_t first, down, right;
} Path;

static Path path_of(int orientation, int64_t h, int64_t w)
{
    const Path paths[9] = {
        {0, w, 1},
        {0, w, 1},
        {w - 1, w, -1},       /* 2: mirrored */
        {h * w - 1, -w, -1},  /* 3: upside down */
        {(h - 1) * w, -w, 1}, /* 4: both */
        {0, 1, w},            /* 5: about the main diagonal */
        {(h - 1) * w, 1, -w}, /* 6: wants a quarter turn clockwise */
        {h * w - 1, -1, -w},  /* 7: about the other diagonal */
        {w - 1, -1, w},       /* 8: wants a quarter turn counter-clockwise */
    };
    return paths[orientation];
}

LmStatus lm_pixels_turn(LmImage *image, int orientation, LmError *err)
{
    if (orientation <= 1) {
        return LM_OK;
    }
    bool is_swapped = orientation >= 5;
    LmImage out;
    LmStatus st = lm_image_new(&out, is_swapped ? image->w : image->h,
                               is_swapped ? image->h : image->w, image->c, image->depth, err);
    if (st != LM_OK) {
        return st;
    }
    Path path = path_of(orientation, image->h, image->w);
    size_t pixel = (size_t)(image->c * image->depth / 8);
    const uint8_t *src = image->pixels;
    uint8_t *dst = out.pixels;
    for (int64_t y = 0; y < out.h; y++) {
        for (int64_t x = 0; x < out.w; x++, dst += pixel) {
            memcpy(dst, src + (path.first + y * path.down + x * path.right) * (int64_t)pixel,
                   pixel);
        }
    }
    replace(image, &out);
    return LM_OK;
}
