/* What a map's function is asked, and tables in plans. */
#include "help_test.h"

#include <math.h>

#include "stage/map.h"
#include "stage/plan.h"

static LmStage map_of(double (*f)(double), const LmStage *before, int n)
{
    double x[256];
    LmError err;
    LmStage s = lm_stage_map();
    assert_ok(lm_map_inputs(before, n, x, &err), err);
    for (int i = 0; i < 256; i++) {
        x[i] = f(x[i]);
    }
    assert_ok(lm_stage_set_table(&s, x, &err), err);
    return s;
}

static double square(double x)
{
    return x * x;
}

static void test_inputs(void **state)
{
    (void)state;
    const int64_t hwc[3] = {1, 2, 3};
    const double mean = 100;
    const double std = 7;
    double x[256];
    LmError err;
    LmStage list[] = {lm_stage_rescale(2), lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_ALL),
                      lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, 1), lm_stage_clip(-9, 20),
                      lm_stage_map()};
    assert_fails(lm_map_inputs(list, 2, x, &err), LM_ESTATE, err,
                 "stage 2 (center): map: the center stage before it is not fitted");
    assert_ok(lm_stage_set_fit(&list[1], hwc, &mean, NULL, &err), err);
    assert_ok(lm_stage_set_fit(&list[2], hwc, &mean, &std, &err), err);
    assert_ok(lm_map_inputs(list, 4, x, &err), err);
    for (int i = 0; i < 256; i++) {
        assert_true(x[i] == fmin(fmax((2 * i - 100 - mean) / (std + 1), -9), 20));
    }
    assert_fails(lm_map_inputs(list, 5, x, &err), LM_ESTATE, err, "map stage before it");
    for (int i = 0; i < 5; i++) {
        lm_stage_fini(&list[i]);
    }
    const LmStage refused[] = {lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL),
                               lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL, 1),
                               lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL),
                               lm_stage_zca(1e-6, LM_AXIS_ALL)};
    for (size_t i = 0; i < LM_ARRAY_LEN(refused); i++) {
        assert_fails(lm_map_inputs(&refused[i], 1, x, &err), LM_EARG, err,
                     "a pixel is no function of its byte alone");
    }
}

static void test_plans(void **state)
{
    (void)state;
    LmStage list[4] = {lm_stage_rescale(0.5)};
    const uint8_t x[3] = {2, 4, 255};
    float y[3];
    char text[256];
    LmError err;
    LmPlan *plan = NULL;
    list[1] = map_of(square, list, 1);
    list[2] = map_of(square, list, 2);
    list[3] = lm_stage_rescale(3);
    assert_ok(lm_plan_new(&plan, list, 4, 1, 3, 1, &err), err);
    lm_plan_apply(plan, x, LM_U8, y, NULL);
    assert_true(y[0] == 3 && y[1] == 48 && y[2] == 3 * (float)pow(127.5, 4));
    assert_string_equal(lm_plan_describe(plan, text, sizeof text),
                        "pass 1: fused rescale + map + map: y = table[x]\n"
                        "pass 2: rescale: y = a*x + b, one pair");
    assert_fails(lm_plan_check_dtype(plan, LM_F32, &err), LM_EARG, err, "these are f32");
    assert_ok(lm_plan_check_dtype(plan, LM_U8, &err), err);
    lm_plan_free(plan);
    for (int i = 1; i < 3; i++) {
        lm_stage_fini(&list[i]);
    }
    list[1] = lm_stage_map();
    assert_fails(lm_plan_new(&plan, list, 2, 1, 3, 1, &err), LM_ESTATE, err, "g:fit(dataset)");
}

static LmStatus set_table(LmStage *s, LmError *err)
{
    static const double table[256] = {1, 2, 3};
    return lm_stage_set_table(s, table, err);
}

static void test_tables(void **state)
{
    (void)state;
    LmStage s = lm_stage_map();
    LmStage copy;
    LmError err;
    double bad[256] = {0, 0, (double)NAN};
    assert_survives_oom(set_table(&s, &err), err);
    assert_fails(lm_stage_set_table(&s, bad, &err), LM_ENUMERIC, err, "byte 2 becomes nan");
    bad[2] = 1e39;
    assert_fails(lm_stage_set_table(&s, bad, &err), LM_ENUMERIC, err, "byte 2 becomes 1e+39");
    assert_ok(lm_stage_copy(&copy, &s, &err), err);
    lm_stage_fini(&s);
    assert_true(((const float *)copy.table.data)[2] == 3);
    lm_stage_fini(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
