#include "stage/pass.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "kernel/outer.h"

/* --- building --- */

/* One channel makes axis channel the same thing as axis all. */
static LmAxis sample_axis(const LmPassContext *ctx, const LmStage *s)
{
    return ctx->c == 1 ? LM_AXIS_ALL : s->axis;
}

/* Whether the pass so far is one y = a*x + b over the numbers a sample term on `axis` looks at. */
static bool is_uniform(const LmPass *p, const LmPassContext *ctx, LmAxis axis)
{
    if (p->has_sample && p->axis != axis) {
        return false;
    }
    return p->width == 1 || (axis == LM_AXIS_CHANNEL && p->width == ctx->c);
}

/* Moments of an image are numbers of that image: pairs that also differ from pixel to pixel would
 * have to be made anew for every pixel of every image, which costs more than another pass. */
static bool can_add_const(const LmPass *p, const LmPassContext *ctx, int64_t width)
{
    return !p->has_clip && (!p->has_sample || width <= ctx->c);
}

static LmStatus add_const(LmPass *p, const LmStage *s, LmError *err)
{
    LmTerm *last = p->n_terms > 0 ? &p->terms[p->n_terms - 1] : NULL;
    if (last == NULL || last->kind != LM_TERM_CONST) {
        last = &p->terms[p->n_terms];
        *last = (LmTerm){.kind = LM_TERM_CONST};
        LmStatus st = lm_affine_init(&last->affine, err);
        if (st != LM_OK) {
            return st;
        }
        p->n_terms++;
    }
    LmStatus st = lm_affine_then(&last->affine, s, err);
    if (st == LM_OK) {
        p->width = LM_MAX(p->width, last->affine.width);
    }
    return st;
}

static void add_sample(LmPass *p, const LmPassContext *ctx, const LmStage *s)
{
    p->has_sample = true;
    p->axis = sample_axis(ctx, s);
    p->width = p->axis == LM_AXIS_CHANNEL ? ctx->c : p->width;
    p->terms[p->n_terms] = (LmTerm){
        .kind = s->kind == LM_STAGE_CENTER ? LM_TERM_CENTER : LM_TERM_STANDARDIZE,
        .epsilon = s->epsilon,
    };
    p->n_terms++;
}

/* The mean of each feature, as the center stage it is. */
static LmStage center_of(const LmStage *zca)
{
    return (LmStage){.kind = LM_STAGE_CENTER,
                     .scope = LM_SCOPE_FEATURE,
                     .axis = zca->axis,
                     .width = zca->width,
                     .mean = zca->mean};
}

static LmStatus add_matrix(LmPass *p, const LmPassContext *ctx, const LmStage *s, LmError *err)
{
    LmStage center = center_of(s);
    LmStatus st = s->is_centered ? add_const(p, &center, err) : LM_OK;
    if (st == LM_OK) {
        st = lm_matrix_init(&p->matrix, s, ctx->n, err);
    }
    p->has_matrix = st == LM_OK;
    return st;
}

void lm_pass_set_table(LmPass *p, const LmStage *s, int n_stages)
{
    p->table = lm_tensor_share(&s->table);
    p->n_stages = n_stages;
}

LmStatus lm_pass_add(LmPass *p, const LmPassContext *ctx, const LmStage *s, bool *fits,
                     LmError *err)
{
    LmStatus st = LM_OK;
    bool is_sample = (s->kind == LM_STAGE_CENTER || s->kind == LM_STAGE_STANDARDIZE) &&
                     s->scope == LM_SCOPE_SAMPLE;
    p->width = LM_MAX(p->width, 1);
    if (p->has_matrix || p->table.storage != NULL) {
        *fits = false;
    } else if (s->kind == LM_STAGE_ZCA) {
        *fits = !s->is_centered || can_add_const(p, ctx, s->width);
    } else if (s->kind == LM_STAGE_CLIP) {
        *fits = !p->has_clip;
    } else if (is_sample) {
        *fits = !p->has_clip && is_uniform(p, ctx, sample_axis(ctx, s));
    } else {
        *fits = can_add_const(p, ctx, s->kind == LM_STAGE_RESCALE ? 1 : s->width);
    }
    if (!*fits) {
        return LM_OK;
    }
    if (s->kind == LM_STAGE_ZCA) {
        st = add_matrix(p, ctx, s, err);
    } else if (s->kind == LM_STAGE_CLIP) {
        p->has_clip = true;
        p->lo = (float)s->lo;
        p->hi = (float)s->hi;
    } else if (is_sample) {
        add_sample(p, ctx, s);
    } else {
        st = add_const(p, s, err);
    }
    p->n_stages++;
    return st;
}

