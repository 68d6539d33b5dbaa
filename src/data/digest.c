/* Parts of fixed size are hashed in parallel, then the list of their digests: SHA-256 itself cannot
 * be shared out. */
#include "data/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/threads.h"
#include "io/file.h"

const int64_t lm_digest_files_max_bytes = 1000000000;

/* Of a part: some milliseconds of work. Part of the digest's definition, as is the number of files
 * in one. */
enum { PART_BYTES = 1 << 20, PART_FILES = 64 };

typedef struct Part {
    char hex[65];
    LmStatus status;
    LmError err;
} Part;

typedef struct Digest {
    const LmDataset *ds;
    LmDigestOf of;
    size_t item_bytes;
    int64_t images; /* a part */
    int64_t n_parts;
    Part *parts;
} Digest;

/* Cached pixels or not: the digest of the same files is the same. */
static bool is_file(const LmDataset *ds, int64_t i)
{
    return lm_dataset_item_name(ds, i) != NULL;
}

/* "a/b/c.png" -> "b/c.png": where the set lies is no part of what it is. */
static const char *last_parts(const char *path)
{
    const char *name = strrchr(path, '/');
    while (name != NULL && name > path && name[-1] != '/') {
        name--;
    }
    return name != NULL ? name : path;
}

static void add_name(LmSha256 *h, const char *path)
{
    struct stat facts;
    char size[32];
    bool is_there = stat(path, &facts) == 0;
    int n = snprintf(size, sizeof size, "%" PRId64, is_there ? (int64_t)facts.st_size : -1);
    const char *name = last_parts(path);
    lm_sha256_add(h, name, strlen(name) + 1);
    lm_sha256_add(h, size, (size_t)n + 1);
}

/* With its length in front: bytes cannot move from a file to the next unnoticed. */
static LmStatus add_file(LmSha256 *h, const char *path, LmError *err)
{
    LmFile f;
    LmStatus st = lm_file_open(&f, path, 0, err);
    if (st != LM_OK) {
        return st;
    }
    uint64_t size = f.size;
    lm_sha256_add(h, &size, sizeof size);
    lm_sha256_add(h, f.bytes, f.size);
    lm_file_close(&f);
    return LM_OK;
}

static LmStatus add_image(const Digest *d, LmSha256 *h, int64_t i, void *buffer, LmError *err)
{
    const void *pixels = lm_dataset_pixels(d->ds, i);
    const char *path = lm_dataset_item_name(d->ds, i);
    if (path != NULL) {
        if (d->of == LM_DIGEST_NAMES) {
            add_name(h, path);
            return LM_OK;
        }
        return add_file(h, path, err);
    }
    if (pixels == NULL) {
        LmStatus st = lm_dataset_read(d->ds, i, buffer, err);
        if (st != LM_OK) {
            return st;
        }
        pixels = buffer;
    }
    lm_sha256_add(h, pixels, d->item_bytes);
    return LM_OK;
}

static void run_part(void *ctx, int64_t task, int thread)
{
    const Digest *d = ctx;
    Part *part = &d->parts[task];
    int64_t end = LM_MIN((task + 1) * d->images, d->ds->count);
    void *buffer = NULL;
    LmSha256 h;
    (void)thread;
    lm_sha256_init(&h);
    part->status = lm_threads_check_cancel(&part->err);
    if (part->status == LM_OK) {
        part->status = lm_mem_alloc(&buffer, d->item_bytes, 1, &part->err);
    }
    for (int64_t i = task * d->images; i < end && part->status == LM_OK; i++) {
        part->status = add_image(d, &h, i, buffer, &part->err);
    }
    lm_mem_free(buffer);
    lm_sha256_end(&h, part->hex);
}

static LmDigestOf choose(const LmDataset *ds, int64_t files_max_bytes)
{
    int64_t total = 0;
    for (int64_t i = 0; i < ds->count && total <= files_max_bytes; i++) {
        struct stat facts;
        if (is_file(ds, i) && stat(lm_dataset_item_name(ds, i), &facts) == 0) {
            total += (int64_t)facts.st_size;
        }
    }
    return total > files_max_bytes ? LM_DIGEST_NAMES : LM_DIGEST_CONTENTS;
}

/* What is not pixels, and the parts' digests. */
static void sum_up(const Digest *d, char out[65])
{
    const LmDataset *ds = d->ds;
    char head[128];
    LmSha256 h;
    lm_sha256_init(&h);
    int n = snprintf(head, sizeof head, "%" PRId64 " %" PRId64 "x%" PRId64 "x%" PRId64 " %s %s",
                     ds->count, ds->h, ds->w, ds->c, lm_dtype_name(ds->dtype),
                     d->of == LM_DIGEST_NAMES ? "names" : "contents");
    lm_sha256_add(&h, head, (size_t)n + 1);
    for (int64_t k = 0; k < d->n_parts; k++) {
        lm_sha256_add(&h, d->parts[k].hex, 64);
    }
    if (ds->labels != NULL) {
        lm_sha256_add(&h, "labels", 7);
        lm_sha256_add(&h, ds->labels, (size_t)ds->count * sizeof *ds->labels);
    }
    if (ds->targets != NULL) {
        lm_sha256_add(&h, "targets", 8);
        lm_sha256_add(&h, ds->targets, (size_t)(ds->count * ds->n_targets) * sizeof *ds->targets);
    }
    if (ds->weights != NULL) {
        lm_sha256_add(&h, "weights", 8);
        lm_sha256_add(&h, ds->weights, (size_t)ds->count * sizeof *ds->weights);
    }
    lm_sha256_end(&h, out);
}

LmStatus lm_digest_dataset(const LmDataset *ds, int64_t files_max_bytes, char out[65],
                           LmDigestOf *of, LmError *err)
{
    Digest d = {.ds = ds,
                .of = choose(ds, files_max_bytes),
                .item_bytes = (size_t)lm_dataset_item_count(ds) * lm_dtype_size(ds->dtype)};
    d.images = is_file(ds, 0) ? PART_FILES : LM_MAX(PART_BYTES / (int64_t)d.item_bytes, 1);
    d.n_parts = (ds->count + d.images - 1) / d.images;
    LmStatus st = lm_mem_zeros(&d.parts, (size_t)d.n_parts, sizeof *d.parts, err);
    if (st != LM_OK) {
        return st;
    }
    lm_threads_for(d.n_parts, run_part, &d);
    for (int64_t k = 0; k < d.n_parts && st == LM_OK; k++) {
        st = d.parts[k].status;
        if (st != LM_OK) {
            *err = d.parts[k].err;
        }
    }
    if (st == LM_OK) {
        sum_up(&d, out);
        *of = d.of;
    }
    lm_mem_free(d.parts);
    return st;
}
