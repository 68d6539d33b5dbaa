/* PGM and PPM: headers in all their forms, largest values, 16 bits. */
#include "help_test.h"

#include "io/image.h"

static const LmImageOptions as_stored = {.color = LM_COLOR_FILE, .keep_16 = true};

#define TEXT(text) text, sizeof(text) - 1

static void accept(const char *bytes, size_t size, int64_t h, int64_t w, const char *pixels)
{
    LmError err;
    LmImage image;
    assert_ok(lm_image_parse(&image, (const uint8_t *)bytes, size, "a", &as_stored, &err), err);
    assert_int_equal(image.h, h);
    assert_int_equal(image.w, w);
    assert_memory_equal(image.pixels, pixels, (size_t)(h * w * image.c * image.depth / 8));
    lm_image_fini(&image);
}

static void refuse(const char *bytes, size_t size, const char *part)
{
    LmError err;
    LmImage image;
    assert_fails(lm_image_parse(&image, (const uint8_t *)bytes, size, "a", &as_stored, &err),
                 LM_EFORMAT, err, part);
}

static void test_headers(void **state)
{
    (void)state;
    accept(TEXT("P5 2 1 255 ab"), 1, 2, "ab");
    accept(TEXT("P5\n#x\n2#y 7\n\t1\r\n255\nab and more"), 1, 2, "ab");
    accept(TEXT("P6 1 2 255\nabcdef"), 2, 1, "abcdef");
    accept(TEXT("P5 1 1 255 \n"), 1, 1, "\n");
    refuse(TEXT("P5 2 1 255 a"), "1 bytes of pixels, wants 2");
    refuse(TEXT("P5 2 1 255"), "header is damaged");
    refuse(TEXT("P5 2 1 0 ab"), "largest value from 1 to 65535");
    refuse(TEXT("P5 2 1 65536 ab"), "largest value from 1 to 65535");
    refuse(TEXT("P5 -2 1 255 ab"), "header is damaged");
    refuse(TEXT("P5 2 1 255x"), "header is damaged");
    refuse(TEXT("P5 9999999999 1 255 ab"), "header is damaged");
    refuse(TEXT("P5 999999999 999999999 255 ab"), "no side may have more than 65535");
    refuse(TEXT("P5 0 1 255 ab"), "no pixels");
    refuse(TEXT("P5 # 2 1 255 ab"), "header is damaged");
    refuse(TEXT("P4 8 1 a"), "type P4");
}

/* Stretched to 255 or 65535; what lies above the largest value is the largest. */
static void test_largest_values(void **state)
{
    (void)state;
    accept(TEXT("P5 3 1 1 \0\1\7"), 1, 3, "\0\377\377");
    accept(TEXT("P5 4 1 100 \0\1\62\144"), 1, 4, "\0\3\200\377");
    uint16_t wide[] = {0x0102, 0xFFFE};
    accept(TEXT("P5 2 1 65535 \1\2\377\376"), 1, 2, (const char *)wide);
    uint16_t stretched[] = {0, 65535, 32768};
    accept(TEXT("P5 3 1 256 \0\0\1\0\0\200"), 1, 3, (const char *)stretched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_largest_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
