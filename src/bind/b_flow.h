/* Flows in scripts: one LmFlow reference a handle; user values keep the data set and the generator
 * the script gave, for flow.dataset and flow.generator. */
#ifndef LB_B_FLOW_H
#define LB_B_FLOW_H

#include "bind/handle.h"
#include "flow/flow.h"

extern const LbType lb_flow_type;
extern const LbOption lb_flow_options[];

LmFlow *lb_flow_check(lua_State *L, int arg, const char *fn);
/* Options at `arg`, which may be absent. */
LmFlowOptions lb_flow_parse(lua_State *L, int arg, const char *fn);
/* Pushes a new flow of the generator at stack index 1 over the data set at 2. */
void lb_flow_push(lua_State *L, LmGenerator *g, LmDataset *ds, const LmFlowOptions *o,
                  const char *fn);

#endif
