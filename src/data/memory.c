/* Data sets around tensors in memory. The images' storage is shared, so a set of mapped bytes stays
 * mapped and one made from a script's tensor lives as long as the set; only labels are copied,
 * because they come in two types and are small.
 */
#include "data/sources.h"

#include "base/mem.h"
#include "base/str.h"

typedef struct Memory {
    LmDataset ds;
    LmTensor images;
} Memory;

static const void *memory_pixels(const LmDataset *ds, int64_t i)
{
    const Memory *m = (const Memory *)ds;
    size_t item = (size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype);
    return (const char *)m->images.data + (size_t)i * item;
}

static void memory_fini(LmDataset *ds)
{
    lm_tensor_fini(&((Memory *)ds)->images);
}

static const LmDatasetKind memory_kind = {
    .name = "memory",
    .pixels = memory_pixels,
    .fini = memory_fini,
};

static LmStatus check_images(const LmTensor *images, LmError *err)
{
    char text[128];
    if (images->rank != 3 && images->rank != 4) {
        return lm_fail(err, LM_ESHAPE,
                       "images have shape N x H x W or N x H x W x C, these have %s%s",
                       lm_str_shape(text, sizeof text, images->rank, images->shape),
                       images->rank == 2 ? ": reshape the rows to height and width" : "");
    }
    if (images->dtype != LM_U8 && images->dtype != LM_F32) {
        return lm_fail(err, LM_EARG, "images are u8 or f32, these are %s: convert them first",
                       lm_dtype_name(images->dtype));
    }
    return LM_OK;
}

static LmStatus check_labels(const LmTensor *labels, int64_t count, LmError *err)
{
    char text[128];
    if (labels->dtype != LM_U8 && labels->dtype != LM_I32) {
        return lm_fail(err, LM_EARG, "labels are u8 or i32 class numbers, these are %s",
                       lm_dtype_name(labels->dtype));
    }
    if (labels->rank != 1) {
        return lm_fail(err, LM_ESHAPE, "labels are one class number an image, these have shape %s",
                       lm_str_shape(text, sizeof text, labels->rank, labels->shape));
    }
    if (labels->shape[0] != count) {
        return lm_fail(err, LM_ESHAPE, "%lld images, but %lld labels", (long long)count,
                       (long long)labels->shape[0]);
    }
    return LM_OK;
}

/* *out is NULL without labels. */
static LmStatus labels_as_i32(int32_t **out, const LmTensor *labels, int64_t count, LmError *err)
{
    int32_t *numbers = NULL;
    LmStatus st = labels == NULL ? LM_OK : check_labels(labels, count, err);
    if (labels != NULL && st == LM_OK) {
        st = lm_mem_alloc(&numbers, (size_t)count, sizeof *numbers, err);
    }
    for (int64_t i = 0; i < count && numbers != NULL; i++) {
        numbers[i] = labels->dtype == LM_U8 ? ((const uint8_t *)labels->data)[i]
                                            : ((const int32_t *)labels->data)[i];
    }
    if (st == LM_OK) {
        *out = numbers;
    }
    return st;
}

LmStatus lm_memory_new(LmDataset **out, const char *name, const LmTensor *images,
                       const LmTensor *labels, LmError *err)
{
    Memory *m = NULL;
    int32_t *numbers = NULL;
    LmStatus st = check_images(images, err);
    if (st != LM_OK) {
        return st;
    }
    const int64_t hwc[3] = {images->shape[1], images->shape[2],
                            images->rank == 4 ? images->shape[3] : 1};
    st = labels_as_i32(&numbers, labels, images->shape[0], err);
    if (st == LM_OK) {
        st = lm_mem_zeros(&m, 1, sizeof *m, err);
    }
    if (st == LM_OK) {
        st = lm_dataset_init(&m->ds, &memory_kind, name, images->shape[0], hwc, images->dtype,
                             numbers, err);
    }
    if (st == LM_OK) {
        m->images = lm_tensor_share(images);
        *out = &m->ds;
    } else {
        lm_mem_free(m);
    }
    lm_mem_free(numbers);
    return st;
}

/* --- what files hold --- */

/* f32 holds every integer up to here. */
enum { EXACT_MAX = 1 << 24 };

/* u8 where all values fit, else f32. */
static LmStatus adapt_integers(LmTensor *out, const LmTensor *t, LmError *err)
{
    const int32_t *v = t->data;
    bool is_byte = true;
    for (int64_t i = 0; i < t->count; i++) {
        is_byte = is_byte && v[i] >= 0 && v[i] <= 255;
        if (v[i] > EXACT_MAX || v[i] < -EXACT_MAX) {
            return lm_fail(err, LM_EFORMAT,
                           "pixel %lld of the images is %d; integers beyond 2^24 do not fit f32",
                           (long long)i + 1, (int)v[i]);
        }
    }
    return lm_tensor_to(out, t, is_byte ? LM_U8 : LM_F32, err);
}

LmStatus lm_memory_adapt(LmTensor *out, const LmTensor *images, LmError *err)
{
    switch (images->dtype) {
    case LM_I32:
        return adapt_integers(out, images, err);
    case LM_F64:
        return lm_tensor_to(out, images, LM_F32, err);
    default:
        *out = lm_tensor_share(images);
        return LM_OK;
    }
}

LmStatus lm_memory_adopt(LmDataset **out, const char *name, const LmTensor *images,
                         const LmTensor *labels, LmError *err)
{
    LmTensor x = {0};
    LmTensor y = {0};
    LmStatus st = lm_memory_adapt(&x, images, err);
    if (st == LM_OK && labels != NULL) {
        bool is_column = labels->rank == 2 && labels->shape[1] == 1;
        y = lm_tensor_share(labels);
        if (is_column) {
            lm_tensor_fini(&y);
            st = lm_tensor_reshape(&y, labels, 1, labels->shape, err);
        }
    }
    if (st == LM_OK) {
        st = lm_memory_new(out, name, &x, labels != NULL ? &y : NULL, err);
    }
    lm_tensor_fini(&x);
    lm_tensor_fini(&y);
    return st;
}
