/* The network's other loops: every variant against ref bit for bit, on maps with halos and odd
 * strides between unreadable pages. What ref itself must compute is in test_nn_meaning.c. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "help_map.h"
#include "kernel/nn_kernels.h"

enum { MAPS = 4, ROOM = 24000, VECTORS = 4, VECTOR_MAX = 67 };

/* Maps y, x, dy, dx as the kernels name them, in guarded rooms. */
typedef struct Rooms {
    HelpMap maps[MAPS];
    HelpGuard vectors[VECTORS];
} Rooms;

enum { Y, X, DY, DX };

static Rooms the_rooms;

static int setup(void **state)
{
    for (int i = 0; i < MAPS; i++) {
        the_rooms.maps[i] = help_map_new(ROOM);
    }
    for (int i = 0; i < VECTORS; i++) {
        the_rooms.vectors[i] = help_guard_new(VECTOR_MAX * sizeof(float));
    }
    *state = &the_rooms;
    return 0;
}

static int teardown(void **state)
{
    Rooms *r = *state;
    for (int i = 0; i < MAPS; i++) {
        help_map_free(&r->maps[i]);
    }
    for (int i = 0; i < VECTORS; i++) {
        help_guard_free(&r->vectors[i]);
    }
    return 0;
}

typedef struct Pool {
    LmWindow win;
    int64_t n, h, w, cs;
} Pool;

/* A window, and an input that holds 1..3 of it each way with a rest that no window covers. */
static Pool random_pool(LmRng *rng)
{
    Pool p = {.win = {help_float_int(rng, 1, 4), help_float_int(rng, 1, 4),
                      help_float_int(rng, 1, 4), help_float_int(rng, 1, 4)},
              .n = help_float_int(rng, 0, 3),
              .cs = 16 * help_float_int(rng, 1, 2)};
    p.h = p.win.kh + help_float_int(rng, 0, 2) * p.win.sh + help_float_int(rng, 0, p.win.sh - 1);
    p.w = p.win.kw + help_float_int(rng, 0, 2) * p.win.sw + help_float_int(rng, 0, p.win.sw - 1);
    return p;
}

static void place_pool(Rooms *r, const Pool *p, LmRng *rng)
{
    int64_t oh = (p->h - p->win.kh) / p->win.sh + 1;
    int64_t ow = (p->w - p->win.kw) / p->win.sw + 1;
    help_map_place(&r->maps[Y], p->n, oh, ow, p->cs, rng);
    help_map_place(&r->maps[X], p->n, p->h, p->w, p->cs, rng);
    help_map_place(&r->maps[DY], p->n, oh, ow, p->cs, rng);
    help_map_place(&r->maps[DX], p->n, p->h, p->w, p->cs, rng);
}

/* Runs `body` for ref and keeps what it wrote to map `out`; then for every variant. */
#define CHECK_VARIANTS(out, n, body)                                                               \
    do {                                                                                           \
        const LmNnKernels *k = lm_kernels_named("ref")->nn;                                        \
        help_map_keep_before(out);                                                                 \
        body;                                                                                      \
        help_map_keep_wanted(out);                                                                 \
        for (const char *const *name_ = lm_kernels_available(); *name_ != NULL; name_++) {         \
            k = lm_kernels_named(*name_)->nn;                                                      \
            help_map_restore(out);                                                                 \
            body;                                                                                  \
            help_map_check(out, *name_);                                                           \
        }                                                                                          \
    } while (0)

/* Few values, so that windows hold ties; zeros of both signs; for one round in four NaN and
 * infinities too. */
static void fill_ties(float *x, size_t n, LmRng *rng)
{
    for (size_t i = 0; i < n; i++) {
        int64_t v = help_float_int(rng, -2, 2);
        x[i] = v == 0 && lm_rng_below(rng, 2) == 0 ? -0.0f : (float)v;
    }
}

