/* Writing safetensors.
 *
 * Tensors are laid out by falling element size, so every one starts at a multiple of its own (the
 * header is padded to a multiple of 8): readers that map the file need that. Among equal sizes the
 * caller's order is kept.
 */
#include "io/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"

static const char *const dtype_names[] = {
    [LM_U8] = "U8", [LM_I32] = "I32", [LM_F32] = "F32", [LM_F64] = "F64"};
_Static_assert(LM_ARRAY_LEN(dtype_names) == LM_DTYPE_COUNT, "one name a dtype");

static const char meta_key[] = "__metadata__";

enum { SIZE_FIELD = 8, ALIGN = 8 };

static LmStatus fail_memory(LmError *err)
{
    return lm_fail(err, LM_EMEM, "out of memory while writing a JSON header");
}

/* Adds `value`, which is taken over and may be NULL for lack of memory, under a new key. */
static LmStatus add(json_t *object, const char *what, const char *key, json_t *value, LmError *err)
{
    if (!lm_str_is_utf8(key)) {
        json_decref(value);
        return lm_fail(err, LM_EARG, "the name of a %s is not valid UTF-8", what);
    }
    if (json_object_get(object, key) != NULL) {
        json_decref(value);
        return lm_fail(err, LM_EARG, "two %ss are named '%s'", what, key);
    }
    return json_object_set_new(object, key, value) == 0 ? LM_OK : fail_memory(err);
}

static LmStatus add_meta(json_t *header, const LmSafetensors *f, LmError *err)
{
    if (f->n_meta == 0) {
        return LM_OK;
    }
    json_t *meta = json_object();
    LmStatus st = add(header, "tensor", meta_key, meta, err);
    for (size_t i = 0; i < f->n_meta && st == LM_OK; i++) {
        const char *value = f->meta[2 * i + 1];
        if (!lm_str_is_utf8(value)) {
            return lm_fail(err, LM_EARG, "the metadata '%s' is not valid UTF-8", f->meta[2 * i]);
        }
        st = add(meta, "metadata string", f->meta[2 * i], json_string(value), err);
    }
    return st;
}

/* {"dtype": ..., "shape": [...], "data_offsets": [start, end]} or NULL. */
static json_t *describe(const LmTensor *t, size_t start)
{
    json_t *shape = json_array();
    for (int i = 0; i < t->rank; i++) {
        if (json_array_append_new(shape, json_integer(t->shape[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    json_int_t end = (json_int_t)(start + lm_tensor_size_bytes(t));
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", dtype_names[t->dtype], "shape", shape,
                     "data_offsets", (json_int_t)start, end);
}

typedef struct Slot {
    const LmSafetensorsEntry *entry;
    size_t place; /* in the caller's list */
} Slot;

static int by_falling_size(const void *a, const void *b)
{
    const Slot *x = a;
    const Slot *y = b;
    size_t size_x = lm_dtype_size(x->entry->tensor.dtype);
    size_t size_y = lm_dtype_size(y->entry->tensor.dtype);
    if (size_x != size_y) {
        return size_x > size_y ? -1 : 1;
    }
    return x->place < y->place ? -1 : 1;
}

/* json_dumps would do, but it drops an object's key without a word where its buffer cannot grow
 * (jansson 2.14); measuring first leaves nothing to grow. 0 is jansson's failure. */
static LmStatus print_header(char **out, const json_t *header, LmError *err)
{
    char *text = NULL;
    size_t size = json_dumpb(header, NULL, 0, JSON_COMPACT);
    if (size == 0) {
        return fail_memory(err);
    }
    if (size > LM_SAFETENSORS_HEADER_MAX) {
        return lm_fail(err, LM_EARG,
                       "its header of %zu bytes is larger than the format allows (%d)", size,
                       LM_SAFETENSORS_HEADER_MAX);
    }
    LmStatus st = lm_mem_alloc(&text, size + 1, 1, err);
    if (st != LM_OK) {
        return st;
    }
    if (json_dumpb(header, text, size, JSON_COMPACT) != size) {
        lm_mem_free(text);
        return fail_memory(err);
    }
    text[size] = '\0';
    *out = text;
    return LM_OK;
}

static LmStatus make_header(char **out, const LmSafetensors *f, const Slot *slots, LmError *err)
{
    size_t start = 0;
    json_t *header = json_object();
    if (header == NULL) {
        return fail_memory(err);
    }
    LmStatus st = add_meta(header, f, err);
    for (size_t i = 0; i < f->n_entries && st == LM_OK; i++) {
        const LmSafetensorsEntry *entry = slots[i].entry;
        if (strcmp(entry->name, meta_key) == 0) {
            st = lm_fail(err, LM_EARG, "a tensor cannot be named '%s'", meta_key);
            break;
        }
        st = add(header, "tensor", entry->name, describe(&entry->tensor, start), err);
        start += lm_tensor_size_bytes(&entry->tensor);
    }
    if (st == LM_OK) {
        st = print_header(out, header, err);
    }
    json_decref(header);
    return st;
}

/* Size field, header, spaces up to a multiple of ALIGN, then the tensors. */
static LmStatus write_parts(const LmSafetensors *f, const Slot *slots, const char *header,
                            const char *path, LmError *err)
{
    static const char spaces[ALIGN] = "        ";
    LmFilePart *parts = NULL;
    LmStatus st = lm_mem_alloc(&parts, f->n_entries + 3, sizeof *parts, err);
    if (st != LM_OK) {
        return st;
    }
    size_t length = strlen(header);
    uint64_t padded = lm_base_round_up(length, ALIGN);
    parts[0] = (LmFilePart){&padded, SIZE_FIELD};
    parts[1] = (LmFilePart){header, length};
    parts[2] = (LmFilePart){spaces, padded - length};
    for (size_t i = 0; i < f->n_entries; i++) {
        const LmTensor *t = &slots[i].entry->tensor;
        parts[3 + i] = (LmFilePart){t->data, lm_tensor_size_bytes(t)};
    }
    st = lm_file_write(path, parts, f->n_entries + 3, err);
    lm_mem_free(parts);
    return st;
}

LmStatus lm_safetensors_save(const LmSafetensors *f, const char *path, LmError *err)
{
    Slot *slots = NULL;
    char *header = NULL;
    LmStatus st = lm_mem_alloc(&slots, f->n_entries, sizeof *slots, err);
    if (st != LM_OK) {
        goto done;
    }
    for (size_t i = 0; i < f->n_entries; i++) {
        slots[i] = (Slot){&f->entries[i], i};
    }
    qsort(slots, f->n_entries, sizeof *slots, by_falling_size);
    st = make_header(&header, f, slots, err);
    if (st != LM_OK) {
        lm_error_context(err, "cannot write %s", path);
        goto done;
    }
    st = write_parts(f, slots, header, path, err);
done:
    lm_mem_free(slots);
    lm_mem_free(header);
    return st;
}
