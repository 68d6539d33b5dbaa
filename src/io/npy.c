/* NumPy's .npy files: numbers after a short header.
 *
 * Reading goes in steps that know nothing of each other: bytes into row-major order (Fortran arrays
 * are transposed), then into little endian, then into a dtype of ours. Integers without a
 * dtype of their own become i32 and are refused where they do not fit, never cut.
 */
#include "io/npy.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/be.h"
#include "io/file.h"
#include "io/npy_header.h"

/* Magic, version 1.0 and a length of 16 bits. */
enum { PREFIX_SIZE = 10 };

static LmDtype dtype_of(const LmNpyHeader *h)
{
    if (h->kind == 'f') {
        return h->size == 4 ? LM_F32 : LM_F64;
    }
    bool is_byte = h->size == 1 && h->kind != 'i'; /* u1 and b1 */
    return is_byte ? LM_U8 : LM_I32;
}

static LmStatus check_data_size(const LmNpyHeader *h, size_t size, LmError *err)
{
    size_t wanted = h->n_elements * (size_t)h->size;
    size_t got = size - h->data_start;
    if (wanted == got) {
        return LM_OK;
    }
    char shape[96];
    char want_text[32];
    char got_text[32];
    lm_str_shape(shape, sizeof shape, h->rank, h->shape);
    lm_str_count(want_text, sizeof want_text, (int64_t)wanted);
    lm_str_count(got_text, sizeof got_text, (int64_t)got);
    return lm_fail(err, LM_EFORMAT, ".npy array %s of %c%d needs %s bytes of data, got %s: %s",
                   shape, h->kind, h->size, want_text, got_text,
                   got < wanted ? "the file is cut off" : "surplus bytes follow");
}

/* dst row-major = src column-major. `place` counts through the row-major index; `from` follows it
 * in src with the column-major strides. */
static void transpose(uint8_t *dst, const uint8_t *src, const LmNpyHeader *h)
{
    size_t size = (size_t)h->size;
    size_t stride[LM_RANK_MAX];
    int64_t place[LM_RANK_MAX] = {0};
    size_t step = size;
    size_t from = 0;
    for (int d = 0; d < h->rank; d++) {
        stride[d] = step;
        step *= (size_t)h->shape[d];
    }
    for (size_t i = 0; i < h->n_elements; i++) {
        memcpy(dst + i * size, src + from, size);
        for (int d = h->rank - 1; d >= 0; d--) {
            from += stride[d];
            if (++place[d] < h->shape[d]) {
                break;
            }
            from -= stride[d] * (size_t)h->shape[d];
            place[d] = 0;
        }
    }
}

static int64_t integer_at(const uint8_t *src, char kind, int size)
{
    uint64_t bits = 0;
    memcpy(&bits, src, (size_t)size);
    if (kind == 'i') {
        int unused = 64 - 8 * size;
        return (int64_t)(bits << unused) >> unused;
    }
    return bits > INT64_MAX ? INT64_MAX : (int64_t)bits;
}

static LmStatus narrow_integers(int32_t *dst, const uint8_t *src, const LmNpyHeader *h,
                                LmError *err)
{
    for (size_t i = 0; i < h->n_elements; i++) {
        int64_t v = integer_at(src + i * (size_t)h->size, h->kind, h->size);
        if (v < INT32_MIN || v > INT32_MAX) {
            return lm_fail(err, LM_EFORMAT,
                           ".npy array of %c%d: element %zu is %s%" PRId64
                           ", which does not fit i32; save it as float64",
                           h->kind, h->size, i + 1, v == INT64_MAX ? "at least " : "", v);
        }
        dst[i] = (int32_t)v;
    }
    return LM_OK;
}

/* The file's data in row-major order and little endian: `data` itself where it is that already,
 * else `room`, which holds as many bytes. */
