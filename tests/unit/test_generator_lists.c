/* Generators (src/flow/generator.c) of any list of stages: fitted and applied they give what the
 * stages say; whatever goes wrong in a fit, all of the old one stays; plans are never out of date.
 */
#include "help_dataset.h"
#include "help_fragile.h"
#include "help_guard.h"
#include "help_stages.h"
#include "help_test.h"

#include <math.h>

#include "base/threads.h"
#include "flow/generator.h"

static uint64_t seed;

static LmGenerator *generator_of(const LmStage *stages, int n)
{
    LmError err;
    LmGenerator *g = NULL;
    assert_ok(lm_generator_new(&g, stages, n, &err), err);
    return g;
}

static LmTensor images_of(const LmDataset *ds)
{
    LmError err;
    LmTensor t;
    const int64_t shape[4] = {ds->count, ds->h, ds->w, ds->c};
    size_t bytes = (size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype);
    assert_ok(lm_tensor_new(&t, ds->dtype, 4, shape, &err), err);
    for (int64_t i = 0; i < ds->count; i++) {
        assert_ok(lm_dataset_read(ds, i, (char *)t.data + (size_t)i * bytes, &err), err);
    }
    return t;
}

/* --- applying --- */

static void check_apply(LmGenerator *g, const LmDataset *ds)
{
    LmError err;
    LmTensor x = images_of(ds);
    LmTensor y = {0};
    const int64_t hwc[3] = {ds->h, ds->w, ds->c};
    int n = lm_generator_n_stages(g);
    const LmStage *stages = n > 0 ? lm_generator_stage(g, 0) : NULL;
    assert_ok(lm_generator_apply(g, &y, &x, &err), err);
    assert_true(y.dtype == LM_F32 && lm_tensor_same_shape(&x, &y));
    int64_t item = lm_dataset_item_count(ds);
    for (int64_t i = 0; i < ds->count; i++) {
        const char *src = (const char *)x.data + (size_t)(i * item) * lm_dtype_size(x.dtype);
        HelpPixels want = help_stages_run(stages, n, hwc, src, x.dtype);
        help_stages_check(&want, (const float *)y.data + i * item, help_stages_text(stages, n));
        help_stages_free(&want);
    }
    lm_tensor_fini(&x);
    lm_tensor_fini(&y);
}

/* Fitted, then applied to its own and to other images: what the stages say. */
static void test_fit_and_apply(void **state)
{
    (void)state;
    LmError err;
    int n_applied = 0;
    for (uint64_t turn = 0; turn < 200; turn++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 0);
        const int64_t hwc[3] = {1 + (int64_t)lm_rng_below(&rng, 9),
                                1 + (int64_t)lm_rng_below(&rng, 9),
                                1 + (int64_t)lm_rng_below(&rng, 6)};
        LmDtype dtype = turn % 3 == 0 ? LM_F32 : LM_U8;
        LmDataset *train = help_dataset_new("train", 33, hwc[0], hwc[1], hwc[2], dtype, 0, turn);
        LmDataset *test = help_dataset_new("test", 9, hwc[0], hwc[1], hwc[2], dtype, 0, turn + 1);
        LmStage stages[5];
        int n = (int)lm_rng_below(&rng, 6);
        help_stages_random(stages, n, hwc, false, &rng);
        LmGenerator *g = generator_of(stages, n);
        if (lm_generator_fit(g, train, &err) == LM_OK) {
            assert_true(lm_generator_is_fitted(g));
            check_apply(g, train);
            check_apply(g, test);
            n_applied++;
        }
        lm_generator_unref(g);
        help_stages_fini(stages, n);
        lm_dataset_unref(train);
        lm_dataset_unref(test);
    }
    assert_true(n_applied > 150);
}

/* --- fitting --- */

