#include "data/names.h"

#include <string.h>

#include "base/mem.h"

static LmStatus grow_bytes(LmNames *names, size_t more, LmError *err)
{
    char *bytes = NULL;
    size_t room = LM_MAX(names->bytes_room * 2, (size_t)4096);
    if (names->n_bytes + more <= names->bytes_room) {
        return LM_OK;
    }
    room = LM_MAX(room, names->n_bytes + more);
    LmStatus st = lm_mem_alloc(&bytes, room, 1, err);
    if (st == LM_OK) {
        if (names->n_bytes > 0) {
            memcpy(bytes, names->bytes, names->n_bytes);
        }
        lm_mem_free(names->bytes);
        names->bytes = bytes;
        names->bytes_room = room;
    }
    return st;
}

static LmStatus grow_starts(LmNames *names, LmError *err)
{
    size_t *starts = NULL;
    int64_t room = LM_MAX(names->room * 2, (int64_t)64);
    if (names->n < names->room) {
        return LM_OK;
    }
    LmStatus st = lm_mem_alloc(&starts, (size_t)room, sizeof *starts, err);
    if (st == LM_OK) {
        if (names->n > 0) {
            memcpy(starts, names->starts, (size_t)names->n * sizeof *starts);
        }
        lm_mem_free(names->starts);
        names->starts = starts;
        names->room = room;
    }
    return st;
}

LmStatus lm_names_add(LmNames *names, const char *text, size_t length, LmError *err)
{
    LmStatus st = grow_bytes(names, length + 1, err);
    if (st == LM_OK) {
        st = grow_starts(names, err);
    }
    if (st == LM_OK) {
        names->starts[names->n++] = names->n_bytes;
        memcpy(names->bytes + names->n_bytes, text, length);
        names->bytes[names->n_bytes + length] = '\0';
        names->n_bytes += length + 1;
    }
    return st;
}

const char *lm_names_get(const LmNames *names, int64_t i)
{
    LM_ASSERT(i >= 0 && i < names->n);
    return names->bytes + names->starts[i];
}

int64_t lm_names_find(const LmNames *names, const char *text)
{
    for (int64_t i = 0; i < names->n; i++) {
        if (strcmp(names->bytes + names->starts[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

/* --- order --- */

typedef struct Entry {
    const char *text;
    size_t
        folder_length; /* up to the last slash; 0 for plain texts, which are then compared whole */
    size_t start;
} Entry;

static int compare(const void *a, const void *b)
{
    const Entry *x = a;
    const Entry *y = b;
    int order = memcmp(x->text, y->text, LM_MIN(x->folder_length, y->folder_length));
    if (order != 0) {
        return order;
    }
    if (x->folder_length != y->folder_length) {
        return x->folder_length < y->folder_length ? -1 : 1;
    }
    order = strcmp(x->text + x->folder_length, y->text + y->folder_length);
    return order != 0 ? order : (x->start > y->start) - (x->start < y->start);
}

LmStatus lm_names_sort(LmNames *names, bool keep_directories, LmError *err)
{
    Entry *entries = NULL;
    LmStatus st = lm_mem_alloc(&entries, (size_t)names->n, sizeof *entries, err);
    if (st != LM_OK) {
        return st;
    }
    for (int64_t i = 0; i < names->n; i++) {
        const char *text = lm_names_get(names, i);
        const char *slash = keep_directories ? strrchr(text, '/') : NULL;
        size_t length = slash != NULL ? (size_t)(slash - text) : 0;
        entries[i] = (Entry){text, length, names->starts[i]};
    }
    qsort(entries, (size_t)names->n, sizeof *entries, compare);
    for (int64_t i = 0; i < names->n; i++) {
        names->starts[i] = entries[i].start;
    }
    lm_mem_free(entries);
    return LM_OK;
}

void lm_names_keep(LmNames *names, const int64_t *kept, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        LM_ASSERT(kept[i] >= i && kept[i] < names->n);
        names->starts[i] = names->starts[kept[i]];
    }
    names->n = n;
}

void lm_names_fini(LmNames *names)
{
    lm_mem_free(names->starts);
    lm_mem_free(names->bytes);
    *names = (LmNames){0};
}

LmStatus lm_names_pointers(const char ***out, const LmNames *names, LmError *err)
{
    const char **pointers = NULL;
    LmStatus st = lm_mem_alloc(&pointers, (size_t)names->n, sizeof *pointers, err);
    for (int64_t i = 0; i < names->n && st == LM_OK; i++) {
        pointers[i] = lm_names_get(names, i);
    }
    if (st == LM_OK) {
        *out = pointers;
    }
    return st;
}
