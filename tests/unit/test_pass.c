/* Passes (src/stage/pass.c): which stage may join one, what it needs of its caller, in-place runs.
 * That the numbers are right is test_plan's. */
#include "help_guard.h"
#include "help_stages.h"
#include "help_test.h"

#include <math.h>

#include "stage/pass.h"

/* One letter a stage: r rescale; A C P feature center over all, channel, pixel; a c sample
 * standardize over all, channel; l clip. */
static LmStage stage_of(char letter, const int64_t hwc[3])
{
    LmError err;
    static const double zeros[4096];
    LmStage s = lm_stage_rescale(0.5);
    switch (letter) {
    case 'r':
        return s;
    case 'l':
        return lm_stage_clip(-1, 1);
    case 'a':
        return lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_ALL, 1e-3);
    case 'c':
        return lm_stage_standardize(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL, 1e-3);
    default:
        s = lm_stage_center(LM_SCOPE_FEATURE, letter == 'A'   ? LM_AXIS_ALL
                                              : letter == 'C' ? LM_AXIS_CHANNEL
                                                              : LM_AXIS_PIXEL);
        assert_ok(lm_stage_set_fit(&s, hwc, zeros, NULL, &err), err);
        return s;
    }
}

static LmPassContext context_of(const int64_t hwc[3])
{
    return (LmPassContext){lm_kernels()->scale, lm_kernels()->stats, lm_kernels()->outer,
                           hwc[0] * hwc[1] * hwc[2], hwc[2]};
}

/* Adds the stages until one does not fit; gives how many did. */
static int add_all(LmPass *p, const LmPassContext *ctx, const char *letters, const int64_t hwc[3])
{
    LmError err;
    *p = (LmPass){0};
    assert_ok(lm_mem_alloc(&p->terms, strlen(letters), sizeof *p->terms, &err), err);
    int n = 0;
    bool fits = true;
    for (; letters[n] != '\0' && fits; n += fits) {
        LmStage s = stage_of(letters[n], hwc);
        assert_ok(lm_pass_add(p, ctx, &s, &fits, &err), err);
        lm_stage_fini(&s);
    }
    assert_int_equal(p->n_stages, n);
    assert_ok(lm_pass_finish(p, ctx, &err), err);
    return n;
}

static void test_joining(void **state)
{
    (void)state;
    static const struct {
        const char *letters;
        int grey, colour; /* how many join, of images 4x5x1 and 4x5x3 */
    } lists[] = {
        {"rrACPr", 6, 6}, /* constants always join */
        {"rArala", 5, 5}, /* a clip ends a pass */
        {"llr", 1, 1},    {"lr", 1, 1},  {"lA", 1, 1},  {"la", 1, 1}, {"aral", 4, 4},
        {"crcl", 4, 4},   {"aAr", 3, 3}, {"aCr", 3, 3}, {"aP", 1, 1}, /* numbers a pixel cannot
                                                                         follow moments of the image
                                                                       */
        {"Pa", 1, 1},     {"Pc", 1, 1},                               /* nor stand before them */
        {"Ca", 2, 1}, /* with one channel, axis channel is axis all */
        {"aCa", 3, 2},    {"aCc", 3, 2}, {"ac", 2, 1},  {"ca", 2, 1}, {"CcCrc", 5, 5},
        {"Aac", 3, 2},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(lists); i++) {
        for (int is_colour = 0; is_colour < 2; is_colour++) {
            const int64_t hwc[3] = {4, 5, is_colour ? 3 : 1};
            LmPassContext ctx = context_of(hwc);
            LmPass p;
            int n = add_all(&p, &ctx, lists[i].letters, hwc);
            if (n != (is_colour ? lists[i].colour : lists[i].grey)) {
                fail_msg("%s: %d join with %d channels", lists[i].letters, n, (int)hwc[2]);
            }
            lm_pass_fini(&p);
        }
    }
}

static void test_scratch(void **state)
{
    (void)state;
    static const char *const none[] = {"r", "rP", "l", ""};
    const int64_t hwc[3] = {4, 5, 3};
    LmPassContext ctx = context_of(hwc);
    for (size_t i = 0; i < LM_ARRAY_LEN(none); i++) {
        LmPass p;
        add_all(&p, &ctx, none[i], hwc);
        assert_int_equal(lm_pass_scratch_bytes(&p, &ctx), 0);
        lm_pass_fini(&p);
    }
}

/* dst == src gives what apart gives, with scratch of just the size asked for. */
static void check_in_place(const char *letters, const int64_t hwc[3])
{
    LmPassContext ctx = context_of(hwc);
    LmPass p;
    size_t n = (size_t)ctx.n;
    float *x = malloc(n * sizeof *x);
    float *y = malloc(n * sizeof *y);
    add_all(&p, &ctx, letters, hwc);
    size_t scratch_bytes = lm_base_round_up(lm_pass_scratch_bytes(&p, &ctx), 8);
    HelpGuard g = help_guard_new(scratch_bytes);
    void *scratch = help_guard_back(&g, scratch_bytes);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)(i * i % 101) - 40;
    }
    const void *src = x;
    float *dst = y;
    lm_pass_run(&p, &ctx, 1, &src, LM_F32, &dst, scratch);
    dst = x;
    lm_pass_run(&p, &ctx, 1, &src, LM_F32, &dst, scratch);
    assert_memory_equal(x, y, n * sizeof *x);
    assert_true(help_guard_is_clean(&g, scratch, scratch_bytes));
    help_guard_free(&g);
    lm_pass_fini(&p);
    free(x);
    free(y);
}

static void test_in_place(void **state)
{
    (void)state;
    static const char *const lists[] = {"", "r", "C", "P", "l", "rCl", "ral", "rcCl", "aC"};
    static const int64_t shapes[][3] = {{1, 1, 1}, {4, 5, 3}, {5, 7, 17}, {28, 28, 1}};
    for (size_t i = 0; i < LM_ARRAY_LEN(lists); i++) {
        for (size_t k = 0; k < LM_ARRAY_LEN(shapes); k++) {
            check_in_place(lists[i], shapes[k]);
        }
    }
}

/* A pass that a stage did not join is as it was. */
static void test_refused_stage_leaves_no_trace(void **state)
{
    (void)state;
    LmError err;
    const int64_t hwc[3] = {4, 5, 3};
    LmPassContext ctx = context_of(hwc);
    LmPass p;
    assert_int_equal(add_all(&p, &ctx, "aP", hwc), 1);
    LmPass before = p;
    for (const char *letter = "Pc"; *letter != '\0'; letter++) {
        bool fits = true;
        LmStage s = stage_of(*letter, hwc);
        assert_ok(lm_pass_add(&p, &ctx, &s, &fits, &err), err);
        assert_false(fits);
        assert_memory_equal(&p, &before, sizeof p);
        lm_stage_fini(&s);
    }
    lm_pass_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joining),
        cmocka_unit_test(test_scratch),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_refused_stage_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
