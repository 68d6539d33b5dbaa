#define _XOPEN_SOURCE 700
#include "data/places.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* True when all files are in `dir`. Otherwise the report gets the place, where it is to be `listed`
 * or has some of the files. */
static bool try_dir(LmPlaces *p, const char *dir, bool is_listed)
{
    int n_found = 0;
    const char *missing = NULL;
    if (p->has_all(p->ctx, dir, &n_found, &missing)) {
        return true;
    }
    if (is_listed || n_found > 0) {
        lm_str_add(&p->report, p->report.used > 0 ? ", %s" : "%s", dir);
    }
    if (n_found > 0) {
        lm_str_add(&p->report, " (without %s)", missing);
    }
    return false;
}

/* <parent>/<below>/<set>; an unset or empty parent is no place. */
static bool try_below(LmPlaces *p, const char *parent, const char *below)
{
    char dir[LM_PLACES_PATH];
    if (parent == NULL || parent[0] == '\0') {
        return false;
    }
    LmStr s = lm_str(dir, sizeof dir);
    lm_str_add(&s, "%s/%s%s", parent, below, p->set);
    return try_dir(p, dir, true);
}

/* datasets/<set> in the folder and in the folders above it. */
static bool try_upwards(LmPlaces *p, const char *folder)
{
    char at[LM_PLACES_PATH];
    char dir[LM_PLACES_PATH + 64];
    bool is_first = true;
    if (folder == NULL || realpath(folder, at) == NULL) {
        return false;
    }
    for (;;) {
        LmStr s = lm_str(dir, sizeof dir);
        lm_str_add(&s, "%s/datasets/%s", at, p->set);
        if (try_dir(p, dir, is_first)) {
            return true;
        }
        char *slash = strrchr(at, '/');
        if (slash == NULL) {
            break;
        }
        if (is_first) {
            lm_str_add(&p->report, " (and above)");
        }
        *slash = '\0';
        is_first = false;
    }
    return false;
}

static bool try_beside_program(LmPlaces *p)
{
    char path[LM_PLACES_PATH];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) {
        return false;
    }
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    return try_upwards(p, path);
}

static bool try_all(LmPlaces *p, const char *script_dir)
{
    const char *data_home = getenv("XDG_DATA_HOME");
    bool has_data_home = data_home != NULL && data_home[0] != '\0';
    return try_below(p, getenv("LUMA_DATA"), "") || try_upwards(p, script_dir) ||
           try_below(p, ".", "datasets/") || try_beside_program(p) ||
           (has_data_home ? try_below(p, data_home, "luma/")
                          : try_below(p, getenv("HOME"), ".local/share/luma/")) ||
           (p->package_dir != NULL && try_dir(p, p->package_dir, true));
}

bool lm_places_find(LmPlaces *p, const char *dir, const char *script_dir)
{
    p->report = lm_str(p->report_text, sizeof p->report_text);
    return dir != NULL ? try_dir(p, dir, true) : try_all(p, script_dir);
}

bool lm_places_file(char path[LM_PLACES_PATH], const char *dir, const char *name)
{
    LmStr s = lm_str(path, LM_PLACES_PATH);
    lm_str_add(&s, "%s/%s", dir, name);
    /* A path that fills the buffer was cut. */
    return s.used + 1 < LM_PLACES_PATH && access(path, F_OK) == 0;
}