static void test_pools_forward(void **state)
{
    Rooms *r = *state;
    LmRng rng = lm_rng(help_guard_seed(21), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 300; round++) {
        Pool p = random_pool(&rng);
        place_pool(r, &p, &rng);
        help_map_fill(&r->maps[X], round % 4 == 0 ? help_float_fill_nasty : fill_ties, &rng);
        help_map_fill(&r->maps[Y], help_float_fill, &rng);
        HelpMap *y = &r->maps[Y];
        const LmMap *x = &r->maps[X].map;
        CHECK_VARIANTS(y, p.n, k->maxpool(&y->map, x, &p.win, p.n));
        CHECK_VARIANTS(y, p.n, k->avgpool(&y->map, x, &p.win, p.n));
    }
}

static void test_pools_backward(void **state)
{
    Rooms *r = *state;
    LmRng rng = lm_rng(help_guard_seed(22), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 300; round++) {
        Pool p = random_pool(&rng);
        place_pool(r, &p, &rng);
        help_map_fill(&r->maps[X], round % 2 == 0 ? help_float_fill : fill_ties, &rng);
        help_map_fill(&r->maps[DY], round % 3 == 0 ? fill_ties : help_float_fill, &rng);
        help_map_fill(&r->maps[DX], help_float_fill, &rng);
        HelpMap *dx = &r->maps[DX];
        const LmMap *x = &r->maps[X].map;
        const LmMap *y = &r->maps[Y].map;
        const LmMap *dy = &r->maps[DY].map;
        lm_kernels_named("ref")->nn->maxpool(y, x, &p.win, p.n);
        for (int relu = 0; relu < 2; relu++) {
            CHECK_VARIANTS(dx, p.n,
                           k->maxpool_backward(&dx->map, dy, x, y, &p.win, p.n, relu != 0));
        }
        CHECK_VARIANTS(dx, p.n, k->avgpool_backward(&dx->map, dy, &p.win, p.n));
    }
}

typedef void Forward(const LmMap *y, const LmMap *x, int64_t n);
typedef void Backward(const LmMap *dx, const LmMap *dy, const LmMap *y, int64_t n);

static Forward *forward_of(const LmNnKernels *k, int i)
{
    return (Forward *const[]){k->relu, k->tanh_forward, k->sigmoid_forward}[i];
}

static Backward *backward_of(const LmNnKernels *k, int i)
{
    return (Backward *const[]){k->relu_backward, k->tanh_backward, k->sigmoid_backward}[i];
}

static void place_same(Rooms *r, int64_t n, LmRng *rng)
{
    int64_t h = help_float_int(rng, 1, 5);
    int64_t w = help_float_int(rng, 1, 5);
    int64_t cs = 16 * help_float_int(rng, 1, 3);
    for (int i = 0; i < MAPS; i++) {
        help_map_place(&r->maps[i], n, h, w, cs, rng);
        help_map_fill(&r->maps[i], help_float_fill_nasty, rng);
    }
}

static void test_activations(void **state)
{
    Rooms *r = *state;
    LmRng rng = lm_rng(help_guard_seed(23), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 60; round++) {
        int64_t n = help_float_int(&rng, 0, 3);
        place_same(r, n, &rng);
        HelpMap *y = &r->maps[Y];
        HelpMap *dx = &r->maps[DX];
        const LmMap *x = &r->maps[X].map;
        const LmMap *dy = &r->maps[DY].map;
        for (int i = 0; i < 3; i++) {
            CHECK_VARIANTS(y, n, forward_of(k, i)(&y->map, x, n));
            CHECK_VARIANTS(y, n, forward_of(k, i)(&y->map, &y->map, n));
            CHECK_VARIANTS(dx, n, backward_of(k, i)(&dx->map, dy, &y->map, n));
            CHECK_VARIANTS(dx, n, backward_of(k, i)(&dx->map, &dx->map, &y->map, n));
        }
    }
}

