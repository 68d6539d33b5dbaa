/* Writing whole files so that nobody ever sees half of one.
 *
 * The bytes go to a hidden name in the target's own directory (a rename cannot leave its file
 * system), are synced, and take the target's name in one step. A symbolic link is followed, so it
 * keeps pointing where it did; the permissions of a file that is replaced are kept. Devices and
 * pipes have no content to protect and are written to directly.
 */
#define _GNU_SOURCE
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Linux moves at most 0x7ffff000 bytes a call; smaller pieces cost nothing. */
static const size_t call_max = (size_t)1 << 30;

/* Tries for a free temporary name; others' leftovers can occupy only a few. */
enum { NAME_TRIES = 100 };

typedef struct Target {
    char path[PATH_MAX]; /* links resolved */
    char temp[PATH_MAX];
    size_t dir_len; /* of path, the last '/' included; 0: the working directory */
    int mode;       /* permissions to keep, or -1 for a new file */
    bool is_device;
} Target;

static LmStatus fail_write(const char *path, int errno_value, LmError *err)
{
    if (errno_value == ENOENT) {
        lm_fail(err, LM_ENOTFOUND, "its folder does not exist");
        return lm_error_context(err, "cannot write %s", path);
    }
    return lm_fail_errno(err, errno_value, "write", path);
}

static LmStatus resolve(Target *target, const char *path, LmError *err)
{
    if (realpath(path, target->path) == NULL) {
        if (strlen(path) >= sizeof target->path) {
            return fail_write(path, ENAMETOOLONG, err);
        }
        strcpy(target->path, path);
    }
    const char *slash = strrchr(target->path, '/');
    target->dir_len = slash == NULL ? 0 : (size_t)(slash - target->path) + 1;
    target->mode = -1;
    target->is_device = false;
    struct stat info;
    if (stat(target->path, &info) != 0) {
        return LM_OK;
    }
    if (S_ISDIR(info.st_mode)) {
        return fail_write(path, EISDIR, err);
    }
    target->is_device = !S_ISREG(info.st_mode);
    target->mode = (int)(info.st_mode & 07777);
    return LM_OK;
}

/* Opens a fresh file beside the target; -1 with errno set. */
static int open_temp(Target *target)
{
    static atomic_uint serial;
    for (int i = 0; i < NAME_TRIES; i++) {
        int n = snprintf(target->temp, sizeof target->temp, "%.*s.luma-%ld-%u.tmp",
                         (int)target->dir_len, target->path, (long)getpid(),
                         atomic_fetch_add(&serial, 1));
        if (n >= (int)sizeof target->temp) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(target->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

/* 0 or an errno. */
static int write_all(int fd, const LmFilePart *parts, size_t n_parts)
{
    for (size_t i = 0; i < n_parts; i++) {
        const char *bytes = parts[i].bytes;
        size_t left = parts[i].size;
        while (left > 0) {
            ssize_t n = write(fd, bytes, LM_MIN(left, call_max));
            if (n < 0 && errno != EINTR) {
                return errno;
            }
            size_t written = n > 0 ? (size_t)n : 0;
            bytes += written;
            left -= written;
        }
    }
    return 0;
}

static int write_device(const Target *target, const LmFilePart *parts, size_t n_parts)
{
    int fd = open(target->path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int code = write_all(fd, parts, n_parts);
    return close(fd) != 0 && code == 0 ? errno : code;
}

/* Makes the rename itself durable. Some file systems refuse to sync a directory; the content is
 * safe all the same, so that is no failure. */
static void sync_directory(const Target *target)
{
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%.*s", (int)target->dir_len, target->path);
    int fd = open(target->dir_len > 0 ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static int write_regular(Target *target, const LmFilePart *parts, size_t n_parts)
{
    int fd = open_temp(target);
    if (fd < 0) {
        return errno;
    }
    int code = write_all(fd, parts, n_parts);
    if (code == 0 && target->mode >= 0 && fchmod(fd, (mode_t)target->mode) != 0) {
        code = errno;
    }
    if (code == 0 && fsync(fd) != 0) {
        code = errno;
    }
    if (close(fd) != 0 && code == 0) {
        code = errno;
    }
    if (code == 0 && rename(target->temp, target->path) != 0) {
        code = errno;
    }
    if (code != 0) {
        unlink(target->temp);
        return code;
    }
    sync_directory(target);
    return 0;
}

LmStatus lm_file_write(const char *path, const LmFilePart *parts, size_t n_parts, LmError *err)
{
    Target target;
    LmStatus st = resolve(&target, path, err);
    if (st != LM_OK) {
        return st;
    }
    int code = target.is_device ? write_device(&target, parts, n_parts)
                                : write_regular(&target, parts, n_parts);
    return code == 0 ? LM_OK : fail_write(path, code, err);
}
