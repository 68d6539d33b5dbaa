/* Statistics kernels on integer vectors. Sums of integers do not depend on their order, so lanes
 * may be added up as it suits; what must be shown is that no lane overflows before it is emptied.
 */
#include "kernel/kernel.h"

#include <string.h>

#include "kernel/vec.h"

/* clang-format off */
#if defined(__AVX512BW__)
enum { VI_BYTES = 64 };
typedef __m512i vi;

LM_INLINE vi vi_zero(void) { return _mm512_setzero_si512(); }
LM_INLINE vi vi_add64(vi a, vi b) { return _mm512_add_epi64(a, b); }
LM_INLINE vi vi_min8(vi a, vi b) { return _mm512_min_epu8(a, b); }
LM_INLINE vi vi_max8(vi a, vi b) { return _mm512_max_epu8(a, b); }
/* Sums of 8 neighbouring bytes as 64-bit numbers. */
LM_INLINE vi vi_sum_bytes(vi x) { return _mm512_sad_epu8(x, _mm512_setzero_si512()); }
/* Sums of the squares of two 16-bit numbers as 32-bit numbers. */
LM_INLINE vi vi_squares16(vi x) { return _mm512_madd_epi16(x, x); }
/* One half of the bytes, as 16-bit numbers. */
LM_INLINE vi vi_half_low(vi x) { return _mm512_unpacklo_epi8(x, _mm512_setzero_si512()); }
LM_INLINE vi vi_half_high(vi x) { return _mm512_unpackhi_epi8(x, _mm512_setzero_si512()); }
/* VI_BYTES / 4 bytes as 32-bit numbers. */
LM_INLINE vi vi_load_wide(const uint8_t *p)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}
#else
enum { VI_BYTES = 32 };
typedef __m256i vi;

LM_INLINE vi vi_zero(void) { return _mm256_setzero_si256(); }
LM_INLINE vi vi_add64(vi a, vi b) { return _mm256_add_epi64(a, b); }
LM_INLINE vi vi_min8(vi a, vi b) { return _mm256_min_epu8(a, b); }
LM_INLINE vi vi_max8(vi a, vi b) { return _mm256_max_epu8(a, b); }
LM_INLINE vi vi_sum_bytes(vi x) { return _mm256_sad_epu8(x, _mm256_setzero_si256()); }
LM_INLINE vi vi_squares16(vi x) { return _mm256_madd_epi16(x, x); }
LM_INLINE vi vi_half_low(vi x) { return _mm256_unpacklo_epi8(x, _mm256_setzero_si256()); }
LM_INLINE vi vi_half_high(vi x) { return _mm256_unpackhi_epi8(x, _mm256_setzero_si256()); }
LM_INLINE vi vi_load_wide(const uint8_t *p)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}
#endif
/* clang-format on */

/* A step adds at most 2 * 255^2 = 130,050 to a 32-bit lane; 33,025 of them stay below 2^32. */
enum { SQUARE_STEPS_MAX = 33025 };

LM_INLINE uint64_t sum_lanes64(vi x)
{
    uint64_t lanes[VI_BYTES / 8];
    uint64_t sum = 0;
    vi_store(lanes, x);
    for (size_t k = 0; k < LM_ARRAY_LEN(lanes); k++) {
        sum += lanes[k];
    }
    return sum;
}

LM_INLINE uint64_t sum_lanes32(vi x)
{
    uint32_t lanes[VI_BYTES / 4];
    uint64_t sum = 0;
    vi_store(lanes, x);
    for (size_t k = 0; k < LM_ARRAY_LEN(lanes); k++) {
        sum += lanes[k];
    }
    return sum;
}

LM_KERNEL static void sums_u8(const uint8_t *v, size_t n, uint64_t *s1, uint64_t *s2)
{
    size_t i = 0;
    while (n - i >= VI_BYTES) {
        size_t n_steps = LM_MIN((n - i) / VI_BYTES, (size_t)SQUARE_STEPS_MAX);
        vi sum = vi_zero();
        vi low = vi_zero();
        vi high = vi_zero();
        for (size_t end = i + n_steps * VI_BYTES; i < end; i += VI_BYTES) {
            vi x = vi_load(v + i);
            sum = vi_add64(sum, vi_sum_bytes(x));
            low = vi_add32(low, vi_squares16(vi_half_low(x)));
            high = vi_add32(high, vi_squares16(vi_half_high(x)));
        }
        *s1 += sum_lanes64(sum);
        *s2 += sum_lanes32(low) + sum_lanes32(high);
    }
    for (; i < n; i++) {
        uint32_t x = v[i];
        *s1 += x;
        *s2 += x * x;
    }
}

/* s1[i] += v[i], s2[i] += v[i]^2 for i < n. The upper half of each 32-bit number is zero, so the
 * pair of squares is one square. */
LM_INLINE void add_row(const uint8_t *v, size_t n, uint32_t *s1, uint32_t *s2)
{
    enum { STEP = VI_BYTES / 4 };
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        vi x = vi_load_wide(v + i);
        vi_store(s1 + i, vi_add32(vi_load(s1 + i), x));
        vi_store(s2 + i, vi_add32(vi_load(s2 + i), vi_squares16(x)));
    }
    for (; i < n; i++) {
        uint32_t x = v[i];
        s1[i] += x;
        s2[i] += x * x;
    }
}

