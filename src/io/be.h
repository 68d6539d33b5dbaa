/* Big-endian numbers in files. */
#ifndef LM_BE_H
#define LM_BE_H

#include "base/base.h"

static inline uint32_t lm_be_get32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void lm_be_put32(uint8_t *b, uint32_t v)
{
    b[0] = (uint8_t)(v >> 24);
    b[1] = (uint8_t)(v >> 16);
    b[2] = (uint8_t)(v >> 8);
    b[3] = (uint8_t)v;
}

/* Copies n numbers of `size` bytes (1, 2, 4 or 8), each with its bytes reversed. dst may be src,
 * else they may not overlap; no alignment is needed. */
void lm_be_swap(void *dst, const void *src, size_t n, size_t size);

#endif
