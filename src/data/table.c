/* Image files listed in a CSV table.
 *
 * First the texts that name things are gathered over the whole table (classes, parts), so that
 * every part knows the same classes; then rows are taken one by one, in table order, duplicates
 * kept.
 */
#define _XOPEN_SOURCE 700
#include "data/sources.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/files.h"
#include "data/lookup.h"
#include "io/csv.h"

/* Longer lists of tags are no lists of tags. */
enum { TAG_MAX = 1024 };

typedef struct Table {
    const LmTableOptions *o;
    LmCsv csv;
    int file; /* columns; -1: none */
    int weight;
    int split;
    int *columns; /* of labels or targets */
    LmLookup classes;
    LmNames parts;
    LmLookup part_numbers;
    char directory[PATH_MAX]; /* ends in '/', or empty */
    LmFileRows rows;
} Table;

static bool is_number_row(const Table *t)
{
    return t->o->labels >= LM_TABLE_TAGS;
}

static int64_t n_targets(const Table *t)
{
    return t->o->labels == LM_TABLE_TAGS ? t->rows.classes.n : t->o->n_columns;
}

/* --- columns --- */

static LmStatus find_columns(Table *t, LmError *err)
{
    const LmTableOptions *o = t->o;
    t->weight = -1;
    t->split = -1;
    if (t->csv.n_rows == 0) {
        return lm_fail(err, LM_EFORMAT, "the table has a header, but no rows");
    }
    LmStatus st = lm_csv_column(&t->file, &t->csv, o->file, err);
    if (st == LM_OK && o->weight != NULL) {
        st = lm_csv_column(&t->weight, &t->csv, o->weight, err);
    }
    if (st == LM_OK && o->split != NULL) {
        st = lm_csv_column(&t->split, &t->csv, o->split, err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&t->columns, (size_t)o->n_columns, sizeof *t->columns, err);
    }
    for (int k = 0; k < o->n_columns && st == LM_OK; k++) {
        st = lm_csv_column(&t->columns[k], &t->csv, o->columns[k], err);
    }
    return st;
}

/* --- tags --- */

/* Copies the next tag of the list at *at, without blanks around it, and steps over it and the
 * separator; false at the end. */
static bool next_tag(char tag[TAG_MAX], const char **at, char separator)
{
    const char *from = *at;
    if (from == NULL) {
        return false;
    }
    const char *end = strchr(from, separator);
    *at = end != NULL ? end + 1 : NULL;
    end = end != NULL ? end : from + strlen(from);
    while (from < end && *from == ' ') {
        from++;
    }
    while (end > from && end[-1] == ' ') {
        end--;
    }
    size_t n = LM_MIN((size_t)(end - from), (size_t)TAG_MAX - 1);
    memcpy(tag, from, n);
    tag[n] = '\0';
    return true;
}

static LmStatus check_tag(const Table *t, int64_t row, const char *tag, LmError *err)
{
    long long line = (long long)lm_csv_line(&t->csv, row);
    if (tag[0] == '\0') {
        return lm_fail(err, LM_EFORMAT, "line %lld: there is an empty tag in '%s'", line,
                       lm_csv_get(&t->csv, row, t->columns[0]));
    }
    if (strlen(tag) == TAG_MAX - 1) {
        return lm_fail(err, LM_EFORMAT,
                       "line %lld: a tag of %d bytes or more; are tags separated by '%c'?", line,
                       TAG_MAX - 1, t->o->separator);
    }
    return LM_OK;
}

/* Calls for every tag of the row; an empty cell has none. */
static LmStatus each_tag(Table *t, int64_t row,
                         LmStatus (*take)(Table *t, const char *tag, LmError *err), LmError *err)
{
    char tag[TAG_MAX];
    const char *at = lm_csv_get(&t->csv, row, t->columns[0]);
    at = *at == '\0' ? NULL : at;
    LmStatus st = LM_OK;
    while (st == LM_OK && next_tag(tag, &at, t->o->separator)) {
        st = check_tag(t, row, tag, err);
        if (st == LM_OK) {
            st = take(t, tag, err);
        }
    }
    return st;
}

static LmStatus add_class(Table *t, const char *name, LmError *err)
{
    return lm_names_add(&t->rows.classes, name, strlen(name), err);
}

static LmStatus mark_tag(Table *t, const char *tag, LmError *err)
{
    int64_t k = lm_lookup_get(&t->classes, tag);
    (void)err;
    if (k >= 0) {
        t->rows.targets[(t->rows.paths.n - 1) * n_targets(t) + k] = 1;
    }
    return LM_OK;
}

/* --- classes and parts --- */

