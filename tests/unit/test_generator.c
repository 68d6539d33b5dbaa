/* Generators: what they keep, what a fit changes and what a failed one does not, applying, the text
 * that explains; the numbers of the walkthrough. */
#include <math.h>
#include <stdlib.h>

#include "help_dataset.h"
#include "help_test.h"

#include "base/threads.h"
#include "flow/generator.h"

static LmGenerator *generator(const LmStage *stages, int n)
{
    LmError err;
    LmGenerator *g = NULL;
    assert_ok(lm_generator_new(&g, stages, n, &err), err);
    return g;
}

static LmStage feature_standardize(LmAxis axis)
{
    return lm_stage_standardize(LM_SCOPE_FEATURE, axis, 1e-6);
}

/* All images of a set in one tensor. */
static LmTensor images_of(const LmDataset *ds)
{
    LmError err;
    LmTensor t = {0};
    const int64_t shape[] = {ds->count, ds->h, ds->w, ds->c};
    size_t item_bytes = (size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype);
    assert_ok(lm_tensor_new(&t, ds->dtype, 4, shape, &err), err);
    for (int64_t i = 0; i < ds->count; i++) {
        assert_ok(lm_dataset_read(ds, i, (char *)t.data + (size_t)i * item_bytes, &err), err);
    }
    return t;
}

static LmTensor apply(LmGenerator *g, const LmTensor *images)
{
    LmError err;
    LmTensor out = {0};
    assert_ok(lm_generator_apply(g, &out, images, &err), err);
    return out;
}

static LmTensorFacts facts_of(const LmTensor *t)
{
    LmError err;
    LmTensorFacts f;
    assert_ok(lm_tensor_facts(t, &f, &err), err);
    return f;
}

/* --- making --- */

static void test_copies_its_stages(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 10, 2, 2, 1, LM_U8, 0, 1);
    LmStage stages[] = {lm_stage_rescale(2), feature_standardize(LM_AXIS_ALL)};
    snprintf(stages[0].where, sizeof stages[0].where, "a.lua:1");
    LmGenerator *g = generator(stages, 2);
    LmGenerator *same = lm_generator_ref(g);
    stages[0].factor = 3;
    assert_int_equal(lm_generator_n_stages(g), 2);
    assert_true(lm_generator_stage(g, 0)->factor == 2);
    assert_string_equal(lm_generator_stage(g, 0)->where, "a.lua:1");
    assert_false(lm_generator_is_fitted(g));
    assert_null(lm_generator_fitted_on(g));
    assert_ok(lm_generator_fit(g, ds, &err), err);
    assert_false(lm_stage_is_fitted(&stages[1]));
    lm_generator_unref(g);
    assert_true(lm_generator_is_fitted(same));
    assert_string_equal(lm_generator_fitted_on(same), "set (10 images)");
    lm_generator_unref(same);
    lm_generator_unref(NULL);
    lm_dataset_unref(ds);
}

static void test_refuses_stages(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = NULL;
    LmStage stages[] = {lm_stage_rescale(1), lm_stage_clip(1, 0)};
    snprintf(stages[1].where, sizeof stages[1].where, "x.lua:9");
    assert_fails(lm_generator_new(&g, stages, 2, &err), LM_EARG, err,
                 "stage 2 (clip, x.lua:9): clip: bounds are 1 and 0");
    stages[1] = lm_stage_rescale((double)NAN);
    assert_fails(lm_generator_new(&g, stages, 2, &err), LM_EARG, err, "stage 2 (rescale)");
    assert_null(g);
}

/* --- fitting --- */

static void test_failed_fit_keeps_the_old(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("first", 20, 3, 3, 1, LM_U8, 0, 1);
    LmDataset *other = help_dataset_new("second", 20, 3, 3, 1, LM_U8, 0, 2);
    LmDataset *bad = help_dataset_reading(other, 15);
    const LmStage stages[] = {feature_standardize(LM_AXIS_PIXEL), lm_stage_clip(-1, 1),
                              feature_standardize(LM_AXIS_ALL)};
    LmGenerator *g = generator(stages, 3);
    LmTensor images = images_of(ds);
    assert_ok(lm_generator_fit(g, ds, &err), err);
    LmTensor before = apply(g, &images);
    assert_fails(lm_generator_fit(g, bad, &err), LM_EIO, err, "image 16 of 'second'");
    LmTensor after = apply(g, &images);
    assert_true(lm_tensor_equal(&before, &after));
    assert_string_equal(lm_generator_fitted_on(g), "first (20 images)");
    lm_tensor_fini(&after);

    /* A fit that works replaces numbers, name and plan. */
    assert_ok(lm_generator_fit(g, other, &err), err);
    after = apply(g, &images);
    assert_false(lm_tensor_equal(&before, &after));
    assert_string_equal(lm_generator_fitted_on(g), "second (20 images)");
    lm_tensor_fini(&images);
    lm_tensor_fini(&before);
    lm_tensor_fini(&after);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_dataset_unref(other);
    lm_dataset_unref(bad);
}

