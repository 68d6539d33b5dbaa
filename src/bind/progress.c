#define _GNU_SOURCE
#include "bind/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

/* Ten pictures a second look like motion and cost nothing. */
static const double REDRAW_AFTER = 0.1;
enum { BAR_WIDTH = 24, LINE_MAX_CHARS = 200, WIDTH_UNKNOWN = 80 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool lb_progress_is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

int lb_progress_columns(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static size_t terminal_width(void)
{
    int n = lb_progress_columns(STDERR_FILENO);
    return n > 0 ? (size_t)n : WIDTH_UNKNOWN;
}

const char *const lb_progress_modes[] = {"bar", "plain", "none", NULL};

static LbProgressMode chosen = LB_PROGRESS_BAR;

void lb_progress_set_mode(LbProgressMode mode)
{
    chosen = mode;
}

LbProgressMode lb_progress_mode(void)
{
    return chosen;
}

void lb_progress_begin(LbProgress *p, int64_t epoch, int64_t n_epochs, bool is_wanted)
{
    *p = (LbProgress){.epoch = epoch, .n_epochs = n_epochs, .started = now()};
    p->drawn = p->started;
    p->is_on = is_wanted && chosen == LB_PROGRESS_BAR && lb_progress_is_terminal(STDERR_FILENO);
}

/* --- the line --- */

typedef struct Facts {
    int64_t epoch;
    int64_t n_epochs;
    int64_t step;
    int64_t n_steps;
    double seconds; /* since the epoch began */
    LmMetrics so_far;
} Facts;

/* Parts in the order they are left out of a line that is too long. */
enum { PART_BAR, PART_SPEED, PART_STEPS, PART_LEFT, N_PARTS };

static void add_bar(LmStr *s, double share)
{
    int n_full = (int)(share * BAR_WIDTH);
    lm_str_add(s, " [");
    for (int i = 0; i < BAR_WIDTH; i++) {
        lm_str_add(s, i < n_full ? "#" : ".");
    }
    lm_str_add(s, "]");
}

static void add_left(LmStr *s, double seconds)
{
    if (seconds < 100) {
        lm_str_add(s, "  %.0f s left", seconds);
    } else {
        lm_str_add(s, "  %.0f min left", ceil(seconds / 60));
    }
}

/* Without the first n_left_out parts. */
static void compose(LmStr *s, const Facts *f, int n_left_out)
{
    double share = (double)f->step / (double)f->n_steps;
    lm_str_add(s, "epoch %" PRId64 "/%" PRId64, f->epoch, f->n_epochs);
    if (n_left_out <= PART_BAR) {
        add_bar(s, share);
    }
    if (n_left_out <= PART_STEPS) {
        lm_str_add(s, "  %" PRId64 "/%" PRId64, f->step, f->n_steps);
    }
    lm_str_add(s, "  %d %%", (int)(100 * share));
    if (n_left_out <= PART_SPEED && f->seconds > 0) {
        lm_str_add(s, "  ");
        lm_str_add_count(s, (int64_t)((double)f->so_far.count / f->seconds));
        lm_str_add(s, " images/s");
    }
    if (n_left_out <= PART_LEFT) {
        add_left(s, f->seconds * (1 - share) / share);
    }
    lm_str_add(s, "  loss %.4f", f->so_far.loss);
    if (!isnan(f->so_far.accuracy)) {
        lm_str_add(s, "  accuracy %.2f %%", 100 * f->so_far.accuracy);
    }
}

/* Prints the line in at most `width` columns. */
static void draw(const Facts *f, size_t width)
{
    char line[LINE_MAX_CHARS];
    LmStr s = lm_str(line, sizeof line);
    compose(&s, f, 0);
    for (int n = 1; n <= N_PARTS && s.used > width; n++) {
        s = lm_str(line, sizeof line);
        compose(&s, f, n);
    }
    fprintf(stderr, "\r%.*s\033[K", (int)LM_MIN(width, sizeof line), line);
    fflush(stderr);
}

void lb_progress_step(void *ctx, int64_t step, int64_t n_steps, const LmMetrics *so_far)
{
    LbProgress *p = ctx;
    double at = now();
    if (!p->is_on || n_steps <= 0 || (at - p->drawn < REDRAW_AFTER && step < n_steps)) {
        return;
    }
    Facts f = {p->epoch, p->n_epochs, step, n_steps, at - p->started, *so_far};
    /* The last column stays free: a terminal that is full to the edge may begin a new line. */
    draw(&f, LM_MAX(terminal_width(), (size_t)2) - 1);
    p->drawn = at;
    p->has_drawn = true;
}

void lb_progress_end(LbProgress *p)
{
    if (p->has_drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    p->is_on = false;
}
