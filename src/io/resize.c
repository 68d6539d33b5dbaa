/* Which pixels are resized, in which passes.
 *
 * A pass whose size and part are unchanged is left out. The pass across goes first and only over
 * the rows the pass down will read. 16-bit values go through doubles and 32-bit integers, which
 * keep what overshoots between the passes.
 */
#include "io/resize.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "io/image_impl.h"
#include "io/resize_impl.h"

static const char *const names[] = {"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"};

const char *lm_resize_name(LmResize filter)
{
    return names[filter];
}

bool lm_resize_from_name(const char *name, LmResize *out)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (LmResize)i;
            return true;
        }
    }
    return false;
}

/* --- nearest --- */

/* The middle of each output pixel, reached by adding up the step as PIL does: its rounding decides
 * which pixel is met. */
static void fill_nearest(int32_t *at, const LmAxis *axis)
{
    double step = (double)(axis->hi - axis->lo) / (double)axis->n_out;
    double place = (double)axis->lo + step * 0.5;
    for (int64_t o = 0; o < axis->n_out; o++, place += step) {
        at[o] = (int32_t)LM_MIN((int64_t)place, axis->n_in - 1);
    }
}

/* A constant `size` makes each copy one load and store. */
static inline __attribute__((always_inline)) void
copy_row(uint8_t *dst, const uint8_t *src, const int32_t *at, int64_t n, size_t size)
{
    for (int64_t x = 0; x < n; x++, dst += size) {
        memcpy(dst, src + (size_t)at[x] * size, size);
    }
}

static void copy_pixels(uint8_t *dst, const uint8_t *src, const int32_t *at, int64_t n, size_t size)
{
    switch (size) {
    case 1:
        copy_row(dst, src, at, n, 1);
        break;
    case 2:
        copy_row(dst, src, at, n, 2);
        break;
    case 3:
        copy_row(dst, src, at, n, 3);
        break;
    case 4:
        copy_row(dst, src, at, n, 4);
        break;
    default:
        copy_row(dst, src, at, n, size);
        break;
    }
}

static LmStatus resize_nearest(LmImage *out, const LmImage *in, const LmAxis *down,
                               const LmAxis *across, LmError *err)
{
    int32_t *at = NULL;
    LmStatus st = lm_mem_alloc(&at, (size_t)(down->n_out + across->n_out), sizeof *at, err);
    if (st != LM_OK) {
        return st;
    }
    int32_t *columns = at + down->n_out;
    size_t pixel = (size_t)(in->c * in->depth / 8);
    const uint8_t *src = in->pixels;
    uint8_t *dst = out->pixels;
    fill_nearest(at, down);
    fill_nearest(columns, across);
    for (int64_t y = 0; y < out->h; y++, dst += (size_t)out->w * pixel) {
        const uint8_t *row = src + (size_t)(at[y] * in->w) * pixel;
        copy_pixels(dst, row, columns, out->w, pixel);
    }
    lm_mem_free(at);
    return LM_OK;
}

/* --- 16 bits --- */

static int32_t round_away(double x)
{
    return (int32_t)(x < 0 ? x - 0.5 : x + 0.5);
}

/* One pass over int32 pixels: n_lines of them, each of taps->n_out outputs, whose inputs lie `step`
 * apart; lines lie `line` apart in src and `line_out` in dst. */
typedef struct Pass {
    int64_t n_lines, step, line, step_out, line_out;
} Pass;

static void pass_16(int32_t *dst, const int32_t *src, const Pass *p, const LmTaps *taps)
{
    for (int64_t l = 0; l < p->n_lines; l++) {
        const int32_t *line = src + l * p->line;
        for (int64_t o = 0; o < taps->n_out; o++) {
            const double *k = taps->weights + o * taps->stride;
            double sum = 0;
            for (int64_t t = 0; t < taps->counts[o]; t++) {
                sum += line[(taps->firsts[o] + t) * p->step] * k[t];
            }
            dst[l * p->line_out + o * p->step_out] = round_away(sum);
        }
    }
}

/* Channels are lines of their own: a row of w pixels of c channels is c lines of step c. */
static void across_16(int32_t *dst, const int32_t *src, int64_t h, int64_t w, int64_t c,
                      const LmTaps *taps)
{
    for (int64_t y = 0; y < h; y++) {
        const Pass p = {.n_lines = c, .step = c, .line = 1, .step_out = c, .line_out = 1};
        pass_16(dst + y * taps->n_out * c, src + y * w * c, &p, taps);
    }
}

