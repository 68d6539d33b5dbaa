/* Images as text: a character cell is about twice as high as wide, so it stands for two pixels, one
 * above the other.
 *
 * In colour the upper pixel is the foreground of an upper half block and the lower one its
 * background; the only escape sequences used are SGR 38;2, 48;2 (24-bit colours) and 0 (reset).
 * Without colour a cell shows the mean brightness of its two pixels.
 */
#include "tensor/show.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

typedef struct Pixel {
    int rgb[3];
    bool is_finite;
} Pixel;

typedef struct Grid {
    const LmTensor *t;
    int64_t n_images;    /* in the tensor */
    int64_t h, w, c;     /* of an image in the tensor */
    int64_t n_drawn;     /* images that are drawn */
    int64_t scale;       /* a drawn pixel is the mean of scale x scale pixels */
    int64_t rows, cols;  /* of a drawn image, in pixels */
    int64_t images_wide; /* beside each other */
    double half_lo;      /* black; halves keep differences finite near the ends of double */
    double half_width;   /* from black to white */
} Grid;

static bool is_channel_count(int64_t n)
{
    return n == 1 || n == 3 || n == 4;
}

/* Sets n_images, h, w and c; false for shapes that are no images. */
static bool read_shape(Grid *g, const LmTensor *t)
{
    const int64_t *s = t->shape;
    bool has_channels = t->rank == 4 || (t->rank == 3 && is_channel_count(s[2]));
    bool is_batch = t->rank == 4 || (t->rank == 3 && !has_channels);
    if (t->rank < 2 || t->rank > 4 || (t->rank == 4 && !is_channel_count(s[3]))) {
        return false;
    }
    g->t = t;
    g->n_images = is_batch ? s[0] : 1;
    g->h = s[is_batch];
    g->w = s[is_batch + 1];
    g->c = has_channels ? s[t->rank - 1] : 1;
    return t->count > 0;
}

static void find_range(Grid *g)
{
    g->half_lo = 0;
    g->half_width = UINT8_MAX / 2.0;
    if (g->t->dtype == LM_U8) {
        return;
    }
    double lo = HUGE_VAL;
    double hi = -HUGE_VAL;
    for (int64_t i = 0; i < g->n_drawn * g->h * g->w * g->c; i++) {
        double v = lm_tensor_get(g->t, i);
        if (isfinite(v)) {
            lo = LM_MIN(lo, v);
            hi = LM_MAX(hi, v);
        }
    }
    g->half_lo = lo / 2;
    g->half_width = hi > lo ? hi / 2 - lo / 2 : 0;
}

static LmStatus plan(Grid *g, const LmTensor *t, const LmShowStyle *style, LmError *err)
{
    if (!read_shape(g, t)) {
        char text[96];
        return lm_fail(err, LM_ESHAPE,
                       "a tensor of shape %s is no image: want height x width, that with 1, 3 or 4 "
                       "channels, or a batch of such images",
                       lm_str_shape(text, sizeof text, t->rank, t->shape));
    }
    int64_t columns = LM_MAX(style->columns, 1);
    g->scale = (g->w + columns - 1) / columns;
    g->rows = (g->h + g->scale - 1) / g->scale;
    g->cols = (g->w + g->scale - 1) / g->scale;
    g->n_drawn = LM_MIN(g->n_images, LM_MAX(style->max_images, 1));
    g->images_wide = LM_MIN((columns + 1) / (g->cols + 1), g->n_drawn);
    g->images_wide = LM_MAX(g->images_wide, 1);
    find_range(g);
    return LM_OK;
}

static int level_of(const Grid *g, double v)
{
    double part = g->half_width > 0 ? (v / 2 - g->half_lo) / g->half_width : 0;
    return (int)rint(LM_MIN(LM_MAX(part, 0), 1) * UINT8_MAX);
}

/* Mean of channel k over the pixels that drawn pixel (y, x) stands for. */
static double mean_at(const Grid *g, int64_t image, int64_t y, int64_t x, int64_t k)
{
    double sum = 0;
    int64_t n = 0;
    int64_t y_end = LM_MIN((y + 1) * g->scale, g->h);
    int64_t x_end = LM_MIN((x + 1) * g->scale, g->w);
    for (int64_t i = y * g->scale; i < y_end; i++) {
        for (int64_t j = x * g->scale; j < x_end; j++) {
            sum += lm_tensor_get(g->t, ((image * g->h + i) * g->w + j) * g->c + k);
            n++;
        }
    }
    return sum / (double)n;
}

static Pixel pixel_at(const Grid *g, int64_t image, int64_t y, int64_t x)
{
    static const Pixel magenta = {{255, 0, 255}, false};
    Pixel p = {{0, 0, 0}, true};
    for (int k = 0; k < 3; k++) {
        if (k > 0 && g->c == 1) {
            p.rgb[k] = p.rgb[0];
            continue;
        }
        double v = mean_at(g, image, y, x, k);
        if (!isfinite(v)) {
            return magenta;
        }
        p.rgb[k] = level_of(g, v);
    }
    return p;
}

