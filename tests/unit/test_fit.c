/* Fitting against statistics taken naively, in wider arithmetic, from the numbers as the stages
 * before leave them; what it does not depend on; what is refused. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "help_dataset.h"
#include "help_guard.h"
#include "help_test.h"

#include "base/rng.h"
#include "base/threads.h"
#include "flow/fit.h"
#include "stage/plan.h"

enum { H = 5, W = 4, C = 3, ITEM = H * W * C, STAGES_MAX = 6 };

static uint64_t seed;

static LmStage feature_center(LmAxis axis)
{
    return lm_stage_center(LM_SCOPE_FEATURE, axis);
}

static LmStage feature_standardize(LmAxis axis)
{
    return lm_stage_standardize(LM_SCOPE_FEATURE, axis, 1e-6);
}

static void fini_all(LmStage *stages, int n)
{
    for (int i = 0; i < n; i++) {
        lm_stage_fini(&stages[i]);
    }
}

/* --- a naive fit --- */

/* One number as the stages before leave it, worked out naively. `off` bounds how far the engine's
 * own may be from it, `size` is |a*x| + |b| at most, of the engine's a*x + b. A stage passes `off`
 * on, times what it multiplies by, and adds roundings of its own: three of a or b at most and one
 * of the sum, each the unit times `size`. */
typedef struct Number {
    long double v, off, size;
} Number;

typedef struct Numbers {
    int64_t n;
    Number *of;
    long double unit;
} Numbers;

static Numbers numbers_of(const LmDataset *ds, long double unit)
{
    LmError err;
    Numbers x = {.n = ds->count * ITEM, .unit = unit};
    float item[ITEM];
    x.of = calloc((size_t)x.n, sizeof *x.of);
    for (int64_t i = 0; i < ds->count; i++) {
        assert_ok(lm_dataset_read(ds, i, item, &err), err);
        for (int64_t j = 0; j < ITEM; j++) {
            long double v = ds->dtype == LM_U8 ? ((uint8_t *)item)[j] : (long double)item[j];
            x.of[i * ITEM + j] = (Number){v, 0, fabsl(v)};
        }
    }
    return x;
}

/* Mean and population std of of[first], of[first + step], ... below n, how far the engine's may be
 * off (a mean by the mean of the distances, a std by their root mean square, which is never less)
 * and the root mean square of the sizes. */
typedef struct Moments {
    long double mean, std, off, size;
} Moments;

static Moments moments(const Number *of, int64_t first, int64_t step, int64_t n)
{
    Moments m = {0, 0, 0, 0};
    long double count = (long double)((n - first + step - 1) / step);
    for (int64_t i = first; i < n; i += step) {
        m.mean += of[i].v / count;
        m.off += of[i].off * of[i].off / count;
        m.size += of[i].size * of[i].size / count;
    }
    for (int64_t i = first; i < n; i += step) {
        m.std += (of[i].v - m.mean) * (of[i].v - m.mean) / count;
    }
    return (Moments){m.mean, sqrtl(m.std), sqrtl(m.off), sqrtl(m.size)};
}

static void multiply(Number *x, long double factor, long double unit)
{
    x->v *= factor;
    x->size *= fabsl(factor);
    x->off = x->off * fabsl(factor) + 4 * unit * x->size;
}

/* A number beyond a limit by more than it may be off is that limit, in the engine too. */
static void clip(Number *x, long double lo, long double hi, long double unit)
{
    x->off += 4 * unit * x->size;
    if (x->v + x->off <= lo || x->v - x->off >= hi) {
        x->off = 0;
    }
    x->v = fminl(fmaxl(x->v, lo), hi);
    x->size = fminl(x->size, fmaxl(fabsl(lo), fabsl(hi)));
}

/* With the image's own statistics, which are up to m.off off. Whatever the numbers, n of them
 * divided by their own std are sqrt(n) at most, so never more than twice that apart. */
static void apply_sample(const LmStage *s, Number *item, long double unit)
{
    int64_t step = s->axis == LM_AXIS_CHANNEL ? C : 1;
    bool divides = s->kind == LM_STAGE_STANDARDIZE;
    for (int64_t g = 0; g < step; g++) {
        Moments m = moments(item, g, step, ITEM);
        long double divisor = divides ? m.std + (long double)s->epsilon : 1;
        for (int64_t j = g; j < ITEM; j += step) {
            Number *x = &item[j];
            x->v = (x->v - m.mean) / divisor;
            x->size = (x->size + m.size) / divisor;
            if (divides && divisor < 2 * m.off) {
                x->off = 2 * sqrtl(ITEM);
                continue;
            }
            long double least = divides ? divisor - m.off : 1;
            x->off = (x->off + m.off + (divides ? fabsl(x->v) * m.off : 0)) / least;
            x->off += 4 * unit * x->size;
        }
    }
}

