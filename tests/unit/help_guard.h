/* Memory between two pages that may not be touched, for tests of kernels.
 *
 * Data placed at `first` faults when the byte before it is touched, data that ends at `end` when
 * the byte behind it is. The room between is filled with a pattern, so that stray writes show too.
 */
#ifndef HELP_GUARD_H
#define HELP_GUARD_H

#include "base/base.h"

typedef struct HelpGuard {
    uint8_t *first; /* an unreadable page lies before */
    uint8_t *end;   /* an unreadable page begins here */
    void *map;
    size_t map_bytes;
} HelpGuard;

/* Room for n bytes or more (whole pages), filled with the pattern; stops the test on failure. */
HelpGuard help_guard_new(size_t n);
void help_guard_free(HelpGuard *g);

/* Fills the room with the pattern again. */
void help_guard_fill(HelpGuard *g);
/* Whether all of the room but [data, data + n) still holds the pattern. */
bool help_guard_is_clean(const HelpGuard *g, const void *data, size_t n);

/* Where to put n bytes: at the front, or so that they end at the back page. Both are aligned to
 * elements whose size divides n. */
void *help_guard_front(const HelpGuard *g);
void *help_guard_back(const HelpGuard *g, size_t n);

/* The seed of random tests: LUMA_TEST_SEED, or `fallback`; printed, so that a failure can be had
 * again. */
uint64_t help_guard_seed(uint64_t fallback);

#endif
