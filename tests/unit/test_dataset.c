/* Making, sharing and describing data sets, and statistics over them: exact, equal for any number
 * of threads, all or nothing. */
#include "help_dataset.h"
#include "help_test.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/threads.h"
#include "data/sources.h"

static void test_describe(void **state)
{
    (void)state;
    char text[80];
    LmDataset *ds = help_dataset_new("few", 1234, 3, 2, 1, LM_U8, 7, 1);
    LmDataset *one = help_dataset_new("one", 1, 2, 2, 3, LM_F32, 1, 1);
    LmDataset *bare = help_dataset_new("bare", 2, 2, 2, 3, LM_F32, 0, 1);
    assert_string_equal(lm_dataset_describe(ds, text, sizeof text),
                        "few: 1,234 images 3x2x1 u8, 7 classes");
    assert_string_equal(lm_dataset_describe(one, text, sizeof text),
                        "one: 1 image 2x2x3 f32, 1 class");
    assert_string_equal(lm_dataset_describe(bare, text, sizeof text),
                        "bare: 2 images 2x2x3 f32, no labels");
    assert_string_equal(lm_dataset_describe(bare, text, 7), "bare: ");
    lm_dataset_unref(ds);
    lm_dataset_unref(one);
    lm_dataset_unref(bare);
    lm_dataset_unref(NULL);
}

static void no_fini(LmDataset *ds)
{
    (void)ds;
}

static const LmDatasetKind bare_kind = {.name = "bare", .fini = no_fini};

static LmStatus make(LmDataset **out, int64_t count, int64_t h, LmDtype dtype,
                     const int32_t *labels, LmError *err)
{
    LmDataset *ds = NULL;
    LmStatus st = lm_mem_zeros(&ds, 1, sizeof *ds, err);
    if (st == LM_OK) {
        st = lm_dataset_init(ds, &bare_kind, "made", count, (const int64_t[]){h, 2, 1}, dtype,
                             labels, err);
    }
    if (st == LM_OK) {
        *out = ds;
    } else {
        lm_mem_free(ds);
    }
    return st;
}

