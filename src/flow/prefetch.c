/* A ring of slots. Batch number s, counted from where the threads began, belongs in slot s modulo
 * their number, which is what bounds the work ahead.
 *
 * Two locks: `claim` is held by the one thread that takes the next batch upon itself, also while it
 * waits for room or shuffles an epoch, so orders are made once and in turn; `lock` guards the
 * slots' states and is held for moments only, so whoever takes batches never waits for a shuffle it
 * does not need. `claim` is taken before `lock`, never after.
 */
#define _GNU_SOURCE
#include "flow/prefetch.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "base/threads.h"

/* One batch in the making and one ready for each thread: with less, threads idle when batches are
 * taken unevenly; more only takes memory. */
enum { SLOTS_A_WORKER = 2 };

typedef enum SlotState { SLOT_OPEN, SLOT_READY, SLOT_FAILED } SlotState;

typedef struct Slot {
    SlotState state;
    LmBatch batch;    /* SLOT_READY */
    int64_t epoch;    /* of the batch in the making */
    int64_t *indices; /* of the batch in the making */
} Slot;

typedef struct Worker {
    LmPrefetch *p;
    pthread_t thread;
    char *scratch;
} Worker;

struct LmPrefetch {
    LmPrefetchJob job;
    int64_t n_batches; /* of an epoch */
    atomic_bool stop;
    int n_slots;
    Slot slots[SLOTS_A_WORKER * LM_FLOW_WORKERS_MAX];
    int64_t *indices; /* of all slots */
    char *scratch;    /* of all threads */
    int n_threads;    /* running */
    Worker workers[LM_FLOW_WORKERS_MAX];

    pthread_mutex_t claim;
    int64_t epoch; /* of the batch to be claimed next */
    int64_t position;
    int64_t n_claimed;
    LmOrder order;

    pthread_mutex_t lock;
    pthread_cond_t made;
    pthread_cond_t room;
    int64_t n_taken;
};

/* --- threads --- */

static Slot *slot_of(LmPrefetch *p, int64_t batch)
{
    return &p->slots[batch % p->n_slots];
}

