/* coroutine.resume and coroutine.wrap, as Lua has them but for one thing: what they run is known,
 * so that Ctrl-C reaches it.
 *
 * A wrapped coroutine that fails is closed, and a message of text gets the position of the caller,
 * as in Lua's own.
 */
#include <lauxlib.h>
#include <lualib.h>

#include "cli/interrupt.h"

/* Runs `co` with n arguments from the top of L. Pushes its results and returns their number, or
 * pushes the error and returns -1. */
static int run(lua_State *L, lua_State *co, int n)
{
    LcRunning running;
    int n_results;
    if (!lua_checkstack(co, n)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, n);
    lc_interrupt_enter(&running, co);
    int status = lua_resume(co, L, n, &n_results);
    lc_interrupt_leave(&running);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, n_results + 1)) {
        lua_pop(co, n_results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, n_results);
    return n_results;
}

static int resume(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTHREAD);
    lua_State *co = lua_tothread(L, 1);
    int n = run(L, co, lua_gettop(L) - 1);
    bool is_good = n >= 0;
    n = is_good ? n : 1;
    lua_pushboolean(L, is_good);
    lua_insert(L, -(n + 1));
    return n + 1;
}

/* The failed coroutine's own `<close>` variables; what they raise takes the error's place. */
static void close_failed(lua_State *L, lua_State *co)
{
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pushvalue(L, -1);
        lua_xmove(L, co, 1);
        if (lua_resetthread(co) != LUA_OK) {
            lua_pop(L, 1);
            lua_xmove(co, L, 1);
        }
    }
}

static int call_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int n = run(L, co, lua_gettop(L));
    if (n >= 0) {
        return n;
    }
    close_failed(L, co);
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

void lc_interrupt_open_coroutines(lua_State *L)
{
    lua_getglobal(L, LUA_COLIBNAME);
    lua_pushcfunction(L, resume);
    lua_setfield(L, -2, "resume");
    lua_pushcfunction(L, wrap);
    lua_setfield(L, -2, "wrap");
    lua_pop(L, 1);
}
