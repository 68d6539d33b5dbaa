/* Statistics in scripts: a handle owns its LmMoments. */
#ifndef LB_B_STATS_H
#define LB_B_STATS_H

#include "bind/handle.h"
#include "data/dataset.h"
#include "stats/moments.h"

extern const LbType lb_stats_type;
extern const LbOption lb_stats_options[]; /* { axis= } */

/* Axis of the option table at `arg`, which may be absent. */
LmAxis lb_stats_parse_axis(lua_State *L, int arg, const char *fn);
/* Pushes new, empty statistics. */
LmMoments *lb_stats_push(lua_State *L, LmAxis axis, const char *fn);

/* Adds all images of a data set to the statistics at `index`. */
void lb_stats_take(lua_State *L, int index, const LmDataset *ds, const char *fn);

/* "all", "channel", "pixel" in the order of LmAxis. */
extern const char *const lb_axis_names[];

/* Pushes `width` numbers of an axis as scripts get them: a number for axis all, else an f64 tensor
 * of shape {C} or {H, W, C}. */
void lb_stats_push_numbers(lua_State *L, LmAxis axis, const int64_t hwc[3],
                           double (*number)(const void *from, int64_t j), const void *from,
                           const char *fn);

#endif
