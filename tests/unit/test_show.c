/* Pictures as text: exact output of small ones, layout of grids, ranges, and what is no picture. */
#include "help_test.h"

#include <math.h>

#include "help_kitty.h"
#include "tensor/show.h"

static const LmShowStyle plain = {.columns = 20, .max_images = 100};
static const LmShowStyle colored = {.mode = LM_SHOW_TRUECOLOR, .columns = 20, .max_images = 100};

static LmStatus draw(char **text, const LmTensor *t, const LmShowStyle *style, LmError *err)
{
    LmPictureSource source;
    LmStatus st = lm_picture_of(&source, t, err);
    return st == LM_OK ? lm_show_draw(text, &source, style, err) : st;
}

static LmTensor make(LmDtype dtype, int rank, const int64_t *shape, const double *values)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_tensor_zeros(&t, dtype, rank, shape, &err), err);
    for (int64_t i = 0; values != NULL && i < t.count; i++) {
        assert_ok(lm_tensor_set(&t, i, values[i], &err), err);
    }
    return t;
}

/* Draws t, which is dropped, and compares. */
static void check(LmTensor t, const LmShowStyle *style, const char *want)
{
    LmError err;
    char *text = NULL;
    assert_survives_oom(draw(&text, &t, style, &err), err);
    assert_string_equal(text, want);
    lm_mem_free(text);
    lm_tensor_fini(&t);
}

static void test_plain_ramp(void **state)
{
    (void)state;
    check(make(LM_U8, 2, (const int64_t[]){2, 4}, (const double[]){0, 255, 255, 26, 0, 255, 0, 26}),
          &plain, " @=.\n");
    check(make(LM_U8, 2, (const int64_t[]){3, 2}, (const double[]){0, 0, 0, 0, 255, 255}), &plain,
          "  \n@@\n");
    check(make(LM_U8, 3, (const int64_t[]){1, 2, 1}, (const double[]){255, 0}), &plain, "@ \n");
}

/* Weights of BT.601: pure red 76, green 149, blue 29 of 255. */
static void test_plain_colors(void **state)
{
    (void)state;
    check(make(LM_U8, 3, (const int64_t[]){1, 3, 3},
               (const double[]){255, 0, 0, 0, 255, 0, 0, 0, 255}),
          &plain, ":+.\n");
    check(make(LM_U8, 3, (const int64_t[]){1, 1, 4}, (const double[]){255, 255, 255, 0}), &plain,
          "@\n");
}

static void test_half_blocks(void **state)
{
    (void)state;
    check(make(LM_U8, 2, (const int64_t[]){2, 2}, (const double[]){1, 1, 2, 3}), &colored,
          "\x1b[38;2;1;1;1m\x1b[48;2;2;2;2m\u2580\x1b[48;2;3;3;3m\u2580\x1b[0m\n");
    check(make(LM_U8, 3, (const int64_t[]){1, 2, 3}, (const double[]){9, 8, 7, 9, 8, 7}), &colored,
          "\x1b[38;2;9;8;7m\u2580\u2580\x1b[0m\n");
}

static void test_stretching(void **state)
{
    (void)state;
    check(make(LM_F32, 2, (const int64_t[]){1, 3}, (const double[]){-0.5, 0, 0.5}), &plain,
          " +@\nblack is -0.5, white 0.5\n");
    check(make(LM_F64, 2, (const int64_t[]){1, 2}, (const double[]){3, 3}), &plain,
          "  \nall values are 3\n");
    check(make(LM_I32, 2, (const int64_t[]){1, 2}, (const double[]){-7, 7}), &plain,
          " @\nblack is -7, white 7\n");
    check(make(LM_F64, 2, (const int64_t[]){1, 3}, (const double[]){-1.7e308, 0, 1.7e308}), &plain,
          " +@\nblack is -1.7e+308, white 1.7e+308\n");
}

static void test_not_finite(void **state)
{
    (void)state;
    const double nan = (double)NAN;
    check(make(LM_F32, 2, (const int64_t[]){1, 4}, (const double[]){0, nan, HUGE_VAL, 1}), &plain,
          " ??@\nblack is 0, white 1; ?: not finite\n");
    check(make(LM_F32, 2, (const int64_t[]){1, 2}, (const double[]){nan, nan}), &plain,
          "??\nno value is finite\n");
    check(make(LM_F32, 2, (const int64_t[]){1, 1}, &nan), &colored,
          "\x1b[38;2;255;0;255m\u2580\x1b[0m\nno value is finite\n");
}

