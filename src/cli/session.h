/* One Lua state with everything a script or the prompt can use.
 *
 * The program's additions to plain Lua: the global `luma`, luma.args, strict globals, Ctrl-C, and
 * an os.exit that still reports failed expectations and lost output.
 */
#ifndef LC_SESSION_H
#define LC_SESSION_H

#include <lua.h>
#include <stdbool.h>

#include "cli/args.h"

/* NULL when there is no memory for it, or the program's own files do not load (reported). */
lua_State *lc_session_new(void);
void lc_session_free(lua_State *L);

/* `args` must outlive the state. Fills luma.args, lets `require` find files beside the script.
 * False: reported. */
bool lc_session_give(lua_State *L, const LcArgs *args);

/* Keeps a record of the run in `folder` ("": one of its own). True: pushes the script's source, or
 * nil; false: pushes the error. */
bool lc_session_record(lua_State *L, const char *folder, const LcArgs *args);

/* What a run that ended with `code` is worth: tells of failed expectations (LC_EXPECT) and of
 * arguments nobody asked for (LC_USAGE). */
int lc_session_finish(lua_State *L, int code);

/* Makes the state ready for statements from the prompt. */
void lc_session_open_input(lua_State *L);
/* Tells the prompt of the file that ran before it. */
void lc_session_note_file(lua_State *L, const LcArgs *args, bool is_good);

/* Pushes a function of lua/luma/program.lua. */
void lc_session_push(lua_State *L, const char *function);

/* A whole command made of a function of lua/luma/program.lua: it gets the words, returns the code.
 */
int lc_session_command(const char *function, int argc, char **argv);

#endif
