/* How large a flow's numbers are (src/flow/range.c). */
#include "help_dataset.h"
#include "help_test.h"

#include <math.h>

#include "flow/range.h"

static LmFlow *flow_of(LmDataset *ds, double factor)
{
    LmError err;
    LmGenerator *g = NULL;
    LmFlow *f = NULL;
    LmFlowOptions o = {.batch = 4, .labels = LM_LABELS_NONE};
    const LmStage stages[] = {lm_stage_rescale(factor)};
    assert_ok(lm_generator_new(&g, stages, 1, &err), err);
    assert_ok(lm_flow_new(&f, g, ds, &o, &err), err);
    lm_generator_unref(g);
    lm_dataset_unref(ds);
    return f;
}

/* Sets of 1 to 64 images are looked at as a whole. */
static void test_whole(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= LM_RANGE_IMAGES; n += 9) {
        LmError err;
        LmRange r;
        LmDataset *ds = help_dataset_new("some", n, 3, 5, 2, LM_U8, 2, 7);
        const uint8_t *pixels = lm_dataset_pixels(ds, 0);
        double lo = 255;
        double hi = 0;
        double sum = 0;
        for (int64_t i = 0; i < n * 30; i++) {
            lo = fmin(lo, pixels[i]);
            hi = fmax(hi, pixels[i]);
            sum += (double)pixels[i] * pixels[i];
        }
        LmFlow *f = flow_of(ds, -2);
        assert_ok(lm_range_measure(&r, f, &err), err);
        assert_true(r.lo == -2 * hi && r.hi == -2 * lo);
        assert_true(fabs(r.rms - 2 * sqrt(sum / (double)(n * 30))) < 1e-9);
        assert_int_equal(lm_flow_position(f), 0);
        lm_flow_unref(f);
    }
}

/* Of a larger set the images are spread: the one that cannot be read is the 3rd of 130. */
static void test_unreadable(void **state)
{
    (void)state;
    LmError err;
    LmRange r = {1, 2, 3};
    LmDataset *base = help_dataset_new("some", 130, 3, 5, 2, LM_U8, 2, 7);
    LmFlow *f = flow_of(help_dataset_reading(base, 2), 1);
    lm_dataset_unref(base);
    assert_fails(lm_range_measure(&r, f, &err), LM_EIO, err, "cannot read");
    assert_true(r.lo == 1 && r.hi == 2 && r.rms == 3);
    lm_flow_unref(f);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmFlow *f = flow_of(help_dataset_new("some", 8, 3, 5, 2, LM_U8, 2, 7), 1);
    size_t before = lm_mem_in_use();
    int64_t n = 1;
    for (LmStatus st = LM_EMEM; st != LM_OK; n++) {
        LmError err;
        LmRange r;
        lm_mem_fail_nth(n);
        st = lm_range_measure(&r, f, &err);
        lm_mem_fail_nth(0);
        assert_true(st == LM_OK || st == LM_EMEM);
        assert_int_equal(lm_mem_in_use(), before);
    }
    assert_int_equal(n, 4);
    lm_flow_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
