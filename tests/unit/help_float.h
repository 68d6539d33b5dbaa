/* Floats for tests: random ones, nasty ones, and comparing them bit for bit.
 *
 * Two NaNs count as equal: which of two NaN operands a processor passes on depends on how an
 * instruction was encoded, so their payloads are nobody's promise.
 */
#ifndef HELP_FLOAT_H
#define HELP_FLOAT_H

#include "base/base.h"
#include "base/rng.h"

/* Half the distance from 1 to the next float: the relative error of one rounding. */
#define HELP_FLOAT_U 0x1p-24

/* Uniform in [-1, 1). */
float help_float_random(LmRng *rng);
void help_float_fill(float *x, size_t n, LmRng *rng);
/* Mostly ordinary numbers with zeros of both signs, denormals, huge ones, infinities and NaN. */
void help_float_fill_nasty(float *x, size_t n, LmRng *rng);
/* Uniform in [lo, hi]. */
int64_t help_float_int(LmRng *rng, int64_t lo, int64_t hi);

bool help_float_is_same(float a, float b);
/* Index of the first difference, or n. */
size_t help_float_differs(const float *a, const float *b, size_t n);

/* Error bound of n roundings in a row: n*u / (1 - n*u) (Higham, "Accuracy and Stability of
 * Numerical Algorithms", section 3.1). */
double help_float_gamma(double n);

#endif
