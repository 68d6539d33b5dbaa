/* .npz archives (src/io/npz.c): every form writers use, and no damage that passes or hurts. */
#include "help_files.h"
#include "help_test.h"
#include "help_zip.h"

#include <stdlib.h>

#include "io/file.h"
#include "io/npz.h"

enum { NPY_MAX = 1 << 16 };

/* A .npy file of n bytes i * 7. */
static size_t make_npy(uint8_t *out, int n)
{
    char header[128];
    int length = snprintf(header, sizeof header,
                          "{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }", n);
    memset(out, ' ', 128);
    memcpy(out, "\x93NUMPY\1\0\x76\0", 10);
    memcpy(out + 10, header, (size_t)length);
    out[127] = '\n';
    for (int i = 0; i < n; i++) {
        out[128 + i] = (uint8_t)(i * 7);
    }
    return 128 + (size_t)n;
}

static void assert_array(LmNpz *z, const char *name, int n)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_npz_read(&t, z, lm_npz_find(z, name), &err), err);
    assert_int_equal(t.dtype, LM_U8);
    assert_int_equal(t.rank, 1);
    assert_int_equal(t.shape[0], n);
    for (int i = 0; i < n; i++) {
        assert_int_equal(((const uint8_t *)t.data)[i], (uint8_t)(i * 7));
    }
    lm_tensor_fini(&t);
}

static void test_forms(void **state)
{
    (void)state;
    LmError err;
    static uint8_t big[NPY_MAX];
    uint8_t small[256];
    size_t big_size = make_npy(big, 60000);
    size_t small_size = make_npy(small, 5);
    for (int form = 0; form < 16; form++) {
        HelpZipMember m[4] = {{.name = "x.npy", .bytes = big, .size = big_size},
                              {.name = "notes.txt", .bytes = "hi", .size = 2},
                              {.name = "sub/y.npy", .bytes = small, .size = small_size},
                              {.name = ".npy", .bytes = small, .size = small_size}};
        for (int k = 0; k < 4; k++) {
            m[k].is_deflated = form & 1;
            m[k].is_streamed = form & 2;
            m[k].is_zip64 = form & 4;
            m[k].is_local_64 = form & 8;
        }
        LmNpz *z = NULL;
        assert_ok(lm_npz_open(&z, help_zip_make("a.npz", m, 4), &err), err);
        assert_int_equal(lm_npz_count(z), 2);
        assert_string_equal(lm_npz_name(z, 0), "x");
        assert_string_equal(lm_npz_name(z, 1), "sub/y");
        assert_int_equal(lm_npz_find(z, "notes"), -1);
        for (int again = 0; again < 2; again++) {
            assert_array(z, "sub/y", 5);
            assert_array(z, "x", 60000);
        }
        lm_npz_close(z);
    }
}

static void test_empty_array(void **state)
{
    (void)state;
    LmError err;
    uint8_t npy[256];
    HelpZipMember m = {
        .name = "e.npy", .bytes = npy, .size = make_npy(npy, 0), .is_deflated = true};
    LmNpz *z = NULL;
    assert_ok(lm_npz_open(&z, help_zip_make("e.npz", &m, 1), &err), err);
    assert_array(z, "e", 0);
    lm_npz_close(z);
    m.size = 0;
    LmTensor t;
    assert_ok(lm_npz_open(&z, help_zip_make("e.npz", &m, 1), &err), err);
    assert_fails(lm_npz_read(&t, z, 0, &err), LM_EFORMAT, err, "e.npz: array 'e': ");
    lm_npz_close(z);
}

static void test_damaged_members(void **state)
{
    (void)state;
    uint8_t npy[512];
    size_t size = make_npy(npy, 300);
    const struct {
        HelpZipMember m;
        const char *text;
    } bad[] = {
        {{.crc_xor = 1}, "array 'x': damaged data: its checksum (CRC-32) is not the one stored"},
        {{.crc_xor = 1, .is_deflated = true}, "its checksum (CRC-32) is not the one stored"},
        {{.flags = 1}, "array 'x': the member is encrypted"},
        {{.method = 12}, "the member is packed by method 12; only stored and deflated"},
        {{.method = 8}, "array 'x': damaged data ("},
        {{.claimed_size = (uint64_t)1 << 40, .is_zip64 = true},
         "damaged zip archive: the member claims 1.1 TB in 428 bytes"},
        {{.claimed_size = UINT64_MAX, .claimed_packed = UINT64_MAX, .is_zip64 = true},
         "damaged zip archive: the member claims"},
        {{.claimed_size = 5000, .is_deflated = true}, "damaged data (it ends early)"},
        {{.claimed_size = 429}, "damaged zip archive: the member claims 429 bytes in 428 bytes"},
        {{.claimed_size = 900, .claimed_packed = 900}, "damaged"},
        {{.claimed_size = 300, .is_deflated = true},
         "damaged data: it inflates to more than it claims"},
    };
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        LmError err;
        LmNpz *z = NULL;
        LmTensor t = {0};
        HelpZipMember m = bad[k].m;
        m.name = "x.npy";
        m.bytes = npy;
        m.size = size;
        size_t before = lm_mem_in_use();
        assert_ok(lm_npz_open(&z, help_zip_make("b.npz", &m, 1), &err), err);
        assert_fails(lm_npz_read(&t, z, 0, &err), LM_EFORMAT, err, bad[k].text);
        assert_non_null(strstr(err.msg, "b.npz: array 'x': "));
        assert_null(t.storage);
        lm_npz_close(z);
        assert_int_equal(lm_mem_in_use(), before);
    }
}

