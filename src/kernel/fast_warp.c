/* Warping on vectors: VD_LANES neighbouring output pixels at a time; ref_warp.c states the
 * operations.
 *
 * Bytes of 1 to 4 channels, order 1: the two neighbours of a row lie side by side, so one gather a
 * row brings both. The upper row is read from its first byte on, the lower one up to its last byte:
 * neither reads outside the image. A column on the last pixel takes the pixel before it with the
 * fraction 1 (ref: the pixel itself and fraction 0): p0 + 1 * (p1 - p0) is exactly p1 on bytes. On
 * the last row the lower blend, which is no whole number, takes the place of the upper one.
 * Everything else folds coordinates on vectors and samples pixel by pixel.
 */
#include <math.h>
#include <string.h>

#include "kernel/vec_pixel.h"
#include "kernel/warp.h"

typedef struct Job {
    LmWarp warp;
    const uint8_t *bytes;
    const float *floats;
    int64_t h, w, c;
    LmWarpScale scale;
} Job;

/* --- coordinates --- */

/* Lanes outside come in; all leave inside, up to rounding. */
LM_INLINE vd reflect(vd v, double n)
{
    vd period = vd_set(2 * n);
    v = vd_select(vd_lt(v, vd_set(0)), vd_sub(vd_set(-1), v), v);
    v = vd_sub(v, vd_mul(period, vd_trunc(vd_div(v, period))));
    return vd_select(vd_lt(v, vd_set(n)), v, vd_sub(vd_set(2 * n - 1), v));
}

LM_INLINE vd wrap(vd v, double n)
{
    vd period = vd_set(n - 1);
    vd turns = vd_trunc(vd_div(vd_max(v, vd_sub(vd_set(0), v)), period));
    vd below = vd_add(v, vd_mul(period, vd_add(turns, vd_set(1))));
    vd above = vd_sub(v, vd_mul(period, turns));
    return vd_select(vd_lt(v, vd_set(0)), below, above);
}

/* What ref's fold() does; *is_fill gains the lanes that take the fill value. */
LM_INLINE vd fold(vd v, double n, LmFill fill, vt *is_fill)
{
    vd zero = vd_set(0);
    vd last = vd_set(n - 1);
    if (fill == LM_FILL_TILE) {
        v = vd_sub(v, vd_mul(vd_set(n), vd_floor(vd_div(v, vd_set(n)))));
        v = vd_select(vd_lt(v, vd_set(n)), v, zero);
        return vd_max(v, zero);
    }
    if (fill != LM_FILL_NEAREST) {
        vt outside = vd_outside(v, last);
        if (fill == LM_FILL_CONSTANT) {
            *is_fill = vt_or(*is_fill, outside);
        } else if (vt_any(outside)) {
            v = vd_select(outside, fill == LM_FILL_REFLECT ? reflect(v, n) : wrap(v, n), v);
        }
    }
    return vd_min(vd_max(v, zero), last);
}

/* Columns of an image made together: a turned row of a wide image crosses many source rows, and a
 * strip of them stays in the first cache. */
enum { STRIP = 64 };

/* What the columns `from`.. of a strip add to the coordinates of every row: m[1]*c and m[4]*c. */
typedef struct Strip {
    int64_t left, end; /* the columns to be made */
    int64_t from;      /* the first one here; a last vector may begin before `left` */
    double r[STRIP + 2 * VD_LANES], c[STRIP + 2 * VD_LANES];
} Strip;

