/* The box of a layer, for luma.model. */
#ifndef LB_B_LAYER_H
#define LB_B_LAYER_H

#include "bind/handle.h"
#include "nn/layer.h"

typedef struct LbLayer {
    LmLayerSpec spec;
    char where[96]; /* "script.lua:12", or empty */
} LbLayer;

extern const LbType lb_layer_type; /* objects are LbLayer */

void lb_layer_open(lua_State *L);

#endif
