/* Augmentations in files: every kind there and back to the same bits; what is refused. */
#include <math.h>
#include <stdlib.h>

#include "help_test.h"

#include "flow/generator.h"
#include "flow/genfile_augment.h"

static LmGenerator *generator(const LmAugment *list, int n)
{
    LmError err;
    LmGenerator *empty = NULL;
    LmGenerator *g = NULL;
    assert_ok(lm_generator_new(&empty, NULL, 0, &err), err);
    assert_ok(lm_generator_augment(&g, empty, list, n, &err), err);
    lm_generator_unref(empty);
    return g;
}

static char *to_json(const LmGenerator *g)
{
    LmError err;
    char *text = NULL;
    assert_ok(lm_generator_to_json(g, &text, &err), err);
    return text;
}

static void assert_same(const LmAugment *a, const LmAugment *b)
{
    assert_int_equal(a->kind, b->kind);
    const double x[] = {a->p,          a->span[0].lo, a->span[0].hi, a->span[1].lo,
                        a->span[1].hi, a->value,      a->fill_value};
    const double y[] = {b->p,          b->span[0].lo, b->span[0].hi, b->span[1].lo,
                        b->span[1].hi, b->value,      b->fill_value};
    assert_memory_equal(x, y, sizeof x);
    assert_int_equal(a->choice, b->choice);
    assert_int_equal(a->is_whole, b->is_whole);
    assert_int_equal(a->is_separate, b->is_separate);
    assert_int_equal(a->fill, b->fill);
    assert_int_equal(a->order, b->order);
    assert_int_equal(a->n_entries, b->n_entries);
    assert_int_equal(a->weights == NULL, b->weights == NULL);
    for (int i = 0; i < a->n_entries; i++) {
        assert_true(a->weights == NULL || a->weights[i] == b->weights[i]);
        assert_same(&a->entries[i], &b->entries[i]);
    }
}

/* An entry of that kind with nothing at its default that a file keeps. */
static LmAugment unusual(LmAugmentKind kind)
{
    LmAugment a = lm_augment(kind);
    const LmAugmentSpec *spec = lm_augment_spec(kind);
    a.p = 1 / 3.0;
    for (int i = 0; i < spec->n_spans; i++) {
        double lo = spec->span[i].lo;
        double width = spec->span[i].hi - lo;
        a.span[i] = (LmSpan){lo + width / 7, lo + width / 3};
    }
    if (spec->class == LM_AUGMENT_GEOMETRIC && kind != LM_AUGMENT_FLIP) {
        a.fill = LM_FILL_TILE;
        a.fill_value = -0.1;
        a.order = 0;
    }
    a.choice = kind == LM_AUGMENT_FLIP || kind == LM_AUGMENT_SHIFT;
    a.is_whole = kind == LM_AUGMENT_SHIFT;
    a.is_separate = kind == LM_AUGMENT_ZOOM;
    a.value = kind == LM_AUGMENT_ERASE ? 0.7 : 0;
    return a;
}

static void test_there_and_back(void **state)
{
    (void)state;
    LmError err;
    LmAugment list[LM_AUGMENT_MIXUP + 3];
    double weights[2] = {0.1, 7};
    for (int i = 0; i <= LM_AUGMENT_MIXUP; i++) {
        list[i + 2] = unusual((LmAugmentKind)i);
    }
    list[0] = unusual(LM_AUGMENT_ONE_OF);
    list[0].entries = list + 2;
    list[0].n_entries = 2;
    list[0].weights = weights;
    list[1] = unusual(LM_AUGMENT_SOMETIMES);
    list[1].entries = list;
    list[1].n_entries = 1;
    int n = LM_ARRAY_LEN(list);
    LmGenerator *g = generator(list, n);
    LmGenerator *back = NULL;
    char *text = to_json(g);
    size_t before = lm_mem_in_use();
    assert_survives_oom(lm_generator_from_json(&back, text, NULL, "a file", &err), err);
    assert_int_equal(lm_generator_n_augments(back), n);
    for (int i = 0; i < n; i++) {
        assert_same(&list[i], &lm_generator_augment_list(back)[i]);
    }
    char *again = to_json(back);
    assert_string_equal(text, again);
    lm_mem_free(again);
    lm_generator_unref(back);
    assert_int_equal(lm_mem_in_use(), before);
    lm_mem_free(text);
    lm_generator_unref(g);
}

