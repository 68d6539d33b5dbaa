#include "augment/augmenter.h"

#include <string.h>

#include "augment/photometric.h"
#include "augment/pose.h"
#include "base/mem.h"
#include "kernel/kernel.h"

struct LmAugmenter {
    LmAugment *list;
    int n;
    LmPhotoShape shape;
    LmDtype dtype;
    const LmAugment *mixup; /* the last entry, or NULL */
    int mixup_number;
};

/* --- making --- */

LmStatus lm_augmenter_new(LmAugmenter **out, const LmAugment *list, int n, const int64_t hwc[3],
                          LmDtype dtype, LmError *err)
{
    LM_ASSERT(dtype == LM_U8 || dtype == LM_F32);
    LmPhotoShape shape = {hwc[0], hwc[1], hwc[2], dtype == LM_U8};
    for (int i = 0; i < n; i++) {
        if (lm_photometric_check(&list[i], &shape, err) != LM_OK) {
            return lm_augment_context(&list[i], i, err);
        }
    }
    LmAugmenter *a = NULL;
    LmStatus st = lm_mem_zeros(&a, 1, sizeof *a, err);
    if (st == LM_OK) {
        st = lm_augment_copy_list(&a->list, list, n, err);
    }
    if (st != LM_OK) {
        lm_mem_free(a);
        return st;
    }
    a->n = n;
    a->shape = shape;
    a->dtype = dtype;
    if (n > 0 && list[n - 1].kind == LM_AUGMENT_MIXUP) {
        a->mixup = &a->list[n - 1];
        a->mixup_number = lm_augment_count(list, n - 1);
    }
    *out = a;
    return LM_OK;
}

void lm_augmenter_free(LmAugmenter *a)
{
    if (a != NULL) {
        lm_augment_free_list(a->list, a->n);
        lm_mem_free(a);
    }
}

static size_t image_bytes(const LmAugmenter *a)
{
    return (size_t)(a->shape.h * a->shape.w * a->shape.c) * sizeof(float);
}

size_t lm_augmenter_scratch_bytes(const LmAugmenter *a)
{
    return image_bytes(a);
}

/* --- running --- */

/* The image between two entries: in the source, in dst or in scratch; and the warp that is still to
 * be done to it. */
typedef struct Run {
    const LmAugmenter *augmenter;
    const LmDrawKey *key;
    const void *pixels;
    LmDtype dtype;
    bool is_source;
    bool is_scaled;
    float *dst;
    float *scratch;
    LmPose pose;
    const LmAugment
        *fill; /* the entry that says what is seen beyond the border; NULL: flips only */
} Run;

/* Does the warp. It can scale only into dst, where the result belongs. */
static void finish_warp(Run *r, const LmWarpScale *scale)
{
    if (!lm_pose_is_identity(&r->pose)) {
        const LmPhotoShape *s = &r->augmenter->shape;
        const LmWarpKernels *kernels = lm_kernels()->warp;
        bool is_to_dst = r->pixels != r->dst;
        float *to = is_to_dst ? r->dst : r->scratch;
        LmWarpScale by = {1, 0};
        LmWarp warp = {.fill = LM_FILL_NEAREST, .order = 1};
        lm_pose_to_warp(&r->pose, s->h, s->w, &warp);
        if (r->fill != NULL) {
            warp.fill = r->fill->fill;
            warp.fill_value = (float)r->fill->fill_value;
            warp.order = r->fill->order;
        }
        if (scale != NULL && is_to_dst) {
            by = *scale;
            r->is_scaled = true;
        }
        if (r->dtype == LM_U8) {
            kernels->warp_u8(to, r->pixels, s->h, s->w, s->c, &warp, by);
        } else {
            kernels->warp_f32(to, r->pixels, s->h, s->w, s->c, &warp, by);
        }
        r->pixels = to;
        r->dtype = LM_F32;
        r->is_source = false;
    }
    r->pose = lm_pose();
    r->fill = NULL;
}

static void add_geometric(Run *r, const LmDraw *draw)
{
    const LmPhotoShape *s = &r->augmenter->shape;
    if (draw->entry->kind != LM_AUGMENT_FLIP) {
        if (r->fill != NULL && !lm_augment_shares_warp(r->fill, draw->entry)) {
            finish_warp(r, NULL);
        }
        r->fill = draw->entry;
    }
    lm_pose_add(&r->pose, draw, s->h, s->w);
}

/* Source pixels become floats of our own. */
static void make_own(Run *r)
{
    size_t n = image_bytes(r->augmenter) / sizeof(float);
    if (r->dtype == LM_U8) {
        lm_kernels()->scale->affine_u8(r->dst, r->pixels, n, 1, 0);
    } else {
        memcpy(r->dst, r->pixels, n * sizeof(float));
    }
    r->pixels = r->dst;
    r->dtype = LM_F32;
    r->is_source = false;
}

static void add_photometric(Run *r, const LmDraw *draw)
{
    if (!lm_photometric_changes(draw)) {
        return;
    }
    finish_warp(r, NULL);
    if (r->is_source) {
        make_own(r);
    }
    float *own = r->pixels == r->dst ? r->dst : r->scratch;
    lm_photometric_apply(draw, &r->augmenter->shape, r->key, own);
}

/* `scale` may be NULL. */
static Run run_list(const LmAugmenter *a, const LmDrawKey *key, const void *src, float *dst,
                    void *scratch, const LmWarpScale *scale)
{
    LmDraw draws[LM_AUGMENT_MAX];
    Run r = {.augmenter = a,
             .key = key,
             .pixels = src,
             .dtype = a->dtype,
             .is_source = true,
             .dst = dst,
             .scratch = scratch,
             .pose = lm_pose()};
    int n = lm_draw_list(a->list, a->n, a->shape.h, a->shape.w, key, draws);
    for (int i = 0; i < n; i++) {
        if (lm_augment_spec(draws[i].entry->kind)->class == LM_AUGMENT_GEOMETRIC) {
            add_geometric(&r, &draws[i]);
        } else {
            add_photometric(&r, &draws[i]);
        }
    }
    finish_warp(&r, scale);
    return r;
}

void lm_augmenter_apply(const LmAugmenter *a, const LmPlan *plan, const LmDrawKey *key,
                        const void *src, float *dst, void *scratch, void *plan_scratch)
{
    LmWarpScale pair;
    bool is_pair = lm_plan_is_pair(plan, &pair.a, &pair.b);
    Run r = run_list(a, key, src, dst, scratch, is_pair ? &pair : NULL);
    if (!r.is_scaled) {
        lm_plan_apply(plan, r.pixels, r.dtype, dst, plan_scratch);
    }
}

void lm_augmenter_pixels(const LmAugmenter *a, const LmDrawKey *key, const void *src, float *dst,
                         void *scratch)
{
    Run r = run_list(a, key, src, dst, scratch, NULL);
    if (r.pixels != dst) {
        make_own(&r);
    }
}

/* --- mixup --- */

bool lm_augmenter_has_mixup(const LmAugmenter *a)
{
    return a->mixup != NULL;
}

bool lm_augmenter_mixup(const LmAugmenter *a, int64_t count, const LmDrawKey *key, int64_t *partner,
                        double *share)
{
    return a->mixup != NULL && lm_draw_mixup(a->mixup, a->mixup_number, count, key, partner, share);
}

void lm_augmenter_blend(float *x, const float *other, int64_t n, double share)
{
    float mine = (float)share;
    float rest = (float)(1 - share);
    for (int64_t i = 0; i < n; i++) {
        x[i] = mine * x[i] + rest * other[i];
    }
}
