/* Resizing: checksums of what PIL 9.4 makes of the same pixels, a naive filter of its own, and the
 * ends of every range. */
#include "help_test.h"

#include <math.h>
#include <zlib.h>

#include "base/rng.h"
#include "io/image_impl.h"
#include "io/resize.h"

typedef struct Case {
    int64_t h, w, c, to_h, to_w;
    bool keep_aspect;
    uint32_t crcs[6]; /* nearest, box, bilinear, hamming, bicubic, lanczos */
} Case;

/* clang-format off */
static const Case cases_8[] = {
    {37, 53, 3, 16, 24, false, {0xb6efacf7, 0x4291c115, 0xd3e943ad, 0xf5d26ada, 0xafacf2be, 0xfcb38cf5}},
    {37, 53, 1, 60, 80, false, {0x86a1d8c7, 0x86a1d8c7, 0x7208549b, 0x1ce4dfc4, 0xfd5112fb, 0x762fd973}},
    {20, 31, 4, 50, 20, false, {0x62e02614, 0x6feedb7b, 0x8e499463, 0x06419347, 0x810ccab2, 0xf89b1e5e}},
    {9, 300, 2, 40, 7, false, {0xb046898c, 0x0cce8493, 0x3d915344, 0x6d6a54c1, 0x1fdd27ee, 0xe0e7a966}},
    {37, 53, 3, 15, 40, true, {0x79c4ca33, 0x3b7c97ec, 0xa0605296, 0x7c8fd692, 0x9782d91e, 0x85f17da3}},
    {37, 53, 1, 50, 31, true, {0x6029518d, 0x6029518d, 0xa3af3a49, 0xd6eb0807, 0x23430caa, 0xe135105b}},
    {2, 40, 3, 36, 1, true, {0x708e4cf6, 0x708e4cf6, 0x27135940, 0x631e5e58, 0x6bd399ec, 0xb32d8d35}},
    {30, 12, 4, 1, 59, true, {0x5e554042, 0x4c2cb240, 0x0b8f0e81, 0xfcf416a8, 0x65e4d590, 0xbac10fdf}},
    {64, 64, 3, 1, 1, false, {0xa93cc0b3, 0x76d7ed14, 0x5bd50299, 0x76d7ed14, 0x5bd50299, 0x5bd50299}},
    {1, 1, 4, 5, 3, false, {0xf598bc83, 0x372d4f82, 0x372d4f82, 0x372d4f82, 0x372d4f82, 0x372d4f82}},
    {50, 20, 3, 50, 9, false, {0x51b78e82, 0x3d552499, 0xac3658a3, 0xe0241fbe, 0x392c722e, 0x4c0d4267}},
    {300, 5, 1, 17, 5, false, {0xb50d5c26, 0x7bd23924, 0xf0e867d1, 0x3246c773, 0x51f21b4a, 0x545881fa}},
    {13, 17, 4, 13, 17, false, {0xa6a4bc1c, 0xa6a4bc1c, 0xa6a4bc1c, 0xa6a4bc1c, 0xa6a4bc1c, 0xa6a4bc1c}},
};
/* Mode I, clipped to 0..65535. */
static const Case cases_16[] = {
    {37, 53, 1, 16, 24, false, {0x1f522c96, 0xb57f1ddd, 0xd777c031, 0xbb9db464, 0xcaf16fe4, 0x7f0318d7}},
    {10, 9, 1, 31, 40, false, {0xa4436bf2, 0xa4436bf2, 0x9c56c7a0, 0x14cc951d, 0xb7aaf4f2, 0xfb5e1d75}},
};
/* clang-format on */

static LmImage make(int64_t h, int64_t w, int64_t c, int depth)
{
    LmError err;
    LmImage image;
    assert_ok(lm_image_new(&image, h, w, c, depth, &err), err);
    for (uint32_t i = 0; i < (uint32_t)(h * w * c); i++) {
        uint32_t value = i * 2654435761U >> 13;
        if (depth == 16) {
            ((uint16_t *)image.pixels)[i] = (uint16_t)value;
        } else {
            ((uint8_t *)image.pixels)[i] = (uint8_t)value;
        }
    }
    return image;
}

static void check_case(const Case *k, int depth)
{
    for (int f = LM_RESIZE_NEAREST; f <= LM_RESIZE_LANCZOS; f++) {
        LmError err;
        LmImage image = make(k->h, k->w, k->c, depth);
        assert_ok(lm_resize_apply(&image, k->to_h, k->to_w, (LmResize)f, k->keep_aspect, &err),
                  err);
        assert_int_equal(image.h, k->to_h);
        assert_int_equal(image.w, k->to_w);
        size_t size = (size_t)(k->to_h * k->to_w * k->c * depth / 8);
        uint32_t crc = (uint32_t)crc32(0, image.pixels, (unsigned)size);
        if (crc != k->crcs[f]) {
            fail_msg("%s, %d x %d to %d x %d: other pixels than PIL's", lm_resize_name((LmResize)f),
                     (int)k->h, (int)k->w, (int)k->to_h, (int)k->to_w);
        }
        lm_image_fini(&image);
    }
}

static void test_pil(void **state)
{
    (void)state;
    for (size_t i = 0; i < LM_ARRAY_LEN(cases_8); i++) {
        check_case(&cases_8[i], 8);
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(cases_16); i++) {
        check_case(&cases_16[i], 16);
    }
}