static LmStatus resize_16(LmImage *out, const LmImage *in, const LmTaps *down, const LmTaps *across,
                          LmError *err)
{
    int32_t *a = NULL;
    int32_t *b = NULL;
    int64_t c = in->c;
    int64_t wider = LM_MAX(in->w, out->w);
    int64_t higher = LM_MAX(in->h, out->h);
    LmStatus st = lm_mem_alloc(&a, (size_t)(wider * higher * c), sizeof *a, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&b, (size_t)(wider * higher * c), sizeof *b, err);
    }
    if (st != LM_OK) {
        lm_mem_free(a);
        return st;
    }
    for (int64_t i = 0; i < in->h * in->w * c; i++) {
        a[i] = ((const uint16_t *)in->pixels)[i];
    }
    int32_t *now = a;
    if (across != NULL) {
        across_16(b, a, in->h, in->w, c, across);
        now = b;
    }
    if (down != NULL) {
        int32_t *to = now == a ? b : a;
        const Pass p = {out->w * c, out->w * c, 1, out->w * c, 1};
        pass_16(to, now, &p, down);
        now = to;
    }
    for (int64_t i = 0; i < out->h * out->w * c; i++) {
        ((uint16_t *)out->pixels)[i] = (uint16_t)LM_MIN(LM_MAX(now[i], 0), UINT16_MAX);
    }
    lm_mem_free(a);
    lm_mem_free(b);
    return LM_OK;
}

/* --- 8 bits --- */

static LmStatus resize_8(LmImage *out, const LmImage *in, const LmTaps *down, const LmTaps *across,
                         LmError *err)
{
    if (across == NULL) {
        lm_resize_down_8(out->pixels, in->pixels, in->w * in->c, 0, down);
        return LM_OK;
    }
    if (down == NULL) {
        lm_resize_across_8(out->pixels, in->pixels, in->h, in->w, in->c, across);
        return LM_OK;
    }
    int64_t last = down->n_out - 1;
    int64_t first_row = down->firsts[0];
    int64_t n_rows = down->firsts[last] + down->counts[last] - first_row;
    int64_t row_size = out->w * in->c;
    uint8_t *rows = NULL;
    LmStatus st = lm_mem_alloc(&rows, (size_t)n_rows, (size_t)row_size, err);
    if (st != LM_OK) {
        return st;
    }
    const uint8_t *src = (const uint8_t *)in->pixels + first_row * in->w * in->c;
    lm_resize_across_8(rows, src, n_rows, in->w, in->c, across);
    lm_resize_down_8(out->pixels, rows, row_size, first_row, down);
    lm_mem_free(rows);
    return st;
}

/* Colours times alpha, rounded, and back, cut down, so that invisible colours do not bleed. */
static void premultiply(uint8_t *pixels, int64_t n, int64_t c)
{
    for (int64_t i = 0; i < n; i++, pixels += c) {
        uint32_t alpha = pixels[c - 1];
        for (int64_t j = 0; j < c - 1; j++) {
            uint32_t t = pixels[j] * alpha + 128;
            pixels[j] = (uint8_t)(((t >> 8) + t) >> 8);
        }
    }
}

static void divide_alpha(uint8_t *pixels, int64_t n, int64_t c)
{
    for (int64_t i = 0; i < n; i++, pixels += c) {
        uint32_t alpha = pixels[c - 1];
        for (int64_t j = 0; j < c - 1 && alpha != 0 && alpha != UINT8_MAX; j++) {
            pixels[j] = (uint8_t)LM_MIN(UINT8_MAX * pixels[j] / alpha, (uint32_t)UINT8_MAX);
        }
    }
}

static void premultiply_16(uint16_t *pixels, int64_t n, int64_t c)
{
    for (int64_t i = 0; i < n; i++, pixels += c) {
        uint64_t alpha = pixels[c - 1];
        for (int64_t j = 0; j < c - 1; j++) {
            pixels[j] = (uint16_t)((pixels[j] * alpha + UINT16_MAX / 2) / UINT16_MAX);
        }
    }
}

