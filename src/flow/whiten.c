#include "flow/whiten.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/threads.h"
#include "stage/affine.h"
#include "stage/plan.h"
#include "stats/covariance.h"

/* Rows of a whitening stage: whole images, or their pixels. */
typedef struct Rows {
    const LmDataset *ds;
    int64_t d;          /* numbers of a row */
    int64_t n;          /* rows in all */
    int64_t a_image;    /* rows of an image */
    int64_t block;      /* images made at once */
    int64_t first;      /* of the block being made */
    const double *mean; /* of each number, or NULL */
    /* How an image becomes numbers: by pairs in double, or by a plan. */
    LmAffine pairs;
    LmPlan *plan;
    /* A thread's: image as stored, as floats, the plan's scratch. */
    char *buffers;
    size_t buffer_bytes;
    size_t floats_at;
    size_t scratch_at;
    double *out;      /* the block's images, one after the other */
    uint8_t *bytes;   /* the same as stored, for sets that must be read */
    LmError *errors;  /* one an image of a block */
    LmStatus *status; /* likewise */
} Rows;

/* Images made at once: enough for all threads, few enough that large ones take 4 MB as doubles.
 * Bits do not depend on it. */
enum { BLOCK_MIN = 4, BLOCK_MAX = 64, BLOCK_NUMBERS = 1 << 19 };

/* --- memory --- */

static bool is_gram(double n, double d)
{
    return n < d;
}

static double rows_of(const LmStage *s, const LmDataset *ds)
{
    return (double)ds->count * (s->axis == LM_AXIS_CHANNEL ? (double)ds->h * (double)ds->w : 1);
}

static double forecast(double n, double d, double components)
{
    return is_gram(n, d) ? lm_whitening_bytes_rows(n, d, components)
                         : lm_whitening_bytes_moments(d);
}

/* How many images a fit within the budget can take: fewer than features. 0: none. */
static int64_t images_within(const LmStage *s, const LmDataset *ds, double d)
{
    int64_t n = LM_MIN(ds->count, (int64_t)d - 1);
    while (n > 0 && forecast((double)n, d, (double)s->components) > (double)s->budget_bytes) {
        n = n * 9 / 10;
    }
    return n;
}

LmStatus lm_whiten_check(const LmStage *s, const LmDataset *ds, LmError *err)
{
    const int64_t hwc[3] = {ds->h, ds->w, ds->c};
    double d = (double)lm_stage_features(s, hwc);
    double need = forecast(rows_of(s, ds), d, (double)s->components);
    if (need <= (double)s->budget_bytes) {
        return LM_OK;
    }
    char need_text[32];
    char budget[32];
    char count[32];
    char hint[160] = "";
    LmStr more = lm_str(hint, sizeof hint);
    int64_t n = s->axis == LM_AXIS_CHANNEL ? 0 : images_within(s, ds, d);
    if (s->axis != LM_AXIS_CHANNEL) {
        lm_str_add(&more, ", whiten colours alone (axis=\"channel\")");
    }
    if (n >= 2) {
        lm_str_add(&more, ", fit on at most %lld images (g:fit(ds:take(%lld)))", (long long)n,
                   (long long)n);
    }
    return lm_fail(err, LM_EMEM,
                   "a matrix over %s features (images %s) takes %s to fit, the budget is %s; use "
                   "smaller images%s, or raise budget=",
                   lm_str_count(count, sizeof count, (int64_t)d),
                   lm_str_shape((char[64]){0}, 64, 3, hwc),
                   lm_str_bytes(need_text, sizeof need_text, (size_t)need),
                   lm_str_bytes(budget, sizeof budget, (size_t)s->budget_bytes), hint);
}

/* --- blocks of images --- */

static void rows_fini(Rows *r)
{
    lm_affine_fini(&r->pairs);
    lm_plan_free(r->plan);
    lm_mem_free(r->buffers);
    lm_mem_free(r->out);
    lm_mem_free(r->bytes);
    lm_mem_free(r->errors);
    lm_mem_free(r->status);
}

