/* Winograd's transforms: every variant against ref bit for bit under guard pages; and those of ref
 * together against direct sums, on small integers. Rounding errors are tested with whole networks
 * (test_net.c). */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "kernel/winograd.h"

enum { ROOM = 400000, TILES_MAX = 5 };

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

/* Rounds alternate between the two tiles. */
static const LmWinogradKernels *named(const char *name, int round)
{
    return &lm_kernels_named(name)->winograd[round % 2];
}

static const LmWinogradGradKernels *named_grad(const char *name)
{
    return lm_kernels_named(name)->winograd_grad;
}

static int64_t n_entries(int round)
{
    int64_t side = named("ref", round)->tile + 2;
    return side * side;
}

static void fill(float *x, size_t n, int round, LmRng *rng)
{
    (round % 4 < 2 ? help_float_fill : help_float_fill_nasty)(x, n, rng);
}

static void fill_before(size_t n, LmRng *rng)
{
    assert_true(n * sizeof(float) <= ROOM);
    help_float_fill(before, n, rng);
    memcpy(wanted, before, n * sizeof(float));
}

/* Calls RUN(kernels, output) for every variant on a copy of `before`; each must give `wanted`. */
#define CHECK_ALL(OUT, N, RUN)                                                                     \
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {                \
        help_guard_fill(&out_room);                                                                \
        memcpy(OUT, before, (N) * sizeof(float));                                                  \
        RUN;                                                                                       \
        check(*name, OUT, N);                                                                      \
    }

/* Channels [c0, c1) alone are written. */
static void test_weights(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(101), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 100; round++) {
        int64_t ic = help_float_int(&rng, 1, 12);
        int64_t ld = 16 * help_float_int(&rng, 1, 4);
        int64_t plane = ic * ld + help_float_int(&rng, 0, 20);
        int64_t c0 = help_float_int(&rng, 0, ic);
        int64_t c1 = help_float_int(&rng, c0, ic);
        size_t n = (size_t)((n_entries(round) - 1) * plane + ic * ld);
        float *w = floats(&in_room, (size_t)(9 * ic * ld));
        float *u = floats(&out_room, n);
        fill(w, (size_t)(9 * ic * ld), round, &rng);
        fill_before(n, &rng);
        named("ref", round)->weights(wanted, plane, w, ic * ld, ld, c0, c1);
        for (size_t i = 0; i < n; i++) {
            int64_t c = (int64_t)i % plane / ld;
            assert_true((c >= c0 && c < c1) || wanted[i] == before[i]);
        }
        CHECK_ALL(u, n, named(*name, round)->weights(u, plane, w, ic * ld, ld, c0, c1));
    }
}

/* Patches of the input, and every other round of the outputs' gradient. */
static void test_input_and_gradient(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(102), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        bool is_grad = round % 4 == 3;
        int64_t n_c = 16 * help_float_int(&rng, 1, 3);
        int64_t col = n_c + 16 * help_float_int(&rng, 0, 2);
        int64_t row = 8 * col + help_float_int(&rng, 0, 2) * 7;
        int64_t n_tiles = help_float_int(&rng, 0, TILES_MAX);
        int64_t plane = n_tiles * n_c + help_float_int(&rng, 0, 20);
        int64_t side = is_grad ? 4 : named("ref", round)->tile + 2;
        int32_t at[TILES_MAX];
        for (int64_t i = 0; i < n_tiles; i++) {
            at[i] = (int32_t)(help_float_int(&rng, 0, 2) * row + help_float_int(&rng, 0, 2) * col);
        }
        size_t n_x = (size_t)((side + 1) * row + (side + 1) * col + n_c);
        size_t n = (size_t)((n_entries(round) - 1) * plane + n_tiles * n_c);
        float *x = floats(&in_room, n_x);
        float *v = floats(&out_room, n);
        fill(x, n_x, round / 2, &rng);
        fill_before(n, &rng);
        if (is_grad) {
            named_grad("ref")->gradient(wanted, plane, x, at, n_tiles, row, col, n_c);
            CHECK_ALL(v, n, named_grad(*name)->gradient(v, plane, x, at, n_tiles, row, col, n_c));
        } else {
            named("ref", round)->input(wanted, plane, x, at, n_tiles, row, col, n_c);
            CHECK_ALL(v, n, named(*name, round)->input(v, plane, x, at, n_tiles, row, col, n_c));
        }
    }
}

static void test_weights_gradient(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(106), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 100; round++) {
        int64_t n_c = help_float_int(&rng, 0, 9);
        int64_t ld = 16 * help_float_int(&rng, 1, 4);
        int64_t plane = n_c * ld + help_float_int(&rng, 0, 20);
        int64_t stride = n_c * ld + help_float_int(&rng, 0, 20);
        size_t n_u = (size_t)(35 * plane + n_c * ld);
        size_t n = (size_t)(8 * stride + n_c * ld);
        bool is_sum = round % 2;
        float *u = floats(&in_room, n_u);
        float *dw = floats(&out_room, n);
        fill(u, n_u, round, &rng);
        fill_before(n, &rng);
        named_grad("ref")->weights_gradient(wanted, stride, u, plane, ld, n_c, is_sum);
        CHECK_ALL(dw, n,
                  named_grad(*name)->weights_gradient(dw, stride, u, plane, ld, n_c, is_sum));
    }
}

