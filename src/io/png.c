/* PNG (W3C Recommendation, second edition): signature, IHDR, one IDAT, IEND.
 *
 * Rows are stored unfiltered: the pictures drawn here are enlarged digits and grids, whose runs of
 * equal bytes deflate better as they are than as differences.
 */
#include "io/png.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/be.h"
#include "io/file.h"
#include "io/zmem.h"
#include "tensor/chunk.h"

/* Length and name before a chunk's data, CRC behind. */
enum { CHUNK_HEAD = 8, CHUNK_TAIL = 4, IHDR_SIZE = 13 };

/* A PNG's sides have 31 bits; zlib takes one call's bytes in 32. */
static const size_t data_max = INT32_MAX;

typedef struct Image {
    uint32_t h, w;
    uint8_t color_type; /* 0 gray, 2 RGB, 6 RGBA */
    size_t row_size;
} Image;

static LmStatus describe(Image *image, const LmTensor *t, LmError *err)
{
    char text[96];
    lm_str_shape(text, sizeof text, t->rank, t->shape);
    int64_t c = t->rank == 3 ? t->shape[2] : 1;
    if ((t->rank != 2 && t->rank != 3) || (c != 1 && c != 3 && c != 4)) {
        return lm_fail(err, LM_ESHAPE,
                       "a tensor of shape %s is no image: want height x width, or height x width x "
                       "1, 3 or 4",
                       text);
    }
    if (t->count == 0) {
        return lm_fail(err, LM_ESHAPE, "an image of shape %s has no pixels", text);
    }
    if (t->shape[0] > INT32_MAX || t->shape[1] > INT32_MAX ||
        (size_t)(t->count + t->shape[0]) > data_max) {
        return lm_fail(err, LM_ESHAPE, "an image of shape %s is too large for a PNG", text);
    }
    *image = (Image){.h = (uint32_t)t->shape[0],
                     .w = (uint32_t)t->shape[1],
                     .color_type = c == 1 ? 0 : (c == 3 ? 2 : 6),
                     .row_size = (size_t)(t->shape[1] * c)};
    return LM_OK;
}

/* Where 0 and 255 lie. u8 stays as it is. */
static LmStatus find_range(const LmTensor *t, double *lo, double *hi, LmError *err)
{
    *lo = 0;
    *hi = UINT8_MAX;
    if (t->dtype == LM_U8) {
        return LM_OK;
    }
    LmTensorFacts facts;
    LmStatus st = lm_tensor_facts(t, &facts, err);
    if (st != LM_OK) {
        return st;
    }
    if (!isfinite(facts.min) || !isfinite(facts.max)) {
        return lm_fail(err, LM_ENUMERIC, "an image with NaN or infinite pixels cannot be drawn");
    }
    *lo = facts.min;
    *hi = facts.max;
    return LM_OK;
}

/* Rows of the image, each behind its filter byte (0: none). */
static void fill_rows(uint8_t *rows, const LmTensor *t, const Image *image, double lo, double hi)
{
    double chunk[LM_CHUNK];
    /* Halving keeps the width of the range finite where lo and hi are near the ends of double. */
    double width = hi / 2 - lo / 2;
    for (size_t y = 0; y < image->h; y++) {
        uint8_t *row = rows + y * (image->row_size + 1);
        *row++ = 0;
        int64_t first = (int64_t)(y * image->row_size);
        if (t->dtype == LM_U8) {
            memcpy(row, (const uint8_t *)t->data + first, image->row_size);
            continue;
        }
        for (size_t x = 0; x < image->row_size; x += LM_CHUNK) {
            size_t n = LM_MIN((size_t)LM_CHUNK, image->row_size - x);
            lm_chunk_load(chunk, t, first + (int64_t)x, (int64_t)n);
            for (size_t i = 0; i < n; i++) {
                double part = width > 0 ? (chunk[i] / 2 - lo / 2) / width : 0;
                row[x + i] = (uint8_t)rint(part * UINT8_MAX);
            }
        }
    }
}

