/* Augmentations as descriptions: the table of kinds, what checks refuse, copies, texts. */
#include <math.h>

#include "help_test.h"

#include "augment/augment.h"

static LmAugment of(LmAugmentKind kind, double lo, double hi)
{
    LmAugment a = lm_augment(kind);
    a.span[0] = (LmSpan){lo, hi};
    return a;
}

static LmAugment group(LmAugmentKind kind, LmAugment *entries, int n)
{
    LmAugment a = lm_augment(kind);
    a.entries = entries;
    a.n_entries = n;
    return a;
}

static void refuse(const LmAugment *a, const char *text)
{
    LmError err;
    assert_fails(lm_augment_check(a, &err), LM_EARG, err, text);
}

/* --- the table --- */

static void test_every_kind_is_complete(void **state)
{
    (void)state;
    LmError err;
    for (int i = 0; i < LM_AUGMENT_KIND_COUNT; i++) {
        LmAugmentKind kind = (LmAugmentKind)i;
        const LmAugmentSpec *spec = lm_augment_spec(kind);
        LmAugmentKind found = LM_AUGMENT_KIND_COUNT;
        assert_true(lm_augment_kind_from_name(spec->name, &found));
        assert_int_equal(found, kind);
        LmAugment child = lm_augment(LM_AUGMENT_FLIP);
        LmAugment a = lm_augment(kind);
        if (spec->class == LM_AUGMENT_GROUP) {
            a.entries = &child;
            a.n_entries = 1;
        }
        assert_ok(lm_augment_check(&a, &err), err);
        char text[256];
        assert_true(strncmp(lm_augment_describe(&a, text, sizeof text), spec->function,
                            strlen(spec->function)) == 0);
        if (spec->class != LM_AUGMENT_GROUP && spec->class != LM_AUGMENT_MIX &&
            kind != LM_AUGMENT_FLIP) {
            assert_non_null(spec->drawn[0]);
            assert_true(spec->n_spans >= 1);
        }
    }
    LmAugmentKind none;
    assert_false(lm_augment_kind_from_name("rotates", &none));
}

static void test_single_numbers(void **state)
{
    (void)state;
    LmSpan s = lm_augment_span(&lm_augment_spec(LM_AUGMENT_ROTATE)->span[0], 15);
    assert_true(s.lo == -15 && s.hi == 15);
    s = lm_augment_span(&lm_augment_spec(LM_AUGMENT_ZOOM)->span[0], 0.25);
    assert_true(s.lo == 0.75 && s.hi == 1.25);
    s = lm_augment_span(&lm_augment_spec(LM_AUGMENT_NOISE)->span[0], 8);
    assert_true(s.lo == 8 && s.hi == 8);
}

/* --- checks --- */

static void test_spans(void **state)
{
    (void)state;
    LmAugment a = of(LM_AUGMENT_ROTATE, 10, -10);
    refuse(&a, "rotate: degrees is 10 to -10, wanted the lower bound first");
    a = of(LM_AUGMENT_ROTATE, -10, 361);
    refuse(&a, "rotate: degrees is 361, wanted -360 to 360");
    a = of(LM_AUGMENT_ROTATE, (double)NAN, 1);
    refuse(&a, "rotate: degrees is nan");
    a = of(LM_AUGMENT_ROTATE, 0, (double)INFINITY);
    refuse(&a, "rotate: degrees is inf");
    a = of(LM_AUGMENT_ZOOM, 0, 1);
    refuse(&a, "zoom: factor is 0, wanted 0.01 to 100");
    a = of(LM_AUGMENT_BRIGHTNESS, -0.1, 1);
    refuse(&a, "brightness: factor is -0.1, wanted 0 to 1000");
    a = of(LM_AUGMENT_CROP_SCALE, 0.5, 1.5);
    refuse(&a, "crop: scale is 1.5, wanted 0.0001 to 1");
    a = of(LM_AUGMENT_MIXUP, 0, 0);
    refuse(&a, "mixup: alpha is 0");
}

static void test_options(void **state)
{
    (void)state;
    LmError err;
    LmAugment a = of(LM_AUGMENT_SHIFT, -1, 1);
    refuse(&a, "shift: height is 1 of the image, wanted a fraction below 1; use unit=\"pixels\"");
    a.choice = LM_SHIFT_PIXELS;
    assert_ok(lm_augment_check(&a, &err), err);
    a = lm_augment(LM_AUGMENT_SHIFT);
    a.span[1] = (LmSpan){-1.5, 0};
    refuse(&a, "shift: width is 1.5 of the image");
    a = lm_augment(LM_AUGMENT_ROTATE);
    a.p = 1.5;
    refuse(&a, "rotate: p is 1.5, wanted a probability from 0 to 1");
    a.p = (double)NAN;
    refuse(&a, "rotate: p is nan");
    a.p = 0;
    a.order = 2;
    refuse(&a, "rotate: order is 2, wanted 0 (nearest pixel) or 1 (bilinear)");
    a.order = 0;
    a.fill_value = 1e300;
    refuse(&a, "rotate: fill_value is 1e+300, wanted a finite number");
    a = lm_augment(LM_AUGMENT_ERASE);
    a.value = (double)NAN;
    refuse(&a, "erase: value is nan, wanted a finite number");
}

