/* TGA: which headers are one, and pixels of every kind. */
#include "help_test.h"

#include "help_images.h"
#include "io/image.h"

static const LmImageOptions as_stored = {.color = LM_COLOR_FILE};

static LmStatus parse(LmImage *out, const HelpBytes *file, LmError *err)
{
    return lm_image_parse(out, file->bytes, file->size, file->name, &as_stored, err);
}

/* Pixel i of a 5 x 4 sample. */
static void check(const char *name, int64_t c, int i, const int *wanted)
{
    LmError err;
    LmImage image;
    assert_ok(parse(&image, help_images_get(name), &err), err);
    assert_int_equal(image.h, 4);
    assert_int_equal(image.w, 5);
    assert_int_equal(image.c, c);
    for (int64_t k = 0; k < c; k++) {
        assert_int_equal(((uint8_t *)image.pixels)[i * c + k], wanted[k]);
    }
    lm_image_fini(&image);
}

static void test_pixels(void **state)
{
    (void)state;
    check("color.tga", 3, 7, (const int[]){23, 22, 21});
    check("alpha.tga", 4, 7, (const int[]){30, 29, 28, 31});
    check("gray.tga", 1, 7, (const int[]){7});
    check("mapped.tga", 3, 7, (const int[]){23, 22, 21});
    check("runs.tga", 3, 4, (const int[]){7, 8, 9});
    check("runs.tga", 3, 5, (const int[]){3, 2, 1});
    check("runs.tga", 3, 19, (const int[]){60, 50, 40});
}

static void test_bottom_up(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    HelpBytes file = *help_images_get("gray.tga");
    file.bytes[17] = 0;
    assert_ok(parse(&image, &file, &err), err);
    assert_int_equal(((uint8_t *)image.pixels)[0], 15);
    assert_int_equal(((uint8_t *)image.pixels)[19], 4);
    lm_image_fini(&image);
}

static void change(const char *name, size_t at, int value, const char *part)
{
    LmError err;
    LmImage image;
    HelpBytes file = *help_images_get(name);
    file.bytes[at] = (uint8_t)value;
    assert_fails(parse(&image, &file, &err), LM_EFORMAT, err, part);
}

static void test_refusals(void **state)
{
    (void)state;
    change("gray.tga", 1, 1, "not an image");
    change("gray.tga", 1, 2, "not an image");
    change("gray.tga", 2, 4, "not an image");
    change("gray.tga", 16, 24, "not an image");
    change("gray.tga", 12, 0, "not an image");
    change("color.tga", 16, 8, "not an image");
    change("color.tga", 16, 33, "not an image");
    change("mapped.tga", 7, 12, "not an image");
    change("mapped.tga", 16, 24, "not an image");
    change("mapped.tga", 3, 1, "colours not counted from 0");
    change("mapped.tga", 5, 0, "colour map is empty");
    change("gray.tga", 17, 0x30, "rows from right to left");
    change("gray.tga", 0, 1, "the TGA is cut off: it has 38 bytes, wants 39");
    change("runs.tga", 18, 0x80, "the TGA is cut off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_bottom_up),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
