/* Flows that change images at random: who does and who does not, the same bits whatever the batch,
 * order and threads, mixup with its targets, plans for blocks and for bytes, replay, failures. */
#include <math.h>
#include <stdlib.h>

#include "help_dataset.h"
#include "help_test.h"

#include "base/threads.h"
#include "flow/filler.h"
#include "flow/flow.h"
#include "flow/replay.h"

enum { N = 37, H = 9, W = 7, C = 3, ITEM = H * W * C, K = 5 };

static LmAugment of(LmAugmentKind kind, double lo, double hi)
{
    LmAugment a = lm_augment(kind);
    a.span[0] = (LmSpan){lo, hi};
    return a;
}

/* A list with a group and a bit of everything, mixup at its end when asked for. */
static LmGenerator *generator(const LmStage *stages, int n, bool has_mixup)
{
    LmError err;
    LmAugment inner[2] = {of(LM_AUGMENT_HUE, -30, 30), of(LM_AUGMENT_NOISE, 0, 9)};
    LmAugment list[] = {of(LM_AUGMENT_ROTATE, -20, 20),  lm_augment(LM_AUGMENT_FLIP),
                        of(LM_AUGMENT_SHIFT, -0.2, 0.2), lm_augment(LM_AUGMENT_ONE_OF),
                        of(LM_AUGMENT_ZOOM, 0.8, 1.2),   of(LM_AUGMENT_MIXUP, 0.5, 0.5)};
    list[3].entries = inner;
    list[3].n_entries = 2;
    list[5].p = 0.7;
    LmGenerator *plain = NULL;
    LmGenerator *g = NULL;
    assert_ok(lm_generator_new(&plain, stages, n, &err), err);
    assert_ok(lm_generator_augment(&g, plain, list, has_mixup ? 6 : 5, &err), err);
    assert_int_equal(lm_generator_n_augments(plain), 0);
    lm_generator_unref(plain);
    return g;
}

static LmFlow *flow_of(LmGenerator *g, LmDataset *ds, int64_t batch, bool is_shuffled, int workers,
                       LmLabels labels)
{
    LmError err;
    LmFlow *f = NULL;
    LmFlowOptions o = {.batch = batch,
                       .is_shuffled = is_shuffled,
                       .seed = 7,
                       .workers = workers,
                       .labels = labels};
    assert_ok(lm_flow_new(&f, g, ds, &o, &err), err);
    return f;
}

/* One epoch into out[data-set index]. */
static void collect(LmFlow *f, int64_t epoch, float *out)
{
    LmError err;
    const int64_t *order = NULL;
    assert_ok(lm_flow_seek(f, epoch, &err), err);
    assert_ok(lm_flow_prepare(f, epoch, &order, &err), err);
    for (int64_t at = 0; at < N;) {
        LmBatch b;
        assert_ok(lm_flow_next(f, &b, &err), err);
        for (int64_t k = 0; k < b.x.shape[0]; k++, at++) {
            memcpy(out + order[at] * ITEM, (float *)b.x.data + k * ITEM, ITEM * sizeof *out);
        }
        lm_batch_fini(&b);
    }
}

/* --- the same bits --- */

static void test_batch_order_and_workers_change_nothing(void **state)
{
    (void)state;
    static float want[N * ITEM];
    static float got[N * ITEM];
    static const struct {
        int64_t batch;
        bool is_shuffled;
        int workers;
    } cases[] = {{1, false, 0}, {8, true, 0}, {37, true, 1}, {5, false, 3}, {64, true, 3}};
    const LmStage stage = lm_stage_rescale(1 / 255.0);
    LmDataset *base = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    LmDataset *read = help_dataset_reading(base, -1);
    for (int mixup = 0; mixup < 2; mixup++) {
        LmGenerator *g = generator(&stage, 1, mixup == 1);
        for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
            LmDataset *ds = i % 2 == 0 ? base : read;
            LmFlow *f = flow_of(g, ds, cases[i].batch, cases[i].is_shuffled, cases[i].workers,
                                LM_LABELS_CLASS);
            collect(f, 3, i == 0 ? want : got);
            if (i > 0) {
                assert_memory_equal(got, want, sizeof want);
            }
            collect(f, 4, got);
            assert_true(memcmp(got, want, sizeof want) != 0);
            lm_flow_unref(f);
        }
        lm_generator_unref(g);
    }
    lm_dataset_unref(read);
    lm_dataset_unref(base);
}