static void test_init_refuses(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    size_t before = lm_mem_in_use();
    const int32_t negative[] = {0, -1};
    const int32_t huge[] = {0, LM_CLASSES_MAX};
    assert_fails(make(&ds, 0, 2, LM_U8, NULL, &err), LM_EARG, err, "would have no images");
    assert_fails(make(&ds, -1, 2, LM_U8, NULL, &err), LM_EARG, err, "no images");
    assert_fails(make(&ds, 2, 0, LM_U8, NULL, &err), LM_ESHAPE, err, "0x2x1");
    assert_fails(make(&ds, 2, INT64_MAX, LM_U8, NULL, &err), LM_ESHAPE, err, "make no data set");
    assert_fails(make(&ds, 2, INT64_MAX / 4, LM_F32, NULL, &err), LM_ESHAPE, err, "no data set");
    assert_fails(make(&ds, 2, 2, LM_F64, NULL, &err), LM_EARG, err, "these are f64");
    assert_fails(make(&ds, 2, 2, LM_U8, negative, &err), LM_EFORMAT, err, "label 2 is -1");
    assert_fails(make(&ds, 2, 2, LM_U8, huge, &err), LM_EFORMAT, err, "label 2 is 65536");
    assert_null(ds);
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_classes(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmDataset *bare = NULL;
    const char *const names[] = {"zero", "one", "two", "three"};
    const int32_t labels[] = {2, 0, 2};
    assert_survives_oom(make(&ds, 3, 2, LM_U8, labels, &err), err);
    assert_int_equal(ds->n_classes, 3);
    assert_string_equal(ds->classes[2], "2");
    assert_memory_equal(ds->labels, labels, sizeof labels);
    assert_fails(lm_dataset_set_classes(ds, 2, names, &err), LM_EARG, err, "go up to 2");
    assert_survives_oom(lm_dataset_set_classes(ds, 4, names, &err), err);
    assert_int_equal(ds->n_classes, 4);
    assert_string_equal(ds->classes[3], "three");
    assert_ok(make(&bare, 3, 2, LM_U8, NULL, &err), err);
    assert_int_equal(bare->n_classes, 0);
    assert_fails(lm_dataset_set_classes(bare, 4, names, &err), LM_EARG, err, "no labels");
    lm_dataset_unref(ds);
    lm_dataset_unref(bare);
}

static void test_read(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("set", 5, 3, 3, 2, LM_F32, 2, 4);
    LmDataset *reading = help_dataset_reading(ds, 3);
    float item[18];
    assert_int_equal(lm_dataset_item_count(ds), 18);
    assert_ok(lm_dataset_read(ds, 4, item, &err), err);
    assert_memory_equal(item, lm_dataset_pixels(ds, 4), sizeof item);
    assert_null(lm_dataset_pixels(reading, 2));
    assert_ok(lm_dataset_read(reading, 2, item, &err), err);
    assert_memory_equal(item, lm_dataset_pixels(ds, 2), sizeof item);
    assert_fails(lm_dataset_read(reading, 3, item, &err), LM_EIO, err,
                 "image 4 of 'set': cannot read");
    lm_dataset_unref(ds);
    lm_dataset_unref(reading);
}

/* --- references --- */

static atomic_int n_gone;

static void count_fini(LmDataset *ds)
{
    (void)ds;
    atomic_fetch_add(&n_gone, 1);
}

static const LmDatasetKind counted_kind = {.name = "counted", .fini = count_fini};

static void *take_and_give(void *arg)
{
    LmDataset *ds = arg;
    for (int i = 0; i < 20000; i++) {
        LmDataset *mine = lm_dataset_ref(ds);
        assert_true(mine->count == 1 && mine->labels[0] == 0);
        lm_dataset_unref(mine);
    }
    lm_dataset_unref(ds);
    return NULL;
}

/* Each thread owns a reference and gives it back last; the set goes once, with the last of them. */
static void test_references_under_threads(void **state)
{
    (void)state;
    enum { N = 4 };
    LmError err;
    LmDataset *ds = NULL;
    pthread_t threads[N];
    const int32_t label = 0;
    size_t before = lm_mem_in_use();
    atomic_store(&n_gone, 0);
    assert_ok(lm_mem_zeros(&ds, 1, sizeof *ds, &err), err);
    assert_ok(lm_dataset_init(ds, &counted_kind, "shared", 1, (const int64_t[]){1, 1, 1}, LM_U8,
                              &label, &err),
              err);
    for (int i = 0; i < N; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, lm_dataset_ref(ds)), 0);
    }
    lm_dataset_unref(ds);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&n_gone), 1);
    assert_int_equal(lm_mem_in_use(), before);
}

/* --- statistics --- */

static LmMoments *stats_of(const LmDataset *ds, LmAxis axis)
{
    LmError err;
    LmMoments *m = NULL;
    assert_ok(lm_moments_new(&m, axis, &err), err);
    assert_ok(lm_dataset_stats(ds, m, &err), err);
    return m;
}

static void assert_same_bits(const LmMoments *a, const LmMoments *b)
{
    assert_int_equal(lm_moments_n_images(a), lm_moments_n_images(b));
    assert_int_equal(lm_moments_width(a), lm_moments_width(b));
    for (int64_t j = 0; j < lm_moments_width(a); j++) {
        double facts_a[] = {lm_moments_mean(a, j), lm_moments_std(a, j), lm_moments_min(a, j),
                            lm_moments_max(a, j)};
        double facts_b[] = {lm_moments_mean(b, j), lm_moments_std(b, j), lm_moments_min(b, j),
                            lm_moments_max(b, j)};
        assert_memory_equal(facts_a, facts_b, sizeof facts_a);
    }
}

/* In one call, without chunks. */
static LmMoments *plain_stats(const LmDataset *ds, LmAxis axis)
{
    LmError err;
    LmMoments *m = NULL;
    assert_ok(lm_moments_new(&m, axis, &err), err);
    for (int64_t i = 0; i < ds->count; i++) {
        assert_ok(
            lm_moments_add(m, lm_dataset_pixels(ds, i), ds->dtype, 1, ds->h, ds->w, ds->c, &err),
            err);
    }
    return m;
}

