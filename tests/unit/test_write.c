/* Writing files: all of it or nothing, and nothing of ours left behind. */
#define _GNU_SOURCE
#include "help_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "help_files.h"
#include "io/file.h"

static void check_content(const char *path, const char *want)
{
    LmError err;
    LmFile f;
    assert_ok(lm_file_open(&f, path, 0, &err), err);
    assert_int_equal(f.size, strlen(want));
    assert_memory_equal(f.bytes, want, f.size);
    lm_file_close(&f);
}

static LmStatus write_text(const char *path, const char *text, LmError *err)
{
    LmFilePart part = {text, strlen(text)};
    return lm_file_write(path, &part, 1, err);
}

static void test_parts(void **state)
{
    (void)state;
    LmError err;
    const char *path = help_files_path("parts");
    const LmFilePart parts[] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
    int before = help_files_count();
    assert_ok(lm_file_write(path, parts, 3, &err), err);
    check_content(path, "one two");
    assert_ok(lm_file_write(path, NULL, 0, &err), err);
    check_content(path, "");
    assert_int_equal(help_files_count(), before + 1);
}

static int mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return (int)(info.st_mode & 07777);
}

static void test_permissions(void **state)
{
    (void)state;
    LmError err;
    const char *path = help_files_path("mode");
    mode_t old = umask(027);
    assert_ok(write_text(path, "a", &err), err);
    assert_int_equal(mode_of(path), 0640);
    assert_int_equal(chmod(path, 0604), 0);
    assert_ok(write_text(path, "b", &err), err);
    assert_int_equal(mode_of(path), 0604);
    umask(old);
}

static void test_link_is_followed(void **state)
{
    (void)state;
    LmError err;
    const char *link = help_files_path("link");
    const char *target = help_files_make("target", "old", 3);
    assert_int_equal(symlink("target", link), 0);
    assert_ok(write_text(link, "new", &err), err);
    check_content(target, "new");
    struct stat info;
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
}

static void test_relative_names(void **state)
{
    (void)state;
    LmError err;
    char old[4096];
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(help_files_path(".")), 0);
    assert_ok(write_text("relative", "here", &err), err);
    check_content("relative", "here");
    assert_int_equal(chdir(old), 0);
    check_content(help_files_path("relative"), "here");
}

static void test_refused_targets(void **state)
{
    (void)state;
    LmError err;
    int before = help_files_count();
    char long_name[5000];
    assert_fails(write_text(help_files_path("no/such/file"), "x", &err), LM_ENOTFOUND, err,
                 "its folder does not exist");
    assert_fails(write_text(help_files_path("."), "x", &err), LM_EIO, err, "Is a directory");
    assert_fails(write_text("", "x", &err), LM_ENOTFOUND, err, "cannot write");
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_fails(write_text(long_name, "x", &err), LM_EIO, err, "File name too long");
    long_name[300] = '\0';
    assert_fails(write_text(help_files_path(long_name), "x", &err), LM_EIO, err,
                 "File name too long");
    assert_int_equal(help_files_count(), before);
}

static void test_name_of_the_longest_length(void **state)
{
    (void)state;
    LmError err;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_ok(write_text(help_files_path(name), "x", &err), err);
    check_content(help_files_path(name), "x");
}

static void test_pipes_are_written_to(void **state)
{
    (void)state;
    LmError err;
    const char *path = help_files_path("pipe");
    char got[8];
    struct stat info;
    assert_int_equal(mkfifo(path, 0600), 0);
    int before = help_files_count();
    int fd = open(path, O_RDWR | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_ok(write_text(path, "through", &err), err);
    assert_int_equal(read(fd, got, sizeof got), 7);
    assert_memory_equal(got, "through", 7);
    close(fd);
    assert_int_equal(stat(path, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_int_equal(help_files_count(), before);
}

/* A device that is always full. Root gets one of its own: a broken writer that renames would
 * replace the machine's. */
static const char *find_full_device(void)
{
    const char *own = help_files_path("full");
    if (geteuid() != 0) {
        return "/dev/full";
    }
    return mknod(own, S_IFCHR | 0600, makedev(1, 7)) == 0 ? own : "";
}

static void test_full_device(void **state)
{
    (void)state;
    LmError err;
    struct stat info;
    const char *path = find_full_device();
    if (access(path, W_OK) != 0) {
        skip(); /* none on this machine */
    }
    int before = help_files_count();
    assert_fails(write_text(path, "x", &err), LM_EIO, err, "No space left on device");
    assert_int_equal(stat(path, &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    assert_int_equal(help_files_count(), before);
}

/* A file size limit stands for a full disk: the first part fits, the second does not. */
static void test_full_disk_leaves_nothing(void **state)
{
    (void)state;
    LmError err;
    struct rlimit old;
    static char large[100000];
    const LmFilePart parts[] = {{"start", 5}, {large, sizeof large}};
    const char *kept = help_files_make("kept", "old", 3);
    int before = help_files_count();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {4096, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    LmStatus st = lm_file_write(kept, parts, 2, &err);
    LmError err_new;
    LmStatus st_new = lm_file_write(help_files_path("never"), parts, 2, &err_new);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(st, LM_EIO);
    assert_non_null(strstr(err.msg, "kept: File too large"));
    assert_int_equal(st_new, LM_EIO);
    assert_int_equal(help_files_count(), before);
    check_content(kept, "old");
}

/* A reader that mapped the old file keeps it. */
static void test_readers_keep_the_old_file(void **state)
{
    (void)state;
    LmError err;
    LmFile f;
    const char *path = help_files_make("replaced", "old old", 7);
    assert_ok(lm_file_open(&f, path, 0, &err), err);
    assert_ok(write_text(path, "n", &err), err);
    assert_memory_equal(f.bytes, "old old", 7);
    lm_file_close(&f);
    check_content(path, "n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_permissions),
        cmocka_unit_test(test_link_is_followed),
        cmocka_unit_test(test_relative_names),
        cmocka_unit_test(test_refused_targets),
        cmocka_unit_test(test_name_of_the_longest_length),
        cmocka_unit_test(test_pipes_are_written_to),
        cmocka_unit_test(test_full_device),
        cmocka_unit_test(test_full_disk_leaves_nothing),
        cmocka_unit_test(test_readers_keep_the_old_file),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
