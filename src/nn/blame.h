/* Where the first number that is not finite came from. For nn/ only. */
#ifndef LM_BLAME_H
#define LM_BLAME_H

#include "nn/net.h"

/* After a forward pass of the run's block: ", first in the output of layer 3 (conv)", or the
 * weights of one, or "the scaled pixels"; "" where all of them are finite for sample `s` of the
 * block. Returns the buffer. */
const char *lm_blame_block(const LmBlockRun *run, int64_t s, char *buffer, size_t size);

#endif