static const uint8_t *straighten(const LmNpyHeader *h, const uint8_t *data, uint8_t *room)
{
    if (h->is_fortran) {
        transpose(room, data, h);
        data = room;
    }
    if (h->is_swapped) {
        lm_be_swap(room, data, h->n_elements, (size_t)h->size);
        data = room;
    }
    return data;
}

static LmStatus fill(LmTensor *t, const LmNpyHeader *h, const uint8_t *data, LmError *err)
{
    size_t size = h->n_elements * (size_t)h->size;
    bool is_narrowed = t->dtype == LM_I32 && !(h->kind == 'i' && h->size == 4);
    if (!is_narrowed) {
        const uint8_t *straight = straighten(h, data, t->data);
        if (straight == data && size > 0) {
            memcpy(t->data, data, size);
        }
        return LM_OK;
    }
    uint8_t *room = NULL;
    LmStatus st = lm_mem_alloc(&room, size, 1, err);
    if (st == LM_OK) {
        st = narrow_integers(t->data, straighten(h, data, room), h, err);
    }
    lm_mem_free(room);
    return st;
}

static LmStatus parse(LmTensor *out, const uint8_t *bytes, size_t size, LmError *err)
{
    LmNpyHeader h;
    LmTensor t = {0};
    LmStatus st = lm_npy_header_parse(&h, bytes, size, err);
    if (st == LM_OK) {
        st = check_data_size(&h, size, err);
    }
    if (st == LM_OK) {
        st = lm_tensor_new(&t, dtype_of(&h), h.rank, h.shape, err);
    }
    if (st == LM_OK) {
        st = fill(&t, &h, bytes + h.data_start, err);
    }
    if (st != LM_OK) {
        lm_tensor_fini(&t);
        return st;
    }
    *out = t;
    return LM_OK;
}

LmStatus lm_npy_parse(LmTensor *out, const uint8_t *bytes, size_t size, const char *name,
                      LmError *err)
{
    LmStatus st = parse(out, bytes, size, err);
    return st == LM_OK ? LM_OK : lm_error_context(err, "%s", name);
}

LmStatus lm_npy_load(LmTensor *out, const char *path, LmError *err)
{
    LmFile file;
    LmStatus st = lm_file_open(&file, path, 0, err);
    if (st != LM_OK) {
        return st;
    }
    st = lm_npy_parse(out, file.bytes, file.size, path, err);
    lm_file_close(&file);
    return st;
}

LmStatus lm_npy_save(const LmTensor *t, const char *path, LmError *err)
{
    static const char *const descrs[] = {
        [LM_U8] = "|u1", [LM_I32] = "<i4", [LM_F32] = "<f4", [LM_F64] = "<f8"};
    _Static_assert(LM_ARRAY_LEN(descrs) == LM_DTYPE_COUNT, "one type a dtype");
    /* Data starts at a multiple of 64. The longest header, rank 8 with extents of 19 digits, has
     * 220 characters and is padded to 256. */
    char header[320];
    LmStr s = lm_str(header, sizeof header);
    lm_str_add(&s, "\x93NUMPY%c%c%c%c", 1, 1, 1, 1); /* version and length: set below */
    lm_str_add(&s, "{'descr': '%s', 'fortran_order': False, 'shape': (", descrs[t->dtype]);
    for (int i = 0; i < t->rank; i++) {
        lm_str_add(&s, "%s%" PRId64, i > 0 ? ", " : "", t->shape[i]);
    }
    lm_str_add(&s, "%s), }", t->rank == 1 ? "," : "");
    size_t size = lm_base_round_up(s.used + 1, 64);
    lm_str_add(&s, "%*s\n", (int)(size - 1 - s.used), "");
    LM_ASSERT(s.used == size);
    header[7] = 0;
    header[8] = (char)((size - PREFIX_SIZE) & 0xFF);
    header[9] = (char)((size - PREFIX_SIZE) >> 8);
    LmFilePart parts[] = {{header, size}, {t->data, lm_tensor_size_bytes(t)}};
    return lm_file_write(path, parts, LM_ARRAY_LEN(parts), err);
}