/* 4.5 MB, so several chunks. u8: the very numbers of one pass. f32: the same bits for any threads.
 */
static void test_stats_do_not_depend_on_threads(void **state)
{
    (void)state;
    const int threads[] = {1, 2, 3, 8};
    int before = lm_threads();
    for (int k = 0; k < 6; k++) {
        bool is_u8 = k < 3;
        LmDataset *ds =
            help_dataset_new("set", is_u8 ? 1501 : 401, 50, 20, 3, is_u8 ? LM_U8 : LM_F32, 3, 5);
        LmMoments *want = is_u8 ? plain_stats(ds, (LmAxis)(k % 3)) : NULL;
        LmDataset *reading = help_dataset_reading(ds, -1);
        for (size_t t = 0; t < LM_ARRAY_LEN(threads); t++) {
            lm_threads_set(threads[t]);
            LmMoments *got = stats_of(t % 2 == 0 ? ds : reading, (LmAxis)(k % 3));
            want = want != NULL ? want : stats_of(ds, (LmAxis)(k % 3));
            assert_same_bits(got, want);
            lm_moments_free(got);
        }
        lm_moments_free(want);
        lm_dataset_unref(ds);
        lm_dataset_unref(reading);
    }
    lm_threads_set(before);
    lm_threads_stop();
}

/* Long runs in memory, short ones, single images and images that must be read, in turns: each is
 * counted once, in its order (which shows in the bits of f32). */
static void test_stats_of_scattered_images(void **state)
{
    (void)state;
    enum { N = 600 };
    LmError err;
    int64_t indices[2 * N];
    int64_t n = 0;
    for (int64_t i = 0; i < N; i++) {
        indices[n++] = i % 90 < 40 ? i : i * 7919 % N;
    }
    for (int k = 0; k < 6; k++) {
        LmDataset *ds = help_dataset_new("ds", N, 10, 13, 2, k < 3 ? LM_U8 : LM_F32, 2, 8);
        LmDataset *reading = help_dataset_reading(ds, -1);
        LmDataset *mixed = NULL;
        LmDataset *view = NULL;
        LmDataset *plain = NULL;
        assert_ok(lm_view_concat(&mixed, ds, reading, &err), err);
        for (int64_t i = 0; i < n; i += 5) {
            indices[i] += N; /* the same item, to be read */
        }
        assert_ok(lm_view_new(&view, mixed, "view", indices, n, &err), err);
        for (int64_t i = 0; i < n; i += 5) {
            indices[i] -= N;
        }
        assert_ok(lm_view_new(&plain, ds, "plain", indices, n, &err), err);
        LmMoments *got = stats_of(view, (LmAxis)(k % 3));
        LmMoments *want = plain_stats(plain, (LmAxis)(k % 3));
        assert_same_bits(got, want);
        lm_moments_free(got);
        lm_moments_free(want);
        lm_dataset_unref(ds);
        lm_dataset_unref(reading);
        lm_dataset_unref(mixed);
        lm_dataset_unref(view);
        lm_dataset_unref(plain);
    }
}

/* Images of more than a chunk each, and more numbers than all parts of a wave may hold. */
static void test_stats_of_large_images(void **state)
{
    (void)state;
    LmDataset *ds = help_dataset_new("large", 5, 1100, 1000, 1, LM_U8, 0, 6);
    LmMoments *want = plain_stats(ds, LM_AXIS_PIXEL);
    LmMoments *got = stats_of(ds, LM_AXIS_PIXEL);
    assert_same_bits(got, want);
    lm_moments_free(got);
    lm_moments_free(want);
    lm_dataset_unref(ds);
}