static void test_wide_images_are_averaged(void **state)
{
    (void)state;
    LmShowStyle narrow = {.columns = 2, .max_images = 1};
    check(
        make(LM_U8, 2, (const int64_t[]){2, 4}, (const double[]){255, 255, 0, 0, 255, 255, 0, 255}),
        &narrow, "@:\n");
    /* 5 columns on 2: two and a half pixels a cell; the middle one is half of 255 in each. */
    check(make(LM_U8, 2, (const int64_t[]){1, 5}, (const double[]){255, 255, 255, 0, 0}), &narrow,
          "@.\n");
    narrow.columns = 0;
    check(make(LM_U8, 2, (const int64_t[]){1, 5}, (const double[]){255, 255, 255, 255, 255}),
          &narrow, "@\n");
}

static void test_grids(void **state)
{
    (void)state;
    LmShowStyle style = {.columns = 5, .max_images = 100};
    double values[20] = {0};
    for (int i = 0; i < 20; i++) {
        values[i] = i < 4 || i >= 16 ? 255 : 0;
    }
    /* Images of 2 x 2: two fit beside each other in 5 columns. */
    check(make(LM_U8, 3, (const int64_t[]){5, 2, 2}, values), &style, "@@   \n\n     \n\n@@\n");
    check(make(LM_U8, 4, (const int64_t[]){5, 2, 2, 1}, values), &style, "@@   \n\n     \n\n@@\n");
    style.columns = 4;
    check(make(LM_U8, 3, (const int64_t[]){2, 2, 2}, values), &style, "@@\n\n  \n");
    style.max_images = 1;
    check(make(LM_U8, 3, (const int64_t[]){5, 2, 2}, values), &style, "@@\n... 4 more\n");
    style.max_images = -3;
    check(make(LM_U8, 3, (const int64_t[]){5, 2, 2}, values), &style, "@@\n... 4 more\n");
}

/* xterm's colours: 16 + 36 r + 6 g + b of the cube, 232 to 255 the greys 8, 18, ... 238. */
static void test_256_colors(void **state)
{
    (void)state;
    LmShowStyle style = {.mode = LM_SHOW_256, .columns = 20, .max_images = 1};
    check(make(LM_U8, 3, (const int64_t[]){2, 2, 3},
               (const double[]){255, 0, 0, 0, 135, 0, 95, 175, 215, 95, 175, 215}),
          &style, "\x1b[38;5;196m\x1b[48;5;74m\u2580\x1b[38;5;28m\u2580\x1b[0m\n");
    /* Greys: black and white of the cube, between them the nearest of both. */
    check(make(LM_U8, 2, (const int64_t[]){1, 8}, (const double[]){0, 3, 5, 8, 127, 135, 240, 255}),
          &style,
          "\x1b[38;5;16m\u2580\u2580\x1b[38;5;232m\u2580\u2580\x1b[38;5;244m\u2580\x1b[38;5;102m"
          "\u2580\x1b[38;5;255m\u2580\x1b[38;5;231m\u2580\x1b[0m\n");
}

static const char *const animals[] = {"cat", "\u732b", "a very long name", "d\x1b[31m", "e"};

static void test_labels(void **state)
{
    (void)state;
    LmShowStyle style = {.columns = 13, .max_images = 3, .labels = animals};
    double values[20] = {255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255};
    /* Places of 13 columns; labels of 3, 2 and 16 cells. */
    check(make(LM_U8, 3, (const int64_t[]){5, 2, 2}, values), &style,
          "@@\ncat\n\n  \n\u732b\n\n@@\na very long ~\n... 2 more\n");
    style.labels = (const char *const[]){animals[0], animals[1], animals[3]};
    check(make(LM_U8, 3, (const int64_t[]){5, 2, 2}, values), &style,
          "@@       \ncat    \u732b\n\n@@\nd?[31m\n... 2 more\n");
}

