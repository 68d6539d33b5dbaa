/* Stages (src/stage/stage.c): what is refused, what a fit keeps, what is divided by, and the texts.
 */
#include "help_test.h"

#include <float.h>
#include <math.h>

#include "stage/stage.h"

static const int64_t hwc[3] = {2, 3, 2};

static void test_names(void **state)
{
    (void)state;
    LmStageKind kind = LM_STAGE_KIND_COUNT;
    for (int k = 0; k < LM_STAGE_KIND_COUNT; k++) {
        assert_true(lm_stage_kind_from_name(lm_stage_kind_name((LmStageKind)k), &kind));
        assert_int_equal(kind, k);
    }
    assert_false(lm_stage_kind_from_name("Rescale", &kind));
    assert_false(lm_stage_kind_from_name("", &kind));
    LmScope scope = LM_SCOPE_FEATURE;
    assert_true(lm_scope_from_name("sample", &scope));
    assert_int_equal(scope, LM_SCOPE_SAMPLE);
    assert_true(lm_scope_from_name("feature", &scope));
    assert_string_equal(lm_scope_name(scope), "feature");
    assert_false(lm_scope_from_name("samples", &scope));
}

static void test_check(void **state)
{
    (void)state;
    LmError err;
    const LmStage good[] = {
        lm_stage_rescale(-DBL_MIN),
        lm_stage_rescale(1e300),
        lm_stage_clip(-HUGE_VAL, HUGE_VAL),
        lm_stage_clip(0, DBL_MIN),
        lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL, 0),
        lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_PIXEL, 1e-6),
        lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL),
        lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL),
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(good); i++) {
        assert_ok(lm_stage_check(&good[i], &err), err);
    }
    const struct {
        LmStage stage;
        const char *text;
    } bad[] = {
        {lm_stage_rescale(0), "factor is 0"},
        {lm_stage_rescale(-0.0), "factor is -0"},
        {lm_stage_rescale(HUGE_VAL), "factor is inf"},
        {lm_stage_rescale((double)NAN), "factor is "},
        {lm_stage_clip(1, 1), "bounds are 1 and 1"},
        {lm_stage_clip(2, 1), "the lower one first"},
        {lm_stage_clip((double)NAN, 1), "bounds are "},
        {lm_stage_clip(0, (double)NAN), "bounds are "},
        {lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, -1e-9), "epsilon is -1e-09"},
        {lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, HUGE_VAL), "epsilon is inf"},
        {lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, (double)NAN), "epsilon is "},
        {lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_PIXEL, 1), "would turn every pixel into 0"},
        {lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_PIXEL), "would turn every pixel into 0"},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(bad); i++) {
        assert_fails(lm_stage_check(&bad[i].stage, &err), LM_EARG, err, bad[i].text);
    }
}

static void test_needs_fit(void **state)
{
    (void)state;
    LmStage feature = lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, 0);
    LmStage sample = lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 0);
    LmStage rescale = lm_stage_rescale(2);
    LmStage clip = lm_stage_clip(0, 1);
    assert_true(lm_stage_needs_fit(&feature));
    assert_false(lm_stage_is_fitted(&feature));
    assert_false(lm_stage_needs_fit(&sample) || lm_stage_needs_fit(&rescale) ||
                 lm_stage_needs_fit(&clip));
    assert_true(lm_stage_is_fitted(&sample) && lm_stage_is_fitted(&rescale) &&
                lm_stage_is_fitted(&clip));
    assert_int_equal(lm_stage_width(LM_AXIS_ALL, hwc), 1);
    assert_int_equal(lm_stage_width(LM_AXIS_CHANNEL, hwc), 2);
    assert_int_equal(lm_stage_width(LM_AXIS_PIXEL, hwc), 12);
}

