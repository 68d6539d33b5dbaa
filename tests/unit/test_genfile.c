/* Generators as JSON: there and back to the same bits, and what is refused. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "help_guard.h"
#include "help_test.h"

#include "base/rng.h"
#include "flow/generator.h"

static const int64_t shape[3] = {2, 3, 2};

static LmGenerator *generator(const LmStage *stages, int n)
{
    LmError err;
    LmGenerator *g = NULL;
    assert_ok(lm_generator_new(&g, stages, n, &err), err);
    return g;
}

static char *to_json(const LmGenerator *g)
{
    LmError err;
    char *text = NULL;
    assert_ok(lm_generator_to_json(g, &text, &err), err);
    return text;
}

static LmGenerator *from_json(const char *text)
{
    LmError err;
    LmGenerator *g = NULL;
    assert_ok(lm_generator_from_json(&g, text, NULL, "a file", &err), err);
    return g;
}

static void assert_same_numbers(const double *a, const double *b, int64_t n)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a != NULL) {
        assert_memory_equal(a, b, (size_t)n * sizeof *a);
    }
}

static void assert_same_stage(const LmStage *a, const LmStage *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->scope, b->scope);
    assert_int_equal(a->axis, b->axis);
    const double numbers_a[] = {a->factor, a->epsilon, a->lo, a->hi};
    const double numbers_b[] = {b->factor, b->epsilon, b->lo, b->hi};
    assert_memory_equal(numbers_a, numbers_b, sizeof numbers_a);
    assert_int_equal(a->width, b->width);
    assert_memory_equal(a->shape, b->shape, sizeof a->shape);
    assert_same_numbers(a->mean, b->mean, a->width);
    assert_same_numbers(a->std, b->std, a->width);
}

static void assert_round_trip(LmGenerator *g)
{
    char *text = to_json(g);
    LmGenerator *back = from_json(text);
    assert_int_equal(lm_generator_n_stages(back), lm_generator_n_stages(g));
    for (int i = 0; i < lm_generator_n_stages(g); i++) {
        assert_same_stage(lm_generator_stage(g, i), lm_generator_stage(back, i));
    }
    char *again = to_json(back);
    assert_string_equal(text, again);
    lm_mem_free(text);
    lm_mem_free(again);
    lm_generator_unref(back);
}

/* Any finite double: random bits. */
static double random_double(LmRng *rng)
{
    for (;;) {
        uint64_t bits = (uint64_t)lm_rng_u32(rng) << 32;
        bits |= lm_rng_u32(rng);
        double x;
        memcpy(&x, &bits, sizeof x);
        if (isfinite(x)) {
            return x;
        }
    }
}

static LmStage random_stage(LmRng *rng)
{
    LmError err;
    double mean[12];
    double std[12];
    LmStage s = {0};
    for (size_t i = 0; i < LM_ARRAY_LEN(mean); i++) {
        mean[i] = random_double(rng);
        std[i] = fabs(random_double(rng));
    }
    switch (lm_rng_below(rng, 4)) {
    case 0:
        return lm_stage_rescale(random_double(rng));
    case 1:
        return lm_stage_clip(fmin(mean[0], mean[1]), fmax(mean[0], mean[1]));
    case 2:
        s = lm_stage_center((LmScope)lm_rng_below(rng, 2), (LmAxis)lm_rng_below(rng, 2));
        break;
    default:
        s = lm_stage_standardize(LM_SCOPE_FEATURE, (LmAxis)lm_rng_below(rng, 3),
                                 fabs(random_double(rng)));
        break;
    }
    if (lm_stage_needs_fit(&s) && lm_rng_below(rng, 4) > 0) {
        assert_ok(lm_stage_set_fit(&s, shape, mean, std, &err), err);
    }
    return s;
}

