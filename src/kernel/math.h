/* exp, log, sine and cosine, tanh and the logistic function in double, our own so that their bits
 * do not depend on the C library. Plain IEEE operations in a fixed order, free of branches on the
 * way to the result, so compilers may vectorise callers. Error, on the ranges stated: exp 1.5 ulp,
 * log 3.5, sine and cosine 3.5, logistic function 5, tanh 2^-48 of the result (derived in
 * tests/unit/test_math.c); callers round to float.
 */
#ifndef LM_MATH_H
#define LM_MATH_H

#include <string.h>

#include "base/base.h"

/* 2^k for k in -1022..1023, by its bit pattern. */
static inline double lm_math_pow2i(int64_t k)
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^x; x is clamped to -708..709, where the result is normal. NaN stays NaN.
 * x = k*ln2 + r with |r| <= ln2/2 (ln2 in two parts, Cody and Waite 1980), e^r by its Taylor series
 * to r^13 (remainder below 2^-58), then scaled by 2^k. */
static inline double lm_math_exp(double x)
{
    double c = x < -708.0 ? -708.0 : x;
    c = c > 709.0 ? 709.0 : c;
    /* Adding 1.5 * 2^52 rounds to an integer in the low bits. NaN is put back at the end. */
    double shifted = c * 0x1.71547652b82fep+0 + 0x1.8p52;
    double kd = shifted - 0x1.8p52;
    double r = c - kd * 0x1.62e42fee00000p-1;
    r = r - kd * 0x1.a39ef35793c76p-33;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    /* The low bits of `shifted` hold k; 2^k is applied in two halves so that 2^1024 never appears.
     */
    int64_t k = (int64_t)(int32_t)(uint32_t)bits;
    double y = p * lm_math_pow2i(k / 2) * lm_math_pow2i(k - k / 2);
    return x == x ? y : x;
}

/* Natural logarithm of a normal x > 0; NaN and infinity stay what they are, so that a loss which is
 * no number shows. x = 2^k * m, m in [sqrt(1/2), sqrt(2));
 * log m = 2 atanh(s), s = (m-1)/(m+1), |s| < 0.172, by its series to s^21. */
static inline double lm_math_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t k = (int64_t)(bits >> 52) - 1023;
    uint64_t mantissa = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &mantissa, sizeof m);
    bool is_high = m > 0x1.6a09e667f3bcdp+0;
    m = is_high ? m * 0.5 : m;
    k = is_high ? k + 1 : k;
    double s = (m - 1.0) / (m + 1.0);
    double z = s * s;
    double p = 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    double log_m = 2.0 * s + 2.0 * s * z * p;
    double kd = (double)(int32_t)k; /* AVX2 converts no 64-bit integers */
    double y = kd * 0x1.62e42fee00000p-1 + (log_m + kd * 0x1.a39ef35793c76p-33);
    return x - x == 0 ? y : x;
}

/* Sine and cosine of 2 pi t, |t| at most 2^48; exact at quarter turns. 4t = k + r, |r| <= 1/2,
 * loses nothing; of x = r * pi/2, |x| <= pi/4, Taylor's series to x^17 and x^16 (remainders below
 * 2^-58); k chooses which of them, and the signs. */
static inline void lm_math_sincos_turns(double t, double *sine, double *cosine)
{
    double shifted = 4.0 * t + 0x1.8p52;
    double x = (4.0 * t - (shifted - 0x1.8p52)) * 0x1.921fb54442d18p+0;
    double z = x * x;
    double s = 1.0 / 355687428096000.0;
    s = s * z - 1.0 / 1307674368000.0;
    s = s * z + 1.0 / 6227020800.0;
    s = s * z - 1.0 / 39916800.0;
    s = s * z + 1.0 / 362880.0;
    s = s * z - 1.0 / 5040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    s = x + x * (z * s);
    double c = 1.0 / 20922789888000.0;
    c = c * z - 1.0 / 87178291200.0;
    c = c * z + 1.0 / 479001600.0;
    c = c * z - 1.0 / 3628800.0;
    c = c * z + 1.0 / 40320.0;
    c = c * z - 1.0 / 720.0;
    c = c * z + 1.0 / 24.0;
    c = c * z - 0.5;
    c = c * z + 1.0;
    uint64_t k;
    memcpy(&k, &shifted, sizeof k);
    double along = (k & 1) != 0 ? c : s;
    double across = (k & 1) != 0 ? s : c;
    *sine = (k & 2) != 0 ? -along : along;
    *cosine = ((k + 1) & 2) != 0 ? -across : across;
}

/* 1 / (1 + e^-x), from e^-|x| so that nothing overflows. */
static inline double lm_math_sigmoid(double x)
{
    double e = lm_math_exp(x < 0 ? x : -x);
    double small = e / (1.0 + e);
    return x < 0 ? small : 1.0 / (1.0 + e);
}

/* (e^2x - 1) / (e^2x + 1) on |x|; below 0.03 the first terms of the series, where the difference
 * would cancel (next term below 2^-55 of the result). */
static inline double lm_math_tanh(double x)
{
    double a = x < 0 ? -x : x;
    double e = lm_math_exp(-2.0 * a);
    double far = (1.0 - e) / (1.0 + e);
    double z = a * a;
    double near =
        a + a * z * (-1.0 / 3.0 + z * (2.0 / 15.0 + z * (-17.0 / 315.0 + z * (62.0 / 2835.0))));
    double t = a < 0.03 ? near : far;
    t = x == x ? t : x;
    return x < 0 ? -t : t;
}

#endif