static LmStatus make_and_fit(LmGenerator **out, const LmDataset *ds, LmError *err)
{
    const LmStage stages[] = {lm_stage_rescale(2), feature_standardize(LM_AXIS_PIXEL)};
    LmGenerator *g = NULL;
    LmStatus st = lm_generator_new(&g, stages, 2, err);
    if (st == LM_OK) {
        st = lm_generator_fit(g, ds, err);
    }
    if (st != LM_OK) {
        lm_generator_unref(g);
        return st;
    }
    *out = g;
    return LM_OK;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = NULL;
    LmTensor out = {0};
    LmDataset *ds = help_dataset_new("set", 20, 3, 3, 2, LM_U8, 0, 1);
    LmTensor images = images_of(ds);
    assert_survives_oom(make_and_fit(&g, ds, &err), err);
    assert_survives_oom(lm_generator_set_fitted_on(g, "another set", &err), err);
    assert_string_equal(lm_generator_fitted_on(g), "another set");
    /* The plan is kept where applying fails behind it; the first call makes it. */
    out = apply(g, &images);
    lm_tensor_fini(&out);
    assert_survives_oom(lm_generator_apply(g, &out, &images, &err), err);
    lm_tensor_fini(&out);
    lm_tensor_fini(&images);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_threads_stop();
}

/* --- applying --- */

static void test_apply_shapes(void **state)
{
    (void)state;
    LmError err;
    const LmStage stages[] = {lm_stage_rescale(0.5)};
    LmGenerator *g = generator(stages, 1);
    LmTensor t = {0};
    LmTensor out = {0};
    /* Without a channel axis: one channel. */
    assert_ok(lm_tensor_zeros(&t, LM_U8, 3, (const int64_t[]){4, 3, 2}, &err), err);
    ((uint8_t *)t.data)[23] = 9;
    out = apply(g, &t);
    assert_int_equal(out.rank, 4);
    assert_memory_equal(out.shape, ((const int64_t[]){4, 3, 2, 1}), 4 * sizeof(int64_t));
    assert_true(((float *)out.data)[23] == 4.5F && ((float *)out.data)[22] == 0);
    lm_tensor_fini(&out);
    lm_tensor_fini(&t);
    /* No images are fine, images without pixels are not. */
    assert_ok(lm_tensor_zeros(&t, LM_F32, 4, (const int64_t[]){0, 3, 2, 1}, &err), err);
    out = apply(g, &t);
    assert_int_equal(out.count, 0);
    lm_tensor_fini(&out);
    lm_tensor_fini(&t);
    out = (LmTensor){0};
    assert_ok(lm_tensor_zeros(&t, LM_F32, 4, (const int64_t[]){2, 0, 2, 1}, &err), err);
    assert_fails(lm_generator_apply(g, &out, &t, &err), LM_ESHAPE, err, "have no pixels");
    lm_tensor_fini(&t);
    assert_ok(lm_tensor_zeros(&t, LM_F64, 4, (const int64_t[]){2, 2, 2, 1}, &err), err);
    assert_fails(lm_generator_apply(g, &out, &t, &err), LM_ESHAPE, err,
                 "got a f64 tensor 2x2x2x1, wanted images as a u8 or f32 tensor");
    lm_tensor_fini(&t);
    assert_ok(lm_tensor_zeros(&t, LM_U8, 2, (const int64_t[]){2, 2}, &err), err);
    assert_fails(lm_generator_apply(g, &out, &t, &err), LM_ESHAPE, err, "N x H x W");
    lm_tensor_fini(&t);
    assert_null(out.storage);
    lm_generator_unref(g);
}

