/* Optimizer kernels against their formulas in double, with bounds on the error of float arithmetic.
 *
 * Every rounding to float costs at most u = 2^-24 of the number rounded; bounds below add these up
 * step by step (`err_...` is the absolute error of the float number of that name). SLACK takes up
 * products of two such errors.
 */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "kernel/nn_kernels.h"

#define U HELP_FLOAT_U
#define SLACK (1 + 1e-5)

enum { N = 512 };

typedef struct Vectors {
    float w[N], m[N], v[N], g[N];
} Vectors;

/* Gradients of many sizes; second moments as such gradients leave them. */
static void fill(Vectors *x, LmRng *rng)
{
    for (int i = 0; i < N; i++) {
        float scale = ldexpf(1, (int)help_float_int(rng, -20, 3));
        x->w[i] = help_float_random(rng);
        x->g[i] = i % 16 == 0 ? 0 : scale * help_float_random(rng);
        x->m[i] = i % 32 == 0 ? 0 : scale * help_float_random(rng);
        float old = scale * help_float_random(rng);
        x->v[i] = i % 32 == 0 ? 0 : old * old;
    }
}

/* A number and how far its float twin may be off. */
typedef struct Num {
    double v, err;
} Num;

static Num rounded(double v, double err)
{
    return (Num){v, err + U * (fabs(v) + err)};
}

/* v' = fma((1-b) * g, g, b * v): terms are not negative, so errors stay relative. */
static Num second_moment(double one_minus, double b, double g, double v)
{
    double value = one_minus * g * g + b * v;
    return rounded(value, U * one_minus * g * g + U * b * v);
}

/* rate * x / (sqrt(v) + epsilon) */
static Num scaled_step(double rate, Num x, Num v, double epsilon)
{
    double root = sqrt(v.v);
    double err_root = v.v > 0 ? v.err / (2 * root) + U * root : sqrt(v.err);
    Num den = rounded(root + epsilon, err_root);
    Num num = rounded(rate * x.v, rate * x.err);
    double value = num.v / den.v;
    return rounded(value, num.err / den.v + fabs(value) * den.err / den.v);
}

static void check(float got, Num want, const char *what, int i)
{
    if (!(fabs((double)got - want.v) <= want.err * SLACK)) {
        fail_msg("%s[%d]: got %.9g, want %.9g +- %.3g", what, i, (double)got, want.v, want.err);
    }
}

static void check_adam(const LmAdamStep *s, LmRng *rng)
{
    Vectors before;
    fill(&before, rng);
    Vectors x = before;
    lm_kernels_named("ref")->nn->adam(x.w, x.m, x.v, x.g, N, s);
    for (int i = 0; i < N; i++) {
        double w = (double)before.w[i];
        double g = (double)before.g[i];
        double b1m = (double)s->beta1 * (double)before.m[i];
        Num m = rounded((double)s->one_minus_beta1 * g + b1m, U * fabs(b1m));
        Num v = second_moment((double)s->one_minus_beta2, (double)s->beta2, g, (double)before.v[i]);
        Num step = scaled_step((double)s->rate, m, v, (double)s->epsilon);
        double decay = (double)s->decay * w;
        Num kept = rounded(w - decay, U * fabs(decay));
        check(x.m[i], m, "m", i);
        check(x.v[i], v, "v", i);
        check(x.w[i], rounded(kept.v - step.v, kept.err + step.err), "w", i);
        assert_true(x.g[i] == before.g[i]);
    }
}

static void test_adam(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(41), LM_RNG_USER, 0, 0);
    check_adam(&(LmAdamStep){3.16e-4f, 0.9f, 0.1f, 0.999f, 1e-3f, 1e-7f, 0}, &rng);
    check_adam(&(LmAdamStep){0.01f, 0.5f, 0.5f, 0.9f, 0.1f, 1e-3f, 0}, &rng);
    check_adam(&(LmAdamStep){1e-3f, 0.9f, 0.1f, 0.999f, 1e-3f, 1e-7f, 4e-6f}, &rng);
    check_adam(&(LmAdamStep){1e-3f, 0, 1, 0, 1, 1e-7f, 0.25f}, &rng);
}

