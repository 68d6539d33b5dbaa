/* PNG: the file is taken apart again by a small reader of its own and the pixels compared. */
#include "help_test.h"

#include <math.h>
#include <unistd.h>
#include <zlib.h>

#include "help_files.h"
#include "io/be.h"
#include "io/file.h"
#include "io/png.h"

enum { ROOM = 1 << 16 };

/* Checks length, name and CRC of the chunk at *at, moves on and gives its data. */
static const uint8_t *take_chunk(const LmFile *f, size_t *at, const char *name, size_t *size)
{
    const uint8_t *chunk = f->bytes + *at;
    *size = lm_be_get32(chunk);
    assert_true(*at + 12 + *size <= f->size);
    assert_memory_equal(chunk + 4, name, 4);
    assert_int_equal(lm_be_get32(chunk + 8 + *size), crc32(0, chunk + 4, (unsigned)*size + 4));
    *at += 12 + *size;
    return chunk + 8;
}

/* Reads the file's h x w x c bytes into `pixels`. */
static void read_png(const char *path, const uint32_t hwc[3], uint8_t *pixels)
{
    LmError err;
    LmFile f;
    static uint8_t rows[ROOM];
    static const uint8_t color_types[] = {0, 0, 0, 2, 6};
    size_t at = 8;
    size_t size;
    assert_ok(lm_file_open(&f, path, 0, &err), err);
    assert_memory_equal(f.bytes, "\x89PNG\r\n\x1a\n", 8);
    const uint8_t *ihdr = take_chunk(&f, &at, "IHDR", &size);
    assert_int_equal(size, 13);
    assert_int_equal(lm_be_get32(ihdr), hwc[1]);
    assert_int_equal(lm_be_get32(ihdr + 4), hwc[0]);
    assert_int_equal(ihdr[8], 8);
    assert_int_equal(ihdr[9], color_types[hwc[2]]);
    assert_memory_equal(ihdr + 10, "\0\0\0", 3);
    const uint8_t *idat = take_chunk(&f, &at, "IDAT", &size);
    uLongf n = sizeof rows;
    assert_int_equal(uncompress(rows, &n, idat, size), Z_OK);
    size_t row_size = (size_t)hwc[1] * hwc[2];
    assert_int_equal(n, hwc[0] * (row_size + 1));
    for (size_t y = 0; y < hwc[0]; y++) {
        assert_int_equal(rows[y * (row_size + 1)], 0);
        memcpy(pixels + y * row_size, rows + y * (row_size + 1) + 1, row_size);
    }
    take_chunk(&f, &at, "IEND", &size);
    assert_int_equal(size, 0);
    assert_int_equal(at, f.size);
    lm_file_close(&f);
}

static void test_u8_as_it_is(void **state)
{
    (void)state;
    LmError err;
    static const int64_t shapes[][3] = {{1, 1, 1}, {5, 7, 1}, {3, 4, 3}, {9, 2, 4}, {40, 400, 3}};
    static uint8_t pixels[ROOM];
    for (size_t i = 0; i < LM_ARRAY_LEN(shapes); i++) {
        LmTensor t;
        const uint32_t hwc[] = {(uint32_t)shapes[i][0], (uint32_t)shapes[i][1],
                                (uint32_t)shapes[i][2]};
        assert_ok(lm_tensor_new(&t, LM_U8, 3, shapes[i], &err), err);
        for (int64_t j = 0; j < t.count; j++) {
            ((uint8_t *)t.data)[j] = (uint8_t)(j * j + 3 * j);
        }
        assert_survives_oom(lm_png_save(&t, help_files_path("u8.png"), &err), err);
        read_png(help_files_path("u8.png"), hwc, pixels);
        assert_memory_equal(pixels, t.data, (size_t)t.count);
        lm_tensor_fini(&t);
    }
    LmTensor flat;
    assert_ok(lm_tensor_zeros(&flat, LM_U8, 2, (const int64_t[]){2, 3}, &err), err);
    assert_ok(lm_png_save(&flat, help_files_path("u8.png"), &err), err);
    read_png(help_files_path("u8.png"), (const uint32_t[]){2, 3, 1}, pixels);
    lm_tensor_fini(&flat);
}

