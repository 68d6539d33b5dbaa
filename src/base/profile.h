/* Where the time of a run goes: seconds by section and name, added up while it is switched on.
 *
 * Off, a look at it costs one load; on, a reading of the clock before and after a block's operation
 * (some 100 us). Rows are kept by the main thread; engine threads keep their own and hand them
 * over.
 */
#ifndef LM_PROFILE_H
#define LM_PROFILE_H

#include "base/str.h"

typedef enum LmProfileSection {
    LM_PROFILE_LOAD,
    LM_PROFILE_STATISTICS,
    LM_PROFILE_BATCHES, /* made for scripts */
    LM_PROFILE_SCALE,   /* in training and evaluation */
    LM_PROFILE_FORWARD,
    LM_PROFILE_LOSS,
    LM_PROFILE_BACKWARD,
    LM_PROFILE_UPDATE,
    LM_PROFILE_SECTION_COUNT
} LmProfileSection;

/* From here on, or no longer; rows stay. What a network takes its times with, it makes at its
 * start. */
void lm_profile_enable(bool is_wanted);
bool lm_profile_is_on(void);

/* Adds seconds (of one thread) to a row; names are copied, long ones cut. Main thread only. */
void lm_profile_add(LmProfileSection section, const char *name, double seconds);
/* A moment, and what has passed since it, added; both do nothing when profiling is off. */
double lm_profile_start(void);
void lm_profile_stop(LmProfileSection section, const char *name, double start);

/* A table of all rows, with what is left of `wall_seconds` times `threads` as "everything else". */
void lm_profile_report(LmStr *s, double wall_seconds, int threads);

#endif
