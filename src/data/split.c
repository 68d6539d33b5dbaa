/* Splits of a data set: two parts by a fraction, or k folds.
 *
 * First every item gets the number of its part, then views are made of the parts. Alone, the items
 * of a class are dealt exactly; items that belong together (`groups`) can only be dealt as well as
 * their groups allow: the largest first, each to the part where the classes it holds are furthest
 * behind their share.
 */
#include "data/sources.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

/* Longer names are cut, as those of other views. */
enum { NAME_SIZE = 128 };

/* Fisher and Yates: every order equally likely. n < 2^32. */
static void shuffle(int64_t *items, int64_t n, LmRng rng)
{
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = lm_rng_below(&rng, (uint32_t)(i + 1));
        int64_t item = items[i];
        items[i] = items[j];
        items[j] = item;
    }
}

/* Sorts items by key, file order within a key: items of key k are at starts[k]..starts[k+1]. Keys
 * are labels, groups (one of the two), or all 0 where both are NULL. */
static void sort_by_key(int64_t count, const int32_t *labels, const int64_t *groups, int64_t n_keys,
                        int64_t *items, int64_t *starts)
{
    memset(starts, 0, ((size_t)n_keys + 1) * sizeof *starts);
    for (int64_t i = 0; i < count; i++) {
        starts[(labels != NULL ? labels[i] : groups != NULL ? groups[i] : 0) + 1]++;
    }
    for (int64_t k = 0; k < n_keys; k++) {
        starts[k + 1] += starts[k];
    }
    /* Filling moves each start to the next one's place; going backwards over items restores it. */
    int64_t *ends = starts + 1;
    for (int64_t i = count - 1; i >= 0; i--) {
        items[--ends[labels != NULL ? labels[i] : groups != NULL ? groups[i] : 0]] = i;
    }
    memmove(starts, ends, (size_t)n_keys * sizeof *starts);
    starts[n_keys] = count;
}

/* fraction * n rounded half up, at least 1 and at most n - 1. */
static int64_t share_of(double fraction, int64_t n)
{
    double exact = fraction * (double)n;
    int64_t m = (int64_t)floor(exact);
    m += exact - floor(exact) >= 0.5;
    return LM_MIN(LM_MAX(m, 1), n - 1);
}

/* How items are dealt: n_parts of `fraction` and the rest, or k equal ones where is_even. */
typedef struct Deal {
    const LmDataset *base;
    const LmSplitOptions *o;
    int64_t n_parts;
    bool is_even;
    const int32_t *labels; /* to deal each class by itself, or NULL */
    int64_t n_classes;     /* 1 without labels */
    int64_t *items;        /* room for all of them */
    int64_t *part;         /* of each item: the result */
} Deal;

static double share_at(const Deal *d, int64_t part)
{
    return d->is_even ? 1.0 / (double)d->n_parts
                      : (part == 0 ? d->o->fraction : 1 - d->o->fraction);
}

/* --- single items --- */

static LmStatus check_class(const Deal *d, int64_t k, int64_t n, LmError *err)
{
    if (n == 0 || n >= d->n_parts || d->labels == NULL) {
        return LM_OK;
    }
    const char *class = d->base->classes[k];
    if (!d->is_even) {
        return lm_fail(err, LM_EARG,
                       "class '%s' of '%s' has one image, which cannot be in both parts; filter "
                       "the class out or split with stratify=false",
                       class, d->base->name);
    }
    return lm_fail(err, LM_EARG,
                   "class '%s' of '%s' has %lld image%s, fewer than the %lld folds; filter the "
                   "class out, take fewer folds or say stratify=false",
                   class, d->base->name, (long long)n, n == 1 ? "" : "s", (long long)d->n_parts);
}

/* Deals class by class. Folds are dealt in turn, and the next class goes on where the last one
 * ended, so that folds differ by one image at most, in a class and in all. */
