/* One accumulator for both kinds of pixels: exact sums for u8 (stats/sums.c), running deviations
 * for f32 (stats/running.c). Everything is checked here before either is touched, so a refused call
 * changes nothing.
 */
#include "stats/moments.h"

#include <math.h>
#include <string.h>

#include "base/exact.h"
#include "base/mem.h"
#include "base/str.h"
#include "stats/running.h"
#include "stats/sums.h"

/* Numbers (pixels times channels) in all; 2^48 * 255^2 < 2^64. */
#define COUNT_MAX ((uint64_t)1 << 48)

struct LmMoments {
    LmAxis axis;
    bool has_histogram;
    bool is_shaped; /* the fields below mean something */
    LmDtype dtype;
    int64_t h, w, c;
    int64_t width;
    int64_t n_images;
    LmSums sums;       /* u8 */
    LmRunning running; /* f32 */
};

static const char *const axis_names[] = {"all", "channel", "pixel"};

const char *lm_axis_name(LmAxis axis)
{
    return axis_names[axis];
}

bool lm_axis_from_name(const char *name, LmAxis *out)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(axis_names); i++) {
        if (strcmp(name, axis_names[i]) == 0) {
            *out = (LmAxis)i;
            return true;
        }
    }
    return false;
}

LmStatus lm_moments_new(LmMoments **out, LmAxis axis, LmError *err)
{
    LmMoments *m = NULL;
    LmStatus st = lm_mem_zeros(&m, 1, sizeof *m, err);
    if (st == LM_OK) {
        m->axis = axis;
        m->has_histogram = true;
        *out = m;
    }
    return st;
}

LmStatus lm_moments_new_like(LmMoments **out, const LmMoments *m, LmError *err)
{
    LmMoments *fresh = NULL;
    LmStatus st = lm_moments_new(&fresh, m->axis, err);
    if (st == LM_OK) {
        fresh->has_histogram = m->has_histogram;
        *out = fresh;
    }
    return st;
}

void lm_moments_reset(LmMoments *m)
{
    lm_sums_fini(&m->sums);
    lm_running_fini(&m->running);
    *m = (LmMoments){.axis = m->axis, .has_histogram = m->has_histogram};
}

void lm_moments_free(LmMoments *m)
{
    if (m != NULL) {
        lm_moments_reset(m);
        lm_mem_free(m);
    }
}

void lm_moments_skip_histogram(LmMoments *m)
{
    LM_ASSERT(!m->is_shaped);
    m->has_histogram = false;
}

/* Gives an empty accumulator its shape and arrays; it stays empty on failure. */
static LmStatus give_shape(LmMoments *m, LmDtype dtype, const int64_t hwc[3], LmError *err)
{
    m->dtype = dtype;
    m->h = hwc[0];
    m->w = hwc[1];
    m->c = hwc[2];
    m->width = m->axis == LM_AXIS_ALL ? 1 : m->c;
    if (m->axis == LM_AXIS_PIXEL) {
        m->width = m->h * m->w * m->c;
    }
    LmStatus st = dtype == LM_U8 ? lm_sums_init(&m->sums, m->width, m->has_histogram, err)
                                 : lm_running_init(&m->running, m->width, err);
    if (st == LM_OK) {
        m->is_shaped = true;
    } else {
        lm_moments_reset(m);
    }
    return st;
}

static LmStatus check_same(const LmMoments *m, LmDtype dtype, const int64_t hwc[3], LmError *err)
{
    if (m->dtype != dtype) {
        return lm_fail(
            err, LM_EARG,
            "these are statistics of %s pixels, the new ones are %s: convert one of them "
            "or keep two statistics",
            lm_dtype_name(m->dtype), lm_dtype_name(dtype));
    }
    int64_t own[3] = {m->h, m->w, m->c};
    if (memcmp(own, hwc, sizeof own) != 0) {
        char has[96];
        char got[96];
        return lm_fail(err, LM_ESHAPE, "these are statistics of images %s, the new ones are %s",
                       lm_str_shape(has, sizeof has, 3, own),
                       lm_str_shape(got, sizeof got, 3, hwc));
    }
    return LM_OK;
}

