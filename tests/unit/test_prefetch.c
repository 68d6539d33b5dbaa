/* Threads that work ahead (src/flow/prefetch.c), on batches that only hold their indices: order,
 * how far ahead, batches that cannot be made, ending at any moment, threads that do not start. */
#define _GNU_SOURCE
#include "help_test.h"

#include <dlfcn.h>
#include <errno.h>
#include <float.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/threads.h"
#include "flow/prefetch.h"
#include "flow/sampler.h"

/* The C library's function, but for starts that are to fail. */
static atomic_int starts_left = INT32_MAX;

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    typedef int CreateFn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (atomic_fetch_sub(&starts_left, 1) <= 0) {
        return EAGAIN;
    }
    CreateFn *real = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attr, fn, arg);
}

/* What the maker does and saw. */
typedef struct Maker {
    atomic_int n_started;
    atomic_int n_made;
    atomic_int n_denormal; /* batches made by a thread that does not flush */
    int64_t bad_item;      /* batches with this item fail; -1: none */
    bool is_slow;
    bool waits_for_stop;
} Maker;

static void nap(long ns)
{
    nanosleep(&(struct timespec){0, ns}, NULL);
}

static LmStatus make(const void *ctx, int64_t epoch, const int64_t *indices, int64_t n,
                     LmBatch *out, void *scratch, const atomic_bool *stop, LmError *err)
{
    (void)epoch;
    Maker *m = *(Maker *const *)ctx;
    LmBatch batch = {0};
    volatile float tiny = FLT_MIN;
    atomic_fetch_add(&m->n_started, 1);
    atomic_fetch_add(&m->n_denormal, tiny / 2 != 0);
    memset(scratch, 1, 100);
    while (m->waits_for_stop && !atomic_load(stop)) {
        nap(100000);
    }
    if (m->is_slow) {
        nap((long)(indices[0] % 7) * 100000);
    }
    for (int64_t i = 0; i < n; i++) {
        if (indices[i] == m->bad_item) {
            return lm_fail(err, LM_EIO, "cannot read");
        }
    }
    LmStatus st = lm_tensor_new(&batch.x, LM_F64, 1, &n, err);
    for (int64_t i = 0; st == LM_OK && i < n; i++) {
        ((double *)batch.x.data)[i] = (double)indices[i];
    }
    if (st == LM_OK) {
        *out = batch;
        atomic_fetch_add(&m->n_made, 1);
    }
    return st;
}

static LmPrefetchJob job_of(Maker *const *m, int64_t n_items, int64_t n_samples, int64_t batch,
                            int workers)
{
    return (LmPrefetchJob){.make = make,
                           .ctx = m,
                           .scratch_bytes = 100,
                           .batch = batch,
                           .n_samples = n_samples,
                           .order = lm_order(n_items, true, 5),
                           .workers = workers};
}

/* The batch is number k of the epoch. */
static void check_batch(const LmBatch *b, const LmPrefetchJob *job, int64_t epoch, int64_t k)
{
    int64_t order[64];
    lm_sampler_order(order, job->order.n, true, 5, epoch);
    int64_t first = k * job->batch;
    assert_int_equal(b->x.count, LM_MIN(job->batch, job->n_samples - first));
    for (int64_t i = 0; i < b->x.count; i++) {
        assert_true(lm_tensor_get(&b->x, i) == (double)order[first + i]);
    }
}

/* Takes n batches from (epoch, k) on; with `retries` those that were not made are skipped. */
static int take(LmPrefetch *p, const LmPrefetchJob *job, int64_t epoch, int64_t k, int n,
                bool retries)
{
    int64_t n_batches = job->n_samples / job->batch + (job->n_samples % job->batch != 0);
    int n_missing = 0;
    for (int i = 0; i < n; i++) {
        LmBatch b = {0};
        if (lm_prefetch_take(p, &b)) {
            check_batch(&b, job, epoch, k);
            lm_batch_fini(&b);
        } else {
            assert_true(retries);
            assert_false(lm_prefetch_take(p, &b));
            assert_null(b.x.storage);
            lm_prefetch_skip(p);
            n_missing++;
        }
        if (++k == n_batches) {
            k = 0;
            epoch++;
        }
    }
    return n_missing;
}

/* Sets of 1 to 50 items, batches up to larger than the set: many epochs ahead in the small ones. */
static void test_order(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {
        {1, 1, 1},   {1, 1, 9},   {7, 7, 1},    {7, 7, 3},           {7, 6, 3},
        {50, 50, 7}, {50, 48, 8}, {50, 50, 50}, {13, 13, INT64_MAX},
    };
    LmError err;
    for (size_t i = 0; i < LM_ARRAY_LEN(shapes); i++) {
        for (int workers = 1; workers <= LM_FLOW_WORKERS_MAX; workers += workers < 3 ? 1 : 13) {
            Maker m = {.bad_item = -1, .is_slow = i % 2 == 0};
            Maker *mp = &m;
            LmPrefetchJob job = job_of(&mp, shapes[i][0], shapes[i][1], shapes[i][2], workers);
            LmPrefetch *p = NULL;
            size_t before = lm_mem_in_use();
            int64_t start = job.n_samples / job.batch / 2;
            assert_ok(lm_prefetch_new(&p, &job, 4, start, &err), err);
            assert_int_equal(take(p, &job, 4, start, 60, false), 0);
            lm_prefetch_free(p);
            assert_int_equal(lm_mem_in_use(), before);
            assert_int_equal(m.n_denormal, 0);
        }
    }
}

static void wait_until(atomic_int *n, int wanted)
{
    for (int i = 0; i < 20000 && atomic_load(n) < wanted; i++) {
        nap(100000);
    }
}

