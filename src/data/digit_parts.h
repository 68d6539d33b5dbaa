/* How a procedural digit comes about; shared by digits.c and digit_*.c, used by nobody else.
 *
 * strokes: how people write the ten digits -> path: one hand's way of writing one of them, as short
 * straight segments in pixels -> cover: how much ink each pixel has -> gray or coloured pixels.
 * Every number is IEEE single precision made with + - * / alone, or an integer, so that the pixels
 * are the same bits on every machine; random numbers come in the order the code asks for them.
 * Changing any of it changes the set: the digests in tests/unit/test_digits.c are a promise.
 */
#ifndef LM_DIGIT_PARTS_H
#define LM_DIGIT_PARTS_H

#include "base/rng.h"

enum {
    LM_DIGIT_POINTS_MAX = 24,
    /* a segment ends in each quarter of a span between points; stray marks come on top */
    LM_DIGIT_SEGMENTS_MAX = 4 * LM_DIGIT_POINTS_MAX + 16,
    LM_DIGIT_SIDE_MAX = 32,
};

/* How the pen comes to a point: put down there, round through it, or sharply turning at it. */
typedef enum LmDigitPen { LM_PEN_DOWN, LM_PEN_ROUND, LM_PEN_SHARP } LmDigitPen;

/* In a box of 100 x 100, y downwards. */
typedef struct LmDigitPoint {
    uint8_t x, y, pen;
} LmDigitPoint;

typedef struct LmDigitGlyph {
    const LmDigitPoint *points;
    int n_points; /* at most LM_DIGIT_POINTS_MAX */
    int weight;   /* share of this way of writing among those of its digit, in 1/100 */
} LmDigitGlyph;

/* The ways of writing `digit`; their weights add up to 100. */
const LmDigitGlyph *lm_digit_strokes_get(int digit, int *n);

/* From (x, y) to (x + dx, y + dy), in pixels; pixel (column, row) has its centre at whole numbers.
 * A point at distance d has cover (reach*reach - d*d) * gain, cut to 0..1. */
typedef struct LmDigitSegment {
    float x, y, dx, dy;
    float reach;
    float gain;
} LmDigitSegment;

typedef struct LmDigitPath {
    int n;
    LmDigitSegment segments[LM_DIGIT_SEGMENTS_MAX];
} LmDigitPath;

/* Writes `digit` around the middle of a picture of side x side pixels, `box` pixels high or wide.
 */
void lm_digit_path_write(LmDigitPath *path, int digit, int side, float box, LmRng *rng);

/* Ink of each pixel in 0..1, in rows of LM_DIGIT_SIDE_MAX whatever the side. */
typedef struct LmDigitCover {
    _Alignas(64) float ink[LM_DIGIT_SIDE_MAX][LM_DIGIT_SIDE_MAX];
} LmDigitCover;
void lm_digit_cover_draw(LmDigitCover *cover, const LmDigitPath *path, int side);

/* Bright ink on black, side*side bytes; coloured ink on a coloured ground, side*side*3 bytes. */
void lm_digit_paint_gray(uint8_t *pixels, const LmDigitCover *cover, int side, LmRng *rng);
void lm_digit_paint_color(uint8_t *pixels, const LmDigitCover *cover, int side, LmRng *rng);

/* Random shapes: uniform in [low, high); a bell of deviation 1 that ends at 3.45. */
static inline float lm_digit_parts_between(LmRng *rng, float low, float high)
{
    return low + (high - low) * lm_rng_float(rng);
}

/* The sum of four uniform bytes has mean 510 and deviation 147.8 and is near enough to normal. */
static inline float lm_digit_parts_bell(LmRng *rng)
{
    uint32_t u = lm_rng_u32(rng);
    int sum = (int)((u & 255) + (u >> 8 & 255) + (u >> 16 & 255) + (u >> 24));
    return (float)(sum - 510) * (1.0f / 148.0f);
}

#endif
