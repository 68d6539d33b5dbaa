#include "io/npz.h"

#include <string.h>
#include <unzip.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/guess.h"
#include "io/npy.h"

/* Longer names are nobody's arrays. */
enum { NAME_SIZE = 256 };
enum { ENCRYPTED = 1, METHOD_STORED = 0, METHOD_DEFLATED = 8 };
/* Deflate's densest code gives 1032 bytes a byte; the few on top are for blocks of nothing. */
enum { DEFLATE_MAX_RATIO = 1032, DEFLATE_SLACK = 64 };
/* More arrays than anyone saves; looking for double names takes the square of it. */
enum { MEMBERS_MAX = 10000 };
/* Bytes asked of minizip at once: it counts them in an int. */
enum { READ_MAX = 1 << 30 };

typedef struct Member {
    char name[NAME_SIZE]; /* without ".npy" */
    unz64_file_pos place;
    size_t packed_size;
    size_t size;
    unsigned long method;
    unsigned long flags;
} Member;

/* The archive's bytes, as minizip reads them. */
typedef struct Stream {
    const uint8_t *bytes;
    size_t size;
    size_t at;
} Stream;

struct LmNpz {
    char *path;
    LmFile file;
    Stream stream;
    unzFile zip;
    Member *members;
    int64_t n;
};

/* --- the file in memory --- */

static voidpf ZCALLBACK stream_open(voidpf opaque, const void *name, int mode)
{
    (void)name;
    (void)mode;
    return opaque;
}

static uLong ZCALLBACK stream_read(voidpf opaque, voidpf stream, void *buffer, uLong size)
{
    Stream *s = stream;
    (void)opaque;
    size_t n = LM_MIN((size_t)size, s->size - s->at);
    memcpy(buffer, s->bytes + s->at, n);
    s->at += n;
    return (uLong)n;
}

static uLong ZCALLBACK stream_write(voidpf opaque, voidpf stream, const void *buffer, uLong size)
{
    (void)opaque;
    (void)stream;
    (void)buffer;
    (void)size;
    return 0;
}

static ZPOS64_T ZCALLBACK stream_tell(voidpf opaque, voidpf stream)
{
    (void)opaque;
    return ((const Stream *)stream)->at;
}

static long ZCALLBACK stream_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
    Stream *s = stream;
    (void)opaque;
    size_t base = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                  : origin == ZLIB_FILEFUNC_SEEK_CUR ? s->at
                                                     : s->size;
    if (offset > s->size - base) {
        return -1;
    }
    s->at = base + (size_t)offset;
    return 0;
}

static int ZCALLBACK stream_close(voidpf opaque, voidpf stream)
{
    (void)opaque;
    (void)stream;
    return 0;
}

static int ZCALLBACK stream_error(voidpf opaque, voidpf stream)
{
    (void)opaque;
    (void)stream;
    return 0;
}

/* --- the list of members --- */

/* False for what is no array: other names are passed over, as numpy does for its own. */
static bool cut_extension(char *name)
{
    size_t n = strlen(name);
    bool is_array = n > 4 && strcmp(name + n - 4, ".npy") == 0;
    if (is_array) {
        name[n - 4] = '\0';
    }
    return is_array;
}

static LmStatus fail_archive(LmError *err)
{
    return lm_fail(err, LM_EFORMAT, "damaged zip archive: its list of members makes no sense");
}

/* Reads what the list says of the current member; *is_array false: not for us. */
static LmStatus read_entry(LmNpz *z, Member *m, bool *is_array, LmError *err)
{
    unz_file_info64 info;
    *is_array = false;
    if (unzGetCurrentFileInfo64(z->zip, &info, m->name, sizeof m->name - 1, NULL, 0, NULL, 0) !=
            UNZ_OK ||
        unzGetFilePos64(z->zip, &m->place) != UNZ_OK) {
        return fail_archive(err);
    }
    if (info.size_filename >= sizeof m->name - 1) {
        return LM_OK;
    }
    m->name[info.size_filename] = '\0';
    *is_array = strlen(m->name) == info.size_filename && cut_extension(m->name);
    m->packed_size = (size_t)info.compressed_size;
    m->size = (size_t)info.uncompressed_size;
    m->method = info.compression_method;
    m->flags = info.flag;
    return LM_OK;
}

