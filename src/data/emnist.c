/* EMNIST: handwritten digits and letters in the form of MNIST, every image transposed.
 *
 * Images are turned upright when they are read, so that the largest split (814,255 images) stays a
 * mapped file instead of 640 MB of memory.
 */
#include "data/sources.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/places.h"
#include "io/idx.h"

enum { N_FILES = 4 };

/* One letter a class. The merged splits have no small letters that look like their capitals. */
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
static const struct {
    const char *name;
    const char *classes;
    int first_label; /* in the files */
} splits[] = {
    {"byclass", "0123456789" CAPITALS "abcdefghijklmnopqrstuvwxyz", 0},
    {"bymerge", "0123456789" CAPITALS "abdefghnqrt", 0},
    {"balanced", "0123456789" CAPITALS "abdefghnqrt", 0},
    {"letters", CAPITALS, 1},
    {"digits", "0123456789", 0},
    {"mnist", "0123456789", 0},
};
const char *const lm_emnist_splits[] = {"byclass", "bymerge", "balanced", "letters",
                                        "digits",  "mnist",   NULL};
_Static_assert(LM_ARRAY_LEN(lm_emnist_splits) == LM_ARRAY_LEN(splits) + 1, "the same splits");

static const char *const endings[N_FILES] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                             "test-images-idx3-ubyte", "test-labels-idx1-ubyte"};

/* --- a set of transposed images --- */

typedef struct Turned {
    LmDataset ds;
    LmTensor images; /* count x w x h */
} Turned;

static LmStatus turned_read(const LmDataset *ds, int64_t i, void *dst, LmError *err)
{
    const uint8_t *src = (const uint8_t *)((const Turned *)ds)->images.data + i * ds->h * ds->w;
    uint8_t *to = dst;
    (void)err;
    for (int64_t y = 0; y < ds->h; y++) {
        for (int64_t x = 0; x < ds->w; x++) {
            to[y * ds->w + x] = src[x * ds->h + y];
        }
    }
    return LM_OK;
}

static void turned_fini(LmDataset *ds)
{
    lm_tensor_fini(&((Turned *)ds)->images);
}

static const LmDatasetKind turned_kind = {
    .name = "emnist", .read = turned_read, .fini = turned_fini};

/* --- opening --- */

typedef struct Search {
    size_t split; /* row of `splits` */
    char paths[N_FILES][LM_PLACES_PATH];
    char missing[64];
    LmPlaces places;
} Search;

static bool find_file(Search *search, const char *dir, int file)
{
    for (int packed = 0; packed < 2; packed++) {
        LmStr s = lm_str(search->missing, sizeof search->missing);
        lm_str_add(&s, "emnist-%s-%s%s", splits[search->split].name, endings[file],
                   packed ? ".gz" : "");
        if (lm_places_file(search->paths[file], dir, search->missing)) {
            return true;
        }
    }
    return false;
}

static bool has_all(void *ctx, const char *dir, int *n_found, const char **missing)
{
    Search *search = ctx;
    int first_missing = N_FILES;
    *n_found = 0;
    for (int k = N_FILES - 1; k >= 0; k--) {
        if (find_file(search, dir, k)) {
            (*n_found)++;
        } else {
            first_missing = k;
        }
    }
    if (first_missing < N_FILES) {
        LmStr s = lm_str(search->missing, sizeof search->missing);
        lm_str_add(&s, "emnist-%s-%s", splits[search->split].name, endings[first_missing]);
        *missing = search->missing;
    }
    return first_missing == N_FILES;
}

static LmStatus check_files(const LmTensor *images, const char *images_path, const LmTensor *labels,
                            const char *labels_path, LmError *err)
{
    char text[128];
    if (images->rank != 3 || images->dtype != LM_U8 || images->count == 0) {
        return lm_fail(err, LM_EFORMAT, "%s holds an array of shape %s %s, not images of bytes",
                       images_path, lm_str_shape(text, sizeof text, images->rank, images->shape),
                       lm_dtype_name(images->dtype));
    }
    if (labels->rank != 1 || labels->dtype != LM_U8) {
        return lm_fail(err, LM_EFORMAT, "%s holds an array of shape %s %s, not labels", labels_path,
                       lm_str_shape(text, sizeof text, labels->rank, labels->shape),
                       lm_dtype_name(labels->dtype));
    }
    if (images->shape[0] != labels->shape[0]) {
        return lm_fail(err, LM_EFORMAT, "%s holds %lld images, but %s holds %lld labels",
                       images_path, (long long)images->shape[0], labels_path,
                       (long long)labels->shape[0]);
    }
    return LM_OK;
}

