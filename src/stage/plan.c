#include "stage/plan.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "stage/pass.h"

struct LmPlan {
    LmPassContext ctx;
    int n_passes;
    LmPass *passes;
    size_t scratch_bytes;
    int n_stages;
    LmStageKind *kinds; /* of the stages, for describe */
};

static LmStatus check_stages(const LmStage *stages, int n, const int64_t hwc[3], LmError *err)
{
    for (int i = 0; i < n; i++) {
        LmStatus st = lm_stage_check(&stages[i], err);
        if (st == LM_OK) {
            st = lm_stage_check_ready(&stages[i], hwc, err);
        }
        if (st != LM_OK) {
            return lm_stage_context(&stages[i], i, err);
        }
    }
    return LM_OK;
}

/* Opens the next pass; it stands for stages from `first` on, `n_left` of them at most. */
static LmStatus open_pass(LmPlan *plan, int first, int n_left, LmError *err)
{
    LmPass *p = &plan->passes[plan->n_passes];
    LmStatus st = lm_mem_alloc(&p->terms, (size_t)n_left, sizeof *p->terms, err);
    if (st == LM_OK) {
        p->first_stage = first;
        plan->n_passes++;
    }
    return st;
}

/* Stages the last map's table stands for; 0: there is none. */
static int count_mapped(const LmStage *stages, int n)
{
    while (n > 0 && stages[n - 1].kind != LM_STAGE_MAP) {
        n--;
    }
    return n;
}

static LmStatus add_stages(LmPlan *plan, const LmStage *stages, int n, LmError *err)
{
    LmStatus st = open_pass(plan, 0, n, err);
    int n_mapped = count_mapped(stages, n);
    if (st == LM_OK && n_mapped > 0) {
        lm_pass_set_table(&plan->passes[0], &stages[n_mapped - 1], n_mapped);
    }
    for (int i = 0; i < n_mapped; i++) {
        plan->kinds[i] = stages[i].kind;
    }
    for (int i = n_mapped; st == LM_OK && i < n; i++) {
        bool fits = false;
        st = lm_pass_add(&plan->passes[plan->n_passes - 1], &plan->ctx, &stages[i], &fits, err);
        if (st == LM_OK && !fits) {
            st = open_pass(plan, i, n - i, err);
            if (st == LM_OK) {
                st = lm_pass_add(&plan->passes[plan->n_passes - 1], &plan->ctx, &stages[i], &fits,
                                 err);
                LM_ASSERT(st != LM_OK || fits);
            }
        }
        plan->kinds[i] = stages[i].kind;
    }
    return st;
}

static LmStatus finish_passes(LmPlan *plan, LmError *err)
{
    for (int i = 0; i < plan->n_passes; i++) {
        LmPass *p = &plan->passes[i];
        LmStatus st = lm_pass_finish(p, &plan->ctx, err);
        if (st != LM_OK) {
            return st;
        }
        plan->scratch_bytes = LM_MAX(plan->scratch_bytes, lm_pass_scratch_bytes(p, &plan->ctx));
    }
    return LM_OK;
}

LmStatus lm_plan_new(LmPlan **out, const LmStage *stages, int n, int64_t h, int64_t w, int64_t c,
                     LmError *err)
{
    LM_ASSERT(h > 0 && w > 0 && c > 0 && n >= 0);
    LmPlan *plan = NULL;
    LmStatus st = check_stages(stages, n, (int64_t[3]){h, w, c}, err);
    if (st != LM_OK || (st = lm_mem_zeros(&plan, 1, sizeof *plan, err)) != LM_OK) {
        return st;
    }
    plan->ctx = (LmPassContext){lm_kernels()->scale, lm_kernels()->stats, lm_kernels()->outer,
                                h * w * c, c};
    plan->n_stages = n;
    /* Every stage opens a pass at most, and one is there without stages. */
    size_t max_passes = (size_t)n + 1;
    if ((st = lm_mem_zeros(&plan->passes, max_passes, sizeof *plan->passes, err)) != LM_OK ||
        (st = lm_mem_zeros(&plan->kinds, max_passes, sizeof *plan->kinds, err)) != LM_OK ||
        (st = add_stages(plan, stages, n, err)) != LM_OK ||
        (st = finish_passes(plan, err)) != LM_OK) {
        lm_plan_free(plan);
        return st;
    }
    *out = plan;
    return LM_OK;
}

void lm_plan_free(LmPlan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (int i = 0; i < plan->n_passes; i++) {
        lm_pass_fini(&plan->passes[i]);
    }
    lm_mem_free(plan->passes);
    lm_mem_free(plan->kinds);
    lm_mem_free(plan);
}

size_t lm_plan_scratch_bytes(const LmPlan *plan)
{
    return plan->scratch_bytes;
}

