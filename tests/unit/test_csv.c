/* CSV tables (src/io/csv.c): what RFC 4180 allows and what real files do, positions of errors,
 * sizes that must not hurt. */
#include "help_files.h"
#include "help_test.h"

#include <float.h>
#include <stdlib.h>

#include "io/csv.h"

static LmCsv load(const char *text)
{
    LmCsv csv;
    LmError err;
    assert_ok(lm_csv_load(&csv, help_files_make("t.csv", text, strlen(text)), ',', &err), err);
    return csv;
}

/* Cells separated by 0x1f, rows by 0x1e. */
static void assert_table(const char *text, const char *want)
{
    char got[1024] = "";
    LmCsv csv = load(text);
    for (int64_t row = -1; row < csv.n_rows; row++) {
        for (int k = 0; k < csv.n_columns; k++) {
            strcat(got, row < 0 ? csv.cells[k] : lm_csv_get(&csv, row, k));
            strcat(got, k + 1 < csv.n_columns ? "\x1f" : "\x1e");
        }
    }
    assert_string_equal(got, want);
    lm_csv_fini(&csv);
}

static void test_forms(void **state)
{
    (void)state;
    static const char *const want = "a\x1f"
                                    "b\x1e"
                                    "1\x1f"
                                    "2\x1e";
    assert_table("a,b\n1,2\n", want);
    assert_table("a,b\n1,2", want);
    assert_table("a,b\r\n1,2\r\n", want);
    assert_table("a,b\r1,2\r", want);
    assert_table("\xef\xbb\xbf"
                 "a,b\n1,2\n",
                 want);
    assert_table("\n\r\na,b\n\n\n1,2\n\n", want);
    assert_table("\"a\",\"b\"\n\"1\",\"2\"\n", want);
    assert_table("\"a\",b\r\n1,\"2\"", want);
    assert_table("a\n", "a\x1e");
    assert_table("a,b\n,\n", "a\x1f"
                             "b\x1e\x1f\x1e");
    assert_table("a,b\n\"\",", "a\x1f"
                               "b\x1e\x1f\x1e");
    assert_table("a b, c \n 1 ,\t2", "a b\x1f c \x1e 1 \x1f\t2\x1e");
    assert_table("x\n\"a,b\"\n\"c\"\"d\"\n\"\"\"\"\n\"l1\nl2\r\nl3\"\n", "x\x1e"
                                                                         "a,b\x1e"
                                                                         "c\"d\x1e"
                                                                         "\"\x1e"
                                                                         "l1\nl2\r\nl3\x1e");
    assert_table("\xff\xfe,\xc3\xa9\n1,2\n", "\xff\xfe\x1f\xc3\xa9\x1e"
                                             "1\x1f"
                                             "2\x1e");
}

static void test_lines(void **state)
{
    (void)state;
    LmCsv csv = load("\n\"a\nb\",c\r\n1,\"2\r\n3\"\r\n\r\n4,5\r6,\"7\r8\"\n9,0\n");
    static const int64_t want[] = {4, 7, 8, 10};
    assert_int_equal(csv.n_rows, 4);
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(lm_csv_line(&csv, i), want[i]);
    }
    lm_csv_fini(&csv);
}

static void test_delimiters(void **state)
{
    (void)state;
    LmCsv csv;
    LmError err;
    int k = -1;
    const char *path = help_files_make("d.csv", "a;b\n1,5;2\n", 10);
    assert_ok(lm_csv_load(&csv, path, ';', &err), err);
    assert_string_equal(lm_csv_get(&csv, 0, 0), "1,5");
    lm_csv_fini(&csv);
    assert_fails(lm_csv_load(&csv, path, ',', &err), LM_EFORMAT, err,
                 "line 2 has 2 fields, the header has 1");
    csv = load("a;b;c\n");
    assert_fails(lm_csv_column(&k, &csv, "b", &err), LM_EARG, err,
                 "there is no column 'b'; the table has a;b;c; is the table separated by ';'? say "
                 "delimiter=\";\"");
    lm_csv_fini(&csv);
}

