/* Weights of data sets (src/data/weights.c), and what views carry along beside labels: targets,
 * weights, names of items, files left out (src/data/view.c). */
#include "help_dataset.h"
#include "help_test.h"

#include <math.h>

#include "data/sources.h"

static void test_balanced(void **state)
{
    (void)state;
    LmError err;
    LmDataset *base = help_dataset_new("base", 10, 1, 1, 1, LM_U8, 3, 1); /* 4, 3 and 3 images */
    LmDataset *ds = NULL;
    double sum = 0;
    assert_ok(lm_weights_new_balanced(&ds, base, &err), err);
    assert_null(base->weights);
    for (int64_t i = 0; i < 10; i++) {
        float want = (float)(10.0 / (3.0 * (i % 3 == 0 ? 4 : 3)));
        assert_true(ds->weights[i] == want);
        sum += (double)ds->weights[i];
    }
    assert_true(fabs(sum - 10) < 1e-5);
    /* A class without images is no class to share with: 10 / (2 * n). */
    LmDataset *two = NULL;
    LmDataset *balanced = NULL;
    assert_ok(lm_view_filter(&two, ds, (const int32_t[]){0, 2}, 2, &err), err);
    assert_ok(lm_weights_new_balanced(&balanced, two, &err), err);
    for (int64_t i = 0; i < 7; i++) {
        assert_true(balanced->weights[i] == (float)(7.0 / (2.0 * (two->labels[i] == 0 ? 4 : 3))));
        assert_true(two->weights[i] == ds->weights[i / 2 * 3 + i % 2 * 2]);
    }
    lm_dataset_unref(two);
    lm_dataset_unref(balanced);
    lm_dataset_unref(ds);
    lm_dataset_unref(base);
}

static void test_counts(void **state)
{
    (void)state;
    LmError err;
    int64_t counts[3];
    LmDataset *base = help_dataset_new("base", 10, 1, 1, 1, LM_U8, 3, 1);
    lm_dataset_counts(base, counts);
    assert_int_equal(counts[0], 4);
    assert_int_equal(counts[1], 3);
    assert_int_equal(counts[2], 3);
    lm_dataset_unref(base);
    LmDataset *plain = help_dataset_new("plain", 2, 1, 1, 1, LM_U8, 0, 1);
    const float bits[] = {1, 0, 1, 1, 0, 0};
    assert_ok(lm_dataset_set_targets(plain, LM_TARGETS_MULTI_LABEL, 3, bits, NULL, &err), err);
    lm_dataset_counts(plain, counts);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 1);
    lm_dataset_unref(plain);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmDataset *out = NULL;
    LmDataset *base = help_dataset_new("base", 3, 1, 1, 1, LM_U8, 0, 1);
    assert_fails(lm_weights_new_balanced(&out, base, &err), LM_EARG, err,
                 "'base' has no labels, so its classes cannot be balanced");
    assert_fails(lm_weights_new_of_classes(&out, base, NULL, &err), LM_EARG, err,
                 "'base' has no labels, so its classes cannot be weighted");
    static const float bad[][3] = {{1, -1, 1}, {1, NAN, 1}, {1, INFINITY, 1}};
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        assert_fails(lm_weights_new(&out, base, bad[k], &err), LM_EFORMAT, err,
                     "the weight of image 2 of 'base' is");
    }
    assert_fails(lm_weights_new(&out, base, (const float[]){0, 0, 0}, &err), LM_EFORMAT, err,
                 "all weights of 'base' are 0");
    assert_null(out);
    assert_ok(lm_weights_new(&out, base, (const float[]){0, 0, 2}, &err), err);
    LmDataset *zeros = NULL;
    assert_ok(lm_view_range(&zeros, out, 0, 2, &err), err);
    assert_true(zeros->weights[0] == 0 && zeros->weights[1] == 0);
    lm_dataset_unref(zeros);
    lm_dataset_unref(out);
    lm_dataset_unref(base);
}

/* --- what views carry --- */

static const char *number_name(const LmDataset *ds, int64_t i)
{
    static const char *const names[] = {"a.png", "b.png", "c.png", "d.png", "e.png", "f.png"};
    (void)ds;
    return names[i];
}

static LmStatus read_nothing(const LmDataset *ds, int64_t i, void *dst, LmError *err)
{
    (void)ds;
    (void)err;
    *(uint8_t *)dst = (uint8_t)i;
    return LM_OK;
}

static void fini_nothing(LmDataset *ds)
{
    (void)ds;
}

static const LmDatasetKind named_kind = {
    .name = "named", .read = read_nothing, .item_name = number_name, .fini = fini_nothing};

/* Six items called a.png to f.png with targets 10 i and 10 i + 1, weights i, one file left out. */
static LmDataset *new_rich(const char *name, const char *skipped)
{
    static const char *const columns[] = {"x", "y"};
    LmError err;
    LmDataset *ds = NULL;
    float targets[12];
    float weights[6];
    const int64_t hwc[3] = {1, 1, 1};
    assert_ok(lm_mem_zeros(&ds, 1, sizeof *ds, &err), err);
    assert_ok(lm_dataset_init(ds, &named_kind, name, 6, hwc, LM_U8, NULL, &err), err);
    for (int i = 0; i < 6; i++) {
        targets[2 * i] = (float)(10 * i);
        targets[2 * i + 1] = (float)(10 * i + 1);
        weights[i] = (float)i;
    }
    assert_ok(lm_dataset_set_targets(ds, LM_TARGETS_VALUES, 2, targets, columns, &err), err);
    assert_ok(lm_dataset_set_weights(ds, weights, &err), err);
    assert_ok(lm_skips_new(&ds->skips, &err), err);
    assert_ok(lm_skips_add(ds->skips, skipped, "broken", &err), err);
    ds->n_ignored = 3;
    return ds;
}

