/* Folders of images as data sets (src/data/folder.c, src/data/files.c): classes and order, sizes,
 * reading and caching, damage reported or skipped, the same bits for any number of threads. */
#define _XOPEN_SOURCE 700
#include "help_files.h"
#include "help_test.h"
#include "help_tree.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/threads.h"
#include "data/sources.h"
#include "io/file.h"

static LmFolderOptions plain(void)
{
    return (LmFolderOptions){.images = {.color = LM_COLOR_RGB, .resize = LM_RESIZE_BILINEAR}};
}

/* `n` images h x w x 3 in each of folders cat, dog and emu of `root`; seeds count up from 0. */
static void make_tree(const char *root, int n, int64_t h, int64_t w)
{
    static const char *const classes[] = {"cat", "dog", "emu"};
    char name[128];
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < n; i++) {
            snprintf(name, sizeof name, "%s/%s/%03d.png", root, classes[k], i);
            help_tree_image(name, h, w, 3, (unsigned)(k * n + i));
        }
    }
}

static void assert_image(const LmDataset *ds, int64_t i, unsigned seed)
{
    LmError err;
    uint8_t pixels[1024];
    assert_true(lm_dataset_item_count(ds) <= (int64_t)sizeof pixels);
    assert_ok(lm_dataset_read(ds, i, pixels, &err), err);
    for (int64_t k = 0; k < lm_dataset_item_count(ds); k++) {
        assert_int_equal(pixels[k], help_tree_pixel(seed, k));
    }
}

static void test_classes_and_pixels(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    make_tree("plain", 4, 5, 6);
    help_tree_file("plain/cat/notes.txt", "x", 1);
    help_tree_file("plain/.DS_Store", "x", 1);
    help_tree_file("plain/stray.png", "x", 1);
    for (int is_cached = 0; is_cached < 2; is_cached++) {
        LmFolderOptions o = plain();
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
            assert_image(ds, i, (unsigned)i);
        }
        assert_string_equal(lm_dataset_item_name(ds, 5), help_files_path("plain/dog/001.png"));
        lm_dataset_unref(ds);
    }
    LmFolderOptions o = plain();
    o.classes = (const char *const[]){"emu", "cat"};
    o.n_classes = 2;
    assert_ok(lm_folder_open(&ds, "tree", help_files_path("plain"), &o, &err), err);
    assert_int_equal(ds->count, 8);
    assert_string_equal(ds->classes[0], "emu");
    assert_image(ds, 0, 8);
    assert_image(ds, 4, 0);
    lm_dataset_unref(ds);
}

