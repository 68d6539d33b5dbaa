/* Dataset: the makers luma.dataset.folder, csv, npz, cifar, cifar10 and emnist, and luma.npz.load.
 */
#include <stdio.h>
#include <string.h>

#include "base/profile.h"
#include "bind/b_dataset.h"
#include "bind/open.h"
#include "data/sources.h"

/* --- options of image files --- */

/* The order of LmColor from LM_COLOR_GRAY on, and of LmResize. */
static const char *const color_names[] = {"gray", "rgb", "rgba", NULL};
static const char *const resize_names[] = {"nearest", "box",     "bilinear", "hamming",
                                           "bicubic", "lanczos", NULL};
static const char *const exif_names[] = {"apply", "ignore", NULL};
static const char *const cache_names[] = {"none", "memory", NULL};
static const char *const error_names[] = {"stop", "skip", NULL};

enum { SIDE_MAX = 65535, BUDGET_MAX_MB = 1 << 24 };

typedef struct ImageArgs {
    int64_t size[2];
    int color;
    int resize;
    bool keep_aspect_ratio;
    int exif;
    int64_t depth;
    int cache;
    int64_t budget;
    int on_error;
} ImageArgs;

/* Of a struct whose first member is an ImageArgs. */
#define IMAGE_OPTIONS                                                                              \
    LB_PAIR(ImageArgs, size, "size", 1, SIDE_MAX, "that of the files, which must agree",           \
            "{ height, width } all images are resized to"),                                        \
        LB_CHOICE(ImageArgs, color, "color", color_names, "\"rgb\"", "what the pixels become"),    \
        LB_CHOICE(ImageArgs, resize, "resize", resize_names, "\"bilinear\"",                       \
                  "how they are resized, to the bit as PIL does it"),                              \
        LB_BOOLEAN(ImageArgs, keep_aspect_ratio, "keep_aspect_ratio", "false",                     \
                   "cut out the middle instead of stretching"),                                    \
        LB_CHOICE(ImageArgs, exif, "exif", exif_names, "\"apply\"",                                \
                  "whether photos are turned upright as their file says"),                         \
        LB_INTEGER(ImageArgs, depth, "depth", 8, 8, "none: refused",                               \
                   "8: files of 16 bits a channel are scaled to 0..255"),                          \
        LB_CHOICE(ImageArgs, cache, "cache", cache_names, "\"none\"",                              \
                  "\"memory\": decoded and resized once, when opened, and kept"),                  \
        LB_INTEGER(ImageArgs, budget, "budget", 1, BUDGET_MAX_MB, "LUMA_MEMORY, else 2000",        \
                   "MB the cache may take; one file, a quarter of it"),                            \
        LB_CHOICE(ImageArgs, on_error, "on_error", error_names, "\"stop\"",                        \
                  "\"skip\": all files are checked, damaged ones are left out and listed")

static const ImageArgs image_defaults = {.color = LM_COLOR_RGB - LM_COLOR_GRAY,
                                         .resize = LM_RESIZE_BILINEAR};

/* LUMA_MEMORY, in MB; 0: not set. */
static int64_t budget_of_environment(lua_State *L)
{
    const char *text = getenv("LUMA_MEMORY");
    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    char *end;
    long long n = strtoll(text, &end, 10);
    if (*end != '\0' || n < 1 || n > BUDGET_MAX_MB) {
        lb_raise_text(L, LM_EARG, "LUMA_MEMORY: wants a number of MB from 1 to %d, got \"%.40s\"",
                      BUDGET_MAX_MB, text);
    }
    return n;
}

static LmImageSetOptions image_options(lua_State *L, const ImageArgs *a)
{
    int64_t budget = a->budget > 0 ? a->budget : budget_of_environment(L);
    return (LmImageSetOptions){.h = a->size[0],
                               .w = a->size[1],
                               .color = (LmColor)(a->color + LM_COLOR_GRAY),
                               .resize = (LmResize)a->resize,
                               .keep_aspect = a->keep_aspect_ratio,
                               .ignore_exif = a->exif == 1,
                               .scale_16 = a->depth == 8,
                               .caches = a->cache == 1,
                               .skips_damaged = a->on_error == 1,
                               .budget_bytes = (size_t)budget * 1000000};
}

/* Memory a set of files holds: its cache, and about a hundred bytes of path a file. */
static size_t files_bytes(const LmDataset *ds, const ImageArgs *a)
{
    size_t cache = a->cache == 1 ? (size_t)(ds->count * lm_dataset_item_count(ds)) : 0;
    return cache + (size_t)ds->count * 100;
}

/* One line on stderr about files that were left out. */
static void report_skipped(const LmDataset *ds, const char *what)
{
    int64_t n = ds->skips != NULL ? ds->skips->n : 0;
    if (n > 0) {
        fprintf(stderr, "luma: %s: %lld of %lld files skipped: %s: %s%s\n", what, (long long)n,
                (long long)(n + ds->count), ds->skips->entries[0].path,
                ds->skips->entries[0].reason, n > 1 ? ", ..." : "");
    }
}

