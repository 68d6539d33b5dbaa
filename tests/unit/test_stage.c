/* Stages as descriptions: what is refused, what fitting stores, what the texts say. */
#include <math.h>

#include "help_test.h"

#include "stage/stage.h"

static const int64_t shape[3] = {2, 3, 2};
static const double zeros[12];
static const double ones[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static LmStage fitted(LmStage s)
{
    LmError err;
    assert_ok(lm_stage_set_fit(&s, shape, ones, ones, &err), err);
    return s;
}

static LmStage feature_standardize(LmAxis axis, double epsilon)
{
    return lm_stage_standardize(LM_SCOPE_FEATURE, axis, epsilon);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const kinds[] = {"rescale", "center", "standardize", "clip"};
    LmStageKind kind = LM_STAGE_CLIP;
    LmScope scope = LM_SCOPE_SAMPLE;
    assert_int_equal(LM_ARRAY_LEN(kinds), LM_STAGE_KIND_COUNT);
    for (int i = 0; i < LM_STAGE_KIND_COUNT; i++) {
        assert_string_equal(lm_stage_kind_name((LmStageKind)i), kinds[i]);
        assert_true(lm_stage_kind_from_name(kinds[i], &kind));
        assert_int_equal(kind, i);
    }
    assert_false(lm_stage_kind_from_name("Rescale", &kind));
    assert_false(lm_stage_kind_from_name("", &kind));
    assert_int_equal(kind, LM_STAGE_CLIP);
    assert_true(lm_scope_from_name("feature", &scope) && scope == LM_SCOPE_FEATURE);
    assert_true(lm_scope_from_name("sample", &scope) && scope == LM_SCOPE_SAMPLE);
    assert_false(lm_scope_from_name("batch", &scope));
    assert_string_equal(lm_scope_name(LM_SCOPE_FEATURE), "feature");
}

static void test_check_refuses(void **state)
{
    (void)state;
    LmError err;
    const struct {
        LmStage stage;
        const char *message;
    } cases[] = {
        {lm_stage_rescale(0), "rescale: factor is 0, wanted a finite number other than 0"},
        {lm_stage_rescale(-0.0), "rescale: factor is -0"},
        {lm_stage_rescale(NAN), "factor is nan"},
        {lm_stage_rescale(-INFINITY), "factor is -inf"},
        {lm_stage_clip(1, 1), "clip: bounds are 1 and 1, wanted the lower one first"},
        {lm_stage_clip(2, -1), "clip: bounds are 2 and -1"},
        {lm_stage_clip(NAN, 1), "clip: bounds are nan and 1"},
        {lm_stage_clip(0, NAN), "clip: bounds are 0 and nan"},
        {lm_stage_clip(INFINITY, INFINITY), "clip: bounds are inf and inf"},
        {feature_standardize(LM_AXIS_ALL, -1e-9), "epsilon is -1e-09, wanted 0 or"},
        {feature_standardize(LM_AXIS_ALL, NAN), "epsilon is nan"},
        {lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, INFINITY), "epsilon is inf"},
        {lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_PIXEL), "would turn every pixel into 0"},
        {lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_PIXEL, 1), "axis \"all\" or \"channel\""},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        assert_fails(lm_stage_check(&cases[i].stage, &err), LM_EARG, err, cases[i].message);
    }
}

static void test_check_accepts(void **state)
{
    (void)state;
    LmError err;
    const LmStage good[] = {
        lm_stage_rescale(1.0 / 255),
        lm_stage_rescale(-1),
        lm_stage_clip(0, INFINITY),
        lm_stage_clip(-INFINITY, 0),
        feature_standardize(LM_AXIS_PIXEL, 0),
        lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL),
        lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL, 1e-6),
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(good); i++) {
        assert_ok(lm_stage_check(&good[i], &err), err);
    }
}

static void test_needs_fit(void **state)
{
    (void)state;
    LmStage rescale = lm_stage_rescale(2);
    LmStage clip = lm_stage_clip(0, 1);
    LmStage sample = lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL);
    LmStage feature = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_ALL);
    assert_false(lm_stage_needs_fit(&rescale) || lm_stage_needs_fit(&clip) ||
                 lm_stage_needs_fit(&sample));
    assert_true(lm_stage_is_fitted(&rescale) && lm_stage_is_fitted(&clip) &&
                lm_stage_is_fitted(&sample));
    assert_true(lm_stage_needs_fit(&feature));
    assert_false(lm_stage_is_fitted(&feature));
    feature = fitted(feature);
    assert_true(lm_stage_is_fitted(&feature));
    lm_stage_fini(&feature);
    assert_false(lm_stage_is_fitted(&feature));
}