static LmStatus check_filled(const Table *t, int64_t row, int column, LmError *err)
{
    if (*lm_csv_get(&t->csv, row, column) != '\0') {
        return LM_OK;
    }
    return lm_fail(err, LM_EFORMAT, "line %lld: '%s' is empty",
                   (long long)lm_csv_line(&t->csv, row), t->csv.cells[column]);
}

static LmStatus gather_classes(Table *t, LmError *err)
{
    LmStatus st = LM_OK;
    for (int64_t i = 0; i < t->csv.n_rows && st == LM_OK; i++) {
        if (t->o->labels == LM_TABLE_TAGS) {
            st = each_tag(t, i, add_class, err);
        } else if ((st = check_filled(t, i, t->columns[0], err)) == LM_OK) {
            st = add_class(t, lm_csv_get(&t->csv, i, t->columns[0]), err);
        }
    }
    if (st == LM_OK) {
        st = lm_lookup_unique(&t->rows.classes, err);
    }
    if (st == LM_OK && t->rows.classes.n == 0) {
        st = lm_fail(err, LM_EFORMAT, "no row has a tag in '%s'", t->o->columns[0]);
    }
    if (st == LM_OK && t->rows.classes.n > LM_CLASSES_MAX) {
        st = lm_fail(err, LM_EFORMAT,
                     "'%s' holds %lld different texts, more than the %d classes possible; are they "
                     "numbers to predict (targets=)?",
                     t->o->columns[0], (long long)t->rows.classes.n, LM_CLASSES_MAX);
    }
    return st;
}

static LmStatus name_classes(Table *t, LmError *err)
{
    const LmTableOptions *o = t->o;
    bool is_named = o->labels == LM_TABLE_CLASS || o->labels == LM_TABLE_TAGS;
    LmStatus st = LM_OK;
    if (is_named && o->n_classes == 0) {
        st = gather_classes(t, err);
    }
    for (int k = 0; k < o->n_classes && is_named && st == LM_OK; k++) {
        st = add_class(t, o->classes[k], err);
    }
    for (int k = 0; k < o->n_columns && !is_named && st == LM_OK; k++) {
        st = add_class(t, o->columns[k], err);
    }
    return st == LM_OK ? lm_lookup_init(&t->classes, &t->rows.classes, err) : st;
}

/* Moves the name to the front, behind `n` others that are there. */
static int64_t move_to_front(LmNames *names, const char *name, int64_t n)
{
    int64_t k = lm_names_find(names, name);
    if (k < 0) {
        return n;
    }
    size_t start = names->starts[k];
    memmove(names->starts + n + 1, names->starts + n, (size_t)(k - n) * sizeof *names->starts);
    names->starts[n] = start;
    return n + 1;
}

static LmStatus gather_parts(Table *t, LmError *err)
{
    LmStatus st = LM_OK;
    for (int64_t i = 0; i < t->csv.n_rows && st == LM_OK; i++) {
        const char *part = lm_csv_get(&t->csv, i, t->split);
        st = check_filled(t, i, t->split, err);
        if (st == LM_OK) {
            st = lm_names_add(&t->parts, part, strlen(part), err);
        }
    }
    if (st == LM_OK) {
        st = lm_lookup_unique(&t->parts, err);
    }
    if (st == LM_OK) {
        (void)move_to_front(&t->parts, "test", move_to_front(&t->parts, "train", 0));
    }
    return st;
}

static LmStatus name_parts(Table *t, LmError *err)
{
    const LmTableOptions *o = t->o;
    LmStatus st = LM_OK;
    if (t->split < 0) {
        return LM_OK;
    }
    if (o->n_parts == 0) {
        st = gather_parts(t, err);
    }
    for (int k = 0; k < o->n_parts && st == LM_OK; k++) {
        st = lm_names_add(&t->parts, o->parts[k], strlen(o->parts[k]), err);
    }
    if (st == LM_OK && t->parts.n > LM_TABLE_PARTS_MAX) {
        st = lm_fail(err, LM_EFORMAT, "'%s' names %lld parts, more than the %d possible", o->split,
                     (long long)t->parts.n, LM_TABLE_PARTS_MAX);
    }
    return st == LM_OK ? lm_lookup_init(&t->part_numbers, &t->parts, err) : st;
}

/* --- rows --- */

