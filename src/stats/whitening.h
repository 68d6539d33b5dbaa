/* The matrix that whitens: W = sum over directions of weight * u * transpose(u), u being the
 * eigenvectors of the second moments M = transpose(X) X of n rows.
 *
 * With s = sqrt(eigenvalue), the singular value of X, the weight of a direction is
 * sqrt(n) / (s + epsilon), or, with `is_eigen`, 1 / sqrt(s^2/n + epsilon). A direction that the
 * rows do not have (s is 0 but for rounding) gets weight 0 instead: its weight would be noise times
 * sqrt(n)/epsilon. W is symmetric and unique. Where fewer than half of the directions are kept, W
 * is held as F (rank x d) with W = transpose(F) F, which is less memory and less work.
 */
#ifndef LM_WHITENING_H
#define LM_WHITENING_H

#include "base/error.h"
#include "tensor/tensor.h"

typedef struct LmWhitenOptions {
    double epsilon;
    bool is_eigen;
    int64_t components; /* directions to keep at most, the strongest; 0: all */
    /* Eigenvalues up to this times the largest are 0; lm_whitening_tolerance. */
    double tolerance;
} LmWhitenOptions;

typedef struct LmWhitening {
    int64_t rank;    /* directions kept */
    int64_t dropped; /* directions the rows do not have */
    LmTensor matrix; /* f32 d x d, or F: rank x d with 2*rank < d */
} LmWhitening;

/* What rounding makes of an eigenvalue of 0, relative to the largest (l). An element of M is off by
 * up to 4 roundings where it comes of exact sums, and |M[i][j]| <= sqrt(M[i][i] M[j][j]), so an
 * eigenvalue is off by up to 4 u trace(M) <= 4 d u l. A sum of n products in double is off by about
 * sqrt(n) u times that (roundings of random sign), and a matrix of errors of random sign by about
 * sqrt(d) times its elements: 4 sqrt(n d) u l. LAPACK's own error, a modest multiple of u l, is
 * covered by both. */
double lm_whitening_tolerance(double n, double d, bool is_exact);

/* Bytes that making W of d features takes at its peak, input included, without allocating any. */
double lm_whitening_bytes_moments(double d);
double lm_whitening_bytes_rows(double n, double d, double components);

/* From M (d x d, elements i <= j; taken: freed in any case) of n rows. LM_ENUMERIC: M is 0 or not
 * finite, no convergence. */
LmStatus lm_whitening_from_moments(double *m, int64_t d, double n, const LmWhitenOptions *o,
                                   LmWhitening *out, LmError *err) LM_MUST_CHECK;
/* From the rows themselves (x: n x d), by the eigenvectors of X transpose(X); for n < d. */
LmStatus lm_whitening_from_rows(const double *x, int64_t n, int64_t d, const LmWhitenOptions *o,
                                LmWhitening *out, LmError *err) LM_MUST_CHECK;

/* W (d x d) of either form; owned by the caller. */
LmStatus lm_whitening_expand(const LmTensor *matrix, LmTensor *out, LmError *err) LM_MUST_CHECK;

#endif
