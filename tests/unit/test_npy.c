/* .npy files: types, byte orders, Fortran order, versions, and headers that lie. */
#include "help_test.h"

#include <unistd.h>

#include "base/rng.h"
#include "help_files.h"
#include "io/file.h"
#include "io/npy.h"

static uint8_t npy[1 << 17];

/* A file in `npy` of the given version and header text; returns its size. */
static size_t build(int version, const char *header, const void *data, size_t size)
{
    size_t n = strlen(header);
    size_t prefix = version == 1 ? 10 : 12;
    memcpy(npy, "\x93NUMPY", 6);
    npy[6] = (uint8_t)version;
    npy[7] = 0;
    for (size_t i = 8; i < prefix; i++) {
        npy[i] = (uint8_t)(n >> (8 * (i - 8)));
    }
    memcpy(npy + prefix, header, n);
    memcpy(npy + prefix + n, data, size);
    return prefix + n + size;
}

static size_t build_type(const char *descr, const char *order, const char *shape, const void *data,
                         size_t size)
{
    char header[256];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr,
             order, shape);
    return build(1, header, data, size);
}

static void check_parsed(size_t size, LmDtype dtype, int rank, const int64_t *shape,
                         const double *want)
{
    LmError err;
    LmTensor t;
    assert_survives_oom(lm_npy_parse(&t, npy, size, "memory", &err), err);
    assert_int_equal(t.dtype, dtype);
    assert_int_equal(t.rank, rank);
    for (int i = 0; i < rank; i++) {
        assert_int_equal(t.shape[i], shape[i]);
    }
    for (int64_t i = 0; i < t.count; i++) {
        assert_true(lm_tensor_get(&t, i) == want[i]);
    }
    assert_false(t.is_read_only);
    lm_tensor_fini(&t);
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        const char *bytes;
        size_t size;
        LmDtype dtype;
        double want[2];
    } cases[] = {
        {"|u1", "\x00\xff", 2, LM_U8, {0, 255}},
        {"|b1", "\x00\x01", 2, LM_U8, {0, 1}},
        {"|i1", "\x7f\x80", 2, LM_I32, {127, -128}},
        {"<u2", "\x01\x02\xff\xff", 4, LM_I32, {513, 65535}},
        {">u2", "\x01\x02\xff\xff", 4, LM_I32, {258, 65535}},
        {"<i2", "\x01\x02\x00\x80", 4, LM_I32, {513, -32768}},
        {">i2", "\x01\x02\x80\x00", 4, LM_I32, {258, -32768}},
        {"<i4", "\x01\x02\x00\x00\x00\x00\x00\x80", 8, LM_I32, {513, INT32_MIN}},
        {">i4", "\x00\x00\x01\x02\x80\x00\x00\x00", 8, LM_I32, {258, INT32_MIN}},
        {"<u4", "\x01\x02\x00\x00\xff\xff\xff\x7f", 8, LM_I32, {513, INT32_MAX}},
        {">u4", "\x00\x00\x01\x02\x7f\xff\xff\xff", 8, LM_I32, {258, INT32_MAX}},
        {"<i8", "\1\2\0\0\0\0\0\0\0\0\0\x80\xff\xff\xff\xff", 16, LM_I32, {513, INT32_MIN}},
        {">i8", "\0\0\0\0\0\0\1\2\xff\xff\xff\xff\x80\0\0\0", 16, LM_I32, {258, INT32_MIN}},
        {"<u8", "\1\2\0\0\0\0\0\0\xff\xff\xff\x7f\0\0\0\0", 16, LM_I32, {513, INT32_MAX}},
        {"<f4", "\0\0\xc0\x3f\0\0\0\xc0", 8, LM_F32, {1.5, -2}},
        {">f4", "\x3f\xc0\0\0\xc0\0\0\0", 8, LM_F32, {1.5, -2}},
        {"<f8", "\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\0\xc0", 16, LM_F64, {1.5, -2}},
        {">f8", "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16, LM_F64, {1.5, -2}},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        size_t size = build_type(cases[i].descr, "False", "(2,)", cases[i].bytes, cases[i].size);
        check_parsed(size, cases[i].dtype, 1, (const int64_t[]){2}, cases[i].want);
    }
}

