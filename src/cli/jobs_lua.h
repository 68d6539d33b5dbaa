/* What lua/luma/batch.lua needs of the system, as the module "luma.jobs":
 *
 *   open(n_slots, n_threads)   jobs; see jobs.h. One at a time; closed by :close() or the collector
 *   jobs:start{ id=, words={...}, output=path, seconds=, memory= }   true; or nil, why
 *   jobs:wait([seconds])       "end" and a table { id, cause, exit_code, signal, seconds,
 *                              cpu_seconds, peak_memory_bytes }; or "tick", "interrupt", "idle".
 *                              cause is "ended", "timeout" or "interrupted", signal "SIGSEGV";
 *                              an exit code after a signal, a signal after an exit are absent
 *   random(n)                  n bytes nobody can foresee
 *   clock()                    seconds since some moment
 *   processors()               that this process may use
 *   can_limit_memory()         false in builds with sanitizers
 */
#ifndef LC_JOBS_LUA_H
#define LC_JOBS_LUA_H

#include <lua.h>

int lc_jobs_lua_open(lua_State *L);

#endif
