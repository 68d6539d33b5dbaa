/* Kernels of whitening: sums of outer products of rows, and small matrices over channels.
 *
 * Columns come in panels of LM_OUTER_PANEL: panel p holds, row after row, numbers 16p .. 16p+15 of
 * each row, so a block of products reads two short contiguous pieces of memory whatever the number
 * of columns.
 */
#ifndef LM_OUTER_H
#define LM_OUTER_H

#include "kernel/kernel.h"

enum { LM_OUTER_PANEL = 16 };
/* Rows of bytes a call takes: a pair of rows adds 2 * 255^2 at most to a 32-bit sum. */
enum { LM_OUTER_PAIRS_MAX = 16512 };

struct LmOuterKernels {
    /* c[i*ldc + j] += sum over t < n of lo(a[t][i])*lo(b[t][j]) + hi(a[t][i])*hi(b[t][j]) for i, j
     * below LM_OUTER_PANEL: a number holds those of two rows, one in each half, each below 256.
     * n <= LM_OUTER_PAIRS_MAX. */
    void (*add_u8)(uint64_t *c, size_t ldc, const uint32_t *a, const uint32_t *b, size_t n);
    /* c[i*ldc + j] = fma(a[t][i], b[t][j], c[i*ldc + j]) for t = 0, 1, ... n - 1 in this order. */
    void (*add_f64)(double *c, size_t ldc, const double *a, const double *b, size_t n);
    /* y[p*c + j] = sum over i < c of x[p*c + i] * w[i*c + j] for every pixel p < n: from 0, in the
     * order of i, one fma each. y and x do not overlap. */
    void (*mix_f32)(float *y, const float *x, size_t n, size_t c, const float *w);
    /* y[i] = table[x[i]] */
    void (*map_u8)(float *y, const uint8_t *x, size_t n, const float table[256]);
};

#endif
