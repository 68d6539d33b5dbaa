/* Makers of datasets. Each gives a new reference; errors name the file. */
#ifndef LM_SOURCES_H
#define LM_SOURCES_H

#include "data/dataset.h"
#include "io/cifar.h"
#include "io/image.h"
#include "io/resize.h"

/* Tensors in memory (data/memory.c). images: N x H x W or N x H x W x C, u8 or f32; labels: N of u8
 * or i32, or NULL. The tensors' storage is shared, not copied. */
LmStatus lm_memory_new(LmDataset **out, const char *name, const LmTensor *images,
                       const LmTensor *labels, LmError *err) LM_MUST_CHECK;

/* What a file holds as what a set can hold: integers that all lie in 0..255 become u8, other
 * integers and f64 become f32; an integer that f32 does not hold is LM_EFORMAT. u8 and f32 are
 * shared. */
LmStatus lm_memory_adapt(LmTensor *out, const LmTensor *images, LmError *err) LM_MUST_CHECK;
/* lm_memory_new around adapted images; labels may be N x 1. */
LmStatus lm_memory_adopt(LmDataset **out, const char *name, const LmTensor *images,
                         const LmTensor *labels, LmError *err) LM_MUST_CHECK;

/* A pair of IDX files (data/idxset.c) of any type; `labels` may be NULL. Empty sets, counts that
 * differ and images of another rank are LM_EFORMAT. */
LmStatus lm_idxset_open(LmDataset **out, const char *name, const char *images_path,
                        const char *labels_path, LmError *err) LM_MUST_CHECK;

/* The four files of an MNIST-like set in one folder (data/mnist.c): plain or .gz, named with '-' or
 * '.' before "idx". `dir` NULL: looks in $LUMA_DATA/<set>, datasets/<set> beside `script_dir` (may
 * be NULL; its parents too), the working directory, the program, then $XDG_DATA_HOME/luma/<set>,
 * then /usr/share/datasets/<set with '-'>. `set` is "mnist" or "fashion_mnist". LM_ENOTFOUND lists
 * the places and the command that fetches the set. */
LmStatus lm_mnist_open(LmDataset **train, LmDataset **test, const char *set, const char *dir,
                       const char *script_dir, LmError *err) LM_MUST_CHECK;

/* Binary files of CIFAR-10 or CIFAR-100 as one set (data/cifarset.c), with the names of their
 * classes. */
LmStatus lm_cifarset_open(LmDataset **out, const char *name, const char *const *paths, int n_paths,
                          LmCifarLabels labels, LmError *err) LM_MUST_CHECK;
/* CIFAR-10: its six files in one folder, or in "cifar-10-batches-bin" in it, as its archive
 * unpacks; looked for like MNIST, in folders called "cifar10". */
LmStatus lm_cifarset_open_ten(LmDataset **train, LmDataset **test, const char *dir,
                              const char *script_dir, LmError *err) LM_MUST_CHECK;

/* One split of EMNIST (data/emnist.c): "byclass", "bymerge", "balanced", "letters", "digits" or
 * "mnist", files emnist-<split>-train-images-idx3-ubyte(.gz) and so on, in folders called "emnist".
 * The files hold every image transposed: read, it stands upright. Labels of "letters" begin at 1
 * in the files and at 0 here. */
LmStatus lm_emnist_open(LmDataset **train, LmDataset **test, const char *split, const char *dir,
                        const char *script_dir, LmError *err) LM_MUST_CHECK;
/* The splits' names, NULL-ended. */
extern const char *const lm_emnist_splits[];

/* Procedural digits (data/digits.c), drawn from (seed, index) alone: any item is the same bits
 * whatever else was drawn, by whom and where. Training items have indices 0.., test items 2^32.. .
 * 28x28x1, or 32x32x3 on coloured textured grounds. All images are drawn at once, in parallel, into
 * u8 memory; polls cancel. n_train, n_test in 1..10,000,000. */
typedef struct LmDigitsOptions {
    int64_t n_train, n_test;
    uint64_t seed;
    bool is_color;
} LmDigitsOptions;
LmStatus lm_digits_new(LmDataset **train, LmDataset **test, const LmDigitsOptions *o,
                       LmError *err) LM_MUST_CHECK;
/* One digit alone: label and pixels (28*28 or 32*32*3 bytes); index below 2^48. */
int lm_digits_draw(uint64_t seed, uint64_t index, bool is_color, uint8_t *pixels);

/* How image files become items (data/files.c). `h` 0: all files must have the first one's size.
 * With skips_damaged every file is decoded once at opening and those that fail are listed in
 * ds->skips; else damage shows when an image is read (or at opening with `caches`), naming the
 * file. Decoding one file may take a quarter of budget_bytes; a cache above it is LM_EMEM. */
typedef struct LmImageSetOptions {
    int64_t h, w;
    LmColor color; /* not LM_COLOR_FILE */
    LmResize resize;
    bool keep_aspect;
    bool ignore_exif;
    bool scale_16;
    bool caches;        /* decoded and resized once, in parallel, kept as u8 */
    bool skips_damaged; /* on_error="skip" */
    size_t budget_bytes;
} LmImageSetOptions;

/* Image files, a folder a class (data/folder.c). Classes are the sub-folders, in byte order, or
 * those named, in their order; each must hold an image, in it or in folders below it. Files are
 * sorted by folder path, then name, bytewise. Names that begin with '.' and names without the
 * extension of an image are passed over and counted; so are links, unless they are followed. */
