/* The module luma.engine.record: what lua/luma/record.lua needs of the engine and the system. It is
 * made when it is first required. */
#ifndef LB_B_RECORD_H
#define LB_B_RECORD_H

#include <lauxlib.h>

/* Its functions on data sets and flows (b_record_data.c). */
extern const luaL_Reg lb_record_data[];

void lb_record_open(lua_State *L);

#endif