static void test_foreign_files(void **state)
{
    (void)state;
    LmError err;
    LmNpz *z = NULL;
    uint8_t npy[256];
    size_t size = make_npy(npy, 3);
    HelpZipMember m[2] = {{.name = "x.npy", .bytes = npy, .size = size},
                          {.name = "x.npy", .bytes = npy, .size = size}};
    assert_fails(lm_npz_open(&z, help_files_path("none.npz"), &err), LM_ENOTFOUND, err,
                 "none.npz: No such file");
    assert_fails(lm_npz_open(&z, help_files_make("f.npz", "", 0), &err), LM_EFORMAT, err,
                 "f.npz: no .npz archive but an empty file");
    assert_fails(lm_npz_open(&z, help_files_make("f.npz", npy, size), &err), LM_EFORMAT, err,
                 "no .npz archive but a NumPy .npy file");
    assert_fails(lm_npz_open(&z, help_files_make("f.npz", "xyz", 3), &err), LM_EFORMAT, err,
                 "f.npz: no .npz archive");
    assert_fails(lm_npz_open(&z, help_zip_make("f.npz", m, 2), &err), LM_EFORMAT, err,
                 "f.npz: the archive holds array 'x' twice");
    m[0].name = "a.txt";
    m[1].name = "b.npy.bak";
    assert_fails(lm_npz_open(&z, help_zip_make("f.npz", m, 2), &err), LM_EFORMAT, err,
                 "f.npz: a zip archive without .npy arrays");
    char name[300];
    memset(name, 'n', sizeof name - 5);
    memcpy(name + sizeof name - 5, ".npy", 5);
    m[0].name = name;
    m[1].name = "ok.npy";
    assert_ok(lm_npz_open(&z, help_zip_make("f.npz", m, 2), &err), err);
    assert_int_equal(lm_npz_count(z), 1);
    lm_npz_close(z);
    z = NULL;
    assert_fails(lm_npz_open(&z, help_zip_make("f.npz", m, 0), &err), LM_EFORMAT, err, "f.npz: ");
    assert_null(z);
}

/* Opens and reads everything; the number of arrays that came out, which must be right ones. */
static int read_whatever(const char *path)
{
    LmError err;
    LmNpz *z = NULL;
    int n = 0;
    if (lm_npz_open(&z, path, &err) != LM_OK) {
        return 0;
    }
    for (int64_t i = 0; i < lm_npz_count(z); i++) {
        LmTensor t;
        if (lm_npz_read(&t, z, i, &err) == LM_OK) {
            n++;
            for (int64_t k = 0; k < t.count; k++) {
                assert_int_equal(((const uint8_t *)t.data)[k], (uint8_t)(k * 7));
            }
            lm_tensor_fini(&t);
        }
    }
    lm_npz_close(z);
    return n;
}

/* Cut anywhere, or with any bit turned over: never wrong numbers, never memory out of proportion.
 */
static void test_cut_and_flipped(void **state)
{
    (void)state;
    LmError err;
    LmFile f;
    uint8_t npy[512];
    size_t size = make_npy(npy, 300);
    size_t before = lm_mem_in_use();
    for (int form = 0; form < 4; form++) {
        HelpZipMember m[2] = {{.name = "x.npy",
                               .bytes = npy,
                               .size = size,
                               .is_deflated = form & 1,
                               .is_zip64 = form & 2},
                              {.name = "y.npy", .bytes = npy, .size = size, .is_streamed = true}};
        assert_ok(lm_file_open(&f, help_zip_make("c.npz", m, 2), 0, &err), err);
        size_t n = f.size;
        uint8_t *bytes = malloc(n);
        memcpy(bytes, f.bytes, n);
        lm_file_close(&f);
        for (size_t cut = 0; cut < n; cut++) {
            int n_read = read_whatever(help_files_make("c.npz", bytes, cut));
            assert_true(n_read == 0 || cut > n - 22); /* the record that ends an archive */
        }
        for (size_t i = 0; i < n; i++) {
            bytes[i] ^= (uint8_t)(1 << i % 8);
            (void)read_whatever(help_files_make("c.npz", bytes, n));
            bytes[i] ^= (uint8_t)(1 << i % 8);
        }
        assert_int_equal(read_whatever(help_files_make("c.npz", bytes, n)), 2);
        free(bytes);
    }
    assert_int_equal(lm_mem_in_use(), before);
    assert_true(lm_mem_peak() < 64 << 20);
}

static LmStatus read_once(const char *path, LmError *err)
{
    LmNpz *z = NULL;
    LmTensor t = {0};
    LmStatus st = lm_npz_open(&z, path, err);
    if (st == LM_OK) {
        st = lm_npz_read(&t, z, 1, err);
    }
    lm_tensor_fini(&t);
    lm_npz_close(z);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    uint8_t npy[256];
    size_t size = make_npy(npy, 9);
    HelpZipMember m[3] = {{.name = "a.npy", .bytes = npy, .size = size},
                          {.name = "b.npy", .bytes = npy, .size = size, .is_deflated = true},
                          {.name = "c.npy", .bytes = npy, .size = size}};
    assert_survives_oom(read_once(help_zip_make("m.npz", m, 3), &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),           cmocka_unit_test(test_empty_array),
        cmocka_unit_test(test_damaged_members), cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_cut_and_flipped), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
