/* BMP: pixels of every kind, worked out from the bytes the samples are filled with. */
#include "help_test.h"

#include "help_images.h"
#include "io/image.h"

static const LmImageOptions as_stored = {.color = LM_COLOR_FILE};

/* Samples are 7 x 3; their palettes and pixels count up modulo 251. */
static void check(const char *name, int64_t c, int64_t y, int64_t x, const int *wanted)
{
    LmError err;
    LmImage image;
    const HelpBytes *file = help_images_get(name);
    assert_ok(lm_image_parse(&image, file->bytes, file->size, name, &as_stored, &err), err);
    assert_int_equal(image.h, 3);
    assert_int_equal(image.w, 7);
    assert_int_equal(image.c, c);
    for (int64_t k = 0; k < c; k++) {
        assert_int_equal(((uint8_t *)image.pixels)[(y * 7 + x) * c + k], wanted[k]);
    }
    lm_image_fini(&image);
}

static void test_pixels(void **state)
{
    (void)state;
    /* 1 bit: two colours of 4 bytes, then rows of 4; the last one, byte 8 = 0b1000, is on top. */
    check("1.bmp", 3, 2, 4, (const int[]){6, 5, 4});
    check("1.bmp", 3, 2, 5, (const int[]){2, 1, 0});
    /* 4 bits from the top: 64 bytes of colours, then byte 64 = 0x40: colour 4 is bytes 16 to 18. */
    check("4.bmp", 3, 0, 0, (const int[]){18, 17, 16});
    check("4.bmp", 3, 0, 1, (const int[]){2, 1, 0});
    /* OS/2: colours of 3 bytes; the bottom row begins at byte 48 = 0x30: colour 3. */
    check("os2.bmp", 3, 2, 0, (const int[]){11, 10, 9});
    check("os2.bmp", 3, 2, 1, (const int[]){2, 1, 0});
    /* 8 bits: byte 1024 modulo 251 = 20; colour 20 is bytes 80 to 82. */
    check("8.bmp", 3, 2, 0, (const int[]){82, 81, 80});
    /* 24 bits: rows of 24 bytes, blue first. */
    check("24.bmp", 3, 2, 1, (const int[]){5, 4, 3});
    check("24.bmp", 3, 0, 0, (const int[]){50, 49, 48});
    /* 16 bits, 5 6 5: bytes 16 and 17 of the bottom row's second half: 0x0D0C at place 6. */
    check("16.bmp", 3, 2, 6, (const int[]){1 * 255 / 31, 0x28 * 255 / 63, 0x0C * 255 / 31});
    /* 32 bits with the same masks and none for alpha: 0x03020100. */
    check("32.bmp", 3, 2, 0, (const int[]){0, 8 * 255 / 63, 0});
}

static void refuse(const char *name, size_t at, int value, const char *part)
{
    LmError err;
    LmImage image;
    HelpBytes file = *help_images_get(name);
    file.bytes[at] = (uint8_t)value;
    assert_fails(lm_image_parse(&image, file.bytes, file.size, name, &as_stored, &err), LM_EFORMAT,
                 err, part);
}

static void test_refusals(void **state)
{
    (void)state;
    refuse("24.bmp", 30, 1, "a BMP of 24 bits a pixel with compression 1");
    refuse("8.bmp", 30, 2, "only uncompressed ones");
    refuse("24.bmp", 28, 23, "a BMP of 23 bits");
    refuse("24.bmp", 14, 41, "header claims 41 bytes");
    refuse("24.bmp", 10, 53, "begin within its header");
    refuse("24.bmp", 10, 55, "the BMP is cut off: it has 126 bytes, wants 127");
    refuse("8.bmp", 11, 0, "no palette");
    refuse("16.bmp", 54, 1, "colour mask 0000F801");
    refuse("16.bmp", 55, 0, "colour mask 00000000");
    refuse("24.bmp", 18, 0, "has no pixels: 0 x 3");
}

/* A height of -2^31 has no positive counterpart in 32 bits. */
static void test_lowest_height(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    HelpBytes file = *help_images_get("24.bmp");
    memcpy(file.bytes + 22, "\0\0\0\x80", 4);
    assert_fails(lm_image_parse(&image, file.bytes, file.size, "a.bmp", &as_stored, &err),
                 LM_EFORMAT, err, "7 x 2147483648 pixels");
}

/* Colours beyond a short palette are black. */
static void test_short_palette(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    HelpBytes file = *help_images_get("4.bmp");
    file.bytes[46] = 4; /* colours in use: 0 to 3 */
    assert_ok(lm_image_parse(&image, file.bytes, file.size, "a.bmp", &as_stored, &err), err);
    assert_memory_equal(image.pixels, "\0\0\0\2\1\0", 6);
    lm_image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lowest_height),
        cmocka_unit_test(test_short_palette),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
