/* Changes of colour and light on float images, in place.
 *
 * Brightness and contrast are y = a*x + b: the affine kernels of kernel.h do them. Colours are
 * mixed by a 3 x 3 matrix, so hue and saturation together are one product of matrices. Grey is the
 * luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B), as in JPEG, PIL and torchvision; saturation
 * blends a pixel with its grey; hue turns the plane of I and Q of NTSC's YIQ (FCC 1953), which
 * keeps luma. All variants give the same bits; ref_photo.c states the order of operations.
 */
#ifndef LM_PHOTO_H
#define LM_PHOTO_H

#include "base/rng.h"
#include "kernel/kernel.h"

struct LmPhotoKernels {
    /* Smallest and largest of n > 0 numbers. Without NaN among them; which zero stands for zeros of
     * both signs is open. */
    void (*range_f32)(const float *x, size_t n, float *lo, float *hi);
    /* y[i] = min(max(y[i] + add, lo), hi) */
    void (*shift_clip_f32)(float *y, size_t n, float add, float lo, float hi);
    /* Every pixel (R, G, B) times m, rows first: R' = m[0] R + m[1] G + m[2] B. */
    void (*mix_rgb_f32)(float *y, size_t n_pixels, const float m[9]);
    /* y[i] += sigma * z[i], z standard normal: z[4k..4k+3] by Box and Muller's formula (1958) from
     * the k-th Philox block behind `rng`'s, whose unused numbers are left out. Does not change rng:
     * the caller gives noise a stream of its own. */
    void (*add_noise_f32)(float *y, size_t n, float sigma, const LmRng *rng);
    /* Rows top..top+rows-1, columns left..left+columns-1 of an image w pixels wide with c channels
     * become `value`, c floats. */
    void (*fill_rect_f32)(float *y, int64_t w, int64_t c, int64_t top, int64_t left, int64_t rows,
                          int64_t columns, const float *value);
};

/* Matrices for mix_rgb_f32. Saturation 0 is grey, 1 changes nothing (exactly), above 1 is stronger;
 * hue in degrees, 0 changes nothing (exactly), 120 turns red towards green. */
void lm_photo_saturation(float m[9], double amount);
void lm_photo_hue(float m[9], double angle_deg);
/* out = a after b; out may be either. */
void lm_photo_multiply(float out[9], const float a[9], const float b[9]);

#endif
