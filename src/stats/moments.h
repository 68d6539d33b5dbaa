/* Mergeable statistics of pixels: count, mean, population standard deviation, smallest, largest.
 *
 * On u8 data everything is kept as integers (sums of v and of v*v), so adding and merging in any
 * order gives the same bits, and subtracting takes samples out exactly; mean and std are the
 * correctly rounded doubles of the exact rational values: with integers S1, S2, n,
 *   mean = S1 / n,   std = sqrt(n*S2 - S1*S1) / n   (128-bit numerator).
 * f32 data (scaled tensors) is accumulated in double, item by item, two passes an item, merged by
 * Chan, Golub and LeVeque's pairwise update ("Updating formulae and a pairwise algorithm for
 * computing sample variances", 1979); it depends on the order of items but not on threads.
 * u8 and f32 data cannot meet in one accumulator.
 */
#ifndef LM_MOMENTS_H
#define LM_MOMENTS_H

#include "base/error.h"
#include "tensor/tensor.h"

/* all: one number over all pixels and channels; channel: one a channel (C numbers);
 * pixel: one a position and channel (H*W*C numbers). */
typedef enum LmAxis { LM_AXIS_ALL, LM_AXIS_CHANNEL, LM_AXIS_PIXEL } LmAxis;

const char *lm_axis_name(LmAxis axis);
bool lm_axis_from_name(const char *name, LmAxis *out);

typedef struct LmMoments LmMoments;

LmStatus lm_moments_new(LmMoments **out, LmAxis axis, LmError *err) LM_MUST_CHECK;
/* An empty accumulator with the axis and options of m. */
LmStatus lm_moments_new_like(LmMoments **out, const LmMoments *m, LmError *err) LM_MUST_CHECK;
void lm_moments_free(LmMoments *m);
/* Empties m; shape and dtype are open again. */
void lm_moments_reset(LmMoments *m);
/* While m is empty: keeps no histogram, which more than doubles the speed of adding. What fits a
 * stage needs none. Accumulators with and without a histogram cannot be merged. */
void lm_moments_skip_histogram(LmMoments *m);

/* Adds n images of h x w x c numbers of dtype LM_U8 or LM_F32. The first call fixes h, w, c and the
 * dtype; another shape later is LM_ESHAPE, another dtype LM_EARG; n == 0 is fine. At most 2^48
 * numbers in all (LM_EARG): 2^48 * 255^2 < 2^64 keeps every sum in 64 bits, n*S2 below 2^112. */
LmStatus lm_moments_add(LmMoments *m, const void *pixels, LmDtype dtype, int64_t n, int64_t h,
                        int64_t w, int64_t c, LmError *err) LM_MUST_CHECK;
/* m += other; other must have the same axis and shape (or be empty). */
LmStatus lm_moments_merge(LmMoments *m, const LmMoments *other, LmError *err) LM_MUST_CHECK;
/* m -= other, u8 only: `other` must be of samples that m holds (LM_EARG where what is left cannot
 * be sums of pixels, or a count of the histogram would turn negative). min and max come from the
 * histograms where each number has one; otherwise they are kept, hence bounds. */
LmStatus lm_moments_subtract(LmMoments *m, const LmMoments *other, LmError *err) LM_MUST_CHECK;

LmAxis lm_moments_axis(const LmMoments *m);
LmDtype lm_moments_dtype(const LmMoments *m);
/* Images added; shape {h, w, c}; numbers a statistic has (1, C or H*W*C). Zeros while empty. */
int64_t lm_moments_n_images(const LmMoments *m);
void lm_moments_shape(const LmMoments *m, int64_t shape[3]);
int64_t lm_moments_width(const LmMoments *m);
/* Values behind each of the numbers. */
int64_t lm_moments_count(const LmMoments *m);

/* j in [0, width). While empty all of them are NaN. */
double lm_moments_mean(const LmMoments *m, int64_t j);
double lm_moments_std(const LmMoments *m, int64_t j);
double lm_moments_min(const LmMoments *m, int64_t j);
double lm_moments_max(const LmMoments *m, int64_t j);
/* Exact integer sums of u8 data: S1 = sum of v, S2 = sum of v*v. False for f32 data. */
bool lm_moments_sums(const LmMoments *m, int64_t j, uint64_t *s1, uint64_t *s2);
/* Counts of the 256 values over all pixels and channels; NULL while empty, for f32 data and after
 * lm_moments_skip_histogram. */
const uint64_t *lm_moments_histogram(const LmMoments *m);
/* The same of number j alone; NULL too where there are more numbers than 16. */
const uint64_t *lm_moments_histogram_of(const LmMoments *m, int64_t j);

/* Population mean and std of n values from their exact sums, correctly rounded; 0 < n < 2^63. */
double lm_moments_mean_of(uint64_t n, uint64_t s1);
double lm_moments_std_of(uint64_t n, uint64_t s1, uint64_t s2);

#endif