/* False when the threads are to end. The caller holds `claim`. */
static bool wait_for_room(LmPrefetch *p)
{
    pthread_mutex_lock(&p->lock);
    while (!atomic_load(&p->stop) && p->n_claimed - p->n_taken >= p->n_slots) {
        pthread_cond_wait(&p->room, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return !atomic_load(&p->stop);
}

/* Gives the size of the batch claimed, or 0 where there is no such epoch. The caller holds
 * `claim`. */
static int64_t copy_indices(LmPrefetch *p, int64_t *indices)
{
    LmError err;
    int64_t first = p->position * p->job.batch;
    int64_t n = LM_MIN(p->job.batch, p->job.n_samples - first);
    if (lm_order_make(&p->order, p->epoch, &err) != LM_OK) {
        return 0;
    }
    memcpy(indices, p->order.indices + first, (size_t)n * sizeof *indices);
    return n;
}

/* The slot of the next batch, its indices filled in; NULL when the threads are to end. */
static Slot *claim(LmPrefetch *p, int64_t *n)
{
    Slot *slot = NULL;
    pthread_mutex_lock(&p->claim);
    if (wait_for_room(p)) {
        slot = slot_of(p, p->n_claimed++);
        *n = copy_indices(p, slot->indices);
        slot->epoch = p->epoch;
        if (++p->position == p->n_batches) {
            p->position = 0;
            p->epoch++;
        }
    }
    pthread_mutex_unlock(&p->claim);
    return slot;
}

static void *run(void *arg)
{
    const Worker *w = arg;
    LmPrefetch *p = w->p;
    int64_t n = 0;
    lm_threads_flush_denormals();
    for (Slot *slot = claim(p, &n); slot != NULL; slot = claim(p, &n)) {
        LmError err;
        bool is_made = n > 0 && p->job.make(p->job.ctx, slot->epoch, slot->indices, n, &slot->batch,
                                            w->scratch, &p->stop, &err) == LM_OK;
        pthread_mutex_lock(&p->lock);
        slot->state = is_made ? SLOT_READY : SLOT_FAILED;
        pthread_cond_signal(&p->made);
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

/* Threads inherit a mask that blocks every signal, so that handlers run on the caller's threads
 * only. */
static void start(LmPrefetch *p)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->n_threads < p->job.workers) {
        Worker *w = &p->workers[p->n_threads];
        if (pthread_create(&w->thread, NULL, run, w) != 0) {
            break;
        }
        p->n_threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* --- making and ending --- */

static void init_locks(LmPrefetch *p)
{
    LM_ASSERT(pthread_mutex_init(&p->claim, NULL) == 0);
    LM_ASSERT(pthread_mutex_init(&p->lock, NULL) == 0);
    LM_ASSERT(pthread_cond_init(&p->made, NULL) == 0);
    LM_ASSERT(pthread_cond_init(&p->room, NULL) == 0);
}

static LmStatus alloc(LmPrefetch *p, LmError *err)
{
    const LmPrefetchJob *job = &p->job;
    size_t batch = (size_t)LM_MIN(job->batch, job->n_samples);
    size_t n_slots = (size_t)p->n_slots;
    size_t stride = lm_base_round_up(job->scratch_bytes, LM_MEM_ALIGN);
    LmStatus st = lm_mem_alloc(&p->scratch, (size_t)job->workers, stride, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&p->indices, n_slots * batch, sizeof *p->indices, err);
    }
    for (size_t i = 0; st == LM_OK && i < n_slots; i++) {
        p->slots[i].indices = p->indices + i * batch;
    }
    for (size_t i = 0; st == LM_OK && i < (size_t)job->workers; i++) {
        p->workers[i] = (Worker){.p = p, .scratch = p->scratch + i * stride};
    }
    return st == LM_OK ? lm_order_make(&p->order, p->epoch, err) : st;
}

LmStatus lm_prefetch_new(LmPrefetch **out, const LmPrefetchJob *job, int64_t epoch,
                         int64_t position, LmError *err)
{
    LM_ASSERT(job->workers >= 1 && job->workers <= LM_FLOW_WORKERS_MAX);
    LmPrefetch *p = NULL;
    LmStatus st = lm_mem_zeros(&p, 1, sizeof *p, err);
    if (st != LM_OK) {
        return st;
    }
    init_locks(p);
    p->job = *job;
    p->n_batches = job->n_samples / job->batch + (job->n_samples % job->batch != 0);
    p->n_slots = SLOTS_A_WORKER * job->workers;
    p->epoch = epoch;
    p->position = position;
    p->order = job->order;
    st = alloc(p, err);
    if (st != LM_OK) {
        lm_prefetch_free(p);
        return st;
    }
    start(p);
    *out = p;
    return LM_OK;
}

void lm_prefetch_free(LmPrefetch *p)
{
    if (p == NULL) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, true);
    pthread_cond_broadcast(&p->room);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->n_threads; i++) {
        pthread_join(p->workers[i].thread, NULL);
    }
    for (int i = 0; i < p->n_slots; i++) {
        if (p->slots[i].state == SLOT_READY) {
            lm_batch_fini(&p->slots[i].batch);
        }
    }
    lm_order_fini(&p->order);
    lm_mem_free(p->indices);
    lm_mem_free(p->scratch);
    pthread_mutex_destroy(&p->claim);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->made);
    pthread_cond_destroy(&p->room);
    lm_mem_free(p);
}

/* --- taking --- */

/* The caller holds `lock`. */
static void empty_slot(LmPrefetch *p, Slot *slot)
{
    slot->state = SLOT_OPEN;
    p->n_taken++;
    pthread_cond_signal(&p->room);
}

bool lm_prefetch_take(LmPrefetch *p, LmBatch *out)
{
    if (p->n_threads == 0) {
        return false;
    }
    Slot *slot = slot_of(p, p->n_taken);
    pthread_mutex_lock(&p->lock);
    while (slot->state == SLOT_OPEN) {
        pthread_cond_wait(&p->made, &p->lock);
    }
    bool is_ready = slot->state == SLOT_READY;
    if (is_ready) {
        *out = slot->batch;
        empty_slot(p, slot);
    }
    pthread_mutex_unlock(&p->lock);
    return is_ready;
}

void lm_prefetch_skip(LmPrefetch *p)
{
    pthread_mutex_lock(&p->lock);
    empty_slot(p, slot_of(p, p->n_taken));
    pthread_mutex_unlock(&p->lock);
}