LM_INLINE void prepare(Strip *s, const Job *j, int64_t left)
{
    static const double ramp[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    s->left = left;
    s->end = LM_MIN(left + STRIP, j->w);
    s->from = LM_MAX(0, LM_MIN(left, j->w - VD_LANES));
    for (int64_t i = 0; s->from + i < s->end + VD_LANES; i += VD_LANES) {
        vd c = vd_add(vd_set((double)(s->from + i)), vd_load(ramp));
        if (j->warp.flip_horizontal) {
            c = vd_sub(vd_set((double)(j->w - 1)), c);
        }
        vd_store(s->r + i, vd_mul(vd_set(j->warp.m[1]), c));
        vd_store(s->c + i, vd_mul(vd_set(j->warp.m[4]), c));
    }
}

/* Source coordinates of the output columns `at`..; `row`: m[0]*r and m[3]*r. */
LM_INLINE void locate(const Job *j, const Strip *s, const double row[2], int64_t at, vd *r, vd *c,
                      vt *is_fill)
{
    const double *m = j->warp.m;
    vd at_r = vd_add(vd_add(vd_set(row[0]), vd_load(s->r + (at - s->from))), vd_set(m[2]));
    vd at_c = vd_add(vd_add(vd_set(row[1]), vd_load(s->c + (at - s->from))), vd_set(m[5]));
    *r = fold(at_r, (double)j->h, j->warp.fill, is_fill);
    *c = fold(at_c, (double)j->w, j->warp.fill, is_fill);
}

LM_INLINE vt no_lanes(void)
{
    return vd_lt(vd_set(0), vd_set(0));
}

/* --- bytes, order 1, c channels in 1..4 --- */

/* Neighbours of each lane as 32-bit words, byte k the channel k; `at`: the byte of the upper left.
 */
LM_INLINE void gather_corners(const Job *j, vj at, int c, vj word[4])
{
    const uint8_t *lower = j->bytes + j->w * c;
    if (c > 2) {
        vj_gather_pair(j->bytes, at, 0, 8 * c, word[0], word[1]);
        vj_gather_pair(lower - (8 - 2 * c), at, 64 - 16 * c, 64 - 8 * c, word[2], word[3]);
    } else {
        word[0] = vj_gather(j->bytes, at);
        word[1] = word[0];
        word[2] = vj_gather(lower - (4 - 2 * c), at);
        word[3] = word[2];
    }
}

LM_INLINE vh blend(vh p00, vh p01, vh p10, vh p11, vh fr, vh fc, vt is_last)
{
    vh bottom = vh_fma(fc, vh_sub(p11, p10), p10);
    vh top = vh_select(is_last, bottom, vh_fma(fc, vh_sub(p01, p00), p00));
    return vh_fma(fr, vh_sub(bottom, top), top);
}

/* VD_LANES pixels of c channels, the columns `at`.. of a row, to `to`. */
LM_INLINE void bytes_step(float *to, const Job *j, const Strip *s, const double row[2], int64_t at,
                          int c)
{
    vd r;
    vd q;
    vt is_fill = no_lanes();
    locate(j, s, row, at, &r, &q, &is_fill);
    vd r0 = vd_min(vd_floor(r), vd_set((double)(j->h - 2)));
    vd c0 = vd_min(vd_floor(q), vd_set((double)(j->w - 2)));
    vh fr = vd_to_vh(vd_sub(r, r0));
    vh fc = vd_to_vh(vd_sub(q, c0));
    vt is_last = vd_le(vd_set((double)(j->h - 1)), r);
    vd skip = c == 1 ? c0 : vd_mul(c0, vd_set(c));
    vj word[4];
    gather_corners(j, vd_to_vj(vd_fma(r0, vd_set((double)(j->w * c)), skip)), c, word);
    vh a = vh_set(j->scale.a);
    vh b = vh_set(j->scale.b);
    vh out[4];
    LM_UNROLL
    for (int k = 0; k < c; k++) {
        int second = c > 2 ? k : c + k;
        int lower = c > 2 ? k : 4 - 2 * c + k;
        vh v = blend(vh_byte(word[0], k), vh_byte(word[1], second), vh_byte(word[2], lower),
                     vh_byte(word[3], c > 2 ? k : lower + c), fr, fc, is_last);
        if (j->warp.fill == LM_FILL_CONSTANT) {
            v = vh_select(is_fill, vh_set(j->warp.fill_value), v);
        }
        out[k] = vh_fma(v, a, b);
    }
    switch (c) {
    case 1:
        vh_store(to, out[0]);
        break;
    case 2:
        vh_store2(to, out);
        break;
    case 3:
        vh_store3(to, out);
        break;
    default:
        vh_store4(to, out);
    }
}

/* The last vector of a row ends with it and so makes some pixels twice; rows shorter than a vector
 * are made aside. */
LM_INLINE void bytes_row(float *to, const Job *j, const Strip *s, const double row[2], int c)
{
    if (j->w < VD_LANES) {
        float aside[4 * VD_LANES];
        bytes_step(aside, j, s, row, 0, c);
        memcpy(to, aside, (size_t)(j->w * c) * sizeof *to);
        return;
    }
    for (int64_t left = s->left; left < s->end; left += VD_LANES) {
        int64_t at = LM_MIN(left, j->w - VD_LANES);
        bytes_step(to + at * c, j, s, row, at, c);
    }
}

/* --- everything else --- */

LM_INLINE float value(const Job *j, int64_t at, bool is_u8)
{
    return is_u8 ? (float)j->bytes[at] : j->floats[at];
}

/* One pixel; r and c are whole, i.e. floors. */
LM_INLINE void sample(float *to, const Job *j, int64_t r, int64_t c, float fr, float fc,
                      int64_t channels, bool is_u8)
{
    bool is_tile = j->warp.fill == LM_FILL_TILE;
    int64_t r1 = r + 1 < j->h ? r + 1 : is_tile ? 0 : r;
    int64_t c1 = c + 1 < j->w ? c + 1 : is_tile ? 0 : c;
    int64_t p00 = (r * j->w + c) * channels;
    int64_t p01 = (r * j->w + c1) * channels;
    int64_t p10 = (r1 * j->w + c) * channels;
    int64_t p11 = (r1 * j->w + c1) * channels;
    for (int64_t k = 0; k < channels; k++) {
        float v = value(j, p00 + k, is_u8);
        if (j->warp.order == 1) {
            float v10 = value(j, p10 + k, is_u8);
            float top = fmaf(fc, value(j, p01 + k, is_u8) - v, v);
            float bottom = fmaf(fc, value(j, p11 + k, is_u8) - v10, v10);
            v = fmaf(fr, bottom - top, top);
        }
        to[k] = fmaf(v, j->scale.a, j->scale.b);
    }
}

typedef struct Spots {
    int32_t r[VD_LANES], c[VD_LANES];
    float fr[VD_LANES], fc[VD_LANES];
    float is_fill[VD_LANES];
} Spots;

LM_INLINE void find_spots(Spots *s, const Job *j, const Strip *strip, const double row[2],
                          int64_t at)
{
    vd half = vd_set(j->warp.order == 0 ? 0.5 : 0);
    vd r;
    vd c;
    vt is_fill = no_lanes();
    locate(j, strip, row, at, &r, &c, &is_fill);
    vd r0 = vd_floor(vd_add(r, half));
    vd c0 = vd_floor(vd_add(c, half));
    vh_store(s->fr, vd_to_vh(vd_sub(r, r0)));
    vh_store(s->fc, vd_to_vh(vd_sub(c, c0)));
    /* Order 0 rounds the last half of a tile up to the pixel behind the end, which is pixel 0. */
    r0 = vd_select(vd_lt(r0, vd_set((double)j->h)), r0, vd_set(0));
    c0 = vd_select(vd_lt(c0, vd_set((double)j->w)), c0, vd_set(0));
    vj_store(s->r, vd_to_vj(r0));
    vj_store(s->c, vd_to_vj(c0));
    vh_store(s->is_fill, vh_select(is_fill, vh_set(1), vh_set(0)));
}

LM_INLINE void any_row(float *to, const Job *j, const Strip *strip, const double row[2], int64_t c,
                       bool is_u8)
{
    float fill = fmaf(j->warp.fill_value, j->scale.a, j->scale.b);
    for (int64_t left = strip->left; left < strip->end; left += VD_LANES) {
        Spots s;
        find_spots(&s, j, strip, row, left);
        int64_t n = LM_MIN(VD_LANES, strip->end - left);
        for (int64_t l = 0; l < n; l++) {
            float *pixel = to + (left + l) * c;
            if (s.is_fill[l] == 0) {
                sample(pixel, j, s.r[l], s.c[l], s.fr[l], s.fc[l], c, is_u8);
                continue;
            }
            for (int64_t k = 0; k < c; k++) {
                pixel[k] = fill;
            }
        }
    }
}

/* --- copies and flips --- */

/* Where each of 16 bytes of pixels of c channels comes from, the last whole pixel first. */
static const uint8_t reverse[5][16] = {
    {0},
    {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
    {14, 15, 12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1},
    {12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, 15},
    {12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3},
};

LM_INLINE void scale_bytes(float *to, const uint8_t *from, LmWarpScale scale)
{
    vf_store(to, vf_fma(vf_load_u8(from), vf_set(scale.a), vf_set(scale.b)));
}

LM_INLINE void flip_pixels(float *to, const Job *j, int64_t row_at, int64_t left, int64_t end,
                           int64_t c, bool is_u8)
{
    for (int64_t i = left; i < end; i++) {
        for (int64_t k = 0; k < c; k++) {
            float v = value(j, row_at + (j->w - 1 - i) * c + k, is_u8);
            to[i * c + k] = fmaf(v, j->scale.a, j->scale.b);
        }
    }
}

/* 16 bytes a step, of which `used` are whole pixels. Bytes read behind them must be of this row,
 * so the first pixel may go alone; floats written behind them are written again by the next
 * step, so the last ones do too. */
LM_INLINE void flip_bytes_row(float *to, const Job *j, int64_t row_at, int64_t c)
{
    __m128i order = _mm_loadu_si128((const __m128i *)reverse[c]);
    int64_t step = 16 / c;
    int64_t spare = 16 - step * c;
    int64_t left = LM_MIN((spare + c - 1) / c, j->w);
    flip_pixels(to, j, row_at, 0, left, c, true);
    for (; (left + step) * c + spare <= j->w * c; left += step) {
        const uint8_t *from = j->bytes + row_at + (j->w - left - step) * c;
        uint8_t turned[16];
        _mm_storeu_si128((__m128i *)turned,
                         _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)from), order));
        for (int i = 0; i < 16; i += VF_LANES) {
            scale_bytes(to + left * c + i, turned + i, j->scale);
        }
    }
    flip_pixels(to, j, row_at, left, j->w, c, true);
}

