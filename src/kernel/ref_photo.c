/* Colour, light and noise, the naive way: the order of operations every variant repeats. */
#include <math.h>

#include "kernel/noise.h"
#include "kernel/photo.h"

static void range_f32(const float *x, size_t n, float *lo, float *hi)
{
    float least = x[0];
    float most = x[0];
    for (size_t i = 1; i < n; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    *lo = least;
    *hi = most;
}

static void shift_clip_f32(float *y, size_t n, float add, float lo, float hi)
{
    for (size_t i = 0; i < n; i++) {
        float v = y[i] + add;
        v = v > lo ? v : lo;
        y[i] = v < hi ? v : hi;
    }
}

static void mix_rgb_f32(float *y, size_t n_pixels, const float m[9])
{
    for (size_t i = 0; i < n_pixels; i++) {
        float *p = y + 3 * i;
        float r = p[0];
        float g = p[1];
        float b = p[2];
        for (int k = 0; k < 3; k++) {
            p[k] = fmaf(m[3 * k + 2], b, fmaf(m[3 * k + 1], g, m[3 * k] * r));
        }
    }
}

static void add_noise_f32(float *y, size_t n, float sigma, const LmRng *rng)
{
    uint32_t counter[4] = {rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3]};
    for (size_t i = 0; i < n; i += 4) {
        uint32_t bits[4];
        float z[4];
        lm_rng_philox(rng->key, counter, bits);
        counter[0]++;
        lm_noise_pair(bits[0], bits[1], &z[0], &z[1]);
        lm_noise_pair(bits[2], bits[3], &z[2], &z[3]);
        for (size_t k = 0; k < LM_MIN(4, n - i); k++) {
            y[i + k] = fmaf(sigma, z[k], y[i + k]);
        }
    }
}

static void fill_rect_f32(float *y, int64_t w, int64_t c, int64_t top, int64_t left, int64_t rows,
                          int64_t columns, const float *value)
{
    for (int64_t r = top; r < top + rows; r++) {
        for (int64_t i = left; i < left + columns; i++) {
            for (int64_t k = 0; k < c; k++) {
                y[(r * w + i) * c + k] = value[k];
            }
        }
    }
}

const LmPhotoKernels lm_photo_kernels_ref = {
    .range_f32 = range_f32,
    .shift_clip_f32 = shift_clip_f32,
    .mix_rgb_f32 = mix_rgb_f32,
    .add_noise_f32 = add_noise_f32,
    .fill_rect_f32 = fill_rect_f32,
};
