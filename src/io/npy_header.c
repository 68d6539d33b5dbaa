/* The header of .npy files (NumPy Enhancement Proposal 1, numpy.lib.format).
 *
 * Magic, version, length, then the text of a Python dictionary with the keys descr, fortran_order
 * and shape. The grammar read here is that dictionary and no more: strings without escapes, True
 * and False, a tuple of whole numbers (the L suffix of Python 2 included), any order of keys, any
 * spaces.
 */
#include "io/npy_header.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "io/guess.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC_SIZE = 6, PREFIX_SIZE_1 = 10, PREFIX_SIZE_2 = 12 };

typedef struct Scanner {
    const char *at;
    const char *end;
} Scanner;

typedef struct Word {
    const char *text;
    int size;
} Word;

static void skip_space(Scanner *s)
{
    while (s->at < s->end && isspace((unsigned char)*s->at)) {
        s->at++;
    }
}

/* Takes the character `c`, after spaces, if it comes next. */
static bool take(Scanner *s, char c)
{
    skip_space(s);
    if (s->at == s->end || *s->at != c) {
        return false;
    }
    s->at++;
    return true;
}

static bool take_string(Scanner *s, Word *out)
{
    skip_space(s);
    if (s->at == s->end || (*s->at != '\'' && *s->at != '"')) {
        return false;
    }
    char quote = *s->at++;
    out->text = s->at;
    while (s->at < s->end && *s->at != quote && *s->at != '\\') {
        s->at++;
    }
    if (s->at == s->end || *s->at != quote) {
        return false;
    }
    out->size = (int)LM_MIN(s->at - out->text, 1000);
    s->at++;
    return true;
}

static bool take_word(Scanner *s, const char *word)
{
    skip_space(s);
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) {
        return false;
    }
    s->at += n;
    return true;
}

static bool is_word(Word w, const char *text)
{
    return strlen(text) == (size_t)w.size && memcmp(w.text, text, (size_t)w.size) == 0;
}

static LmStatus fail_garbled(const Scanner *s, const char *wanted, LmError *err)
{
    char near[24];
    size_t n = LM_MIN((size_t)(s->end - s->at), sizeof near - 1);
    for (size_t i = 0; i < n; i++) {
        near[i] = isprint((unsigned char)s->at[i]) ? s->at[i] : '?';
    }
    near[n] = '\0';
    return lm_fail(err, LM_EFORMAT, "garbled .npy header: want %s, got \"%s\"", wanted, near);
}

/* "<f4": byte order, kind, size. */
static LmStatus parse_descr(LmNpyHeader *h, Scanner *s, LmError *err)
{
    Word descr;
    skip_space(s);
    if (s->at < s->end && (*s->at == '[' || *s->at == '{')) {
        return lm_fail(err, LM_EFORMAT,
                       "a structured .npy array (with named fields) is not read: "
                       "save one field as a plain array");
    }
    if (!take_string(s, &descr)) {
        return fail_garbled(s, "a type such as '<f4'", err);
    }
    static const char *const known[] = {"u1", "u2", "u4", "u8", "i1", "i2",
                                        "i4", "i8", "f4", "f8", "b1"};
    const char *d = descr.text;
    if (descr.size >= 2 && d[0] == '|' && d[1] == 'O') {
        return lm_fail(err, LM_EFORMAT,
                       "a .npy array of Python objects is not read: save it as "
                       "numbers, x.astype('float32')");
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(known) && descr.size == 3; i++) {
        bool has_order = d[0] == '<' || d[0] == '>';
        bool is_byte = known[i][1] == '1';
        if (memcmp(d + 1, known[i], 2) == 0 && (has_order || (is_byte && d[0] == '|'))) {
            h->kind = known[i][0];
            h->size = known[i][1] - '0';
            h->is_swapped = d[0] == '>';
            return LM_OK;
        }
    }
    return lm_fail(
        err, LM_EFORMAT,
        ".npy array of type '%.*s' is not read: known are whole numbers (u1 to u8, i1 to "
        "i8), b1, f4 and f8",
        LM_MIN(descr.size, 40), d);
}

static LmStatus parse_order(LmNpyHeader *h, Scanner *s, LmError *err)
{
    if (take_word(s, "True")) {
        h->is_fortran = true;
        return LM_OK;
    }
    if (take_word(s, "False")) {
        h->is_fortran = false;
        return LM_OK;
    }
    return fail_garbled(s, "True or False for fortran_order", err);
}

static bool take_extent(Scanner *s, int64_t *out)
{
    skip_space(s);
    int64_t n = 0;
    const char *start = s->at;
    while (s->at < s->end && isdigit((unsigned char)*s->at)) {
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *s->at - '0', &n)) {
            return false;
        }
        s->at++;
    }
    bool has_digits = s->at > start;
    if (s->at < s->end && *s->at == 'L') {
        s->at++;
    }
    *out = n;
    return has_digits;
}

