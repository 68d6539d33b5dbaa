/* Both functions find floor(y * 2^shift) of the true value y, an integer q of at least 55 bits, and
 * whether y lies above q. That is two bits more than a double holds, so all the rest of y can
 * decide is whether a tie is one: setting the last bit of q where y lies above q breaks ties the
 * right way and changes no other rounding. Converting q then rounds once, as from y itself.
 */
#include "base/exact.h"

#include <math.h>

/* hi * 2^128 + lo */
typedef struct Wide {
    LmU128 hi;
    LmU128 lo;
} Wide;

/* The power of two is exact: results lie in 2^-63..2^63, far from subnormal. */
static double round_scaled(uint64_t q, bool is_above, int shift)
{
    return ldexp((double)(q | is_above), -shift);
}

static int bit_length(LmU128 x)
{
    uint64_t high = (uint64_t)(x >> 64);
    uint64_t low = (uint64_t)x;
    if (high != 0) {
        return 128 - __builtin_clzll(high);
    }
    return low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/* With |s1| in [2^(a-1), 2^a) and n in [2^(b-1), 2^b), the quotient is above 2^(a-1-b): a shift by
 * 55 + b - a brings it above 2^54, and |s1| shifted has 55 + b < 128 bits. Where that shift is
 * negative the quotient is above 2^55 as it is. */
double lm_exact_mean(uint64_t n, LmI128 s1)
{
    LM_ASSERT(n > 0 && n >> 63 == 0);
    if (s1 == 0) {
        return 0;
    }
    LmU128 size = s1 < 0 ? -(LmU128)s1 : (LmU128)s1;
    int shift = LM_MAX(55 + bit_length(n) - bit_length(size), 0);
    LmU128 scaled = size << shift;
    LmU128 q = scaled / n;
    LM_ASSERT(q >> 64 == 0);
    double mean = round_scaled((uint64_t)q, q * n != scaled, shift);
    return s1 < 0 ? -mean : mean;
}

/* x < 2^120 */
static Wide square(LmU128 x)
{
    LmU128 low = (uint64_t)x;
    LmU128 high = x >> 64;
    LmU128 middle = 2 * high * low;
    LmU128 lo = low * low + (middle << 64);
    bool has_carry = lo < (middle << 64);
    return (Wide){high * high + (middle >> 64) + has_carry, lo};
}

/* 0 < s < 256; no bit leaves at the top. */
static Wide shift_left(LmU128 x, int s)
{
    if (s >= 128) {
        return (Wide){x << (s - 128), 0};
    }
    return (Wide){x >> (128 - s), x << s};
}

static int compare(Wide a, Wide b)
{
    if (a.hi != b.hi) {
        return a.hi < b.hi ? -1 : 1;
    }
    return a.lo < b.lo ? -1 : a.lo > b.lo;
}

/* y = sqrt(d)/n with d = n*s2 - s1*s1. q = floor(y * 2^shift) is the largest integer with
 *   (n*q)^2 <= d * 2^(2*shift),
 * equal where y * 2^shift is an integer itself: comparisons of integers. An estimate in doubles,
 * right to a few parts in 2^53, gives a shift that puts y * 2^shift into [2^55, 2^56] and a q that
 * is off by some tens at most, which the two loops put right. 1/n <= y < 2^31.5 keeps the shift
 * in 24..120; n*q stays below 2^120 and both sides below 2^240. */
double lm_exact_std(uint64_t n, LmI128 s1, LmU128 s2)
{
    LM_ASSERT(n > 0 && n >> 63 == 0);
    LmU128 size = s1 < 0 ? -(LmU128)s1 : (LmU128)s1;
    LM_ASSERT(s2 * n >= size * size);
    LmU128 d = s2 * n - size * size;
    if (d == 0) {
        return 0;
    }
    int exponent = 0;
    double estimate = sqrt((double)d) / (double)n;
    (void)frexp(estimate, &exponent);
    int shift = 56 - exponent;
    uint64_t q = (uint64_t)ldexp(estimate, shift);
    Wide target = shift_left(d, 2 * shift);
    while (compare(square((LmU128)n * q), target) > 0) {
        q--;
    }
    while (compare(square((LmU128)n * (q + 1)), target) <= 0) {
        q++;
    }
    bool is_above = compare(square((LmU128)n * q), target) != 0;
    return round_scaled(q, is_above, shift);
}
