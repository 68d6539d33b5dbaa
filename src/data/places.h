/* Where the files of a known set are looked for.
 *
 * Sets of one family have files of the same names, so only the folder's name tells them apart: a
 * place is always ".../<set>". A folder with some of the files is passed over like one with none,
 * but the report of a failed search says which is missing.
 */
#ifndef LM_PLACES_H
#define LM_PLACES_H

#include "base/str.h"

/* As long as paths can be on Linux (PATH_MAX); realpath asks for as much. */
enum { LM_PLACES_PATH = 4096 };

typedef struct LmPlaces {
    const char *set;
    const char *package_dir; /* of a system package, or NULL */
    /* True when all files are in `dir`. Otherwise *n_found counts those that are, and *missing
     * names the first that is not (valid until the next call). */
    bool (*has_all)(void *ctx, const char *dir, int *n_found, const char **missing);
    void *ctx;
    LmStr report; /* after a search in vain: places looked in, with what is missing there */
    char report_text[400];
} LmPlaces;

/* In `dir` alone where it is not NULL; else in $LUMA_DATA/<set>, datasets/<set> beside `script_dir`
 * (may be NULL; its parents too), the working directory, the program, then
 * $XDG_DATA_HOME/luma/<set>, then the package's folder. True: the last call of has_all gave true.
 */
bool lm_places_find(LmPlaces *p, const char *dir, const char *script_dir);
/* `path` = dir/name; false where it is too long or no such file is there. */
bool lm_places_file(char path[LM_PLACES_PATH], const char *dir, const char *name);

#endif
