#define _GNU_SOURCE
#include "cli/jobs.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/child.h"

/* Between "please stop" and the kill: an epoch's end and the record of a run take less. */
static const double GRACE_SECONDS = 3;
static const int STOP_SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};

typedef struct Slot {
    pid_t pid; /* 0: free */
    int64_t id;
    LcJobCause cause;
    double started;
    double deadline; /* INFINITY: none */
    bool is_asked;   /* to stop: at the deadline it is killed */
} Slot;

struct LcJobs {
    int n_slots;
    int n_threads;
    bool is_interrupted;
    sigset_t waited; /* what lc_jobs_wait takes */
    sigset_t mask_before;
    struct sigaction child_before;
    struct sigaction pipe_before;
    Slot slots[];
};

/* --- opening and closing --- */

static void ignore_nothing(int sig)
{
    (void)sig;
}

/* A signal that is ignored (nohup, a script's background job) stays so. */
static bool is_ignored(int sig)
{
    struct sigaction now;
    return sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static void take_signals(LcJobs *jobs)
{
    /* A handler, because ended children are lost where SIGCHLD is ignored. */
    struct sigaction on_child = {.sa_handler = ignore_nothing};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&on_child.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigemptyset(&jobs->waited);
    sigaddset(&jobs->waited, SIGCHLD);
    for (size_t i = 0; i < LM_ARRAY_LEN(STOP_SIGNALS); i++) {
        if (!is_ignored(STOP_SIGNALS[i])) {
            sigaddset(&jobs->waited, STOP_SIGNALS[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &jobs->waited, &jobs->mask_before);
    sigaction(SIGCHLD, &on_child, &jobs->child_before);
    /* Whoever read our lines may leave: the reports are still written. */
    sigaction(SIGPIPE, &ignore, &jobs->pipe_before);
}

LmStatus lc_jobs_open(LcJobs **out, int n_slots, int n_threads, LmError *err)
{
    LcJobs *jobs;
    LM_ASSERT(n_slots >= 1);
    size_t size = sizeof(LcJobs) + (size_t)n_slots * sizeof(Slot);
    LmStatus st = lm_mem_zeros(&jobs, 1, size, err);
    if (st != LM_OK) {
        return st;
    }
    jobs->n_slots = n_slots;
    jobs->n_threads = n_threads;
    take_signals(jobs);
    *out = jobs;
    return LM_OK;
}

static void give_signals_back(LcJobs *jobs)
{
    static const struct timespec AT_ONCE = {0};
    for (int sig; (sig = sigtimedwait(&jobs->waited, NULL, &AT_ONCE)) > 0;) {
        jobs->is_interrupted = jobs->is_interrupted || (sig != SIGCHLD && sig != SIGTSTP);
    }
    if (jobs->is_interrupted && !is_ignored(SIGINT)) {
        signal(SIGINT, SIG_DFL);
    }
    sigaction(SIGCHLD, &jobs->child_before, NULL);
    sigaction(SIGPIPE, &jobs->pipe_before, NULL);
    sigprocmask(SIG_SETMASK, &jobs->mask_before, NULL);
}

/* The whole group: lc_child_start returned after the child had made it. */
static void signal_job(const Slot *slot, int sig)
{
    kill(-slot->pid, sig);
}

void lc_jobs_close(LcJobs *jobs)
{
    if (jobs == NULL) {
        return;
    }
    for (int i = 0; i < jobs->n_slots; i++) {
        if (jobs->slots[i].pid != 0) {
            signal_job(&jobs->slots[i], SIGKILL);
            waitpid(jobs->slots[i].pid, NULL, 0);
        }
    }
    give_signals_back(jobs);
    lm_mem_free(jobs);
}

/* --- starting --- */

int lc_jobs_running(const LcJobs *jobs)
{
    int n = 0;
    for (int i = 0; i < jobs->n_slots; i++) {
        n += jobs->slots[i].pid != 0;
    }
    return n;
}

static LmStatus start_in(LcJobs *jobs, int index, const LcJob *job, LmError *err)
{
    pid_t pid;
    int share = jobs->n_threads / jobs->n_slots + (index < jobs->n_threads % jobs->n_slots);
    LcChild child = {
        .words = job->words,
        .output = job->output,
        .n_threads = jobs->n_threads > 0 ? LM_MAX(share, 1) : 0,
        .memory_max = job->memory_max,
        .mask = jobs->mask_before,
    };
    LmStatus st = lc_child_start(&child, &pid, err);
    if (st == LM_OK) {
        double now = lm_clock_seconds();
        jobs->slots[index] = (Slot){
            .pid = pid,
            .id = job->id,
            .started = now,
            .deadline = job->seconds_max > 0 ? now + job->seconds_max : (double)INFINITY,
        };
    }
    return st;
}

LmStatus lc_jobs_start(LcJobs *jobs, const LcJob *job, LmError *err)
{
    int index = 0;
    while (index < jobs->n_slots && jobs->slots[index].pid != 0) {
        index++;
    }
    LM_ASSERT(index < jobs->n_slots);
    return start_in(jobs, index, job, err);
}

/* --- waiting --- */

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

/* The group is killed before its leader is reaped: until then its number cannot be another's. */
static void finish(Slot *slot, LcJobEnd *end)
{
    int status = 0;
    struct rusage usage = {0};
    double seconds = lm_clock_seconds() - slot->started;
    signal_job(slot, SIGKILL);
    wait4(slot->pid, &status, 0, &usage);
    *end = (LcJobEnd){
        .id = slot->id,
        .cause = slot->cause,
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .seconds = seconds,
        .cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
        .peak_memory_bytes = (int64_t)usage.ru_maxrss * 1024,
    };
    slot->pid = 0;
}

static bool reap(LcJobs *jobs, LcJobEnd *end)
{
    for (int i = 0; i < jobs->n_slots; i++) {
        siginfo_t info = {0};
        Slot *slot = &jobs->slots[i];
        if (slot->pid != 0 &&
            waitid(P_PID, (id_t)slot->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == slot->pid) {
            finish(slot, end);
            return true;
        }
    }
    return false;
}

/* SIGINT, which a run turns into an error at its next step; its record is then still written. */
static void ask_to_stop(Slot *slot, LcJobCause cause)
{
    slot->cause = cause;
    slot->is_asked = true;
    slot->deadline = lm_clock_seconds() + GRACE_SECONDS;
    signal_job(slot, SIGINT);
}

/* Returns the next moment at which there is something to do. */
static double enforce_deadlines(LcJobs *jobs)
{
    double next = (double)INFINITY;
    for (int i = 0; i < jobs->n_slots; i++) {
        Slot *slot = &jobs->slots[i];
        if (slot->pid != 0 && lm_clock_seconds() >= slot->deadline) {
            if (slot->is_asked) {
                slot->deadline = (double)INFINITY;
                signal_job(slot, SIGKILL);
            } else {
                ask_to_stop(slot, LC_JOB_TIMEOUT);
            }
        }
        next = slot->pid != 0 ? fmin(next, slot->deadline) : next;
    }
    return next;
}

static void interrupt(LcJobs *jobs)
{
    for (int i = 0; i < jobs->n_slots; i++) {
        Slot *slot = &jobs->slots[i];
        if (slot->pid != 0 && jobs->is_interrupted) {
            signal_job(slot, SIGKILL);
        } else if (slot->pid != 0 && !slot->is_asked) {
            ask_to_stop(slot, LC_JOB_INTERRUPTED);
        }
    }
    jobs->is_interrupted = true;
}

static void signal_all(LcJobs *jobs, int sig)
{
    for (int i = 0; i < jobs->n_slots; i++) {
        if (jobs->slots[i].pid != 0) {
            signal_job(&jobs->slots[i], sig);
        }
    }
}

/* Ctrl-Z: the children sleep as long as we do, and their time stands still. */
static void pause_all(LcJobs *jobs)
{
    double begin = lm_clock_seconds();
    signal_all(jobs, SIGSTOP);
    raise(SIGSTOP);
    signal_all(jobs, SIGCONT);
    double pause = lm_clock_seconds() - begin;
    for (int i = 0; i < jobs->n_slots; i++) {
        jobs->slots[i].started += pause;
        jobs->slots[i].deadline += pause;
    }
}

/* The signal that came before `moment`; 0 or less: none. */
static int sleep_until(const LcJobs *jobs, double moment)
{
    double seconds = moment - lm_clock_seconds();
    if (isinf(seconds)) {
        return sigwaitinfo(&jobs->waited, NULL);
    }
    seconds = fmax(seconds, 0);
    struct timespec t = {.tv_sec = (time_t)seconds};
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    return sigtimedwait(&jobs->waited, NULL, &t);
}

LcJobsEvent lc_jobs_wait(LcJobs *jobs, double seconds, LcJobEnd *end)
{
    double tick = seconds < 0 ? (double)INFINITY : lm_clock_seconds() + seconds;
    for (;;) {
        if (reap(jobs, end)) {
            return LC_JOBS_END;
        }
        if (lc_jobs_running(jobs) == 0) {
            return LC_JOBS_IDLE;
        }
        int sig = sleep_until(jobs, fmin(enforce_deadlines(jobs), tick));
        if (sig == SIGTSTP) {
            pause_all(jobs);
        } else if (sig > 0 && sig != SIGCHLD) {
            interrupt(jobs);
            return LC_JOBS_INTERRUPT;
        } else if (sig <= 0 && lm_clock_seconds() >= tick) {
            return LC_JOBS_TICK;
        }
    }
}
