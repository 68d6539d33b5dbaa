/* Entries that change numbers rather than move pixels, on float images in place.
 *
 * Numbers are in the data set's own units, whatever these are: brightness multiplies, so 1 changes
 * nothing in any range. Images stored as bytes are clipped to 0..255 behind every entry that did
 * something, so that each sees an image. A fourth channel is opacity: only channel_shift (as in
 * Keras) and erase touch it.
 */
#ifndef LM_PHOTOMETRIC_H
#define LM_PHOTOMETRIC_H

#include "augment/draw.h"

typedef struct LmPhotoShape {
    int64_t h, w, c;
    bool is_clipped; /* to 0..255 */
} LmPhotoShape;

/* False where the numbers drawn change nothing: factor 1, amount 0. */
bool lm_photometric_changes(const LmDraw *draw);
/* `key` is the one of the draw: noise takes its numbers from there. */
void lm_photometric_apply(const LmDraw *draw, const LmPhotoShape *shape, const LmDrawKey *key,
                          float *image);
/* LM_ESHAPE: colours of images that have none, or more noise than the random stream holds. */
LmStatus lm_photometric_check(const LmAugment *a, const LmPhotoShape *shape,
                              LmError *err) LM_MUST_CHECK;

#endif
