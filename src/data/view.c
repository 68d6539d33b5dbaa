/* Views of data sets: a list of items of other sets, in any order, repeats allowed.
 *
 * A view never points at a view: items are resolved to the sets that hold the pixels when it is
 * made, so looking an item up takes one step however many views were stacked, and nothing recurses.
 */
#include "data/sources.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* Where an item lives: set number in the high bits, item number in the low ones. */
enum { ITEM_BITS = 40 };
#define ITEM_MASK (((int64_t)1 << ITEM_BITS) - 1)
enum { ROOTS_MAX = 1 << 20 };
/* Longer names are cut, so that those of stacked views do not grow without end. */
enum { NAME_SIZE = 128 };

typedef struct View {
    LmDataset ds;
    LmDataset **roots; /* one reference each; none is a view */
    int n_roots;
    int64_t *places; /* count of them */
} View;

static const LmDatasetKind view_kind;

static bool is_view(const LmDataset *ds)
{
    return ds->kind == &view_kind;
}

static int64_t place(int64_t root, int64_t item)
{
    return root << ITEM_BITS | item;
}

static const void *view_pixels(const LmDataset *ds, int64_t i)
{
    const View *v = (const View *)ds;
    return lm_dataset_pixels(v->roots[v->places[i] >> ITEM_BITS], v->places[i] & ITEM_MASK);
}

static LmStatus view_read(const LmDataset *ds, int64_t i, void *dst, LmError *err)
{
    const View *v = (const View *)ds;
    return lm_dataset_read(v->roots[v->places[i] >> ITEM_BITS], v->places[i] & ITEM_MASK, dst, err);
}

static const char *view_item_name(const LmDataset *ds, int64_t i)
{
    const View *v = (const View *)ds;
    return lm_dataset_item_name(v->roots[v->places[i] >> ITEM_BITS], v->places[i] & ITEM_MASK);
}

static void view_fini(LmDataset *ds)
{
    View *v = (View *)ds;
    for (int k = 0; k < v->n_roots; k++) {
        lm_dataset_unref(v->roots[k]);
    }
    lm_mem_free(v->roots);
    lm_mem_free(v->places);
}

static const LmDatasetKind view_kind = {
    .name = "view",
    .pixels = view_pixels,
    .read = view_read,
    .item_name = view_item_name,
    .fini = view_fini,
};

int lm_view_n_roots(const LmDataset *ds)
{
    return is_view(ds) ? ((const View *)ds)->n_roots : 1;
}

const LmDataset *lm_view_root(const LmDataset *ds, int k)
{
    LM_ASSERT(k >= 0 && k < lm_view_n_roots(ds));
    return is_view(ds) ? ((const View *)ds)->roots[k] : ds;
}

static void add_roots(View *v, LmDataset *ds)
{
    for (int k = 0; k < lm_view_n_roots(ds); k++) {
        v->roots[v->n_roots++] = lm_dataset_ref(is_view(ds) ? ((View *)ds)->roots[k] : ds);
    }
}

/* Places of n items of ds (all in order where indices is NULL), its first root being `root` of v;
 * their labels too, where there are any. */
static void add_places(View *v, int32_t *labels, int64_t at, int root, const LmDataset *ds,
                       const int64_t *indices, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t item = indices != NULL ? indices[i] : i;
        v->places[at + i] =
            is_view(ds) ? ((const View *)ds)->places[item] + place(root, 0) : place(root, item);
        if (labels != NULL) {
            labels[at + i] = ds->labels[item];
        }
    }
}

/* Allocates what a view of `count` items and `n_roots` sets holds; *labels stays NULL where none
 * are wanted. On failure everything is freed. */
