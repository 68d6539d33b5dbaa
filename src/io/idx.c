/* IDX files, as described on Y. LeCun's MNIST page ("THE IDX FILE FORMAT").
 *
 * The header is checked in full, sizes included, before a byte of data is touched, so a wrong file
 * is refused for what it is and never half read. Bytes stay where the file is mapped (or was
 * inflated): the tensor's release closes the file.
 */
#include "io/idx.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/be.h"
#include "io/file.h"
#include "io/guess.h"

static const struct {
    uint8_t code;
    uint8_t size;
    LmDtype dtype; /* it is read into */
    const char *name;
} types[] = {
    {0x08, 1, LM_U8, "u8"},   {0x09, 1, LM_I32, "i8"},  {0x0B, 2, LM_I32, "i16"},
    {0x0C, 4, LM_I32, "i32"}, {0x0D, 4, LM_F32, "f32"}, {0x0E, 8, LM_F64, "f64"},
};

typedef struct Header {
    size_t type; /* row of `types` */
    int rank;
    int64_t shape[LM_RANK_MAX];
    size_t size;
    size_t n_elements;
} Header;

static LmStatus fail_magic(const uint8_t *bytes, size_t size, LmError *err)
{
    const char *guess = lm_guess_format(bytes, size);
    if (guess != NULL) {
        return lm_fail(err, LM_EFORMAT, "not an IDX file but %s", guess);
    }
    if (size < 4) {
        return lm_fail(err, LM_EFORMAT, "not an IDX file: only %zu bytes long", size);
    }
    return lm_fail(err, LM_EFORMAT,
                   "not an IDX file: it begins with %02x %02x %02x %02x, an IDX file with 00 00, "
                   "a type and a rank",
                   bytes[0], bytes[1], bytes[2], bytes[3]);
}

static LmStatus parse_magic(Header *h, const uint8_t *bytes, size_t size, LmError *err)
{
    if (size < 4 || bytes[0] != 0 || bytes[1] != 0) {
        return fail_magic(bytes, size, err);
    }
    for (h->type = 0; h->type < LM_ARRAY_LEN(types); h->type++) {
        if (types[h->type].code == bytes[2]) {
            break;
        }
    }
    if (h->type == LM_ARRAY_LEN(types)) {
        return lm_fail(err, LM_EFORMAT,
                       "not an IDX file: type %02x is unknown (known: 08 u8, 09 i8, 0b i16, "
                       "0c i32, 0d f32, 0e f64)",
                       bytes[2]);
    }
    h->rank = bytes[3];
    h->size = 4 + 4 * (size_t)h->rank;
    if (h->rank < 1 || h->rank > LM_RANK_MAX) {
        return lm_fail(err, LM_EFORMAT, "IDX file of rank %d, want 1 to %d", h->rank, LM_RANK_MAX);
    }
    if (size < h->size) {
        return lm_fail(err, LM_EFORMAT, "IDX header cut off: %zu bytes of %zu are there", size,
                       h->size);
    }
    return LM_OK;
}

static LmStatus check_size(const Header *h, size_t size, LmError *err)
{
    char shape[96];
    char want[32];
    char got[32];
    lm_str_shape(shape, sizeof shape, h->rank, h->shape);
    const char *type = types[h->type].name;
    size_t needed = 0;
    if (!lm_base_mul(h->n_elements, types[h->type].size, &needed) ||
        !lm_base_add(needed, h->size, &needed) || needed > INT64_MAX) {
        return lm_fail(err, LM_EFORMAT, "IDX file of %s %s: more than can be addressed", type,
                       shape);
    }
    if (needed == size) {
        return LM_OK;
    }
    lm_str_count(want, sizeof want, (int64_t)needed);
    lm_str_count(got, sizeof got, (int64_t)size);
    return lm_fail(
        err, LM_EFORMAT, "IDX file of %s %s needs %s bytes, got %s: %s", type, shape, want, got,
        size < needed ? "it is cut off, fetch it again" : "surplus bytes follow the data");
}

static LmStatus parse_header(Header *h, const uint8_t *bytes, size_t size, LmError *err)
{
    LmStatus st = parse_magic(h, bytes, size, err);
    if (st != LM_OK) {
        return st;
    }
    bool fits = true;
    bool is_empty = false;
    h->n_elements = 1;
    for (int i = 0; i < h->rank; i++) {
        uint32_t extent = lm_be_get32(bytes + 4 + 4 * i);
        h->shape[i] = extent;
        is_empty |= extent == 0;
        fits &= lm_base_mul(h->n_elements, LM_MAX(extent, 1u), &h->n_elements);
    }
    if (!fits) {
        h->n_elements = SIZE_MAX;
    } else if (is_empty) {
        h->n_elements = 0;
    }
    return check_size(h, size, err);
}

