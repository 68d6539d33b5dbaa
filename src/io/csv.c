/* One pass over the bytes writes unquoted text and counts; what is written is never longer than
 * what was read, so one block of the file's size holds all of it. Cells are first noted by number
 * of bytes, then turned to pointers when their number is known.
 */
#include "io/csv.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/guess.h"

/* What a file of text inflates to at most. */
static const size_t inflated_max = (size_t)1 << 30;

/* A complaint after more rows than these is not answered by what the first bytes look like. */
enum { FOREIGN_ROWS = 4 };

typedef struct Parser {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    int64_t line; /* of `at`, from 1 */
    char delimiter;
    char *text; /* out */
    size_t n_text;
    size_t *starts; /* of cells in text */
    size_t n_cells;
    size_t cells_room;
    int64_t *lines;
    int64_t n_rows; /* header included */
    int64_t rows_room;
    int n_columns; /* of the header; 0 before */
} Parser;

/* --- growing --- */

/* `block` is the address of a pointer to `used` things. */
static LmStatus double_room(void *block, size_t used, size_t *room, size_t size_each, LmError *err)
{
    void *grown = NULL;
    void *old = NULL;
    size_t more = LM_MAX(2 * *room, (size_t)256);
    LmStatus st = lm_mem_alloc(&grown, more, size_each, err);
    if (st == LM_OK) {
        memcpy(&old, block, sizeof old);
        if (used > 0) {
            memcpy(grown, old, used * size_each);
        }
        lm_mem_free(old);
        memcpy(block, &grown, sizeof grown);
        *room = more;
    }
    return st;
}

static LmStatus add_cell(Parser *p, size_t start, LmError *err)
{
    LmStatus st = LM_OK;
    if (p->n_cells == p->cells_room) {
        st = double_room(&p->starts, p->n_cells, &p->cells_room, sizeof *p->starts, err);
    }
    if (st == LM_OK) {
        p->starts[p->n_cells++] = start;
    }
    return st;
}

static LmStatus add_row(Parser *p, int64_t line, LmError *err)
{
    LmStatus st = LM_OK;
    size_t room = (size_t)p->rows_room;
    if (p->n_rows == p->rows_room) {
        st = double_room(&p->lines, (size_t)p->n_rows, &room, sizeof *p->lines, err);
        p->rows_room = (int64_t)room;
    }
    if (st == LM_OK) {
        p->lines[p->n_rows++] = line;
    }
    return st;
}

/* --- characters --- */

static bool is_end_of_line(uint8_t b)
{
    return b == '\n' || b == '\r';
}

/* Steps over CRLF, LF or CR. */
static void skip_line_end(Parser *p)
{
    p->at += p->bytes[p->at] == '\r' && p->at + 1 < p->size && p->bytes[p->at + 1] == '\n' ? 2 : 1;
    p->line++;
}

static LmStatus put(Parser *p, size_t start, LmError *err)
{
    uint8_t b = p->bytes[p->at];
    if (b == '\0') {
        return lm_fail(err, LM_EFORMAT,
                       "line %lld: a zero byte; this is no text, or text in UTF-16: save it as "
                       "UTF-8",
                       (long long)p->line);
    }
    if (p->n_text - start >= LM_CSV_FIELD_MAX) {
        return lm_fail(err, LM_EFORMAT, "line %lld: a field of more than %d bytes",
                       (long long)p->line, LM_CSV_FIELD_MAX);
    }
    p->text[p->n_text++] = (char)b;
    return LM_OK;
}

/* After the opening quote, up to and with the closing one. */
static LmStatus read_quoted(Parser *p, size_t start, LmError *err)
{
    int64_t first_line = p->line;
    for (; p->at < p->size; p->at++) {
        uint8_t b = p->bytes[p->at];
        bool is_double = b == '"' && p->at + 1 < p->size && p->bytes[p->at + 1] == '"';
        if (b == '"' && !is_double) {
            p->at++;
            return LM_OK;
        }
        p->at += is_double;
        LmStatus st = put(p, start, err);
        if (st != LM_OK) {
            return first_line == p->line
                       ? st
                       : lm_error_context(err, "in the quotes opened on line %lld",
                                          (long long)first_line);
        }
        bool is_first_of_two = b == '\r' && p->at + 1 < p->size && p->bytes[p->at + 1] == '\n';
        p->line += is_end_of_line(b) && !is_first_of_two;
    }
    return lm_fail(err, LM_EFORMAT, "line %lld: a quote opens a field and none closes it",
                   (long long)first_line);
}

