#include "augment/photometric.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "augment/transform.h"
#include "kernel/photo.h"

/* Pixels of an image with opacity that are changed at a time: their colours fit on the stack. A
 * multiple of 4, so that noise takes whole random blocks. */
enum { CHUNK = 256, COLOURS = 3, OPACITY = 4 };

/* Random blocks in front of those of the noise; the entry itself draws from the first. */
enum { NOISE_AT = 64 };

/* What an entry does to `n` numbers, colours only, the first of which is number `at` of them. */
typedef struct Change {
    const LmDraw *draw;
    double mean; /* contrast */
    float matrix[9];
    LmRng rng; /* noise */
} Change;

typedef void Run(const Change *change, float *x, size_t n, size_t at);

static void run_affine(const Change *change, float *x, size_t n, size_t at)
{
    double factor = change->draw->value[0];
    (void)at;
    lm_kernels()->scale->affine_f32(x, x, n, (float)factor,
                                    (float)(change->mean - change->mean * factor));
}

static void run_matrix(const Change *change, float *x, size_t n, size_t at)
{
    (void)at;
    lm_kernels()->photo->mix_rgb_f32(x, n / COLOURS, change->matrix);
}

static void run_noise(const Change *change, float *x, size_t n, size_t at)
{
    LmRng rng = change->rng;
    rng.counter[0] += (uint32_t)(at / 4);
    lm_kernels()->photo->add_noise_f32(x, n, (float)change->draw->value[0], &rng);
}

/* --- colours without opacity --- */

static void gather(float *colours, const float *pixels, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        memcpy(colours + COLOURS * i, pixels + OPACITY * i, COLOURS * sizeof *colours);
    }
}

static void scatter(float *pixels, const float *colours, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        memcpy(pixels + OPACITY * i, colours + COLOURS * i, COLOURS * sizeof *colours);
    }
}

static void run_colours(const Change *change, Run *run, const LmPhotoShape *s, float *image)
{
    size_t n = (size_t)(s->h * s->w);
    float colours[COLOURS * CHUNK];
    if (s->c != OPACITY) {
        run(change, image, n * (size_t)s->c, 0);
        return;
    }
    for (size_t i = 0; i < n; i += CHUNK) {
        size_t part = LM_MIN(n - i, (size_t)CHUNK);
        gather(colours, image + OPACITY * i, part);
        run(change, colours, COLOURS * part, COLOURS * i);
        scatter(image + OPACITY * i, colours, part);
    }
}

static double mean_of(const LmPhotoShape *s, const float *image)
{
    size_t n = (size_t)(s->h * s->w);
    float colours[COLOURS * CHUNK];
    double sum = 0;
    if (s->c != OPACITY) {
        n *= (size_t)s->c;
        return lm_kernels()->scale->sum_f32(image, n) / (double)n;
    }
    for (size_t i = 0; i < n; i += CHUNK) {
        size_t part = LM_MIN(n - i, (size_t)CHUNK);
        gather(colours, image + OPACITY * i, part);
        sum += lm_kernels()->scale->sum_f32(colours, COLOURS * part);
    }
    return sum / (double)(COLOURS * n);
}

/* --- entries --- */

/* All channels get the same number, so a pixel of c channels is c pixels of one. */
static void erase(const LmDraw *draw, const LmPhotoShape *s, float *image)
{
    const double *v = draw->value;
    float value = (float)draw->entry->value;
    lm_kernels()->photo->fill_rect_f32(image, s->w * s->c, 1, (int64_t)v[0], (int64_t)v[1] * s->c,
                                       (int64_t)v[2], (int64_t)v[3] * s->c, &value);
}

bool lm_photometric_changes(const LmDraw *d)
{
    switch (d->entry->kind) {
    case LM_AUGMENT_BRIGHTNESS:
    case LM_AUGMENT_CONTRAST:
    case LM_AUGMENT_SATURATION:
        return d->value[0] != 1;
    case LM_AUGMENT_ERASE:
        return d->value[2] > 0 && d->value[3] > 0;
    default:
        return d->value[0] != 0;
    }
}

void lm_photometric_apply(const LmDraw *draw, const LmPhotoShape *s, const LmDrawKey *key,
                          float *image)
{
    Change change = {.draw = draw};
    switch (draw->entry->kind) {
    case LM_AUGMENT_CONTRAST:
        change.mean = mean_of(s, image);
        run_colours(&change, run_affine, s, image);
        break;
    case LM_AUGMENT_CHANNEL_SHIFT:
        lm_transform_shift_channels(image, s->h * s->w * s->c, draw->value[0]);
        break;
    case LM_AUGMENT_HUE:
        lm_photo_hue(change.matrix, draw->value[0]);
        run_colours(&change, run_matrix, s, image);
        break;
    case LM_AUGMENT_SATURATION:
        lm_photo_saturation(change.matrix, draw->value[0]);
        run_colours(&change, run_matrix, s, image);
        break;
    case LM_AUGMENT_NOISE:
        change.rng = lm_draw_rng(key, draw->number);
        change.rng.counter[0] += NOISE_AT;
        run_colours(&change, run_noise, s, image);
        break;
    case LM_AUGMENT_ERASE:
        erase(draw, s, image);
        return;
    default:
        LM_ASSERT(draw->entry->kind == LM_AUGMENT_BRIGHTNESS);
        run_colours(&change, run_affine, s, image);
    }
    if (s->is_clipped) {
        lm_kernels()->scale->clip_f32(image, (size_t)(s->h * s->w * s->c), 0, 255);
    }
}

LmStatus lm_photometric_check(const LmAugment *a, const LmPhotoShape *s, LmError *err)
{
    const char *name = lm_augment_spec(a->kind)->function;
    bool is_colour = a->kind == LM_AUGMENT_HUE || a->kind == LM_AUGMENT_SATURATION;
    if (is_colour && s->c != COLOURS && s->c != OPACITY) {
        return lm_fail(err, LM_ESHAPE,
                       "%s wants colour images of 3 channels (or 4, the last one opacity), got "
                       "%" PRId64 "x%" PRId64 "x%" PRId64,
                       name, s->h, s->w, s->c);
    }
    if (a->kind == LM_AUGMENT_NOISE && s->h * s->w * s->c > LM_DRAW_NUMBERS - 8 * NOISE_AT) {
        return lm_fail(err, LM_ESHAPE,
                       "noise can change images of %d numbers at most, got %" PRId64,
                       LM_DRAW_NUMBERS - 8 * NOISE_AT, s->h * s->w * s->c);
    }
    for (int i = 0; i < a->n_entries; i++) {
        LmStatus st = lm_photometric_check(&a->entries[i], s, err);
        if (st != LM_OK) {
            return st;
        }
    }
    return LM_OK;
}
