/* Images are placed cell by cell; each channel is written where the PNG wants it. */
#include "tensor/sheet.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { GREY = 128 };

typedef struct Sheet {
    const LmTensor *images;
    int64_t n, h, w, c;
    int64_t step; /* every step-th row and column is shown */
    int64_t cell_h, cell_w;
    int64_t columns;
    int64_t channels; /* shown */
    double lo, scale; /* of f32 */
} Sheet;

static void measure(Sheet *s)
{
    const float *x = (const float *)s->images->data;
    double lo = DBL_MAX;
    double hi = -DBL_MAX;
    for (int64_t i = 0; i < s->n * s->h * s->w * s->c; i++) {
        if (isfinite(x[i])) {
            lo = LM_MIN(lo, (double)x[i]);
            hi = LM_MAX(hi, (double)x[i]);
        }
    }
    s->lo = lo;
    s->scale = hi > lo ? 255 / (hi - lo) : 0;
}

static uint8_t byte_at(const Sheet *s, int64_t i)
{
    if (s->images->dtype == LM_U8) {
        return ((const uint8_t *)s->images->data)[i];
    }
    double v = (double)((const float *)s->images->data)[i];
    return isfinite(v) ? (uint8_t)lrint((v - s->lo) * s->scale) : 0;
}

static void put(const Sheet *s, int64_t k, uint8_t *out, int64_t width)
{
    int64_t top = k / s->columns * (s->cell_h + LM_SHEET_GAP);
    int64_t left = k % s->columns * (s->cell_w + LM_SHEET_GAP);
    for (int64_t y = 0; y < s->cell_h; y++) {
        for (int64_t x = 0; x < s->cell_w; x++) {
            int64_t from = ((k * s->h + y * s->step) * s->w + x * s->step) * s->c;
            uint8_t *to = out + ((top + y) * width + left + x) * s->channels;
            for (int64_t j = 0; j < s->channels; j++) {
                to[j] = byte_at(s, from + j);
            }
        }
    }
}

LmStatus lm_sheet_new(LmTensor *out, const LmTensor *images, int64_t columns, LmError *err)
{
    if (images->rank != 4 || (images->dtype != LM_U8 && images->dtype != LM_F32)) {
        return lm_fail(err, LM_ESHAPE, "a sheet wants u8 or f32 images, N x H x W x C");
    }
    Sheet s = {.images = images,
               .n = images->shape[0],
               .h = images->shape[1],
               .w = images->shape[2],
               .c = images->shape[3]};
    if (s.n < 1 || s.h < 1 || s.w < 1 || s.c < 1 || columns < 1) {
        return lm_fail(err, LM_EARG, "a sheet wants at least one image and one column");
    }
    s.step = (LM_MAX(s.h, s.w) + LM_SHEET_CELL_MAX - 1) / LM_SHEET_CELL_MAX;
    s.cell_h = (s.h + s.step - 1) / s.step;
    s.cell_w = (s.w + s.step - 1) / s.step;
    s.columns = LM_MIN(columns, s.n);
    s.channels = s.c == 3 || s.c == 4 ? s.c : 1;
    if (images->dtype == LM_F32) {
        measure(&s);
    }
    int64_t rows = (s.n + s.columns - 1) / s.columns;
    int64_t shape[3] = {rows * (s.cell_h + LM_SHEET_GAP) - LM_SHEET_GAP,
                        s.columns * (s.cell_w + LM_SHEET_GAP) - LM_SHEET_GAP, s.channels};
    LmTensor sheet = {0};
    LmStatus st = lm_tensor_new(&sheet, LM_U8, 3, shape, err);
    if (st != LM_OK) {
        return st;
    }
    memset(sheet.data, GREY, lm_tensor_size_bytes(&sheet));
    for (int64_t k = 0; k < s.n; k++) {
        put(&s, k, sheet.data, shape[1]);
    }
    *out = sheet;
    return LM_OK;
}