/* Whatever goes wrong, all of the old fit stays; where all is well all of it is replaced. */
static void test_old_fit_is_kept(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("first", 300, 3, 3, 1, LM_U8, 0, 4);
    HelpFragile *other = help_fragile_new(help_dataset_new("other", 300, 3, 3, 1, LM_U8, 0, 5));
    LmStage stages[4] = {lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_ALL), lm_stage_clip(-50, 50),
                         lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_PIXEL, 0)};
    LmGenerator *g = generator_of(stages, 3);
    assert_ok(lm_generator_fit(g, ds, &err), err);
    double mean = lm_generator_stage(g, 0)->mean[0];
    double std = lm_generator_stage(g, 2)->std[4];
    LmTensor x = images_of(ds);
    LmTensor before = {0};
    assert_ok(lm_generator_apply(g, &before, &x, &err), err);
    atomic_store(&other->bad, 299);
    assert_fails(lm_generator_fit(g, &other->ds, &err), LM_EIO, err, "stage 1 (center)");
    atomic_store(&other->bad, -1);
    lm_threads_cancel();
    assert_fails(lm_generator_fit(g, &other->ds, &err), LM_ECANCEL, err, "interrupted");
    lm_threads_clear_cancel();
    /* Stopped between stage 1, which was fitted by then, and the end of stage 3. */
    atomic_store(&other->cancel_at, atomic_load(&other->n_read) + 350);
    assert_fails(lm_generator_fit(g, &other->ds, &err), LM_ECANCEL, err, "interrupted");
    lm_threads_clear_cancel();
    other->ds.count = 1; /* one image: no pixel varies */
    assert_fails(lm_generator_fit(g, &other->ds, &err), LM_ENUMERIC, err, "never varies");
    other->ds.count = 0;
    assert_fails(lm_generator_fit(g, &other->ds, &err), LM_EARG, err, "holds no images");
    other->ds.count = 300;
    assert_true(lm_generator_stage(g, 0)->mean[0] == mean);
    assert_true(lm_generator_stage(g, 2)->std[4] == std);
    assert_string_equal(lm_generator_fitted_on(g), "first (300 images)");
    LmTensor after = {0};
    assert_ok(lm_generator_apply(g, &after, &x, &err), err);
    assert_true(lm_tensor_equal(&before, &after));
    lm_tensor_fini(&after);
    /* The plan kept for this shape is that of the new numbers. */
    assert_ok(lm_generator_fit(g, &other->ds, &err), err);
    assert_true(lm_generator_stage(g, 0)->mean[0] != mean);
    assert_string_equal(lm_generator_fitted_on(g), "other (300 images)");
    after = (LmTensor){0};
    assert_ok(lm_generator_apply(g, &after, &x, &err), err);
    assert_false(lm_tensor_equal(&before, &after));
    lm_tensor_fini(&after);
    lm_tensor_fini(&before);
    lm_tensor_fini(&x);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_dataset_unref(&other->ds);
}

/* Images of one size after the other through one generator. */
static void test_plans_of_shapes(void **state)
{
    (void)state;
    LmError err;
    const LmPlan *a = NULL;
    const LmPlan *b = NULL;
    LmStage stage = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL);
    LmGenerator *g = generator_of(&stage, 1);
    LmDataset *ds = help_dataset_new("set", 9, 3, 3, 2, LM_U8, 0, 4);
    assert_ok(lm_generator_fit(g, ds, &err), err);
    assert_ok(lm_generator_plan(g, 3, 3, 2, &a, &err), err);
    assert_ok(lm_generator_plan(g, 3, 3, 2, &b, &err), err);
    assert_ptr_equal(a, b);
    assert_fails(lm_generator_plan(g, 3, 3, 1, &b, &err), LM_ESHAPE, err, "these are 3x3x1");
    assert_ptr_equal(a, b);
    for (int64_t h = 1; h < 6; h++) {
        LmDataset *other = help_dataset_new("other", 4, h, 7 - h, 2, LM_F32, 0, 6);
        check_apply(g, other);
        lm_dataset_unref(other);
    }
    lm_dataset_unref(ds);
    lm_generator_unref(g);
}

int main(void)
{
    seed = help_guard_seed(23);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit_and_apply),
        cmocka_unit_test(test_old_fit_is_kept),
        cmocka_unit_test(test_plans_of_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
