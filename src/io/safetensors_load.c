/* Reading safetensors: nothing in the file is believed before it was checked.
 *
 * All entries of the header are parsed first, then sorted by where their data starts; they must
 * then tile the data from its first byte to the file's last one. Only after that are tensors
 * copied. Names come from the file, so messages show them cut to a bearable length.
 */
#include "io/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/guess.h"

enum { SIZE_FIELD = 8 };

static const struct {
    const char *name;
    LmDtype dtype;
} dtypes[] = {{"U8", LM_U8}, {"I32", LM_I32}, {"F32", LM_F32}, {"F64", LM_F64}};

typedef struct Item {
    const char *name; /* borrowed from the JSON */
    LmDtype dtype;
    int rank;
    int64_t shape[LM_RANK_MAX];
    size_t start;
    size_t end;
} Item;

/* A name as a message may show it: its first bytes, control characters replaced. */
typedef struct Label {
    char text[64];
} Label;

static Label label_of(const char *name)
{
    Label label;
    size_t n = LM_MIN(strlen(name), sizeof label.text - 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)name[i];
        label.text[i] = c < 0x20 || c == 0x7F ? '?' : name[i];
    }
    label.text[n] = '\0';
    return label;
}

static LmStatus check_prefix(size_t *header_size, const LmFile *file, LmError *err)
{
    if (file->size < SIZE_FIELD) {
        return lm_fail(err, LM_EFORMAT, "not a safetensors file: only %zu bytes long", file->size);
    }
    uint64_t size;
    memcpy(&size, file->bytes, sizeof size);
    bool fits = size <= file->size - SIZE_FIELD;
    if (size > LM_SAFETENSORS_HEADER_MAX || !fits) {
        const char *guess = lm_guess_format(file->bytes, file->size);
        if (guess != NULL) {
            return lm_fail(err, LM_EFORMAT, "not a safetensors file but %s", guess);
        }
        if (size > LM_SAFETENSORS_HEADER_MAX) {
            return lm_fail(err, LM_EFORMAT,
                           "not a safetensors file: a header of %" PRIu64 " bytes, at most %d are "
                           "allowed",
                           size, LM_SAFETENSORS_HEADER_MAX);
        }
        return lm_fail(err, LM_EFORMAT,
                       "safetensors header of %" PRIu64 " bytes, but only %zu follow: cut off, or "
                       "not a safetensors file",
                       size, file->size - SIZE_FIELD);
    }
    *header_size = (size_t)size;
    return LM_OK;
}

static LmStatus parse_json(json_t **out, const LmFile *file, size_t header_size, LmError *err)
{
    const char *text = (const char *)file->bytes + SIZE_FIELD;
    json_error_t where;
    if (header_size == 0 || text[0] != '{') {
        return lm_fail(err, LM_EFORMAT, "not a safetensors file: its header does not begin with {");
    }
    *out = json_loadb(text, header_size, JSON_REJECT_DUPLICATES, &where);
    if (*out != NULL) {
        return LM_OK;
    }
    /* jansson words every fault of the text; without a word it ran out of memory. */
    if (where.text[0] == '\0' || json_error_code(&where) == json_error_out_of_memory) {
        return lm_fail(err, LM_EMEM, "out of memory while reading a JSON header");
    }
    if (json_error_code(&where) == json_error_duplicate_key) {
        return lm_fail(err, LM_EFORMAT, "safetensors header names something twice (near byte %d)",
                       where.position);
    }
    return lm_fail(err, LM_EFORMAT, "safetensors header is no JSON object: %s (near byte %d)",
                   where.text, where.position);
}

static LmStatus fail_entry(const Item *item, const char *reason, LmError *err)
{
    return lm_fail(err, LM_EFORMAT, "tensor '%s': %s", label_of(item->name).text, reason);
}

static LmStatus parse_dtype(Item *item, const json_t *entry, LmError *err)
{
    const char *name = json_string_value(json_object_get(entry, "dtype"));
    if (name == NULL) {
        return fail_entry(item, "no dtype", err);
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(dtypes); i++) {
        if (strcmp(name, dtypes[i].name) == 0) {
            item->dtype = dtypes[i].dtype;
            return LM_OK;
        }
    }
    return lm_fail(err, LM_EFORMAT,
                   "tensor '%s': dtype '%s' is not read (known: U8, I32, F32, F64)",
                   label_of(item->name).text, label_of(name).text);
}

