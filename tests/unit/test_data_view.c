/* Views of data sets (src/data/view.c): places, names, classes and lifetimes; splits that are exact
 * a class; everything refused that would make a set of nothing or of two kinds. */
#include "help_dataset.h"
#include "help_test.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "data/sources.h"

static void assert_same_item(const LmDataset *a, int64_t i, const LmDataset *b, int64_t j)
{
    LmError err;
    uint8_t x[64];
    uint8_t y[64];
    size_t size = (size_t)lm_dataset_item_count(a) * lm_dtype_size(a->dtype);
    assert_true(size <= sizeof x);
    assert_ok(lm_dataset_read(a, i, x, &err), err);
    assert_ok(lm_dataset_read(b, j, y, &err), err);
    assert_memory_equal(x, y, size);
    assert_true((a->labels == NULL) == (b->labels == NULL));
    assert_true(a->labels == NULL || a->labels[i] == b->labels[j]);
}

static void test_indices(void **state)
{
    (void)state;
    LmError err;
    LmDataset *base = help_dataset_new("base", 9, 3, 2, 1, LM_U8, 4, 1);
    LmDataset *view = NULL;
    const int64_t indices[] = {8, 0, 0, 3, 8};
    assert_ok(lm_view_new(&view, base, "picked", indices, 5, &err), err);
    assert_string_equal(view->name, "picked");
    assert_int_equal(view->count, 5);
    for (int64_t i = 0; i < 5; i++) {
        assert_same_item(view, i, base, indices[i]);
        assert_ptr_equal(lm_dataset_pixels(view, i), lm_dataset_pixels(base, indices[i]));
    }
    /* Only labels 0 and 3 are in it, but it keeps the base's classes. */
    assert_int_equal(view->n_classes, 4);
    lm_dataset_unref(view);
    const int64_t one = 1;
    assert_ok(lm_view_new(&view, base, NULL, &one, 1, &err), err);
    assert_string_equal(view->name, "base");
    assert_int_equal(view->n_classes, 4);
    lm_dataset_unref(view);
    view = NULL;
    const int64_t bad[] = {0, 9};
    const int64_t largest = INT64_MAX;
    const int64_t negative = -1;
    assert_fails(lm_view_new(&view, base, "x", bad, 2, &err), LM_EARG, err,
                 "no image 10 in 'base'; it has images 1 to 9");
    assert_fails(lm_view_new(&view, base, "x", &negative, 1, &err), LM_EARG, err, "no image 0");
    assert_fails(lm_view_new(&view, base, "x", &largest, 1, &err), LM_EARG, err,
                 "there is no image");
    assert_fails(lm_view_new(&view, base, "x", bad, 0, &err), LM_EARG, err, "at least one");
    assert_null(view);
    lm_dataset_unref(base);
}

static void test_range(void **state)
{
    (void)state;
    LmError err;
    LmDataset *base = help_dataset_new("base", 9, 3, 2, 1, LM_F32, 0, 1);
    LmDataset *view = NULL;
    assert_ok(lm_view_range(&view, base, 2, 7, &err), err);
    assert_string_equal(view->name, "base [3..9]");
    assert_null(view->labels);
    for (int64_t i = 0; i < 7; i++) {
        assert_same_item(view, i, base, i + 2);
    }
    lm_dataset_unref(view);
    view = NULL;
    static const int64_t bad[][2] = {{0, 0},  {-1, 2}, {9, 1},         {2, 8},
                                     {0, 10}, {0, -1}, {1, INT64_MAX}, {INT64_MAX, 1}};
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        assert_fails(lm_view_range(&view, base, bad[k][0], bad[k][1], &err), LM_EARG, err,
                     "are not a range of 'base'");
    }
    assert_fails(lm_view_range(&view, base, 5, 5, &err), LM_EARG, err,
                 "5 images from image 6 on are not a range of 'base', which has 1 to 9");
    assert_null(view);
    lm_dataset_unref(base);
}