LM_INLINE void straight_row(float *to, const Job *j, int64_t row_at, bool is_u8)
{
    int64_t n = j->w * j->c;
    int64_t i = 0;
    vf a = vf_set(j->scale.a);
    vf b = vf_set(j->scale.b);
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf v = is_u8 ? vf_load_u8(j->bytes + row_at + i) : vf_load(j->floats + row_at + i);
        vf_store(to + i, vf_fma(v, a, b));
    }
    for (; i < n; i++) {
        to[i] = fmaf(value(j, row_at + i, is_u8), j->scale.a, j->scale.b);
    }
}

LM_INLINE void identity_row(float *to, const Job *j, int64_t row_at, bool is_u8)
{
    if (!j->warp.flip_horizontal) {
        straight_row(to, j, row_at, is_u8);
        return;
    }
    switch (is_u8 && j->c <= 4 ? j->c : -j->c) {
    case 1:
        flip_bytes_row(to, j, row_at, 1);
        break;
    case 3:
        flip_bytes_row(to, j, row_at, 3);
        break;
    case 2:
    case 4:
        flip_bytes_row(to, j, row_at, j->c);
        break;
    case -1:
        flip_pixels(to, j, row_at, 0, j->w, 1, is_u8);
        break;
    case -3:
        flip_pixels(to, j, row_at, 0, j->w, 3, is_u8);
        break;
    default:
        flip_pixels(to, j, row_at, 0, j->w, j->c, is_u8);
    }
}