LmStatus lm_pass_finish(LmPass *p, const LmPassContext *ctx, LmError *err)
{
    p->width = LM_MAX(p->width, 1);
    p->period = lm_affine_period(p->width, ctx->n);
    if (p->n_terms == 0 || p->has_sample) {
        return LM_OK;
    }
    LM_ASSERT(p->n_terms == 1);
    return lm_affine_round(&p->terms[0].affine, ctx->n, &p->a, &p->b, err);
}

void lm_pass_fini(LmPass *p)
{
    for (int i = 0; i < p->n_terms; i++) {
        lm_affine_fini(&p->terms[i].affine);
    }
    lm_mem_free(p->terms);
    lm_mem_free(p->a);
    lm_mem_free(p->b);
    lm_matrix_fini(&p->matrix);
    lm_tensor_fini(&p->table);
    *p = (LmPass){0};
}

/* --- running --- */

typedef struct Moments {
    size_t n_groups; /* 1 or C */
    double *mean;
    double *std;
} Moments;

static size_t n_groups(const LmPass *p, const LmPassContext *ctx)
{
    return p->axis == LM_AXIS_CHANNEL ? (size_t)ctx->c : 1;
}

static size_t moments_bytes(const LmPass *p, const LmPassContext *ctx)
{
    if (!p->has_sample) {
        return 0;
    }
    /* Mean and std, sums of values and squares; the pairs. */
    size_t groups = n_groups(p, ctx);
    return groups * (2 * sizeof(double) + 2 * sizeof(uint64_t)) + p->period * 2 * sizeof(float);
}

/* The matrix' rows come first, aligned as the whole. */
size_t lm_pass_scratch_bytes(const LmPass *p, const LmPassContext *ctx)
{
    return lm_matrix_scratch_bytes(&p->matrix) + moments_bytes(p, ctx);
}

static void sum_u8(const LmPassContext *ctx, const uint8_t *x, size_t groups, uint64_t *s1,
                   uint64_t *s2)
{
    memset(s1, 0, groups * sizeof *s1);
    memset(s2, 0, groups * sizeof *s2);
    if (groups == 1) {
        ctx->stats->sums_u8(x, (size_t)ctx->n, s1, s2);
    } else if (groups <= LM_SUM_CHANNELS_MAX) {
        ctx->stats->sums_u8_channel(x, (size_t)ctx->n, groups, s1, s2);
    } else {
        for (size_t i = 0; i < (size_t)ctx->n; i += groups) {
            for (size_t j = 0; j < groups; j++) {
                s1[j] += x[i + j];
                s2[j] += (uint64_t)x[i + j] * x[i + j];
            }
        }
    }
}

static void moments_u8(const LmPassContext *ctx, const uint8_t *x, Moments *m, uint64_t *sums)
{
    uint64_t *s1 = sums;
    uint64_t *s2 = sums + m->n_groups;
    uint64_t count = (uint64_t)ctx->n / m->n_groups;
    sum_u8(ctx, x, m->n_groups, s1, s2);
    for (size_t g = 0; g < m->n_groups; g++) {
        m->mean[g] = lm_moments_mean_of(count, s1[g]);
        m->std[g] = lm_moments_std_of(count, s1[g], s2[g]);
    }
}

/* Channel `first` of n interleaved floats, values in order. */
static void moments_channel(const float *x, size_t first, size_t n, size_t c, double *mean,
                            double *std)
{
    double sum = 0;
    for (size_t i = first; i < n; i += c) {
        sum += (double)x[i];
    }
    double count = (double)(n / c);
    double centre = sum / count;
    double squares = 0;
    for (size_t i = first; i < n; i += c) {
        double d = (double)x[i] - centre;
        squares = fma(d, d, squares);
    }
    *mean = centre;
    *std = sqrt(squares / count);
}

static void moments_f32(const LmPassContext *ctx, const float *x, Moments *m)
{
    size_t n = (size_t)ctx->n;
    if (m->n_groups == 1) {
        m->mean[0] = ctx->scale->sum_f32(x, n) / (double)n;
        m->std[0] = sqrt(ctx->scale->sum_squares_f32(x, n, m->mean[0]) / (double)n);
        return;
    }
    for (size_t g = 0; g < m->n_groups; g++) {
        moments_channel(x, g, n, m->n_groups, &m->mean[g], &m->std[g]);
    }
}

