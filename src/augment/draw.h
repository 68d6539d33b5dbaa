/* Drawing: which entries of a list happen to a sample of an epoch, and with which numbers.
 *
 * Everything is a function of the key. Each entry has a part of the random stream of its own, by
 * its number in the list (entries inside groups counted, in the order written), and takes from it
 * first whether it happens, then its numbers in the order of the table: so an entry added at the
 * end leaves the draws of those before it alone, and so does another range of any of them.
 */
#ifndef LM_DRAW_H
#define LM_DRAW_H

#include "augment/augment.h"
#include "base/rng.h"

/* Random numbers of 32 bits an entry has for itself: noise takes one a number of the image. */
enum { LM_DRAW_NUMBERS = 1 << 26 };

/* A sample of an epoch: its number in the data set, from 0, in the low 32 bits; in those above, how
 * often it came before in the same epoch, which is 0 but where a flow repeats rare classes. So what
 * comes twice is changed in two ways, and what comes once as if nothing could come twice. */
enum { LM_DRAW_TURN_SHIFT = 32 };

static inline int64_t lm_draw_sample(int64_t item, int64_t turn)
{
    return item | turn << LM_DRAW_TURN_SHIFT;
}

static inline int64_t lm_draw_item(int64_t sample)
{
    return sample & UINT32_MAX;
}

static inline int64_t lm_draw_turn(int64_t sample)
{
    return sample >> LM_DRAW_TURN_SHIFT;
}

typedef struct LmDrawKey {
    uint64_t seed;
    int64_t epoch;
    int64_t sample; /* as above */
} LmDrawKey;

typedef struct LmDraw {
    const LmAugment *entry; /* never a group, nor a mixup */
    int number;             /* of the entry in the list, see above */
    double value[4];        /* by lm_augment_spec's names, see lm_draw_list */
} LmDraw;

/* Values: rotate, shear, hue: degrees. shift, crop_pad: pixels, down and to the right. zoom: source
 * pixels per pixel along rows, columns (above 1 the picture shrinks). crop_scale: window of the
 * source that fills the image, in pixels and parts of them; erase: whole pixels. Others: one
 * number. */

/* Draws the list for images of h x w; gives how many entries happen, in order. `out` has room for
 * LM_AUGMENT_MAX. The list has passed lm_augment_check_list. */
int lm_draw_list(const LmAugment *list, int n, int64_t h, int64_t w, const LmDrawKey *key,
                 LmDraw *out);

/* The stream of entry `number`. */
LmRng lm_draw_rng(const LmDrawKey *key, int number);

/* Whether the sample is blended with another one of a set of `count`: which, and the share of the
 * sample itself, 0.5 to 1 (Beta(alpha, alpha), mirrored so that the sample has the larger part).
 * `number` is the mixup entry's in its list. */
bool lm_draw_mixup(const LmAugment *mixup, int number, int64_t count, const LmDrawKey *key,
                   int64_t *partner, double *share);

#endif