typedef struct Job {
    LmFlow *flow;
    float *out;
    char *scratch;
    size_t stride;
} Job;

static void fill_some(void *ctx, int64_t task, int thread)
{
    const Job *job = ctx;
    LmError err;
    int64_t indices[3] = {task, (task * 5) % N, (task * 11) % N};
    float other[2][ITEM];
    float *rows[3] = {job->out + task * ITEM, other[0], other[1]};
    LmStatus st = lm_flow_fill(job->flow, 2, indices, 3, rows,
                               job->scratch + (size_t)thread * job->stride, &err);
    LM_ASSERT(st == LM_OK);
}

static void test_threads_and_company_change_nothing(void **state)
{
    (void)state;
    static float want[N * ITEM];
    static float got[N * ITEM];
    const LmStage stages[] = {lm_stage_rescale(1 / 255.0),
                              lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1e-6)};
    LmDataset *ds = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    LmGenerator *g = generator(stages, 2, true);
    LmFlow *f = flow_of(g, ds, 4, false, 0, LM_LABELS_CLASS);
    int before = lm_threads();
    LmError err;
    collect(f, 2, want);
    static const int threads[] = {1, 2, 3, 8};
    for (size_t i = 0; i < LM_ARRAY_LEN(threads); i++) {
        lm_threads_set(threads[i]);
        Job job = {.flow = f, .out = got};
        job.stride = lm_base_round_up(lm_flow_scratch_bytes(f), LM_MEM_ALIGN);
        assert_ok(lm_mem_alloc(&job.scratch, 8, job.stride, &err), err);
        lm_threads_for(N, fill_some, &job);
        assert_memory_equal(got, want, sizeof want);
        lm_mem_free(job.scratch);
    }
    lm_threads_set(before);
    lm_flow_unref(f);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

/* Two sets of images, one list, one seed: the same is drawn for both. */
static void test_flows_stay_in_step(void **state)
{
    (void)state;
    LmError err;
    LmDataset *images = help_dataset_new("images", N, H, W, C, LM_U8, K, 1);
    LmDataset *masks = help_dataset_new("masks", N + 9, H, W, C, LM_F32, 0, 2);
    LmGenerator *g = generator(NULL, 0, false);
    for (int64_t i = 0; i < N; i++) {
        LmReplay a;
        LmReplay b;
        assert_ok(lm_replay(&a, g, images, i, 2, 5, &err), err);
        assert_ok(lm_replay(&b, g, masks, i, 2, 5, &err), err);
        assert_int_equal(a.n_draws, b.n_draws);
        for (int k = 0; k < a.n_draws; k++) {
            assert_ptr_equal(a.draws[k].entry, b.draws[k].entry);
            assert_memory_equal(a.draws[k].value, b.draws[k].value, sizeof a.draws[k].value);
        }
        lm_replay_fini(&a);
        lm_replay_fini(&b);
    }
    lm_generator_unref(g);
    lm_dataset_unref(images);
    lm_dataset_unref(masks);
}

/* --- who changes images --- */

