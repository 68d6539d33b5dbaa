/* GIF: the chain of blocks. Cuts are in test_image.c. */
#include "help_test.h"

#include "help_images.h"
#include "io/image.h"

static const LmImageOptions as_stored = {.color = LM_COLOR_FILE};

static LmStatus parse(LmImage *out, const HelpBytes *file, LmError *err)
{
    return lm_image_parse(out, file->bytes, file->size, "a.gif", &as_stored, err);
}

static size_t find_picture(const HelpBytes *file)
{
    size_t at = 13 + ((size_t)3 << ((file->bytes[10] & 7) + 1));
    assert_int_equal(file->bytes[at], 0x2C);
    return at;
}

static void change(size_t at, int value, const char *part)
{
    LmError err;
    LmImage image;
    HelpBytes file = *help_images_get("colors.gif");
    file.bytes[find_picture(&file) + at] = (uint8_t)value;
    assert_fails(parse(&image, &file, &err), LM_EFORMAT, err, part);
}

static void test_pictures(void **state)
{
    (void)state;
    change(0, 0x2D, "block 2D at byte");
    change(0, 0x3B, "holds no picture");
    change(1, 1, "does not lie in its frame");
    change(4, 1, "does not lie in its frame");
    change(5, 6, "does not lie in its frame");
    change(7, 0, "does not lie in its frame");
    change(10, 9, "has no colours");
    change(10, 0, "has no colours");
}

static void test_no_colors(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    HelpBytes file = *help_images_get("colors.gif");
    size_t at = find_picture(&file);
    file.bytes[10] &= 0x7F;
    memmove(file.bytes + 13, file.bytes + at, file.size - at);
    file.size -= at - 13;
    assert_fails(parse(&image, &file, &err), LM_EFORMAT, err, "has no colours");
}

/* However many pictures follow: the first one, and no more time or memory than it takes. */
static void test_first_picture(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    LmImage right;
    HelpBytes file = *help_images_get("colors.gif");
    assert_ok(parse(&right, &file, &err), err);
    size_t at = find_picture(&file);
    size_t n = file.size - 1 - at;
    for (file.size--; file.size + n + 1 < HELP_IMAGE_ROOM; file.size += n) {
        memcpy(file.bytes + file.size, file.bytes + at, n);
        file.bytes[file.size + 10] = 2;
    }
    file.bytes[file.size++] = 0x3B;
    size_t before = lm_mem_in_use();
    assert_ok(parse(&image, &file, &err), err);
    assert_memory_equal(image.pixels, right.pixels, 5 * 4 * 4);
    lm_image_fini(&image);
    assert_int_equal(lm_mem_in_use(), before);
    assert_true(lm_mem_peak() < 1 << 20);
    lm_image_fini(&right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_no_colors),
        cmocka_unit_test(test_first_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
