/* Finding the four files: spellings, places and their order, what is missing; and MNIST itself,
 * where it is to be had. */
#define _XOPEN_SOURCE 700
#include "help_files.h"
#include "help_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/sources.h"

static const char *const plain_names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                          "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* Makes a folder with all folders above it; gives its path, valid for 8 more calls. */
static const char *make_dir(const char *name)
{
    char path[600];
    const char *whole = help_files_path(name);
    snprintf(path, sizeof path, "%s/", whole);
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)mkdir(path, 0777);
            *p = '/';
        }
    }
    return whole;
}

static void make_file(const char *dir, const char *name, const uint8_t *bytes, size_t size)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    help_files_make(path, bytes, size);
}

/* n images 2x2 whose bytes are `mark`, or n labels 0, 1, 2, ... */
static void make_one(const char *dir, const char *name, int n, bool is_images, uint8_t mark)
{
    uint8_t bytes[400] = {0, 0, 8, is_images ? 3 : 1, 0, 0, 0, (uint8_t)n, 0, 0, 0, 2, 0, 0, 0, 2};
    size_t head = is_images ? 16 : 8;
    size_t n_data = (size_t)n * (is_images ? 4 : 1);
    for (size_t i = 0; i < n_data; i++) {
        bytes[head + i] = is_images ? mark : (uint8_t)i;
    }
    make_file(dir, name, bytes, head + n_data);
}

/* A set of 6 + 4 images in the folder `dir` of the scratch folder. */
static void make_set(const char *dir, const char *const names[4], uint8_t mark)
{
    make_dir(dir);
    for (int k = 0; k < 4; k++) {
        make_one(dir, names[k], k < 2 ? 6 : 4, k % 2 == 0, mark);
    }
}

static void clear_places(void)
{
    unsetenv("LUMA_DATA");
    setenv("XDG_DATA_HOME", help_files_path("nowhere"), 1);
    setenv("HOME", help_files_path("no-home"), 1);
}

/* The mark of the set that is found, -1 for none, -2 for one that is not of this test. */
static int found(const char *set, const char *dir, const char *script_dir)
{
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    LmStatus st = lm_mnist_open(&train, &test, set, dir, script_dir, &err);
    if (st == LM_ENOTFOUND) {
        return -1;
    }
    assert_int_equal(st, LM_OK);
    int mark = ((const uint8_t *)lm_dataset_pixels(train, 0))[0];
    mark = train->count == 6 && test->count == 4 ? mark : -2;
    assert_int_equal(train->n_classes, 10);
    assert_int_equal(test->n_classes, 10);
    lm_dataset_unref(train);
    lm_dataset_unref(test);
    return mark;
}

static void test_spellings(void **state)
{
    (void)state;
    static const char *const dotted[] = {"train-images.idx3-ubyte", "train-labels.idx1-ubyte",
                                         "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"};
    /* What matters is the content, so plain bytes under a name with .gz open too. */
    static const char *const mixed[] = {"train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte.gz", "t10k-labels.idx1-ubyte"};
    make_set("plain", plain_names, 1);
    make_set("dotted", dotted, 2);
    make_set("mixed", mixed, 3);
    assert_int_equal(found("mnist", help_files_path("plain"), NULL), 1);
    assert_int_equal(found("mnist", help_files_path("dotted"), NULL), 2);
    assert_int_equal(found("mnist", help_files_path("mixed"), NULL), 3);
    assert_int_equal(found("fashion_mnist", help_files_path("mixed"), NULL), 3);
    make_one("mixed", "train-images-idx3-ubyte", 6, true, 4);
    assert_int_equal(found("mnist", help_files_path("mixed"), NULL), 4);
}

static void test_names_and_classes(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    make_set("plain", plain_names, 1);
    const char *dir = help_files_path("plain");
    assert_ok(lm_mnist_open(&train, &test, "fashion_mnist", dir, NULL, &err), err);
    assert_string_equal(train->name, "fashion_mnist train");
    assert_string_equal(test->name, "fashion_mnist test");
    assert_string_equal(train->classes[0], "T-shirt/top");
    assert_string_equal(test->classes[9], "Ankle boot");
    lm_dataset_unref(train);
    lm_dataset_unref(test);
    assert_ok(lm_mnist_open(&train, &test, "mnist", dir, NULL, &err), err);
    assert_string_equal(train->name, "mnist train");
    assert_string_equal(train->classes[9], "9");
    lm_dataset_unref(train);
    lm_dataset_unref(test);
}

