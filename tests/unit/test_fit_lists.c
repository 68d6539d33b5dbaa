/* Fitting (src/flow/fit.c) of any list of stages: statistics against a naive pass over what the
 * stages before make of the set, within a bound worked out beside it; and whole sets of drawn
 * digits come out centred and standardised. */
#include "help_dataset.h"
#include "help_float.h"
#include "help_fragile.h"
#include "help_guard.h"
#include "help_stages.h"
#include "help_test.h"

#include <float.h>
#include <math.h>

#include "base/threads.h"
#include "data/sources.h"
#include "flow/fit.h"
#include "flow/flow.h"

static uint64_t seed;

/* Statistics of one number, and how far those of an engine may be off. */
typedef struct Fact {
    long double n, sum, squares, mean, std;
    double max_m, sum_e, max_e;
} Fact;

/* Runs over the set twice: the mean, then squares about it. */
static void naive_pass(Fact *facts, int64_t width, const LmDataset *ds, const LmStage *stages,
                       int n, bool is_second)
{
    LmError err;
    const int64_t hwc[3] = {ds->h, ds->w, ds->c};
    void *item = malloc((size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype));
    for (int64_t i = 0; i < ds->count; i++) {
        assert_ok(lm_dataset_read(ds, i, item, &err), err);
        HelpPixels p = help_stages_run(stages, n, hwc, item, ds->dtype);
        for (int64_t j = 0; j < p.n; j++) {
            Fact *f = &facts[j % width];
            long double v = (long double)p.v[j] - f->mean;
            f->squares += is_second ? v * v : 0;
            f->sum += is_second ? 0 : v;
            f->n += !is_second;
            f->sum_e += is_second ? 0 : p.e[j];
            f->max_e = fmax(f->max_e, p.e[j]);
            f->max_m = fmax(f->max_m, p.m[j]);
        }
        help_stages_free(&p);
    }
    free(item);
}

static Fact *naive_facts(int64_t width, const LmDataset *ds, const LmStage *stages, int n)
{
    Fact *facts = calloc((size_t)width, sizeof *facts);
    naive_pass(facts, width, ds, stages, n, false);
    for (int64_t j = 0; j < width; j++) {
        facts[j].mean = facts[j].sum / facts[j].n;
    }
    naive_pass(facts, width, ds, stages, n, true);
    for (int64_t j = 0; j < width; j++) {
        facts[j].std = sqrtl(facts[j].squares / facts[j].n);
    }
    return facts;
}

/* Stage n of the list, whose predecessors are fitted.
 *
 * Sums in double over n numbers of size m are off by n*eps*m at most, wherever they are split, and
 * so is the mean after division by n, half of it unused; the few roundings of a map that follows
 * are covered by 32 more. The std is off by the mean's error and n*eps of itself, which is below m.
 * Where floats are streamed, they are off by e: the mean by e's mean, the std by e's maximum. */
static bool check_stage(const LmDataset *ds, const LmStage *stages, int n)
{
    const LmStage *s = &stages[n];
    bool is_streamed = false;
    for (int i = 0; i < n; i++) {
        is_streamed =
            is_streamed || (stages[i].kind != LM_STAGE_RESCALE && !lm_stage_needs_fit(&stages[i]));
    }
    Fact *facts = naive_facts(s->width, ds, stages, n);
    bool is_bounded = true;
    for (int64_t j = 0; j < s->width; j++) {
        const Fact *f = &facts[j];
        double off = (double)(f->n + 32) * DBL_EPSILON * f->max_m;
        double mean_off = off + (is_streamed ? f->sum_e / (double)f->n : 0);
        double std_off = 2 * off + (is_streamed ? f->max_e : 0);
        is_bounded = is_bounded && std_off < HUGE_VAL;
        if (fabsl((long double)s->mean[j] - f->mean) > (long double)mean_off * 1.0001L ||
            (s->std != NULL &&
             fabsl((long double)s->std[j] - f->std) > (long double)std_off * 1.0001L)) {
            fail_msg("%s: number %lld: mean %.17g, want %.17Lg within %.3g; std %.17g, want %.17Lg "
                     "within %.3g",
                     help_stages_text(stages, n + 1), (long long)j, s->mean[j], f->mean, mean_off,
                     s->std != NULL ? s->std[j] : 0, f->std, std_off);
        }
    }
    free(facts);
    return is_bounded;
}