/* Fails when n more images would pass COUNT_MAX numbers; with `item` numbers an image. */
static LmStatus check_count(int64_t held, int64_t n, size_t item, LmError *err)
{
    if ((uint64_t)held + (uint64_t)n > COUNT_MAX / item) {
        return lm_fail(err, LM_EARG,
                       "statistics hold at most 2^48 pixels; %lld images of %zu values are more",
                       (long long)(held + n), item);
    }
    return LM_OK;
}

static int64_t count_of(const LmMoments *m, int64_t n_images)
{
    return m->is_shaped ? n_images * (m->h * m->w * m->c / m->width) : 0;
}

LmStatus lm_moments_add(LmMoments *m, const void *pixels, LmDtype dtype, int64_t n, int64_t h,
                        int64_t w, int64_t c, LmError *err)
{
    const int64_t hwc[3] = {h, w, c};
    char text[96];
    size_t item = 0;
    LM_ASSERT(n >= 0);
    if (n == 0) {
        return LM_OK;
    }
    if (dtype != LM_U8 && dtype != LM_F32) {
        return lm_fail(err, LM_EARG, "statistics are of u8 or f32 pixels, these are %s",
                       lm_dtype_name(dtype));
    }
    if (h < 1 || w < 1 || c < 1 || !lm_base_mul((size_t)h, (size_t)w, &item) ||
        !lm_base_mul(item, (size_t)c, &item) || item > COUNT_MAX) {
        return lm_fail(err, LM_ESHAPE, "images of shape %s have no statistics",
                       lm_str_shape(text, sizeof text, 3, hwc));
    }
    LmStatus st = check_count(m->n_images, n, item, err);
    if (st == LM_OK) {
        st = m->is_shaped ? check_same(m, dtype, hwc, err) : give_shape(m, dtype, hwc, err);
    }
    if (st != LM_OK) {
        return st;
    }
    if (dtype == LM_U8) {
        lm_sums_add(&m->sums, pixels, (size_t)n * item);
        m->n_images += n;
        return LM_OK;
    }
    for (int64_t i = 0; i < n; i++) {
        lm_running_add(&m->running, count_of(m, m->n_images),
                       (const float *)pixels + (size_t)i * item, (int64_t)item);
        m->n_images++;
    }
    return LM_OK;
}

static LmStatus check_options(const LmMoments *m, const LmMoments *other, LmError *err)
{
    if (m->axis != other->axis) {
        return lm_fail(err, LM_EARG, "statistics of axis '%s' and of axis '%s' do not go together",
                       lm_axis_name(m->axis), lm_axis_name(other->axis));
    }
    if (m->has_histogram != other->has_histogram) {
        return lm_fail(err, LM_EARG, "statistics with and without a histogram do not go together");
    }
    return LM_OK;
}

LmStatus lm_moments_merge(LmMoments *m, const LmMoments *other, LmError *err)
{
    const int64_t hwc[3] = {other->h, other->w, other->c};
    LmStatus st = check_options(m, other, err);
    if (st != LM_OK || other->n_images == 0) {
        return st;
    }
    st = check_count(m->n_images, other->n_images, (size_t)(other->h * other->w * other->c), err);
    if (st == LM_OK) {
        st = m->is_shaped ? check_same(m, other->dtype, hwc, err)
                          : give_shape(m, other->dtype, hwc, err);
    }
    if (st != LM_OK) {
        return st;
    }
    if (m->dtype == LM_U8) {
        lm_sums_merge(&m->sums, &other->sums);
    } else {
        lm_running_merge(&m->running, lm_moments_count(m), &other->running,
                         lm_moments_count(other));
    }
    m->n_images += other->n_images;
    return LM_OK;
}

