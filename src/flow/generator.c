#include "flow/generator.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/threads.h"
#include "flow/fit.h"

struct LmGenerator {
    atomic_int refs;
    int n;
    LmStage *stages;
    int n_augments;
    LmAugment *augments;
    LmKeras *keras; /* or NULL */
    char *fitted_on;
    LmPlan *plan; /* for plan_shape; NULL: none yet */
    int64_t plan_shape[3];
};

static void free_stages(LmStage *stages, int n)
{
    for (int i = 0; stages != NULL && i < n; i++) {
        lm_stage_fini(&stages[i]);
    }
    lm_mem_free(stages);
}

static LmStatus copy_stages(LmStage **out, const LmStage *stages, int n, LmError *err)
{
    LmStage *copy = NULL;
    LmStatus st = lm_mem_zeros(&copy, (size_t)n, sizeof *copy, err);
    for (int i = 0; st == LM_OK && i < n; i++) {
        st = lm_stage_copy(&copy[i], &stages[i], err);
    }
    if (st != LM_OK) {
        free_stages(copy, n);
        return st;
    }
    *out = copy;
    return LM_OK;
}

LmStatus lm_generator_new(LmGenerator **out, const LmStage *stages, int n, LmError *err)
{
    LM_ASSERT(n >= 0);
    for (int i = 0; i < n; i++) {
        if (lm_stage_check(&stages[i], err) != LM_OK) {
            return lm_stage_context(&stages[i], i, err);
        }
    }
    LmGenerator *g = NULL;
    LmStatus st = lm_mem_zeros(&g, 1, sizeof *g, err);
    if (st == LM_OK) {
        atomic_init(&g->refs, 1);
        g->n = n;
        st = copy_stages(&g->stages, stages, n, err);
    }
    if (st != LM_OK) {
        lm_mem_free(g);
        return st;
    }
    *out = g;
    return LM_OK;
}

/* The new list: what g has, then the n given. */
static LmStatus join_augments(LmGenerator *out, const LmGenerator *g, const LmAugment *list, int n,
                              LmError *err)
{
    LmAugment *joined = NULL;
    size_t total = (size_t)(g->n_augments + n);
    LmStatus st = lm_mem_zeros(&joined, total, sizeof *joined, err);
    for (int i = 0; st == LM_OK && i < g->n_augments + n; i++) {
        const LmAugment *from = i < g->n_augments ? &g->augments[i] : &list[i - g->n_augments];
        st = lm_augment_copy(&joined[i], from, err);
    }
    if (st == LM_OK) {
        st = lm_augment_check_list(joined, (int)total, err);
    }
    if (st != LM_OK) {
        lm_augment_free_list(joined, (int)total);
        return st;
    }
    out->augments = joined;
    out->n_augments = (int)total;
    return LM_OK;
}

LmStatus lm_generator_augment(LmGenerator **out, const LmGenerator *g, const LmAugment *list, int n,
                              LmError *err)
{
    LmGenerator *copy = NULL;
    LmStatus st = lm_generator_new(&copy, g->stages, g->n, err);
    if (st == LM_OK) {
        st = join_augments(copy, g, list, n, err);
    }
    if (st == LM_OK && g->fitted_on != NULL) {
        st = lm_generator_set_fitted_on(copy, g->fitted_on, err);
    }
    if (st != LM_OK) {
        lm_generator_unref(copy);
        return st;
    }
    *out = copy;
    return LM_OK;
}

LmStatus lm_generator_change_as_keras(LmGenerator **out, const LmGenerator *g, const LmKeras *keras,
                                      LmError *err)
{
    LM_ASSERT(g->n_augments == 0);
    LmGenerator *copy = NULL;
    LmStatus st = lm_generator_new(&copy, g->stages, g->n, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&copy->keras, 1, sizeof *keras, err);
    }
    if (st != LM_OK) {
        lm_generator_unref(copy);
        return st;
    }
    *copy->keras = *keras;
    *out = copy;
    return LM_OK;
}

const LmKeras *lm_generator_keras(const LmGenerator *g)
{
    return g->keras;
}

LmGenerator *lm_generator_ref(LmGenerator *g)
{
    atomic_fetch_add(&g->refs, 1);
    return g;
}

void lm_generator_unref(LmGenerator *g)
{
    if (g == NULL || atomic_fetch_sub(&g->refs, 1) > 1) {
        return;
    }
    free_stages(g->stages, g->n);
    lm_augment_free_list(g->augments, g->n_augments);
    lm_mem_free(g->keras);
    lm_plan_free(g->plan);
    lm_mem_free(g->fitted_on);
    lm_mem_free(g);
}

static void drop_plan(LmGenerator *g)
{
    lm_plan_free(g->plan);
    g->plan = NULL;
}

