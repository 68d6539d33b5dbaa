#include "help_test.h"

#include <stdlib.h>

#include "help_kitty.h"

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Adds the bytes of n letters to out, which has room for `room`; returns how many. */
static int64_t decode(uint8_t *out, int64_t room, const char *text, int n)
{
    int64_t used = 0;
    assert_int_equal(n % 4, 0);
    for (int i = 0; i < n; i += 4) {
        int n_bytes = text[i + 2] == '=' ? 1 : text[i + 3] == '=' ? 2 : 3;
        int bits = 0;
        assert_true(n_bytes == 3 || i + 4 == n);
        for (int k = 0; k < 4; k++) {
            assert_true(k > n_bytes ? text[i + k] == '=' : digit(text[i + k]) >= 0);
            bits = bits << 6 | (k > n_bytes ? 0 : digit(text[i + k]));
        }
        for (int k = 0; k < n_bytes; k++) {
            assert_true(used < room);
            out[used++] = (uint8_t)(bits >> (16 - 8 * k));
        }
    }
    return used;
}

typedef struct Keys {
    char action;
    long format, w, h, more, stays, quiet;
} Keys;

/* Reads "a=T,f=24,m=1;"; returns the place behind. */
static const char *read_keys(const char *at, Keys *keys)
{
    for (;;) {
        char name = at[0];
        char *end = NULL;
        assert_int_equal(at[1], '=');
        if (name == 'a') {
            keys->action = at[2];
            end = (char *)(uintptr_t)(at + 3);
        } else {
            long value = strtol(at + 2, &end, 10);
            long *place = name == 'f'   ? &keys->format
                          : name == 's' ? &keys->w
                          : name == 'v' ? &keys->h
                          : name == 'm' ? &keys->more
                          : name == 'C' ? &keys->stays
                          : name == 'q' ? &keys->quiet
                                        : NULL;
            assert_non_null(place);
            assert_true(end > at + 2);
            *place = value;
        }
        at = end + 1;
        if (*end == ';') {
            return at;
        }
        assert_int_equal(*end, ',');
    }
}

/* One sequence: returns the place behind it. `used` bytes are there already. */
static const char *read_chunk(const char *at, Keys *keys, KittyPicture *p, int64_t *used)
{
    assert_memory_equal(at, "\x1b_G", 3);
    const char *payload = read_keys(at + 3, keys);
    const char *end = strstr(payload, "\x1b\\");
    assert_non_null(end);
    if (p->rgb == NULL) {
        assert_true(keys->action == 'T' && keys->format == 24 && keys->w > 0 && keys->h > 0);
        p->w = keys->w;
        p->h = keys->h;
        p->rgb = malloc((size_t)(p->w * p->h * 3));
        assert_non_null(p->rgb);
    } else {
        /* "Subsequent chunks must have only the m and optionally q keys." */
        assert_true(keys->action == 0 && keys->format == 0 && keys->w == 0 && keys->h == 0);
    }
    int n = (int)(end - payload);
    assert_true(n <= 4096 && n > 0);
    p->longest = n > p->longest ? n : p->longest;
    *used += decode(p->rgb + *used, p->w * p->h * 3 - *used, payload, n);
    return end + 2;
}

bool help_kitty_next(const char *text, KittyPicture *out)
{
    KittyPicture p = {.begin = strstr(text, "\x1b_G")};
    Keys keys = {0};
    int64_t used = 0;
    if (p.begin == NULL) {
        return false;
    }
    p.end = p.begin;
    do {
        keys = (Keys){0};
        p.end = read_chunk(p.end, &keys, &p, &used);
        if (p.n_chunks++ == 0) {
            assert_true(keys.stays == 1 && keys.quiet == 2);
        }
    } while (keys.more == 1);
    assert_int_equal(used, p.w * p.h * 3);
    *out = p;
    return true;
}