static void test_apply_wants_a_fit(void **state)
{
    (void)state;
    LmError err;
    LmTensor out = {0};
    LmDataset *ds = help_dataset_new("set", 5, 3, 3, 1, LM_U8, 0, 1);
    LmDataset *colour = help_dataset_new("colour", 5, 3, 3, 3, LM_U8, 0, 1);
    LmTensor images = images_of(colour);
    const LmStage stages[] = {feature_standardize(LM_AXIS_ALL)};
    LmGenerator *g = generator(stages, 1);
    assert_fails(lm_generator_apply(g, &out, &images, &err), LM_ESTATE, err, "call g:fit(dataset)");
    assert_ok(lm_generator_fit(g, ds, &err), err);
    assert_fails(lm_generator_apply(g, &out, &images, &err), LM_ESHAPE, err,
                 "fitted on images 3x3x1, these are 3x3x3");
    assert_null(out.storage);
    lm_tensor_fini(&images);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_dataset_unref(colour);
}

/* Shapes take turns; every image is scaled as if it were alone. */
static void test_apply_takes_turns_with_shapes(void **state)
{
    (void)state;
    LmError err;
    const LmStage stages[] = {lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL, 1e-6)};
    LmGenerator *g = generator(stages, 1);
    for (int turn = 0; turn < 6; turn++) {
        LmDataset *ds =
            help_dataset_new("set", 7, 3 + turn % 3, 4, 1 + turn % 2, LM_U8, 0, (uint64_t)turn);
        LmTensor images = images_of(ds);
        LmTensor all = apply(g, &images);
        for (int64_t i = 0; i < 7; i++) {
            LmTensor one = {0};
            LmTensor want = {0};
            assert_ok(lm_tensor_narrow(&one, &images, i, 1, &err), err);
            assert_ok(lm_tensor_narrow(&want, &all, i, 1, &err), err);
            LmTensor got = apply(g, &one);
            assert_true(lm_tensor_equal(&got, &want));
            lm_tensor_fini(&one);
            lm_tensor_fini(&want);
            lm_tensor_fini(&got);
        }
        lm_tensor_fini(&images);
        lm_tensor_fini(&all);
        lm_dataset_unref(ds);
    }
    lm_generator_unref(g);
}

/* The same bits for any number of threads, denormal results included. */
static void test_apply_with_any_threads(void **state)
{
    (void)state;
    int before = lm_threads();
    LmDataset *ds = help_dataset_new("set", 33, 5, 5, 1, LM_F32, 0, 1);
    const LmStage stages[] = {lm_stage_rescale(0x1p-126)};
    LmGenerator *g = generator(stages, 1);
    LmTensor images = images_of(ds);
    lm_threads_set(1);
    LmTensor want = apply(g, &images);
    assert_true(facts_of(&want).max == 0);
    for (int n = 2; n <= 5; n++) {
        lm_threads_set(n);
        LmTensor got = apply(g, &images);
        assert_true(lm_tensor_equal(&got, &want));
        lm_tensor_fini(&got);
    }
    lm_threads_set(before);
    lm_threads_stop();
    lm_tensor_fini(&images);
    lm_tensor_fini(&want);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

/* --- the walkthrough's checks, on a set of its size made of random bytes --- */

/* y = fma(x, a, b) rounds a, b and y once each, u = 2^-24 relative: every number is off by at most
 * u*(|a*x| + |b| + |y|), so mean and std are as well. */
static double rounding(double a, double b, const LmTensorFacts *y)
{
    return 0x1p-24 * (fabs(a) * 255 + fabs(b) + fmax(fabs(y->min), fabs(y->max)));
}

static void test_rescale_ends_at_one(void **state)
{
    (void)state;
    LmDataset *ds = help_dataset_new("set", 1000, 28, 28, 1, LM_U8, 0, 1);
    const LmStage stages[] = {lm_stage_rescale(1.0 / 255)};
    LmGenerator *g = generator(stages, 1);
    LmTensor images = images_of(ds);
    LmTensor y = apply(g, &images);
    assert_true(facts_of(&images).max == 255 && facts_of(&images).min == 0);
    assert_true(facts_of(&y).max == 1 && facts_of(&y).min == 0);
    lm_tensor_fini(&images);
    lm_tensor_fini(&y);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

static void test_whole_set_is_centred_and_standardized(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 10000, 28, 28, 1, LM_U8, 0, 3);
    LmTensor images = images_of(ds);
    for (int kind = 0; kind < 2; kind++) {
        const LmStage stage = kind == 0 ? lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_ALL)
                                        : feature_standardize(LM_AXIS_ALL);
        LmGenerator *g = generator(&stage, 1);
        assert_ok(lm_generator_fit(g, ds, &err), err);
        const LmStage *s = lm_generator_stage(g, 0);
        assert_true(s->mean[0] == facts_of(&images).mean);
        LmTensor y = apply(g, &images);
        LmTensorFacts f = facts_of(&y);
        double divisor = kind == 0 ? 1 : s->std[0] + 1e-6;
        assert_true(kind == 0 || s->std[0] == facts_of(&images).std);
        double bound = rounding(1 / divisor, s->mean[0] / divisor, &f);
        assert_true(fabs(f.mean) <= bound);
        /* y's std is std / (std + epsilon). */
        assert_true(kind == 0 || fabs(f.std - s->std[0] / divisor) <= bound);
        lm_tensor_fini(&y);
        lm_generator_unref(g);
    }
    lm_tensor_fini(&images);
    lm_dataset_unref(ds);
}

