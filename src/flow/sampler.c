#include "flow/sampler.h"

#include <string.h>

#include "augment/draw.h"
#include "base/mem.h"
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

LmStatus lm_sampler_balance(int64_t *order, int64_t n, const int32_t *labels, int n_classes,
                            LmError *err)
{
    /* items: those of class k, in order, are items[starts[k]..starts[k+1]). */
    int64_t *items = NULL;
    int64_t *starts = NULL;
    int64_t *used = NULL;
    size_t k_max = (size_t)n_classes + 1;
    LmStatus st = lm_mem_alloc(&items, (size_t)n, sizeof *items, err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&starts, k_max, sizeof *starts, err);
    }
    if (st == LM_OK) {
        st = lm_mem_zeros(&used, k_max, sizeof *used, err);
    }
    if (st != LM_OK) {
        goto done;
    }
    for (int64_t i = 0; i < n; i++) {
        starts[labels[i] + 1]++;
    }
    for (int k = 0; k < n_classes; k++) {
        starts[k + 1] += starts[k];
    }
    for (int64_t i = 0; i < n; i++) {
        int32_t k = labels[order[i]];
        items[starts[k] + used[k]++] = order[i];
    }
    memset(used, 0, k_max * sizeof *used);
    for (int64_t i = 0, k = 0; i < n; k = (k + 1) % n_classes) {
        int64_t n_items = starts[k + 1] - starts[k];
        if (n_items > 0) {
            int64_t turn = used[k] / n_items;
            int64_t item = items[starts[k] + used[k]++ % n_items];
            order[i++] = lm_draw_sample(item, turn);
        }
    }
done:
    lm_mem_free(items);
    lm_mem_free(starts);
    lm_mem_free(used);
    return st;
}
