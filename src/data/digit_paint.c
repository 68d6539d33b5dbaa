/* From ink to pixels: bright on black with a little grain, or coloured ink on a coloured ground.
 *
 * Colours are drawn without regard to the digit, so they tell nothing about the class; ink and
 * ground always differ in brightness by a fair step, one way or the other.
 */
#include "data/digit_parts.h"

typedef uint8_t Grain[LM_DIGIT_SIDE_MAX * LM_DIGIT_SIDE_MAX];

static void draw_grain(uint8_t *grain, int n, LmRng *rng)
{
    for (int i = 0; i < n; i += 4) {
        uint32_t u = lm_rng_u32(rng);
        grain[i] = (uint8_t)u;
        grain[i + 1] = (uint8_t)(u >> 8);
        grain[i + 2] = (uint8_t)(u >> 16);
        grain[i + 3] = (uint8_t)(u >> 24);
    }
}

/* To the nearest of 0..255; the cut towards zero is exact for what is left. */
static uint8_t to_byte(float value)
{
    float v = value + 0.5f;
    v = v > 0.0f ? v : 0.0f;
    v = v < 255.0f ? v : 255.0f;
    return (uint8_t)(int)v;
}

void lm_digit_paint_gray(uint8_t *pixels, const LmDigitCover *cover, int side, LmRng *rng)
{
    Grain grain;
    draw_grain(grain, side * side, rng);
    float bright = lm_digit_parts_between(rng, 205.0f, 275.0f);
    float rough = lm_digit_parts_between(rng, 0.0f, 0.25f) * (1.0f / 256.0f);
    bool is_dirty = lm_rng_below(rng, 100) < 30;
    float dirt = is_dirty ? lm_digit_parts_between(rng, 0.05f, 0.35f) : 0.0f;
    for (int y = 0; y < side; y++) {
        const float *ink = cover->ink[y];
        for (int x = 0; x < side; x++) {
            float g = (float)grain[y * side + x];
            float ground = dirt * (g - 128.0f);
            ground = ground > 0.0f ? ground : 0.0f;
            float level = bright * ink[x] * (1.0f - rough * g);
            pixels[y * side + x] = to_byte(level + ground);
        }
    }
}

typedef struct Color {
    float channel[3];
} Color;

/* Where the ground lies between its two colours, 0..1 for each pixel. */
typedef struct Texture {
    _Alignas(64) float mix[LM_DIGIT_SIDE_MAX][LM_DIGIT_SIDE_MAX];
} Texture;

/* A colour of given brightness (mean of the channels) and random hue. */
static Color draw_color(float brightness, float saturation, LmRng *rng)
{
    Color color;
    float tint[3];
    float mean = 0.0f;
    for (int c = 0; c < 3; c++) {
        tint[c] = lm_digit_parts_between(rng, -saturation, saturation);
        mean += tint[c] * (1.0f / 3.0f);
    }
    for (int c = 0; c < 3; c++) {
        color.channel[c] = brightness + (tint[c] - mean);
    }
    return color;
}

/* From one side of the picture to the other, in a random direction. */
static void weave_gradient(Texture *texture, int side, LmRng *rng)
{
    float step = 1.0f / (float)(2 * side);
    float across = lm_digit_parts_between(rng, -step, step);
    float down = lm_digit_parts_between(rng, -step, step);
    float middle = 0.5f * (float)(side - 1);
    for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
            texture->mix[y][x] =
                0.5f + 2.0f * (across * ((float)x - middle) + down * ((float)y - middle));
        }
    }
}

/* Triangle waves of 4 to 13 pixels length in a random direction. */
static void weave_stripes(Texture *texture, int side, LmRng *rng)
{
    float across = lm_digit_parts_between(rng, -0.16f, 0.16f);
    float down =
        (0.24f - (across < 0.0f ? -across : across)) * lm_digit_parts_between(rng, 0.4f, 1.0f);
    float phase = lm_digit_parts_between(rng, 8.0f, 9.0f);
    for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
            float wave = phase + across * (float)x + down * (float)y;
            float saw = wave - (float)(int)wave;
            texture->mix[y][x] = 2.0f * (saw < 0.5f ? saw : 1.0f - saw);
        }
    }
}