/* Element [i][j][k] of a 2x3x4 array holds 100 i + 10 j + k; in Fortran order i runs fastest. */
static void test_fortran_order(void **state)
{
    (void)state;
    static const char *const descrs[] = {"|u1", "<f4", ">f4", "<u2", ">u2"};
    static const size_t sizes[] = {1, 4, 4, 2, 2};
    static const LmDtype dtypes[] = {LM_U8, LM_F32, LM_F32, LM_I32, LM_I32};
    for (size_t d = 0; d < LM_ARRAY_LEN(descrs); d++) {
        uint8_t bytes[24 * 4];
        double want[24];
        for (int n = 0; n < 24; n++) {
            int i = n % 2;
            int j = n / 2 % 3;
            int k = n / 6;
            int value = 100 * i + 10 * j + k;
            float f = (float)value;
            uint16_t u = (uint16_t)value;
            want[(i * 3 + j) * 4 + k] = value;
            const void *from = sizes[d] == 4 ? (const void *)&f : (const void *)&u;
            for (size_t b = 0; b < sizes[d]; b++) {
                size_t place = descrs[d][0] == '>' ? sizes[d] - 1 - b : b;
                bytes[(size_t)n * sizes[d] + place] = ((const uint8_t *)from)[b];
            }
        }
        size_t size = build_type(descrs[d], "True", "(2, 3, 4)", bytes, 24 * sizes[d]);
        check_parsed(size, dtypes[d], 3, (const int64_t[]){2, 3, 4}, want);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    check_parsed(build_type("|u1", "False", "()", "\7", 1), LM_U8, 0, NULL, (const double[]){7});
    check_parsed(build_type("|u1", "True", "()", "\7", 1), LM_U8, 0, NULL, (const double[]){7});
    check_parsed(build_type("|u1", "False", "(0,)", "", 0), LM_U8, 1, (const int64_t[]){0}, NULL);
    check_parsed(build_type("<u2", "True", "(3,0,2)", "", 0), LM_I32, 3, (const int64_t[]){3, 0, 2},
                 NULL);
    check_parsed(build_type("|u1", "False", "(1, 1L ,2 , )", "\7\x08", 2), LM_U8, 3,
                 (const int64_t[]){1, 1, 2}, (const double[]){7, 8});
    check_parsed(build_type("|u1", "False", "(1,1,1,1,1,1,1,2)", "\7\x08", 2), LM_U8, 8,
                 (const int64_t[]){1, 1, 1, 1, 1, 1, 1, 2}, (const double[]){7, 8});
}

static void test_versions_and_spelling(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }          \n",
        "{\"shape\":(2,),\"descr\":\"|u1\",\"fortran_order\":False}",
        " { 'fortran_order' : False , 'shape' : ( 2 , ) , 'descr' : '|u1' } ",
        "{'descr': '<u1', 'fortran_order': True, 'shape': (2,)}",
        "{'descr': '>u1', 'fortran_order': False, 'shape': (2,)}",
    };
    for (int version = 1; version <= 3; version++) {
        for (size_t i = 0; i < LM_ARRAY_LEN(headers); i++) {
            check_parsed(build(version, headers[i], "\7\x08", 2), LM_U8, 1, (const int64_t[]){2},
                         (const double[]){7, 8});
        }
    }
    static char wide[70000]; /* more than version 1 could say */
    memset(wide, ' ', sizeof wide - 1);
    memcpy(wide, headers[1], strlen(headers[1]));
    check_parsed(build(2, wide, "\7\x08", 2), LM_U8, 1, (const int64_t[]){2},
                 (const double[]){7, 8});
}