typedef struct LmFolderOptions {
    LmImageSetOptions images;
    bool follows_links;
    int n_classes; /* 0: all sub-folders */
    const char *const *classes;
} LmFolderOptions;
LmStatus lm_folder_open(LmDataset **out, const char *name, const char *path,
                        const LmFolderOptions *o, LmError *err) LM_MUST_CHECK;

/* Image files listed in a CSV table with a header (data/table.c), in row order. */
typedef enum LmTableLabels {
    LM_TABLE_NONE,   /* files alone */
    LM_TABLE_CLASS,  /* columns[0] names the class; classes in byte order, or those given */
    LM_TABLE_TAGS,   /* columns[0] lists any number of classes, apart by `separator` */
    LM_TABLE_FLAGS,  /* a column a class, holding 0 or 1 */
    LM_TABLE_VALUES, /* a column a number to predict */
} LmTableLabels;

enum { LM_TABLE_PARTS_MAX = 64 };

typedef struct LmTableOptions {
    LmImageSetOptions images;
    const char *directory; /* of relative paths; NULL: the table's */
    const char *file;      /* column of paths */
    LmTableLabels labels;
    int n_columns;
    const char *const *columns;
    char separator;
    char delimiter;
    const char *weight; /* column, or NULL */
    const char *split;  /* column that names each row's part, or NULL */
    int n_parts;        /* 0: all parts, "train" first, then "test", then others in byte order */
    const char *const *parts;
    int n_classes; /* 0: all; with a list, rows of other classes are left out and counted */
    const char *const *classes;
} LmTableOptions;
/* outs[0 .. *n_outs-1], one set a part (one in all without `split`); all know the same classes,
 * those of the whole table. Errors name the table and its line, or the file. */
LmStatus lm_table_open(LmDataset *outs[LM_TABLE_PARTS_MAX], int *n_outs, const char *name,
                       const char *path, const LmTableOptions *o, LmError *err) LM_MUST_CHECK;

/* Views (data/view.c): no pixels are copied, the base is kept alive. Class names are the base's;
 * targets, weights, names of items and the list of files left out come along. Indices may repeat;
 * `name` NULL is the base's. */
LmStatus lm_view_new(LmDataset **out, LmDataset *base, const char *name, const int64_t *indices,
                     int64_t n, LmError *err) LM_MUST_CHECK;
LmStatus lm_view_range(LmDataset **out, LmDataset *base, int64_t first, int64_t n,
                       LmError *err) LM_MUST_CHECK;
/* The sets whose pixels ds shows, from 0 on: of a view those it was made of, else ds itself. */
int lm_view_n_roots(const LmDataset *ds);
const LmDataset *lm_view_root(const LmDataset *ds, int k);
/* Items whose label is in `keep` (n class numbers); labels keep their numbers. A class that the
 * base does not have, and a view of nothing, are LM_EARG. */
LmStatus lm_view_filter(LmDataset **out, LmDataset *base, const int32_t *keep, int n,
                        LmError *err) LM_MUST_CHECK;
/* Items of a, then items of b: same shape, dtype and class names. */
LmStatus lm_view_concat(LmDataset **out, LmDataset *a, LmDataset *b, LmError *err) LM_MUST_CHECK;
/* How items are dealt to parts (data/split.c). Shuffled unless is_shuffled is false (then file
 * order is kept). `groups`, where not NULL, gives each item a number in [0, n_groups), each used:
 * items of one group stay together, and parts get their share as nearly as the groups allow. */
typedef struct LmSplitOptions {
    double fraction; /* of lm_split_fraction */
    uint64_t seed;
    bool is_stratified;
    bool is_shuffled;
    const int64_t *groups;
    int64_t n_groups;
} LmSplitOptions;
/* Two parts, the first with `fraction` of every class (stratified, where there are labels) or of
 * the whole: rounded half up, at least one item each side, so a class of one image is LM_EARG. */
LmStatus lm_split_fraction(LmDataset **first, LmDataset **second, LmDataset *base,
                           const LmSplitOptions *o, LmError *err) LM_MUST_CHECK;
/* k pairs: validation[i] is fold i, train[i] all other items. Folds of single items differ by one
 * image at most, in all and, stratified, in every class; a class of fewer than k images is LM_EARG.
 * On failure nothing is left to free. */
LmStatus lm_split_folds(LmDataset **train, LmDataset **validation, LmDataset *base, int64_t k,
                        const LmSplitOptions *o, LmError *err) LM_MUST_CHECK;

/* Weights (data/weights.c). The same items in the same order, each with its own weight, in place of
 * those it had. */
LmStatus lm_weights_new(LmDataset **out, LmDataset *base, const float *weights,
                        LmError *err) LM_MUST_CHECK;
/* The weight of its class: n_classes numbers. LM_EARG without labels. */
LmStatus lm_weights_new_of_classes(LmDataset **out, LmDataset *base, const double *of_class,
                                   LmError *err) LM_MUST_CHECK;
/* count / (K * images of its class), K being the number of classes that have any: every class
 * weighs the same in all, and the mean is 1. */
LmStatus lm_weights_new_balanced(LmDataset **out, LmDataset *base, LmError *err) LM_MUST_CHECK;
/* Those weights, one a class (0 for a class without images); ds has labels. */
LmStatus lm_weights_balance(double *of_class, const LmDataset *ds, LmError *err) LM_MUST_CHECK;

#endif
