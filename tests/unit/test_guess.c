/* First bytes of what is met in place of data. */
#include "help_test.h"

#include <stdlib.h>

#include "io/guess.h"

/* A block of just the size lets the sanitizer see a read beyond it. */
static void check(const char *bytes, size_t size, const char *part)
{
    uint8_t *block = malloc(size);
    assert_true(block != NULL || size == 0);
    if (size > 0) {
        memcpy(block, bytes, size);
    }
    const char *guess = lm_guess_format(block, size);
    free(block);
    if (part == NULL) {
        assert_null(guess);
    } else {
        assert_non_null(guess);
        assert_non_null(strstr(guess, part));
    }
}

static void test_guesses(void **state)
{
    (void)state;
    check("", 0, "empty");
    check("<!DOCTYPE html>", 15, "HTML");
    check("\xef\xbb\xbf \r\n\t<html>", 12, "HTML");
    check("<?xml", 5, NULL);
    check("< 5", 3, NULL);
    check("<", 1, NULL);
    check("   ", 3, NULL);
    check("\xef\xbb\xbf", 3, NULL);
    check("\x89PNG\r\n", 6, "PNG");
    check("\x89PN", 3, NULL);
    check("PK\x03\x04", 4, "zip");
    check("\x1f\x8b\x08", 3, "compressed twice");
    check("\x93NUMPY\x01", 7, ".npy");
    check("\0\0\x08\x03", 4, "IDX");
    check("version https://git-lfs.github.com/spec/v1", 42, "git lfs pull");
    check("plain text", 10, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_guesses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
