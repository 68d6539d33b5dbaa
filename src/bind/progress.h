/* The moving line of an epoch, on stderr.
 *
 * Only on a terminal, redrawn at most ten times a second and wiped when the epoch ends, so that
 * what comes next (a result, an error) starts on a clean line. Elsewhere nothing is written.
 */
#ifndef LB_PROGRESS_H
#define LB_PROGRESS_H

#include "nn/train.h"

/* For the whole program: `luma run --progress`. */
typedef enum LbProgressMode {
    LB_PROGRESS_BAR,   /* moving lines where the terminal can, and one still line an epoch */
    LB_PROGRESS_PLAIN, /* still lines only */
    LB_PROGRESS_NONE
} LbProgressMode;

void lb_progress_set_mode(LbProgressMode mode);
LbProgressMode lb_progress_mode(void);
/* Their names, NULL-ended: "bar" is LB_PROGRESS_BAR. */
extern const char *const lb_progress_modes[];

typedef struct LbProgress {
    int64_t epoch;
    int64_t n_epochs;
    double started;
    double drawn; /* when last */
    bool is_on;
    bool has_drawn;
} LbProgress;

/* Whether the descriptor is a terminal that can move its cursor. */
bool lb_progress_is_terminal(int fd);
/* How wide the terminal is; 0: the descriptor is none, or it does not say. */
int lb_progress_columns(int fd);

/* Nothing is ever drawn when `is_wanted` is false or stderr is no terminal. */
void lb_progress_begin(LbProgress *p, int64_t epoch, int64_t n_epochs, bool is_wanted);
/* An LmProgressFn; ctx is the LbProgress. */
void lb_progress_step(void *ctx, int64_t step, int64_t n_steps, const LmMetrics *so_far);
void lb_progress_end(LbProgress *p);

#endif