static void test_round_trip_of_any_doubles(void **state)
{
    (void)state;
    uint64_t seed = help_guard_seed(5);
    for (uint64_t turn = 0; turn < 500; turn++) {
        LmRng rng = lm_rng(seed, LM_RNG_USER, turn, 0);
        LmStage stages[5];
        int n = (int)lm_rng_below(&rng, 6);
        for (int i = 0; i < n; i++) {
            stages[i] = random_stage(&rng);
        }
        LmGenerator *g = generator(stages, n);
        assert_round_trip(g);
        lm_generator_unref(g);
        for (int i = 0; i < n; i++) {
            lm_stage_fini(&stages[i]);
        }
    }
}

static void test_infinite_bounds(void **state)
{
    (void)state;
    const LmStage stages[] = {lm_stage_clip(0, (double)INFINITY),
                              lm_stage_clip(-(double)INFINITY, 1),
                              lm_stage_clip(-(double)INFINITY, (double)INFINITY)};
    LmGenerator *g = generator(stages, 3);
    assert_round_trip(g);
    lm_generator_unref(g);
}

/* Saved files are read by later versions: this text stays readable. */
static void test_text(void **state)
{
    (void)state;
    static const char *const want =
        "{\"stages\":[{\"kind\":\"rescale\",\"factor\":0.0039215686274509803},"
        "{\"kind\":\"standardize\",\"scope\":\"feature\",\"axis\":\"all\",\"epsilon\":"
        "9.9999999999999995e-7,\"shape\":[2,3,2],\"mean\":[0.5],\"std\":[0.25]},"
        "{\"kind\":\"center\",\"scope\":\"sample\",\"axis\":\"channel\"},"
        "{\"kind\":\"clip\",\"lo\":-1.0,\"hi\":1.0}],"
        "\"fitted_on\":\"mnist train (60,000 images)\"}";
    LmError err;
    LmStage stages[] = {
        lm_stage_rescale(1.0 / 255),
        lm_stage_standardize(LM_SCOPE_FEATURE, LM_AXIS_ALL, 1e-6),
        lm_stage_center(LM_SCOPE_SAMPLE, LM_AXIS_CHANNEL),
        lm_stage_clip(-1, 1),
    };
    const double mean = 0.5;
    const double std = 0.25;
    assert_ok(lm_stage_set_fit(&stages[1], shape, &mean, &std, &err), err);
    LmGenerator *g = generator(stages, 4);
    assert_ok(lm_generator_set_fitted_on(g, "mnist train (60,000 images)", &err), err);
    char *text = to_json(g);
    assert_string_equal(text, want);
    LmGenerator *back = from_json(want);
    assert_string_equal(lm_generator_fitted_on(back), "mnist train (60,000 images)");
    assert_true(lm_generator_is_fitted(back));
    lm_mem_free(text);
    lm_stage_fini(&stages[1]);
    lm_generator_unref(g);
    lm_generator_unref(back);
}

static void test_names_in_other_encodings(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = generator(NULL, 0);
    assert_ok(lm_generator_set_fitted_on(g, "gr\xfc\xdf\x65 (3 images)", &err), err);
    char *text = to_json(g);
    LmGenerator *back = from_json(text);
    assert_string_equal(lm_generator_fitted_on(back), "gr??e (3 images)");
    assert_null(strstr(text, "null"));
    lm_mem_free(text);
    lm_generator_unref(g);
    lm_generator_unref(back);
    g = generator(NULL, 0);
    text = to_json(g);
    assert_string_equal(text, "{\"stages\":[]}");
    lm_mem_free(text);
    lm_generator_unref(g);
}

#define STAGE(text) "{\"stages\":[" text "]}"
#define FEATURE(rest)                                                                              \
    STAGE("{\"kind\":\"standardize\",\"scope\":\"feature\",\"axis\":\"all\"," rest "}")