/* Places are tried in their order, and a folder without all files is passed over. */
static void test_places(void **state)
{
    (void)state;
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    clear_places();
    make_set("data/mnist", plain_names, 11);
    make_set("a/datasets/mnist", plain_names, 12);
    make_set("home/luma/mnist", plain_names, 13);
    make_set("user/.local/share/luma/mnist", plain_names, 14);
    make_set("work/datasets/mnist", plain_names, 15);
    make_dir("a/b/c");
    char script[600];
    snprintf(script, sizeof script, "%s", help_files_path("a/b/c"));
    setenv("LUMA_DATA", help_files_path("data"), 1);
    assert_int_equal(found("mnist", NULL, script), 11);
    setenv("LUMA_DATA", "", 1);
    assert_int_equal(found("mnist", NULL, script), 12);
    assert_int_equal(chdir(help_files_path("a/b")), 0);
    assert_int_equal(found("mnist", NULL, "c"), 12);
    assert_int_equal(chdir(help_files_path("work")), 0);
    assert_int_equal(found("mnist", NULL, NULL), 15);
    assert_int_equal(found("mnist", NULL, help_files_path("not-there")), 15);
    assert_int_equal(chdir("/"), 0);
    /* The folders above the program come before; a real set may be there. */
    make_set("home/luma/fashion_mnist", plain_names, 16);
    setenv("XDG_DATA_HOME", help_files_path("home"), 1);
    int mark = found("fashion_mnist", NULL, NULL);
    assert_true(mark == 16 || mark == -2);
    assert_int_equal(chdir(here), 0);
    make_set("data/mnist", plain_names, 17);
    setenv("LUMA_DATA", help_files_path("data"), 1);
    assert_int_equal(remove(help_files_path("data/mnist/t10k-labels-idx1-ubyte")), 0);
    assert_int_equal(found("mnist", NULL, script), 12);
    clear_places();
}

static void test_not_found(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    clear_places();
    make_set("part", plain_names, 1);
    assert_int_equal(remove(help_files_path("part/t10k-labels-idx1-ubyte")), 0);
    const char *part = help_files_path("part");
    assert_fails(lm_mnist_open(&train, &test, "mnist", part, NULL, &err), LM_ENOTFOUND, err,
                 "'make mnist' or 'datasets/fetch.sh mnist' fetches its four files; looked in ");
    assert_fails(lm_mnist_open(&train, &test, "mnist", part, NULL, &err), LM_ENOTFOUND, err,
                 "/part (without t10k-labels-idx1-ubyte)");
    const char *gone = help_files_path("gone");
    assert_fails(lm_mnist_open(&train, &test, "fashion_mnist", gone, NULL, &err), LM_ENOTFOUND, err,
                 "'datasets/fetch.sh fashion_mnist' fetches");
    assert_fails(lm_mnist_open(&train, &test, "fashion_mnist", gone, NULL, &err), LM_ENOTFOUND, err,
                 "/gone");
    assert_fails(lm_mnist_open(&train, &test, "mnist2", NULL, NULL, &err), LM_EARG, err,
                 "no set 'mnist2'; did you mean 'mnist'?");
    assert_fails(lm_mnist_open(&train, &test, "zzzzzzzzzzzz", NULL, NULL, &err), LM_EARG, err,
                 "there is no set");
    char *long_dir = malloc(9000);
    memset(long_dir, 'x', 8999);
    long_dir[8999] = '\0';
    assert_fails(lm_mnist_open(&train, &test, "mnist", long_dir, NULL, &err), LM_ENOTFOUND, err,
                 "mnist is not here");
    setenv("LUMA_DATA", long_dir, 1);
    setenv("XDG_DATA_HOME", long_dir, 1);
    assert_fails(
        lm_mnist_open(&train, &test, "fashion_mnist", help_files_path("gone"), long_dir, &err),
        LM_ENOTFOUND, err, "fashion_mnist is not here");
    free(long_dir);
    clear_places();
    assert_null(train);
    assert_null(test);
}

/* All places but the folders above the program, whose names depend on where the tests are built. */
static void test_places_are_listed(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    clear_places();
    make_dir("s");
    setenv("LUMA_DATA", "/lu", 1);
    setenv("XDG_DATA_HOME", "/xdg", 1);
    LmStatus st = lm_mnist_open(&train, &test, "fashion_mnist", NULL, help_files_path("s"), &err);
    clear_places();
    if (st == LM_OK) {
        lm_dataset_unref(train);
        lm_dataset_unref(test);
        skip();
    }
    assert_int_equal(st, LM_ENOTFOUND);
    assert_non_null(strstr(err.msg, "looked in /lu/fashion_mnist, "));
    assert_non_null(strstr(err.msg, "/s/datasets/fashion_mnist (and above), "));
    assert_non_null(strstr(err.msg, "./datasets/fashion_mnist, "));
    assert_non_null(strstr(err.msg, "/xdg/luma/fashion_mnist, "));
    assert_non_null(strstr(err.msg, "/usr/share/datasets/fashion-mnist"));
}

