#include "data/lookup.h"

#include <string.h>

#include "base/mem.h"

typedef struct LmLookupEntry {
    const char *name;
    int64_t number;
} Entry;

static int compare(const void *a, const void *b)
{
    const Entry *x = a;
    const Entry *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

LmStatus lm_lookup_init(LmLookup *l, const LmNames *names, LmError *err)
{
    Entry *entries = NULL;
    LmStatus st = lm_mem_alloc(&entries, (size_t)names->n, sizeof *entries, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < names->n; i++) {
        entries[i] = (Entry){lm_names_get(names, i), i};
    }
    qsort(entries, (size_t)names->n, sizeof *entries, compare);
    for (int64_t i = 1; i < names->n && st == LM_OK; i++) {
        if (strcmp(entries[i - 1].name, entries[i].name) == 0) {
            st = lm_fail(err, LM_EARG, "'%s' is named twice, as number %lld and %lld",
                         entries[i].name, (long long)entries[i - 1].number + 1,
                         (long long)entries[i].number + 1);
        }
    }
    if (st == LM_OK) {
        *l = (LmLookup){names->n, entries};
    } else {
        lm_mem_free(entries);
    }
    return st;
}

void lm_lookup_fini(LmLookup *l)
{
    lm_mem_free(l->entries);
    *l = (LmLookup){0};
}

int64_t lm_lookup_get(const LmLookup *l, const char *name)
{
    int64_t first = 0;
    int64_t end = l->n;
    while (first < end) {
        int64_t middle = first + (end - first) / 2;
        int order = strcmp(name, l->entries[middle].name);
        if (order == 0) {
            return l->entries[middle].number;
        }
        if (order < 0) {
            end = middle;
        } else {
            first = middle + 1;
        }
    }
    return -1;
}

LmStatus lm_lookup_unique(LmNames *names, LmError *err)
{
    int64_t n = 0;
    LmStatus st = lm_names_sort(names, false, err);
    for (int64_t i = 0; i < names->n && st == LM_OK; i++) {
        if (n == 0 || strcmp(lm_names_get(names, n - 1), lm_names_get(names, i)) != 0) {
            names->starts[n++] = names->starts[i];
        }
    }
    if (st == LM_OK) {
        names->n = n;
    }
    return st;
}