/* n floats at the front or against the back page of vector `i`, filled by `fill`. */
static float *vector(Rooms *r, int i, size_t n, bool is_front)
{
    help_guard_fill(&r->vectors[i]);
    return is_front ? help_guard_front(&r->vectors[i])
                    : help_guard_back(&r->vectors[i], n * sizeof(float));
}

static void check_vector(const Rooms *r, int i, const float *got, const float *wanted, size_t n,
                         const char *name)
{
    size_t at = help_float_differs(got, wanted, n);
    if (at < n) {
        fail_msg("%s: vector %d of %zu: [%zu] is %a, ref says %a", name, i, n, at, (double)got[at],
                 (double)wanted[at]);
    }
    assert_true(help_guard_is_clean(&r->vectors[i], got, n * sizeof(float)));
}

static void test_sum_positions(void **state)
{
    Rooms *r = *state;
    LmRng rng = lm_rng(help_guard_seed(24), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 60; round++) {
        int64_t n = help_float_int(&rng, 0, 3);
        place_same(r, n, &rng);
        size_t cs = (size_t)r->maps[X].map.cs;
        float before[48];
        float wanted[48];
        help_float_fill(before, cs, &rng);
        memcpy(wanted, before, sizeof before);
        lm_kernels_named("ref")->nn->sum_positions(wanted, &r->maps[X].map, n);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            float *sums = vector(r, 0, cs, round % 2 == 0);
            memcpy(sums, before, cs * sizeof *sums);
            lm_kernels_named(*name)->nn->sum_positions(sums, &r->maps[X].map, n);
            check_vector(r, 0, sums, wanted, cs, *name);
        }
    }
}

/* One kernel over vectors w, m, v (written) and g (read). */
typedef void Rule(const LmNnKernels *k, float *w, float *m, float *v, const float *g, size_t n);

static void add_rule(const LmNnKernels *k, float *w, float *m, float *v, const float *g, size_t n)
{
    (void)m;
    (void)v;
    k->add(w, g, n);
}

static void adam_rule(const LmNnKernels *k, float *w, float *m, float *v, const float *g, size_t n)
{
    k->adam(w, m, v, g, n, &(LmAdamStep){3e-3f, 0.9f, 0.1f, 0.999f, 1e-3f, 1e-7f, 0});
}

static void adamw_rule(const LmNnKernels *k, float *w, float *m, float *v, const float *g, size_t n)
{
    k->adam(w, m, v, g, n, &(LmAdamStep){3e-3f, 0.8f, 0.2f, 0.99f, 1e-2f, 1e-5f, 4e-3f});
}

static void sgd_rule(const LmNnKernels *k, float *w, float *m, float *v, const float *g, size_t n)
{
    (void)m;
    (void)v;
    k->sgd(w, NULL, g, n, &(LmSgdStep){0.1f, 0, false});
}

static void momentum_rule(const LmNnKernels *k, float *w, float *m, float *v, const float *g,
                          size_t n)
{
    (void)v;
    k->sgd(w, m, g, n, &(LmSgdStep){0.1f, 0.9f, false});
}

static void nesterov_rule(const LmNnKernels *k, float *w, float *m, float *v, const float *g,
                          size_t n)
{
    (void)v;
    k->sgd(w, m, g, n, &(LmSgdStep){0.1f, 0.9f, true});
}

static void rmsprop_rule(const LmNnKernels *k, float *w, float *m, float *v, const float *g,
                         size_t n)
{
    (void)m;
    k->rmsprop(w, NULL, v, g, n, &(LmRmspropStep){1e-2f, 0.9f, 0.1f, 1e-7f, 0});
}

static void rmsprop_momentum_rule(const LmNnKernels *k, float *w, float *m, float *v,
                                  const float *g, size_t n)
{
    k->rmsprop(w, m, v, g, n, &(LmRmspropStep){1e-2f, 0.9f, 0.1f, 1e-7f, 0.5f});
}

