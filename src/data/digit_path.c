/* One hand writes one digit: points of a way of writing become short straight segments in pixels.
 *
 * Each picture has its own hand: slant, turn, width, bend, shakiness, thickness, a broad nib's
 * preferred direction, now and then a gap or a stray mark. The result is fitted into a box in the
 * middle, as the makers of MNIST did, then moved a little. All pixel arithmetic is single precision
 * without fused operations or library functions (see digit_parts.h).
 */
#include "data/digit_parts.h"

enum { STEPS = 4 }; /* segments a span; at 20 pixels a digit they are 1 to 2 pixels long */

typedef struct Hand {
    float cos_turn, sin_turn;
    float slant;    /* x gained a unit of height */
    float width;    /* x scale against y */
    float bend[6];  /* coefficients of the quadratic terms of the distortion */
    float shake;    /* deviation of a point, in units of the 100-box */
    float radius;   /* half the thickness, pixels */
    float nib;      /* how much thicker "/" is than "\" */
    float fade;     /* how much thicker the end of the digit is than its start */
    float softness; /* width of the edge, pixels */
    float size;     /* of the digit against the box */
    float shift_x, shift_y;
    int gap_first, gap_n; /* segments left out */
} Hand;

typedef struct Knot {
    float x, y, radius;
    int pen;
} Knot;

/* The numbers are deviations that keep most digits readable: a linear classifier gets 92 %, the
 * small convolutional network of the pipelines above 99 %, as on MNIST. */
static Hand draw_hand(LmRng *rng)
{
    Hand hand;
    /* tan of half the angle: sine and cosine by rational formulas, angle about 2 * 0.055 rad */
    float u = 0.055f * lm_digit_parts_bell(rng);
    float d = 1.0f / (1.0f + u * u);
    hand.cos_turn = (1.0f - u * u) * d;
    hand.sin_turn = 2.0f * u * d;
    hand.slant = 0.10f + 0.17f * lm_digit_parts_bell(rng);
    hand.width = lm_digit_parts_between(rng, 0.72f, 1.18f);
    for (int i = 0; i < 6; i++) {
        hand.bend[i] = 0.055f * lm_digit_parts_bell(rng);
    }
    /* most hands are steady, so that little data teaches much; one in twelve is hard to read, so
     * that the best network still has something to gain */
    bool is_careless = lm_rng_below(rng, 12) == 0;
    hand.shake = lm_digit_parts_between(rng, 1.0f, 3.0f) + (is_careless ? 4.5f : 0.0f);
    float heavy = lm_rng_float(rng);
    hand.radius = 0.75f + 1.15f * heavy * (0.4f + 0.6f * heavy);
    hand.nib = lm_digit_parts_between(rng, -0.45f, 0.45f);
    hand.fade = lm_digit_parts_between(rng, -0.25f, 0.25f);
    hand.softness = lm_digit_parts_between(rng, 0.8f, 1.7f);
    hand.size = lm_digit_parts_between(rng, 0.83f, 1.06f);
    hand.shift_x = 0.95f * lm_digit_parts_bell(rng);
    hand.shift_y = 0.95f * lm_digit_parts_bell(rng);
    uint32_t gap = lm_rng_below(rng, 100);
    hand.gap_n = gap < 8 ? 1 + (int)gap % 2 : 0;
    hand.gap_first = 2 + (int)lm_rng_below(rng, 30);
    return hand;
}

static const LmDigitGlyph *choose_glyph(int digit, LmRng *rng)
{
    int n;
    const LmDigitGlyph *glyph = lm_digit_strokes_get(digit, &n);
    int ticket = (int)lm_rng_below(rng, 100);
    while (ticket >= glyph->weight) {
        ticket -= glyph->weight;
        glyph++;
    }
    return glyph;
}

/* The first and the last point of a stroke stray further than those between: nobody looks where a
 * stroke begins. */
