/* What a process has once, though it may have many Lua states: kernels, threads, the environment.
 *
 * LUMA_ISA and LUMA_THREADS are read by the first state that opens luma; the pool of threads ends
 * with the last one, so that the module's code may be unloaded and nothing runs in a process whose
 * Lua is over. States of several system threads may work at the same time; luma.threads is set
 * while one of them works.
 */
#ifndef LB_PROCESS_H
#define LB_PROCESS_H

#include <lua.h>

/* Counts the state in, until lua_close. Raises when LUMA_ISA or LUMA_THREADS make no sense. Call it
 * before any object of luma's is made: finalizers run in the opposite order. */
void lb_process_enter(lua_State *L);

#endif
