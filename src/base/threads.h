/* The engine's threads: one pool for parallel loops, and the flag that stops long work.
 *
 * lm_threads_for hands out task numbers; which thread runs a task is not fixed, so a task's result
 * may depend on its number only. That is what makes results independent of the thread count. A
 * loop started inside a task, or while another thread's loop runs, is run by its caller alone.
 * Every engine thread, and the caller while it is inside a parallel loop, runs with denormals
 * flushed to zero: Adam's moments of dead units would otherwise slow every step.
 */
#ifndef LM_THREADS_H
#define LM_THREADS_H

#include "base/error.h"

enum { LM_THREADS_MAX = 64 };

/* How many threads a parallel loop uses; at first the processors of this process. Values are
 * clamped to 1..LM_THREADS_MAX. Only the main thread sets it, outside parallel loops. */
int lm_threads(void);
void lm_threads_set(int n);

/* Runs fn(ctx, task, thread) for every task in [0, n_tasks), thread in [0, lm_threads()); returns
 * when all are done. Threads wait by spinning briefly, then sleep. */
void lm_threads_for(int64_t n_tasks, void (*fn)(void *ctx, int64_t task, int thread), void *ctx);

/* Ends the pool's threads (they start again when needed); for tests and clean exits. */
void lm_threads_stop(void);

/* Asks running work to stop at the next batch. Safe to call from a signal handler. */
void lm_threads_cancel(void);
bool lm_threads_is_cancelled(void);
void lm_threads_clear_cancel(void);
/* LM_ECANCEL with the message "interrupted" when a stop was asked for, else LM_OK. */
LmStatus lm_threads_check_cancel(LmError *err) LM_MUST_CHECK;

/* Turns flushing of denormals on for the calling thread; returns a token for _restore. */
unsigned lm_threads_flush_denormals(void);
void lm_threads_restore_denormals(unsigned token);

#endif
