/* The module `luma`: what luaopen_luma puts together, and what the program may add.
 *
 * `luma` and its namespaces (luma.dataset, ...) are guarded tables: reading an unknown name is an
 * error with a suggestion, and only the settings `threads` and `seed` can be assigned. Members live
 * in a table behind the guard, which only the functions below and `luma.internal` reach.
 *
 * The Lua side (lua/luma/NAME.lua, embedded) is `require "luma.NAME"`; luma.init runs at the end of
 * luaopen_luma. Its chunks are called "=[luma.NAME]", which is how errors skip their lines. It gets
 * at this room through `require "luma.internal"`: raise, where, options, define, docs, nearest.
 */
#ifndef LB_OPEN_H
#define LB_OPEN_H

#include <lua.h>

#include "base/base.h"

/* Where the program leaves the path of the running script (a string), for datasets beside it. */
#define LB_SCRIPT_KEY "luma.script"

/* Pushes the module, which is also package.loaded.luma; no global is set. Needs the standard
 * libraries. Raises (an error object) when LUMA_ISA or LUMA_THREADS make no sense. What
 * build/luma.so exports. */
int luaopen_luma(lua_State *L);

/* Pops a value and makes it luma.<path>: "args", or "nn.conv" (the namespace is made when needed).
 */
void lb_open_set(lua_State *L, const char *path);

/* Pushes what the embedded file `name` ("luma.fit") returns: runs it, if it did not run yet. */
void lb_open_require(lua_State *L, const char *name);

/* Pushes the table of members of the module at `index`, marks of lazy.h among them; nothing, and
 * false, for anything but a module. */
bool lb_open_members(lua_State *L, int index);

uint64_t lb_open_seed(lua_State *L); /* luma.seed */
/* The running script's folder ("." for a bare file name), or NULL outside a script. In
 * another host than the program, arg[0] is the script. */
const char *lb_open_script_dir(lua_State *L, char *buffer, size_t size);

/* The rooms of the module, each in files of its own; open.c calls them in this order. */
void lb_tensor_open(lua_State *L);
void lb_image_open(lua_State *L);
void lb_dataset_open(lua_State *L);
void lb_stats_open(lua_State *L);
void lb_stage_open(lua_State *L);
void lb_generator_open(lua_State *L);
void lb_augment_open(lua_State *L);
void lb_zca_open(lua_State *L);
void lb_map_open(lua_State *L);
void lb_flow_open(lua_State *L);
void lb_show_open(lua_State *L);
void lb_model_open(lua_State *L);
void lb_keras_open(lua_State *L);

#endif
