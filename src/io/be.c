/* Byte reversal of whole arrays.
 *
 * Numbers in a file lie at any address, so each is moved by memcpy; compilers turn these loops into
 * vector shuffles.
 */
#include "io/be.h"

#include <string.h>

static void swap16(uint8_t *dst, const uint8_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t v;
        memcpy(&v, src + 2 * i, sizeof v);
        v = __builtin_bswap16(v);
        memcpy(dst + 2 * i, &v, sizeof v);
    }
}

static void swap32(uint8_t *dst, const uint8_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t v;
        memcpy(&v, src + 4 * i, sizeof v);
        v = __builtin_bswap32(v);
        memcpy(dst + 4 * i, &v, sizeof v);
    }
}

static void swap64(uint8_t *dst, const uint8_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t v;
        memcpy(&v, src + 8 * i, sizeof v);
        v = __builtin_bswap64(v);
        memcpy(dst + 8 * i, &v, sizeof v);
    }
}

void lm_be_swap(void *dst, const void *src, size_t n, size_t size)
{
    switch (size) {
    case 1:
        memmove(dst, src, n);
        break;
    case 2:
        swap16(dst, src, n);
        break;
    case 4:
        swap32(dst, src, n);
        break;
    case 8:
        swap64(dst, src, n);
        break;
    default:
        LM_ASSERT(!"1, 2, 4 or 8 bytes");
    }
}
