/* Augmenters: what happens to nothing, one warp for many entries, passes in the order written,
 * scaling on the way, memory. */
#include <math.h>

#include "help_test.h"

#include "augment/augmenter.h"
#include "base/rng.h"

enum { H = 15, W = 15, C = 3, N = H * W * C };

static const int64_t hwc[3] = {H, W, C};

static uint8_t bytes[N];
static float floats[N];

static void fill(void)
{
    LmRng rng = lm_rng(3, LM_RNG_USER, 0, 0);
    for (int i = 0; i < N; i++) {
        bytes[i] = (uint8_t)lm_rng_u32(&rng);
        floats[i] = lm_rng_float(&rng) * 4 - 2;
    }
}

static LmAugment of(LmAugmentKind kind, double lo, double hi)
{
    LmAugment a = lm_augment(kind);
    a.span[0] = (LmSpan){lo, hi};
    a.p = 1;
    return a;
}

static LmAugment exactly(LmAugmentKind kind, double first, double second)
{
    LmAugment a = of(kind, first, first);
    a.span[1] = (LmSpan){second, second};
    return a;
}

static LmAugment flip(LmFlipAxis axis)
{
    LmAugment a = lm_augment(LM_AUGMENT_FLIP);
    a.p = 1;
    a.choice = axis;
    return a;
}

static LmAugment pixels_shift(double rows, double columns, LmFill rule)
{
    LmAugment a = exactly(LM_AUGMENT_SHIFT, rows, columns);
    a.choice = LM_SHIFT_PIXELS;
    a.fill = rule;
    return a;
}

static LmAugmenter *make(const LmAugment *list, int n, LmDtype dtype)
{
    LmError err;
    LmAugmenter *a = NULL;
    assert_ok(lm_augment_check_list(list, n, &err), err);
    assert_ok(lm_augmenter_new(&a, list, n, hwc, dtype, &err), err);
    return a;
}

static void run(const LmAugment *list, int n, LmDtype dtype, const void *src, int64_t sample,
                float *dst)
{
    static float scratch[N];
    LmDrawKey key = {11, 4, sample};
    LmAugmenter *a = make(list, n, dtype);
    assert_true(lm_augmenter_scratch_bytes(a) <= sizeof scratch);
    lm_augmenter_pixels(a, &key, src, dst, scratch);
    lm_augmenter_free(a);
}

static void as_floats(float *dst)
{
    for (int i = 0; i < N; i++) {
        dst[i] = bytes[i];
    }
}

/* --- nothing --- */

/* Entries that do not happen and numbers that change nothing leave every bit, also -0 and huge
 * floats, and also where a warp would have clipped or blended. */
static void test_nothing(void **state)
{
    (void)state;
    LmAugment list[] = {of(LM_AUGMENT_ROTATE, 0, 0),        exactly(LM_AUGMENT_SHIFT, 0, 0),
                        of(LM_AUGMENT_SHEAR, 0, 0),         of(LM_AUGMENT_ZOOM, 1, 1),
                        exactly(LM_AUGMENT_CROP_PAD, 0, 0), exactly(LM_AUGMENT_CROP_SCALE, 1, 1),
                        of(LM_AUGMENT_BRIGHTNESS, 1, 1),    of(LM_AUGMENT_CONTRAST, 1, 1),
                        of(LM_AUGMENT_HUE, 0, 0),           of(LM_AUGMENT_SATURATION, 1, 1),
                        of(LM_AUGMENT_NOISE, 0, 0),         of(LM_AUGMENT_CHANNEL_SHIFT, 0, 0),
                        exactly(LM_AUGMENT_ERASE, 0, 1)};
    LmAugment never[] = {of(LM_AUGMENT_ROTATE, 30, 40), flip(LM_FLIP_VERTICAL),
                         of(LM_AUGMENT_NOISE, 9, 9)};
    float want[N];
    float got[N];
    for (size_t i = 0; i < LM_ARRAY_LEN(never); i++) {
        never[i].p = 0;
    }
    floats[0] = -0.0f;
    floats[1] = 1e30f;
    floats[2] = -1e30f;
    as_floats(want);
    run(list, LM_ARRAY_LEN(list), LM_U8, bytes, 0, got);
    assert_memory_equal(got, want, sizeof want);
    run(never, LM_ARRAY_LEN(never), LM_U8, bytes, 0, got);
    assert_memory_equal(got, want, sizeof want);
    run(list, LM_ARRAY_LEN(list), LM_F32, floats, 0, got);
    assert_memory_equal(got, floats, sizeof floats);
    run(never, LM_ARRAY_LEN(never), LM_F32, floats, 0, got);
    assert_memory_equal(got, floats, sizeof floats);
    run(list, 0, LM_F32, floats, 0, got);
    assert_memory_equal(got, floats, sizeof floats);
    fill();
}

/* --- warps --- */

