/* Losses against their definitions in long double, gradients against the derivative formulas and
 * against finite differences; extremes; refusals. */
#include "help_test.h"

#include <math.h>

#include "help_float.h"
#include "help_guard.h"
#include "nn/loss.h"

enum { K_MAX = 20 };

#define label_target(label) (&(LmTarget){(label), NULL})

typedef struct Combination {
    LmLoss loss;
    LmAct act;
} Combination;

static const Combination combinations[] = {
    {LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX},
    {LM_LOSS_CROSS_ENTROPY, LM_ACT_NONE},
    {LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID},
    {LM_LOSS_MSE, LM_ACT_SOFTMAX},
    {LM_LOSS_MSE, LM_ACT_SIGMOID},
    {LM_LOSS_MSE, LM_ACT_NONE},
};

static long double target(int64_t i, int64_t k, int32_t label)
{
    return k == 1 ? label : i == label;
}

/* Output i after softmax or sigmoid. */
static long double probability(LmAct act, const long double *z, int64_t k, int64_t i)
{
    if (act == LM_ACT_SIGMOID) {
        return 1 / (1 + expl(-z[i]));
    }
    if (act == LM_ACT_NONE) {
        return z[i];
    }
    long double sum = 0;
    for (int64_t j = 0; j < k; j++) {
        sum += expl(z[j] - z[i]);
    }
    return 1 / sum;
}

/* The definitions, without any care for overflow or cancellation. */
static long double plain_loss(Combination c, const long double *z, int64_t k, int32_t label)
{
    long double sum = 0;
    if (c.loss == LM_LOSS_CROSS_ENTROPY) {
        return -logl(probability(LM_ACT_SOFTMAX, z, k, label));
    }
    for (int64_t i = 0; i < k; i++) {
        long double t = target(i, k, label);
        long double p = probability(c.act, z, k, i);
        sum += c.loss == LM_LOSS_MSE ? (p - t) * (p - t) : -t * logl(p) - (1 - t) * log1pl(-p);
    }
    return sum / k;
}

/* d loss / d z[i] by central differences of the definition: its error is h^2/6 times the third
 * derivative, at most 4 for these losses with |z| <= 4 (mse without activation has none), plus the
 * rounding of the losses over h. */
static long double slope(Combination c, long double *z, int64_t k, int32_t label, int64_t i)
{
    const long double h = 0x1p-20L;
    long double at = z[i];
    z[i] = at + h;
    long double up = plain_loss(c, z, k, label);
    z[i] = at - h;
    long double down = plain_loss(c, z, k, label);
    z[i] = at;
    return (up - down) / (2 * h);
}

static void check_sample(Combination c, const float *z, int64_t k, int32_t label)
{
    long double zl[K_MAX];
    for (int64_t i = 0; i < k; i++) {
        zl[i] = (long double)z[i];
    }
    float dz[K_MAX];
    LmLossResult r = lm_loss_sample(c.loss, c.act, z, k, label_target(label), 0.25, dz);
    long double want = plain_loss(c, zl, k, label);
    /* double arithmetic on numbers up to 10: about 30 roundings of at most 2^-49 */
    assert_true(fabsl((long double)r.loss - want) <= 0x1p-44L * (1 + fabsl(want)));
    for (int64_t i = 0; i < k; i++) {
        long double g = slope(c, zl, k, label, i) / 4;
        /* h^2 * 4 / 6 / 4 below 2^-42; rounding once to float */
        long double bound = 0x1p-24L * fabsl(g) + 0x1p-40L;
        if (!(fabsl((long double)dz[i] - g) <= bound)) {
            fail_msg("loss %s, act %d, k %d: gradient %d is %.9g, want %.9Lg", lm_loss_name(c.loss),
                     (int)c.act, (int)k, (int)i, (double)dz[i], g);
        }
    }
}

static void test_values_and_gradients(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(61), LM_RNG_USER, 0, 0);
    for (int round = 0; round < 2000; round++) {
        Combination c = combinations[round % (int)LM_ARRAY_LEN(combinations)];
        int64_t k = help_float_int(&rng, c.loss == LM_LOSS_CROSS_ENTROPY ? 2 : 1, K_MAX);
        float z[K_MAX];
        for (int64_t i = 0; i < k; i++) {
            z[i] = 4 * help_float_random(&rng);
        }
        check_sample(c, z, k, (int32_t)help_float_int(&rng, 0, LM_MAX(k, (int64_t)2) - 1));
    }
}