LmStatus lm_moments_subtract(LmMoments *m, const LmMoments *other, LmError *err)
{
    const int64_t hwc[3] = {other->h, other->w, other->c};
    LmStatus st = check_options(m, other, err);
    if (st != LM_OK || other->n_images == 0) {
        return st;
    }
    if (other->dtype != LM_U8) {
        return lm_fail(err, LM_EARG,
                       "only statistics of u8 pixels can be subtracted: sums of f32 pixels are "
                       "rounded, so taking some out again would not be exact");
    }
    st = m->is_shaped ? check_same(m, other->dtype, hwc, err) : LM_OK;
    if (st != LM_OK) {
        return st;
    }
    if (m->n_images < other->n_images ||
        !lm_sums_can_subtract(&m->sums, &other->sums,
                              (uint64_t)(lm_moments_count(m) - lm_moments_count(other)))) {
        return lm_fail(err, LM_EARG,
                       "the %lld images to subtract are not all among the %lld images counted here",
                       (long long)other->n_images, (long long)m->n_images);
    }
    int64_t n_left = m->n_images - other->n_images;
    if (n_left == 0) {
        lm_moments_reset(m);
    } else {
        lm_sums_subtract(&m->sums, &other->sums);
        m->n_images = n_left;
    }
    return LM_OK;
}

LmAxis lm_moments_axis(const LmMoments *m)
{
    return m->axis;
}

LmDtype lm_moments_dtype(const LmMoments *m)
{
    return m->dtype;
}

int64_t lm_moments_n_images(const LmMoments *m)
{
    return m->n_images;
}

void lm_moments_shape(const LmMoments *m, int64_t shape[3])
{
    shape[0] = m->h;
    shape[1] = m->w;
    shape[2] = m->c;
}

int64_t lm_moments_width(const LmMoments *m)
{
    return m->width;
}

int64_t lm_moments_count(const LmMoments *m)
{
    return count_of(m, m->n_images);
}

double lm_moments_mean(const LmMoments *m, int64_t j)
{
    if (m->n_images == 0) {
        return (double)NAN;
    }
    LM_ASSERT(j >= 0 && j < m->width);
    return m->dtype == LM_U8
               ? lm_moments_mean_of((uint64_t)lm_moments_count(m), lm_sums_s1(&m->sums, j))
               : m->running.mean[j];
}

double lm_moments_std(const LmMoments *m, int64_t j)
{
    if (m->n_images == 0) {
        return (double)NAN;
    }
    LM_ASSERT(j >= 0 && j < m->width);
    if (m->dtype == LM_U8) {
        return lm_moments_std_of((uint64_t)lm_moments_count(m), lm_sums_s1(&m->sums, j),
                                 lm_sums_s2(&m->sums, j));
    }
    return sqrt(m->running.m2[j] / (double)lm_moments_count(m));
}

double lm_moments_min(const LmMoments *m, int64_t j)
{
    if (m->n_images == 0) {
        return (double)NAN;
    }
    LM_ASSERT(j >= 0 && j < m->width);
    return m->dtype == LM_U8 ? (double)m->sums.lo[j] : m->running.lo[j];
}

double lm_moments_max(const LmMoments *m, int64_t j)
{
    if (m->n_images == 0) {
        return (double)NAN;
    }
    LM_ASSERT(j >= 0 && j < m->width);
    return m->dtype == LM_U8 ? (double)m->sums.hi[j] : m->running.hi[j];
}

bool lm_moments_sums(const LmMoments *m, int64_t j, uint64_t *s1, uint64_t *s2)
{
    if (m->n_images == 0 || m->dtype != LM_U8) {
        return false;
    }
    LM_ASSERT(j >= 0 && j < m->width);
    *s1 = lm_sums_s1(&m->sums, j);
    *s2 = lm_sums_s2(&m->sums, j);
    return true;
}

const uint64_t *lm_moments_histogram(const LmMoments *m)
{
    return m->sums.histogram;
}

const uint64_t *lm_moments_histogram_of(const LmMoments *m, int64_t j)
{
    LM_ASSERT(j >= 0 && (j < m->width || !m->is_shaped));
    return lm_sums_histogram(&m->sums, j);
}

double lm_moments_mean_of(uint64_t n, uint64_t s1)
{
    return lm_exact_mean(n, s1);
}

double lm_moments_std_of(uint64_t n, uint64_t s1, uint64_t s2)
{
    return lm_exact_std(n, s1, s2);
}
