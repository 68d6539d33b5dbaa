/* CIFAR's binary files (src/io/cifar.c) and the sets made of them (src/data/cifarset.c). */
#define _XOPEN_SOURCE 700
#include "help_files.h"
#include "help_test.h"
#include "help_tree.h"

#include <stdlib.h>

#include "data/sources.h"

enum { TEN = 3073, HUNDRED = 3074, PLANE = 1024 };

/* n records; byte k of image i is i * 3 + k * 5 + its plane. Labels are i % n_fine, or for two
 * label bytes coarse i % n_coarse before it. */
static uint8_t *make_records(int n, int n_coarse, int n_fine)
{
    size_t size = n_coarse > 0 ? HUNDRED : TEN;
    uint8_t *bytes = malloc((size_t)n * size + 1);
    for (int i = 0; i < n; i++) {
        uint8_t *r = bytes + (size_t)i * size;
        if (n_coarse > 0) {
            *r++ = (uint8_t)(i % n_coarse);
        }
        *r++ = (uint8_t)(i % n_fine);
        for (int k = 0; k < 3 * PLANE; k++) {
            r[k] = (uint8_t)(i * 3 + k % PLANE * 5 + k / PLANE);
        }
    }
    return bytes;
}

static const char *make(const char *name, int n, int n_coarse, int n_fine, int n_surplus)
{
    uint8_t *bytes = make_records(n, n_coarse, n_fine);
    bytes[(size_t)n * (n_coarse > 0 ? HUNDRED : TEN)] = 0;
    help_tree_file(name, bytes, (size_t)((size_t)n * (n_coarse > 0 ? HUNDRED : TEN)) + n_surplus);
    free(bytes);
    return help_files_path(name);
}

static void assert_pixels(const uint8_t *pixels, int i)
{
    for (int k = 0; k < PLANE; k++) {
        for (int c = 0; c < 3; c++) {
            assert_int_equal(pixels[3 * k + c], (uint8_t)(i * 3 + k * 5 + c));
        }
    }
}