static void test_stats_add_to_what_is_there(void **state)
{
    (void)state;
    LmError err;
    LmDataset *a = help_dataset_new("a", 50, 4, 4, 1, LM_U8, 0, 1);
    LmDataset *b = help_dataset_new("b", 70, 4, 4, 1, LM_U8, 0, 2);
    LmDataset *both = NULL;
    assert_ok(lm_view_concat(&both, a, b, &err), err);
    LmMoments *m = stats_of(a, LM_AXIS_PIXEL);
    assert_ok(lm_dataset_stats(b, m, &err), err);
    LmMoments *want = plain_stats(both, LM_AXIS_PIXEL);
    assert_same_bits(m, want);
    lm_moments_free(m);
    lm_moments_free(want);
    lm_dataset_unref(a);
    lm_dataset_unref(b);
    lm_dataset_unref(both);
}

static void test_stats_all_or_nothing(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = help_dataset_new("ds", 3000, 40, 20, 1, LM_U8, 0, 1);
    LmDataset *other = help_dataset_new("other", 10, 20, 40, 1, LM_U8, 0, 1);
    LmMoments *m = stats_of(ds, LM_AXIS_ALL);
    LmMoments *want = stats_of(ds, LM_AXIS_ALL);
    /* Every image from 1400 on fails, in several parts; the first of them is named. */
    LmDataset *bad = help_dataset_reading(ds, 1400);
    for (int n = 1; n <= 4; n++) {
        lm_threads_set(n);
        assert_fails(lm_dataset_stats(bad, m, &err), LM_EIO, err, "image 1401 of 'ds'");
    }
    assert_fails(lm_dataset_stats(other, m, &err), LM_ESHAPE, err, "40x20x1");
    lm_threads_cancel();
    assert_fails(lm_dataset_stats(ds, m, &err), LM_ECANCEL, err, "interrupted");
    lm_threads_clear_cancel();
    assert_same_bits(m, want);
    assert_ok(lm_dataset_stats(ds, m, &err), err);
    assert_int_equal(lm_moments_n_images(m), 6000);
    lm_moments_free(m);
    lm_moments_free(want);
    lm_dataset_unref(ds);
    lm_dataset_unref(bad);
    lm_dataset_unref(other);
    lm_threads_stop();
}

static LmStatus fresh_stats(LmMoments **out, const LmDataset *ds, LmError *err)
{
    LmMoments *m = NULL;
    LmStatus st = lm_moments_new(&m, LM_AXIS_PIXEL, err);
    if (st == LM_OK) {
        st = lm_dataset_stats(ds, m, err);
    }
    if (st == LM_OK) {
        *out = m;
    } else {
        assert_true(m == NULL || lm_moments_n_images(m) == 0);
        lm_moments_free(m);
    }
    return st;
}

static void test_stats_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmMoments *m = NULL;
    LmDataset *ds = help_dataset_new("ds", 3000, 40, 20, 1, LM_U8, 0, 1);
    LmDataset *reading = help_dataset_reading(ds, -1);
    assert_survives_oom(fresh_stats(&m, reading, &err), err);
    assert_int_equal(lm_moments_n_images(m), 3000);
    lm_moments_free(m);
    lm_dataset_unref(ds);
    lm_dataset_unref(reading);
    lm_threads_stop();
}

/* No copy of the pixels is made: all parts together stay far below them. */
static void test_stats_copy_no_pixels(void **state)
{
    (void)state;
    LmDataset *ds = help_dataset_new("ds", 20000, 28, 28, 1, LM_U8, 0, 1);
    size_t before = lm_mem_in_use();
    size_t peak_before = lm_mem_peak();
    LmMoments *m = stats_of(ds, LM_AXIS_PIXEL);
    assert_true(lm_mem_peak() < LM_MAX(peak_before, before + 2000000));
    lm_moments_free(m);
    lm_dataset_unref(ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stats_copy_no_pixels), /* first, while the peak is low */
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_init_refuses),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_references_under_threads),
        cmocka_unit_test(test_stats_do_not_depend_on_threads),
        cmocka_unit_test(test_stats_of_scattered_images),
        cmocka_unit_test(test_stats_of_large_images),
        cmocka_unit_test(test_stats_add_to_what_is_there),
        cmocka_unit_test(test_stats_all_or_nothing),
        cmocka_unit_test(test_stats_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