static LmStatus read_plain(Parser *p, size_t start, LmError *err)
{
    LmStatus st = LM_OK;
    while (p->at < p->size && st == LM_OK) {
        uint8_t b = p->bytes[p->at];
        if (b == (uint8_t)p->delimiter || is_end_of_line(b)) {
            break;
        }
        if (b == '"') {
            return lm_fail(err, LM_EFORMAT,
                           "line %lld: a quote inside a field that does not begin with one; write "
                           "\"...\" around the field and double the quotes in it",
                           (long long)p->line);
        }
        st = put(p, start, err);
        p->at++;
    }
    return st;
}

/* One field; *is_last: a line end or the file's follows. */
static LmStatus read_field(Parser *p, bool *is_last, LmError *err)
{
    size_t start = p->n_text;
    LmStatus st;
    if (p->at < p->size && p->bytes[p->at] == '"') {
        p->at++;
        st = read_quoted(p, start, err);
        bool is_ended = p->at == p->size || p->bytes[p->at] == (uint8_t)p->delimiter ||
                        is_end_of_line(p->bytes[p->at]);
        if (st == LM_OK && !is_ended) {
            st = lm_fail(err, LM_EFORMAT, "line %lld: text follows a closing quote",
                         (long long)p->line);
        }
    } else {
        st = read_plain(p, start, err);
    }
    if (st == LM_OK) {
        p->text[p->n_text++] = '\0';
        st = add_cell(p, start, err);
    }
    *is_last = p->at == p->size || is_end_of_line(p->bytes[p->at]);
    if (!*is_last) {
        p->at++; /* the delimiter */
    }
    return st;
}

/* --- rows --- */

static LmStatus check_row(Parser *p, int64_t line, int64_t n, LmError *err)
{
    if (n > LM_CSV_COLUMNS_MAX) {
        return lm_fail(err, LM_EFORMAT, "line %lld has more than %d fields", (long long)line,
                       LM_CSV_COLUMNS_MAX);
    }
    if (p->n_columns == 0) {
        p->n_columns = (int)n;
    } else if (n != p->n_columns) {
        return lm_fail(err, LM_EFORMAT, "line %lld has %lld field%s, the header has %d",
                       (long long)line, (long long)n, n == 1 ? "" : "s", p->n_columns);
    }
    return LM_OK;
}

static LmStatus read_row(Parser *p, LmError *err)
{
    int64_t line = p->line;
    size_t first = p->n_cells;
    bool is_last = false;
    LmStatus st = LM_OK;
    while (!is_last && st == LM_OK) {
        st = read_field(p, &is_last, err);
    }
    if (st == LM_OK) {
        st = check_row(p, line, (int64_t)(p->n_cells - first), err);
    }
    return st == LM_OK ? add_row(p, line, err) : st;
}

static LmStatus read_all(Parser *p, LmError *err)
{
    LmStatus st = LM_OK;
    if (p->size >= 3 && memcmp(p->bytes, "\xef\xbb\xbf", 3) == 0) {
        p->at = 3;
    }
    while (p->at < p->size && st == LM_OK) {
        if (is_end_of_line(p->bytes[p->at])) {
            skip_line_end(p);
        } else {
            st = read_row(p, err);
        }
    }
    if (st == LM_OK && p->n_rows == 0) {
        const char *guess = lm_guess_format(p->bytes, p->size);
        st = lm_fail(err, LM_EFORMAT,
                     "no table%s%s: a table begins with a line that names its "
                     "columns",
                     guess != NULL ? " but " : "", guess != NULL ? guess : "");
    }
    return st;
}

/* --- the table --- */

