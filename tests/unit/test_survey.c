/* Equal images, images of one number, reading sets, damage, threads, memory (src/data/survey.c). */
#include "help_dataset.h"
#include "help_test.h"

#include "base/threads.h"
#include "data/sources.h"
#include "data/survey.h"

enum { N = 1000, SIDE_H = 5, SIDE_W = 3, PIXELS = SIDE_H * SIDE_W };

/* A set around a tensor the test may write to: N images of bytes, each its own. */
static LmDataset *make(LmTensor *images)
{
    LmError err;
    LmDataset *ds = NULL;
    assert_ok(lm_tensor_new(images, LM_U8, 3, (const int64_t[]){N, SIDE_H, SIDE_W}, &err), err);
    uint8_t *bytes = images->data;
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < PIXELS; k++) {
            bytes[i * PIXELS + k] = (uint8_t)(k < 2 ? i >> 8 * k : k);
        }
    }
    assert_ok(lm_memory_new(&ds, "set", images, NULL, &err), err);
    return ds;
}

static void test_equal_images(void **state)
{
    (void)state;
    LmError err;
    LmTensor images;
    static LmSurvey looks[N];
    LmDataset *ds = make(&images);
    uint8_t *bytes = images.data;
    memcpy(bytes + 700 * PIXELS, bytes + 3 * PIXELS, PIXELS);
    /* One bit of the last byte, which no whole word of eight holds. */
    memcpy(bytes + 701 * PIXELS, bytes + 3 * PIXELS, PIXELS);
    bytes[702 * PIXELS - 1] ^= 1;
    assert_ok(lm_survey_look(looks, ds, N, &err), err);
    assert_true(looks[700].digest == looks[3].digest);
    int n_equal = 0;
    for (int i = 0; i < N; i++) {
        assert_false(looks[i].is_constant);
        for (int k = i + 1; k < N; k++) {
            n_equal += looks[i].digest == looks[k].digest;
        }
    }
    assert_int_equal(n_equal, 1);
    lm_dataset_unref(ds);
    lm_tensor_fini(&images);
}

static void test_constant_images(void **state)
{
    (void)state;
    LmError err;
    LmTensor images;
    static LmSurvey looks[N];
    LmDataset *ds = make(&images);
    uint8_t *bytes = images.data;
    memset(bytes, 0, PIXELS);
    memset(bytes + 300 * PIXELS, 255, PIXELS);
    memset(bytes + 301 * PIXELS, 255, PIXELS);
    bytes[302 * PIXELS - 1] = 254;
    assert_ok(lm_survey_look(looks, ds, N, &err), err);
    for (int i = 0; i < N; i++) {
        assert_true(looks[i].is_constant == (i == 0 || i == 300));
    }
    assert_true(looks[0].digest != looks[300].digest);
    lm_dataset_unref(ds);
    lm_tensor_fini(&images);
    /* Images of one pixel are constant; floats are compared four bytes at a time. */
    LmDataset *one = help_dataset_new("one", 4, 1, 1, 1, LM_F32, 0, 1);
    assert_ok(lm_survey_look(looks, one, 4, &err), err);
    assert_true(looks[3].is_constant);
    lm_dataset_unref(one);
    LmDataset *floats = help_dataset_new("floats", 4, 2, 2, 3, LM_F32, 0, 1);
    assert_ok(lm_survey_look(looks, floats, 4, &err), err);
    assert_false(looks[3].is_constant);
    lm_dataset_unref(floats);
}

static void test_reading_and_threads(void **state)
{
    (void)state;
    LmError err;
    static LmSurvey looks[N];
    static LmSurvey again[N];
    int n_threads = lm_threads();
    LmDataset *base = help_dataset_new("base", N, 4, 4, 3, LM_U8, 0, 7);
    LmDataset *reading = help_dataset_reading(base, -1);
    assert_ok(lm_survey_look(looks, base, N, &err), err);
    for (int n = 1; n <= 5; n += 2) {
        lm_threads_set(n);
        assert_ok(lm_survey_look(again, reading, N - n, &err), err);
        for (int i = 0; i < N - n; i++) {
            assert_true(again[i].digest == looks[i].digest);
        }
    }
    LmDataset *bad = help_dataset_reading(base, 600);
    assert_ok(lm_survey_look(again, bad, 600, &err), err);
    assert_fails(lm_survey_look(again, bad, N, &err), LM_EIO, err, "cannot read");
    assert_non_null(strstr(err.msg, "601"));
    assert_ok(lm_survey_look(again, reading, 0, &err), err);
    lm_threads_cancel();
    assert_fails(lm_survey_look(again, base, N, &err), LM_ECANCEL, err, "interrupted");
    lm_threads_clear_cancel();
    lm_threads_set(n_threads);
    lm_dataset_unref(bad);
    lm_dataset_unref(reading);
    lm_dataset_unref(base);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    static LmSurvey looks[N];
    LmDataset *ds = help_dataset_new("base", N, 4, 4, 3, LM_U8, 0, 7);
    assert_survives_oom(lm_survey_look(looks, ds, N, &err), err);
    lm_dataset_unref(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_images),
        cmocka_unit_test(test_constant_images),
        cmocka_unit_test(test_reading_and_threads),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
