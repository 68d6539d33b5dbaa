/* Text building with snprintf and a little arithmetic.
 *
 * The invariant used < size holds after every call, so a full buffer swallows what comes later and
 * stays terminated.
 */
#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

LmStr lm_str(char *buffer, size_t size)
{
    LM_ASSERT(size > 0);
    buffer[0] = '\0';
    return (LmStr){.text = buffer, .size = size, .used = 0};
}

void lm_str_add(LmStr *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(s->text + s->used, s->size - s->used, fmt, args);
    va_end(args);
    LM_ASSERT(n >= 0);
    s->used = LM_MIN(s->used + (size_t)n, s->size - 1);
}

void lm_str_add_count(LmStr *s, int64_t n)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, n < 0 ? -(uint64_t)n : (uint64_t)n);
    size_t len = strlen(digits);
    if (n < 0) {
        lm_str_add(s, "-");
    }
    for (size_t i = 0; i < len; i++) {
        bool comma = i > 0 && (len - i) % 3 == 0;
        lm_str_add(s, comma ? ",%c" : "%c", digits[i]);
    }
}

void lm_str_add_shape(LmStr *s, int rank, const int64_t *shape)
{
    if (rank == 0) {
        lm_str_add(s, "scalar");
    }
    for (int i = 0; i < rank; i++) {
        lm_str_add(s, i > 0 ? "x%" PRId64 : "%" PRId64, shape[i]);
    }
}

const char *lm_str_count(char *buffer, size_t size, int64_t n)
{
    LmStr s = lm_str(buffer, size);
    lm_str_add_count(&s, n);
    return buffer;
}

const char *lm_str_shape(char *buffer, size_t size, int rank, const int64_t *shape)
{
    LmStr s = lm_str(buffer, size);
    lm_str_add_shape(&s, rank, shape);
    return buffer;
}

const char *lm_str_bytes(char *buffer, size_t size, size_t n_bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (n_bytes < 1000) {
        snprintf(buffer, size, "%zu bytes", n_bytes);
        return buffer;
    }
    double value = (double)n_bytes / 1000;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < LM_ARRAY_LEN(units)) {
        value /= 1000;
        unit++;
    }
    snprintf(buffer, size, "%.1f %s", value, units[unit]);
    return buffer;
}

enum { WORD_MAX = 40 };

/* Edit distance counting an exchange of two neighbours as one slip (optimal string alignment). */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t d[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= na; i++) {
        d[i][0] = i;
    }
    for (size_t j = 0; j <= nb; j++) {
        d[0][j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        for (size_t j = 1; j <= nb; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = LM_MIN(best, LM_MIN(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = LM_MIN(best, d[i - 2][j - 2] + 1);
            }
            d[i][j] = best;
        }
    }
    return d[na][nb];
}

/* A word with something around it counts as near: "batch_size" for "batch", "learning_rate" for
 * "rate". */
static bool extends(const char *got, size_t n_got, const char *word, size_t n)
{
    if (n < 3 || n_got <= n) {
        return false;
    }
    const char *tail = got + n_got - n;
    return strncmp(got, word, n) == 0 || (tail[-1] == '_' && strcmp(tail, word) == 0);
}

const char *lm_str_nearest(const char *got, const char *const *words)
{
    size_t n_got = strlen(got);
    const char *nearest = NULL;
    size_t nearest_distance = WORD_MAX;
    if (n_got == 0 || n_got > WORD_MAX) {
        return NULL;
    }
    for (; *words != NULL; words++) {
        size_t n = strlen(*words);
        if (n > WORD_MAX) {
            continue;
        }
        size_t limit = LM_MAX(LM_MAX(n, n_got) / 3, (size_t)1);
        size_t distance = edit_distance(got, n_got, *words, n);
        bool is_cut =
            n_got >= 4 && strncmp(got, *words, n_got) == 0; /* "acc" could be many words */
        bool is_likely = distance <= limit || is_cut || extends(got, n_got, *words, n);
        if (is_likely && distance < nearest_distance) {
            nearest = *words;
            nearest_distance = distance;
        }
    }
    return nearest;
}

/* Length of the sequence at `b`, or 0. A NUL is no continuation byte, so no read passes the end.
 * The second byte's bounds rule out overlong forms, surrogates and values above U+10FFFF: RFC 3629,
 * section 4. */
static size_t utf8_length(const unsigned char *b)
{
    size_t length = b[0] < 0x80 ? 1 : b[0] < 0xC2 ? 0 : b[0] < 0xE0 ? 2 : b[0] < 0xF0 ? 3 : 4;
    unsigned char lo = b[0] == 0xE0 ? 0xA0 : b[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char hi = b[0] == 0xED ? 0x9F : b[0] == 0xF4 ? 0x8F : 0xBF;
    if (b[0] > 0xF4 || (length > 1 && (b[1] < lo || b[1] > hi))) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (b[i] < 0x80 || b[i] > 0xBF) {
            return 0;
        }
    }
    return length;
}

bool lm_str_is_utf8(const char *text)
{
    const unsigned char *b = (const unsigned char *)text;
    while (*b != '\0') {
        size_t length = utf8_length(b);
        if (length == 0) {
            return false;
        }
        b += length;
    }
    return true;
}