/* A JSON integer from 0 on; false otherwise, and for NULL. */
static bool get_size(const json_t *value, int64_t *out)
{
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0;
}

static LmStatus parse_shape(Item *item, size_t *n_bytes, const json_t *entry, LmError *err)
{
    const json_t *shape = json_object_get(entry, "shape");
    size_t rank = json_array_size(shape);
    bool fits = true;
    bool is_empty = false;
    if (!json_is_array(shape)) {
        return fail_entry(item, "no shape", err);
    }
    if (rank > LM_RANK_MAX) {
        return lm_fail(err, LM_EFORMAT, "tensor '%s': %zu dimensions, at most %d are read",
                       label_of(item->name).text, rank, LM_RANK_MAX);
    }
    item->rank = (int)rank;
    *n_bytes = lm_dtype_size(item->dtype);
    for (size_t i = 0; i < rank; i++) {
        if (!get_size(json_array_get(shape, i), &item->shape[i])) {
            return fail_entry(item, "a shape holds whole numbers from 0 on", err);
        }
        is_empty |= item->shape[i] == 0;
        fits &= lm_base_mul(*n_bytes, (size_t)LM_MAX(item->shape[i], 1), n_bytes);
    }
    if (!fits || *n_bytes > PTRDIFF_MAX) {
        return fail_entry(item, "its shape is more than can be addressed", err);
    }
    *n_bytes = is_empty ? 0 : *n_bytes;
    return LM_OK;
}

static LmStatus parse_offsets(Item *item, size_t n_bytes, const json_t *entry, LmError *err)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    int64_t start;
    int64_t end;
    if (json_array_size(offsets) != 2 || !get_size(json_array_get(offsets, 0), &start) ||
        !get_size(json_array_get(offsets, 1), &end)) {
        return fail_entry(item, "data_offsets are not two whole numbers", err);
    }
    if (end - start != (int64_t)n_bytes) {
        char shape[96];
        return lm_fail(err, LM_EFORMAT,
                       "tensor '%s': %s of shape %s needs %zu bytes, its offsets %" PRId64
                       " to %" PRId64 " hold %" PRId64,
                       label_of(item->name).text, lm_dtype_name(item->dtype),
                       lm_str_shape(shape, sizeof shape, item->rank, item->shape), n_bytes, start,
                       end, end - start);
    }
    item->start = (size_t)start;
    item->end = (size_t)end;
    return LM_OK;
}

static LmStatus parse_item(Item *item, const char *name, const json_t *entry, LmError *err)
{
    size_t n_bytes = 0;
    *item = (Item){.name = name};
    if (!json_is_object(entry)) {
        return fail_entry(item, "its entry is no JSON object", err);
    }
    LmStatus st = parse_dtype(item, entry, err);
    if (st == LM_OK) {
        st = parse_shape(item, &n_bytes, entry, err);
    }
    return st == LM_OK ? parse_offsets(item, n_bytes, entry, err) : st;
}

static int by_start(const void *a, const void *b)
{
    const Item *x = a;
    const Item *y = b;
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return x->end < y->end ? -1 : x->end > y->end; /* empty ones first */
}

/* Sorted items must follow each other without gap or overlap, from 0 to the end of the data. */
static LmStatus check_tiling(Item *items, size_t n, size_t data_size, LmError *err)
{
    size_t at = 0;
    qsort(items, n, sizeof *items, by_start);
    for (size_t i = 0; i < n; i++) {
        if (items[i].end > data_size) {
            return lm_fail(err, LM_EFORMAT,
                           "tensor '%s' ends at byte %zu of the data, but there are only %zu: the "
                           "file is cut off",
                           label_of(items[i].name).text, items[i].end, data_size);
        }
        if (items[i].start < at) {
            return fail_entry(&items[i], "its data overlaps another tensor's", err);
        }
        if (items[i].start > at) {
            return lm_fail(err, LM_EFORMAT, "tensor '%s': %zu bytes before its data belong to none",
                           label_of(items[i].name).text, items[i].start - at);
        }
        at = items[i].end;
    }
    if (at != data_size) {
        return lm_fail(err, LM_EFORMAT, "%zu surplus bytes follow the tensors", data_size - at);
    }
    return LM_OK;
}