static LmStatus alloc_view(View **out, int32_t **labels, int64_t count, size_t n_roots,
                           bool has_labels, LmError *err)
{
    View *v = NULL;
    LmStatus st = lm_mem_zeros(&v, 1, sizeof *v, err);
    if (st != LM_OK) {
        return st;
    }
    st = lm_mem_alloc(&v->places, (size_t)count, sizeof *v->places, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&v->roots, n_roots, sizeof(LmDataset *), err);
    }
    if (st == LM_OK && has_labels) {
        st = lm_mem_alloc(labels, (size_t)count, sizeof **labels, err);
    }
    if (st != LM_OK) {
        view_fini(&v->ds);
        lm_mem_free(v);
        return st;
    }
    *out = v;
    return LM_OK;
}

/* Copies what items `indices` of ds (n of them, all in order where NULL) have beside labels to the
 * items of v from `at` on. */
static void gather(LmDataset *v, int64_t at, const LmDataset *ds, const int64_t *indices, int64_t n)
{
    size_t row = (size_t)v->n_targets;
    for (int64_t i = 0; i < n; i++) {
        int64_t item = indices != NULL ? indices[i] : i;
        if (v->targets != NULL) {
            memcpy(v->targets + (size_t)(at + i) * row, ds->targets + (size_t)item * row,
                   row * sizeof *v->targets);
        }
        if (v->weights != NULL) {
            v->weights[at + i] = ds->weights != NULL ? ds->weights[item] : 1.0f;
        }
    }
}

/* The files left out of a, and those of b. */
static LmStatus join_skips(LmSkips **out, const LmDataset *a, const LmDataset *b, LmError *err)
{
    if (b == NULL || b->skips == NULL || b->skips == a->skips) {
        *out = lm_skips_ref(a->skips);
        return LM_OK;
    }
    if (a->skips == NULL) {
        *out = lm_skips_ref(b->skips);
        return LM_OK;
    }
    const LmSkips *both[2] = {a->skips, b->skips};
    LmSkips *s = NULL;
    LmStatus st = lm_skips_new(&s, err);
    for (int k = 0; k < 2; k++) {
        for (int64_t i = 0; i < both[k]->n && st == LM_OK; i++) {
            st = lm_skips_add(s, both[k]->entries[i].path, both[k]->entries[i].reason, err);
        }
    }
    if (st == LM_OK) {
        *out = s;
    } else {
        lm_skips_unref(s);
    }
    return st;
}

/* Gives the view targets, weights and skips of a's items and b's. Weights were checked when the
 * bases got theirs; that a part's may all be 0 is no fault of the part. */
static LmStatus carry(LmDataset *v, const LmDataset *a, const int64_t *indices, int64_t n,
                      const LmDataset *b, LmError *err)
{
    LmStatus st = LM_OK;
    bool is_weighted = a->weights != NULL || (b != NULL && b->weights != NULL);
    if (a->targets != NULL) {
        v->targets_kind = a->targets_kind;
        v->n_targets = a->n_targets;
        st = lm_mem_alloc(&v->targets, (size_t)(v->count * v->n_targets), sizeof(float), err);
    }
    if (st == LM_OK && is_weighted) {
        st = lm_mem_alloc(&v->weights, (size_t)v->count, sizeof(float), err);
    }
    if (st == LM_OK) {
        st = join_skips(&v->skips, a, b, err);
    }
    if (st != LM_OK) {
        return st;
    }
    v->n_ignored = a->n_ignored + (b != NULL && b != a ? b->n_ignored : 0);
    gather(v, 0, a, indices, n);
    if (b != NULL) {
        gather(v, n, b, NULL, b->count);
    }
    return LM_OK;
}

