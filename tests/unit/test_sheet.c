/* Contact sheets (src/tensor/sheet.c): places, gaps, thinning out, stretching. */
#include "help_test.h"

#include <math.h>

#include "tensor/sheet.h"

static LmTensor images_of(LmDtype dtype, int64_t n, int64_t h, int64_t w, int64_t c)
{
    LmError err;
    LmTensor t = {0};
    assert_ok(lm_tensor_new(&t, dtype, 4, (int64_t[]){n, h, w, c}, &err), err);
    for (int64_t i = 0; i < n * h * w * c; i++) {
        if (dtype == LM_U8) {
            ((uint8_t *)t.data)[i] = (uint8_t)(i * 7);
        } else {
            ((float *)t.data)[i] = (float)i;
        }
    }
    return t;
}

static int pixel(const LmTensor *t, int64_t y, int64_t x, int64_t j)
{
    return ((const uint8_t *)t->data)[(y * t->shape[1] + x) * t->shape[2] + j];
}

/* 5 images of 2x3 in 2 columns: 3 rows, the last cell empty. */
static void test_places(void **state)
{
    (void)state;
    static const int64_t channels[] = {1, 2, 3, 4, 5};
    for (size_t k = 0; k < LM_ARRAY_LEN(channels); k++) {
        LmError err;
        LmTensor sheet;
        int64_t c = channels[k];
        LmTensor t = images_of(LM_U8, 5, 2, 3, c);
        assert_ok(lm_sheet_new(&sheet, &t, 2, &err), err);
        int64_t shown = c == 3 || c == 4 ? c : 1;
        assert_int_equal(sheet.shape[0], 3 * 2 + 2 * LM_SHEET_GAP);
        assert_int_equal(sheet.shape[1], 2 * 3 + LM_SHEET_GAP);
        assert_int_equal(sheet.shape[2], shown);
        for (int64_t i = 0; i < 5; i++) {
            for (int64_t p = 0; p < 6; p++) {
                int64_t y = i / 2 * (2 + LM_SHEET_GAP) + p / 3;
                int64_t x = i % 2 * (3 + LM_SHEET_GAP) + p % 3;
                int64_t from = (i * 6 + p) * c + shown - 1;
                assert_int_equal(pixel(&sheet, y, x, shown - 1), (uint8_t)(from * 7));
            }
        }
        assert_int_equal(pixel(&sheet, 0, 3, 0), 128);
        assert_int_equal(pixel(&sheet, 9, 7, 0), 128);
        lm_tensor_fini(&sheet);
        lm_tensor_fini(&t);
    }
}

static void test_stretch(void **state)
{
    (void)state;
    LmError err;
    LmTensor sheet;
    LmTensor t = images_of(LM_F32, 1, 2, 3, 1);
    float *x = (float *)t.data;
    x[1] = NAN;
    x[2] = INFINITY;
    assert_ok(lm_sheet_new(&sheet, &t, 8, &err), err);
    assert_int_equal(sheet.shape[1], 3);
    assert_int_equal(pixel(&sheet, 0, 0, 0), 0);
    assert_int_equal(pixel(&sheet, 0, 1, 0), 0);
    assert_int_equal(pixel(&sheet, 0, 2, 0), 0);
    assert_int_equal(pixel(&sheet, 1, 0, 0), 153);
    assert_int_equal(pixel(&sheet, 1, 2, 0), 255);
    lm_tensor_fini(&sheet);
    for (int i = 0; i < 6; i++) {
        x[i] = i < 3 ? -3e38f : NAN; /* all the same, or nothing */
    }
    for (int turn = 0; turn < 2; turn++) {
        assert_ok(lm_sheet_new(&sheet, &t, 8, &err), err);
        assert_int_equal(pixel(&sheet, 0, 0, 0), 0);
        lm_tensor_fini(&sheet);
        x[0] = x[1] = x[2] = NAN;
    }
    lm_tensor_fini(&t);
}

/* 300 rows are shown every third: 100. */
static void test_large(void **state)
{
    (void)state;
    LmError err;
    LmTensor sheet;
    LmTensor t = images_of(LM_U8, 2, 300, 130, 1);
    assert_ok(lm_sheet_new(&sheet, &t, 1, &err), err);
    assert_int_equal(sheet.shape[0], 2 * 100 + LM_SHEET_GAP);
    assert_int_equal(sheet.shape[1], 44);
    assert_int_equal(pixel(&sheet, 1, 1, 0), (uint8_t)((3 * 130 + 3) * 7));
    assert_int_equal(pixel(&sheet, 99, 43, 0), (uint8_t)((297 * 130 + 129) * 7));
    lm_tensor_fini(&sheet);
    assert_survives_oom(lm_sheet_new(&sheet, &t, 1, &err), err);
    lm_tensor_fini(&sheet);
    lm_tensor_fini(&t);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmTensor sheet = {0};
    LmTensor t = {0};
    assert_ok(lm_tensor_new(&t, LM_F64, 4, (int64_t[]){1, 2, 2, 1}, &err), err);
    assert_fails(lm_sheet_new(&sheet, &t, 2, &err), LM_ESHAPE, err, "u8 or f32");
    lm_tensor_fini(&t);
    assert_ok(lm_tensor_new(&t, LM_U8, 4, (int64_t[]){0, 2, 2, 1}, &err), err);
    assert_fails(lm_sheet_new(&sheet, &t, 2, &err), LM_EARG, err, "at least one image");
    lm_tensor_fini(&t);
    assert_null(sheet.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_stretch),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
