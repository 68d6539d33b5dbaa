/* Ctrl-C in a host that is not the program.
 *
 * Programs with Lua in them (lua5.4) answer a signal as Lua's manual says: the handler sets a hook,
 * which raises when the next instruction runs. An epoch of training is one long call without any,
 * so it looks at every step whether a hook has come, and stops there with all weights whole. The
 * program itself asks the engine to stop before it sets its hook: its way stays as it is.
 */
#ifndef LB_WATCH_H
#define LB_WATCH_H

#include <lua.h>
#include <stdbool.h>

typedef struct LbWatch {
    lua_State *main; /* hosts interrupt the main thread, whichever runs */
    lua_Hook before;
    bool is_stopped;
} LbWatch;

LbWatch lb_watch_begin(lua_State *L);
/* Between two steps: asks the engine to stop where a hook has come. Does not call Lua. */
void lb_watch_look(LbWatch *w);
/* Where it was stopped for a hook: lets the engine work again and runs the hook, which raises as it
 * does anywhere. Returns where it does not. */
void lb_watch_end(LbWatch *w, lua_State *L);

#endif
