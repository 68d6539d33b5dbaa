#include "flow/sampler.h"

#include "base/rng.h"

void lm_sampler_order(int64_t *order, int64_t n, bool is_shuffled, uint64_t seed, int64_t epoch)
{
    LM_ASSERT(n >= 0 && n <= UINT32_MAX && epoch >= 0);
    for (int64_t i = 0; i < n; i++) {
        order[i] = i;
    }
    if (!is_shuffled) {
        return;
    }
    LmRng rng = lm_rng(seed, LM_RNG_SHUFFLE, (uint64_t)epoch, 0);
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = lm_rng_below(&rng, (uint32_t)i + 1);
        int64_t moved = order[i];
        order[i] = order[j];
        order[j] = moved;
    }
}