/* Deflates into `out` (of `out_size` bytes, enough by deflateBound); gives the size. */
static LmStatus deflate_all(uint8_t **out, size_t *out_size, const uint8_t *rows, size_t size,
                            LmError *err)
{
    z_stream z;
    lm_zmem_init(&z);
    if (deflateInit(&z, Z_BEST_COMPRESSION) != Z_OK) {
        return lm_fail(err, LM_EMEM, "out of memory while compressing an image");
    }
    size_t bound = deflateBound(&z, size);
    uint8_t *block = NULL;
    LmStatus st = lm_mem_alloc(&block, bound + CHUNK_HEAD + CHUNK_TAIL, 1, err);
    if (st == LM_OK) {
        z.next_in = (uint8_t *)(uintptr_t)rows; /* zlib's type lacks the const */
        z.avail_in = (unsigned)size;
        z.next_out = block + CHUNK_HEAD;
        z.avail_out = (unsigned)bound;
        int code = deflate(&z, Z_FINISH);
        LM_ASSERT(code == Z_STREAM_END);
        *out = block;
        *out_size = z.total_out;
    }
    deflateEnd(&z);
    return st;
}

/* Puts length and name before, CRC-32 of name and data behind `size` bytes at chunk + CHUNK_HEAD.
 */
static size_t seal(uint8_t *chunk, const char *name, size_t size)
{
    lm_be_put32(chunk, (uint32_t)size);
    memcpy(chunk + 4, name, 4);
    uLong crc = crc32(crc32(0, NULL, 0), chunk + 4, (unsigned)(size + 4));
    lm_be_put32(chunk + CHUNK_HEAD + size, (uint32_t)crc);
    return CHUNK_HEAD + size + CHUNK_TAIL;
}

static LmStatus write_png(const Image *image, uint8_t *idat, size_t idat_size, const char *path,
                          LmError *err)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    uint8_t ihdr[CHUNK_HEAD + IHDR_SIZE + CHUNK_TAIL] = {0};
    uint8_t iend[CHUNK_HEAD + CHUNK_TAIL];
    lm_be_put32(ihdr + CHUNK_HEAD, image->w);
    lm_be_put32(ihdr + CHUNK_HEAD + 4, image->h);
    ihdr[CHUNK_HEAD + 8] = 8; /* bits a sample */
    ihdr[CHUNK_HEAD + 9] = image->color_type;
    LmFilePart parts[] = {{signature, sizeof signature},
                          {ihdr, seal(ihdr, "IHDR", IHDR_SIZE)},
                          {idat, seal(idat, "IDAT", idat_size)},
                          {iend, seal(iend, "IEND", 0)}};
    return lm_file_write(path, parts, LM_ARRAY_LEN(parts), err);
}

LmStatus lm_png_save(const LmTensor *t, const char *path, LmError *err)
{
    Image image;
    double lo = 0;
    double hi = 0;
    uint8_t *rows = NULL;
    uint8_t *idat = NULL;
    size_t idat_size = 0;
    LmStatus st = describe(&image, t, err);
    if (st == LM_OK) {
        st = find_range(t, &lo, &hi, err);
    }
    if (st != LM_OK) {
        return lm_error_context(err, "cannot write %s", path);
    }
    size_t rows_size = image.h * (image.row_size + 1);
    st = lm_mem_alloc(&rows, rows_size, 1, err);
    if (st != LM_OK) {
        goto done;
    }
    fill_rows(rows, t, &image, lo, hi);
    st = deflate_all(&idat, &idat_size, rows, rows_size, err);
    if (st != LM_OK) {
        goto done;
    }
    st = write_png(&image, idat, idat_size, path, err);
done:
    lm_mem_free(rows);
    lm_mem_free(idat);
    return st;
}
