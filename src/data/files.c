/* Opening goes over the files in waves of fixed length, in parallel within a wave; what each file
 * gave is looked at in order afterwards. So which error is reported, which files are left out and
 * every cached byte are the same for any number of threads.
 */
#include "data/files.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/threads.h"

/* Files between two looks at what became of them: enough to keep threads busy beside one slow file,
 * few enough that errors (half a kilobyte each) stay small and a stop is soon. */
enum { WAVE = 256 };
/* Where no budget is given; also the most one file may take then is a quarter of it. */
static const size_t default_budget = (size_t)2 << 30;

typedef struct Files {
    LmDataset ds;
    LmNames paths;
    LmImageSetOptions o;
    uint8_t *cache; /* count items, or NULL */
} Files;

static int64_t channels_of(LmColor color)
{
    return color == LM_COLOR_GRAY ? 1 : color == LM_COLOR_RGB ? 3 : 4;
}

static size_t file_limit(const LmImageSetOptions *o)
{
    return o->budget_bytes / 4;
}

static LmStatus load(LmImage *image, const char *path, const LmImageSetOptions *o, LmError *err)
{
    const LmImageOptions how = {.color = o->color,
                                .ignore_exif = o->ignore_exif,
                                .scale_16 = o->scale_16,
                                .limit_bytes = file_limit(o)};
    LmStatus st = lm_image_load(image, path, &how, err);
    if (st != LM_OK || o->h == 0) {
        return st;
    }
    st = lm_resize_apply(image, o->h, o->w, o->resize, o->keep_aspect, err);
    if (st != LM_OK) {
        lm_image_fini(image);
        return lm_error_context(err, "%s", path);
    }
    return LM_OK;
}

/* --- the set --- */

static const void *files_pixels(const LmDataset *ds, int64_t i)
{
    const Files *f = (const Files *)ds;
    return f->cache != NULL ? f->cache + (size_t)(i * lm_dataset_item_count(ds)) : NULL;
}

static LmStatus files_read(const LmDataset *ds, int64_t i, void *dst, LmError *err)
{
    const Files *f = (const Files *)ds;
    const char *path = lm_names_get(&f->paths, i);
    LmImage image;
    LmStatus st = load(&image, path, &f->o, err);
    if (st != LM_OK) {
        return st;
    }
    if (image.h == ds->h && image.w == ds->w) {
        memcpy(dst, image.pixels, (size_t)lm_dataset_item_count(ds));
    } else {
        st = lm_fail(err, LM_ESHAPE,
                     "%s is %lldx%lld, the images of this set are %lldx%lld; say size={height, "
                     "width} to resize all",
                     path, (long long)image.h, (long long)image.w, (long long)ds->h,
                     (long long)ds->w);
    }
    lm_image_fini(&image);
    return st;
}

static const char *files_item_name(const LmDataset *ds, int64_t i)
{
    return lm_names_get(&((const Files *)ds)->paths, i);
}

static void files_fini(LmDataset *ds)
{
    Files *f = (Files *)ds;
    lm_names_fini(&f->paths);
    lm_mem_free(f->cache);
}

static const LmDatasetKind files_kind = {
    .name = "files",
    .pixels = files_pixels,
    .read = files_read,
    .item_name = files_item_name,
    .fini = files_fini,
};

void lm_file_rows_fini(LmFileRows *rows)
{
    lm_names_fini(&rows->paths);
    lm_names_fini(&rows->classes);
    lm_mem_free(rows->labels);
    lm_mem_free(rows->targets);
    lm_mem_free(rows->weights);
    lm_mem_free(rows->parts);
    *rows = (LmFileRows){0};
}

/* --- looking at every file --- */

/* What one file gave. */
typedef struct Result {
    LmStatus status;
    int64_t h, w; /* after turning and resizing */
    LmError err;
} Result;

