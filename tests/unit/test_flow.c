/* Flows (src/flow/flow.c): what is in a batch, whatever the workers, threads and instruction set;
 * errors, stops and ends in the middle of an epoch; memory. */
#include "help_dataset.h"
#include "help_fragile.h"
#include "help_test.h"

#include <float.h>
#include <math.h>

#include "base/threads.h"
#include "flow/flow.h"
#include "flow/order.h"
#include "flow/sampler.h"
#include "kernel/kernel.h"

static const int worker_counts[] = {0, 1, 2, 5};

static LmGenerator *generator_of(const LmDataset *ds)
{
    LmError err;
    LmGenerator *g = NULL;
    const LmStage stages[] = {
        lm_stage_rescale(1.0 / 255),
        lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL),
        lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL, 1e-6),
        lm_stage_clip(-2, 2),
    };
    assert_ok(lm_generator_new(&g, stages, LM_ARRAY_LEN(stages), &err), err);
    assert_ok(lm_generator_fit(g, ds, &err), err);
    return g;
}

/* Takes over both references. */
static LmFlow *flow_of(LmGenerator *g, LmDataset *ds, LmFlowOptions o)
{
    LmError err;
    LmFlow *f = NULL;
    assert_ok(lm_flow_new(&f, g, ds, &o, &err), err);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    return f;
}

static LmBatch next(LmFlow *f)
{
    LmError err;
    LmBatch b;
    assert_ok(lm_flow_next(f, &b, &err), err);
    return b;
}

static void pass_over(LmFlow *f, int n)
{
    for (int i = 0; i < n; i++) {
        LmBatch b = next(f);
        lm_batch_fini(&b);
    }
}

/* The batch holds images and labels `order[0..n)`, scaled as lm_generator_apply does. */
static void check_batch(const LmBatch *b, LmGenerator *g, const LmDataset *ds, const int64_t *order,
                        int64_t n)
{
    LmError err;
    LmTensor image = {0};
    LmTensor scaled = {0};
    size_t bytes = (size_t)lm_dataset_item_count(ds) * sizeof(float);
    const int64_t shape[4] = {1, ds->h, ds->w, ds->c};
    assert_true(b->x.dtype == LM_F32 && b->x.rank == 4 && b->x.shape[0] == n);
    assert_memory_equal(b->x.shape + 1, shape + 1, 3 * sizeof *shape);
    assert_ok(lm_tensor_new(&image, ds->dtype, 4, shape, &err), err);
    for (int64_t i = 0; i < n; i++) {
        assert_ok(lm_dataset_read(ds, order[i], image.data, &err), err);
        assert_ok(lm_generator_apply(g, &scaled, &image, &err), err);
        assert_memory_equal((char *)b->x.data + (size_t)i * bytes, scaled.data, bytes);
        assert_int_equal(lm_tensor_get(&b->y, i), ds->labels[order[i]]);
        lm_tensor_fini(&scaled);
    }
    lm_tensor_fini(&image);
}

static void check_epochs(LmDataset *ds, LmFlowOptions o)
{
    int64_t order[64];
    LmGenerator *g = generator_of(ds);
    LmFlow *f = flow_of(lm_generator_ref(g), lm_dataset_ref(ds), o);
    int64_t n_samples = o.drop_last ? ds->count / o.batch * o.batch : ds->count;
    assert_int_equal(lm_flow_n_samples(f), n_samples);
    for (int64_t epoch = 1; epoch <= 4; epoch++) {
        lm_sampler_order(order, ds->count, o.is_shuffled, o.seed, epoch);
        int64_t k = 0;
        for (int64_t at = 0; at < n_samples; at += o.batch, k++) {
            assert_int_equal(lm_flow_epoch(f), epoch);
            assert_int_equal(lm_flow_position(f), k);
            LmBatch b = next(f);
            check_batch(&b, g, ds, order + at, LM_MIN(o.batch, n_samples - at));
            lm_batch_fini(&b);
            if (at + o.batch >= n_samples) {
                break; /* before an addition that could overflow */
            }
        }
        assert_int_equal(k + 1, lm_flow_n_batches(f));
    }
    lm_flow_unref(f);
    lm_generator_unref(g);
}

static void test_epochs(void **state)
{
    (void)state;
    static const int64_t batches[] = {1, 7, 10, 49, 50, 51, 1000, INT64_MAX / 2};
    for (int kind = 0; kind < 3; kind++) {
        LmDataset *ds = help_dataset_new("set", 50, 5, 4, 3, kind == 1 ? LM_F32 : LM_U8, 4, 8);
        if (kind == 2) {
            ds = &help_fragile_new(ds)->ds;
        }
        for (size_t i = 0; i < LM_ARRAY_LEN(batches); i++) {
            for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
                LmFlowOptions o = {.batch = batches[i],
                                   .is_shuffled = (i + w) % 4 != 0,
                                   .seed = i,
                                   .workers = worker_counts[w],
                                   .drop_last = batches[i] <= 50 && w % 2 == 0};
                check_epochs(ds, o);
            }
        }
        lm_dataset_unref(ds);
    }
}

