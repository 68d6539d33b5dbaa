/* Flows (src/flow/flow.c) in trouble: samples that cannot be read, stops, ends in the middle of an
 * epoch, out of memory; and that nothing piles up. With and without threads that work ahead. */
#include "help_dataset.h"
#include "help_fragile.h"
#include "help_test.h"

#include "base/threads.h"
#include "flow/flow.h"

static const int worker_counts[] = {0, 1, 2, 5};

static LmGenerator *generator(void)
{
    LmError err;
    LmGenerator *g = NULL;
    const LmStage stages[] = {lm_stage_rescale(1.0 / 255),
                              lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1e-6)};
    assert_ok(lm_generator_new(&g, stages, LM_ARRAY_LEN(stages), &err), err);
    return g;
}

/* A flow of 30 images, batches of 4: 8 an epoch. The set lives as long as the flow. */
static LmFlow *flow_new(HelpFragile **out, int workers)
{
    LmError err;
    LmFlow *f = NULL;
    LmGenerator *g = generator();
    HelpFragile *set = help_fragile_new(help_dataset_new("set", 30, 6, 5, 1, LM_U8, 3, 8));
    LmFlowOptions o = {.batch = 4, .is_shuffled = true, .seed = 3, .workers = workers};
    assert_ok(lm_flow_new(&f, g, &set->ds, &o, &err), err);
    lm_generator_unref(g);
    lm_dataset_unref(&set->ds);
    *out = set;
    return f;
}

static void next_digest(LmFlow *f, char digest[65])
{
    LmError err;
    LmBatch b;
    assert_ok(lm_flow_next(f, &b, &err), err);
    lm_tensor_sha256(&b.x, digest);
    lm_batch_fini(&b);
}

/* Digests of the first batches of an undisturbed flow. */
enum { N_KNOWN = 64 };
static char known[N_KNOWN][65];

static int setup(void **state)
{
    (void)state;
    HelpFragile *set;
    LmFlow *f = flow_new(&set, 0);
    for (int i = 0; i < N_KNOWN; i++) {
        next_digest(f, known[i]);
    }
    lm_flow_unref(f);
    return 0;
}

static void check_next(LmFlow *f, int k)
{
    char digest[65];
    next_digest(f, digest);
    assert_string_equal(digest, known[k]);
}

/* One sample cannot be read: batches before it come, its batch fails with the sample's name as
 * often as it is asked for; once it can be read the flow goes on as if nothing had been. */
static void test_failure_and_retry(void **state)
{
    (void)state;
    LmError err;
    LmBatch b;
    for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
        int where[3];
        for (int bad = 0; bad < 3; bad++) {
            HelpFragile *set;
            LmFlow *f = flow_new(&set, worker_counts[w]);
            atomic_store(&set->bad, bad * 13);
            int k = 0;
            char digest[65];
            while (lm_flow_next(f, &b, &err) == LM_OK) {
                lm_tensor_sha256(&b.x, digest);
                assert_string_equal(digest, known[k++]);
                lm_batch_fini(&b);
            }
            where[bad] = k;
            char name[32];
            snprintf(name, sizeof name, "sample %d: ", bad * 13 + 1);
            for (int again = 0; again < 3; again++) {
                assert_fails(lm_flow_next(f, &b, &err), LM_EIO, err, name);
                assert_int_equal(lm_flow_position(f), k);
            }
            atomic_store(&set->bad, -1);
            long long n_own = 0;
            for (int from = k; k < N_KNOWN; k++) {
                check_next(f, k);
                /* Batches that failed ahead were this thread's to make, those behind are not. */
                n_own = k == from + 16 ? atomic_load(&set->n_own) : n_own;
            }
            assert_true(worker_counts[w] == 0 || atomic_load(&set->n_own) == n_own);
            lm_flow_unref(f);
        }
        assert_true(where[0] < 8 && where[1] < 8 && where[2] < 8);
    }
}

/* The flow can be left at a batch that fails. */
static void test_failure_and_end(void **state)
{
    (void)state;
    LmError err;
    LmBatch b;
    for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
        size_t before = lm_mem_in_use();
        HelpFragile *set;
        LmFlow *f = flow_new(&set, worker_counts[w]);
        atomic_store(&set->bad, 7);
        while (lm_flow_next(f, &b, &err) == LM_OK) {
            lm_batch_fini(&b);
        }
        assert_ok(lm_flow_seek(f, 2, &err), err);
        while (lm_flow_next(f, &b, &err) == LM_OK) {
            lm_batch_fini(&b);
        }
        lm_flow_unref(f);
        assert_int_equal(lm_mem_in_use(), before);
    }
}