static LmStatus alloc_rows(Table *t, LmError *err)
{
    LmFileRows *rows = &t->rows;
    size_t n = (size_t)t->csv.n_rows;
    size_t n_numbers = 0;
    LmStatus st = LM_OK;
    if (t->o->labels == LM_TABLE_CLASS) {
        st = lm_mem_alloc(&rows->labels, n, sizeof *rows->labels, err);
    }
    if (is_number_row(t)) {
        rows->targets_kind =
            t->o->labels == LM_TABLE_VALUES ? LM_TARGETS_VALUES : LM_TARGETS_MULTI_LABEL;
        rows->n_targets = n_targets(t);
        if (!lm_base_mul(n, (size_t)rows->n_targets, &n_numbers)) {
            n_numbers = SIZE_MAX;
        }
        st = lm_mem_zeros(&rows->targets, n_numbers, sizeof *rows->targets, err);
    }
    if (st == LM_OK && t->weight >= 0) {
        st = lm_mem_alloc(&rows->weights, n, sizeof *rows->weights, err);
    }
    if (st == LM_OK && t->split >= 0) {
        st = lm_mem_alloc(&rows->parts, n, sizeof *rows->parts, err);
    }
    return st;
}

/* The tags of the row that are classes; 0 where it has tags and none is one. */
static bool has_known_tag(const Table *t, int64_t row)
{
    char tag[TAG_MAX];
    const char *at = lm_csv_get(&t->csv, row, t->columns[0]);
    if (*at == '\0') {
        return true;
    }
    while (next_tag(tag, &at, t->o->separator)) {
        if (lm_lookup_get(&t->classes, tag) >= 0) {
            return true;
        }
    }
    return false;
}

/* Rows of parts and classes that were not asked for are left out. */
static bool is_wanted(Table *t, int64_t row)
{
    if (t->split >= 0 && lm_lookup_get(&t->part_numbers, lm_csv_get(&t->csv, row, t->split)) < 0) {
        return false;
    }
    bool is_known = true;
    if (t->o->labels == LM_TABLE_CLASS) {
        is_known = lm_lookup_get(&t->classes, lm_csv_get(&t->csv, row, t->columns[0])) >= 0;
    } else if (t->o->labels == LM_TABLE_TAGS) {
        is_known = has_known_tag(t, row);
    }
    t->rows.n_ignored += !is_known;
    return is_known;
}

static LmStatus add_path(Table *t, int64_t row, LmError *err)
{
    char path[PATH_MAX];
    const char *file = lm_csv_get(&t->csv, row, t->file);
    long long line = (long long)lm_csv_line(&t->csv, row);
    LmStr s = lm_str(path, sizeof path);
    LmStatus st = check_filled(t, row, t->file, err);
    if (st != LM_OK) {
        return st;
    }
    lm_str_add(&s, "%s%s", file[0] == '/' ? "" : t->directory, file);
    if (s.used + 1 == sizeof path) {
        return lm_fail(err, LM_EFORMAT, "line %lld: the path of the file is too long", line);
    }
    if (!t->o->images.skips_damaged && access(path, F_OK) != 0) {
        return lm_fail(err, LM_ENOTFOUND, "line %lld: there is no file %s", line, path);
    }
    return lm_names_add(&t->rows.paths, path, s.used, err);
}

static LmStatus read_number(float *out, const Table *t, int64_t row, int column, const char *wants,
                            LmError *err)
{
    const char *cell = lm_csv_get(&t->csv, row, column);
    float v = 0;
    bool is_good = lm_csv_number(cell, &v);
    if (t->o->labels == LM_TABLE_FLAGS && column != t->weight) {
        is_good = is_good && (v == 0 || v == 1);
    }
    if (!is_good || (column == t->weight && v < 0)) {
        return lm_fail(err, LM_EFORMAT, "line %lld: '%s' wants %s, got \"%.60s\"",
                       (long long)lm_csv_line(&t->csv, row), t->csv.cells[column], wants, cell);
    }
    *out = v;
    return LM_OK;
}

/* Labels or targets of the row whose path was added last. */
static LmStatus add_labels(Table *t, int64_t row, LmError *err)
{
    int64_t at = t->rows.paths.n - 1;
    LmStatus st = LM_OK;
    switch (t->o->labels) {
    case LM_TABLE_NONE:
        break;
    case LM_TABLE_CLASS:
        t->rows.labels[at] =
            (int32_t)lm_lookup_get(&t->classes, lm_csv_get(&t->csv, row, t->columns[0]));
        break;
    case LM_TABLE_TAGS:
        st = each_tag(t, row, mark_tag, err);
        break;
    case LM_TABLE_FLAGS:
    case LM_TABLE_VALUES:
        for (int k = 0; k < t->o->n_columns && st == LM_OK; k++) {
            st = read_number(&t->rows.targets[at * t->o->n_columns + k], t, row, t->columns[k],
                             t->o->labels == LM_TABLE_FLAGS ? "0 or 1" : "a number", err);
        }
        break;
    }
    return st;
}