/* Digests of two epochs, one after the other. */
static void digest(const LmFlowOptions *o, char *out)
{
    LmDataset *ds = help_dataset_new("set", 130, 28, 28, 1, LM_U8, 10, 8);
    LmFlow *f = flow_of(generator_of(ds), ds, *o);
    for (int64_t i = 0; i < 2 * lm_flow_n_batches(f); i++) {
        LmBatch b = next(f);
        lm_tensor_sha256(&b.x, out + 64 * i);
        lm_batch_fini(&b);
    }
    lm_flow_unref(f);
}

static void test_same_bits(void **state)
{
    (void)state;
    LmError err;
    static char want[2 * 6 * 64 + 1];
    static char got[sizeof want];
    LmFlowOptions o = {.batch = 25, .is_shuffled = true, .seed = 1};
    const char *chosen = lm_kernels()->name;
    int before = lm_threads();
    digest(&o, want);
    assert_memory_not_equal(want, want + 6 * 64, 64);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        assert_ok(lm_kernels_select(*name, &err), err);
        for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
            o.workers = worker_counts[w];
            lm_threads_set(1 + (int)w);
            digest(&o, got);
            assert_string_equal(got, want);
        }
    }
    assert_ok(lm_kernels_select(chosen, &err), err);
    lm_threads_set(before);
    o.seed = 2;
    digest(&o, got);
    assert_memory_not_equal(got, want, 64);
}

/* --- options --- */

static void test_refused_options(void **state)
{
    (void)state;
    LmError err;
    LmFlow *f = NULL;
    LmDataset *ds = help_dataset_new("set", 10, 2, 2, 1, LM_U8, 0, 8);
    LmFlowOptions o = {.batch = 0};
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EARG, err, "batch is 0");
    o.batch = -5;
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EARG, err,
                 "batch is -5, wanted 1 or more");
    o = (LmFlowOptions){.batch = 11, .drop_last = true};
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EARG, err,
                 "batch is 11, but set holds 10");
    o = (LmFlowOptions){.batch = 1, .labels = LM_LABELS_ONE_HOT};
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EARG, err, "set has no labels");
    o = (LmFlowOptions){.batch = 1, .workers = LM_FLOW_WORKERS_MAX + 1};
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EARG, err, "workers is 17, wanted 0..16");
    o.workers = -1;
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EARG, err, "workers is -1");
    o.workers = 0;
    ds->count = 0;
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EARG, err, "set holds no images");
    ds->count = (int64_t)UINT32_MAX + 1;
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EARG, err, "fewer than 2^32");
    ds->count = UINT32_MAX;
    ds->h = ds->w = 1 << 20;
    o.batch = INT64_MAX;
    assert_fails(lm_flow_new(&f, NULL, ds, &o, &err), LM_EMEM, err, "more than can be addressed");
    ds->count = 10;
    ds->h = ds->w = 2;
    assert_null(f);
    lm_dataset_unref(ds);
}

static void test_refused_generators(void **state)
{
    (void)state;
    LmError err;
    LmFlow *f = NULL;
    LmGenerator *g = NULL;
    LmDataset *ds = help_dataset_new("set", 10, 2, 2, 1, LM_U8, 0, 8);
    LmDataset *wide = help_dataset_new("wide", 10, 2, 3, 1, LM_U8, 0, 8);
    LmStage stage = lm_stage_center(LM_SCOPE_FEATURE, LM_AXIS_PIXEL);
    LmFlowOptions o = {.batch = 3};
    size_t before = lm_mem_in_use();
    assert_ok(lm_generator_new(&g, &stage, 1, &err), err);
    assert_fails(lm_flow_new(&f, g, ds, &o, &err), LM_ESTATE, err, "call g:fit(dataset) first");
    assert_ok(lm_generator_fit(g, wide, &err), err);
    assert_fails(lm_flow_new(&f, g, ds, &o, &err), LM_ESHAPE, err, "fitted on images 2x3x1");
    assert_null(f);
    lm_generator_unref(g);
    assert_int_equal(lm_mem_in_use(), before);
    lm_dataset_unref(ds);
    lm_dataset_unref(wide);
}