static void refuse(size_t size, const char *part)
{
    LmError err;
    LmTensor t = {.rank = 66};
    size_t before = lm_mem_in_use();
    assert_fails(lm_npy_parse(&t, npy, size, "mem.npy", &err), LM_EFORMAT, err, part);
    assert_memory_equal(err.msg, "mem.npy: ", 9);
    assert_int_equal(t.rank, 66);
    assert_int_equal(lm_mem_in_use(), before);
}

static void refuse_header(const char *header, const char *part)
{
    refuse(build(1, header, "\0\0\0\0\0\0\0\0", 8), part);
}

static void test_refused_types(void **state)
{
    (void)state;
    static const char *const unknown[] = {"<f2", "<c8", "<U3", "|S5", "<M8[s]", "f4",  "|f4",
                                          "=f4", "<f",  "<",   "",    "<f44",   "<b8", "|V4"};
    for (size_t i = 0; i < LM_ARRAY_LEN(unknown); i++) {
        char part[64];
        snprintf(part, sizeof part, "type '%s' is not read", unknown[i]);
        refuse(build_type(unknown[i], "False", "(1,)", "\0\0\0\0", 4), part);
    }
    refuse(build_type("|O", "False", "(1,)", "\x80\x04]", 3), "Python objects is not read");
    refuse_header("{'descr': [('x', '<f4'), ('y', '<f4')], 'fortran_order': False, 'shape': (1,)}",
                  "structured .npy array");
}

static void test_garbled_headers(void **state)
{
    (void)state;
    refuse_header("", "want '{', got \"\"");
    refuse_header("[]", "want '{', got \"[]\"");
    refuse_header("{}", "no key 'descr'");
    refuse_header("{'descr': '|u1'}", "no key 'fortran_order'");
    refuse_header("{'descr': '|u1', 'fortran_order': False}", "no key 'shape'");
    refuse_header("{'descr': '|u1', 'descr': '|u1'}", "key 'descr' twice");
    refuse_header("{'what': 1}", "unknown key 'what'");
    refuse_header("{'descr' '|u1'}", "want ':' after a key");
    refuse_header("{'descr': |u1}", "want a type such as '<f4', got \"|u1}\"");
    refuse_header("{'descr': '|u1", "want a type");
    refuse_header("{'descr': '\\x7cu1'}", "want a type");
    refuse_header("{'fortran_order': 0}", "want True or False for fortran_order, got \"0}\"");
    refuse_header("{'fortran_order': __import__('os').system('true')}", "want True or False");
    refuse_header("{'descr': '|u1', 'fortran_order': False, 'shape': (8,)", "want ',' or '}'");
    refuse_header("{'descr': '|u1', 'fortran_order': False, 'shape': (8,)} x", "the header's end");
    refuse_header("{'descr': '|u1', 'fortran_order': Falsey, 'shape': (8,)}", "want ',' or '}'");
    refuse_header("\x01\x02\x03\x7f\x80", "got \"?????\"");
}

static void test_garbled_shapes(void **state)
{
    (void)state;
    static const char *const shapes[] = {"8",
                                         "(8)",
                                         "[8]",
                                         "(8,",
                                         "(,)",
                                         "(-8,)",
                                         "(8.0,)",
                                         "(8 8)",
                                         "(8,,)",
                                         "('8',)",
                                         "(8L",
                                         "(8, 1]",
                                         "(0x8,)",
                                         "(LL,)",
                                         "(8e1,)",
                                         "(",
                                         "(99999999999999999999,)"};
    for (size_t i = 0; i < LM_ARRAY_LEN(shapes); i++) {
        char part[] = "want a shape such as (60000, 28, 28)";
        refuse(build_type("|u1", "False", shapes[i], "\0\0\0\0\0\0\0\0", 8), part);
    }
    refuse(build_type("|u1", "False", "(1,1,1,1,1,1,1,1,8)", "\0\0\0\0\0\0\0\0", 8),
           "more than 8 dimensions");
}