/* Feature stages with their own fitted statistics: these are checked by themselves. */
static void apply_stage(const LmStage *s, Numbers *x)
{
    for (int64_t i = 0; i < x->n; i++) {
        if (s->kind == LM_STAGE_RESCALE) {
            multiply(&x->of[i], (long double)s->factor, x->unit);
        } else if (s->kind == LM_STAGE_CLIP) {
            clip(&x->of[i], (long double)s->lo, (long double)s->hi, x->unit);
        } else if (s->scope == LM_SCOPE_FEATURE) {
            long double mean = (long double)s->mean[i % s->width];
            x->of[i].v -= mean;
            x->of[i].size += fabsl(mean);
            multiply(&x->of[i],
                     s->std == NULL ? 1 : 1 / (long double)lm_stage_divisor(s, i % s->width),
                     x->unit);
        } else if (i % ITEM == 0) {
            apply_sample(s, x->of + i, x->unit);
        }
    }
}

/* What fitting itself adds: sums of n floats in double, here in long double, and where statistics
 * of pixels make those of a coarser axis, a few roundings for each of ITEM means, squares and sums.
 */
static long double fit_roundings(const Numbers *x, const Moments *m)
{
    long double n = (long double)x->n;
    return m->size * (n * (0x1p-53L + LDBL_EPSILON) + 2 * (ITEM + 8) * 0x1p-53L);
}

/* Fits the stages and checks every feature stage against the numbers that reach it; the engine
 * rounds numbers to `unit`. */
static void check_fit(LmStage *stages, int n, const LmDataset *ds, long double unit)
{
    LmError err;
    assert_ok(lm_fit_stages(stages, n, ds, &err), err);
    Numbers x = numbers_of(ds, unit);
    for (int i = 0; i < n; i++) {
        const LmStage *s = &stages[i];
        for (int64_t j = 0; lm_stage_needs_fit(s) && j < s->width; j++) {
            Moments m = moments(x.of, j, s->width, x.n);
            long double allowed = m.off + fit_roundings(&x, &m);
            long double d_mean = fabsl(m.mean - (long double)s->mean[j]);
            long double d_std = s->std == NULL ? 0 : fabsl(m.std - (long double)s->std[j]);
            assert_true(d_mean <= allowed && d_std <= allowed);
        }
        apply_stage(s, &x);
    }
    free(x.of);
}

/* --- behind affine stages: in double from exact sums --- */

static LmStage random_affine(LmRng *rng)
{
    LmAxis axis = (LmAxis)lm_rng_below(rng, 3);
    switch (lm_rng_below(rng, 3)) {
    case 0:
        return lm_stage_rescale(lm_rng_double(rng) * 4 - 2);
    case 1:
        return feature_center(axis);
    default:
        return feature_standardize(axis);
    }
}

static void test_behind_affine_stages(void **state)
{
    (void)state;
    for (uint64_t turn = 0; turn < 200; turn++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 3);
        LmStage stages[STAGES_MAX];
        int n = 1 + (int)lm_rng_below(&rng, STAGES_MAX);
        LmDataset *ds =
            help_dataset_new("set", 30, H, W, C, turn % 2 == 0 ? LM_U8 : LM_F32, 0, seed + turn);
        for (int i = 0; i < n; i++) {
            stages[i] = random_affine(&rng);
        }
        check_fit(stages, n, ds, 0x1p-53L);
        fini_all(stages, n);
        lm_dataset_unref(ds);
    }
}

/* Straight from bytes the numbers are the correctly rounded doubles. */
static void test_straight_from_bytes(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 77, H, W, C, LM_U8, 0, seed);
    for (int axis = LM_AXIS_ALL; axis <= LM_AXIS_PIXEL; axis++) {
        LmMoments *m = NULL;
        LmStage stages[] = {lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1),
                            feature_standardize((LmAxis)axis)};
        assert_ok(lm_fit_stages(stages + 1, 1, ds, &err), err);
        assert_ok(lm_moments_new(&m, (LmAxis)axis, &err), err);
        assert_ok(lm_dataset_stats(ds, m, &err), err);
        assert_int_equal(stages[1].width, lm_moments_width(m));
        for (int64_t j = 0; j < stages[1].width; j++) {
            assert_true(stages[1].mean[j] == lm_moments_mean(m, j));
            assert_true(stages[1].std[j] == lm_moments_std(m, j));
        }
        lm_moments_free(m);
        fini_all(stages, 2);
    }
    lm_dataset_unref(ds);
}

