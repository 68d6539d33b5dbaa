/* Ctrl-C: the first one asks the work to stop, the second one kills the program.
 *
 * The engine polls the cancel flag between batches and returns LM_ECANCEL. Pure Lua code is stopped
 * by a hook that raises "interrupted" again and again until it is cleared, so a script cannot
 * swallow it with pcall.
 */
#ifndef LC_INTERRUPT_H
#define LC_INTERRUPT_H

#include <lua.h>
#include <stdbool.h>

/* From now on SIGINT stops what `L` runs; where the parent had it ignored (nohup), it stays so. */
void lc_interrupt_arm(lua_State *L);
/* SIGINT does what it did before; hook and cancel flag are cleared. */
void lc_interrupt_disarm(void);
/* Whether a stop was asked for. If so what was running has stopped, and Lua may be used again. */
bool lc_interrupt_end(lua_State *L);

#endif
