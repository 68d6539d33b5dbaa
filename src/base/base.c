#include "base/base.h"

#include <stdio.h>

void lm_base_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "luma: internal error: '%s' does not hold at %s:%d\n", cond, file, line);
    abort();
}
