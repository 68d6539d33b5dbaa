/* Scaling of pixels, the naive way: the order of operations every variant repeats bit for bit.
 *
 * Products and sums are fused by name (fmaf, fma), nothing else is. The two sums run in 16 lanes
 * because that is what one AVX-512 pair of double registers holds; narrower machines keep the
 * same lanes in more registers.
 */
#include <math.h>

#include "kernel/kernel.h"

enum { LANES = 16 };

static void affine_u8(float *y, const uint8_t *x, size_t n, float a, float b)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = fmaf((float)x[i], a, b);
    }
}

static void affine_f32(float *y, const float *x, size_t n, float a, float b)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = fmaf(x[i], a, b);
    }
}

static void affine_u8_vec(float *y, const uint8_t *x, size_t n, const float *a, const float *b,
                          size_t period)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = fmaf((float)x[i], a[i % period], b[i % period]);
    }
}

static void affine_f32_vec(float *y, const float *x, size_t n, const float *a, const float *b,
                           size_t period)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = fmaf(x[i], a[i % period], b[i % period]);
    }
}

static void clip_f32(float *y, size_t n, float lo, float hi)
{
    for (size_t i = 0; i < n; i++) {
        float v = y[i] > lo ? y[i] : lo;
        y[i] = v < hi ? v : hi;
    }
}

static double add_lanes(double lane[LANES])
{
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        for (size_t l = 0; l < half; l++) {
            lane[l] += lane[l + half];
        }
    }
    return lane[0];
}

static double sum_f32(const float *x, size_t n)
{
    double lane[LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        lane[i % LANES] += (double)x[i];
    }
    return add_lanes(lane);
}

static double sum_squares_f32(const float *x, size_t n, double mean)
{
    double lane[LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        double d = (double)x[i] - mean;
        lane[i % LANES] = fma(d, d, lane[i % LANES]);
    }
    return add_lanes(lane);
}

const LmScaleKernels lm_scale_kernels_ref = {
    .affine_u8 = affine_u8,
    .affine_f32 = affine_f32,
    .affine_u8_vec = affine_u8_vec,
    .affine_f32_vec = affine_f32_vec,
    .clip_f32 = clip_f32,
    .sum_f32 = sum_f32,
    .sum_squares_f32 = sum_squares_f32,
};
