/* Byte order: every size, in place, unaligned, and not a byte beyond. */
#include "help_test.h"

#include "io/be.h"

static void test_numbers(void **state)
{
    (void)state;
    uint8_t b[6] = {1, 0xFE, 0x80, 0x01, 0x02, 1};
    assert_int_equal(lm_be_get32(b + 1), 0xFE800102);
    lm_be_put32(b + 1, 0xA1B2C3D4);
    assert_memory_equal(b, "\x01\xA1\xB2\xC3\xD4\x01", 6);
}

static void test_swap(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 4, 8};
    for (size_t s = 0; s < LM_ARRAY_LEN(sizes); s++) {
        for (size_t n = 0; n <= 67; n++) {
            uint8_t src[8 * 67 + 1];
            uint8_t dst[8 * 67 + 2];
            size_t size = sizes[s];
            for (size_t i = 0; i < sizeof src; i++) {
                src[i] = (uint8_t)(i * 37 + 5);
            }
            memset(dst, 0xEE, sizeof dst);
            lm_be_swap(dst + 1, src + 1, n, size);
            for (size_t i = 0; i < n * size; i++) {
                assert_int_equal(dst[1 + i], src[1 + i / size * size + size - 1 - i % size]);
            }
            assert_int_equal(dst[0], 0xEE);
            assert_int_equal(dst[1 + n * size], 0xEE);
            lm_be_swap(dst + 1, dst + 1, n, size);
            assert_memory_equal(dst + 1, src + 1, n * size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_swap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