static LmStatus alloc_buffers(Rows *r, LmError *err)
{
    size_t item = (size_t)lm_dataset_item_count(r->ds);
    size_t scratch = r->plan != NULL ? lm_plan_scratch_bytes(r->plan) : 0;
    r->block =
        LM_MIN((int64_t)BLOCK_MAX, LM_MAX((int64_t)BLOCK_MIN, BLOCK_NUMBERS / (int64_t)item));
    r->floats_at = lm_base_round_up(item * lm_dtype_size(r->ds->dtype), LM_MEM_ALIGN);
    r->scratch_at = r->floats_at + lm_base_round_up(item * sizeof(float), LM_MEM_ALIGN);
    r->buffer_bytes = r->scratch_at + lm_base_round_up(scratch, LM_MEM_ALIGN);
    LmStatus st = lm_mem_alloc(&r->buffers, (size_t)lm_threads(), r->buffer_bytes, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&r->errors, (size_t)r->block, sizeof *r->errors, err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&r->status, (size_t)r->block, sizeof *r->status, err);
    }
    return st;
}

/* The stages before become pairs where they are affine, else a plan. */
static LmStatus rows_init(Rows *r, const LmStage *stages, int n, const LmDataset *ds,
                          const double *mean, LmError *err)
{
    const int64_t hwc[3] = {ds->h, ds->w, ds->c};
    bool is_affine = true;
    LmStatus st = LM_OK;
    r->ds = ds;
    r->mean = mean;
    r->d = lm_stage_features(&stages[n], hwc);
    r->a_image = hwc[0] * hwc[1] * hwc[2] / r->d;
    r->n = ds->count * r->a_image;
    for (int i = 0; i < n; i++) {
        is_affine = is_affine && lm_stage_is_affine(&stages[i]);
    }
    if (is_affine) {
        st = lm_affine_init(&r->pairs, err);
        for (int i = 0; st == LM_OK && i < n; i++) {
            st = lm_affine_then(&r->pairs, &stages[i], err);
        }
    } else {
        st = lm_plan_new(&r->plan, stages, n, hwc[0], hwc[1], hwc[2], err);
        st = st == LM_OK ? lm_plan_check_dtype(r->plan, ds->dtype, err) : st;
    }
    return st == LM_OK ? alloc_buffers(r, err) : st;
}

static LmStatus read_pixels(const Rows *r, int64_t i, void *buffer, const void **out, LmError *err)
{
    *out = lm_dataset_pixels(r->ds, i);
    if (*out != NULL) {
        return LM_OK;
    }
    *out = buffer;
    return lm_dataset_read(r->ds, i, buffer, err);
}

static void widen(const Rows *r, const void *pixels, double *to)
{
    const LmAffine *f = &r->pairs;
    int64_t item = lm_dataset_item_count(r->ds);
    bool is_u8 = r->ds->dtype == LM_U8;
    for (int64_t i = 0; i < item; i++) {
        double x = is_u8 ? ((const uint8_t *)pixels)[i] : (double)((const float *)pixels)[i];
        to[i] = x * f->a[i % f->width] + f->b[i % f->width];
    }
}

static void widen_image(void *ctx, int64_t task, int thread)
{
    Rows *r = ctx;
    char *buffer = r->buffers + (size_t)thread * r->buffer_bytes;
    int64_t item = lm_dataset_item_count(r->ds);
    double *to = r->out + task * item;
    const void *pixels = NULL;
    r->status[task] = read_pixels(r, r->first + task, buffer, &pixels, &r->errors[task]);
    if (r->status[task] != LM_OK) {
        return;
    }
    if (r->plan == NULL) {
        widen(r, pixels, to);
    } else {
        float *x = (float *)(void *)(buffer + r->floats_at);
        lm_plan_apply(r->plan, pixels, r->ds->dtype, x, buffer + r->scratch_at);
        for (int64_t i = 0; i < item; i++) {
            to[i] = (double)x[i];
        }
    }
    for (int64_t i = 0; r->mean != NULL && i < item; i++) {
        to[i] -= r->mean[i % r->d];
    }
}

