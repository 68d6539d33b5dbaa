/* Stages again, one after the other in double, by the formulas of stage/stage.h: what plans are
 * compared with.
 *
 * Beside every number `v` stand `e`, a bound on how far a plan's float for it may be off, and `m`,
 * a bound on |a*x| + |b| of any y = a*x + b that leads to it. A pass rounds a, b and y once each,
 * so one that ends here adds at most 2*u*m (u = 2^-24) to what its input was off by. The plan is
 * free to end passes where it likes: every stage is charged for one. Moments of numbers that are
 * off by e are off by the mean of e (mean) and its maximum (std). So no tolerance is chosen by
 * hand. Where a std cannot be told from 0, `e` is infinite.
 */
#ifndef HELP_STAGES_H
#define HELP_STAGES_H

#include "base/rng.h"
#include "stage/stage.h"

typedef struct HelpPixels {
    int64_t n;
    double *v;
    double *e;
    double *m;
} HelpPixels;

/* What the stages make of one image of h*w*c numbers, u8 or f32. */
HelpPixels help_stages_run(const LmStage *stages, int n, const int64_t hwc[3], const void *src,
                           LmDtype dtype);
void help_stages_free(HelpPixels *p);
/* Fails the test, naming `what`, where a number is further off than its bound; gives how many have
 * none. */
int64_t help_stages_check(const HelpPixels *want, const float *got, const char *what);

/* A list of n stages of all kinds; feature stages get random statistics for this shape when
 * `is_fitted`. Ended with help_stages_fini. */
void help_stages_random(LmStage *stages, int n, const int64_t hwc[3], bool is_fitted, LmRng *rng);
void help_stages_fini(LmStage *stages, int n);
/* "rescale, center feature channel, ..." in a static buffer */
const char *help_stages_text(const LmStage *stages, int n);

#endif
