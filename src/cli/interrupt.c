#define _POSIX_C_SOURCE 200809L
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/base.h"
#include "base/threads.h"
#include "bind/raise.h"

/* The innermost running coroutine. Members are complete before they are entered, so that a signal
 * at any time finds a whole chain. */
static LcRunning *volatile innermost;
static LcRunning base;
static struct sigaction before;
static bool is_patient;
static volatile sig_atomic_t n_asked;

static void stop_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lb_raise_text(L, LM_ECANCEL, "interrupted");
}

/* lua_sethook is the one function of the Lua API that may be called from a handler. The hook counts
 * instructions and not calls: then the C function that ends a loop's trainer still runs, and the
 * error keeps the line it happened at. */
static void on_interrupt(int sig)
{
    static const char text[] = "\nluma: stopping; Ctrl-C once more ends the program\n";
    lm_threads_cancel();
    for (LcRunning *r = innermost; r != NULL; r = r->resumer) {
        lua_sethook(r->L, stop_hook, LUA_MASKCOUNT, 1);
    }
    n_asked++;
    if (is_patient && n_asked == 2) {
        ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
        (void)n;
    }
    if (!is_patient || n_asked >= 2) {
        signal(sig, SIG_DFL);
    }
}

void lc_interrupt_arm(lua_State *L)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    base = (LcRunning){L, NULL};
    innermost = &base;
    n_asked = 0;
    sigaction(SIGINT, &action, &before);
    if (before.sa_handler == SIG_IGN) {
        sigaction(SIGINT, &before, NULL);
    }
}

void lc_interrupt_disarm(void)
{
    if (base.L == NULL) {
        return;
    }
    sigaction(SIGINT, &before, NULL);
    innermost = NULL;
    lua_sethook(base.L, NULL, 0, 0);
    base.L = NULL;
    lm_threads_clear_cancel();
}

bool lc_interrupt_end(lua_State *L)
{
    bool is_pending = lm_threads_is_cancelled();
    if (is_pending) {
        lua_sethook(L, NULL, 0, 0);
    }
    return is_pending;
}

static void on_idle_interrupt(int sig)
{
    (void)sig;
}

/* A handler and not SIG_IGN, which the programs that a script starts would inherit. */
void lc_interrupt_be_patient(void)
{
    struct sigaction action = {.sa_handler = on_idle_interrupt};
    struct sigaction now;
    is_patient = true;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler != SIG_IGN) {
        sigaction(SIGINT, &action, NULL);
    }
}

/* One that was left suspended when a stop came keeps its hook until it runs again. */
void lc_interrupt_enter(LcRunning *running, lua_State *L)
{
    if (lua_gethook(L) == stop_hook && !lm_threads_is_cancelled()) {
        lua_sethook(L, NULL, 0, 0);
    }
    *running = (LcRunning){L, innermost};
    if (innermost != NULL) {
        innermost = running;
    }
}

void lc_interrupt_leave(const LcRunning *running)
{
    if (innermost == running) {
        innermost = running->resumer;
    }
}