LmStatus lm_generator_fit(LmGenerator *g, const LmDataset *ds, LmError *err)
{
    return lm_generator_fit_head(g, ds, g->n, err);
}

LmStatus lm_generator_set_table(LmGenerator *g, int i, const double table[256], LmError *err)
{
    LM_ASSERT(i >= 0 && i < g->n);
    LmStatus st = lm_stage_set_table(&g->stages[i], table, err);
    if (st != LM_OK) {
        return lm_stage_context(&g->stages[i], i, err);
    }
    drop_plan(g);
    return LM_OK;
}

void lm_generator_exchange(LmGenerator *g, LmGenerator *other)
{
    LM_ASSERT(g->n == other->n);
    LmStage *stages = g->stages;
    char *fitted_on = g->fitted_on;
    g->stages = other->stages;
    g->fitted_on = other->fitted_on;
    other->stages = stages;
    other->fitted_on = fitted_on;
    drop_plan(g);
    drop_plan(other);
}

LmStatus lm_generator_fit_head(LmGenerator *g, const LmDataset *ds, int n, LmError *err)
{
    LM_ASSERT(n >= 0 && n <= g->n);
    LmStage *stages = NULL;
    char *fitted_on = NULL;
    char text[256];
    char count[32];
    LmStr s = lm_str(text, sizeof text);
    lm_str_add(&s, "%s (%s images)", ds->name, lm_str_count(count, sizeof count, ds->count));
    LmStatus st = copy_stages(&stages, g->stages, g->n, err);
    if (st == LM_OK) {
        st = lm_fit_stages(stages, n, ds, err);
    }
    if (st == LM_OK) {
        st = lm_mem_strdup(&fitted_on, text, err);
    }
    if (st != LM_OK) {
        free_stages(stages, g->n);
        return st;
    }
    free_stages(g->stages, g->n);
    lm_mem_free(g->fitted_on);
    drop_plan(g);
    g->stages = stages;
    g->fitted_on = fitted_on;
    return LM_OK;
}

bool lm_generator_is_fitted(const LmGenerator *g)
{
    for (int i = 0; i < g->n; i++) {
        if (!lm_stage_is_fitted(&g->stages[i])) {
            return false;
        }
    }
    return true;
}

int lm_generator_n_stages(const LmGenerator *g)
{
    return g->n;
}

const LmStage *lm_generator_stage(const LmGenerator *g, int i)
{
    LM_ASSERT(i >= 0 && i < g->n);
    return &g->stages[i];
}

int lm_generator_n_augments(const LmGenerator *g)
{
    return g->n_augments;
}

const LmAugment *lm_generator_augment_list(const LmGenerator *g)
{
    return g->augments;
}

const char *lm_generator_fitted_on(const LmGenerator *g)
{
    return g->fitted_on;
}

LmStatus lm_generator_set_fitted_on(LmGenerator *g, const char *text, LmError *err)
{
    char *copy = NULL;
    LmStatus st = lm_mem_strdup(&copy, text, err);
    if (st == LM_OK) {
        lm_mem_free(g->fitted_on);
        g->fitted_on = copy;
    }
    return st;
}

LmStatus lm_generator_plan(LmGenerator *g, int64_t h, int64_t w, int64_t c, const LmPlan **out,
                           LmError *err)
{
    const int64_t hwc[3] = {h, w, c};
    if (g->plan == NULL || memcmp(g->plan_shape, hwc, sizeof hwc) != 0) {
        LmPlan *plan = NULL;
        LmStatus st = lm_plan_new(&plan, g->stages, g->n, h, w, c, err);
        if (st != LM_OK) {
            return st;
        }
        drop_plan(g);
        g->plan = plan;
        memcpy(g->plan_shape, hwc, sizeof hwc);
    }
    *out = g->plan;
    return LM_OK;
}

/* --- apply --- */

typedef struct Apply {
    const LmPlan *plan;
    const LmTensor *images;
    float *out;
    int64_t n; /* numbers of an image */
    char *scratch;
    size_t scratch_bytes;
} Apply;

static void apply_block(void *ctx, int64_t task, int thread)
{
    const Apply *a = ctx;
    LmDtype dtype = a->images->dtype;
    const char *pixels = a->images->data;
    const void *src[LM_PLAN_BLOCK];
    float *dst[LM_PLAN_BLOCK];
    int64_t first = task * lm_plan_block(a->plan);
    int64_t n = LM_MIN(lm_plan_block(a->plan), a->images->shape[0] - first);
    for (int64_t k = 0; k < n; k++) {
        src[k] = pixels + (size_t)((first + k) * a->n) * lm_dtype_size(dtype);
        dst[k] = a->out + (first + k) * a->n;
    }
    lm_plan_apply_block(a->plan, n, src, dtype, dst,
                        a->scratch + (size_t)thread * a->scratch_bytes);
}

