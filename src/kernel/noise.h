/* Normal numbers from bits of the counter generator: what one pair of 32-bit words becomes, stated
 * once, so that every variant has the same bits.
 *
 * Box and Muller, "A note on the generation of random normal deviates" (1958): with u1 in (0, 1]
 * and u2 in [0, 1), sqrt(-2 log u1) times cosine and sine of 2 pi u2. In double, rounded to float
 * at the end; 32 bits of u1 reach 6.66 standard deviations.
 */
#ifndef LM_NOISE_H
#define LM_NOISE_H

#include <math.h>

#include "kernel/math.h"

/* A word as a double, by its bit pattern behind 2^52: AVX2 converts no unsigned integers. */
static inline double lm_noise_number(uint32_t word)
{
    uint64_t bits = 0x4330000000000000u | word;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x - 0x1p52;
}

static inline void lm_noise_pair(uint32_t a, uint32_t b, float *z0, float *z1)
{
    double sine;
    double cosine;
    double radius = sqrt(-2.0 * lm_math_log((lm_noise_number(a) + 1.0) * 0x1p-32));
    lm_math_sincos_turns(lm_noise_number(b) * 0x1p-32, &sine, &cosine);
    *z0 = (float)(radius * cosine);
    *z1 = (float)(radius * sine);
}

#endif
