/* lm_flow_peek: the batch's own samples and targets, and a flow that did not notice. */
#include "help_test.h"

#include "augment/augment.h"
#include "flow/flow.h"
#include "help_dataset.h"

enum { BATCH = 7, ITEM = 6 * 5, CLASSES = 3 };

static LmFlow *flow_new(const LmFlowOptions *o, int n_mixed)
{
    LmError err;
    LmFlow *f = NULL;
    LmGenerator *g = NULL;
    LmGenerator *augmented = NULL;
    LmDataset *ds = help_dataset_new("set", 30, 6, 5, 1, LM_U8, CLASSES, 8);
    const LmStage stages[] = {lm_stage_rescale(1.0 / 255)};
    const LmAugment mix = lm_augment(LM_AUGMENT_MIXUP);
    assert_ok(lm_generator_new(&g, stages, 1, &err), err);
    assert_ok(lm_generator_augment(&augmented, g, &mix, n_mixed, &err), err);
    assert_ok(lm_flow_new(&f, augmented, ds, o, &err), err);
    lm_generator_unref(g);
    lm_generator_unref(augmented);
    lm_dataset_unref(ds);
    return f;
}

/* The samples of the first batch of the epoch the flow is in; returns how many are blended. */
static int check_batch(LmFlow *f)
{
    int n_mixed = 0;
    LmError err;
    LmBatch b;
    int64_t epoch = lm_flow_epoch(f);
    int64_t position = lm_flow_position(f);
    assert_ok(lm_flow_get(f, 0, &b, &err), err);
    for (int64_t k = 0; k < BATCH; k++) {
        float x[ITEM];
        float buffer[CLASSES];
        LmTarget target;
        LmTarget alone;
        assert_ok(lm_flow_peek(f, k, x, &target, buffer, &err), err);
        assert_memory_equal(x, (const float *)b.x.data + k * ITEM, sizeof x);
        assert_int_equal(target.label, ((const int32_t *)b.y.data)[k]);
        double sum = 0;
        n_mixed += target.row != NULL;
        for (int i = 0; target.row != NULL && i < CLASSES; i++) {
            sum += (double)target.row[i];
        }
        assert_true(target.row == NULL || (sum > 0.999 && sum < 1.001));
        assert_ok(lm_flow_peek(f, k, NULL, &alone, buffer, &err), err);
        assert_true(alone.label == target.label && (alone.row == NULL) == (target.row == NULL));
    }
    assert_int_equal(lm_flow_epoch(f), epoch);
    assert_int_equal(lm_flow_position(f), position);
    lm_batch_fini(&b);
    return n_mixed;
}

static void test_same_as_the_batch(void **state)
{
    (void)state;
    LmError err;
    for (int k = 0; k < 8; k++) {
        LmFlowOptions o = {
            .batch = BATCH, .is_shuffled = k % 2 == 1, .seed = 3, .workers = k / 2 % 2};
        LmFlow *f = flow_new(&o, k / 4);
        LmFlow *undisturbed = flow_new(&o, k / 4);
        for (int i = 0; i < 12; i++) {
            LmBatch got;
            LmBatch want;
            assert_int_equal(check_batch(f) > 0, k / 4);
            assert_ok(lm_flow_next(f, &got, &err), err);
            assert_ok(lm_flow_next(undisturbed, &want, &err), err);
            assert_true(lm_tensor_equal(&got.x, &want.x));
            lm_batch_fini(&got);
            lm_batch_fini(&want);
        }
        lm_flow_unref(f);
        lm_flow_unref(undisturbed);
    }
}

/* A training holds on to the order of its epoch while somebody looks. */
static void test_prepared_order_stays(void **state)
{
    (void)state;
    LmError err;
    const int64_t *order = NULL;
    int64_t before[30];
    float x[ITEM];
    float buffer[CLASSES];
    LmTarget target;
    LmFlow *f = flow_new(&(LmFlowOptions){.batch = BATCH, .is_shuffled = true, .seed = 3}, 0);
    assert_ok(lm_flow_prepare(f, 4, &order, &err), err);
    memcpy(before, order, sizeof before);
    assert_ok(lm_flow_peek(f, 0, x, &target, buffer, &err), err);
    assert_memory_equal(order, before, sizeof before);
    lm_flow_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_the_batch),
        cmocka_unit_test(test_prepared_order_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