static LmStatus finish(LmCsv *out, Parser *p, LmError *err)
{
    const char **cells = NULL;
    LmStatus st = lm_mem_alloc(&cells, p->n_cells, sizeof *cells, err);
    if (st != LM_OK) {
        return st;
    }
    for (size_t i = 0; i < p->n_cells; i++) {
        cells[i] = p->text + p->starts[i];
    }
    *out = (LmCsv){.n_rows = p->n_rows - 1,
                   .n_columns = p->n_columns,
                   .cells = cells,
                   .lines = p->lines,
                   .text = p->text};
    p->lines = NULL;
    p->text = NULL;
    return LM_OK;
}

/* A file that is something else fails within its first lines. */
static const char *guess_of(const LmFile *file)
{
    const char *guess = lm_guess_format(file->bytes, file->size);
    return file->size > 0 ? guess : NULL;
}

LmStatus lm_csv_load(LmCsv *out, const char *path, char delimiter, LmError *err)
{
    LmFile file;
    LmStatus st = lm_file_open(&file, path, inflated_max, err);
    if (st != LM_OK) {
        return st;
    }
    Parser p = {.bytes = file.bytes, .size = file.size, .line = 1, .delimiter = delimiter};
    /* A field ends in a byte that gives room for its NUL, but for the last one of the file. */
    st = lm_mem_alloc(&p.text, file.size + 1, 1, err);
    if (st == LM_OK) {
        st = read_all(&p, err);
    }
    if (st == LM_OK) {
        st = finish(out, &p, err);
    }
    if (st == LM_EFORMAT && p.n_rows <= FOREIGN_ROWS && guess_of(&file) != NULL) {
        st = lm_fail(err, LM_EFORMAT, "no table but %s", guess_of(&file));
    }
    lm_mem_free(p.text);
    lm_mem_free(p.starts);
    lm_mem_free(p.lines);
    lm_file_close(&file);
    return st == LM_OK ? LM_OK : lm_error_context(err, "%s", path);
}

void lm_csv_fini(LmCsv *csv)
{
    lm_mem_free(csv->cells);
    lm_mem_free(csv->lines);
    lm_mem_free(csv->text);
    *csv = (LmCsv){0};
}

static LmStatus fail_column(const LmCsv *csv, const char *name, LmError *err)
{
    char text[256];
    char hint[96] = "";
    LmStr s = lm_str(text, sizeof text);
    for (int k = 0; k < csv->n_columns && s.used < sizeof text - 1; k++) {
        lm_str_add(&s, k > 0 ? ", %s" : "%s", csv->cells[k]);
    }
    if (csv->n_columns == 1 && strpbrk(csv->cells[0], ";\t|") != NULL) {
        s = lm_str(hint, sizeof hint);
        char mark = *strpbrk(csv->cells[0], ";\t|");
        lm_str_add(&s, "; is the table separated by '%s'? say delimiter=\"%s\"",
                   mark == '\t' ? "\\t" : (char[]){mark, '\0'},
                   mark == '\t' ? "\\t" : (char[]){mark, '\0'});
    }
    return lm_fail(err, LM_EARG, "there is no column '%s'; the table has %s%s", name, text, hint);
}

LmStatus lm_csv_column(int *out, const LmCsv *csv, const char *name, LmError *err)
{
    int found = -1;
    for (int k = 0; k < csv->n_columns; k++) {
        if (strcmp(csv->cells[k], name) != 0) {
            continue;
        }
        if (found >= 0) {
            return lm_fail(err, LM_EARG, "two columns are called '%s', number %d and %d", name,
                           found + 1, k + 1);
        }
        found = k;
    }
    if (found < 0) {
        return fail_column(csv, name, err);
    }
    *out = found;
    return LM_OK;
}

bool lm_csv_number(const char *cell, float *out)
{
    char *end = NULL;
    double v = strtod(cell, &end);
    if (end == cell) {
        return false;
    }
    while (isspace((unsigned char)*end)) {
        end++;
    }
    if (*end != '\0' || !isfinite((float)v)) {
        return false;
    }
    *out = (float)v;
    return true;
}