static LmStatus take_rows(Table *t, LmError *err)
{
    LmStatus st = LM_OK;
    for (int64_t i = 0; i < t->csv.n_rows && st == LM_OK; i++) {
        if (!is_wanted(t, i)) {
            continue;
        }
        st = add_path(t, i, err);
        int64_t at = t->rows.paths.n - 1;
        if (st == LM_OK) {
            st = add_labels(t, i, err);
        }
        if (st == LM_OK && t->weight >= 0) {
            st = read_number(&t->rows.weights[at], t, i, t->weight, "a number of at least 0", err);
        }
        if (st == LM_OK && t->split >= 0) {
            t->rows.parts[at] =
                (int32_t)lm_lookup_get(&t->part_numbers, lm_csv_get(&t->csv, i, t->split));
        }
    }
    if (st == LM_OK && t->rows.paths.n == 0) {
        st = lm_fail(err, LM_EFORMAT, "none of its %lld rows is of the parts and classes asked for",
                     (long long)t->csv.n_rows);
    }
    return st;
}

/* --- the sets --- */

static LmStatus make_part(LmDataset **out, LmDataset *base, const Table *t, int64_t part,
                          int64_t *indices, LmError *err)
{
    char name[256];
    int64_t n = 0;
    for (int64_t i = 0; i < base->count; i++) {
        if (t->rows.parts[i] == part) {
            indices[n++] = i;
        }
    }
    if (n == 0) {
        return lm_fail(err, LM_EFORMAT, "no row of '%s' is '%s'%s", t->o->split,
                       lm_names_get(&t->parts, part),
                       base->skips != NULL ? " and has a file that can be read" : "");
    }
    LmStr s = lm_str(name, sizeof name);
    lm_str_add(&s, "%s %s", base->name, lm_names_get(&t->parts, part));
    return lm_view_new(out, base, name, indices, n, err);
}

static LmStatus make_parts(LmDataset *outs[LM_TABLE_PARTS_MAX], int *n_outs, LmDataset *base,
                           const Table *t, LmError *err)
{
    LmDataset *parts[LM_TABLE_PARTS_MAX] = {NULL};
    int64_t *indices = NULL;
    LmStatus st = lm_mem_alloc(&indices, (size_t)base->count, sizeof *indices, err);
    for (int64_t k = 0; k < t->parts.n && st == LM_OK; k++) {
        st = make_part(&parts[k], base, t, k, indices, err);
    }
    lm_mem_free(indices);
    for (int64_t k = 0; k < t->parts.n; k++) {
        if (st == LM_OK) {
            outs[k] = parts[k];
        } else {
            lm_dataset_unref(parts[k]);
        }
    }
    *n_outs = st == LM_OK ? (int)t->parts.n : *n_outs;
    return st;
}

static LmStatus set_directory(Table *t, const char *path, LmError *err)
{
    const char *slash = strrchr(path, '/');
    LmStr s = lm_str(t->directory, sizeof t->directory);
    if (t->o->directory != NULL) {
        lm_str_add(&s, "%s/", t->o->directory);
    } else if (slash != NULL) {
        lm_str_add(&s, "%.*s", (int)(slash + 1 - path), path);
    }
    if (s.used + 1 == sizeof t->directory) {
        return lm_fail(err, LM_EARG, "the path of the directory is too long");
    }
    return LM_OK;
}

static LmStatus read_table(Table *t, const char *path, LmError *err)
{
    LmStatus st = set_directory(t, path, err);
    st = st != LM_OK ? st : find_columns(t, err);
    st = st != LM_OK ? st : name_classes(t, err);
    st = st != LM_OK ? st : name_parts(t, err);
    st = st != LM_OK ? st : alloc_rows(t, err);
    st = st != LM_OK ? st : take_rows(t, err);
    return st == LM_OK ? LM_OK : lm_error_context(err, "%s", path);
}

LmStatus lm_table_open(LmDataset *outs[LM_TABLE_PARTS_MAX], int *n_outs, const char *name,
                       const char *path, const LmTableOptions *o, LmError *err)
{
    Table t = {.o = o};
    LmDataset *base = NULL;
    LmStatus st = lm_csv_load(&t.csv, path, o->delimiter, err);
    if (st == LM_OK) {
        st = read_table(&t, path, err);
    }
    if (st == LM_OK) {
        st = lm_files_open(&base, name, &t.rows, &o->images, err);
    }
    if (st == LM_OK && t.split >= 0) {
        st = make_parts(outs, n_outs, base, &t, err);
        lm_dataset_unref(base);
    } else if (st == LM_OK) {
        outs[0] = base;
        *n_outs = 1;
    }
    lm_csv_fini(&t.csv);
    lm_mem_free(t.columns);
    lm_lookup_fini(&t.classes);
    lm_lookup_fini(&t.part_numbers);
    lm_names_fini(&t.parts);
    lm_file_rows_fini(&t.rows);
    return st;
}
