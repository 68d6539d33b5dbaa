#include "augment/keras.h"

#include <math.h>

LmKeras lm_keras(void)
{
    return (LmKeras){.zoom = {1, 1},
                     .brightness = {1, 1},
                     .fill = {.m = {1, 0, 0, 0, 1, 0}, .fill = LM_FILL_NEAREST, .order = 1}};
}

/* --- checks --- */

static LmStatus check_range(const char *name, double value, LmError *err)
{
    if (value >= 0 && isfinite(value)) {
        return LM_OK;
    }
    return lm_fail(err, LM_EARG, "%s is %g, wanted 0 or more; the range goes both ways", name,
                   value);
}

static LmStatus check_pair(const char *name, const double pair[2], double above, LmError *err)
{
    if (pair[0] > above && pair[0] <= pair[1] && isfinite(pair[1])) {
        return LM_OK;
    }
    return lm_fail(err, LM_EARG,
                   "%s goes from %g to %g, wanted { lowest, highest } with both %s %g", name,
                   pair[0], pair[1], above < 0 ? "at least" : "above", above < 0 ? 0.0 : above);
}

static LmStatus check_shift(const char *name, const LmKerasShift *s, LmError *err)
{
    if (s->kind == LM_KERAS_SHIFT_WHOLE && s->range == 1) {
        return lm_fail(err, LM_EARG,
                       "%s = 1 would never move anything: whole numbers draw from 0..%s-1; say 1.0 "
                       "for up to one pixel either way, 2 for whole pixels -1, 0 and 1, or a "
                       "fraction below 1",
                       name, name);
    }
    for (int i = 0; i < s->n; i++) {
        if (!(s->list[i] >= 0) || !isfinite(s->list[i])) {
            return lm_fail(err, LM_EARG,
                           "%s holds %g, wanted numbers of 0 or more; a sign is drawn for each",
                           name, s->list[i]);
        }
    }
    return check_range(name, s->range, err);
}

LmStatus lm_keras_check(const LmKeras *k, LmError *err)
{
    LmStatus st = check_range("rotation_range", k->rotation_deg, err);
    if (st == LM_OK) {
        st = check_range("shear_range", k->shear_deg, err);
    }
    if (st == LM_OK) {
        st = check_range("channel_shift_range", k->channel_shift, err);
    }
    if (st == LM_OK) {
        st = check_pair("zoom_range", k->zoom, 0, err);
    }
    if (st == LM_OK && k->has_brightness) {
        st = check_pair("brightness_range", k->brightness, -0x1p-1074, err);
    }
    if (st == LM_OK) {
        st = check_shift("height_shift_range", &k->height, err);
    }
    return st == LM_OK ? check_shift("width_shift_range", &k->width, err) : st;
}

/* --- drawing --- */

static double between(LmRng *rng, double lo, double hi)
{
    return lo + (hi - lo) * lm_rng_double(rng);
}

/* Two numbers whatever the kind: a place in the range, and a sign. */
static double draw_shift(const LmKerasShift *s, double size, LmRng *rng)
{
    double u = lm_rng_double(rng);
    double sign = lm_rng_double(rng) < 0.5 ? -1 : 1;
    switch (s->kind) {
    case LM_KERAS_SHIFT_NONE:
        return 0;
    case LM_KERAS_SHIFT_WHOLE:
        return sign * floor(u * s->range);
    case LM_KERAS_SHIFT_PIXELS:
        return s->range * (2 * u - 1);
    case LM_KERAS_SHIFT_FRACTION:
        return s->range * (2 * u - 1) * size;
    case LM_KERAS_SHIFT_LIST:
        return sign * s->list[(int)(u * s->n)];
    case LM_KERAS_SHIFT_FRACTIONS:
        return sign * s->list[(int)(u * s->n)] * size;
    }
    return 0;
}

LmTransform lm_keras_draw(const LmKeras *k, int64_t h, int64_t w, LmRng *rng)
{
    LmTransform t = lm_transform();
    t.theta_deg = between(rng, -k->rotation_deg, k->rotation_deg);
    t.ty = draw_shift(&k->height, (double)h, rng);
    t.tx = draw_shift(&k->width, (double)w, rng);
    t.shear_deg = between(rng, -k->shear_deg, k->shear_deg);
    t.zx = between(rng, k->zoom[0], k->zoom[1]);
    t.zy = between(rng, k->zoom[0], k->zoom[1]);
    t.flip_horizontal = lm_rng_double(rng) < 0.5 && k->flip_horizontal;
    t.flip_vertical = lm_rng_double(rng) < 0.5 && k->flip_vertical;
    t.channel_shift = between(rng, -k->channel_shift, k->channel_shift);
    t.has_channel_shift = k->channel_shift != 0;
    t.brightness = between(rng, k->brightness[0], k->brightness[1]);
    t.has_brightness = k->has_brightness;
    return t;
}
