/* Orientation: both byte orders, every value, every cut and every changed byte. */
#include "help_test.h"

#include <stdlib.h>

#include "io/exif.h"

/* Header, a directory of two entries: image width (long), orientation (short). */
static const uint8_t little[] = {'I', 'I', 42, 0, 8, 0,    0, 0, 2, 0, 0x00, 1, 4, 0, 1, 0, 0,
                                 0,   9,   0,  0, 0, 0x12, 1, 3, 0, 1, 0,    0, 0, 6, 0, 0, 0};
static const uint8_t big[] = {'M', 'M', 0, 42, 0, 0, 0,    8, 0, 2, 1, 0x00, 0, 4, 0, 0, 0,
                              1,   0,   0, 0,  9, 1, 0x12, 0, 3, 0, 0, 0,    1, 0, 6, 0, 0};

static void test_values(void **state)
{
    (void)state;
    uint8_t b[sizeof little];
    memcpy(b, little, sizeof b);
    assert_int_equal(lm_exif_orientation(little, sizeof little), 6);
    assert_int_equal(lm_exif_orientation(big, sizeof big), 6);
    for (int v = 0; v < 256; v++) {
        b[30] = (uint8_t)v;
        assert_int_equal(lm_exif_orientation(b, sizeof b), v >= 1 && v <= 8 ? v : 1);
    }
}

/* Not the header, the entry's type or its count. */
static void test_foreign(void **state)
{
    (void)state;
    static const int places[] = {0, 2, 24, 26, 22};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint8_t b[sizeof little];
        memcpy(b, little, sizeof b);
        b[places[i]]++;
        assert_int_equal(lm_exif_orientation(b, sizeof b), 1);
    }
    uint8_t far_away[sizeof little];
    memcpy(far_away, little, sizeof far_away);
    memset(far_away + 4, 0xFF, 4);
    assert_int_equal(lm_exif_orientation(far_away, sizeof far_away), 1);
}

/* In a block of its own size, so that the sanitizer sees a byte read beyond it. */
static void test_cuts(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof little; n++) {
        uint8_t *b = malloc(n + 1);
        memcpy(b + 1, little, n);
        assert_int_equal(lm_exif_orientation(b + 1, n), 1);
        free(b);
    }
    for (size_t i = 0; i < 8 * sizeof big; i++) {
        uint8_t *b = malloc(sizeof big);
        memcpy(b, big, sizeof big);
        b[i / 8] ^= (uint8_t)(1 << i % 8);
        int got = lm_exif_orientation(b, sizeof big);
        assert_true(got >= 1 && got <= 8);
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
