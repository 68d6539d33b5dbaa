/* The order of one epoch, kept until another one is asked for. */
#ifndef LM_ORDER_H
#define LM_ORDER_H

#include "base/error.h"

/* Shares its counter with lm_rng, whose first argument has 48 bits. */
#define LM_EPOCH_MAX (((int64_t)1 << 48) - 1)

typedef struct LmOrder {
    int64_t n; /* items; below 2^32 */
    bool is_shuffled;
    uint64_t seed;
    int64_t epoch;    /* 0: none yet */
    int64_t *indices; /* samples as in augment/draw.h: of most orders plain numbers of items */
    /* Where set: labels of the n items; every class that has items then comes equally often. */
    const int32_t *classes;
    int n_classes;
} LmOrder;

/* No order yet; takes memory when the first is asked for. */
LmOrder lm_order(int64_t n, bool is_shuffled, uint64_t seed);
void lm_order_fini(LmOrder *o);

/* LM_EARG for an epoch outside 1..LM_EPOCH_MAX. */
LmStatus lm_order_check_epoch(int64_t epoch, LmError *err) LM_MUST_CHECK;
/* o->indices become the order of `epoch`. Cheap where they are already. */
LmStatus lm_order_make(LmOrder *o, int64_t epoch, LmError *err) LM_MUST_CHECK;

#endif
