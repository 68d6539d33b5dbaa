/* Looking for image files (src/data/scan.c): order, what counts as an image, links and loops; and
 * lists of names (src/data/names.c, src/data/lookup.c). */
#define _XOPEN_SOURCE 700
#include "help_files.h"
#include "help_test.h"
#include "help_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include "data/lookup.h"
#include "data/scan.h"

static LmNames list_of(const char *const *texts)
{
    LmError err;
    LmNames names = {0};
    for (; *texts != NULL; texts++) {
        assert_ok(lm_names_add(&names, *texts, strlen(*texts), &err), err);
    }
    return names;
}

static void assert_names(const LmNames *names, const char *const *texts)
{
    int64_t i = 0;
    for (; texts[i] != NULL; i++) {
        assert_true(i < names->n);
        assert_string_equal(lm_names_get(names, i), texts[i]);
    }
    assert_int_equal(names->n, i);
}

static void test_sort(void **state)
{
    (void)state;
    LmError err;
    LmNames names = list_of((const char *const[]){"b/x", "a/b/x", "a-b/x", "a/z", "\xc3\xa9", "Z",
                                                  "a/b/x", "z", "", NULL});
    assert_ok(lm_names_sort(&names, true, &err), err);
    assert_names(&names, (const char *const[]){"", "Z", "z", "\xc3\xa9", "a/z", "a-b/x", "a/b/x",
                                               "a/b/x", "b/x", NULL});
    assert_int_equal(lm_names_find(&names, "a/z"), 4);
    assert_int_equal(lm_names_find(&names, "a"), -1);
    assert_ok(lm_lookup_unique(&names, &err), err);
    assert_names(&names, (const char *const[]){"", "Z", "a-b/x", "a/b/x", "a/z", "b/x", "z",
                                               "\xc3\xa9", NULL});
    lm_names_keep(&names, (const int64_t[]){1, 4, 7}, 3);
    assert_names(&names, (const char *const[]){"Z", "a/z", "\xc3\xa9", NULL});
    lm_names_fini(&names);
    assert_int_equal(names.n, 0);
}

static void test_lookup(void **state)
{
    (void)state;
    LmError err;
    LmLookup l;
    char text[16];
    LmNames names = {0};
    assert_ok(lm_lookup_init(&l, &names, &err), err);
    assert_int_equal(lm_lookup_get(&l, ""), -1);
    lm_lookup_fini(&l);
    for (int k = 0; k < 300; k++) {
        snprintf(text, sizeof text, "n%d", k * 7 % 300);
        assert_ok(lm_names_add(&names, text, strlen(text), &err), err);
    }
    assert_ok(lm_lookup_init(&l, &names, &err), err);
    for (int k = 0; k < 300; k++) {
        assert_int_equal(lm_lookup_get(&l, lm_names_get(&names, k)), k);
    }
    assert_int_equal(lm_lookup_get(&l, "n300"), -1);
    assert_int_equal(lm_lookup_get(&l, "m"), -1);
    assert_int_equal(lm_lookup_get(&l, "o"), -1);
    lm_lookup_fini(&l);
    assert_ok(lm_names_add(&names, "n0", 2, &err), err);
    assert_fails(lm_lookup_init(&l, &names, &err), LM_EARG, err,
                 "'n0' is named twice, as number 1 and 301");
    lm_names_fini(&names);
}

static void test_images(void **state)
{
    (void)state;
    LmError err;
    LmScanCounts counts = {0};
    LmNames found = {0};
    static const char *const files[] = {
        "s/b.png",     "s/a.JPG",     "s/.hidden.png", "s/mypng",      "s/notes.txt", "s/x/1.bmp",
        "s/x-y/1.gif", "s/x/y/1.tga", "s/x/1.png.bak", "s/.git/a.png", "s/c.png.png", NULL};
    for (int k = 0; files[k] != NULL; k++) {
        help_tree_file(files[k], "x", 1);
    }
    help_tree_folder("s/folder.png");
    assert_int_equal(mkfifo(help_files_path("s/pipe.png"), 0600), 0);
    assert_ok(lm_scan_images(&found, &counts, help_files_path("s"), false, &err), err);
    static const char *const want[] = {"s/a.JPG",   "s/b.png",     "s/c.png.png",
                                       "s/x/1.bmp", "s/x-y/1.gif", "s/x/y/1.tga"};
    assert_int_equal(found.n, LM_ARRAY_LEN(want));
    /* "-" comes before "/": s/x, then s/x-y, then s/x/y. */
    for (int64_t i = 0; i < found.n; i++) {
        assert_string_equal(lm_names_get(&found, i), help_files_path(want[i]));
    }
    assert_int_equal(counts.n_hidden, 2);
    assert_int_equal(counts.n_foreign, 4); /* mypng, notes.txt, 1.png.bak, pipe.png */
    assert_int_equal(counts.n_links, 0);
    assert_int_equal(lm_scan_total(&counts), 6);
    lm_names_fini(&found);
}

