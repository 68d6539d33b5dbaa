/* A data set from a pair of IDX files. What can be told from the files alone (which is which, how
 * many of each) is checked here, so that messages can name them. */
#include "data/sources.h"

#include "base/str.h"
#include "io/idx.h"

static bool is_image_file(const LmTensor *t)
{
    return t->rank == 3 || t->rank == 4;
}

static LmStatus check_image_file(const LmTensor *t, const char *path, LmError *err)
{
    char text[128];
    if (!is_image_file(t)) {
        return lm_fail(err, LM_EFORMAT,
                       "%s holds an array of shape %s, not images (count x height x width)%s", path,
                       lm_str_shape(text, sizeof text, t->rank, t->shape),
                       t->rank == 1 ? "; is it a file of labels?" : "");
    }
    if (t->count == 0) {
        return lm_fail(err, LM_EFORMAT, "%s holds no images (%s)", path,
                       lm_str_shape(text, sizeof text, t->rank, t->shape));
    }
    return LM_OK;
}

static LmStatus check_label_file(const LmTensor *t, const char *path, LmError *err)
{
    char text[128];
    if (t->rank != 1) {
        return lm_fail(err, LM_EFORMAT,
                       "%s holds an array of shape %s, not labels (one number an image)%s", path,
                       lm_str_shape(text, sizeof text, t->rank, t->shape),
                       is_image_file(t) ? "; is it a file of images?" : "");
    }
    if (t->dtype != LM_U8 && t->dtype != LM_I32) {
        return lm_fail(err, LM_EFORMAT, "%s holds %s numbers; labels are integers", path,
                       lm_dtype_name(t->dtype));
    }
    return LM_OK;
}

static LmStatus check_pair(const LmTensor *images, const char *images_path, const LmTensor *labels,
                           const char *labels_path, LmError *err)
{
    char n_images[32];
    char n_labels[32];
    if (images->rank == 1 && is_image_file(labels)) {
        return lm_fail(err, LM_EFORMAT,
                       "%s holds labels and %s holds images: were the two exchanged?", images_path,
                       labels_path);
    }
    LmStatus st = check_image_file(images, images_path, err);
    if (st == LM_OK) {
        st = check_label_file(labels, labels_path, err);
    }
    if (st == LM_OK && images->shape[0] != labels->shape[0]) {
        st = lm_fail(err, LM_EFORMAT,
                     "%s holds %s images, but %s holds %s labels; they are not of one set",
                     images_path, lm_str_count(n_images, sizeof n_images, images->shape[0]),
                     labels_path, lm_str_count(n_labels, sizeof n_labels, labels->shape[0]));
    }
    return st;
}

LmStatus lm_idxset_open(LmDataset **out, const char *name, const char *images_path,
                        const char *labels_path, LmError *err)
{
    LmTensor images = {0};
    LmTensor pixels = {0};
    LmTensor labels = {0};
    LmStatus st = lm_idx_load(&images, images_path, err);
    if (st == LM_OK && labels_path != NULL) {
        st = lm_idx_load(&labels, labels_path, err);
    }
    if (st == LM_OK) {
        st = labels_path == NULL ? check_image_file(&images, images_path, err)
                                 : check_pair(&images, images_path, &labels, labels_path, err);
    }
    if (st == LM_OK && (st = lm_memory_adapt(&pixels, &images, err)) != LM_OK) {
        (void)lm_error_context(err, "%s", images_path);
    }
    if (st == LM_OK) {
        st = lm_memory_new(out, name, &pixels, labels_path != NULL ? &labels : NULL, err);
        /* What is left to be wrong is in the labels: a number out of range. */
        if (st != LM_OK && st != LM_EMEM && labels_path != NULL) {
            (void)lm_error_context(err, "%s", labels_path);
        }
    }
    lm_tensor_fini(&pixels);
    lm_tensor_fini(&images);
    lm_tensor_fini(&labels);
    return st;
}