static void test_set_fit(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    LmStage s = lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL, 0);
    double mean[2] = {1, 2};
    double std[2] = {3, 4};
    assert_ok(lm_stage_set_fit(&s, hwc, mean, std, &err), err);
    mean[0] = 9;
    std[1] = 0;
    assert_true(s.width == 2 && s.mean[0] == 1 && s.std[1] == 4 && s.shape[1] == 3);
    assert_fails(lm_stage_set_fit(&s, hwc, mean, std, &err), LM_ENUMERIC, err,
                 "channel 2 never varies (std 0) and epsilon is 0");
    std[1] = -1;
    assert_fails(lm_stage_set_fit(&s, hwc, mean, std, &err), LM_ENUMERIC, err, "std -1");
    std[1] = (double)NAN;
    assert_fails(lm_stage_set_fit(&s, hwc, mean, std, &err), LM_ENUMERIC, err, "channel 2 has");
    std[1] = 1;
    mean[0] = HUGE_VAL;
    assert_fails(lm_stage_set_fit(&s, hwc, mean, std, &err), LM_ENUMERIC, err,
                 "channel 1 has mean inf");
    assert_true(s.mean[0] == 1 && s.std[1] == 4);
    /* A new fit replaces the old one, for another shape too. */
    mean[0] = 5;
    assert_ok(lm_stage_set_fit(&s, (const int64_t[3]){7, 7, 2}, mean, std, &err), err);
    assert_true(s.mean[0] == 5 && s.std[1] == 1 && s.shape[0] == 7);
    lm_stage_fini(&s);
    lm_stage_fini(&s);
    assert_false(lm_stage_is_fitted(&s));
    /* center keeps no std and does not look at it. */
    LmStage c = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_ALL);
    assert_ok(lm_stage_set_fit(&c, hwc, mean, (const double[]){0}, &err), err);
    assert_null(c.std);
    lm_stage_fini(&c);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_names_of_numbers(void **state)
{
    (void)state;
    LmError err;
    double zeros[12] = {0};
    double std[12];
    LmStage s = lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_PIXEL, 0);
    for (int i = 0; i < 12; i++) {
        std[i] = i != 9;
    }
    assert_fails(lm_stage_set_fit(&s, hwc, zeros, std, &err), LM_ENUMERIC, err,
                 "the pixel at row 2, column 2, channel 2 never varies");
    s.axis = LM_AXIS_ALL;
    std[0] = 0;
    assert_fails(lm_stage_set_fit(&s, hwc, zeros, std, &err), LM_ENUMERIC, err,
                 "the set of all pixels never varies");
}

static void test_divisor(void **state)
{
    (void)state;
    LmError err;
    double mean[12] = {0};
    double std[12] = {0, 0.5};
    for (int axis = LM_AXIS_ALL; axis <= LM_AXIS_PIXEL; axis++) {
        LmStage s = lm_stage_standardize(LM_SCOPE_FEATURE, (LmAxis)axis, 0.25);
        assert_ok(lm_stage_set_fit(&s, hwc, mean, std, &err), err);
        assert_true(lm_stage_divisor(&s, 0) == (axis == LM_AXIS_PIXEL ? 1 : 0.25));
        assert_true(axis == LM_AXIS_ALL || lm_stage_divisor(&s, 1) == 0.75);
        lm_stage_fini(&s);
    }
}

static void test_ready(void **state)
{
    (void)state;
    LmError err;
    double mean[12] = {0};
    LmStage s = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL);
    assert_fails(lm_stage_check_ready(&s, hwc, &err), LM_ESTATE, err, "call g:fit(dataset) first");
    assert_ok(lm_stage_set_fit(&s, hwc, mean, NULL, &err), err);
    assert_ok(lm_stage_check_ready(&s, hwc, &err), err);
    assert_ok(lm_stage_check_ready(&s, (const int64_t[3]){9, 1, 2}, &err), err);
    assert_fails(lm_stage_check_ready(&s, (const int64_t[3]){2, 3, 1}, &err), LM_ESHAPE, err,
                 "center was fitted on images 2x3x2, these are 2x3x1");
    LmStage p = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL);
    assert_ok(lm_stage_set_fit(&p, hwc, mean, NULL, &err), err);
    assert_fails(lm_stage_check_ready(&p, (const int64_t[3]){3, 2, 2}, &err), LM_ESHAPE, err, "");
    /* Numbers of channels must agree for axis all too: grey numbers say nothing about colours. */
    LmStage a = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_ALL);
    assert_ok(lm_stage_set_fit(&a, hwc, mean, NULL, &err), err);
    assert_fails(lm_stage_check_ready(&a, (const int64_t[3]){2, 3, 3}, &err), LM_ESHAPE, err, "");
    LmStage sample = lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL);
    assert_ok(lm_stage_check_ready(&sample, hwc, &err), err);
    lm_stage_fini(&s);
    lm_stage_fini(&p);
    lm_stage_fini(&a);
}

