#include "bind/process.h"

#include <errno.h>
#include <lauxlib.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/threads.h"
#include "bind/raise.h"
#include "kernel/kernel.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int n_states;
static bool is_chosen; /* the environment has had its say */

/* An empty variable counts as none. */
static const char *setting(const char *name)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static LmStatus choose_kernels(LmError *err)
{
    const char *name = setting("LUMA_ISA");
    LmStatus st = name != NULL ? lm_kernels_select(name, err) : LM_OK;
    if (st != LM_OK) {
        lm_error_context(err, "LUMA_ISA");
    }
    return st;
}

static LmStatus choose_threads(LmError *err)
{
    const char *text = setting("LUMA_THREADS");
    if (text == NULL) {
        return LM_OK;
    }
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*end != '\0' || errno != 0 || n < 1 || n > LM_THREADS_MAX) {
        return lm_fail(err, LM_EARG, "LUMA_THREADS: wants an integer from 1 to %d, got \"%.40s\"",
                       LM_THREADS_MAX, text);
    }
    lm_threads_set((int)n);
    return LM_OK;
}

static int leave(lua_State *L)
{
    (void)L;
    pthread_mutex_lock(&lock);
    if (--n_states == 0) {
        lm_threads_stop();
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

static LmStatus enter(LmError *err)
{
    LmStatus st = LM_OK;
    pthread_mutex_lock(&lock);
    if (!is_chosen) {
        st = choose_kernels(err);
        st = st == LM_OK ? choose_threads(err) : st;
        is_chosen = st == LM_OK;
    }
    n_states += st == LM_OK;
    pthread_mutex_unlock(&lock);
    return st;
}

void lb_process_enter(lua_State *L)
{
    LmError err;
    static const char key[] = "luma.process";
    if (lua_getfield(L, LUA_REGISTRYINDEX, key) != LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, leave);
    lua_setfield(L, -2, "__gc");
    LmStatus st = enter(&err);
    if (st != LM_OK) {
        lb_raise_text(L, st, "%s", err.msg);
    }
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
}
