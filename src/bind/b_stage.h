/* Stages in scripts: handles whose box holds the LmStage value itself. */
#ifndef LB_B_STAGE_H
#define LB_B_STAGE_H

#include "bind/handle.h"
#include "stage/stage.h"

typedef struct LbStage {
    LbHandle handle;
    LmStage stage;
} LbStage;

extern const LbType lb_stage_type;

/* Checks a stage that owns nothing yet and pushes it with the line that wrote it; returns 1. */
int lb_stage_push_new(lua_State *L, LmStage stage);
/* Pushes a copy of a stage, its fitted numbers included. */
void lb_stage_push_copy(lua_State *L, const LmStage *stage, const char *fn);

/* Whether a fit gives such a stage means, or stds. */
bool lb_stage_has_fit(const LmStage *stage, bool is_std);
/* Pushes the fitted means, or stds, of a stage: a number for axis all, else an f64 tensor of shape
 * {C} or {H, W, C}. Raises when the stage holds none. */
void lb_stage_push_fit(lua_State *L, const LmStage *stage, bool is_std, const char *fn);

#endif