/* Centring twice finds nothing left to take away, whatever the axes. */
static void test_what_was_centred_stays_centred(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 50, H, W, C, LM_U8, 0, seed);
    for (int axis = LM_AXIS_ALL; axis <= LM_AXIS_PIXEL; axis++) {
        LmStage stages[] = {feature_center(LM_AXIS_PIXEL), feature_standardize((LmAxis)axis)};
        assert_ok(lm_fit_stages(stages, 2, ds, &err), err);
        for (int64_t j = 0; j < stages[1].width; j++) {
            assert_true(stages[1].mean[j] == 0);
            assert_true(stages[1].std[j] > 0);
        }
        fini_all(stages, 2);
    }
    lm_dataset_unref(ds);
}

/* --- behind other stages: item by item, as floats --- */

/* Limits are floats, as the engine rounds them to. */
static LmStage random_other(LmRng *rng)
{
    switch (lm_rng_below(rng, 3)) {
    case 0:
        return lm_stage_clip((double)(-1 - lm_rng_float(rng)),
                             (double)(1 + 100 * lm_rng_float(rng)));
    case 1:
        return lm_stage_center(LM_SCOPE_SAMPLE, (LmAxis)lm_rng_below(rng, 2));
    default:
        return lm_stage_standardize(LM_SCOPE_SAMPLE, (LmAxis)lm_rng_below(rng, 2), 1e-6);
    }
}

static void test_behind_other_stages(void **state)
{
    (void)state;
    for (uint64_t turn = 0; turn < 200; turn++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 4);
        LmStage stages[STAGES_MAX];
        int n = 2 + (int)lm_rng_below(&rng, STAGES_MAX - 1);
        LmDataset *ds = help_dataset_new("set", turn % 50 == 0 ? 600 : 20, H, W, C,
                                         turn % 2 == 0 ? LM_U8 : LM_F32, 0, seed + turn);
        for (int i = 0; i < n; i++) {
            stages[i] = i % 2 == 0 ? random_other(&rng) : feature_standardize((LmAxis)(turn % 3));
        }
        check_fit(stages, n, ds, 0x1p-24L);
        fini_all(stages, n);
        lm_dataset_unref(ds);
    }
}

/* Blocks are 256 items: one, less, more, and their borders. */
static void test_same_bits_for_any_threads(void **state)
{
    (void)state;
    static const int64_t counts[] = {1, 255, 256, 257, 600, 1300};
    static const int threads[] = {1, 2, 3, 8};
    LmError err;
    int before = lm_threads();
    for (size_t k = 0; k < LM_ARRAY_LEN(counts); k++) {
        LmStage want[] = {lm_stage_clip(10, 200), feature_standardize(LM_AXIS_CHANNEL),
                          lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL),
                          feature_center(LM_AXIS_PIXEL)};
        LmDataset *ds = help_dataset_new("set", counts[k], H, W, C, LM_U8, 0, seed + k);
        LmDataset *reading = help_dataset_reading(ds, -1);
        for (size_t t = 0; t < LM_ARRAY_LEN(threads); t++) {
            LmStage got[LM_ARRAY_LEN(want)];
            lm_threads_set(threads[t]);
            for (size_t i = 0; i < LM_ARRAY_LEN(want); i++) {
                assert_ok(lm_stage_copy(&got[i], &want[i], &err), err);
            }
            assert_ok(lm_fit_stages(t == 0 ? want : got, 4, t % 2 == 0 ? ds : reading, &err), err);
            for (size_t i = 1; t > 0 && i < LM_ARRAY_LEN(want); i += 2) {
                size_t bytes = (size_t)want[i].width * sizeof(double);
                assert_memory_equal(got[i].mean, want[i].mean, bytes);
                assert_true(want[i].std == NULL || memcmp(got[i].std, want[i].std, bytes) == 0);
            }
            fini_all(got, 4);
        }
        fini_all(want, 4);
        lm_dataset_unref(ds);
        lm_dataset_unref(reading);
    }
    lm_threads_set(before);
    lm_threads_stop();
}

/* --- constant pixels, and what is refused --- */

/* A set in which channel 2 is 7 throughout. */
static LmDataset *constant_channel(void)
{
    LmDataset *ds = help_dataset_new("set", 10, H, W, C, LM_U8, 0, seed);
    for (int64_t i = 0; i < ds->count; i++) {
        uint8_t *pixels = (uint8_t *)(uintptr_t)lm_dataset_pixels(ds, i);
        for (int64_t j = 1; j < ITEM; j += C) {
            pixels[j] = 7;
        }
    }
    return ds;
}