static bool is_end(const LmDigitPoint *points, int n, int i)
{
    return points[i].pen == LM_PEN_DOWN || i + 1 == n || points[i + 1].pen == LM_PEN_DOWN;
}

static void place_knots(Knot *knots, const LmDigitPoint *points, int n, const Hand *hand,
                        LmRng *rng)
{
    const float *b = hand->bend;
    for (int i = 0; i < n; i++) {
        const LmDigitPoint *point = &points[i];
        float shake = hand->shake * (is_end(points, n, i) ? 1.6f : 1.0f);
        float x = 0.02f * ((float)point->x - 50.0f + shake * lm_digit_parts_bell(rng));
        float y = 0.02f * ((float)point->y - 50.0f + shake * lm_digit_parts_bell(rng));
        float bent_x = x + b[0] * (x * x) + b[1] * (x * y) + b[2] * (y * y);
        float bent_y = y + b[3] * (x * x) + b[4] * (x * y) + b[5] * (y * y);
        float wide = hand->width * bent_x - hand->slant * bent_y;
        knots[i].x = hand->cos_turn * wide - hand->sin_turn * bent_y;
        knots[i].y = hand->sin_turn * wide + hand->cos_turn * bent_y;
        float along = (float)(2 * i - n) / (float)n;
        float pressure = 1.0f + 0.10f * lm_digit_parts_bell(rng) + hand->fade * along;
        knots[i].radius = hand->radius * LM_MAX(pressure, 0.5f);
        knots[i].pen = point->pen;
    }
}

/* Scales the longer side to the box, keeping the proportions, and centres the bounding box. */
static void fit_knots(Knot *knots, int n, int side, float box, const Hand *hand)
{
    float x_min = knots[0].x;
    float x_max = x_min;
    float y_min = knots[0].y;
    float y_max = y_min;
    for (int i = 1; i < n; i++) {
        x_min = LM_MIN(x_min, knots[i].x);
        x_max = LM_MAX(x_max, knots[i].x);
        y_min = LM_MIN(y_min, knots[i].y);
        y_max = LM_MAX(y_max, knots[i].y);
    }
    float extent = LM_MAX(x_max - x_min, y_max - y_min);
    float scale = (box * hand->size - 2.0f * hand->radius) / extent;
    float middle = 0.5f * (float)(side - 1);
    float x_off = middle + hand->shift_x - scale * (0.5f * (x_min + x_max));
    float y_off = middle + hand->shift_y - scale * (0.5f * (y_min + y_max));
    for (int i = 0; i < n; i++) {
        knots[i].x = scale * knots[i].x + x_off;
        knots[i].y = scale * knots[i].y + y_off;
    }
}

/* cover = (R^2 - d^2) / (R^2 - q^2) with R = r + s/2 and q = r - s/2 is 0 at R, 1 at q and needs no
 * square root; R^2 - q^2 = 2 r s. */
static void add_segment(LmDigitPath *path, const float from[2], const float to[2], float radius,
                        float softness)
{
    LM_ASSERT(path->n < LM_DIGIT_SEGMENTS_MAX);
    LmDigitSegment *s = &path->segments[path->n++];
    float reach = radius + 0.5f * softness;
    s->x = from[0];
    s->y = from[1];
    s->dx = to[0] - from[0];
    s->dy = to[1] - from[1];
    s->reach = reach;
    s->gain = 1.0f / (2.0f * radius * softness);
}

/* A nib is broad across one diagonal: sin of twice the direction's angle, 2 dx dy / length^2. */
static float nib_radius(float radius, float nib, float dx, float dy)
{
    float length2 = dx * dx + dy * dy + 1e-6f;
    return radius * (1.0f - nib * (2.0f * dx * dy / length2));
}

/* Tangent of the curve at knot i on the side of its neighbour `next` (i + 1 or i - 1), pointing
 * along increasing i: half the chord of both neighbours (Catmull-Rom), or the span itself where the
 * pen starts, ends or turns sharply. */
