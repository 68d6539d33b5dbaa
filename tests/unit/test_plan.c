/* Plans (src/stage/plan.c): whatever the list of stages, the fused passes give what the stages say
 * one after the other, within a bound that is worked out beside it (help_stages.h). */
#include "help_float.h"
#include "help_guard.h"
#include "help_stages.h"
#include "help_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "stage/plan.h"

static uint64_t seed;

static const int64_t shapes[][3] = {
    {1, 1, 1}, {1, 1, 7}, {5, 7, 3},  {28, 28, 1}, {3, 3, 2},   {4, 4, 4},  {2, 5, 16},
    {1, 9, 1}, {7, 1, 5}, {6, 5, 20}, {3, 2, 70},  {16, 16, 3}, {2, 2, 19},
};

static LmPlan *plan_of(const LmStage *stages, int n, const int64_t hwc[3])
{
    LmError err;
    LmPlan *plan = NULL;
    assert_ok(lm_plan_new(&plan, stages, n, hwc[0], hwc[1], hwc[2], &err), err);
    return plan;
}

/* An image's worth of bytes or floats, between unreadable pages. */
typedef struct Image {
    HelpGuard src, dst, scratch;
} Image;

static void fill(void *src, int64_t n, LmDtype dtype, LmRng *rng)
{
    uint32_t kind = lm_rng_below(rng, 6);
    uint8_t last = (uint8_t)(lm_rng_u32(rng) >> 24);
    for (int64_t i = 0; i < n; i++) {
        uint8_t byte = kind == 0 ? last : (uint8_t)(lm_rng_u32(rng) >> 24);
        if (dtype == LM_U8) {
            ((uint8_t *)src)[i] = kind == 1 ? byte / 200 * 255 : byte;
        } else {
            ((float *)src)[i] = kind == 0 ? (float)last / 255 : 300 * help_float_random(rng);
        }
    }
}

static int64_t check_image(const LmPlan *plan, const LmStage *stages, int n, const int64_t hwc[3],
                           LmDtype dtype, LmRng *rng)
{
    int64_t count = hwc[0] * hwc[1] * hwc[2];
    size_t src_bytes = (size_t)count * lm_dtype_size(dtype);
    size_t dst_bytes = (size_t)count * sizeof(float);
    size_t scratch_bytes = lm_base_round_up(lm_plan_scratch_bytes(plan), 8);
    Image im = {help_guard_new(src_bytes), help_guard_new(dst_bytes),
                help_guard_new(scratch_bytes)};
    void *src = help_guard_back(&im.src, src_bytes);
    float *dst = help_guard_back(&im.dst, dst_bytes);
    void *scratch = help_guard_back(&im.scratch, scratch_bytes);
    void *copy = malloc(src_bytes);
    fill(src, count, dtype, rng);
    memcpy(copy, src, src_bytes);
    lm_plan_apply(plan, src, dtype, dst, scratch);
    HelpPixels want = help_stages_run(stages, n, hwc, src, dtype);
    int64_t n_unbounded = help_stages_check(&want, dst, help_stages_text(stages, n));
    assert_memory_equal(src, copy, src_bytes);
    assert_true(help_guard_is_clean(&im.dst, dst, dst_bytes));
    assert_true(help_guard_is_clean(&im.scratch, scratch, scratch_bytes));
    help_stages_free(&want);
    free(copy);
    help_guard_free(&im.src);
    help_guard_free(&im.dst);
    help_guard_free(&im.scratch);
    return n_unbounded;
}

static void check_lists(LmDtype dtype)
{
    int64_t n_numbers = 0;
    int64_t n_unbounded = 0;
    for (uint64_t turn = 0; turn < 3000; turn++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, turn, (uint64_t)dtype);
        const int64_t *hwc = shapes[turn % LM_ARRAY_LEN(shapes)];
        LmStage stages[6];
        int n = (int)lm_rng_below(&rng, 7);
        help_stages_random(stages, n, hwc, true, &rng);
        LmPlan *plan = plan_of(stages, n, hwc);
        n_unbounded += check_image(plan, stages, n, hwc, dtype, &rng);
        n_numbers += hwc[0] * hwc[1] * hwc[2];
        lm_plan_free(plan);
        help_stages_fini(stages, n);
    }
    printf("%lld of %lld numbers have no bound\n", (long long)n_unbounded, (long long)n_numbers);
    assert_true(n_unbounded < n_numbers / 10);
}