static bool is_same(Pixel a, Pixel b)
{
    return memcmp(a.rgb, b.rgb, sizeof a.rgb) == 0;
}

static void add_color(LmStr *s, int plane, Pixel p)
{
    lm_str_add(s, "\x1b[%d;2;%d;%d;%dm", plane, p.rgb[0], p.rgb[1], p.rgb[2]);
}

/* One line of one image in half blocks. Colours are written where they change; the line ends in a
 * reset. Below the last row of an image of odd height the terminal's own background shows. */
static void add_color_cells(LmStr *s, const Grid *g, int64_t image, int64_t y)
{
    Pixel old_upper = {0};
    Pixel old_lower = {0};
    bool has_lower = y + 1 < g->rows;
    for (int64_t x = 0; x < g->cols; x++) {
        Pixel upper = pixel_at(g, image, y, x);
        Pixel lower = has_lower ? pixel_at(g, image, y + 1, x) : upper;
        if (x == 0 || !is_same(upper, old_upper)) {
            add_color(s, 38, upper);
        }
        if (has_lower && (x == 0 || !is_same(lower, old_lower))) {
            add_color(s, 48, lower);
        }
        lm_str_add(s, "\u2580");
        old_upper = upper;
        old_lower = lower;
    }
    lm_str_add(s, "\x1b[0m");
}

/* Brightness of a colour in 0..255, weighted as the eye does (ITU-R BT.601). */
static int brightness(Pixel p)
{
    return (299 * p.rgb[0] + 587 * p.rgb[1] + 114 * p.rgb[2]) / 1000;
}

static void add_plain_cells(LmStr *s, const Grid *g, int64_t image, int64_t y)
{
    static const char ramp[] = " .:-=+*#%@";
    for (int64_t x = 0; x < g->cols; x++) {
        Pixel upper = pixel_at(g, image, y, x);
        Pixel lower = y + 1 < g->rows ? pixel_at(g, image, y + 1, x) : upper;
        if (!upper.is_finite || !lower.is_finite) {
            lm_str_add(s, "?");
            continue;
        }
        int sum = brightness(upper) + brightness(lower); /* 0..510 */
        lm_str_add(s, "%c", ramp[sum * (int)(sizeof ramp - 1) / 511]);
    }
}

/* Images from `first` on, side by side. */
static void add_band(LmStr *s, const Grid *g, int64_t first, bool has_color)
{
    int64_t end = LM_MIN(first + g->images_wide, g->n_drawn);
    for (int64_t y = 0; y < g->rows; y += 2) {
        for (int64_t image = first; image < end; image++) {
            lm_str_add(s, image > first ? " " : "");
            (has_color ? add_color_cells : add_plain_cells)(s, g, image, y);
        }
        lm_str_add(s, "\n");
    }
}

/* Bytes the text can need. A colour cell is two sequences of at most 19 bytes and a block of 3; an
 * image's line ends in a reset of 4, and a space or newline. */
static LmStatus make_room(LmStr *s, const Grid *g, bool has_color, LmError *err)
{
    enum { CELL_SIZE = 2 * 19 + 3, LINE_END_SIZE = 5, NOTE_SIZE = 128 };
    size_t image = (size_t)g->cols * (has_color ? CELL_SIZE : 1) + LINE_END_SIZE;
    size_t n_lines = 0;
    size_t size = 0;
    char *text = NULL;
    bool fits = lm_base_mul((size_t)g->n_drawn, (size_t)(g->rows + 3) / 2, &n_lines) &&
                lm_base_mul(n_lines, image, &size) && lm_base_add(size, NOTE_SIZE, &size);
    LmStatus st = lm_mem_alloc(&text, fits ? size : SIZE_MAX, 1, err);
    if (st == LM_OK) {
        *s = lm_str(text, size);
    }
    return st;
}

LmStatus lm_show_draw(char **out, const LmTensor *t, const LmShowStyle *style, LmError *err)
{
    Grid g;
    LmStr s = {0};
    LmStatus st = plan(&g, t, style, err);
    if (st == LM_OK) {
        st = make_room(&s, &g, style->has_color, err);
    }
    if (st != LM_OK) {
        return st;
    }
    for (int64_t first = 0; first < g.n_drawn; first += g.images_wide) {
        lm_str_add(&s, first > 0 ? "\n" : "");
        add_band(&s, &g, first, style->has_color);
    }
    if (g.n_drawn < g.n_images) {
        char drawn[32];
        char all[32];
        lm_str_add(&s, "\n%s of %s images\n", lm_str_count(drawn, sizeof drawn, g.n_drawn),
                   lm_str_count(all, sizeof all, g.n_images));
    }
    LM_ASSERT(s.used < s.size - 1);
    *out = s.text;
    return LM_OK;
}
