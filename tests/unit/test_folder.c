/* Folders of images as data sets (src/data/folder.c): classes and order, sizes, odd names, what is
 * refused. */
#define _XOPEN_SOURCE 700
#include "help_files.h"
#include "help_test.h"
#include "help_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/threads.h"
#include "data/sources.h"

static void test_classes_and_pixels(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    help_tree_classes("plain", 4, 5, 6);
    help_tree_file("plain/cat/notes.txt", "x", 1);
    help_tree_file("plain/.DS_Store", "x", 1);
    help_tree_file("plain/stray.png", "x", 1);
    for (int is_cached = 0; is_cached < 2; is_cached++) {
        LmFolderOptions o = help_tree_options();
        o.images.caches = is_cached;
        assert_ok(lm_folder_open(&ds, "tree", help_files_path("plain//"), &o, &err), err);
        assert_int_equal(ds->count, 12);
        assert_int_equal(ds->h, 5);
        assert_int_equal(ds->w, 6);
        assert_int_equal(ds->c, 3);
        assert_int_equal(ds->n_classes, 3);
        assert_string_equal(ds->classes[2], "emu");
        assert_int_equal(ds->n_ignored, 3);
        for (int64_t i = 0; i < 12; i++) {
            assert_int_equal(ds->labels[i], i / 4);
            assert_int_equal(lm_dataset_pixels(ds, i) != NULL, is_cached);
            help_tree_assert_image(ds, i, (unsigned)i);
        }
        assert_string_equal(lm_dataset_item_name(ds, 5), help_files_path("plain/dog/001.png"));
        lm_dataset_unref(ds);
    }
    LmFolderOptions o = help_tree_options();
    o.classes = (const char *const[]){"emu", "cat"};
    o.n_classes = 2;
    assert_ok(lm_folder_open(&ds, "tree", help_files_path("plain"), &o, &err), err);
    assert_int_equal(ds->count, 8);
    assert_string_equal(ds->classes[0], "emu");
    help_tree_assert_image(ds, 0, 8);
    help_tree_assert_image(ds, 4, 0);
    lm_dataset_unref(ds);
}

static void test_class_refusals(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = help_tree_options();
    help_tree_classes("r", 1, 2, 2);
    help_tree_folder("r/void/inner");
    help_tree_file("r/void/readme", "x", 1);
    const char *root = help_files_path("r");
    assert_fails(lm_folder_open(&ds, "r", root, &o, &err), LM_EFORMAT, err,
                 "r/void holds no image (1 other file): remove it, or name the classes that count "
                 "in classes={...}");
    static const struct {
        const char *names[2];
        const char *text;
        LmStatus status;
    } bad[] = {
        {{"cat", "cat"}, "class 'cat' is named twice, as number 1 and 2", LM_EARG},
        {{"cat", "cow"}, "there is no class folder 'cow' in ", LM_ENOTFOUND},
        {{"cat", "cow"}, "; it has cat, dog, emu, void", LM_ENOTFOUND},
        {{"void/inner", "cat"}, "class 'void/inner' is no name of a folder in", LM_EARG},
        {{"cat/", "dog"}, "class 'cat/' is no name", LM_EARG},
        {{"..", "dog"}, "class '..' is no name", LM_EARG},
        {{"", "dog"}, "class '' is no name", LM_EARG},
        {{"cat", "void"}, "void holds no image (1 other file): leave it out", LM_EFORMAT},
    };
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        o.classes = bad[k].names;
        o.n_classes = 2;
        assert_fails(lm_folder_open(&ds, "r", root, &o, &err), bad[k].status, err, bad[k].text);
    }
    o = help_tree_options();
    help_tree_folder("nothing");
    assert_fails(lm_folder_open(&ds, "r", help_files_path("nothing"), &o, &err), LM_EFORMAT, err,
                 "nothing has no sub-folders, which would be the classes of its images");
    help_tree_image("flat/a.png", 2, 2, 3, 1);
    assert_fails(lm_folder_open(&ds, "r", help_files_path("flat"), &o, &err), LM_EFORMAT, err,
                 "it holds 1 images itself: move those of a class to a folder");
    help_tree_link("linked/cat", "../r/cat");
    assert_fails(lm_folder_open(&ds, "r", help_files_path("linked"), &o, &err), LM_EFORMAT, err,
                 "it holds links, which follow_links=true follows");
    o.follows_links = true;
    assert_ok(lm_folder_open(&ds, "r", help_files_path("linked"), &o, &err), err);
    assert_int_equal(ds->count, 1);
    lm_dataset_unref(ds);
    ds = NULL;
    assert_fails(lm_folder_open(&ds, "r", help_files_path("gone"), &o, &err), LM_ENOTFOUND, err,
                 "gone: No such file");
    assert_fails(lm_folder_open(&ds, "r", help_files_path("flat/a.png"), &o, &err), LM_EIO, err,
                 "a.png is a file, not a folder");
    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_fails(lm_folder_open(&ds, "r", longer, &o, &err), LM_EIO, err, "File name too long");
    assert_null(ds);
}