/* Views of views of views keep what they need, and give it back. */
static void test_views_of_views(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    LmDataset *a = help_dataset_new("a", 20, 3, 2, 1, LM_U8, 2, 1);
    LmDataset *b = help_dataset_new("b", 10, 3, 2, 1, LM_U8, 2, 2);
    LmDataset *reading = help_dataset_reading(b, -1);
    LmDataset *tail = NULL;
    LmDataset *both = NULL;
    LmDataset *odd = NULL;
    LmDataset *last = NULL;
    assert_ok(lm_view_range(&tail, a, 10, 10, &err), err);
    assert_ok(lm_view_concat(&both, tail, reading, &err), err);
    assert_ok(lm_view_filter(&odd, both, (const int32_t[]){1}, 1, &err), err);
    assert_ok(lm_view_range(&last, odd, 4, 6, &err), err);
    assert_string_equal(both->name, "a [11..20] + b");
    assert_int_equal(both->count, 20);
    assert_int_equal(odd->count, 10);
    for (int64_t i = 0; i < 10; i++) {
        assert_same_item(both, i, a, 10 + i);
        assert_same_item(both, 10 + i, b, i);
    }
    LmDataset *swapped = NULL;
    assert_ok(lm_view_concat(&swapped, b, tail, &err), err);
    for (int64_t i = 0; i < 10; i++) {
        assert_same_item(swapped, i, b, i);
        assert_same_item(swapped, 10 + i, a, 10 + i);
    }
    lm_dataset_unref(swapped);
    assert_non_null(lm_dataset_pixels(both, 9));
    assert_null(lm_dataset_pixels(both, 10));
    lm_dataset_unref(tail);
    lm_dataset_unref(both);
    lm_dataset_unref(odd);
    LmDataset *a_again = help_dataset_new("a", 20, 3, 2, 1, LM_U8, 2, 1);
    LmDataset *b_again = help_dataset_new("b", 10, 3, 2, 1, LM_U8, 2, 2);
    lm_dataset_unref(a);
    lm_dataset_unref(b);
    lm_dataset_unref(reading);
    assert_same_item(last, 0, a_again, 19);
    for (int64_t i = 1; i < 6; i++) {
        assert_same_item(last, i, b_again, 2 * i - 1);
    }
    lm_dataset_unref(last);
    lm_dataset_unref(a_again);
    lm_dataset_unref(b_again);
    assert_int_equal(lm_mem_in_use(), before);
}

/* A loop that stacks views neither recurses deeper nor grows names without end. */
static void test_many_views_stacked(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 30, 1, 1, 1, LM_U8, 3, 1);
    LmDataset *base = lm_dataset_ref(ds);
    for (int turn = 0; turn < 100000; turn++) {
        LmDataset *next = NULL;
        assert_ok(lm_view_range(&next, ds, 0, 30, &err), err);
        lm_dataset_unref(ds);
        ds = next;
    }
    assert_true(strlen(ds->name) < 128);
    assert_same_item(ds, 29, base, 29);
    lm_dataset_unref(ds);
    lm_dataset_unref(base);
}

/* --- split --- */

static int64_t want_share(double fraction, int64_t n)
{
    int64_t m = (int64_t)llround(fraction * (double)n);
    return n == 0 ? 0 : LM_MIN(LM_MAX(m, 1), n - 1);
}

/* Pixels tell items apart: image i of this set is the number i. */
static LmDataset *numbered(int64_t n, const int32_t *labels)
{
    LmError err;
    LmTensor images = {0};
    LmTensor label_tensor = {0};
    LmDataset *ds = NULL;
    assert_ok(lm_tensor_new(&images, LM_F32, 3, (const int64_t[]){n, 1, 1}, &err), err);
    assert_ok(lm_tensor_zeros(&label_tensor, LM_I32, 1, &n, &err), err);
    for (int64_t i = 0; i < n; i++) {
        ((float *)images.data)[i] = (float)i;
        ((int32_t *)label_tensor.data)[i] = labels != NULL ? labels[i] : 0;
    }
    assert_ok(lm_memory_new(&ds, "numbers", &images, labels != NULL ? &label_tensor : NULL, &err),
              err);
    lm_tensor_fini(&images);
    lm_tensor_fini(&label_tensor);
    return ds;
}

static int64_t number(const LmDataset *ds, int64_t i)
{
    return (int64_t)((const float *)lm_dataset_pixels(ds, i))[0];
}

static bool is_sorted(const LmDataset *ds)
{
    for (int64_t i = 1; i < ds->count; i++) {
        if (number(ds, i) <= number(ds, i - 1)) {
            return false;
        }
    }
    return true;
}