static void check_rule(Rooms *r, Rule *rule, float before[VECTORS][VECTOR_MAX], size_t n,
                       bool is_front)
{
    float wanted[VECTORS][VECTOR_MAX];
    memcpy(wanted, before, sizeof wanted);
    rule(lm_kernels_named("ref")->nn, wanted[0], wanted[1], wanted[2], wanted[3], n);
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        float *v[VECTORS];
        for (int i = 0; i < VECTORS; i++) {
            v[i] = vector(r, i, n, is_front);
            memcpy(v[i], before[i], n * sizeof(float));
        }
        rule(lm_kernels_named(*name)->nn, v[0], v[1], v[2], v[3], n);
        for (int i = 0; i < VECTORS; i++) {
            check_vector(r, i, v[i], wanted[i], n, *name);
        }
    }
}

static void test_element_rules(void **state)
{
    static Rule *const rules[] = {
        add_rule,      adam_rule,     adamw_rule,   sgd_rule,
        momentum_rule, nesterov_rule, rmsprop_rule, rmsprop_momentum_rule};
    Rooms *r = *state;
    LmRng rng = lm_rng(help_guard_seed(25), LM_RNG_USER, 0, 0);
    for (size_t n = 0; n <= VECTOR_MAX; n++) {
        for (size_t i = 0; i < LM_ARRAY_LEN(rules); i++) {
            for (int is_nasty = 0; is_nasty < 2; is_nasty++) {
                float before[VECTORS][VECTOR_MAX];
                for (int j = 0; j < VECTORS; j++) {
                    (is_nasty ? help_float_fill_nasty : help_float_fill)(before[j], VECTOR_MAX,
                                                                         &rng);
                }
                for (size_t j = 0; j < VECTOR_MAX; j++) {
                    before[2][j] = fabsf(before[2][j]); /* second moments */
                }
                check_rule(r, rules[i], before, n, i % 2 == 0);
            }
        }
    }
}

/* Odd strides, and what lies between rows stays as it was. */
static void test_transpose(void **state)
{
    enum { SIDE = 19, SIZE = SIDE * (SIDE + 5) };
    (void)state;
    HelpGuard in = help_guard_new(SIZE * sizeof(float));
    HelpGuard out = help_guard_new(SIZE * sizeof(float));
    LmRng rng = lm_rng(help_guard_seed(26), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 300; round++) {
        int64_t rows = help_float_int(&rng, 1, SIDE);
        int64_t cols = help_float_int(&rng, 1, SIDE);
        int64_t from_ld = cols + help_float_int(&rng, 0, 5);
        int64_t to_ld = rows + help_float_int(&rng, 0, 5);
        size_t n_from = (size_t)((rows - 1) * from_ld + cols);
        size_t n_to = (size_t)((cols - 1) * to_ld + rows);
        float *from = help_guard_back(&in, n_from * sizeof *from);
        float before[SIZE];
        float wanted[SIZE];
        help_float_fill_nasty(from, n_from, &rng);
        help_float_fill(before, n_to, &rng);
        memcpy(wanted, before, n_to * sizeof *wanted);
        for (int64_t i = 0; i < rows * cols; i++) {
            wanted[i % cols * to_ld + i / cols] = from[i / cols * from_ld + i % cols];
        }
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            help_guard_fill(&out);
            float *to = help_guard_back(&out, n_to * sizeof *to);
            memcpy(to, before, n_to * sizeof *to);
            lm_kernels_named(*name)->nn->transpose(to, to_ld, from, from_ld, rows, cols);
            assert_memory_equal(to, wanted, n_to * sizeof *to);
            assert_true(help_guard_is_clean(&out, to, n_to * sizeof *to));
        }
    }
    help_guard_free(&in);
    help_guard_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools_forward), cmocka_unit_test(test_pools_backward),
        cmocka_unit_test(test_activations),   cmocka_unit_test(test_sum_positions),
        cmocka_unit_test(test_element_rules), cmocka_unit_test(test_transpose),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
