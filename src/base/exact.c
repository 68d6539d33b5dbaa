/* Long division and an integer square root that keep enough bits to round once.
 *
 * Both produce an integer of at least 55 bits whose last bit also records whether anything was cut
 * off (a sticky bit). Its value is a scaled approximation from which the conversion to double,
 * 53 bits with ties to even, rounds exactly as it would from the true value.
 */
#include "base/exact.h"

#include <math.h>

/* floor(a * 2^*shift / b) with at least `bits` bits, *shift even; the remainder's being nonzero
 * goes to *sticky. The remainder stays below b < 2^127, so doubling it cannot overflow. */
static LmU128 divide(LmU128 a, LmU128 b, int bits, int *shift, bool *sticky)
{
    LmU128 quotient = a / b;
    LmU128 rest = a % b;
    *shift = 0;
    while (quotient >> (bits - 1) == 0 || *shift % 2 != 0) {
        rest <<= 1;
        quotient = quotient << 1 | (rest >= b);
        rest -= rest >= b ? b : 0;
        (*shift)++;
    }
    *sticky = rest != 0;
    return quotient;
}

static uint64_t square_root(LmU128 a)
{
    uint64_t root = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t trial = root | (uint64_t)1 << bit;
        if ((LmU128)trial * trial <= a) {
            root = trial;
        }
    }
    return root;
}

double lm_exact_mean(uint64_t n, LmI128 s1)
{
    LM_ASSERT(n > 0 && n >> 63 == 0);
    if (s1 == 0) {
        return 0;
    }
    int shift;
    bool sticky;
    LmU128 size = s1 < 0 ? -(LmU128)s1 : (LmU128)s1;
    LmU128 quotient = divide(size, n, 55, &shift, &sticky);
    LM_ASSERT(quotient >> 64 == 0);
    double mean = ldexp((double)((uint64_t)quotient | sticky), -shift);
    return s1 < 0 ? -mean : mean;
}

double lm_exact_std(uint64_t n, LmI128 s1, LmU128 s2)
{
    LM_ASSERT(n > 0 && n >> 63 == 0);
    LmU128 size = s1 < 0 ? -(LmU128)s1 : (LmU128)s1;
    LmU128 spread = s2 * n - size * size;
    if (spread == 0) {
        return 0;
    }
    int shift;
    bool sticky;
    LmU128 variance = divide(spread, (LmU128)n * n, 111, &shift, &sticky);
    uint64_t root = square_root(variance);
    sticky |= (LmU128)root * root != variance;
    return ldexp((double)(root | sticky), -(shift / 2));
}