static void test_class_refusals(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = plain();
    make_tree("r", 1, 2, 2);
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
    o = plain();
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
    LmFolderOptions o = plain();
    make_tree("s", 2, 4, 4);
    help_tree_image("s/dog/009.png", 4, 5, 3, 1);
    help_tree_image("s/emu/009.png", 9, 9, 3, 1);
    for (int k = 0; k < 4; k++) {
        o.images.caches = k % 2;
        o.images.skips_damaged = k / 2;
        assert_fails(lm_folder_open(&ds, "s", help_files_path("s"), &o, &err), LM_ESHAPE, err,
                     "s/dog/009.png is 4x5, but ");
        assert_non_null(strstr(err.msg, "s/cat/000.png is 4x4; say size={height, width}"));
    }
    o = plain();
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
    make_tree("t", 1, 4, 4);
    o = plain();
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

/* Files that are no images in several ways among good ones; those in `bad` are. */
static const char *const bad_files[] = {"d/cat/005.png", "d/cat/zero.jpg", "d/dog/cut.png",
                                        "d/dog/html.jpg", "d/emu/bomb.png"};

static void make_damaged(void)
{
    LmError err;
    LmFile f;
    make_tree("d", 6, 5, 5);
    assert_ok(lm_file_open(&f, help_files_path("d/cat/005.png"), 0, &err), err);
    uint8_t bytes[4096];
    size_t size = f.size;
    memcpy(bytes, f.bytes, size);
    lm_file_close(&f);
    help_tree_file("d/dog/cut.png", bytes, size - 20);
    bytes[size / 2] ^= 4; /* a bit of the pixels: stb_image would not notice */
    help_tree_file("d/cat/005.png", bytes, size);
    help_tree_file("d/cat/zero.jpg", "", 0);
    help_tree_file("d/dog/html.jpg", "<!DOCTYPE html><p>404", 21);
    static const uint8_t bomb[] = {0x89, 'P',  'N', 'G', 13,  10, 26, 10,   0,    0, 0,
                                   13,   'I',  'H', 'D', 'R', 0,  0,  0xff, 0xff, 0, 0,
                                   0xff, 0xff, 8,   2,   0,   0,  0,  0,    0,    0, 0};
    help_tree_file("d/emu/bomb.png", bomb, sizeof bomb);
}

static void test_damage(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = plain();
    make_damaged();
    char root[512];
    snprintf(root, sizeof root, "%s", help_files_path("d"));
    for (int is_cached = 0; is_cached < 2; is_cached++) {
        o.images.h = 5;
        o.images.w = 5;
        o.images.caches = is_cached;
        o.images.skips_damaged = false;
        if (is_cached) {
            assert_fails(lm_folder_open(&ds, "d", root, &o, &err), LM_EFORMAT, err,
                         "d/cat/005.png: ");
        } else {
            uint8_t pixels[75];
            assert_ok(lm_folder_open(&ds, "d", root, &o, &err), err);
            assert_int_equal(ds->count, 22);
            assert_null(ds->skips);
            assert_fails(lm_dataset_read(ds, 5, pixels, &err), LM_EFORMAT, err, "d/cat/005.png: ");
            lm_dataset_unref(ds);
            ds = NULL;
        }
        o.images.skips_damaged = true;
        for (int is_sized = 0; is_sized < 2; is_sized++) {
            o.images.h = is_sized ? 5 : 0;
            o.images.w = o.images.h;
            assert_ok(lm_folder_open(&ds, "d", root, &o, &err), err);
            assert_int_equal(ds->count, 17);
            assert_int_equal(ds->skips->n, 5);
            for (int64_t k = 0; k < 5; k++) {
                assert_string_equal(ds->skips->entries[k].path, help_files_path(bad_files[k]));
                assert_null(strstr(ds->skips->entries[k].reason, bad_files[k]));
            }
            for (int64_t i = 0; i < 17; i++) {
                unsigned seed = (unsigned)(i < 5 ? i : i + 1);
                assert_int_equal(ds->labels[i], seed / 6);
                assert_image(ds, i, seed);
            }
            lm_dataset_unref(ds);
            ds = NULL;
        }
    }
}

static void test_all_damaged(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = plain();
    o.images.skips_damaged = true;
    make_tree("e", 2, 3, 3);
    help_tree_file("e/dog/000.png", "x", 1);
    help_tree_file("e/dog/001.png", "x", 1);
    assert_fails(lm_folder_open(&ds, "e", help_files_path("e"), &o, &err), LM_EFORMAT, err,
                 "e: no file of class 'dog' can be read");
    help_tree_file("w/a/1.png", "x", 1);
    help_tree_file("w/b/2.png", "", 0);
    for (int is_cached = 0; is_cached < 2; is_cached++) {
        o.images.caches = is_cached;
        assert_fails(lm_folder_open(&ds, "w", help_files_path("w"), &o, &err), LM_EFORMAT, err,
                     "none of 2 files can be read; the first, ");
        assert_non_null(strstr(err.msg, "w/a/1.png: "));
    }
    assert_null(ds);
}

static void test_budget(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = plain();
    make_tree("b", 4, 10, 10);
    o.images.caches = true;
    o.images.budget_bytes = 3600;
    assert_ok(lm_folder_open(&ds, "b", help_files_path("b"), &o, &err), err);
    lm_dataset_unref(ds);
    ds = NULL;
    o.images.budget_bytes = 3599;
    assert_fails(lm_folder_open(&ds, "b", help_files_path("b"), &o, &err), LM_EMEM, err,
                 "a cache of 12 images 10x10x3 takes 3.6 kB, more than the budget of 3.6 kB");
    o.images.h = 65535;
    o.images.w = 65535;
    o.images.budget_bytes = 0;
    assert_fails(lm_folder_open(&ds, "b", help_files_path("b"), &o, &err), LM_EMEM, err,
                 "a cache of 12 images 65535x65535x3 takes 154.6 GB, more than the budget of");
    /* One file may take a quarter of it: one that takes more counts as damaged. */
    uint8_t pixels[300];
    o = plain();
    o.images.budget_bytes = 1196;
    assert_ok(lm_folder_open(&ds, "b", help_files_path("b"), &o, &err), err);
    assert_fails(lm_dataset_read(ds, 0, pixels, &err), LM_EMEM, err, "b/cat/000.png: ");
    lm_dataset_unref(ds);
    ds = NULL;
    o.images.skips_damaged = true;
    assert_fails(lm_folder_open(&ds, "b", help_files_path("b"), &o, &err), LM_EFORMAT, err,
                 "none of 12 files can be read");
    o.images.budget_bytes = 1200;
    assert_ok(lm_folder_open(&ds, "b", help_files_path("b"), &o, &err), err);
    assert_int_equal(ds->count, 12);
    lm_dataset_unref(ds);
}

/* Sets opened and read with 1 to 5 threads are the same, skips and errors included. */
static void test_threads(void **state)
{
    (void)state;
    LmError err;
    LmDataset *sets[5];
    LmFolderOptions o = plain();
    char messages[5][512];
    int n_threads = lm_threads();
    make_tree("n", 150, 3, 3);
    for (int i = 3; i < 450; i += 29) {
        char name[64];
        snprintf(name, sizeof name, "n/%s/%03d.png", i % 2 ? "cat" : "emu", i % 150);
        help_tree_file(name, "broken", (size_t)(i % 6));
    }
    for (int k = 0; k < 5; k++) {
        lm_threads_set(k + 1);
        o.images = (LmImageSetOptions){.h = 3, .w = 3, .color = LM_COLOR_RGB, .caches = true};
        assert_int_not_equal(lm_folder_open(&sets[k], "n", help_files_path("n"), &o, &err), LM_OK);
        memcpy(messages[k], err.msg, sizeof err.msg);
        o.images.skips_damaged = true;
        assert_ok(lm_folder_open(&sets[k], "n", help_files_path("n"), &o, &err), err);
    }
    lm_threads_set(n_threads);
    for (int k = 1; k < 5; k++) {
        assert_string_equal(messages[k], messages[0]);
        assert_int_equal(sets[k]->count, sets[0]->count);
        assert_int_equal(sets[k]->skips->n, sets[0]->skips->n);
        assert_true(sets[k]->skips->n > 10);
        for (int64_t i = 0; i < sets[0]->skips->n; i++) {
            assert_string_equal(sets[k]->skips->entries[i].path, sets[0]->skips->entries[i].path);
        }
        for (int64_t i = 0; i < sets[0]->count; i++) {
            assert_memory_equal(lm_dataset_pixels(sets[k], i), lm_dataset_pixels(sets[0], i), 27);
            assert_string_equal(lm_dataset_item_name(sets[k], i), lm_dataset_item_name(sets[0], i));
        }
        lm_dataset_unref(sets[k]);
    }
    lm_dataset_unref(sets[0]);
}

static void *read_all(void *ds)
{
    LmError err;
    uint8_t pixels[27];
    for (int turn = 0; turn < 20; turn++) {
        for (int64_t i = 0; i < ((LmDataset *)ds)->count; i++) {
            if (lm_dataset_read(ds, i, pixels, &err) != LM_OK ||
                pixels[5] != help_tree_pixel((unsigned)i, 5)) {
                return ds;
            }
        }
    }
    return NULL;
}

static void test_read_from_many_threads(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = plain();
    pthread_t threads[4];
    make_tree("p", 5, 3, 3);
    assert_ok(lm_folder_open(&ds, "p", help_files_path("p"), &o, &err), err);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(pthread_create(&threads[k], NULL, read_all, ds), 0);
    }
    for (int k = 0; k < 4; k++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[k], &failed), 0);
        assert_null(failed);
    }
    lm_dataset_unref(ds);
}

