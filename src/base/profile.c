#include "base/profile.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { ROWS_MAX = 512, NAME_MAX_BYTES = 40 };

typedef struct Row {
    LmProfileSection section;
    char name[NAME_MAX_BYTES];
    double seconds;
} Row;

static const char *const section_names[] = {"load",    "statistics", "batches",  "scale",
                                            "forward", "loss",       "backward", "update"};
_Static_assert(LM_ARRAY_LEN(section_names) == LM_PROFILE_SECTION_COUNT, "one name a section");

static bool is_on;
static Row rows[ROWS_MAX];
static size_t n_rows;

void lm_profile_enable(bool is_wanted)
{
    is_on = is_wanted;
}

bool lm_profile_is_on(void)
{
    return is_on;
}

/* When the table is full the last row takes the rest. */
static Row *find_row(LmProfileSection section, const char *name)
{
    char cut[NAME_MAX_BYTES];
    snprintf(cut, sizeof cut, "%s", name);
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].section == section && strcmp(rows[i].name, cut) == 0) {
            return &rows[i];
        }
    }
    if (n_rows == ROWS_MAX) {
        return &rows[ROWS_MAX - 1];
    }
    Row *row = &rows[n_rows++];
    *row = (Row){.section = section};
    memcpy(row->name, cut, sizeof cut);
    return row;
}

void lm_profile_add(LmProfileSection section, const char *name, double seconds)
{
    find_row(section, name)->seconds += seconds;
}

double lm_profile_start(void)
{
    return is_on ? lm_clock_seconds() : 0;
}

void lm_profile_stop(LmProfileSection section, const char *name, double start)
{
    if (is_on) {
        lm_profile_add(section, name, lm_clock_seconds() - start);
    }
}

static void add_line(LmStr *s, const char *section, const char *name, double seconds, double all)
{
    lm_str_add(s, "%-12s %-28s %9.3f %6.1f %%\n", section, name, seconds,
               all > 0 ? seconds / all * 100 : 0);
}

void lm_profile_report(LmStr *s, double wall_seconds, int threads)
{
    double all = wall_seconds * threads;
    double left = all;
    lm_str_add(s, "%-12s %-28s %9s %8s\n", "time", "", "seconds", "share");
    for (int section = 0; section < LM_PROFILE_SECTION_COUNT; section++) {
        for (size_t i = 0; i < n_rows; i++) {
            if (rows[i].section == (LmProfileSection)section) {
                add_line(s, section_names[section], rows[i].name, rows[i].seconds, all);
                left -= rows[i].seconds;
            }
        }
    }
    add_line(s, "other", "the script, and threads waiting", left > 0 ? left : 0, all);
    lm_str_add(s, "%-12s %-28s %9.3f  (%.3f s on %d thread%s)\n", "all", "", all, wall_seconds,
               threads, threads == 1 ? "" : "s");
}
