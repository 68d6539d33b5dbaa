/* Channels, bits and orientation: every conversion against its definition. */
#include "help_test.h"

#include "io/image_impl.h"

static LmImage make(int64_t h, int64_t w, int64_t c, int depth)
{
    LmError err;
    LmImage image;
    assert_ok(lm_image_new(&image, h, w, c, depth, &err), err);
    for (uint32_t i = 0; i < (uint32_t)(h * w * c); i++) {
        uint32_t value = i * 2654435761U >> 15;
        if (depth == 16) {
            ((uint16_t *)image.pixels)[i] = (uint16_t)value;
        } else {
            ((uint8_t *)image.pixels)[i] = (uint8_t)value;
        }
    }
    return image;
}

static uint32_t get(const LmImage *image, int64_t i, int64_t k)
{
    int64_t at = i * image->c + k;
    return image->depth == 16 ? ((const uint16_t *)image->pixels)[at]
                              : ((const uint8_t *)image->pixels)[at];
}

static uint32_t luma(const LmImage *image, int64_t i)
{
    uint64_t sum = UINT64_C(19595) * get(image, i, 0) + UINT64_C(38470) * get(image, i, 1) +
                   UINT64_C(7471) * get(image, i, 2) + 32768;
    return (uint32_t)(sum >> 16);
}

static void check(int64_t c, LmColor color, int depth)
{
    static const int64_t channels[] = {0, 1, 3, 4};
    LmError err;
    LmImage in = make(9, 11, c, depth);
    LmImage out = make(9, 11, c, depth);
    uint32_t top = depth == 16 ? 65535 : 255;
    assert_ok(lm_pixels_convert(&out, color, &err), err);
    assert_int_equal(out.c, color == LM_COLOR_FILE ? c : channels[color]);
    for (int64_t i = 0; i < 99; i++) {
        if (out.c == c) {
            for (int64_t k = 0; k < c; k++) {
                assert_int_equal(get(&out, i, k), get(&in, i, k));
            }
            continue;
        }
        if (out.c == 1) {
            assert_int_equal(get(&out, i, 0), c == 2 ? get(&in, i, 0) : luma(&in, i));
            continue;
        }
        for (int64_t k = 0; k < 3; k++) {
            assert_int_equal(get(&out, i, k), get(&in, i, c < 3 ? 0 : k));
        }
        if (out.c == 4) {
            assert_int_equal(get(&out, i, 3), c == 2 ? get(&in, i, 1) : top);
        }
    }
    lm_image_fini(&in);
    lm_image_fini(&out);
}

static void test_channels(void **state)
{
    (void)state;
    for (int64_t c = 1; c <= 4; c++) {
        for (int color = LM_COLOR_FILE; color <= LM_COLOR_RGBA; color++) {
            check(c, (LmColor)color, 8);
            check(c, (LmColor)color, 16);
        }
    }
}

/* White stays white, in 16 bits too, where the sum comes to 2^32 less a little; ties go up. */
static void test_gray_ends(void **state)
{
    (void)state;
    LmError err;
    LmImage image = make(1, 1, 3, 16);
    memset(image.pixels, 0xFF, 6);
    assert_ok(lm_pixels_convert(&image, LM_COLOR_GRAY, &err), err);
    assert_int_equal(*(uint16_t *)image.pixels, 65535);
    lm_image_fini(&image);
    /* Exactly between two grays. */
    image = make(1, 1, 3, 8);
    memcpy(image.pixels, (const uint8_t[]){0, 52, 184}, 3);
    assert_ok(lm_pixels_convert(&image, LM_COLOR_GRAY, &err), err);
    assert_int_equal(*(uint8_t *)image.pixels, 52);
    lm_image_fini(&image);
}

static void test_scale(void **state)
{
    (void)state;
    LmError err;
    LmImage image;
    assert_ok(lm_image_new(&image, 256, 256, 1, 16, &err), err);
    for (int i = 0; i < 65536; i++) {
        ((uint16_t *)image.pixels)[i] = (uint16_t)i;
    }
    assert_ok(lm_pixels_scale_16(&image, &err), err);
    assert_int_equal(image.depth, 8);
    for (int i = 0; i < 65536; i++) {
        assert_int_equal(((uint8_t *)image.pixels)[i], (i + 128) / 257);
    }
    void *pixels = image.pixels;
    assert_ok(lm_pixels_scale_16(&image, &err), err);
    assert_ptr_equal(image.pixels, pixels);
    lm_image_fini(&image);
}

/* Where each pixel goes, by EXIF's own words: which side of the picture row 0 and column 0 are. */
static void test_turn(void **state)
{
    (void)state;
    enum { H = 3, W = 5 };
    for (int o = 1; o <= 8; o++) {
        LmError err;
        LmImage in = make(H, W, 3, o % 2 == 0 ? 16 : 8);
        LmImage out = make(H, W, 3, o % 2 == 0 ? 16 : 8);
        assert_ok(lm_pixels_turn(&out, o, &err), err);
        bool row0_is_side = o >= 5;
        bool row0_is_far = o == 3 || o == 4 || o == 6 || o == 7;
        bool column0_is_far = o == 2 || o == 3 || o == 7 || o == 8;
        assert_int_equal(out.h, row0_is_side ? W : H);
        for (int64_t y = 0; y < H; y++) {
            for (int64_t x = 0; x < W; x++) {
                int64_t a = row0_is_far ? H - 1 - y : y;
                int64_t b = column0_is_far ? W - 1 - x : x;
                int64_t to = row0_is_side ? b * H + a : a * W + b;
                for (int64_t k = 0; k < 3; k++) {
                    assert_int_equal(get(&out, to, k), get(&in, y * W + x, k));
                }
            }
        }
        lm_image_fini(&in);
        lm_image_fini(&out);
    }
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmImage image = make(4, 5, 3, 16);
    assert_survives_oom(lm_pixels_convert(&image, LM_COLOR_GRAY, &err), err);
    assert_survives_oom(lm_pixels_scale_16(&image, &err), err);
    assert_survives_oom(lm_pixels_turn(&image, 6, &err), err);
    assert_int_equal(image.h, 5);
    lm_image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels),      cmocka_unit_test(test_gray_ends),
        cmocka_unit_test(test_scale),         cmocka_unit_test(test_turn),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
