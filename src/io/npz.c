/* minizip finds the list of members and walks it; what the list says of each is checked and its
 * bytes are read here, from the mapped file: minizip 1.1 cannot read what lies beyond 4 GB.
 */
#include "io/npz.h"

#include <string.h>
#include <unzip.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/guess.h"
#include "io/npy.h"
#include "io/zmem.h"

/* Longer names are nobody's arrays. */
enum { NAME_SIZE = 256 };
enum { ENCRYPTED = 1, METHOD_STORED = 0, METHOD_DEFLATED = 8 };
/* Deflate's densest code gives 1032 bytes a byte; the few on top are for blocks of nothing. */
enum { DEFLATE_MAX_RATIO = 1032, DEFLATE_SLACK = 64 };
/* More arrays than anyone saves; looking for double names takes the square of it. */
enum { MEMBERS_MAX = 10000 };
/* zlib counts a call's bytes in 32 bits. */
enum { STEP_MAX = 1 << 30, WINDOW_BITS_RAW = -15 };

typedef struct Member {
    char name[NAME_SIZE]; /* without ".npy" */
    uint64_t offset;      /* of its header */
    uint64_t packed_size;
    uint64_t size;
    uint32_t crc;
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
    /* Steps back come as numbers that wrap around. */
    size_t at = base + (size_t)offset;
    if (at > s->size) {
        return -1;
    }
    s->at = at;
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

static uint64_t little(const uint8_t *bytes, int n)
{
    uint64_t v = 0;
    for (int i = n - 1; i >= 0; i--) {
        v = v << 8 | bytes[i];
    }
    return v;
}

/* minizip 1.1 passes the zip64 field over where a long has 64 bits: it compares with -1 what it
 * read as 32 bits. The field holds those of size, packed size and offset that did not fit. */
static void read_zip64(Member *m, const uint8_t *extra, size_t n)
{
    uint64_t *values[] = {&m->size, &m->packed_size, &m->offset};
    for (size_t at = 0; at + 4 <= n;) {
        size_t end = at + 4 + (size_t)little(extra + at + 2, 2);
        size_t from = at + 4;
        bool is_zip64 = little(extra + at, 2) == 1 && end <= n;
        for (size_t k = 0; k < LM_ARRAY_LEN(values) && is_zip64; k++) {
            if (*values[k] == UINT32_MAX && from + 8 <= end) {
                *values[k] = little(extra + from, 8);
                from += 8;
            }
        }
        at = end;
    }
}

/* Reads what the list says of the current member; *is_array false: not for us. */
static LmStatus read_entry(LmNpz *z, Member *m, bool *is_array, LmError *err)
{
    enum { ENTRY_SIZE = 46, OFFSET_AT = 42 };
    unz_file_info64 info;
    uint8_t extra[UINT16_MAX];
    ZPOS64_T entry = unzGetOffset64(z->zip);
    *is_array = false;
    if (unzGetCurrentFileInfo64(z->zip, &info, m->name, sizeof m->name - 1, extra, sizeof extra,
                                NULL, 0) != UNZ_OK ||
        entry > z->file.size || z->file.size - entry < ENTRY_SIZE) {
        return fail_archive(err);
    }
    if (info.size_filename >= sizeof m->name - 1) {
        return LM_OK;
    }
    m->name[info.size_filename] = '\0';
    *is_array = strlen(m->name) == info.size_filename && cut_extension(m->name);
    m->offset = little(z->file.bytes + entry + OFFSET_AT, 4);
    m->packed_size = info.compressed_size;
    m->size = info.uncompressed_size;
    m->crc = (uint32_t)info.crc;
    m->method = info.compression_method;
    m->flags = info.flag;
    read_zip64(m, extra, LM_MIN((size_t)info.size_file_extra, sizeof extra));
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
    uint64_t most = is_bounded && m->method == METHOD_DEFLATED
                        ? m->packed_size * DEFLATE_MAX_RATIO + DEFLATE_SLACK
                        : m->packed_size;
    if (!is_bounded || m->size > most ||
        (m->method == METHOD_STORED && m->size != m->packed_size)) {
        return lm_fail(err, LM_EFORMAT,
                       "damaged zip archive: the member claims %s in %s of a file of %zu bytes",
                       lm_str_bytes(size_text, sizeof size_text, (size_t)m->size),
                       lm_str_bytes(packed_text, sizeof packed_text, (size_t)m->packed_size),
                       z->file.size);
    }
    return LM_OK;
}

/* Where the member's packed bytes begin: behind a header of its own, whose lengths of name and
 * extra field may differ from the list's. */
static LmStatus find_data(const uint8_t **out, const LmNpz *z, const Member *m, LmError *err)
{
    enum { HEADER_SIZE = 30, LENGTHS_AT = 26 };
    const LmFile *f = &z->file;
    if (m->offset <= f->size && f->size - m->offset >= HEADER_SIZE &&
        memcmp(f->bytes + m->offset, "PK\3\4", 4) == 0) {
        const uint8_t *header = f->bytes + m->offset;
        uint64_t start = m->offset + HEADER_SIZE + little(header + LENGTHS_AT, 2) +
                         little(header + LENGTHS_AT + 2, 2);
        if (start <= f->size && f->size - start >= m->packed_size) {
            *out = f->bytes + start;
            return LM_OK;
        }
    }
    return lm_fail(err, LM_EFORMAT,
                   "damaged zip archive: the member is not where the list of members says");
}

static LmStatus inflate_all(z_stream *s, const uint8_t *packed, uint64_t packed_size, uint64_t size,
                            LmError *err)
{
    int code = Z_OK;
    uint64_t n_in = 0;
    uint64_t n_out = 0;
    uint8_t end; /* room after the last byte, so that the stream's end is reached */
    uint8_t *out = s->next_out;
    while (code == Z_OK) {
        uInt in = (uInt)LM_MIN(packed_size - n_in, (uint64_t)STEP_MAX);
        uInt room = (uInt)LM_MIN(size - n_out, (uint64_t)STEP_MAX);
        s->next_in = (uint8_t *)(uintptr_t)(packed + n_in); /* zlib's type lacks the const */
        s->avail_in = in;
        s->next_out = room > 0 ? out + n_out : &end;
        s->avail_out = room > 0 ? room : 1;
        code = inflate(s, Z_NO_FLUSH);
        n_in += in - s->avail_in;
        n_out += (room > 0 ? room : 1) - s->avail_out;
        if (n_out > size) {
            return lm_fail(err, LM_EFORMAT, "damaged data: it inflates to more than it claims");
        }
    }
    if (code == Z_MEM_ERROR) {
        return lm_fail(err, LM_EMEM, "out of memory while inflating");
    }
    if (code != Z_STREAM_END || n_out != size) {
        return lm_fail(err, LM_EFORMAT, "damaged data (%s)",
                       code == Z_STREAM_END || code == Z_BUF_ERROR ? "it ends early"
                       : s->msg != NULL                            ? s->msg
                                                                   : zError(code));
    }
    return LM_OK;
}

static LmStatus inflate_member(uint8_t *out, const uint8_t *packed, const Member *m, LmError *err)
{
    z_stream s;
    lm_zmem_init(&s);
    if (inflateInit2(&s, WINDOW_BITS_RAW) != Z_OK) {
        return lm_fail(err, LM_EMEM, "out of memory while inflating");
    }
    s.next_out = out;
    LmStatus st = inflate_all(&s, packed, m->packed_size, m->size, err);
    inflateEnd(&s);
    return st;
}

static LmStatus check_sum(const Member *m, const uint8_t *bytes, LmError *err)
{
    if (crc32_z(0, bytes, (size_t)m->size) != m->crc) {
        return lm_fail(err, LM_EFORMAT,
                       "damaged data: its checksum (CRC-32) is not the one stored");
    }
    return LM_OK;
}

/* The array of a member that is stored comes straight from the mapped file. */
static LmStatus read_member(LmTensor *out, const LmNpz *z, const Member *m, const char *name,
                            LmError *err)
{
    const uint8_t *bytes = NULL;
    uint8_t *inflated = NULL;
    LmStatus st = check_member(z, m, err);
    if (st == LM_OK) {
        st = find_data(&bytes, z, m, err);
    }
    if (st == LM_OK && m->method == METHOD_DEFLATED) {
        st = lm_mem_alloc(&inflated, (size_t)m->size, 1, err);
        if (st == LM_OK) {
            st = inflate_member(inflated, bytes, m, err);
            bytes = inflated;
        }
    }
    if (st == LM_OK) {
        st = check_sum(m, bytes, err);
    }
    if (st == LM_OK) {
        st = lm_npy_parse(out, bytes, (size_t)m->size, name, err);
    } else {
        (void)lm_error_context(err, "%s", name);
    }
    lm_mem_free(inflated);
    return st;
}

LmStatus lm_npz_read(LmTensor *out, LmNpz *z, int64_t i, LmError *err)
{
    LM_ASSERT(i >= 0 && i < z->n);
    char name[NAME_SIZE + 16];
    LmStr s = lm_str(name, sizeof name);
    lm_str_add(&s, "array '%s'", z->members[i].name);
    LmStatus st = read_member(out, z, &z->members[i], name, err);
    return st == LM_OK ? LM_OK : lm_error_context(err, "%s", z->path);
}