/* The gradient may be written over the outputs, and is left out where it is not wanted. */
static void test_in_place_and_without_gradient(void **state)
{
    (void)state;
    for (size_t i = 0; i < LM_ARRAY_LEN(combinations); i++) {
        Combination c = combinations[i];
        const float z[4] = {0.5f, -1, 2, 0.25f};
        float dz[4];
        float both[4];
        memcpy(both, z, sizeof z);
        LmLossResult a = lm_loss_sample(c.loss, c.act, z, 4, label_target(2), 1, dz);
        LmLossResult b = lm_loss_sample(c.loss, c.act, both, 4, label_target(2), 1, both);
        LmLossResult none = lm_loss_sample(c.loss, c.act, z, 4, label_target(2), 1, NULL);
        assert_memory_equal(dz, both, sizeof dz);
        assert_true(a.loss == b.loss && a.loss == none.loss);
        assert_true(a.predicted == 2 && b.predicted == 2 && none.predicted == 2);
    }
}

/* From logits: no overflow, no log of 0, and a gradient that still points the right way. */
static void test_far_outputs(void **state)
{
    (void)state;
    float dz[3];
    const float z[3] = {1e30f, -1e30f, 0};
    LmLossResult r =
        lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, z, 3, label_target(1), 1, dz);
    assert_true(r.loss == 2 * (double)1e30f);
    assert_true(dz[0] == 1 && dz[1] == -1 && dz[2] >= 0 && dz[2] < 1e-30f);
    r = lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, z, 3, label_target(0), 1, dz);
    assert_true(r.loss >= 0 && r.loss < 1e-300 && fabsf(dz[0]) < 1e-30f);
    const float far[2] = {1e30f, -1e30f};
    r = lm_loss_sample(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, far, 2, label_target(1), 1,
                       dz);
    assert_true(r.loss == (double)1e30f); /* both wrong by 1e30, mean over 2 */
    assert_true(dz[0] == 0.5f && dz[1] == -0.5f);
    r = lm_loss_sample(LM_LOSS_MSE, LM_ACT_SIGMOID, far, 2, label_target(0), 1, dz);
    assert_true(r.loss < 1e-300 && dz[0] == 0 && dz[1] == 0);
}

/* Wherever NaN or infinity stands, and whatever the label, the loss is not finite: training must
 * see it before the weights do. */
static void test_losses_of_no_number_show(void **state)
{
    (void)state;
    static const float nasty[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < LM_ARRAY_LEN(combinations); i++) {
        for (int at = 0; at < 3; at++) {
            for (int32_t label = 0; label < 3; label++) {
                float z[3] = {1, 2, 3};
                z[at] = NAN;
                float dz[3];
                Combination c = combinations[i];
                assert_false(
                    isfinite(lm_loss_sample(c.loss, c.act, z, 3, label_target(label), 1, dz).loss));
            }
        }
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(nasty); i++) {
        const float all[2] = {nasty[i], nasty[i]};
        Combination c = combinations[0];
        assert_false(
            isfinite(lm_loss_sample(c.loss, c.act, all, 2, label_target(0), 1, NULL).loss));
    }
    /* one infinite output: the loss is 0 only if it is the label's, and then it is not known */
    const float one[3] = {1, INFINITY, 3};
    for (int32_t label = 0; label < 3; label++) {
        assert_false(isfinite(lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, one, 3,
                                             label_target(label), 1, NULL)
                                  .loss));
    }
}

static void test_predicted_class(void **state)
{
    (void)state;
    const struct {
        LmAct act;
        int64_t k;
        float z[3];
        int32_t want;
    } rows[] = {
        {LM_ACT_SOFTMAX, 3, {1, 3, 2}, 1}, {LM_ACT_SOFTMAX, 3, {2, 2, 2}, 0},
        {LM_ACT_NONE, 3, {-5, -4, -4}, 1}, {LM_ACT_SIGMOID, 3, {-1, -2, 5}, 2},
        {LM_ACT_SIGMOID, 1, {0, 0, 0}, 1}, {LM_ACT_SIGMOID, 1, {-1e-6f, 0, 0}, 0},
        {LM_ACT_NONE, 1, {0.5f, 0, 0}, 1}, {LM_ACT_NONE, 1, {0.49f, 0, 0}, 0},
        {LM_ACT_SIGMOID, 1, {3, 0, 0}, 1},
    };
    for (size_t i = 0; i < LM_ARRAY_LEN(rows); i++) {
        LmLossResult r = lm_loss_sample(LM_LOSS_MSE, rows[i].act, rows[i].z, rows[i].k,
                                        label_target(0), 1, NULL);
        assert_int_equal(r.predicted, rows[i].want);
    }
}

