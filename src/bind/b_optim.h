/* The box of an optimizer, for model:fit. */
#ifndef LB_B_OPTIM_H
#define LB_B_OPTIM_H

#include "bind/handle.h"
#include "nn/optim.h"

extern const LbType lb_optim_type; /* objects are LmOptim */

/* Pushes a handle that holds a copy. */
void lb_optim_push(lua_State *L, const char *fn, const LmOptim *optim);
void lb_optim_open(lua_State *L);

#endif