/* Class numbers from 0; a label out of the split's range means that it is another split's file. */
static LmStatus shift_labels(int32_t *out, const LmTensor *labels, size_t split, const char *path,
                             LmError *err)
{
    int first = splits[split].first_label;
    int n_classes = (int)strlen(splits[split].classes);
    for (int64_t i = 0; i < labels->count; i++) {
        int label = ((const uint8_t *)labels->data)[i];
        if (label < first || label >= first + n_classes) {
            return lm_fail(err, LM_EFORMAT, "%s: label %lld is %d; those of '%s' are %d to %d",
                           path, (long long)i + 1, label, splits[split].name, first,
                           first + n_classes - 1);
        }
        out[i] = label - first;
    }
    return LM_OK;
}

static LmStatus name_classes(LmDataset *ds, const char *letters, LmError *err)
{
    char texts[64][2];
    const char *names[64];
    int n = (int)strlen(letters);
    for (int k = 0; k < n; k++) {
        texts[k][0] = letters[k];
        texts[k][1] = '\0';
        names[k] = texts[k];
    }
    return lm_dataset_set_classes(ds, n, names, err);
}

/* A set of the images, whose reference moves into it. */
static LmStatus make_set(LmDataset **out, const char *name, size_t split, LmTensor *images,
                         const int32_t *labels, LmError *err)
{
    const int64_t hwc[3] = {images->shape[2], images->shape[1], 1};
    Turned *t = NULL;
    LmStatus st = lm_mem_zeros(&t, 1, sizeof *t, err);
    if (st != LM_OK) {
        return st;
    }
    st = lm_dataset_init(&t->ds, &turned_kind, name, images->shape[0], hwc, LM_U8, labels, err);
    if (st != LM_OK) {
        lm_mem_free(t);
        return st;
    }
    t->images = *images;
    *images = (LmTensor){0};
    st = name_classes(&t->ds, splits[split].classes, err);
    if (st == LM_OK) {
        *out = &t->ds;
    } else {
        lm_dataset_unref(&t->ds);
    }
    return st;
}

/* Files `file` and `file + 1` as one set. */
static LmStatus open_part(LmDataset **out, const Search *search, int file, const char *part,
                          LmError *err)
{
    char name[64];
    LmTensor images = {0};
    LmTensor labels = {0};
    int32_t *numbers = NULL;
    const char *const *paths = (const char *const[]){search->paths[file], search->paths[file + 1]};
    LmStr s = lm_str(name, sizeof name);
    lm_str_add(&s, "emnist %s %s", splits[search->split].name, part);
    LmStatus st = lm_idx_load(&images, paths[0], err);
    if (st == LM_OK) {
        st = lm_idx_load(&labels, paths[1], err);
    }
    if (st == LM_OK) {
        st = check_files(&images, paths[0], &labels, paths[1], err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&numbers, (size_t)labels.count, sizeof *numbers, err);
    }
    if (st == LM_OK) {
        st = shift_labels(numbers, &labels, search->split, paths[1], err);
    }
    if (st == LM_OK) {
        st = make_set(out, name, search->split, &images, numbers, err);
    }
    lm_mem_free(numbers);
    lm_tensor_fini(&images);
    lm_tensor_fini(&labels);
    return st;
}

LmStatus lm_emnist_open(LmDataset **train, LmDataset **test, const char *split, const char *dir,
                        const char *script_dir, LmError *err)
{
    Search search = {.split = 0};
    LmDataset *first = NULL;
    while (search.split < LM_ARRAY_LEN(splits) && strcmp(splits[search.split].name, split) != 0) {
        search.split++;
    }
    if (search.split == LM_ARRAY_LEN(splits)) {
        const char *near = lm_str_nearest(split, lm_emnist_splits);
        return lm_fail(err, LM_EARG, "EMNIST has no split '%s'; did you mean '%s'?", split,
                       near != NULL ? near : splits[0].name);
    }
    search.places = (LmPlaces){.set = "emnist", .has_all = has_all, .ctx = &search};
    if (!lm_places_find(&search.places, dir, script_dir)) {
        return lm_fail(err, LM_ENOTFOUND,
                       "emnist is not here: the files emnist-%s-... of its archive gzip.zip come "
                       "from https://www.nist.gov/itl/products-and-services/emnist-dataset; "
                       "looked in %s",
                       split, search.places.report_text);
    }
    LmStatus st = open_part(&first, &search, 0, "train", err);
    if (st == LM_OK) {
        st = open_part(test, &search, 2, "test", err);
    }
    if (st == LM_OK) {
        *train = first;
    } else {
        lm_dataset_unref(first);
    }
    return st;
}
