/* The vector type at the width of the instruction set this file is compiled for.
 *
 * Included by fast_*.c only. Names say what they do to each lane; nothing here crosses lanes except
 * where the name says so. LM_VARIANT(name) gives an exported table its suffix.
 */
#ifndef LM_VEC_H
#define LM_VEC_H

#include <immintrin.h>

#include "base/base.h"

#define LM_PASTE2(a, b) a##_##b
#define LM_PASTE(a, b) LM_PASTE2(a, b)
#define LM_VARIANT(name) LM_PASTE(name, LM_ISA)

/* Unrolls the loop behind it whole; its count is a small constant. */
#if defined(__clang__)
#define LM_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LM_UNROLL _Pragma("GCC unroll 16")
#endif

/* Hides from the compiler where pointer p comes from. Where a block of many rows is read or
 * written, it would otherwise work out all addresses ahead and, having no registers for them, load
 * each one from the stack; stepping through them is faster. */
#define LM_STEP(p) __asm__("" : "+r"(p))

#define LM_INLINE static inline __attribute__((always_inline))

/* One line a function: the three sets are to be read side by side. */
/* clang-format off */
#if defined(__AVX512F__)
enum { VF_LANES = 16 };
typedef __m512 vf;

LM_INLINE vf vf_zero(void) { return _mm512_setzero_ps(); }
LM_INLINE vf vf_set(float x) { return _mm512_set1_ps(x); }
LM_INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
LM_INLINE void vf_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
LM_INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
LM_INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
LM_INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
LM_INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
LM_INLINE vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }
/* a > b ? a : b, so the second operand where either is NaN */
LM_INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
LM_INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
/* a*b + c, rounded once */
LM_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
/* c - a*b, rounded once */
LM_INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
/* x where a > b, else 0 */
LM_INLINE vf vf_where_gt(vf a, vf b, vf x)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), x);
}
/* x where a == b, else 0 */
LM_INLINE vf vf_where_eq(vf a, vf b, vf x)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ), x);
}
/* VF_LANES unsigned bytes, converted */
LM_INLINE vf vf_load_u8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
/* Doubles, half as many. */
enum { VD_LANES = 8 };
typedef __m512d vd;

LM_INLINE vd vd_set(double x) { return _mm512_set1_pd(x); }
LM_INLINE void vd_store(double *p, vd x) { _mm512_storeu_pd(p, x); }
LM_INLINE vd vd_load_f32(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
LM_INLINE vd vd_add(vd a, vd b) { return _mm512_add_pd(a, b); }
LM_INLINE vd vd_sub(vd a, vd b) { return _mm512_sub_pd(a, b); }
LM_INLINE vd vd_fma(vd a, vd b, vd c) { return _mm512_fmadd_pd(a, b, c); }

/* Masks and 32-bit integers, a lane each. */
typedef __mmask16 vm;
typedef __m512i vi;

LM_INLINE vm vf_gt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
LM_INLINE vf vf_select(vm m, vf a, vf b) { return _mm512_mask_mov_ps(b, m, a); }
LM_INLINE vi vi_set(int x) { return _mm512_set1_epi32(x); }
LM_INLINE vm vi_eq(vi a, vi b) { return _mm512_cmpeq_epi32_mask(a, b); }
LM_INLINE vi vi_select(vm m, vi a, vi b) { return _mm512_mask_mov_epi32(b, m, a); }
LM_INLINE vi vi_load_u8(const uint8_t *p)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
/* Each lane's value, 0..255, as a byte */
LM_INLINE void vi_store_u8(uint8_t *p, vi x)
{
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(x));
}
LM_INLINE vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
LM_INLINE void vi_store(void *p, vi x) { _mm512_storeu_si512(p, x); }
LM_INLINE vi vi_add32(vi a, vi b) { return _mm512_add_epi32(a, b); }
LM_INLINE vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
LM_INLINE vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
/* x is not 0 (a NaN is not) */
LM_INLINE vm vf_nonzero(vf x) { return _mm512_cmp_ps_mask(x, vf_zero(), _CMP_NEQ_UQ); }
LM_INLINE vm vm_and(vm a, vm b) { return a & b; }
/* Bit l: lane l */
LM_INLINE uint32_t vm_bits(vm m) { return m; }
/* Sixteen numbers: four rows of four. */
typedef __m512 vf16;
LM_INLINE vf16 vf16_load_rows(const float *a, const float *b, const float *c, const float *d)
{
    vf16 x = _mm512_castps128_ps512(_mm_loadu_ps(a));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(b), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(c), 2);
    return _mm512_insertf32x4(x, _mm_loadu_ps(d), 3);
}
/* Each lane's own, 0..15 */
LM_INLINE vf vf16_pick(vf16 x, vi i) { return _mm512_permutexvar_ps(i, x); }
#else
enum { VF_LANES = 8 };
typedef __m256 vf;