static void test_widths(void **state)
{
    (void)state;
    assert_int_equal(lm_stage_width(LM_AXIS_ALL, shape), 1);
    assert_int_equal(lm_stage_width(LM_AXIS_CHANNEL, shape), 2);
    assert_int_equal(lm_stage_width(LM_AXIS_PIXEL, shape), 12);
}

static void test_set_fit_copies(void **state)
{
    (void)state;
    LmError err;
    double mean[] = {3, 4};
    double std[] = {5, 6};
    LmStage s = feature_standardize(LM_AXIS_CHANNEL, 1e-6);
    LmStage center = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL);
    assert_ok(lm_stage_set_fit(&s, shape, mean, std, &err), err);
    assert_ok(lm_stage_set_fit(&center, shape, mean, std, &err), err);
    mean[0] = std[0] = -1;
    assert_int_equal(s.width, 2);
    assert_memory_equal(s.shape, shape, sizeof shape);
    assert_true(s.mean[0] == 3 && s.mean[1] == 4 && s.std[0] == 5 && s.std[1] == 6);
    assert_null(center.std);
    lm_stage_fini(&center);

    /* A second fit replaces the first, and a failed one leaves it. */
    assert_ok(lm_stage_set_fit(&s, (const int64_t[]){1, 1, 1}, ones, ones, &err), err);
    assert_int_equal(s.width, 1);
    mean[0] = NAN;
    std[0] = 1;
    assert_fails(lm_stage_set_fit(&s, shape, mean, std, &err), LM_ENUMERIC, err,
                 "channel 1 has mean nan and std 1");
    assert_true(s.width == 1 && s.mean[0] == 1 && s.shape[2] == 1);
    lm_stage_fini(&s);
}

static void test_set_fit_names_what_is_wrong(void **state)
{
    (void)state;
    LmError err;
    double bad[12];
    LmStage s = feature_standardize(LM_AXIS_PIXEL, 0);
    memcpy(bad, ones, sizeof bad);
    bad[9] = 0; /* row 2, column 2, channel 2 of 2 x 3 x 2 */
    assert_fails(lm_stage_set_fit(&s, shape, zeros, bad, &err), LM_ENUMERIC, err,
                 "the pixel at row 2, column 2, channel 2 never varies (std 0) and epsilon is 0");
    bad[9] = -1;
    assert_fails(lm_stage_set_fit(&s, shape, zeros, bad, &err), LM_ENUMERIC, err, "std -1");
    bad[9] = INFINITY;
    assert_fails(lm_stage_set_fit(&s, shape, zeros, bad, &err), LM_ENUMERIC, err, "std inf");
    s.axis = LM_AXIS_CHANNEL;
    bad[1] = 0;
    assert_fails(lm_stage_set_fit(&s, shape, zeros, bad, &err), LM_ENUMERIC, err,
                 "channel 2 never varies");
    s.axis = LM_AXIS_ALL;
    assert_fails(lm_stage_set_fit(&s, shape, zeros, zeros, &err), LM_ENUMERIC, err,
                 "the set of all pixels never varies");
    assert_false(lm_stage_is_fitted(&s));
}

static void test_divisor(void **state)
{
    (void)state;
    LmError err;
    const double std[12] = {4, 0};
    LmStage s = feature_standardize(LM_AXIS_PIXEL, 0.5);
    assert_ok(lm_stage_set_fit(&s, shape, zeros, std, &err), err);
    assert_true(lm_stage_divisor(&s, 0) == 4.5);
    assert_true(lm_stage_divisor(&s, 1) == 1);
    lm_stage_fini(&s);
    s.axis = LM_AXIS_CHANNEL;
    assert_ok(lm_stage_set_fit(&s, shape, zeros, std, &err), err);
    assert_true(lm_stage_divisor(&s, 1) == 0.5);
    lm_stage_fini(&s);
}

static void test_check_ready(void **state)
{
    (void)state;
    LmError err;
    const int64_t wider[] = {2, 4, 2};
    const int64_t gray[] = {2, 3, 1};
    const int64_t turned[] = {3, 2, 2}; /* as many pixels */
    LmStage s = feature_standardize(LM_AXIS_PIXEL, 1e-6);
    LmStage rescale = lm_stage_rescale(2);
    assert_ok(lm_stage_check_ready(&rescale, gray, &err), err);
    assert_fails(lm_stage_check_ready(&s, shape, &err), LM_ESTATE, err,
                 "standardize has no statistics of the training images yet; call g:fit(dataset)");
    s = fitted(s);
    assert_ok(lm_stage_check_ready(&s, shape, &err), err);
    assert_fails(lm_stage_check_ready(&s, wider, &err), LM_ESHAPE, err,
                 "standardize was fitted on images 2x3x2, these are 2x4x2");
    assert_fails(lm_stage_check_ready(&s, turned, &err), LM_ESHAPE, err, "3x2x2");
    lm_stage_fini(&s);
    /* One number, or one a channel, fits any size, but not other channels. */
    for (int axis = LM_AXIS_ALL; axis <= LM_AXIS_CHANNEL; axis++) {
        s.axis = (LmAxis)axis;
        s = fitted(s);
        assert_ok(lm_stage_check_ready(&s, wider, &err), err);
        assert_fails(lm_stage_check_ready(&s, gray, &err), LM_ESHAPE, err, "2x3x1");
        lm_stage_fini(&s);
    }
}

