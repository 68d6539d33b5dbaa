#include "flow/replay.h"

#include "base/mem.h"
#include "base/threads.h"
#include "flow/filler.h"
#include "flow/order.h"

static LmStatus fill(LmReplay *r, const LmFiller *f, int64_t i, int64_t epoch, LmError *err)
{
    const LmDataset *ds = f->dataset;
    const int64_t shape[3] = {ds->h, ds->w, ds->c};
    char *scratch = NULL;
    LmStatus st = LM_OK;
    if ((st = lm_mem_alloc(&scratch, f->scratch_bytes, 1, err)) == LM_OK &&
        (st = lm_tensor_new(&r->pixels, LM_F32, 3, shape, err)) == LM_OK) {
        st = lm_tensor_new(&r->scaled, LM_F32, 3, shape, err);
    }
    if (st == LM_OK) {
        /* As the flow's own threads, or the last bits of numbers near 0 might differ. */
        unsigned token = lm_threads_flush_denormals();
        float *x = r->scaled.data;
        st = lm_filler_pixels(f, epoch, i, r->pixels.data, scratch, err);
        if (st == LM_OK) {
            st = lm_filler_fill(f, epoch, &i, 1, &x, scratch, err);
        }
        lm_threads_restore_denormals(token);
    }
    lm_mem_free(scratch);
    return st;
}

LmStatus lm_replay(LmReplay *out, const LmGenerator *g, const LmDataset *ds, int64_t i,
                   int64_t epoch, uint64_t seed, LmError *err)
{
    LM_ASSERT(i >= 0 && lm_draw_item(i) < ds->count);
    LmReplay r = {.share = 1};
    LmFiller f;
    LmStatus st = lm_order_check_epoch(epoch, err);
    if (st != LM_OK || (st = lm_filler_init(&f, g, ds, seed, err)) != LM_OK) {
        return st;
    }
    st = fill(&r, &f, i, epoch, err);
    if (st == LM_OK) {
        LmDrawKey key = {seed, epoch, i};
        r.n_draws = lm_draw_list(lm_generator_augment_list(g), lm_generator_n_augments(g), ds->h,
                                 ds->w, &key, r.draws);
        r.is_mixed = lm_filler_mix(&f, epoch, i, &r.partner, &r.share);
    }
    lm_filler_fini(&f);
    if (st != LM_OK) {
        lm_replay_fini(&r);
        return st;
    }
    *out = r;
    return LM_OK;
}

void lm_replay_fini(LmReplay *r)
{
    lm_tensor_fini(&r->pixels);
    lm_tensor_fini(&r->scaled);
}