static void test_two_a_worker_ahead(void **state)
{
    (void)state;
    LmError err;
    for (int workers = 1; workers <= 5; workers += 2) {
        Maker m = {.bad_item = -1};
        Maker *mp = &m;
        LmPrefetchJob job = job_of(&mp, 50, 50, 1, workers);
        LmPrefetch *p = NULL;
        assert_ok(lm_prefetch_new(&p, &job, 1, 0, &err), err);
        for (int taken = 0; taken < 12; taken++) {
            wait_until(&m.n_made, 2 * workers + taken);
            nap(2000000);
            assert_int_equal(m.n_started, 2 * workers + taken);
            take(p, &job, 1, taken, 1, false);
        }
        lm_prefetch_free(p);
    }
}

/* A batch that fails does not stop those behind it, and only it is missing. */
static void test_failures(void **state)
{
    (void)state;
    LmError err;
    for (int64_t bad = 0; bad < 20; bad++) {
        Maker m = {.bad_item = bad};
        Maker *mp = &m;
        LmPrefetchJob job = job_of(&mp, 20, 20, 3, 1 + (int)bad % 3);
        LmPrefetch *p = NULL;
        assert_ok(lm_prefetch_new(&p, &job, 1, 0, &err), err);
        assert_int_equal(take(p, &job, 1, 0, 5 * 7, true), 5);
        lm_prefetch_free(p);
    }
}

static void test_the_last_epoch(void **state)
{
    (void)state;
    LmError err;
    Maker m = {.bad_item = -1};
    Maker *mp = &m;
    LmPrefetchJob job = job_of(&mp, 20, 20, 7, 2);
    LmPrefetch *p = NULL;
    LmBatch b;
    assert_ok(lm_prefetch_new(&p, &job, LM_EPOCH_MAX, 1, &err), err);
    assert_int_equal(take(p, &job, LM_EPOCH_MAX, 1, 2, false), 0);
    assert_false(lm_prefetch_take(p, &b));
    lm_prefetch_skip(p);
    assert_false(lm_prefetch_take(p, &b));
    lm_prefetch_free(p);
    assert_fails(lm_prefetch_new(&p, &job, LM_EPOCH_MAX + 1, 0, &err), LM_EARG, err, "epoch is");
}

/* Ended at once, while threads make, wait for room and have batches ready. */
static void test_ending(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    for (int i = 0; i < 200; i++) {
        Maker m = {.bad_item = i % 3 == 0 ? 4 : -1, .is_slow = i % 2 == 0};
        Maker *mp = &m;
        LmPrefetchJob job = job_of(&mp, 20, 20, 1 + i % 6, 1 + i % 5);
        LmPrefetch *p = NULL;
        assert_ok(lm_prefetch_new(&p, &job, 1, 0, &err), err);
        take(p, &job, 1, 0, i % 4, true);
        nap(i % 7 * 50000);
        lm_prefetch_free(p);
        assert_int_equal(lm_mem_in_use(), before);
    }
    Maker m = {.bad_item = -1, .waits_for_stop = true};
    Maker *mp = &m;
    LmPrefetchJob job = job_of(&mp, 20, 20, 1, 3);
    LmPrefetch *p = NULL;
    assert_ok(lm_prefetch_new(&p, &job, 1, 0, &err), err);
    wait_until(&m.n_started, 3);
    lm_prefetch_free(p);
    assert_int_equal(m.n_started, 3);
    assert_int_equal(lm_mem_in_use(), before);
    lm_prefetch_free(NULL);
}

/* As many threads as can be had do all the work; with none the caller is told at once. */
static void test_threads_that_do_not_start(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    for (int started = 0; started <= 3; started++) {
        Maker m = {.bad_item = -1};
        Maker *mp = &m;
        LmPrefetchJob job = job_of(&mp, 20, 20, 3, 3);
        LmPrefetch *p = NULL;
        atomic_store(&starts_left, started);
        assert_ok(lm_prefetch_new(&p, &job, 1, 0, &err), err);
        atomic_store(&starts_left, INT32_MAX);
        assert_int_equal(take(p, &job, 1, 0, 30, true), started == 0 ? 30 : 0);
        assert_true(started > 0 || m.n_started == 0);
        lm_prefetch_free(p);
        assert_int_equal(lm_mem_in_use(), before);
    }
}

static LmStatus make_and_free(const LmPrefetchJob *job, LmError *err)
{
    LmPrefetch *p = NULL;
    atomic_store(&starts_left, 0);
    LmStatus st = lm_prefetch_new(&p, job, 1, 0, err);
    atomic_store(&starts_left, INT32_MAX);
    lm_prefetch_free(p);
    return st;
}

/* Threads that run out of memory leave the batch to the caller. */
static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    Maker m = {.bad_item = -1};
    Maker *mp = &m;
    LmPrefetchJob job = job_of(&mp, 20, 20, 3, 2);
    assert_survives_oom(make_and_free(&job, &err), err);
    size_t before = lm_mem_in_use();
    LmPrefetch *p = NULL;
    assert_ok(lm_prefetch_new(&p, &job, 1, 0, &err), err);
    wait_until(&m.n_made, 4);
    int n_missing = 0;
    for (int i = 0; i < 100; i++) {
        lm_mem_fail_nth(1 + i % 3);
        n_missing += take(p, &job, 1 + i / 7, i % 7, 1, true);
    }
    lm_mem_fail_nth(0);
    assert_in_range(n_missing, 1, 99);
    lm_prefetch_free(p);
    assert_int_equal(lm_mem_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),         cmocka_unit_test(test_two_a_worker_ahead),
        cmocka_unit_test(test_failures),      cmocka_unit_test(test_the_last_epoch),
        cmocka_unit_test(test_ending),        cmocka_unit_test(test_threads_that_do_not_start),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
