/* Second moments between all features of rows, sum over rows of x[i]*x[j], for whitening.
 *
 * Rows of bytes are counted in 64-bit integers: exact, so any order of adding gives the same bits.
 * Rows of doubles are added in their order, one fused multiply-add each. Either way every sum is
 * one thread's at a time and the result does not depend on the number of threads. Only sums with
 * i <= j are kept.
 */
#ifndef LM_COVARIANCE_H
#define LM_COVARIANCE_H

#include "base/error.h"

/* The eigenproblem counts in 32 bits. */
enum { LM_COVARIANCE_FEATURES_MAX = 46340 };
/* Rows one call of add takes. */
enum { LM_COVARIANCE_ROWS_U8 = 512, LM_COVARIANCE_ROWS_F64 = 128 };

typedef struct LmCovariance {
    int64_t d;
    size_t stride;    /* numbers between rows of the sums: d in whole panels (kernel/outer.h) */
    bool is_u8;       /* which of the next two */
    uint64_t *counts; /* exact: at most 2^64 / 255^2 rows may be added */
    double *sums;
    void *panels;
} LmCovariance;

/* LM_EARG: more than LM_COVARIANCE_FEATURES_MAX features. */
LmStatus lm_covariance_init(LmCovariance *c, int64_t d, bool is_u8, LmError *err) LM_MUST_CHECK;
void lm_covariance_fini(LmCovariance *c); /* a zeroed one is fine */
/* Memory of one, beside what is added. */
double lm_covariance_bytes(double d, bool is_u8);
/* n rows of d numbers; n at most LM_COVARIANCE_ROWS_*. Main thread only. */
void lm_covariance_add_u8(LmCovariance *c, const uint8_t *const *rows, int64_t n);
void lm_covariance_add_f64(LmCovariance *c, const double *const *rows, int64_t n);
/* The sums as doubles, d x d row-major, those with i <= j; owned by the caller (lm_mem_free). `c`
 * is empty afterwards. */
double *lm_covariance_take_f64(LmCovariance *c);
/* The same of bytes, as moments of y = a*x + b: feature i has the exact sum s1[i] over n rows and
 * the pair a[i % width], b[i % width]. Made of (n*S2 - S1*S1)/n, an exact integer rounded once, and
 * of what is left of the mean; the latter is left out when `is_centered`. */
double *lm_covariance_take_u8(LmCovariance *c, uint64_t n, const uint64_t *s1, const double *a,
                              const double *b, int64_t width, bool is_centered);

/* Eigenvalues (ascending, w[d]) and eigenvectors (rows of v, d x d) of the symmetric matrix whose
 * elements i <= j are in `a` (row-major, overwritten), by LAPACK. LM_ENUMERIC: an element is not
 * finite, or no convergence; LM_ENOTFOUND: no LAPACK on this machine. Bits depend on the LAPACK
 * installed, not on luma's threads. */
LmStatus lm_covariance_eigen(double *a, int64_t d, double *w, double *v,
                             LmError *err) LM_MUST_CHECK;

#endif