static LmStatus load_meta(LmSafetensors *f, const json_t *meta, LmError *err)
{
    const char *key;
    json_t *value;
    if (meta == NULL) {
        return LM_OK;
    }
    if (!json_is_object(meta)) {
        return lm_fail(err, LM_EFORMAT, "__metadata__ is no JSON object");
    }
    LmStatus st = lm_mem_zeros(&f->meta, 2 * json_object_size(meta), sizeof *f->meta, err);
    if (st != LM_OK) {
        return st;
    }
    json_object_foreach((json_t *)(uintptr_t)meta, key, value)
    {
        if (!json_is_string(value)) {
            return lm_fail(err, LM_EFORMAT, "metadata '%s' is no string", label_of(key).text);
        }
        char **pair = f->meta + 2 * f->n_meta++; /* counted first: fini frees what is there */
        st = lm_mem_strdup(&pair[0], key, err);
        if (st == LM_OK) {
            st = lm_mem_strdup(&pair[1], json_string_value(value), err);
        }
        if (st != LM_OK) {
            return st;
        }
    }
    return LM_OK;
}

static LmStatus load_items(Item **out, size_t *n, json_t *header, LmError *err)
{
    const char *name;
    json_t *entry;
    Item *items = NULL;
    LmStatus st = lm_mem_alloc(&items, json_object_size(header), sizeof *items, err);
    if (st != LM_OK) {
        return st;
    }
    *out = items;
    *n = 0;
    json_object_foreach(header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0) {
            continue;
        }
        st = parse_item(&items[*n], name, entry, err);
        if (st != LM_OK) {
            return st;
        }
        ++*n;
    }
    return LM_OK;
}

static LmStatus copy_tensors(LmSafetensors *f, const Item *items, size_t n, const uint8_t *data,
                             LmError *err)
{
    LmStatus st = lm_mem_zeros(&f->entries, n, sizeof *f->entries, err);
    for (size_t i = 0; i < n && st == LM_OK; i++) {
        LmSafetensorsEntry *entry = &f->entries[f->n_entries++];
        const Item *item = &items[i];
        st = lm_mem_strdup(&entry->name, item->name, err);
        if (st == LM_OK) {
            st = lm_tensor_new(&entry->tensor, item->dtype, item->rank, item->shape, err);
        }
        if (st == LM_OK && item->end > item->start) {
            memcpy(entry->tensor.data, data + item->start, item->end - item->start);
        }
    }
    return st;
}

static LmStatus load(LmSafetensors *f, const LmFile *file, LmError *err)
{
    size_t header_size = 0;
    json_t *header = NULL;
    Item *items = NULL;
    size_t n = 0;
    LmStatus st = check_prefix(&header_size, file, err);
    if (st != LM_OK) {
        goto done;
    }
    st = parse_json(&header, file, header_size, err);
    if (st != LM_OK) {
        goto done;
    }
    st = load_items(&items, &n, header, err);
    if (st != LM_OK) {
        goto done;
    }
    size_t data_start = SIZE_FIELD + header_size;
    st = check_tiling(items, n, file->size - data_start, err);
    if (st != LM_OK) {
        goto done;
    }
    st = load_meta(f, json_object_get(header, "__metadata__"), err);
    if (st != LM_OK) {
        goto done;
    }
    st = copy_tensors(f, items, n, file->bytes + data_start, err);
done:
    lm_mem_free(items);
    json_decref(header);
    return st;
}

LmStatus lm_safetensors_load(LmSafetensors *out, const char *path, LmError *err)
{
    LmFile file;
    LmSafetensors f = {0};
    LmStatus st = lm_file_open(&file, path, 0, err);
    if (st != LM_OK) {
        return st;
    }
    st = load(&f, &file, err);
    lm_file_close(&file);
    if (st != LM_OK) {
        lm_safetensors_fini(&f);
        return lm_error_context(err, "%s", path);
    }
    *out = f;
    return LM_OK;
}