static LmStatus deal_items(const Deal *d, LmError *err)
{
    int64_t *starts = NULL;
    int64_t turn = 0;
    LmStatus st = lm_mem_alloc(&starts, (size_t)d->n_classes + 1, sizeof *starts, err);
    if (st != LM_OK) {
        return st;
    }
    sort_by_key(d->base->count, d->labels, NULL, d->n_classes, d->items, starts);
    for (int64_t k = 0; k < d->n_classes && st == LM_OK; k++) {
        int64_t *class = d->items + starts[k];
        int64_t n = starts[k + 1] - starts[k];
        st = check_class(d, k, n, err);
        if (d->o->is_shuffled) {
            shuffle(class, n, lm_rng(d->o->seed, LM_RNG_SPLIT, (uint64_t)k, 0));
        }
        int64_t n_first = n < 2 ? n : share_of(d->o->fraction, n);
        for (int64_t i = 0; i < n; i++) {
            d->part[class[i]] = d->is_even ? turn++ % d->n_parts : i >= n_first;
        }
    }
    lm_mem_free(starts);
    return st;
}

/* --- groups --- */

typedef struct Group {
    int64_t first; /* of its items, among items sorted by group */
    int64_t n;
    int64_t rank; /* decides between groups of a size */
    int64_t part;
} Group;

static int by_size(const void *a, const void *b)
{
    const Group *x = a;
    const Group *y = b;
    int larger = (x->n < y->n) - (x->n > y->n);
    return larger != 0 ? larger : (x->rank > y->rank) - (x->rank < y->rank);
}

typedef struct Groups {
    Group *groups; /* largest first */
    int64_t *items;
    int64_t *starts;
    int64_t *n_in_class; /* images of each class in all */
    int64_t *dealt;      /* n_parts x n_classes images so far */
    int64_t *held;       /* images of each class in the group at hand; zero in between */
    int64_t *n_groups_in;
} Groups;

static void free_groups(Groups *g)
{
    lm_mem_free(g->groups);
    lm_mem_free(g->items);
    lm_mem_free(g->starts);
    lm_mem_free(g->n_in_class);
    lm_mem_free(g->dealt);
    lm_mem_free(g->held);
    lm_mem_free(g->n_groups_in);
}

static LmStatus alloc_groups(Groups *g, const Deal *d, LmError *err)
{
    size_t n = (size_t)d->o->n_groups;
    size_t n_classes = (size_t)d->n_classes;
    size_t n_dealt = 0;
    if (!lm_base_mul((size_t)d->n_parts, n_classes, &n_dealt)) {
        return lm_fail(err, LM_EARG, "too many parts and classes");
    }
    LmStatus st = lm_mem_alloc(&g->groups, n, sizeof *g->groups, err);
    st = st != LM_OK ? st : lm_mem_alloc(&g->items, (size_t)d->base->count, sizeof(int64_t), err);
    st = st != LM_OK ? st : lm_mem_alloc(&g->starts, n + 1, sizeof(int64_t), err);
    st = st != LM_OK ? st : lm_mem_zeros(&g->n_in_class, n_classes, sizeof(int64_t), err);
    st = st != LM_OK ? st : lm_mem_zeros(&g->dealt, n_dealt, sizeof(int64_t), err);
    st = st != LM_OK ? st : lm_mem_zeros(&g->held, n_classes, sizeof(int64_t), err);
    st = st != LM_OK ? st : lm_mem_zeros(&g->n_groups_in, (size_t)d->n_parts, sizeof(int64_t), err);
    return st;
}

static void sort_groups(Groups *g, const Deal *d)
{
    int64_t n = d->o->n_groups;
    for (int64_t k = 0; k < n; k++) {
        d->items[k] = k;
    }
    if (d->o->is_shuffled) {
        shuffle(d->items, n, lm_rng(d->o->seed, LM_RNG_SPLIT, 1, 1));
    }
    sort_by_key(d->base->count, NULL, d->o->groups, n, g->items, g->starts);
    for (int64_t k = 0; k < n; k++) {
        g->groups[k] = (Group){g->starts[k], g->starts[k + 1] - g->starts[k], d->items[k], 0};
    }
    qsort(g->groups, (size_t)n, sizeof *g->groups, by_size);
}

