/* Mean and standard deviation of integers, rounded once.
 *
 * The sums are exact integers, so the rational mean and the root of the rational variance are known
 * exactly; these functions give the doubles nearest to them (ties to even), the same on every
 * machine.
 */
#ifndef LM_EXACT_H
#define LM_EXACT_H

#include "base/base.h"

__extension__ typedef __int128 LmI128;
__extension__ typedef unsigned __int128 LmU128;

/* s1 / n; 0 < n < 2^63, |s1 / n| < 2^63. */
double lm_exact_mean(uint64_t n, LmI128 s1);
/* sqrt(n * s2 - s1 * s1) / n: population deviation of n numbers with sum s1, sum of squares s2;
 * 0 < n < 2^63, n * s2 < 2^128 and a variance below 2^63. */
double lm_exact_std(uint64_t n, LmI128 s1, LmU128 s2);

#endif