LM_KERNEL static void sums_u8_pixel(const uint8_t *v, size_t n, uint32_t *s1, uint32_t *s2)
{
    add_row(v, n, s1, s2);
}

/* Rows as wide as a whole number of vectors and of channels, so that a lane always meets the same
 * channel: c * 16 lanes. Few channels take several such rows at once, lest every step wait for the
 * store of the one before. */
enum { ROW_UNIT = 16, ROW_LANES_MIN = 128, ROW_LANES_MAX = ROW_UNIT * LM_SUM_CHANNELS_MAX };
/* 66,051 * 255^2 is the last multiple of 255^2 below 2^32. */
enum { ROWS_MAX = 66051 };

LM_KERNEL static void sums_u8_channel(const uint8_t *v, size_t n, size_t c, uint64_t *s1,
                                      uint64_t *s2)
{
    uint32_t row1[ROW_LANES_MAX];
    uint32_t row2[ROW_LANES_MAX];
    size_t unit = c * ROW_UNIT;
    size_t lanes = (ROW_LANES_MIN + unit - 1) / unit * unit;
    size_t i = 0;
    while (n - i >= lanes) {
        size_t n_rows = LM_MIN((n - i) / lanes, (size_t)ROWS_MAX);
        memset(row1, 0, lanes * sizeof *row1);
        memset(row2, 0, lanes * sizeof *row2);
        for (size_t end = i + n_rows * lanes; i < end; i += lanes) {
            add_row(v + i, lanes, row1, row2);
        }
        for (size_t k = 0; k < lanes; k += c) {
            for (size_t j = 0; j < c; j++) {
                s1[j] += row1[k + j];
                s2[j] += row2[k + j];
            }
        }
    }
    for (; i < n; i += c) {
        for (size_t j = 0; j < c; j++) {
            uint32_t x = v[i + j];
            s1[j] += x;
            s2[j] += x * x;
        }
    }
}

/* An increment waits for the store of the last one to the same count, and equal neighbours are the
 * rule in images. So eight tables take turns, and 32 equal bytes (a margin) count in one step. With
 * 32 MNIST counts at 4.0 GB/s and noise at 3.4; eight equal bytes instead gave 3.2 and 3.3, four
 * tables 2.4 on MNIST. */
enum { TABLES = 8, RUN = 32 };
/* Below this the direct loop costs less than clearing and adding up the tables. */
enum { TABLES_PAY = 1024 };
/* A run adds at most 32 to a 32-bit count. */
#define RUN_BYTES_MAX ((size_t)1 << 31)

LM_INLINE bool is_run(const uint8_t *v)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)v);
    __m256i first = _mm256_broadcastb_epi8(_mm256_castsi256_si128(x));
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(x, first)) == -1;
}

LM_INLINE void count_run(const uint8_t *v, uint32_t tables[TABLES][256])
{
    if (is_run(v)) {
        tables[0][v[0]] += RUN;
        return;
    }
    for (int i = 0; i < RUN; i += 8) {
        uint64_t x;
        memcpy(&x, v + i, sizeof x);
        for (int k = 0; k < 8; k++) {
            tables[k % TABLES][x >> (8 * k) & 255]++;
        }
    }
}

LM_KERNEL static void histogram_u8(const uint8_t *v, size_t n, uint64_t counts[256])
{
    uint32_t tables[TABLES][256];
    size_t i = 0;
    while (n - i >= TABLES_PAY) {
        size_t end = i + LM_MIN(n - i, RUN_BYTES_MAX) / RUN * RUN;
        memset(tables, 0, sizeof tables);
        for (; i < end; i += RUN) {
            count_run(v + i, tables);
        }
        for (int value = 0; value < 256; value++) {
            for (int k = 0; k < TABLES; k++) {
                counts[value] += tables[k][value];
            }
        }
    }
    for (; i < n; i++) {
        counts[v[i]]++;
    }
}

LM_INLINE void widen_row(const uint8_t *v, size_t n, uint8_t *lo, uint8_t *hi)
{
    size_t i = 0;
    for (; i + VI_BYTES <= n; i += VI_BYTES) {
        vi x = vi_load(v + i);
        vi_store(lo + i, vi_min8(vi_load(lo + i), x));
        vi_store(hi + i, vi_max8(vi_load(hi + i), x));
    }
    for (; i < n; i++) {
        lo[i] = LM_MIN(lo[i], v[i]);
        hi[i] = LM_MAX(hi[i], v[i]);
    }
}

LM_KERNEL static void bounds_u8(const uint8_t *v, size_t n, size_t period, uint8_t *lo, uint8_t *hi)
{
    for (size_t i = 0; i < n; i += period) {
        widen_row(v + i, LM_MIN(period, n - i), lo, hi);
    }
}

extern const LmStatsKernels LM_VARIANT(lm_stats_kernels);
const LmStatsKernels LM_VARIANT(lm_stats_kernels) = {
    .sums_u8 = sums_u8,
    .sums_u8_pixel = sums_u8_pixel,
    .sums_u8_channel = sums_u8_channel,
    .histogram_u8 = histogram_u8,
    .bounds_u8 = bounds_u8,
};
