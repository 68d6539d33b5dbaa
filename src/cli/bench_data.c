/* The benchmark's data: MNIST where it is, else drawn digits of the same size, and flows of it. */
#include "base/mem.h"
#include "cli/bench.h"
#include "data/sources.h"
#include "flow/flow.h"

LmStatus lc_bench_open(LcBench *b, LmError *err)
{
    int64_t n_train = b->is_quick ? 6000 : 60000;
    int64_t n_test = b->is_quick ? 2000 : 10000;
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    LmError not_found;
    LmStatus st = lm_mnist_open(&train, &test, "mnist", NULL, NULL, &not_found);
    b->is_mnist = st == LM_OK;
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

void lc_bench_close(LcBench *b)
{
    for (int i = 0; i < LC_BENCH_FLOWS; i++) {
        lm_flow_unref(b->flows[i]);
    }
    lm_dataset_unref(b->train);
    lm_dataset_unref(b->test);
    lm_model_unref(b->walkthrough);
    lm_model_unref(b->color);
}

/* Keras' zca_whitening, unfitted. */
LmStatus lc_bench_whitener(LmGenerator **out, LmError *err)
{
    const LmStage stages[] = {lm_stage_rescale(1.0 / 255),
                              lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL),
                              lm_stage_zca(1e-6, LM_AXIS_ALL)};
    return lm_generator_new(out, stages, LM_ARRAY_LEN(stages), err);
}

static LmStatus whitened_flow(LmFlow **out, LmDataset *ds, LmError *err)
{
    LmGenerator *g = NULL;
    LmFlowOptions o = {.batch = LC_BENCH_BATCH, .is_shuffled = true};
    LmStatus st = lc_bench_whitener(&g, err);
    if (st == LM_OK) {
        st = lm_generator_fit(g, ds, err);
    }
    if (st == LM_OK) {
        st = lm_flow_new(out, g, ds, &o, err);
    }
    lm_generator_unref(g);
    return st;
}

static LmStatus scaled_flow(LmFlow **out, LmDataset *ds, LmStage stage, bool is_shuffled,
                            LmError *err)
{
    LmGenerator *g = NULL;
    LmFlowOptions o = {.batch = LC_BENCH_BATCH, .is_shuffled = is_shuffled};
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

/* The ranges of most examples of Keras' generator: 15 degrees, a tenth of the size. */
static LmStatus augmented_flow(LmFlow **out, LmDataset *ds, LmError *err)
{
    LmStage rescale = lm_stage_rescale(1.0 / 255);
    LmAugment list[] = {lm_augment(LM_AUGMENT_ROTATE), lm_augment(LM_AUGMENT_SHIFT),
                        lm_augment(LM_AUGMENT_ZOOM)};
    LmGenerator *plain = NULL;
    LmGenerator *g = NULL;
    LmFlowOptions o = {.batch = LC_BENCH_BATCH, .is_shuffled = true};
    list[0].span[0] = (LmSpan){-15, 15};
    list[1].span[0] = list[1].span[1] = (LmSpan){-0.1, 0.1};
    list[2].span[0] = (LmSpan){0.9, 1.1};
    LmStatus st = lm_generator_new(&plain, &rescale, 1, err);
    if (st == LM_OK) {
        st = lm_generator_augment(&g, plain, list, LM_ARRAY_LEN(list), err);
    }
    if (st == LM_OK) {
        st = lm_flow_new(out, g, ds, &o, err);
    }
    lm_generator_unref(g);
    lm_generator_unref(plain);
    return st;
}

/* Every sample scaled by `f` into one tensor, and the labels into another. */
static LmStatus scale_all(LmFlow *f, LmTensor *x, LmTensor *y, LmError *err)
{
    const LmDataset *ds = lm_flow_dataset(f);
    const int64_t shape[4] = {ds->count, ds->h, ds->w, ds->c};
    char *scratch = NULL;
    LmStatus st = lm_tensor_new(x, LM_F32, 4, shape, err);
    if (st == LM_OK) {
        st = lm_tensor_new(y, LM_I32, 1, shape, err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&scratch, lm_flow_scratch_bytes(f) + 1, 1, err);
    }
    for (int64_t i = 0; i < ds->count && st == LM_OK; i++) {
        float *pixels = (float *)x->data + i * lm_dataset_item_count(ds);
        ((int32_t *)y->data)[i] = ds->labels[i];
        st = lm_flow_fill(f, LM_FLOW_PLAIN, &i, 1, &pixels, scratch, err);
    }
    lm_mem_free(scratch);
    return st;
}

static LmStatus beforehand_flow(LcBench *b, LmFlow **out, LmError *err)
{
    LmFlow *rescaled = NULL;
    LmTensor x = {0};
    LmTensor y = {0};
    LmDataset *ds = NULL;
    LmFlowOptions o = {.batch = LC_BENCH_BATCH, .is_shuffled = true};
    LmStatus st = lc_bench_flow(b, LC_BENCH_RESCALED, &rescaled, err);
    if (st == LM_OK) {
        st = scale_all(rescaled, &x, &y, err);
    }
    if (st == LM_OK) {
        st = lm_memory_new(&ds, "pixels scaled beforehand", &x, &y, err);
    }
    if (st == LM_OK) {
        st = lm_flow_new(out, NULL, ds, &o, err);
    }
    lm_dataset_unref(ds);
    lm_tensor_fini(&x);
    lm_tensor_fini(&y);
    return st;
}

static LmStatus color_flow(const LcBench *b, LmFlow **out, LmError *err)
{
    LmDigitsOptions o = {.n_train = b->is_quick ? 200 : 2000, .n_test = 1, .is_color = true};
    LmDataset *train = NULL;
    LmDataset *test = NULL;
    LmStatus st = lm_digits_new(&train, &test, &o, err);
    if (st == LM_OK) {
        st = scaled_flow(out, train, lm_stage_rescale(1.0 / 255), true, err);
    }
    lm_dataset_unref(train);
    lm_dataset_unref(test);
    return st;
}

static LmStatus make_flow(LcBench *b, LcBenchFlow which, LmFlow **out, LmError *err)
{
    const LmStage rescale = lm_stage_rescale(1.0 / 255);
    switch (which) {
    case LC_BENCH_RESCALED:
        return scaled_flow(out, b->train, rescale, true, err);
    case LC_BENCH_AUGMENTED:
        return augmented_flow(out, b->train, err);
    case LC_BENCH_STANDARDIZED:
        return scaled_flow(out, b->train, lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, 1e-6),
                           true, err);
    case LC_BENCH_SAMPLEWISE:
        return scaled_flow(out, b->train, lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1e-6),
                           true, err);
    case LC_BENCH_WHITENED:
        return whitened_flow(out, b->train, err);
    case LC_BENCH_BEFOREHAND:
        return beforehand_flow(b, out, err);
    case LC_BENCH_TEST:
        return scaled_flow(out, b->test, rescale, false, err);
    case LC_BENCH_COLOR:
        return color_flow(b, out, err);
    case LC_BENCH_FLOWS:
        break;
    }
    LM_ASSERT(!"a flow of the list");
    return LM_OK;
}

LmStatus lc_bench_flow(LcBench *b, LcBenchFlow which, LmFlow **out, LmError *err)
{
    LmStatus st = LM_OK;
    if (b->flows[which] == NULL) {
        st = make_flow(b, which, &b->flows[which], err);
    }
    *out = b->flows[which];
    return st;
}