static void check_stretched(LmDtype dtype, const double *values, const uint8_t *want)
{
    LmError err;
    LmTensor t;
    uint8_t pixels[4];
    assert_ok(lm_tensor_new(&t, dtype, 2, (const int64_t[]){1, 4}, &err), err);
    for (int i = 0; i < 4; i++) {
        assert_ok(lm_tensor_set(&t, i, values[i], &err), err);
    }
    assert_ok(lm_png_save(&t, help_files_path("f.png"), &err), err);
    read_png(help_files_path("f.png"), (const uint32_t[]){1, 4, 1}, pixels);
    assert_memory_equal(pixels, want, 4);
    lm_tensor_fini(&t);
}

static void test_other_types_are_stretched(void **state)
{
    (void)state;
    check_stretched(LM_F32, (const double[]){-1, 0, 1, 3}, (const uint8_t[]){0, 64, 128, 255});
    check_stretched(LM_F64, (const double[]){0.1, 0.1, 0.1, 0.1}, (const uint8_t[]){0, 0, 0, 0});
    check_stretched(LM_F64, (const double[]){-1.7e308, 1.7e308, 0, 0.85e308},
                    (const uint8_t[]){0, 255, 128, 191});
    check_stretched(LM_I32, (const double[]){-100, 155, 0, 1}, (const uint8_t[]){0, 255, 100, 101});
}

/* Rows longer than a chunk of the conversion. */
static void test_long_float_rows(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    static uint8_t pixels[ROOM];
    assert_ok(lm_tensor_new(&t, LM_F32, 3, (const int64_t[]){2, 1000, 3}, &err), err);
    for (int64_t i = 0; i < t.count; i++) {
        ((float *)t.data)[i] = (float)(i % 256);
    }
    assert_ok(lm_png_save(&t, help_files_path("long.png"), &err), err);
    read_png(help_files_path("long.png"), (const uint32_t[]){2, 1000, 3}, pixels);
    for (int64_t i = 0; i < t.count; i++) {
        assert_int_equal(pixels[i], i % 256);
    }
    lm_tensor_fini(&t);
}

static void refuse(LmDtype dtype, int rank, const int64_t *shape, const char *part)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_tensor_zeros(&t, dtype, rank, shape, &err), err);
    assert_fails(lm_png_save(&t, help_files_path("never.png"), &err), LM_ESHAPE, err, part);
    assert_non_null(strstr(err.msg, "never.png"));
    lm_tensor_fini(&t);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmTensor t;
    refuse(LM_U8, 1, (const int64_t[]){5}, "shape 5 is no image");
    refuse(LM_U8, 0, NULL, "scalar is no image");
    refuse(LM_U8, 3, (const int64_t[]){5, 5, 2}, "shape 5x5x2 is no image");
    refuse(LM_U8, 4, (const int64_t[]){1, 5, 5, 3}, "no image");
    refuse(LM_U8, 2, (const int64_t[]){0, 5}, "has no pixels");
    refuse(LM_U8, 3, (const int64_t[]){5, 0, 3}, "has no pixels");
    assert_ok(lm_tensor_zeros(&t, LM_F32, 2, (const int64_t[]){2, 2}, &err), err);
    assert_ok(lm_tensor_set(&t, 3, (double)NAN, &err), err);
    assert_fails(lm_png_save(&t, help_files_path("never.png"), &err), LM_ENUMERIC, err, "NaN");
    assert_ok(lm_tensor_set(&t, 3, HUGE_VAL, &err), err);
    assert_fails(lm_png_save(&t, help_files_path("never.png"), &err), LM_ENUMERIC, err, "infinite");
    assert_ok(lm_tensor_set(&t, 3, 1, &err), err);
    assert_fails(lm_png_save(&t, help_files_path("no/never.png"), &err), LM_ENOTFOUND, err,
                 "folder");
    assert_int_equal(access(help_files_path("never.png"), F_OK), -1);
    lm_tensor_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u8_as_it_is),
        cmocka_unit_test(test_other_types_are_stretched),
        cmocka_unit_test(test_long_float_rows),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
