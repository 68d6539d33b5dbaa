/* Statistics kernels, naive: what the fast ones must equal. Integers only, so any order of the
 * additions gives the same numbers. */
#include "kernel/kernel.h"

LM_KERNEL static void sums_u8(const uint8_t *v, size_t n, uint64_t *s1, uint64_t *s2)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t x = v[i];
        *s1 += x;
        *s2 += x * x;
    }
}

LM_KERNEL static void sums_u8_pixel(const uint8_t *v, size_t n, uint32_t *s1, uint32_t *s2)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t x = v[i];
        s1[i] += x;
        s2[i] += x * x;
    }
}

LM_KERNEL static void sums_u8_channel(const uint8_t *v, size_t n, size_t c, uint64_t *s1,
                                      uint64_t *s2)
{
    for (size_t i = 0; i < n; i += c) {
        for (size_t j = 0; j < c; j++) {
            uint32_t x = v[i + j];
            s1[j] += x;
            s2[j] += x * x;
        }
    }
}

LM_KERNEL static void histogram_u8(const uint8_t *v, size_t n, uint64_t counts[256])
{
    for (size_t i = 0; i < n; i++) {
        counts[v[i]]++;
    }
}

LM_KERNEL static void bounds_u8(const uint8_t *v, size_t n, size_t period, uint8_t *lo, uint8_t *hi)
{
    for (size_t i = 0; i < n; i += period) {
        for (size_t j = 0; j < LM_MIN(period, n - i); j++) {
            lo[j] = LM_MIN(lo[j], v[i + j]);
            hi[j] = LM_MAX(hi[j], v[i + j]);
        }
    }
}

extern const LmStatsKernels lm_stats_kernels_ref;
const LmStatsKernels lm_stats_kernels_ref = {
    .sums_u8 = sums_u8,
    .sums_u8_pixel = sums_u8_pixel,
    .sums_u8_channel = sums_u8_channel,
    .histogram_u8 = histogram_u8,
    .bounds_u8 = bounds_u8,
};
