/* `luma bench`: how fast this machine runs what luma does.
 *
 * Machines are noisy, so every row is measured several times, all rows in turn, and the table gives
 * the best, the median and the spread. Rows that compute or stream are also given as a share of an
 * anchor measured in the same run: the multiply-add peak of the cores used, or a plain memory copy.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "data/sources.h"
#include "flow/flow.h"
#include "io/file.h"
#include "kernel/gemm.h"
#include "nn/train.h"

enum { REPEATS_MAX = 99, BATCH = 64 };

typedef struct Bench {
    LmDataset *train;
    LmDataset *test;
    LmFlow *rescaled;
    LmFlow *standardized;
    LmFlow *samplewise;
    LmFlow *test_flow;
    LmModel *model;
} Bench;

typedef struct Row {
    const char *name;
    const char *unit;
    /* Row whose figure is 100 %, or NULL; how many of this row's unit are one of the anchor's (0:
     * the anchor is named only). Larger is better but for units of time. */
    const char *anchor;
    double anchor_units;
    LmStatus (*run)(Bench *b, double *figure, LmError *err);
    double figures[REPEATS_MAX];
} Row;

/* --- rows: each runs once and gives its figure --- */

static LmStatus run_peak(Bench *b, double *figure, LmError *err)
{
    (void)b;
    (void)err;
    double start = lm_clock_seconds();
    double flops = lm_kernels()->gemm->peak(5000000);
    *figure = flops / (lm_clock_seconds() - start) / 1e9;
    return LM_OK;
}

static LmStatus run_copy(Bench *b, double *figure, LmError *err)
{
    (void)b;
    enum { BYTES = 64 << 20 };
    char *from = NULL;
    char *to = NULL;
    LmStatus st = lm_mem_zeros(&from, BYTES, 1, err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&to, BYTES, 1, err);
    }
    if (st == LM_OK) {
        memcpy(to, from, BYTES);
        double start = lm_clock_seconds();
        memcpy(to, from, BYTES);
        *figure = BYTES / (lm_clock_seconds() - start) / 1e9;
    }
    lm_mem_free(from);
    lm_mem_free(to);
    return st;
}

static LmStatus run_stats(Bench *b, LmAxis axis, double *figure, LmError *err)
{
    LmMoments *m = NULL;
    int threads = lm_threads();
    lm_threads_set(1);
    LmStatus st = lm_moments_new(&m, axis, err);
    double start = lm_clock_seconds();
    if (st == LM_OK) {
        st = lm_dataset_stats(b->train, m, err);
    }
    double bytes = (double)(b->train->count * lm_dataset_item_count(b->train));
    *figure = bytes / (lm_clock_seconds() - start) / 1e9;
    lm_moments_free(m);
    lm_threads_set(threads);
    return st;
}

static LmStatus run_stats_all(Bench *b, double *figure, LmError *err)
{
    return run_stats(b, LM_AXIS_ALL, figure, err);
}

static LmStatus run_stats_channel(Bench *b, double *figure, LmError *err)
{
    return run_stats(b, LM_AXIS_CHANNEL, figure, err);
}

static LmStatus run_stats_pixel(Bench *b, double *figure, LmError *err)
{
    return run_stats(b, LM_AXIS_PIXEL, figure, err);
}

static LmStatus run_flow(LmFlow *f, double *figure, LmError *err)
{
    LmStatus st = lm_flow_seek(f, lm_flow_epoch(f) + 1, err);
    int64_t n = lm_flow_n_batches(f);
    double start = lm_clock_seconds();
    for (int64_t i = 0; i < n && st == LM_OK; i++) {
        LmBatch batch;
        st = lm_flow_next(f, &batch, err);
        if (st == LM_OK) {
            lm_batch_fini(&batch);
        }
    }
    *figure = (double)lm_flow_n_samples(f) / (lm_clock_seconds() - start) / 1e6;
    return st;
}

