/* How cost grows: with the number of images, the batch, the channels of a layer, and the threads.
 *
 * Points of all curves are measured in turn, several rounds of them, and the best figure counts.
 * Every figure is microseconds an image, so a flat line is cost in proportion to the images.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/str.h"
#include "base/threads.h"
#include "cli/bench.h"
#include "data/sources.h"
#include "io/file.h"
#include "kernel/kernel.h"

enum { POINTS_MAX = 96, ROUNDS = 4 };

typedef struct Point Point;
struct Point {
    const char *curve, *series;
    int64_t x;
    int threads;
    int64_t n_images; /* to train on */
    /* Microseconds an image; the data are the first ones of `digits`. */
    LmStatus (*run)(LmDataset *digits, const Point *p, double *us, LmError *err);
    double best;
};

typedef struct Curves {
    LmDataset *digits; /* the most images asked for */
    int n_points;
    Point points[POINTS_MAX];
} Curves;

static LmStatus rescaled(LmDataset *digits, int64_t n_images, int64_t batch, LmFlow **out,
                         LmError *err)
{
    LmStage stage = lm_stage_rescale(1.0 / 255);
    LmFlowOptions o = {.batch = batch, .is_shuffled = true};
    LmDataset *view = NULL;
    LmGenerator *g = NULL;
    LmStatus st = lm_view_range(&view, digits, 0, n_images, err);
    if (st == LM_OK) {
        st = lm_generator_new(&g, &stage, 1, err);
    }
    if (st == LM_OK) {
        st = lm_flow_new(out, g, view, &o, err);
    }
    lm_generator_unref(g);
    lm_dataset_unref(view);
    return st;
}

static LmStatus run_stats(LmDataset *digits, const Point *p, double *us, LmError *err)
{
    LmDataset *view = NULL;
    LmMoments *m = NULL;
    double seconds = 0;
    LmStatus st = lm_view_range(&view, digits, 0, p->x, err);
    if (st == LM_OK) {
        st = lm_moments_new(&m, LM_AXIS_ALL, err);
    }
    if (st == LM_OK) {
        double start = lm_clock_seconds();
        st = lm_dataset_stats(view, m, err);
        seconds = lm_clock_seconds() - start;
    }
    *us = seconds * 1e6 / (double)p->x;
    lm_moments_free(m);
    lm_dataset_unref(view);
    return st;
}

static LmStatus run_flow(LmDataset *digits, const Point *p, double *us, LmError *err)
{
    LmFlow *f = NULL;
    double seconds = 0;
    LmStatus st = rescaled(digits, p->x, LC_BENCH_BATCH, &f, err);
    if (st == LM_OK) {
        st = lc_bench_flow_run(f, &seconds, err);
    }
    *us = seconds * 1e6 / (double)p->x;
    lm_flow_unref(f);
    return st;
}

static LmStatus train(LmDataset *digits, int64_t batch, int64_t n_images, double *us, LmError *err)
{
    LmFlow *f = NULL;
    LmModel *m = NULL;
    double seconds = 0;
    LmStatus st = rescaled(digits, n_images, batch, &f, err);
    if (st == LM_OK) {
        st = lc_bench_walkthrough(&m, err);
    }
    if (st == LM_OK) {
        st = lc_bench_train(m, f, INT64_MAX, &seconds, err);
    }
    *us = seconds * 1e6;
    lm_model_unref(m);
    lm_flow_unref(f);
    return st;
}

static LmStatus run_batch(LmDataset *digits, const Point *p, double *us, LmError *err)
{
    return train(digits, p->x, p->n_images, us, err);
}

static LmStatus run_threads(LmDataset *digits, const Point *p, double *us, LmError *err)
{
    return train(digits, LC_BENCH_BATCH, p->n_images, us, err);
}

static LmStatus run_channels(LmDataset *digits, const Point *p, double *us, LmError *err)
{
    (void)digits;
    const LcBenchConv conv = {16, p->x, p->x, 3, 1, true};
    LcBenchPasses passes;
    LmStatus st = lc_bench_conv_time(&conv, true, LC_BENCH_BATCH, 0.1, &passes, err);
    if (st == LM_OK) {
        double sum = passes.forward + passes.data_gradient + passes.weight_gradient;
        *us = sum * 1e6 / LC_BENCH_BATCH;
    }
    return st;
}

static Point *add(Curves *c, const char *curve, const char *series, int64_t x, int threads,
                  LmStatus (*run)(LmDataset *, const Point *, double *, LmError *))
{
    LM_ASSERT(c->n_points < POINTS_MAX);
    Point *p = &c->points[c->n_points++];
    *p = (Point){.curve = curve, .series = series, .x = x, .threads = threads, .run = run};
    return p;
}

/* Every batch of a point is trained on twice or more: the first step makes tables and touches
 * memory for the first time. Small batches get fewer images, as each step updates all weights. */