static void test_copy(void **state)
{
    (void)state;
    LmError err;
    LmStage copy = {0};
    LmStage plain = lm_stage_clip(-1, 1);
    LmStage s = fitted(feature_standardize(LM_AXIS_PIXEL, 1e-6));
    snprintf(s.where, sizeof s.where, "a.lua:3");
    assert_survives_oom(lm_stage_copy(&copy, &s, &err), err);
    assert_ptr_not_equal(copy.mean, s.mean);
    assert_memory_equal(copy.mean, s.mean, 12 * sizeof *s.mean);
    assert_memory_equal(copy.std, s.std, 12 * sizeof *s.std);
    assert_string_equal(copy.where, "a.lua:3");
    lm_stage_fini(&s);
    lm_stage_fini(&copy);
    assert_ok(lm_stage_copy(&copy, &plain, &err), err);
    assert_true(copy.kind == LM_STAGE_CLIP && copy.lo == -1 && copy.hi == 1);
    assert_survives_oom(lm_stage_set_fit(&s, shape, ones, ones, &err), err);
    lm_stage_fini(&s);
}

static void test_context(void **state)
{
    (void)state;
    LmError err;
    LmStage s = lm_stage_rescale(0);
    assert_fails(lm_stage_check(&s, &err), LM_EARG, err, "rescale: factor");
    assert_int_equal(lm_stage_context(&s, 0, &err), LM_EARG);
    assert_non_null(strstr(err.msg, "stage 1 (rescale)"));
    snprintf(s.where, sizeof s.where, "train.lua:12");
    assert_fails(lm_stage_check(&s, &err), LM_EARG, err, "factor is 0");
    lm_stage_context(&s, 4, &err);
    assert_non_null(strstr(err.msg, "stage 5 (rescale, train.lua:12)"));
}

static void assert_describes(LmStage *s, const char *want)
{
    char text[200];
    assert_string_equal(lm_stage_describe(s, text, sizeof text), want);
}

static void test_describe(void **state)
{
    (void)state;
    LmError err;
    const double mean = 33.318421449829934;
    const double std = 78.567489983397989;
    const double stds[12] = {0, 2, 0, 7};
    char small[12];
    LmStage s = lm_stage_rescale(1.0 / 255);
    assert_describes(&s, "rescale by 0.00392156863");
    s = lm_stage_clip(-1, 2.5);
    assert_describes(&s, "clip to -1 .. 2.5");
    s = lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL);
    assert_describes(&s, "center sample, axis channel");
    s = feature_standardize(LM_AXIS_ALL, 1e-6);
    assert_describes(&s, "standardize feature, axis all: not fitted");
    assert_ok(lm_stage_set_fit(&s, shape, &mean, &std, &err), err);
    assert_describes(&s, "standardize feature, axis all: mean 33.318, std 78.567");
    assert_string_equal(lm_stage_describe(&s, small, sizeof small), "standardize");
    lm_stage_fini(&s);
    s.axis = LM_AXIS_PIXEL;
    assert_ok(lm_stage_set_fit(&s, shape, ones, stds, &err), err);
    assert_describes(&s, "standardize feature, axis pixel: mean 1 .. 1 (12 numbers), "
                         "std 0 .. 7 (12 numbers), 10 constant, only centered");
    lm_stage_fini(&s);
    s.axis = LM_AXIS_CHANNEL;
    assert_ok(lm_stage_set_fit(&s, shape, ones, stds, &err), err);
    assert_describes(&s, "standardize feature, axis channel: mean 1 .. 1 (2 numbers), "
                         "std 0 .. 2 (2 numbers), 1 constant");
    lm_stage_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_check_refuses),
        cmocka_unit_test(test_check_accepts),
        cmocka_unit_test(test_needs_fit),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_set_fit_copies),
        cmocka_unit_test(test_set_fit_names_what_is_wrong),
        cmocka_unit_test(test_divisor),
        cmocka_unit_test(test_check_ready),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
