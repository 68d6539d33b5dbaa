/* Rows of the benchmark that change images: rotated, shifted and zoomed at random or flipped, from
 * bytes to scaled floats, on one core. tests/bench/opencv_peer.py does the same work. */
#include "augment/transform.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cli/bench.h"

typedef struct Kind {
    const char *name;
    int64_t size, channels, n_images;
    bool is_flip;
} Kind;

/* Sources fill more than a core's caches at 224, as a data set does; a round takes about 50 ms. */
static const Kind kinds[] = {
    {"augment: warp 28x28x1", 28, 1, 20000, false},
    {"augment: warp 224x224x3", 224, 3, 250, false},
    {"augment: flip 224x224x3", 224, 3, 800, true},
};

enum { SOURCES = 64, MAPS = 64 };

static double between(LmRng *rng, double lo, double hi)
{
    return lo + (hi - lo) * lm_rng_double(rng);
}

/* Up to 20 degrees, a tenth of the size, 0.8 to 1.25 times as large. */
static void choose_map(LmWarp *warp, const Kind *kind, LmRng *rng)
{
    LmTransform t = lm_transform();
    double shift = 0.1 * (double)kind->size;
    t.theta_deg = between(rng, -20, 20);
    t.tx = between(rng, -shift, shift);
    t.ty = between(rng, -shift, shift);
    t.zx = between(rng, 0.8, 1.25);
    t.zy = between(rng, 0.8, 1.25);
    *warp = (LmWarp){.fill = LM_FILL_NEAREST, .order = 1, .flip_horizontal = kind->is_flip};
    if (kind->is_flip) {
        t = lm_transform();
    }
    lm_transform_matrix(&t, kind->size, kind->size, warp->m);
}

static LmStatus run_warp(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    const Kind *kind = &kinds[row->kind];
    int64_t item = kind->size * kind->size * kind->channels;
    int64_t n = b->is_quick ? kind->n_images / 10 : kind->n_images;
    LmRng rng = lm_rng(1, LM_RNG_USER, 0, 0);
    LmWarp maps[MAPS];
    uint8_t *src = NULL;
    float *dst = NULL;
    LmStatus st = lm_mem_alloc(&src, (size_t)(SOURCES * item), 1, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&dst, (size_t)item, sizeof *dst, err);
    }
    if (st != LM_OK) {
        goto done;
    }
    for (int64_t i = 0; i < SOURCES * item; i++) {
        src[i] = (uint8_t)(lm_rng_u32(&rng) >> 24);
    }
    for (int i = 0; i < MAPS; i++) {
        choose_map(&maps[i], kind, &rng);
    }
    double start = lm_clock_seconds();
    for (int64_t i = 0; i < n; i++) {
        lm_kernels()->warp->warp_u8(dst, src + i % SOURCES * item, kind->size, kind->size,
                                    kind->channels, &maps[i % MAPS], (LmWarpScale){1.0f / 255, 0});
    }
    *figure = (double)n / (lm_clock_seconds() - start);
done:
    lm_mem_free(src);
    lm_mem_free(dst);
    return st;
}

static LmStatus run_flow(LcBench *b, const LcBenchRow *row, double *figure, LmError *err)
{
    LmFlow *f = NULL;
    double seconds = 0;
    (void)row;
    LmStatus st = lc_bench_flow(b, LC_BENCH_AUGMENTED, &f, err);
    if (st == LM_OK) {
        st = lc_bench_flow_run(f, &seconds, err);
        *figure = (double)lm_flow_n_samples(f) / seconds;
    }
    return st;
}

void lc_bench_augment_add(LcBench *b)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(kinds); i++) {
        LcBenchRow *row = lc_bench_row(b, "%s", kinds[i].name);
        row->unit = "images/s";
        row->kind = (int)i;
        row->threads = 1;
        row->run = run_warp;
    }
    LcBenchRow *row = lc_bench_row(b, "augment: batches, rotated, shifted, zoomed");
    row->unit = "images/s";
    row->threads = 1;
    row->run = run_flow;
}
