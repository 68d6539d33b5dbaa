/* Pairs of IDX files: good ones, exchanged, of different sets, damaged, empty, packed. */
#include "help_files.h"
#include "help_test.h"

#include <stdlib.h>
#include <zlib.h>

#include "data/sources.h"
#include "io/idx.h"

/* Writes an IDX file of the shape with bytes 0, 1, 2, ... modulo `modulus`. */
static const char *make_idx(const char *name, LmDtype dtype, int rank, const int64_t *shape,
                            int modulus)
{
    LmError err;
    LmTensor t = {0};
    const char *path = help_files_path(name);
    assert_ok(lm_tensor_zeros(&t, dtype, rank, shape, &err), err);
    for (int64_t i = 0; i < t.count; i++) {
        assert_ok(lm_tensor_set(&t, i, (double)(i % modulus), &err), err);
    }
    assert_ok(lm_idx_save(&t, path, &err), err);
    lm_tensor_fini(&t);
    return path;
}

static const char *make_images(const char *name, int64_t n)
{
    return make_idx(name, LM_U8, 3, (const int64_t[]){n, 4, 5}, 251);
}

static const char *make_labels(const char *name, int64_t n)
{
    return make_idx(name, LM_U8, 1, &n, 3);
}

static void test_open(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    char text[80];
    const char *images = make_images("images", 7);
    const char *labels = make_labels("labels", 7);
    assert_ok(lm_idxset_open(&ds, "mine", images, labels, &err), err);
    assert_string_equal(lm_dataset_describe(ds, text, sizeof text),
                        "mine: 7 images 4x5x1 u8, 3 classes");
    for (int64_t i = 0; i < 7; i++) {
        const uint8_t *pixels = lm_dataset_pixels(ds, i);
        assert_int_equal(ds->labels[i], i % 3);
        assert_int_equal(pixels[0], i * 20);
        assert_int_equal(pixels[19], i * 20 + 19);
    }
    lm_dataset_unref(ds);
    assert_ok(lm_idxset_open(&ds, "bare", images, NULL, &err), err);
    assert_null(ds->labels);
    lm_dataset_unref(ds);
}

static void test_other_types(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    const char *images = make_idx("color", LM_F32, 4, (const int64_t[]){2, 3, 4, 3}, 1000);
    const char *labels = make_idx("wide", LM_I32, 1, (const int64_t[]){2}, 1000);
    assert_ok(lm_idxset_open(&ds, "color", images, labels, &err), err);
    assert_true(ds->c == 3 && ds->dtype == LM_F32);
    assert_true(((const float *)lm_dataset_pixels(ds, 1))[0] == 36);
    lm_dataset_unref(ds);
}

static void test_packed(void **state)
{
    (void)state;
    LmError err;
    LmDataset *plain = NULL;
    LmDataset *packed = NULL;
    const char *images = make_images("images", 9);
    const char *path = help_files_path("images.gz");
    uint8_t bytes[16 + 9 * 20];
    FILE *f = fopen(images, "rb");
    assert_int_equal(fread(bytes, 1, sizeof bytes, f), sizeof bytes);
    fclose(f);
    gzFile z = gzopen(path, "wb");
    assert_int_equal(gzwrite(z, bytes, sizeof bytes), sizeof bytes);
    gzclose(z);
    assert_ok(lm_idxset_open(&plain, "plain", images, NULL, &err), err);
    assert_ok(lm_idxset_open(&packed, "packed", path, NULL, &err), err);
    assert_int_equal(packed->count, 9);
    assert_memory_equal(lm_dataset_pixels(plain, 0), lm_dataset_pixels(packed, 0), 9 * 20);
    lm_dataset_unref(plain);
    lm_dataset_unref(packed);
}

static void test_wrong_files(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    size_t before = lm_mem_in_use();
    const char *images = make_images("images", 7);
    const char *labels = make_labels("labels", 7);
    const char *other = make_labels("other", 6);
    const int64_t none[] = {0, 4, 5};
    assert_fails(lm_idxset_open(&ds, "x", images, other, &err), LM_EFORMAT, err,
                 "images holds 7 images, but ");
    assert_fails(lm_idxset_open(&ds, "x", images, other, &err), LM_EFORMAT, err,
                 "other holds 6 labels; they are not of one set");
    assert_fails(lm_idxset_open(&ds, "x", labels, images, &err), LM_EFORMAT, err,
                 "were the two exchanged?");
    assert_fails(lm_idxset_open(&ds, "x", labels, labels, &err), LM_EFORMAT, err,
                 "labels holds an array of shape 7, not images");
    assert_fails(lm_idxset_open(&ds, "x", labels, NULL, &err), LM_EFORMAT, err,
                 "is it a file of labels?");
    assert_fails(lm_idxset_open(&ds, "x", images, images, &err), LM_EFORMAT, err,
                 "is it a file of images?");
    const char *empty = make_idx("empty", LM_U8, 3, none, 9);
    assert_fails(lm_idxset_open(&ds, "x", empty, NULL, &err), LM_EFORMAT, err,
                 "empty holds no images (0x4x5)");
    assert_fails(lm_idxset_open(&ds, "x", empty, make_labels("empty-labels", 0), &err), LM_EFORMAT,
                 err, "holds no images");
    const char *flat = make_idx("flat", LM_U8, 2, (const int64_t[]){7, 20}, 9);
    assert_fails(lm_idxset_open(&ds, "x", flat, labels, &err), LM_EFORMAT, err,
                 "of shape 7x20, not images");
    const char *real = make_idx("real", LM_F32, 1, (const int64_t[]){7}, 9);
    assert_fails(lm_idxset_open(&ds, "x", images, real, &err), LM_EFORMAT, err,
                 "holds f32 numbers; labels are integers");
    assert_null(ds);
    assert_int_equal(lm_mem_in_use(), before);
}