static int64_t class_of(const Deal *d, int64_t item)
{
    return d->labels != NULL ? d->labels[item] : 0;
}

/* What taking the group costs a part: the growth of the sum over classes of (dealt - due)^2 / due,
 * due being the part's share of the class. It prefers the part that is furthest behind, and counts
 * half of the group itself, so that a part of a tenth waits for its turn. */
static double cost(const Groups *g, const Deal *d, const Group *group, int64_t part)
{
    double sum = 0;
    for (int64_t i = 0; i < group->n; i++) {
        int64_t k = class_of(d, g->items[group->first + i]);
        double n = (double)g->held[k]; /* each of the n items of the class adds 1/n of its term */
        double due = share_at(d, part) * (double)g->n_in_class[k];
        double dealt = (double)g->dealt[part * d->n_classes + k];
        sum += (n + 2 * (dealt - due)) / due;
    }
    return sum;
}

static void place_group(Groups *g, const Deal *d, Group *group)
{
    double least = HUGE_VAL;
    for (int64_t i = 0; i < group->n; i++) {
        g->held[class_of(d, g->items[group->first + i])]++;
    }
    for (int64_t part = 0; part < d->n_parts; part++) {
        double c = cost(g, d, group, part);
        if (c < least) {
            least = c;
            group->part = part;
        }
    }
    g->n_groups_in[group->part]++;
    for (int64_t i = 0; i < group->n; i++) {
        int64_t k = class_of(d, g->items[group->first + i]);
        g->dealt[group->part * d->n_classes + k]++;
        g->held[k] = 0;
    }
}

/* A part that went without takes the smallest group that is not the last one of its part. */
static void fill_empty_parts(Groups *g, const Deal *d)
{
    for (int64_t part = 0; part < d->n_parts; part++) {
        for (int64_t k = d->o->n_groups - 1; k >= 0 && g->n_groups_in[part] == 0; k--) {
            Group *group = &g->groups[k];
            if (g->n_groups_in[group->part] > 1) {
                g->n_groups_in[group->part]--;
                g->n_groups_in[part]++;
                group->part = part;
            }
        }
    }
}

static LmStatus deal_groups(const Deal *d, LmError *err)
{
    Groups g = {0};
    if (d->o->n_groups < d->n_parts) {
        return lm_fail(err, LM_EARG,
                       "'%s' has %lld group%s of images that must stay together, fewer than the "
                       "%lld parts",
                       d->base->name, (long long)d->o->n_groups, d->o->n_groups == 1 ? "" : "s",
                       (long long)d->n_parts);
    }
    LmStatus st = alloc_groups(&g, d, err);
    if (st == LM_OK) {
        for (int64_t i = 0; i < d->base->count; i++) {
            g.n_in_class[class_of(d, i)]++;
        }
        sort_groups(&g, d);
        for (int64_t k = 0; k < d->o->n_groups; k++) {
            place_group(&g, d, &g.groups[k]);
        }
        fill_empty_parts(&g, d);
        for (int64_t k = 0; k < d->o->n_groups; k++) {
            for (int64_t i = 0; i < g.groups[k].n; i++) {
                d->part[g.items[g.groups[k].first + i]] = g.groups[k].part;
            }
        }
    }
    free_groups(&g);
    return st;
}

/* --- views of the parts --- */

static LmStatus deal(Deal *d, LmDataset *base, const LmSplitOptions *o, int64_t n_parts,
                     bool is_even, LmError *err)
{
    bool is_by_class = o->is_stratified && base->labels != NULL;
    *d = (Deal){.base = base, .o = o, .n_parts = n_parts, .is_even = is_even};
    d->labels = is_by_class ? base->labels : NULL;
    d->n_classes = is_by_class ? base->n_classes : 1;
    if (base->count > UINT32_MAX) {
        return lm_fail(err, LM_EARG, "'%s' has %lld images; at most 2^32 - 1 can be split",
                       base->name, (long long)base->count);
    }
    LmStatus st = lm_mem_alloc(&d->items, (size_t)base->count, sizeof *d->items, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&d->part, (size_t)base->count, sizeof *d->part, err);
    }
    if (st == LM_OK) {
        st = o->groups != NULL ? deal_groups(d, err) : deal_items(d, err);
    }
    return st;
}

