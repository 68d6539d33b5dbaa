/* Base64 against the vectors of RFC 4648, section 10, and all bytes. */
#include "help_test.h"

#include "base/base64.h"

static void check(const void *bytes, size_t n, const char *want)
{
    char out[400];
    memset(out, '!', sizeof out);
    assert_int_equal(lm_base64_size(n), strlen(want));
    lm_base64_write(out, bytes, n);
    assert_memory_equal(out, want, strlen(want));
    assert_int_equal(out[strlen(want)], '!');
}

static void test_vectors(void **state)
{
    (void)state;
    static const char *const want[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                       "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t n = 0; n < LM_ARRAY_LEN(want); n++) {
        check("foobar", n, want[n]);
    }
    check((const uint8_t[]){0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF, 0, 0}, 8, "++++////AAA=");
}

static void test_overlap_of_digits(void **state)
{
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    /* 48 bytes that hold the numbers 0 to 63, six bits each. */
    uint8_t bytes[48];
    for (int i = 0; i < 16; i++) {
        int bits = (4 * i) << 18 | (4 * i + 1) << 12 | (4 * i + 2) << 6 | (4 * i + 3);
        bytes[3 * i] = (uint8_t)(bits >> 16);
        bytes[3 * i + 1] = (uint8_t)(bits >> 8);
        bytes[3 * i + 2] = (uint8_t)bits;
    }
    check(bytes, sizeof bytes, digits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_overlap_of_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
