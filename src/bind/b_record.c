/* The machine a run has, what it used, and the warnings it gave. */
#define _GNU_SOURCE
#include "bind/b_record.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "bind/raise.h"

/* More than anybody reads; a loop that warns at every turn must not fill the memory. */
enum { WARNINGS_MAX = 100 };

static const char ENGINE[] = "luma.engine.record";
static char *warnings[WARNINGS_MAX];
static int n_warnings;
static double started;

static void keep_warning(const char *text)
{
    LmError err;
    if (n_warnings < WARNINGS_MAX && lm_mem_strdup(&warnings[n_warnings], text, &err) == LM_OK) {
        n_warnings++;
    }
}

/* start(): the clock, and warnings from now on. Gives the seconds since 1970. */
static int record_start(lua_State *L)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    started = lm_clock_seconds();
    lb_raise_keep_warnings(keep_warning);
    lua_pushnumber(L, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
    return 1;
}

/* warnings() -> list of strings */
static int record_warnings(lua_State *L)
{
    lua_createtable(L, n_warnings, 0);
    for (int i = 0; i < n_warnings; i++) {
        lua_pushstring(L, warnings[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* usage() -> seconds since start(), processor seconds, most bytes of memory in use at once */
static int record_usage(lua_State *L)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    lua_pushnumber(L, lm_clock_seconds() - started);
    lua_pushnumber(L, seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
    lua_pushinteger(L, (lua_Integer)used.ru_maxrss * 1024);
    return 3;
}

/* machine() -> { processors, processor, system, memory_bytes } */
static int record_machine(lua_State *L)
{
    struct utsname u;
    long pages = sysconf(_SC_PHYS_PAGES);
    lua_createtable(L, 0, 8);
    lua_pushinteger(L, lm_cpu_count());
    lua_setfield(L, -2, "processors");
    lua_pushstring(L, lm_cpu_name());
    lua_setfield(L, -2, "processor");
    if (uname(&u) == 0) {
        lua_pushfstring(L, "%s %s %s", u.sysname, u.release, u.machine);
        lua_setfield(L, -2, "system");
    }
    if (pages > 0) {
        lua_pushinteger(L, (lua_Integer)pages * sysconf(_SC_PAGESIZE));
        lua_setfield(L, -2, "memory_bytes");
    }
    return 1;
}

/* random_hex(n) -> n hex digits, at most 16; not from any seed: other runs must draw others. */
static int record_random_hex(lua_State *L)
{
    uint64_t bits = 0;
    char text[17];
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 1 && n <= 16, 1, "1 to 16");
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) {
        bits = (uint64_t)getpid() * 0x9e3779b97f4a7c15u + (uint64_t)(1e9 * lm_clock_seconds());
    }
    snprintf(text, sizeof text, "%016llx", (unsigned long long)bits);
    lua_pushlstring(L, text + 16 - n, (size_t)n);
    return 1;
}

static int open_record(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"start", record_start},     {"warnings", record_warnings},     {"usage", record_usage},
        {"machine", record_machine}, {"random_hex", record_random_hex}, {NULL, NULL}};
    luaL_newlib(L, functions);
    luaL_setfuncs(L, lb_record_data, 0);
    lua_pushliteral(L, LUA_RELEASE);
    lua_setfield(L, -2, "lua");
    return 1;
}

void lb_record_open(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open_record);
    lua_setfield(L, -2, ENGINE);
    lua_pop(L, 1);
}