static LmStatus add_member(LmNpz *z, const Member *m, LmError *err)
{
    Member *members = NULL;
    if (lm_npz_find(z, m->name) >= 0) {
        return lm_fail(err, LM_EFORMAT, "the archive holds array '%s' twice", m->name);
    }
    if (z->n == MEMBERS_MAX) {
        return lm_fail(err, LM_EFORMAT, "the archive holds more than %d arrays", MEMBERS_MAX);
    }
    if ((z->n & (z->n - 1)) == 0) { /* full: room is always a power of two */
        LmStatus st =
            lm_mem_alloc(&members, (size_t)LM_MAX(2 * z->n, (int64_t)1), sizeof *members, err);
        if (st != LM_OK) {
            return st;
        }
        if (z->n > 0) {
            memcpy(members, z->members, (size_t)z->n * sizeof *members);
        }
        lm_mem_free(z->members);
        z->members = members;
    }
    z->members[z->n++] = *m;
    return LM_OK;
}

static LmStatus list_members(LmNpz *z, LmError *err)
{
    Member m;
    bool is_array = false;
    LmStatus st = LM_OK;
    int code = unzGoToFirstFile(z->zip);
    while (code == UNZ_OK && st == LM_OK) {
        st = read_entry(z, &m, &is_array, err);
        if (st == LM_OK && is_array) {
            st = add_member(z, &m, err);
        }
        code = unzGoToNextFile(z->zip);
    }
    if (st == LM_OK && code != UNZ_END_OF_LIST_OF_FILE && code != UNZ_OK) {
        st = fail_archive(err);
    }
    if (st == LM_OK && z->n == 0) {
        st = lm_fail(err, LM_EFORMAT, "a zip archive without .npy arrays");
    }
    return st;
}

static LmStatus fail_foreign(const LmFile *file, LmError *err)
{
    const char *guess = lm_guess_format(file->bytes, file->size);
    bool is_zip = file->size >= 4 && memcmp(file->bytes, "PK\3\4", 4) == 0;
    if (is_zip) {
        return lm_fail(err, LM_EFORMAT,
                       "the zip archive's list of members, at its end, is missing: the file is "
                       "cut off");
    }
    return lm_fail(err, LM_EFORMAT, "no .npz archive%s%s", guess != NULL ? " but " : "",
                   guess != NULL ? guess : "");
}

static LmStatus open_zip(LmNpz *z, LmError *err)
{
    zlib_filefunc64_def functions = {.zopen64_file = stream_open,
                                     .zread_file = stream_read,
                                     .zwrite_file = stream_write,
                                     .ztell64_file = stream_tell,
                                     .zseek64_file = stream_seek,
                                     .zclose_file = stream_close,
                                     .zerror_file = stream_error,
                                     .opaque = &z->stream};
    z->stream = (Stream){z->file.bytes, z->file.size, 0};
    z->zip = unzOpen2_64(z->path, &functions);
    return z->zip == NULL ? fail_foreign(&z->file, err) : list_members(z, err);
}

LmStatus lm_npz_open(LmNpz **out, const char *path, LmError *err)
{
    LmNpz *z = NULL;
    LmStatus st = lm_mem_zeros(&z, 1, sizeof *z, err);
    if (st != LM_OK) {
        return st;
    }
    st = lm_mem_strdup(&z->path, path, err);
    if (st == LM_OK) {
        st = lm_file_open(&z->file, path, 0, err);
    }
    if (st == LM_OK && (st = open_zip(z, err)) != LM_OK) {
        (void)lm_error_context(err, "%s", path);
    }
    if (st == LM_OK) {
        *out = z;
    } else {
        lm_npz_close(z);
    }
    return st;
}

void lm_npz_close(LmNpz *z)
{
    if (z == NULL) {
        return;
    }
    if (z->zip != NULL) {
        unzClose(z->zip);
    }
    lm_file_close(&z->file);
    lm_mem_free(z->members);
    lm_mem_free(z->path);
    lm_mem_free(z);
}

int64_t lm_npz_count(const LmNpz *z)
{
    return z->n;
}

