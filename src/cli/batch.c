/* luma batch: its options and its primitives; the work is done by lua/luma/batch.lua. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/jobs_lua.h"
#include "cli/report.h"
#include "cli/session.h"

enum { JOBS_MAX = 1024 };
/* A year: sums of it and the clock stay exact, and nobody waits longer. */
static const double SECONDS_MAX = 366.0 * 24 * 3600;

typedef struct BatchOptions {
    int64_t jobs;
    double timeout;
    const char *memory;
    const char *runs;
    const char *junit;
    const char *json;
    const char *html;
    const char *baseline;
    const char *tolerance;
    bool expects_seeds;
    bool is_list;
    bool is_quiet;
    int n_words; /* files and name=value pairs */
    char **words;
    int n_typed; /* all of it */
    char **typed;
} BatchOptions;

const LcOption lc_batch_options[] = {
    LC_INTEGER(BatchOptions, jobs, "--jobs", "N", 1, JOBS_MAX,
               "runs at once (default: processors, whose threads they share)"),
    LC_NUMBER(BatchOptions, timeout, "--timeout", "S", 0.001, SECONDS_MAX,
              "end a run after S seconds"),
    LC_WORD(BatchOptions, memory, "--memory", "SIZE", "what a run may allocate: 500M, 2G, 1GiB"),
    LC_WORD(BatchOptions, runs, "--runs", "DIR", "where runs leave their folders (default: runs)"),
    LC_FLAG(BatchOptions, expects_seeds, "--expect-seeds",
            "judge expectations over all seeds of a sweep, by intervals"),
    LC_WORD(BatchOptions, junit, "--junit", "FILE", "write results as JUnit XML"),
    LC_WORD(BatchOptions, json, "--json", "FILE", "write results as JSON"),
    LC_WORD(BatchOptions, html, "--html", "FILE", "write results as a page to read"),
    LC_WORD(BatchOptions, baseline, "--baseline", "FILE", "compare figures with an earlier --json"),
    LC_WORD(BatchOptions, tolerance, "--tolerance", "LIST",
            "how much worse they may be: accuracy=0.002,seconds=1.2x"),
    LC_FLAG(BatchOptions, is_list, "--list", "say what would run, and run nothing"),
    LC_FLAG(BatchOptions, is_quiet, "--quiet", "only failures and the summary"),
    LC_OPTIONS_END,
};

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text); /* NULL: nil */
    lua_setfield(L, -2, name);
}

static void set_flag(lua_State *L, const char *name, bool is_on)
{
    lua_pushboolean(L, is_on);
    lua_setfield(L, -2, name);
}

static void push_words(lua_State *L, int n, char **words)
{
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        lua_pushstring(L, words[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

static void push_options(lua_State *L, const BatchOptions *o)
{
    lua_newtable(L);
    if (o->jobs > 0) {
        lua_pushinteger(L, o->jobs);
        lua_setfield(L, -2, "jobs");
    }
    if (o->timeout > 0) {
        lua_pushnumber(L, o->timeout);
        lua_setfield(L, -2, "timeout");
    }
    set_text(L, "memory", o->memory);
    set_text(L, "runs", o->runs);
    set_text(L, "junit", o->junit);
    set_text(L, "json", o->json);
    set_text(L, "html", o->html);
    set_text(L, "baseline", o->baseline);
    set_text(L, "tolerance", o->tolerance);
    set_flag(L, "expect_seeds", o->expects_seeds);
    set_flag(L, "list", o->is_list);
    set_flag(L, "quiet", o->is_quiet);
}

/* Light userdata: the options. Returns the exit code. */
static int run_batch(lua_State *L)
{
    const BatchOptions *o = lua_touserdata(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, lc_jobs_lua_open);
    lua_setfield(L, -2, "luma.jobs");
    lc_session_push(L, "batch");
    push_options(L, o);
    push_words(L, o->n_words, o->words);
    push_words(L, o->n_typed, o->typed);
    lua_call(L, 3, 1);
    return 1;
}

static int run_in_session(const BatchOptions *o)
{
    lua_State *L = lc_session_new();
    if (L == NULL) {
        return LC_BUDGET;
    }
    lc_interrupt_arm(L);
    lua_pushcfunction(L, run_batch);
    lua_pushlightuserdata(L, (void *)o);
    bool is_good = lc_report_call(L, 1, 1) == LUA_OK;
    int code = is_good ? (int)lua_tointeger(L, -1) : lc_report(L, false);
    lc_interrupt_disarm();
    lc_session_free(L);
    return code;
}

int lc_batch(int argc, char **argv)
{
    BatchOptions o = {.n_typed = argc};
    o.typed = calloc((size_t)argc + 1, sizeof *o.typed);
    if (o.typed == NULL) {
        fputs("luma: not enough memory to start\n", stderr);
        return LC_BUDGET;
    }
    memcpy(o.typed, argv, (size_t)argc * sizeof *argv);
    int code = lc_options_parse("batch", lc_batch_options, LC_ANYWHERE, &argc, argv, &o);
    o.n_words = argc;
    o.words = argv;
    code = code == LC_OK ? run_in_session(&o) : code;
    free(o.typed);
    return code;
}
