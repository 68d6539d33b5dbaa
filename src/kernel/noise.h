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

static inline void lm_noise_pair(uint32_t a, uint32_t b, float *z0, float *z1)
{
    double sine;
    double cosine;
    double radius = sqrt(-2.0 * lm_math_log(((double)a + 1.0) * 0x1p-32));
    lm_math_sincos_turns((double)b * 0x1p-32, &sine, &cosine);
    *z0 = (float)(radius * cosine);
    *z1 = (float)(radius * sine);
}

#endif
