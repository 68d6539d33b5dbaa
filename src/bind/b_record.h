/* The module luma.engine.record: what lua/luma/record.lua needs of the engine and the system. It is
 * made when it is first required. */
#ifndef LB_B_RECORD_H
#define LB_B_RECORD_H

#include <lua.h>

void lb_record_open(lua_State *L);

#endif