const char *lb_dataset_path_part(lua_State *L, const char *fn)
{
    LbOption path = {.kind = LB_KIND_STRING};
    const char *text = NULL;
    lua_rawgeti(L, 1, 1);
    lb_options_store(L, lua_gettop(L), fn, "the path", &path, &text);
    lua_pop(L, 1); /* the table keeps it */
    return text;
}

/* --- folder --- */

typedef struct FolderArgs {
    ImageArgs images;
    bool follow_links;
    const char *name;
} FolderArgs;

static const LbOption folder_options[] = {
    IMAGE_OPTIONS,
    LB_BOOLEAN(FolderArgs, follow_links, "follow_links", "false",
               "read linked files and folders too, each folder once"),
    LB_NAMES("classes", "all sub-folders, in byte order", "the sub-folders to read, in order"),
    LB_STRING(FolderArgs, name, "name", "the path", "what messages call the set"), LB_OPTIONS_END};

LB_FUNCTION(
    lb_luma_dataset_folder, "luma.dataset.folder", folder_options,
    "luma.dataset.folder{ path, size={ h, w }, color=\"rgb\", classes=, cache=\"none\", "
    "on_error=\"stop\" } -> dataset",
    "Image files, a folder a class: PNG, JPEG, BMP, GIF, TGA and PNM, in the sub-folders of `path` "
    "and "
    "the folders in them. Classes are the sub-folders in byte order. Names that begin with a dot, "
    "other extensions and links are passed over and counted in dataset.ignored. Files are decoded "
    "when "
    "they are read, by whichever thread prepares the batch, or once with cache=\"memory\". Errors "
    "name "
    "the file; with on_error=\"skip\" every file is tried when the set is opened, and "
    "dataset.skipped "
    "lists those that failed.",
    "local ok, err = pcall(luma.dataset.folder, { \"no-such-folder\", size={ 32, 32 } })\n"
    "assert(not ok and err.code == \"ENOTFOUND\")")
{
    FolderArgs a = {.images = image_defaults};
    int n_classes = 0;
    lb_options_parse(L, 1, fn, folder_options, (LbParts){"the path of a folder", 1, 1}, &a);
    lb_arg_end(L, 1, fn);
    const char *path = lb_dataset_path_part(L, fn);
    const char **classes = lb_options_names(L, 1, "classes", &n_classes);
    LmFolderOptions o = {.images = image_options(L, &a.images),
                         .follows_links = a.follow_links,
                         .n_classes = n_classes,
                         .classes = classes};
    LbHandle *handle = lb_handle_push(L, &lb_dataset_type);
    LmDataset *ds;
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st, lm_folder_open(&ds, a.name != NULL ? a.name : path, path, &o, &err));
    lm_profile_stop(LM_PROFILE_LOAD, "folder", start);
    lb_raise_if(L, st, fn, &err);
    lb_dataset_fill(L, handle, ds, files_bytes(ds, &a.images));
    report_skipped(ds, "folder");
    return 1;
}

/* --- csv --- */

typedef struct CsvArgs {
    ImageArgs images;
    const char *file;
    const char *label;
    const char *weight;
    const char *split;
    const char *directory;
    const char *separator;
    const char *delimiter;
    const char *name;
    bool labelled;
} CsvArgs;

static const LbOption csv_options[] = {
    LB_STRING(CsvArgs, file, "file", "\"file\"", "column of the files' paths"),
    LB_STRING(CsvArgs, label, "label", "\"label\"", "column of the class"),
    LB_NAMES("labels", "none",
             "any number of classes an image: a column that lists them, or columns of 0 and 1"),
    LB_NAMES("targets", "none", "columns of numbers to predict"),
    LB_BOOLEAN(CsvArgs, labelled, "labelled", "true", "false: files alone"),
    LB_STRING(CsvArgs, separator, "separator", "\"|\"", "between the classes of one image"),
    LB_STRING(CsvArgs, delimiter, "delimiter", "\",\"", "between columns"),
    LB_STRING(CsvArgs, weight, "weight", "none", "column of how much an image counts"),
    LB_STRING(CsvArgs, split, "split", "none", "column that names the part a row belongs to"),
    LB_NAMES("split_value", "all parts: train, test, others in byte order",
             "the part or parts to return, in order"),
    LB_STRING(CsvArgs, directory, "directory", "the table's", "where relative paths begin"),
    LB_NAMES("classes", "all, in byte order", "the classes, in order; rows of others are left out"),
    LB_STRING(CsvArgs, name, "name", "the path", "what messages call the set"),
    IMAGE_OPTIONS,
    LB_OPTIONS_END};

static char one_character(lua_State *L, const char *text, char initial, const char *label,
                          const char *fn)
{
    if (text != NULL && (text[1] != '\0' || strchr("\"\r\n", text[0]) != NULL)) {
        lb_raise_text(L, LM_EARG, "%s: option '%s' wants one character, got \"%.40s\"", fn, label,
                      text);
    }
    return text != NULL ? text[0] : initial;
}

