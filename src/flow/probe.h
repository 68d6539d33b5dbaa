/* A look at what a flow's stages do: histograms of pixels before and after, and a few images as the
 * network will see them. */
#ifndef LM_PROBE_H
#define LM_PROBE_H

#include "flow/flow.h"

/* At most so many images are counted, spread evenly over the set: fewer where images must be read
 * or are whitened; and at most so many numbers, whatever the size of an image. */
enum { LM_PROBE_IMAGES = 512, LM_PROBE_IMAGES_SLOW = 64, LM_PROBE_NUMBERS = 1 << 21 };
enum { LM_PROBE_BINS_BEFORE = 256, LM_PROBE_BINS_AFTER = 64, LM_PROBE_SHOWN = 16 };

/* `n` bins between lo and hi, the last with its upper edge; numbers that are not finite count
 * nowhere. */
typedef struct LmProbeBins {
    int n;
    double lo, hi;
    int64_t counts[LM_PROBE_BINS_BEFORE];
} LmProbeBins;

typedef struct LmProbe {
    int64_t n_images;
    LmProbeBins before; /* bytes: 0 to 256, a bin a value */
    LmProbeBins after;  /* scaled, without random changes */
    LmTensor shown;     /* f32 k x h x w x c as epoch 1 has them, k at most LM_PROBE_SHOWN */
    int64_t items[LM_PROBE_SHOWN]; /* their numbers in the set, from 0 */
} LmProbe;

/* Moves nothing and writes no file (save_to). lm_probe_fini when done. */
LmStatus lm_probe_take(LmProbe *out, const LmFlow *f, LmError *err) LM_MUST_CHECK;
void lm_probe_fini(LmProbe *p);

#endif
