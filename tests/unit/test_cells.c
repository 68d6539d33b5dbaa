/* Widths of letters, cuts, and bytes that must not reach a terminal. */
#include "help_test.h"

#include "base/cells.h"

static void check(const char *text, int64_t most, const char *want, int64_t cells)
{
    char buffer[64];
    LmStr s = lm_str(buffer, sizeof buffer);
    assert_int_equal(lm_cells_add(&s, text, most), cells);
    assert_string_equal(buffer, want);
}

static void test_widths(void **state)
{
    (void)state;
    assert_int_equal(lm_cells_count(""), 0);
    assert_int_equal(lm_cells_count("ankle boot"), 10);
    assert_int_equal(lm_cells_count("\u00e9t\u00e9"), 3);
    assert_int_equal(lm_cells_count("e\u0301te\u0301"), 3);
    assert_int_equal(lm_cells_count("\u732b"), 2);
    assert_int_equal(lm_cells_count("\ud55c\uae00"), 4);
    assert_int_equal(lm_cells_count("\U0001F431"), 2);
    assert_int_equal(lm_cells_count("\x1b[31m"), 5);
    assert_int_equal(lm_cells_count("\xff\xfe"), 2);
}

static void test_cuts(void **state)
{
    (void)state;
    check("boot", 4, "boot", 4);
    check("boots", 4, "boo~", 4);
    check("boots", 1, "~", 1);
    check("boots", 0, "", 0);
    check("", 0, "", 0);
    /* The second cat does not fit into the half that is left. */
    check("\u732b\u732b", 4, "\u732b\u732b", 4);
    check("\u732b\u732b", 3, "\u732b~", 3);
    check("\u732b\u732b", 2, "~", 1);
    check("e\u0301e\u0301e\u0301", 2, "e\u0301~", 2);
}

static void test_what_no_terminal_may_get(void **state)
{
    (void)state;
    check("a\x1b[2Jb", 9, "a?[2Jb", 6);
    check("a\nb\tc\x7f", 9, "a?b?c?", 6);
    check("\xc2\x9b"
          "2J",
          9, "?2J", 3);                  /* CSI as one letter of Latin-1 */
    check("\u202Ea\u2028", 9, "?a?", 3); /* writing backwards; an end of the line */
    check("\xff", 9, "?", 1);
    check("\xe7\x8c", 9, "??", 2);      /* cut in the middle */
    check("\xc0\xaf", 9, "??", 2);      /* overlong */
    check("\xed\xa0\x80", 9, "???", 3); /* a surrogate */
}

static void test_pad(void **state)
{
    (void)state;
    char buffer[8];
    LmStr s = lm_str(buffer, sizeof buffer);
    lm_cells_pad(&s, 3);
    lm_cells_pad(&s, 0);
    lm_cells_pad(&s, -2);
    assert_string_equal(buffer, "   ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_what_no_terminal_may_get),
        cmocka_unit_test(test_pad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