/* Makes images first .. first + n, n <= r->block; the first one that failed speaks. */
static LmStatus make_images(Rows *r, int64_t first, int64_t n,
                            void (*make)(void *ctx, int64_t task, int thread), LmError *err)
{
    LmStatus st = lm_threads_check_cancel(err);
    if (st != LM_OK) {
        return st;
    }
    r->first = first;
    lm_threads_for(n, make, r);
    for (int64_t k = 0; k < n; k++) {
        if (r->status[k] != LM_OK) {
            *err = r->errors[k];
            return r->status[k];
        }
    }
    return LM_OK;
}

/* --- three ways to the matrix --- */

static LmStatus alloc_out(Rows *r, int64_t n_images, LmError *err)
{
    size_t item = (size_t)lm_dataset_item_count(r->ds);
    return lm_mem_alloc(&r->out, (size_t)n_images * item, sizeof *r->out, err);
}

/* Adds n rows that follow one another in memory. */
static void add_rows(LmCovariance *c, const void *rows, int64_t n)
{
    const void *at[LM_COVARIANCE_ROWS_U8];
    int64_t most = c->is_u8 ? LM_COVARIANCE_ROWS_U8 : LM_COVARIANCE_ROWS_F64;
    size_t bytes = (size_t)c->d * (c->is_u8 ? 1 : sizeof(double));
    for (int64_t first = 0; first < n; first += most) {
        int64_t m = LM_MIN(most, n - first);
        for (int64_t t = 0; t < m; t++) {
            at[t] = (const char *)rows + (size_t)(first + t) * bytes;
        }
        if (c->is_u8) {
            lm_covariance_add_u8(c, (const uint8_t *const *)at, m);
        } else {
            lm_covariance_add_f64(c, (const double *const *)at, m);
        }
    }
}

static LmStatus sum_f64(Rows *r, double **out, LmError *err)
{
    LmCovariance c = {0};
    LmStatus st = lm_covariance_init(&c, r->d, false, err);
    if (st == LM_OK) {
        st = alloc_out(r, LM_MIN(r->block, r->ds->count), err);
    }
    for (int64_t i = 0; st == LM_OK && i < r->ds->count; i += r->block) {
        int64_t n = LM_MIN(r->block, r->ds->count - i);
        st = make_images(r, i, n, widen_image, err);
        if (st == LM_OK) {
            add_rows(&c, r->out, n * r->a_image);
        }
    }
    if (st != LM_OK) {
        lm_covariance_fini(&c);
        return st;
    }
    *out = lm_covariance_take_f64(&c);
    return LM_OK;
}

static void read_image(void *ctx, int64_t task, int thread)
{
    Rows *r = ctx;
    (void)thread;
    uint8_t *to = r->bytes + task * lm_dataset_item_count(r->ds);
    r->status[task] = lm_dataset_read(r->ds, r->first + task, to, &r->errors[task]);
}

static LmStatus find_images(Rows *r, int64_t first, int64_t n, const uint8_t **images, LmError *err)
{
    if (r->bytes != NULL) {
        LmStatus st = make_images(r, first, n, read_image, err);
        if (st != LM_OK) {
            return st;
        }
    }
    for (int64_t k = 0; k < n; k++) {
        images[k] = r->bytes != NULL ? r->bytes + k * lm_dataset_item_count(r->ds)
                                     : lm_dataset_pixels(r->ds, first + k);
    }
    return lm_threads_check_cancel(err);
}

static LmStatus count_images(Rows *r, LmCovariance *c, LmError *err)
{
    const uint8_t *images[LM_COVARIANCE_ROWS_U8];
    int64_t block = r->bytes != NULL ? r->block : LM_COVARIANCE_ROWS_U8;
    LmStatus st = LM_OK;
    for (int64_t i = 0; st == LM_OK && i < r->ds->count; i += block) {
        int64_t n = LM_MIN(block, r->ds->count - i);
        st = find_images(r, i, n, images, err);
        if (st == LM_OK && r->a_image == 1) {
            lm_covariance_add_u8(c, images, n);
        }
        for (int64_t k = 0; st == LM_OK && r->a_image > 1 && k < n; k++) {
            add_rows(c, images[k], r->a_image);
        }
    }
    return st;
}

