/* Winograd's transforms: every variant against ref bit for bit under guard pages; and all three of
 * ref together against the direct convolution and maximum, on small integers, where transforms (in
 * quarters) and sums are exact. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "kernel/winograd.h"

enum { ROOM = 200000, TILES_MAX = 5 };

static HelpGuard out_room, in_room, arg_room;
static float before[ROOM / 4];
static float wanted[ROOM / 4];

static int setup(void **state)
{
    (void)state;
    out_room = help_guard_new(ROOM);
    in_room = help_guard_new(ROOM);
    arg_room = help_guard_new(ROOM);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    help_guard_free(&out_room);
    help_guard_free(&in_room);
    help_guard_free(&arg_room);
    return 0;
}

static float *floats(const HelpGuard *room, size_t n)
{
    assert_true(n * sizeof(float) <= ROOM);
    return help_guard_back(room, n * sizeof(float));
}

static void check(const char *name, const float *out, size_t n)
{
    size_t at = help_float_differs(out, wanted, n);
    if (at < n) {
        fail_msg("%s: [%zu] of %zu is %a, ref says %a", name, at, n, (double)out[at],
                 (double)wanted[at]);
    }
    assert_true(help_guard_is_clean(&out_room, out, n * sizeof(float)));
}

static const LmWinogradKernels *named(const char *name)
{
    return lm_kernels_named(name)->winograd;
}

/* Channels [c0, c1) alone are written. */
static void test_weights(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(101), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 100; round++) {
        int64_t ic = help_float_int(&rng, 1, 20);
        int64_t uc = ic + help_float_int(&rng, 0, 3);
        int64_t ld = 16 * help_float_int(&rng, 1, 4);
        int64_t c0 = help_float_int(&rng, 0, ic);
        int64_t c1 = help_float_int(&rng, c0, ic);
        size_t n = (size_t)(16 * uc * ld);
        float *w = floats(&in_room, (size_t)(9 * ic * ld));
        float *u = floats(&out_room, n);
        (round % 2 ? help_float_fill : help_float_fill_nasty)(w, (size_t)(9 * ic * ld), &rng);
        help_float_fill(before, n, &rng);
        memcpy(wanted, before, n * sizeof(float));
        named("ref")->weights(wanted, w, ic * ld, uc, ld, c0, c1);
        for (size_t i = 0; i < n; i++) {
            int64_t c = (int64_t)i / ld % uc;
            assert_true((c >= c0 && c < c1) || wanted[i] == before[i]);
        }
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            help_guard_fill(&out_room);
            memcpy(u, before, n * sizeof(float));
            named(*name)->weights(u, w, ic * ld, uc, ld, c0, c1);
            check(*name, u, n);
        }
    }
}

static void test_input(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(102), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 100; round++) {
        int64_t cs = 16 * help_float_int(&rng, 1, 4);
        int64_t row = 6 * cs + help_float_int(&rng, 0, 2) * 7;
        int64_t n_tiles = help_float_int(&rng, 0, TILES_MAX);
        int32_t at[4 * TILES_MAX];
        for (int64_t i = 0; i < 4 * n_tiles; i++) {
            at[i] = (int32_t)(help_float_int(&rng, 0, 2) * row + help_float_int(&rng, 0, 2) * cs);
        }
        size_t n_x = (size_t)(5 * row + 6 * cs);
        size_t n = (size_t)(16 * n_tiles * cs);
        float *x = floats(&in_room, n_x);
        float *v = floats(&out_room, n);
        (round % 2 ? help_float_fill : help_float_fill_nasty)(x, n_x, &rng);
        named("ref")->input(wanted, x, at, 4, n_tiles, row, cs);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            help_guard_fill(&out_room);
            named(*name)->input(v, x, at, 4, n_tiles, row, cs);
            check(*name, v, n);
        }
    }
}

static void test_output(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(103), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        int64_t ld = 16 * help_float_int(&rng, 1, 5);
        int64_t n_tiles = help_float_int(&rng, 0, TILES_MAX);
        int32_t at[TILES_MAX];
        for (int64_t i = 0; i < n_tiles; i++) {
            at[i] = (int32_t)((n_tiles - 1 - i) * (ld + 3));
        }
        size_t n_m = (size_t)(16 * n_tiles * ld);
        size_t n = n_tiles > 0 ? (size_t)((n_tiles - 1) * (ld + 3) + ld) : 0;
        size_t n_arg = (size_t)(n_tiles * ld);
        float *m = floats(&in_room, n_m);
        float *y = floats(&out_room, n);
        float bias[80];
        uint8_t want_arg[TILES_MAX * 80];
        (round % 2 ? help_float_fill : help_float_fill_nasty)(m, n_m, &rng);
        help_float_fill(bias, 80, &rng);
        help_float_fill(before, n, &rng);
        memcpy(wanted, before, n * sizeof(float));
        bool is_relu = round % 4 < 2;
        named("ref")->output_pool(wanted, at, want_arg, m, n_tiles, ld, bias, is_relu);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            uint8_t *arg = help_guard_back(&arg_room, n_arg);
            help_guard_fill(&out_room);
            help_guard_fill(&arg_room);
            memcpy(y, before, n * sizeof(float));
            named(*name)->output_pool(y, at, arg, m, n_tiles, ld, bias, is_relu);
            check(*name, y, n);
            assert_memory_equal(arg, want_arg, n_arg);
            assert_true(help_guard_is_clean(&arg_room, arg, n_arg));
        }
    }
}