static void test_huge_shapes(void **state)
{
    (void)state;
    refuse(build_type("|u1", "False", "(4611686018427387904, 4)", "", 0),
           "more than can be addressed");
    refuse(build_type("<f8", "False", "(2147483648, 2147483648, 2147483648)", "", 0),
           "shape 2147483648x2147483648x2147483648: more than can be addressed");
    refuse(build_type("|u1", "False", "(9223372036854775807,)", "", 0),
           "more than can be addressed");
    refuse(build_type("|u1", "False", "(0, 4611686018427387904, 4)", "", 0), "more than can be");
    refuse(
        build_type("<f8", "False", "(1000000000000,)", "", 0),
        ".npy array 1000000000000 of f8 needs 8,000,000,000,000 bytes of data, got 0: the file is "
        "cut off");
}

static void test_prefix(void **state)
{
    (void)state;
    size_t size = build_type("|u1", "False", "(2,)", "\7\x08", 2);
    for (size_t cut = 0; cut < size; cut++) {
        LmError err;
        LmTensor t;
        assert_int_equal(lm_npy_parse(&t, npy, cut, "cut", &err), LM_EFORMAT);
    }
    refuse(0, "not a .npy file but an empty file");
    refuse(5, "not a .npy file");
    refuse(11, "header cut off: the file has 11 bytes");
    refuse(size - 3, "header of"); /* one byte short */
    refuse(size - 1, "needs 2 bytes of data, got 1: the file is cut off");
    refuse(size + 1, "needs 2 bytes of data, got 3: surplus bytes follow");
    npy[6] = 4;
    refuse(size, "format version 4.0 is unknown");
    npy[6] = 0;
    refuse(size, "format version 0.0");
    npy[6] = 1;
    npy[7] = 1;
    refuse(size, "format version 1.1");
    npy[7] = 0;
    npy[9] = 0xFF;
    refuse(size, "header of 65");
    build(2, "{}", "", 0);
    memset(npy + 8, 0xFF, 4);
    refuse(14, ".npy header of 4294967295 bytes, but only 2 are there");
    memcpy(npy, "\x93numpy", 6);
    refuse(14, "does not begin with");
    memcpy(npy, "PK\x03\x04", 4);
    refuse(14, "zip archive (or .npz)");
}