const char *lm_npz_name(const LmNpz *z, int64_t i)
{
    LM_ASSERT(i >= 0 && i < z->n);
    return z->members[i].name;
}

int64_t lm_npz_find(const LmNpz *z, const char *name)
{
    for (int64_t i = 0; i < z->n; i++) {
        if (strcmp(z->members[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* --- one member --- */

static LmStatus check_member(const LmNpz *z, const Member *m, LmError *err)
{
    char size_text[32];
    char packed_text[32];
    if ((m->flags & ENCRYPTED) != 0) {
        return lm_fail(err, LM_EFORMAT, "the member is encrypted");
    }
    if (m->method != METHOD_STORED && m->method != METHOD_DEFLATED) {
        return lm_fail(err, LM_EFORMAT,
                       "the member is packed by method %lu; only stored and deflated members can "
                       "be read, as numpy writes them",
                       m->method);
    }
    /* The packed size itself cannot pass the file's. */
    bool is_bounded = m->packed_size <= z->file.size;
    size_t most = is_bounded && m->method == METHOD_DEFLATED
                      ? m->packed_size * DEFLATE_MAX_RATIO + DEFLATE_SLACK
                      : m->packed_size;
    if (!is_bounded || m->size > most) {
        return lm_fail(err, LM_EFORMAT,
                       "damaged zip archive: the member claims %s in %s of a file of %zu bytes",
                       lm_str_bytes(size_text, sizeof size_text, m->size),
                       lm_str_bytes(packed_text, sizeof packed_text, m->packed_size), z->file.size);
    }
    return LM_OK;
}

static LmStatus fail_read(int code, LmError *err)
{
    if (code == UNZ_CRCERROR) {
        return lm_fail(err, LM_EFORMAT,
                       "damaged data: its checksum (CRC-32) is not the one stored");
    }
    return lm_fail(err, LM_EFORMAT, "damaged data (%s)",
                   code == UNZ_BADZIPFILE ? "the member's header differs from the list's"
                   : code == 0            ? "it ends early"
                                          : zError(code));
}

/* The opened member's bytes; 1 or the code of the failure. */
static int read_bytes(LmNpz *z, uint8_t *bytes, size_t size)
{
    size_t n = 0;
    while (n < size) {
        int got =
            unzReadCurrentFile(z->zip, bytes + n, (unsigned)LM_MIN(size - n, (size_t)READ_MAX));
        if (got <= 0) {
            return got;
        }
        n += (size_t)got;
    }
    return 1;
}

static LmStatus read_member(LmNpz *z, const Member *m, uint8_t *bytes, LmError *err)
{
    if (unzGoToFilePos64(z->zip, &m->place) != UNZ_OK) {
        return fail_archive(err);
    }
    int code = unzOpenCurrentFile(z->zip);
    if (code == UNZ_INTERNALERROR) {
        return lm_fail(err, LM_EMEM, "out of memory while inflating");
    }
    if (code != UNZ_OK) {
        return fail_read(code, err);
    }
    code = read_bytes(z, bytes, m->size);
    int end = unzCloseCurrentFile(z->zip);
    if (code == 1 && end != UNZ_OK) {
        return fail_read(end, err);
    }
    return code == 1 ? LM_OK : fail_read(code, err);
}

LmStatus lm_npz_read(LmTensor *out, LmNpz *z, int64_t i, LmError *err)
{
    LM_ASSERT(i >= 0 && i < z->n);
    const Member *m = &z->members[i];
    uint8_t *bytes = NULL;
    LmStatus st = check_member(z, m, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&bytes, m->size, 1, err);
    }
    if (st == LM_OK) {
        st = read_member(z, m, bytes, err);
    }
    if (st != LM_OK) {
        (void)lm_error_context(err, "array '%s'", m->name);
    } else {
        char name[NAME_SIZE + 16];
        LmStr s = lm_str(name, sizeof name);
        lm_str_add(&s, "array '%s'", m->name);
        st = lm_npy_parse(out, bytes, m->size, name, err);
    }
    lm_mem_free(bytes);
    return st == LM_OK ? LM_OK : lm_error_context(err, "%s", z->path);
}