static void test_sizes(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = help_tree_options();
    help_tree_classes("s", 2, 4, 4);
    help_tree_image("s/dog/009.png", 4, 5, 3, 1);
    help_tree_image("s/emu/009.png", 9, 9, 3, 1);
    for (int k = 0; k < 4; k++) {
        o.images.caches = k % 2;
        o.images.skips_damaged = k / 2;
        assert_fails(lm_folder_open(&ds, "s", help_files_path("s"), &o, &err), LM_ESHAPE, err,
                     "s/dog/009.png is 4x5, but ");
        assert_non_null(strstr(err.msg, "s/cat/000.png is 4x4; say size={height, width}"));
    }
    o = help_tree_options();
    o.images.h = 8;
    o.images.w = 2;
    o.images.color = LM_COLOR_GRAY;
    assert_ok(lm_folder_open(&ds, "s", help_files_path("s"), &o, &err), err);
    assert_int_equal(ds->h, 8);
    assert_int_equal(ds->w, 2);
    assert_int_equal(ds->c, 1);
    lm_dataset_unref(ds);
    o.images.color = LM_COLOR_RGBA;
    assert_ok(lm_folder_open(&ds, "s", help_files_path("s"), &o, &err), err);
    uint8_t pixels[64];
    assert_ok(lm_dataset_read(ds, 0, pixels, &err), err);
    assert_int_equal(pixels[3], 255);
    lm_dataset_unref(ds);
    /* Without resizing, a file that changes after opening. */
    help_tree_classes("t", 1, 4, 4);
    o = help_tree_options();
    assert_ok(lm_folder_open(&ds, "t", help_files_path("t"), &o, &err), err);
    help_tree_image("t/dog/000.png", 3, 4, 3, 1);
    assert_fails(lm_dataset_read(ds, 1, pixels, &err), LM_ESHAPE, err,
                 "t/dog/000.png is 3x4, the images of this set are 4x4");
    assert_int_equal(unlink(help_files_path("t/dog/000.png")), 0);
    assert_fails(lm_dataset_read(ds, 1, pixels, &err), LM_ENOTFOUND, err,
                 "image 2 of 't': cannot open ");
    assert_non_null(strstr(err.msg, "t/dog/000.png: No such file"));
    lm_dataset_unref(ds);
}

/* Names that no shell would like. */
static void test_odd_names(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = help_tree_options();
    help_tree_image("o/ %s\n/\xff\xfe.png", 2, 2, 3, 1);
    help_tree_image("o/\xc3\xa9/a b'\"$(x).PNG", 2, 2, 3, 2);
    help_tree_image("o/-rf/*.png", 2, 2, 3, 3);
    assert_ok(lm_folder_open(&ds, "o", help_files_path("o"), &o, &err), err);
    assert_string_equal(ds->classes[0], " %s\n");
    assert_string_equal(ds->classes[1], "-rf");
    assert_string_equal(ds->classes[2], "\xc3\xa9");
    help_tree_assert_image(ds, 0, 1);
    help_tree_assert_image(ds, 1, 3);
    help_tree_assert_image(ds, 2, 2);
    lm_dataset_unref(ds);
    ds = NULL;
    help_tree_file("o/ %s\n/\xff\xff.png", "x", 1);
    assert_fails(lm_folder_open(&ds, "o", help_files_path("o"), &o, &err), LM_EFORMAT, err,
                 " %s\n/\xff\xff.png");
}

static void test_unreadable(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = help_tree_options();
    if (geteuid() == 0) {
        skip();
    }
    help_tree_classes("u", 2, 2, 2);
    assert_int_equal(chmod(help_files_path("u/dog/000.png"), 0), 0);
    assert_fails(lm_folder_open(&ds, "u", help_files_path("u"), &o, &err), LM_EIO, err,
                 "u/dog/000.png: Permission denied");
    o.images.skips_damaged = true;
    assert_ok(lm_folder_open(&ds, "u", help_files_path("u"), &o, &err), err);
    assert_int_equal(ds->skips->n, 1);
    lm_dataset_unref(ds);
}

static LmStatus open_once(const LmFolderOptions *o, LmError *err)
{
    LmDataset *ds = NULL;
    LmStatus st = lm_folder_open(&ds, "m", help_files_path("m"), o, err);
    assert_true(st != LM_OK || ds->count == 6); /* lack of memory is no damage to skip */
    lm_dataset_unref(ds);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmFolderOptions o = help_tree_options();
    int n_threads = lm_threads();
    help_tree_classes("m", 2, 3, 3);
    help_tree_file("m/dog/bad.png", "x", 1);
    lm_threads_set(1);
    o.images.skips_damaged = true;
    assert_survives_oom(open_once(&o, &err), err);
    o.images.caches = true;
    assert_survives_oom(open_once(&o, &err), err);
    o.images.h = 2;
    o.images.w = 2;
    assert_survives_oom(open_once(&o, &err), err);
    lm_threads_set(n_threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_and_pixels),
        cmocka_unit_test(test_class_refusals),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