static void test_plain_epoch(void **state)
{
    (void)state;
    const LmStage stage = lm_stage_rescale(1 / 255.0);
    LmError err;
    LmDataset *ds = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    LmGenerator *plain = NULL;
    assert_ok(lm_generator_new(&plain, &stage, 1, &err), err);
    LmGenerator *g = generator(&stage, 1, true);
    LmFlow *a = flow_of(plain, ds, 4, false, 0, LM_LABELS_CLASS);
    LmFlow *b = flow_of(g, ds, 4, false, 0, LM_LABELS_CLASS);
    char *scratch = NULL;
    assert_ok(lm_mem_alloc(&scratch, lm_flow_scratch_bytes(b), 1, &err), err);
    for (int64_t i = 0; i < N; i++) {
        float want[ITEM];
        float got[ITEM];
        float row[K];
        int64_t partner;
        double share;
        float *x = want;
        assert_ok(lm_flow_fill(a, 1, &i, 1, &x, scratch, &err), err);
        x = got;
        assert_ok(lm_flow_fill(b, LM_FLOW_PLAIN, &i, 1, &x, scratch, &err), err);
        assert_memory_equal(got, want, sizeof want);
        assert_ok(lm_flow_fill(b, 1, &i, 1, &x, scratch, &err), err);
        assert_true(memcmp(got, want, sizeof want) != 0);
        assert_false(lm_flow_mix(b, LM_FLOW_PLAIN, i, &partner, &share));
        assert_null(lm_flow_target(b, LM_FLOW_PLAIN, i, row).row);
        assert_false(lm_flow_mix(a, 1, i, &partner, &share));
    }
    lm_mem_free(scratch);
    lm_flow_unref(a);
    lm_flow_unref(b);
    lm_generator_unref(plain);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

static void test_fit_and_apply_see_images_as_they_are(void **state)
{
    (void)state;
    const LmStage stage = lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_CHANNEL, 1e-6);
    LmError err;
    LmDataset *ds = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    LmGenerator *plain = NULL;
    LmGenerator *g = NULL;
    LmAugment list[] = {of(LM_AUGMENT_BRIGHTNESS, 0.1, 0.2)};
    assert_ok(lm_generator_new(&plain, &stage, 1, &err), err);
    assert_ok(lm_generator_augment(&g, plain, list, 1, &err), err);
    /* Neither follows the other. */
    assert_ok(lm_generator_fit(g, ds, &err), err);
    assert_false(lm_generator_is_fitted(plain));
    assert_ok(lm_generator_fit(plain, ds, &err), err);
    assert_memory_equal(lm_generator_stage(plain, 0)->mean, lm_generator_stage(g, 0)->mean,
                        C * sizeof(double));
    LmGenerator *more = NULL;
    assert_ok(lm_generator_augment(&more, g, list, 1, &err), err);
    assert_int_equal(lm_generator_n_augments(more), 2);
    assert_true(lm_generator_is_fitted(more));
    assert_string_equal(lm_generator_fitted_on(more), lm_generator_fitted_on(g));
    const int64_t shape[4] = {1, H, W, C};
    LmTensor image;
    LmTensor a;
    LmTensor b;
    assert_ok(lm_tensor_zeros(&image, LM_U8, 4, shape, &err), err);
    assert_ok(lm_generator_apply(plain, &a, &image, &err), err);
    assert_ok(lm_generator_apply(more, &b, &image, &err), err);
    assert_true(lm_tensor_equal(&a, &b));
    lm_tensor_fini(&image);
    lm_tensor_fini(&a);
    lm_tensor_fini(&b);
    lm_generator_unref(more);
    lm_generator_unref(g);
    lm_generator_unref(plain);
    lm_dataset_unref(ds);
}

/* --- mixup --- */

static void test_mixup_blends_images_and_targets(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    LmAugment list[] = {lm_augment(LM_AUGMENT_FLIP), of(LM_AUGMENT_MIXUP, 1, 1)};
    LmGenerator *empty = NULL;
    LmGenerator *flips = NULL;
    LmGenerator *g = NULL;
    assert_ok(lm_generator_new(&empty, NULL, 0, &err), err);
    assert_ok(lm_generator_augment(&flips, empty, list, 1, &err), err);
    assert_ok(lm_generator_augment(&g, flips, list + 1, 1, &err), err);
    LmFlow *f = flow_of(g, ds, N, false, 0, LM_LABELS_ONE_HOT);
    LmBatch b;
    assert_ok(lm_flow_next(f, &b, &err), err);
    for (int64_t i = 0; i < N; i++) {
        int64_t partner = -1;
        double share = 0;
        LmReplay mine;
        LmReplay other;
        assert_true(lm_flow_mix(f, 1, i, &partner, &share));
        assert_ok(lm_replay(&mine, flips, ds, i, 1, 7, &err), err);
        assert_ok(lm_replay(&other, flips, ds, partner, 1, 7, &err), err);
        const float *x = (float *)b.x.data + i * ITEM;
        for (int64_t j = 0; j < ITEM; j++) {
            float own = ((float *)mine.pixels.data)[j];
            float far = ((float *)other.pixels.data)[j];
            assert_true(x[j] == (float)share * own + (float)(1 - share) * far);
        }
        float want[K] = {0};
        want[ds->labels[i]] += (float)share;
        want[ds->labels[partner]] += (float)(1 - share);
        assert_memory_equal((float *)b.y.data + i * K, want, sizeof want);
        float row[K];
        LmTarget t = lm_flow_target(f, 1, i, row);
        assert_memory_equal(t.row, want, sizeof want);
        assert_int_equal(t.label, ds->labels[i]);
        lm_replay_fini(&mine);
        lm_replay_fini(&other);
    }
    lm_batch_fini(&b);
    lm_flow_unref(f);
    lm_generator_unref(g);
    lm_generator_unref(flips);
    lm_generator_unref(empty);
    lm_dataset_unref(ds);
}