static void test_columns(void **state)
{
    (void)state;
    LmError err;
    int k = -1;
    LmCsv csv = load("file,label,x,label\n");
    assert_int_equal(csv.n_rows, 0);
    assert_ok(lm_csv_column(&k, &csv, "x", &err), err);
    assert_int_equal(k, 2);
    assert_fails(lm_csv_column(&k, &csv, "label", &err), LM_EARG, err,
                 "two columns are called 'label', number 2 and 4");
    assert_fails(lm_csv_column(&k, &csv, "File", &err), LM_EARG, err,
                 "there is no column 'File'; the table has file, label, x, label");
    assert_int_equal(k, 2);
    lm_csv_fini(&csv);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } bad[] = {
#define BAD(bytes, text) {bytes, sizeof(bytes) - 1, text}
        BAD("", "no table but an empty file: a table begins with a line that names its columns"),
        BAD("\n\n\r\n", "no table: a table begins"),
        BAD("\xef\xbb\xbf", "no table"),
        BAD("a,b\n1\n", "t.csv: line 2 has 1 field, the header has 2"),
        BAD("a,b\n\n1,2,3\n", "line 3 has 3 fields, the header has 2"),
        BAD("a,b\n1,2\n\"x\ny\",2\n3\n", "line 5 has 1 field, the header has 2"),
        BAD("a\n\"b\n", "line 2: a quote opens a field and none closes it"),
        BAD("a\n\"", "line 2: a quote opens"),
        BAD("a\n\"b\"\"", "line 2: a quote opens"),
        BAD("a\n\"b\"c\n", "line 2: text follows a closing quote"),
        BAD("a\nb\"c\n", "line 2: a quote inside a field that does not begin with one"),
        BAD("a\n1\0\n", "line 2: a zero byte; this is no text, or text in UTF-16"),
        BAD("a\n\"x\n1\0\"\n", "in the quotes opened on line 2: line 3: a zero byte"),
        BAD("\xff\xfe"
            "a\0,\0",
            "line 1: a zero byte"),
        BAD("<!DOCTYPE html>\n<p class=\"x\">\n", "no table but an HTML page"),
        BAD("PK\3\4\0\0\0", "no table but a zip archive"),
        BAD("\x89PNG\r\n\x1a\n\0\0\0", "no table but a PNG image"),
    };
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        LmCsv csv = {0};
        LmError err;
        const char *path = help_files_make("t.csv", bad[k].bytes, bad[k].size);
        assert_fails(lm_csv_load(&csv, path, ',', &err), LM_EFORMAT, err, bad[k].text);
        assert_null(csv.text);
    }
    LmCsv csv;
    LmError err;
    assert_fails(lm_csv_load(&csv, help_files_path("none.csv"), ',', &err), LM_ENOTFOUND, err,
                 "none.csv: No such file");
}

static void test_bounds(void **state)
{
    (void)state;
    LmError err;
    LmCsv csv;
    size_t size = LM_CSV_FIELD_MAX + 8;
    char *text = malloc(size);
    memset(text, 'x', size);
    memcpy(text, "a\n", 2);
    text[2 + LM_CSV_FIELD_MAX] = '\n';
    assert_ok(lm_csv_load(&csv, help_files_make("big.csv", text, 3 + LM_CSV_FIELD_MAX), ',', &err),
              err);
    assert_int_equal(strlen(lm_csv_get(&csv, 0, 0)), LM_CSV_FIELD_MAX);
    lm_csv_fini(&csv);
    text[2 + LM_CSV_FIELD_MAX] = 'x';
    assert_fails(lm_csv_load(&csv, help_files_make("big.csv", text, size), ',', &err), LM_EFORMAT,
                 err, "line 2: a field of more than 1048576 bytes");
    text[2] = '"';
    assert_fails(lm_csv_load(&csv, help_files_make("big.csv", text, size), ',', &err), LM_EFORMAT,
                 err, "line 2: a field of more than 1048576 bytes");
    memset(text, ',', LM_CSV_COLUMNS_MAX);
    assert_fails(lm_csv_load(&csv, help_files_make("big.csv", text, LM_CSV_COLUMNS_MAX), ',', &err),
                 LM_EFORMAT, err, "line 1 has more than 65536 fields");
    assert_ok(
        lm_csv_load(&csv, help_files_make("big.csv", text, LM_CSV_COLUMNS_MAX - 1), ',', &err),
        err);
    assert_int_equal(csv.n_columns, LM_CSV_COLUMNS_MAX);
    lm_csv_fini(&csv);
    free(text);
}

/* Any bytes: an answer, and cells that lie inside the text. */
static void test_random_bytes(void **state)
{
    (void)state;
    static const char letters[] = "ab,\"\"\n\r\n,\xef\xbb\xbf";
    unsigned seed = 12345;
    for (int turn = 0; turn < 4000; turn++) {
        char text[40];
        LmError err;
        LmCsv csv;
        size_t n = turn % sizeof text;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = letters[(seed >> 16) % (sizeof letters - 1)];
        }
        if (lm_csv_load(&csv, help_files_make("r.csv", text, n), ',', &err) == LM_OK) {
            for (int64_t k = 0; k < (csv.n_rows + 1) * csv.n_columns; k++) {
                size_t at = (size_t)(csv.cells[k] - csv.text);
                assert_true(at <= n && at + strlen(csv.cells[k]) <= n);
            }
            lm_csv_fini(&csv);
        }
    }
}

static void test_numbers(void **state)
{
    (void)state;
    float v = 7;
    assert_true(lm_csv_number("1.5", &v) && v == 1.5f);
    assert_true(lm_csv_number(" -2e3 ", &v) && v == -2000);
    assert_true(lm_csv_number("3.4028234e38", &v) && v == FLT_MAX);
    static const char *const bad[] = {"",    " ",   "x",    "1x",   "1,5",
                                      "nan", "inf", "-inf", "1e39", "1 2"};
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        assert_false(lm_csv_number(bad[k], &v));
    }
    assert_true(v == FLT_MAX);
}

static LmStatus load_once(const char *path, LmError *err)
{
    LmCsv csv = {0};
    LmStatus st = lm_csv_load(&csv, path, ',', err);
    lm_csv_fini(&csv);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    char text[4096] = "a,b\n";
    for (int k = 0; k < 400; k++) {
        strcat(text, "12,34\n");
    }
    assert_survives_oom(load_once(help_files_make("m.csv", text, strlen(text)), &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),         cmocka_unit_test(test_lines),
        cmocka_unit_test(test_delimiters),    cmocka_unit_test(test_columns),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_random_bytes),  cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
