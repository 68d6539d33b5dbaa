/* Rows of the benchmark that need no network: anchors, statistics, scaled batches, starts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/threads.h"
#include "cli/bench.h"
#include "kernel/gemm.h"

const char *const lc_bench_peak = "multiply-add peak, 1 core";
const char *const lc_bench_peak_all = "multiply-add peak, all cores";
const char *const lc_bench_copy = "memory copy, 1 core";

/* --- anchors --- */

static void run_peak_task(void *ctx, int64_t task, int thread)
{
    (void)thread;
    double *flops = ctx;
    flops[task] = lm_kernels()->gemm->peak(5000000);
}

static LmStatus run_peak(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    (void)b;
    (void)err;
    double flops[LM_THREADS_MAX];
    double sum = 0;
    double start = lm_clock_seconds();
    lm_threads_for(row->threads, run_peak_task, flops);
    double seconds = lm_clock_seconds() - start;
    for (int i = 0; i < row->threads; i++) {
        sum += flops[i];
    }
    *figure = sum / seconds / 1e9;
    return LM_OK;
}

static LmStatus run_copy(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    (void)b;
    (void)row;
    enum { BYTES = 64 << 20 };
    char *from = NULL;
    char *to = NULL;
    LmStatus st = lm_mem_zeros(&from, BYTES, 1, err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&to, BYTES, 1, err);
    }
    if (st == LM_OK) {
        memset(from, 1, BYTES); /* untouched pages would all be the one page of zeros */
        memcpy(to, from, BYTES);
        double start = lm_clock_seconds();
        memcpy(to, from, BYTES);
        *figure = BYTES / (lm_clock_seconds() - start) / 1e9;
    }
    lm_mem_free(from);
    lm_mem_free(to);
    return st;
}

/* --- data --- */

static LmStatus run_stats(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    LmMoments *m = NULL;
    LmStatus st = lm_moments_new(&m, (LmAxis)row->kind, err);
    double start = lm_clock_seconds();
    if (st == LM_OK) {
        lm_moments_skip_histogram(m);
        st = lm_dataset_stats(b->train, m, err);
    }
    double bytes = (double)(b->train->count * lm_dataset_item_count(b->train));
    *figure = bytes / (lm_clock_seconds() - start) / 1e9;
    lm_moments_free(m);
    return st;
}

LmStatus lc_bench_flow_run(LmFlow *f, double *seconds, LmError *err)
{
    double start = lm_clock_seconds();
    LmStatus st = lm_flow_seek(f, lm_flow_epoch(f) + 1, err);
    int64_t n = lm_flow_n_batches(f);
    for (int64_t i = 0; i < n && st == LM_OK; i++) {
        LmBatch batch;
        st = lm_flow_next(f, &batch, err);
        if (st == LM_OK) {
            lm_batch_fini(&batch);
        }
    }
    *seconds = lm_clock_seconds() - start;
    return st;
}

static LmStatus run_flow(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    LmFlow *f = NULL;
    double seconds = 0;
    LmStatus st = lc_bench_flow(b, (LcBenchFlow)row->kind, &f, err);
    if (st == LM_OK) {
        st = lc_bench_flow_run(f, &seconds, err);
    }
    if (st == LM_OK) {
        *figure = (double)lm_flow_n_samples(f) / seconds / 1e6;
    }
    return st;
}

static LmStatus run_whitening(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    (void)row;
    LmGenerator *g = NULL;
    LmStatus st = lc_bench_whitener(&g, err);
    double start = lm_clock_seconds();
    if (st == LM_OK) {
        st = lm_generator_fit(g, b->train, err);
    }
    *figure = lm_clock_seconds() - start;
    lm_generator_unref(g);
    return st;
}

/* --- starts --- */

/* Runs this program with `argv`, `script` as its standard input; waits for its end. `usage` may be
 * NULL. */
static LmStatus run_self(char *const argv[], const char *script, struct rusage *usage, LmError *err)
{
    extern char **environ;
    posix_spawn_file_actions_t files;
    pid_t pid;
    int status = 0;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return lm_fail(err, LM_EIO, "no pipe to be had for starting the program");
    }
    /* A script fits into a pipe's buffer, which is at least a page. */
    ssize_t n_written = write(ends[1], script, strlen(script));
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawn(&pid, "/proc/self/exe", &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    close(ends[0]);
    close(ends[1]);
    if (failed != 0 || wait4(pid, &status, 0, usage) != pid || status != 0 || n_written < 0) {
        return lm_fail(err, LM_EIO, "the program cannot start itself");
    }
    return LM_OK;
}

