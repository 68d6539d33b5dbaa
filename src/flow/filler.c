#include "flow/filler.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "flow/flow.h"
#include "kernel/kernel.h"

/* --- making --- */

static LmStatus make_plan(LmFiller *f, const LmGenerator *g, LmError *err)
{
    const LmDataset *ds = f->dataset;
    int n = g != NULL ? lm_generator_n_stages(g) : 0;
    const LmStage *stages = n > 0 ? lm_generator_stage(g, 0) : NULL;
    LmStatus st = lm_plan_new(&f->plan, stages, n, ds->h, ds->w, ds->c, err);
    return st == LM_OK ? lm_plan_check_dtype(f->plan, ds->dtype, err) : st;
}

static LmStatus make_augmenter(LmFiller *f, const LmGenerator *g, LmError *err)
{
    const LmDataset *ds = f->dataset;
    int n = g != NULL ? lm_generator_n_augments(g) : 0;
    return n > 0 ? lm_augmenter_new(&f->augmenter, lm_generator_augment_list(g), n,
                                    (const int64_t[3]){ds->h, ds->w, ds->c}, ds->dtype, err)
                 : LM_OK;
}

static LmStatus copy_keras(LmFiller *f, const LmGenerator *g, LmError *err)
{
    const LmKeras *keras = g != NULL ? lm_generator_keras(g) : NULL;
    LmKeras *copy = NULL;
    if (keras == NULL) {
        return LM_OK;
    }
    LmStatus st = lm_mem_alloc(&copy, 1, sizeof *copy, err);
    if (st == LM_OK) {
        *copy = *keras;
        f->keras = copy;
    }
    return st;
}

/* Plan, a block of images as they are stored, what the augmenter needs, the image blended in. */
static void lay_out(LmFiller *f)
{
    size_t floats = lm_base_round_up((size_t)f->item * sizeof(float), LM_MEM_ALIGN);
    size_t stored = (size_t)(lm_plan_block(f->plan) * f->item) * lm_dtype_size(f->dataset->dtype);
    f->read_at = lm_base_round_up(lm_plan_scratch_bytes(f->plan), LM_MEM_ALIGN);
    f->augment_at = f->read_at + lm_base_round_up(stored, LM_MEM_ALIGN);
    f->partner_at = f->augment_at;
    f->scratch_bytes = f->augment_at;
    if (f->augmenter != NULL) {
        f->partner_at += lm_base_round_up(lm_augmenter_scratch_bytes(f->augmenter), LM_MEM_ALIGN);
        f->scratch_bytes = f->partner_at + (lm_augmenter_has_mixup(f->augmenter) ? floats : 0);
    } else if (f->keras != NULL) {
        f->scratch_bytes += floats;
    }
}

LmStatus lm_filler_init(LmFiller *f, const LmGenerator *g, const LmDataset *ds, uint64_t seed,
                        LmError *err)
{
    *f = (LmFiller){.dataset = ds, .seed = seed, .item = lm_dataset_item_count(ds)};
    LmStatus st = make_plan(f, g, err);
    if (st == LM_OK) {
        st = make_augmenter(f, g, err);
    }
    if (st == LM_OK) {
        st = copy_keras(f, g, err);
    }
    if (st != LM_OK) {
        lm_filler_fini(f);
        return st;
    }
    lay_out(f);
    return LM_OK;
}

void lm_filler_fini(LmFiller *f)
{
    lm_plan_free(f->plan);
    lm_augmenter_free(f->augmenter);
    lm_mem_free((void *)(uintptr_t)f->keras);
    *f = (LmFiller){0};
}

/* --- pixels of one sample --- */

/* Place j of a block. */
static void *stored_at(const LmFiller *f, int64_t j, char *scratch)
{
    return scratch + f->read_at + (size_t)(j * f->item) * lm_dtype_size(f->dataset->dtype);
}

static LmStatus stored_pixels(const LmFiller *f, int64_t sample, int64_t j, char *scratch,
                              const void **out, LmError *err)
{
    int64_t i = lm_draw_item(sample);
    *out = lm_dataset_pixels(f->dataset, i);
    if (*out != NULL) {
        return LM_OK;
    }
    void *read = stored_at(f, j, scratch);
    *out = read;
    return lm_dataset_read(f->dataset, i, read, err) == LM_OK
               ? LM_OK
               : lm_error_context(err, "sample %" PRId64, i + 1);
}

static bool is_changed(const LmFiller *f, int64_t epoch)
{
    return (f->augmenter != NULL || f->keras != NULL) && epoch != LM_FLOW_PLAIN;
}

bool lm_filler_mix(const LmFiller *f, int64_t epoch, int64_t i, int64_t *partner, double *share)
{
    LmDrawKey key = {f->seed, epoch, i};
    return f->augmenter != NULL && is_changed(f, epoch) &&
           lm_augmenter_mixup(f->augmenter, f->dataset->count, &key, partner, share);
}

static void to_floats(const LmFiller *f, float *x, const void *pixels)
{
    if (f->dataset->dtype == LM_U8) {
        lm_kernels()->scale->affine_u8(x, pixels, (size_t)f->item, 1, 0);
    } else {
        memcpy(x, pixels, (size_t)f->item * sizeof *x);
    }
}

static LmStatus change_as_keras(const LmFiller *f, const LmDrawKey *key, const void *pixels,
                                float *x, char *scratch, LmError *err)
{
    const LmDataset *ds = f->dataset;
    float *before = (float *)(scratch + f->augment_at);
    LmRng rng = lm_draw_rng(key, 0);
    LmTransform t = lm_keras_draw(f->keras, ds->h, ds->w, &rng);
    to_floats(f, before, pixels);
    return lm_transform_apply(&t, &f->keras->fill, before, ds->h, ds->w, ds->c, x, err);
}

