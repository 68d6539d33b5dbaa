/* Inflating: members, padding, every cut, every damaged byte, false claims of size, bombs. */
#include "help_test.h"

#include <zlib.h>

#include "base/rng.h"
#include "io/gzip.h"

enum { ROOM = 1 << 17 };

/* One gzip member of `size` bytes; returns its length. */
static size_t compress_member(uint8_t *out, const uint8_t *bytes, size_t size, int level)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)bytes;
    z.avail_in = (unsigned)size;
    z.next_out = out;
    z.avail_out = ROOM;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static void fill_random(uint8_t *bytes, size_t size)
{
    LmRng rng = lm_rng(9, LM_RNG_USER, 0, 0);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(lm_rng_u32(&rng) >> (i % 3 == 0 ? 24 : 30));
    }
}

static void check(const uint8_t *gz, size_t gz_size, const uint8_t *want, size_t want_size)
{
    LmError err;
    uint8_t *out = NULL;
    size_t size = 0;
    assert_ok(lm_gzip_inflate(&out, &size, gz, gz_size, 0, &err), err);
    assert_int_equal(size, want_size);
    if (size > 0) {
        assert_memory_equal(out, want, size);
    }
    lm_mem_free(out);
}

static void test_sizes_and_levels(void **state)
{
    (void)state;
    static uint8_t bytes[70000];
    static uint8_t gz[ROOM];
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, 65535, 65536, 70000};
    fill_random(bytes, sizeof bytes);
    for (size_t i = 0; i < LM_ARRAY_LEN(sizes); i++) {
        for (int level = 0; level <= 9; level += 3) {
            check(gz, compress_member(gz, bytes, sizes[i], level), bytes, sizes[i]);
        }
    }
}

/* ISIZE of the last member is small, so the block must grow. */
static void test_members(void **state)
{
    (void)state;
    static uint8_t bytes[60000];
    static uint8_t gz[ROOM];
    fill_random(bytes, sizeof bytes);
    size_t n = compress_member(gz, bytes, 50000, 6);
    n += compress_member(gz + n, bytes + 50000, 0, 6);
    n += compress_member(gz + n, bytes + 50000, 9999, 9);
    n += compress_member(gz + n, bytes + 59999, 1, 1);
    check(gz, n, bytes, sizeof bytes);
    memset(gz + n, 0, 512); /* a tape's padding */
    check(gz, n + 512, bytes, sizeof bytes);
}

