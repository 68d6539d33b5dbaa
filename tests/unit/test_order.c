/* The kept order of an epoch (src/flow/order.c). */
#include "help_test.h"

#include "flow/order.h"
#include "flow/sampler.h"

static void check_is(const LmOrder *o, uint64_t seed, int64_t epoch)
{
    int64_t want[30];
    lm_sampler_order(want, o->n, o->is_shuffled, seed, epoch);
    assert_int_equal(o->epoch, epoch);
    assert_memory_equal(o->indices, want, (size_t)o->n * sizeof *want);
}

static void test_going_about(void **state)
{
    (void)state;
    LmError err;
    static const int64_t epochs[] = {1, 1, 2, 1, 7, LM_EPOCH_MAX, 3};
    size_t before = lm_mem_in_use();
    for (int is_shuffled = 0; is_shuffled < 2; is_shuffled++) {
        LmOrder o = lm_order(30, is_shuffled, 4);
        assert_int_equal(lm_mem_in_use(), before);
        for (size_t i = 0; i < LM_ARRAY_LEN(epochs); i++) {
            assert_ok(lm_order_make(&o, epochs[i], &err), err);
            check_is(&o, 4, epochs[i]);
        }
        lm_order_fini(&o);
        lm_order_fini(&o);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

/* An epoch that does not exist leaves the present order. */
static void test_epochs(void **state)
{
    (void)state;
    LmError err;
    static const int64_t bad[] = {0, -1, INT64_MIN, LM_EPOCH_MAX + 1, INT64_MAX};
    LmOrder o = lm_order(30, true, 4);
    for (size_t i = 0; i < LM_ARRAY_LEN(bad); i++) {
        assert_fails(lm_order_check_epoch(bad[i], &err), LM_EARG, err, "epoch is");
        assert_fails(lm_order_make(&o, bad[i], &err), LM_EARG, err, "wanted 1 to");
    }
    assert_null(o.indices);
    assert_ok(lm_order_make(&o, 2, &err), err);
    assert_fails(lm_order_make(&o, 0, &err), LM_EARG, err, "epoch is 0");
    check_is(&o, 4, 2);
    lm_order_fini(&o);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmOrder o = lm_order(30, true, 4);
    assert_survives_oom(lm_order_make(&o, 5, &err), err);
    check_is(&o, 4, 5);
    lm_order_fini(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_going_about),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
