/* PNG (W3C Recommendation, second edition): the checks stb_image leaves out.
 *
 * Every chunk's CRC and place, the header's combinations, the palette's size, and how many bytes
 * the rows must inflate to; then the inflating itself, through zlib, into a block of exactly that
 * size, which checks the stream's Adler-32 and cannot be made to take more memory than the header
 * announced. A file of which one bit is wrong is refused.
 */
#include <string.h>
#include <zlib.h>

#include "base/str.h"
#include "io/be.h"
#include "io/image_impl.h"
#include "io/zmem.h"

enum { SIGNATURE_SIZE = 8, CHUNK_HEAD = 8, CHUNK_TAIL = 4, IHDR_SIZE = 13, PALETTE_MAX = 256 };
enum { COLOR_GRAY = 0, COLOR_RGB = 2, COLOR_PALETTE = 3, COLOR_GRAY_ALPHA = 4, COLOR_RGBA = 6 };

typedef struct Chunk {
    char name[5];
    const uint8_t *data;
    size_t size;
    size_t at; /* of its length field */
} Chunk;

typedef struct Walk {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    int color_type;
    int bits; /* a sample */
    bool has_ihdr, has_trns, has_idat, has_left_idat;
    bool is_whole; /* else the walk ends at the pixels, whatever comes of them */
    LmImageFacts *facts;
} Walk;

static bool is_name(const char *name)
{
    for (int i = 0; i < 4; i++) {
        char lower = (char)(name[i] | 0x20);
        if (lower < 'a' || lower > 'z') {
            return false;
        }
    }
    return true;
}

/* zlib counts a call's bytes in 32 bits; a chunk has at most 2^31 - 1. */
static bool is_crc_right(const Chunk *c)
{
    uLong crc = crc32(0, c->data - 4, (unsigned)c->size + 4);
    return lm_be_get32(c->data + c->size) == crc;
}

static LmStatus take_chunk(Chunk *out, Walk *w, LmError *err)
{
    const uint8_t *head = w->bytes + w->at;
    size_t left = w->size - w->at;
    if (left < CHUNK_HEAD + CHUNK_TAIL) {
        return lm_fail(err, LM_EFORMAT, "the PNG is cut off at byte %zu: a chunk was to follow",
                       w->size);
    }
    Chunk c = {.data = head + CHUNK_HEAD, .size = lm_be_get32(head), .at = w->at};
    memcpy(c.name, head + 4, 4);
    if (!is_name(c.name)) {
        return lm_fail(err, LM_EFORMAT, "the PNG is damaged: at byte %zu no chunk begins", w->at);
    }
    if (!w->is_whole && strcmp(c.name, "IDAT") == 0) {
        *out = c;
        return LM_OK;
    }
    if (c.size > INT32_MAX || c.size > left - CHUNK_HEAD - CHUNK_TAIL) {
        return lm_fail(err, LM_EFORMAT,
                       "the PNG is cut off: chunk %s at byte %zu claims %zu bytes, %zu are left",
                       c.name, w->at, c.size, left - CHUNK_HEAD - CHUNK_TAIL);
    }
    if (!is_crc_right(&c)) {
        return lm_fail(err, LM_EFORMAT,
                       "the PNG is damaged: wrong checksum (CRC) of chunk %s at byte %zu", c.name,
                       w->at);
    }
    w->at += CHUNK_HEAD + c.size + CHUNK_TAIL;
    *out = c;
    return LM_OK;
}

static int samples_of(int color_type)
{
    switch (color_type) {
    case COLOR_RGB:
        return 3;
    case COLOR_GRAY_ALPHA:
        return 2;
    case COLOR_RGBA:
        return 4;
    default:
        return 1;
    }
}

static bool is_combination(int color_type, int bits)
{
    switch (color_type) {
    case COLOR_GRAY:
        return bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
    case COLOR_PALETTE:
        return bits == 1 || bits == 2 || bits == 4 || bits == 8;
    case COLOR_RGB:
    case COLOR_GRAY_ALPHA:
    case COLOR_RGBA:
        return bits == 8 || bits == 16;
    default:
        return false;
    }
}