/* Gives how many feature stages were compared, with a bound. */
static int check_list(const LmDataset *ds, LmRng *rng)
{
    LmError err;
    LmStage stages[5];
    const int64_t hwc[3] = {ds->h, ds->w, ds->c};
    int n = 1 + (int)lm_rng_below(rng, 5);
    int n_compared = 0;
    help_stages_random(stages, n, hwc, false, rng);
    LmStatus st = lm_fit_stages(stages, n, ds, &err);
    if (st != LM_OK) {
        /* Numbers that never vary, and epsilon 0; or factors a float cannot hold together. */
        assert_int_equal(st, LM_ENUMERIC);
        assert_true(strstr(err.msg, "never varies") != NULL || strstr(err.msg, "32-bit") != NULL);
    }
    for (int i = 0; i < n && st == LM_OK; i++) {
        if (lm_stage_needs_fit(&stages[i])) {
            assert_true(lm_stage_is_fitted(&stages[i]));
            n_compared += check_stage(ds, stages, i);
        }
    }
    help_stages_fini(stages, n);
    return n_compared;
}

static void test_any_list(void **state)
{
    (void)state;
    static const int64_t shapes[][4] = {{1, 2, 3, 1}, {40, 5, 7, 3},  {520, 2, 2, 2}, {7, 1, 1, 1},
                                        {9, 1, 1, 5}, {300, 3, 2, 1}, {6, 4, 4, 20}};
    int n_compared = 0;
    for (uint64_t turn = 0; turn < 420; turn++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 0);
        const int64_t *nhwc = shapes[turn % LM_ARRAY_LEN(shapes)];
        LmDataset *ds = help_dataset_new("set", nhwc[0], nhwc[1], nhwc[2], nhwc[3],
                                         turn % 3 == 0 ? LM_F32 : LM_U8, 0, turn);
        if (turn % 5 == 0) {
            ds = &help_fragile_new(ds)->ds;
        }
        n_compared += check_list(ds, &rng);
        lm_dataset_unref(ds);
    }
    printf("%d fits compared\n", n_compared);
    assert_true(n_compared > 200);
}

/* The walkthrough's promise: over all pixels of the set it was fitted on, in floats, |mean| < 2e-6
 * and |std - 1| < 1e-6, all in one batch. Centred only, all pixels are off by how b = -mean rounds:
 * half a step of the floats there, 2^-19 for the means below 64 and 2^-18 for those below 128. */
static void check_whole_set(LmDataset *ds, const LmStage *stages, int n)
{
    LmError err;
    LmGenerator *g = NULL;
    LmFlow *f = NULL;
    LmBatch b;
    LmFlowOptions o = {.batch = ds->count, .is_shuffled = true};
    assert_ok(lm_generator_new(&g, stages, n, &err), err);
    assert_ok(lm_generator_fit(g, ds, &err), err);
    assert_ok(lm_flow_new(&f, g, ds, &o, &err), err);
    assert_ok(lm_flow_next(f, &b, &err), err);
    double sum = 0;
    double squares = 0;
    for (int64_t i = 0; i < b.x.count; i++) {
        double v = (double)((const float *)b.x.data)[i];
        sum += v;
        squares += v * v;
    }
    double mean = sum / (double)b.x.count;
    double std = sqrt(squares / (double)b.x.count - mean * mean);
    printf("%s: mean %.3g, std - 1 %.3g\n", help_stages_text(lm_generator_stage(g, n - 1), 1), mean,
           std - 1);
    assert_true(fabs(mean) < (ds->c == 1 ? 2e-6 : 0x1p-18));
    assert_true(stages[n - 1].kind == LM_STAGE_CENTER || fabs(std - 1) < 1e-6);
    lm_batch_fini(&b);
    lm_flow_unref(f);
    lm_generator_unref(g);
}

static void test_whole_sets(void **state)
{
    (void)state;
    LmError err;
    LmDigitsOptions o = {.n_train = 6000, .n_test = 1, .seed = 1};
    for (int is_color = 0; is_color < 2; is_color++) {
        LmDataset *train = NULL;
        LmDataset *test = NULL;
        o.is_color = is_color;
        assert_ok(lm_digits_new(&train, &test, &o, &err), err);
        for (int axis = LM_AXIS_ALL; axis <= LM_AXIS_CHANNEL; axis++) {
            const LmStage stages[][2] = {
                {lm_stage_rescale(1), lm_stage_center(LM_SCOPE_FEATURE, (LmAxis)axis)},
                {lm_stage_rescale(1), lm_stage_standardize(LM_SCOPE_FEATURE, (LmAxis)axis, 0)},
                {lm_stage_rescale(1.0 / 255),
                 lm_stage_standardize(LM_SCOPE_FEATURE, (LmAxis)axis, 0)},
            };
            for (size_t i = 0; i < LM_ARRAY_LEN(stages); i++) {
                check_whole_set(train, stages[i], 2);
            }
        }
        lm_dataset_unref(train);
        lm_dataset_unref(test);
    }
}

int main(void)
{
    seed = help_guard_seed(22);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_list),
        cmocka_unit_test(test_whole_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