static LmStatus check_images(const LmTensor *t, int64_t nhwc[4], LmError *err)
{
    char text[96];
    if ((t->dtype != LM_U8 && t->dtype != LM_F32) || t->rank < 3 || t->rank > 4) {
        return lm_fail(err, LM_ESHAPE,
                       "got a %s, wanted images as a u8 or f32 tensor N x H x W x C or N x H x W",
                       lm_tensor_describe(t, text, sizeof text));
    }
    for (int i = 0; i < 4; i++) {
        nhwc[i] = i < t->rank ? t->shape[i] : 1;
    }
    if (nhwc[1] == 0 || nhwc[2] == 0 || nhwc[3] == 0) {
        return lm_fail(err, LM_ESHAPE, "got a %s: its images have no pixels",
                       lm_tensor_describe(t, text, sizeof text));
    }
    return LM_OK;
}

LmStatus lm_generator_apply(LmGenerator *g, LmTensor *out, const LmTensor *images, LmError *err)
{
    int64_t nhwc[4];
    Apply a = {.images = images};
    LmTensor result = {0};
    LmStatus st = LM_OK;
    if ((st = check_images(images, nhwc, err)) != LM_OK ||
        (st = lm_generator_plan(g, nhwc[1], nhwc[2], nhwc[3], &a.plan, err)) != LM_OK ||
        (st = lm_plan_check_dtype(a.plan, images->dtype, err)) != LM_OK) {
        return st;
    }
    a.n = nhwc[1] * nhwc[2] * nhwc[3];
    a.scratch_bytes = lm_base_round_up(lm_plan_scratch_bytes(a.plan), LM_MEM_ALIGN);
    if ((st = lm_mem_alloc(&a.scratch, (size_t)lm_threads(), a.scratch_bytes, err)) != LM_OK ||
        (st = lm_tensor_new(&result, LM_F32, 4, nhwc, err)) != LM_OK) {
        lm_mem_free(a.scratch);
        return st;
    }
    a.out = result.data;
    int64_t block = lm_plan_block(a.plan);
    lm_threads_for((nhwc[0] + block - 1) / block, apply_block, &a);
    lm_mem_free(a.scratch);
    *out = result;
    return LM_OK;
}

/* --- explain --- */

static void explain_passes(LmGenerator *g, LmStr *text)
{
    const int64_t *hwc = g->plan != NULL ? g->plan_shape : (const int64_t[3]){28, 28, 1};
    for (int i = 0; g->plan == NULL && i < g->n; i++) {
        if (g->stages[i].width > 0) {
            hwc = g->stages[i].shape;
        }
    }
    const LmPlan *plan = NULL;
    char line[512];
    char shape[64];
    LmError err;
    int64_t h = hwc[0];
    int64_t w = hwc[1];
    int64_t c = hwc[2];
    if (lm_generator_plan(g, h, w, c, &plan, &err) != LM_OK) {
        lm_str_add(text, "cannot run: %s\n", err.msg);
        return;
    }
    lm_str_add(text, "for images %s:\n%s\n",
               lm_str_shape(shape, sizeof shape, 3, (int64_t[3]){h, w, c}),
               lm_plan_describe(plan, line, sizeof line));
}

/* What is drawn for an image may leave an entry out; the line tells what runs when all happen. */
static void explain_augments(const LmGenerator *g, LmStr *text)
{
    char line[512];
    lm_str_add(text, "in training, each image is changed at random first:\n");
    for (int i = 0; i < g->n_augments; i++) {
        const LmAugment *a = &g->augments[i];
        lm_str_add(text, "  %d. %s", i + 1, lm_augment_describe(a, line, sizeof line));
        if (a->where[0] != '\0') {
            lm_str_add(text, "  (%s)", a->where);
        }
        lm_str_add(text, "\n");
    }
    lm_str_add(text, "  %s\nthen, and elsewhere alone:\n",
               lm_augment_explain(g->augments, g->n_augments, line, sizeof line));
}

const char *lm_generator_explain(LmGenerator *g, char *buffer, size_t size)
{
    LmStr text = lm_str(buffer, size);
    char line[256];
    if (g->n_augments > 0) {
        explain_augments(g, &text);
    }
    for (int i = 0; i < g->n; i++) {
        const LmStage *s = &g->stages[i];
        lm_str_add(&text, "%d. %s", i + 1, lm_stage_describe(s, line, sizeof line));
        if (s->where[0] != '\0') {
            lm_str_add(&text, "  (%s)", s->where);
        }
        lm_str_add(&text, "\n");
    }
    if (g->fitted_on != NULL) {
        lm_str_add(&text, "fitted on %s\n", g->fitted_on);
    }
    if (lm_generator_is_fitted(g)) {
        explain_passes(g, &text);
    } else {
        lm_str_add(&text, "not fitted yet: call g:fit(dataset)\n");
    }
    return buffer;
}