/* --- images --- */

/* How an image is made, and for which number of channels it is compiled; 0: any. */
typedef enum Way { WAY_COPY, WAY_BYTES, WAY_ANY } Way;

LM_INLINE void image_strip(float *dst, const Job *j, const Strip *s, Way way, int c, bool is_u8)
{
    const double *m = j->warp.m;
    int64_t line = j->w * j->c;
    for (int64_t r = 0; r < j->h; r++) {
        const double row[2] = {m[0] * (double)r, m[3] * (double)r};
        float *to = dst + (j->warp.flip_vertical ? j->h - 1 - r : r) * line;
        switch (way) {
        case WAY_COPY:
            identity_row(to, j, r * line, is_u8);
            break;
        case WAY_BYTES:
            bytes_row(to, j, s, row, c);
            break;
        case WAY_ANY:
            any_row(to, j, s, row, c > 0 ? c : j->c, is_u8);
        }
    }
}

/* Turned rows meet the source in an order no processor foresees: large ones are asked for first. */
LM_INLINE void fetch(const void *src, int64_t n_bytes)
{
    enum { LINE = 64, SMALL = 16 << 10, LARGE = 512 << 10 };
    for (int64_t at = 0; n_bytes > SMALL && at < LM_MIN(n_bytes, LARGE); at += LINE) {
        __builtin_prefetch((const char *)src + at, 0, 2);
    }
}

