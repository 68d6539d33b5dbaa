/* PNG: pixels of every kind against what was drawn, and every damage refused. */
#include "help_test.h"

#include <stdlib.h>
#include <zlib.h>

#include "help_images.h"
#include "io/be.h"
#include "io/image.h"
#include "io/image_impl.h"

static const LmImageOptions keep = {.color = LM_COLOR_FILE, .keep_16 = true};

static LmStatus parse(LmImage *out, const HelpBytes *file, LmError *err)
{
    return lm_image_parse(out, file->bytes, file->size, "some.png", &keep, err);
}

/* What a sample becomes: narrow ones spread over 0..255. */
static int spread(int v, int bits)
{
    return bits < 8 ? v * 255 / ((1 << bits) - 1) : v;
}

static int get(const LmImage *image, int64_t i)
{
    return image->depth == 16 ? ((const uint16_t *)image->pixels)[i]
                              : ((const uint8_t *)image->pixels)[i];
}

typedef struct Drawn {
    uint16_t samples[HELP_IMAGE_ROOM];
    uint8_t palette[768], trns[768];
} Drawn;

static void check_pixel(const LmImage *image, const HelpPng *p, const Drawn *d, int64_t i)
{
    int top = image->depth == 16 ? 65535 : 255;
    if (p->color_type == 3) {
        int index = d->samples[i];
        for (int k = 0; k < 3; k++) {
            assert_int_equal(get(image, i * image->c + k), d->palette[3 * index + k]);
        }
        if (p->n_trns > 0) {
            assert_int_equal(get(image, i * 4 + 3), index < p->n_trns ? d->trns[index] : 255);
        }
        return;
    }
    int64_t n = image->c - (p->n_trns > 0);
    bool is_key = true;
    for (int64_t k = 0; k < n; k++) {
        int sample = d->samples[i * n + k];
        is_key = is_key && sample == (d->trns[2 * k] << 8 | d->trns[2 * k + 1]);
        assert_int_equal(get(image, i * image->c + k), spread(sample, p->bits));
    }
    if (p->n_trns > 0) {
        assert_int_equal(get(image, i * image->c + n), is_key ? 0 : top);
    }
}

static void check_kind(const HelpPng *p, LmRng *rng)
{
    static HelpBytes file;
    static Drawn drawn;
    static const int channels[] = {1, 0, 3, 3, 2, 0, 4};
    LmError err;
    LmImage image;
    help_png_make(&file, p, rng, drawn.samples, drawn.palette, drawn.trns);
    assert_ok(parse(&image, &file, &err), err);
    assert_int_equal(image.h, p->h);
    assert_int_equal(image.w, p->w);
    assert_int_equal(image.c, channels[p->color_type] + (p->n_trns > 0));
    assert_int_equal(image.depth, p->bits == 16 ? 16 : 8);
    for (int64_t i = 0; i < p->h * p->w; i++) {
        check_pixel(&image, p, &drawn, i);
    }
    lm_image_fini(&image);
}

