/* A pool of threads behind one generation counter.
 *
 * A loop is published by filling `pool`, then raising `generation`; it is over when every worker
 * has come to its end, so no worker can see half of the next loop. One loop runs at a time: a loop
 * asked for while another runs (from inside a task, or by a prefetching thread) is run by its
 * caller alone, with the same result, since a task's result depends on its number only.
 */
#define _GNU_SOURCE
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/cpu.h"

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
enum { FTZ_DAZ = 0x8040 };

unsigned lm_threads_flush_denormals(void)
{
    unsigned token = _mm_getcsr();
    _mm_setcsr(token | FTZ_DAZ);
    return token;
}

void lm_threads_restore_denormals(unsigned token)
{
    _mm_setcsr(token);
}

static void relax(void)
{
    _mm_pause();
}
#else
unsigned lm_threads_flush_denormals(void)
{
    return 0;
}

void lm_threads_restore_denormals(unsigned token)
{
    (void)token;
}

static void relax(void)
{
    sched_yield();
}
#endif

/* Spins before sleeping: about 20 us, more than the gap between two loops of a training step and
 * far less than a scheduler slice, so a machine shared with others is not hogged. */
enum { SPINS = 2000 };

typedef void TaskFn(void *ctx, int64_t task, int thread);

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t done;
    pthread_t threads[LM_THREADS_MAX];
    int n_started;       /* workers running, without the caller */
    atomic_int n_wanted; /* threads of a loop, the caller included; 0: not set yet */
    TaskFn *fn;
    void *ctx;
    int64_t n_tasks;
    atomic_llong next_task;
    atomic_uint generation; /* grows by one a loop */
    atomic_int n_active;    /* workers still inside the current loop */
    atomic_bool is_busy;    /* a loop runs */
    bool is_stopping;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .work = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

static atomic_bool is_cancelled;

static void run_tasks(int thread)
{
    for (;;) {
        int64_t task = atomic_fetch_add(&pool.next_task, 1);
        if (task >= pool.n_tasks) {
            return;
        }
        pool.fn(pool.ctx, task, thread);
    }
}

/* Waits for a loop newer than `seen`; false when the pool ends. */
static bool wait_for_work(unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&pool.generation) != seen) {
            break;
        }
        relax();
    }
    bool go = true;
    if (atomic_load(&pool.generation) == seen) {
        pthread_mutex_lock(&pool.lock);
        while (atomic_load(&pool.generation) == seen && !pool.is_stopping) {
            pthread_cond_wait(&pool.work, &pool.lock);
        }
        go = atomic_load(&pool.generation) != seen;
        pthread_mutex_unlock(&pool.lock);
    }
    return go;
}

typedef struct WorkerStart {
    int thread;
    unsigned generation;
} WorkerStart;

static WorkerStart starts[LM_THREADS_MAX];

static void *worker(void *arg)
{
    const WorkerStart *start = arg;
    unsigned seen = start->generation;
    lm_threads_flush_denormals();
    while (wait_for_work(seen)) {
        seen = atomic_load(&pool.generation);
        run_tasks(start->thread);
        if (atomic_fetch_sub(&pool.n_active, 1) == 1) {
            pthread_mutex_lock(&pool.lock);
            pthread_cond_signal(&pool.done);
            pthread_mutex_unlock(&pool.lock);
        }
    }
    return NULL;
}

/* A thread that cannot be started is no error: the loop runs on fewer, with the same result.
 * Workers inherit a mask that blocks every signal, so that handlers run on the caller's threads
 * only. */
static void start_workers(int n)
{
    if (pool.n_started >= n) {
        return;
    }
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.n_started < n) {
        WorkerStart *start = &starts[pool.n_started];
        *start = (WorkerStart){pool.n_started + 1, atomic_load(&pool.generation)};
        if (pthread_create(&pool.threads[pool.n_started], NULL, worker, start) != 0) {
            break;
        }
        pool.n_started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void wait_until_done(void)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&pool.n_active) == 0) {
            return;
        }
        relax();
    }
    pthread_mutex_lock(&pool.lock);
    while (atomic_load(&pool.n_active) != 0) {
        pthread_cond_wait(&pool.done, &pool.lock);
    }
    pthread_mutex_unlock(&pool.lock);
}

static void run_shared(int64_t n_tasks, TaskFn *fn, void *ctx)
{
    pool.fn = fn;
    pool.ctx = ctx;
    pool.n_tasks = n_tasks;
    atomic_store(&pool.next_task, 0);
    atomic_store(&pool.n_active, pool.n_started);
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.generation, 1);
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    run_tasks(0);
    wait_until_done();
}

static void run_alone(int64_t n_tasks, TaskFn *fn, void *ctx)
{
    for (int64_t task = 0; task < n_tasks; task++) {
        fn(ctx, task, 0);
    }
}

void lm_threads_for(int64_t n_tasks, TaskFn *fn, void *ctx)
{
    unsigned token = lm_threads_flush_denormals();
    if (n_tasks <= 1 || lm_threads() == 1 || atomic_exchange(&pool.is_busy, true)) {
        run_alone(n_tasks, fn, ctx);
    } else {
        start_workers(lm_threads() - 1);
        run_shared(n_tasks, fn, ctx);
        atomic_store(&pool.is_busy, false);
    }
    lm_threads_restore_denormals(token);
}

void lm_threads_stop(void)
{
    LM_ASSERT(!atomic_load(&pool.is_busy));
    pthread_mutex_lock(&pool.lock);
    pool.is_stopping = true;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < pool.n_started; i++) {
        pthread_join(pool.threads[i], NULL);
    }
    pool.n_started = 0;
    pool.is_stopping = false;
}

int lm_threads(void)
{
    int n = atomic_load(&pool.n_wanted);
    if (n == 0) {
        n = LM_MIN(lm_cpu_count(), (int)LM_THREADS_MAX);
        atomic_store(&pool.n_wanted, n);
    }
    return n;
}

void lm_threads_set(int n)
{
    int clamped = LM_MIN(LM_MAX(n, 1), (int)LM_THREADS_MAX);
    if (clamped - 1 != pool.n_started) {
        lm_threads_stop();
    }
    atomic_store(&pool.n_wanted, clamped);
}

void lm_threads_cancel(void)
{
    atomic_store(&is_cancelled, true);
}

bool lm_threads_is_cancelled(void)
{
    return atomic_load_explicit(&is_cancelled, memory_order_relaxed);
}

void lm_threads_clear_cancel(void)
{
    atomic_store(&is_cancelled, false);
}

LmStatus lm_threads_check_cancel(LmError *err)
{
    return lm_threads_is_cancelled() ? lm_fail(err, LM_ECANCEL, "interrupted") : LM_OK;
}