/* Rows are packed to whole bytes behind one filter byte; a pass without columns has no rows. */
static size_t pass_size(int64_t h, int64_t w, int bits)
{
    return w == 0 ? 0 : (size_t)h * (1 + (size_t)(w * bits + 7) / 8);
}

/* Adam7: passes begin at (y, x) and step by (dy, dx). */
static size_t rows_size(int64_t h, int64_t w, int bits, bool is_interlaced)
{
    static const int passes[7][4] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                                     {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
    if (!is_interlaced) {
        return pass_size(h, w, bits);
    }
    size_t sum = 0;
    for (int i = 0; i < 7; i++) {
        const int *p = passes[i];
        sum += pass_size((h - p[0] + p[2] - 1) / p[2], (w - p[1] + p[3] - 1) / p[3], bits);
    }
    return sum;
}

static LmStatus read_ihdr(Walk *w, const Chunk *c, LmError *err)
{
    if (w->has_ihdr || c->size != IHDR_SIZE) {
        return lm_fail(err, LM_EFORMAT, "the PNG is damaged: IHDR at byte %zu has %zu bytes%s",
                       c->at, c->size, w->has_ihdr ? " and is not the first" : ", wants 13");
    }
    LmImageInfo *info = &w->facts->info;
    info->w = lm_be_get32(c->data);
    info->h = lm_be_get32(c->data + 4);
    w->bits = c->data[8];
    w->color_type = c->data[9];
    int interlace = c->data[12];
    if (!is_combination(w->color_type, w->bits) || c->data[10] != 0 || c->data[11] != 0 ||
        interlace > 1) {
        return lm_fail(err, LM_EFORMAT,
                       "the PNG's header makes no sense: %d bits, colour type %d, methods %d %d %d",
                       w->bits, w->color_type, c->data[10], c->data[11], interlace);
    }
    info->c = w->color_type == COLOR_PALETTE ? 3 : samples_of(w->color_type);
    info->depth = w->bits == 16 ? 16 : 8;
    info->orientation = 1;
    bool is_sane = info->w <= LM_IMAGE_SIDE_MAX && info->h <= LM_IMAGE_SIDE_MAX;
    w->facts->rows_size =
        is_sane ? rows_size(info->h, info->w, w->bits * samples_of(w->color_type), interlace == 1)
                : 0;
    w->facts->palette_room = w->color_type == COLOR_PALETTE ? 1 << w->bits : 0;
    w->has_ihdr = true;
    return LM_OK;
}

static LmStatus read_plte(Walk *w, const Chunk *c, LmError *err)
{
    if (w->facts->palette_end != 0 || w->has_idat || w->has_trns || c->size == 0 ||
        c->size % 3 != 0 || c->size > 3 * PALETTE_MAX) {
        return lm_fail(err, LM_EFORMAT,
                       "the PNG's palette at byte %zu is out of place or of a wrong size (%zu)",
                       c->at, c->size);
    }
    w->facts->palette_at = c->at;
    w->facts->palette_end = w->at;
    return LM_OK;
}

static LmStatus read_trns(Walk *w, const Chunk *c, LmError *err)
{
    size_t n_colors = (w->facts->palette_end - w->facts->palette_at) / 3 - 4; /* 12 bytes around */
    bool is_right = w->color_type == COLOR_PALETTE
                        ? w->facts->palette_end != 0 && c->size != 0 && c->size <= n_colors
                    : w->color_type == COLOR_GRAY ? c->size == 2
                    : w->color_type == COLOR_RGB  ? c->size == 6
                                                  : false;
    if (!is_right || w->has_idat || w->has_trns) {
        return lm_fail(err, LM_EFORMAT,
                       "the PNG's transparency (tRNS, %zu bytes at byte %zu) does not fit its "
                       "colours",
                       c->size, c->at);
    }
    w->has_trns = true;
    w->facts->info.c += 1;
    return LM_OK;
}

static LmStatus read_idat(Walk *w, const Chunk *c, LmError *err)
{
    if (w->has_left_idat) {
        return lm_fail(err, LM_EFORMAT, "the PNG's IDAT chunks are not together: one at byte %zu",
                       c->at);
    }
    if (w->color_type == COLOR_PALETTE && w->facts->palette_end == 0) {
        return lm_fail(err, LM_EFORMAT, "the PNG has no palette (PLTE) before its pixels");
    }
    w->has_idat = true;
    return LM_OK;
}

static LmStatus read_chunk(Walk *w, const Chunk *c, LmError *err)
{
    if (!w->has_ihdr && strcmp(c->name, "IHDR") != 0) {
        return lm_fail(err, LM_EFORMAT, "the PNG begins with chunk %s, not with IHDR", c->name);
    }
    w->has_left_idat |= w->has_idat && strcmp(c->name, "IDAT") != 0;
    if (strcmp(c->name, "IHDR") == 0) {
        return read_ihdr(w, c, err);
    }
    if (strcmp(c->name, "PLTE") == 0) {
        return read_plte(w, c, err);
    }
    if (strcmp(c->name, "tRNS") == 0) {
        return read_trns(w, c, err);
    }
    if (strcmp(c->name, "IDAT") == 0) {
        return read_idat(w, c, err);
    }
    if (strcmp(c->name, "IEND") == 0) {
        return w->has_idat && c->size == 0
                   ? LM_OK
                   : lm_fail(err, LM_EFORMAT, "the PNG ends (IEND at byte %zu) without pixels",
                             c->at);
    }
    bool is_critical = (c->name[0] & 0x20) == 0;
    return is_critical ? lm_fail(err, LM_EFORMAT, "the PNG needs chunk %s, which is not known here",
                                 c->name)
                       : LM_OK;
}

LmStatus lm_png_check(LmImageFacts *out, const uint8_t *bytes, size_t size, bool whole,
                      LmError *err)
{
    Walk w = {.bytes = bytes, .size = size, .at = SIGNATURE_SIZE, .is_whole = whole, .facts = out};
    Chunk c = {.name = ""};
    for (;;) {
        LmStatus st = take_chunk(&c, &w, err);
        if (st == LM_OK) {
            st = read_chunk(&w, &c, err);
        }
        if (st != LM_OK || strcmp(c.name, "IEND") == 0 || (!whole && w.has_idat)) {
            return st;
        }
    }
}

LmStatus lm_png_inflate(uint8_t *dst, size_t dst_size, const uint8_t *src, size_t size,
                        LmError *err)
{
    z_stream z;
    lm_zmem_init(&z);
    LM_ASSERT(dst_size <= UINT32_MAX && size <= UINT32_MAX);
    if (inflateInit(&z) != Z_OK) {
        return lm_fail(err, LM_EMEM, "out of memory while inflating a PNG");
    }
    z.next_in = (uint8_t *)(uintptr_t)src; /* zlib's type lacks the const */
    z.avail_in = (unsigned)size;
    z.next_out = dst;
    z.avail_out = (unsigned)dst_size;
    int code = inflate(&z, Z_FINISH);
    size_t written = z.total_out;
    const char *text = z.msg != NULL ? z.msg : zError(code);
    LmStatus st = LM_OK;
    if (code == Z_MEM_ERROR) {
        st = lm_fail(err, LM_EMEM, "out of memory while inflating a PNG");
    } else if (code == Z_STREAM_END && written < dst_size) {
        st = lm_fail(err, LM_EFORMAT, "the PNG holds %zu bytes of rows, its size needs %zu",
                     written, dst_size);
    } else if (code == Z_BUF_ERROR && z.avail_in > 0) {
        st = lm_fail(err, LM_EFORMAT, "the PNG inflates to more than the %zu bytes its size needs",
                     dst_size);
    } else if (code == Z_BUF_ERROR) {
        st =
            lm_fail(err, LM_EFORMAT, "the PNG's compressed data ends early, after %zu of %zu bytes",
                    written, dst_size);
    } else if (code != Z_STREAM_END) {
        st = lm_fail(err, LM_EFORMAT, "the PNG's compressed data is damaged (%s)", text);
    }
    inflateEnd(&z);
    return st;
}
