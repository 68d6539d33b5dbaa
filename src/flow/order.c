#include "flow/order.h"

#include <inttypes.h>

#include "base/mem.h"
#include "flow/sampler.h"

LmOrder lm_order(int64_t n, bool is_shuffled, uint64_t seed)
{
    return (LmOrder){.n = n, .is_shuffled = is_shuffled, .seed = seed};
}

void lm_order_fini(LmOrder *o)
{
    lm_mem_free(o->indices);
    *o = (LmOrder){0};
}

LmStatus lm_order_check_epoch(int64_t epoch, LmError *err)
{
    if (epoch < 1 || epoch > LM_EPOCH_MAX) {
        return lm_fail(err, LM_EARG, "epoch is %" PRId64 ", wanted 1 to %" PRId64, epoch,
                       LM_EPOCH_MAX);
    }
    return LM_OK;
}

LmStatus lm_order_make(LmOrder *o, int64_t epoch, LmError *err)
{
    LmStatus st = lm_order_check_epoch(epoch, err);
    if (st == LM_OK && o->indices == NULL) {
        st = lm_mem_alloc(&o->indices, (size_t)o->n, sizeof *o->indices, err);
    }
    if (st != LM_OK) {
        return st;
    }
    /* File order is the same in every epoch. */
    if (o->epoch == 0 || (o->is_shuffled && o->epoch != epoch)) {
        lm_sampler_order(o->indices, o->n, o->is_shuffled, o->seed, epoch);
        if (o->classes != NULL) {
            st = lm_sampler_balance(o->indices, o->n, o->classes, o->n_classes, err);
        }
    }
    if (st != LM_OK) {
        o->epoch = 0;
        return st;
    }
    o->epoch = epoch;
    return LM_OK;
}
