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

static size_t name_length(const char *word)
{
    size_t n = 0;
    while ((word[n] >= 'a' && word[n] <= 'z') || (word[n] >= 'A' && word[n] <= 'Z') ||
           word[n] == '_' || (n > 0 && word[n] >= '0' && word[n] <= '9')) {
        n++;
    }
    return n;
}

static int check_argument(int argc, char **argv, int i)
{
    const char *word = argv[i];
    size_t n = name_length(word);
    if (strncmp(word, "--", 2) == 0 && strchr(word, '=') != NULL) {
        return lc_usage_error("'%s': a script's argument is written %s", word, word + 2);
    }
    if (word[0] == '-') {
        return lc_usage_error("'%s' after the file is not an argument; options stand before the "
                              "file, arguments are name=value",
                              word);
    }
    if (n == 0 || word[n] != '=') {
        return lc_usage_error("'%s' is not of the form name=value", word);
    }
    for (int k = i + 1; k < argc; k++) {
        if (strncmp(argv[k], word, n + 1) == 0) {
            return lc_usage_error("argument '%.*s' is given twice", (int)n, word);
        }
    }
    return LC_OK;
}

typedef struct RunOptions {
    bool wants_traceback;
    bool wants_profile;
    LcArgs args;
} RunOptions;

/* "--progress=WORD" */
static int parse_progress(const char *word)
{
    LbProgressMode mode;
    const char *name = strchr(word, '=') + 1;
    if (!lb_progress_mode_from_name(name, &mode)) {
        return lc_usage_error("--progress wants bar, plain or none, got '%s'", name);
    }
    lb_progress_set_mode(mode);
    return LC_OK;
}

static int unknown_option(const char *word)
{
    static const char *const names[] = {
        "--traceback",      "--profile",       "--quiet", "--progress=bar",
        "--progress=plain", "--progress=none", NULL};
    const char *near = lm_str_nearest(word, names);
    return lc_usage_error("unknown option '%s' of run%s%s%s", word,
                          near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                          near != NULL ? "'?" : "");
}

static int parse_option(RunOptions *o, const char *word)
{
    if (strcmp(word, "--traceback") == 0) {
        o->wants_traceback = true;
    } else if (strcmp(word, "--profile") == 0) {
        o->wants_profile = true;
    } else if (strcmp(word, "--quiet") == 0) {
        lb_progress_set_mode(LB_PROGRESS_NONE);
        lb_raise_set_warnings(false);
    } else if (strncmp(word, "--progress=", strlen("--progress=")) == 0) {
        return parse_progress(word);
    } else {
        return unknown_option(word);
    }
    return LC_OK;
}

static int parse(RunOptions *o, int argc, char **argv)
{
    int i = 0;
    *o = (RunOptions){0};
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        int code = parse_option(o, argv[i]);
        if (code != LC_OK) {
            return code;
        }
    }
    if (i == argc) {
        return lc_usage_error("run needs a file");
    }
    o->args = (LcArgs){argv[i], argc - i - 1, argv + i + 1};
    for (int k = 0; k < o->args.n; k++) {
        int code = check_argument(o->args.n, argv + i + 1, k);
        if (code != LC_OK) {
            return code;
        }
    }
    return LC_OK;
}

/* A file that cannot be read is a slip on the command line; one that cannot be parsed, of the
 * script. */
static int load(lua_State *L, const char *script)
{
    int status = luaL_loadfilex(L, strcmp(script, "-") == 0 ? NULL : script, "t");
    if (status == LUA_OK) {
        return LC_OK;
    }
    if (status == LUA_ERRFILE) {
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

int lc_run(int argc, char **argv)
{
    RunOptions o;
    int code = parse(&o, argc, argv);
    if (code != LC_OK) {
        return code;
    }
    if (o.wants_profile) {
        lm_profile_enable(true);
    }
    double start = lm_clock_seconds();
    lua_State *L = lc_session_new();
    if (L == NULL) {
        return LC_BUDGET;
    }
    code = lc_session_give(L, &o.args) ? load(L, o.args.script) : LC_SCRIPT;
    if (code == LC_OK) {
        lc_interrupt_arm(L);
        if (lc_report_call(L, 0, 0) != LUA_OK) {
            code = lc_report(L, o.wants_traceback);
        }
        lc_interrupt_disarm();
        code = lc_session_finish(L, code);
    }
    lc_session_free(L);
    if (o.wants_profile) {
        print_profile(lm_clock_seconds() - start);
    }
    return code;
}
