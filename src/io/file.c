/* Reading whole files: mapped where they are plain, inflated where they are gzip.
 *
 * A mapping costs no memory of ours and no copy. It is private and read-only; a file cut short by
 * somebody else while it is mapped faults on access, which is the price, and why our own writer
 * renames instead of overwriting.
 */
#define _GNU_SOURCE
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/gzip.h"

static const uint8_t nothing[1];

/* O_NONBLOCK: opening a pipe nobody writes to must not hang before it is refused. */
static LmStatus open_regular(int *fd, size_t *size, const char *path, LmError *err)
{
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) {
        return lm_fail_errno(err, errno, "open", path);
    }
    if (fstat(*fd, &info) != 0) {
        return lm_fail_errno(err, errno, "open", path);
    }
    if (S_ISDIR(info.st_mode)) {
        lm_fail(err, LM_EIO, "it is a directory, a file is needed");
        return lm_error_context(err, "cannot read %s", path);
    }
    if (!S_ISREG(info.st_mode)) {
        lm_fail(err, LM_EIO, "it is a device or pipe, a file is needed");
        return lm_error_context(err, "cannot read %s", path);
    }
    *size = (size_t)info.st_size;
    return LM_OK;
}

static LmStatus map(LmFile *f, const char *path, LmError *err)
{
    int fd = -1;
    LmStatus st = open_regular(&fd, &f->size, path, err);
    if (st != LM_OK) {
        goto done;
    }
    if (f->size == 0) {
        f->bytes = nothing;
        goto done;
    }
    void *bytes = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        st = lm_fail_errno(err, errno, "map", path);
        goto done;
    }
    f->bytes = bytes;
    f->is_mapped = true;
done:
    if (fd >= 0) {
        close(fd);
    }
    return st;
}

LmStatus lm_file_open(LmFile *out, const char *path, size_t limit_bytes, LmError *err)
{
    LmFile mapped = {0};
    LmStatus st = map(&mapped, path, err);
    if (st != LM_OK || !lm_gzip_is(mapped.bytes, mapped.size)) {
        if (st == LM_OK) {
            *out = mapped;
        }
        return st;
    }
    LmFile inflated = {.was_gzip = true};
    uint8_t *bytes = NULL;
    st = lm_gzip_inflate(&bytes, &inflated.size, mapped.bytes, mapped.size, limit_bytes, err);
    lm_file_close(&mapped);
    if (st != LM_OK) {
        return lm_error_context(err, "%s", path);
    }
    inflated.bytes = bytes;
    *out = inflated;
    return LM_OK;
}

LmStatus lm_file_head(LmFileHead *facts, uint8_t *out, size_t room, const char *path, LmError *err)
{
    LmFile f = {0};
    LmStatus st = map(&f, path, err);
    if (st != LM_OK) {
        return st;
    }
    *facts = (LmFileHead){.n = LM_MIN(f.size, room), .size = f.size};
    facts->was_gzip = lm_gzip_is(f.bytes, f.size);
    if (facts->was_gzip) {
        facts->n = lm_gzip_head(out, room, f.bytes, f.size);
    } else {
        memcpy(out, f.bytes, facts->n);
    }
    lm_file_close(&f);
    return LM_OK;
}

void lm_file_close(LmFile *f)
{
    if (f->is_mapped) {
        munmap((void *)(uintptr_t)f->bytes, f->size);
    } else if (f->was_gzip) {
        lm_mem_free((void *)(uintptr_t)f->bytes);
    }
    *f = (LmFile){0};
}
