/* How an error value of Lua becomes text for the user and an exit code.
 *
 * Message, then the source line it speaks of. A traceback only where it helps: when asked for, or
 * when the error comes out of the program's own Lua files, which is our mistake and not the user's.
 */
#ifndef LC_REPORT_H
#define LC_REPORT_H

#include <lua.h>
#include <stdbool.h>

/* lua_pcall with `n_args` arguments that keeps a traceback for lc_report. */
int lc_report_call(lua_State *L, int n_args, int n_results);

/* Prints the error value on the top of the stack, pops it, returns the exit code it stands for. */
int lc_report(lua_State *L, bool wants_traceback);

/* Keeps the first message of the run, for its record; and that message, or NULL. */
void lc_report_note(const char *message);
const char *lc_report_noted(void);

#endif
