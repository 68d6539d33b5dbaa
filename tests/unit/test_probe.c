/* What a look at a flow tells (src/flow/probe.c). */
#include "help_dataset.h"
#include "help_test.h"

#include <math.h>

#include "flow/probe.h"

static LmFlow *flow_of(LmDataset *ds, double factor, const LmAugment *list, int n)
{
    LmError err;
    LmGenerator *g = NULL;
    LmGenerator *changing = NULL;
    LmFlow *f = NULL;
    LmFlowOptions o = {.batch = 4, .labels = LM_LABELS_NONE};
    const LmStage stages[] = {lm_stage_rescale(factor)};
    assert_ok(lm_generator_new(&g, stages, 1, &err), err);
    assert_ok(lm_generator_augment(&changing, g, list, n, &err), err);
    assert_ok(lm_flow_new(&f, changing, ds, &o, &err), err);
    lm_generator_unref(changing);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    return f;
}

static int64_t total(const LmProbeBins *b)
{
    int64_t n = 0;
    for (int k = 0; k < b->n; k++) {
        n += b->counts[k];
    }
    return n;
}

static void test_counts(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= LM_PROBE_IMAGES; n *= 8) {
        LmError err;
        LmProbe p;
        LmDataset *ds = help_dataset_new("some", n, 3, 5, 2, LM_U8, 2, 7);
        const uint8_t *pixels = lm_dataset_pixels(ds, 0);
        int64_t wanted[256] = {0};
        uint8_t hi = 0;
        for (int64_t i = 0; i < n * 30; i++) {
            wanted[pixels[i]]++;
            hi = LM_MAX(hi, pixels[i]);
        }
        LmFlow *f = flow_of(ds, -2, NULL, 0);
        assert_ok(lm_probe_take(&p, f, &err), err);
        assert_int_equal(p.n_images, n);
        assert_true(p.before.n == 256 && p.before.lo == 0 && p.before.hi == 256);
        assert_memory_equal(p.before.counts, wanted, sizeof wanted);
        assert_true(p.after.n == 64 && p.after.lo == -2 * hi && total(&p.after) == n * 30);
        assert_true(p.after.counts[0] > 0 && p.after.counts[63] > 0);
        assert_int_equal(p.shown.shape[0], LM_MIN(n, LM_PROBE_SHOWN));
        for (int64_t k = 0; k < p.shown.shape[0]; k++) {
            const uint8_t *image = lm_dataset_pixels(lm_flow_dataset(f), p.items[k]);
            assert_true(((float *)p.shown.data)[k * 30 + 7] == -2.0f * (float)image[7]);
        }
        assert_int_equal(lm_flow_position(f), 0);
        lm_probe_fini(&p);
        lm_flow_unref(f);
    }
}

/* Of larger sets a part is looked at; floats have ends of their own; one value makes one bar. */
static void test_kinds(void **state)
{
    (void)state;
    LmError err;
    LmProbe p;
    LmFlow *f = flow_of(help_dataset_new("some", 2000, 3, 5, 2, LM_F32, 2, 7), 1, NULL, 0);
    assert_ok(lm_probe_take(&p, f, &err), err);
    assert_int_equal(p.n_images, LM_PROBE_IMAGES);
    assert_true(p.before.lo >= -1 && p.before.hi <= 1 && p.before.lo < p.before.hi);
    assert_int_equal(total(&p.before), LM_PROBE_IMAGES * 30);
    assert_int_equal(p.items[15], 15 * 2000 / 16);
    lm_probe_fini(&p);
    lm_flow_unref(f);
    f = flow_of(help_dataset_new("some", 1, 1, 1, 1, LM_F32, 2, 7), 1, NULL, 0);
    assert_ok(lm_probe_take(&p, f, &err), err);
    assert_true(p.after.hi - p.after.lo == 1 && p.after.counts[32] == 1);
    lm_probe_fini(&p);
    lm_flow_unref(f);
    f = flow_of(help_dataset_new("some", 3, 1500, 1400, 1, LM_U8, 2, 7), 1, NULL, 0);
    assert_ok(lm_probe_take(&p, f, &err), err);
    assert_int_equal(p.n_images, 1);
    lm_probe_fini(&p);
    lm_flow_unref(f);
}

/* Counts are of plain images, what is shown is what epoch 1 trains on. */
static void test_changes(void **state)
{
    (void)state;
    LmError err;
    LmProbe plain;
    LmProbe p;
    const LmAugment list[] = {{.kind = LM_AUGMENT_BRIGHTNESS, .p = 1, .span = {{0.5, 0.6}}}};
    LmFlow *f = flow_of(help_dataset_new("some", 20, 3, 5, 1, LM_U8, 2, 7), 1, NULL, 0);
    assert_ok(lm_probe_take(&plain, f, &err), err);
    lm_flow_unref(f);
    f = flow_of(help_dataset_new("some", 20, 3, 5, 1, LM_U8, 2, 7), 1, list, 1);
    assert_ok(lm_probe_take(&p, f, &err), err);
    assert_memory_equal(p.after.counts, plain.after.counts, sizeof p.after.counts);
    assert_memory_not_equal(p.shown.data, plain.shown.data, lm_tensor_size_bytes(&p.shown));
    lm_probe_fini(&p);
    lm_probe_fini(&plain);
    lm_flow_unref(f);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmProbe p = {.n_images = 77};
    LmDataset *base = help_dataset_new("some", 130, 3, 5, 2, LM_U8, 2, 7);
    LmFlow *f = flow_of(help_dataset_reading(base, 2), 1, NULL, 0);
    assert_fails(lm_probe_take(&p, f, &err), LM_EIO, err, "cannot read");
    assert_int_equal(p.n_images, 77);
    lm_flow_unref(f);
    f = flow_of(base, 1, NULL, 0);
    assert_survives_oom(lm_probe_take(&p, f, &err), err);
    lm_probe_fini(&p);
    lm_flow_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
