/* Folds and groups (src/data/split.c): every image in one fold, classes even, groups whole, shares
 * as near as the groups allow, the same parts for the same seed. */
#include "help_dataset.h"
#include "help_test.h"

#include <stdlib.h>

#include "base/rng.h"
#include "data/sources.h"

enum { K_MAX = 8 };

/* Which item of `base` item i of a view of it is: pixels are shared, so their places tell. */
static int64_t place_in(const LmDataset *base, const LmDataset *view, int64_t i)
{
    const char *first = lm_dataset_pixels(base, 0);
    const char *here = lm_dataset_pixels(view, i);
    return (here - first) / (int64_t)((size_t)lm_dataset_item_count(base) * 1);
}

/* Checks that train and validation are complements for each fold and folds do not overlap; gives
 * every item's fold. */
static void check_folds(const LmDataset *base, LmDataset *const *train, LmDataset *const *valid,
                        int64_t k, int64_t *fold_of)
{
    for (int64_t i = 0; i < base->count; i++) {
        fold_of[i] = -1;
    }
    for (int64_t f = 0; f < k; f++) {
        assert_int_equal(train[f]->count + valid[f]->count, base->count);
        for (int64_t i = 0; i < valid[f]->count; i++) {
            int64_t item = place_in(base, valid[f], i);
            assert_int_equal(fold_of[item], -1);
            fold_of[item] = f;
            assert_int_equal(valid[f]->labels[i], base->labels[item]);
        }
    }
    for (int64_t f = 0; f < k; f++) {
        bool *seen = calloc((size_t)base->count, 1);
        for (int64_t i = 0; i < train[f]->count; i++) {
            int64_t item = place_in(base, train[f], i);
            assert_true(fold_of[item] >= 0 && fold_of[item] != f && !seen[item]);
            seen[item] = true;
        }
        free(seen);
    }
}

static void drop(LmDataset **sets, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        lm_dataset_unref(sets[i]);
        sets[i] = NULL;
    }
}

static void test_folds(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train[K_MAX];
    LmDataset *valid[K_MAX];
    int64_t fold_of[101];
    for (int turn = 0; turn < 64; turn++) {
        int64_t k = 2 + turn % 7;
        LmDataset *base = help_dataset_new("base", 67 + turn % 35, 2, 2, 1, LM_U8, 1 + turn % 5, 1);
        LmSplitOptions o = {.seed = (uint64_t)turn,
                            .is_stratified = turn % 2 == 0,
                            .is_shuffled = turn / 2 % 2 == 0};
        assert_ok(lm_split_folds(train, valid, base, k, &o, &err), err);
        check_folds(base, train, valid, k, fold_of);
        for (int64_t f = 0; f < k; f++) {
            assert_true(valid[f]->count >= base->count / k);
            assert_true(valid[f]->count <= (base->count + k - 1) / k);
        }
        for (int c = 0; c < base->n_classes && o.is_stratified; c++) {
            int64_t n[K_MAX] = {0};
            int64_t all = 0;
            for (int64_t i = 0; i < base->count; i++) {
                n[fold_of[i]] += base->labels[i] == c;
                all += base->labels[i] == c;
            }
            for (int64_t f = 0; f < k; f++) {
                assert_true(n[f] == all / k || n[f] == all / k + 1);
            }
        }
        drop(train, k);
        drop(valid, k);
        lm_dataset_unref(base);
    }
}

static void test_fold_names_and_order(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train[3];
    LmDataset *valid[3];
    LmDataset *base = help_dataset_new("base", 9, 2, 2, 1, LM_U8, 3, 1);
    LmSplitOptions o = {.is_stratified = true};
    assert_ok(lm_split_folds(train, valid, base, 3, &o, &err), err);
    assert_string_equal(train[1]->name, "base, without fold 2 of 3");
    assert_string_equal(valid[1]->name, "base, fold 2 of 3");
    /* Labels are 0 1 2 0 1 2 ...: not shuffled, fold f holds the f-th of each class. */
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(place_in(base, valid[1], i), 3 + i);
    }
    drop(train, 3);
    drop(valid, 3);
    lm_dataset_unref(base);
}

/* Group numbers of 1 to `most` items each; returns how many there are. */
static int64_t draw_groups(int64_t *groups, int64_t count, uint32_t most, uint64_t seed)
{
    LmRng rng = lm_rng(seed, LM_RNG_USER, 0, 0);
    int64_t n = 0;
    int64_t left = 0;
    for (int64_t i = 0; i < count; i++) {
        if (left == 0) {
            left = 1 + lm_rng_below(&rng, most);
            n++;
        }
        groups[i] = n - 1;
        left--;
    }
    return n;
}

static void test_groups_stay_together(void **state)
{
    (void)state;
    LmError err;
    int64_t groups[1000];
    int64_t part_of[64][1000];
    for (int turn = 0; turn < 64; turn++) {
        LmDataset *base = help_dataset_new("base", 1000, 1, 1, 1, LM_U8, 4, 1);
        LmSplitOptions o = {.fraction = turn % 3 == 0   ? 0.9
                                        : turn % 3 == 1 ? 0.5
                                                        : 0.1,
                            .seed = (uint64_t)turn / 4,
                            .is_stratified = turn % 2 == 0,
                            .is_shuffled = true,
                            .groups = groups};
        o.n_groups = draw_groups(groups, 1000, 12, (uint64_t)turn);
        LmDataset *parts[2];
        assert_ok(lm_split_fraction(&parts[0], &parts[1], base, &o, &err), err);
        assert_int_equal(parts[0]->count + parts[1]->count, 1000);
        for (int p = 0; p < 2; p++) {
            for (int64_t i = 0; i < parts[p]->count; i++) {
                part_of[turn][place_in(base, parts[p], i)] = p;
            }
        }
        for (int64_t i = 1; i < 1000; i++) {
            assert_true(groups[i] != groups[i - 1] || part_of[turn][i] == part_of[turn][i - 1]);
        }
        /* The last groups dealt are the smallest: shares miss by less than the largest one. */
        for (int c = 0; c < 4; c++) {
            double n = 0;
            for (int64_t i = c; i < 1000; i += 4) {
                n += part_of[turn][i] == 0;
            }
            assert_true(n > o.fraction * 250 - 12 && n < o.fraction * 250 + 12);
        }
        drop(parts, 2);
        lm_dataset_unref(base);
    }
}