static void test_damaged_sets(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    size_t before = lm_mem_in_use();
    make_set("bad", plain_names, 1);
    const char *dir = help_files_path("bad");
    make_one("bad", plain_names[3], 5, false, 0);
    assert_fails(lm_mnist_open(&train, &test, "mnist", dir, NULL, &err), LM_EFORMAT, err,
                 "holds 4 images, but ");
    make_one("bad", plain_names[3], 12, false, 0);
    make_one("bad", plain_names[2], 12, true, 0);
    assert_fails(lm_mnist_open(&train, &test, "mnist", dir, NULL, &err), LM_EFORMAT, err,
                 "t10k-labels-idx1-ubyte: a label is 11; mnist has the classes 0 to 9");
    /* the labels under the images' name */
    make_one("bad", plain_names[3], 4, false, 0);
    make_one("bad", plain_names[2], 4, false, 0);
    assert_fails(lm_mnist_open(&train, &test, "mnist", dir, NULL, &err), LM_EFORMAT, err,
                 "t10k-images-idx3-ubyte holds an array of shape 4, not images");
    static const uint8_t wide[] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1,
                                   0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
    make_file("bad", plain_names[2], wide, sizeof wide);
    assert_fails(lm_mnist_open(&train, &test, "mnist", dir, NULL, &err), LM_EFORMAT, err,
                 "holds images 2x2x1 u8, but ");
    assert_null(train);
    assert_null(test);
    assert_int_equal(lm_mem_in_use(), before);
}

static LmStatus open_both(LmDataset *parts[2], const char *dir, LmError *err)
{
    return lm_mnist_open(&parts[0], &parts[1], "mnist", dir, NULL, err);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmDataset *parts[2] = {NULL, NULL};
    make_set("plain", plain_names, 1);
    assert_survives_oom(open_both(parts, help_files_path("plain"), &err), err);
    lm_dataset_unref(parts[0]);
    lm_dataset_unref(parts[1]);
}

/* --- the real set --- */

static void check_real(const LmDataset *ds, const uint64_t sums[2], double mean, double std,
                       const int *labels)
{
    LmError err;
    for (int axis = 0; axis < 3; axis++) {
        LmMoments *m = NULL;
        uint64_t s1 = 0;
        uint64_t s2 = 0;
        assert_ok(lm_moments_new(&m, (LmAxis)axis, &err), err);
        assert_ok(lm_dataset_stats(ds, m, &err), err);
        for (int64_t j = 0; j < lm_moments_width(m); j++) {
            uint64_t a = 0;
            uint64_t b = 0;
            assert_true(lm_moments_sums(m, j, &a, &b));
            s1 += a;
            s2 += b;
        }
        assert_int_equal(s1, sums[0]);
        assert_int_equal(s2, sums[1]);
        assert_true(axis == LM_AXIS_PIXEL || lm_moments_mean(m, 0) == mean);
        assert_true(axis == LM_AXIS_PIXEL || lm_moments_std(m, 0) == std);
        lm_moments_free(m);
    }
    int counts[10] = {0};
    for (int64_t i = 0; i < ds->count; i++) {
        counts[ds->labels[i]]++;
    }
    assert_memory_equal(counts, labels, sizeof counts);
}

static void test_real_mnist(void **state)
{
    (void)state;
    static const int train_labels[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    static const int test_labels[] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    LmError err;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    if (lm_mnist_open(&train, &test, "mnist", NULL, NULL, &err) == LM_ENOTFOUND) {
        skip();
    }
    assert_true(train->count == 60000 && test->count == 10000);
    check_real(train, (const uint64_t[]){1567298545, 342590800147}, 33.318421449829934,
               78.567489983397989, train_labels);
    check_real(test, (const uint64_t[]){264923200, 58095386156}, 33.791224489795916,
               79.172463222286442, test_labels);
    LmMoments *m = NULL;
    assert_ok(lm_moments_new(&m, LM_AXIS_ALL, &err), err);
    assert_ok(lm_moments_add(m, lm_dataset_pixels(train, 0), LM_U8, 1, 28, 28, 1, &err), err);
    assert_true(lm_moments_mean(m, 0) == 35.108418367346935);
    assert_true(lm_moments_std(m, 0) == 79.64882892760731);
    lm_moments_reset(m);
    assert_ok(lm_dataset_stats(train, m, &err), err);
    assert_int_equal(lm_moments_histogram(m)[0], 38045844);
    assert_int_equal(lm_moments_histogram(m)[255], 314282);
    lm_moments_free(m);
    lm_dataset_unref(train);
    lm_dataset_unref(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_mnist), /* first: the others change the environment */
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_names_and_classes),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_places_are_listed),
        cmocka_unit_test(test_damaged_sets),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
