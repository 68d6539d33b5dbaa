/* Second moments between all features of images, for whitening: exact 64-bit integers on u8. */
#ifndef LM_COVARIANCE_H
#define LM_COVARIANCE_H

#include "base/error.h"

/* Symmetric d x d eigenproblem through LAPACK: `a` (row-major, overwritten) -> eigenvalues
 * ascending in w[d], eigenvectors in the rows of v (d x d). */
LmStatus lm_covariance_eigen(double *a, int64_t d, double *w, double *v,
                             LmError *err) LM_MUST_CHECK;

#endif
