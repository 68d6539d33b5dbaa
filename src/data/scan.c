#define _XOPEN_SOURCE 700
#include "data/scan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/threads.h"
#include "io/image.h"

/* A folder that was entered. */
typedef struct Place {
    dev_t device;
    ino_t number;
} Place;

typedef struct Walk {
    char path[PATH_MAX]; /* where we are */
    size_t length;
    bool follows_links;
    LmScanCounts counts;
    LmNames files;
    Place *entered; /* where links are followed */
    int64_t n_entered;
    int64_t room;
} Walk;

int64_t lm_scan_total(const LmScanCounts *counts)
{
    return counts->n_hidden + counts->n_foreign + counts->n_links;
}

static LmStatus append(Walk *w, const char *name, LmError *err)
{
    size_t n = strlen(name);
    if (w->length + 1 + n >= sizeof w->path) {
        return lm_fail(err, LM_EIO,
                       "a path below %.200s is longer than the %d bytes the system "
                       "allows",
                       w->path, PATH_MAX - 1);
    }
    w->path[w->length] = '/';
    memcpy(w->path + w->length + 1, name, n + 1);
    w->length += 1 + n;
    return LM_OK;
}

static void cut(Walk *w, size_t length)
{
    w->length = length;
    w->path[length] = '\0';
}

static LmStatus set_path(Walk *w, const char *path, LmError *err)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    if (n == 0 || n >= sizeof w->path) {
        return lm_fail_errno(err, n == 0 ? ENOENT : ENAMETOOLONG, "open", path);
    }
    memcpy(w->path, path, n);
    cut(w, n);
    return LM_OK;
}

/* Adds the entry to `folders` or `files`, or counts it. A name that is gone again is no entry. */
static LmStatus sort_entry(Walk *w, const char *name, LmNames *folders, LmNames *files,
                           LmError *err)
{
    struct stat info;
    size_t length = w->length;
    if (name[0] == '.') {
        bool is_self = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        w->counts.n_hidden += !is_self;
        return LM_OK;
    }
    LmStatus st = append(w, name, err);
    if (st != LM_OK) {
        return st;
    }
    bool is_there = lstat(w->path, &info) == 0;
    if (is_there && S_ISLNK(info.st_mode)) {
        is_there = w->follows_links && stat(w->path, &info) == 0;
        w->counts.n_links += !is_there;
    }
    if (is_there && S_ISDIR(info.st_mode)) {
        st = lm_names_add(folders, name, strlen(name), err);
    } else if (is_there && S_ISREG(info.st_mode) && lm_image_is_name(name)) {
        st = lm_names_add(files, w->path, w->length, err);
    } else if (is_there) {
        w->counts.n_foreign++;
    }
    cut(w, length);
    return st;
}

/* Lists the folder w->path: names of folders in byte order, paths of images in any. */
static LmStatus list(Walk *w, LmNames *folders, LmNames *files, LmError *err)
{
    LmStatus st = LM_OK;
    DIR *dir = opendir(w->path);
    if (dir == NULL) {
        return lm_fail_errno(err, errno, "open", w->path);
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL || st != LM_OK) {
            break;
        }
        st = sort_entry(w, entry->d_name, folders, files, err);
    }
    if (st == LM_OK && errno != 0) {
        st = lm_fail_errno(err, errno, "read", w->path);
    }
    closedir(dir);
    return st == LM_OK ? lm_names_sort(folders, false, err) : st;
}

/* *is_new: the folder was not entered before. Without links there is one way to each. */
static LmStatus enter(Walk *w, bool *is_new, LmError *err)
{
    struct stat info;
    *is_new = true;
    if (!w->follows_links) {
        return LM_OK;
    }
    if (stat(w->path, &info) != 0) {
        return lm_fail_errno(err, errno, "open", w->path);
    }
    for (int64_t i = 0; i < w->n_entered; i++) {
        if (w->entered[i].device == info.st_dev && w->entered[i].number == info.st_ino) {
            w->counts.n_links++;
            *is_new = false;
            return LM_OK;
        }
    }
    if (w->n_entered == w->room) {
        Place *places = NULL;
        int64_t room = LM_MAX(2 * w->room, (int64_t)16);
        LmStatus st = lm_mem_alloc(&places, (size_t)room, sizeof *places, err);
        if (st != LM_OK) {
            return st;
        }
        if (w->n_entered > 0) {
            memcpy(places, w->entered, (size_t)w->n_entered * sizeof *places);
        }
        lm_mem_free(w->entered);
        w->entered = places;
        w->room = room;
    }
    w->entered[w->n_entered++] = (Place){info.st_dev, info.st_ino};
    return LM_OK;
}

/* Marks the folders above w->path as entered: a link that leads back up would make everything below
 * them part of it. */
static LmStatus enter_parents(Walk *w, LmError *err)
{
    size_t length = w->length;
    int64_t n_before = -1;
    LmStatus st = LM_OK;
    while (w->n_entered > n_before && st == LM_OK) { /* ends at "/", its own parent */
        bool is_new = false;
        n_before = w->n_entered;
        st = append(w, "..", err);
        if (st == LM_OK) {
            st = enter(w, &is_new, err);
        }
    }
    cut(w, length);
    w->counts.n_links = 0;
    return st;
}

/* As deep as paths are long, at most: PATH_MAX / 2 calls, of some hundred bytes each. */
static LmStatus walk(Walk *w, LmError *err)
{
    LmNames folders = {0};
    size_t length = w->length;
    bool is_new = false;
    LmStatus st = lm_threads_check_cancel(err);
    if (st == LM_OK) {
        st = enter(w, &is_new, err);
    }
    if (st == LM_OK && is_new) {
        st = list(w, &folders, &w->files, err);
    }
    for (int64_t i = 0; i < folders.n && st == LM_OK; i++) {
        st = append(w, lm_names_get(&folders, i), err);
        if (st == LM_OK) {
            st = walk(w, err);
        }
        cut(w, length);
    }
    lm_names_fini(&folders);
    return st;
}

static void add_counts(LmScanCounts *sum, const LmScanCounts *counts)
{
    sum->n_hidden += counts->n_hidden;
    sum->n_foreign += counts->n_foreign;
    sum->n_links += counts->n_links;
}

LmStatus lm_scan_folders(LmNames *out, LmScanCounts *counts, int64_t *n_images, const char *path,
                         bool follows_links, LmError *err)
{
    Walk w = {.follows_links = follows_links};
    LmStatus st = set_path(&w, path, err);
    if (st == LM_OK) {
        st = list(&w, out, &w.files, err);
    }
    if (st == LM_OK) {
        *n_images += w.files.n;
        w.counts.n_foreign += w.files.n;
        add_counts(counts, &w.counts);
    }
    lm_names_fini(&w.files);
    return st;
}

LmStatus lm_scan_images(LmNames *out, LmScanCounts *counts, const char *path, bool follows_links,
                        LmError *err)
{
    Walk w = {.follows_links = follows_links};
    LmStatus st = set_path(&w, path, err);
    if (st == LM_OK && follows_links) {
        st = enter_parents(&w, err);
    }
    if (st == LM_OK) {
        st = walk(&w, err);
    }
    if (st == LM_OK) {
        st = lm_names_sort(&w.files, true, err);
    }
    for (int64_t i = 0; i < w.files.n && st == LM_OK; i++) {
        const char *file = lm_names_get(&w.files, i);
        st = lm_names_add(out, file, strlen(file), err);
    }
    if (st == LM_OK) {
        add_counts(counts, &w.counts);
    }
    lm_mem_free(w.entered);
    lm_names_fini(&w.files);
    return st;
}
