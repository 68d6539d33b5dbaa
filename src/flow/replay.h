/* One sample of one epoch again, alone: its pixels, and the numbers that were drawn for it. */
#ifndef LM_REPLAY_H
#define LM_REPLAY_H

#include "augment/draw.h"
#include "data/dataset.h"
#include "flow/generator.h"
#include "tensor/tensor.h"

typedef struct LmReplay {
    LmTensor pixels; /* f32 h x w x c, before scaling */
    LmTensor scaled; /* as a flow with that seed gives it */
    int n_draws;     /* entries that happened; they belong to the generator */
    LmDraw draws[LM_AUGMENT_MAX];
    bool is_mixed; /* then with `partner`, whose part is 1 - share */
    int64_t partner;
    double share;
} LmReplay;

/* Sample i as in augment/draw.h, from 0; epoch 1 or more. Owned by the caller: lm_replay_fini. */
LmStatus lm_replay(LmReplay *out, const LmGenerator *g, const LmDataset *ds, int64_t i,
                   int64_t epoch, uint64_t seed, LmError *err) LM_MUST_CHECK;
void lm_replay_fini(LmReplay *r);

#endif
