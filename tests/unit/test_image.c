/* Image files as a whole: which format, what becomes of its pixels, and that no damage to any of
 * them is taken for a picture that is whole, crashes, hangs or takes much memory. */
#include "help_test.h"

#include <stdlib.h>

#include "help_files.h"
#include "help_images.h"
#include "base/threads.h"
#include "io/image.h"

static const LmImageOptions as_stored = {.color = LM_COLOR_FILE, .keep_16 = true};

static LmStatus parse(LmImage *out, const char *name, const LmImageOptions *o, LmError *err)
{
    const HelpBytes *file = help_images_get(name);
    return lm_image_parse(out, file->bytes, file->size, name, o, err);
}

static void test_names(void **state)
{
    (void)state;
    LmColor color = LM_COLOR_FILE;
    static const char *const right[] = {"a.png", "b/c.JPG",  "x.jpeg", "x.Bmp", "x.gif",
                                        "x.tga", ".png.ppm", "x.pgm",  "x.pnm"};
    static const char *const wrong[] = {"mypng", "a.png.txt", "a.tif", "", "png", "a.jpg~", "x.pg"};
    for (size_t i = 0; i < LM_ARRAY_LEN(right); i++) {
        assert_true(lm_image_is_name(right[i]));
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(wrong); i++) {
        assert_false(lm_image_is_name(wrong[i]));
    }
    for (int c = LM_COLOR_FILE; c <= LM_COLOR_RGBA; c++) {
        assert_true(lm_color_from_name(lm_color_name((LmColor)c), &color));
        assert_int_equal(color, c);
    }
    assert_false(lm_color_from_name("grey", &color));
}

static void test_info(void **state)
{
    (void)state;
    static const struct {
        const char *name, *format;
        int64_t h, w, c;
        int depth;
    } wanted[] = {
        {"gray.jpg", "JPEG", 9, 16, 1, 8},    {"progressive.jpg", "JPEG", 13, 20, 3, 8},
        {"colors.gif", "GIF", 4, 5, 4, 8},    {"8.bmp", "BMP", 3, 7, 3, 8},
        {"32.bmp", "BMP", 3, 7, 3, 8},        {"alpha.tga", "TGA", 4, 5, 4, 8},
        {"gray16.pgm", "PNM", 3, 4, 1, 16},   {"gray16.png", "PNG", 4, 3, 1, 16},
        {"palette.png", "PNG", 4, 7, 4, 8},   {"color.png", "PNG", 4, 5, 4, 8},
        {"grayalpha.png", "PNG", 3, 3, 2, 8}, {"bilevel.png", "PNG", 5, 9, 1, 8},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(wanted); i++) {
        LmError err;
        LmImageInfo info;
        LmImage image;
        const HelpBytes *file = help_images_get(wanted[i].name);
        const char *path = help_files_make(wanted[i].name, file->bytes, file->size);
        assert_ok(lm_image_info(&info, path, &err), err);
        assert_string_equal(info.format, wanted[i].format);
        assert_int_equal(info.h, wanted[i].h);
        assert_int_equal(info.w, wanted[i].w);
        assert_int_equal(info.c, wanted[i].c);
        assert_int_equal(info.depth, wanted[i].depth);
        assert_int_equal(info.orientation, 1);
        assert_ok(lm_image_load(&image, path, &as_stored, &err), err);
        assert_int_equal(image.h, info.h);
        assert_int_equal(image.c, info.c);
        assert_int_equal(image.depth, info.depth);
        lm_image_fini(&image);
    }
}

/* libjpeg's values are within 3 of the formulas the samples were drawn by, plus what quality lost;
 * checked loosely, for a picture that is upside down or blue for red. */
static void test_jpeg_pixels(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    assert_ok(parse(&image, "gray.jpg", &as_stored, &err), err);
    for (int y = 0; y < 9; y++) {
        for (int x = 0; x < 16; x++) {
            int got = ((uint8_t *)image.pixels)[y * 16 + x];
            assert_true(abs(got - (12 * x + 6 * y)) <= 6);
        }
    }
    lm_image_fini(&image);
    assert_ok(parse(&image, "progressive.jpg", &as_stored, &err), err);
    for (int y = 0; y < 13; y++) {
        for (int x = 0; x < 20; x++) {
            const uint8_t *p = (uint8_t *)image.pixels + 3 * (y * 20 + x);
            assert_true(abs(p[0] - 12 * x) <= 30 && abs(p[1] - 19 * y) <= 30 &&
                        abs(p[2] - (255 - 6 * x - 9 * y)) <= 30);
        }
    }
    lm_image_fini(&image);
}

