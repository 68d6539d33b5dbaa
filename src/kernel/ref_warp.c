/* Warping, the naive way: one pixel at a time, and the order of operations every variant repeats.
 *
 * Coordinates are double and nothing is fused on the way to them; the fraction is rounded to float
 * once. The blend is along columns first, p0 + f*(p1 - p0) with a fused multiply-add, so constant
 * regions stay exactly constant. Comparisons are written so that a coordinate that is no number
 * (an overflow of the map) meets pixel 0 or the fill, never memory outside.
 */
#include <math.h>

#include "kernel/warp.h"

/* Folds v into [0, n-1] ([0, n) for tile); false: the fill value. Quotients are true divisions, so
 * that whole periods are met exactly. */
static bool fold(double *v, double n, LmFill fill)
{
    double x = *v;
    double last = n - 1;
    bool is_inside = x >= 0 && x <= last;
    if (!is_inside && fill == LM_FILL_REFLECT) {
        x = x < 0 ? -1 - x : x;
        x = x - 2 * n * trunc(x / (2 * n));
        x = x >= n ? 2 * n - 1 - x : x;
    } else if (!is_inside && fill == LM_FILL_WRAP) {
        double turns = trunc(fabs(x) / last);
        x = x < 0 ? x + last * (turns + 1) : x - last * turns;
    } else if (fill == LM_FILL_TILE) {
        x = x - n * floor(x / n);
        x = x < n ? x : 0;
        *v = x > 0 ? x : 0;
        return true;
    }
    x = x > 0 ? x : 0;
    *v = x < last ? x : last;
    return is_inside || fill != LM_FILL_CONSTANT;
}

/* The pixel of a whole coordinate in -1..n. */
static int64_t pixel(double v, int64_t n, LmFill fill)
{
    int64_t i = (int64_t)v;
    if (fill == LM_FILL_TILE) {
        return i < n ? i : 0;
    }
    return LM_MIN(i, n - 1);
}

typedef struct Source {
    const uint8_t *bytes;
    const float *floats;
    int64_t h, w, c;
} Source;

static float value(const Source *s, int64_t row, int64_t column, int64_t k)
{
    int64_t at = (row * s->w + column) * s->c + k;
    return s->bytes != NULL ? (float)s->bytes[at] : s->floats[at];
}

/* One output pixel: the source at (row, column), already folded. */
static void sample(float *dst, const Source *s, double row, double column, const LmWarp *warp,
                   LmWarpScale scale)
{
    double half = warp->order == 0 ? 0.5 : 0;
    double r = floor(row + half);
    double c = floor(column + half);
    int64_t r0 = pixel(r, s->h, warp->fill);
    int64_t c0 = pixel(c, s->w, warp->fill);
    int64_t r1 = pixel(r + 1, s->h, warp->fill);
    int64_t c1 = pixel(c + 1, s->w, warp->fill);
    float fr = (float)(row - r);
    float fc = (float)(column - c);
    for (int64_t k = 0; k < s->c; k++) {
        float v = value(s, r0, c0, k);
        if (warp->order == 1) {
            float top = fmaf(fc, value(s, r0, c1, k) - v, v);
            float v10 = value(s, r1, c0, k);
            float bottom = fmaf(fc, value(s, r1, c1, k) - v10, v10);
            v = fmaf(fr, bottom - top, top);
        }
        dst[k] = fmaf(v, scale.a, scale.b);
    }
}

static void warp_any(float *dst, const Source *s, const LmWarp *warp, LmWarpScale scale)
{
    const double *m = warp->m;
    LmWarp plain = *warp;
    if (lm_warp_is_identity(warp)) {
        plain.order = 0;
        warp = &plain;
    }
    for (int64_t r = 0; r < s->h; r++) {
        for (int64_t c = 0; c < s->w; c++) {
            double row = (m[0] * (double)r + m[1] * (double)c) + m[2];
            double column = (m[3] * (double)r + m[4] * (double)c) + m[5];
            bool is_row_met = fold(&row, (double)s->h, warp->fill);
            bool is_column_met = fold(&column, (double)s->w, warp->fill);
            int64_t to_r = warp->flip_vertical ? s->h - 1 - r : r;
            int64_t to_c = warp->flip_horizontal ? s->w - 1 - c : c;
            float *to = dst + (to_r * s->w + to_c) * s->c;
            if (is_row_met && is_column_met) {
                sample(to, s, row, column, warp, scale);
                continue;
            }
            for (int64_t k = 0; k < s->c; k++) {
                to[k] = fmaf(warp->fill_value, scale.a, scale.b);
            }
        }
    }
}

static void warp_u8(float *dst, const uint8_t *src, int64_t h, int64_t w, int64_t c,
                    const LmWarp *warp, LmWarpScale scale)
{
    const Source s = {.bytes = src, .h = h, .w = w, .c = c};
    warp_any(dst, &s, warp, scale);
}

static void warp_f32(float *dst, const float *src, int64_t h, int64_t w, int64_t c,
                     const LmWarp *warp, LmWarpScale scale)
{
    const Source s = {.floats = src, .h = h, .w = w, .c = c};
    warp_any(dst, &s, warp, scale);
}

const LmWarpKernels lm_warp_kernels_ref = {.warp_u8 = warp_u8, .warp_f32 = warp_f32};