#define FIT(mean, std) "\"epsilon\":0,\"shape\":[1,2,1],\"mean\":" mean ",\"std\":" std

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "a file: the description of the generator: is no JSON"},
        {"{\"stages\":[]", "is no JSON"},
        {"{\"stages\":[]} x", "is no JSON"},
        {"{\"stages\":[],\"stages\":[]}", "is no JSON"},
        {"[]", "is no JSON object"},
        {"{}", "has no list of stages"},
        {"{\"stages\":{}}", "has no list of stages"},
        {"{\"stages\":[],\"flips\":1}", "unknown entry 'flips'; a later luma wrote it?"},
        {"{\"stages\":[],\"fitted_on\":3}", "fitted on in no text"},
        {STAGE("3"), "stage 1: no stage '?' in this version"},
        {STAGE("{}"), "stage 1: no stage '?'"},
        {STAGE("{\"kind\":3}"), "no stage '?'"},
        {STAGE("{\"kind\":\"clip\",\"lo\":0},{\"kind\":\"whiten\"}"), "stage 2: no stage 'whiten'"},
        {STAGE("{\"kind\":\"rescale\"}"), "factor is nan"},
        {STAGE("{\"kind\":\"rescale\",\"factor\":\"2\"}"), "factor is nan"},
        {STAGE("{\"kind\":\"rescale\",\"factor\":0}"), "stage 1: rescale: factor is 0"},
        {STAGE("{\"kind\":\"rescale\",\"factor\":1e999}"), "is no JSON"},
        {STAGE("{\"kind\":\"rescale\",\"factor\":2,\"offset\":1}"), "unknown entry 'offset'"},
        {STAGE("{\"kind\":\"clip\",\"lo\":2,\"hi\":1}"), "bounds are 2 and 1"},
        {STAGE("{\"kind\":\"clip\",\"lo\":null,\"hi\":1}"), "bounds are nan and 1"},
        {STAGE("{\"kind\":\"center\"}"), "its scope or axis is unknown"},
        {STAGE("{\"kind\":\"center\",\"scope\":\"sample\",\"axis\":\"row\"}"), "is unknown"},
        {STAGE("{\"kind\":\"center\",\"scope\":\"batch\",\"axis\":\"all\"}"), "is unknown"},
        {STAGE("{\"kind\":\"center\",\"scope\":\"sample\",\"axis\":\"pixel\"}"), "into 0"},
        {STAGE("{\"kind\":\"center\",\"scope\":\"sample\",\"axis\":\"all\",\"epsilon\":0}"),
         "unknown entry 'epsilon'"},
        {STAGE("{\"kind\":\"center\",\"scope\":\"sample\",\"axis\":\"all\",\"shape\":[1,1,1],"
               "\"mean\":[1]}"),
         "not those of such a stage"},
        {FEATURE("\"epsilon\":-1"), "epsilon is -1"},
        {FEATURE("\"shape\":[1,1,1]"), "epsilon is nan"},
        {FEATURE("\"epsilon\":0,\"mean\":[1]"), "not those of such a stage"},
        {FEATURE("\"epsilon\":0,\"std\":[1]"), "its shape is damaged"},
        {FEATURE("\"epsilon\":0,\"shape\":[1,1],\"mean\":[1],\"std\":[1]"), "shape is damaged"},
        {FEATURE("\"epsilon\":0,\"shape\":[1,1,1,1],\"mean\":[1],\"std\":[1]"), "is damaged"},
        {FEATURE("\"epsilon\":0,\"shape\":[1,0,1],\"mean\":[1],\"std\":[1]"), "is damaged"},
        {FEATURE("\"epsilon\":0,\"shape\":[1,1,9999999999],\"mean\":[1],\"std\":[1]"),
         "is damaged"},
        {FEATURE(FIT("[1,2]", "[1]")), "has 2 statistics, its shape asks for 1"},
        {FEATURE(FIT("[]", "[1]")), "has 0 statistics"},
        {FEATURE(FIT("5", "[1]")), "has 0 statistics"},
        {FEATURE(FIT("[\"1\"]", "[1]")), "statistic 1 is no number"},
        {FEATURE(FIT("[1]", "[1,1]")), "has 2 statistics"},
        {FEATURE(FIT("[1]", "[-1]")), "std -1"},
        {FEATURE(FIT("[1]", "[0]")), "never varies (std 0) and epsilon is 0"},
    };
    LmError err;
    LmGenerator *g = NULL;
    size_t before = lm_mem_in_use();
    for (size_t i = 0; i < LM_ARRAY_LEN(cases); i++) {
        assert_fails(lm_generator_from_json(&g, cases[i].text, NULL, "a file", &err), LM_EFORMAT,
                     err, cases[i].message);
        assert_null(g);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_refuses_too_many_stages(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = NULL;
    char text[3000] = "{\"stages\":[0";
    for (int i = 1; i < 1001; i++) {
        strcat(text, ",0");
    }
    strcat(text, "]}");
    assert_fails(lm_generator_from_json(&g, text, NULL, "f", &err), LM_EFORMAT, err,
                 "list of stages");
}

/* Any byte replaced, and any end cut off: an error or another generator, but nothing worse. */
static void test_damaged_text(void **state)
{
    (void)state;
    static const char *const text = FEATURE(FIT("[0.5]", "[0.25]"));
    LmError err;
    size_t n = strlen(text);
    size_t before = lm_mem_in_use();
    char *copy = malloc(n + 1);
    for (size_t at = 0; at < n; at++) {
        for (int byte = 0; byte < 256; byte++) {
            LmGenerator *g = NULL;
            memcpy(copy, text, n + 1);
            copy[at] = (char)byte;
            if (lm_generator_from_json(&g, copy, NULL, "f", &err) == LM_OK) {
                lm_generator_unref(g);
            } else {
                assert_int_equal(err.code, LM_EFORMAT);
                assert_null(g);
            }
        }
    }
    free(copy);
    assert_int_equal(lm_mem_in_use(), before);
}

/* --- out of memory, ours and jansson's --- */

/* jansson's allocations fail in turn while it writes. Its reader (2.14) does not survive that: it
 * passes over a buffer that did not grow, and then writes behind its end. */
static int64_t json_countdown;

static void *json_take(size_t size)
{
    return json_countdown > 0 && --json_countdown == 0 ? NULL : malloc(size);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static const char *const text =
        "{\"stages\":[{\"kind\":\"standardize\",\"scope\":\"feature\",\"axis\":\"channel\","
        "\"epsilon\":0.5,\"shape\":[1,1,3],\"mean\":[1.0,2.0,3.0],\"std\":[1.0,2.0,4.0]},"
        "{\"kind\":\"clip\",\"lo\":-1.0,\"hi\":1.0}],\"fitted_on\":\"set (2 images)\"}";
    LmError err;
    LmGenerator *g = NULL;
    char *out = NULL;
    assert_survives_oom(lm_generator_from_json(&g, text, NULL, "f", &err), err);
    assert_survives_oom(lm_generator_to_json(g, &out, &err), err);
    assert_string_equal(out, text);
    lm_mem_free(out);
    out = NULL;

    json_set_alloc_funcs(json_take, free);
    int64_t n_failed = 0;
    out = NULL;
    for (json_countdown = 1; lm_generator_to_json(g, &out, &err) != LM_OK; n_failed++) {
        assert_int_equal(err.code, LM_EMEM);
        assert_null(out);
        json_countdown = n_failed + 2;
    }
    json_countdown = 0;
    json_set_alloc_funcs(malloc, free);
    assert_true(n_failed > 10);
    assert_string_equal(out, text);
    lm_mem_free(out);
    lm_generator_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_of_any_doubles),
        cmocka_unit_test(test_infinite_bounds),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_names_in_other_encodings),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_too_many_stages),
        cmocka_unit_test(test_damaged_text),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
