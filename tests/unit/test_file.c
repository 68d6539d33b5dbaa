/* Reading files: what is not a file, what is empty, mapped or gzip. */
#define _GNU_SOURCE
#include "help_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "help_files.h"
#include "io/file.h"

static void test_plain_is_mapped(void **state)
{
    (void)state;
    LmError err;
    LmFile f;
    size_t before = lm_mem_in_use();
    const char *path = help_files_make("plain", "\x1f hello", 7);
    assert_ok(lm_file_open(&f, path, 1, &err), err); /* the limit is for inflated data only */
    assert_true(f.is_mapped && !f.was_gzip);
    assert_int_equal(f.size, 7);
    assert_memory_equal(f.bytes, "\x1f hello", 7);
    assert_int_equal(lm_mem_in_use(), before);
    lm_file_close(&f);
    assert_null(f.bytes);
    lm_file_close(&f);
}

static void test_tiny_files(void **state)
{
    (void)state;
    LmError err;
    LmFile f;
    for (size_t n = 0; n <= 2; n++) {
        assert_ok(lm_file_open(&f, help_files_make("tiny", "\x1f\x00", n), 0, &err), err);
        assert_int_equal(f.size, n);
        assert_non_null(f.bytes);
        lm_file_close(&f);
    }
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    LmError err;
    LmFile f = {.size = 77};
    char long_name[5000];
    assert_fails(lm_file_open(&f, help_files_path("missing"), 0, &err), LM_ENOTFOUND, err,
                 "/missing: No such file or directory");
    assert_fails(lm_file_open(&f, "", 0, &err), LM_ENOTFOUND, err, "cannot open");
    assert_fails(lm_file_open(&f, help_files_path("."), 0, &err), LM_EIO, err, "is a directory");
    assert_fails(lm_file_open(&f, "/dev/null", 0, &err), LM_EIO, err, "device or pipe");
    assert_int_equal(mkfifo(help_files_path("fifo"), 0600), 0);
    assert_fails(lm_file_open(&f, help_files_path("fifo"), 0, &err), LM_EIO, err, "device or pipe");
    help_files_make("file", "x", 1);
    assert_fails(lm_file_open(&f, help_files_path("file/below"), 0, &err), LM_EIO, err,
                 "Not a directory");
    assert_int_equal(symlink("loop", help_files_path("loop")), 0);
    assert_fails(lm_file_open(&f, help_files_path("loop"), 0, &err), LM_EIO, err, "symbolic links");
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_fails(lm_file_open(&f, long_name, 0, &err), LM_EIO, err, "nnnn: File name too long");
    assert_int_equal(f.size, 77);
}

static void test_unreadable(void **state)
{
    (void)state;
    LmError err;
    LmFile f;
    if (geteuid() == 0) {
        skip(); /* root may read everything */
    }
    const char *path = help_files_make("secret", "x", 1);
    assert_int_equal(chmod(path, 0), 0);
    assert_fails(lm_file_open(&f, path, 0, &err), LM_EIO, err, "Permission denied");
}

static const char *make_gzip(const char *name, const void *bytes, size_t size)
{
    const char *path = help_files_path(name);
    gzFile z = gzopen(path, "wb9");
    assert_non_null(z);
    assert_int_equal(gzwrite(z, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(z), Z_OK);
    return path;
}

static void test_gzip_whatever_its_name(void **state)
{
    (void)state;
    LmError err;
    LmFile f;
    const char *path = make_gzip("zipped.txt", "inside", 6);
    size_t before = lm_mem_in_use();
    assert_survives_oom(lm_file_open(&f, path, 0, &err), err);
    assert_true(f.was_gzip && !f.is_mapped);
    assert_int_equal(f.size, 6);
    assert_memory_equal(f.bytes, "inside", 6);
    lm_file_close(&f);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_damaged_gzip_names_the_file(void **state)
{
    (void)state;
    LmError err;
    LmFile f;
    const char *path = help_files_make("bad.gz", "\x1f\x8b\x08 and so on", 12);
    assert_fails(lm_file_open(&f, path, 0, &err), LM_EFORMAT, err, path);
    path = make_gzip("large.gz", (char[5000]){0}, 5000);
    assert_fails(lm_file_open(&f, path, 4999, &err), LM_EMEM, err,
                 "large.gz: gzip data inflates "
                 "to more than 5.0 kB");
    assert_ok(lm_file_open(&f, path, 5000, &err), err);
    lm_file_close(&f);
}

/* The descriptor is not needed once the file is mapped: none may stay open. */
static void test_no_descriptor_stays_open(void **state)
{
    (void)state;
    LmError err;
    int next = open("/dev/null", O_RDONLY);
    close(next);
    for (int i = 0; i < 3; i++) {
        LmFile f;
        const char *path = help_files_make("descriptor", "abc", i == 0 ? 0 : 3);
        assert_ok(lm_file_open(&f, path, 0, &err), err);
        int now = open("/dev/null", O_RDONLY);
        assert_int_equal(now, next);
        close(now);
        lm_file_close(&f);
        assert_fails(lm_file_open(&f, help_files_path("."), 0, &err), LM_EIO, err, "directory");
    }
    int now = open("/dev/null", O_RDONLY);
    assert_int_equal(now, next);
    close(now);
}

static void test_head(void **state)
{
    (void)state;
    LmError err;
    LmFileHead head;
    uint8_t out[8];
    for (size_t room = 0; room <= 8; room++) {
        memset(out, 0xAA, sizeof out);
        assert_ok(lm_file_head(&head, out, room, help_files_make("plain", "hello", 5), &err), err);
        assert_int_equal(head.n, LM_MIN(room, 5));
        assert_int_equal(head.size, 5);
        assert_false(head.was_gzip);
        assert_memory_equal(out, "hello", head.n);
        assert_true(head.n == 8 || out[head.n] == 0xAA);
    }
    assert_ok(lm_file_head(&head, out, 8, help_files_make("empty", "", 0), &err), err);
    assert_true(head.n == 0 && head.size == 0);
    assert_ok(lm_file_head(&head, out, 8, help_files_make("cut", "\x1f\x8b\x08", 3), &err), err);
    assert_true(head.n == 0 && head.size == 3 && head.was_gzip);
    head.size = 77;
    assert_fails(lm_file_head(&head, out, 8, help_files_path("missing"), &err), LM_ENOTFOUND, err,
                 "/missing: No such file or directory");
    assert_fails(lm_file_head(&head, out, 8, help_files_path("."), &err), LM_EIO, err, "directory");
    assert_int_equal(head.size, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_is_mapped),
        cmocka_unit_test(test_tiny_files),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_gzip_whatever_its_name),
        cmocka_unit_test(test_damaged_gzip_names_the_file),
        cmocka_unit_test(test_no_descriptor_stays_open),
        cmocka_unit_test(test_head),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
