/* Adding up what output positions give under each tap: every variant against ref bit for bit under
 * guard pages, and ref against sums the other way round, from outputs to inputs, on integers. */
#include "help_test.h"

#include "help_float.h"
#include "help_guard.h"
#include "kernel/nn_kernels.h"

enum { ROOM = 400000, CS = 16 };

static HelpGuard out_room, in_room;
static float wanted[ROOM / 4];

static int setup(void **state)
{
    (void)state;
    out_room = help_guard_new(ROOM);
    in_room = help_guard_new(ROOM);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    help_guard_free(&out_room);
    help_guard_free(&in_room);
    return 0;
}

typedef struct Case {
    LmFold f;
    LmMap dx;
    int64_t ow, before;
    float *t; /* whole, zeros included */
    size_t n_t, n_dx;
} Case;

static Case random_case(LmRng *rng, bool is_integers)
{
    Case k = {.f = {.rows = help_float_int(rng, 1, 6),
                    .ic = help_float_int(rng, 1, 16),
                    .kh = help_float_int(rng, 1, 4),
                    .kw = help_float_int(rng, 1, 4)},
              .ow = help_float_int(rng, 1, 6)};
    k.f.top = help_float_int(rng, 0, k.f.kh - 1);
    k.f.left = help_float_int(rng, 0, k.f.kw - 1);
    k.dx.h = help_float_int(rng, 1, k.f.rows + k.f.kh - 1);
    k.dx.w = help_float_int(rng, 1, k.ow + k.f.kw - 1);
    k.dx.cs = k.dx.col = CS;
    k.dx.row = k.dx.w * CS + help_float_int(rng, 0, 5);
    k.before = k.f.kw - 1 - k.f.left;
    k.f.cols = k.before + LM_MAX(k.ow, k.dx.w + k.f.left);
    k.f.ld = k.f.kh * k.f.kw * k.f.ic + help_float_int(rng, 0, 5);
    k.n_dx = (size_t)((k.dx.h - 1) * k.dx.row + k.dx.w * CS);
    k.n_t = (size_t)(k.f.rows * k.f.cols * k.f.ld + 16 - k.f.ic);
    assert_true(k.n_t * sizeof(float) <= ROOM && k.n_dx * sizeof(float) <= ROOM);
    k.t = help_guard_back(&in_room, k.n_t * sizeof(float));
    if (!is_integers) {
        help_float_fill_nasty(k.t, k.n_t, rng);
    }
    for (int64_t i = 0; i < (int64_t)k.n_t; i++) {
        int64_t x = i / k.f.ld % k.f.cols - k.before;
        k.t[i] = x < 0 || x >= k.ow ? 0 : is_integers ? (float)help_float_int(rng, -9, 9) : k.t[i];
    }
    k.f.t = k.t + k.before * k.f.ld;
    return k;
}

static void test_variants(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(121), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 300; round++) {
        Case k = random_case(&rng, round % 2);
        float *out = help_guard_back(&out_room, k.n_dx * sizeof(float));
        help_float_fill(wanted, k.n_dx, &rng);
        memcpy(out, wanted, k.n_dx * sizeof(float));
        k.dx.data = wanted;
        lm_kernels_named("ref")->nn->fold(&k.dx, &k.f);
        for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
            k.dx.data = out;
            lm_kernels_named(*name)->nn->fold(&k.dx, &k.f);
            size_t at = help_float_differs(out, wanted, k.n_dx);
            if (at < k.n_dx) {
                fail_msg("%s: [%zu] is %a, ref says %a", *name, at, (double)out[at],
                         (double)wanted[at]);
            }
        }
    }
}

static void test_ref(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(122), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 200; round++) {
        Case k = random_case(&rng, true);
        float *got = help_guard_back(&out_room, k.n_dx * sizeof(float));
        memset(wanted, 0, k.n_dx * sizeof(float));
        for (int64_t i = 0; i < k.f.rows * k.ow * k.f.kh * k.f.kw * k.f.ic; i++) {
            int64_t c = i % k.f.ic;
            int64_t tap = i / k.f.ic % (k.f.kh * k.f.kw);
            int64_t place = i / k.f.ic / (k.f.kh * k.f.kw);
            int64_t y = place / k.ow - k.f.top + tap / k.f.kw;
            int64_t x = place % k.ow - k.f.left + tap % k.f.kw;
            if (y >= 0 && y < k.dx.h && x >= 0 && x < k.dx.w) {
                wanted[y * k.dx.row + x * CS + c] +=
                    k.f.t[(place / k.ow * k.f.cols + place % k.ow) * k.f.ld + tap * k.f.ic + c];
            }
        }
        k.dx.data = got;
        lm_kernels_named("ref")->nn->fold(&k.dx, &k.f);
        for (int64_t i = 0; i < k.dx.h * k.dx.w * CS; i++) {
            int64_t at = i / CS / k.dx.w * k.dx.row + i / CS % k.dx.w * CS + i % CS;
            assert_true(got[at] == wanted[at]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_variants), cmocka_unit_test(test_ref)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