/* Numbers of other types become bytes where all are, else f32. */
static void test_adapted_types(void **state)
{
    (void)state;
    static const int64_t shape[] = {2, 2, 2};
    static const struct {
        LmDtype dtype;
        double last;
        LmDtype want;
    } cases[] = {{LM_I32, 255, LM_U8},  {LM_I32, 256, LM_F32}, {LM_I32, -1, LM_F32},
                 {LM_F32, 0.5, LM_F32}, {LM_F64, 0.1, LM_F32}, {LM_F64, 3, LM_F32}};
    for (size_t k = 0; k < LM_ARRAY_LEN(cases); k++) {
        LmError err;
        LmTensor t;
        LmDataset *ds = NULL;
        assert_ok(lm_tensor_zeros(&t, cases[k].dtype, 3, shape, &err), err);
        assert_ok(lm_tensor_set(&t, 7, cases[k].last, &err), err);
        assert_ok(lm_idx_save(&t, help_files_path("typed"), &err), err);
        assert_ok(lm_idxset_open(&ds, "typed", help_files_path("typed"), NULL, &err), err);
        assert_int_equal(ds->dtype, cases[k].want);
        float f[4];
        uint8_t b[4];
        if (ds->dtype == LM_U8) {
            assert_ok(lm_dataset_read(ds, 1, b, &err), err);
            assert_int_equal(b[3], cases[k].last);
        } else {
            assert_ok(lm_dataset_read(ds, 1, f, &err), err);
            assert_true(f[3] == (float)cases[k].last);
        }
        lm_dataset_unref(ds);
        lm_tensor_fini(&t);
    }
    LmError err;
    LmTensor t;
    LmDataset *ds = NULL;
    assert_ok(lm_tensor_zeros(&t, LM_I32, 3, shape, &err), err);
    assert_ok(lm_tensor_set(&t, 5, 16777217, &err), err);
    assert_ok(lm_idx_save(&t, help_files_path("typed"), &err), err);
    assert_fails(lm_idxset_open(&ds, "typed", help_files_path("typed"), NULL, &err), LM_EFORMAT,
                 err, "typed: pixel 6 of the images is 16777217; integers beyond 2^24 do not fit");
    lm_tensor_fini(&t);
    assert_null(ds);
}

static void test_bad_bytes(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    const char *images = make_images("images", 7);
    static const char page[] = "<!DOCTYPE html><html><body>Not Found</body></html>";
    const char *html = help_files_make("html", page, sizeof page - 1);
    static const uint8_t cut[] = {0, 0, 8, 1, 0, 0, 0, 7, 1, 2, 3};
    const char *short_labels = help_files_make("short", cut, sizeof cut);
    static const uint8_t minus[] = {0, 0, 9, 1, 0, 0, 0, 7, 1, 2, 0xFF, 1, 1, 1, 1};
    const char *negative = help_files_make("negative", minus, sizeof minus);
    assert_fails(lm_idxset_open(&ds, "x", html, NULL, &err), LM_EFORMAT, err, html);
    assert_fails(lm_idxset_open(&ds, "x", images, short_labels, &err), LM_EFORMAT, err,
                 short_labels);
    assert_fails(lm_idxset_open(&ds, "x", images, negative, &err), LM_EFORMAT, err,
                 "negative: label 3 is -1");
    assert_fails(lm_idxset_open(&ds, "x", help_files_path("gone"), NULL, &err), LM_ENOTFOUND, err,
                 "gone");
    assert_fails(lm_idxset_open(&ds, "x", images, help_files_path("gone"), &err), LM_ENOTFOUND, err,
                 "gone");
    assert_null(ds);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    const char *images = make_images("images", 7);
    const char *labels = make_labels("labels", 7);
    assert_survives_oom(lm_idxset_open(&ds, "set", images, labels, &err), err);
    lm_dataset_unref(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),          cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_packed),        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_adapted_types), cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, help_files_setup, help_files_teardown);
}
