/* luma.map: stages that are a Lua function of a pixel. The engine never calls Lua; the functions
 * are asked here for all 256 bytes, and the engine gets a table. */
#ifndef LB_B_MAP_H
#define LB_B_MAP_H

#include <lua.h>

#include "flow/generator.h"

/* The generator at `index` was just made of the stages in the list at `list`: remembers their
 * functions, refuses a map that has none, and makes those tables that need no fit. */
void lb_map_adopt(lua_State *L, int index, int list, LmGenerator *g, const char *fn);
/* The generator on top of the stack has the stages of the one at `index`: it shares its functions.
 */
void lb_map_share(lua_State *L, int index);
/* Fits the generator at `index`, making each map's table when the stages before it are fitted. */
void lb_map_fit(lua_State *L, int index, LmGenerator *g, const LmDataset *ds, const char *fn);
/* Gives the stage on top of the stack the function of stage i (from 0) of the generator at `index`.
 */
void lb_map_pass_on(lua_State *L, int index, int i);

#endif