/* The pictures stand where the lines were made for them, with the tensor's own pixels. */
static void test_kitty(void **state)
{
    (void)state;
    LmError err;
    static const char *const labels[] = {"a", "b", "c"};
    LmShowStyle style = {.mode = LM_SHOW_KITTY,
                         .columns = 19,
                         .lines = 24,
                         .cell_w = 8,
                         .cell_h = 16,
                         .max_images = 3,
                         .labels = labels};
    LmTensor t = make(LM_U8, 4, (const int64_t[]){4, 20, 60, 3}, NULL);
    for (int64_t i = 0; i < t.count; i++) {
        ((uint8_t *)t.data)[i] = (uint8_t)(i * 7 + i / 256);
    }
    char *text = NULL;
    assert_survives_oom(draw(&text, &t, &style, &err), err);
    static const char *const between[] = {"\n\n\x1b[2A", "\x1b[10G",
                                          "\x1b[2B\ra        b\n\n\n\n\x1b[2A",
                                          "\x1b[2B\rc\n... 1 more\n"};
    const char *at = text;
    for (int64_t i = 0; i < 3; i++) {
        KittyPicture p;
        assert_true(help_kitty_next(at, &p));
        assert_int_equal(p.begin - at, strlen(between[i]));
        assert_memory_equal(at, between[i], strlen(between[i]));
        assert_true(p.w == 60 && p.h == 20);
        assert_memory_equal(p.rgb, (const uint8_t *)t.data + i * 3600, 3600);
        free(p.rgb);
        at = p.end;
    }
    assert_string_equal(at, between[3]);
    lm_mem_free(text);
    lm_tensor_fini(&t);
}

/* Noise needs two colours a cell, the most the room is reckoned for. */
static void test_room_is_enough(void **state)
{
    (void)state;
    LmError err;
    static const char *const labels[] = {
        "a", "", "\xe8\x8c\xb6 e\xcc\x81 \x1b[31m", "much longer than that", "e", "f"};
    LmTensor t = make(LM_U8, 4, (const int64_t[]){7, 11, 13, 3}, NULL);
    for (int64_t i = 0; i < t.count; i++) {
        ((uint8_t *)t.data)[i] = (uint8_t)(100 + i * 7 % 156);
    }
    for (int i = 0; i < 120 * LM_SHOW_COUNT; i++) {
        LmShowStyle style = {.mode = (LmShowMode)(i % LM_SHOW_COUNT),
                             .columns = i / LM_SHOW_COUNT,
                             .lines = 24,
                             .cell_w = 8,
                             .cell_h = 16,
                             .max_images = 6,
                             .labels = labels};
        char *text = NULL;
        assert_ok(draw(&text, &t, &style, &err), err);
        assert_int_equal(text[strlen(text) - 1], '\n');
        lm_mem_free(text);
    }
    lm_tensor_fini(&t);
}

static void refuse(int rank, const int64_t *shape, const char *part)
{
    LmError err;
    char *text = NULL;
    LmTensor t = make(LM_U8, rank, shape, NULL);
    assert_fails(draw(&text, &t, &plain, &err), LM_ESHAPE, err, part);
    assert_null(text);
    lm_tensor_fini(&t);
}

static void test_what_is_no_image(void **state)
{
    (void)state;
    refuse(0, NULL, "scalar is no image");
    refuse(1, (const int64_t[]){5}, "shape 5 is no image");
    refuse(4, (const int64_t[]){2, 2, 2, 2}, "shape 2x2x2x2 is no image");
    refuse(5, (const int64_t[]){1, 1, 1, 1, 1}, "no image");
    refuse(2, (const int64_t[]){0, 3}, "shape 0x3");
    refuse(4, (const int64_t[]){0, 28, 28, 1}, "shape 0x28x28x1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_ramp),     cmocka_unit_test(test_plain_colors),
        cmocka_unit_test(test_half_blocks),    cmocka_unit_test(test_stretching),
        cmocka_unit_test(test_not_finite),     cmocka_unit_test(test_wide_images_are_averaged),
        cmocka_unit_test(test_grids),          cmocka_unit_test(test_256_colors),
        cmocka_unit_test(test_labels),         cmocka_unit_test(test_kitty),
        cmocka_unit_test(test_room_is_enough), cmocka_unit_test(test_what_is_no_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