/* Tiles of any part of their places; gaps stay untouched. */
typedef struct Outputs {
    LmWinogradOut out;
    int64_t n_tiles, ld, plane;
    int32_t at[TILES_MAX];
    int32_t arg_at[TILES_MAX];
    uint8_t edge[TILES_MAX];
    float bias[80];
    float *m;
    size_t n, n_arg;
} Outputs;

/* `side`: places a tile makes in a row. */
static Outputs random_outputs(int round, int64_t side, LmRng *rng)
{
    Outputs t = {.ld = 16 * help_float_int(rng, 1, 5),
                 .n_tiles = help_float_int(rng, 0, TILES_MAX)};
    t.plane = t.n_tiles * t.ld + help_float_int(rng, 0, 20);
    t.out.col = t.ld + help_float_int(rng, 0, 2);
    t.out.row = side * t.out.col + help_float_int(rng, 0, 5);
    t.out.arg_row = side * t.ld + help_float_int(rng, 0, 5);
    t.out.is_relu = round % 8 < 4;
    for (int64_t i = 0; i < t.n_tiles; i++) {
        t.at[i] = (int32_t)((t.n_tiles - 1 - i) * side * t.out.row);
        t.arg_at[i] = (int32_t)((t.n_tiles - 1 - i) * side * t.out.arg_row);
        t.edge[i] = (uint8_t)(16 * help_float_int(rng, 1, side) + help_float_int(rng, 1, side));
    }
    t.n = (size_t)(t.n_tiles * side * t.out.row);
    t.n_arg = (size_t)(t.n_tiles * side * t.out.arg_row);
    size_t n_m = (size_t)((n_entries(round) - 1) * t.plane + t.n_tiles * t.ld);
    t.m = floats(&in_room, n_m);
    fill(t.m, n_m, round / 2, rng);
    help_float_fill(t.bias, 80, rng);
    fill_before(t.n, rng);
    return t;
}

static void point_to(Outputs *t, float *y, uint8_t *arg)
{
    t->out.y = y;
    t->out.y_at = t->at;
    t->out.edge = t->edge;
    t->out.arg = arg;
    t->out.arg_at = t->arg_at;
}

static void test_output_pool(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(103), LM_RNG_USER, 0, 0);
    static uint8_t want_arg[ROOM];
    for (int round = 0; round < 200; round++) {
        Outputs t = random_outputs(round, named("ref", round)->tile / 2, &rng);
        float *y = floats(&out_room, t.n);
        uint8_t *arg = help_guard_back(&arg_room, t.n_arg);
        t.out.bias = t.bias;
        point_to(&t, wanted, want_arg);
        memset(want_arg, 77, t.n_arg);
        named("ref", round)->output_pool(&t.out, t.m, t.plane, t.n_tiles, t.ld);
        point_to(&t, y, arg);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            help_guard_fill(&out_room);
            help_guard_fill(&arg_room);
            memcpy(y, before, t.n * sizeof(float));
            memset(arg, 77, t.n_arg);
            named(*name, round)->output_pool(&t.out, t.m, t.plane, t.n_tiles, t.ld);
            check(*name, y, t.n);
            assert_memory_equal(arg, want_arg, t.n_arg);
            assert_true(help_guard_is_clean(&arg_room, arg, t.n_arg));
        }
    }
}

static void test_output_without_pool(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(105), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        Outputs t = random_outputs(round, named("ref", round)->tile, &rng);
        float *y = floats(&out_room, t.n);
        t.out.bias = round % 3 ? t.bias : NULL;
        point_to(&t, wanted, NULL);
        named("ref", round)->output(&t.out, t.m, t.plane, t.n_tiles, t.ld);
        point_to(&t, y, NULL);
        CHECK_ALL(y, t.n, named(*name, round)->output(&t.out, t.m, t.plane, t.n_tiles, t.ld));
    }
}

/* --- all together: one tile, IC channels in, 16 out --- */

enum { IC = 5, CS = 16, LD = 16, ENTRIES_MAX = 36 };

static void fill_integers(float *x, size_t n, LmRng *rng)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)help_float_int(rng, -4, 4);
    }
}

/* Numbers and their direct sums; a patch is side x side, a tile two less. */
typedef struct Direct {
    int64_t side;
    float x[ENTRIES_MAX * CS];
    float w[9 * IC * LD];
    float bias[LD];
} Direct;

static float direct(const Direct *t, int64_t y, int64_t x, int64_t k)
{
    float sum = t->bias[k];
    for (int64_t i = 0; i < 9 * IC; i++) {
        int64_t tap = i / IC;
        sum += t->x[((y + tap / 3) * t->side + x + tap % 3) * CS + i % IC] * t->w[i * LD + k];
    }
    return sum;
}

