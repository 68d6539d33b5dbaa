/* What completion and printing may know of a value without running anything: internal.members. */
#include "bind/handle.h"
#include "bind/internal.h"
#include "bind/lazy.h"
#include "bind/open.h"

/* Stack: members. Pushes a copy. */
static void copy(lua_State *L)
{
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, -3) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, -4);
    }
}

/* internal.members(x): of a module a table name -> value, and its name; of an object, or of the
 * type of objects that the string x names, a table name -> "field" or "method", and the type's
 * name; nil for anything else. */
int lb_inspect_members(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lb_open_members(L, 1)) {
        lb_lazy_load_all(L);
        copy(L);
        lua_getmetatable(L, 1);
        lua_getfield(L, -1, "__metatable");
        lua_remove(L, -2);
        return 2;
    }
    const LbType *type = lua_type(L, 1) == LUA_TSTRING ? lb_handle_type_named(L, lua_tostring(L, 1))
                                                       : lb_handle_type(L, 1);
    if (type == NULL) {
        return 0;
    }
    lb_handle_push_members(L, type);
    lua_pushstring(L, type->name);
    return 2;
}
