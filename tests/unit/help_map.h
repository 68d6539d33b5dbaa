/* Maps (kernel/nn_kernels.h) for tests of kernels: random halos and gaps between columns, rows and
 * images, in memory between unreadable pages. Gaps are part of what is compared: nobody may write
 * there. */
#ifndef HELP_MAP_H
#define HELP_MAP_H

#include "base/rng.h"
#include "help_guard.h"
#include "kernel/nn_kernels.h"

typedef struct HelpMap {
    LmMap map;
    int64_t n_images;
    HelpGuard guard;
    float *room; /* first float in use, n_floats in all */
    size_t n_floats;
    float *before; /* copies of the floats in use */
    float *wanted;
} HelpMap;

/* Room for maps of up to n_max floats, gaps included. */
HelpMap help_map_new(size_t n_max);
void help_map_free(HelpMap *m);

/* A map of n images h x w x cs with random strides, against the front or the back page. */
void help_map_place(HelpMap *m, int64_t n, int64_t h, int64_t w, int64_t cs, LmRng *rng);
/* Fills all floats in use, gaps too. */
void help_map_fill(HelpMap *m, void (*fill)(float *x, size_t n, LmRng *rng), LmRng *rng);
float *help_map_at(const HelpMap *m, int64_t n, int64_t y, int64_t x);

/* Keeps the present floats as those to start from, or as those to be found. */
void help_map_keep_before(HelpMap *m);
void help_map_keep_wanted(HelpMap *m);
void help_map_restore(HelpMap *m);
/* Fails the test, naming the variant, unless the floats are the wanted ones and nothing around them
 * was written. */
void help_map_check(const HelpMap *m, const char *variant);

#endif
