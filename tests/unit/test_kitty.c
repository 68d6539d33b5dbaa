/* Pictures for kitty: the sequences to the letter, and put together again by a decoder. */
#include "help_test.h"

#include <stdlib.h>

#include "help_kitty.h"
#include "tensor/kitty.h"

static void test_letters(void **state)
{
    (void)state;
    char text[200];
    LmStr s = lm_str(text, sizeof text);
    lm_kitty_add(&s, (const uint8_t[]){255, 0, 0, 0, 255, 0}, 2, 1);
    assert_string_equal(text, "\x1b_Ga=T,f=24,s=2,v=1,C=1,q=2,m=0;/wAAAP8A\x1b\\");
}

/* Pixels around whole chunks: 4096 letters are 1024 pixels. */
static void test_chunks(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = {{1, 1, 1},   {31, 33, 1}, {32, 32, 1},   {25, 41, 2},
                                       {64, 32, 2}, {683, 3, 3}, {300, 200, 59}};
    for (size_t k = 0; k < LM_ARRAY_LEN(sizes); k++) {
        size_t n = (size_t)(sizes[k][0] * sizes[k][1]);
        uint8_t *rgb = malloc(n * 3);
        size_t size = lm_kitty_size(n) + 1;
        char *text = malloc(size + 8);
        assert_true(rgb != NULL && text != NULL);
        for (size_t i = 0; i < n * 3; i++) {
            rgb[i] = (uint8_t)(i * 7 + i / 255);
        }
        memset(text, '!', size + 8);
        LmStr s = lm_str(text, size);
        lm_kitty_add(&s, rgb, sizes[k][0], sizes[k][1]);
        assert_int_equal(strlen(text), s.used);
        assert_int_equal(text[size], '!');
        KittyPicture p;
        assert_true(help_kitty_next(text, &p));
        assert_true(p.begin == text && *p.end == '\0');
        assert_true(p.w == sizes[k][0] && p.h == sizes[k][1]);
        assert_int_equal(p.n_chunks, sizes[k][2]);
        assert_true(p.n_chunks == 1 || p.longest == 4096);
        assert_memory_equal(p.rgb, rgb, n * 3);
        free(p.rgb);
        free(rgb);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
