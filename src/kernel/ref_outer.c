/* Kernels of whitening, naively: this is the definition of their order of operations. */
#include <math.h>

#include "kernel/outer.h"

static LM_KERNEL void add_u8(uint64_t *c, size_t ldc, const uint32_t *a, const uint32_t *b,
                             size_t n)
{
    for (size_t i = 0; i < LM_OUTER_PANEL; i++) {
        for (size_t j = 0; j < LM_OUTER_PANEL; j++) {
            for (size_t t = 0; t < n; t++) {
                uint32_t x = a[t * LM_OUTER_PANEL + i];
                uint32_t y = b[t * LM_OUTER_PANEL + j];
                c[i * ldc + j] += (x & 0xffff) * (y & 0xffff) + (x >> 16) * (y >> 16);
            }
        }
    }
}

static LM_KERNEL void add_f64(double *c, size_t ldc, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < LM_OUTER_PANEL; i++) {
        for (size_t j = 0; j < LM_OUTER_PANEL; j++) {
            for (size_t t = 0; t < n; t++) {
                c[i * ldc + j] =
                    fma(a[t * LM_OUTER_PANEL + i], b[t * LM_OUTER_PANEL + j], c[i * ldc + j]);
            }
        }
    }
}

static LM_KERNEL void mix_f32(float *y, const float *x, size_t n, size_t c, const float *w)
{
    for (size_t p = 0; p < n; p++) {
        for (size_t j = 0; j < c; j++) {
            float sum = 0;
            for (size_t i = 0; i < c; i++) {
                sum = fmaf(x[p * c + i], w[i * c + j], sum);
            }
            y[p * c + j] = sum;
        }
    }
}

static LM_KERNEL void map_u8(float *y, const uint8_t *x, size_t n, const float table[256])
{
    for (size_t i = 0; i < n; i++) {
        y[i] = table[x[i]];
    }
}

const LmOuterKernels lm_outer_kernels_ref = {
    .add_u8 = add_u8, .add_f64 = add_f64, .mix_f32 = mix_f32, .map_u8 = map_u8};