typedef struct Opening {
    const LmFileRows *rows;
    LmImageSetOptions o;
    int64_t h, w; /* of all; 0: not known yet */
    uint8_t *cache;
    int64_t first; /* of the wave */
    Result *results;
    int64_t *kept; /* rows whose files are fine, ascending */
    int64_t n_kept;
    LmSkips *skips;
} Opening;

/* The header alone. Orientations 5 to 8 lie on their side. */
static LmStatus measure(Result *r, const char *path, const LmImageSetOptions *o, LmError *err)
{
    LmImageInfo info;
    LmStatus st = lm_image_info(&info, path, err);
    if (st == LM_OK) {
        bool is_turned = info.orientation >= 5 && !o->ignore_exif;
        r->h = is_turned ? info.w : info.h;
        r->w = is_turned ? info.h : info.w;
    }
    return st;
}

static LmStatus decode(const Opening *op, Result *r, int64_t i, LmError *err)
{
    LmImage image;
    LmStatus st = load(&image, lm_names_get(&op->rows->paths, i), &op->o, err);
    if (st != LM_OK) {
        return st;
    }
    r->h = image.h;
    r->w = image.w;
    if (op->cache != NULL && image.h == op->h && image.w == op->w) {
        size_t size = (size_t)(op->h * op->w * channels_of(op->o.color));
        memcpy(op->cache + (size_t)i * size, image.pixels, size);
    }
    lm_image_fini(&image);
    return LM_OK;
}

static void look(void *ctx, int64_t task, int thread)
{
    Opening *op = ctx;
    Result *r = &op->results[task];
    int64_t i = op->first + task;
    (void)thread;
    r->status = lm_threads_check_cancel(&r->err);
    if (r->status == LM_OK) {
        r->status = op->o.skips_damaged || op->o.caches
                        ? decode(op, r, i, &r->err)
                        : measure(r, lm_names_get(&op->rows->paths, i), &op->o, &r->err);
    }
}

/* A file that claims more pixels than one may have is damage; that memory ran out is not. Four
 * channels of 16 bits are the most a decoder can ask for. */
static bool is_too_large(const Opening *op, const char *path)
{
    LmImageInfo info;
    LmError err;
    return lm_image_info(&info, path, &err) != LM_OK ||
           (double)info.h * (double)info.w * 8 > (double)file_limit(&op->o);
}

static bool is_damage(const Opening *op, const Result *r, const char *path)
{
    return r->status == LM_ENOTFOUND || r->status == LM_EIO || r->status == LM_EFORMAT ||
           (r->status == LM_EMEM && is_too_large(op, path));
}

static LmStatus fail_size(const Opening *op, const Result *r, int64_t i, LmError *err)
{
    int64_t other = op->n_kept > 0 ? op->kept[0] : i;
    return lm_fail(err, LM_ESHAPE,
                   "%s is %lldx%lld, but %s is %lldx%lld; say size={height, width} to resize all",
                   lm_names_get(&op->rows->paths, i), (long long)r->h, (long long)r->w,
                   lm_names_get(&op->rows->paths, other), (long long)op->h, (long long)op->w);
}

/* Keeps row i, lists it as skipped, or fails. */
static LmStatus settle(Opening *op, const Result *r, int64_t i, LmError *err)
{
    const char *path = lm_names_get(&op->rows->paths, i);
    if (r->status == LM_OK && op->h == 0) {
        op->h = r->h;
        op->w = r->w;
    }
    if (r->status == LM_OK && (r->h != op->h || r->w != op->w)) {
        return fail_size(op, r, i, err);
    }
    if (r->status == LM_OK) {
        op->kept[op->n_kept++] = i;
        return LM_OK;
    }
    if (!op->o.skips_damaged || !is_damage(op, r, path)) {
        *err = r->err;
        return r->status;
    }
    /* Most messages begin with the path, which the list has anyway. */
    size_t n = strlen(path);
    bool is_named = strncmp(r->err.msg, path, n) == 0 && strncmp(r->err.msg + n, ": ", 2) == 0;
    return lm_skips_add(op->skips, path, is_named ? r->err.msg + n + 2 : r->err.msg, err);
}

