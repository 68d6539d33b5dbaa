#include <string.h>
#include <zlib.h>

#include "help_images.h"
#include "help_test.h"
#include "io/be.h"

size_t help_png_chunk(uint8_t *out, size_t at, const char *name, const void *data, size_t size)
{
    uint8_t *c = out + at;
    lm_be_put32(c, (uint32_t)size);
    memcpy(c + 4, name, 4);
    if (size > 0) {
        memcpy(c + 8, data, size);
    }
    lm_be_put32(c + 8 + size, (uint32_t)crc32(0, c + 4, (unsigned)size + 4));
    return at + 12 + size;
}

static int samples_of(int color_type)
{
    static const int n[] = {1, 0, 3, 1, 2, 0, 4};
    return n[color_type];
}

static int paeth(int a, int b, int c)
{
    int p = a + b - c;
    int pa = abs(p - a);
    int pb = abs(p - b);
    int pc = abs(p - c);
    return pa <= pb && pa <= pc ? a : (pb <= pc ? b : c);
}

/* Filters `row` of n bytes into dst, its kind first; `prior` is the row above or zeros. */
static void filter_row(uint8_t *dst, const uint8_t *row, const uint8_t *prior, size_t n, size_t bpp,
                       int kind)
{
    *dst++ = (uint8_t)kind;
    for (size_t i = 0; i < n; i++) {
        int a = i >= bpp ? row[i - bpp] : 0;
        int b = prior[i];
        int c = i >= bpp ? prior[i - bpp] : 0;
        int guesses[] = {0, a, b, (a + b) / 2, paeth(a, b, c)};
        dst[i] = (uint8_t)(row[i] - guesses[kind]);
    }
}

typedef struct Rows {
    const HelpPng *p;
    const uint16_t *samples;
    LmRng *rng;
    uint8_t *bytes;
    size_t size;
} Rows;

/* Every dx-th sample of row y from x on, packed, filtered, appended. */
static void add_row(Rows *r, uint8_t *prior, int64_t y, int64_t x, int64_t dx)
{
    static uint8_t row[HELP_IMAGE_ROOM];
    const HelpPng *p = r->p;
    int n_samples = samples_of(p->color_type);
    size_t bit = 0;
    memset(row, 0, sizeof row);
    for (; x < p->w; x += dx) {
        for (int s = 0; s < n_samples; s++, bit += (size_t)p->bits) {
            unsigned v = r->samples[(y * p->w + x) * n_samples + s];
            if (p->bits == 16) {
                row[bit / 8] = (uint8_t)(v >> 8);
                row[bit / 8 + 1] = (uint8_t)v;
            } else {
                row[bit / 8] |= (uint8_t)(v << (8 - (size_t)p->bits - bit % 8));
            }
        }
    }
    size_t n = (bit + 7) / 8;
    size_t bpp = (size_t)LM_MAX(p->bits * n_samples / 8, 1);
    filter_row(r->bytes + r->size, row, prior, n, bpp, (int)lm_rng_below(r->rng, 5));
    r->size += n + 1;
    memcpy(prior, row, n);
}

static void add_pass(Rows *r, int64_t y, int64_t x, int64_t dy, int64_t dx)
{
    static uint8_t prior[HELP_IMAGE_ROOM];
    memset(prior, 0, sizeof prior);
    for (; x < r->p->w && y < r->p->h; y += dy) {
        add_row(r, prior, y, x, dx);
    }
}

static void add_rows(Rows *r)
{
    static const int64_t adam7[][4] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                                       {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
    if (!r->p->is_interlaced) {
        add_pass(r, 0, 0, 1, 1);
        return;
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(adam7); i++) {
        add_pass(r, adam7[i][0], adam7[i][1], adam7[i][2], adam7[i][3]);
    }
}

static void draw(uint16_t *samples, const HelpPng *p, LmRng *rng)
{
    uint32_t n_values = p->color_type == 3 ? (uint32_t)p->n_colors : 1U << p->bits;
    int64_t n = p->w * p->h * samples_of(p->color_type);
    assert_true(n <= HELP_IMAGE_ROOM / 2);
    for (int64_t i = 0; i < n; i++) {
        samples[i] = (uint16_t)lm_rng_below(rng, n_values);
    }
}

static size_t add_colors(uint8_t *out, size_t at, const HelpPng *p, LmRng *rng, uint8_t *palette,
                         uint8_t *trns)
{
    uint8_t bytes[768];
    for (int i = 0; i < 768; i++) {
        bytes[i] = (uint8_t)lm_rng_below(rng, 256);
    }
    if (p->color_type == 3) {
        memcpy(palette, bytes, 3 * (size_t)p->n_colors);
        at = help_png_chunk(out, at, "PLTE", palette, 3 * (size_t)p->n_colors);
    }
    if (p->n_trns > 0) {
        memcpy(trns, bytes + 300, (size_t)p->n_trns);
        for (int i = 0; i < p->n_trns && p->color_type != 3; i += 2) {
            trns[i] = p->bits == 16 ? trns[i] : 0;
            trns[i + 1] &= (uint8_t)((1 << LM_MIN(p->bits, 8)) - 1);
        }
        at = help_png_chunk(out, at, "tRNS", trns, (size_t)p->n_trns);
    }
    return at;
}

void help_png_make(HelpBytes *out, const HelpPng *p, LmRng *rng, uint16_t *samples,
                   uint8_t *palette, uint8_t *trns)
{
    static uint16_t own_samples[HELP_IMAGE_ROOM];
    static uint8_t rows[4 * HELP_IMAGE_ROOM];
    static uint8_t stream[HELP_IMAGE_ROOM];
    uint8_t own[2][768];
    uint8_t ihdr[13] = {0};
    samples = samples != NULL ? samples : own_samples;
    draw(samples, p, rng);
    Rows r = {.p = p, .samples = samples, .rng = rng, .bytes = rows};
    add_rows(&r);
    uLongf n = sizeof stream;
    assert_int_equal(compress2(stream, &n, rows, r.size, 6), Z_OK);
    lm_be_put32(ihdr, (uint32_t)p->w);
    lm_be_put32(ihdr + 4, (uint32_t)p->h);
    ihdr[8] = (uint8_t)p->bits;
    ihdr[9] = (uint8_t)p->color_type;
    ihdr[12] = p->is_interlaced;
    memcpy(out->bytes, "\x89PNG\r\n\x1a\n", 8);
    size_t at = help_png_chunk(out->bytes, 8, "IHDR", ihdr, sizeof ihdr);
    at = help_png_chunk(out->bytes, at, "tEXt", "a\0b", 3);
    at = add_colors(out->bytes, at, p, rng, palette != NULL ? palette : own[0],
                    trns != NULL ? trns : own[1]);
    at = help_png_chunk(out->bytes, at, "IDAT", stream, n / 2);
    at = help_png_chunk(out->bytes, at, "IDAT", stream + n / 2, n - n / 2);
    out->size = help_png_chunk(out->bytes, at, "IEND", NULL, 0);
    out->name = "made.png";
    assert_true(out->size <= sizeof out->bytes);
}
