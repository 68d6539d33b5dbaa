#include "data/skips.h"

#include <string.h>

#include "base/mem.h"

LmStatus lm_skips_new(LmSkips **out, LmError *err)
{
    LmSkips *s = NULL;
    LmStatus st = lm_mem_zeros(&s, 1, sizeof *s, err);
    if (st == LM_OK) {
        atomic_init(&s->refs, 1);
        *out = s;
    }
    return st;
}

static LmStatus grow(LmSkips *s, LmError *err)
{
    bool is_full = (s->n & (s->n - 1)) == 0; /* room for the next power of two */
    LmSkip *entries = NULL;
    if (!is_full) {
        return LM_OK;
    }
    LmStatus st =
        lm_mem_zeros(&entries, (size_t)LM_MAX(2 * s->n, (int64_t)1), sizeof *entries, err);
    if (st == LM_OK) {
        if (s->n > 0) {
            memcpy(entries, s->entries, (size_t)s->n * sizeof *entries);
        }
        lm_mem_free(s->entries);
        s->entries = entries;
    }
    return st;
}

LmStatus lm_skips_add(LmSkips *s, const char *path, const char *reason, LmError *err)
{
    LmSkip skip = {0};
    LmStatus st = grow(s, err);
    if (st == LM_OK) {
        st = lm_mem_strdup(&skip.path, path, err);
    }
    if (st == LM_OK && (st = lm_mem_strdup(&skip.reason, reason, err)) != LM_OK) {
        lm_mem_free(skip.path);
    }
    if (st == LM_OK) {
        s->entries[s->n++] = skip;
    }
    return st;
}

LmSkips *lm_skips_ref(LmSkips *s)
{
    if (s != NULL) {
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    }
    return s;
}

void lm_skips_unref(LmSkips *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (int64_t i = 0; i < s->n; i++) {
        lm_mem_free(s->entries[i].path);
        lm_mem_free(s->entries[i].reason);
    }
    lm_mem_free(s->entries);
    lm_mem_free(s);
}
