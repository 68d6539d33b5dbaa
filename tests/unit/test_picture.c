/* Sizes and pixels of pictures: areas against whole-number arithmetic, ranges, and whose images are
 * asked for.
 */
#include "help_test.h"

#include <math.h>

#include "tensor/picture.h"

enum { PIXELS_MAX = 4096 };

static LmTensor make(LmDtype dtype, int rank, const int64_t *shape)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_tensor_zeros(&t, dtype, rank, shape, &err), err);
    return t;
}

static LmTensor random_bytes(int rank, const int64_t *shape, uint32_t seed)
{
    LmTensor t = make(LM_U8, rank, shape);
    for (int64_t i = 0; i < t.count; i++) {
        seed = seed * 1664525U + 1013904223U;
        ((uint8_t *)t.data)[i] = (uint8_t)(seed >> 24);
    }
    return t;
}

static LmPicture plan(const LmPictureSource *source, const LmPictureFrame *frame)
{
    LmError err;
    LmPicture p;
    assert_ok(lm_picture_plan(&p, source, frame, &err), err);
    return p;
}

/* Every pixel of the image is cut into rows x cols parts, of which each drawn pixel has h x w. The
 * sum of those. */
static int64_t sum_of_parts(const LmPicture *p, int64_t y, int64_t x, int64_t k, const uint8_t *v)
{
    const LmPictureSource *s = p->source;
    int64_t sum = 0;
    for (int64_t i = y * s->h; i < (y + 1) * s->h; i++) {
        for (int64_t j = x * s->w; j < (x + 1) * s->w; j++) {
            sum += v[(i / p->rows * s->w + j / p->cols) * s->c + k];
        }
    }
    return sum;
}

static void test_areas(void **state)
{
    (void)state;
    LmError err;
    static const int64_t shapes[][3] = {{28, 28, 1}, {5, 7, 3}, {1, 9, 1},  {9, 1, 4},
                                        {13, 40, 3}, {3, 3, 1}, {2, 600, 1}};
    static const int64_t columns[] = {1, 2, 3, 4, 7, 19, 64};
    LmPixel pixels[PIXELS_MAX];
    for (size_t k = 0; k < LM_ARRAY_LEN(shapes) * LM_ARRAY_LEN(columns); k++) {
        const int64_t *shape = shapes[k / LM_ARRAY_LEN(columns)];
        LmTensor t = random_bytes(3, shape, (uint32_t)k);
        LmPictureSource source;
        LmPictureFrame frame = {.columns = columns[k % LM_ARRAY_LEN(columns)],
                                .cell_w = 1,
                                .cell_h = 2,
                                .max_images = 1,
                                .one_size = 12};
        assert_ok(lm_picture_of(&source, &t, &err), err);
        LmPicture p = plan(&source, &frame);
        assert_true(p.rows * p.cols <= PIXELS_MAX && p.cols <= frame.columns);
        assert_ok(lm_picture_render(&p, 0, pixels, &err), err);
        for (int64_t i = 0; i < p.rows * p.cols * 3; i++) {
            int64_t channel = shape[2] == 1 ? 0 : i % 3;
            int64_t sum = sum_of_parts(&p, i / 3 / p.cols, i / 3 % p.cols, channel, t.data);
            double want = rint((double)sum / (double)(shape[0] * shape[1]));
            assert_int_equal(pixels[i / 3].rgb[i % 3], (int)want);
        }
        lm_tensor_fini(&t);
    }
}

static void test_enlarging_keeps_pixels(void **state)
{
    (void)state;
    LmError err;
    LmTensor t = random_bytes(4, (const int64_t[]){2, 4, 3, 3}, 5);
    LmPictureSource source;
    LmPictureFrame frame = {
        .columns = 80, .lines = 20, .cell_w = 8, .cell_h = 16, .many_size = 16, .max_images = 2};
    LmPixel pixels[PIXELS_MAX];
    assert_ok(lm_picture_of(&source, &t, &err), err);
    LmPicture p = plan(&source, &frame);
    assert_int_equal(p.rows, 16);
    assert_int_equal(p.cols, 12);
    assert_int_equal(p.columns, 2);
    assert_int_equal(p.lines, 1);
    assert_ok(lm_picture_render(&p, 1, pixels, &err), err);
    for (int64_t i = 0; i < p.rows * p.cols; i++) {
        int64_t at = 36 + (i / p.cols / 4 * 3 + i % p.cols / 4) * 3;
        assert_memory_equal(pixels[i].rgb, (const uint8_t *)t.data + at, 3);
    }
    lm_tensor_fini(&t);
}