/* Sample i changed at random, before mixup. */
static LmStatus own_pixels(const LmFiller *f, int64_t epoch, int64_t i, float *x, char *scratch,
                           LmError *err)
{
    const void *pixels = NULL;
    LmDrawKey key = {f->seed, epoch, i};
    LmStatus st = stored_pixels(f, i, 0, scratch, &pixels, err);
    if (st == LM_OK && f->keras != NULL) {
        return change_as_keras(f, &key, pixels, x, scratch, err) == LM_OK
                   ? LM_OK
                   : lm_error_context(err, "sample %" PRId64, lm_draw_item(i) + 1);
    }
    if (st == LM_OK) {
        lm_augmenter_pixels(f->augmenter, &key, pixels, x, scratch + f->augment_at);
    }
    return st;
}

static LmStatus changed_pixels(const LmFiller *f, int64_t epoch, int64_t i, float *x, char *scratch,
                               LmError *err)
{
    float *other = (float *)(scratch + f->partner_at);
    int64_t partner = 0;
    double share = 1;
    LmStatus st = own_pixels(f, epoch, i, x, scratch, err);
    if (st != LM_OK || !lm_filler_mix(f, epoch, i, &partner, &share)) {
        return st;
    }
    if (own_pixels(f, epoch, partner, other, scratch, err) != LM_OK) {
        return lm_error_context(err, "sample %" PRId64 " is blended with", lm_draw_item(i) + 1);
    }
    lm_augmenter_blend(x, other, f->item, share);
    return LM_OK;
}

LmStatus lm_filler_pixels(const LmFiller *f, int64_t epoch, int64_t i, float *x, void *scratch,
                          LmError *err)
{
    const void *pixels = NULL;
    if (is_changed(f, epoch)) {
        return changed_pixels(f, epoch, i, x, scratch, err);
    }
    LmStatus st = stored_pixels(f, i, 0, scratch, &pixels, err);
    if (st == LM_OK) {
        to_floats(f, x, pixels);
    }
    return st;
}

/* --- filling --- */

/* Rounded to the nearest, halves up, as Keras leaves images of bytes. */
static const void *to_bytes(const LmFiller *f, const float *x, int64_t j, char *scratch)
{
    uint8_t *bytes = stored_at(f, j, scratch);
    for (int64_t i = 0; i < f->item; i++) {
        float v = x[i] + 0.5f;
        bytes[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    return bytes;
}

/* What nothing happens to is scaled as it is stored. */
static LmStatus fill_plain(const LmFiller *f, const int64_t *indices, int64_t n, float *const *x,
                           char *scratch, LmError *err)
{
    const void *pixels[LM_PLAN_BLOCK];
    for (int64_t j = 0; j < n; j++) {
        LmStatus st = stored_pixels(f, indices[j], j, scratch, &pixels[j], err);
        if (st != LM_OK) {
            return st;
        }
    }
    lm_plan_apply_block(f->plan, n, pixels, f->dataset->dtype, x, scratch);
    return LM_OK;
}

/* Floats first, then the plan in place: where it works on blocks, or takes bytes, or two images are
 * blended. */
static LmStatus fill_changed(const LmFiller *f, int64_t epoch, const int64_t *indices, int64_t n,
                             float *const *x, char *scratch, LmError *err)
{
    const void *pixels[LM_PLAN_BLOCK];
    bool takes_bytes = lm_plan_takes_bytes(f->plan);
    for (int64_t j = 0; j < n; j++) {
        LmStatus st = changed_pixels(f, epoch, indices[j], x[j], scratch, err);
        if (st != LM_OK) {
            return st;
        }
        pixels[j] = x[j];
    }
    for (int64_t j = 0; takes_bytes && j < n; j++) {
        pixels[j] = to_bytes(f, x[j], j, scratch);
    }
    lm_plan_apply_block(f->plan, n, pixels, takes_bytes ? LM_U8 : LM_F32, x, scratch);
    return LM_OK;
}

/* Straight from what is stored, in one pass where the plan allows it. */
static LmStatus fill_one(const LmFiller *f, int64_t epoch, int64_t i, float *x, char *scratch,
                         LmError *err)
{
    const void *pixels = NULL;
    LmDrawKey key = {f->seed, epoch, i};
    LmStatus st = stored_pixels(f, i, 0, scratch, &pixels, err);
    if (st == LM_OK) {
        lm_augmenter_apply(f->augmenter, f->plan, &key, pixels, x, scratch + f->augment_at,
                           scratch);
    }
    return st;
}

LmStatus lm_filler_fill(const LmFiller *f, int64_t epoch, const int64_t *indices, int64_t n,
                        float *const *x, void *scratch, LmError *err)
{
    int64_t block = lm_plan_block(f->plan);
    bool is_direct = block == 1 && !lm_plan_takes_bytes(f->plan) && f->augmenter != NULL &&
                     !lm_augmenter_has_mixup(f->augmenter);
    LmStatus st = LM_OK;
    for (int64_t k = 0; st == LM_OK && k < n; k += block) {
        int64_t m = LM_MIN(block, n - k);
        if (!is_changed(f, epoch)) {
            st = fill_plain(f, indices + k, m, x + k, scratch, err);
        } else if (is_direct) {
            st = fill_one(f, epoch, indices[k], x[k], scratch, err);
        } else {
            st = fill_changed(f, epoch, indices + k, m, x + k, scratch, err);
        }
    }
    return st;
}
