/* Text building at and beyond the end of its buffer, and the forms of counts, shapes and sizes. */
#include "help_test.h"

#include "base/str.h"

static void test_add_never_overruns(void **state)
{
    (void)state;
    for (size_t size = 1; size < 20; size++) {
        char buffer[32];
        memset(buffer, '#', sizeof buffer);
        LmStr s = lm_str(buffer, size);
        lm_str_add(&s, "%s-%d", "abc", 12345);
        lm_str_add_count(&s, -1234567);
        lm_str_add_shape(&s, 2, (const int64_t[]){28, 28});
        static const char full[] = "abc-12345-1,234,56728x28";
        assert_int_equal(strlen(buffer), size - 1);
        assert_memory_equal(buffer, full, size - 1);
        assert_true(s.used < s.size);
        assert_int_equal(buffer[size], '#');
    }
}

static void test_counts(void **state)
{
    (void)state;
    static const struct {
        int64_t n;
        const char *text;
    } cases[] = {{0, "0"},
                 {999, "999"},
                 {1000, "1,000"},
                 {60000, "60,000"},
                 {1234567, "1,234,567"},
                 {-5, "-5"},
                 {-1000, "-1,000"},
                 {INT64_MAX, "9,223,372,036,854,775,807"},
                 {INT64_MIN, "-9,223,372,036,854,775,808"}};
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        char buffer[40];
        assert_string_equal(lm_str_count(buffer, sizeof buffer, cases[i].n), cases[i].text);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    char buffer[64];
    const int64_t shape[] = {60000, 28, 28, 1};
    assert_string_equal(lm_str_shape(buffer, sizeof buffer, 4, shape), "60000x28x28x1");
    assert_string_equal(lm_str_shape(buffer, sizeof buffer, 1, shape), "60000");
    assert_string_equal(lm_str_shape(buffer, sizeof buffer, 0, shape), "scalar");
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *text;
    } cases[] = {{0, "0 bytes"},        {999, "999 bytes"},    {1000, "1.0 kB"},
                 {47040016, "47.0 MB"}, {999949, "999.9 kB"},  {999950, "1.0 MB"},
                 {999999999, "1.0 GB"}, {SIZE_MAX, "18.4 EB"}, {1500000000000, "1.5 TB"}};
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        char buffer[40];
        assert_string_equal(lm_str_bytes(buffer, sizeof buffer, cases[i].n), cases[i].text);
    }
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const words[] = {"batch",   "shuffle", "seed", "drop_last",
                                        "workers", "h",       NULL};
    static const char *const none[] = {NULL};
    assert_string_equal(lm_str_nearest("bacth", words), "batch");
    assert_string_equal(lm_str_nearest("batch_size", words), "batch");
    assert_string_equal(lm_str_nearest("shufle", words), "shuffle");
    assert_string_equal(lm_str_nearest("droplast", words), "drop_last");
    assert_string_equal(lm_str_nearest("seed", words), "seed");
    assert_string_equal(lm_str_nearest("sedd", words), "seed");
    assert_string_equal(lm_str_nearest("random_seed", words), "seed");
    assert_string_equal(lm_str_nearest("n_workers", words), "workers");
    assert_string_equal(lm_str_nearest("shuf", words), "shuffle");
    assert_null(lm_str_nearest("shu", words));
    assert_null(lm_str_nearest("kseedling", words));
    assert_null(lm_str_nearest("momentum", words));
    assert_null(lm_str_nearest("", words));
    assert_null(lm_str_nearest("batch", none));
    char longest[200];
    memset(longest, 'b', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(lm_str_nearest(longest, words));
    const char *const too_long[] = {longest, "batch", NULL};
    assert_string_equal(lm_str_nearest("batc", too_long), "batch");
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const valid[] = {"",
                                        "plain",
                                        "\x7f",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "a\xc3\xa4z"};
    static const char *const invalid[] = {"\x80",
                                          "\xbf",
                                          "\xc0\x80",
                                          "\xc1\xbf",
                                          "\xc2",
                                          "\xc2\x41",
                                          "\xe0\x9f\xbf",
                                          "\xed\xa0\x80",
                                          "\xe1\x80",
                                          "\xe1\x80\x41",
                                          "\xf0\x8f\xbf\xbf",
                                          "\xf4\x90\x80\x80",
                                          "\xf1\x80\x80",
                                          "\xf5\x80\x80\x80",
                                          "\xff",
                                          "ok\xe4"};
    for (size_t i = 0; i < LM_ARRAY_LEN(valid); i++) {
        assert_true(lm_str_is_utf8(valid[i]));
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(invalid); i++) {
        assert_false(lm_str_is_utf8(invalid[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_never_overruns),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
