#include "cli/session.h"

#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/threads.h"
#include "bind/open.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/report.h"

enum { EXIT_CODE_MAX = 255 };
static const char PROGRAM_KEY[] = "luma.program";
static bool is_recording;

void lc_session_push(lua_State *L, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, PROGRAM_KEY);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

/* A script that leaves early is judged like one that reached its end. */
static int exit_script(lua_State *L)
{
    lua_Integer code = lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : luaL_optinteger(L, 1, LC_OK);
    /* The system keeps eight bits: 256 would be success. */
    bool is_code = code >= 0 && code <= EXIT_CODE_MAX;
    lc_leave(lc_session_finish(L, is_code ? (int)code : EXIT_CODE_MAX));
}

/* The system's own `system` keeps SIGINT from us while it waits. A command that a Ctrl-C ended
 * means us too: upvalue 1 is Lua's os.execute. */
static int execute(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    bool is_signal = lua_gettop(L) == 3 && lua_type(L, 2) == LUA_TSTRING &&
                     strcmp(lua_tostring(L, 2), "signal") == 0;
    if (is_signal && lua_tointeger(L, 3) == SIGINT) {
        raise(SIGINT);
    }
    return lua_gettop(L);
}

static int open_all(lua_State *L)
{
    luaL_openlibs(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, lc_commands_open);
    lua_setfield(L, -2, "luma.commands");
    lua_pop(L, 1);
    luaL_requiref(L, "luma", luaopen_luma, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "luma.program");
    lua_call(L, 1, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, PROGRAM_KEY);
    lc_interrupt_open_coroutines(L);
    lua_getglobal(L, "os");
    lua_pushcfunction(L, exit_script);
    lua_setfield(L, -2, "exit");
    lua_getfield(L, -1, "execute");
    lua_pushcclosure(L, execute, 1);
    lua_setfield(L, -2, "execute");
    lua_warning(L, "@on", 0);
    return 0;
}

lua_State *lc_session_new(void)
{
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        fputs("luma: not enough memory to start\n", stderr);
        return NULL;
    }
    lua_pushcfunction(L, open_all);
    if (lc_report_call(L, 0, 0) != LUA_OK) {
        lc_report(L, true);
        lua_close(L);
        return NULL;
    }
    return L;
}

void lc_session_free(lua_State *L)
{
    lua_close(L);
}

static void push_words(lua_State *L, const LcArgs *args)
{
    lua_createtable(L, args->n, 0);
    for (int i = 0; i < args->n; i++) {
        lua_pushstring(L, args->words[i]);
        lua_seti(L, -2, i + 1);
    }
}

static int give(lua_State *L)
{
    const LcArgs *args = lua_touserdata(L, 1);
    if (strcmp(args->script, "-") != 0) {
        lua_pushstring(L, args->script);
        lua_setfield(L, LUA_REGISTRYINDEX, LB_SCRIPT_KEY);
    }
    lc_session_push(L, "give");
    lua_pushstring(L, args->script);
    push_words(L, args);
    lua_call(L, 2, 0);
    return 0;
}

bool lc_session_give(lua_State *L, const LcArgs *args)
{
    lua_pushcfunction(L, give);
    lua_pushlightuserdata(L, (void *)args);
    if (lc_report_call(L, 1, 0) != LUA_OK) {
        lc_report(L, false);
        return false;
    }
    return true;
}

bool lc_session_record(lua_State *L, const char *folder, const LcArgs *args)
{
    is_recording = true;
    lc_session_push(L, "record");
    lua_pushstring(L, folder);
    lua_pushstring(L, args->script);
    luaL_checkstack(L, args->n, NULL);
    for (int i = 0; i < args->n; i++) {
        lua_pushstring(L, args->words[i]);
    }
    return lc_report_call(L, 2 + args->n, 1) == LUA_OK;
}

void lc_session_open_input(lua_State *L)
{
    lc_session_push(L, "open_input");
    if (lc_report_call(L, 0, 0) != LUA_OK) {
        lc_report(L, true);
    }
}

void lc_session_note_file(lua_State *L, const LcArgs *args, bool is_good)
{
    lc_session_push(L, "open_file");
    lua_pushstring(L, args->script);
    push_words(L, args);
    lua_pushboolean(L, is_good);
    if (lc_report_call(L, 3, 0) != LUA_OK) {
        lc_report(L, true);
    }
}

int lc_session_command(const char *function, int argc, char **argv)
{
    lua_State *L = lc_session_new();
    if (L == NULL) {
        return LC_BUDGET;
    }
    lc_interrupt_arm(L);
    lc_session_push(L, function);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
    }
    bool is_good = lc_report_call(L, argc, 1) == LUA_OK;
    int code = is_good ? (int)lua_tointeger(L, -1) : lc_report(L, false);
    lc_interrupt_disarm();
    lc_session_free(L);
    return code;
}

int lc_session_finish(lua_State *L, int code)
{
    bool is_lost = is_recording && (fflush(stdout) != 0 || ferror(stdout));
    lc_session_push(L, "finish");
    lua_pushinteger(L, code);
    lua_pushstring(L, code != LC_OK ? lc_report_noted() : NULL);
    lua_pushboolean(L, is_lost);
    if (lc_report_call(L, 3, 1) != LUA_OK) {
        int reported = lc_report(L, false);
        return code != LC_OK ? code : reported;
    }
    int result = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return result;
}
