/* `luma bench`: how fast this machine runs what luma does.
 *
 * Machines are noisy, so every row is measured several times, all rows in turn, and the table gives
 * the best, the median and the spread. Rows that compute or stream are also given as a share of an
 * anchor measured in the same run: the multiply-add peak of the cores used, or a plain memory copy.
 */
#include "cli/bench.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "io/file.h"
#include "kernel/kernel.h"

enum { IMAGES_MIN = 10000, IMAGES_MAX = 10000000 };

LcBenchRow *lc_bench_row(LcBench *b, const char *fmt, ...)
{
    LM_ASSERT(b->n_rows < LC_BENCH_ROWS);
    LcBenchRow *row = &b->rows[b->n_rows++];
    *row = (LcBenchRow){0};
    va_list args;
    va_start(args, fmt);
    vsnprintf(row->name, sizeof row->name, fmt, args);
    va_end(args);
    return row;
}

LcBenchRow *lc_bench_row_find(LcBench *b, const char *name)
{
    for (int i = 0; i < b->n_rows; i++) {
        if (strcmp(b->rows[i].name, name) == 0) {
            return &b->rows[i];
        }
    }
    return NULL;
}

/* --- figures --- */

static int compare(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

double lc_bench_median(double *figures, int n)
{
    qsort(figures, (size_t)n, sizeof *figures, compare);
    return n % 2 ? figures[n / 2] : (figures[n / 2 - 1] + figures[n / 2]) / 2;
}

static bool is_small_better(const LcBenchRow *row)
{
    return strcmp(row->unit, "s") == 0 || strcmp(row->unit, "ms") == 0 ||
           strcmp(row->unit, "x") == 0 || strcmp(row->unit, "MB") == 0;
}

typedef struct Summary {
    double best, median, minimum, spread; /* spread: (largest - smallest) / median */
    double share;                         /* of the anchor's best; 0: no anchor */
} Summary;

static Summary summarize(LcBench *b, const LcBenchRow *row, int n)
{
    double sorted[LC_BENCH_REPEATS];
    memcpy(sorted, row->figures, (size_t)n * sizeof *sorted);
    Summary s = {.median = lc_bench_median(sorted, n)};
    s.best = is_small_better(row) ? sorted[0] : sorted[n - 1];
    s.minimum = sorted[0];
    s.spread = (sorted[n - 1] - sorted[0]) / s.median;
    if (row->anchor != NULL) {
        double anchor = summarize(b, lc_bench_row_find(b, row->anchor), n).best;
        double units = row->anchor_units;
        s.share = (is_small_better(row) ? units / s.best : units * s.best) / anchor;
    }
    return s;
}

static void print_table(LcBench *b, int n)
{
    char text[128];
    printf("%s, %s kernels, %d thread%s, %s\n", lm_cpu_name(), lm_kernels()->name, lm_threads(),
           lm_threads() == 1 ? "" : "s", lm_dataset_describe(b->train, text, sizeof text));
    printf("%-50s %10s %10s %-10s %7s  %s\n", "", "best", "median", "", "spread", "of anchor");
    for (int i = 0; i < b->n_rows; i++) {
        const LcBenchRow *row = &b->rows[i];
        Summary s = summarize(b, row, n);
        printf("%-50s %10.3f %10.3f %-10s %6.0f%%", row->name, s.best, s.median, row->unit,
               s.spread * 100);
        if (row->anchor != NULL) {
            printf("  %3.0f%%", s.share * 100);
        }
        printf("\n");
    }
}

static json_t *row_to_json(LcBench *b, const LcBenchRow *row, int n)
{
    Summary s = summarize(b, row, n);
    json_t *j = json_pack("{s:s, s:s, s:i, s:f, s:f, s:f, s:f}", "name", row->name, "unit",
                          row->unit, "threads", row->threads, "best", s.best, "median", s.median,
                          "minimum", s.minimum, "spread", s.spread);
    json_t *figures = json_array();
    for (int k = 0; k < n; k++) {
        json_array_append_new(figures, json_real(row->figures[k]));
    }
    json_object_set_new(j, "figures", figures);
    if (row->anchor != NULL) {
        json_object_set_new(j, "anchor", json_string(row->anchor));
        json_object_set_new(j, "share_of_anchor", json_real(s.share));
    }
    return j;
}

static LmStatus write_json(LcBench *b, const char *path, int n, LmError *err)
{
    json_t *list = json_array();
    for (int i = 0; i < b->n_rows; i++) {
        json_array_append_new(list, row_to_json(b, &b->rows[i], n));
    }
    json_t *root = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o}", "luma", LM_VERSION, "processor",
                             lm_cpu_name(), "isa", lm_kernels()->name, "threads", lm_threads(),
                             "data", b->train->name, "rows", list);
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    if (text == NULL) {
        return lm_fail(err, LM_EMEM, "out of memory: cannot write %s", path);
    }
    LmFilePart part = {text, strlen(text)};
    LmStatus st = lm_file_write(path, &part, 1, err);
    free(text);
    return st;
}

/* --- measuring --- */

