/* require("luma.internal"): this room's services for the embedded Lua files, not for scripts.
 *
 *   raise(code, text)          an error object ("EARG", "ENOTFOUND", ...) at the user's line
 *   where()                    "script.lua:12", the innermost line of the user's script
 *   value(x)                   x as messages quote it
 *   nearest(word, names)       the likely meant word of a list, or nil
 *   options(fn, table, spec)   checks an option table (spec: see options_lua.c)
 *   define{ name, call=, signature=, text=, example=, options=spec }
 *                              makes luma.<name>, or a method "model:train", with its doc
 *   is_terminal(1|2)           whether stdout or stderr is a terminal that can move its cursor
 *   memory()                   bytes of engine memory in use
 *   fail_allocation(n)         lets the n-th engine allocation from now fail, for tests; 0: none
 *   docs                       the registry: name -> doc
 */
#ifndef LB_INTERNAL_H
#define LB_INTERNAL_H

#include <lua.h>

void lb_internal_open(lua_State *L);

#endif