static LmStatus run_start(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    (void)b;
    char *version[] = {(char[]){"luma"}, (char[]){"--version"}, NULL};
    char *run[] = {(char[]){"luma"}, (char[]){"run"}, (char[]){"-"}, NULL};
    const char *first_batch =
        "local train = luma.dataset.open('mnist')\n"
        "luma.generator{ luma.rescale(1/255) }:flow(train, { batch = 64 }):next()\n";
    double start = lm_clock_seconds();
    LmStatus st =
        row->kind == 0 ? run_self(version, "", NULL, err) : run_self(run, first_batch, NULL, err);
    *figure = (lm_clock_seconds() - start) * 1e3;
    return st;
}

/* What pipelines/01_normalize.lua does, in a process of its own. */
static LmStatus run_memory(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    (void)row;
    char *argv[] = {(char[]){"luma"}, (char[]){"run"}, (char[]){"-"}, NULL};
    char script[1024];
    struct rusage usage;
    snprintf(script, sizeof script,
             "local nn = luma.nn\n"
             "local train, test = luma.dataset.open('mnist', { train = %d })\n"
             "local scale = luma.generator{ luma.rescale(1/255) }\n"
             "local model = luma.model{ input = train.shape,\n"
             "    nn.conv{ 32, kernel = 3, act = 'relu' }, nn.maxpool{ 2 },\n"
             "    nn.conv{ 64, kernel = 3, act = 'relu' }, nn.maxpool{ 2 },\n"
             "    nn.flatten{}, nn.dense{ 64, act = 'relu' }, nn.dense{ 10, act = 'softmax' } }\n"
             "for _ in model:steps{ scale:flow(train), epochs = 1 } do end\n"
             "model:evaluate(scale:flow(test))\n",
             (int)b->train->count);
    LmStatus st = run_self(argv, script, &usage, err);
    *figure = (double)usage.ru_maxrss * 1024 / 1e6;
    return st;
}

/* --- the list --- */

static LcBenchRow *add(LcBench *b, const char *name, const char *unit, int kind,
                       LmStatus (*run)(LcBench *, const LcBenchRow *, double *, LmError *))
{
    LcBenchRow *row = lc_bench_row(b, "%s", name);
    row->unit = unit;
    row->kind = kind;
    row->run = run;
    row->threads = 1;
    return row;
}

static void add_stats(LcBench *b, const char *name, LmAxis axis)
{
    LcBenchRow *row = add(b, name, "GB/s", axis, run_stats);
    row->anchor = lc_bench_copy;
    row->anchor_units = 1;
}

/* A copy reads a byte and writes one; an image is read as bytes and written as floats. */
static void add_flow(LcBench *b, const char *name, LcBenchFlow which)
{
    LcBenchRow *row = add(b, name, "M images/s", (int)which, run_flow);
    row->anchor = lc_bench_copy;
    row->anchor_units =
        1e6 * (double)lm_dataset_item_count(b->train) * (1 + sizeof(float)) / 2 / 1e9;
}

/* Two operations for each number of the matrix. */
static void add_whitening(LcBench *b)
{
    double item = (double)lm_dataset_item_count(b->train);
    LcBenchRow *row = add(b, "batches whitened", "M images/s", LC_BENCH_WHITENED, run_flow);
    row->anchor = lc_bench_peak;
    row->anchor_units = 1e6 * 2 * item * item / 1e9;
    add(b, "whitening, fit", "s", 0, run_whitening);
}

void lc_bench_rows_add(LcBench *b, int n_threads)
{
    add(b, lc_bench_peak, "GF/s", 0, run_peak);
    add(b, lc_bench_peak_all, "GF/s", 0, run_peak)->threads = n_threads;
    add(b, lc_bench_copy, "GB/s", 0, run_copy);
    add_stats(b, "statistics, all pixels", LM_AXIS_ALL);
    add_stats(b, "statistics by channel", LM_AXIS_CHANNEL);
    add_stats(b, "statistics by pixel", LM_AXIS_PIXEL);
    add_flow(b, "batches rescaled", LC_BENCH_RESCALED);
    add_flow(b, "batches standardized", LC_BENCH_STANDARDIZED);
    add_flow(b, "batches standardized by sample", LC_BENCH_SAMPLEWISE);
    add_whitening(b);
    add(b, "start of the program", "ms", 0, run_start);
    if (b->is_mnist) {
        add(b, "start to the first batch of MNIST", "ms", 1, run_start);
        add(b, "peak memory, an epoch of MNIST", "MB", 0, run_memory)->threads = n_threads;
    }
}