typedef struct Layout {
    int64_t shape[4];
    LmPictureFrame frame;
    int64_t cols, rows, columns, lines, images_wide, n_drawn;
} Layout;

static void test_layouts(void **state)
{
    (void)state;
    LmError err;
    static const Layout layouts[] = {
        /* Characters: one image as it is, four of a grid side by side, all of a narrow one. */
        {{1, 28, 28, 1}, {80, 80, 1, 2, 0, 0, 9, 0}, 28, 28, 28, 14, 1, 1},
        {{100, 28, 28, 1}, {80, 80, 1, 2, 0, 0, 16, 0}, 19, 19, 19, 10, 4, 16},
        {{100, 28, 28, 1}, {120, 120, 1, 2, 0, 0, 16, 0}, 28, 28, 28, 14, 4, 16},
        {{100, 28, 28, 1}, {40, 40, 1, 2, 0, 0, 16, 0}, 16, 16, 16, 8, 2, 16},
        {{100, 28, 28, 1}, {10, 10, 1, 2, 0, 0, 16, 0}, 10, 10, 10, 5, 1, 16},
        {{3, 2, 2, 1}, {80, 80, 1, 2, 0, 0, 16, 0}, 2, 2, 2, 1, 3, 3},
        /* A label has 16 columns at most, unless its image is wider. */
        {{3, 2, 2, 1}, {80, 80, 1, 2, 0, 0, 16, 9}, 2, 2, 9, 1, 3, 3},
        {{9, 2, 2, 1}, {80, 80, 1, 2, 0, 0, 16, 50}, 2, 2, 16, 1, 4, 9},
        {{9, 2, 2, 1}, {12, 12, 1, 2, 0, 0, 16, 50}, 2, 2, 12, 1, 1, 9},
        /* A photo, a portrait; no picture is higher than the lines. */
        {{1, 4000, 6000, 1}, {80, 80, 1, 2, 0, 0, 1, 0}, 80, 53, 80, 27, 1, 1},
        {{1, 6000, 1, 1}, {80, 80, 1, 2, 0, 0, 1, 0}, 1, 160, 1, 80, 1, 1},
        {{1, 1, 6000, 1}, {80, 80, 1, 2, 0, 0, 1, 0}, 80, 1, 80, 1, 1, 1},
        {{1, 5, 7, 1}, {4, 4, 1, 2, 0, 0, 1, 0}, 4, 3, 4, 2, 1, 1},
        /* Pixels: enlarged by a whole factor, made to fit the window. */
        {{1, 28, 28, 1}, {80, 21, 10, 20, 280, 120, 1, 0}, 280, 280, 28, 14, 1, 1},
        {{1, 28, 28, 1}, {80, 10, 10, 20, 280, 120, 1, 0}, 196, 196, 20, 10, 1, 1},
        {{9, 28, 28, 1}, {80, 21, 10, 20, 280, 120, 9, 0}, 112, 112, 12, 6, 6, 9},
        {{1, 2000, 3000, 3}, {80, 21, 10, 20, 280, 120, 1, 0}, 630, 420, 63, 21, 1, 1},
    };
    for (size_t k = 0; k < LM_ARRAY_LEN(layouts); k++) {
        const Layout *l = &layouts[k];
        LmTensor t = make(LM_U8, 4, l->shape);
        LmPictureSource source;
        assert_ok(lm_picture_of(&source, &t, &err), err);
        LmPicture p = plan(&source, &l->frame);
        const int64_t got[] = {p.cols, p.rows, p.columns, p.lines, p.images_wide, p.n_drawn};
        const int64_t want[] = {l->cols, l->rows, l->columns, l->lines, l->images_wide, l->n_drawn};
        for (size_t i = 0; i < LM_ARRAY_LEN(want); i++) {
            if (got[i] != want[i]) {
                fail_msg("layout %zu, number %zu: %ld, want %ld", k, i, (long)got[i],
                         (long)want[i]);
            }
        }
        lm_tensor_fini(&t);
    }
}

