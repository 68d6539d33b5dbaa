/* Scaling of pixels on vectors; ref_scale.c states the operations. Every output is one fused
 * multiply-add, so how many are made at a time changes nothing. */
#include <math.h>

#include "kernel/kernel.h"
#include "kernel/vec.h"

/* Lanes of the sums: 16 for every instruction set, so that all add in the same order. */
enum { LANES = 16, VDS = LANES / VD_LANES };

static LM_KERNEL void affine_u8(float *y, const uint8_t *x, size_t n, float a, float b)
{
    vf av = vf_set(a);
    vf bv = vf_set(b);
    size_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf_store(y + i, vf_fma(vf_load_u8(x + i), av, bv));
    }
    for (; i < n; i++) {
        y[i] = fmaf((float)x[i], a, b);
    }
}

static LM_KERNEL void affine_f32(float *y, const float *x, size_t n, float a, float b)
{
    vf av = vf_set(a);
    vf bv = vf_set(b);
    size_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf_store(y + i, vf_fma(vf_load(x + i), av, bv));
    }
    for (; i < n; i++) {
        y[i] = fmaf(x[i], a, b);
    }
}

/* One period, or what is left of it. */
LM_INLINE void affine_part(float *y, const void *x, bool is_u8, size_t at, size_t n, const float *a,
                           const float *b)
{
    const uint8_t *bytes = x;
    const float *floats = x;
    size_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf v = is_u8 ? vf_load_u8(bytes + at + i) : vf_load(floats + at + i);
        vf_store(y + at + i, vf_fma(v, vf_load(a + i), vf_load(b + i)));
    }
    for (; i < n; i++) {
        y[at + i] = fmaf(is_u8 ? (float)bytes[at + i] : floats[at + i], a[i], b[i]);
    }
}

static LM_KERNEL void affine_u8_vec(float *y, const uint8_t *x, size_t n, const float *a,
                                    const float *b, size_t period)
{
    for (size_t at = 0; at < n; at += period) {
        affine_part(y, x, true, at, LM_MIN(period, n - at), a, b);
    }
}

static LM_KERNEL void affine_f32_vec(float *y, const float *x, size_t n, const float *a,
                                     const float *b, size_t period)
{
    for (size_t at = 0; at < n; at += period) {
        affine_part(y, x, false, at, LM_MIN(period, n - at), a, b);
    }
}

static LM_KERNEL void clip_f32(float *y, size_t n, float lo, float hi)
{
    vf lov = vf_set(lo);
    vf hiv = vf_set(hi);
    size_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf_store(y + i, vf_min(vf_max(vf_load(y + i), lov), hiv));
    }
    for (; i < n; i++) {
        float v = y[i] > lo ? y[i] : lo;
        y[i] = v < hi ? v : hi;
    }
}

static void store_lanes(double lane[LANES], const vd sums[VDS])
{
    for (int v = 0; v < VDS; v++) {
        vd_store(lane + v * VD_LANES, sums[v]);
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

static LM_KERNEL double sum_f32(const float *x, size_t n)
{
    vd sums[VDS];
    for (int v = 0; v < VDS; v++) {
        sums[v] = vd_set(0);
    }
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int v = 0; v < VDS; v++) {
            sums[v] = vd_add(sums[v], vd_load_f32(x + i + v * VD_LANES));
        }
    }
    double lane[LANES];
    store_lanes(lane, sums);
    for (size_t l = 0; i + l < n; l++) {
        lane[l] += (double)x[i + l];
    }
    return add_lanes(lane);
}

static LM_KERNEL double sum_squares_f32(const float *x, size_t n, double mean)
{
    vd sums[VDS];
    vd mv = vd_set(mean);
    for (int v = 0; v < VDS; v++) {
        sums[v] = vd_set(0);
    }
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int v = 0; v < VDS; v++) {
            vd d = vd_sub(vd_load_f32(x + i + v * VD_LANES), mv);
            sums[v] = vd_fma(d, d, sums[v]);
        }
    }
    double lane[LANES];
    store_lanes(lane, sums);
    for (size_t l = 0; i + l < n; l++) {
        double d = (double)x[i + l] - mean;
        lane[l] = fma(d, d, lane[l]);
    }
    return add_lanes(lane);
}

const LmScaleKernels LM_VARIANT(lm_scale_kernels) = {
    .affine_u8 = affine_u8,
    .affine_f32 = affine_f32,
    .affine_u8_vec = affine_u8_vec,
    .affine_f32_vec = affine_f32_vec,
    .clip_f32 = clip_f32,
    .sum_f32 = sum_f32,
    .sum_squares_f32 = sum_squares_f32,
};
