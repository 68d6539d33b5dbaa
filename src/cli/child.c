#define _GNU_SOURCE
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* exec failed; the reason went through the pipe, so nobody sees this code. */
enum { EXIT_NOT_STARTED = 127, DESCRIPTORS_MAX = 65536, PATH_BYTES = 4096 };

/* The three descriptors a child starts with. */
typedef struct Ends {
    int input;
    int output;
    int report; /* an errno goes back here when it cannot start */
} Ends;

/* The link names the file as long as it is there; a program that was replaced while it runs is
 * still reached through the link itself. */
static void find_program(char *path, size_t size)
{
    static const char LINK[] = "/proc/self/exe";
    ssize_t n = readlink(LINK, path, size - 1);
    path[LM_MAX(n, 0)] = '\0';
    if (n <= 0) {
        snprintf(path, size, "%s", program_invocation_name);
    } else if (access(path, X_OK) != 0) {
        snprintf(path, size, "%s", LINK);
    }
}

bool lc_child_can_limit_memory(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
    return !__has_feature(address_sanitizer) && !__has_feature(memory_sanitizer) &&
           !__has_feature(thread_sanitizer);
#else
    return true;
#endif
}

/* --- in the child --- */

static void close_others_at_exec(void)
{
#ifdef CLOSE_RANGE_CLOEXEC
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
        return;
    }
#endif
    struct rlimit limit;
    bool is_known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_MAX;
    int n = is_known ? (int)limit.rlim_cur : DESCRIPTORS_MAX;
    for (int fd = STDERR_FILENO + 1; fd < n; fd++) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

static bool set_threads(int n)
{
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    return n == 0 || setenv("LUMA_THREADS", text, 1) == 0;
}

/* The data limit and not that of the address space: data sets that are mapped from their files take
 * no memory that others could use. Threads' stacks count as data. */
static bool limit_memory(int64_t n_bytes)
{
    struct rlimit limit;
    if (n_bytes == 0 || !lc_child_can_limit_memory()) {
        return true;
    }
    if (getrlimit(RLIMIT_DATA, &limit) != 0) {
        return false;
    }
    limit.rlim_cur = LM_MIN(limit.rlim_max, (rlim_t)n_bytes);
    limit.rlim_max = limit.rlim_cur;
    return setrlimit(RLIMIT_DATA, &limit) == 0;
}

static void reset_signals(const sigset_t *mask)
{
    static const int SIGNALS[] = {SIGCHLD, SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGTSTP};
    for (size_t i = 0; i < LM_ARRAY_LEN(SIGNALS); i++) {
        signal(SIGNALS[i], SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
}

static bool connect_files(const Ends *ends)
{
    return dup2(ends->input, STDIN_FILENO) != -1 && dup2(ends->output, STDOUT_FILENO) != -1 &&
           dup2(ends->output, STDERR_FILENO) != -1;
}

/* A parent that died before prctl is no longer our parent. */
static bool bind_to_parent(pid_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static _Noreturn void become(const LcChild *child, const Ends *ends, const char *program,
                             char *const *argv, pid_t parent)
{
    if (setsid() != -1 && bind_to_parent(parent) && connect_files(ends) &&
        set_threads(child->n_threads) && limit_memory(child->memory_max)) {
        close_others_at_exec();
        reset_signals(&child->mask);
        execvp(program, argv);
    }
    int reason = errno;
    (void)!write(ends->report, &reason, sizeof reason);
    _exit(EXIT_NOT_STARTED);
}

/* --- in the parent --- */

/* The pipe closes without a word when exec succeeded. */
static int read_reason(int pipe_end)
{
    int reason = 0;
    ssize_t n;
    do {
        n = read(pipe_end, &reason, sizeof reason);
    } while (n == -1 && errno == EINTR);
    return n == (ssize_t)sizeof reason ? reason : 0;
}

static LmStatus launch(const LcChild *child, Ends *ends, char *const *argv, pid_t *pid,
                       LmError *err)
{
    int pipe_ends[2];
    char program[PATH_BYTES];
    find_program(program, sizeof program);
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        return lm_fail(err, LM_EIO, "cannot start %s: %s", program, strerror(errno));
    }
    ends->report = pipe_ends[1];
    pid_t parent = getpid();
    pid_t started = fork();
    if (started == 0) {
        become(child, ends, program, argv, parent);
    }
    int reason = started == -1 ? errno : 0;
    close(pipe_ends[1]);
    if (started > 0 && (reason = read_reason(pipe_ends[0])) != 0) {
        waitpid(started, NULL, 0);
    }
    close(pipe_ends[0]);
    if (reason != 0) {
        LmStatus code = reason == ENOMEM ? LM_EMEM : LM_EIO;
        return lm_fail(err, code, "cannot start %s: %s", program, strerror(reason));
    }
    *pid = started;
    return LM_OK;
}

static LmStatus launch_with_files(const LcChild *child, char *const *argv, pid_t *pid, LmError *err)
{
    Ends ends = {.input = open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (ends.input == -1) {
        return lm_fail_errno(err, errno, "cannot open", "/dev/null");
    }
    /* Appending: two processes of a run that write at once do not overwrite each other. */
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC;
    ends.output = open(child->output, flags, 0666);
    if (ends.output == -1) {
        int reason = errno;
        close(ends.input);
        return lm_fail(err, LM_EIO, "cannot write %s: %s", child->output, strerror(reason));
    }
    LmStatus st = launch(child, &ends, argv, pid, err);
    close(ends.output);
    close(ends.input);
    return st;
}

LmStatus lc_child_start(const LcChild *child, pid_t *pid, LmError *err)
{
    static char name[] = "luma";
    size_t n = 0;
    while (child->words[n] != NULL) {
        n++;
    }
    char **argv = calloc(n + 2, sizeof *argv);
    if (argv == NULL) {
        return lm_fail(err, LM_EMEM, "cannot start a process: no memory for its arguments");
    }
    argv[0] = name;
    memcpy(argv + 1, child->words, n * sizeof *argv);
    LmStatus st = launch_with_files(child, argv, pid, err);
    free(argv);
    return st;
}
