/* Sets of image files (src/data/files.c): damage reported or skipped, cache and budget, reading
 * from many threads, the same bits for any number of them. */
#define _XOPEN_SOURCE 700
#include "help_files.h"
#include "help_test.h"
#include "help_tree.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/threads.h"
#include "data/files.h"
#include "data/sources.h"
#include "io/file.h"

/* Files that are no images in several ways among good ones; those in `bad` are. */
static const char *const bad_files[] = {"d/cat/005.png", "d/cat/zero.jpg", "d/dog/cut.png",
                                        "d/dog/html.jpg", "d/emu/bomb.png"};

static void make_damaged(void)
{
    LmError err;
    LmFile f;
    help_tree_classes("d", 6, 5, 5);
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
    LmFolderOptions o = help_tree_options();
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
                help_tree_assert_image(ds, i, seed);
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
    LmFolderOptions o = help_tree_options();
    o.images.skips_damaged = true;
    help_tree_classes("e", 2, 3, 3);
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
    LmFolderOptions o = help_tree_options();
    help_tree_classes("b", 4, 10, 10);
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
    o.images.caches = false;
    assert_fails(lm_folder_open(&ds, "b", help_files_path("b"), &o, &err), LM_EMEM, err,
                 "one image 65535x65535x3 takes 12.9 GB, more than the budget of 2.1 GB");
    /* One file may take a quarter of it: one that takes more counts as damaged. */
    uint8_t pixels[300];
    o = help_tree_options();
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
    LmFolderOptions o = help_tree_options();
    char messages[5][512];
    int n_threads = lm_threads();
    help_tree_classes("n", 150, 3, 3);
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
    LmFolderOptions o = help_tree_options();
    pthread_t threads[4];
    help_tree_classes("p", 5, 3, 3);
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

static int count_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

/* No file stays open, read or refused. */
static void test_descriptors(void **state)
{
    (void)state;
    LmError err;
    uint8_t pixels[27];
    LmDataset *ds = NULL;
    LmFolderOptions o = help_tree_options();
    help_tree_classes("fd", 3, 3, 3);
    help_tree_file("fd/dog/bad.png", "x", 1);
    o.images.h = 3;
    o.images.w = 3;
    int before = count_descriptors();
    assert_ok(lm_folder_open(&ds, "fd", help_files_path("fd"), &o, &err), err);
    for (int turn = 0; turn < 300; turn++) {
        for (int64_t i = 0; i < ds->count; i++) {
            assert_int_equal(lm_dataset_read(ds, i, pixels, &err), i == 6 ? LM_EFORMAT : LM_OK);
        }
    }
    lm_dataset_unref(ds);
    assert_int_equal(count_descriptors(), before);
}

static void test_cancel(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = help_tree_options();
    o.images.skips_damaged = true;
    help_tree_classes("x", 1, 2, 2);
    lm_threads_cancel();
    assert_fails(lm_folder_open(&ds, "x", help_files_path("x"), &o, &err), LM_ECANCEL, err,
                 "interrupted");
    lm_threads_clear_cancel();
    assert_null(ds);
}

/* Rows without names for their columns, as whoever fills them may leave them. */
static void test_unnamed_columns(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmFileRows rows = {.targets_kind = LM_TARGETS_VALUES, .n_targets = 20};
    const LmImageSetOptions o = {.color = LM_COLOR_RGB};
    help_tree_image("v.png", 2, 2, 3, 1);
    const char *path = help_files_path("v.png");
    assert_ok(lm_names_add(&rows.paths, path, strlen(path), &err), err);
    assert_ok(lm_mem_zeros(&rows.targets, 20, sizeof(float), &err), err);
    assert_ok(lm_files_open(&ds, "v", &rows, &o, &err), err);
    assert_string_equal(ds->classes[19], "19");
    lm_file_rows_fini(&rows);
    lm_dataset_unref(ds);
    assert_ok(lm_names_add(&rows.paths, path, strlen(path), &err), err);
    assert_ok(lm_mem_zeros(&rows.labels, 1, sizeof(int32_t), &err), err);
    rows.labels[0] = 3;
    assert_ok(lm_files_open(&ds, "v", &rows, &o, &err), err);
    assert_int_equal(ds->n_classes, 4);
    lm_file_rows_fini(&rows);
    lm_dataset_unref(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_all_damaged),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_read_from_many_threads),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_unnamed_columns),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
