/* Keras' apply_transform with its two slips repaired: the centre is the image's own, and height and
 * width are what they say. Angles go through our own sine and cosine, so a map has the same bits
 * everywhere, and quarter turns are exact. Flips ride on the warp: mirrored before or after the
 * channel shift, the numbers are the same.
 */
#include "augment/transform.h"

#include <string.h>

#include "kernel/math.h"
#include "kernel/photo.h"

LmTransform lm_transform(void)
{
    return (LmTransform){.zx = 1, .zy = 1};
}

bool lm_transform_is_affine(const LmTransform *t)
{
    return t->theta_deg != 0 || t->tx != 0 || t->ty != 0 || t->shear_deg != 0 || t->zx != 1 ||
           t->zy != 1;
}

void lm_transform_matrix(const LmTransform *t, int64_t h, int64_t w, double m[6])
{
    double s;
    double c;
    double shear_s;
    double shear_c;
    lm_math_sincos_turns(t->theta_deg / 360, &s, &c);
    lm_math_sincos_turns(t->shear_deg / 360, &shear_s, &shear_c);
    /* M = [[xx, xy], [yx, yy]] and the shift turned with it. */
    double xx = c * t->zx;
    double yx = s * t->zx;
    double xy = (-c * shear_s - s * shear_c) * t->zy;
    double yy = (-s * shear_s + c * shear_c) * t->zy;
    double shift_x = c * t->tx - s * t->ty;
    double shift_y = s * t->tx + c * t->ty;
    double x = (double)w / 2 - 0.5;
    double y = (double)h / 2 - 0.5;
    m[0] = yy;
    m[1] = yx;
    m[2] = (-yx * x - yy * y) + (shift_y + y);
    m[3] = xy;
    m[4] = xx;
    m[5] = (-xx * x - xy * y) + (shift_x + x);
}

void lm_transform_shift_channels(float *image, int64_t n, double intensity)
{
    const LmPhotoKernels *k = lm_kernels()->photo;
    float lo;
    float hi;
    if (n > 0) {
        k->range_f32(image, (size_t)n, &lo, &hi);
        k->shift_clip_f32(image, (size_t)n, (float)intensity, lo, hi);
    }
}

static void swap(float *a, float *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        float kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

void lm_transform_flip_horizontal(float *image, int64_t h, int64_t w, int64_t c)
{
    for (int64_t r = 0; r < h; r++) {
        float *row = image + r * w * c;
        for (int64_t i = 0; i < w / 2; i++) {
            swap(row + i * c, row + (w - 1 - i) * c, c);
        }
    }
}

void lm_transform_flip_vertical(float *image, int64_t h, int64_t w, int64_t c)
{
    for (int64_t r = 0; r < h / 2; r++) {
        swap(image + r * w * c, image + (h - 1 - r) * w * c, w * c);
    }
}

/* Truncated to 0..255; what is no number becomes 0. */
static float to_byte(float x)
{
    if (!(x > 0)) {
        return 0;
    }
    return x < 255 ? (float)(int32_t)x : 255;
}

void lm_transform_brighten(float *image, int64_t n_pixels, int64_t c, double factor, bool scale)
{
    int64_t n = n_pixels * c;
    float lo;
    float hi;
    if (n == 0) {
        return;
    }
    lm_kernels()->photo->range_f32(image, (size_t)n, &lo, &hi);
    bool is_outside = lo < 0 || hi > 255;
    float most = hi - lo;
    for (int64_t i = 0; i < n; i++) {
        float x = image[i];
        if (is_outside || scale) {
            x = x - lo;
            x = (most != 0 ? x / most : x) * 255;
        }
        x = to_byte(x);
        bool is_alpha = c == 4 && i % 4 == 3;
        if (factor != 1 && !is_alpha) {
            x = to_byte((float)factor * x);
        }
        image[i] = is_outside && !scale ? x / 255 * most + lo : x;
    }
}

LmStatus lm_transform_apply(const LmTransform *t, const LmWarp *fill, const float *src, int64_t h,
                            int64_t w, int64_t c, float *dst, LmError *err)
{
    if (t->has_brightness && c != 1 && c != 3 && c != 4) {
        return lm_fail(err, LM_EARG,
                       "brightness goes through 8-bit pictures of 1, 3 or 4 channels; this image "
                       "has %lld: leave brightness out, or scale the values by a factor",
                       (long long)c);
    }
    LmWarp warp = *fill;
    lm_transform_matrix(t, h, w, warp.m);
    warp.flip_horizontal = t->flip_horizontal;
    warp.flip_vertical = t->flip_vertical;
    lm_kernels()->warp->warp_f32(dst, src, h, w, c, &warp, (LmWarpScale){1, 0});
    if (t->has_channel_shift) {
        lm_transform_shift_channels(dst, h * w * c, t->channel_shift);
    }
    if (t->has_brightness) {
        lm_transform_brighten(dst, h * w, c, t->brightness, false);
    }
    return LM_OK;
}
