/* Digests of data sets (src/data/digest.c): what changes them and what does not. */
#define _XOPEN_SOURCE 700
#include "help_dataset.h"
#include "help_files.h"
#include "help_test.h"
#include "help_tree.h"

#include <unistd.h>

#include "base/threads.h"
#include "data/digest.h"

enum { LARGE = 1 << 30 };

static const char *digest(const LmDataset *ds, int64_t files_max, LmDigestOf *of)
{
    static char texts[4][65];
    static int turn;
    LmError err;
    turn = (turn + 1) % 4;
    assert_ok(lm_digest_dataset(ds, files_max, texts[turn], of, &err), err);
    assert_int_equal(strlen(texts[turn]), 64);
    return texts[turn];
}

static const char *digest_of_new(int64_t n, LmDtype dtype, int n_classes, uint64_t seed)
{
    LmDigestOf of = LM_DIGEST_NAMES;
    LmDataset *ds = help_dataset_new("some", n, 3, 5, 2, dtype, n_classes, seed);
    const char *text = digest(ds, LARGE, &of);
    assert_int_equal(of, LM_DIGEST_CONTENTS);
    lm_dataset_unref(ds);
    return text;
}

static void test_changes(void **state)
{
    (void)state;
    char first[65];
    memcpy(first, digest_of_new(50, LM_U8, 3, 1), sizeof first);
    assert_string_equal(digest_of_new(50, LM_U8, 3, 1), first);
    assert_string_not_equal(digest_of_new(50, LM_U8, 3, 2), first);
    assert_string_not_equal(digest_of_new(51, LM_U8, 3, 1), first);
    assert_string_not_equal(digest_of_new(50, LM_U8, 4, 1), first);
    assert_string_not_equal(digest_of_new(50, LM_U8, 0, 1), first);
    assert_string_not_equal(digest_of_new(50, LM_F32, 3, 1), first);
}

/* Several parts: 40,000 images of 30 bytes are more than 1 MB. */
static void test_threads(void **state)
{
    (void)state;
    LmDigestOf of;
    char first[65] = "";
    LmDataset *ds = help_dataset_new("some", 40000, 3, 5, 2, LM_U8, 3, 1);
    LmDataset *reading = help_dataset_reading(ds, -1);
    for (int n = 1; n <= 5; n++) {
        lm_threads_set(n);
        const char *text = digest(n % 2 == 0 ? ds : reading, LARGE, &of);
        if (n > 1) {
            assert_string_equal(text, first);
        }
        memcpy(first, text, sizeof first);
    }
    lm_dataset_unref(reading);
    lm_dataset_unref(ds);
}

static LmDataset *open_tree(bool is_cached)
{
    LmError err;
    LmDataset *ds = NULL;
    LmFolderOptions o = help_tree_options();
    o.images.caches = is_cached;
    assert_ok(lm_folder_open(&ds, "tree", help_files_path("tree"), &o, &err), err);
    return ds;
}

/* Files count with their bytes, cached or not; many of them with names and sizes. */
static void test_files(void **state)
{
    (void)state;
    LmDigestOf of;
    LmError err;
    char text[65];
    help_tree_classes("tree", 30, 5, 6);
    LmDataset *ds = open_tree(false);
    LmDataset *cached = open_tree(true);
    const char *contents = digest(ds, LARGE, &of);
    assert_int_equal(of, LM_DIGEST_CONTENTS);
    assert_string_equal(digest(cached, LARGE, &of), contents);
    const char *names = digest(ds, 100, &of);
    assert_int_equal(of, LM_DIGEST_NAMES);
    assert_string_not_equal(names, contents);
    help_tree_image("tree/dog/003.png", 5, 6, 3, 1234);
    assert_string_not_equal(digest(ds, LARGE, &of), contents);
    assert_int_equal(unlink(help_files_path("tree/dog/003.png")), 0);
    assert_fails(lm_digest_dataset(ds, LARGE, text, &of, &err), LM_ENOTFOUND, err, "003.png");
    assert_string_not_equal(digest(ds, 100, &of), names);
    lm_dataset_unref(cached);
    lm_dataset_unref(ds);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmDigestOf of = LM_DIGEST_NAMES;
    char text[65] = "as before";
    LmDataset *base = help_dataset_new("some", 130, 3, 5, 2, LM_U8, 2, 7);
    LmDataset *ds = help_dataset_reading(base, 2);
    assert_fails(lm_digest_dataset(ds, LARGE, text, &of, &err), LM_EIO, err, "cannot read");
    lm_threads_cancel();
    assert_fails(lm_digest_dataset(base, LARGE, text, &of, &err), LM_ECANCEL, err, "interrupted");
    lm_threads_clear_cancel();
    assert_string_equal(text, "as before");
    assert_int_equal(of, LM_DIGEST_NAMES);
    lm_threads_set(1);
    assert_survives_oom(lm_digest_dataset(base, LARGE, text, &of, &err), err);
    lm_dataset_unref(ds);
    lm_dataset_unref(base);
}

/* A part is known by the sets it was made of. */
static void test_roots(void **state)
{
    (void)state;
    LmError err;
    LmDataset *base = help_dataset_new("base", 9, 3, 2, 1, LM_U8, 4, 1);
    LmDataset *other = help_dataset_new("other", 9, 3, 2, 1, LM_U8, 4, 2);
    LmDataset *part = NULL;
    LmDataset *both = NULL;
    assert_ok(lm_view_range(&part, base, 2, 3, &err), err);
    assert_ok(lm_view_concat(&both, part, other, &err), err);
    assert_int_equal(lm_view_n_roots(base), 1);
    assert_ptr_equal(lm_view_root(base, 0), base);
    assert_ptr_equal(lm_view_root(part, 0), base);
    assert_int_equal(lm_view_n_roots(both), 2);
    assert_ptr_equal(lm_view_root(both, 0), base);
    assert_ptr_equal(lm_view_root(both, 1), other);
    lm_dataset_unref(both);
    lm_dataset_unref(part);
    lm_dataset_unref(other);
    lm_dataset_unref(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