static void test_constant_channel(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = constant_channel();
    for (int is_streamed = 0; is_streamed < 2; is_streamed++) {
        LmStage stages[] = {is_streamed ? lm_stage_clip(0, 250) : lm_stage_rescale(0.5),
                            lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL, 0)};
        snprintf(stages[1].where, sizeof stages[1].where, "a.lua:3");
        assert_fails(lm_fit_stages(stages, 2, ds, &err), LM_ENUMERIC, err,
                     "stage 2 (standardize, a.lua:3): channel 2 never varies");
        assert_false(lm_stage_is_fitted(&stages[1]));
        stages[1].axis = LM_AXIS_PIXEL;
        assert_fails(lm_fit_stages(stages, 2, ds, &err), LM_ENUMERIC, err,
                     "the pixel at row 1, column 1, channel 2 never varies");
        stages[1].epsilon = 1e-6;
        assert_ok(lm_fit_stages(stages, 2, ds, &err), err);
        assert_true(stages[1].std[4] == 0 && stages[1].std[3] > 0);
        /* One grey level off in a test image is no 1e6. */
        LmPlan *plan = NULL;
        float y[ITEM];
        uint8_t x[ITEM] = {[4] = 8};
        void *scratch = NULL;
        assert_ok(lm_plan_new(&plan, stages, 2, H, W, C, &err), err);
        assert_ok(lm_mem_alloc(&scratch, lm_plan_scratch_bytes(plan), 1, &err), err);
        lm_plan_apply(plan, x, LM_U8, y, scratch);
        assert_true(y[4] == (is_streamed ? 1.0F : 0.5F));
        lm_mem_free(scratch);
        lm_plan_free(plan);
        fini_all(stages, 2);
    }
    lm_dataset_unref(ds);
}

static void test_refuses(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 700, H, W, C, LM_F32, 0, seed);
    LmDataset *bad = help_dataset_reading(ds, 300);
    LmStage plain[] = {feature_center(LM_AXIS_ALL)};
    LmStage streamed[] = {lm_stage_clip(-1, 1), feature_center(LM_AXIS_ALL)};
    int before = lm_threads();
    for (int n = 1; n < 4; n++) {
        lm_threads_set(n);
        assert_fails(lm_fit_stages(plain, 1, bad, &err), LM_EIO, err, "image 301 of 'set'");
        assert_fails(lm_fit_stages(streamed, 2, bad, &err), LM_EIO, err, "image 301 of 'set'");
        assert_non_null(strstr(err.msg, "stage 2 (center)"));
    }
    lm_threads_set(before);
    lm_threads_cancel();
    assert_fails(lm_fit_stages(plain, 1, ds, &err), LM_ECANCEL, err, "interrupted");
    assert_fails(lm_fit_stages(streamed, 2, ds, &err), LM_ECANCEL, err, "interrupted");
    lm_threads_clear_cancel();
    float *pixel = (float *)(uintptr_t)lm_dataset_pixels(ds, 500);
    *pixel = NAN;
    assert_fails(lm_fit_stages(plain, 1, ds, &err), LM_ENUMERIC, err, "NaN or infinite values");
    *pixel = INFINITY;
    assert_fails(lm_fit_stages(plain, 1, ds, &err), LM_ENUMERIC, err, "NaN or infinite values");
    int64_t count = ds->count;
    ds->count = 0;
    assert_fails(lm_fit_stages(plain, 1, ds, &err), LM_EARG, err, "set: it holds no images");
    ds->count = count;
    assert_false(lm_stage_is_fitted(&plain[0]) || lm_stage_is_fitted(&streamed[1]));
    lm_dataset_unref(bad);
    lm_dataset_unref(ds);
    lm_threads_stop();
}

/* Fits copies, so that a failed fit leaves nothing behind. */
static LmStatus fit_copies(const LmStage *stages, int n, const LmDataset *ds, LmError *err)
{
    LmStage copies[STAGES_MAX];
    memcpy(copies, stages, (size_t)n * sizeof *copies);
    LmStatus st = lm_fit_stages(copies, n, ds, err);
    fini_all(copies, n);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 600, H, W, C, LM_U8, 0, seed);
    LmDataset *reading = help_dataset_reading(ds, -1);
    const LmStage stages[] = {lm_stage_rescale(2), feature_center(LM_AXIS_PIXEL),
                              lm_stage_clip(-100, 100), feature_standardize(LM_AXIS_CHANNEL)};
    assert_survives_oom(fit_copies(stages, 4, ds, &err), err);
    assert_survives_oom(fit_copies(stages, 4, reading, &err), err);
    lm_dataset_unref(ds);
    lm_dataset_unref(reading);
    lm_threads_stop();
}

int main(void)
{
    seed = help_guard_seed(31);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_behind_affine_stages),
        cmocka_unit_test(test_straight_from_bytes),
        cmocka_unit_test(test_what_was_centred_stays_centred),
        cmocka_unit_test(test_behind_other_stages),
        cmocka_unit_test(test_same_bits_for_any_threads),
        cmocka_unit_test(test_constant_channel),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
