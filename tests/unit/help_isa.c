/* See help_isa.h. */
#include "help_isa.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/kernel.h"

__attribute__((constructor)) void help_isa_choose(void)
{
    if (getenv("LUMA_TEST_LIST_ISAS") != NULL) {
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            puts(*name);
        }
        exit(0);
    }
    const char *wanted = getenv("LUMA_ISA");
    LmError err;
    if (wanted != NULL && lm_kernels_select(wanted, &err) != LM_OK) {
        fprintf(stderr, "LUMA_ISA: %s\n", err.msg);
        exit(2);
    }
}