/* Files of generators without a list, older ones among them. */
static void test_without_list(void **state)
{
    (void)state;
    LmError err;
    LmGenerator *g = NULL;
    assert_ok(lm_generator_from_json(&g, "{\"stages\":[]}", NULL, "a file", &err), err);
    assert_int_equal(lm_generator_n_augments(g), 0);
    char *text = to_json(g);
    assert_null(strstr(text, "augments"));
    lm_mem_free(text);
    lm_generator_unref(g);
}

/* The text `old` of a good file replaced by `new`. */
static void refuse(const char *old, const char *new, const char *message)
{
    LmError err;
    LmGenerator *g = NULL;
    LmAugment flip = lm_augment(LM_AUGMENT_FLIP);
    double weight = 1;
    LmAugment list[] = {lm_augment(LM_AUGMENT_ZOOM), lm_augment(LM_AUGMENT_ONE_OF)};
    list[1].entries = &flip;
    list[1].n_entries = 1;
    list[1].weights = &weight;
    LmGenerator *good = generator(list, 2);
    char *text = to_json(good);
    char was[1024];
    char bad[2048];
    snprintf(was, sizeof was, "%s", text);
    lm_mem_free(text);
    const char *at = strstr(was, old);
    if (at == NULL) {
        fail_msg("no %s in %s", old, was);
        return;
    }
    snprintf(bad, sizeof bad, "%.*s%s%s", (int)(at - was), was, new, at + strlen(old));
    assert_fails(lm_generator_from_json(&g, bad, NULL, "a file", &err), LM_EFORMAT, err, message);
    assert_null(g);
    lm_generator_unref(good);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char part[] = "entries of 'zoom' are missing, damaged or unknown";
    refuse("\"zoom\"", "\"magnify\"", "augmentation 1: no augmentation 'magnify' in this version");
    refuse("\"kind\":\"zoom\"", "\"kind\":7", "no augmentation '?' in this version");
    refuse("\"separate\":false", "\"separate\":0", part);
    refuse("\"separate\":false", "\"other\":false", part);
    refuse("\"separate\":false", "\"separate\":false,\"later\":1", part);
    refuse("\"order\":1", "\"order\":1.5", part);
    refuse("\"order\":1", "\"order\":\"1\"", part);
    refuse("\"nearest\"", "\"wide\"", part);
    refuse("\"factor\":[1.0,1.0]", "\"factor\":[1.0]", part);
    refuse("\"factor\":[1.0,1.0]", "\"factor\":[1.0,\"2\"]", part);
    refuse("\"factor\":[1.0,1.0]", "\"factor\":[2.0,1.0]", "wanted the lower bound first");
    refuse("\"factor\":[1.0,1.0]", "\"factor\":[1.0,1e9]", "factor is 1e+09");
    refuse("\"p\":1.0", "\"p\":2.0", "p is 2");
    refuse("\"p\":1.0", "\"p\":null", part);
    refuse("\"weights\":[1.0]", "\"weights\":[1.0,2.0]", "entries of 'one_of' are missing");
    refuse("\"weights\":[1.0]", "\"weights\":[0.0]", "all weights are 0");
    refuse("\"weights\":[1.0]", "\"weights\":[null]", "entries of 'one_of' are missing");
    refuse("\"horizontal\"", "\"diagonal\"", "augmentation 2: augmentation 1: entries of 'flip'");
    refuse("[{\"kind\":\"zoom\"", "[7,{\"kind\":\"zoom\"", "no augmentation '?'");
}

/* Groups in groups in groups, deeper than any list may be: refused, not followed. */
static void test_too_deep(void **state)
{
    (void)state;
    enum { DEEP = 200 };
    LmError err;
    LmGenerator *g = NULL;
    char text[64 * DEEP] = "{\"stages\":[],\"augments\":[";
    for (int i = 0; i < DEEP; i++) {
        strcat(text, "{\"kind\":\"sometimes\",\"p\":1,\"entries\":[");
    }
    for (int i = 0; i < DEEP; i++) {
        strcat(text, "]}");
    }
    strcat(text, "]}");
    assert_fails(lm_generator_from_json(&g, text, NULL, "a file", &err), LM_EFORMAT, err,
                 "has no list of augmentations, or one too long or deep");
    assert_fails(
        lm_generator_from_json(&g, "{\"stages\":[],\"augments\":{}}", NULL, "a file", &err),
        LM_EFORMAT, err, "has no list of augmentations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_without_list),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