static LmStatus copy_and_free(const LmStage *s, LmError *err)
{
    LmStage copy;
    LmStatus st = lm_stage_copy(&copy, s, err);
    if (st == LM_OK) {
        lm_stage_fini(&copy);
    }
    return st;
}

static void test_copy(void **state)
{
    (void)state;
    LmError err;
    double mean[2] = {1, 2};
    double std[2] = {3, 4};
    LmStage s = lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL, 0.5);
    strcpy(s.where, "a.lua:3");
    LmStage copy;
    assert_ok(lm_stage_copy(&copy, &s, &err), err);
    assert_false(lm_stage_is_fitted(&copy));
    assert_ok(lm_stage_set_fit(&s, hwc, mean, std, &err), err);
    assert_survives_oom(lm_stage_set_fit(&s, hwc, mean, std, &err), err);
    assert_survives_oom(copy_and_free(&s, &err), err);
    assert_ok(lm_stage_copy(&copy, &s, &err), err);
    lm_stage_fini(&s);
    assert_true(copy.mean[1] == 2 && copy.std[0] == 3 && copy.epsilon == 0.5 && copy.shape[2] == 2);
    assert_string_equal(copy.where, "a.lua:3");
    lm_stage_fini(&copy);
}

static void test_texts(void **state)
{
    (void)state;
    LmError err;
    char text[256];
    const double mean[12] = {33.318421449829934, 1.5};
    const double std[12] = {78.567489983397989, 0};
    LmStage s = lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, 1e-6);
    assert_string_equal(lm_stage_describe(&s, text, sizeof text),
                        "standardize feature, axis all: not fitted");
    assert_ok(lm_stage_set_fit(&s, hwc, mean, std, &err), err);
    assert_string_equal(lm_stage_describe(&s, text, sizeof text),
                        "standardize feature, axis all: mean 33.318, std 78.567");
    lm_stage_fini(&s);
    s.axis = LM_AXIS_CHANNEL;
    assert_ok(lm_stage_set_fit(&s, hwc, mean, std, &err), err);
    assert_string_equal(lm_stage_describe(&s, text, sizeof text),
                        "standardize feature, axis channel: mean 1.5 .. 33.318 (2 numbers), "
                        "std 0 .. 78.567 (2 numbers), 1 constant");
    lm_stage_fini(&s);
    s.axis = LM_AXIS_PIXEL;
    assert_ok(lm_stage_set_fit(&s, hwc, mean, std, &err), err);
    assert_non_null(strstr(lm_stage_describe(&s, text, sizeof text),
                           "(12 numbers), 11 constant, only centered"));
    lm_stage_fini(&s);
    s = lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL);
    assert_string_equal(lm_stage_describe(&s, text, sizeof text), "center sample, axis channel");
    s = lm_stage_rescale(1.0 / 255);
    assert_string_equal(lm_stage_describe(&s, text, sizeof text), "rescale by 0.00392156863");
    assert_string_equal(lm_stage_describe(&s, text, 9), "rescale ");
    s = lm_stage_clip(-HUGE_VAL, 0.5);
    assert_string_equal(lm_stage_describe(&s, text, sizeof text), "clip to -inf .. 0.5");
    lm_fail(&err, LM_EARG, "so");
    assert_int_equal(lm_stage_context(&s, 2, &err), LM_EARG);
    assert_string_equal(err.msg, "stage 3 (clip): so");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_needs_fit),
        cmocka_unit_test(test_set_fit),
        cmocka_unit_test(test_names_of_numbers),
        cmocka_unit_test(test_divisor),
        cmocka_unit_test(test_ready),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
