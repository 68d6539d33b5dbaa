/* From segments to ink: each pixel takes the largest cover any segment gives it.
 *
 * A segment visits only the pixels of its bounding box, widened by its reach, in whole groups of
 * LANES columns so that the inner loop is vector code; visiting more pixels than needed changes
 * nothing, because their cover is not above 0.
 */
#include "data/digit_parts.h"

#include <string.h>

enum { LANES = 4 };

static int clamp_int(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* First and one past the last row or column that a segment reaches. `reach` is an upper bound of
 * the true one. Adding 64 before the cut to integer makes it a floor for the values that occur. */
static void extent(float a, float d, float reach, int side, int range[2])
{
    float low = (d < 0.0f ? a + d : a) - reach;
    float high = (d < 0.0f ? a : a + d) + reach;
    low = LM_MAX(low, -60.0f);
    high = LM_MIN(high, 100.0f);
    range[0] = clamp_int((int)(low + 64.0f) - 64, 0, side);
    range[1] = clamp_int((int)(high + 64.0f) - 64 + 2, 0, side);
}

static void draw_row(float *row, float x0, int n, float dy, const LmDigitSegment *s, float inverse)
{
    float along_y = dy * s->dy;
    for (int i = 0; i < n; i++) {
        float dx = (x0 + (float)i) - s->x;
        float t = (dx * s->dx + along_y) * inverse;
        t = t > 0.0f ? t : 0.0f;
        t = t < 1.0f ? t : 1.0f;
        float ex = dx - t * s->dx;
        float ey = dy - t * s->dy;
        float cover = (s->reach2 - (ex * ex + ey * ey)) * s->gain;
        row[i] = cover > row[i] ? cover : row[i];
    }
}

/* (1 + reach^2) / 2 is not below reach, by the inequality of the means. */
static void draw_segment(LmDigitCover *cover, const LmDigitSegment *s, int side)
{
    float reach = 0.5f * (1.0f + s->reach2);
    int columns[2];
    int rows[2];
    extent(s->x, s->dx, reach, side, columns);
    extent(s->y, s->dy, reach, side, rows);
    int first = columns[0] / LANES * LANES;
    int n = (columns[1] - first + LANES - 1) / LANES * LANES;
    float inverse = 1.0f / (s->dx * s->dx + s->dy * s->dy + 1e-6f);
    for (int y = rows[0]; y < rows[1]; y++) {
        draw_row(cover->ink[y] + first, (float)first, n, (float)y - s->y, s, inverse);
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