static void tangent(const Knot *knots, int n, int i, int next, float out[2])
{
    int previous = 2 * i - next;
    int later = LM_MAX(previous, next);
    bool is_free = previous < 0 || previous >= n || knots[i].pen != LM_PEN_ROUND ||
                   knots[later].pen == LM_PEN_DOWN;
    float sign = next > i ? 1.0f : -1.0f;
    const Knot *from = is_free ? &knots[i] : &knots[previous];
    float scale = sign * (is_free ? 1.0f : 0.5f);
    out[0] = scale * (knots[next].x - from->x);
    out[1] = scale * (knots[next].y - from->y);
}

/* Hermite basis at t = 1/4, 1/2, 3/4, 1: weights of start, start tangent, end, end tangent. */
static const float hermite[STEPS][4] = {
    {0.84375f, 0.140625f, 0.15625f, -0.046875f},
    {0.5f, 0.125f, 0.5f, -0.125f},
    {0.15625f, 0.046875f, 0.84375f, -0.140625f},
    {0.0f, 0.0f, 1.0f, 0.0f},
};

static void add_span(LmDigitPath *path, const Knot *knots, int n, int i, const Hand *hand)
{
    const Knot *a = &knots[i];
    const Knot *b = &knots[i + 1];
    float ta[2];
    float tb[2];
    tangent(knots, n, i, i + 1, ta);
    tangent(knots, n, i + 1, i, tb);
    float at[2] = {a->x, a->y};
    for (int step = 0; step < STEPS; step++) {
        const float *w = hermite[step];
        float to[2] = {w[0] * a->x + w[1] * ta[0] + w[2] * b->x + w[3] * tb[0],
                       w[0] * a->y + w[1] * ta[1] + w[2] * b->y + w[3] * tb[1]};
        float t = (float)(2 * step + 1) / (float)(2 * STEPS);
        float radius = a->radius + t * (b->radius - a->radius);
        radius = nib_radius(radius, hand->nib, to[0] - at[0], to[1] - at[1]);
        add_segment(path, at, to, radius, hand->softness);
        at[0] = to[0];
        at[1] = to[1];
    }
}

/* A gap stays inside the digit: at least two segments remain on both sides. */
static void leave_gap(LmDigitPath *path, const Hand *hand)
{
    if (hand->gap_n == 0 || hand->gap_first + hand->gap_n + 2 > path->n) {
        return;
    }
    path->n -= hand->gap_n;
    for (int i = hand->gap_first; i < path->n; i++) {
        path->segments[i] = path->segments[i + hand->gap_n];
    }
}

/* A short thin stroke anywhere, as from a slipping pen or a neighbouring letter. */
static void add_stray_mark(LmDigitPath *path, int side, const Hand *hand, LmRng *rng)
{
    float limit = (float)(side - 3);
    float from[2];
    float to[2];
    for (int i = 0; i < 2; i++) {
        from[i] = lm_digit_parts_between(rng, 2.0f, limit);
        to[i] = from[i] + 2.0f * lm_digit_parts_bell(rng);
    }
    add_segment(path, from, to, 0.7f * hand->radius, hand->softness);
}

void lm_digit_path_write(LmDigitPath *path, int digit, int side, float box, LmRng *rng)
{
    Knot knots[LM_DIGIT_POINTS_MAX];
    const LmDigitGlyph *glyph = choose_glyph(digit, rng);
    int n = glyph->n_points;
    LM_ASSERT(n >= 2 && n <= LM_DIGIT_POINTS_MAX);
    Hand hand = draw_hand(rng);
    place_knots(knots, glyph->points, n, &hand, rng);
    fit_knots(knots, n, side, box, &hand);
    path->n = 0;
    for (int i = 0; i + 1 < n; i++) {
        if (knots[i + 1].pen != LM_PEN_DOWN) {
            add_span(path, knots, n, i, &hand);
        }
    }
    leave_gap(path, &hand);
    if (lm_rng_below(rng, 100) < 8) {
        add_stray_mark(path, side, &hand, rng);
    }
}