/* Items `indices` of a (n of them, valid; all n where NULL), then all of b where b is not NULL. */
static LmStatus new_view(LmDataset **out, const char *name, LmDataset *a, const int64_t *indices,
                         int64_t n, LmDataset *b, LmError *err)
{
    const int64_t hwc[3] = {a->h, a->w, a->c};
    int64_t count = n + (b != NULL ? b->count : 0);
    int n_roots = lm_view_n_roots(a) + (b != NULL ? lm_view_n_roots(b) : 0);
    int32_t *labels = NULL;
    View *v = NULL;
    if (n_roots > ROOTS_MAX || LM_MAX(a->count, count) > ITEM_MASK) {
        return lm_fail(err, LM_EARG, "'%s' would be a view of too many sets or items", name);
    }
    LmStatus st = alloc_view(&v, &labels, count, (size_t)n_roots, a->labels != NULL, err);
    if (st != LM_OK) {
        return st;
    }
    add_roots(v, a);
    add_places(v, labels, 0, 0, a, indices, n);
    if (b != NULL) {
        add_places(v, labels, n, v->n_roots, b, NULL, b->count);
        add_roots(v, b);
    }
    st = lm_dataset_init(&v->ds, &view_kind, name, count, hwc, a->dtype, labels, err);
    lm_mem_free(labels);
    if (st != LM_OK) {
        view_fini(&v->ds);
        lm_mem_free(v);
        return st;
    }
    st = carry(&v->ds, a, indices, n, b, err);
    if (st == LM_OK && a->n_classes > 0) {
        st = lm_dataset_set_classes(&v->ds, a->n_classes, (const char *const *)a->classes, err);
    }
    if (st == LM_OK) {
        *out = &v->ds;
    } else {
        lm_dataset_unref(&v->ds);
    }
    return st;
}

/* As scripts count; any number may come in. */
static long long position(int64_t i)
{
    return i < INT64_MAX ? i + 1 : i;
}

LmStatus lm_view_new(LmDataset **out, LmDataset *base, const char *name, const int64_t *indices,
                     int64_t n, LmError *err)
{
    if (n < 1) {
        return lm_fail(err, LM_EARG, "a view of '%s' needs at least one image", base->name);
    }
    for (int64_t i = 0; i < n; i++) {
        if (indices[i] < 0 || indices[i] >= base->count) {
            return lm_fail(err, LM_EARG, "there is no image %lld in '%s'; it has images 1 to %lld",
                           position(indices[i]), base->name, (long long)base->count);
        }
    }
    return new_view(out, name != NULL ? name : base->name, base, indices, n, NULL, err);
}

LmStatus lm_view_range(LmDataset **out, LmDataset *base, int64_t first, int64_t n, LmError *err)
{
    char name[NAME_SIZE];
    int64_t *indices = NULL;
    if (first < 0 || n < 1 || first >= base->count || n > base->count - first) {
        return lm_fail(
            err, LM_EARG,
            "%lld images from image %lld on are not a range of '%s', which has 1 to %lld",
            (long long)n, position(first), base->name, (long long)base->count);
    }
    LmStatus st = lm_mem_alloc(&indices, (size_t)n, sizeof *indices, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < n; i++) {
        indices[i] = first + i;
    }
    LmStr s = lm_str(name, sizeof name);
    lm_str_add(&s, "%s [%lld..%lld]", base->name, (long long)first + 1, (long long)(first + n));
    st = new_view(out, name, base, indices, n, NULL, err);
    lm_mem_free(indices);
    return st;
}

/* --- filter and concat --- */

/* The bases' class names, "0", "1", ..., cut to fit. */
static const char *list_classes(char *buffer, size_t size, const LmDataset *ds)
{
    LmStr s = lm_str(buffer, size);
    for (int k = 0; k < ds->n_classes && s.used < size - 1; k++) {
        lm_str_add(&s, k > 0 ? ", %s" : "%s", ds->classes[k]);
    }
    return buffer;
}

static LmStatus check_keep(const LmDataset *base, const int32_t *keep, int n, LmError *err)
{
    char text[NAME_SIZE];
    if (base->labels == NULL) {
        return lm_fail(err, LM_EARG, "'%s' has no labels, so its classes cannot be filtered",
                       base->name);
    }
    for (int k = 0; k < n; k++) {
        if (keep[k] < 0 || keep[k] >= base->n_classes) {
            return lm_fail(err, LM_EARG, "'%s' has no class number %d; it has 0 to %d: %s",
                           base->name, (int)keep[k], base->n_classes - 1,
                           list_classes(text, sizeof text, base));
        }
    }
    return LM_OK;
}

