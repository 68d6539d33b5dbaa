/* From segments to ink: each pixel takes the largest cover any segment gives it.
 *
 * A segment visits only the pixels of its bounding box, widened by its reach, in whole groups of
 * LANES columns so that the inner loop is vector code; visiting more pixels than needed changes
 * nothing, because their cover is not above 0.
 */
#include "data/digit_parts.h"

#include <string.h>

/* Vectors of the base instruction set, spelled out because gcc 12 leaves the plain loop scalar. */
enum { LANES = 4 };
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), may_alias));
typedef int32_t Mask __attribute__((vector_size(LANES * sizeof(float))));

static inline Lanes choose(Mask mask, Lanes yes, Lanes no)
{
    return (Lanes)((mask & (Mask)yes) | (~mask & (Mask)no));
}

static int clamp_int(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* First and one past the last row or column that a segment reaches. Adding 64 before the cut to an
 * integer makes the cut a floor for the values that occur. */
static void extent(float a, float d, float reach, int side, int range[2])
{
    float low = (d < 0.0f ? a + d : a) - reach;
    float high = (d < 0.0f ? a : a + d) + reach;
    low = LM_MAX(low, -60.0f);
    high = LM_MIN(high, 100.0f);
    range[0] = clamp_int((int)(low + 64.0f) - 64, 0, side);
    range[1] = clamp_int((int)(high + 64.0f) - 64 + 1, 0, side);
}

/* LANES pixels; (dx, dy) leads from the segment's start to each. */
static inline Lanes cover_of(Lanes dx, float dy, const LmDigitSegment *s, float inverse)
{
    const Lanes zero = {0};
    Lanes t = (dx * s->dx + dy * s->dy) * inverse;
    t = choose(t > zero, t, zero);
    t = choose(t < zero + 1.0f, t, zero + 1.0f);
    Lanes ex = dx - t * s->dx;
    Lanes ey = dy - t * s->dy;
    return (s->reach * s->reach - (ex * ex + ey * ey)) * s->gain;
}

static void draw_segment(LmDigitCover *cover, const LmDigitSegment *segment, int side)
{
    const Lanes steps = {0.0f, 1.0f, 2.0f, 3.0f};
    LmDigitSegment s = *segment;
    int columns[2];
    int rows[2];
    extent(s.x, s.dx, s.reach, side, columns);
    extent(s.y, s.dy, s.reach, side, rows);
    float inverse = 1.0f / (s.dx * s.dx + s.dy * s.dy + 1e-6f);
    for (int x = columns[0] / LANES * LANES; x < columns[1]; x += LANES) {
        Lanes dx = (steps + (float)x) - s.x;
        for (int y = rows[0]; y < rows[1]; y++) {
            Lanes *ink = (Lanes *)(cover->ink[y] + x);
            Lanes here = cover_of(dx, (float)y - s.y, &s, inverse);
            *ink = choose(here > *ink, here, *ink);
        }
    }
}

/* Smoothstep rounds both ends of the edge, as a blur would. */
static void finish(LmDigitCover *cover, int side)
{
    float *ink = cover->ink[0];
    for (int i = 0; i < side * LM_DIGIT_SIDE_MAX; i++) {
        float c = ink[i] < 1.0f ? ink[i] : 1.0f;
        ink[i] = c * c * (3.0f - 2.0f * c);
    }
}

void lm_digit_cover_draw(LmDigitCover *cover, const LmDigitPath *path, int side)
{
    memset(cover->ink, 0, sizeof(float) * (size_t)side * LM_DIGIT_SIDE_MAX);
    for (int i = 0; i < path->n; i++) {
        draw_segment(cover, &path->segments[i], side);
    }
    finish(cover, side);
}