static void test_labels(void **state)
{
    (void)state;
    for (int workers = 0; workers < 3; workers++) {
        LmFlowOptions o = {.batch = 7, .labels = LM_LABELS_ONE_HOT, .workers = workers};
        LmFlow *f = flow_of(NULL, help_dataset_new("set", 20, 2, 2, 1, LM_U8, 4, 8), o);
        for (int i = 0; i < 20; i++) {
            LmBatch b = next(f);
            assert_true(b.y.dtype == LM_F32 && b.y.rank == 2 && b.y.shape[1] == 4);
            for (int64_t j = 0; j < b.y.count; j++) {
                int64_t item = i % 3 * 7 + j / 4;
                assert_true(lm_tensor_get(&b.y, j) == (item % 4 == j % 4));
            }
            lm_batch_fini(&b);
        }
        lm_flow_unref(f);
        o.labels = LM_LABELS_AUTO;
        f = flow_of(NULL, help_dataset_new("set", 20, 2, 2, 1, LM_U8, 0, 8), o);
        LmBatch b = next(f);
        assert_true(b.y.storage == NULL && b.x.shape[0] == 7);
        lm_batch_fini(&b);
        lm_batch_fini(&b);
        lm_flow_unref(f);
    }
}

static void test_facts(void **state)
{
    (void)state;
    char text[128];
    LmFlowOptions o = {.batch = 4, .is_shuffled = true, .workers = 2};
    LmDataset *ds = help_dataset_new("set", 5000, 1, 1, 1, LM_U8, 0, 8);
    LmGenerator *g = generator_of(ds);
    LmFlow *f = flow_of(g, ds, o);
    assert_string_equal(lm_flow_describe(f, text, sizeof text),
                        "flow of set: 1,250 batches of 4, shuffled, 2 workers");
    assert_ptr_equal(lm_flow_dataset(f), ds);
    assert_ptr_equal(lm_flow_generator(f), g);
    assert_int_equal(lm_flow_options(f)->batch, 4);
    lm_flow_unref(f);
    o = (LmFlowOptions){.batch = 5000};
    f = flow_of(NULL, help_dataset_new("set", 5000, 1, 1, 1, LM_U8, 0, 8), o);
    assert_string_equal(lm_flow_describe(f, text, sizeof text),
                        "flow of set: 1 batch of 5,000, in order");
    lm_flow_unref(f);
    lm_flow_unref(NULL);
}

/* --- places --- */

static void test_seek(void **state)
{
    (void)state;
    LmError err;
    for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
        LmFlowOptions o = {.batch = 7, .is_shuffled = true, .workers = worker_counts[w]};
        LmDataset *ds = help_dataset_new("set", 30, 3, 3, 1, LM_U8, 3, 8);
        LmGenerator *g = generator_of(ds);
        LmFlow *f = flow_of(lm_generator_ref(g), lm_dataset_ref(ds), o);
        static const int64_t epochs[] = {1, 5, 5, 4, 1000000, 2, 1};
        for (size_t i = 0; i < LM_ARRAY_LEN(epochs); i++) {
            int64_t order[30];
            lm_sampler_order(order, 30, true, 0, epochs[i]);
            assert_ok(lm_flow_seek(f, epochs[i], &err), err);
            for (size_t k = 0; k < i; k++) {
                LmBatch b = next(f);
                check_batch(&b, g, ds, order + 7 * (k % 5), k % 5 == 4 ? 2 : 7);
                lm_batch_fini(&b);
                if (k % 5 == 4) {
                    lm_sampler_order(order, 30, true, 0, epochs[i] + 1);
                }
            }
        }
        int64_t epoch = lm_flow_epoch(f);
        int64_t position = lm_flow_position(f);
        assert_fails(lm_flow_seek(f, 0, &err), LM_EARG, err, "epoch is 0");
        assert_fails(lm_flow_seek(f, LM_EPOCH_MAX + 1, &err), LM_EARG, err, "epoch is");
        assert_int_equal(lm_flow_epoch(f), epoch);
        assert_int_equal(lm_flow_position(f), position);
        lm_flow_unref(f);
        lm_generator_unref(g);
        lm_dataset_unref(ds);
    }
}

static void test_the_last_epoch(void **state)
{
    (void)state;
    LmError err;
    LmBatch b;
    for (int workers = 0; workers < 3; workers++) {
        LmFlowOptions o = {.batch = 7, .is_shuffled = true, .workers = workers};
        LmFlow *f = flow_of(NULL, help_dataset_new("set", 20, 2, 2, 1, LM_U8, 0, 8), o);
        assert_ok(lm_flow_seek(f, LM_EPOCH_MAX, &err), err);
        pass_over(f, 3);
        assert_fails(lm_flow_next(f, &b, &err), LM_EARG, err, "epoch is");
        assert_fails(lm_flow_next(f, &b, &err), LM_EARG, err, "epoch is");
        assert_ok(lm_flow_seek(f, 1, &err), err);
        pass_over(f, 4);
        lm_flow_unref(f);
    }
}

