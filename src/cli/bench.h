/* What the files of `luma bench` share: a row is one thing measured, a bench the data it runs on.
 *
 * A row's `run` measures once and gives a figure; bench.c calls all rows in turn, several times, so
 * that a disturbed minute spoils one figure of every row instead of all figures of one. Data and
 * networks are made when the first row asks for them: rows left out cost nothing.
 */
#ifndef LC_BENCH_H
#define LC_BENCH_H

#include "nn/train.h"

enum { LC_BENCH_REPEATS = 99, LC_BENCH_ROWS = 64, LC_BENCH_BATCH = 64 };

typedef struct LcBench LcBench;
typedef struct LcBenchRow LcBenchRow;

struct LcBenchRow {
    char name[64];
    const char *unit; /* "s", "ms", "x" and "MB" are better small, all others better large */
    int threads;
    /* The row whose best figure is 100 %, or NULL, and how many of its units (for a time: of its
     * units times seconds) one of this row's stands for. */
    const char *anchor;
    double anchor_units;
    LmStatus (*run)(LcBench *b, const LcBenchRow *row, double *figure, LmError *err);
    int kind; /* tells rows with one `run` apart */
    double figures[LC_BENCH_REPEATS];
};

typedef enum LcBenchFlow {
    LC_BENCH_RESCALED,
    LC_BENCH_STANDARDIZED,
    LC_BENCH_SAMPLEWISE,
    LC_BENCH_WHITENED,
    LC_BENCH_AUGMENTED,  /* rotated, shifted, zoomed, rescaled */
    LC_BENCH_BEFOREHAND, /* the rescaled pixels, held as f32 */
    LC_BENCH_TEST,
    LC_BENCH_COLOR,
    LC_BENCH_FLOWS
} LcBenchFlow;

struct LcBench {
    bool is_quick;
    bool is_mnist; /* found; else digits are drawn */
    LmDataset *train, *test;
    LmFlow *flows[LC_BENCH_FLOWS];
    LmModel *walkthrough, *color;
    int n_rows;
    LcBenchRow rows[LC_BENCH_ROWS];
};

/* A row at the end of the list, zeroed but for its name. */
LcBenchRow *lc_bench_row(LcBench *b, const char *fmt, ...) LM_PRINTF(2, 3);
LcBenchRow *lc_bench_row_find(LcBench *b, const char *name);

/* --- bench_data.c: data sets, flows --- */
LmStatus lc_bench_open(LcBench *b, LmError *err) LM_MUST_CHECK;
void lc_bench_close(LcBench *b);
LmStatus lc_bench_whitener(LmGenerator **out, LmError *err) LM_MUST_CHECK;
/* Borrowed; made when asked for first. */
LmStatus lc_bench_flow(LcBench *b, LcBenchFlow which, LmFlow **out, LmError *err) LM_MUST_CHECK;

/* --- rows --- */
extern const char *const lc_bench_peak;     /* names of the anchors: multiply-adds on one core, */
extern const char *const lc_bench_peak_all; /* on all of them, and copying memory */
extern const char *const lc_bench_copy;
void lc_bench_rows_add(LcBench *b, int n_threads);   /* anchors, statistics, batches, starts */
void lc_bench_augment_add(LcBench *b);               /* warps, flips, changing flows */
void lc_bench_nets_add(LcBench *b, int n_threads);   /* training and evaluation */
void lc_bench_layers_add(LcBench *b, int n_threads); /* single convolutions */

/* One epoch of a flow's batches, in seconds. */
LmStatus lc_bench_flow_run(LmFlow *f, double *seconds, LmError *err) LM_MUST_CHECK;

/* --- bench_nets.c --- */
LmStatus lc_bench_walkthrough(LmModel **out, LmError *err) LM_MUST_CHECK;
LmStatus lc_bench_color(LmModel **out, LmError *err) LM_MUST_CHECK;
/* Up to n_steps steps of training, from new weights: seconds a sample. */
LmStatus lc_bench_train(LmModel *m, LmFlow *f, int64_t n_steps, double *seconds,
                        LmError *err) LM_MUST_CHECK;
/* Multiply-adds of a sample: forward, and with both gradients (the first layer's input needs none).
 */
double lc_bench_macs(const LmModel *m, bool is_training);

/* --- bench_layers.c --- */
/* size x size x in -> `out` channels; `has_front`: there is a layer with weights before it, so that
 * the input's gradient is wanted. */
typedef struct LcBenchConv {
    int64_t size, in, out, kernel, stride;
    bool is_same;
} LcBenchConv;

typedef struct LcBenchPasses {
    double forward, data_gradient, weight_gradient; /* seconds a batch, the fastest of some */
} LcBenchPasses;

/* Of batches that together take about `seconds`. */
LmStatus lc_bench_conv_time(const LcBenchConv *c, bool has_front, int64_t batch, double seconds,
                            LcBenchPasses *out, LmError *err) LM_MUST_CHECK;
double lc_bench_conv_macs(const LcBenchConv *c); /* of a sample, one pass */

/* --- bench_curves.c --- */
/* How cost grows with images (up to images_max), batch, channels and threads, written to `path` as
 * JSON. */
LmStatus lc_bench_curves(const char *path, int64_t images_max, bool is_quick,
                         LmError *err) LM_MUST_CHECK;

/* Sorts in place; the mean of the middle two where n is even. */
double lc_bench_median(double *figures, int n);
/* "round 1 of 5: name" on a terminal; NULL clears the line. */
void lc_bench_progress(int round, int n_rounds, const char *name);

#endif
