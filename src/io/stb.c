/* stb_image, compiled here with memory from lm_mem and without what luma has its own way for.
 *
 * What makes it safe to use: callers hand over only files that passed their format's check; its
 * memory comes zeroed, so a table or row that was never filled reads as zeros; its own inflate is
 * left out and zlib put in its place, which must fill exactly the rows of the header and checks
 * their checksum; it reads through callbacks, which notice when it wants more than there is, for a
 * file that is cut off else decodes to a picture of which the rest is made up. What it is doing is
 * kept per thread for the length of one call.
 */
#include <string.h>

#include "base/mem.h"
#include "io/image_impl.h"

/* One decoding. */
typedef struct Job {
    const LmImagePart *parts;
    size_t n_parts;
    size_t part; /* where reading stands */
    size_t at;
    const char *buffer; /* stb's small one, which it fills as far as it can */
    bool is_hungry;     /* it wanted bytes beyond the end */
    size_t rows_size;
    LmStatus st; /* of the first failure here, told in *err */
    LmError *err;
} Job;

static _Thread_local Job *job;

static void *stb_alloc(size_t size)
{
    LmError err;
    void *block = NULL;
    LmStatus st = lm_mem_zeros(&block, size, 1, &err);
    if (st != LM_OK && job != NULL && job->st == LM_OK) {
        job->st = st;
        *job->err = err;
    }
    return st == LM_OK ? block : NULL;
}

static void *stb_realloc(void *old, size_t old_size, size_t size)
{
    void *block = stb_alloc(size);
    if (block != NULL && old != NULL) {
        memcpy(block, old, LM_MIN(old_size, size));
        lm_mem_free(old);
    }
    return block;
}

/* Doubles a row of chroma: each output lies a quarter pixel off an input and takes 3/4 of it and
 * 1/4 of the neighbour, rounded up and down in turn; two inputs or one are repeated. So does
 * libjpeg. In place of stb_image's function of that name, whose last but one output takes the
 * shares the wrong way round. */
static uint8_t *stbi__resample_row_h_2(uint8_t *out, uint8_t *in, uint8_t *far_row, int w, int hs)
{
    (void)far_row;
    (void)hs;
    for (int i = 0; i < w; i++) {
        int before = in[i > 0 && w > 2 ? i - 1 : i];
        int behind = in[i + 1 < w && w > 2 ? i + 1 : i];
        out[2 * i] = (uint8_t)((3 * in[i] + before + 1) >> 2);
        out[2 * i + 1] = (uint8_t)((3 * in[i] + behind + 2) >> 2);
    }
    return out;
}

/* Renames the definition, which has arguments, and not the one use, which has none. */
#define stbi__resample_row_h_2(a, b, c, d, e) stb_unused_row_h_2(a, b, c, d, e)
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_GIF
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_ZLIB
#define STBI_MAX_DIMENSIONS LM_IMAGE_SIDE_MAX
#define STBI_MALLOC(size) stb_alloc(size)
#define STBI_REALLOC_SIZED(block, old_size, size) stb_realloc(block, old_size, size)
#define STBI_REALLOC(block, size) NULL /* never used: its old size would be unknown */
#define STBI_FREE(block) lm_mem_free(block)
/* Its assertions may depend on the file; tests/fuzz makes them stop the program. */
#ifndef STBI_ASSERT
#define STBI_ASSERT(condition) ((void)0)
#endif

/* Told at the end of the file about what the header declares and leaves out. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wdouble-promotion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <stb_image.h>
#pragma GCC diagnostic pop

/* What stb_image calls for a PNG's IDAT bytes; the guess at the size is not believed. */
static char *stbi_zlib_decode_malloc_guesssize_headerflag(const char *buffer, int len,
                                                          int initial_size, int *outlen,
                                                          int parse_header)
{
    (void)initial_size;
    (void)parse_header;
    uint8_t *rows = stb_alloc(job->rows_size);
    if (rows == NULL) {
        return NULL;
    }
    job->st = lm_png_inflate(rows, job->rows_size, (const uint8_t *)buffer, (size_t)len, job->err);
    if (job->st != LM_OK) {
        lm_mem_free(rows);
        return NULL;
    }
    *outlen = (int)job->rows_size;
    return (char *)rows;
}

