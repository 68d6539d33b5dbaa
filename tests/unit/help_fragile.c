#define _GNU_SOURCE
#include "help_fragile.h"

#include <time.h>

#include "base/threads.h"
#include "help_test.h"

static LmStatus fragile_read(const LmDataset *ds, int64_t i, void *dst, LmError *err)
{
    HelpFragile *f = (HelpFragile *)ds;
    long nap = (long)atomic_load(&f->nap_ns);
    if (nap > 0 && i >= atomic_load(&f->slow_from)) {
        nanosleep(&(struct timespec){0, nap}, NULL);
    }
    atomic_fetch_add(&f->n_own, pthread_equal(pthread_self(), f->maker) != 0);
    if (atomic_fetch_add(&f->n_read, 1) + 1 == atomic_load(&f->cancel_at)) {
        lm_threads_cancel();
    }
    if (i == atomic_load(&f->bad)) {
        return lm_fail(err, LM_EIO, "cannot read");
    }
    return lm_dataset_read(f->base, i, dst, err);
}

static void fragile_fini(LmDataset *ds)
{
    lm_dataset_unref(((HelpFragile *)ds)->base);
}

static const LmDatasetKind fragile_kind = {
    .name = "fragile",
    .read = fragile_read,
    .fini = fragile_fini,
};

HelpFragile *help_fragile_new(LmDataset *base)
{
    LmError err;
    HelpFragile *f = NULL;
    const int64_t hwc[3] = {base->h, base->w, base->c};
    assert_ok(lm_mem_zeros(&f, 1, sizeof *f, &err), err);
    assert_ok(lm_dataset_init(&f->ds, &fragile_kind, base->name, base->count, hwc, base->dtype,
                              base->labels, &err),
              err);
    f->base = base;
    f->maker = pthread_self();
    atomic_init(&f->bad, -1);
    atomic_init(&f->nap_ns, 0);
    atomic_init(&f->slow_from, 0);
    atomic_init(&f->n_read, 0);
    atomic_init(&f->n_own, 0);
    atomic_init(&f->cancel_at, -1);
    return f;
}
