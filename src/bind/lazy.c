#include "bind/lazy.h"

#include <lauxlib.h>
#include <string.h>

#include "bind/open.h"

/* Registry: "luma.expect" -> the module that defines it; and the list of all such modules. */
static const char names_key[] = "luma.lazy";
static const char modules_key[] = "luma.lazy.modules";
static const char mark[] = "loaded when used";

int lb_lazy_enter(lua_State *L)
{
    luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, names_key);
    int names = lua_gettop(L);
    lua_Integer n = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(L, 2, i);
        const char *name = luaL_checkstring(L, -1);
        lua_pushvalue(L, 1);
        lua_setfield(L, names, name);
        lua_pushlightuserdata(L, (void *)(uintptr_t)mark);
        lb_open_set(L, name + strlen("luma."));
        lua_pop(L, 1);
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, modules_key);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, luaL_len(L, -2) + 1);
    return 0;
}

bool lb_lazy_is_mark(lua_State *L, int index)
{
    return lua_touserdata(L, index) == mark;
}

/* Pops the module's name. */
static void run(lua_State *L)
{
    lb_open_require(L, lua_tostring(L, -1));
    lua_pop(L, 2);
}

void lb_lazy_load(lua_State *L, const char *module, const char *name)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, names_key);
    lua_pushfstring(L, "%s.%s", module, name);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    run(L);
}

void lb_lazy_load_all(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, modules_key);
    int modules = lua_gettop(L);
    for (lua_Integer i = 1; i <= luaL_len(L, modules); i++) {
        lua_rawgeti(L, modules, i);
        run(L);
    }
    lua_pop(L, 1);
}
