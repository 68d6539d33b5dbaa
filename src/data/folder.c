/* A folder a class: finds the classes and their files, and leaves the rest to files.c. */
#define _XOPEN_SOURCE 700
#include "data/sources.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/files.h"
#include "data/scan.h"

typedef struct Finding {
    const char *root;
    const LmFolderOptions *o;
    LmNames folders; /* sub-folders of the root */
    LmScanCounts counts;
    int64_t n_stray; /* images in the root itself */
    LmFileRows rows;
} Finding;

/* "cat, dog, ...", cut to fit. */
static const char *list_names(char *buffer, size_t size, const LmNames *names)
{
    LmStr s = lm_str(buffer, size);
    for (int64_t i = 0; i < names->n && s.used < size - 1; i++) {
        lm_str_add(&s, i > 0 ? ", %s" : "%s", lm_names_get(names, i));
    }
    return buffer;
}

/* --- classes --- */

static LmStatus check_class(const Finding *f, int k, LmError *err)
{
    char text[160];
    const char *class = f->o->classes[k];
    if (class[0] == '\0' || strchr(class, '/') != NULL || strcmp(class, ".") == 0 ||
        strcmp(class, "..") == 0) {
        return lm_fail(err, LM_EARG,
                       "class '%s' is no name of a folder in %s: classes are folders directly in "
                       "it, named without '/'",
                       class, f->root);
    }
    for (int j = 0; j < k; j++) {
        if (strcmp(f->o->classes[j], class) == 0) {
            return lm_fail(err, LM_EARG, "class '%s' is named twice, as number %d and %d", class,
                           j + 1, k + 1);
        }
    }
    if (lm_names_find(&f->folders, class) < 0) {
        return lm_fail(err, LM_ENOTFOUND, "there is no class folder '%s' in %s%s%s", class, f->root,
                       f->folders.n > 0 ? "; it has " : ", which has no folders",
                       list_names(text, sizeof text, &f->folders));
    }
    return LM_OK;
}

static LmStatus take_named_classes(Finding *f, LmError *err)
{
    LmStatus st = LM_OK;
    for (int k = 0; k < f->o->n_classes && st == LM_OK; k++) {
        const char *class = f->o->classes[k];
        st = check_class(f, k, err);
        if (st == LM_OK) {
            st = lm_names_add(&f->rows.classes, class, strlen(class), err);
        }
    }
    return st;
}

static LmStatus take_all_classes(Finding *f, LmError *err)
{
    LmStatus st = LM_OK;
    if (f->folders.n == 0) {
        char hint[160] = "";
        LmStr s = lm_str(hint, sizeof hint);
        if (f->n_stray > 0) {
            lm_str_add(&s, "; it holds %lld images itself: move those of a class to a folder",
                       (long long)f->n_stray);
        } else if (f->counts.n_links > 0) {
            lm_str_add(&s, "; it holds links, which follow_links=true follows");
        }
        return lm_fail(err, LM_EFORMAT,
                       "%s has no sub-folders, which would be the classes of its images%s", f->root,
                       hint);
    }
    for (int64_t k = 0; k < f->folders.n && st == LM_OK; k++) {
        const char *class = lm_names_get(&f->folders, k);
        st = lm_names_add(&f->rows.classes, class, strlen(class), err);
    }
    return st;
}

static LmStatus find_classes(Finding *f, LmError *err)
{
    LmStatus st =
        lm_scan_folders(&f->folders, &f->counts, &f->n_stray, f->root, f->o->follows_links, err);
    if (st == LM_OK) {
        st = f->o->n_classes > 0 ? take_named_classes(f, err) : take_all_classes(f, err);
    }
    if (st == LM_OK && f->rows.classes.n > LM_CLASSES_MAX) {
        st = lm_fail(err, LM_EFORMAT, "%s has %lld sub-folders, more than the %d classes possible",
                     f->root, (long long)f->rows.classes.n, LM_CLASSES_MAX);
    }
    return st;
}

/* --- their files --- */

