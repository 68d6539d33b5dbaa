#include "augment/draw.h"

#include <math.h>

#include "kernel/math.h"

/* Blocks of 4 numbers an entry has for itself. */
enum { BLOCKS = LM_DRAW_NUMBERS / 4 };

_Static_assert((uint64_t)LM_AUGMENT_MAX *BLOCKS <= (uint64_t)1 << 32, "parts do not overlap");

LmRng lm_draw_rng(const LmDrawKey *key, int number)
{
    /* The generator's counter has no room for turns, so each has a seed of its own: an odd factor
     * keeps all of them apart, and this one (2^64 over the golden ratio) far from small seeds. */
    uint64_t seed = key->seed + (uint64_t)lm_draw_turn(key->sample) * 0x9E3779B97F4A7C15u;
    LmRng rng =
        lm_rng(seed, LM_RNG_AUGMENT, (uint64_t)key->epoch, (uint64_t)lm_draw_item(key->sample));
    rng.counter[0] = (uint32_t)number * BLOCKS;
    return rng;
}

/* --- the numbers of one entry --- */

/* Where both bounds are the same the number is exactly that. */
static double between(LmRng *rng, LmSpan s)
{
    double u = lm_rng_double(rng);
    return s.lo + (s.hi - s.lo) * u;
}

/* Uniform in its logarithm: 1/2 is as likely as 2. */
static double between_logs(LmRng *rng, LmSpan s)
{
    double u = lm_rng_double(rng);
    double log_lo = lm_math_log(s.lo);
    double x = lm_math_exp(log_lo + (lm_math_log(s.hi) - log_lo) * u);
    return fmin(fmax(x, s.lo), s.hi);
}

/* A whole number of lo..hi, all equally likely; 0 where there is none in between. */
static double whole_between(LmRng *rng, LmSpan s)
{
    double lo = ceil(s.lo);
    double hi = floor(s.hi);
    double u = lm_rng_double(rng);
    return lo > hi ? 0 : fmin(lo + floor(u * (hi - lo + 1)), hi);
}

/* Where on 0..extent a part of length `size` begins. */
static double place(LmRng *rng, double extent, double size)
{
    return lm_rng_double(rng) * (extent - size);
}

typedef struct Shape {
    double h, w;
} Shape;

static void draw_one(const LmAugment *a, Shape shape, LmRng *rng, double v[4])
{
    (void)shape;
    v[0] = between(rng, a->span[0]);
}

static void draw_shift(const LmAugment *a, Shape shape, LmRng *rng, double v[4])
{
    const double extents[2] = {shape.h, shape.w};
    for (int i = 0; i < 2; i++) {
        double unit = a->choice == LM_SHIFT_FRACTION ? extents[i] : 1;
        LmSpan s = {a->span[i].lo * unit, a->span[i].hi * unit};
        v[i] = a->is_whole ? whole_between(rng, s) : between(rng, s);
    }
}

static void draw_crop_pad(const LmAugment *a, Shape shape, LmRng *rng, double v[4])
{
    (void)shape;
    v[0] = whole_between(rng, a->span[0]);
    v[1] = whole_between(rng, a->span[1]);
}

static void draw_zoom(const LmAugment *a, Shape shape, LmRng *rng, double v[4])
{
    (void)shape;
    v[0] = between(rng, a->span[0]);
    double other = between(rng, a->span[0]);
    v[1] = a->is_separate ? other : v[0];
}

static void draw_flip(const LmAugment *a, Shape shape, LmRng *rng, double v[4])
{
    (void)a;
    (void)shape;
    (void)rng;
    (void)v;
}

/* Height and width of a part with that share of the area and that ratio of width to height, no
 * larger than the image. */
static void draw_extents(const LmAugment *a, Shape shape, LmRng *rng, double v[4])
{
    double area = between(rng, a->span[0]) * shape.h * shape.w;
    double ratio = between_logs(rng, a->span[1]);
    v[2] = fmin(sqrt(area / ratio), shape.h);
    v[3] = fmin(sqrt(area * ratio), shape.w);
}

static void draw_crop_scale(const LmAugment *a, Shape shape, LmRng *rng, double v[4])
{
    draw_extents(a, shape, rng, v);
    v[0] = place(rng, shape.h, v[2]);
    v[1] = place(rng, shape.w, v[3]);
}

static void draw_erase(const LmAugment *a, Shape shape, LmRng *rng, double v[4])
{
    draw_extents(a, shape, rng, v);
    v[2] = floor(v[2] + 0.5);
    v[3] = floor(v[3] + 0.5);
    v[0] = whole_between(rng, (LmSpan){0, shape.h - v[2]});
    v[1] = whole_between(rng, (LmSpan){0, shape.w - v[3]});
}

typedef void Draw(const LmAugment *a, Shape shape, LmRng *rng, double v[4]);

