/* Statuses, messages, contexts: above all that nothing is written past the message. */
#include "help_test.h"

#include <errno.h>
#include <stdlib.h>

static void test_fail_stores_code_and_text(void **state)
{
    (void)state;
    LmError err;
    assert_int_equal(lm_fail(&err, LM_ESHAPE, "got %d, want %s", 3, "four"), LM_ESHAPE);
    assert_int_equal(err.code, LM_ESHAPE);
    assert_string_equal(err.msg, "got 3, want four");
}

static void test_fail_may_quote_itself(void **state)
{
    (void)state;
    LmError err;
    lm_fail(&err, LM_EARG, "inner");
    lm_fail(&err, LM_EIO, "outer (%s)", err.msg);
    assert_string_equal(err.msg, "outer (inner)");
}

static void test_long_text_is_cut(void **state)
{
    (void)state;
    struct {
        LmError err;
        char guard[8];
    } box;
    memset(&box, 0x55, sizeof box);
    char longer[2 * sizeof box.err.msg];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    lm_fail(&box.err, LM_EARG, "%s", longer);
    assert_int_equal(strlen(box.err.msg), sizeof box.err.msg - 1);
    lm_error_context(&box.err, "short");
    assert_int_equal(strlen(box.err.msg), sizeof box.err.msg - 1);
    assert_memory_equal(box.err.msg, "short: xxx", 10);
    lm_error_context(&box.err, "%s", longer);
    assert_int_equal(strlen(box.err.msg), sizeof box.err.msg - 1);
    assert_memory_equal(box.guard, "UUUUUUUU", 8);
}

/* Contexts whose length makes the message just fit or just not: the message stays whole, since it
 * is short, and the context's end is shown. */
static void test_context_at_every_length(void **state)
{
    (void)state;
    char prefix[700];
    for (size_t n = 0; n < sizeof prefix; n++) {
        LmError err;
        memset(prefix, 'p', n);
        prefix[n] = '\0';
        if (n > 0) {
            prefix[n - 1] = '/';
        }
        lm_fail(&err, LM_EMEM, "abcdef");
        assert_int_equal(lm_error_context(&err, "%s", prefix), LM_EMEM);
        size_t want = LM_MIN(n + 8, sizeof err.msg - 1);
        assert_int_equal(strlen(err.msg), want);
        assert_string_equal(err.msg + want - 9 + (n == 0), n == 0 ? ": abcdef" : "/: abcdef");
        assert_int_equal(strncmp(err.msg, "...", 3) == 0, n + 8 > sizeof err.msg - 1);
    }
}

static void test_long_context_before_long_message(void **state)
{
    (void)state;
    LmError err;
    char text[5000];
    memset(text, 'm', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    lm_fail(&err, LM_EIO, "%s", text);
    memset(text, 'c', sizeof text - 1);
    lm_error_context(&err, "%s", text);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    assert_memory_equal(err.msg, "...ccc", 6);
    const char *message = strstr(err.msg, ": ");
    assert_non_null(message);
    assert_int_equal(strspn(message + 2, "m"), (sizeof err.msg - 1) / 2);
}

static void test_errno(void **state)
{
    (void)state;
    LmError err;
    assert_int_equal(lm_fail_errno(&err, ENOENT, "open", "a/b"), LM_ENOTFOUND);
    assert_string_equal(err.msg, "cannot open a/b: No such file or directory");
    assert_int_equal(lm_fail_errno(&err, EACCES, "write", "c"), LM_EIO);
    assert_string_equal(err.msg, "cannot write c: Permission denied");
}

static void test_table(void **state)
{
    (void)state;
    assert_string_equal(lm_status_name(LM_OK), "LM_OK");
    assert_string_equal(lm_status_name(LM_ECANCEL), "LM_ECANCEL");
    assert_string_equal(lm_status_text(LM_EMEM), "out of memory");
    static const int codes[] = {0, 1, 1, 1, 1, 4, 4, 4, 5, 130};
    assert_int_equal(LM_ARRAY_LEN(codes), LM_STATUS_COUNT);
    for (int i = 0; i < LM_STATUS_COUNT; i++) {
        assert_int_equal(lm_status_exit_code((LmStatus)i), codes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail_stores_code_and_text),
        cmocka_unit_test(test_fail_may_quote_itself),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_context_at_every_length),
        cmocka_unit_test(test_long_context_before_long_message),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