LM_INLINE vf vf_zero(void) { return _mm256_setzero_ps(); }
LM_INLINE vf vf_set(float x) { return _mm256_set1_ps(x); }
LM_INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
LM_INLINE void vf_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
LM_INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
LM_INLINE vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
LM_INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
LM_INLINE vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
LM_INLINE vf vf_sqrt(vf a) { return _mm256_sqrt_ps(a); }
LM_INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
LM_INLINE vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
LM_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
LM_INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
LM_INLINE vf vf_where_gt(vf a, vf b, vf x)
{
    return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ), x);
}
LM_INLINE vf vf_where_eq(vf a, vf b, vf x)
{
    return _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ), x);
}
LM_INLINE vf vf_load_u8(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
enum { VD_LANES = 4 };
typedef __m256d vd;

LM_INLINE vd vd_set(double x) { return _mm256_set1_pd(x); }
LM_INLINE void vd_store(double *p, vd x) { _mm256_storeu_pd(p, x); }
LM_INLINE vd vd_load_f32(const float *p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
LM_INLINE vd vd_add(vd a, vd b) { return _mm256_add_pd(a, b); }
LM_INLINE vd vd_sub(vd a, vd b) { return _mm256_sub_pd(a, b); }
LM_INLINE vd vd_fma(vd a, vd b, vd c) { return _mm256_fmadd_pd(a, b, c); }

typedef __m256 vm;
typedef __m256i vi;

LM_INLINE vm vf_gt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
LM_INLINE vf vf_select(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }
LM_INLINE vi vi_set(int x) { return _mm256_set1_epi32(x); }
LM_INLINE vm vi_eq(vi a, vi b) { return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)); }
LM_INLINE vi vi_select(vm m, vi a, vi b)
{
    return _mm256_castps_si256(
        _mm256_blendv_ps(_mm256_castsi256_ps(b), _mm256_castsi256_ps(a), m));
}
LM_INLINE vi vi_load_u8(const uint8_t *p)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}
LM_INLINE void vi_store_u8(uint8_t *p, vi x)
{
    __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(words, words));
}
LM_INLINE vi vi_load(const void *p) { return _mm256_loadu_si256(p); }
LM_INLINE void vi_store(void *p, vi x) { _mm256_storeu_si256(p, x); }
LM_INLINE vi vi_add32(vi a, vi b) { return _mm256_add_epi32(a, b); }
LM_INLINE vi vi_or(vi a, vi b) { return _mm256_or_si256(a, b); }
LM_INLINE vi vi_and(vi a, vi b) { return _mm256_and_si256(a, b); }
LM_INLINE vm vf_nonzero(vf x) { return _mm256_cmp_ps(x, vf_zero(), _CMP_NEQ_UQ); }
LM_INLINE vm vm_and(vm a, vm b) { return _mm256_and_ps(a, b); }
LM_INLINE uint32_t vm_bits(vm m) { return (uint32_t)_mm256_movemask_ps(m); }
typedef struct vf16 {
    __m256 low, high;
} vf16;
LM_INLINE vf16 vf16_load_rows(const float *a, const float *b, const float *c, const float *d)
{
    return (vf16){_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(a)), _mm_loadu_ps(b), 1),
                  _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(c)), _mm_loadu_ps(d), 1)};
}
LM_INLINE vf vf16_pick(vf16 x, vi i)
{
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(x.low, i), _mm256_permutevar8x32_ps(x.high, i),
                            _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)));
}
#endif

/* to[j * to_ld + i] = from[i * from_ld + j], 8 by 8: pairs, then fours, then halves change places. */
LM_INLINE void v8x8_transpose(float *to, int64_t to_ld, const float *from, int64_t from_ld)
{
    __m256 a[8];
    __m256 b[8];
    LM_UNROLL
    for (int i = 0; i < 8; i += 2) {
        __m256 even = _mm256_loadu_ps(from + i * from_ld);
        __m256 odd = _mm256_loadu_ps(from + (i + 1) * from_ld);
        a[i] = _mm256_unpacklo_ps(even, odd);
        a[i + 1] = _mm256_unpackhi_ps(even, odd);
    }
    LM_UNROLL
    for (int i = 0; i < 8; i += 4) {
        b[i] = _mm256_shuffle_ps(a[i], a[i + 2], 0x44);
        b[i + 1] = _mm256_shuffle_ps(a[i], a[i + 2], 0xEE);
        b[i + 2] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0x44);
        b[i + 3] = _mm256_shuffle_ps(a[i + 1], a[i + 3], 0xEE);
    }
    LM_UNROLL
    for (int j = 0; j < 4; j++) {
        _mm256_storeu_ps(to + j * to_ld, _mm256_permute2f128_ps(b[j], b[j + 4], 0x20));
        _mm256_storeu_ps(to + (j + 4) * to_ld, _mm256_permute2f128_ps(b[j], b[j + 4], 0x31));
    }
}

/* clang-format on */
#endif
