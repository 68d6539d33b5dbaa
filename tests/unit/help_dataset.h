/* Data sets for tests: random pixels in memory, and a kind whose pixels must be read. */
#ifndef HELP_DATASET_H
#define HELP_DATASET_H

#include "data/dataset.h"

/* n images h x w x c, pixels a function of (seed, place) alone: bytes, or floats in -1..1. Labels
 * are i % n_classes; n_classes 0 makes an unlabelled set. Stops the test on failure. */
LmDataset *help_dataset_new(const char *name, int64_t n, int64_t h, int64_t w, int64_t c,
                            LmDtype dtype, int n_classes, uint64_t seed);

/* The same items through `read` alone. Reading item `bad` and those after it fails with LM_EIO
 * "cannot read"; bad < 0: none. Keeps a reference to `base`. */
LmDataset *help_dataset_reading(LmDataset *base, int64_t bad);

#endif
