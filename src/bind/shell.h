/* Shells: owners for engine memory that scripts never see, a text or a file's contents on their way
 * into Lua values, a trainer inside a loop.
 *
 * Pushed empty before the engine is called, so that an error that jumps leaks nothing. Released by
 * lb_shell_release, by leaving a <close> scope, or by the collector, whichever comes first.
 */
#ifndef LB_SHELL_H
#define LB_SHELL_H

#include <lua.h>

typedef struct LbShell {
    void *object;
    void (*release)(void *object);
} LbShell;

LbShell *lb_shell_push(lua_State *L, void (*release)(void *object));
/* The object in the shell at `index`; raises when it is none or was released. */
void *lb_shell_check(lua_State *L, int index);
/* Idempotent. */
void lb_shell_release(LbShell *shell);

#endif
