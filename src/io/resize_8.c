/* The two passes over bytes: sums of fixed-point products, rounded to a byte. Both are exact
 * integer arithmetic, so their order is free and every machine gives the same bytes. */
#include "io/resize_impl.h"

enum { HALF = 1 << (LM_RESIZE_BITS - 1), COLUMNS = 256 };

static inline uint8_t to_byte(int32_t sum)
{
    int32_t value = sum >> LM_RESIZE_BITS;
    return (uint8_t)(value < 0 ? 0 : value > UINT8_MAX ? UINT8_MAX : value);
}

/* c is a constant where this is called, so its loops unroll. */
static inline __attribute__((always_inline)) void across_row(uint8_t *dst, const uint8_t *src,
                                                             int64_t c, const LmTaps *taps)
{
    for (int64_t o = 0; o < taps->n_out; o++, dst += c) {
        const uint8_t *pixel = src + taps->firsts[o] * c;
        const int32_t *k = taps->fixed + o * taps->stride;
        int32_t sums[4] = {HALF, HALF, HALF, HALF};
        for (int64_t t = 0; t < taps->counts[o]; t++, pixel += c) {
            for (int64_t i = 0; i < c; i++) {
                sums[i] += pixel[i] * k[t];
            }
        }
        for (int64_t i = 0; i < c; i++) {
            dst[i] = to_byte(sums[i]);
        }
    }
}

void lm_resize_across_8(uint8_t *dst, const uint8_t *src, int64_t n_rows, int64_t n_in, int64_t c,
                        const LmTaps *taps)
{
    for (int64_t y = 0; y < n_rows; y++, dst += taps->n_out * c, src += n_in * c) {
        switch (c) {
        case 1:
            across_row(dst, src, 1, taps);
            break;
        case 2:
            across_row(dst, src, 2, taps);
            break;
        case 3:
            across_row(dst, src, 3, taps);
            break;
        default:
            across_row(dst, src, 4, taps);
            break;
        }
    }
}

void lm_resize_down_8(uint8_t *dst, const uint8_t *src, int64_t size, int64_t first_row,
                      const LmTaps *taps)
{
    int32_t sums[COLUMNS];
    for (int64_t o = 0; o < taps->n_out; o++, dst += size) {
        const int32_t *k = taps->fixed + o * taps->stride;
        const uint8_t *rows = src + (taps->firsts[o] - first_row) * size;
        for (int64_t x = 0; x < size; x += COLUMNS) {
            int64_t n = LM_MIN((int64_t)COLUMNS, size - x);
            for (int64_t i = 0; i < n; i++) {
                sums[i] = HALF;
            }
            for (int64_t t = 0; t < taps->counts[o]; t++) {
                const uint8_t *row = rows + t * size + x;
                int32_t weight = k[t];
                for (int64_t i = 0; i < n; i++) {
                    sums[i] += row[i] * weight;
                }
            }
            for (int64_t i = 0; i < n; i++) {
                dst[x + i] = to_byte(sums[i]);
            }
        }
    }
}
