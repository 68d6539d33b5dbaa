/* Running mean and sum of squared deviations of float data, in double: the f32 half of moments.
 *
 * Each of `width` numbers is accumulated item by item in two passes (mean, then squares about that
 * mean) and merged by Chan, Golub and LeVeque's update. The result depends on the order of items
 * and on the borders of merged parts, on nothing else. A NaN makes every fact of its number NaN.
 */
#ifndef LM_RUNNING_H
#define LM_RUNNING_H

#include "base/error.h"

typedef struct LmRunning {
    int64_t width;
    double *mean;
    double *m2; /* sum of squared deviations from the mean */
    double *lo;
    double *hi;
} LmRunning;

/* All numbers empty. A zeroed struct owns nothing; fini of it is fine. */
LmStatus lm_running_init(LmRunning *r, int64_t width, LmError *err) LM_MUST_CHECK;
void lm_running_fini(LmRunning *r);

/* Adds one item of n numbers, x[i] to number i % width (width divides n); each number held `before`
 * values until now. */
void lm_running_add(LmRunning *r, int64_t before, const float *x, int64_t n);
/* r += other of the same width, each number of which holds `n_other` > 0 values. */
void lm_running_merge(LmRunning *r, int64_t before, const LmRunning *other, int64_t n_other);

#endif
