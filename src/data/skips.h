/* Files that a data set was to hold and does not, with the reason; shared by the set and its views.
 */
#ifndef LM_SKIPS_H
#define LM_SKIPS_H

#include <stdatomic.h>

#include "base/error.h"

typedef struct LmSkip {
    char *path;
    char *reason;
} LmSkip;

typedef struct LmSkips {
    atomic_int refs;
    int64_t n;
    LmSkip *entries;
} LmSkips;

/* An empty list. */
LmStatus lm_skips_new(LmSkips **out, LmError *err) LM_MUST_CHECK;
/* Copies both texts to the end. */
LmStatus lm_skips_add(LmSkips *s, const char *path, const char *reason, LmError *err) LM_MUST_CHECK;
LmSkips *lm_skips_ref(LmSkips *s); /* NULL is fine, here and below */
void lm_skips_unref(LmSkips *s);

#endif