/* Tiles with any of their four places missing, with and without bias; gaps stay untouched. */
static void test_output_without_pool(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(105), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        int64_t ld = 16 * help_float_int(&rng, 1, 5);
        int64_t col = ld + help_float_int(&rng, 0, 2);
        int64_t row = 2 * col + help_float_int(&rng, 0, 5);
        int64_t n_tiles = help_float_int(&rng, 0, TILES_MAX);
        int32_t at[TILES_MAX];
        uint8_t edge[TILES_MAX];
        for (int64_t i = 0; i < n_tiles; i++) {
            at[i] = (int32_t)((n_tiles - 1 - i) * 2 * row);
            edge[i] = (uint8_t)lm_rng_below(&rng, 4);
        }
        size_t n_m = (size_t)(16 * n_tiles * ld);
        size_t n = (size_t)(n_tiles * 2 * row);
        float *m = floats(&in_room, n_m);
        float *y = floats(&out_room, n);
        float bias[80];
        (round % 2 ? help_float_fill : help_float_fill_nasty)(m, n_m, &rng);
        help_float_fill(bias, 80, &rng);
        help_float_fill(before, n, &rng);
        memcpy(wanted, before, n * sizeof(float));
        const float *b = round % 3 ? bias : NULL;
        named("ref")->output(wanted, at, edge, m, n_tiles, ld, row, col, b, round % 4 < 2);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            help_guard_fill(&out_room);
            memcpy(y, before, n * sizeof(float));
            named(*name)->output(y, at, edge, m, n_tiles, ld, row, col, b, round % 4 < 2);
            check(*name, y, n);
        }
    }
}

/* One tile, IC channels in, 16 out. */
enum { IC = 5, CS = 16, LD = 16 };

static void fill_integers(float *x, size_t n, LmRng *rng)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)help_float_int(rng, -4, 4);
    }
}

static float direct(const float *x, const float *w, int64_t position, int64_t k)
{
    float sum = 0;
    for (int64_t t = 0; t < 9; t++) {
        int64_t y = position / 2 + t / 3;
        int64_t col = position % 2 + t % 3;
        for (int64_t c = 0; c < IC; c++) {
            sum += x[(y * 4 + col) * CS + c] * w[(t * IC + c) * LD + k];
        }
    }
    return sum;
}

static void test_all_together(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(104), LM_RNG_USER, 0, 0);
    const LmWinogradKernels *ref = named("ref");
    for (int round = 0; round < 200; round++) {
        float x[16 * CS];
        float w[9 * IC * LD];
        float bias[LD];
        float u[16 * IC * LD];
        float v[16 * CS];
        float m[16 * LD] = {0};
        float y[LD];
        uint8_t arg[LD];
        int32_t zero[4] = {0};
        fill_integers(x, 16 * CS, &rng);
        fill_integers(w, 9 * IC * LD, &rng);
        fill_integers(bias, LD, &rng);
        ref->weights(u, w, IC * LD, IC, LD, 0, IC);
        ref->input(v, x, zero, 4, 1, 4 * CS, CS);
        for (int64_t i = 0; i < 16 * IC * LD; i++) {
            int64_t xi = i / (IC * LD);
            m[xi * LD + i % LD] += u[i] * v[xi * CS + i / LD % IC];
        }
        ref->output_pool(y, zero, arg, m, 1, LD, bias, false);
        float all[4 * LD];
        uint8_t whole = LM_WINOGRAD_ROW | LM_WINOGRAD_COL;
        ref->output(all, zero, &whole, m, 1, LD, 2 * LD, LD, bias, false);
        for (int64_t k = 0; k < LD; k++) {
            int64_t best = 0;
            for (int64_t p = 1; p < 4; p++) {
                best = direct(x, w, p, k) > direct(x, w, best, k) ? p : best;
            }
            assert_int_equal(arg[k], best);
            assert_true(y[k] == direct(x, w, best, k) + bias[k]);
            for (int64_t p = 0; p < 4; p++) {
                assert_true(all[p * LD + k] == direct(x, w, p, k) + bias[k]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),      cmocka_unit_test(test_input),
        cmocka_unit_test(test_output),       cmocka_unit_test(test_output_without_pool),
        cmocka_unit_test(test_all_together),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