/* The first file that can be read gives the size. It is decoded again with the others: a cache has
 * to be made before, and whether it fits depends on the size. */
static LmStatus find_size(Opening *op, LmError *err)
{
    Result *r = &op->results[0];
    for (int64_t i = 0; i < op->rows->paths.n && op->h == 0; i++) {
        const char *path = lm_names_get(&op->rows->paths, i);
        r->status = decode(op, r, i, &r->err);
        if (r->status == LM_OK) {
            op->h = r->h;
            op->w = r->w;
        } else if (!op->o.skips_damaged || !is_damage(op, r, path)) {
            *err = r->err;
            return r->status;
        }
    }
    return LM_OK;
}

static LmStatus make_cache(Opening *op, LmError *err)
{
    char need_text[32];
    char budget_text[32];
    int64_t c = channels_of(op->o.color);
    size_t size = 0;
    if (!lm_base_mul((size_t)op->h, (size_t)op->w, &size) ||
        !lm_base_mul(size, (size_t)(c * op->rows->paths.n), &size)) {
        size = SIZE_MAX;
    }
    if (size > op->o.budget_bytes) {
        return lm_fail(err, LM_EMEM,
                       "a cache of %lld images %lldx%lldx%lld takes %s, more than the budget of "
                       "%s; raise budget=, make size= smaller or do without cache=\"memory\"",
                       (long long)op->rows->paths.n, (long long)op->h, (long long)op->w,
                       (long long)c, lm_str_bytes(need_text, sizeof need_text, size),
                       lm_str_bytes(budget_text, sizeof budget_text, op->o.budget_bytes));
    }
    return lm_mem_alloc(&op->cache, size, 1, err);
}

static LmStatus check_item(const Opening *op, LmError *err)
{
    char need_text[32];
    char budget_text[32];
    int64_t c = channels_of(op->o.color);
    size_t need = (size_t)op->h * (size_t)op->w * (size_t)c; /* both below 2^16 */
    if (need <= op->o.budget_bytes) {
        return LM_OK;
    }
    return lm_fail(err, LM_EMEM,
                   "one image %lldx%lldx%lld takes %s, more than the budget of %s; make size= "
                   "smaller or raise budget=",
                   (long long)op->h, (long long)op->w, (long long)c,
                   lm_str_bytes(need_text, sizeof need_text, need),
                   lm_str_bytes(budget_text, sizeof budget_text, op->o.budget_bytes));
}

static LmStatus look_at_all(Opening *op, LmError *err)
{
    LmStatus st = LM_OK;
    for (op->first = 0; op->first < op->rows->paths.n && st == LM_OK; op->first += WAVE) {
        int64_t n = LM_MIN(op->rows->paths.n - op->first, (int64_t)WAVE);
        lm_threads_for(n, look, op);
        for (int64_t i = 0; i < n && st == LM_OK; i++) {
            st = settle(op, &op->results[i], op->first + i, err);
        }
    }
    if (st == LM_OK && op->n_kept == 0) {
        const LmSkip *skip = &op->skips->entries[0];
        st = lm_fail(err, LM_EFORMAT, "none of %lld files can be read; the first, %s: %s",
                     (long long)op->skips->n, skip->path, skip->reason);
    }
    return st;
}

/* --- what is kept --- */

/* Moves rows `kept` of a table of rows of `size` bytes to its beginning. */
static void pack(void *rows, size_t size, const int64_t *kept, int64_t n)
{
    char *bytes = rows;
    for (int64_t i = 0; i < n && rows != NULL; i++) {
        memmove(bytes + (size_t)i * size, bytes + (size_t)kept[i] * size, size);
    }
}