static void test_load(void **state)
{
    (void)state;
    LmError err;
    LmTensor x;
    LmTensor y;
    LmCifarLabels kind;
    const char *paths[] = {make("a.bin", 12, 0, 10, 0), make("b.bin", 3, 0, 10, 0)};
    assert_ok(lm_cifar_load(&x, &y, &kind, paths, 2, LM_CIFAR_AUTO, &err), err);
    assert_int_equal(kind, LM_CIFAR_TEN);
    assert_int_equal(x.shape[0], 15);
    assert_int_equal(x.shape[3], 3);
    for (int i = 0; i < 15; i++) {
        int item = i < 12 ? i : i - 12;
        assert_int_equal(((const int32_t *)y.data)[i], item % 10);
        assert_pixels((const uint8_t *)x.data + i * LM_CIFAR_PIXELS, item);
    }
    lm_tensor_fini(&x);
    lm_tensor_fini(&y);
    const char *hundred = make("h.bin", 120, 20, 100, 0);
    for (int coarse = 0; coarse < 2; coarse++) {
        assert_ok(lm_cifar_load(&x, &y, &kind, &hundred, 1,
                                coarse ? LM_CIFAR_COARSE : LM_CIFAR_AUTO, &err),
                  err);
        assert_int_equal(kind, coarse ? LM_CIFAR_COARSE : LM_CIFAR_FINE);
        assert_int_equal(((const int32_t *)y.data)[119], coarse ? 119 % 20 : 19);
        assert_pixels((const uint8_t *)x.data + 119 * LM_CIFAR_PIXELS, 119);
        lm_tensor_fini(&x);
        lm_tensor_fini(&y);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmTensor x = {0};
    LmTensor y = {0};
    LmCifarLabels kind;
    const char *path = make("r.bin", 4, 0, 10, 1);
    assert_fails(
        lm_cifar_load(&x, &y, &kind, &path, 1, LM_CIFAR_AUTO, &err), LM_EFORMAT, err,
        "r.bin has 12,293 bytes; CIFAR-10's records have 3,073 and CIFAR-100's 3,074, and no "
        "number of them makes that");
    path = make("r.bin", 4, 0, 10, 0);
    assert_fails(
        lm_cifar_load(&x, &y, &kind, &path, 1, LM_CIFAR_FINE, &err), LM_EFORMAT, err,
        "r.bin has 12,292 bytes, which no number of CIFAR-100's records of 3074 bytes makes");
    path = help_files_make("r.bin", "", 0);
    assert_fails(lm_cifar_load(&x, &y, &kind, &path, 1, LM_CIFAR_AUTO, &err), LM_EFORMAT, err,
                 "r.bin: no CIFAR records but an empty file");
    path = help_files_path("none.bin");
    assert_fails(lm_cifar_load(&x, &y, &kind, &path, 1, LM_CIFAR_AUTO, &err), LM_ENOTFOUND, err,
                 "none.bin");
    path = make("l.bin", 12, 0, 11, 0);
    assert_fails(lm_cifar_load(&x, &y, &kind, &path, 1, LM_CIFAR_AUTO, &err), LM_EFORMAT, err,
                 "l.bin: the label of record 11 is 10; the classes are 0 to 9");
    path = make("l.bin", 30, 21, 100, 0);
    assert_fails(lm_cifar_load(&x, &y, &kind, &path, 1, LM_CIFAR_COARSE, &err), LM_EFORMAT, err,
                 "l.bin: the label of record 21 is 20; the classes are 0 to 19");
    const char *both[] = {make("t.bin", 2, 0, 10, 0), make("h.bin", 2, 20, 100, 0)};
    assert_fails(lm_cifar_load(&x, &y, &kind, both, 2, LM_CIFAR_AUTO, &err), LM_EFORMAT, err,
                 "h.bin has 6,148 bytes, which no number of CIFAR-10's records");
    assert_null(x.storage);
    assert_null(y.storage);
}

static void make_ten(const char *folder)
{
    char name[128];
    for (int k = 0; k < 6; k++) {
        snprintf(name, sizeof name, k < 5 ? "%s/data_batch_%d.bin" : "%s/test_batch.bin", folder,
                 k + 1);
        (void)make(name, k + 1, 0, 10, 0);
    }
}

static void test_cifar10(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    make_ten("ten");
    make_ten("sub/cifar-10-batches-bin");
    static const char *const folders[] = {"ten", "sub"};
    for (int k = 0; k < 2; k++) {
        const char *dir = help_files_path(folders[k]);
        assert_ok(lm_cifarset_open_ten(&train, &test, dir, NULL, &err), err);
        assert_int_equal(train->count, 1 + 2 + 3 + 4 + 5);
        assert_int_equal(test->count, 6);
        assert_string_equal(train->name, "cifar10 train");
        assert_string_equal(test->classes[0], "airplane");
        assert_string_equal(test->classes[9], "truck");
        assert_pixels(lm_dataset_pixels(train, 2), 1);
        lm_dataset_unref(train);
        lm_dataset_unref(test);
        train = NULL;
        test = NULL;
    }
    assert_int_equal(remove(help_files_path("ten/data_batch_3.bin")), 0);
    assert_fails(lm_cifarset_open_ten(&train, &test, help_files_path("ten"), NULL, &err),
                 LM_ENOTFOUND, err, "ten (without data_batch_3.bin)");
    assert_null(train);
    setenv("LUMA_DATA", help_files_path("data"), 1);
    make_ten("data/cifar10");
    assert_ok(lm_cifarset_open_ten(&train, &test, NULL, NULL, &err), err);
    lm_dataset_unref(train);
    lm_dataset_unref(test);
    unsetenv("LUMA_DATA");
}

static void test_class_names(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    const char *path = make("h.bin", 3, 20, 100, 0);
    assert_ok(lm_cifarset_open(&ds, "h", &path, 1, LM_CIFAR_AUTO, &err), err);
    assert_int_equal(ds->n_classes, 100);
    assert_string_equal(ds->classes[99], "worm");
    lm_dataset_unref(ds);
    assert_ok(lm_cifarset_open(&ds, "h", &path, 1, LM_CIFAR_COARSE, &err), err);
    assert_int_equal(ds->n_classes, 20);
    assert_string_equal(ds->classes[19], "vehicles_2");
    lm_dataset_unref(ds);
}

static LmStatus open_once(LmError *err)
{
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    LmStatus st = lm_cifarset_open_ten(&train, &test, help_files_path("mem"), NULL, err);
    lm_dataset_unref(train);
    lm_dataset_unref(test);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    make_ten("mem");
    assert_survives_oom(open_once(&err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),          cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cifar10),       cmocka_unit_test(test_class_names),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
