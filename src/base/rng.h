/* Counter-based random numbers: a number is a pure function of (seed, stream, a, b, index).
 *
 * No state is shared, so any number of any sample of any epoch can be made again alone, by any
 * thread. The function is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011): the seed is the key, the rest the counter. Known-answer vectors of
 * its authors are in the unit test.
 */
#ifndef LM_RNG_H
#define LM_RNG_H

#include "base/base.h"

/* What a number is for; two uses never share numbers. Values are part of what "same seed, same
 * bits" means: never renumber, only append. */
typedef enum LmRngStream {
    LM_RNG_WEIGHTS = 1, /* a = layer's parameter index */
    LM_RNG_SHUFFLE,     /* a = epoch */
    LM_RNG_DROPOUT,     /* a = step, b = sample within the batch and layer */
    LM_RNG_SPLIT,       /* a = class */
    LM_RNG_DIGITS,      /* a = sample */
    LM_RNG_AUGMENT,     /* a = epoch, b = sample */
    LM_RNG_USER         /* scripts */
} LmRngStream;

typedef struct LmRng {
    uint32_t key[2];
    uint32_t counter[4]; /* [0] block within this stream; [1..3] stream, a, b mixed */
    uint32_t block[4];
    int used; /* numbers of `block` already given */
} LmRng;

/* One Philox4x32-10 block. */
void lm_rng_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/* A stream positioned at its first number. `a` may use 48 bits, `b` 40 bits. */
LmRng lm_rng(uint64_t seed, LmRngStream stream, uint64_t a, uint64_t b);

uint32_t lm_rng_u32(LmRng *rng);
/* Uniform in [0, n), unbiased (Lemire's multiplication with rejection); n > 0. */
uint32_t lm_rng_below(LmRng *rng, uint32_t n);
/* Uniform in [0, 1): 24 bits for float, 53 bits for double. */
float lm_rng_float(LmRng *rng);
double lm_rng_double(LmRng *rng);

#endif