LmStatus lm_view_filter(LmDataset **out, LmDataset *base, const int32_t *keep, int n, LmError *err)
{
    char name[NAME_SIZE];
    bool *is_kept = NULL;
    int64_t *indices = NULL;
    int64_t n_kept = 0;
    LmStatus st = check_keep(base, keep, n, err);
    if (st != LM_OK) {
        return st;
    }
    st = lm_mem_zeros(&is_kept, (size_t)base->n_classes, sizeof *is_kept, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&indices, (size_t)base->count, sizeof *indices, err);
    }
    if (st != LM_OK) {
        goto done;
    }
    LmStr s = lm_str(name, sizeof name);
    lm_str_add(&s, "%s, classes", base->name);
    for (int k = 0; k < n; k++) {
        is_kept[keep[k]] = true;
        lm_str_add(&s, k > 0 ? ", %s" : " %s", base->classes[keep[k]]);
    }
    for (int64_t i = 0; i < base->count; i++) {
        if (is_kept[base->labels[i]]) {
            indices[n_kept++] = i;
        }
    }
    if (n_kept == 0) {
        st = lm_fail(err, LM_EARG,
                     "no image would be left of '%s': none is of the %d class%s to keep",
                     base->name, n, n == 1 ? "" : "es");
        goto done;
    }
    st = new_view(out, name, base, indices, n_kept, NULL, err);
done:
    lm_mem_free(is_kept);
    lm_mem_free(indices);
    return st;
}

static LmStatus check_classes(const LmDataset *a, const LmDataset *b, LmError *err)
{
    if ((a->labels == NULL) != (b->labels == NULL)) {
        return lm_fail(err, LM_EARG, "'%s' has labels and '%s' has none: they cannot be one set",
                       a->labels != NULL ? a->name : b->name,
                       a->labels != NULL ? b->name : a->name);
    }
    if (a->targets_kind != b->targets_kind) {
        return lm_fail(err, LM_EARG,
                       "'%s' and '%s' differ in what there is to learn: they cannot "
                       "be one set",
                       a->name, b->name);
    }
    if (a->n_classes != b->n_classes) {
        return lm_fail(err, LM_EARG, "'%s' has %d classes and '%s' has %d: they cannot be one set",
                       a->name, a->n_classes, b->name, b->n_classes);
    }
    for (int k = 0; k < a->n_classes; k++) {
        if (strcmp(a->classes[k], b->classes[k]) != 0) {
            return lm_fail(err, LM_EARG,
                           "class %d is '%s' in '%s' and '%s' in '%s': they cannot be one set", k,
                           a->classes[k], a->name, b->classes[k], b->name);
        }
    }
    return LM_OK;
}

LmStatus lm_view_concat(LmDataset **out, LmDataset *a, LmDataset *b, LmError *err)
{
    const int64_t a_hwc[3] = {a->h, a->w, a->c};
    const int64_t b_hwc[3] = {b->h, b->w, b->c};
    char name[NAME_SIZE];
    char a_text[64];
    char b_text[64];
    if (memcmp(a_hwc, b_hwc, sizeof a_hwc) != 0 || a->dtype != b->dtype) {
        return lm_fail(err, LM_ESHAPE,
                       "images of '%s' are %s %s, those of '%s' are %s %s: they cannot be one set",
                       a->name, lm_str_shape(a_text, sizeof a_text, 3, a_hwc),
                       lm_dtype_name(a->dtype), b->name,
                       lm_str_shape(b_text, sizeof b_text, 3, b_hwc), lm_dtype_name(b->dtype));
    }
    LmStatus st = check_classes(a, b, err);
    if (st == LM_OK) {
        LmStr s = lm_str(name, sizeof name);
        lm_str_add(&s, "%s + %s", a->name, b->name);
        st = new_view(out, name, a, NULL, a->count, b, err);
    }
    return st;
}