static void test_folders(void **state)
{
    (void)state;
    LmError err;
    LmScanCounts counts = {0};
    int64_t n_images = 0;
    LmNames found = {0};
    help_tree_folder("f/zebra");
    help_tree_folder("f/Ape");
    help_tree_folder("f/.cache");
    help_tree_folder("f/ape");
    help_tree_file("f/stray.png", "x", 1);
    help_tree_file("f/readme", "x", 1);
    help_tree_link("f/link", "zebra");
    help_tree_link("f/nowhere", "gone");
    assert_ok(lm_scan_folders(&found, &counts, &n_images, help_files_path("f/"), false, &err), err);
    assert_names(&found, (const char *const[]){"Ape", "ape", "zebra", NULL});
    assert_int_equal(n_images, 1);
    assert_int_equal(counts.n_hidden, 1);
    assert_int_equal(counts.n_foreign, 2);
    assert_int_equal(counts.n_links, 2);
    lm_names_fini(&found);
    counts = (LmScanCounts){0};
    assert_ok(lm_scan_folders(&found, &counts, &n_images, help_files_path("f"), true, &err), err);
    assert_names(&found, (const char *const[]){"Ape", "ape", "link", "zebra", NULL});
    assert_int_equal(counts.n_links, 1);
    lm_names_fini(&found);
}

/* Links to the folder itself, above it, to each other, and two to one place. */
static void test_loops(void **state)
{
    (void)state;
    LmError err;
    LmScanCounts counts = {0};
    LmNames found = {0};
    help_tree_file("l/a/1.png", "x", 1);
    help_tree_file("l/b/2.png", "x", 1);
    help_tree_file("l/other/3.png", "x", 1);
    help_tree_link("l/a/self", ".");
    help_tree_link("l/a/up", "..");
    help_tree_link("l/a/root", "/");
    help_tree_link("l/a/b", "../b");
    help_tree_link("l/b/a", "../a");
    help_tree_link("l/a/b2", "../b");
    help_tree_link("l/a/gone.png", "nowhere.png");
    help_tree_link("l/a/ring", "ring");
    help_tree_link("l/a/file.png", "../other/3.png");
    assert_ok(lm_scan_images(&found, &counts, help_files_path("l/a"), true, &err), err);
    assert_int_equal(found.n, 3);
    assert_string_equal(lm_names_get(&found, 0), help_files_path("l/a/1.png"));
    assert_string_equal(lm_names_get(&found, 1), help_files_path("l/a/file.png"));
    assert_string_equal(lm_names_get(&found, 2), help_files_path("l/a/b/2.png"));
    assert_int_equal(counts.n_links, 7); /* self, up, root, b2, b/a; gone, ring */
    lm_names_fini(&found);
    counts = (LmScanCounts){0};
    assert_ok(lm_scan_images(&found, &counts, help_files_path("l/a"), false, &err), err);
    assert_int_equal(found.n, 1);
    assert_int_equal(counts.n_links, 8);
    lm_names_fini(&found);
}

/* Folders as deep as paths can be: an answer, not an overflow. */
static void test_deep(void **state)
{
    (void)state;
    LmError err;
    LmScanCounts counts = {0};
    LmNames found = {0};
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    help_tree_folder("deep");
    assert_int_equal(chdir(help_files_path("deep")), 0);
    for (int k = 0; k < 2200; k++) {
        assert_int_equal(mkdir("d", 0777), 0);
        assert_int_equal(chdir("d"), 0);
    }
    assert_int_equal(chdir(here), 0);
    assert_fails(lm_scan_images(&found, &counts, help_files_path("deep"), false, &err), LM_EIO, err,
                 "is longer than the 4095 bytes the system allows");
    assert_int_equal(found.n, 0);
    assert_int_equal(chdir(help_files_path("deep")), 0);
    for (int k = 0; k < 2200; k++) {
        assert_int_equal(chdir("d"), 0);
    }
    for (int k = 0; k < 2200; k++) {
        assert_int_equal(chdir(".."), 0);
        assert_int_equal(rmdir("d"), 0);
    }
    assert_int_equal(chdir(here), 0);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmScanCounts counts = {0};
    LmNames found = {0};
    assert_fails(lm_scan_images(&found, &counts, help_files_path("none"), false, &err),
                 LM_ENOTFOUND, err, "none: No such file");
    assert_fails(lm_scan_images(&found, &counts, "", false, &err), LM_ENOTFOUND, err,
                 "cannot open");
    help_tree_file("file", "x", 1);
    assert_fails(lm_scan_images(&found, &counts, help_files_path("file"), false, &err), LM_EIO, err,
                 "file: Not a directory");
    if (geteuid() != 0) {
        help_tree_folder("locked/inner");
        assert_int_equal(chmod(help_files_path("locked/inner"), 0), 0);
        assert_fails(lm_scan_images(&found, &counts, help_files_path("locked"), false, &err),
                     LM_EIO, err, "locked/inner: Permission denied");
        assert_int_equal(chmod(help_files_path("locked/inner"), 0777), 0);
    }
    assert_int_equal(lm_scan_total(&counts), 0);
}

static LmStatus scan(const char *path, bool follows, LmError *err)
{
    LmScanCounts counts = {0};
    LmNames found = {0};
    int64_t n_images = 0;
    LmStatus st = lm_scan_images(&found, &counts, path, follows, err);
    if (st == LM_OK) {
        st = lm_scan_folders(&found, &counts, &n_images, path, follows, err);
    }
    lm_names_fini(&found);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    help_tree_file("m/a/1.png", "x", 1);
    help_tree_file("m/b/2.png", "x", 1);
    help_tree_link("m/a/up", "..");
    assert_survives_oom(scan(help_files_path("m"), false, &err), err);
    assert_survives_oom(scan(help_files_path("m"), true, &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort),     cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_images),   cmocka_unit_test(test_folders),
        cmocka_unit_test(test_loops),    cmocka_unit_test(test_deep),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
