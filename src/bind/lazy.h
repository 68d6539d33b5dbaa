/* Members of `luma` that are written in Lua come into being when they are first used.
 *
 * Reading the embedded files is most of what starting costs, and a script uses few of them. A file
 * enters the names it will define; a mark stands among the module's members until somebody asks for
 * one of them, which runs the file. Whoever lists a module, or reads the docs, gets everything.
 */
#ifndef LB_LAZY_H
#define LB_LAZY_H

#include <lua.h>
#include <stdbool.h>

/* internal.lazy(module, names): the embedded file `module` defines these members ("luma.expect");
 * none for one that has docs alone. */
int lb_lazy_enter(lua_State *L);

/* Whether the value at `index` is the mark. */
bool lb_lazy_is_mark(lua_State *L, int index);

/* Runs the file that defines `module`.`name`, whose mark was found. */
void lb_lazy_load(lua_State *L, const char *module, const char *name);

/* Runs all of them. */
void lb_lazy_load_all(lua_State *L);

#endif