/* What there is to learn, and from which columns; pushes one value. */
static void parse_labels(lua_State *L, LmTableOptions *o, const CsvArgs *a, const char *fn)
{
    static const char *const column = "label";
    int n_labels = 0;
    int n_targets = 0;
    const char **labels = lb_options_names(L, 1, "labels", &n_labels);
    const char **targets = lb_options_names(L, 1, "targets", &n_targets);
    int n_ways = (a->label != NULL) + (n_labels > 0) + (n_targets > 0) + !a->labelled;
    if (n_ways > 1) {
        lb_raise_text(L, LM_EARG,
                      "%s: 'label', 'labels', 'targets' and labelled=false exclude each other", fn);
    }
    lua_getfield(L, 1, "labels");
    o->labels = !a->labelled                     ? LM_TABLE_NONE
                : n_targets > 0                  ? LM_TABLE_VALUES
                : n_labels == 0                  ? LM_TABLE_CLASS
                : lua_type(L, -1) == LUA_TSTRING ? LM_TABLE_TAGS
                                                 : LM_TABLE_FLAGS;
    lua_pop(L, 1);
    o->columns = n_targets > 0 ? targets : n_labels > 0 ? labels : &column;
    o->n_columns = n_targets > 0 ? n_targets : n_labels > 0 ? n_labels : a->labelled;
    if (a->label != NULL) {
        const char **own = lua_newuserdatauv(L, sizeof *own, 0);
        own[0] = a->label;
        o->columns = own;
    }
}

static LmTableOptions table_options(lua_State *L, const CsvArgs *a, const char *fn)
{
    LmTableOptions o = {.images = image_options(L, &a->images),
                        .directory = a->directory,
                        .file = a->file,
                        .weight = a->weight,
                        .split = a->split};
    o.separator = one_character(L, a->separator, '|', "separator", fn);
    o.delimiter = one_character(L, a->delimiter, ',', "delimiter", fn);
    parse_labels(L, &o, a, fn);
    o.parts = lb_options_names(L, 1, "split_value", &o.n_parts);
    o.classes = lb_options_names(L, 1, "classes", &o.n_classes);
    if (o.n_parts > 0 && o.split == NULL) {
        lb_raise_text(L, LM_EARG,
                      "%s: 'split_value' picks parts that the column 'split' names: say "
                      "split= as well",
                      fn);
    }
    if (o.n_classes > 0 && o.labels != LM_TABLE_CLASS && o.labels != LM_TABLE_TAGS) {
        lb_raise_text(L, LM_EARG, "%s: 'classes' goes with classes named in a column", fn);
    }
    return o;
}

LB_FUNCTION(
    lb_luma_dataset_csv, "luma.dataset.csv", csv_options,
    "luma.dataset.csv{ path, file=\"file\", label=\"label\", labels=, targets=, weight=, split=, "
    "size={ h, w } } -> dataset, ...",
    "Image files listed in a table with a header line (RFC 4180): each row a file and its class; "
    "or, "
    "with `labels`, any number of classes; or, with `targets`, numbers to predict. Order and "
    "duplicates are kept. With `split` one set a part is returned; all know the classes of the "
    "whole "
    "table. Paths are relative to the table's folder. What is said of luma.dataset.folder about "
    "files holds here too; a missing file is an error when the table is opened.",
    "local ok, err = pcall(luma.dataset.csv, { \"no-such-table.csv\", size={ 32, 32 } })\n"
    "assert(not ok and err.code == \"ENOTFOUND\")")
{
    CsvArgs a = {.images = image_defaults, .file = "file", .labelled = true};
    LbHandle *handles[LM_TABLE_PARTS_MAX];
    LmDataset *sets[LM_TABLE_PARTS_MAX];
    int n = 0;
    lb_options_parse(L, 1, fn, csv_options, (LbParts){"the path of a table", 1, 1}, &a);
    lb_arg_end(L, 1, fn);
    const char *path = lb_dataset_path_part(L, fn);
    LmTableOptions o = table_options(L, &a, fn);
    int n_handles = o.split == NULL ? 1 : o.n_parts > 0 ? o.n_parts : LM_TABLE_PARTS_MAX;
    luaL_checkstack(L, n_handles + 10, "too many parts");
    int first = lua_gettop(L) + 1;
    for (int i = 0; i < n_handles && i < LM_TABLE_PARTS_MAX; i++) {
        handles[i] = lb_handle_push(L, &lb_dataset_type);
    }
    LmError err;
    LmStatus st;
    double start = lm_profile_start();
    LB_CALL(L, st, lm_table_open(sets, &n, a.name != NULL ? a.name : path, path, &o, &err));
    lm_profile_stop(LM_PROFILE_LOAD, "csv", start);
    lb_raise_if(L, st, fn, &err);
    for (int i = 0; i < n; i++) {
        lb_dataset_fill(L, handles[i], sets[i], files_bytes(sets[i], &a.images));
    }
    report_skipped(sets[0], "csv");
    lua_settop(L, first + n - 1);
    return n;
}

void lb_dataset_files_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_dataset_folder_doc, &lb_luma_dataset_csv_doc,
                                        NULL};
    lb_doc_register(L, docs);
}
