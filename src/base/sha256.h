/* SHA-256 (FIPS 180-4), for digests of weights and data. */
#ifndef LM_SHA256_H
#define LM_SHA256_H

#include "base/base.h"

typedef struct LmSha256 {
    uint32_t state[8];
    uint64_t n_bytes;
    uint8_t block[64];
    bool is_fast; /* by the processor's own instructions */
} LmSha256;

void lm_sha256_init(LmSha256 *h);
/* Without the processor's help, whatever it has: for tests. */
void lm_sha256_init_plain(LmSha256 *h);
void lm_sha256_add(LmSha256 *h, const void *bytes, size_t n);
/* Lower-case hex and NUL. */
void lm_sha256_end(LmSha256 *h, char out[65]);

#endif