/* Each item is in one part once, with its label; and the shares are exact. */
static void check_split(LmDataset *base, const LmSplitOptions *o)
{
    LmError err;
    LmDataset *parts[2] = {NULL, NULL};
    assert_ok(lm_split_fraction(&parts[0], &parts[1], base, o, &err), err);
    int *seen = calloc((size_t)base->count, sizeof *seen);
    int64_t *counts = calloc((size_t)base->n_classes * 2 + 2, sizeof *counts);
    for (int p = 0; p < 2; p++) {
        assert_int_equal(parts[p]->n_classes, base->n_classes);
        for (int64_t i = 0; i < parts[p]->count; i++) {
            int64_t k = number(parts[p], i);
            seen[k]++;
            assert_true(base->labels == NULL || parts[p]->labels[i] == base->labels[k]);
            counts[2 * (base->labels != NULL ? base->labels[k] : 0) + p]++;
        }
        assert_true(o->is_shuffled || is_sorted(parts[p]));
    }
    for (int64_t i = 0; i < base->count; i++) {
        assert_int_equal(seen[i], 1);
    }
    if (o->is_stratified && base->labels != NULL) {
        for (int k = 0; k < base->n_classes; k++) {
            int64_t n = counts[2 * k] + counts[2 * k + 1];
            assert_int_equal(counts[2 * k], want_share(o->fraction, n));
        }
    } else {
        assert_int_equal(parts[0]->count, want_share(o->fraction, base->count));
    }
    free(seen);
    free(counts);
    lm_dataset_unref(parts[0]);
    lm_dataset_unref(parts[1]);
}

static void test_split_is_exact(void **state)
{
    (void)state;
    enum { N = 400 };
    static const double fractions[] = {0.9, 0.5, 0.1, 1.0 / 3, 0.29, 1e-9, 1 - 1e-9};
    /* class sizes 2, 3, 5, 0, 10, 380: class 3 has none */
    int32_t labels[N];
    for (int i = 0; i < N; i++) {
        labels[i] = i < 2 ? 0 : i < 5 ? 1 : i < 10 ? 2 : i < 20 ? 4 : 5;
    }
    for (int i = N - 1; i > 0; i -= 3) { /* mixed up, so that file order is not class order */
        int j = i * 7 % N;
        int32_t t = labels[i];
        labels[i] = labels[j];
        labels[j] = t;
    }
    LmDataset *ds = numbered(N, labels);
    LmDataset *bare = numbered(N, NULL);
    for (size_t k = 0; k < 4 * LM_ARRAY_LEN(fractions); k++) {
        LmSplitOptions o = {fractions[k / 4], k, k % 2 == 0, k / 2 % 2 == 0, NULL, 0};
        check_split(ds, &o);
        check_split(bare, &o);
    }
    lm_dataset_unref(ds);
    lm_dataset_unref(bare);
}

/* Half a sample goes up: 0.9 * 5 = 4.5 to 5, of which one stays back; 0.5 * 5 = 2.5 to 3. */
static void test_split_rounds_half_up(void **state)
{
    (void)state;
    LmError err;
    LmDataset *first = NULL;
    LmDataset *second = NULL;
    LmDataset *ds = numbered(5, NULL);
    LmSplitOptions o = {0.5, 0, true, true, NULL, 0};
    assert_ok(lm_split_fraction(&first, &second, ds, &o, &err), err);
    assert_true(first->count == 3 && second->count == 2);
    assert_string_equal(first->name, "numbers, part 1 of 2");
    assert_string_equal(second->name, "numbers, part 2 of 2");
    lm_dataset_unref(first);
    lm_dataset_unref(second);
    o.fraction = 0.9;
    assert_ok(lm_split_fraction(&first, &second, ds, &o, &err), err);
    assert_true(first->count == 4 && second->count == 1);
    lm_dataset_unref(first);
    lm_dataset_unref(second);
    lm_dataset_unref(ds);
}

static bool same_order(const LmDataset *a, const LmDataset *b)
{
    for (int64_t i = 0; i < a->count; i++) {
        if (number(a, i) != number(b, i)) {
            return false;
        }
    }
    return a->count == b->count;
}

/* The seed decides, alone. The recorded order pins it: a seed in a script must mean the same parts
 * in every later version. */
