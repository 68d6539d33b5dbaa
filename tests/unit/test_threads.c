/* The pool: every task once, whatever the number of threads, nested loops and loops side by side.
 */
#define _GNU_SOURCE
#include "help_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <float.h>
#include <unistd.h>

#include "base/threads.h"

enum { N_TASKS = 1000 };

typedef struct Loop {
    atomic_int runs[N_TASKS];
    atomic_int bad_thread;
    int n_threads;
} Loop;

static void mark(void *ctx, int64_t task, int thread)
{
    Loop *loop = ctx;
    atomic_fetch_add(&loop->runs[task], 1);
    if (thread < 0 || thread >= loop->n_threads) {
        atomic_fetch_add(&loop->bad_thread, 1);
    }
}

static void check_loop(int n_threads, int64_t n_tasks)
{
    static Loop loop;
    memset(&loop, 0, sizeof loop);
    loop.n_threads = n_threads;
    lm_threads_for(n_tasks, mark, &loop);
    for (int64_t i = 0; i < N_TASKS; i++) {
        assert_int_equal(atomic_load(&loop.runs[i]), i < n_tasks ? 1 : 0);
    }
    assert_int_equal(atomic_load(&loop.bad_thread), 0);
}

static void test_every_task_runs_once(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 8, 64, 2, 1};
    for (size_t t = 0; t < LM_ARRAY_LEN(threads); t++) {
        lm_threads_set(threads[t]);
        for (int64_t n = 0; n <= N_TASKS; n += n < 5 ? 1 : 199) {
            check_loop(threads[t], n);
        }
    }
    lm_threads_stop();
    check_loop(1, N_TASKS);
}

/* Many short loops: a worker that missed one, or saw half of the next, would show here. */
static void test_many_short_loops(void **state)
{
    (void)state;
    lm_threads_set(3);
    for (int i = 0; i < 3000; i++) {
        check_loop(3, 2 + i % 5);
    }
}

static void test_clamping(void **state)
{
    (void)state;
    lm_threads_set(-5);
    assert_int_equal(lm_threads(), 1);
    lm_threads_set(1 << 20);
    assert_int_equal(lm_threads(), LM_THREADS_MAX);
    lm_threads_set(2);
    assert_int_equal(lm_threads(), 2);
}

static void sum_inner(void *ctx, int64_t task, int thread)
{
    (void)thread;
    atomic_fetch_add((atomic_llong *)ctx, task);
}

static void run_inner(void *ctx, int64_t task, int thread)
{
    (void)task;
    (void)thread;
    lm_threads_for(100, sum_inner, ctx);
}

static void test_nested_loops(void **state)
{
    (void)state;
    atomic_llong sum = 0;
    lm_threads_set(4);
    lm_threads_for(50, run_inner, &sum);
    assert_int_equal(atomic_load(&sum), 50 * 4950);
}

static void *loop_repeatedly(void *sum)
{
    for (int i = 0; i < 300; i++) {
        lm_threads_for(100, sum_inner, sum);
    }
    return NULL;
}

static void test_loops_side_by_side(void **state)
{
    (void)state;
    atomic_llong sums[3] = {0, 0, 0};
    pthread_t threads[3];
    lm_threads_set(3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, loop_repeatedly, &sums[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(atomic_load(&sums[i]), 300 * 4950);
    }
}

static volatile float tiny = FLT_MIN;

static void halve(void *ctx, int64_t task, int thread)
{
    (void)thread;
    volatile float half = tiny * 0.5f;
    ((float *)ctx)[task] = half;
}

static void test_denormals(void **state)
{
    (void)state;
#if defined(__x86_64__)
    float inside[64];
    lm_threads_set(2);
    lm_threads_for(64, halve, inside);
    for (int i = 0; i < 64; i++) {
        assert_true(inside[i] == 0);
    }
    lm_threads_for(1, halve, inside);
    assert_true(inside[0] == 0);
#endif
    volatile float half = tiny * 0.5f;
    assert_true(half > 0); /* the caller's own mode is back */
}

static void cancel_handler(int number)
{
    (void)number;
    lm_threads_cancel();
}

static void test_cancel(void **state)
{
    (void)state;
    LmError err;
    lm_threads_clear_cancel();
    assert_ok(lm_threads_check_cancel(&err), err);
    signal(SIGUSR1, cancel_handler);
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_DFL);
    assert_true(lm_threads_is_cancelled());
    assert_fails(lm_threads_check_cancel(&err), LM_ECANCEL, err, "interrupted");
    lm_threads_clear_cancel();
    assert_false(lm_threads_is_cancelled());
}

typedef struct Masks {
    atomic_int n_workers; /* that have run a task */
    atomic_int n_open;    /* of these with SIGINT not blocked */
} Masks;

/* The caller holds its task until a worker has had one, for two seconds at most. */
static void note_mask(void *ctx, int64_t task, int thread)
{
    (void)task;
    Masks *masks = ctx;
    sigset_t now;
    if (thread == 0) {
        for (int i = 0; i < 2000 && atomic_load(&masks->n_workers) == 0; i++) {
            usleep(1000);
        }
        return;
    }
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    atomic_fetch_add(&masks->n_open, !sigismember(&now, SIGINT));
    atomic_fetch_add(&masks->n_workers, 1);
}

static void test_workers_take_no_signals(void **state)
{
    (void)state;
    static Masks masks;
    sigset_t mine;
    lm_threads_set(4);
    lm_threads_for(8, note_mask, &masks);
    assert_true(atomic_load(&masks.n_workers) > 0);
    assert_int_equal(atomic_load(&masks.n_open), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_false(sigismember(&mine, SIGINT));
    lm_threads_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_runs_once),
        cmocka_unit_test(test_many_short_loops),
        cmocka_unit_test(test_clamping),
        cmocka_unit_test(test_nested_loops),
        cmocka_unit_test(test_loops_side_by_side),
        cmocka_unit_test(test_denormals),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_workers_take_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
