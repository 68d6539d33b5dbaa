#include "io/cifar.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/threads.h"
#include "io/file.h"
#include "io/guess.h"

/* Ten times CIFAR's size. */
static const size_t inflated_max = (size_t)2 << 30;

static size_t record_size(LmCifarLabels kind)
{
    return (kind == LM_CIFAR_TEN ? 1 : 2) + LM_CIFAR_PIXELS;
}

static bool is_whole(const LmFile *f, LmCifarLabels kind)
{
    return f->size > 0 && f->size % record_size(kind) == 0;
}

static LmStatus fail_size(const LmFile *f, const char *path, LmCifarLabels kind, LmError *err)
{
    char size_text[32];
    const char *guess = lm_guess_format(f->bytes, f->size);
    lm_str_count(size_text, sizeof size_text, (int64_t)f->size);
    if (guess != NULL) {
        return lm_fail(err, LM_EFORMAT, "%s: no CIFAR records but %s", path, guess);
    }
    if (kind == LM_CIFAR_AUTO) {
        return lm_fail(err, LM_EFORMAT,
                       "%s has %s bytes; CIFAR-10's records have 3,073 and CIFAR-100's 3,074, and "
                       "no number of them makes that: is the file cut off?",
                       path, size_text);
    }
    return lm_fail(err, LM_EFORMAT,
                   "%s has %s bytes, which no number of %s's records of %zu bytes makes", path,
                   size_text, kind == LM_CIFAR_TEN ? "CIFAR-10" : "CIFAR-100", record_size(kind));
}

/* The kind of the first file; the others must have it as well. */
static LmStatus find_kind(LmCifarLabels *kind, const LmFile *f, const char *path, LmError *err)
{
    if (*kind == LM_CIFAR_AUTO && is_whole(f, LM_CIFAR_TEN)) {
        *kind = LM_CIFAR_TEN;
    } else if (*kind == LM_CIFAR_AUTO && is_whole(f, LM_CIFAR_FINE)) {
        *kind = LM_CIFAR_FINE;
    } else if (*kind == LM_CIFAR_AUTO || !is_whole(f, *kind)) {
        return fail_size(f, path, *kind, err);
    }
    return LM_OK;
}

/* Planes to pixels. */
static void interleave(uint8_t *dst, const uint8_t *src)
{
    enum { PLANE = LM_CIFAR_SIDE * LM_CIFAR_SIDE };
    for (size_t i = 0; i < PLANE; i++) {
        dst[3 * i] = src[i];
        dst[3 * i + 1] = src[PLANE + i];
        dst[3 * i + 2] = src[2 * PLANE + i];
    }
}

static LmStatus read_records(uint8_t *images, int32_t *labels, const LmFile *f, const char *path,
                             LmCifarLabels kind, LmError *err)
{
    size_t size = record_size(kind);
    int n_classes = kind == LM_CIFAR_TEN ? 10 : kind == LM_CIFAR_FINE ? 100 : 20;
    for (size_t i = 0; i < f->size / size; i++) {
        const uint8_t *record = f->bytes + i * size;
        int label = record[kind == LM_CIFAR_FINE ? 1 : 0];
        if (label >= n_classes) {
            return lm_fail(err, LM_EFORMAT,
                           "%s: the label of record %zu is %d; the classes are 0 to %d", path,
                           i + 1, label, n_classes - 1);
        }
        labels[i] = label;
        interleave(images + i * LM_CIFAR_PIXELS, record + size - LM_CIFAR_PIXELS);
    }
    return LM_OK;
}

static LmStatus open_all(LmFile *files, LmCifarLabels *kind, int64_t *count,
                         const char *const *paths, int n_paths, LmError *err)
{
    *count = 0;
    for (int k = 0; k < n_paths; k++) {
        LmStatus st = lm_file_open(&files[k], paths[k], inflated_max, err);
        if (st == LM_OK) {
            st = find_kind(kind, &files[k], paths[k], err);
        }
        if (st != LM_OK) {
            return st;
        }
        *count += (int64_t)(files[k].size / record_size(*kind));
    }
    return LM_OK;
}

static LmStatus read_all(LmTensor *images, LmTensor *labels, const LmFile *files,
                         LmCifarLabels kind, const char *const *paths, int n_paths, LmError *err)
{
    int64_t at = 0;
    for (int k = 0; k < n_paths; k++) {
        LmStatus st = lm_threads_check_cancel(err);
        if (st == LM_OK) {
            st = read_records((uint8_t *)images->data + at * LM_CIFAR_PIXELS,
                              (int32_t *)labels->data + at, &files[k], paths[k], kind, err);
        }
        if (st != LM_OK) {
            return st;
        }
        at += (int64_t)(files[k].size / record_size(kind));
    }
    return LM_OK;
}

LmStatus lm_cifar_load(LmTensor *images, LmTensor *labels, LmCifarLabels *kind,
                       const char *const *paths, int n_paths, LmCifarLabels wanted, LmError *err)
{
    LM_ASSERT(n_paths > 0);
    int64_t count = 0;
    LmFile *files = NULL;
    LmTensor x = {0};
    LmTensor y = {0};
    LmStatus st = lm_mem_zeros(&files, (size_t)n_paths, sizeof *files, err);
    if (st != LM_OK) {
        return st;
    }
    st = open_all(files, &wanted, &count, paths, n_paths, err);
    if (st == LM_OK) {
        st = lm_tensor_new(&x, LM_U8, 4, (const int64_t[]){count, LM_CIFAR_SIDE, LM_CIFAR_SIDE, 3},
                           err);
    }
    if (st == LM_OK) {
        st = lm_tensor_new(&y, LM_I32, 1, &count, err);
    }
    if (st == LM_OK) {
        st = read_all(&x, &y, files, wanted, paths, n_paths, err);
    }
    for (int k = 0; k < n_paths; k++) {
        lm_file_close(&files[k]);
    }
    lm_mem_free(files);
    if (st != LM_OK) {
        lm_tensor_fini(&x);
        lm_tensor_fini(&y);
        return st;
    }
    *images = x;
    *labels = y;
    *kind = wanted;
    return LM_OK;
}
