#include "bind/watch.h"

#include "base/threads.h"

LbWatch lb_watch_begin(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    lua_State *main = lua_tothread(L, -1);
    lua_pop(L, 1);
    return (LbWatch){.main = main, .before = lua_gethook(main)};
}

void lb_watch_look(LbWatch *w)
{
    if (lua_gethook(w->main) != w->before && !lm_threads_is_cancelled()) {
        w->is_stopped = true;
        lm_threads_cancel();
    }
}

void lb_watch_end(LbWatch *w, lua_State *L)
{
    lua_Debug ar;
    if (!w->is_stopped) {
        return;
    }
    lm_threads_clear_cancel();
    lua_Hook hook = lua_gethook(w->main);
    if (hook != NULL && L == w->main && lua_getstack(L, 0, &ar)) {
        ar.event = LUA_HOOKCOUNT;
        ar.currentline = -1;
        hook(L, &ar);
    }
}