static void test_pixels(void **state)
{
    (void)state;
    LmRng rng = lm_rng(7, LM_RNG_USER, 0, 0);
    static const int kinds[][2] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                                   {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
    for (size_t i = 0; i < LM_ARRAY_LEN(kinds) * 12; i++) {
        HelpPng p = {.color_type = kinds[i / 12][0], .bits = kinds[i / 12][1]};
        p.w = 1 + lm_rng_below(&rng, 20);
        p.h = 1 + lm_rng_below(&rng, 20);
        p.is_interlaced = i % 2 == 1;
        p.n_colors = p.color_type == 3 ? 1 + (int)lm_rng_below(&rng, 1U << p.bits) : 0;
        if (i % 12 >= 8) {
            p.n_trns = p.color_type == 3   ? 1 + (int)lm_rng_below(&rng, (uint32_t)p.n_colors)
                       : p.color_type == 0 ? 2
                       : p.color_type == 2 ? 6
                                           : 0;
        }
        check_kind(&p, &rng);
    }
}

/* Colours a short palette does not have are black, as in PIL: not what lies beyond it. */
static void test_index_outside_palette(void **state)
{
    (void)state;
    static HelpBytes file;
    static Drawn drawn;
    LmError err;
    LmImage image;
    LmRng rng = lm_rng(8, LM_RNG_USER, 0, 0);
    const HelpPng p = {8, 8, 8, 3, false, 256, 0};
    help_png_make(&file, &p, &rng, drawn.samples, drawn.palette, NULL);
    /* PLTE stands behind signature, IHDR and tEXt; cut it down to 3 colours. */
    size_t at = 8 + 25 + 15;
    assert_memory_equal(file.bytes + at + 4, "PLTE", 4);
    static HelpBytes cut;
    memcpy(cut.bytes, file.bytes, at);
    size_t end = help_png_chunk(cut.bytes, at, "PLTE", drawn.palette, 9);
    memcpy(cut.bytes + end, file.bytes + at + 12 + 768, file.size - at - 12 - 768);
    cut.size = file.size - 768 + 9;
    assert_ok(parse(&image, &cut, &err), err);
    for (int64_t i = 0; i < 64 * 3; i++) {
        int index = drawn.samples[i / 3];
        assert_int_equal(((uint8_t *)image.pixels)[i],
                         index < 3 ? drawn.palette[3 * index + i % 3] : 0);
    }
    lm_image_fini(&image);
}

/* Every flipped bit of every kind is refused or changes nothing; every cut is refused. */
static void test_damage(void **state)
{
    (void)state;
    static HelpBytes files[HELP_IMAGES_MAX];
    int n = help_images_all(files);
    size_t before = lm_mem_in_use();
    int n_same = 0;
    for (int i = 0; i < n; i++) {
        if (strstr(files[i].name, ".png") == NULL) {
            continue;
        }
        LmError err;
        LmImage right;
        LmImage image;
        HelpBytes *file = &files[i];
        assert_ok(parse(&right, file, &err), err);
        size_t size = (size_t)(right.h * right.w * right.c * right.depth / 8);
        for (size_t bit = 0; bit < 8 * file->size; bit++) {
            file->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            LmStatus st = parse(&image, file, &err);
            if (st == LM_OK) {
                n_same++;
                assert_int_equal(image.h, right.h);
                assert_int_equal(image.c, right.c);
                assert_memory_equal(image.pixels, right.pixels, size);
                lm_image_fini(&image);
            } else {
                assert_int_equal(st, LM_EFORMAT);
            }
            file->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < file->size; cut++) {
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact, file->bytes, cut);
            assert_fails(lm_image_parse(&image, exact, cut, "cut.png", &keep, &err), LM_EFORMAT,
                         err, "cut.png: ");
            free(exact);
        }
        lm_image_fini(&right);
    }
    assert_int_equal(n_same, 0);
    assert_int_equal(lm_mem_in_use(), before);
}

/* --- files made by hand --- */

typedef struct Made {
    HelpBytes file;
    size_t at;
} Made;

static void begin(Made *m, uint32_t w, uint32_t h, int bits, int color_type)
{
    uint8_t ihdr[13] = {0};
    lm_be_put32(ihdr, w);
    lm_be_put32(ihdr + 4, h);
    ihdr[8] = (uint8_t)bits;
    ihdr[9] = (uint8_t)color_type;
    memcpy(m->file.bytes, "\x89PNG\r\n\x1a\n", 8);
    m->at = help_png_chunk(m->file.bytes, 8, "IHDR", ihdr, sizeof ihdr);
}

static void add(Made *m, const char *name, const void *data, size_t size)
{
    m->at = help_png_chunk(m->file.bytes, m->at, name, data, size);
    m->file.size = m->at;
}

/* n zero bytes of rows. */
static void add_rows(Made *m, size_t n)
{
    uint8_t *rows = calloc(n, 1);
    static uint8_t stream[HELP_IMAGE_ROOM / 2];
    uLongf size = sizeof stream;
    assert_int_equal(compress2(stream, &size, rows, n, 9), Z_OK);
    free(rows);
    add(m, "IDAT", stream, size);
}

static void refuse(Made *m, LmStatus status, const char *part)
{
    LmError err;
    LmImage image;
    size_t before = lm_mem_in_use();
    assert_fails(parse(&image, &m->file, &err), status, err, part);
    assert_non_null(strstr(err.msg, "some.png: "));
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_bombs(void **state)
{
    (void)state;
    static Made m;
    LmError err;
    LmImage image;
    size_t before = lm_mem_in_use();
    begin(&m, 4, 4, 8, 0);
    add_rows(&m, 10 << 20); /* 10 MB in 10 kB of stream, for 20 bytes of rows */
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "inflates to more than the 20 bytes its size needs");
    begin(&m, 60000, 60000, 8, 6);
    add_rows(&m, 20);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "claims 60000 x 60000 pixels, more than its");
    begin(&m, 0x7FFFFFFF, 0x7FFFFFFF, 16, 6);
    add_rows(&m, 20);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "claims 2147483647 x 2147483647 pixels");
    /* None of them has taken a megabyte. */
    assert_true(lm_mem_peak() - before < 1 << 20);
    begin(&m, 2000, 1000, 8, 6);
    add_rows(&m, 1000 * 8001);
    add(&m, "IEND", NULL, 0);
    LmImageOptions tight = {.limit_bytes = 7999999};
    assert_fails(lm_image_parse(&image, m.file.bytes, m.file.size, "big.png", &tight, &err),
                 LM_EMEM, err, "2000 x 1000 pixels needs 8.0 MB, more than the limit of 8.0 MB");
    tight.limit_bytes++;
    assert_ok(lm_image_parse(&image, m.file.bytes, m.file.size, "big.png", &tight, &err), err);
    lm_image_fini(&image);
    tight.limit_bytes = 6000000;
    tight.color = LM_COLOR_RGB;
    assert_fails(lm_image_parse(&image, m.file.bytes, m.file.size, "big.png", &tight, &err),
                 LM_EMEM, err, "the limit");
}

