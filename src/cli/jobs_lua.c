#define _GNU_SOURCE
#include "cli/jobs_lua.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "bind/raise.h"
#include "cli/child.h"
#include "cli/jobs.h"

static const char JOBS_KEY[] = "luma.jobs";
enum { RANDOM_MAX = 64, SLOTS_MAX = 4096 };

static LcJobs **check_box(lua_State *L)
{
    return luaL_checkudata(L, 1, JOBS_KEY);
}

static LcJobs *check_jobs(lua_State *L)
{
    LcJobs *jobs = *check_box(L);
    return jobs != NULL ? jobs : (luaL_error(L, "jobs are closed"), NULL);
}

static int close_jobs(lua_State *L)
{
    LcJobs **box = check_box(L);
    lc_jobs_close(*box);
    *box = NULL;
    return 0;
}

static int open_slots(lua_State *L)
{
    LmError err;
    lua_Integer n_slots = luaL_checkinteger(L, 1);
    lua_Integer n_threads = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n_slots >= 1 && n_slots <= SLOTS_MAX, 1, "out of range");
    luaL_argcheck(L, n_threads >= 0 && n_threads <= INT32_MAX, 2, "out of range");
    LcJobs **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, JOBS_KEY);
    if (lc_jobs_open(box, (int)n_slots, (int)n_threads, &err) != LM_OK) {
        lb_raise(L, "luma batch", &err);
    }
    return 1;
}

/* The words of the list at the top, which is popped, as an array that lives in a userdata pushed in
 * its place. The strings stay with the list of the caller. */
static char **push_words(lua_State *L)
{
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_Integer n = luaL_len(L, -1);
    char **words = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *words, 0);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_geti(L, -2, i) != LUA_TSTRING) {
            luaL_error(L, "words are strings");
        }
        words[i - 1] = (char *)lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    words[n] = NULL;
    lua_remove(L, -2);
    return words;
}

static int start_job(lua_State *L)
{
    LmError err;
    LcJob job;
    LcJobs *jobs = check_jobs(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_getfield(L, 2, "id");
    lua_getfield(L, 2, "output");
    lua_getfield(L, 2, "seconds");
    lua_getfield(L, 2, "memory");
    job.id = luaL_checkinteger(L, 3);
    job.output = luaL_checkstring(L, 4);
    job.seconds_max = luaL_optnumber(L, 5, 0);
    job.memory_max = luaL_optinteger(L, 6, 0);
    lua_getfield(L, 2, "words");
    job.words = push_words(L);
    if (lc_jobs_start(jobs, &job, &err) != LM_OK) {
        lua_pushnil(L);
        lua_pushstring(L, err.msg);
        return 2;
    }
    lua_pushboolean(L, true);
    return 1;
}

/* "SIGSEGV"; the C library names no real-time signals. */
static void push_signal_name(lua_State *L, int sig)
{
    const char *name = sigabbrev_np(sig);
    if (name != NULL) {
        lua_pushfstring(L, "SIG%s", name);
    } else {
        lua_pushfstring(L, "signal %d", sig);
    }
}

static void push_end(lua_State *L, const LcJobEnd *end)
{
    static const char *const causes[] = {"ended", "timeout", "interrupted"};
    lua_createtable(L, 0, 7);
    lua_pushinteger(L, end->id);
    lua_setfield(L, -2, "id");
    lua_pushstring(L, causes[end->cause]);
    lua_setfield(L, -2, "cause");
    if (end->signal == 0) {
        lua_pushinteger(L, end->exit_code);
        lua_setfield(L, -2, "exit_code");
    } else {
        push_signal_name(L, end->signal);
        lua_setfield(L, -2, "signal");
    }
    lua_pushnumber(L, end->seconds);
    lua_setfield(L, -2, "seconds");
    lua_pushnumber(L, end->cpu_seconds);
    lua_setfield(L, -2, "cpu_seconds");
    lua_pushinteger(L, end->peak_memory_bytes);
    lua_setfield(L, -2, "peak_memory_bytes");
}

static int wait_job(lua_State *L)
{
    LcJobEnd end;
    LcJobs *jobs = check_jobs(L);
    double seconds = luaL_optnumber(L, 2, -1);
    switch (lc_jobs_wait(jobs, seconds, &end)) {
    case LC_JOBS_END:
        lua_pushliteral(L, "end");
        push_end(L, &end);
        return 2;
    case LC_JOBS_TICK:
        lua_pushliteral(L, "tick");
        return 1;
    case LC_JOBS_INTERRUPT:
        lua_pushliteral(L, "interrupt");
        return 1;
    default:
        lua_pushliteral(L, "idle");
        return 1;
    }
}

static int random_bytes(lua_State *L)
{
    char bytes[RANDOM_MAX];
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 1 && n <= RANDOM_MAX, 1, "out of range");
    if (getrandom(bytes, (size_t)n, 0) != n) {
        return luaL_error(L, "the system gives no random bytes");
    }
    lua_pushlstring(L, bytes, (size_t)n);
    return 1;
}

static int clock_seconds(lua_State *L)
{
    lua_pushnumber(L, lm_clock_seconds());
    return 1;
}

static int processors(lua_State *L)
{
    lua_pushinteger(L, lm_cpu_count());
    return 1;
}

static int can_limit_memory(lua_State *L)
{
    lua_pushboolean(L, lc_child_can_limit_memory());
    return 1;
}

int lc_jobs_lua_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"start", start_job},  {"wait", wait_job},
                                       {"close", close_jobs}, {"__close", close_jobs},
                                       {"__gc", close_jobs},  {NULL, NULL}};
    static const luaL_Reg functions[] = {{"open", open_slots},
                                         {"random", random_bytes},
                                         {"clock", clock_seconds},
                                         {"processors", processors},
                                         {"can_limit_memory", can_limit_memory},
                                         {NULL, NULL}};
    luaL_newmetatable(L, JOBS_KEY);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    luaL_newlib(L, functions);
    return 1;
}