static void test_group_folds(void **state)
{
    (void)state;
    LmError err;
    int64_t groups[600];
    int64_t fold_of[600];
    int64_t fold_again[600];
    LmDataset *train[5];
    LmDataset *valid[5];
    LmDataset *base = help_dataset_new("base", 600, 1, 1, 1, LM_U8, 3, 1);
    LmSplitOptions o = {.seed = 3, .is_stratified = true, .is_shuffled = true, .groups = groups};
    o.n_groups = draw_groups(groups, 600, 9, 1);
    for (int again = 0; again < 3; again++) {
        o.seed = again == 2 ? 4 : 3;
        assert_ok(lm_split_folds(train, valid, base, 5, &o, &err), err);
        check_folds(base, train, valid, 5, again == 0 ? fold_of : fold_again);
        for (int64_t i = 1; i < 600; i++) {
            assert_true(groups[i] != groups[i - 1] || fold_of[i] == fold_of[i - 1]);
        }
        for (int64_t f = 0; f < 5; f++) {
            assert_in_range(valid[f]->count, 120 - 9, 120 + 9);
        }
        assert_int_equal(memcmp(fold_of, fold_again, sizeof fold_of) == 0, again == 1);
        drop(train, 5);
        drop(valid, 5);
    }
    lm_dataset_unref(base);
}

/* One huge group takes its whole part, and no part stays empty. */
static void test_lopsided_groups(void **state)
{
    (void)state;
    LmError err;
    int64_t groups[20] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2};
    LmDataset *base = help_dataset_new("base", 20, 1, 1, 1, LM_U8, 2, 1);
    LmDataset *train[4];
    LmDataset *valid[4];
    LmSplitOptions o = {.fraction = 0.999, .is_stratified = true, .groups = groups, .n_groups = 3};
    assert_ok(lm_split_fraction(&train[0], &valid[0], base, &o, &err), err);
    assert_in_range(valid[0]->count, 1, 2);
    drop(train, 1);
    drop(valid, 1);
    assert_ok(lm_split_folds(train, valid, base, 3, &o, &err), err);
    assert_int_equal(valid[0]->count, 18);
    assert_int_equal(valid[1]->count, 1);
    assert_int_equal(valid[2]->count, 1);
    drop(train, 3);
    drop(valid, 3);
    assert_fails(lm_split_folds(train, valid, base, 4, &o, &err), LM_EARG, err,
                 "'base' has 3 groups of images that must stay together, fewer than the 4 parts");
    memset(groups, 0, sizeof groups);
    o.n_groups = 1;
    assert_fails(lm_split_fraction(&train[0], &valid[0], base, &o, &err), LM_EARG, err,
                 "'base' has 1 group of images");
    lm_dataset_unref(base);
}

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    LmDataset *train[K_MAX] = {NULL};
    LmDataset *valid[K_MAX] = {NULL};
    LmDataset *base = help_dataset_new("base", 8, 1, 1, 1, LM_U8, 4, 1);
    LmSplitOptions o = {.is_stratified = true};
    static const int64_t bad[] = {INT64_MIN, -1, 0, 1, 9, INT64_MAX};
    for (size_t i = 0; i < LM_ARRAY_LEN(bad); i++) {
        assert_fails(lm_split_folds(train, valid, base, bad[i], &o, &err), LM_EARG, err,
                     "folds of 'base', which has 8 images");
    }
    assert_fails(lm_split_folds(train, valid, base, 3, &o, &err), LM_EARG, err,
                 "class '0' of 'base' has 2 images, fewer than the 3 folds; filter the class out, "
                 "take fewer folds or say stratify=false");
    o.is_stratified = false;
    assert_ok(lm_split_folds(train, valid, base, 8, &o, &err), err);
    drop(train, 8);
    drop(valid, 8);
    lm_dataset_unref(base);
}

static LmStatus folds(LmDataset *base, const LmSplitOptions *o, LmError *err)
{
    LmDataset *train[3];
    LmDataset *valid[3];
    LmStatus st = lm_split_folds(train, valid, base, 3, o, err);
    if (st == LM_OK) {
        drop(train, 3);
        drop(valid, 3);
    }
    return st;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    const int64_t groups[9] = {0, 1, 2, 3, 4, 4, 4, 0, 0};
    LmDataset *base = help_dataset_new("base", 9, 1, 1, 1, LM_U8, 3, 1);
    LmSplitOptions o = {.is_stratified = true, .is_shuffled = true};
    assert_survives_oom(folds(base, &o, &err), err);
    o.groups = groups;
    o.n_groups = 5;
    assert_survives_oom(folds(base, &o, &err), err);
    lm_dataset_unref(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folds),
        cmocka_unit_test(test_fold_names_and_order),
        cmocka_unit_test(test_groups_stay_together),
        cmocka_unit_test(test_group_folds),
        cmocka_unit_test(test_lopsided_groups),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
