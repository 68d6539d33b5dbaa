/* Errors on their way to a script.
 *
 * What the engine or an argument check refuses becomes an error object: a table with __tostring and
 * the fields `message`, `where` ("script.lua:12", the innermost line of the user's own script:
 * lines of the embedded library and C functions are skipped), `code` ("ESHAPE") and `exit_code`
 * (what the program exits with). Errors raised by plain Lua stay strings.
 *
 * Everything here but the queries jumps, so it may only be called while nothing is owned: parse
 * (may raise) -> shell (empty handle) -> call the engine -> raise or return.
 */
#ifndef LB_RAISE_H
#define LB_RAISE_H

#include <lua.h>

#include "base/error.h"

/* Raises `err` with "<fn>: " in front: fn is the function as the user wrote it, "dataset:image". */
_Noreturn void lb_raise(lua_State *L, const char *fn, const LmError *err);
/* The same with another position than the innermost line: where the mistaken part was written. */
_Noreturn void lb_raise_at(lua_State *L, const char *where, const char *fn, const LmError *err);
/* Raises a formatted message, nothing put in front but the position. */
_Noreturn void lb_raise_text(lua_State *L, LmStatus code, const char *fmt, ...) LM_PRINTF(3, 4);
/* Not an error: "luma: warning: script.lua:12: ..." on stderr. `where` may be empty. Returns. */
void lb_raise_warn(const char *where, const char *fmt, ...) LM_PRINTF(2, 3);
/* Whether warnings are printed, from now on and in the whole program; they are at first. */
void lb_raise_set_warnings(bool are_on);
/* From now on `keep` gets every warning too, printed or not: with its position, without a prefix.
 * It must not raise. */
void lb_raise_keep_warnings(void (*keep)(const char *text));
/* Raises unless `code` is LM_OK. */
void lb_raise_if(lua_State *L, LmStatus code, const char *fn, const LmError *err);

/* "script.lua:12" of the innermost user line, or "" where there is none; of a path too long for the
 * buffer the end is kept. Returns the buffer. */
const char *lb_raise_where(lua_State *L, char *buffer, size_t size);

/* The value at `index` as a message quotes it: `"abc"`, `3.5`, `a table`, `a dataset`, `nothing`.
 */
const char *lb_raise_value(lua_State *L, int index, char *buffer, size_t size);

/* `; did you mean 'batch'?` for the string key of the table at `index` nearest to `got`, or "". */
const char *lb_raise_hint(lua_State *L, int index, const char *got, char *buffer, size_t size);

/* The same for a list of n words. */
const char *lb_raise_hint_words(const char *got, const char *const *words, size_t n, char *buffer,
                                size_t size);

/* The exit code for the error value at `index`: the object's own, else 1. */
int lb_raise_exit_code(lua_State *L, int index);

/* Makes the error objects' metatable; called once by luaopen_luma. */
void lb_raise_open(lua_State *L);

#endif
