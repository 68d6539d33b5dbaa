/* Philox4x32-10 and the numbers drawn from it.
 *
 * Multipliers and key increments are those of the paper's table 2 and section 4. Nothing here may
 * change once a release is out: every shuffle, weight and picture follows from these bits.
 */
#include "base/rng.h"

void lm_rng_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
    uint32_t k0 = key[0];
    uint32_t k1 = key[1];
    uint32_t c0 = counter[0];
    uint32_t c1 = counter[1];
    uint32_t c2 = counter[2];
    uint32_t c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Counter words: [0] block number, [1] low 32 bits of a, [2] low 32 bits of b,
 * [3] stream (8 bits), high 16 bits of a, high 8 bits of b: distinct arguments never collide. */
LmRng lm_rng(uint64_t seed, LmRngStream stream, uint64_t a, uint64_t b)
{
    LM_ASSERT(a < (uint64_t)1 << 48 && b < (uint64_t)1 << 40);
    LmRng rng = {
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)a, (uint32_t)b,
                    (uint32_t)stream << 24 | (uint32_t)(a >> 32) << 8 | (uint32_t)(b >> 32)},
        .used = 4,
    };
    return rng;
}

uint32_t lm_rng_u32(LmRng *rng)
{
    if (rng->used == 4) {
        lm_rng_philox(rng->key, rng->counter, rng->block);
        rng->counter[0]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

uint32_t lm_rng_below(LmRng *rng, uint32_t n)
{
    LM_ASSERT(n > 0);
    uint64_t product = (uint64_t)lm_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)product < threshold) {
            product = (uint64_t)lm_rng_u32(rng) * n;
        }
    }
    return (uint32_t)(product >> 32);
}

float lm_rng_float(LmRng *rng)
{
    return (float)(lm_rng_u32(rng) >> 8) * 0x1p-24f;
}

double lm_rng_double(LmRng *rng)
{
    uint64_t high = lm_rng_u32(rng) >> 5;
    uint64_t low = lm_rng_u32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}