/* (), (3,), (3, 4) or (3, 4,) */
static LmStatus parse_shape(LmNpyHeader *h, Scanner *s, LmError *err)
{
    static const char wanted[] = "a shape such as (60000, 28, 28)";
    if (!take(s, '(')) {
        return fail_garbled(s, wanted, err);
    }
    h->rank = 0;
    while (!take(s, ')')) {
        int64_t extent;
        if (!take_extent(s, &extent)) {
            return fail_garbled(s, wanted, err);
        }
        if (h->rank == LM_RANK_MAX) {
            return lm_fail(err, LM_EFORMAT, ".npy array of more than %d dimensions", LM_RANK_MAX);
        }
        h->shape[h->rank++] = extent;
        if (take(s, ',')) {
            continue;
        }
        if (h->rank == 1 || !take(s, ')')) {
            return fail_garbled(s, wanted, err);
        }
        break;
    }
    return LM_OK;
}

typedef LmStatus ParseFn(LmNpyHeader *h, Scanner *s, LmError *err);

static const struct {
    const char *key;
    ParseFn *parse;
} fields[] = {{"descr", parse_descr}, {"fortran_order", parse_order}, {"shape", parse_shape}};

static LmStatus parse_field(LmNpyHeader *h, Scanner *s, unsigned *seen, LmError *err)
{
    Word key;
    if (!take_string(s, &key)) {
        return fail_garbled(s, "a key in quotes", err);
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(fields); i++) {
        if (!is_word(key, fields[i].key)) {
            continue;
        }
        if (*seen & 1u << i) {
            return lm_fail(err, LM_EFORMAT, "garbled .npy header: key '%s' twice", fields[i].key);
        }
        *seen |= 1u << i;
        if (!take(s, ':')) {
            return fail_garbled(s, "':' after a key", err);
        }
        return fields[i].parse(h, s, err);
    }
    return lm_fail(err, LM_EFORMAT, "garbled .npy header: unknown key '%.*s'", LM_MIN(key.size, 40),
                   key.text);
}

static LmStatus parse_dict(LmNpyHeader *h, Scanner *s, LmError *err)
{
    unsigned seen = 0;
    if (!take(s, '{')) {
        return fail_garbled(s, "'{'", err);
    }
    while (!take(s, '}')) {
        LmStatus st = parse_field(h, s, &seen, err);
        if (st != LM_OK) {
            return st;
        }
        if (take(s, ',')) {
            continue;
        }
        if (!take(s, '}')) {
            return fail_garbled(s, "',' or '}'", err);
        }
        break;
    }
    skip_space(s);
    if (s->at != s->end) {
        return fail_garbled(s, "the header's end", err);
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(fields); i++) {
        if (!(seen & 1u << i)) {
            return lm_fail(err, LM_EFORMAT, "garbled .npy header: no key '%s'", fields[i].key);
        }
    }
    return LM_OK;
}

/* Magic, version and length; the dictionary's text goes to `s`. */
static LmStatus parse_prefix(LmNpyHeader *h, Scanner *s, const uint8_t *bytes, size_t size,
                             LmError *err)
{
    if (size < MAGIC_SIZE || memcmp(bytes, magic, MAGIC_SIZE) != 0) {
        const char *guess = lm_guess_format(bytes, size);
        return lm_fail(err, LM_EFORMAT, "not a .npy file%s%s", guess != NULL ? " but " : "",
                       guess != NULL ? guess : ": it does not begin with \\x93NUMPY");
    }
    if (size < PREFIX_SIZE_2) {
        return lm_fail(err, LM_EFORMAT, ".npy header cut off: the file has %zu bytes", size);
    }
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0) {
        return lm_fail(err, LM_EFORMAT, ".npy format version %d.%d is unknown, want 1.0 to 3.0",
                       bytes[6], bytes[7]);
    }
    size_t text_size = (size_t)bytes[9] << 8 | bytes[8];
    size_t start = PREFIX_SIZE_1;
    if (bytes[6] > 1) {
        text_size |= (size_t)bytes[11] << 24 | (size_t)bytes[10] << 16;
        start = PREFIX_SIZE_2;
    }
    if (text_size > size - start) {
        return lm_fail(err, LM_EFORMAT, ".npy header of %zu bytes, but only %zu are there",
                       text_size, size - start);
    }
    *s = (Scanner){(const char *)bytes + start, (const char *)bytes + start + text_size};
    h->data_start = start + text_size;
    return LM_OK;
}

static LmStatus count_elements(LmNpyHeader *h, LmError *err)
{
    size_t n = 1;
    size_t n_bytes = 0;
    bool fits = true;
    bool is_empty = false;
    for (int i = 0; i < h->rank; i++) {
        is_empty |= h->shape[i] == 0;
        fits &= lm_base_mul(n, (size_t)LM_MAX(h->shape[i], 1), &n);
    }
    /* f64 is the widest type these numbers can become. */
    if (!fits || !lm_base_mul(n, sizeof(double), &n_bytes) || n_bytes > PTRDIFF_MAX) {
        char text[96];
        return lm_fail(err, LM_EFORMAT, ".npy array of shape %s: more than can be addressed",
                       lm_str_shape(text, sizeof text, h->rank, h->shape));
    }
    h->n_elements = is_empty ? 0 : n;
    return LM_OK;
}

LmStatus lm_npy_header_parse(LmNpyHeader *out, const uint8_t *bytes, size_t size, LmError *err)
{
    LmNpyHeader h = {0};
    Scanner s;
    LmStatus st = parse_prefix(&h, &s, bytes, size, err);
    if (st == LM_OK) {
        st = parse_dict(&h, &s, err);
    }
    if (st == LM_OK) {
        st = count_elements(&h, err);
    }
    if (st == LM_OK) {
        *out = h;
    }
    return st;
}
