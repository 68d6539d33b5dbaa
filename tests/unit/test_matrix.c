/* Applying a whitening matrix: one chain of fused multiply-adds a number, stated here once more,
 * for every kernel set, block and form; through plans too. */
#include "help_guard.h"
#include "help_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "kernel/kernel.h"
#include "stage/plan.h"

static uint64_t seed;

/* A fitted stage whose matrix (rows x d) is random: what it means does not matter here. */
static LmStage random_stage(LmAxis axis, const int64_t hwc[3], int64_t rows, LmRng *rng)
{
    LmError err;
    LmStage s = lm_stage_zca(1e-6, axis);
    LmWhitening w = {.rank = rows};
    const int64_t shape[2] = {rows, lm_stage_features(&s, hwc)};
    assert_ok(lm_tensor_new(&w.matrix, LM_F32, 2, shape, &err), err);
    for (int64_t i = 0; i < w.matrix.count; i++) {
        ((float *)w.matrix.data)[i] = lm_rng_float(rng) - 0.5f;
    }
    assert_ok(lm_stage_set_whitening(&s, hwc, NULL, &w, &err), err);
    return s;
}

/* y[j] = sum over i of x[i] * m[i*row + j*column], from 0, in order */
static void chain(float *y, const float *x, const float *m, int64_t k, int64_t n, int64_t row,
                  int64_t column)
{
    for (int64_t j = 0; j < n; j++) {
        y[j] = 0;
        for (int64_t i = 0; i < k; i++) {
            y[j] = fmaf(x[i], m[i * row + j * column], y[j]);
        }
    }
}

static void want_image(const LmStage *s, const float *x, int64_t n, float *y)
{
    const float *m = s->whitening.matrix.data;
    int64_t rank = s->whitening.matrix.shape[0];
    int64_t d = s->width;
    float *middle = malloc((size_t)rank * sizeof *middle);
    for (int64_t at = 0; at < n; at += d) {
        if (rank == d) {
            chain(y + at, x + at, m, d, d, d, 1);
        } else {
            chain(middle, x + at, m, d, rank, 1, d);
            chain(y + at, middle, m, rank, d, d, 1);
        }
    }
    free(middle);
}

enum { IMAGES = LM_PLAN_BLOCK };

static void check(const LmStage *s, const int64_t hwc[3], LmRng *rng)
{
    LmError err;
    LmPlan *plan = NULL;
    int64_t n = hwc[0] * hwc[1] * hwc[2];
    float *x = malloc((size_t)(n * IMAGES) * sizeof *x);
    float *want = malloc((size_t)(n * IMAGES) * sizeof *want);
    for (int64_t i = 0; i < n * IMAGES; i++) {
        x[i] = lm_rng_float(rng) * 2 - 1;
    }
    for (int64_t i = 0; i < IMAGES; i++) {
        want_image(s, x + i * n, n, want + i * n);
    }
    assert_ok(lm_plan_new(&plan, s, 1, hwc[0], hwc[1], hwc[2], &err), err);
    size_t bytes = lm_base_round_up(lm_plan_scratch_bytes(plan), 64);
    HelpGuard scratch = help_guard_new(bytes);
    HelpGuard room = help_guard_new((size_t)(n * IMAGES) * sizeof(float));
    for (int64_t block = 1; block <= IMAGES; block++) {
        const void *src[IMAGES];
        float *dst[IMAGES];
        float *y = help_guard_back(&room, (size_t)(n * block) * sizeof *y);
        for (int64_t i = 0; i < block; i++) {
            src[i] = x + i * n;
            dst[i] = y + i * n;
        }
        lm_plan_apply_block(plan, block, src, LM_F32, dst, help_guard_back(&scratch, bytes));
        assert_memory_equal(y, want, (size_t)(n * block) * sizeof *y);
    }
    help_guard_free(&scratch);
    help_guard_free(&room);
    lm_plan_free(plan);
    free(x);
    free(want);
}