static LmStatus run_rescale(Bench *b, double *figure, LmError *err)
{
    return run_flow(b->rescaled, figure, err);
}

static LmStatus run_standardize(Bench *b, double *figure, LmError *err)
{
    return run_flow(b->standardized, figure, err);
}

static LmStatus run_samplewise(Bench *b, double *figure, LmError *err)
{
    return run_flow(b->samplewise, figure, err);
}

/* An epoch, given as if it had 60,000 images. */
static LmStatus run_train(Bench *b, double *figure, LmError *err)
{
    LmTrainer *t = NULL;
    LmMetrics m;
    LmTrainOptions o = {b->rescaled, lm_optim_default(LM_OPTIM_ADAM), LM_LOSS_CROSS_ENTROPY};
    LmStatus st = lm_trainer_new(&t, b->model, &o, err);
    if (st == LM_OK) {
        st = lm_trainer_epoch_run(t, &m, NULL, NULL, err);
    }
    if (st == LM_OK) {
        *figure = m.seconds * 60000 / (double)m.count;
    }
    lm_trainer_free(t);
    return st;
}

static LmStatus run_evaluate(Bench *b, double *figure, LmError *err)
{
    LmMetrics m;
    LmStatus st = lm_evaluate(b->model, b->test_flow, LM_LOSS_CROSS_ENTROPY, &m, NULL, err);
    if (st == LM_OK) {
        *figure = m.seconds * 10000 / (double)m.count;
    }
    return st;
}