bool lm_plan_is_pair(const LmPlan *plan, float *a, float *b)
{
    const LmPass *p = &plan->passes[0];
    if (plan->n_passes > 1 || p->has_sample || p->has_clip || p->has_matrix || p->width > 1 ||
        lm_plan_takes_bytes(plan)) {
        return false;
    }
    *a = p->n_terms > 0 ? p->a[0] : 1;
    *b = p->n_terms > 0 ? p->b[0] : 0;
    return true;
}

void lm_plan_apply(const LmPlan *plan, const void *src, LmDtype dtype, float *dst, void *scratch)
{
    lm_plan_apply_block(plan, 1, &src, dtype, &dst, scratch);
}

void lm_plan_apply_block(const LmPlan *plan, int64_t n, const void *const *src, LmDtype dtype,
                         float *const *dst, void *scratch)
{
    LM_ASSERT(dtype == LM_U8 || dtype == LM_F32);
    LM_ASSERT(n >= 1 && n <= LM_PLAN_BLOCK);
    lm_pass_run(&plan->passes[0], &plan->ctx, n, src, dtype, dst, scratch);
    for (int i = 1; i < plan->n_passes; i++) {
        const void *again[LM_PLAN_BLOCK];
        for (int64_t k = 0; k < n; k++) {
            again[k] = dst[k];
        }
        lm_pass_run(&plan->passes[i], &plan->ctx, n, again, LM_F32, dst, scratch);
    }
}

int64_t lm_plan_block(const LmPlan *plan)
{
    for (int i = 0; i < plan->n_passes; i++) {
        const LmPass *p = &plan->passes[i];
        if (p->has_matrix && p->matrix.c == 0) {
            return LM_PLAN_BLOCK;
        }
    }
    return 1;
}

bool lm_plan_takes_bytes(const LmPlan *plan)
{
    return plan->passes[0].table.storage != NULL;
}

LmStatus lm_plan_check_dtype(const LmPlan *plan, LmDtype dtype, LmError *err)
{
    if (!lm_plan_takes_bytes(plan) || dtype == LM_U8) {
        return LM_OK;
    }
    return lm_fail(err, LM_EARG,
                   "map takes images of bytes (u8), these are %s: it is a table with a number for "
                   "each of the 256 bytes",
                   lm_dtype_name(dtype));
}

int lm_plan_n_passes(const LmPlan *plan)
{
    return plan->n_passes;
}

static const char *pairs_name(const LmPlan *plan, const LmPass *p)
{
    if (p->width == 1) {
        return p->has_sample ? "a pair an image" : "one pair";
    }
    if (p->width == plan->ctx.c) {
        return p->has_sample ? "a pair a channel of an image" : "a pair a channel";
    }
    return "a pair a pixel";
}

/* ", then y = x W, 784 x 784" */
static void describe_matrix(const LmPass *p, LmStr *text)
{
    const LmMatrix *m = &p->matrix;
    lm_str_add(text, p->n_terms > 0 ? ", then " : ": ");
    if (m->c > 0) {
        lm_str_add(text, "y = x W at every pixel, %lld x %lld", (long long)m->c, (long long)m->c);
    } else if (m->second == NULL) {
        lm_str_add(text, "y = x W, %lld x %lld", (long long)m->n, (long long)m->n);
    } else {
        lm_str_add(text, "y = (x U) V, %lld x %lld and back", (long long)m->n, (long long)m->rank);
    }
}

static void describe_pass(const LmPlan *plan, const LmPass *p, LmStr *text)
{
    if (p->n_stages == 0) {
        lm_str_add(text, "numbers as they are, as floats");
        return;
    }
    lm_str_add(text, p->n_stages > 1 ? "fused " : "");
    for (int i = 0; i < p->n_stages; i++) {
        lm_str_add(text, i > 0 ? " + %s" : "%s",
                   lm_stage_kind_name(plan->kinds[p->first_stage + i]));
    }
    if (p->n_terms > 0) {
        lm_str_add(text, ": %sy = a*x + b, %s", p->has_sample ? "moments, then " : "",
                   pairs_name(plan, p));
    }
    if (p->table.storage != NULL) {
        lm_str_add(text, ": y = table[x]");
    }
    if (p->has_matrix) {
        describe_matrix(p, text);
    }
}

const char *lm_plan_describe(const LmPlan *plan, char *buffer, size_t size)
{
    LmStr text = lm_str(buffer, size);
    for (int i = 0; i < plan->n_passes; i++) {
        lm_str_add(&text, "%spass %d: ", i > 0 ? "\n" : "", i + 1);
        describe_pass(plan, &plan->passes[i], &text);
    }
    return buffer;
}
