/* Kernels of whitening on vectors; ref_outer.c states the operations.
 *
 * A block of products is made in register tiles of ROWS rows by the panel's width. Bytes: one
 * multiply-add of 16-bit numbers makes both rows' products of a lane (2 * 255^2 < 2^31 each time),
 * 32-bit sums are emptied into the 64-bit ones at the end. Every f64 output is one chain.
 */
#include <math.h>

#include "kernel/outer.h"
#include "kernel/vec.h"

enum { PANEL = LM_OUTER_PANEL };

/* clang-format off */
#if defined(__AVX512BW__)
/* 16 chains of 32-bit additions or of fused multiply-adds, of 32 registers. */
enum { ROWS_U8 = 16, ROWS_F64 = 8 };
LM_INLINE vi vi_madd(vi a, vi b) { return _mm512_madd_epi16(a, b); }
LM_INLINE vd vd_get(const double *p) { return _mm512_loadu_pd(p); }
/* p[l] += x[l], lanes being unsigned */
LM_INLINE void vi_add_into(uint64_t *p, vi x)
{
    __m512i lo = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(x));
    __m512i hi = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(x, 1));
    _mm512_storeu_si512(p, _mm512_add_epi64(_mm512_loadu_si512(p), lo));
    _mm512_storeu_si512(p + 8, _mm512_add_epi64(_mm512_loadu_si512(p + 8), hi));
}
#else
/* As many rows as leave registers for what they are multiplied by, of 16. */
enum { ROWS_U8 = 4, ROWS_F64 = 2 };
LM_INLINE vi vi_madd(vi a, vi b) { return _mm256_madd_epi16(a, b); }
LM_INLINE vd vd_get(const double *p) { return _mm256_loadu_pd(p); }
LM_INLINE void vi_add_into(uint64_t *p, vi x)
{
    __m256i lo = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(x));
    __m256i hi = _mm256_cvtepu32_epi64(_mm256_extracti128_si256(x, 1));
    __m256i *q = (__m256i *)p;
    _mm256_storeu_si256(q, _mm256_add_epi64(_mm256_loadu_si256(q), lo));
    _mm256_storeu_si256(q + 1, _mm256_add_epi64(_mm256_loadu_si256(q + 1), hi));
}
#endif
/* clang-format on */

enum { VIS = PANEL / VF_LANES, VDS = PANEL / VD_LANES };

LM_INLINE void rows_u8(uint64_t *c, size_t ldc, const uint32_t *a, const uint32_t *b, size_t n)
{
    vi sum[ROWS_U8][VIS];
    LM_UNROLL
    for (int i = 0; i < ROWS_U8; i++) {
        LM_UNROLL
        for (int j = 0; j < VIS; j++) {
            sum[i][j] = vi_set(0);
        }
    }
    for (size_t t = 0; t < n; t++) {
        vi bv[VIS];
        LM_UNROLL
        for (int j = 0; j < VIS; j++) {
            bv[j] = vi_load(b + t * PANEL + j * VF_LANES);
        }
        LM_UNROLL
        for (int i = 0; i < ROWS_U8; i++) {
            vi av = vi_set((int)a[t * PANEL + (size_t)i]);
            LM_UNROLL
            for (int j = 0; j < VIS; j++) {
                sum[i][j] = vi_add32(sum[i][j], vi_madd(av, bv[j]));
            }
        }
    }
    LM_UNROLL
    for (int i = 0; i < ROWS_U8; i++) {
        LM_UNROLL
        for (int j = 0; j < VIS; j++) {
            vi_add_into(c + (size_t)i * ldc + j * VF_LANES, sum[i][j]);
        }
    }
}

static LM_KERNEL void add_u8(uint64_t *c, size_t ldc, const uint32_t *a, const uint32_t *b,
                             size_t n)
{
    for (size_t i = 0; i < PANEL; i += ROWS_U8) {
        rows_u8(c + i * ldc, ldc, a + i, b, n);
    }
}

LM_INLINE void rows_f64(double *c, size_t ldc, const double *a, const double *b, size_t n)
{
    vd sum[ROWS_F64][VDS];
    LM_UNROLL
    for (int i = 0; i < ROWS_F64; i++) {
        LM_UNROLL
        for (int j = 0; j < VDS; j++) {
            sum[i][j] = vd_get(c + (size_t)i * ldc + j * VD_LANES);
        }
    }
    for (size_t t = 0; t < n; t++) {
        vd bv[VDS];
        LM_UNROLL
        for (int j = 0; j < VDS; j++) {
            bv[j] = vd_get(b + t * PANEL + j * VD_LANES);
        }
        LM_UNROLL
        for (int i = 0; i < ROWS_F64; i++) {
            vd av = vd_set(a[t * PANEL + (size_t)i]);
            LM_UNROLL
            for (int j = 0; j < VDS; j++) {
                sum[i][j] = vd_fma(av, bv[j], sum[i][j]);
            }
        }
    }
    LM_UNROLL
    for (int i = 0; i < ROWS_F64; i++) {
        LM_UNROLL
        for (int j = 0; j < VDS; j++) {
            vd_store(c + (size_t)i * ldc + j * VD_LANES, sum[i][j]);
        }
    }
}

static LM_KERNEL void add_f64(double *c, size_t ldc, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < PANEL; i += ROWS_F64) {
        rows_f64(c + i * ldc, ldc, a + i, b, n);
    }
}

/* Colours: everything stays in registers. */
LM_INLINE void mix_3(float *restrict y, const float *restrict x, size_t n, const float *w)
{
    float m[9];
    for (int i = 0; i < 9; i++) {
        m[i] = w[i];
    }
    for (size_t p = 0; p < n; p++, x += 3, y += 3) {
        for (int j = 0; j < 3; j++) {
            float first = fmaf(x[0], m[j], 0);
            y[j] = fmaf(x[2], m[6 + j], fmaf(x[1], m[3 + j], first));
        }
    }
}

static LM_KERNEL void mix_f32(float *restrict y, const float *restrict x, size_t n, size_t c,
                              const float *restrict w)
{
    if (c == 3) {
        mix_3(y, x, n, w);
        return;
    }
    for (size_t p = 0; p < n; p++, x += c, y += c) {
        for (size_t j = 0; j < c; j++) {
            y[j] = 0;
            for (size_t i = 0; i < c; i++) {
                y[j] = fmaf(x[i], w[i * c + j], y[j]);
            }
        }
    }
}

static LM_KERNEL void map_u8(float *y, const uint8_t *x, size_t n, const float table[256])
{
    for (size_t i = 0; i < n; i++) {
        y[i] = table[x[i]];
    }
}

const LmOuterKernels LM_VARIANT(lm_outer_kernels) = {
    .add_u8 = add_u8, .add_f64 = add_f64, .mix_f32 = mix_f32, .map_u8 = map_u8};