static LmStatus run_start(Bench *b, double *figure, LmError *err)
{
    (void)b;
    extern char **environ;
    char *argv[] = {(char[]){"luma"}, (char[]){"--version"}, NULL};
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    int status = 0;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    double start = lm_clock_seconds();
    int failed = posix_spawn(&pid, "/proc/self/exe", &quiet, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    if (failed != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        return lm_fail(err, LM_EIO, "the program cannot start itself");
    }
    *figure = (lm_clock_seconds() - start) * 1e3;
    return LM_OK;
}

/* Operations that the walkthrough's network needs for an image when nothing is left out: forward
 * 2.528 M multiply-adds, and about twice that for gradients (none for the first layer's input). */
static const double gflop_epoch = 60000 * 2 * (2.528 + 2.528 + 2.333) / 1e3;
static const double gflop_evaluate = 10000 * 2 * 2.528 / 1e3;

static Row rows[] = {
    {.name = "multiply-add peak, 1 core", .unit = "GF/s", .run = run_peak},
    {.name = "memory copy, 1 core", .unit = "GB/s", .run = run_copy},
    {.name = "statistics, all pixels",
     .unit = "GB/s",
     .anchor = "memory copy, 1 core",
     .anchor_units = 1,
     .run = run_stats_all},
    {.name = "statistics by channel",
     .unit = "GB/s",
     .anchor = "memory copy, 1 core",
     .anchor_units = 1,
     .run = run_stats_channel},
    {.name = "statistics by pixel",
     .unit = "GB/s",
     .anchor = "memory copy, 1 core",
     .anchor_units = 1,
     .run = run_stats_pixel},
    {.name = "batches rescaled", .unit = "M images/s", .run = run_rescale},
    {.name = "batches standardized", .unit = "M images/s", .run = run_standardize},
    {.name = "batches standardized by sample", .unit = "M images/s", .run = run_samplewise},
    {.name = "training, 60,000 images",
     .unit = "s",
     .anchor = "multiply-add peak, 1 core",
     .anchor_units = gflop_epoch,
     .run = run_train},
    {.name = "evaluation, 10,000 images",
     .unit = "s",
     .anchor = "multiply-add peak, 1 core",
     .anchor_units = gflop_evaluate,
     .run = run_evaluate},
    {.name = "start of the program", .unit = "ms", .run = run_start},
};
enum { N_ROWS = LM_ARRAY_LEN(rows) };

/* --- setting up --- */

static LmStatus make_flow(LmFlow **out, LmDataset *ds, LmStage stage, bool is_shuffled,
                          LmError *err)
{
    LmGenerator *g = NULL;
    LmFlowOptions o = {.batch = BATCH, .is_shuffled = is_shuffled};
    LmStatus st = lm_generator_new(&g, &stage, 1, err);
    if (st == LM_OK) {
        st = lm_generator_fit(g, ds, err);
    }
    if (st == LM_OK) {
        st = lm_flow_new(out, g, ds, &o, err);
    }
    lm_generator_unref(g);
    return st;
}

static LmStatus make_model(LmModel **out, LmError *err)
{
    const LmLayerSpec layers[] = {
        {.kind = LM_LAYER_CONV, .units = 32, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
        {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
        {.kind = LM_LAYER_CONV, .units = 64, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
        {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
        {.kind = LM_LAYER_FLATTEN},
        {.kind = LM_LAYER_DENSE, .units = 64, .act = LM_ACT_RELU},
        {.kind = LM_LAYER_DENSE, .units = 10, .act = LM_ACT_SOFTMAX},
    };
    return lm_model_new(out, 28, 28, 1, layers, LM_ARRAY_LEN(layers), 0, err);
}

/* MNIST where it is, else drawn digits of the same size; --quick takes a tenth. */
static LmStatus open_data(Bench *b, bool is_quick, LmError *err)
{
    int64_t n_train = is_quick ? 6000 : 60000;
    int64_t n_test = is_quick ? 2000 : 10000;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    LmError not_found;
    LmStatus st = lm_mnist_open(&train, &test, "mnist", NULL, NULL, &not_found);
    if (st != LM_OK) {
        LmDigitsOptions o = {.n_train = n_train, .n_test = n_test};
        st = lm_digits_new(&train, &test, &o, err);
    }
    if (st == LM_OK) {
        st = lm_view_range(&b->train, train, 0, LM_MIN(n_train, train->count), err);
    }
    if (st == LM_OK) {
        st = lm_view_range(&b->test, test, 0, LM_MIN(n_test, test->count), err);
    }
    lm_dataset_unref(train);
    lm_dataset_unref(test);
    return st;
}

static LmStatus set_up(Bench *b, bool is_quick, LmError *err)
{
    LmStage std = lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, 1e-6);
    LmStage each = lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1e-6);
    LmStage rescale = lm_stage_rescale(1.0 / 255);
    LmStatus st = open_data(b, is_quick, err);
    if (st == LM_OK) {
        st = make_flow(&b->rescaled, b->train, rescale, true, err);
    }
    if (st == LM_OK) {
        st = make_flow(&b->standardized, b->train, std, true, err);
    }
    if (st == LM_OK) {
        st = make_flow(&b->samplewise, b->train, each, true, err);
    }
    if (st == LM_OK) {
        st = make_flow(&b->test_flow, b->test, rescale, false, err);
    }
    return st == LM_OK ? make_model(&b->model, err) : st;
}

static void tear_down(Bench *b)
{
    lm_flow_unref(b->rescaled);
    lm_flow_unref(b->standardized);
    lm_flow_unref(b->samplewise);
    lm_flow_unref(b->test_flow);
    lm_dataset_unref(b->train);
    lm_dataset_unref(b->test);
    lm_model_unref(b->model);
}

/* --- the table --- */

static int compare(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

static bool is_time(const Row *row)
{
    return strcmp(row->unit, "s") == 0 || strcmp(row->unit, "ms") == 0;
}

typedef struct Summary {
    double best, median, spread; /* spread: (largest - smallest) / median */
    double share;                /* of the anchor's best; 0: no anchor */
} Summary;

static Summary summarize(const Row *row, int n);

static const Row *find_row(const char *name)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    LM_ASSERT(!"an anchor is the name of a row");
    return NULL;
}

static Summary summarize(const Row *row, int n)
{
    double sorted[REPEATS_MAX];
    memcpy(sorted, row->figures, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    Summary s = {.best = is_time(row) ? sorted[0] : sorted[n - 1],
                 .median = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2};
    s.spread = (sorted[n - 1] - sorted[0]) / s.median;
    if (row->anchor != NULL) {
        double anchor = summarize(find_row(row->anchor), n).best;
        s.share = is_time(row) ? row->anchor_units / s.best / (anchor * lm_threads())
                               : s.best * row->anchor_units / anchor;
    }
    return s;
}

static void print_table(int n, const Bench *b)
{
    char text[128];
    printf("%s, %s kernels, %d thread%s, %s\n", lm_cpu_name(), lm_kernels()->name, lm_threads(),
           lm_threads() == 1 ? "" : "s", lm_dataset_describe(b->train, text, sizeof text));
    printf("%-32s %10s %10s %-11s %7s  %s\n", "", "best", "median", "", "spread", "of anchor");
    for (size_t i = 0; i < N_ROWS; i++) {
        Summary s = summarize(&rows[i], n);
        printf("%-32s %10.3f %10.3f %-11s %6.0f%%", rows[i].name, s.best, s.median, rows[i].unit,
               s.spread * 100);
        if (rows[i].anchor != NULL) {
            printf("  %.0f%%", s.share * 100);
        }
        printf("\n");
    }
}

static json_t *row_to_json(const Row *row, int n)
{
    Summary s = summarize(row, n);
    json_t *j = json_pack("{s:s, s:s, s:f, s:f, s:f}", "name", row->name, "unit", row->unit, "best",
                          s.best, "median", s.median, "spread", s.spread);
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

static LmStatus write_json(const char *path, int n, const Bench *b, LmError *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < N_ROWS; i++) {
        json_array_append_new(list, row_to_json(&rows[i], n));
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

static LmStatus measure(Bench *b, int n, LmError *err)
{
    LmStatus st = LM_OK;
    for (int k = -1; k < n && st == LM_OK; k++) {
        /* Round -1 warms caches and pages up; the slot it fills is written again. */
        for (size_t i = 0; i < N_ROWS && st == LM_OK; i++) {
            if (isatty(STDERR_FILENO)) {
                fprintf(stderr, "\r\033[Kround %d of %d: %s", k + 1, n, rows[i].name);
            }
            st = rows[i].run(b, &rows[i].figures[LM_MAX(k, 0)], err);
        }
    }
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
    return st;
}

typedef struct Options {
    bool is_quick;
    int repeats;
    const char *json;
} Options;

static int parse(int argc, char **argv, Options *o)
{
    *o = (Options){.repeats = 5};
    for (int i = 0; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--quick") == 0) {
            o->is_quick = true;
        } else if (strcmp(argv[i], "--json") == 0 && has_value) {
            o->json = argv[++i];
        } else if (strcmp(argv[i], "--repeat") == 0 && has_value) {
            o->repeats = atoi(argv[++i]);
        } else {
            return lc_usage_error("bench: unknown option or missing value: '%s'", argv[i]);
        }
    }
    if (o->repeats < 1 || o->repeats > REPEATS_MAX) {
        return lc_usage_error("bench: --repeat must be in 1..%d", REPEATS_MAX);
    }
    return LC_OK;
}

int lc_bench(int argc, char **argv)
{
    Options o;
    Bench b = {0};
    LmError err;
    int code = parse(argc, argv, &o);
    if (code != LC_OK) {
        return code;
    }
    LmStatus st = set_up(&b, o.is_quick, &err);
    if (st == LM_OK) {
        st = measure(&b, o.repeats, &err);
    }
    if (st == LM_OK) {
        print_table(o.repeats, &b);
    }
    if (st == LM_OK && o.json != NULL) {
        st = write_json(o.json, o.repeats, &b, &err);
    }
    tear_down(&b);
    if (st != LM_OK) {
        fprintf(stderr, "luma: bench: %s\n", err.msg);
        return lm_status_exit_code(st);
    }
    return LC_OK;
}