static void end_deal(Deal *d)
{
    lm_mem_free(d->items);
    lm_mem_free(d->part);
}

/* The items of `part`, or all others; `draw` numbers the orders drawn in one split. */
static LmStatus make_view(LmDataset **out, const Deal *d, LmDataset *base, int64_t part,
                          bool is_others, int64_t draw, const char *name, LmError *err)
{
    int64_t n = 0;
    for (int64_t i = 0; i < base->count; i++) {
        if ((d->part[i] == part) != is_others) {
            d->items[n++] = i;
        }
    }
    if (d->o->is_shuffled) {
        shuffle(d->items, n, lm_rng(d->o->seed, LM_RNG_SPLIT, 0, (uint64_t)draw));
    }
    return lm_view_new(out, base, name, d->items, n, err);
}

LmStatus lm_split_fraction(LmDataset **first, LmDataset **second, LmDataset *base,
                           const LmSplitOptions *o, LmError *err)
{
    Deal d = {0};
    LmDataset *parts[2] = {NULL, NULL};
    if (!(o->fraction > 0 && o->fraction < 1)) {
        return lm_fail(err, LM_EARG,
                       "cannot put a fraction of %g into the first part of '%s': it must lie "
                       "between 0 and 1, as in 0.9",
                       o->fraction, base->name);
    }
    if (base->count < 2) {
        return lm_fail(err, LM_EARG, "'%s' has one image, which cannot be split", base->name);
    }
    LmStatus st = deal(&d, base, o, 2, false, err);
    for (int part = 0; part < 2 && st == LM_OK; part++) {
        char name[NAME_SIZE];
        LmStr s = lm_str(name, sizeof name);
        lm_str_add(&s, "%s, part %d of 2", base->name, part + 1);
        st = make_view(&parts[part], &d, base, part, false, part + 1, name, err);
    }
    end_deal(&d);
    if (st == LM_OK) {
        *first = parts[0];
        *second = parts[1];
    } else {
        lm_dataset_unref(parts[0]);
    }
    return st;
}

static LmStatus make_fold(LmDataset **train, LmDataset **validation, const Deal *d, LmDataset *base,
                          int64_t fold, LmError *err)
{
    char name[NAME_SIZE];
    LmDataset *others = NULL;
    LmStr s = lm_str(name, sizeof name);
    lm_str_add(&s, "%s, without fold %lld of %lld", base->name, (long long)fold + 1,
               (long long)d->n_parts);
    LmStatus st = make_view(&others, d, base, fold, true, 2 * fold + 1, name, err);
    if (st != LM_OK) {
        return st;
    }
    s = lm_str(name, sizeof name);
    lm_str_add(&s, "%s, fold %lld of %lld", base->name, (long long)fold + 1, (long long)d->n_parts);
    st = make_view(validation, d, base, fold, false, 2 * fold + 2, name, err);
    if (st == LM_OK) {
        *train = others;
    } else {
        lm_dataset_unref(others);
    }
    return st;
}

LmStatus lm_split_folds(LmDataset **train, LmDataset **validation, LmDataset *base, int64_t k,
                        const LmSplitOptions *o, LmError *err)
{
    Deal d = {0};
    int64_t n_done = 0;
    if (k < 2 || k > base->count) {
        return lm_fail(err, LM_EARG, "cannot make %lld folds of '%s', which has %lld image%s",
                       (long long)k, base->name, (long long)base->count,
                       base->count == 1 ? "" : "s");
    }
    LmStatus st = deal(&d, base, o, k, true, err);
    while (n_done < k && st == LM_OK) {
        st = make_fold(&train[n_done], &validation[n_done], &d, base, n_done, err);
        n_done += st == LM_OK;
    }
    end_deal(&d);
    for (int64_t i = 0; i < n_done && st != LM_OK; i++) {
        lm_dataset_unref(train[i]);
        lm_dataset_unref(validation[i]);
    }
    return st;
}
