/* Looking all images of a set over (src/data/survey.c): digests, constant images. */
#include "help_dataset.h"
#include "help_test.h"

#include "base/threads.h"
#include "data/sources.h"
#include "data/survey.h"

enum { MANY = 1000 };

/* The images of the list, in its order. */
static LmDataset *repeated(LmDataset *base, const int64_t *indices, int64_t n)
{
    LmDataset *ds = NULL;
    LmError err;
    assert_ok(lm_view_new(&ds, base, NULL, indices, n, &err), err);
    return ds;
}

static void test_equal_images(void **state)
{
    (void)state;
    static const int64_t indices[] = {0, 1, 0, 2, 2, 1, 3};
    LmDtype dtypes[] = {LM_U8, LM_F32};
    for (int k = 0; k < 2; k++) {
        LmError err;
        LmSurvey looks[7];
        LmDataset *base = help_dataset_new("some", 4, 3, 5, 2, dtypes[k], 2, 1);
        LmDataset *ds = repeated(base, indices, 7);
        assert_ok(lm_survey_look(looks, ds, 7, &err), err);
        for (int i = 0; i < 7; i++) {
            for (int j = 0; j < 7; j++) {
                assert_int_equal(looks[i].digest == looks[j].digest, indices[i] == indices[j]);
            }
            assert_false(looks[i].is_constant);
        }
        lm_dataset_unref(ds);
        lm_dataset_unref(base);
    }
}

/* Every byte counts, also those behind the last whole word, and where it stands. */
static void test_every_byte(void **state)
{
    (void)state;
    LmError err;
    for (int64_t n = 1; n <= 20; n++) {
        LmTensor images = {0};
        LmDataset *ds = NULL;
        LmSurvey looks[21];
        assert_ok(lm_tensor_new(&images, LM_U8, 4, (const int64_t[]){n + 1, 1, n, 1}, &err), err);
        memset(images.data, 0, (size_t)images.count);
        for (int64_t i = 0; i < n; i++) {
            ((uint8_t *)images.data)[i * n + i] = 1;
        }
        assert_ok(lm_memory_new(&ds, "units", &images, NULL, &err), err);
        assert_ok(lm_survey_look(looks, ds, n + 1, &err), err);
        for (int64_t i = 0; i <= n; i++) {
            for (int64_t j = 0; j < i; j++) {
                assert_true(looks[i].digest != looks[j].digest);
            }
            assert_int_equal(looks[i].is_constant, i == n || n == 1);
        }
        lm_dataset_unref(ds);
        lm_tensor_fini(&images);
    }
}

/* Of floats a pixel is four bytes: all alike, though its bytes are not. */
static void test_constant_floats(void **state)
{
    (void)state;
    LmError err;
    LmTensor images = {0};
    LmDataset *ds = NULL;
    LmSurvey looks[2];
    assert_ok(lm_tensor_new(&images, LM_F32, 4, (const int64_t[]){2, 2, 3, 1}, &err), err);
    for (int i = 0; i < 12; i++) {
        ((float *)images.data)[i] = i == 11 ? 0.5F : 0.1F;
    }
    assert_ok(lm_memory_new(&ds, "floats", &images, NULL, &err), err);
    assert_ok(lm_survey_look(looks, ds, 2, &err), err);
    assert_true(looks[0].is_constant);
    assert_false(looks[1].is_constant);
    lm_dataset_unref(ds);
    lm_tensor_fini(&images);
}

/* Several tasks; read or mapped; only the first ones. */
static void test_threads(void **state)
{
    (void)state;
    LmError err;
    LmSurvey first[MANY];
    LmSurvey looks[MANY];
    LmDataset *ds = help_dataset_new("some", MANY, 3, 5, 2, LM_U8, 3, 1);
    LmDataset *reading = help_dataset_reading(ds, -1);
    lm_threads_set(1);
    assert_ok(lm_survey_look(first, ds, MANY, &err), err);
    for (int n = 1; n <= 4; n++) {
        lm_threads_set(n);
        memset(looks, 0x55, sizeof looks);
        assert_ok(lm_survey_look(looks, n % 2 == 0 ? ds : reading, MANY - 1, &err), err);
        for (int i = 0; i < MANY - 1; i++) {
            assert_true(looks[i].digest == first[i].digest);
        }
        assert_int_equal(((unsigned char *)&looks[MANY - 1])[0], 0x55);
    }
    lm_threads_set(1);
    lm_dataset_unref(reading);
    lm_dataset_unref(ds);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmSurvey looks[MANY];
    LmDataset *base = help_dataset_new("some", MANY, 3, 5, 2, LM_U8, 2, 7);
    LmDataset *ds = help_dataset_reading(base, 300);
    assert_fails(lm_survey_look(looks, ds, MANY, &err), LM_EIO, err, "image 301 of");
    assert_ok(lm_survey_look(looks, ds, 300, &err), err);
    lm_threads_cancel();
    assert_fails(lm_survey_look(looks, base, MANY, &err), LM_ECANCEL, err, "interrupted");
    lm_threads_clear_cancel();
    lm_threads_set(1);
    assert_survives_oom(lm_survey_look(looks, base, MANY, &err), err);
    lm_dataset_unref(ds);
    lm_dataset_unref(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_images),    cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_constant_floats), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