static void divide_alpha_16(uint16_t *pixels, int64_t n, int64_t c)
{
    for (int64_t i = 0; i < n; i++, pixels += c) {
        uint64_t alpha = pixels[c - 1];
        for (int64_t j = 0; j < c - 1 && alpha != 0; j++) {
            pixels[j] =
                (uint16_t)LM_MIN(UINT16_MAX * (uint64_t)pixels[j] / alpha, (uint64_t)UINT16_MAX);
        }
    }
}

/* A copy of the image with its colours multiplied, where it has alpha; else the image itself. */
static LmStatus prepare(LmImage *out, const LmImage *image, LmError *err)
{
    *out = *image;
    if (image->c % 2 != 0) {
        return LM_OK;
    }
    int64_t n = image->h * image->w;
    LmStatus st = lm_image_new(out, image->h, image->w, image->c, image->depth, err);
    if (st != LM_OK) {
        return st;
    }
    memcpy(out->pixels, image->pixels, (size_t)(n * image->c * image->depth / 8));
    if (image->depth == 16) {
        premultiply_16(out->pixels, n, image->c);
    } else {
        premultiply(out->pixels, n, image->c);
    }
    return LM_OK;
}

static bool is_changed(const LmAxis *a)
{
    return a->n_out != a->n_in || a->lo != 0 || a->hi != a->n_in;
}

static LmStatus filter_axes(LmImage *out, const LmImage *image, const LmAxis axes[2],
                            LmResize filter, LmError *err)
{
    LmTaps taps[2] = {{0}, {0}};
    LmImage in = {0};
    LmStatus st = prepare(&in, image, err);
    for (int i = 0; i < 2 && st == LM_OK; i++) {
        if (is_changed(&axes[i])) {
            st = lm_resize_taps_init(&taps[i], &axes[i], filter, image->depth, err);
        }
    }
    if (st == LM_OK) {
        const LmTaps *down = is_changed(&axes[0]) ? &taps[0] : NULL;
        const LmTaps *across = is_changed(&axes[1]) ? &taps[1] : NULL;
        st = image->depth == 16 ? resize_16(out, &in, down, across, err)
                                : resize_8(out, &in, down, across, err);
    }
    if (st == LM_OK && image->c % 2 == 0 && image->depth == 16) {
        divide_alpha_16(out->pixels, out->h * out->w, out->c);
    } else if (st == LM_OK && image->c % 2 == 0) {
        divide_alpha(out->pixels, out->h * out->w, out->c);
    }
    if (in.pixels != image->pixels) {
        lm_mem_free(in.pixels);
    }
    lm_resize_taps_fini(&taps[0]);
    lm_resize_taps_fini(&taps[1]);
    return st;
}

/* The largest centred part of `axis` that has n_out's share of `other` (whole pixels, cut down). Of
 * 0 pixels it is the place between two: filters are never narrower than one, so PIL, and Keras by
 * way of it, interpolates there. */
static void crop(LmAxis *axis, const LmAxis *other)
{
    int64_t n = LM_MIN(axis->n_in, other->n_in * axis->n_out / other->n_out);
    axis->lo = (axis->n_in - n) / 2;
    axis->hi = axis->lo + n;
}

LmStatus lm_resize_apply(LmImage *image, int64_t h, int64_t w, LmResize filter, bool keep_aspect,
                         LmError *err)
{
    if (h < 1 || w < 1 || h > LM_IMAGE_SIDE_MAX || w > LM_IMAGE_SIDE_MAX) {
        return lm_fail(err, LM_EARG,
                       "an image cannot be resized to %lld x %lld (height x width): each wants 1 "
                       "to %d",
                       (long long)h, (long long)w, LM_IMAGE_SIDE_MAX);
    }
    if (h == image->h && w == image->w) {
        return LM_OK;
    }
    LmAxis axes[2] = {{image->h, 0, image->h, h}, {image->w, 0, image->w, w}};
    if (keep_aspect) {
        crop(&axes[0], &axes[1]);
        crop(&axes[1], &axes[0]);
    }
    LmImage out = {0};
    LmStatus st = lm_image_new(&out, h, w, image->c, image->depth, err);
    if (st == LM_OK) {
        st = filter == LM_RESIZE_NEAREST ? resize_nearest(&out, image, &axes[0], &axes[1], err)
                                         : filter_axes(&out, image, axes, filter, err);
    }
    if (st != LM_OK) {
        lm_image_fini(&out);
        return st;
    }
    lm_image_fini(image);
    *image = out;
    return LM_OK;
}