static void test_range_of_what_is_drawn(void **state)
{
    (void)state;
    LmError err;
    LmTensor t = make(LM_F32, 4, (const int64_t[]){3, 1, 1, 4});
    const float values[12] = {1, 2, 3, 99, -4, NAN, 5, -99, 50, 60, INFINITY, 70};
    memcpy(t.data, values, sizeof values);
    LmPictureSource source;
    LmPictureFrame frame = {.columns = 9, .cell_w = 1, .cell_h = 2, .max_images = 1};
    assert_ok(lm_picture_of(&source, &t, &err), err);
    LmPicture p = plan(&source, &frame);
    assert_true(p.lowest == 1 && p.highest == 3 && !p.has_odd && p.is_stretched);
    frame.max_images = 2;
    p = plan(&source, &frame);
    assert_true(p.lowest == -4 && p.highest == 5 && p.has_odd);
    LmPixel pixel;
    assert_ok(lm_picture_render(&p, 0, &pixel, &err), err);
    assert_memory_equal(pixel.rgb, ((const uint8_t[]){142, 170, 198}), 3);
    assert_true(pixel.is_finite);
    assert_ok(lm_picture_render(&p, 1, &pixel, &err), err);
    assert_memory_equal(pixel.rgb, ((const uint8_t[]){255, 0, 255}), 3);
    assert_false(pixel.is_finite);
    lm_tensor_fini(&t);
}

/* --- images that are given one by one --- */

typedef struct Giver {
    LmTensor image;
    int n_asked;
    int64_t last;
    int64_t fails_at;
} Giver;

static LmStatus give(void *ctx, int64_t i, const LmTensor **image, LmError *err)
{
    Giver *g = ctx;
    g->n_asked++;
    g->last = LM_MAX(g->last, i);
    if (i == g->fails_at) {
        return lm_fail(err, LM_EIO, "image %d is gone", (int)i);
    }
    *image = &g->image;
    return LM_OK;
}

static void test_only_what_is_drawn_is_asked_for(void **state)
{
    (void)state;
    LmError err;
    LmPixel pixel[4];
    Giver g = {.image = make(LM_U8, 3, (const int64_t[]){2, 2, 1}), .fails_at = -1};
    LmPictureSource source = {60000, 2, 2, 1, LM_U8, NULL, give, &g};
    LmPictureFrame frame = {.columns = 9, .cell_w = 1, .cell_h = 2, .max_images = 5};
    LmPicture p = plan(&source, &frame);
    assert_int_equal(g.n_asked, 0);
    assert_ok(lm_picture_render(&p, 4, pixel, &err), err);
    assert_int_equal(g.n_asked, 1);
    source.dtype = LM_F32;
    plan(&source, &frame);
    assert_int_equal(g.n_asked, 6);
    assert_int_equal(g.last, 4);
    g.fails_at = 3;
    assert_fails(lm_picture_plan(&p, &source, &frame, &err), LM_EIO, err, "image 3 is gone");
    assert_fails(lm_picture_render(&p, 3, pixel, &err), LM_EIO, err, "image 3 is gone");
    source.c = 2;
    assert_fails(lm_picture_plan(&p, &source, &frame, &err), LM_ESHAPE, err,
                 "images of shape 2x2x2 cannot be drawn: want 1, 3 or 4 channels");
    lm_tensor_fini(&g.image);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmPixel pixels[4];
    LmTensor t = make(LM_U8, 2, (const int64_t[]){2, 2});
    LmPictureSource source;
    LmPictureFrame frame = {.columns = 9, .cell_w = 1, .cell_h = 2, .max_images = 1};
    assert_ok(lm_picture_of(&source, &t, &err), err);
    LmPicture p = plan(&source, &frame);
    assert_survives_oom(lm_picture_render(&p, 0, pixels, &err), err);
    lm_tensor_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_areas),
        cmocka_unit_test(test_enlarging_keeps_pixels),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_range_of_what_is_drawn),
        cmocka_unit_test(test_only_what_is_drawn_is_asked_for),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