static void test_structure(void **state)
{
    (void)state;
    static Made m;
    begin(&m, 4, 4, 8, 0);
    add_rows(&m, 19);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "holds 19 bytes of rows, its size needs 20");
    begin(&m, 4, 4, 8, 0);
    add_rows(&m, 21);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "inflates to more than the 20 bytes");
    begin(&m, 4, 4, 8, 0);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "without pixels");
    begin(&m, 4, 4, 8, 0);
    add(&m, "XDAT", "", 0);
    add_rows(&m, 20);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "needs chunk XDAT");
    begin(&m, 4, 4, 8, 0);
    add_rows(&m, 20);
    add(&m, "tEXt", "a", 1);
    add_rows(&m, 20);
    refuse(&m, LM_EFORMAT, "not together");
    begin(&m, 4, 4, 8, 3);
    add_rows(&m, 20);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "has no palette");
    begin(&m, 4, 4, 8, 3);
    add(&m, "PLTE", "abcd", 4);
    refuse(&m, LM_EFORMAT, "out of place or of a wrong size (4)");
    begin(&m, 4, 4, 8, 3);
    add(&m, "PLTE", "abcdef", 6);
    add(&m, "tRNS", "abc", 3);
    refuse(&m, LM_EFORMAT, "does not fit its colours");
    begin(&m, 4, 4, 8, 6);
    add(&m, "tRNS", "ab", 2);
    refuse(&m, LM_EFORMAT, "does not fit its colours");
    begin(&m, 0, 4, 8, 0);
    add_rows(&m, 20);
    refuse(&m, LM_EFORMAT, "has no pixels: 0 x 4");
    m.at = 8;
    add(&m, "IDAT", "abc", 3);
    refuse(&m, LM_EFORMAT, "begins with chunk IDAT");
}

static void test_header_combinations(void **state)
{
    (void)state;
    static Made m;
    for (int color_type = 0; color_type < 8; color_type++) {
        for (int bits = 0; bits <= 32; bits++) {
            bool is_deep = bits == 8 || bits == 16;
            bool is_small = bits == 1 || bits == 2 || bits == 4;
            bool is_right = color_type == 0   ? is_deep || is_small
                            : color_type == 3 ? bits == 8 || is_small
                                              : is_deep && (color_type == 2 || color_type == 4 ||
                                                            color_type == 6);
            begin(&m, 1, 1, bits, color_type);
            add(&m, "IEND", NULL, 0);
            refuse(&m, LM_EFORMAT, is_right ? "without pixels" : "makes no sense");
        }
    }
}

/* A filter that does not exist, in a stream whose checksum is right. */
static void test_filter(void **state)
{
    (void)state;
    static Made m;
    static const uint8_t rows[] = {0, 1, 2, 5, 3, 4};
    uint8_t stream[100];
    uLongf size = sizeof stream;
    assert_int_equal(compress(stream, &size, rows, sizeof rows), Z_OK);
    begin(&m, 2, 2, 8, 0);
    add(&m, "IDAT", stream, size);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "damaged (invalid filter)");
    /* The stream's own checksum, with the chunk's repaired. */
    stream[size - 1] ^= 1;
    begin(&m, 2, 2, 8, 0);
    add(&m, "IDAT", stream, size);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "incorrect data check");
    begin(&m, 2, 2, 8, 0);
    add(&m, "IDAT", stream, size - 5);
    add(&m, "IEND", NULL, 0);
    refuse(&m, LM_EFORMAT, "ends early");
}

static void test_inflate_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    const HelpBytes *file = help_images_get("palette.png");
    assert_survives_oom(parse(&image, file, &err), err);
    lm_image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels),    cmocka_unit_test(test_index_outside_palette),
        cmocka_unit_test(test_damage),    cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_structure), cmocka_unit_test(test_header_combinations),
        cmocka_unit_test(test_filter),    cmocka_unit_test(test_inflate_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