static void test_stop(void **state)
{
    (void)state;
    LmError err;
    LmBatch b;
    for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
        HelpFragile *set;
        LmFlow *f = flow_new(&set, worker_counts[w]);
        check_next(f, 0);
        check_next(f, 1);
        lm_threads_cancel();
        for (int i = 0; i < 3; i++) {
            assert_fails(lm_flow_next(f, &b, &err), LM_ECANCEL, err, "interrupted");
        }
        lm_threads_clear_cancel();
        for (int k = 2; k < N_KNOWN; k++) {
            check_next(f, k);
        }
        lm_flow_unref(f);
    }
}

/* A stop while a batch is in the making ends it between two samples, not at its end. */
static void test_stop_inside_a_batch(void **state)
{
    (void)state;
    LmError err;
    for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
        LmFlow *f = NULL;
        LmBatch b;
        HelpFragile *set = help_fragile_new(help_dataset_new("set", 5000, 2, 2, 1, LM_U8, 0, 8));
        LmFlowOptions o = {.batch = 5000, .workers = worker_counts[w]};
        assert_ok(lm_flow_new(&f, NULL, &set->ds, &o, &err), err);
        atomic_store(&set->cancel_at, 20);
        atomic_store(&set->nap_ns, 100000);
        assert_fails(lm_flow_next(f, &b, &err), LM_ECANCEL, err, "interrupted");
        lm_flow_unref(f);
        assert_in_range(atomic_load(&set->n_read), 20, 1000);
        lm_threads_clear_cancel();
        lm_dataset_unref(&set->ds);
    }
}

/* The end of a flow does not wait for batches that nobody will take: those behind the first take
 * 10 s each, and two of them are in the making. Ended only behind them, 3,000 items would be read.
 */
static void test_end_inside_a_batch(void **state)
{
    (void)state;
    LmError err;
    for (int is_seek = 0; is_seek < 2; is_seek++) {
        LmFlow *f = NULL;
        LmBatch b;
        HelpFragile *set = help_fragile_new(help_dataset_new("set", 5000, 2, 2, 1, LM_U8, 0, 8));
        LmFlowOptions o = {.batch = 1000, .workers = 2};
        atomic_store(&set->slow_from, 1000);
        atomic_store(&set->nap_ns, 10000000);
        assert_ok(lm_flow_new(&f, NULL, &set->ds, &o, &err), err);
        assert_ok(lm_flow_next(f, &b, &err), err);
        lm_batch_fini(&b);
        if (is_seek) {
            assert_ok(lm_flow_seek(f, 3, &err), err);
            assert_in_range(atomic_load(&set->n_read), 1000, 2500);
        }
        lm_flow_unref(f);
        assert_in_range(atomic_load(&set->n_read), 1000, 2500);
        assert_int_equal(set->ds.refs, 1);
        lm_dataset_unref(&set->ds);
    }
}

/* Ended after any number of batches, and batches kept beyond it stay what they were. */
static void test_kept_batches(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
        for (int n = 0; n <= 20; n += n < 3 ? 1 : 5) {
            HelpFragile *set;
            LmBatch kept[20];
            char digest[65];
            LmFlow *f = flow_new(&set, worker_counts[w]);
            for (int k = 0; k < n; k++) {
                assert_ok(lm_flow_next(f, &kept[k], &err), err);
            }
            lm_flow_unref(f);
            for (int k = 0; k < n; k++) {
                lm_tensor_sha256(&kept[k].x, digest);
                assert_string_equal(digest, known[k]);
                lm_batch_fini(&kept[k]);
            }
            assert_int_equal(lm_mem_in_use(), before);
        }
    }
}

/* References: the flow ends with the last one. */
static void test_references(void **state)
{
    (void)state;
    size_t before = lm_mem_in_use();
    HelpFragile *set;
    LmFlow *f = flow_new(&set, 1);
    assert_ptr_equal(lm_flow_ref(f), f);
    check_next(f, 0);
    lm_flow_unref(f);
    check_next(f, 1);
    lm_flow_unref(f);
    assert_int_equal(lm_mem_in_use(), before);
}