LM_INLINE void image(float *dst, const Job *j, Way way, int c, bool is_u8)
{
    Strip s;
    if (way == WAY_COPY) {
        image_strip(dst, j, NULL, way, c, is_u8);
        return;
    }
    int64_t n = j->h * j->w * j->c;
    fetch(is_u8 ? (const void *)j->bytes : j->floats, is_u8 ? n : n * (int64_t)sizeof(float));
    for (int64_t left = 0; left < j->w; left += STRIP) {
        prepare(&s, j, left);
        image_strip(dst, j, &s, way, c, is_u8);
    }
}

#define IMAGE(name, way, c, is_u8)                                                                 \
    static LM_KERNEL void name(float *dst, const Job *j)                                           \
    {                                                                                              \
        const Job own = *j; /* which no store can touch: what depends on it leaves the loops */    \
        image(dst, &own, way, c, is_u8);                                                           \
    }
IMAGE(copy_u8, WAY_COPY, 0, true)
IMAGE(copy_f32, WAY_COPY, 0, false)
IMAGE(bytes_1, WAY_BYTES, 1, true)
IMAGE(bytes_2, WAY_BYTES, 2, true)
IMAGE(bytes_3, WAY_BYTES, 3, true)
IMAGE(bytes_4, WAY_BYTES, 4, true)
IMAGE(any_u8, WAY_ANY, 0, true)
IMAGE(any_u8_1, WAY_ANY, 1, true)
IMAGE(any_u8_3, WAY_ANY, 3, true)
IMAGE(any_f32, WAY_ANY, 0, false)
IMAGE(any_f32_1, WAY_ANY, 1, false)
IMAGE(any_f32_3, WAY_ANY, 3, false)

/* Neighbours side by side need two rows and columns, and 8 bytes a row so that the word that ends
 * with the lower pair begins in the image; byte numbers are 32-bit. */
static bool is_for_bytes(const Job *j)
{
    return j->warp.order == 1 && j->warp.fill != LM_FILL_TILE && j->c <= 4 && j->h >= 2 &&
           j->w >= 2 && j->w * j->c >= 8 && j->h * j->w * j->c <= INT32_MAX;
}

static void warp_u8(float *dst, const uint8_t *src, int64_t h, int64_t w, int64_t c,
                    const LmWarp *warp, LmWarpScale scale)
{
    static void (*const pairs[5])(float *, const Job *) = {NULL, bytes_1, bytes_2, bytes_3,
                                                           bytes_4};
    const Job j = {.warp = *warp, .bytes = src, .h = h, .w = w, .c = c, .scale = scale};
    if (lm_warp_is_identity(warp)) {
        copy_u8(dst, &j);
    } else if (is_for_bytes(&j)) {
        pairs[c](dst, &j);
    } else {
        (c == 1 ? any_u8_1 : c == 3 ? any_u8_3 : any_u8)(dst, &j);
    }
}

static void warp_f32(float *dst, const float *src, int64_t h, int64_t w, int64_t c,
                     const LmWarp *warp, LmWarpScale scale)
{
    const Job j = {.warp = *warp, .floats = src, .h = h, .w = w, .c = c, .scale = scale};
    if (lm_warp_is_identity(warp)) {
        copy_f32(dst, &j);
    } else {
        (c == 1 ? any_f32_1 : c == 3 ? any_f32_3 : any_f32)(dst, &j);
    }
}

const LmWarpKernels LM_VARIANT(lm_warp_kernels) = {.warp_u8 = warp_u8, .warp_f32 = warp_f32};
