/* Finds and opens the four files of an MNIST-like set. */
#include "data/sources.h"

#include <string.h>

#include "base/str.h"
#include "data/places.h"

enum { N_FILES = 4, N_CLASSES = 10 };

static const char *const digit_names[N_CLASSES] = {"0", "1", "2", "3", "4",
                                                   "5", "6", "7", "8", "9"};
static const char *const fashion_names[N_CLASSES] = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

static const struct {
    const char *name;
    const char *package_dir; /* of Debian's dataset packages */
    const char *command;     /* that fetches it */
    const char *const *classes;
} sets[] = {
    {"mnist", "/usr/share/datasets/mnist", "'make mnist' or 'datasets/fetch.sh mnist'",
     digit_names},
    {"fashion_mnist", "/usr/share/datasets/fashion-mnist", "'datasets/fetch.sh fashion_mnist'",
     fashion_names},
};
static const char *const set_names[] = {"mnist", "fashion_mnist", NULL};

/* Beginning and end of each name; '-' or '.' stands between them. */
static const struct {
    const char *head;
    const char *tail;
} files[N_FILES] = {{"train-images", "idx3-ubyte"},
                    {"train-labels", "idx1-ubyte"},
                    {"t10k-images", "idx3-ubyte"},
                    {"t10k-labels", "idx1-ubyte"}};

typedef struct Search {
    size_t set; /* row of `sets` */
    char paths[N_FILES][LM_PLACES_PATH];
    char missing[64];
    LmPlaces places;
} Search;

/* False when no spelling of the file's name is in `dir`; plain files come before packed ones. */
static bool find_file(char path[LM_PLACES_PATH], const char *dir, int file)
{
    static const struct {
        char separator;
        const char *suffix;
    } spellings[] = {{'-', ""}, {'.', ""}, {'-', ".gz"}, {'.', ".gz"}};
    for (size_t k = 0; k < LM_ARRAY_LEN(spellings); k++) {
        char name[64];
        LmStr s = lm_str(name, sizeof name);
        lm_str_add(&s, "%s%c%s%s", files[file].head, spellings[k].separator, files[file].tail,
                   spellings[k].suffix);
        if (lm_places_file(path, dir, name)) {
            return true;
        }
    }
    return false;
}

static bool has_all(void *ctx, const char *dir, int *n_found, const char **missing)
{
    Search *search = ctx;
    *n_found = 0;
    *missing = NULL;
    for (int file = 0; file < N_FILES; file++) {
        if (find_file(search->paths[file], dir, file)) {
            (*n_found)++;
        } else if (*missing == NULL) {
            LmStr s = lm_str(search->missing, sizeof search->missing);
            lm_str_add(&s, "%s-%s", files[file].head, files[file].tail);
            *missing = search->missing;
        }
    }
    return *missing == NULL;
}

static LmStatus find_set(Search *search, const char *set, const char *dir, const char *script_dir,
                         LmError *err)
{
    size_t k = 0;
    while (k < LM_ARRAY_LEN(sets) && strcmp(sets[k].name, set) != 0) {
        k++;
    }
    if (k == LM_ARRAY_LEN(sets)) {
        const char *near = lm_str_nearest(set, set_names);
        return lm_fail(err, LM_EARG, "there is no set '%s'; did you mean '%s'?", set,
                       near != NULL ? near : set_names[0]);
    }
    search->set = k;
    search->places = (LmPlaces){
        .set = sets[k].name, .package_dir = sets[k].package_dir, .has_all = has_all, .ctx = search};
    if (lm_places_find(&search->places, dir, script_dir)) {
        return LM_OK;
    }
    return lm_fail(err, LM_ENOTFOUND, "%s is not here: %s fetches its four files; looked in %s",
                   set, sets[k].command, search->places.report_text);
}

/* Files `file` and `file + 1` as one set. */
static LmStatus open_part(LmDataset **out, const Search *search, int file, const char *part,
                          LmError *err)
{
    char name[64];
    LmDataset *ds = NULL;
    const char *labels_path = search->paths[file + 1];
    LmStr s = lm_str(name, sizeof name);
    lm_str_add(&s, "%s %s", sets[search->set].name, part);
    LmStatus st = lm_idxset_open(&ds, name, search->paths[file], labels_path, err);
    if (st == LM_OK && ds->n_classes > N_CLASSES) {
        st = lm_fail(err, LM_EFORMAT, "%s: a label is %d; %s has the classes 0 to %d", labels_path,
                     ds->n_classes - 1, sets[search->set].name, N_CLASSES - 1);
    }
    if (st == LM_OK) {
        st = lm_dataset_set_classes(ds, N_CLASSES, sets[search->set].classes, err);
    }
    if (st == LM_OK) {
        *out = ds;
    } else {
        lm_dataset_unref(ds);
    }
    return st;
}

static LmStatus check_alike(const LmDataset *train, const LmDataset *test, const Search *search,
                            LmError *err)
{
    if (train->h == test->h && train->w == test->w && train->c == test->c &&
        train->dtype == test->dtype) {
        return LM_OK;
    }
    const int64_t train_hwc[3] = {train->h, train->w, train->c};
    const int64_t test_hwc[3] = {test->h, test->w, test->c};
    char train_text[64];
    char test_text[64];
    return lm_fail(err, LM_EFORMAT, "%s holds images %s %s, but %s holds %s %s", search->paths[0],
                   lm_str_shape(train_text, sizeof train_text, 3, train_hwc),
                   lm_dtype_name(train->dtype), search->paths[2],
                   lm_str_shape(test_text, sizeof test_text, 3, test_hwc),
                   lm_dtype_name(test->dtype));
}

LmStatus lm_mnist_open(LmDataset **train, LmDataset **test, const char *set, const char *dir,
                       const char *script_dir, LmError *err)
{
    Search search;
    LmDataset *parts[2] = {NULL, NULL};
    LmStatus st = find_set(&search, set, dir, script_dir, err);
    if (st == LM_OK) {
        st = open_part(&parts[0], &search, 0, "train", err);
    }
    if (st == LM_OK) {
        st = open_part(&parts[1], &search, 2, "test", err);
    }
    if (st == LM_OK) {
        st = check_alike(parts[0], parts[1], &search, err);
    }
    if (st == LM_OK) {
        *train = parts[0];
        *test = parts[1];
    } else {
        lm_dataset_unref(parts[0]);
        lm_dataset_unref(parts[1]);
    }
    return st;
}