static void test_split_seeds(void **state)
{
    (void)state;
    LmError err;
    static const int64_t want[] = {12, 21, 6, 56, 8, 18, 59, 47, 49, 15, 42, 53};
    LmDataset *ds = numbered(60, NULL);
    LmDataset *first[3] = {NULL, NULL, NULL};
    for (uint64_t k = 0; k < 3; k++) {
        LmDataset *second = NULL;
        LmSplitOptions o = {0.2, k / 2, true, true, NULL, 0};
        assert_ok(lm_split_fraction(&first[k], &second, ds, &o, &err), err);
        lm_dataset_unref(second);
    }
    assert_true(same_order(first[0], first[1]));
    assert_false(same_order(first[0], first[2]));
    assert_false(is_sorted(first[0]));
    for (int64_t i = 0; i < 12; i++) {
        assert_int_equal(number(first[0], i), want[i]);
    }
    for (int k = 0; k < 3; k++) {
        lm_dataset_unref(first[k]);
    }
    lm_dataset_unref(ds);
}

static void test_split_refusals(void **state)
{
    (void)state;
    LmError err;
    LmDataset *first = NULL;
    LmDataset *second = NULL;
    const double bad[] = {0, 1, -0.1, 1.5, (double)NAN, (double)INFINITY, -(double)INFINITY, 90};
    const int32_t labels[] = {0, 0, 1, 2, 2};
    LmDataset *ds = numbered(5, labels);
    LmDataset *one = numbered(1, NULL);
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        LmSplitOptions o = {bad[k], 0, true, true, NULL, 0};
        assert_fails(lm_split_fraction(&first, &second, ds, &o, &err), LM_EARG, err,
                     "must lie between 0 and 1, as in 0.9");
    }
    LmSplitOptions o = {0.5, 0, true, true, NULL, 0};
    assert_fails(lm_split_fraction(&first, &second, ds, &o, &err), LM_EARG, err,
                 "class '1' of 'numbers' has one image");
    assert_fails(lm_split_fraction(&first, &second, one, &o, &err), LM_EARG, err,
                 "'numbers' has one image, which cannot be split");
    assert_null(first);
    assert_null(second);
    o.is_stratified = false;
    check_split(ds, &o);
    lm_dataset_unref(ds);
    lm_dataset_unref(one);
}

/* --- filter and concat --- */

static void test_filter(void **state)
{
    (void)state;
    LmError err;
    LmDataset *view = NULL;
    const int32_t labels[] = {0, 4, 1, 4, 2, 0};
    LmDataset *ds = numbered(6, labels);
    LmDataset *bare = numbered(6, NULL);
    assert_ok(lm_view_filter(&view, ds, (const int32_t[]){4, 0, 4}, 3, &err), err);
    static const int64_t want[] = {0, 1, 3, 5};
    assert_int_equal(view->count, 4);
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(number(view, i), want[i]);
        assert_int_equal(view->labels[i], labels[want[i]]);
    }
    assert_int_equal(view->n_classes, 5);
    assert_string_equal(view->name, "numbers, classes 4, 0, 4");
    lm_dataset_unref(view);
    view = NULL;
    assert_fails(lm_view_filter(&view, ds, (const int32_t[]){5}, 1, &err), LM_EARG, err,
                 "'numbers' has no class number 5; it has 0 to 4: 0, 1, 2, 3, 4");
    assert_fails(lm_view_filter(&view, ds, (const int32_t[]){0, -1}, 2, &err), LM_EARG, err,
                 "no class number -1");
    assert_fails(lm_view_filter(&view, ds, (const int32_t[]){3}, 1, &err), LM_EARG, err,
                 "none is of the 1 class to keep");
    assert_fails(lm_view_filter(&view, ds, NULL, 0, &err), LM_EARG, err, "0 classes to keep");
    assert_fails(lm_view_filter(&view, bare, (const int32_t[]){0}, 1, &err), LM_EARG, err,
                 "has no labels");
    assert_null(view);
    lm_dataset_unref(ds);
    lm_dataset_unref(bare);
}

