/* Exact sums of bytes: the u8 half of moments.
 *
 * Value i of what is added belongs to number i % width: one number, one a channel or one a pixel.
 * All is integers, so the order of adding and merging is free. The caller sees to it that at most
 * 2^48 values are added, which keeps sums of squares below 2^64.
 */
#ifndef LM_SUMS_H
#define LM_SUMS_H

#include "base/error.h"

/* Up to so many numbers have a histogram each: more than images have channels. */
enum { LM_SUMS_APART_MAX = 16 };

typedef struct LmSums {
    int64_t width;
    uint64_t *s1; /* a sum is s + part: lm_sums_s1, lm_sums_s2 */
    uint64_t *s2;
    uint32_t *part1; /* sums of the last rows, moved to s before they overflow; NULL where unused */
    uint32_t *part2;
    int64_t n_part_rows;
    uint8_t *lo;         /* 255 while empty */
    uint8_t *hi;         /* 0 while empty */
    uint64_t *histogram; /* 256 counts over all numbers, then, where there are 2 to
                            LM_SUMS_APART_MAX, 256 of each; or NULL: not wanted */
} LmSums;

/* A zeroed struct owns nothing; fini of it is fine. */
LmStatus lm_sums_init(LmSums *s, int64_t width, bool has_histogram, LmError *err) LM_MUST_CHECK;
void lm_sums_fini(LmSums *s);

/* n is a multiple of the width. */
void lm_sums_add(LmSums *s, const uint8_t *v, size_t n);
/* Same width, both with or both without a histogram. */
void lm_sums_merge(LmSums *s, const LmSums *other);
/* Whether s can hold what `other` holds and n_left values a number besides. */
bool lm_sums_can_subtract(const LmSums *s, const LmSums *other, uint64_t n_left);
/* Bounds become exact where each number has a histogram, and are kept otherwise. */
void lm_sums_subtract(LmSums *s, const LmSums *other);

/* Counts of the values of number j, or NULL where they are not kept apart. */
const uint64_t *lm_sums_histogram(const LmSums *s, int64_t j);

uint64_t lm_sums_s1(const LmSums *s, int64_t j);
uint64_t lm_sums_s2(const LmSums *s, int64_t j);

#endif