/* Names that no shell would like. */
static void test_odd_names(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = plain();
    help_tree_image("o/ %s\n/\xff\xfe.png", 2, 2, 3, 1);
    help_tree_image("o/\xc3\xa9/a b'\"$(x).PNG", 2, 2, 3, 2);
    help_tree_image("o/-rf/*.png", 2, 2, 3, 3);
    assert_ok(lm_folder_open(&ds, "o", help_files_path("o"), &o, &err), err);
    assert_string_equal(ds->classes[0], " %s\n");
    assert_string_equal(ds->classes[1], "-rf");
    assert_string_equal(ds->classes[2], "\xc3\xa9");
    assert_image(ds, 0, 1);
    assert_image(ds, 1, 3);
    assert_image(ds, 2, 2);
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
    LmFolderOptions o = plain();
    if (geteuid() == 0) {
        skip();
    }
    make_tree("u", 2, 2, 2);
    assert_int_equal(chmod(help_files_path("u/dog/000.png"), 0), 0);
    assert_fails(lm_folder_open(&ds, "u", help_files_path("u"), &o, &err), LM_EIO, err,
                 "u/dog/000.png: Permission denied");
    o.images.skips_damaged = true;
    assert_ok(lm_folder_open(&ds, "u", help_files_path("u"), &o, &err), err);
    assert_int_equal(ds->skips->n, 1);
    lm_dataset_unref(ds);
}

static void test_cancel(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = plain();
    o.images.skips_damaged = true;
    make_tree("x", 1, 2, 2);
    lm_threads_cancel();
    assert_fails(lm_folder_open(&ds, "x", help_files_path("x"), &o, &err), LM_ECANCEL, err,
                 "interrupted");
    lm_threads_clear_cancel();
    assert_null(ds);
}

static LmStatus open_once(const LmFolderOptions *o, LmError *err)
{
    LmDataset *ds = NULL;
    LmStatus st = lm_folder_open(&ds, "m", help_files_path("m"), o, err);
    lm_dataset_unref(ds);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmFolderOptions o = plain();
    int n_threads = lm_threads();
    make_tree("m", 2, 3, 3);
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
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_all_damaged),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_read_from_many_threads),
        cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