/* Random heights on a lattice of 4 or 8 pixels, straight lines between them. */
static void weave_clouds(Texture *texture, int side, LmRng *rng)
{
    enum { KNOTS = LM_DIGIT_SIDE_MAX / 4 + 1 };
    float height[KNOTS][KNOTS];
    int shift = 2 + (int)lm_rng_below(rng, 2);
    int cell = 1 << shift;
    for (int i = 0; i < KNOTS; i++) {
        for (int j = 0; j < KNOTS; j++) {
            height[i][j] = lm_rng_float(rng);
        }
    }
    for (int y = 0; y < side; y++) {
        const float *above = height[y >> shift];
        const float *below = height[(y >> shift) + 1];
        float v = (float)(y & (cell - 1)) / (float)cell;
        for (int x = 0; x < side; x++) {
            int j = x >> shift;
            float u = (float)(x & (cell - 1)) / (float)cell;
            float top = above[j] + u * (above[j + 1] - above[j]);
            float bottom = below[j] + u * (below[j + 1] - below[j]);
            texture->mix[y][x] = top + v * (bottom - top);
        }
    }
}

static void (*const weaves[])(Texture *texture, int side,
                              LmRng *rng) = {weave_gradient, weave_stripes, weave_clouds};

/* Two colours of the ground and one of the ink. The brightness of the ground varies by at most
 * `spread` around `ground`, and the ink keeps `contrast` away from its middle. */
typedef struct Palette {
    Color ground[2];
    Color ink;
} Palette;

static Palette draw_palette(LmRng *rng)
{
    Palette palette;
    float contrast = lm_digit_parts_between(rng, 95.0f, 165.0f);
    float ground = lm_digit_parts_between(rng, 25.0f, 230.0f - contrast);
    float ink = ground + contrast;
    if (lm_rng_below(rng, 2) == 1) {
        float swap = ground;
        ground = ink;
        ink = swap;
    }
    float spread = lm_digit_parts_between(rng, -35.0f, 35.0f);
    palette.ground[0] = draw_color(ground - spread, 55.0f, rng);
    palette.ground[1] = draw_color(ground + spread, 55.0f, rng);
    palette.ink = draw_color(ink, 80.0f, rng);
    return palette;
}

/* One channel of one row; a plane of its own, so that the loop is vector code. */
static void mix_row(uint8_t *restrict row, int side, const Palette *palette, int channel,
                    const float *restrict mix, const float *restrict ink,
                    const float *restrict grain)
{
    float first = palette->ground[0].channel[channel];
    float way = palette->ground[1].channel[channel] - first;
    float full = palette->ink.channel[channel];
    for (int x = 0; x < side; x++) {
        float ground = first + mix[x] * way;
        row[x] = to_byte(ground + ink[x] * (full - ground) + grain[x]);
    }
}

void lm_digit_paint_color(uint8_t *pixels, const LmDigitCover *cover, int side, LmRng *rng)
{
    Grain grain;
    Texture texture;
    draw_grain(grain, side * side, rng);
    Palette palette = draw_palette(rng);
    weaves[lm_rng_below(rng, LM_ARRAY_LEN(weaves))](&texture, side, rng);
    float rough = lm_digit_parts_between(rng, 0.0f, 0.16f);
    float opaque = lm_digit_parts_between(rng, 0.85f, 1.0f);
    for (int y = 0; y < side; y++) {
        float ink[LM_DIGIT_SIDE_MAX];
        float rise[LM_DIGIT_SIDE_MAX];
        uint8_t planes[3][LM_DIGIT_SIDE_MAX];
        for (int x = 0; x < side; x++) {
            ink[x] = opaque * cover->ink[y][x];
            rise[x] = rough * ((float)grain[y * side + x] - 128.0f);
        }
        for (int c = 0; c < 3; c++) {
            mix_row(planes[c], side, &palette, c, texture.mix[y], ink, rise);
        }
        for (int x = 0; x < side; x++) {
            for (int c = 0; c < 3; c++) {
                pixels[3 * (y * side + x) + c] = planes[c][x];
            }
        }
    }
}
