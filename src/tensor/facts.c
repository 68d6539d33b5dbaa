/* Smallest, largest, sum, mean and deviation of all elements.
 *
 * Integers are summed exactly and rounded once. Floating-point numbers are summed in double over
 * eight interleaved lanes a chunk, chunk after chunk: one fixed order that vectorises, with an
 * error that grows with count / 8 instead of count. The deviation takes a second pass around the
 * mean, which does not cancel.
 */
#include "tensor/tensor.h"

#include <math.h>

#include "base/exact.h"
#include "base/str.h"
#include "tensor/chunk.h"

enum { LANES = 8 };
_Static_assert(LM_CHUNK % LANES == 0, "a chunk is whole rows of lanes");

/* n values of i32 have n * S2 <= n * n * 2^62, which must stay below 2^128; with more (16 GB) the
 * values are summed as doubles. */
static const int64_t exact_i32_max = (int64_t)(1LL << 33) - 1;

typedef struct Sums {
    LmI128 s1;
    LmU128 s2;
    int32_t min;
    int32_t max;
} Sums;

/* Squares of 65536 bytes sum to less than 2^32. */
enum { U8_RUN = 65536 };

static void add_u8(Sums *sums, const uint8_t *v, int64_t n)
{
    for (int64_t start = 0; start < n; start += U8_RUN) {
        int64_t end = LM_MIN(n, start + U8_RUN);
        uint32_t s1 = 0;
        uint32_t s2 = 0;
        uint8_t min = UINT8_MAX;
        uint8_t max = 0;
        for (int64_t i = start; i < end; i++) {
            s1 += v[i];
            s2 += (uint32_t)v[i] * v[i];
            min = LM_MIN(min, v[i]);
            max = LM_MAX(max, v[i]);
        }
        sums->s1 += s1;
        sums->s2 += s2;
        sums->min = LM_MIN(sums->min, min);
        sums->max = LM_MAX(sums->max, max);
    }
}

static void add_i32(Sums *sums, const int32_t *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        sums->s1 += v[i];
        sums->s2 += (uint64_t)((int64_t)v[i] * v[i]);
        sums->min = LM_MIN(sums->min, v[i]);
        sums->max = LM_MAX(sums->max, v[i]);
    }
}

static LmTensorFacts integer_facts(const LmTensor *t)
{
    Sums sums = {.min = INT32_MAX, .max = INT32_MIN};
    if (t->dtype == LM_U8) {
        add_u8(&sums, t->data, t->count);
    } else {
        add_i32(&sums, t->data, t->count);
    }
    uint64_t n = (uint64_t)t->count;
    return (LmTensorFacts){.min = sums.min,
                           .max = sums.max,
                           .sum = (double)sums.s1,
                           .mean = lm_exact_mean(n, sums.s1),
                           .std = lm_exact_std(n, sums.s1, sums.s2)};
}

/* Sum of (v - center), or of its square, over one chunk. */
static double sum_chunk(const double *v, int64_t n, double center, bool is_squared)
{
    double lanes[LANES] = {0};
    for (int64_t i = 0; i < n; i += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            double d = v[i + lane] - center;
            lanes[lane] += is_squared ? d * d : d;
        }
    }
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* The same over all elements; the last chunk is filled up with `center`. The chunks' sums are added
 * with compensation (Neumaier 1974): images hold few distinct values, whose rounding errors would
 * otherwise all point the same way. An infinite sum stays infinite: its compensation is dropped. */
static double sum_around(const LmTensor *t, double center, bool is_squared)
{
    double chunk[LM_CHUNK];
    double sum = 0;
    double lost = 0;
    for (int64_t i = 0; i < t->count; i += LM_CHUNK) {
        int64_t n = LM_MIN((int64_t)LM_CHUNK, t->count - i);
        lm_chunk_load(chunk, t, i, n);
        for (int64_t j = n; j % LANES != 0; j++) {
            chunk[j] = center;
        }
        double part = sum_chunk(chunk, n, center, is_squared);
        double next = sum + part;
        lost += fabs(sum) >= fabs(part) ? (sum - next) + part : (part - next) + sum;
        sum = next;
    }
    return isfinite(sum) ? sum + lost : sum;
}

/* False when an element is NaN. */
static bool find_range(const LmTensor *t, double *min, double *max)
{
    double chunk[LM_CHUNK];
    double lo = HUGE_VAL;
    double hi = -HUGE_VAL;
    bool has_nan = false;
    for (int64_t i = 0; i < t->count; i += LM_CHUNK) {
        int64_t n = LM_MIN((int64_t)LM_CHUNK, t->count - i);
        lm_chunk_load(chunk, t, i, n);
        for (int64_t j = 0; j < n; j++) {
            has_nan |= isnan(chunk[j]);
            lo = chunk[j] < lo ? chunk[j] : lo;
            hi = chunk[j] > hi ? chunk[j] : hi;
        }
    }
    *min = lo;
    *max = hi;
    return !has_nan;
}

static LmTensorFacts float_facts(const LmTensor *t)
{
    LmTensorFacts f;
    if (!find_range(t, &f.min, &f.max)) {
        double nan = (double)NAN;
        return (LmTensorFacts){nan, nan, nan, nan, nan};
    }
    double n = (double)t->count;
    f.sum = sum_around(t, 0, false);
    f.mean = f.sum / n;
    f.std = sqrt(sum_around(t, f.mean, true) / n);
    return f;
}

LmStatus lm_tensor_facts(const LmTensor *t, LmTensorFacts *out, LmError *err)
{
    if (t->count == 0) {
        char text[96];
        return lm_fail(err, LM_ESHAPE, "a tensor of shape %s has no elements to measure",
                       lm_str_shape(text, sizeof text, t->rank, t->shape));
    }
    bool is_exact = t->dtype == LM_U8 || (t->dtype == LM_I32 && t->count <= exact_i32_max);
    *out = is_exact ? integer_facts(t) : float_facts(t);
    return LM_OK;
}
