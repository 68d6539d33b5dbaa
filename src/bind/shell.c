#include "bind/shell.h"

#include <lauxlib.h>
#include <stddef.h>

static const char shell_meta[] = "luma.shell";

void lb_shell_release(LbShell *shell)
{
    void *object = shell->object;
    if (object != NULL) {
        shell->object = NULL;
        shell->release(object);
    }
}

static int meta_release(lua_State *L)
{
    lb_shell_release(luaL_checkudata(L, 1, shell_meta));
    return 0;
}

LbShell *lb_shell_push(lua_State *L, void (*release)(void *object))
{
    static const luaL_Reg meta[] = {
        {"__gc", meta_release}, {"__close", meta_release}, {NULL, NULL}};
    LbShell *shell = lua_newuserdatauv(L, sizeof *shell, 1);
    *shell = (LbShell){NULL, release};
    if (luaL_newmetatable(L, shell_meta)) {
        luaL_setfuncs(L, meta, 0);
    }
    lua_setmetatable(L, -2);
    return shell;
}

void *lb_shell_check(lua_State *L, int index)
{
    const LbShell *shell = luaL_checkudata(L, index, shell_meta);
    luaL_argcheck(L, shell->object != NULL, index, "released");
    return shell->object;
}