static LmStatus fail_empty(const Finding *f, const char *path, const LmScanCounts *counts,
                           LmError *err)
{
    char text[160];
    LmStr s = lm_str(text, sizeof text);
    if (counts->n_links > 0 && !f->o->follows_links) {
        lm_str_add(&s, "it holds links, which follow_links=true follows");
    } else if (f->o->n_classes > 0) {
        lm_str_add(&s, "leave it out of classes={...}");
    } else {
        lm_str_add(&s, "remove it, or name the classes that count in classes={...}");
    }
    return lm_fail(err, LM_EFORMAT, "class folder %s holds no image (%lld other file%s): %s", path,
                   (long long)lm_scan_total(counts), lm_scan_total(counts) == 1 ? "" : "s", text);
}

static LmStatus find_files(Finding *f, int64_t *n_of_class, LmError *err)
{
    char path[PATH_MAX];
    LmStatus st = LM_OK;
    for (int64_t k = 0; k < f->rows.classes.n && st == LM_OK; k++) {
        LmScanCounts counts = {0};
        int64_t before = f->rows.paths.n;
        LmStr s = lm_str(path, sizeof path);
        lm_str_add(&s, "%s/%s", f->root, lm_names_get(&f->rows.classes, k));
        st = lm_scan_images(&f->rows.paths, &counts, path, f->o->follows_links, err);
        if (st == LM_OK && f->rows.paths.n == before) {
            st = fail_empty(f, path, &counts, err);
        }
        n_of_class[k] = f->rows.paths.n - before;
        f->rows.n_ignored += lm_scan_total(&counts);
    }
    return st;
}

static LmStatus label_files(Finding *f, const int64_t *n_of_class, LmError *err)
{
    int64_t i = 0;
    LmStatus st =
        lm_mem_alloc(&f->rows.labels, (size_t)f->rows.paths.n, sizeof *f->rows.labels, err);
    for (int64_t k = 0; k < f->rows.classes.n && st == LM_OK; k++) {
        for (int64_t end = i + n_of_class[k]; i < end; i++) {
            f->rows.labels[i] = (int32_t)k;
        }
    }
    return st;
}

/* No class may go by skipping alone: nothing would be left to learn it from. */
static LmStatus check_skipped(const LmDataset *ds, int64_t *counts, LmError *err)
{
    lm_dataset_counts(ds, counts);
    for (int k = 0; k < ds->n_classes; k++) {
        if (counts[k] == 0) {
            return lm_fail(err, LM_EFORMAT,
                           "%s: no file of class '%s' can be read; the first skipped of all, %s: "
                           "%s",
                           ds->name, ds->classes[k], ds->skips->entries[0].path,
                           ds->skips->entries[0].reason);
        }
    }
    return LM_OK;
}

/* A file where a folder should be gets a better answer than "Not a directory". */
static LmStatus check_root(const char *path, LmError *err)
{
    struct stat info;
    if (strlen(path) >= PATH_MAX) {
        return lm_fail_errno(err, ENAMETOOLONG, "open", path);
    }
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) {
        return lm_fail(err, LM_EIO, "%s is a file, not a folder with a sub-folder a class", path);
    }
    return LM_OK;
}

LmStatus lm_folder_open(LmDataset **out, const char *name, const char *path,
                        const LmFolderOptions *o, LmError *err)
{
    char root[PATH_MAX];
    LmDataset *ds = NULL;
    int64_t *n_of_class = NULL;
    Finding f = {.root = root, .o = o};
    LmStr s = lm_str(root, sizeof root);
    lm_str_add(&s, "%s", path);
    while (s.used > 1 && root[s.used - 1] == '/') {
        root[--s.used] = '\0';
    }
    LmStatus st = check_root(path, err);
    if (st == LM_OK) {
        st = find_classes(&f, err);
    }
    if (st == LM_OK) {
        st = lm_mem_alloc(&n_of_class, (size_t)f.rows.classes.n, sizeof *n_of_class, err);
    }
    if (st == LM_OK) {
        f.rows.n_ignored = lm_scan_total(&f.counts);
        st = find_files(&f, n_of_class, err);
    }
    if (st == LM_OK) {
        st = label_files(&f, n_of_class, err);
    }
    if (st == LM_OK) {
        st = lm_files_open(&ds, name, &f.rows, &o->images, err);
    }
    if (st == LM_OK && o->images.skips_damaged) {
        st = check_skipped(ds, n_of_class, err);
    }
    lm_mem_free(n_of_class);
    lm_names_fini(&f.folders);
    lm_file_rows_fini(&f.rows);
    if (st == LM_OK) {
        *out = ds;
    } else {
        lm_dataset_unref(ds);
    }
    return st;
}
