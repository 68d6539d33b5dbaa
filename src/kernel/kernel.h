/* The engine's inner loops: tables of functions, one set an instruction set.
 *
 * "ref" is naive C and states the exact order of operations; "avx2" and "avx512" are one source
 * (fast_*.c on vec.h) compiled twice. All give the same bits: loops are vectorised across outputs,
 * never across a summed index, and multiply-adds are fused where ref says fma. Tables are chosen
 * once at start, before any thread runs. Pointers need no alignment and n may be 0 unless said
 * otherwise.
 */
#ifndef LM_KERNEL_H
#define LM_KERNEL_H

#include "base/error.h"

typedef struct LmStatsKernels {
    /* *s1 += sum of v[i], *s2 += sum of v[i]^2. */
    void (*sums_u8)(const uint8_t *v, size_t n, uint64_t *s1, uint64_t *s2);
    /* s1[j] += v[j], s2[j] += v[j]^2 for one image of n pixels. The caller empties the 32-bit sums
     * before 66,051 images (2^32 / 255^2) are in them. */
    void (*sums_u8_pixel)(const uint8_t *v, size_t n, uint32_t *s1, uint32_t *s2);
    /* s1[j % c] += v[j], s2[j % c] += v[j]^2; n is a multiple of c, c in 1..LM_SUM_CHANNELS_MAX. */
    void (*sums_u8_channel)(const uint8_t *v, size_t n, size_t c, uint64_t *s1, uint64_t *s2);
    /* counts[v[i]]++ */
    void (*histogram_u8)(const uint8_t *v, size_t n, uint64_t counts[256]);
    /* lo[i % period] = min(lo[i % period], v[i]), hi likewise with max; period > 0. */
    void (*bounds_u8)(const uint8_t *v, size_t n, size_t period, uint8_t *lo, uint8_t *hi);
} LmStatsKernels;

enum { LM_SUM_CHANNELS_MAX = 64 };

typedef struct LmScaleKernels {
    /* y[i] = fma(x[i], a, b); u8 is converted to float exactly first. Floats may be scaled in place
     * (y == x), here and below; else y and x do not overlap. */
    void (*affine_u8)(float *y, const uint8_t *x, size_t n, float a, float b);
    void (*affine_f32)(float *y, const float *x, size_t n, float a, float b);
    /* y[i] = fma(x[i], a[i % period], b[i % period]); period is n or a multiple of 16. */
    void (*affine_u8_vec)(float *y, const uint8_t *x, size_t n, const float *a, const float *b,
                          size_t period);
    void (*affine_f32_vec)(float *y, const float *x, size_t n, const float *a, const float *b,
                           size_t period);
    /* y[i] = min(max(y[i], lo), hi); a NaN becomes lo. */
    void (*clip_f32)(float *y, size_t n, float lo, float hi);
    /* Sum of x[i], in double. Order: 16 lanes, lane l sums x[l], x[l+16], ... one after the other;
     * then lanes are added in pairs l and l + 8, those l and l + 4, l + 2, l + 1. */
    double (*sum_f32)(const float *x, size_t n);
    /* Sum of (x[i] - mean)^2, in double, same order; the square is d*d added with fma. */
    double (*sum_squares_f32)(const float *x, size_t n, double mean);
} LmScaleKernels;

typedef struct LmGemmKernels LmGemmKernels;
typedef struct LmNnKernels LmNnKernels;
typedef struct LmConvPoolKernels LmConvPoolKernels;
typedef struct LmWinogradKernels LmWinogradKernels;
typedef struct LmWarpKernels LmWarpKernels;
typedef struct LmPhotoKernels LmPhotoKernels;
typedef struct LmWinogradGradKernels LmWinogradGradKernels;
typedef struct LmOuterKernels LmOuterKernels;

typedef struct LmKernels {
    const char *name; /* "ref", "avx2", "avx512" */
    const LmStatsKernels *stats;
    const LmScaleKernels *scale;
    const LmGemmKernels *gemm;
    const LmNnKernels *nn;
    const LmConvPoolKernels *convpool;
    const LmWinogradKernels *winograd; /* two: for tiles of 2 and of 4 outputs a side */
    const LmWinogradGradKernels *winograd_grad;
    const LmWarpKernels *warp;
    const LmPhotoKernels *photo;
    const LmOuterKernels *outer;
} LmKernels;

/* The chosen set; the best this machine runs unless lm_kernels_select said otherwise. */
const LmKernels *lm_kernels(void);
/* Chooses by name. Unknown or unsupported names are LM_EARG listing those that work. Main thread,
 * before other threads run. */
LmStatus lm_kernels_select(const char *name, LmError *err) LM_MUST_CHECK;
/* The sets this machine can run, best first, NULL-ended. */
const char *const *lm_kernels_available(void);
/* The set of that name, or NULL where this machine cannot run it. */
const LmKernels *lm_kernels_named(const char *name);

#endif