static void keep_rows(Opening *op, LmFileRows *rows)
{
    int64_t n = op->n_kept;
    if (n == rows->paths.n) {
        return;
    }
    pack(rows->labels, sizeof *rows->labels, op->kept, n);
    pack(rows->targets, (size_t)rows->n_targets * sizeof *rows->targets, op->kept, n);
    pack(rows->weights, sizeof *rows->weights, op->kept, n);
    pack(rows->parts, sizeof *rows->parts, op->kept, n);
    pack(op->cache, (size_t)(op->h * op->w * channels_of(op->o.color)), op->kept, n);
    lm_names_keep(&rows->paths, op->kept, n);
}

static LmStatus describe_rows(LmDataset *ds, const LmFileRows *rows, LmError *err)
{
    const char **classes = NULL;
    bool is_named = rows->classes.n > 0;
    LM_ASSERT(!is_named || rows->targets == NULL || rows->classes.n == rows->n_targets);
    LmStatus st = is_named ? lm_names_pointers(&classes, &rows->classes, err) : LM_OK;
    if (st == LM_OK && rows->labels != NULL && is_named) {
        st = lm_dataset_set_classes(ds, (int)rows->classes.n, classes, err);
    }
    if (st == LM_OK && rows->targets != NULL) {
        st = lm_dataset_set_targets(ds, rows->targets_kind, rows->n_targets, rows->targets, classes,
                                    err);
    }
    if (st == LM_OK && rows->weights != NULL) {
        st = lm_dataset_set_weights(ds, rows->weights, err);
    }
    lm_mem_free(classes);
    return st;
}

static LmStatus make_set(LmDataset **out, const char *name, Opening *op, LmFileRows *rows,
                         LmError *err)
{
    const int64_t hwc[3] = {op->h, op->w, channels_of(op->o.color)};
    Files *f = NULL;
    LmStatus st = lm_mem_zeros(&f, 1, sizeof *f, err);
    if (st != LM_OK) {
        return st;
    }
    st = lm_dataset_init(&f->ds, &files_kind, name, rows->paths.n, hwc, LM_U8, rows->labels, err);
    if (st != LM_OK) {
        lm_mem_free(f);
        return st;
    }
    st = describe_rows(&f->ds, rows, err);
    if (st != LM_OK) {
        lm_dataset_unref(&f->ds);
        return st;
    }
    f->o = op->o;
    f->paths = rows->paths;
    rows->paths = (LmNames){0};
    f->cache = op->cache;
    op->cache = NULL;
    f->ds.skips = op->skips;
    op->skips = NULL;
    f->ds.n_ignored = rows->n_ignored;
    *out = &f->ds;
    return LM_OK;
}

LmStatus lm_files_open(LmDataset **out, const char *name, LmFileRows *rows,
                       const LmImageSetOptions *o, LmError *err)
{
    LM_ASSERT(rows->paths.n > 0 && o->color != LM_COLOR_FILE);
    Opening op = {.rows = rows, .o = *o, .h = o->h, .w = o->w};
    op.o.budget_bytes = o->budget_bytes > 0 ? o->budget_bytes : default_budget;
    bool is_looked_at = o->skips_damaged || o->caches || o->h == 0;
    LmStatus st = lm_mem_alloc(&op.results, WAVE, sizeof *op.results, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&op.kept, (size_t)rows->paths.n, sizeof *op.kept, err);
    }
    if (st == LM_OK && o->skips_damaged) {
        st = lm_skips_new(&op.skips, err);
    }
    if (st == LM_OK && o->caches) {
        st = find_size(&op, err);
    }
    if (st == LM_OK && o->caches && op.h > 0) {
        st = make_cache(&op, err);
    }
    if (st == LM_OK) {
        st = check_item(&op, err);
    }
    if (st == LM_OK && is_looked_at) {
        st = look_at_all(&op, err);
    }
    if (st == LM_OK && is_looked_at) {
        keep_rows(&op, rows);
    }
    if (st == LM_OK) {
        st = make_set(out, name, &op, rows, err);
    }
    lm_mem_free(op.results);
    lm_mem_free(op.kept);
    lm_mem_free(op.cache);
    lm_skips_unref(op.skips);
    return st;
}