static void add_points(Curves *c, int64_t images_max, int n_threads, bool is_quick)
{
    const char *const series[2] = {"1 thread", "all threads"};
    const int64_t batch_max = is_quick ? 64 : 4096;
    const int64_t channels_max = is_quick ? 32 : 256;
    for (int64_t x = 10000; x <= images_max; x *= 10) {
        for (int64_t k = 1; k <= 3 && k * x <= images_max; k += 2) {
            add(c, "images", "statistics", k * x, 1, run_stats);
            add(c, "images", "batches rescaled", k * x, 1, run_flow);
        }
    }
    for (int i = 0; i < (n_threads > 1 ? 2 : 1); i++) {
        int threads = i == 0 ? 1 : n_threads;
        for (int64_t x = 1; x <= batch_max; x *= 2) {
            Point *p = add(c, "batch", series[i], x, threads, run_batch);
            p->n_images = LM_MIN(256 * x, 2 * batch_max);
        }
        for (int64_t x = 8; x <= channels_max; x *= 2) {
            add(c, "channels", series[i], x, threads, run_channels);
        }
    }
    for (int x = 1; x <= LM_MIN(n_threads, 16); x++) {
        add(c, "threads", "training", x, x, run_threads)->n_images = 2 * batch_max;
    }
}

static LmStatus measure(Curves *c, int n_rounds, LmError *err)
{
    int n_threads = lm_threads();
    LmStatus st = LM_OK;
    for (int k = 0; k < n_rounds && st == LM_OK; k++) {
        for (int i = 0; i < c->n_points && st == LM_OK; i++) {
            Point *p = &c->points[i];
            double us = 0;
            lc_bench_progress(k + 1, n_rounds, p->curve);
            lm_threads_set(p->threads);
            st = p->run(c->digits, p, &us, err);
            p->best = k == 0 ? us : LM_MIN(p->best, us);
        }
    }
    lm_threads_set(n_threads);
    lc_bench_progress(0, n_rounds, NULL);
    return st;
}

static LmStatus write_points(const Curves *c, const char *path, LmError *err)
{
    json_t *list = json_array();
    for (int i = 0; i < c->n_points; i++) {
        const Point *p = &c->points[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:i, s:f}", "curve", p->curve,
                                              "series", p->series, "x", (json_int_t)p->x, "threads",
                                              p->threads, "us", p->best));
        printf("%-10s %-18s %9lld %10.3f us an image\n", p->curve, p->series, (long long)p->x,
               p->best);
    }
    json_t *root = json_pack("{s:s, s:s, s:i, s:o}", "processor", lm_cpu_name(), "isa",
                             lm_kernels()->name, "threads", lm_threads(), "points", list);
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

/* --- memory --- */

/* The number after `key` in a file of the system; INT64_MAX where there is none. */
static int64_t system_number(const char *path, const char *key)
{
    char text[4096] = "";
    long long number = INT64_MAX;
    FILE *f = fopen(path, "r");
    if (f != NULL) {
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        fclose(f);
    }
    const char *at = strstr(text, key);
    if (at == NULL || sscanf(at + strlen(key), "%lld", &number) != 1) {
        number = INT64_MAX;
    }
    return number;
}

/* Bytes that may still be taken without swapping: what the machine has left, and what a container's
 * limit leaves. */
static int64_t free_bytes(void)
{
    int64_t kib = system_number("/proc/meminfo", "MemAvailable:");
    int64_t limit = system_number("/sys/fs/cgroup/memory.max", "");
    int64_t used = system_number("/sys/fs/cgroup/memory.current", "");
    int64_t left = limit == INT64_MAX || used == INT64_MAX ? INT64_MAX : limit - used;
    return LM_MIN(kib == INT64_MAX ? kib : kib * 1024, LM_MAX(left, (int64_t)0));
}

/* Images that fit into nine tenths of that, of those asked for; a shuffled epoch takes two indices
 * an image besides pixels and label. */
static int64_t images_that_fit(int64_t asked)
{
    enum { BYTES_AN_IMAGE = 28 * 28 + 4 + 2 * 8 };
    int64_t room = free_bytes() / 10 * 9;
    if (asked * BYTES_AN_IMAGE <= room) {
        return asked;
    }
    char wanted[32];
    char has[32];
    int64_t n = LM_MAX(room / BYTES_AN_IMAGE, (int64_t)10000);
    lm_str_bytes(wanted, sizeof wanted, (size_t)asked * BYTES_AN_IMAGE);
    lm_str_bytes(has, sizeof has, (size_t)room);
    fprintf(stderr,
            "luma: bench: %lld images take %s of memory, and %s are free: the curve ends before "
            "%lld\n",
            (long long)asked, wanted, has, (long long)n);
    return n;
}

LmStatus lc_bench_curves(const char *path, int64_t images_max, bool is_quick, LmError *err)
{
    static Curves c;
    LmDataset *test = NULL;
    images_max = images_that_fit(images_max);
    LmDigitsOptions o = {.n_train = images_max, .n_test = 1};
    LmStatus st = lm_digits_new(&c.digits, &test, &o, err);
    if (st == LM_OK) {
        add_points(&c, images_max, lm_threads(), is_quick);
        st = measure(&c, is_quick ? 1 : ROUNDS, err);
    }
    if (st == LM_OK) {
        st = write_points(&c, path, err);
    }
    lm_dataset_unref(c.digits);
    lm_dataset_unref(test);
    return st;
}