static void expect_damaged(const uint8_t *gz, size_t size, const char *part)
{
    LmError err;
    uint8_t *out = NULL;
    size_t n = 77;
    size_t before = lm_mem_in_use();
    assert_fails(lm_gzip_inflate(&out, &n, gz, size, 0, &err), LM_EFORMAT, err, part);
    assert_null(out);
    assert_int_equal(n, 77);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_every_cut(void **state)
{
    (void)state;
    static uint8_t bytes[3000];
    static uint8_t gz[ROOM];
    fill_random(bytes, sizeof bytes);
    size_t n = compress_member(gz, bytes, sizeof bytes, 6);
    for (size_t cut = 2; cut < n; cut++) {
        expect_damaged(gz, cut, "ends early");
    }
    /* A second member that is cut off, from its magic on. */
    size_t both = n + compress_member(gz + n, bytes, 100, 6);
    for (size_t cut = n + 2; cut < both; cut++) {
        expect_damaged(gz, cut, "ends early");
    }
    expect_damaged(gz, n + 1, "1 foreign bytes follow");
}

/* Every bit changed: an error, or the very same content. Of the header's ten bytes, time, flags of
 * speed and system (4 to 9) carry nothing, nor does FTEXT (bit 0 of byte 3), nor the bits that fill
 * the last byte of the deflated data. */
static void test_every_damaged_bit(void **state)
{
    (void)state;
    static uint8_t bytes[300];
    static uint8_t gz[ROOM];
    fill_random(bytes, sizeof bytes);
    size_t n = compress_member(gz, bytes, sizeof bytes, 6);
    for (size_t bit = 16; bit < 8 * n; bit++) {
        size_t place = bit / 8;
        LmError err;
        uint8_t *out = NULL;
        size_t size = 0;
        gz[place] ^= (uint8_t)(1 << bit % 8);
        LmStatus st = lm_gzip_inflate(&out, &size, gz, n, 0, &err);
        gz[place] ^= (uint8_t)(1 << bit % 8);
        if (st != LM_OK) {
            assert_int_equal(st, LM_EFORMAT);
            continue;
        }
        assert_true(bit == 24 || (place >= 4 && place < 10) || place == n - 9);
        assert_int_equal(size, sizeof bytes);
        assert_memory_equal(out, bytes, size);
        lm_mem_free(out);
    }
    gz[n - 5] ^= 1;
    expect_damaged(gz, n, "incorrect data check");
    gz[n - 5] ^= 1;
    gz[n - 1] ^= 1;
    expect_damaged(gz, n, "incorrect length check");
}

static void test_foreign_bytes_behind(void **state)
{
    (void)state;
    uint8_t gz[ROOM / 4];
    size_t n = compress_member(gz, (const uint8_t *)"abc", 3, 6);
    memcpy(gz + n, "\0\0x", 3);
    expect_damaged(gz, n + 3, "3 foreign bytes follow the gzip data");
}

/* 64 MB of zeros in 64 kB; a claim of 4 GB in a file of 20 bytes. Neither takes more than the
 * limit. */
static void test_bombs(void **state)
{
    (void)state;
    LmError err;
    static uint8_t zeros[1 << 20];
    static uint8_t gz[ROOM];
    uint8_t *out = NULL;
    size_t size;
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = gz;
    z.avail_out = sizeof gz;
    for (int i = 0; i < 64; i++) {
        z.next_in = zeros;
        z.avail_in = sizeof zeros;
        deflate(&z, i == 63 ? Z_FINISH : Z_NO_FLUSH);
    }
    deflateEnd(&z);
    size_t before = lm_mem_in_use();
    size_t peak = lm_mem_peak();
    assert_fails(lm_gzip_inflate(&out, &size, gz, z.total_out, 1 << 20, &err), LM_EMEM, err,
                 "more than 1.0 MB, the limit");
    assert_true(lm_mem_peak() <= LM_MAX(peak, before + (4 << 20)));
    size_t n = compress_member(gz, (const uint8_t *)"abc", 3, 6);
    memset(gz + n - 4, 0xFF, 4);
    expect_damaged(gz, n, "incorrect length check");
    assert_true(lm_mem_peak() <= LM_MAX(peak, before + (4 << 20)));
}

static void test_limit_is_exact(void **state)
{
    (void)state;
    LmError err;
    static uint8_t bytes[3000];
    static uint8_t gz[ROOM];
    uint8_t *out = NULL;
    size_t size;
    size_t n = compress_member(gz, bytes, sizeof bytes, 6);
    assert_fails(lm_gzip_inflate(&out, &size, gz, n, sizeof bytes - 1, &err), LM_EMEM, err,
                 "limit");
    assert_ok(lm_gzip_inflate(&out, &size, gz, n, sizeof bytes, &err), err);
    lm_mem_free(out);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    static uint8_t bytes[40000];
    static uint8_t gz[ROOM];
    uint8_t *out = NULL;
    size_t size;
    size_t n = compress_member(gz, bytes, sizeof bytes, 6);
    n += compress_member(gz + n, bytes, 1, 6); /* the block grows on the way */
    assert_survives_oom(lm_gzip_inflate(&out, &size, gz, n, 0, &err), err);
    assert_int_equal(size, sizeof bytes + 1);
    lm_mem_free(out);
}

/* The beginning, however much is asked for, of one member and of many, whole, cut and damaged. */
static void test_head(void **state)
{
    (void)state;
    static uint8_t bytes[5000];
    static uint8_t gz[2 * ROOM];
    static uint8_t out[sizeof bytes + 3];
    fill_random(bytes, sizeof bytes);
    size_t n = compress_member(gz, bytes, 10, 6);
    n += compress_member(gz + n, bytes, 0, 6);
    n += compress_member(gz + n, bytes + 10, sizeof bytes - 10, 6);
    size_t before = lm_mem_in_use();
    for (size_t room = 0; room <= sizeof bytes + 2; room += room < 30 ? 1 : 811) {
        memset(out, 0xAA, sizeof out);
        size_t got = lm_gzip_head(out, room, gz, n);
        assert_int_equal(got, LM_MIN(room, sizeof bytes));
        assert_memory_equal(out, bytes, got);
        assert_int_equal(out[room], 0xAA);
    }
    for (size_t cut = 0; cut < n; cut += 7) {
        size_t got = lm_gzip_head(out, sizeof out, gz, cut);
        assert_in_range(got, 0, sizeof bytes);
        assert_memory_equal(out, bytes, got);
    }
    memset(gz + n / 2, 0xFF, n - n / 2);
    assert_in_range(lm_gzip_head(out, sizeof out, gz, n), 10, sizeof out);
    assert_memory_equal(out, bytes, 10);
    lm_mem_fail_nth(1);
    assert_int_equal(lm_gzip_head(out, sizeof out, gz, n), 0);
    lm_mem_fail_nth(0);
    assert_int_equal(lm_mem_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_levels),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_every_damaged_bit),
        cmocka_unit_test(test_foreign_bytes_behind),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_limit_is_exact),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