static void test_activate(void **state)
{
    (void)state;
    LmRng rng = lm_rng(help_guard_seed(62), LM_RNG_USER, 0, 0);
    static const LmAct acts[] = {LM_ACT_NONE, LM_ACT_SOFTMAX, LM_ACT_SIGMOID};
    for (int round = 0; round < 300; round++) {
        int64_t k = help_float_int(&rng, 1, K_MAX);
        float z[K_MAX];
        long double zl[K_MAX];
        for (int64_t i = 0; i < k; i++) {
            z[i] = 10 * help_float_random(&rng);
            zl[i] = (long double)z[i];
        }
        LmAct act = acts[round % 3];
        lm_loss_activate(act, z, k);
        for (int64_t i = 0; i < k; i++) {
            long double want = probability(act, zl, k, i);
            assert_true(fabsl((long double)z[i] - want) <= fabsl(want) * 0x1p-24L * (1 + 0x1p-20L));
        }
    }
    float far[3] = {1e30f, -1e30f, 1e30f};
    lm_loss_activate(LM_ACT_SOFTMAX, far, 3);
    assert_true(far[0] == 0.5f && far[1] == 0 && far[2] == 0.5f);
}

static void test_check(void **state)
{
    (void)state;
    LmError err;
    assert_ok(lm_loss_check(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, 10, 10, &err), err);
    assert_ok(lm_loss_check(LM_LOSS_CROSS_ENTROPY, LM_ACT_NONE, 2, 2, &err), err);
    assert_ok(lm_loss_check(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, 1, 2, &err), err);
    assert_ok(lm_loss_check(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, 7, 7, &err), err);
    assert_ok(lm_loss_check(LM_LOSS_MSE, LM_ACT_NONE, 1, 2, &err), err);
    assert_fails(lm_loss_check(LM_LOSS_CROSS_ENTROPY, LM_ACT_SIGMOID, 10, 10, &err), LM_EARG, err,
                 "the model ends in sigmoid; use softmax or loss=\"binary_cross_entropy\"");
    assert_fails(lm_loss_check(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SOFTMAX, 10, 10, &err), LM_EARG,
                 err, "\"binary_cross_entropy\" goes with a sigmoid");
    assert_fails(lm_loss_check(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, 1, 2, &err), LM_ESHAPE, err,
                 "the last layer has 1");
    assert_fails(lm_loss_check(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, 10, 9, &err), LM_ESHAPE, err,
                 "the data set has 9 classes, but the model's last layer has 10 outputs; make it "
                 "dense{ 9, ... }");
    assert_fails(lm_loss_check(LM_LOSS_MSE, LM_ACT_SIGMOID, 1, 3, &err), LM_ESHAPE, err,
                 "has 1 output; make it dense{ 3, ... }");
}

static void test_names(void **state)
{
    (void)state;
    static const LmLoss all[] = {LM_LOSS_CROSS_ENTROPY, LM_LOSS_BINARY_CROSS_ENTROPY, LM_LOSS_MSE};
    for (size_t i = 0; i < LM_ARRAY_LEN(all); i++) {
        LmLoss back = LM_LOSS_MSE;
        assert_true(lm_loss_from_name(lm_loss_name(all[i]), &back));
        assert_int_equal(back, all[i]);
    }
    LmLoss untouched = LM_LOSS_BINARY_CROSS_ENTROPY;
    assert_false(lm_loss_from_name("MSE", &untouched));
    assert_false(lm_loss_from_name("", &untouched));
    assert_int_equal(untouched, LM_LOSS_BINARY_CROSS_ENTROPY);
}

/* A row with a one at the class is the class: same bits, also in the gradient. */
static void test_rows_of_a_class(void **state)
{
    (void)state;
    static const float z[4] = {0.5f, -1.25f, 3.0f, 0.125f};
    static const Combination all[] = {{LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX},
                                      {LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID},
                                      {LM_LOSS_MSE, LM_ACT_SOFTMAX},
                                      {LM_LOSS_MSE, LM_ACT_NONE}};
    for (size_t c = 0; c < LM_ARRAY_LEN(all); c++) {
        for (int32_t label = 0; label < 4; label++) {
            float row[4] = {0};
            float by_label[4];
            float by_row[4];
            row[label] = 1;
            LmLossResult a =
                lm_loss_sample(all[c].loss, all[c].act, z, 4, label_target(label), 0.5, by_label);
            LmLossResult b =
                lm_loss_sample(all[c].loss, all[c].act, z, 4, &(LmTarget){-1, row}, 0.5, by_row);
            assert_true(a.loss == b.loss);
            assert_memory_equal(by_label, by_row, sizeof by_row);
        }
    }
}

