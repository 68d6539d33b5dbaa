/* require("luma.internal"): this room's services for the embedded Lua files, not for scripts.
 *
 *   raise(code, text)          an error object ("EARG", "ENOTFOUND", ...) at the user's line
 *   where()                    "script.lua:12", the innermost line of the user's script
 *   value(x)                   x as messages quote it
 *   nearest(word, names)       the likely meant word of a list, or nil
 *   options(fn, table, spec)   checks an option table (spec: see options_lua.c)
 *   define{ name, call=, signature=, text=, example=, options=spec }
 *                              makes luma.<name>, or a method "model:train", with its doc; the doc
 *                              alone without `call`
 *   lazy(module, names)        the file defines these when one of them is used (lazy.h)
 *   is_terminal(1|2)           whether stdout or stderr is a terminal that can move its cursor
 *   memory()                   bytes of engine memory in use
 *   fail_allocation(n)         lets the n-th engine allocation from now fail, for tests; 0: none
 *   docs                       the registry: name -> doc. Reading it runs every file that `lazy`
 * names: those files must not do so while they are loaded json_decode(text, null, list)  used by
 * lua/luma/json.lua list_folder(path)          its names, sorted, without . and ..; or nil, why
 *   file_kind(path)            "file", "folder" or "other", and its size; or nil, why
 *   make_new_folder(path)      true; or nil, why, and whether it exists
 *   remove(path)               a file or an empty folder: true; or nil, why
 *   base64(bytes)
 *   members(x)                 of a module, an object or a type's name: see inspect.c
 *   columns([2])               of the terminal that standard output (2: stderr) is, or nil
 *   head(path, n)              the first n bytes (inflated), the file's size, whether it is gzip;
 *                              or nil, why
 *   guess(bytes)               what a file that begins so may be, or nil
 *   digests(dataset, n)        of the first n images: list of 64-bit digests (equal images, equal
 *                              digests), list of the numbers of images whose pixels are all equal
 */
#ifndef LB_INTERNAL_H
#define LB_INTERNAL_H

#include <lua.h>

void lb_internal_open(lua_State *L);

int lb_json_decode(lua_State *L);
int lb_paths_list_folder(lua_State *L);
int lb_paths_file_kind(lua_State *L);
int lb_paths_make_new_folder(lua_State *L);
int lb_paths_remove(lua_State *L);
int lb_paths_base64(lua_State *L);
int lb_inspect_members(lua_State *L);
int lb_look_head(lua_State *L);
int lb_look_guess(lua_State *L);
int lb_look_digests(lua_State *L);
int lb_look_idx(lua_State *L); /* path -> tensor */

#endif
