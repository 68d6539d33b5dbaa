/* Vectors for walking over pixels: VD_LANES coordinates in double (vd, vec.h), and as many floats
 * (vh), 32-bit integers (vj) and truths (vt). Included by fast_*.c only.
 */
#ifndef LM_VEC_PIXEL_H
#define LM_VEC_PIXEL_H

#include "kernel/vec.h"

/* clang-format off */
#if defined(__AVX512F__)
typedef __m256 vh;
typedef __m256i vj;
typedef __mmask8 vt;

LM_INLINE vd vd_load(const double *p) { return _mm512_loadu_pd(p); }
LM_INLINE vd vd_mul(vd a, vd b) { return _mm512_mul_pd(a, b); }
LM_INLINE vd vd_div(vd a, vd b) { return _mm512_div_pd(a, b); }
/* a > b ? a : b, so the second operand where either is NaN */
LM_INLINE vd vd_max(vd a, vd b) { return _mm512_max_pd(a, b); }
LM_INLINE vd vd_min(vd a, vd b) { return _mm512_min_pd(a, b); }
LM_INLINE vd vd_floor(vd a) { return _mm512_roundscale_pd(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
LM_INLINE vd vd_trunc(vd a) { return _mm512_roundscale_pd(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
LM_INLINE vt vd_lt(vd a, vd b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ); }
LM_INLINE vt vd_le(vd a, vd b) { return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ); }
LM_INLINE vd vd_select(vt m, vd a, vd b) { return _mm512_mask_mov_pd(b, m, a); }
/* Not in [0, last], or NaN */
LM_INLINE vt vd_outside(vd a, vd last)
{
    return _mm512_cmp_pd_mask(a, _mm512_setzero_pd(), _CMP_NGE_UQ) | _mm512_cmp_pd_mask(a, last, _CMP_NLE_UQ);
}
LM_INLINE vt vt_or(vt a, vt b) { return a | b; }
LM_INLINE bool vt_any(vt a) { return a != 0; }
LM_INLINE vj vd_to_vj(vd a) { return _mm512_cvtpd_epi32(a); }
LM_INLINE vh vd_to_vh(vd a) { return _mm512_cvtpd_ps(a); }

LM_INLINE vh vh_set(float x) { return _mm256_set1_ps(x); }
LM_INLINE vh vh_sub(vh a, vh b) { return _mm256_sub_ps(a, b); }
LM_INLINE vh vh_fma(vh a, vh b, vh c) { return _mm256_fmadd_ps(a, b, c); }
LM_INLINE vh vh_select(vt m, vh a, vh b) { return _mm256_mask_mov_ps(b, m, a); }
LM_INLINE void vh_store(float *p, vh x) { _mm256_storeu_ps(p, x); }
LM_INLINE void vj_store(int32_t *p, vj x) { _mm256_storeu_si256((__m256i *)p, x); }
LM_INLINE vj vj_gather(const uint8_t *p, vj at) { return _mm256_i32gather_epi32((const int *)p, at, 1); }
/* Byte k of each lane, converted: the first by a mask, the last by a shift, the others by a shuffle */
LM_INLINE vh vh_byte(vj x, int k)
{
    const __m256i at = _mm256_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12);
    const __m256i rest = _mm256_set1_epi32((int)0x80808000);
    if (k == 0) {
        return _mm256_cvtepi32_ps(_mm256_and_si256(x, _mm256_set1_epi32(255)));
    }
    return _mm256_cvtepi32_ps(k == 3 ? _mm256_srli_epi32(x, 24)
                                     : _mm256_shuffle_epi8(x, _mm256_or_si256(_mm256_add_epi32(at, _mm256_set1_epi32(k)), rest)));
}
/* The 8 bytes at p + at, from bit lo on and from bit hi on */
#define vj_gather_pair(p, at, lo, hi, out_lo, out_hi)                                              \
    do {                                                                                           \
        __m512i pair_ = _mm512_i32gather_epi64(at, (const long long *)(const void *)(p), 1);       \
        out_lo = _mm512_cvtepi64_epi32(_mm512_srli_epi64(pair_, lo));                              \
        out_hi = _mm512_cvtepi64_epi32(_mm512_srli_epi64(pair_, hi));                              \
    } while (0)

LM_INLINE __m512 vh_join(vh a, vh b) { return _mm512_insertf32x8(_mm512_castps256_ps512(a), b, 1); }
/* The channels' lanes interleaved: lane 0 of each, lane 1 of each, ... */
LM_INLINE void vh_store2(float *p, const vh x[2])
{
    __m512i at = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    _mm512_storeu_ps(p, _mm512_permutexvar_ps(at, vh_join(x[0], x[1])));
}
LM_INLINE void vh_store3(float *p, const vh x[3])
{
    __m512i at0 = _mm512_setr_epi32(0, 8, 16, 1, 9, 17, 2, 10, 18, 3, 11, 19, 4, 12, 20, 5);
    __m512i at1 = _mm512_setr_epi32(13, 21, 6, 14, 22, 7, 15, 23, 0, 0, 0, 0, 0, 0, 0, 0);
    __m512 a = vh_join(x[0], x[1]);
    __m512 b = _mm512_castps256_ps512(x[2]);
    _mm512_storeu_ps(p, _mm512_permutex2var_ps(a, at0, b));
    _mm256_storeu_ps(p + 16, _mm512_castps512_ps256(_mm512_permutex2var_ps(a, at1, b)));
}
LM_INLINE void vh_store4(float *p, const vh x[4])
{
    __m512i at0 = _mm512_setr_epi32(0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
    __m512i at1 = _mm512_add_epi32(at0, _mm512_set1_epi32(4));
    __m512 a = vh_join(x[0], x[1]);
    __m512 b = vh_join(x[2], x[3]);
    _mm512_storeu_ps(p, _mm512_permutex2var_ps(a, at0, b));
    _mm512_storeu_ps(p + 16, _mm512_permutex2var_ps(a, at1, b));
}
#else
typedef __m128 vh;
typedef __m128i vj;
typedef __m256d vt;

LM_INLINE vd vd_load(const double *p) { return _mm256_loadu_pd(p); }
LM_INLINE vd vd_mul(vd a, vd b) { return _mm256_mul_pd(a, b); }
LM_INLINE vd vd_div(vd a, vd b) { return _mm256_div_pd(a, b); }
LM_INLINE vd vd_max(vd a, vd b) { return _mm256_max_pd(a, b); }
LM_INLINE vd vd_min(vd a, vd b) { return _mm256_min_pd(a, b); }
LM_INLINE vd vd_floor(vd a) { return _mm256_floor_pd(a); }
LM_INLINE vd vd_trunc(vd a) { return _mm256_round_pd(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
LM_INLINE vt vd_lt(vd a, vd b) { return _mm256_cmp_pd(a, b, _CMP_LT_OQ); }
LM_INLINE vt vd_le(vd a, vd b) { return _mm256_cmp_pd(a, b, _CMP_LE_OQ); }
LM_INLINE vd vd_select(vt m, vd a, vd b) { return _mm256_blendv_pd(b, a, m); }
LM_INLINE vt vd_outside(vd a, vd last)
{
    return _mm256_or_pd(_mm256_cmp_pd(a, _mm256_setzero_pd(), _CMP_NGE_UQ), _mm256_cmp_pd(a, last, _CMP_NLE_UQ));
}
LM_INLINE vt vt_or(vt a, vt b) { return _mm256_or_pd(a, b); }
LM_INLINE bool vt_any(vt a) { return _mm256_movemask_pd(a) != 0; }
LM_INLINE vj vd_to_vj(vd a) { return _mm256_cvtpd_epi32(a); }
LM_INLINE vh vd_to_vh(vd a) { return _mm256_cvtpd_ps(a); }

LM_INLINE vh vh_set(float x) { return _mm_set1_ps(x); }
LM_INLINE vh vh_sub(vh a, vh b) { return _mm_sub_ps(a, b); }
LM_INLINE vh vh_fma(vh a, vh b, vh c) { return _mm_fmadd_ps(a, b, c); }
LM_INLINE vh vh_select(vt m, vh a, vh b)
{
    __m128 lo = _mm_castpd_ps(_mm256_castpd256_pd128(m));
    __m128 hi = _mm_castpd_ps(_mm256_extractf128_pd(m, 1));
    return _mm_blendv_ps(b, a, _mm_shuffle_ps(lo, hi, _MM_SHUFFLE(2, 0, 2, 0)));
}
LM_INLINE void vh_store(float *p, vh x) { _mm_storeu_ps(p, x); }
LM_INLINE void vj_store(int32_t *p, vj x) { _mm_storeu_si128((__m128i *)p, x); }
LM_INLINE vj vj_gather(const uint8_t *p, vj at) { return _mm_i32gather_epi32((const int *)p, at, 1); }
LM_INLINE vh vh_byte(vj x, int k)
{
    const __m128i at = _mm_setr_epi32(0, 4, 8, 12);
    const __m128i rest = _mm_set1_epi32((int)0x80808000);
    if (k == 0) {
        return _mm_cvtepi32_ps(_mm_and_si128(x, _mm_set1_epi32(255)));
    }
    return _mm_cvtepi32_ps(k == 3 ? _mm_srli_epi32(x, 24)
                                  : _mm_shuffle_epi8(x, _mm_or_si128(_mm_add_epi32(at, _mm_set1_epi32(k)), rest)));
}
LM_INLINE vj vj_low_halves(__m256i x)
{
    __m128 lo = _mm_castsi128_ps(_mm256_castsi256_si128(x));
    __m128 hi = _mm_castsi128_ps(_mm256_extracti128_si256(x, 1));
    return _mm_castps_si128(_mm_shuffle_ps(lo, hi, _MM_SHUFFLE(2, 0, 2, 0)));
}
#define vj_gather_pair(p, at, lo, hi, out_lo, out_hi)                                              \
    do {                                                                                           \
        __m256i pair_ = _mm256_i32gather_epi64((const long long *)(const void *)(p), at, 1);       \
        out_lo = vj_low_halves(_mm256_srli_epi64(pair_, lo));                                      \
        out_hi = vj_low_halves(_mm256_srli_epi64(pair_, hi));                                      \
    } while (0)

LM_INLINE void vh_store2(float *p, const vh x[2])
{
    _mm_storeu_ps(p, _mm_unpacklo_ps(x[0], x[1]));
    _mm_storeu_ps(p + 4, _mm_unpackhi_ps(x[0], x[1]));
}
LM_INLINE void vh_store3(float *p, const vh x[3])
{
    __m128 b0r1 = _mm_shuffle_ps(x[2], x[0], _MM_SHUFFLE(1, 1, 0, 0));
    __m128 g1b1 = _mm_shuffle_ps(x[1], x[2], _MM_SHUFFLE(1, 1, 1, 1));
    __m128 b2r3 = _mm_shuffle_ps(x[2], x[0], _MM_SHUFFLE(3, 3, 2, 2));
    __m128 g3b3 = _mm_shuffle_ps(x[1], x[2], _MM_SHUFFLE(3, 3, 3, 3));
    _mm_storeu_ps(p, _mm_shuffle_ps(_mm_unpacklo_ps(x[0], x[1]), b0r1, _MM_SHUFFLE(2, 0, 1, 0)));
    _mm_storeu_ps(p + 4, _mm_shuffle_ps(g1b1, _mm_unpackhi_ps(x[0], x[1]), _MM_SHUFFLE(1, 0, 2, 0)));
    _mm_storeu_ps(p + 8, _mm_shuffle_ps(b2r3, g3b3, _MM_SHUFFLE(2, 0, 2, 0)));
}
LM_INLINE void vh_store4(float *p, const vh x[4])
{
    __m128 a = x[0];
    __m128 b = x[1];
    __m128 c = x[2];
    __m128 d = x[3];
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(p, a);
    _mm_storeu_ps(p + 4, b);
    _mm_storeu_ps(p + 8, c);
    _mm_storeu_ps(p + 12, d);
}
#endif

/* clang-format on */
#endif
