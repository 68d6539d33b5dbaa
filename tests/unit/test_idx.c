/* IDX files: every type there and back, views of the mapping, and all that is no IDX file. */
#include "help_test.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "help_files.h"
#include "io/file.h"
#include "io/idx.h"

static const uint8_t small_u8[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 250};

static void test_u8_is_a_view_of_the_file(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    const char *path = help_files_make("u8", small_u8, sizeof small_u8);
    size_t before = lm_mem_in_use();
    assert_survives_oom(lm_idx_load(&t, path, &err), err);
    assert_int_equal(t.dtype, LM_U8);
    assert_int_equal(t.rank, 2);
    assert_int_equal(t.shape[0], 2);
    assert_int_equal(t.shape[1], 3);
    assert_memory_equal(t.data, small_u8 + 12, 6);
    assert_true(t.is_read_only);
    assert_fails(lm_tensor_set(&t, 0, 1, &err), LM_ESTATE, err, "read-only");
    /* Mapped: the data lies behind the header's 12 bytes on a page of its own. */
    assert_int_equal((uintptr_t)t.data % (size_t)sysconf(_SC_PAGESIZE), 12);
    LmTensor row;
    assert_ok(lm_tensor_index(&row, &t, 1, &err), err);
    lm_tensor_fini(&t);
    assert_true(lm_tensor_get(&row, 2) == 250);
    lm_tensor_fini(&row);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_large_file_takes_no_memory(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    const int64_t shape[] = {1000, 28, 28};
    assert_ok(lm_tensor_zeros(&t, LM_U8, 3, shape, &err), err);
    ((uint8_t *)t.data)[783999] = 77;
    const char *path = help_files_path("large");
    assert_ok(lm_idx_save(&t, path, &err), err);
    lm_tensor_fini(&t);
    size_t before = lm_mem_in_use();
    assert_ok(lm_idx_load(&t, path, &err), err);
    assert_true(lm_mem_in_use() < before + 200);
    assert_true(lm_tensor_get(&t, 783999) == 77);
    lm_tensor_fini(&t);
}

static void test_gzip(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    gzFile z = gzopen(help_files_path("u8.gz"), "wb");
    assert_int_equal(gzwrite(z, small_u8, sizeof small_u8), sizeof small_u8);
    gzclose(z);
    size_t before = lm_mem_in_use();
    assert_survives_oom(lm_idx_load(&t, help_files_path("u8.gz"), &err), err);
    assert_memory_equal(t.data, small_u8 + 12, 6);
    assert_true(t.is_read_only);
    lm_tensor_fini(&t);
    assert_int_equal(lm_mem_in_use(), before);
}

static void load_bytes(LmTensor *t, uint8_t code, const void *data, size_t size, uint8_t extent)
{
    LmError err;
    uint8_t bytes[64] = {0, 0, code, 1, 0, 0, 0, extent};
    memcpy(bytes + 8, data, size);
    assert_survives_oom(lm_idx_load(t, help_files_make("typed", bytes, 8 + size), &err), err);
    assert_int_equal(t->shape[0], extent);
    assert_false(t->is_read_only);
}

static void test_types(void **state)
{
    (void)state;
    LmTensor t;
    load_bytes(&t, 0x09, "\x7f\x80\xff", 3, 3);
    assert_int_equal(t.dtype, LM_I32);
    assert_memory_equal(t.data, ((int32_t[]){127, -128, -1}), 12);
    lm_tensor_fini(&t);
    load_bytes(&t, 0x0B, "\x7f\xff\x80\x00\xff\xfe", 6, 3);
    assert_int_equal(t.dtype, LM_I32);
    assert_memory_equal(t.data, ((int32_t[]){32767, -32768, -2}), 12);
    lm_tensor_fini(&t);
    load_bytes(&t, 0x0C, "\x7f\xff\xff\xff\x80\x00\x00\x00\x00\x00\x01\x02", 12, 3);
    assert_int_equal(t.dtype, LM_I32);
    assert_memory_equal(t.data, ((int32_t[]){INT32_MAX, INT32_MIN, 258}), 12);
    lm_tensor_fini(&t);
    load_bytes(&t, 0x0D, "\x3f\xc0\x00\x00\xc0\x00\x00\x00", 8, 2);
    assert_int_equal(t.dtype, LM_F32);
    assert_memory_equal(t.data, ((float[]){1.5f, -2}), 8);
    lm_tensor_fini(&t);
    load_bytes(&t, 0x0E, "\x3f\xf8\x00\x00\x00\x00\x00\x00", 8, 1);
    assert_int_equal(t.dtype, LM_F64);
    assert_memory_equal(t.data, ((double[]){1.5}), 8);
    lm_tensor_fini(&t);
}

static void test_round_trip(void **state)
{
    (void)state;
    LmError err;
    const char *path = help_files_path("trip");
    static const int64_t shapes[][LM_RANK_MAX] = {
        {5}, {2, 3}, {0}, {3, 0, 2}, {1, 2, 1, 2, 1, 2, 1, 3}};
    static const int ranks[] = {1, 2, 1, 3, 8};
    for (int dtype = 0; dtype < LM_DTYPE_COUNT; dtype++) {
        for (size_t i = 0; i < LM_ARRAY_LEN(shapes); i++) {
            LmTensor a;
            LmTensor b;
            assert_ok(lm_tensor_new(&a, (LmDtype)dtype, ranks[i], shapes[i], &err), err);
            for (int64_t j = 0; j < a.count; j++) {
                assert_ok(lm_tensor_set(&a, j, (double)(j * 9 % 256), &err), err);
            }
            assert_ok(lm_idx_save(&a, path, &err), err);
            assert_ok(lm_idx_load(&b, path, &err), err);
            assert_true(lm_tensor_equal(&a, &b));
            lm_tensor_fini(&a);
            lm_tensor_fini(&b);
        }
    }
}

static void refuse(const void *bytes, size_t size, const char *part)
{
    LmError err;
    LmTensor t = {.rank = 66};
    size_t before = lm_mem_in_use();
    const char *path = help_files_make("wrong", bytes, size);
    assert_fails(lm_idx_load(&t, path, &err), LM_EFORMAT, err, part);
    assert_memory_equal(err.msg, path, strlen(path));
    assert_int_equal(t.rank, 66);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_what_is_no_idx(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    refuse("", 0, "not an IDX file but an empty file");
    refuse("\0\0\x08", 3, "not an IDX file");
    refuse("\0", 1, "not an IDX file: only 1 bytes long");
    refuse("<!DOCTYPE html><html><body>404</body></html>", 44,
           "but an HTML page (did a download fail?)");
    refuse("\n\n  <html>", 10, "HTML page");
    refuse("\x89PNG\r\n\x1a\n", 8, "PNG image");
    refuse("PK\x03\x04....", 8, "zip archive");
    refuse("hello world", 11, "it begins with 68 65 6c 6c");
    refuse("\x01\x03\x08\x00....", 8, "it begins with 01 03 08 00"); /* little endian, or damaged */
    assert_fails(lm_idx_load(&t, help_files_path("none"), &err), LM_ENOTFOUND, err, "none");
    assert_fails(lm_idx_load(&t, help_files_path("."), &err), LM_EIO, err, "directory");
}

static void test_bad_headers(void **state)
{
    (void)state;
    refuse("\0\0\x07\x01\0\0\0\x01\0", 9, "type 07 is unknown (known: 08 u8, 09 i8");
    refuse("\0\0\x0A\x01\0\0\0\x01\0", 9, "type 0a is unknown");
    refuse("\0\0\x0F\x01\0\0\0\x01\0", 9, "type 0f is unknown");
    refuse("\0\0\x08\0", 4, "rank 0, want 1 to 8");
    refuse("\0\0\x08\x09\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01", 24,
           "rank 9, want 1 to 8");
    refuse("\0\0\x08\xff", 4, "rank 255");
    refuse("\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0", 15, "IDX header cut off: 15 bytes of 16");
}

static void test_overflowing_extents(void **state)
{
    (void)state;
    refuse("\0\0\x08\x03\x80\0\0\0\x80\0\0\0\x80\0\0\0", 16,
           "u8 2147483648x2147483648x2147483648: more than can be addressed");
    refuse("\0\0\x0E\x02\xff\xff\xff\xff\xff\xff\xff\xff", 12, "4294967295x4294967295: more than");
    /* 2^32 elements would be 0 in 32 bits, 2^64 in 64. */
    refuse("\0\0\x08\x02\0\x01\0\0\0\x01\0\0", 12, "65536x65536 needs 4,294,967,308 bytes, got 12");
    refuse("\0\0\x08\x04\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0", 20,
           "more than can be addressed");
    /* 2^61 elements of 8 bytes; and an extent of 0 among huge ones */
    refuse("\0\0\x0E\x02\x80\0\0\0\x40\0\0\0", 12, "more than can be addressed");
    refuse("\0\0\x08\x04\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20,
           "more than can be addressed");
}

static void test_missing_and_surplus_bytes(void **state)
{
    (void)state;
    uint8_t bytes[sizeof small_u8 + 2] = {0};
    memcpy(bytes, small_u8, sizeof small_u8);
    for (size_t n = 12; n < sizeof small_u8; n++) {
        char want[64];
        snprintf(want, sizeof want, "u8 2x3 needs 18 bytes, got %zu: it is cut off", n);
        refuse(bytes, n, want);
    }
    refuse(bytes, sizeof small_u8 + 1, "needs 18 bytes, got 19: surplus bytes follow");
    refuse(bytes, sizeof small_u8 + 2, "got 20");
}

static void test_save_refuses(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    assert_ok(lm_tensor_zeros(&t, LM_U8, 0, NULL, &err), err);
    assert_fails(lm_idx_save(&t, help_files_path("never"), &err), LM_ESHAPE, err, "no scalars");
    lm_tensor_fini(&t);
    assert_ok(lm_tensor_zeros(&t, LM_U8, 2, (const int64_t[]){0, (int64_t)1 << 32}, &err), err);
    assert_fails(lm_idx_save(&t, help_files_path("never"), &err), LM_ESHAPE, err,
                 "extent 2 does not fit 32 bits");
    lm_tensor_fini(&t);
    assert_ok(lm_tensor_zeros(&t, LM_F32, 1, (const int64_t[]){4}, &err), err);
    assert_fails(lm_idx_save(&t, help_files_path("no/folder"), &err), LM_ENOTFOUND, err, "folder");
    assert_int_equal(access(help_files_path("never"), F_OK), -1);
    assert_survives_oom(lm_idx_save(&t, help_files_path("saved"), &err), err);
    lm_tensor_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u8_is_a_view_of_the_file),
        cmocka_unit_test(test_large_file_takes_no_memory),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_what_is_no_idx),
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_overflowing_extents),
        cmocka_unit_test(test_missing_and_surplus_bytes),
        cmocka_unit_test(test_save_refuses),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
