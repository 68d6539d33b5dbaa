/* EMNIST (src/data/emnist.c): images stand upright, letters count from 0, names fit the split. */
#include "help_files.h"
#include "help_test.h"
#include "help_tree.h"

#include "data/sources.h"
#include "io/idx.h"

/* Images n x 3 x 2 of u8 whose number k is k, and labels first + i % n_classes. */
static void make(const char *folder, const char *split, const char *part, int n, int first,
                 int n_classes)
{
    LmError err;
    LmTensor x;
    LmTensor y;
    char name[128];
    assert_ok(lm_tensor_new(&x, LM_U8, 3, (const int64_t[]){n, 3, 2}, &err), err);
    assert_ok(lm_tensor_new(&y, LM_U8, 1, (const int64_t[]){n}, &err), err);
    for (int64_t k = 0; k < x.count; k++) {
        ((uint8_t *)x.data)[k] = (uint8_t)k;
    }
    for (int i = 0; i < n; i++) {
        ((uint8_t *)y.data)[i] = (uint8_t)(first + i % n_classes);
    }
    help_tree_folder(folder);
    snprintf(name, sizeof name, "%s/emnist-%s-%s-images-idx3-ubyte", folder, split, part);
    assert_ok(lm_idx_save(&x, help_files_path(name), &err), err);
    snprintf(name, sizeof name, "%s/emnist-%s-%s-labels-idx1-ubyte", folder, split, part);
    assert_ok(lm_idx_save(&y, help_files_path(name), &err), err);
    lm_tensor_fini(&x);
    lm_tensor_fini(&y);
}

static void test_letters(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    make("l", "letters", "train", 30, 1, 26);
    make("l", "letters", "test", 2, 1, 26);
    assert_ok(lm_emnist_open(&train, &test, "letters", help_files_path("l"), NULL, &err), err);
    assert_int_equal(train->count, 30);
    assert_int_equal(train->n_classes, 26);
    assert_string_equal(train->classes[train->labels[2]], "C");
    assert_string_equal(test->name, "emnist letters test");
    assert_int_equal(test->n_classes, 26);
    /* 3 x 2 in the file is 2 x 3 upright. */
    assert_int_equal(train->h, 2);
    assert_int_equal(train->w, 3);
    uint8_t pixels[6];
    assert_ok(lm_dataset_read(train, 1, pixels, &err), err);
    assert_memory_equal(pixels, ((const uint8_t[]){6, 8, 10, 7, 9, 11}), 6);
    lm_dataset_unref(train);
    lm_dataset_unref(test);
}

static void test_names_of_splits(void **state)
{
    (void)state;
    static const struct {
        const char *split;
        int n_classes;
        const char *last;
    } want[] = {{"byclass", 62, "z"},
                {"bymerge", 47, "t"},
                {"balanced", 47, "t"},
                {"digits", 10, "9"},
                {"mnist", 10, "9"}};
    for (size_t k = 0; k < LM_ARRAY_LEN(want); k++) {
        LmError err;
        LmDataset *train = NULL;
        LmDataset *test = NULL;
        make("n", want[k].split, "train", 100, 0, want[k].n_classes);
        make("n", want[k].split, "test", 5, 0, want[k].n_classes);
        assert_ok(lm_emnist_open(&train, &test, want[k].split, help_files_path("n"), NULL, &err),
                  err);
        assert_int_equal(train->n_classes, want[k].n_classes);
        assert_string_equal(train->classes[want[k].n_classes - 1], want[k].last);
        lm_dataset_unref(train);
        lm_dataset_unref(test);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    assert_fails(lm_emnist_open(&train, &test, "leters", NULL, NULL, &err), LM_EARG, err,
                 "EMNIST has no split 'leters'; did you mean 'letters'?");
    help_tree_folder("empty");
    assert_fails(lm_emnist_open(&train, &test, "letters", help_files_path("empty"), NULL, &err),
                 LM_ENOTFOUND, err,
                 "emnist is not here: the files emnist-letters-... of its archive");
    make("part", "letters", "train", 3, 1, 26);
    assert_fails(lm_emnist_open(&train, &test, "letters", help_files_path("part"), NULL, &err),
                 LM_ENOTFOUND, err, "part (without emnist-letters-test-images-idx3-ubyte)");
    make("base", "letters", "train", 3, 0, 26);
    make("base", "letters", "test", 3, 1, 26);
    assert_fails(
        lm_emnist_open(&train, &test, "letters", help_files_path("base"), NULL, &err), LM_EFORMAT,
        err,
        "emnist-letters-train-labels-idx1-ubyte: label 1 is 0; those of 'letters' are 1 to "
        "26");
    make("big", "digits", "train", 30, 0, 11);
    make("big", "digits", "test", 3, 0, 10);
    assert_fails(lm_emnist_open(&train, &test, "digits", help_files_path("big"), NULL, &err),
                 LM_EFORMAT, err, "label 11 is 10; those of 'digits' are 0 to 9");
    assert_null(train);
    assert_null(test);
}

static LmStatus open_once(LmError *err)
{
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    LmStatus st = lm_emnist_open(&train, &test, "digits", help_files_path("mem"), NULL, err);
    lm_dataset_unref(train);
    lm_dataset_unref(test);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    make("mem", "digits", "train", 12, 0, 10);
    make("mem", "digits", "test", 12, 0, 10);
    assert_survives_oom(open_once(&err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_names_of_splits),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
