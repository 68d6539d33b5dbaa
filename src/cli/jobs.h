/* Child processes of the batch runner: each a run of this program, in a session of its own.
 *
 * A child gets /dev/null to read, one file to write, no other descriptor, and dies with its parent,
 * however that ends. All its descendants are one process group, which is killed when the child has
 * ended, so a run leaves nothing behind. While jobs are open the signals that ask the parent to
 * stop are blocked and taken by lc_jobs_wait: at the first one the children are asked to stop, at
 * the second they are killed. One LcJobs at a time, and no thread besides the caller may be
 * running: children would die with the thread that started them.
 */
#ifndef LC_JOBS_H
#define LC_JOBS_H

#include "base/error.h"

typedef struct LcJobs LcJobs;

typedef struct LcJob {
    int64_t id;         /* the caller's; comes back in LcJobEnd */
    char *const *words; /* after the program's name, NULL at the end */
    const char *output; /* for stdout and stderr; made anew */
    double seconds_max; /* 0: no limit */
    int64_t memory_max; /* bytes a process of it may allocate; 0: no limit */
} LcJob;

typedef enum LcJobCause {
    LC_JOB_ENDED, /* by itself, or somebody else killed it */
    LC_JOB_TIMEOUT,
    LC_JOB_INTERRUPTED
} LcJobCause;

typedef struct LcJobEnd {
    int64_t id;
    LcJobCause cause;
    int exit_code; /* -1 after a signal */
    int signal;    /* 0 after an exit */
    double seconds;
    double cpu_seconds;
    int64_t peak_memory_bytes; /* of its largest process */
} LcJobEnd;

typedef enum LcJobsEvent {
    LC_JOBS_END,       /* a job ended: the LcJobEnd is filled */
    LC_JOBS_TICK,      /* the time to wait is over */
    LC_JOBS_INTERRUPT, /* a signal asks to stop; the children know */
    LC_JOBS_IDLE       /* none is running */
} LcJobsEvent;

/* For n_slots jobs at once, n_slots >= 1. They get LUMA_THREADS = their share of n_threads, at
 * least 1; where n_threads is 0 the environment stays as it is. */
LmStatus lc_jobs_open(LcJobs **out, int n_slots, int n_threads, LmError *err) LM_MUST_CHECK;
/* Kills what runs, restores the signals. After an interrupt the next Ctrl-C ends the program. */
void lc_jobs_close(LcJobs *jobs);

/* A slot must be free: lc_jobs_running() < n_slots. Fails when the output cannot be made (LM_EIO)
 * or the program cannot be started. */
LmStatus lc_jobs_start(LcJobs *jobs, const LcJob *job, LmError *err) LM_MUST_CHECK;
int lc_jobs_running(const LcJobs *jobs);

/* Sleeps until something happens, at most `seconds` (negative: no limit). */
LcJobsEvent lc_jobs_wait(LcJobs *jobs, double seconds, LcJobEnd *end);

#endif
