/* Keras' ranges and parameters as Lua tables; see b_keras.c. */
#ifndef LB_B_KERAS_H
#define LB_B_KERAS_H

#include <lua.h>

#include "augment/keras.h"

/* The ranges in the table at `table`, as lua/luma/keras.lua writes them; raises where they make no
 * sense. */
LmKeras lb_keras_in(lua_State *L, int table, const char *fn);
/* Adds the functions of b_keras_files.c to the module on the stack. */
void lb_keras_files_open(lua_State *L);

#endif