static void test_flips(void **state)
{
    (void)state;
    LmAugment list[] = {flip(LM_FLIP_HORIZONTAL), flip(LM_FLIP_VERTICAL)};
    float got[N];
    run(list, 2, LM_U8, bytes, 0, got);
    for (int r = 0; r < H; r++) {
        for (int c = 0; c < W * C; c++) {
            int from = (H - 1 - r) * W * C + (W - 1 - c / C) * C + c % C;
            assert_true(got[r * W * C + c] == bytes[from]);
        }
    }
}

/* Entries whose maps are exact: together as one warp they are what they are one after the other.
 * `tile` never meets a border, so each of them only moves pixels. */
static void test_one_warp_is_all_of_them(void **state)
{
    (void)state;
    LmAugment list[] = {pixels_shift(3, -2, LM_FILL_TILE),
                        flip(LM_FLIP_HORIZONTAL),
                        of(LM_AUGMENT_ROTATE, 90, 90),
                        pixels_shift(-5, 1, LM_FILL_TILE),
                        flip(LM_FLIP_VERTICAL),
                        of(LM_AUGMENT_ROTATE, 180, 180)};
    enum { LIST = LM_ARRAY_LEN(list) };
    list[2].fill = list[5].fill = LM_FILL_TILE;
    for (int order = 0; order < 2; order++) {
        float together[N];
        float apart[2][N];
        as_floats(apart[0]);
        for (int i = 0; i < LIST; i++) {
            list[i].order = order;
            run(&list[i], 1, LM_F32, apart[i % 2], 0, apart[(i + 1) % 2]);
        }
        run(list, LIST, LM_U8, bytes, 0, together);
        assert_memory_equal(together, apart[LIST % 2], sizeof together);
    }
}

/* A shift out and back: one warp brings everything back, two warps of different fill do not. */
static void test_fills_do_not_mix(void **state)
{
    (void)state;
    LmAugment list[] = {pixels_shift(4, 0, LM_FILL_CONSTANT),
                        pixels_shift(-4, 0, LM_FILL_CONSTANT)};
    float got[N];
    float want[N];
    as_floats(want);
    run(list, 2, LM_U8, bytes, 0, got);
    assert_memory_equal(got, want, sizeof want);
    list[0].fill_value = 9;
    run(list, 2, LM_U8, bytes, 0, got);
    for (int i = 0; i < N; i++) {
        assert_true(got[i] == (i / (W * C) < H - 4 ? want[i] : 0));
    }
}

/* Something else in between keeps two warps apart; what does not happen does not. */
static void test_only_neighbours_are_joined(void **state)
{
    (void)state;
    LmAugment list[] = {pixels_shift(0, 4, LM_FILL_CONSTANT), of(LM_AUGMENT_BRIGHTNESS, 0.5, 0.5),
                        pixels_shift(0, -4, LM_FILL_CONSTANT)};
    float got[N];
    run(list, 3, LM_U8, bytes, 0, got);
    for (int i = 0; i < N; i++) {
        assert_true(got[i] == (i / C % W < W - 4 ? 0.5f * (float)bytes[i] : 0));
    }
    list[1].span[0] = (LmSpan){1, 1};
    run(list, 3, LM_U8, bytes, 0, got);
    for (int i = 0; i < N; i++) {
        assert_true(got[i] == bytes[i]);
    }
}

/* --- order, clipping --- */

static void test_order_and_clip(void **state)
{
    (void)state;
    LmAugment list[] = {of(LM_AUGMENT_BRIGHTNESS, 2, 2), of(LM_AUGMENT_BRIGHTNESS, 0.5, 0.5)};
    float got[N];
    run(list, 2, LM_U8, bytes, 0, got);
    for (int i = 0; i < N; i++) {
        assert_true(got[i] == fminf(bytes[i] * 2.0f, 255) / 2);
    }
    run(list, 2, LM_F32, floats, 0, got);
    assert_memory_equal(got, floats, sizeof floats);
}

/* --- scaling on the way --- */

static LmPlan *plan_of(const LmStage *stages, int n)
{
    LmError err;
    LmPlan *plan = NULL;
    assert_ok(lm_plan_new(&plan, stages, n, H, W, C, &err), err);
    return plan;
}

/* Whatever the list's last entry, the result is the plan of the pixels: to the bit where the plan
 * runs behind, and where a warp scales on its way to the warp's one rounding instead of two: at
 * most u (|a x| + |b|) for the pixel's and u |y| for the result's, u = 2^-24. */
