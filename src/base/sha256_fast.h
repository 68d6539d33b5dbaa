/* SHA-256's blocks by the processor's own instructions. For sha256.c and its tests. */
#ifndef LM_SHA256_FAST_H
#define LM_SHA256_FAST_H

#include "base/base.h"

/* Whether lm_sha256_fast_run may be called: worked out once. */
bool lm_sha256_fast_is_there(void);
/* Takes n blocks of 64 bytes into the state. */
void lm_sha256_fast_run(uint32_t state[8], const uint8_t *blocks, size_t n);

#endif
