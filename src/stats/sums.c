#include "stats/sums.h"

#include <string.h>

#include "base/exact.h"
#include "base/mem.h"
#include "kernel/kernel.h"

/* Half of a small first-level cache: what the first kernel reads, the next ones find there. */
enum { BLOCK_BYTES = 16384 };
/* Rows the 32-bit parts can take: 66,051 * 255^2 is the last multiple of 255^2 below 2^32. */
enum { PART_ROWS_MAX = 66051 };
/* Bounds of fewer numbers than this are kept in several lanes each, a multiple of it in all, so
 * that min and max run at the width of the vectors. */
enum { BOUND_LANES = 64 };

static bool uses_parts(const LmSums *s)
{
    return s->width > LM_SUM_CHANNELS_MAX;
}

/* Tables of 256 counts a histogram is made of. */
static int64_t tables_of(int64_t width)
{
    return width > 1 && width <= LM_SUMS_APART_MAX ? 1 + width : 1;
}

static int64_t n_tables(const LmSums *s)
{
    return s->histogram != NULL ? tables_of(s->width) : 0;
}

static LmStatus alloc_arrays(LmSums *s, bool has_histogram, LmError *err)
{
    size_t n = (size_t)s->width;
    LmStatus st = lm_mem_zeros(&s->s1, n, sizeof *s->s1, err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&s->s2, n, sizeof *s->s2, err);
    }
    if (st == LM_OK && uses_parts(s)) {
        st = lm_mem_zeros(&s->part1, n, sizeof *s->part1, err);
    }
    if (st == LM_OK && uses_parts(s)) {
        st = lm_mem_zeros(&s->part2, n, sizeof *s->part2, err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&s->lo, n, 1, err);
    }
    if (st == LM_OK) {
        st = lm_mem_zeros(&s->hi, n, 1, err);
    }
    if (st == LM_OK && has_histogram) {
        size_t n_counts = 256 * (size_t)tables_of(s->width);
        st = lm_mem_zeros(&s->histogram, n_counts, sizeof *s->histogram, err);
    }
    return st;
}

LmStatus lm_sums_init(LmSums *s, int64_t width, bool has_histogram, LmError *err)
{
    LmSums fresh = {.width = width};
    LmStatus st = alloc_arrays(&fresh, has_histogram, err);
    if (st != LM_OK) {
        lm_sums_fini(&fresh);
        return st;
    }
    memset(fresh.lo, 255, (size_t)width);
    *s = fresh;
    return LM_OK;
}

void lm_sums_fini(LmSums *s)
{
    lm_mem_free(s->s1);
    lm_mem_free(s->s2);
    lm_mem_free(s->part1);
    lm_mem_free(s->part2);
    lm_mem_free(s->lo);
    lm_mem_free(s->hi);
    lm_mem_free(s->histogram);
    *s = (LmSums){0};
}

uint64_t lm_sums_s1(const LmSums *s, int64_t j)
{
    return s->s1[j] + (s->part1 != NULL ? s->part1[j] : 0);
}

uint64_t lm_sums_s2(const LmSums *s, int64_t j)
{
    return s->s2[j] + (s->part2 != NULL ? s->part2[j] : 0);
}

/* Writes the sums a and b to number j, leaving nothing in its parts. */
static void set_sums(LmSums *s, int64_t j, uint64_t a, uint64_t b)
{
    s->s1[j] = a;
    s->s2[j] = b;
    if (s->part1 != NULL) {
        s->part1[j] = 0;
        s->part2[j] = 0;
    }
}

static void add_rows(LmSums *s, const uint8_t *v, size_t n)
{
    size_t width = (size_t)s->width;
    for (size_t i = 0; i < n; i += width) {
        if (s->n_part_rows == PART_ROWS_MAX) {
            for (int64_t j = 0; j < s->width; j++) {
                set_sums(s, j, lm_sums_s1(s, j), lm_sums_s2(s, j));
            }
            s->n_part_rows = 0;
        }
        lm_kernels()->stats->sums_u8_pixel(v + i, width, s->part1, s->part2);
        s->n_part_rows++;
    }
}

static bool is_widest(const LmSums *s)
{
    for (int64_t j = 0; j < s->width; j++) {
        if (s->lo[j] != 0 || s->hi[j] != 255) {
            return false;
        }
    }
    return true;
}

/* Bounds of fewer than BOUND_LANES numbers. The lowest bit of the width is what it shares with the
 * power of two, so the lanes are the least common multiple of both. */
static void widen_few(LmSums *s, const uint8_t *v, size_t n)
{
    size_t width = (size_t)s->width;
    size_t lanes = BOUND_LANES / (width & -width) * width;
    uint8_t lo[BOUND_LANES * BOUND_LANES];
    uint8_t hi[BOUND_LANES * BOUND_LANES];
    memset(lo, 255, lanes);
    memset(hi, 0, lanes);
    lm_kernels()->stats->bounds_u8(v, n, lanes, lo, hi);
    for (size_t lane = 0; lane < lanes; lane += width) {
        for (size_t j = 0; j < width; j++) {
            s->lo[j] = LM_MIN(s->lo[j], lo[lane + j]);
            s->hi[j] = LM_MAX(s->hi[j], hi[lane + j]);
        }
    }
}

