#include "help_dataset.h"

#include <string.h>

#include "base/rng.h"
#include "data/sources.h"
#include "help_test.h"

static void fill(LmTensor *t, uint64_t seed)
{
    LmRng rng = lm_rng(seed, LM_RNG_USER, 1, 2);
    for (int64_t i = 0; i < t->count; i++) {
        if (t->dtype == LM_U8) {
            ((uint8_t *)t->data)[i] = (uint8_t)(lm_rng_u32(&rng) >> 24);
        } else {
            ((float *)t->data)[i] = 2 * lm_rng_float(&rng) - 1;
        }
    }
}

LmDataset *help_dataset_new(const char *name, int64_t n, int64_t h, int64_t w, int64_t c,
                            LmDtype dtype, int n_classes, uint64_t seed)
{
    LmError err;
    LmTensor images = {0};
    LmTensor labels = {0};
    LmDataset *ds = NULL;
    assert_ok(lm_tensor_new(&images, dtype, 4, (const int64_t[]){n, h, w, c}, &err), err);
    assert_ok(lm_tensor_new(&labels, LM_I32, 1, &n, &err), err);
    fill(&images, seed);
    for (int64_t i = 0; i < n; i++) {
        ((int32_t *)labels.data)[i] = n_classes > 0 ? (int32_t)(i % n_classes) : 0;
    }
    assert_ok(lm_memory_new(&ds, name, &images, n_classes > 0 ? &labels : NULL, &err), err);
    lm_tensor_fini(&images);
    lm_tensor_fini(&labels);
    return ds;
}

typedef struct Reading {
    LmDataset ds;
    LmDataset *base;
    int64_t bad;
} Reading;

static LmStatus reading_read(const LmDataset *ds, int64_t i, void *dst, LmError *err)
{
    const Reading *r = (const Reading *)ds;
    if (r->bad >= 0 && i >= r->bad) {
        return lm_fail(err, LM_EIO, "cannot read");
    }
    return lm_dataset_read(r->base, i, dst, err);
}

static void reading_fini(LmDataset *ds)
{
    lm_dataset_unref(((Reading *)ds)->base);
}

static const LmDatasetKind reading_kind = {
    .name = "reading",
    .read = reading_read,
    .fini = reading_fini,
};

LmDataset *help_dataset_reading(LmDataset *base, int64_t bad)
{
    LmError err;
    Reading *r = NULL;
    const int64_t hwc[3] = {base->h, base->w, base->c};
    assert_ok(lm_mem_zeros(&r, 1, sizeof *r, &err), err);
    assert_ok(lm_dataset_init(&r->ds, &reading_kind, base->name, base->count, hwc, base->dtype,
                              base->labels, &err),
              err);
    r->base = lm_dataset_ref(base);
    r->bad = bad;
    return &r->ds;
}