static void test_bytes(void **state)
{
    (void)state;
    check_lists(LM_U8);
}

static void test_floats(void **state)
{
    (void)state;
    check_lists(LM_F32);
}

/* What each kind of list comes to. */
static void test_passes(void **state)
{
    (void)state;
    const int64_t hwc[3] = {4, 3, 3};
    LmStage rescale = lm_stage_rescale(1.0 / 255);
    LmStage clip = lm_stage_clip(0, 1);
    LmStage sample = lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1e-6);
    LmStage sample_channel = lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL);
    LmStage channel = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL);
    LmStage pixel = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL);
    LmError err;
    double zeros[36] = {0};
    assert_ok(lm_stage_set_fit(&channel, hwc, zeros, NULL, &err), err);
    assert_ok(lm_stage_set_fit(&pixel, hwc, zeros, NULL, &err), err);
    const struct {
        LmStage stages[4];
        int n;
        const char *text;
    } lists[] = {
        {{rescale}, 0, "pass 1: numbers as they are, as floats"},
        {{rescale}, 1, "pass 1: rescale: y = a*x + b, one pair"},
        {{rescale, channel, pixel, clip},
         4,
         "pass 1: fused rescale + center + center + clip: y = a*x + b, a pair a pixel"},
        {{rescale, sample, rescale, sample},
         4,
         "pass 1: fused rescale + standardize + rescale + standardize: moments, then "
         "y = a*x + b, a pair an image"},
        {{channel, sample_channel, channel},
         3,
         "pass 1: fused center + center + center: moments, then y = a*x + b, a pair a channel of "
         "an image"},
        {{channel, sample},
         2,
         "pass 1: center: y = a*x + b, a pair a channel\n"
         "pass 2: standardize: moments, then y = a*x + b, a pair an image"},
        {{sample, pixel, clip, clip},
         4,
         "pass 1: standardize: moments, then y = a*x + b, a pair an image\n"
         "pass 2: fused center + clip: y = a*x + b, a pair a pixel\npass 3: clip"},
        {{sample_channel, sample},
         2,
         "pass 1: center: moments, then y = a*x + b, a pair a channel of an image\n"
         "pass 2: standardize: moments, then y = a*x + b, a pair an image"},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(lists); i++) {
        char text[512];
        LmPlan *plan = plan_of(lists[i].stages, lists[i].n, hwc);
        assert_string_equal(lm_plan_describe(plan, text, sizeof text), lists[i].text);
        char short_text[20];
        lm_plan_describe(plan, short_text, sizeof short_text);
        assert_int_equal(strncmp(text, short_text, 19), 0);
        lm_plan_free(plan);
    }
    lm_stage_fini(&channel);
    lm_stage_fini(&pixel);
}

/* 255/255 is 1, not nearly 1; so is what 1/255 and 255 come to together. */
static void test_unit(void **state)
{
    (void)state;
    const int64_t hwc[3] = {16, 16, 1};
    LmStage list[2] = {lm_stage_rescale(1.0 / 255), lm_stage_rescale(255)};
    uint8_t x[256];
    float y[256];
    for (int i = 0; i < 256; i++) {
        x[i] = (uint8_t)i;
    }
    LmPlan *plan = plan_of(list, 1, hwc);
    lm_plan_apply(plan, x, LM_U8, y, NULL);
    for (int i = 0; i < 256; i++) {
        assert_true(y[i] == (float)i * (1.0F / 255) && y[i] >= 0 && y[i] <= 1);
    }
    assert_true(y[255] == 1);
    lm_plan_free(plan);
    plan = plan_of(list, 2, hwc);
    lm_plan_apply(plan, x, LM_U8, y, NULL);
    for (int i = 0; i < 256; i++) {
        assert_true(y[i] == (float)i);
    }
    lm_plan_free(plan);
}

