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

static size_t terminal_width(void)
{
    struct winsize size;
    bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : WIDTH_UNKNOWN;
}

void lb_progress_begin(LbProgress *p, int64_t epoch, int64_t n_epochs, bool is_wanted)
{
    *p = (LbProgress){.epoch = epoch, .n_epochs = n_epochs, .started = now()};
    p->drawn = p->started;
    p->is_on = is_wanted && lb_progress_is_terminal(STDERR_FILENO);
}

static void add_bar(LmStr *s, double share)
{
    int n_full = (int)(share * BAR_WIDTH);
    lm_str_add(s, "[");
    for (int i = 0; i < BAR_WIDTH; i++) {
        lm_str_add(s, i < n_full ? "#" : ".");
    }
    lm_str_add(s, "]");
}

void lb_progress_step(void *ctx, int64_t step, int64_t n_steps, const LmMetrics *so_far)
{
    LbProgress *p = ctx;
    double at = now();
    if (!p->is_on || n_steps <= 0 || (at - p->drawn < REDRAW_AFTER && step < n_steps)) {
        return;
    }
    char line[LINE_MAX_CHARS];
    LmStr s = lm_str(line, LM_MIN(sizeof line, terminal_width()));
    double share = (double)step / (double)n_steps;
    double left = (at - p->started) * (1 - share) / LM_MAX(share, 1e-9);
    lm_str_add(&s, "epoch %" PRId64 "/%" PRId64 " ", p->epoch, p->n_epochs);
    add_bar(&s, share);
    lm_str_add(&s, " %3d %%  loss %.4f", (int)(100 * share), so_far->loss);
    if (!isnan(so_far->accuracy)) {
        lm_str_add(&s, "  accuracy %.2f %%", 100 * so_far->accuracy);
    }
    lm_str_add(&s, "  %.0f s left", left);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
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
