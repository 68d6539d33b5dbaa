/* Finds and opens the four files of an MNIST-like set.
 *
 * The files of MNIST and Fashion-MNIST have the same names, so only the folder's name tells them
 * apart: a place is always ".../<set>". A folder with some of the files is passed over like one
 * with none, but the message of a failed search says which is missing.
 */
#define _XOPEN_SOURCE 700
#include "data/sources.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

enum { PATH_SIZE = PATH_MAX };
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
    char paths[N_FILES][PATH_SIZE];
    LmStr report; /* places looked in, with what is missing there */
    char report_text[400];
} Search;

/* False when no spelling of the file's name is in `dir`; plain files come before packed ones. */
static bool find_file(char path[PATH_SIZE], const char *dir, int file)
{
    static const struct {
        char separator;
        const char *suffix;
    } spellings[] = {{'-', ""}, {'.', ""}, {'-', ".gz"}, {'.', ".gz"}};
    for (size_t k = 0; k < LM_ARRAY_LEN(spellings); k++) {
        LmStr s = lm_str(path, PATH_SIZE);
        lm_str_add(&s, "%s/%s%c%s%s", dir, files[file].head, spellings[k].separator,
                   files[file].tail, spellings[k].suffix);
        /* A path that fills the buffer was cut. */
        if (s.used + 1 < PATH_SIZE && access(path, F_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* Number of the first file that is not in `dir`, N_FILES when all are; *n_found counts them. */
static int find_missing(Search *search, const char *dir, int *n_found)
{
    int missing = N_FILES;
    *n_found = 0;
    for (int file = 0; file < N_FILES; file++) {
        if (find_file(search->paths[file], dir, file)) {
            (*n_found)++;
        } else if (missing == N_FILES) {
            missing = file;
        }
    }
    return missing;
}

/* True when all files are in `dir`. Otherwise the report gets the place, where it is to be `listed`
 * or has some of the files. */
static bool try_dir(Search *search, const char *dir, bool is_listed)
{
    int n_found = 0;
    int missing = find_missing(search, dir, &n_found);
    if (missing == N_FILES) {
        return true;
    }
    if (is_listed || n_found > 0) {
        lm_str_add(&search->report, search->report.used > 0 ? ", %s" : "%s", dir);
    }
    if (n_found > 0) {
        lm_str_add(&search->report, " (without %s-%s)", files[missing].head, files[missing].tail);
    }
    return false;
}

/* <parent>/<below>/<set>; an unset or empty parent is no place. */
static bool try_below(Search *search, const char *parent, const char *below)
{
    char dir[PATH_SIZE];
    if (parent == NULL || parent[0] == '\0') {
        return false;
    }
    LmStr s = lm_str(dir, sizeof dir);
    lm_str_add(&s, "%s/%s%s", parent, below, sets[search->set].name);
    return try_dir(search, dir, true);
}

/* datasets/<set> in the folder and in the folders above it. */
static bool try_upwards(Search *search, const char *folder)
{
    char at[PATH_SIZE];
    char dir[PATH_SIZE + 64];
    bool is_first = true;
    if (folder == NULL || realpath(folder, at) == NULL) {
        return false;
    }
    for (;;) {
        LmStr s = lm_str(dir, sizeof dir);
        lm_str_add(&s, "%s/datasets/%s", at, sets[search->set].name);
        if (try_dir(search, dir, is_first)) {
            return true;
        }
        char *slash = strrchr(at, '/');
        if (slash == NULL) {
            break;
        }
        if (is_first) {
            lm_str_add(&search->report, " (and above)");
        }
        *slash = '\0';
        is_first = false;
    }
    return false;
}

static bool try_beside_program(Search *search)
{
    char path[PATH_SIZE];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) {
        return false;
    }
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    return try_upwards(search, path);
}

static bool try_all(Search *search, const char *script_dir)
{
    const char *data_home = getenv("XDG_DATA_HOME");
    bool has_data_home = data_home != NULL && data_home[0] != '\0';
    return try_below(search, getenv("LUMA_DATA"), "") || try_upwards(search, script_dir) ||
           try_below(search, ".", "datasets/") || try_beside_program(search) ||
           (has_data_home ? try_below(search, data_home, "luma/")
                          : try_below(search, getenv("HOME"), ".local/share/luma/")) ||
           try_dir(search, sets[search->set].package_dir, true);
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
    search->report = lm_str(search->report_text, sizeof search->report_text);
    if (dir != NULL ? try_dir(search, dir, true) : try_all(search, script_dir)) {
        return LM_OK;
    }
    return lm_fail(err, LM_ENOTFOUND, "%s is not here: %s fetches its four files; looked in %s",
                   set, sets[k].command, search->report.text);
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