/* Any byte of the header changed: read or refused, never a fault (the sanitizers watch). */
static void test_random_damage(void **state)
{
    (void)state;
    LmRng rng = lm_rng(17, LM_RNG_USER, 0, 0);
    size_t before = lm_mem_in_use();
    for (int i = 0; i < 50000; i++) {
        size_t size = build_type(i % 2 == 0 ? "<f4" : ">u2", i % 3 == 0 ? "True" : "False",
                                 "(2, 3)", "aaaabbbbccccddddeeeeffff", i % 2 == 0 ? 24 : 12);
        for (uint32_t n = lm_rng_below(&rng, 3) + 1; n > 0; n--) {
            static const char likely[] = "0123456789(){}[],:'\"L<>|fuib \n";
            npy[lm_rng_below(&rng, 72)] = (uint8_t)likely[lm_rng_below(&rng, sizeof likely)];
        }
        LmError err;
        LmTensor t;
        LmStatus st = lm_npy_parse(&t, npy, size, "damaged", &err);
        assert_true(st == LM_OK || st == LM_EFORMAT);
        if (st == LM_OK) {
            lm_tensor_fini(&t);
        }
    }
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_integers_that_do_not_fit(void **state)
{
    (void)state;
    refuse(build_type("<u4", "False", "(2,)", "\0\0\0\0\0\0\0\x80", 8),
           "u4: element 2 is 2147483648, which does not fit i32");
    refuse(build_type("<i8", "False", "(1,)", "\xff\xff\xff\x7f\xff\xff\xff\xff", 8),
           "element 1 is -2147483649");
    refuse(build_type("<i8", "False", "(1,)", "\0\0\0\0\0\0\0\x80", 8), "is -9223372036854775808");
    refuse(build_type(">u8", "False", "(1,)", "\xff\xff\xff\xff\xff\xff\xff\xff", 8),
           "at least 922");
}

static void test_save_and_load(void **state)
{
    (void)state;
    LmError err;
    const char *path = help_files_path("saved.npy");
    static const int64_t shapes[][LM_RANK_MAX] = {{0},    {5},    {0},
                                                  {2, 3}, {3, 0}, {1, 2, 1, 2, 1, 2, 1, 2}};
    static const int ranks[] = {0, 1, 1, 2, 2, 8};
    for (int dtype = 0; dtype < LM_DTYPE_COUNT; dtype++) {
        for (size_t i = 0; i < LM_ARRAY_LEN(ranks); i++) {
            LmTensor a;
            LmTensor b;
            assert_ok(lm_tensor_new(&a, (LmDtype)dtype, ranks[i], shapes[i], &err), err);
            for (int64_t j = 0; j < a.count; j++) {
                assert_ok(lm_tensor_set(&a, j, (double)(j + 3), &err), err);
            }
            assert_ok(lm_npy_save(&a, path, &err), err);
            assert_survives_oom(lm_npy_load(&b, path, &err), err);
            assert_true(lm_tensor_equal(&a, &b));
            lm_tensor_fini(&a);
            lm_tensor_fini(&b);
        }
    }
    LmTensor none;
    assert_fails(lm_npy_load(&none, help_files_path("missing"), &err), LM_ENOTFOUND, err,
                 "missing");
    assert_fails(lm_npy_load(&none, help_files_path("."), &err), LM_EIO, err, "directory");
}

/* The bytes NumPy 1.24 writes for np.save(path, np.array([[1, 2]], "f4")). */
static void test_bytes_of_a_saved_file(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    LmFile f;
    char want[136];
    static const char prefix[] = "\x93NUMPY\x01\x00v\x00";
    static const char dict[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
    memset(want, ' ', 128);
    memcpy(want, prefix, 10);
    memcpy(want + 10, dict, strlen(dict));
    want[127] = '\n';
    memcpy(want + 128, (const float[]){1, 2}, 8);
    assert_ok(lm_tensor_new(&t, LM_F32, 2, (const int64_t[]){1, 2}, &err), err);
    memcpy(t.data, (const float[]){1, 2}, 8);
    assert_ok(lm_npy_save(&t, help_files_path("bytes.npy"), &err), err);
    assert_ok(lm_file_open(&f, help_files_path("bytes.npy"), 0, &err), err);
    assert_int_equal(f.size, sizeof want);
    assert_memory_equal(f.bytes, want, sizeof want);
    lm_file_close(&f);
    lm_tensor_fini(&t);
}

static void test_longest_header(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    const int64_t shape[] = {0, 4, 4, 4, 4, 4, 4, (int64_t)1 << 40};
    assert_ok(lm_tensor_new(&t, LM_U8, 8, shape, &err), err);
    for (int i = 0; i < 8; i++) {
        t.shape[i] = INT64_MAX; /* no tensor can have it; the header must bear it all the same */
    }
    assert_ok(lm_npy_save(&t, help_files_path("long.npy"), &err), err);
    LmFile f;
    assert_ok(lm_file_open(&f, help_files_path("long.npy"), 0, &err), err);
    assert_int_equal(f.size, 256);
    assert_int_equal(f.bytes[255], '\n');
    lm_file_close(&f);
    lm_tensor_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_fortran_order),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_versions_and_spelling),
        cmocka_unit_test(test_refused_types),
        cmocka_unit_test(test_garbled_headers),
        cmocka_unit_test(test_garbled_shapes),
        cmocka_unit_test(test_huge_shapes),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_integers_that_do_not_fit),
        cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_bytes_of_a_saved_file),
        cmocka_unit_test(test_longest_header),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
