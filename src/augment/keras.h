/* The random changes of Keras' ImageDataGenerator: its ranges, and how it draws from them.
 *
 * Distributions are those of keras-preprocessing's get_random_transform; the numbers come from
 * luma's counter generator, since Keras' global one cannot be repeated by sample. Repaired: the
 * height option moves rows and the width option columns.
 */
#ifndef LM_KERAS_H
#define LM_KERAS_H

#include "augment/transform.h"
#include "base/rng.h"

enum { LM_KERAS_SHIFTS_MAX = 64 };

typedef enum LmKerasShiftKind {
    LM_KERAS_SHIFT_NONE,
    LM_KERAS_SHIFT_WHOLE,    /* one of 0..range-1 with a random sign, in pixels */
    LM_KERAS_SHIFT_PIXELS,   /* uniform in (-range, range) pixels */
    LM_KERAS_SHIFT_FRACTION, /* the same, of the size */
    LM_KERAS_SHIFT_LIST,     /* one of `list` with a random sign, in pixels */
    LM_KERAS_SHIFT_FRACTIONS /* the same, of the size */
} LmKerasShiftKind;

typedef struct LmKerasShift {
    LmKerasShiftKind kind;
    double range;
    int n;
    double list[LM_KERAS_SHIFTS_MAX];
} LmKerasShift;

typedef struct LmKeras {
    double rotation_deg; /* uniform in (-x, x), here and below; 0: none */
    double shear_deg;
    double channel_shift;
    LmKerasShift height, width;
    double zoom[2]; /* lowest and highest factor; {1, 1}: none */
    bool has_brightness;
    double brightness[2];
    bool flip_horizontal, flip_vertical; /* each with probability 1/2 */
    LmWarp fill;                         /* its fill rule, value and order */
} LmKeras;

/* Changes nothing: fill nearest, order 1. */
LmKeras lm_keras(void);
/* Negative or reversed ranges, zoom factors not above 0, lists of shifts with negative ones, a
 * whole shift of 1 (which never moves anything): LM_EARG naming Keras' option. */
LmStatus lm_keras_check(const LmKeras *k, LmError *err) LM_MUST_CHECK;
/* For an image of h x w. Numbers are drawn in one order, whatever is switched on. */
LmTransform lm_keras_draw(const LmKeras *k, int64_t h, int64_t w, LmRng *rng);

#endif
