/* Data sets around tensors: what is shared, what is refused. */
#include "help_test.h"

#include "data/sources.h"

static LmTensor tensor(LmDtype dtype, int rank, const int64_t *shape)
{
    LmError err;
    LmTensor t = {0};
    assert_ok(lm_tensor_zeros(&t, dtype, rank, shape, &err), err);
    for (int64_t i = 0; i < t.count; i++) {
        assert_ok(lm_tensor_set(&t, i, (double)(i % 100), &err), err);
    }
    return t;
}

static void test_shapes_and_dtypes(void **state)
{
    (void)state;
    LmError err;
    for (int k = 0; k < 4; k++) {
        LmTensor images =
            tensor(k % 2 == 0 ? LM_U8 : LM_F32, k < 2 ? 3 : 4, (const int64_t[]){5, 3, 4, 2});
        LmTensor labels = tensor(k % 2 == 0 ? LM_U8 : LM_I32, 1, (const int64_t[]){5});
        LmDataset *ds = NULL;
        assert_ok(lm_memory_new(&ds, "set", &images, &labels, &err), err);
        assert_string_equal(ds->name, "set");
        assert_int_equal(ds->count, 5);
        assert_true(ds->h == 3 && ds->w == 4 && ds->c == (k < 2 ? 1 : 2));
        assert_int_equal(ds->dtype, images.dtype);
        assert_int_equal(ds->n_classes, 5);
        size_t item = lm_tensor_size_bytes(&images) / 5;
        for (int64_t i = 0; i < 5; i++) {
            assert_ptr_equal(lm_dataset_pixels(ds, i), (char *)images.data + (size_t)i * item);
            assert_int_equal(ds->labels[i], i);
        }
        lm_dataset_unref(ds);
        lm_tensor_fini(&images);
        lm_tensor_fini(&labels);
    }
}

/* The set outlives the tensors it was made from, and frees their storage. */
static void test_storage_is_shared(void **state)
{
    (void)state;
    LmError err;
    size_t before = lm_mem_in_use();
    LmTensor images = tensor(LM_U8, 3, (const int64_t[]){4, 100, 100});
    LmDataset *ds = NULL;
    size_t with_images = lm_mem_in_use();
    assert_ok(lm_memory_new(&ds, "set", &images, NULL, &err), err);
    assert_true(lm_mem_in_use() < with_images + 1000);
    lm_tensor_fini(&images);
    assert_null(ds->labels);
    assert_int_equal(ds->n_classes, 0);
    assert_int_equal(((const uint8_t *)lm_dataset_pixels(ds, 3))[9999], 39999 % 100);
    lm_dataset_unref(ds);
    assert_int_equal(lm_mem_in_use(), before);
}

/* A view of a tensor keeps its place. */
static void test_narrowed_images(void **state)
{
    (void)state;
    LmError err;
    LmTensor images = tensor(LM_F32, 3, (const int64_t[]){6, 3, 3});
    LmTensor some = {0};
    LmDataset *ds = NULL;
    assert_ok(lm_tensor_narrow(&some, &images, 2, 3, &err), err);
    assert_ok(lm_memory_new(&ds, "some", &some, NULL, &err), err);
    assert_int_equal(ds->count, 3);
    assert_true(((const float *)lm_dataset_pixels(ds, 0))[0] == 18);
    lm_tensor_fini(&images);
    lm_tensor_fini(&some);
    lm_dataset_unref(ds);
}

typedef struct Refusal {
    LmDtype dtype;
    int rank;
    int64_t shape[LM_RANK_MAX];
    LmDtype label_dtype;
    int label_rank;
    int64_t label_shape[2];
    LmStatus status;
    const char *text;
} Refusal;

