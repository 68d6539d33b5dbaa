/* Units that are 0 for every image (src/nn/units.c). */
#include "help_test.h"

#include "base/threads.h"
#include "help_dataset.h"
#include "help_nets.h"
#include "help_sets.h"
#include "nn/units.h"

enum { H = 9, W = 8, C = 3, K = 4 };

/* conv with its pool (17), conv without relu and a relu layer behind (6), dense (33): layers 1, 4
 * and 6 have relus. */
static HelpSpec spec(void)
{
    return (HelpSpec){H,
                      W,
                      C,
                      7,
                      {{.kind = LM_LAYER_CONV, .units = 17, .kh = 3, .kw = 3, .act = LM_ACT_RELU},
                       {.kind = LM_LAYER_MAXPOOL, .kh = 2, .kw = 2},
                       {.kind = LM_LAYER_CONV, .units = 6, .kh = 2, .kw = 2},
                       {.kind = LM_LAYER_RELU},
                       {.kind = LM_LAYER_FLATTEN},
                       {.kind = LM_LAYER_DENSE, .units = 33, .act = LM_ACT_RELU},
                       {.kind = LM_LAYER_DENSE, .units = K, .act = LM_ACT_SOFTMAX}}};
}

static LmModel *model(void)
{
    HelpSpec layers = spec();
    return help_nets_model(&layers, 1);
}

/* Makes the first n numbers of a bias `value`. */
static void set_bias(LmModel *m, int param, int64_t n, float value)
{
    for (int64_t k = 0; k < n; k++) {
        lm_model_param_data(m, param)[k] = value;
    }
}

static LmFlow *flow_of(int64_t n)
{
    return help_sets_flow(help_sets_stripes(n, H, W, C, K, 1), 8, true);
}

static void test_counts(void **state)
{
    (void)state;
    static const int64_t images[][2] = {{1, 1}, {31, 31}, {100, 32}, {3200, 100}, {20000, 256}};
    LmModel *m = model();
    set_bias(m, 1, 17, 50);
    set_bias(m, 1, 5, -1000);
    set_bias(m, 3, 6, 1000);
    set_bias(m, 3, 1, -100000);
    set_bias(m, 5, 33, 1e6f);
    set_bias(m, 5, 32, -1e6f);
    for (size_t k = 0; k < LM_ARRAY_LEN(images); k++) {
        LmFlow *flow = flow_of(images[k][0]);
        for (int threads = 1; threads <= 4; threads++) {
            LmError err;
            LmUnits u[7];
            int n = 0;
            lm_threads_set(threads);
            assert_ok(lm_units_count(m, flow, u, &n, &err), err);
            assert_int_equal(n, 3);
            assert_true(u[0].layer == 0 && u[0].n == 17 && u[0].n_dead == 5);
            assert_true(u[1].layer == 3 && u[1].n == 6 && u[1].n_dead == 1);
            assert_true(u[2].layer == 5 && u[2].n == 33 && u[2].n_dead == 32);
            assert_int_equal(u[0].n_images, images[k][1]);
        }
        lm_flow_unref(flow);
    }
    lm_model_unref(m);
}

/* One image out of 32 is enough to be alive, at one place. */
static void test_one_image(void **state)
{
    (void)state;
    LmError err;
    LmUnits u[3];
    int n = 0;
    HelpSpec layers = {1, 2, 1, 2, {{.kind = LM_LAYER_RELU}, {.kind = LM_LAYER_FLATTEN}}};
    LmModel *m = help_nets_model(&layers, 1);
    LmFlow *flow = help_sets_flow(help_sets_floats(32, 1, 2, 1, 2, 61, 1), 8, true);
    assert_ok(lm_units_count(m, flow, u, &n, &err), err);
    assert_true(n == 1 && u[0].n == 1 && u[0].n_dead == 0);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

static void test_without_relu(void **state)
{
    (void)state;
    LmError err;
    LmUnits u[3];
    int n = 5;
    HelpSpec layers = {
        H, W, C, 2, {{.kind = LM_LAYER_FLATTEN}, {.kind = LM_LAYER_DENSE, .units = 3}}};
    LmModel *m = help_nets_model(&layers, 1);
    LmFlow *flow = flow_of(10);
    assert_ok(lm_units_count(m, flow, u, &n, &err), err);
    assert_int_equal(n, 0);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmUnits u[7];
    int n = 5;
    LmModel *m = model();
    LmFlow *flow = help_sets_flow(help_sets_stripes(5, H, W + 1, C, K, 1), 8, true);
    assert_fails(lm_units_count(m, flow, u, &n, &err), LM_ESHAPE, err, "the model takes images");
    lm_flow_unref(flow);
    LmDataset *base = help_sets_stripes(20, H, W, C, K, 1);
    flow = help_sets_flow(help_dataset_reading(base, 3), 8, true);
    lm_dataset_unref(base);
    assert_fails(lm_units_count(m, flow, u, &n, &err), LM_EIO, err, "cannot read");
    assert_int_equal(n, 5);
    lm_flow_unref(flow);
    flow = flow_of(20);
    assert_survives_oom(lm_units_count(m, flow, u, &n, &err), err);
    lm_flow_unref(flow);
    lm_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_one_image),
        cmocka_unit_test(test_without_relu),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
