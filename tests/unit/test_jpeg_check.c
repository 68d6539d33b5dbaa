/* JPEG: what is refused before a decoder sees it. */
#include "help_test.h"

#include "help_images.h"
#include "io/image.h"

static const LmImageOptions as_stored = {.color = LM_COLOR_FILE};

static void refuse(const HelpBytes *file, const char *part)
{
    LmError err;
    LmImage image;
    size_t before = lm_mem_in_use();
    assert_fails(lm_image_parse(&image, file->bytes, file->size, "a.jpg", &as_stored, &err),
                 LM_EFORMAT, err, part);
    assert_int_equal(lm_mem_in_use(), before);
}

/* Of the marker's first segment. */
static size_t find(const HelpBytes *file, int marker)
{
    size_t at = 2;
    while (file->bytes[at + 1] != marker) {
        at += 2 + ((size_t)file->bytes[at + 2] << 8 | file->bytes[at + 3]);
        assert_true(at + 3 < file->size && file->bytes[at] == 0xFF);
    }
    return at;
}

static void change(const char *name, int marker, size_t at, int value, const char *part)
{
    HelpBytes file = *help_images_get(name);
    file.bytes[find(&file, marker) + at] = (uint8_t)value;
    refuse(&file, part);
}

static void cut_out(const char *name, int marker, const char *part)
{
    HelpBytes file = *help_images_get(name);
    size_t at = find(&file, marker);
    size_t n = 2 + ((size_t)file.bytes[at + 2] << 8 | file.bytes[at + 3]);
    memmove(file.bytes + at, file.bytes + at + n, file.size - at - n);
    file.size -= n;
    refuse(&file, part);
}

static void test_frames(void **state)
{
    (void)state;
    change("gray.jpg", 0xC0, 1, 0xC3, "lossless, hierarchical or arithmetic-coded JPEG");
    change("gray.jpg", 0xC0, 1, 0xC9, "arithmetic-coded");
    change("gray.jpg", 0xC0, 4, 12, "a JPEG of 12 bits a channel");
    change("gray.jpg", 0xC0, 6, 0, "has no pixels: 16 x 0");
    change("gray.jpg", 0xC0, 9, 2, "the frame header");
    change("gray.jpg", 0xC0, 12, 4, "the frame header");
    cut_out("gray.jpg", 0xC0, "a scan header");
    HelpBytes file = *help_images_get("gray.jpg");
    file.size = find(&file, 0xDA) + 2;
    file.bytes[file.size - 1] = 0xD9;
    refuse(&file, "ends without pixels");
}

static void test_tables(void **state)
{
    (void)state;
    cut_out("gray.jpg", 0xDB, "uses a table that was never sent");
    cut_out("gray.jpg", 0xC4, "uses a table that was never sent");
    cut_out("progressive.jpg", 0xC4, "uses a table that was never sent");
    change("gray.jpg", 0xDB, 4, 4, "a quantisation table");
    change("gray.jpg", 0xDB, 4, 0x20, "a quantisation table");
    change("gray.jpg", 0xDB, 3, 66, "a quantisation table");
    change("gray.jpg", 0xC4, 4, 0x20, "a Huffman table");
    change("gray.jpg", 0xC4, 4, 4, "a Huffman table");
    /* Three codes of one bit; then as many as would overrun a table of 256. */
    change("gray.jpg", 0xC4, 5, 3, "a Huffman table");
    static HelpBytes many;
    static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xC4, 4, 2, 0};
    memcpy(many.bytes, head, sizeof head);
    memset(many.bytes + sizeof head + 9, 200, 7);
    many.size = 3000;
    refuse(&many, "a Huffman table");
    /* As many symbols as are announced, but three of one bit; then 254 of 9 bits and 3 of 10. */
    memset(many.bytes + sizeof head, 0, 16);
    many.bytes[sizeof head] = 3;
    many.bytes[5] = 19 + 3;
    many.bytes[4] = 0;
    many.size = sizeof head + 16 + 3 + 2;
    memcpy(many.bytes + many.size - 2, "\xFF\xD9", 2);
    refuse(&many, "a Huffman table");
    many.bytes[sizeof head] = 0;
    many.bytes[sizeof head + 8] = 254;
    many.bytes[sizeof head + 9] = 3;
    many.bytes[4] = (19 + 257) >> 8;
    many.bytes[5] = (19 + 257) & 255;
    many.size = sizeof head + 16 + 257 + 2;
    memset(many.bytes + sizeof head + 16, 0, 257);
    memcpy(many.bytes + many.size - 2, "\xFF\xD9", 2);
    refuse(&many, "a Huffman table");
    many.bytes[sizeof head + 9] = 2;
    many.bytes[5]--;
    refuse(&many, "ends without pixels");
    change("gray.jpg", 0xDA, 4, 0, "a scan header");
    change("gray.jpg", 0xDA, 5, 99, "a scan header");
    change("gray.jpg", 0xDA, 6, 0x40, "a scan header");
    change("gray.jpg", 0xDA, 6, 0x11, "uses a table that was never sent");
    change("gray.jpg", 0xC4, 3, 1, "");
}

/* The scan over and over: each would visit every block of the picture. */
static void test_many_scans(void **state)
{
    (void)state;
    HelpBytes file = *help_images_get("progressive.jpg");
    size_t at = find(&file, 0xDA);
    size_t n = 2 + ((size_t)file.bytes[at + 2] << 8 | file.bytes[at + 3]);
    static HelpBytes many;
    memcpy(many.bytes, file.bytes, at);
    many.size = at;
    for (int i = 0; i < 101; i++) {
        memcpy(many.bytes + many.size, file.bytes + at, n);
        many.size += n;
    }
    memcpy(many.bytes + many.size, "\xFF\xD9", 2);
    many.size += 2;
    refuse(&many, "more than 100 scans");
}

/* Bytes that fill, restart markers without restarts and bytes behind the end are no damage. */
static void test_tolerated(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    LmImage right;
    HelpBytes file = *help_images_get("gray.jpg");
    assert_ok(lm_image_parse(&right, file.bytes, file.size, "a.jpg", &as_stored, &err), err);
    size_t at = find(&file, 0xC0);
    memmove(file.bytes + at + 3, file.bytes + at, file.size - at);
    memset(file.bytes + at, 0xFF, 3);
    file.size += 3 + 10;
    assert_ok(lm_image_parse(&image, file.bytes, file.size, "a.jpg", &as_stored, &err), err);
    assert_memory_equal(image.pixels, right.pixels, 16 * 9);
    lm_image_fini(&image);
    lm_image_fini(&right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_many_scans),
        cmocka_unit_test(test_tolerated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
