/* Generators in scripts: one LmGenerator reference a handle. */
#ifndef LB_B_GENERATOR_H
#define LB_B_GENERATOR_H

#include "bind/handle.h"
#include "flow/generator.h"

extern const LbType lb_generator_type;

LmGenerator *lb_generator_check(lua_State *L, int arg, const char *fn);
/* Gives a generator (its reference moves) to a shell: luma.load uses it. */
void lb_generator_fill(lua_State *L, LbHandle *handle, LmGenerator *g);
/* A line on stderr for every zca stage that a fit left without some directions (b_zca.c). */
void lb_zca_warn(const LmGenerator *g);

#endif
