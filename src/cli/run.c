/* luma run: a pipeline file from its arguments to its exit code. */
#include "cli/cli.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/profile.h"
#include "base/threads.h"
#include "bind/progress.h"
#include "bind/raise.h"
#include "cli/interrupt.h"
#include "cli/report.h"
#include "cli/session.h"

typedef struct RunOptions {
    bool wants_traceback;
    bool wants_profile;
    bool is_quiet;
    int progress;
    const char *record; /* folder of the run's record, "": one of its own; NULL: none */
    LcArgs args;
} RunOptions;

const LcOption lc_run_options[] = {
    LC_CHOICE(RunOptions, progress, "--progress", "MODE", lb_progress_modes,
              "a moving line an epoch (on a terminal), still lines, or nothing"),
    LC_FLAG(RunOptions, is_quiet, "--quiet", "neither progress nor warnings"),
    LC_OPTIONAL(RunOptions, record, "--record", "DIR",
                "keep a record of the run in DIR, or in a new folder in runs/"),
    LC_FLAG(RunOptions, wants_profile, "--profile", "say at the end where the time went"),
    LC_FLAG(RunOptions, wants_traceback, "--traceback", "with an error, the calls that led to it"),
    LC_OPTIONS_END,
};

static void apply(const RunOptions *o)
{
    lb_progress_set_mode(o->is_quiet ? LB_PROGRESS_NONE : (LbProgressMode)o->progress);
    lb_raise_set_warnings(!o->is_quiet);
    if (o->wants_profile) {
        lm_profile_enable(true);
    }
}

static int parse(RunOptions *o, int argc, char **argv)
{
    *o = (RunOptions){.progress = (int)lb_progress_mode()};
    int code = lc_options_parse("run", lc_run_options, LC_FIRST, &argc, argv, o);
    if (code != LC_OK) {
        return code;
    }
    if (argc == 0) {
        return lc_usage_error("run needs a file");
    }
    o->args = (LcArgs){argv[0], argc - 1, argv + 1};
    return lc_args_check(&o->args);
}

/* A file that cannot be read is a slip on the command line; one that cannot be parsed, of the
 * script. The record of a run has taken what stdin holds: it is at the top of the stack. */
static int load(lua_State *L, const RunOptions *o)
{
    const char *script = o->args.script;
    bool is_stdin = strcmp(script, "-") == 0;
    int status;
    if (is_stdin && o->record != NULL) {
        size_t n;
        const char *source = lua_tolstring(L, -1, &n);
        status = luaL_loadbufferx(L, source, n, "=stdin", "t");
    } else {
        status = luaL_loadfilex(L, is_stdin ? NULL : script, "t");
    }
    if (status == LUA_OK) {
        return LC_OK;
    }
    if (status == LUA_ERRFILE) {
        lc_report_note(lua_tostring(L, -1));
        fprintf(stderr, "luma: %s\n", lua_tostring(L, -1));
        return LC_USAGE;
    }
    return lc_report(L, false);
}

/* After the objects of the script are gone: they hand their times over when they end. */
static void print_profile(double seconds)
{
    enum { BYTES = 32768 };
    static char text[BYTES];
    LmStr s = lm_str(text, sizeof text);
    lm_profile_report(&s, seconds, lm_threads());
    fputs(text, stderr);
}

static int run_script(lua_State *L, const RunOptions *o)
{
    int code = lc_session_give(L, &o->args) ? load(L, o) : LC_SCRIPT;
    if (code != LC_OK) {
        return o->record != NULL ? lc_session_finish(L, code) : code;
    }
    lc_interrupt_arm(L);
    if (lc_report_call(L, 0, 0) != LUA_OK) {
        code = lc_report(L, o->wants_traceback);
    }
    lc_interrupt_disarm();
    return lc_session_finish(L, code);
}

/* `code` is what the command line is worth: a wrong one leaves a record too. */
static int run_recorded(lua_State *L, const RunOptions *o, int code)
{
    if (!lc_session_record(L, o->record, &o->args)) {
        int reported = lc_report(L, false);
        return code != LC_OK ? code : reported;
    }
    if (code == LC_OK) {
        return run_script(L, o);
    }
    return lc_session_finish(L, code);
}

int lc_run(int argc, char **argv)
{
    RunOptions o;
    int code = parse(&o, argc, argv);
    if (code != LC_OK && (o.record == NULL || o.args.script == NULL)) {
        return code;
    }
    apply(&o);
    double start = lm_clock_seconds();
    lua_State *L = lc_session_new();
    if (L == NULL) {
        return LC_BUDGET;
    }
    code = o.record != NULL ? run_recorded(L, &o, code) : run_script(L, &o);
    lc_session_free(L);
    if (o.wants_profile) {
        print_profile(lm_clock_seconds() - start);
    }
    return code;
}