void lc_bench_progress(int round, int n_rounds, const char *name)
{
    if (!isatty(STDERR_FILENO)) {
        return;
    }
    fputs("\r\033[K", stderr);
    if (name != NULL) {
        fprintf(stderr, "round %d of %d: %s", round, n_rounds, name);
    }
}

static LmStatus measure(LcBench *b, int n, LmError *err)
{
    int n_threads = lm_threads();
    LmStatus st = LM_OK;
    for (int k = -1; k < n && st == LM_OK; k++) {
        /* Round -1 makes the data and warms caches up; the slot it fills is written again. */
        for (int i = 0; i < b->n_rows && st == LM_OK; i++) {
            LcBenchRow *row = &b->rows[i];
            lc_bench_progress(k + 1, n, row->name);
            lm_threads_set(row->threads);
            st = row->run(b, row, &row->figures[LM_MAX(k, 0)], err);
            if (st != LM_OK) {
                lm_error_context(err, "%s", row->name);
            }
        }
    }
    lm_threads_set(n_threads);
    lc_bench_progress(0, n, NULL);
    return st;
}

/* Keeps the rows whose names contain `text`, and their anchors. */
static LmStatus keep_only(LcBench *b, const char *text, LmError *err)
{
    bool is_kept[LC_BENCH_ROWS] = {false};
    int n = 0;
    for (int i = 0; i < b->n_rows; i++) {
        if (strstr(b->rows[i].name, text) != NULL) {
            is_kept[i] = true;
            n++;
            if (b->rows[i].anchor != NULL) {
                is_kept[lc_bench_row_find(b, b->rows[i].anchor) - b->rows] = true;
            }
        }
    }
    if (n == 0) {
        return lm_fail(err, LM_EARG, "no row has '%s' in its name; 'luma bench --quick' shows all",
                       text);
    }
    n = 0;
    for (int i = 0; i < b->n_rows; i++) {
        if (is_kept[i]) {
            b->rows[n++] = b->rows[i];
        }
    }
    b->n_rows = n;
    return LM_OK;
}

/* --- the command --- */

typedef struct Options {
    bool is_quick;
    int64_t repeats;
    const char *json;
    const char *only;
    const char *curves;
    int64_t images_max;
} Options;

const LcOption lc_bench_options[] = {
    LC_FLAG(Options, is_quick, "--quick", "less of everything: to see that it works"),
    LC_INTEGER(Options, repeats, "--repeat", "N", 1, LC_BENCH_REPEATS,
               "how often a row is measured"),
    LC_WORD(Options, only, "--only", "TEXT", "the rows with this in their names"),
    LC_WORD(Options, json, "--json", "FILE", "write the figures there too"),
    LC_WORD(Options, curves, "--curves", "FILE", "measure how cost grows, as JSON"),
    LC_INTEGER(Options, images_max, "--images", "N", IMAGES_MIN, IMAGES_MAX,
               "how far the curves go"),
    LC_OPTIONS_END,
};

static int parse(int argc, char **argv, Options *o)
{
    *o = (Options){.repeats = 5, .images_max = 1000000};
    int code = lc_options_parse("bench", lc_bench_options, LC_ANYWHERE, &argc, argv, o);
    if (code == LC_OK && argc > 0) {
        return lc_usage_error("bench takes options only, got '%s'", argv[0]);
    }
    return code;
}

static LmStatus set_up(LcBench *b, const Options *o, LmError *err)
{
    int n_threads = lm_threads();
    b->is_quick = o->is_quick;
    LmStatus st = lc_bench_open(b, err);
    if (st == LM_OK) {
        st = lc_bench_walkthrough(&b->walkthrough, err);
    }
    if (st == LM_OK) {
        st = lc_bench_color(&b->color, err);
    }
    if (st != LM_OK) {
        return st;
    }
    lc_bench_rows_add(b, n_threads);
    lc_bench_augment_add(b);
    lc_bench_nets_add(b, n_threads);
    lc_bench_layers_add(b, n_threads);
    return o->only != NULL ? keep_only(b, o->only, err) : LM_OK;
}

static LmStatus run_rows(LcBench *b, const Options *o, LmError *err)
{
    LmStatus st = measure(b, (int)o->repeats, err);
    if (st != LM_OK) {
        return st;
    }
    print_table(b, (int)o->repeats);
    return o->json != NULL ? write_json(b, o->json, (int)o->repeats, err) : LM_OK;
}

int lc_bench(int argc, char **argv)
{
    static LcBench b; /* rows and their figures: too large for a stack */
    Options o;
    LmError err;
    int code = parse(argc, argv, &o);
    if (code != LC_OK) {
        return code;
    }
    LmStatus st = set_up(&b, &o, &err);
    if (st == LM_OK) {
        st = o.curves != NULL ? lc_bench_curves(o.curves, o.images_max, o.is_quick, &err)
                              : run_rows(&b, &o, &err);
    }
    lc_bench_close(&b);
    if (st != LM_OK) {
        fprintf(stderr, "luma: bench: %s\n", err.msg);
        return lm_status_exit_code(st);
    }
    return LC_OK;
}