/* The row PIL 9.4 decodes, within what decoders may differ by; among it the last but one column,
 * which stb_image itself gets wrong. */
static void test_jpeg_halved_across(void **state)
{
    (void)state;
    static const uint8_t pil[] = {207, 40, 24,  197, 40, 35,  181, 43, 56,  187, 45, 61,
                                  211, 39, 37,  175, 37, 71,  79,  41, 160, 27,  36, 199,
                                  36,  41, 205, 38,  40, 203, 41,  39, 202, 43,  38, 200};
    LmError err;
    LmImage image;
    assert_ok(parse(&image, "422.jpg", &as_stored, &err), err);
    for (size_t i = 0; i < sizeof pil; i++) {
        assert_true(abs(((uint8_t *)image.pixels)[i] - pil[i]) <= 3);
    }
    lm_image_fini(&image);
}

static void test_gif_pixels(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    assert_ok(parse(&image, "colors.gif", &as_stored, &err), err);
    for (int i = 0; i < 20; i++) {
        const uint8_t *p = (uint8_t *)image.pixels + 4 * i;
        for (int k = 0; k < 3; k++) {
            assert_int_equal(p[k], (i / 5 + i % 5) % 3 == k ? 255 : 0);
        }
        assert_int_equal(p[3], 255);
    }
    lm_image_fini(&image);
}

/* An APP1 segment with that orientation behind SOI. */
static size_t add_exif(uint8_t *out, const HelpBytes *jpeg, int orientation)
{
    static const uint8_t segment[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,    'M', 'M',
                                      0,    42,   0, 0,  0,   8,   0,   1,   1, 0x12, 0,   3,
                                      0,    0,    0, 1,  0,   0,   0,   0,   0, 0,    0,   0};
    memcpy(out, jpeg->bytes, 2);
    memcpy(out + 2, segment, sizeof segment);
    out[2 + 29] = (uint8_t)orientation;
    memcpy(out + 2 + sizeof segment, jpeg->bytes + 2, jpeg->size - 2);
    return jpeg->size + sizeof segment;
}

static void test_orientation(void **state)
{
    (void)state;
    /* Where the upright picture's corner (0, 0) lies in the turned one: at the end of y, of x. */
    static const int corners[][2] = {{0, 0}, {0, 1}, {1, 1}, {1, 0},
                                     {0, 0}, {0, 1}, {1, 1}, {1, 0}};
    const HelpBytes *jpeg = help_images_get("gray.jpg");
    uint8_t bytes[1000];
    LmImageOptions ignore = as_stored;
    ignore.ignore_exif = true;
    for (int o = 1; o <= 8; o++) {
        LmError err;
        LmImage turned;
        LmImage upright;
        LmImageInfo info;
        size_t size = add_exif(bytes, jpeg, o);
        assert_ok(lm_image_parse(&turned, bytes, size, "a.jpg", &as_stored, &err), err);
        assert_ok(lm_image_parse(&upright, bytes, size, "a.jpg", &ignore, &err), err);
        assert_ok(lm_image_info(&info, help_files_make("a.jpg", bytes, size), &err), err);
        assert_int_equal(info.orientation, o);
        assert_int_equal(info.h, 9);
        assert_int_equal(upright.h, 9);
        assert_int_equal(turned.h, o < 5 ? 9 : 16);
        int64_t y = corners[o - 1][0] * (turned.h - 1);
        int64_t x = corners[o - 1][1] * (turned.w - 1);
        const uint8_t *t = turned.pixels;
        const uint8_t *u = upright.pixels;
        assert_int_equal(t[y * turned.w + x], u[0]);
        assert_int_equal(t[(turned.h - 1 - y) * turned.w + turned.w - 1 - x], u[9 * 16 - 1]);
        assert_int_equal(t[y * turned.w + turned.w - 1 - x], u[o < 5 ? 15 : 8 * 16]);
        lm_image_fini(&turned);
        lm_image_fini(&upright);
    }
}