static void release_file(void *ctx, void *bytes)
{
    (void)bytes;
    lm_file_close(ctx);
    lm_mem_free(ctx);
}

/* The tensor over the file's own bytes takes `file` over, also when it fails. */
static LmStatus wrap_bytes(LmTensor *out, const Header *h, LmFile *file, LmError *err)
{
    LmFile *kept = NULL;
    LmStatus st = lm_mem_alloc(&kept, 1, sizeof *kept, err);
    if (st != LM_OK) {
        lm_file_close(file);
        return st;
    }
    *kept = *file;
    LmTensor t;
    void *bytes = (void *)(uintptr_t)(kept->bytes + h->size); /* guarded by is_read_only */
    st = lm_tensor_wrap(&t, LM_U8, h->rank, h->shape, bytes, release_file, kept, err);
    if (st == LM_OK) {
        t.is_read_only = true;
        *out = t;
    }
    return st;
}

static LmStatus copy_swapped(LmTensor *out, const Header *h, const uint8_t *data, LmError *err)
{
    LmTensor t;
    LmStatus st = lm_tensor_new(&t, types[h->type].dtype, h->rank, h->shape, err);
    if (st != LM_OK) {
        return st;
    }
    size_t size = types[h->type].size;
    if (size == lm_dtype_size(t.dtype)) {
        lm_be_swap(t.data, data, h->n_elements, size);
    }
    int32_t *dst = t.data;
    for (size_t i = 0; size == 1 && i < h->n_elements; i++) {
        dst[i] = (int8_t)data[i];
    }
    for (size_t i = 0; size == 2 && i < h->n_elements; i++) {
        dst[i] = (int16_t)(data[2 * i] << 8 | data[2 * i + 1]);
    }
    *out = t;
    return LM_OK;
}

LmStatus lm_idx_load(LmTensor *out, const char *path, LmError *err)
{
    LmFile file;
    Header h;
    LmStatus st = lm_file_open(&file, path, 0, err);
    if (st != LM_OK) {
        return st;
    }
    st = parse_header(&h, file.bytes, file.size, err);
    if (st == LM_OK && types[h.type].dtype == LM_U8) {
        st = wrap_bytes(out, &h, &file, err);
    } else {
        st = st == LM_OK ? copy_swapped(out, &h, file.bytes + h.size, err) : st;
        lm_file_close(&file);
    }
    return st == LM_OK ? LM_OK : lm_error_context(err, "%s", path);
}

static uint8_t code_of(LmDtype dtype)
{
    for (size_t i = 0; i < LM_ARRAY_LEN(types); i++) {
        if (types[i].dtype == dtype && types[i].size == lm_dtype_size(dtype)) {
            return types[i].code;
        }
    }
    LM_ASSERT(!"every dtype has an IDX type of its size");
    return 0;
}

LmStatus lm_idx_save(const LmTensor *t, const char *path, LmError *err)
{
    uint8_t header[4 + 4 * LM_RANK_MAX] = {0, 0, code_of(t->dtype), (uint8_t)t->rank};
    if (t->rank == 0) {
        return lm_fail(err, LM_ESHAPE, "cannot write %s: IDX files hold no scalars", path);
    }
    for (int i = 0; i < t->rank; i++) {
        if (t->shape[i] > UINT32_MAX) {
            return lm_fail(err, LM_ESHAPE, "cannot write %s: extent %d does not fit 32 bits", path,
                           i + 1);
        }
        lm_be_put32(header + 4 + 4 * i, (uint32_t)t->shape[i]);
    }
    size_t size = lm_tensor_size_bytes(t);
    void *swapped = NULL;
    if (t->dtype != LM_U8) {
        LmStatus st = lm_mem_alloc(&swapped, size, 1, err);
        if (st != LM_OK) {
            return lm_error_context(err, "%s", path);
        }
        lm_be_swap(swapped, t->data, (size_t)t->count, lm_dtype_size(t->dtype));
    }
    LmFilePart parts[] = {{header, 4 + 4 * (size_t)t->rank},
                          {swapped != NULL ? swapped : t->data, size}};
    LmStatus st = lm_file_write(path, parts, LM_ARRAY_LEN(parts), err);
    lm_mem_free(swapped);
    return st;
}