static Draw *const draws[LM_AUGMENT_KIND_COUNT] = {
    [LM_AUGMENT_ROTATE] = draw_one,
    [LM_AUGMENT_SHIFT] = draw_shift,
    [LM_AUGMENT_SHEAR] = draw_one,
    [LM_AUGMENT_ZOOM] = draw_zoom,
    [LM_AUGMENT_FLIP] = draw_flip,
    [LM_AUGMENT_CROP_PAD] = draw_crop_pad,
    [LM_AUGMENT_CROP_SCALE] = draw_crop_scale,
    [LM_AUGMENT_BRIGHTNESS] = draw_one,
    [LM_AUGMENT_CONTRAST] = draw_one,
    [LM_AUGMENT_CHANNEL_SHIFT] = draw_one,
    [LM_AUGMENT_HUE] = draw_one,
    [LM_AUGMENT_SATURATION] = draw_one,
    [LM_AUGMENT_NOISE] = draw_one,
    [LM_AUGMENT_ERASE] = draw_erase,
};

/* --- lists and groups --- */

typedef struct Drawing {
    const LmDrawKey *key;
    Shape shape;
    int number; /* of the next entry */
    int n;      /* that happen so far */
    LmDraw *out;
} Drawing;

/* The entry a number u of [0, 1) falls on, each as wide as its weight. */
static int pick(const LmAugment *group, double u)
{
    double sum = 0;
    int last = 0;
    for (int i = 0; i < group->n_entries; i++) {
        sum += group->weights != NULL ? group->weights[i] : 1;
    }
    double at = u * sum;
    for (int i = 0; i < group->n_entries; i++) {
        double weight = group->weights != NULL ? group->weights[i] : 1;
        last = weight > 0 ? i : last;
        if (weight > 0 && at < weight) {
            return i;
        }
        at -= weight;
    }
    return last;
}

static void draw_entry(Drawing *d, const LmAugment *a)
{
    int number = d->number++;
    LmRng rng = lm_draw_rng(d->key, number);
    bool happens = lm_rng_double(&rng) < a->p;
    if (a->n_entries > 0) {
        int chosen = a->kind == LM_AUGMENT_ONE_OF ? pick(a, lm_rng_double(&rng)) : -1;
        for (int i = 0; i < a->n_entries; i++) {
            if (happens && (chosen < 0 || chosen == i)) {
                draw_entry(d, &a->entries[i]);
            } else {
                d->number += lm_augment_count(&a->entries[i], 1);
            }
        }
    } else if (happens && draws[a->kind] != NULL) {
        LmDraw *draw = &d->out[d->n++];
        *draw = (LmDraw){.entry = a, .number = number};
        draws[a->kind](a, d->shape, &rng, draw->value);
    }
}

int lm_draw_list(const LmAugment *list, int n, int64_t h, int64_t w, const LmDrawKey *key,
                 LmDraw *out)
{
    Drawing d = {.key = key, .shape = {(double)h, (double)w}, .out = out};
    for (int i = 0; i < n; i++) {
        draw_entry(&d, &list[i]);
    }
    return d.n;
}

/* --- mixup --- */

/* Standard normal, by Marsaglia's polar method. */
static double normal(LmRng *rng)
{
    for (;;) {
        double x = 2 * lm_rng_double(rng) - 1;
        double y = 2 * lm_rng_double(rng) - 1;
        double s = x * x + y * y;
        if (s > 0 && s < 1) {
            return x * sqrt(-2 * lm_math_log(s) / s);
        }
    }
}

/* Logarithm of a Gamma(shape) number: Marsaglia and Tsang 2000 for shape >= 1; below, that of
 * shape + 1 times U^(1/shape), in logarithms because it is often too small for a double. */
static double log_gamma_number(LmRng *rng, double shape)
{
    if (shape < 1) {
        double u = 1 - lm_rng_double(rng);
        return log_gamma_number(rng, shape + 1) + lm_math_log(u) / shape;
    }
    double d = shape - 1.0 / 3.0;
    double c = 1 / sqrt(9 * d);
    for (;;) {
        double x = normal(rng);
        double v = 1 + c * x;
        double u = 1 - lm_rng_double(rng);
        v = v * v * v;
        if (v > 0 && lm_math_log(u) < 0.5 * x * x + d - d * v + d * lm_math_log(v)) {
            return lm_math_log(d) + lm_math_log(v);
        }
    }
}

bool lm_draw_mixup(const LmAugment *mixup, int number, int64_t count, const LmDrawKey *key,
                   int64_t *partner, double *share)
{
    LmRng rng = lm_draw_rng(key, number);
    bool happens = lm_rng_double(&rng) < mixup->p;
    if (!happens || count < 2) {
        return false;
    }
    int64_t other = lm_rng_below(&rng, (uint32_t)(count - 1));
    double alpha = mixup->span[0].lo;
    double a = log_gamma_number(&rng, alpha);
    double b = log_gamma_number(&rng, alpha);
    double x = lm_math_sigmoid(a - b);
    *partner = other + (other >= lm_draw_item(key->sample));
    *share = fmax(x, 1 - x);
    return true;
}