/* Tiles of 2x2 are exact here. Those of 4x4: sums of sizes in a row of B^T, G, A^T are below 5.3,
 * 1.4, 8.3, so all that is rounded, 21 times and once a channel, is below (5.3 * 1.4 * 8.3)^2 * IC
 * * 4 * 4 plus the bias: the error is below 0.5, and must leave the right integer the nearest. */
static bool is_near(int64_t side, float got, float want)
{
    return side == 4 ? got == want : fabsf(got - want) < 0.5F;
}

static void products(const Direct *t, const LmWinogradKernels *ref, float m[ENTRIES_MAX * LD])
{
    float u[ENTRIES_MAX * IC * LD];
    float v[ENTRIES_MAX * CS];
    int32_t zero = 0;
    ref->weights(u, IC * LD, t->w, IC * LD, LD, 0, IC);
    ref->input(v, CS, t->x, &zero, 1, t->side * CS, CS, CS);
    memset(m, 0, ENTRIES_MAX * LD * sizeof *m);
    for (int64_t i = 0; i < t->side * t->side * IC * LD; i++) {
        int64_t xi = i / (IC * LD);
        m[xi * LD + i % LD] += u[i] * v[xi * CS + i / LD % IC];
    }
}

static void test_all_together(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(104), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        const LmWinogradKernels *ref = named("ref", round);
        Direct t = {.side = ref->tile + 2};
        float m[ENTRIES_MAX * LD];
        float all[16 * LD];
        float largest[4 * LD];
        uint8_t arg[4 * LD];
        int32_t zero = 0;
        int64_t n = ref->tile;
        uint8_t whole = (uint8_t)(17 * n);
        uint8_t windows = (uint8_t)(17 * (n / 2));
        fill_integers(t.x, LM_ARRAY_LEN(t.x), &rng);
        fill_integers(t.w, LM_ARRAY_LEN(t.w), &rng);
        fill_integers(t.bias, LD, &rng);
        products(&t, ref, m);
        LmWinogradOut o = {
            .y = all, .y_at = &zero, .edge = &whole, .row = n * LD, .col = LD, .bias = t.bias};
        ref->output(&o, m, LD, 1, LD);
        LmWinogradOut p = {.y = largest,
                           .y_at = &zero,
                           .edge = &windows,
                           .row = n / 2 * LD,
                           .col = LD,
                           .bias = t.bias,
                           .arg = arg,
                           .arg_at = &zero,
                           .arg_row = n / 2 * LD};
        ref->output_pool(&p, m, LD, 1, LD);
        for (int64_t i = 0; i < n * n * LD; i++) {
            int64_t y = i / LD / n;
            int64_t x = i / LD % n;
            int64_t w = (y / 2 * (n / 2) + x / 2) * LD + i % LD;
            assert_true(is_near(t.side, all[i], direct(&t, y, x, i % LD)));
            bool is_first = arg[w] == y % 2 * 2 + x % 2;
            assert_true(is_first ? largest[w] == all[i] : largest[w] >= all[i]);
            assert_true(largest[w] > all[i] || arg[w] <= y % 2 * 2 + x % 2);
        }
    }
}

/* dw of one tile against sums over its 4x4 outputs, one rounding of each of 16 terms more. */
static void test_gradient_together(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(107), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        float x[36 * CS];
        float dy[16 * LD];
        float v_x[36 * CS];
        float v_dy[36 * LD];
        float u[36 * CS * LD];
        float dw[9 * CS * LD];
        int32_t zero = 0;
        fill_integers(x, LM_ARRAY_LEN(x), &rng);
        fill_integers(dy, LM_ARRAY_LEN(dy), &rng);
        named("ref", 1)->input(v_x, CS, x, &zero, 1, 6 * CS, CS, CS);
        named_grad("ref")->gradient(v_dy, LD, dy, &zero, 1, 4 * LD, LD, LD);
        for (int64_t i = 0; i < 36 * CS * LD; i++) {
            u[i] = v_x[i / LD] * v_dy[i / (CS * LD) * LD + i % LD];
        }
        named_grad("ref")->weights_gradient(dw, CS * LD, u, CS * LD, LD, CS, false);
        for (int64_t i = 0; i < 9 * CS * LD; i++) {
            float sum = 0;
            for (int64_t p = 0; p < 16; p++) {
                int64_t row = p / 4 + i / (CS * LD) / 3;
                int64_t col = p % 4 + i / (CS * LD) % 3;
                sum += x[(row * 6 + col) * CS + i / LD % CS] * dy[p * LD + i % LD];
            }
            assert_true(is_near(6, dw[i], sum));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_input_and_gradient),
        cmocka_unit_test(test_weights_gradient),
        cmocka_unit_test(test_output_pool),
        cmocka_unit_test(test_output_without_pool),
        cmocka_unit_test(test_all_together),
        cmocka_unit_test(test_gradient_together),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