/* After 2 epochs all buffers there will ever be are there. */
static void test_flat_memory(void **state)
{
    (void)state;
    for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
        HelpFragile *set;
        LmFlow *f = flow_new(&set, worker_counts[w]);
        size_t most = 0;
        for (int64_t k = 0; k < 50 * 8; k++) {
            char digest[65];
            next_digest(f, digest);
            if (k < 16) {
                most = LM_MAX(most, lm_mem_in_use());
            }
            /* What is made ahead at this moment varies, its bound does not: two batches a worker.
             */
            size_t batch = 4 * 30 * sizeof(float) + 512;
            assert_true(lm_mem_in_use() <= most + 2 * (size_t)worker_counts[w] * batch);
        }
        lm_flow_unref(f);
    }
}

static LmStatus make_and_free(LmDataset *ds, LmGenerator *g, const LmFlowOptions *o, LmError *err)
{
    LmFlow *f = NULL;
    LmStatus st = lm_flow_new(&f, g, ds, o, err);
    for (int i = 0; st == LM_OK && i < 3; i++) {
        LmBatch b;
        st = lm_flow_next(f, &b, err);
        if (st == LM_OK) {
            lm_batch_fini(&b);
        }
    }
    lm_flow_unref(f);
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = generator();
    LmDataset *ds = help_dataset_new("set", 30, 6, 5, 1, LM_U8, 3, 8);
    LmFlowOptions o = {.batch = 13, .is_shuffled = true};
    assert_survives_oom(make_and_free(ds, g, &o, &err), err);
    o.labels = LM_LABELS_ONE_HOT;
    assert_survives_oom(make_and_free(ds, g, &o, &err), err);
    /* Threads may take the failing allocation: then nothing fails. Nothing leaks either way. */
    size_t before = lm_mem_in_use();
    o.workers = 2;
    for (int64_t nth = 1; nth < 60; nth++) {
        lm_mem_fail_nth(nth);
        LmStatus st = make_and_free(ds, g, &o, &err);
        lm_mem_fail_nth(0);
        assert_true(st == LM_OK || st == LM_EMEM);
        assert_int_equal(lm_mem_in_use(), before);
    }
    lm_dataset_unref(ds);
    lm_generator_unref(g);
}

static void test_out_of_memory_is_told(void **state)
{
    (void)state;
    LmError err;
    LmFlow *f = NULL;
    LmBatch kept;
    LmBatch b;
    LmDataset *ds = help_dataset_new("set", 30, 6, 5, 1, LM_U8, 3, 8);
    LmFlowOptions o = {.batch = 13};
    assert_ok(lm_flow_new(&f, NULL, ds, &o, &err), err);
    assert_ok(lm_flow_next(f, &kept, &err), err);
    lm_mem_fail_nth(1);
    assert_fails(lm_flow_next(f, &b, &err), LM_EMEM, err,
                 "out of memory: a batch of 13 images of 6x5x1 takes 1.6 kB; a smaller batch "
                 "takes less");
    lm_mem_fail_nth(0);
    lm_batch_fini(&kept);
    lm_flow_unref(f);
    lm_dataset_unref(ds);
}

/* A call that found no memory may be made again, and gives the batch it would have given. */
static void test_out_of_memory_and_retry(void **state)
{
    (void)state;
    LmError err;
    for (size_t w = 0; w < LM_ARRAY_LEN(worker_counts); w++) {
        for (int64_t nth = 1; nth < 20; nth++) {
            HelpFragile *set;
            LmBatch b;
            LmFlow *f = flow_new(&set, worker_counts[w]);
            lm_mem_fail_nth(nth);
            int k = 0;
            for (; k < 10 && lm_flow_next(f, &b, &err) == LM_OK; k++) {
                lm_batch_fini(&b);
            }
            lm_mem_fail_nth(0);
            for (; k < 20; k++) {
                check_next(f, k);
            }
            lm_flow_unref(f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failure_and_retry),
        cmocka_unit_test(test_failure_and_end),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_inside_a_batch),
        cmocka_unit_test(test_end_inside_a_batch),
        cmocka_unit_test(test_kept_batches),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_flat_memory),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_out_of_memory_is_told),
        cmocka_unit_test(test_out_of_memory_and_retry),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