/* The terms as one pair for number j of an image with these moments.
 *
 * Sample terms see a*x + b, whose mean is a*mean + b and whose std is |a|*std: centring leaves
 * a*(x - mean) whatever b was, and standardising divides that by |a|*std + epsilon. A std of 0
 * means x = mean everywhere; a = b = 0 then gives the 0 that rounding a*mean could miss. */
static void fold(const LmPass *p, double mean, double std, size_t j, float *a32, float *b32)
{
    double a = 1;
    double b = 0;
    for (int i = 0; i < p->n_terms; i++) {
        const LmTerm *t = &p->terms[i];
        if (t->kind == LM_TERM_CONST) {
            size_t k = j % (size_t)t->affine.width;
            a *= t->affine.a[k];
            b = b * t->affine.a[k] + t->affine.b[k];
            continue;
        }
        double spread = fabs(a) * std;
        if (spread == 0) {
            a = 0;
        } else if (t->kind == LM_TERM_STANDARDIZE) {
            a /= spread + t->epsilon;
        }
        b = -a * mean;
    }
    *a32 = (float)a;
    *b32 = (float)b + 0.0F;
}

static void apply(const LmPassContext *ctx, const void *src, LmDtype dtype, float *dst,
                  const float *a, const float *b, size_t period)
{
    const LmScaleKernels *k = ctx->scale;
    size_t n = (size_t)ctx->n;
    if (dtype == LM_U8 && period == 1) {
        k->affine_u8(dst, src, n, a[0], b[0]);
    } else if (dtype == LM_U8) {
        k->affine_u8_vec(dst, src, n, a, b, period);
    } else if (period == 1) {
        k->affine_f32(dst, src, n, a[0], b[0]);
    } else {
        k->affine_f32_vec(dst, src, n, a, b, period);
    }
}

static void run_sample(const LmPass *p, const LmPassContext *ctx, const void *src, LmDtype dtype,
                       float *dst, void *scratch)
{
    size_t groups = n_groups(p, ctx);
    double *numbers = scratch;
    Moments m = {groups, numbers, numbers + groups};
    uint64_t *sums = (uint64_t *)(numbers + 2 * groups);
    float *a = (float *)(sums + 2 * groups);
    float *b = a + p->period;
    if (dtype == LM_U8) {
        moments_u8(ctx, src, &m, sums);
    } else {
        moments_f32(ctx, src, &m);
    }
    size_t width = (size_t)p->width;
    for (size_t j = 0; j < width; j++) {
        size_t g = groups == 1 ? 0 : j;
        fold(p, m.mean[g], m.std[g], j, &a[j], &b[j]);
    }
    for (size_t j = width; j < p->period; j++) {
        a[j] = a[j - width];
        b[j] = b[j - width];
    }
    apply(ctx, src, dtype, dst, a, b, p->period);
}

/* All but the matrix. */
static void run_one(const LmPass *p, const LmPassContext *ctx, const void *src, LmDtype dtype,
                    float *dst, void *scratch)
{
    if (p->table.storage != NULL) {
        LM_ASSERT(dtype == LM_U8);
        ctx->outer->map_u8(dst, src, (size_t)ctx->n, p->table.data);
    } else if (p->has_sample) {
        run_sample(p, ctx, src, dtype, dst, scratch);
    } else if (p->n_terms > 0) {
        apply(ctx, src, dtype, dst, p->a, p->b, p->period);
    } else if (dtype == LM_U8) {
        ctx->scale->affine_u8(dst, src, (size_t)ctx->n, 1, 0);
    } else if (src != dst) {
        memcpy(dst, src, (size_t)ctx->n * sizeof *dst);
    }
    if (p->has_clip) {
        ctx->scale->clip_f32(dst, (size_t)ctx->n, p->lo, p->hi);
    }
}

void lm_pass_run(const LmPass *p, const LmPassContext *ctx, int64_t n, const void *const *src,
                 LmDtype dtype, float *const *dst, void *scratch)
{
    void *moments = p->has_matrix ? (char *)scratch + lm_matrix_scratch_bytes(&p->matrix) : scratch;
    bool has_block = p->has_matrix && p->matrix.c == 0;
    for (int64_t k = 0; k < n; k++) {
        float *to = p->has_matrix ? lm_matrix_row(&p->matrix, scratch, k) : dst[k];
        run_one(p, ctx, src[k], dtype, to, moments);
        if (p->has_matrix && !has_block) {
            lm_matrix_run(&p->matrix, 1, scratch, dst + k);
        }
    }
    if (has_block) {
        lm_matrix_run(&p->matrix, n, scratch, dst);
    }
}