static void test_depth_16(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    LmImage scaled;
    LmImageOptions o = {.color = LM_COLOR_RGB};
    static const char *const names[] = {"gray16.png", "gray16.pgm"};
    for (size_t k = 0; k < 2; k++) {
        assert_fails(parse(&image, names[k], &o, &err), LM_EFORMAT, err,
                     "has 16 bits a channel: say depth=8");
        o.scale_16 = true;
        assert_ok(parse(&scaled, names[k], &o, &err), err);
        o.scale_16 = false;
        assert_ok(parse(&image, names[k], &as_stored, &err), err);
        assert_int_equal(image.depth, 16);
        assert_int_equal(scaled.depth, 8);
        assert_int_equal(scaled.c, 3);
        for (int64_t i = 0; i < image.h * image.w; i++) {
            int want = (((uint16_t *)image.pixels)[i] + 128) / 257;
            assert_int_equal(((uint8_t *)scaled.pixels)[3 * i], want);
        }
        lm_image_fini(&image);
        lm_image_fini(&scaled);
    }
}

static void refuse(const char *name, const void *bytes, size_t size, const char *part)
{
    LmError err;
    LmImage image;
    assert_fails(lm_image_parse(&image, bytes, size, name, &as_stored, &err), LM_EFORMAT, err,
                 part);
    assert_true(strncmp(err.msg, name, strlen(name)) == 0);
}

static void test_foreign(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    LmImageInfo info;
    refuse("a.png", "", 0, "it is an empty file");
    refuse("a.png", "<!doctype html>", 15, "it is an HTML page");
    refuse("a.png", "hello", 5, "a.png: not an image (PNG, JPEG, BMP, GIF, TGA or PNM)");
    refuse("a.jpg", "II*\0abcd", 8, "a TIFF image cannot be read: convert it to PNG or JPEG");
    refuse("a.jpg", "RIFF\x10\0\0\0WEBPVP8 ", 16, "a WebP image");
    refuse("a.jpg",
           "\0\0\0\x20"
           "ftypavif",
           12, "an AVIF image");
    refuse("a.ppm", "P3 1 1 255 0 0 0", 16, "only binary gray (P5) and colour (P6)");
    const HelpBytes *tga = help_images_get("gray.tga");
    refuse("a.dat", tga->bytes, tga->size, "not an image");
    assert_fails(lm_image_load(&image, help_files_path("none.png"), &as_stored, &err), LM_ENOTFOUND,
                 err, "none.png");
    assert_fails(lm_image_info(&info, help_files_path("none.png"), &err), LM_ENOTFOUND, err,
                 "none.png");
    assert_fails(lm_image_load(&image, help_files_path(""), &as_stored, &err), LM_EIO, err, "");
    const char *path = help_files_make("cut.jpg", help_images_get("gray.jpg")->bytes, 60);
    assert_fails(lm_image_info(&info, path, &err), LM_EFORMAT, err, "cut.jpg: the JPEG is cut off");
}

/* A file cut anywhere is refused, its bytes in a block that ends where they do. */
static void test_cuts(void **state)
{
    (void)state;
    static HelpBytes files[HELP_IMAGES_MAX];
    int n = help_images_all(files);
    size_t before = lm_mem_in_use();
    for (int i = 0; i < n; i++) {
        for (size_t cut = 0; cut < files[i].size; cut++) {
            LmError err;
            LmImage image;
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact + 1, files[i].bytes, cut);
            LmStatus st = lm_image_parse(&image, exact + 1, cut, files[i].name, &as_stored, &err);
            if (st != LM_EFORMAT) {
                fail_msg("%s, %zu of %zu bytes: %s", files[i].name, cut, files[i].size,
                         lm_status_name(st));
            }
            free(exact);
        }
    }
    assert_int_equal(lm_mem_in_use(), before);
}

