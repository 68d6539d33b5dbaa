/* Reading keys one by one, and the signals that may come meanwhile.
 *
 * Handlers only take a note; the loop that waits for a key acts on it, so that nothing but the main
 * thread's ordinary code touches the terminal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/edit_impl.h"

static const int noted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH};
static struct sigaction before[LM_ARRAY_LEN(noted)];
static volatile sig_atomic_t has_come[NSIG];
/* Noted signals arrive only while the loop waits. */
static sigset_t outside;

static void note(int sig)
{
    has_come[sig] = 1;
}

void lc_edit_signals_begin(LcEdit *e)
{
    sigset_t blocked;
    struct sigaction action = {.sa_handler = note};
    (void)e;
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (size_t i = 0; i < LM_ARRAY_LEN(noted); i++) {
        has_come[noted[i]] = 0;
        sigaction(noted[i], &action, &before[i]);
        if (before[i].sa_handler == SIG_IGN) {
            sigaction(noted[i], &before[i], NULL);
        }
        sigaddset(&blocked, noted[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &outside);
}

void lc_edit_signals_end(void)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(noted); i++) {
        sigaction(noted[i], &before[i], NULL);
    }
    sigprocmask(SIG_SETMASK, &outside, NULL);
}

void lc_edit_mark_pastes(bool is_on)
{
    fputs(is_on ? "\033[?2004h" : "\033[?2004l", stdout);
    fflush(stdout);
}

/* As if the signal had come with the terminal as it was before. */
static void take_signal(LcEdit *e, int sig)
{
    el_wset(e->el, EL_PREP_TERM, 0);
    lc_edit_mark_pastes(false);
    lc_edit_signals_end();
    raise(sig);
    lc_edit_signals_begin(e);
    el_wset(e->el, EL_PREP_TERM, 1);
    lc_edit_mark_pastes(true);
    el_resize(e->el);
    el_wset(e->el, EL_REFRESH);
}

void lc_edit_suspend(LcEdit *e)
{
    fputs("\n", stdout);
    take_signal(e, SIGTSTP);
}

/* False: the text is dropped. */
static bool act_on_signals(LcEdit *e)
{
    static const int fatal[] = {SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < LM_ARRAY_LEN(fatal); i++) {
        if (has_come[fatal[i]]) {
            has_come[fatal[i]] = 0;
            take_signal(e, fatal[i]);
        }
    }
    if (has_come[SIGTSTP]) {
        has_come[SIGTSTP] = 0;
        lc_edit_suspend(e);
    }
    if (has_come[SIGWINCH] || has_come[SIGCONT]) {
        has_come[SIGWINCH] = has_come[SIGCONT] = 0;
        el_resize(e->el);
    }
    return !has_come[SIGINT];
}

/* One byte: 1; 0 at the end of input; -1 when the text is dropped. */
static int read_byte(LcEdit *e, char *byte)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    for (;;) {
        if (ppoll(&in, 1, NULL, &outside) < 0) {
            if (errno == EINTR && act_on_signals(e)) {
                continue;
            }
            return -1;
        }
        ssize_t n = read(STDIN_FILENO, byte, 1);
        if (n >= 0) {
            return (int)n;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return 0;
        }
    }
}

/* Bytes that are no UTF-8 are left out. */
int lc_edit_read_char(EditLine *el, wchar_t *c)
{
    LcEdit *e = lc_edit_of(el);
    mbstate_t state;
    memset(&state, 0, sizeof state);
    fflush(stdout);
    for (;;) {
        char byte;
        int n = read_byte(e, &byte);
        if (n <= 0) {
            e->is_interrupted = n < 0;
            return n;
        }
        size_t used = mbrtowc(c, &byte, 1, &state);
        if (used == 0 || used == 1) {
            return 1;
        }
        if (used == (size_t)-1) {
            memset(&state, 0, sizeof state);
        }
    }
}