/* A block of several numbers, sorted by number first. */
static void count_apart(LmSums *s, const uint8_t *v, size_t n)
{
    uint8_t own[BLOCK_BYTES / 2];
    size_t width = (size_t)s->width;
    for (size_t j = 0; j < width; j++) {
        uint64_t *counts = s->histogram + (1 + j) * 256;
        for (size_t i = 0; i < n / width; i++) {
            own[i] = v[i * width + j];
        }
        lm_kernels()->stats->histogram_u8(own, n / width, counts);
    }
}

/* The first table becomes the sum of the others. */
static void add_up_tables(LmSums *s)
{
    for (int64_t v = 0; v < 256 && n_tables(s) > 1; v++) {
        s->histogram[v] = 0;
        for (int64_t j = 0; j < s->width; j++) {
            s->histogram[v] += s->histogram[(1 + j) * 256 + v];
        }
    }
}

static void add_block(LmSums *s, const uint8_t *v, size_t n)
{
    const LmStatsKernels *k = lm_kernels()->stats;
    if (uses_parts(s)) {
        add_rows(s, v, n);
    } else if (s->width == 1) {
        k->sums_u8(v, n, s->s1, s->s2);
    } else {
        k->sums_u8_channel(v, n, (size_t)s->width, s->s1, s->s2);
    }
    if (s->width >= BOUND_LANES) {
        k->bounds_u8(v, n, (size_t)s->width, s->lo, s->hi);
    } else if (!is_widest(s)) {
        widen_few(s, v, n);
    }
    if (n_tables(s) == 1) {
        k->histogram_u8(v, n, s->histogram);
    } else if (n_tables(s) > 1) {
        count_apart(s, v, n);
    }
}

void lm_sums_add(LmSums *s, const uint8_t *v, size_t n)
{
    size_t width = (size_t)s->width;
    size_t block = LM_MAX(BLOCK_BYTES / width, (size_t)1) * width;
    for (size_t i = 0; i < n; i += block) {
        add_block(s, v + i, LM_MIN(block, n - i));
    }
    add_up_tables(s);
}

void lm_sums_merge(LmSums *s, const LmSums *other)
{
    for (int64_t j = 0; j < s->width; j++) {
        s->s1[j] += lm_sums_s1(other, j);
        s->s2[j] += lm_sums_s2(other, j);
        s->lo[j] = LM_MIN(s->lo[j], other->lo[j]);
        s->hi[j] = LM_MAX(s->hi[j], other->hi[j]);
    }
    for (int64_t v = 0; v < 256 * n_tables(s); v++) {
        s->histogram[v] += other->histogram[v];
    }
}

/* Whether n bytes can have these sums: v <= v^2 <= 255 v for each, and the variance is not
 * negative (Cauchy and Schwarz). */
static bool is_possible(uint64_t n, uint64_t s1, uint64_t s2)
{
    return s1 <= s2 && (LmU128)s2 <= (LmU128)s1 * 255 && (LmU128)s1 * s1 <= (LmU128)n * s2;
}

bool lm_sums_can_subtract(const LmSums *s, const LmSums *other, uint64_t n_left)
{
    for (int64_t j = 0; j < s->width; j++) {
        uint64_t s1 = 0;
        uint64_t s2 = 0;
        if (__builtin_sub_overflow(lm_sums_s1(s, j), lm_sums_s1(other, j), &s1) ||
            __builtin_sub_overflow(lm_sums_s2(s, j), lm_sums_s2(other, j), &s2) ||
            !is_possible(n_left, s1, s2)) {
            return false;
        }
    }
    for (int64_t v = 0; v < 256 * n_tables(s); v++) {
        if (s->histogram[v] < other->histogram[v]) {
            return false;
        }
    }
    return true;
}

const uint64_t *lm_sums_histogram(const LmSums *s, int64_t j)
{
    if (n_tables(s) > 1) {
        return s->histogram + (1 + j) * 256;
    }
    return s->width == 1 ? s->histogram : NULL;
}

static void bounds_from_histogram(LmSums *s, int64_t j, const uint64_t *counts)
{
    s->lo[j] = 255;
    s->hi[j] = 0;
    for (int v = 0; v < 256; v++) {
        if (counts[v] > 0) {
            s->lo[j] = LM_MIN(s->lo[j], (uint8_t)v);
            s->hi[j] = (uint8_t)v;
        }
    }
}

void lm_sums_subtract(LmSums *s, const LmSums *other)
{
    for (int64_t j = 0; j < s->width; j++) {
        set_sums(s, j, lm_sums_s1(s, j) - lm_sums_s1(other, j),
                 lm_sums_s2(s, j) - lm_sums_s2(other, j));
    }
    for (int64_t v = 0; v < 256 * n_tables(s); v++) {
        s->histogram[v] -= other->histogram[v];
    }
    for (int64_t j = 0; j < s->width && lm_sums_histogram(s, j) != NULL; j++) {
        bounds_from_histogram(s, j, lm_sums_histogram(s, j));
    }
}