static void test_refusals(void **state)
{
    (void)state;
    LmError err;
    static const Refusal refusals[] = {
        {LM_U8, 2, {5, 784}, LM_U8, 1, {5}, LM_ESHAPE, "have 5x784: reshape the rows"},
        {LM_U8, 1, {5}, LM_U8, 1, {5}, LM_ESHAPE, "N x H x W"},
        {LM_U8, 5, {5, 1, 1, 1, 1}, LM_U8, 1, {5}, LM_ESHAPE, "5x1x1x1x1"},
        {LM_F64, 3, {5, 2, 2}, LM_U8, 1, {5}, LM_EARG, "these are f64: convert"},
        {LM_U8, 3, {5, 2, 2}, LM_F32, 1, {5}, LM_EARG, "class numbers, these are f32"},
        {LM_U8, 3, {5, 2, 2}, LM_U8, 2, {5, 1}, LM_ESHAPE, "these have shape 5x1"},
        {LM_U8, 3, {5, 2, 2}, LM_U8, 1, {4}, LM_ESHAPE, "5 images, but 4 labels"},
        {LM_U8, 3, {5, 2, 2}, LM_I32, 1, {6}, LM_ESHAPE, "5 images, but 6 labels"},
        {LM_U8, 3, {0, 2, 2}, LM_U8, 1, {0}, LM_EARG, "'set' would have no images"},
        {LM_U8, 3, {5, 0, 2}, LM_U8, 1, {5}, LM_ESHAPE, "0x2x1"},
    };
    size_t before = lm_mem_in_use();
    for (size_t k = 0; k < LM_ARRAY_LEN(refusals); k++) {
        const Refusal *r = &refusals[k];
        LmDataset *ds = NULL;
        LmTensor images = tensor(r->dtype, r->rank, r->shape);
        LmTensor labels = tensor(r->label_dtype, r->label_rank, r->label_shape);
        assert_fails(lm_memory_new(&ds, "set", &images, &labels, &err), r->status, err, r->text);
        assert_null(ds);
        lm_tensor_fini(&images);
        lm_tensor_fini(&labels);
    }
    assert_int_equal(lm_mem_in_use(), before);
}

static void test_bad_labels(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmTensor images = tensor(LM_U8, 3, (const int64_t[]){3, 2, 2});
    LmTensor labels = tensor(LM_I32, 1, (const int64_t[]){3});
    const int32_t bad[] = {-1, INT32_MIN, LM_CLASSES_MAX, INT32_MAX};
    for (size_t k = 0; k < LM_ARRAY_LEN(bad); k++) {
        ((int32_t *)labels.data)[1] = bad[k];
        assert_fails(lm_memory_new(&ds, "set", &images, &labels, &err), LM_EFORMAT, err,
                     "label 2 is");
    }
    ((int32_t *)labels.data)[1] = LM_CLASSES_MAX - 1;
    assert_ok(lm_memory_new(&ds, "set", &images, &labels, &err), err);
    assert_int_equal(ds->n_classes, LM_CLASSES_MAX);
    lm_dataset_unref(ds);
    lm_tensor_fini(&images);
    lm_tensor_fini(&labels);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmTensor images = tensor(LM_U8, 3, (const int64_t[]){3, 2, 2});
    LmTensor labels = tensor(LM_U8, 1, (const int64_t[]){3});
    assert_survives_oom(lm_memory_new(&ds, "set", &images, &labels, &err), err);
    lm_dataset_unref(ds);
    lm_tensor_fini(&images);
    lm_tensor_fini(&labels);
}

/* What archives hold: a column of labels, integers in any type. */
static void test_adopt(void **state)
{
    (void)state;
    LmError err;
    LmDataset *ds = NULL;
    LmTensor images = tensor(LM_I32, 3, (const int64_t[]){4, 2, 3});
    LmTensor labels = tensor(LM_I32, 2, (const int64_t[]){4, 1});
    assert_ok(lm_memory_adopt(&ds, "set", &images, &labels, &err), err);
    assert_int_equal(ds->dtype, LM_U8);
    assert_int_equal(ds->labels[3], 3);
    assert_int_equal(((const uint8_t *)lm_dataset_pixels(ds, 1))[0], 6);
    lm_dataset_unref(ds);
    ds = NULL;
    assert_fails(lm_memory_new(&ds, "set", &images, NULL, &err), LM_EARG, err,
                 "these are i32: convert them first");
    LmTensor rows = tensor(LM_I32, 2, (const int64_t[]){4, 3});
    assert_fails(lm_memory_adopt(&ds, "set", &images, &rows, &err), LM_ESHAPE, err,
                 "labels are one class number an image, these have shape 4x3");
    LmTensor flat = tensor(LM_F64, 2, (const int64_t[]){4, 3});
    assert_fails(lm_memory_adopt(&ds, "set", &flat, NULL, &err), LM_ESHAPE, err,
                 "images have shape N x H x W");
    assert_null(ds);
    assert_survives_oom(lm_memory_adopt(&ds, "set", &images, &labels, &err), err);
    lm_dataset_unref(ds);
    lm_tensor_fini(&images);
    lm_tensor_fini(&labels);
    lm_tensor_fini(&rows);
    lm_tensor_fini(&flat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes_and_dtypes),
        cmocka_unit_test(test_storage_is_shared),
        cmocka_unit_test(test_narrowed_images),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bad_labels),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_adopt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