/* --- filling, as trainers do --- */

typedef struct Fill {
    const LmFlow *flow;
    const int64_t *order;
    float *x;
    char *scratch;
    atomic_int n_failed;
} Fill;

static void fill_one(void *ctx, int64_t task, int thread)
{
    Fill *fill = ctx;
    LmError err;
    size_t stride = lm_base_round_up(lm_flow_scratch_bytes(fill->flow), 8);
    char *scratch = fill->scratch + (size_t)thread * stride;
    lm_flow_hint(fill->flow, fill->order[task]);
    float *row = fill->x + task * 36;
    LmStatus st = lm_flow_fill(fill->flow, 1, &fill->order[task], 1, &row, scratch, &err);
    atomic_fetch_add(&fill->n_failed, st != LM_OK);
}

/* Prepared and filled by many threads, while batches are taken: the same pixels, and neither moves
 * the other. */
static void test_fill(void **state)
{
    (void)state;
    LmError err;
    for (int is_read = 0; is_read < 2; is_read++) {
        LmDataset *ds = help_dataset_new("set", 40, 3, 4, 3, LM_U8, 0, 8);
        ds = is_read ? &help_fragile_new(ds)->ds : ds;
        LmFlowOptions o = {.batch = 40, .is_shuffled = true, .workers = 2};
        LmFlow *f = flow_of(generator_of(ds), ds, o);
        static float x[40 * 36];
        static uint64_t scratch[8192];
        Fill fill = {.flow = f, .x = x, .scratch = (char *)scratch};
        assert_in_range(lm_flow_scratch_bytes(f), 1, sizeof scratch / LM_THREADS_MAX);
        pass_over(f, 1);
        for (int64_t epoch = 2; epoch < 5; epoch++) {
            assert_ok(lm_flow_prepare(f, epoch, &fill.order, &err), err);
            lm_threads_for(40, fill_one, &fill);
            assert_int_equal(fill.n_failed, 0);
            LmBatch b = next(f);
            assert_memory_equal(b.x.data, x, sizeof x);
            lm_batch_fini(&b);
        }
        assert_fails(lm_flow_prepare(f, 0, &fill.order, &err), LM_EARG, err, "epoch is 0");
        lm_flow_unref(f);
    }
}

/* A flow keeps scaling with the numbers of its beginning. */
static void test_a_later_fit_disturbs_nothing(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 30, 3, 3, 1, LM_U8, 3, 8);
    LmDataset *other = help_dataset_new("other", 30, 3, 3, 1, LM_U8, 3, 9);
    LmGenerator *g = generator_of(ds);
    LmFlow *f = flow_of(lm_generator_ref(g), lm_dataset_ref(ds),
                        (LmFlowOptions){.batch = 30, .workers = 1});
    LmBatch a = next(f);
    assert_ok(lm_generator_fit(g, other, &err), err);
    for (int i = 0; i < 4; i++) {
        LmBatch b = next(f);
        assert_true(lm_tensor_equal(&a.x, &b.x));
        lm_batch_fini(&b);
    }
    lm_batch_fini(&a);
    lm_flow_unref(f);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    lm_dataset_unref(other);
}

static void test_denormals_are_flushed(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = NULL;
    LmStage stage = lm_stage_rescale((double)FLT_MIN * 1.5);
    assert_ok(lm_generator_new(&g, &stage, 1, &err), err);
    for (int workers = 0; workers < 3; workers++) {
        LmFlow *f = flow_of(lm_generator_ref(g), help_dataset_new("set", 30, 3, 3, 1, LM_F32, 0, 8),
                            (LmFlowOptions){.batch = 30, .workers = workers});
        LmBatch b = next(f);
        int n_zeros = 0;
        for (int64_t i = 0; i < b.x.count; i++) {
            double v = fabs(lm_tensor_get(&b.x, i));
            assert_true(v == 0 || v >= (double)FLT_MIN);
            n_zeros += v == 0;
        }
        assert_in_range(n_zeros, 1, b.x.count - 1);
        lm_batch_fini(&b);
        lm_flow_unref(f);
    }
    lm_generator_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_refused_options),
        cmocka_unit_test(test_refused_generators),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_seek),
        cmocka_unit_test(test_the_last_epoch),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_a_later_fit_disturbs_nothing),
        cmocka_unit_test(test_denormals_are_flushed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