static void test_scales(void **state)
{
    (void)state;
    const LmStage stages[] = {lm_stage_rescale(1 / 255.0), lm_stage_clip(0.1, 0.8)};
    LmAugment lists[][2] = {
        {of(LM_AUGMENT_ROTATE, -30, 30), of(LM_AUGMENT_ZOOM, 0.8, 1.2)},
        {of(LM_AUGMENT_ROTATE, -30, 30), of(LM_AUGMENT_NOISE, 3, 3)},
        {of(LM_AUGMENT_NOISE, 3, 3), of(LM_AUGMENT_ROTATE, -30, 30)},
        {of(LM_AUGMENT_BRIGHTNESS, 1, 1), of(LM_AUGMENT_HUE, 0, 0)},
    };
    static float scratch[N];
    for (int n_stages = 0; n_stages <= 2; n_stages++) {
        LmPlan *plan = plan_of(stages, n_stages);
        for (size_t k = 0; k < LM_ARRAY_LEN(lists); k++) {
            LmAugmenter *a = make(lists[k], 2, LM_U8);
            for (int64_t i = 0; i < 20; i++) {
                LmDrawKey key = {1, 2, i};
                float pixels[N];
                float want[N];
                float got[N];
                lm_augmenter_pixels(a, &key, bytes, pixels, scratch);
                lm_plan_apply(plan, pixels, LM_F32, want, NULL);
                lm_augmenter_apply(a, plan, &key, bytes, got, scratch, NULL);
                double bound = n_stages == 1 && k == 0 ? 3 * 0x1p-24 : 0;
                for (int j = 0; j < N; j++) {
                    assert_true(fabs((double)got[j] - (double)want[j]) <= bound);
                }
            }
            lm_augmenter_free(a);
        }
        lm_plan_free(plan);
    }
}

static void test_only_one_pair_is_folded(void **state)
{
    (void)state;
    float a = 0;
    float b = 0;
    const LmStage stages[] = {lm_stage_rescale(0.5), lm_stage_clip(0, 1),
                              lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL)};
    LmPlan *plan = plan_of(stages, 0);
    assert_true(lm_plan_is_pair(plan, &a, &b) && a == 1 && b == 0);
    lm_plan_free(plan);
    plan = plan_of(stages, 1);
    assert_true(lm_plan_is_pair(plan, &a, &b) && a == 0.5f && b == 0);
    lm_plan_free(plan);
    plan = plan_of(stages, 2);
    assert_false(lm_plan_is_pair(plan, &a, &b));
    lm_plan_free(plan);
    plan = plan_of(stages + 2, 1);
    assert_false(lm_plan_is_pair(plan, &a, &b));
    lm_plan_free(plan);
}

/* --- mixup, memory, refusals --- */

static void test_blend(void **state)
{
    (void)state;
    float x[3] = {0, 8, -4};
    const float other[3] = {4, 8, 4};
    lm_augmenter_blend(x, other, 3, 0.75);
    assert_true(x[0] == 1 && x[1] == 8 && x[2] == -2);
}

static void test_mixup_is_the_last_entry(void **state)
{
    (void)state;
    LmAugment list[] = {of(LM_AUGMENT_ROTATE, -3, 3), of(LM_AUGMENT_MIXUP, 1, 1)};
    LmDrawKey key = {1, 1, 0};
    int64_t partner = 0;
    double share = 0;
    LmAugmenter *a = make(list, 1, LM_U8);
    assert_false(lm_augmenter_has_mixup(a));
    assert_false(lm_augmenter_mixup(a, 10, &key, &partner, &share));
    lm_augmenter_free(a);
    a = make(list, 2, LM_U8);
    assert_true(lm_augmenter_has_mixup(a));
    assert_true(lm_augmenter_mixup(a, 10, &key, &partner, &share));
    lm_augmenter_free(a);
}

static void test_making(void **state)
{
    (void)state;
    LmError err;
    LmAugmenter *a = NULL;
    LmAugment entry = of(LM_AUGMENT_ROTATE, -3, 3);
    LmAugment list[] = {entry, lm_augment(LM_AUGMENT_SOMETIMES), of(LM_AUGMENT_HUE, -3, 3)};
    list[1].entries = &entry;
    list[1].n_entries = 1;
    size_t before = lm_mem_in_use();
    assert_survives_oom(lm_augmenter_new(&a, list, 3, hwc, LM_F32, &err), err);
    lm_augmenter_free(a);
    assert_int_equal(lm_mem_in_use(), before);
    lm_augmenter_free(NULL);
    const int64_t grey[3] = {28, 28, 1};
    assert_fails(lm_augmenter_new(&a, list, 3, grey, LM_F32, &err), LM_ESHAPE, err,
                 "augmentation 3 (hue): hue wants colour images");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_one_warp_is_all_of_them),
        cmocka_unit_test(test_fills_do_not_mix),
        cmocka_unit_test(test_only_neighbours_are_joined),
        cmocka_unit_test(test_order_and_clip),
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_only_one_pair_is_folded),
        cmocka_unit_test(test_blend),
        cmocka_unit_test(test_mixup_is_the_last_entry),
        cmocka_unit_test(test_making),
    };
    fill();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
