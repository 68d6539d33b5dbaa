/* Gzip (RFC 1952): members one after the other, each checked by CRC-32 and length inside zlib.
 *
 * The length a file claims for itself (ISIZE, its last four bytes) sizes the first block of output,
 * so the usual file is inflated into place without a copy. The claim is not believed further: it
 * is capped by what deflate can reach from the bytes there are, and the block grows when it was
 * low.
 */
#include "io/gzip.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/zmem.h"

/* Deflate's densest code, a 258-byte match in 2 bits, gives 1032 bytes a byte. */
enum { DEFLATE_MAX_RATIO = 1032, GZIP_MIN_SIZE = 18, WINDOW_BITS_GZIP = 15 + 16 };

/* Room beyond the claimed size, so that zlib reaches a member's end without a second block. */
enum { SLACK = 64 };

/* zlib counts a call's bytes in 32 bits. */
static const size_t call_max = (size_t)1 << 30;

typedef struct Inflation {
    z_stream z;
    const uint8_t *bytes;
    size_t size;
    size_t read; /* consumed input */
    uint8_t *block;
    size_t block_size;
    size_t written;
    size_t limit;
} Inflation;

bool lm_gzip_is(const uint8_t *bytes, size_t size)
{
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static size_t first_block_size(const uint8_t *bytes, size_t size, size_t limit)
{
    if (size < GZIP_MIN_SIZE) {
        return SLACK;
    }
    const uint8_t *b = bytes + size - 4;
    size_t claimed = (size_t)b[3] << 24 | (size_t)b[2] << 16 | (size_t)b[1] << 8 | b[0];
    claimed = LM_MIN(claimed, size * DEFLATE_MAX_RATIO);
    return (limit > 0 ? LM_MIN(claimed, limit) : claimed) + SLACK;
}

static LmStatus grow(Inflation *f, LmError *err)
{
    uint8_t *block = NULL;
    LmStatus st = lm_mem_alloc(&block, f->block_size, 2, err);
    if (st != LM_OK) {
        return st;
    }
    memcpy(block, f->block, f->written);
    lm_mem_free(f->block);
    f->block = block;
    f->block_size *= 2;
    return LM_OK;
}

static LmStatus check_limit(const Inflation *f, LmError *err)
{
    if (f->limit == 0 || f->written <= f->limit) {
        return LM_OK;
    }
    char text[32];
    return lm_fail(err, LM_EMEM, "gzip data inflates to more than %s, the limit",
                   lm_str_bytes(text, sizeof text, f->limit));
}

static LmStatus fail_damaged(const Inflation *f, int code, LmError *err)
{
    char at[32];
    lm_str_count(at, sizeof at, (int64_t)f->read);
    if (code == Z_MEM_ERROR) {
        return lm_fail(err, LM_EMEM, "out of memory while inflating gzip data");
    }
    if (code == Z_BUF_ERROR) {
        return lm_fail(err, LM_EFORMAT, "gzip data ends early, after %s bytes: the file is cut off",
                       at);
    }
    return lm_fail(err, LM_EFORMAT, "damaged gzip data near byte %s (%s)", at,
                   f->z.msg != NULL ? f->z.msg : zError(code));
}

/* One call of inflate; zlib's code, Z_BUF_ERROR where the input has run out. */
static int step(Inflation *f)
{
    size_t in = LM_MIN(f->size - f->read, call_max);
    size_t room = LM_MIN(f->block_size - f->written, call_max);
    f->z.next_in = (uint8_t *)(uintptr_t)(f->bytes + f->read); /* zlib's type lacks the const */
    f->z.avail_in = (unsigned)in;
    f->z.next_out = f->block + f->written;
    f->z.avail_out = (unsigned)room;
    int code = inflate(&f->z, Z_NO_FLUSH);
    f->read += in - f->z.avail_in;
    f->written += room - f->z.avail_out;
    bool is_stuck = code == Z_BUF_ERROR || code == Z_OK;
    return is_stuck && f->read == f->size && f->z.avail_out > 0 ? Z_BUF_ERROR : code;
}

static LmStatus inflate_member(Inflation *f, LmError *err)
{
    for (;;) {
        if (f->written == f->block_size) {
            LmStatus st = grow(f, err);
            if (st != LM_OK) {
                return st;
            }
        }
        int code = step(f);
        LmStatus st = check_limit(f, err);
        if (st != LM_OK || code == Z_STREAM_END) {
            return st;
        }
        bool is_full = code == Z_BUF_ERROR && f->z.avail_out == 0;
        if (code != Z_OK && !is_full) {
            return fail_damaged(f, code, err);
        }
    }
}

/* What follows a member: another one, or zero bytes that fill a tape block (as gzip itself allows).
 */
static LmStatus at_next_member(const Inflation *f, bool *has_next, LmError *err)
{
    *has_next = lm_gzip_is(f->bytes + f->read, f->size - f->read);
    for (size_t i = f->read; i < f->size && !*has_next; i++) {
        if (f->bytes[i] != 0) {
            char text[32];
            return lm_fail(err, LM_EFORMAT, "%s foreign bytes follow the gzip data",
                           lm_str_count(text, sizeof text, (int64_t)(f->size - f->read)));
        }
    }
    return LM_OK;
}

LmStatus lm_gzip_inflate(uint8_t **out, size_t *out_size, const uint8_t *bytes, size_t size,
                         size_t limit_bytes, LmError *err)
{
    Inflation f = {.bytes = bytes, .size = size, .limit = limit_bytes};
    f.block_size = first_block_size(bytes, size, limit_bytes);
    lm_zmem_init(&f.z);
    if (inflateInit2(&f.z, WINDOW_BITS_GZIP) != Z_OK) {
        return lm_fail(err, LM_EMEM, "out of memory while inflating gzip data");
    }
    LmStatus st = lm_mem_alloc(&f.block, f.block_size, 1, err);
    bool has_next = true;
    while (st == LM_OK && has_next) {
        st = inflate_member(&f, err);
        if (st == LM_OK) {
            st = at_next_member(&f, &has_next, err);
        }
        if (st == LM_OK && has_next) {
            inflateReset(&f.z);
        }
    }
    inflateEnd(&f.z);
    if (st != LM_OK) {
        lm_mem_free(f.block);
        return st;
    }
    *out = f.block;
    *out_size = f.written;
    return LM_OK;
}

size_t lm_gzip_head(uint8_t *out, size_t room, const uint8_t *bytes, size_t size)
{
    Inflation f = {.bytes = bytes, .size = size, .block = out, .block_size = room};
    lm_zmem_init(&f.z);
    if (inflateInit2(&f.z, WINDOW_BITS_GZIP) != Z_OK) {
        return 0;
    }
    int code = Z_OK;
    while (code == Z_OK && f.written < room) {
        code = step(&f);
        if (code == Z_STREAM_END && lm_gzip_is(bytes + f.read, size - f.read)) {
            code = inflateReset(&f.z);
        }
    }
    inflateEnd(&f.z);
    return f.written;
}