/* Means of whole cells, which box gives when sizes divide: in doubles, rounded at each pass. */
static void test_box_is_a_mean(void **state)
{
    (void)state;
    LmError err;
    LmImage in = make(6, 8, 1, 8);
    LmImage out = make(6, 8, 1, 8);
    assert_ok(lm_resize_apply(&out, 2, 2, LM_RESIZE_BOX, false, &err), err);
    const uint8_t *p = in.pixels;
    for (int64_t y = 0; y < 2; y++) {
        for (int64_t x = 0; x < 2; x++) {
            double sum = 0;
            for (int64_t i = 0; i < 3; i++) {
                const uint8_t *row = p + (3 * y + i) * 8 + 4 * x;
                sum += floor((row[0] + row[1] + row[2] + row[3]) / 4.0 + 0.5);
            }
            assert_int_equal(((uint8_t *)out.pixels)[y * 2 + x], floor(sum / 3 + 0.5));
        }
    }
    lm_image_fini(&in);
    lm_image_fini(&out);
}

/* A constant picture stays one: weights sum to 1 closely enough at every place and scale. */
static void test_constant_stays(void **state)
{
    (void)state;
    LmError err;
    LmRng rng = lm_rng(5, LM_RNG_USER, 0, 0);
    for (int i = 0; i < 300; i++) {
        int64_t h = 1 + lm_rng_below(&rng, 90);
        int64_t w = 1 + lm_rng_below(&rng, 90);
        int depth = i % 3 == 0 ? 16 : 8;
        uint16_t value = (uint16_t)lm_rng_below(&rng, depth == 16 ? 65536 : 256);
        LmImage image = make(h, w, 3, depth);
        for (int64_t j = 0; j < h * w * 3; j++) {
            if (depth == 16) {
                ((uint16_t *)image.pixels)[j] = value;
            } else {
                ((uint8_t *)image.pixels)[j] = (uint8_t)value;
            }
        }
        assert_ok(lm_resize_apply(&image, 1 + lm_rng_below(&rng, 90), 1 + lm_rng_below(&rng, 90),
                                  (LmResize)lm_rng_below(&rng, 6), i % 2 == 0, &err),
                  err);
        for (int64_t j = 0; j < image.h * image.w * 3; j++) {
            assert_int_equal(
                depth == 16 ? ((uint16_t *)image.pixels)[j] : ((uint8_t *)image.pixels)[j], value);
        }
        lm_image_fini(&image);
    }
}

/* Invisible colours do not reach visible pixels, and what is wholly visible is as without alpha. */
static void test_alpha(void **state)
{
    (void)state;
    LmError err;
    for (int depth = 8; depth <= 16; depth += 8) {
        LmImage image = make(4, 4, 4, depth);
        for (int64_t i = 0; i < 64; i++) {
            bool is_visible = i / 4 % 4 < 2;
            int value = i % 4 == 3 ? (is_visible ? 65535 : 0) : (is_visible ? 25700 : 65535);
            if (depth == 16) {
                ((uint16_t *)image.pixels)[i] = (uint16_t)value;
            } else {
                ((uint8_t *)image.pixels)[i] = (uint8_t)(value / 257);
            }
        }
        assert_ok(lm_resize_apply(&image, 3, 3, LM_RESIZE_BILINEAR, false, &err), err);
        for (int64_t i = 0; i < 9; i++) {
            double top = depth == 16 ? 65535 : 255;
            const uint16_t *wide = (const uint16_t *)image.pixels + 4 * i;
            const uint8_t *narrow = (const uint8_t *)image.pixels + 4 * i;
            double color = depth == 16 ? wide[0] : narrow[0];
            double alpha = depth == 16 ? wide[3] : narrow[3];
            /* Colour and alpha are rounded by one unit each before they are divided. */
            if (alpha > 0) {
                assert_true(fabs(color - top * 100 / 255) <= 2 * top / alpha);
            }
        }
        lm_image_fini(&image);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    static const int64_t sizes[][2] = {{0, 5}, {5, 0}, {-1, 5}, {65536, 1}, {1, INT64_MAX}};
    LmImage image = make(3, 3, 1, 8);
    void *pixels = image.pixels;
    for (size_t i = 0; i < LM_ARRAY_LEN(sizes); i++) {
        assert_fails(lm_resize_apply(&image, sizes[i][0], sizes[i][1], LM_RESIZE_BOX, false, &err),
                     LM_EARG, err, "each wants 1 to 65535");
    }
    assert_ptr_equal(image.pixels, pixels);
    assert_ok(lm_resize_apply(&image, 3, 3, LM_RESIZE_LANCZOS, true, &err), err);
    assert_ptr_equal(image.pixels, pixels);
    assert_ok(lm_resize_apply(&image, 1, 65535, LM_RESIZE_LANCZOS, true, &err), err);
    assert_ok(lm_resize_apply(&image, 65535, 1, LM_RESIZE_BICUBIC, false, &err), err);
    lm_image_fini(&image);
}

static void test_names(void **state)
{
    (void)state;
    LmResize filter = LM_RESIZE_BOX;
    for (int f = LM_RESIZE_NEAREST; f <= LM_RESIZE_LANCZOS; f++) {
        assert_true(lm_resize_from_name(lm_resize_name((LmResize)f), &filter));
        assert_int_equal(filter, f);
    }
    assert_false(lm_resize_from_name("linear", &filter));
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    for (int i = 0; i < 24; i++) {
        LmImage image = make(20, 30, 1 + i % 4, i < 12 ? 8 : 16);
        assert_survives_oom(lm_resize_apply(&image, 10, 11, (LmResize)(i % 6), false, &err), err);
        lm_image_fini(&image);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pil),
        cmocka_unit_test(test_box_is_a_mean),
        cmocka_unit_test(test_constant_stays),
        cmocka_unit_test(test_alpha),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