static void test_groups(void **state)
{
    (void)state;
    LmAugment entries[2] = {lm_augment(LM_AUGMENT_FLIP), of(LM_AUGMENT_ROTATE, 2, 1)};
    double weights[2] = {0, 0};
    LmAugment a = group(LM_AUGMENT_ONE_OF, entries, 0);
    refuse(&a, "one_of: wants one augmentation at least, got none");
    a.n_entries = 2;
    refuse(&a, "rotate: degrees is 2 to 1");
    entries[1] = lm_augment(LM_AUGMENT_MIXUP);
    refuse(&a, "one_of: a mixup cannot stand in a group");
    entries[1] = lm_augment(LM_AUGMENT_FLIP);
    a.weights = weights;
    refuse(&a, "one_of: all weights are 0");
    weights[1] = -1;
    refuse(&a, "one_of: weight 2 is -1, wanted a finite number, 0 or more");
    LmAugment nested[LM_AUGMENT_DEPTH_MAX + 1];
    nested[0] = lm_augment(LM_AUGMENT_FLIP);
    for (int i = 1; i <= LM_AUGMENT_DEPTH_MAX; i++) {
        nested[i] = group(LM_AUGMENT_SOMETIMES, &nested[i - 1], 1);
    }
    LmError err;
    assert_ok(lm_augment_check(&nested[LM_AUGMENT_DEPTH_MAX], &err), err);
    a = group(LM_AUGMENT_SOMETIMES, &nested[LM_AUGMENT_DEPTH_MAX], 1);
    refuse(&a, "sometimes: stands 9 groups deep, wanted 8 at most");
}

static void test_lists(void **state)
{
    (void)state;
    LmError err;
    LmAugment list[LM_AUGMENT_MAX + 1];
    for (int i = 0; i <= LM_AUGMENT_MAX; i++) {
        list[i] = lm_augment(LM_AUGMENT_FLIP);
    }
    assert_ok(lm_augment_check_list(list, 0, &err), err);
    assert_ok(lm_augment_check_list(list, LM_AUGMENT_MAX, &err), err);
    assert_fails(lm_augment_check_list(list, LM_AUGMENT_MAX + 1, &err), LM_EARG, err,
                 "the list has 65 augmentations, wanted 64 at most");
    list[1] = of(LM_AUGMENT_HUE, 0, 200);
    snprintf(list[1].where, sizeof list[1].where, "a.lua:7");
    assert_fails(lm_augment_check_list(list, 3, &err), LM_EARG, err,
                 "augmentation 2 (hue, a.lua:7): hue: degrees is 200");
    list[1] = lm_augment(LM_AUGMENT_MIXUP);
    assert_fails(lm_augment_check_list(list, 3, &err), LM_EARG, err,
                 "augmentation 2 (mixup): blends finished images, so it must be the last");
    assert_ok(lm_augment_check_list(list, 2, &err), err);
    LmAugment inner[3] = {list[0], group(LM_AUGMENT_SOMETIMES, list, 1), list[0]};
    LmAugment outer = group(LM_AUGMENT_ONE_OF, inner, 3);
    assert_int_equal(lm_augment_count(&outer, 1), 5);
}

/* --- copies and texts --- */

static void test_copies(void **state)
{
    (void)state;
    LmError err;
    double weights[2] = {1, 3};
    LmAugment leaf = of(LM_AUGMENT_ROTATE, -5, 5);
    LmAugment entries[2] = {leaf, group(LM_AUGMENT_SOMETIMES, &leaf, 1)};
    LmAugment a = group(LM_AUGMENT_ONE_OF, entries, 2);
    a.weights = weights;
    size_t before = lm_mem_in_use();
    LmAugment *copy = NULL;
    assert_survives_oom(lm_augment_copy_list(&copy, &a, 1, &err), err);
    weights[1] = 0;
    leaf.span[0].hi = 1;
    assert_true(copy[0].weights[1] == 3);
    assert_true(copy[0].entries[1].entries[0].span[0].hi == 5);
    lm_augment_free_list(copy, 1);
    lm_augment_free_list(NULL, 1);
    assert_int_equal(lm_mem_in_use(), before);
}

static void check_text(const LmAugment *a, const char *text)
{
    char buffer[256];
    assert_string_equal(lm_augment_describe(a, buffer, sizeof buffer), text);
}

static void test_texts(void **state)
{
    (void)state;
    char buffer[256];
    LmAugment list[6] = {of(LM_AUGMENT_ROTATE, -15, 15), of(LM_AUGMENT_SHIFT, -0.1, 0.1),
                         lm_augment(LM_AUGMENT_FLIP),    of(LM_AUGMENT_ZOOM, 0.9, 1.1),
                         of(LM_AUGMENT_NOISE, 8, 8),     lm_augment(LM_AUGMENT_MIXUP)};
    check_text(&list[0], "rotate -15 to 15 degrees, fill nearest");
    check_text(&list[1], "shift height -10 to 10% width 0%, fill nearest");
    check_text(&list[2], "flip horizontal, p 0.5");
    list[3].fill = LM_FILL_CONSTANT;
    list[3].fill_value = 7;
    list[3].order = 0;
    list[3].p = 0.25;
    check_text(&list[3], "zoom 0.9 to 1.1, fill constant 7, order 0, p 0.25");
    check_text(&list[4], "noise std 8");
    check_text(&list[5], "mixup alpha 0.2");
    double weights[2] = {1, 2};
    LmAugment a = group(LM_AUGMENT_ONE_OF, list + 4, 2);
    a.weights = weights;
    check_text(&a, "one_of { 1 x noise std 8; 2 x mixup alpha 0.2 }");
    assert_string_equal(lm_augment_explain(list, 6, buffer, sizeof buffer),
                        "runs 1 to 3 as one warp, then 4 as one warp, then 5 on floats in place, "
                        "then 6 on two finished images");
    assert_string_equal(lm_augment_explain(list, 0, buffer, sizeof buffer), "");
    lm_augment_describe(&a, buffer, 10);
    assert_int_equal(strlen(buffer), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_is_complete),
        cmocka_unit_test(test_single_numbers),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
