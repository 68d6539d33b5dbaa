/* A data set whose pixels must be read, and whose reading a test can hold up, break and mend. */
#ifndef HELP_FRAGILE_H
#define HELP_FRAGILE_H

#include <pthread.h>
#include <stdatomic.h>

#include "data/dataset.h"

typedef struct HelpFragile {
    LmDataset ds; /* to be given back by lm_dataset_unref */
    LmDataset *base;
    pthread_t maker;
    atomic_llong bad;    /* reading this item fails with LM_EIO "cannot read"; -1: none */
    atomic_llong nap_ns; /* before each item from `slow_from` on */
    atomic_llong slow_from;
    atomic_llong n_read;    /* items so far */
    atomic_llong n_own;     /* of them by the thread that made the set */
    atomic_llong cancel_at; /* asks for a stop when that many were read; -1: never */
} HelpFragile;

/* Takes the caller's reference to `base`. Stops the test on failure. */
HelpFragile *help_fragile_new(LmDataset *base);

#endif