static void test_blocks(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 1, 1}, {2, 3, 1}, {4, 4, 1}, {3, 7, 3}, {8, 8, 1}};
    const char *chosen = lm_kernels()->name;
    LmError err;
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 0);
        assert_ok(lm_kernels_select(*name, &err), err);
        for (size_t k = 0; k < LM_ARRAY_LEN(shapes); k++) {
            int64_t d = shapes[k][0] * shapes[k][1] * shapes[k][2];
            LmStage full = random_stage(LM_AXIS_ALL, shapes[k], d, &rng);
            LmStage factor = random_stage(LM_AXIS_ALL, shapes[k], (d + 2) / 3, &rng);
            check(&full, shapes[k], &rng);
            check(&factor, shapes[k], &rng);
            lm_stage_fini(&full);
            lm_stage_fini(&factor);
        }
    }
    assert_ok(lm_kernels_select(chosen, &err), err);
}

static void test_channels(void **state)
{
    (void)state;
    LmRng rng = lm_rng(seed, LM_RNG_USER, 1, 0);
    for (int64_t c = 1; c < 6; c++) {
        const int64_t hwc[3] = {5, 3, c};
        LmStage s = random_stage(LM_AXIS_CHANNEL, hwc, c, &rng);
        check(&s, hwc, &rng);
        lm_stage_fini(&s);
    }
}

/* Stages around it: what comes before is folded in front, what comes after works on its result. */
static void test_among_others(void **state)
{
    (void)state;
    LmError err;
    LmRng rng = lm_rng(seed, LM_RNG_USER, 2, 0);
    const int64_t hwc[3] = {2, 2, 1};
    LmStage list[] = {lm_stage_rescale(0.5), random_stage(LM_AXIS_ALL, hwc, 4, &rng),
                      lm_stage_rescale(2), random_stage(LM_AXIS_ALL, hwc, 1, &rng),
                      lm_stage_clip(-1, 1)};
    const uint8_t x[4] = {0, 3, 200, 255};
    float halves[4];
    float y[4];
    float want[4];
    char text[512];
    LmPlan *plan = NULL;
    assert_ok(lm_plan_new(&plan, list, 5, 2, 2, 1, &err), err);
    void *scratch = NULL;
    assert_ok(lm_mem_alloc(&scratch, lm_plan_scratch_bytes(plan), 1, &err), err);
    lm_plan_apply(plan, x, LM_U8, y, scratch);
    for (int i = 0; i < 4; i++) {
        halves[i] = (float)x[i] / 2;
    }
    want_image(&list[1], halves, 4, want);
    for (int i = 0; i < 4; i++) {
        halves[i] = 2 * want[i];
    }
    want_image(&list[3], halves, 4, want);
    for (int i = 0; i < 4; i++) {
        assert_true(y[i] == fminf(fmaxf(want[i], -1), 1));
    }
    assert_int_equal(lm_plan_block(plan), LM_PLAN_BLOCK);
    assert_string_equal(lm_plan_describe(plan, text, sizeof text),
                        "pass 1: fused rescale + zca: y = a*x + b, one pair, then y = x W, 4 x 4\n"
                        "pass 2: fused rescale + zca: y = a*x + b, one pair, then y = (x U) V, "
                        "4 x 1 and back\n"
                        "pass 3: clip");
    lm_mem_free(scratch);
    lm_plan_free(plan);
    for (int i = 0; i < 5; i++) {
        lm_stage_fini(&list[i]);
    }
}

static LmStatus make_plan(const LmStage *s, LmError *err)
{
    LmPlan *plan = NULL;
    LmStatus st = lm_plan_new(&plan, s, 1, 2, 3, 1, err);
    lm_plan_free(plan);
    return st;
}

static void test_memory(void **state)
{
    (void)state;
    LmError err;
    LmRng rng = lm_rng(seed, LM_RNG_USER, 3, 0);
    const int64_t hwc[3] = {2, 3, 1};
    LmStage full = random_stage(LM_AXIS_ALL, hwc, 6, &rng);
    LmStage factor = random_stage(LM_AXIS_ALL, hwc, 2, &rng);
    LmStage colour = random_stage(LM_AXIS_CHANNEL, hwc, 1, &rng);
    assert_survives_oom(make_plan(&full, &err), err);
    assert_survives_oom(make_plan(&factor, &err), err);
    assert_survives_oom(make_plan(&colour, &err), err);
    lm_stage_fini(&full);
    lm_stage_fini(&factor);
    lm_stage_fini(&colour);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_among_others),
        cmocka_unit_test(test_memory),
    };
    seed = help_guard_seed(23);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
