/* The end of the program for our own mistakes.
 *
 * Only a broken invariant gets here, so state cannot be trusted any more: it says where and aborts,
 * which leaves a core to look at. Input of users must never lead here.
 */
#include "base/base.h"

#include <stdio.h>

void lm_base_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "luma: internal error: '%s' does not hold at %s:%d\n", cond, file, line);
    abort();
}