/* Headers that claim more than their file can hold are refused before memory is taken. */
static void test_bombs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at, size; /* of width and height, all set to 0xFF, or to digits */
    } kinds[] = {{"24.bmp", 18, 2},    {"24.bmp", 22, 2},   {"colors.gif", 6, 4},
                 {"color.tga", 12, 4}, {"runs.tga", 12, 4}, {"mapped.tga", 12, 4},
                 {"gray.pgm", 3, 1},   {"os2.bmp", 18, 4}};
    LmError err;
    LmImage image;
    size_t before = lm_mem_in_use();
    for (size_t i = 0; i < LM_ARRAY_LEN(kinds); i++) {
        HelpBytes file = *help_images_get(kinds[i].name);
        bool is_text = strstr(kinds[i].name, ".pgm") != NULL;
        memset(file.bytes + kinds[i].at, is_text ? '9' : 0xFF, kinds[i].size);
        assert_fails(lm_image_parse(&image, file.bytes, file.size, kinds[i].name, &as_stored, &err),
                     LM_EFORMAT, err, kinds[i].name);
    }
    HelpBytes jpeg = *help_images_get("gray.jpg");
    uint8_t *sof = memchr(jpeg.bytes, 0xC0, jpeg.size);
    memset(sof + 4, 0xFF, 4);
    assert_fails(lm_image_parse(&image, jpeg.bytes, jpeg.size, "a.jpg", &as_stored, &err),
                 LM_EFORMAT, err, "the JPEG claims 65535 x 65535 pixels, more than its 159 bytes");
    assert_int_equal(lm_mem_in_use(), before);
}

/* Bytes changed at random, a few to many: whatever comes, memory comes back. */
static void test_random_damage(void **state)
{
    (void)state;
    static HelpBytes files[HELP_IMAGES_MAX];
    int n = help_images_all(files);
    LmRng rng = lm_rng(11, LM_RNG_USER, 0, 0);
    size_t before = lm_mem_in_use();
    int n_read = 0;
    for (int i = 0; i < 20000; i++) {
        LmError err;
        LmImage image;
        const HelpBytes *file = &files[i % n];
        size_t size =
            lm_rng_below(&rng, 4) == 0 ? lm_rng_below(&rng, (uint32_t)file->size) + 1 : file->size;
        uint8_t *exact = malloc(size);
        memcpy(exact, file->bytes, size);
        for (uint32_t k = 1 + lm_rng_below(&rng, 6); k > 0; k--) {
            exact[lm_rng_below(&rng, (uint32_t)size)] = (uint8_t)lm_rng_below(&rng, 256);
        }
        LmStatus st = lm_image_parse(&image, exact, size, file->name, &as_stored, &err);
        assert_true(st == LM_OK || st == LM_EFORMAT);
        if (st == LM_OK) {
            n_read++;
            lm_image_fini(&image);
        }
        free(exact);
    }
    assert_int_equal(lm_mem_in_use(), before);
    assert_true(n_read > 1000);
    assert_true(lm_mem_peak() - before < 100 << 20);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static HelpBytes files[HELP_IMAGES_MAX];
    int n = help_images_all(files);
    const LmImageOptions o = {.color = LM_COLOR_RGBA, .scale_16 = true};
    for (int i = 0; i < n; i++) {
        LmError err;
        LmImage image;
        assert_survives_oom(
            lm_image_parse(&image, files[i].bytes, files[i].size, files[i].name, &o, &err), err);
        lm_image_fini(&image);
    }
}

static void decode_one(void *context, int64_t task, int thread)
{
    (void)thread;
    const HelpBytes *file = (const HelpBytes *)context + task % 4;
    bool is_whole = task / 4 % 2 == 0;
    LmError err;
    LmImage image;
    LmStatus st = lm_image_parse(&image, file->bytes, file->size - (is_whole ? 0 : 5), file->name,
                                 &as_stored, &err);
    LM_ASSERT(st == (is_whole ? LM_OK : LM_EFORMAT));
    if (st == LM_OK) {
        lm_image_fini(&image);
    }
}

static void test_threads(void **state)
{
    (void)state;
    static HelpBytes files[4];
    files[0] = *help_images_get("progressive.jpg");
    files[1] = *help_images_get("palette.png");
    files[2] = *help_images_get("runs.tga");
    files[3] = *help_images_get("colors.gif");
    size_t before = lm_mem_in_use();
    lm_threads_set(4);
    lm_threads_for(400, decode_one, files);
    lm_threads_stop();
    assert_int_equal(lm_mem_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),         cmocka_unit_test(test_info),
        cmocka_unit_test(test_jpeg_pixels),   cmocka_unit_test(test_jpeg_halved_across),
        cmocka_unit_test(test_gif_pixels),    cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_depth_16),      cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_cuts),          cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_random_damage), cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