static void check_sgd(const LmSgdStep *s, bool has_velocity, LmRng *rng)
{
    Vectors before;
    fill(&before, rng);
    Vectors x = before;
    lm_kernels_named("ref")->nn->sgd(x.w, has_velocity ? x.v : NULL, x.g, N, s);
    for (int i = 0; i < N; i++) {
        double w = (double)before.w[i];
        double mu = (double)s->momentum;
        Num step = rounded(-(double)s->rate * (double)before.g[i], 0);
        if (has_velocity) {
            Num v = rounded(mu * (double)before.v[i] + step.v, step.err);
            check(x.v[i], v, "v", i);
            step = s->is_nesterov ? rounded(mu * v.v + step.v, mu * v.err + step.err) : v;
        } else {
            assert_true(x.v[i] == before.v[i]);
        }
        check(x.w[i], rounded(w + step.v, step.err), "w", i);
    }
}

static void test_sgd(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(42), LM_RNG_USER, 0, 0);
    check_sgd(&(LmSgdStep){0.01f, 0, false}, false, &rng);
    check_sgd(&(LmSgdStep){0.3f, 0.9f, false}, true, &rng);
    check_sgd(&(LmSgdStep){0.3f, 0.9f, true}, true, &rng);
}

static void check_rmsprop(const LmRmspropStep *s, bool has_momentum, LmRng *rng)
{
    Vectors before;
    fill(&before, rng);
    Vectors x = before;
    lm_kernels_named("ref")->nn->rmsprop(x.w, has_momentum ? x.m : NULL, x.v, x.g, N, s);
    for (int i = 0; i < N; i++) {
        double g = (double)before.g[i];
        Num v = second_moment((double)s->one_minus_rho, (double)s->rho, g, (double)before.v[i]);
        Num step = scaled_step((double)s->rate, (Num){g, 0}, v, (double)s->epsilon);
        if (has_momentum) {
            step = rounded((double)s->momentum * (double)before.m[i] + step.v, step.err);
            check(x.m[i], step, "m", i);
        }
        check(x.v[i], v, "v", i);
        check(x.w[i], rounded((double)before.w[i] - step.v, step.err), "w", i);
    }
}

static void test_rmsprop(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(43), LM_RNG_USER, 0, 0);
    check_rmsprop(&(LmRmspropStep){1e-3f, 0.9f, 0.1f, 1e-7f, 0}, false, &rng);
    check_rmsprop(&(LmRmspropStep){1e-2f, 0.5f, 0.5f, 1e-3f, 0.8f}, true, &rng);
}

/* Weights nobody uses (no gradient ever) keep their bits, and stay zero where they are. */
static void test_no_gradient_no_change(void **state)
{
    (void)state;
    for (const char *const *name = lm_kernels_available(); *name != NULL; name++) {
        const LmNnKernels *k = lm_kernels_named(*name)->nn;
        Vectors x = {.w = {0}};
        k->adam(x.w, x.m, x.v, x.g, N,
                &(LmAdamStep){1e-3f, 0.9f, 0.1f, 0.999f, 1e-3f, 1e-7f, 0.1f});
        k->sgd(x.w, x.m, x.g, N, &(LmSgdStep){0.1f, 0.9f, true});
        k->rmsprop(x.w, x.m, x.v, x.g, N, &(LmRmspropStep){0.1f, 0.9f, 0.1f, 1e-7f, 0.9f});
        for (int i = 0; i < N; i++) {
            assert_true(x.w[i] == 0 && x.m[i] == 0 && x.v[i] == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_rmsprop),
        cmocka_unit_test(test_no_gradient_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
