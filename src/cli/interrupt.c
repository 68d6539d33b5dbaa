#define _POSIX_C_SOURCE 200809L
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "base/threads.h"
#include "bind/raise.h"

static lua_State *volatile running;
static struct sigaction before;

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
    lm_threads_cancel();
    if (running != NULL) {
        lua_sethook(running, stop_hook, LUA_MASKCOUNT, 1);
    }
    signal(sig, SIG_DFL);
}

void lc_interrupt_arm(lua_State *L)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigemptyset(&action.sa_mask);
    running = L;
    sigaction(SIGINT, &action, &before);
    if (before.sa_handler == SIG_IGN) {
        sigaction(SIGINT, &before, NULL);
    }
}

void lc_interrupt_disarm(void)
{
    lua_State *L = running;
    sigaction(SIGINT, &before, NULL);
    running = NULL;
    if (L != NULL) {
        lua_sethook(L, NULL, 0, 0);
    }
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