static void test_mixup_of_other_targets(void **state)
{
    (void)state;
    LmError err;
    float targets[N * 2];
    LmDataset *rows = help_dataset_new("rows", N, H, W, C, LM_U8, 0, 1);
    LmDataset *pairs = help_dataset_new("pairs", N, H, W, C, LM_U8, 2, 1);
    for (int i = 0; i < N * 2; i++) {
        targets[i] = (float)(i * i % 17);
    }
    assert_ok(lm_dataset_set_targets(rows, LM_TARGETS_VALUES, 2, targets, NULL, &err), err);
    LmGenerator *g = generator(NULL, 0, true);
    LmFlow *values = flow_of(g, rows, N, false, 0, LM_LABELS_TARGETS);
    LmFlow *binary = flow_of(g, pairs, N, false, 0, LM_LABELS_BINARY);
    LmBatch a;
    LmBatch b;
    assert_ok(lm_flow_next(values, &a, &err), err);
    assert_ok(lm_flow_next(binary, &b, &err), err);
    int n_mixed = 0;
    for (int64_t i = 0; i < N; i++) {
        int64_t partner = i;
        double share = 1;
        n_mixed += lm_flow_mix(values, 1, i, &partner, &share);
        float mine = (float)share;
        float rest = (float)(1 - share);
        for (int64_t k = 0; k < 2; k++) {
            float want = mine * targets[2 * i + k] + rest * targets[2 * partner + k];
            assert_true(((float *)a.y.data)[2 * i + k] == want);
        }
        float want = mine * (float)pairs->labels[i] + rest * (float)pairs->labels[partner];
        assert_true(((float *)b.y.data)[i] == want);
    }
    assert_true(n_mixed > 0 && n_mixed < N);
    lm_batch_fini(&a);
    lm_batch_fini(&b);
    lm_flow_unref(values);
    lm_flow_unref(binary);
    lm_generator_unref(g);
    lm_dataset_unref(rows);
    lm_dataset_unref(pairs);
}

/* --- replay --- */

static void test_replay_is_the_flow(void **state)
{
    (void)state;
    static float want[N * ITEM];
    const LmStage stages[] = {lm_stage_rescale(1 / 255.0), lm_stage_clip(0.1, 0.9)};
    LmError err;
    LmDataset *ds = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    for (int mixup = 0; mixup < 2; mixup++) {
        LmGenerator *g = generator(stages, 2, mixup == 1);
        LmFlow *f = flow_of(g, ds, 8, true, 0, LM_LABELS_CLASS);
        collect(f, 5, want);
        for (int64_t i = 0; i < N; i++) {
            LmReplay r;
            int64_t partner = 0;
            double share = 1;
            assert_ok(lm_replay(&r, g, ds, i, 5, 7, &err), err);
            assert_memory_equal(r.scaled.data, want + i * ITEM, ITEM * sizeof *want);
            assert_int_equal(r.is_mixed, lm_flow_mix(f, 5, i, &partner, &share));
            assert_true(r.partner == partner && r.share == share);
            assert_true(r.n_draws >= 3);
            for (int64_t j = 0; j < ITEM; j++) {
                double y = fmin(fmax((double)((float *)r.pixels.data)[j] / 255, 0.1), 0.9);
                /* One rounding of the factor, one of the product; of numbers up to 1. */
                assert_true(fabs(y - (double)((float *)r.scaled.data)[j]) <= 3 * 0x1p-24);
            }
            lm_replay_fini(&r);
        }
        lm_flow_unref(f);
        lm_generator_unref(g);
    }
    lm_dataset_unref(ds);
}

