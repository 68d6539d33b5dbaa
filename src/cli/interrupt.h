/* Ctrl-C: the first one asks the work to stop, a later one kills the program.
 *
 * The engine polls the cancel flag between batches and returns LM_ECANCEL. Pure Lua code is stopped
 * by a hook that raises "interrupted" again and again until it is cleared, so a script cannot
 * swallow it with pcall. A hook belongs to one coroutine: those that are running are kept in a
 * chain, whose every member gets it.
 */
#ifndef LC_INTERRUPT_H
#define LC_INTERRUPT_H

#include <lua.h>
#include <stdbool.h>

/* From now on SIGINT stops what `L` runs; where the parent had it ignored (nohup), it stays so. */
void lc_interrupt_arm(lua_State *L);
/* SIGINT does what it did before; hook and cancel flag are cleared. Nothing where none is armed. */
void lc_interrupt_disarm(void);
/* Whether a stop was asked for. If so what was running has stopped, and Lua may be used again. */
bool lc_interrupt_end(lua_State *L);

/* For the prompt, where the program's end loses the session: a Ctrl-C between two statements does
 * nothing, the second one within a statement only says that the next one ends the program. */
void lc_interrupt_be_patient(void);

/* A coroutine, while it runs; lives on the C stack of who resumes it. */
typedef struct LcRunning {
    lua_State *L;
    struct LcRunning *resumer;
} LcRunning;

void lc_interrupt_enter(LcRunning *running, lua_State *L);
void lc_interrupt_leave(const LcRunning *running);

/* Makes coroutine.resume and coroutine.wrap enter what they run (coroutine.c). */
void lc_interrupt_open_coroutines(lua_State *L);

#endif