/* Passes over up to `size` bytes, copying them where dst is one. */
static size_t take(Job *j, char *dst, size_t size)
{
    size_t taken = 0;
    while (taken < size && j->part < j->n_parts) {
        const LmImagePart *part = &j->parts[j->part];
        size_t n = LM_MIN(size - taken, part->size - j->at);
        if (dst != NULL) {
            memcpy(dst + taken, part->bytes + j->at, n);
        }
        taken += n;
        j->at += n;
        if (j->at == part->size) {
            j->part++;
            j->at = 0;
        }
    }
    return taken;
}

/* stb's own small buffer, the first that is read into, may be filled in part, but not with nothing:
 * then the byte asked for is not there. */
static int on_read(void *user, char *data, int size)
{
    Job *j = user;
    j->buffer = j->buffer == NULL ? data : j->buffer;
    size_t taken = take(j, data, (size_t)size);
    j->is_hungry |= taken == 0 || (taken < (size_t)size && data != j->buffer);
    return (int)taken;
}

static void on_skip(void *user, int n)
{
    Job *j = user;
    size_t wanted = n > 0 ? (size_t)n : 0;
    j->is_hungry |= take(j, NULL, wanted) < wanted;
}

static int at_end(void *user)
{
    const Job *j = user;
    return j->part == j->n_parts;
}

static LmStatus fail_decode(const Job *j, const char *format, LmError *err)
{
    if (j->st != LM_OK) {
        return j->st;
    }
    if (j->is_hungry) {
        return lm_fail(err, LM_EFORMAT, "the %s is cut off: its pixels end early", format);
    }
    return lm_fail(err, LM_EFORMAT, "the %s is damaged (%s)", format, stbi_failure_reason());
}

static LmStatus decode(LmImage *out, const LmImageInfo *info, Job *j, LmError *err)
{
    static const stbi_io_callbacks callbacks = {on_read, on_skip, at_end};
    int w = 0;
    int h = 0;
    int c = 0;
    void *pixels = NULL;
    job = j;
    if (info->depth == 16) {
        pixels = stbi_load_16_from_callbacks(&callbacks, j, &w, &h, &c, 0);
    } else {
        pixels = stbi_load_from_callbacks(&callbacks, j, &w, &h, &c, 0);
    }
    job = NULL;
    if (pixels == NULL || j->is_hungry || j->st != LM_OK) {
        LmStatus st = fail_decode(j, info->format, err);
        lm_mem_free(pixels);
        return st;
    }
    if (w != info->w || h != info->h || c != info->c) {
        lm_mem_free(pixels);
        return lm_fail(err, LM_EFORMAT, "the %s is damaged: its header is not clear", info->format);
    }
    *out = (LmImage){.h = h, .w = w, .c = c, .depth = info->depth, .pixels = pixels};
    return LM_OK;
}

LmStatus lm_stb_decode(LmImage *out, const LmImageFacts *f, const uint8_t *bytes, size_t size,
                       LmError *err)
{
    /* A palette with a colour for every index: stb_image would read others from beyond it. */
    uint8_t plte[8 + 3 * 256 + 4] = {0, 0, 0, 0, 'P', 'L', 'T', 'E'};
    LmImagePart parts[3] = {{bytes, size}};
    size_t n_parts = 1;
    if (f->palette_end != 0 && f->palette_room != 0) {
        size_t room = (size_t)f->palette_room * 3;
        plte[2] = (uint8_t)(room >> 8);
        plte[3] = (uint8_t)room;
        memcpy(plte + 8, bytes + f->palette_at + 8,
               LM_MIN(f->palette_end - f->palette_at - 12, room));
        parts[0].size = f->palette_at;
        parts[1] = (LmImagePart){plte, 8 + room + 4};
        parts[2] = (LmImagePart){bytes + f->palette_end, size - f->palette_end};
        n_parts = 3;
    }
    Job j = {.parts = parts, .n_parts = n_parts, .rows_size = f->rows_size, .err = err};
    return decode(out, &f->info, &j, err);
}