static void test_constant_images(void **state)
{
    (void)state;
    const int64_t hwc[3] = {28, 28, 1};
    uint8_t x[784];
    float f[784];
    float y[784];
    uint64_t scratch[64];
    for (int epsilon = 0; epsilon < 2; epsilon++) {
        LmStage list[3] = {lm_stage_rescale(1.0 / 3), lm_stage_rescale(1.0 / 7),
                           lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, epsilon * 1e-6)};
        LmPlan *plan = plan_of(list, 3, hwc);
        assert_in_range(lm_plan_scratch_bytes(plan), 0, sizeof scratch);
        for (int value = 0; value < 256; value++) {
            memset(x, value, sizeof x);
            lm_plan_apply(plan, x, LM_U8, y, scratch);
            for (int i = 0; i < 784; i++) {
                f[i] = (float)value / 255;
                assert_true(y[i] == 0);
            }
            lm_plan_apply(plan, f, LM_F32, y, scratch);
            for (int i = 0; i < 784; i++) {
                assert_true(y[i] == 0);
            }
        }
        lm_plan_free(plan);
    }
}

/* Not a number and infinities come through, and stay in their image's numbers. */
static void test_nan(void **state)
{
    (void)state;
    const int64_t hwc[3] = {1, 2, 2};
    float x[4] = {1, NAN, 3, INFINITY};
    float y[4];
    uint64_t scratch[64];
    LmStage clip = lm_stage_clip(0, 2);
    LmPlan *plan = plan_of(&clip, 1, hwc);
    lm_plan_apply(plan, x, LM_F32, y, scratch);
    assert_memory_equal(y, ((float[4]){1, 0, 2, 2}), sizeof y);
    lm_plan_free(plan);
    LmStage center = lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL);
    plan = plan_of(&center, 1, hwc);
    lm_plan_apply(plan, x, LM_F32, y, scratch);
    assert_true(y[0] == -1 && y[2] == 1 && isnan(y[1]) && isnan(y[3]));
    lm_plan_free(plan);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmPlan *plan = NULL;
    const int64_t hwc[3] = {2, 3, 3};
    double mean[18] = {0};
    LmStage list[3] = {lm_stage_rescale(2), lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL),
                       lm_stage_rescale(1e-30)};
    strcpy(list[1].where, "a.lua:7");
    assert_fails(lm_plan_new(&plan, list, 2, 2, 3, 3, &err), LM_ESTATE, err, "call g:fit(dataset)");
    assert_int_equal(strncmp(err.msg, "stage 2 (center, a.lua:7): ", 27), 0);
    assert_ok(lm_stage_set_fit(&list[1], hwc, mean, NULL, &err), err);
    assert_fails(lm_plan_new(&plan, list, 2, 3, 2, 3, &err), LM_ESHAPE, err,
                 "fitted on images 2x3x3");
    assert_fails(lm_plan_new(&plan, list, 2, 2, 3, 1, &err), LM_ESHAPE, err, "these are 2x3x1");
    list[0].factor = 1e-30;
    assert_fails(lm_plan_new(&plan, list, 3, 2, 3, 3, &err), LM_ENUMERIC, err, "check the factors");
    list[0].factor = 0;
    assert_fails(lm_plan_new(&plan, list, 1, 2, 3, 3, &err), LM_EARG, err, "stage 1 (rescale)");
    assert_null(plan);
    lm_stage_fini(&list[1]);
}

static LmStatus make_and_free(const LmStage *stages, int n, const int64_t hwc[3], LmError *err)
{
    LmPlan *plan = NULL;
    LmStatus st = lm_plan_new(&plan, stages, n, hwc[0], hwc[1], hwc[2], err);
    lm_plan_free(plan);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    for (uint64_t turn = 0; turn < 40; turn++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 9);
        const int64_t *hwc = shapes[turn % LM_ARRAY_LEN(shapes)];
        LmStage stages[6];
        help_stages_random(stages, 6, hwc, true, &rng);
        assert_survives_oom(make_and_free(stages, 6, hwc, &err), err);
        help_stages_fini(stages, 6);
    }
    lm_plan_free(NULL);
}

int main(void)
{
    seed = help_guard_seed(21);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),           cmocka_unit_test(test_floats),
        cmocka_unit_test(test_passes),          cmocka_unit_test(test_unit),
        cmocka_unit_test(test_constant_images), cmocka_unit_test(test_nan),
        cmocka_unit_test(test_refusals),        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
