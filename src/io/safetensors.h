/* The safetensors format: u64 little-endian header size, JSON header, tensors' bytes.
 *
 * The header maps each name to {dtype, shape, data_offsets} and holds "__metadata__", strings only.
 * Written with the header padded by spaces so that data starts at a multiple of 8.
 */
#ifndef LM_SAFETENSORS_H
#define LM_SAFETENSORS_H

#include "base/error.h"
#include "tensor/tensor.h"

/* A longer header is refused, as other readers of the format do. */
enum { LM_SAFETENSORS_HEADER_MAX = 100 * 1000 * 1000 };

typedef struct LmSafetensorsEntry {
    char *name;
    LmTensor tensor; /* u8, i32, f32 or f64 */
} LmSafetensorsEntry;

typedef struct LmSafetensors {
    size_t n_entries;
    LmSafetensorsEntry *entries; /* in file order of their data */
    size_t n_meta;
    char **meta; /* key, value, key, value, ... (2 * n_meta strings) */
} LmSafetensors;

/* `f` borrows nothing after the call returns. Names (of tensors, and of metadata) must be unique
 * UTF-8, else LM_EARG. Wider element types are written first, so that all data is aligned. */
LmStatus lm_safetensors_save(const LmSafetensors *f, const char *path, LmError *err) LM_MUST_CHECK;
/* Refuses (LM_EFORMAT, naming path and reason): too short, header size out of bounds (above 100 MB
 * or the file), header that is no JSON object, unknown dtype, bad shape, offsets that overlap,
 * leave holes, leave the file or do not match the shape, duplicate names. Tensors are copies. */
LmStatus lm_safetensors_load(LmSafetensors *out, const char *path, LmError *err) LM_MUST_CHECK;
void lm_safetensors_fini(LmSafetensors *f);
/* NULL when there is no such key. */
const char *lm_safetensors_meta(const LmSafetensors *f, const char *key);
const LmTensor *lm_safetensors_find(const LmSafetensors *f, const char *name);

#endif