static void check_rich(const LmDataset *ds, int64_t i, int64_t item)
{
    assert_int_equal(ds->targets_kind, LM_TARGETS_VALUES);
    assert_int_equal(ds->n_targets, 2);
    assert_true(ds->targets[2 * i] == (float)(10 * item));
    assert_true(ds->targets[2 * i + 1] == (float)(10 * item + 1));
    assert_string_equal(ds->classes[1], "y");
    assert_true(ds->weights[i] == (float)item);
    assert_string_equal(lm_dataset_item_name(ds, i), number_name(NULL, item));
}

static void test_views_carry(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    LmDataset *ds = new_rich("rich", "bad.png");
    LmDataset *view = NULL;
    LmDataset *both = NULL;
    LmDataset *parts[2];
    assert_ok(lm_view_new(&view, ds, NULL, (const int64_t[]){5, 0, 5}, 3, &err), err);
    check_rich(view, 0, 5);
    check_rich(view, 1, 0);
    check_rich(view, 2, 5);
    assert_ptr_equal(view->skips, ds->skips);
    assert_int_equal(view->n_ignored, 3);
    LmSplitOptions o = {.fraction = 0.5, .seed = 1, .is_shuffled = true};
    assert_ok(lm_split_fraction(&parts[0], &parts[1], ds, &o, &err), err);
    for (int p = 0; p < 2; p++) {
        for (int64_t i = 0; i < 3; i++) {
            uint8_t item = 0;
            assert_ok(lm_dataset_read(parts[p], i, &item, &err), err);
            check_rich(parts[p], i, item);
        }
    }
    assert_ok(lm_view_concat(&both, view, parts[0], &err), err);
    check_rich(both, 0, 5);
    assert_ptr_equal(both->skips, ds->skips);
    lm_dataset_unref(both);
    lm_dataset_unref(parts[0]);
    lm_dataset_unref(parts[1]);
    lm_dataset_unref(view);
    lm_dataset_unref(ds);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_concat_of_two(void **state)
{
    (void)state;
    LmError err;
    LmDataset *a = new_rich("a", "one.png");
    LmDataset *b = new_rich("b", "two.png");
    LmDataset *both = NULL;
    LmDataset *plain = help_dataset_new("plain", 2, 1, 1, 1, LM_U8, 0, 1);
    assert_fails(lm_view_concat(&both, a, plain, &err), LM_EARG, err,
                 "'a' and 'plain' differ in what there is to learn");
    assert_ok(lm_view_concat(&both, a, b, &err), err);
    check_rich(both, 6, 0);
    check_rich(both, 11, 5);
    assert_int_equal(both->skips->n, 2);
    assert_string_equal(both->skips->entries[1].path, "two.png");
    assert_int_equal(both->n_ignored, 6);
    lm_dataset_unref(both);
    both = NULL;
    assert_survives_oom(lm_view_concat(&both, a, b, &err), err);
    lm_dataset_unref(both);
    lm_dataset_unref(a);
    lm_dataset_unref(b);
    lm_dataset_unref(plain);
    /* Without weights of its own an image weighs 1. */
    a = help_dataset_new("a", 2, 1, 1, 1, LM_U8, 2, 1);
    assert_ok(lm_weights_new(&b, a, (const float[]){3, 4}, &err), err);
    assert_ok(lm_view_concat(&both, a, b, &err), err);
    assert_true(both->weights[0] == 1 && both->weights[1] == 1);
    assert_true(both->weights[2] == 3 && both->weights[3] == 4);
    lm_dataset_unref(both);
    lm_dataset_unref(b);
    b = NULL;
    assert_survives_oom(lm_weights_new_balanced(&b, a, &err), err);
    lm_dataset_unref(b);
    lm_dataset_unref(a);
}

static void test_describe(void **state)
{
    (void)state;
    LmError err;
    char text[256];
    LmDataset *ds = new_rich("rich", "bad.png");
    assert_string_equal(lm_dataset_describe(ds, text, sizeof text),
                        "rich: 6 images 1x1x1 u8, 2 targets, weighted, 1 skipped, 3 other files "
                        "ignored");
    lm_dataset_unref(ds);
    ds = help_dataset_new("tags", 2, 1, 1, 1, LM_U8, 0, 1);
    const float bits[] = {1, 0, 1, 1};
    assert_ok(lm_dataset_set_targets(ds, LM_TARGETS_MULTI_LABEL, 2, bits, NULL, &err), err);
    ds->n_ignored = 1;
    assert_string_equal(lm_dataset_describe(ds, text, sizeof text),
                        "tags: 2 images 1x1x1 u8, 2 classes, any number an image, 1 other file "
                        "ignored");
    assert_fails(lm_dataset_set_classes(ds, 3, (const char *const[]){"a", "b", "c"}, &err), LM_EARG,
                 err, "3 names for the 2 targets of 'tags'");
    lm_dataset_unref(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_balanced),      cmocka_unit_test(test_counts),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_views_carry),
        cmocka_unit_test(test_concat_of_two), cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