/* Soft rows: the loss is linear in them, so halves of two classes cost the mean of both. */
static void test_soft_rows(void **state)
{
    (void)state;
    static const float z[3] = {0.25f, -2.0f, 1.5f};
    static const float row[3] = {0.5f, 0.0f, 0.5f};
    float da[3];
    float db[3];
    float d[3];
    LmLossResult a =
        lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, z, 3, label_target(0), 1, da);
    LmLossResult b =
        lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, z, 3, label_target(2), 1, db);
    LmLossResult soft =
        lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, z, 3, &(LmTarget){-1, row}, 1, d);
    /* Three doubles of size 4 at most are added and halved: 8 roundings of 2^-52. */
    assert_true(fabs(soft.loss - (a.loss + b.loss) / 2) <= 8 * 0x1p-52 * 4);
    for (int i = 0; i < 3; i++) {
        assert_true(fabsf(d[i] - (da[i] + db[i]) / 2) <= 0x1p-23f);
    }
    assert_int_equal(soft.n_correct, 0); /* the first of equals is wanted, 2 was predicted */
}

static void test_judged(void **state)
{
    (void)state;
    static const float z[4] = {1.0f, -1.0f, 0.0f, -0.5f};
    static const float row[4] = {1.0f, 1.0f, 1.0f, 0.0f};
    LmLossResult r = lm_loss_sample(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, z, 4,
                                    &(LmTarget){-1, row}, 1, NULL);
    assert_int_equal(r.n_correct, 3);
    assert_int_equal(lm_loss_n_judged(LM_LOSS_BINARY_CROSS_ENTROPY, LM_LABELS_TARGETS, 4), 4);
    assert_int_equal(lm_loss_n_judged(LM_LOSS_BINARY_CROSS_ENTROPY, LM_LABELS_INPUT, 4), 0);
    assert_int_equal(lm_loss_n_judged(LM_LOSS_BINARY_CROSS_ENTROPY, LM_LABELS_CLASS, 4), 1);
    assert_int_equal(lm_loss_n_judged(LM_LOSS_MSE, LM_LABELS_TARGETS, 4), 0);
    assert_int_equal(lm_loss_n_judged(LM_LOSS_MSE, LM_LABELS_ONE_HOT, 4), 1);
}

static void test_check_rows(void **state)
{
    (void)state;
    LmError err;
    assert_ok(lm_loss_check_rows(LM_LOSS_MSE, LM_ACT_NONE, 2, LM_TARGETS_VALUES, 2, &err), err);
    assert_ok(lm_loss_check_rows(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, 5,
                                 LM_TARGETS_MULTI_LABEL, 5, &err),
              err);
    assert_fails(lm_loss_check_rows(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, 5,
                                    LM_TARGETS_MULTI_LABEL, 5, &err),
                 LM_EARG, err, "rows of targets");
    assert_fails(lm_loss_check_rows(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, 5,
                                    LM_TARGETS_VALUES, 5, &err),
                 LM_EARG, err, "use loss=\"mse\"");
    assert_fails(lm_loss_check_rows(LM_LOSS_MSE, LM_ACT_NONE, 1, LM_TARGETS_VALUES, 3, &err),
                 LM_ESHAPE, err, "gives 3 targets an image");
}

/* A class with a row, as mixup gives: the row is learnt, the class is what is judged. */
static void test_blended_classes(void **state)
{
    (void)state;
    const float z[3] = {0.5f, 2, -1};
    const float row[3] = {0.25f, 0, 0.75f};
    const float soft[2] = {0.25f, 0.75f};
    float dz[3];
    float want[3];
    const LmTarget both = {2, row};
    const LmTarget only = {-1, row};
    LmLossResult a = lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, z, 3, &both, 1, dz);
    LmLossResult b = lm_loss_sample(LM_LOSS_CROSS_ENTROPY, LM_ACT_SOFTMAX, z, 3, &only, 1, want);
    assert_true(a.loss == b.loss);
    assert_memory_equal(dz, want, sizeof dz);
    assert_int_equal(a.n_correct, 0);
    const LmTarget first = {1, row};
    a = lm_loss_sample(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, z, 3, &first, 1, NULL);
    assert_int_equal(a.n_correct, 1);
    /* One output for two classes: the second one's share. */
    const LmTarget pair = {1, soft};
    const LmTarget share = {-1, soft + 1};
    a = lm_loss_sample(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, z, 1, &pair, 1, dz);
    b = lm_loss_sample(LM_LOSS_BINARY_CROSS_ENTROPY, LM_ACT_SIGMOID, z, 1, &share, 1, want);
    assert_true(a.loss == b.loss && dz[0] == want[0]);
    assert_int_equal(a.n_correct, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_a_class),
        cmocka_unit_test(test_soft_rows),
        cmocka_unit_test(test_judged),
        cmocka_unit_test(test_check_rows),
        cmocka_unit_test(test_values_and_gradients),
        cmocka_unit_test(test_in_place_and_without_gradient),
        cmocka_unit_test(test_far_outputs),
        cmocka_unit_test(test_losses_of_no_number_show),
        cmocka_unit_test(test_predicted_class),
        cmocka_unit_test(test_activate),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_blended_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