/* Every image alone: mean 0, std 1 (std / (std + 1e-6)), for any scale it comes in. */
static void test_images_are_standardized_one_by_one(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 300, 28, 28, 1, LM_U8, 0, 4);
    LmTensor images = images_of(ds);
    const LmStage stages[] = {lm_stage_rescale(1.0 / 255),
                              lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL),
                              lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1e-6)};
    LmGenerator *g = generator(stages, 3);
    LmTensor y = apply(g, &images);
    for (int64_t i = 0; i < ds->count; i++) {
        LmTensor raw = {0};
        LmTensor one = {0};
        assert_ok(lm_tensor_index(&raw, &images, i, &err), err);
        assert_ok(lm_tensor_index(&one, &y, i, &err), err);
        LmTensorFacts x = facts_of(&raw);
        LmTensorFacts f = facts_of(&one);
        double divisor = x.std / 255 + 1e-6;
        double bound = rounding(1 / (255 * divisor), x.mean / (255 * divisor), &f);
        assert_true(fabs(f.mean) <= bound);
        assert_true(fabs(f.std - x.std / 255 / divisor) <= bound);
        lm_tensor_fini(&raw);
        lm_tensor_fini(&one);
    }
    lm_tensor_fini(&images);
    lm_tensor_fini(&y);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

/* --- explaining --- */

static void test_explain(void **state)
{
    (void)state;
    LmError err;
    char text[2000];
    LmDataset *ds = help_dataset_new("set", 1200, 2, 2, 3, LM_U8, 0, 1);
    LmStage stages[] = {lm_stage_rescale(0.5), feature_standardize(LM_AXIS_CHANNEL),
                        lm_stage_clip(-1, 1), lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_ALL)};
    snprintf(stages[0].where, sizeof stages[0].where, "a.lua:4");
    LmGenerator *g = generator(stages, 4);
    assert_string_equal(lm_generator_explain(g, text, sizeof text),
                        "1. rescale by 0.5  (a.lua:4)\n"
                        "2. standardize feature, axis channel: not fitted\n"
                        "3. clip to -1 .. 1\n"
                        "4. center sample, axis all\n"
                        "not fitted yet: call g:fit(dataset)\n");
    assert_ok(lm_generator_fit(g, ds, &err), err);
    lm_generator_explain(g, text, sizeof text);
    assert_non_null(strstr(text, "fitted on set (1,200 images)\n"
                                 "for images 2x2x3:\n"
                                 "pass 1: fused rescale + standardize + clip: y = a*x + b, "
                                 "a pair a channel\n"
                                 "pass 2: center: moments, then y = a*x + b, a pair an image\n"));
    char small[20];
    assert_int_equal(strlen(lm_generator_explain(g, small, sizeof small)), sizeof small - 1);
    lm_generator_unref(g);
    g = generator(NULL, 0);
    assert_string_equal(lm_generator_explain(g, text, sizeof text),
                        "for images 28x28x1:\npass 1: numbers as they are, as floats\n");
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_its_stages),
        cmocka_unit_test(test_refuses_stages),
        cmocka_unit_test(test_failed_fit_keeps_the_old),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_apply_shapes),
        cmocka_unit_test(test_apply_wants_a_fit),
        cmocka_unit_test(test_apply_takes_turns_with_shapes),
        cmocka_unit_test(test_apply_with_any_threads),
        cmocka_unit_test(test_rescale_ends_at_one),
        cmocka_unit_test(test_whole_set_is_centred_and_standardized),
        cmocka_unit_test(test_images_are_standardized_one_by_one),
        cmocka_unit_test(test_explain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
