/* Whole files in, whole files out.
 *
 * Reading: a plain file is mapped read-only (private) and never copied; a gzip file (magic 1f 8b,
 * whatever its name) is inflated into memory by zlib, all members, its CRC checked. Writing goes to
 * a temporary name beside the target, is synced and renamed, so a reader sees the old file or the
 * new one and a failed write leaves nothing behind.
 */
#ifndef LM_FILE_H
#define LM_FILE_H

#include "base/error.h"

typedef struct LmFile {
    const uint8_t *bytes; /* never NULL after a successful open, even for an empty file */
    size_t size;
    bool is_mapped;
    bool was_gzip;
} LmFile;

/* Errors name `path`: LM_ENOTFOUND when there is none, LM_EIO for a directory or unreadable file,
 * LM_EFORMAT for damaged gzip, LM_EMEM when the inflated size passes `limit_bytes` (0: no limit).
 */
LmStatus lm_file_open(LmFile *out, const char *path, size_t limit_bytes,
                      LmError *err) LM_MUST_CHECK;
void lm_file_close(LmFile *f);

/* The beginning of a file, at most `room` bytes to `out`, inflated where it is gzip; `size` is the
 * file's own on disk. Errors as lm_file_open's, but for damage, which only makes the
 * beginning shorter. */
typedef struct LmFileHead {
    size_t n;
    size_t size;
    bool was_gzip;
} LmFileHead;
LmStatus lm_file_head(LmFileHead *facts, uint8_t *out, size_t room, const char *path,
                      LmError *err) LM_MUST_CHECK;

/* Writes the parts one after the other. On failure (disk full, no such directory, ...) the target
 * is as it was and the temporary file is gone. */
typedef struct LmFilePart {
    const void *bytes;
    size_t size;
} LmFilePart;
LmStatus lm_file_write(const char *path, const LmFilePart *parts, size_t n_parts,
                       LmError *err) LM_MUST_CHECK;

#endif