static void test_replay_fails(void **state)
{
    (void)state;
    LmError err;
    LmReplay r;
    LmDataset *base = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    LmDataset *bad = help_dataset_reading(base, 4);
    LmDataset *grey = help_dataset_new("grey", N, H, W, 1, LM_U8, K, 1);
    LmGenerator *g = generator(NULL, 0, true);
    assert_fails(lm_replay(&r, g, base, 0, 0, 7, &err), LM_EARG, err, "epoch is 0");
    assert_fails(lm_replay(&r, g, bad, 6, 1, 7, &err), LM_EIO, err, "sample 7");
    assert_fails(lm_replay(&r, g, grey, 0, 1, 7, &err), LM_ESHAPE, err,
                 "augmentation 4 (one_of): hue wants colour images");
    size_t before = lm_mem_in_use();
    assert_survives_oom(lm_replay(&r, g, base, 0, 1, 7, &err), err);
    lm_replay_fini(&r);
    assert_int_equal(lm_mem_in_use(), before);
    lm_generator_unref(g);
    lm_dataset_unref(grey);
    lm_dataset_unref(bad);
    lm_dataset_unref(base);
}

/* A sample whose partner cannot be read says which of the two it was. */
static void test_partner_fails(void **state)
{
    (void)state;
    LmError err;
    LmDataset *base = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    LmDataset *bad = help_dataset_reading(base, 1);
    LmAugment mixup = of(LM_AUGMENT_MIXUP, 1, 1);
    LmGenerator *empty = NULL;
    LmGenerator *g = NULL;
    LmReplay r;
    assert_ok(lm_generator_new(&empty, NULL, 0, &err), err);
    assert_ok(lm_generator_augment(&g, empty, &mixup, 1, &err), err);
    assert_fails(lm_replay(&r, g, bad, 0, 1, 7, &err), LM_EIO, err,
                 "sample 1 is blended with: sample");
    lm_generator_unref(g);
    lm_generator_unref(empty);
    lm_dataset_unref(bad);
    lm_dataset_unref(base);
}

/* --- making --- */

static void test_oom(void **state)
{
    (void)state;
    LmError err;
    const LmStage stage = lm_stage_rescale(1 / 255.0);
    LmDataset *ds = help_dataset_new("set", N, H, W, C, LM_U8, K, 1);
    LmGenerator *g = generator(&stage, 1, true);
    LmGenerator *more = NULL;
    LmFiller f;
    LmAugment entry = of(LM_AUGMENT_ROTATE, 0, 1);
    assert_fails(lm_generator_augment(&more, g, &entry, 1, &err), LM_EARG, err,
                 "augmentation 6 (mixup): blends finished images");
    assert_null(more);
    LmGenerator *unmixed = generator(&stage, 1, false);
    assert_survives_oom(lm_generator_augment(&more, unmixed, &entry, 1, &err), err);
    assert_survives_oom(lm_filler_init(&f, g, ds, 1, &err), err);
    lm_filler_fini(&f);
    lm_filler_fini(&f);
    lm_generator_unref(more);
    lm_generator_unref(unmixed);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_order_and_workers_change_nothing),
        cmocka_unit_test(test_threads_and_company_change_nothing),
        cmocka_unit_test(test_flows_stay_in_step),
        cmocka_unit_test(test_plain_epoch),
        cmocka_unit_test(test_fit_and_apply_see_images_as_they_are),
        cmocka_unit_test(test_mixup_blends_images_and_targets),
        cmocka_unit_test(test_mixup_of_other_targets),
        cmocka_unit_test(test_replay_is_the_flow),
        cmocka_unit_test(test_replay_fails),
        cmocka_unit_test(test_partner_fails),
        cmocka_unit_test(test_oom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
