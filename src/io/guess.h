/* What a file is that is not what its name promised: downloads end in error pages, archives get
 * renamed. */
#ifndef LM_GUESS_H
#define LM_GUESS_H

#include "base/base.h"

/* "an HTML page (did a download fail?)", judged by the first bytes; NULL when nothing is known. */
const char *lm_guess_format(const uint8_t *bytes, size_t size);

#endif