static LmStatus count_u8(Rows *r, const LmMoments *raw, double **out, LmError *err)
{
    LmCovariance c = {0};
    uint64_t *s1 = NULL;
    uint64_t s2 = 0;
    LmStatus st = lm_covariance_init(&c, r->d, true, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&s1, (size_t)r->d, sizeof *s1, err);
    }
    if (st == LM_OK && lm_dataset_pixels(r->ds, 0) == NULL) {
        size_t item = (size_t)lm_dataset_item_count(r->ds);
        st = lm_mem_alloc(&r->bytes, (size_t)r->block, item, err);
    }
    if (st == LM_OK) {
        st = count_images(r, &c, err);
    }
    for (int64_t j = 0; st == LM_OK && j < r->d; j++) {
        LM_ASSERT(lm_moments_sums(raw, j, &s1[j], &s2));
    }
    if (st == LM_OK) {
        const LmAffine *f = &r->pairs;
        *out = lm_covariance_take_u8(&c, (uint64_t)r->n, s1, f->a, f->b, f->width, r->mean != NULL);
    }
    lm_covariance_fini(&c);
    lm_mem_free(s1);
    return st;
}

static LmStatus keep_rows(Rows *r, LmError *err)
{
    int64_t item = lm_dataset_item_count(r->ds);
    LmStatus st = alloc_out(r, r->ds->count, err);
    double *x = r->out;
    for (int64_t i = 0; st == LM_OK && i < r->ds->count; i += r->block) {
        r->out = x + i * item;
        st = make_images(r, i, LM_MIN(r->block, r->ds->count - i), widen_image, err);
    }
    r->out = x;
    return st;
}

bool lm_whiten_is_exact(const LmStage *stages, int n, const LmDataset *ds)
{
    const int64_t hwc[3] = {ds->h, ds->w, ds->c};
    int64_t d = lm_stage_features(&stages[n], hwc);
    bool is_exact = ds->dtype == LM_U8 && !is_gram(rows_of(&stages[n], ds), (double)d);
    for (int i = 0; i < n; i++) {
        /* A feature has one pair, the same in all rows. */
        is_exact = is_exact && lm_stage_is_affine(&stages[i]) && stages[i].width <= d;
    }
    return is_exact;
}

static LmStatus whiten(Rows *r, const LmMoments *raw, LmWhitenOptions *o, LmWhitening *out,
                       LmError *err)
{
    double n = (double)r->n;
    double d = (double)r->d;
    double *m = NULL;
    LmStatus st = LM_OK;
    if (is_gram(n, d)) {
        o->tolerance = lm_whitening_tolerance(n, d, false);
        st = keep_rows(r, err);
        return st == LM_OK ? lm_whitening_from_rows(r->out, r->n, r->d, o, out, err) : st;
    }
    o->tolerance = lm_whitening_tolerance(n, d, raw != NULL);
    st = raw != NULL ? count_u8(r, raw, &m, err) : sum_f64(r, &m, err);
    return st == LM_OK ? lm_whitening_from_moments(m, r->d, n, o, out, err) : st;
}

LmStatus lm_whiten_fit(LmStage *stages, int n, const LmDataset *ds, const LmMoments *raw,
                       const double *mean, LmError *err)
{
    LmStage *s = &stages[n];
    Rows r = {0};
    LmWhitening made = {0};
    LmWhitenOptions o = {
        .epsilon = s->epsilon, .is_eigen = s->is_eigen, .components = s->components};
    LmStatus st = rows_init(&r, stages, n, ds, mean, err);
    if (st == LM_OK) {
        st = whiten(&r, raw, &o, &made, err);
    }
    if (st == LM_OK) {
        const int64_t hwc[3] = {ds->h, ds->w, ds->c};
        st = lm_stage_set_whitening(s, hwc, mean, &made, err);
        lm_tensor_fini(&made.matrix);
    }
    rows_fini(&r);
    return st;
}