static void test_concat_refusals(void **state)
{
    (void)state;
    LmError err;
    LmDataset *view = NULL;
    LmDataset *a = help_dataset_new("a", 4, 3, 2, 1, LM_U8, 2, 1);
    LmDataset *others[] = {help_dataset_new("b", 4, 2, 3, 1, LM_U8, 2, 1),
                           help_dataset_new("b", 4, 3, 2, 1, LM_F32, 2, 1),
                           help_dataset_new("b", 4, 3, 2, 1, LM_U8, 0, 1),
                           help_dataset_new("b", 4, 3, 2, 1, LM_U8, 3, 1),
                           help_dataset_new("b", 4, 3, 2, 1, LM_U8, 2, 1)};
    const char *const texts[] = {"'a' are 3x2x1 u8, those of 'b' are 2x3x1 u8", "'b' are 3x2x1 f32",
                                 "'a' has labels and 'b' has none",
                                 "'a' has 2 classes and 'b' has 3",
                                 "class 1 is '1' in 'a' and 'cat' in 'b'"};
    const char *const names[] = {"0", "cat"};
    assert_ok(lm_dataset_set_classes(others[4], 2, names, &err), err);
    for (size_t k = 0; k < LM_ARRAY_LEN(others); k++) {
        assert_fails(lm_view_concat(&view, a, others[k], &err), k < 2 ? LM_ESHAPE : LM_EARG, err,
                     texts[k]);
    }
    assert_fails(lm_view_concat(&view, others[2], a, &err), LM_EARG, err,
                 "'a' has labels and 'b' has none");
    assert_null(view);
    assert_ok(lm_view_concat(&view, a, a, &err), err);
    assert_int_equal(view->count, 8);
    assert_same_item(view, 7, a, 3);
    lm_dataset_unref(view);
    lm_dataset_unref(a);
    for (size_t k = 0; k < LM_ARRAY_LEN(others); k++) {
        lm_dataset_unref(others[k]);
    }
}

/* --- memory and threads --- */

static LmStatus split_both(LmDataset *parts[2], LmDataset *ds, LmError *err)
{
    LmSplitOptions o = {0.5, 0, true, true, NULL, 0};
    return lm_split_fraction(&parts[0], &parts[1], ds, &o, err);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("ds", 12, 2, 2, 1, LM_U8, 3, 1);
    LmDataset *view = NULL;
    LmDataset *parts[2] = {NULL, NULL};
    assert_survives_oom(lm_view_range(&view, ds, 2, 4, &err), err);
    lm_dataset_unref(view);
    assert_survives_oom(lm_view_concat(&view, ds, ds, &err), err);
    lm_dataset_unref(view);
    assert_survives_oom(lm_view_filter(&view, ds, (const int32_t[]){1}, 1, &err), err);
    lm_dataset_unref(view);
    assert_survives_oom(split_both(parts, ds, &err), err);
    lm_dataset_unref(parts[0]);
    lm_dataset_unref(parts[1]);
    assert_int_equal(atomic_load(&ds->refs), 1);
    lm_dataset_unref(ds);
}

static void *make_views(void *arg)
{
    LmDataset *base = arg;
    for (int turn = 0; turn < 200; turn++) {
        LmError err;
        LmDataset *tail = NULL;
        LmDataset *both = NULL;
        if (lm_view_range(&tail, base, 1, 10, &err) != LM_OK ||
            lm_view_concat(&both, tail, base, &err) != LM_OK ||
            lm_dataset_pixels(both, 0) != lm_dataset_pixels(base, 1)) {
            return base;
        }
        lm_dataset_unref(tail);
        lm_dataset_unref(both);
    }
    lm_dataset_unref(base);
    return NULL;
}

static void test_views_under_threads(void **state)
{
    (void)state;
    enum { N = 4 };
    size_t before = lm_mem_in_use();
    LmDataset *base = help_dataset_new("base", 11, 2, 2, 1, LM_U8, 2, 1);
    pthread_t threads[N];
    for (int i = 0; i < N; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_views, lm_dataset_ref(base)), 0);
    }
    lm_dataset_unref(base);
    for (int i = 0; i < N; i++) {
        void *failed = base;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indices),        cmocka_unit_test(test_range),
        cmocka_unit_test(test_views_of_views), cmocka_unit_test(test_many_views_stacked),
        cmocka_unit_test(test_split_is_exact), cmocka_unit_test(test_split_rounds_half_up),
        cmocka_unit_test(test_split_seeds),    cmocka_unit_test(test_split_refusals),
        cmocka_unit_test(test_filter),         cmocka_unit_test(test_concat_refusals),
        cmocka_unit_test(test_out_of_memory),  cmocka_unit_test(test_views_under_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
