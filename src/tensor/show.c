/* A character cell is about twice as high as wide, so it stands for two pixels, one above the
 * other.
 *
 * In colour the upper pixel is the foreground of an upper half block and the lower one its
 * background; the only escape sequences are SGR 38 and 48 (colours) and 0 (reset), which ends every
 * image's line. Without colour a cell shows the mean brightness of its two pixels.
 *
 * Real pixels are drawn over empty lines: the lines are written first, so that the terminal scrolls
 * before the cursor goes back up and not while it draws.
 */
#include "tensor/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "tensor/kitty.h"

typedef struct Drawing {
    LmStr *s;
    LmPicture p;
    LmShowMode mode;
    const char *const *labels;
    LmPixel *pixels; /* of the images of a band, one after another */
    uint8_t *rgb;    /* of one image, for LM_SHOW_KITTY */
} Drawing;

/* --- colours --- */

/* Steps of a channel in xterm's cube of 6 x 6 x 6 colours, which are numbers 16 to 231; 232 to 255
 * are the greys 8, 18, ... 238. */
static const int steps[] = {0, 95, 135, 175, 215, 255};

static int nearest_step(int v)
{
    return v < 48 ? 0 : (v < 115 ? 1 : (v - 35) / 40);
}

static int distance(LmPixel p, int r, int g, int b)
{
    return (p.rgb[0] - r) * (p.rgb[0] - r) + (p.rgb[1] - g) * (p.rgb[1] - g) +
           (p.rgb[2] - b) * (p.rgb[2] - b);
}

static int color_256(LmPixel p)
{
    int at[3];
    for (int k = 0; k < 3; k++) {
        at[k] = nearest_step(p.rgb[k]);
    }
    int mean = (p.rgb[0] + p.rgb[1] + p.rgb[2]) / 3;
    int number = LM_MIN(LM_MAX((mean - 3) / 10, 0), 23);
    int grey = 8 + 10 * number;
    bool is_grey =
        distance(p, grey, grey, grey) < distance(p, steps[at[0]], steps[at[1]], steps[at[2]]);
    return is_grey ? 232 + number : 16 + 36 * at[0] + 6 * at[1] + at[2];
}

/* The colour of a pixel in this mode, as one number. */
static int color_of(const Drawing *d, LmPixel p)
{
    return d->mode == LM_SHOW_256 ? color_256(p) : p.rgb[0] << 16 | p.rgb[1] << 8 | p.rgb[2];
}

/* Writes it where it is another than the last. */
static void add_color(const Drawing *d, int plane, int color, int *last)
{
    if (color == *last) {
        return;
    }
    *last = color;
    if (d->mode == LM_SHOW_256) {
        lm_str_add(d->s, "\x1b[%d;5;%dm", plane, color);
    } else {
        lm_str_add(d->s, "\x1b[%d;2;%d;%d;%dm", plane, color >> 16, color >> 8 & 255, color & 255);
    }
}

/* --- one line of one image --- */

/* Below the last row of an image of odd height the terminal's own background shows. */
static void add_color_cells(const Drawing *d, const LmPixel *upper, const LmPixel *lower)
{
    int foreground = -1;
    int background = -1;
    for (int64_t x = 0; x < d->p.cols; x++) {
        add_color(d, 38, color_of(d, upper[x]), &foreground);
        if (lower != NULL) {
            add_color(d, 48, color_of(d, lower[x]), &background);
        }
        lm_str_add(d->s, "\u2580");
    }
    lm_str_add(d->s, "\x1b[0m");
}

/* Brightness of a colour in 0..255, weighted as the eye does (ITU-R BT.601). */
static int brightness(LmPixel p)
{
    return (299 * p.rgb[0] + 587 * p.rgb[1] + 114 * p.rgb[2]) / 1000;
}

static void add_plain_cells(const Drawing *d, const LmPixel *upper, const LmPixel *lower)
{
    static const char ramp[] = " .:-=+*#%@";
    for (int64_t x = 0; x < d->p.cols; x++) {
        LmPixel below = lower != NULL ? lower[x] : upper[x];
        if (!upper[x].is_finite || !below.is_finite) {
            lm_str_add(d->s, "?");
            continue;
        }
        int sum = brightness(upper[x]) + brightness(below); /* 0..510 */
        lm_str_add(d->s, "%c", ramp[sum * (int)(sizeof ramp - 1) / 511]);
    }
}

/* --- bands of images side by side --- */

/* Spaces up to the next image's place. */
static void add_gap(const Drawing *d, int64_t used)
{
    lm_cells_pad(d->s, d->p.columns - used + 1);
}

static void add_cells(const Drawing *d, int64_t n)
{
    const LmPicture *p = &d->p;
    for (int64_t y = 0; y < p->rows; y += 2) {
        for (int64_t i = 0; i < n; i++) {
            const LmPixel *upper = d->pixels + (i * p->rows + y) * p->cols;
            const LmPixel *lower = y + 1 < p->rows ? upper + p->cols : NULL;
            (d->mode == LM_SHOW_PLAIN ? add_plain_cells : add_color_cells)(d, upper, lower);
            if (i + 1 < n) {
                add_gap(d, p->cols);
            }
        }
        lm_str_add(d->s, "\n");
    }
}

static void add_pictures(const Drawing *d, int64_t n)
{
    const LmPicture *p = &d->p;
    int64_t size = p->rows * p->cols;
    for (int64_t y = 0; y < p->lines; y++) {
        lm_str_add(d->s, "\n");
    }
    lm_str_add(d->s, "\x1b[%" PRId64 "A", p->lines);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < size; j++) {
            memcpy(d->rgb + 3 * j, d->pixels[i * size + j].rgb, 3);
        }
        if (i > 0) {
            lm_str_add(d->s, "\x1b[%" PRId64 "G", i * (p->columns + 1) + 1);
        }
        lm_kitty_add(d->s, d->rgb, p->cols, p->rows);
    }
    lm_str_add(d->s, "\x1b[%" PRId64 "B\r", p->lines);
}

static void add_labels(const Drawing *d, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t used = lm_cells_add(d->s, d->labels[first + i], d->p.columns);
        if (i + 1 < n) {
            add_gap(d, used);
        }
    }
    lm_str_add(d->s, "\n");
}

static LmStatus add_band(const Drawing *d, int64_t first, LmError *err)
{
    int64_t n = LM_MIN(d->p.images_wide, d->p.n_drawn - first);
    int64_t size = d->p.rows * d->p.cols;
    for (int64_t i = 0; i < n; i++) {
        LmStatus st = lm_picture_render(&d->p, first + i, d->pixels + i * size, err);
        if (st != LM_OK) {
            return st;
        }
    }
    lm_str_add(d->s, first > 0 ? "\n" : "");
    (d->mode == LM_SHOW_KITTY ? add_pictures : add_cells)(d, n);
    if (d->labels != NULL) {
        add_labels(d, first, n);
    }
    return LM_OK;
}

static void add_notes(const Drawing *d)
{
    const LmPicture *p = &d->p;
    int64_t n_more = p->source->n_images - p->n_drawn;
    if (n_more > 0) {
        lm_str_add(d->s, "... ");
        lm_str_add_count(d->s, n_more);
        lm_str_add(d->s, " more\n");
    }
    if (!p->is_stretched) {
        return;
    }
    if (p->lowest > p->highest) {
        lm_str_add(d->s, "no value is finite");
    } else if (p->lowest == p->highest) {
        lm_str_add(d->s, "all values are %.6g", p->lowest);
    } else {
        lm_str_add(d->s, "black is %.6g, white %.6g", p->lowest, p->highest);
    }
    const char *odd = d->mode == LM_SHOW_PLAIN ? "?" : "magenta";
    if (p->has_odd && p->lowest <= p->highest) {
        lm_str_add(d->s, "; %s: not finite", odd);
    }
    lm_str_add(d->s, "\n");
}

/* --- the whole --- */

static LmPictureFrame frame_of(const LmShowStyle *style, int64_t n_drawn)
{
    /* Columns to which small images are enlarged where pixels are finer than cells: one alone, and
     * each of a grid. */
    enum { ONE_COLUMNS = 28, MANY_COLUMNS = 12 };
    bool is_fine = style->mode == LM_SHOW_KITTY;
    LmPictureFrame f = {.columns = LM_MAX(style->columns, (int64_t)1),
                        .cell_w = is_fine ? style->cell_w : 1,
                        .cell_h = is_fine ? style->cell_h : 2,
                        .max_images = style->max_images};
    /* Characters may scroll; the cursor has to find the first line of a picture again. */
    f.lines = is_fine ? LM_MAX(style->lines - 3, (int64_t)1) : f.columns;
    f.one_size = is_fine ? ONE_COLUMNS * f.cell_w : 0;
    f.many_size = is_fine ? MANY_COLUMNS * f.cell_w : 0;
    for (int64_t i = 0; style->labels != NULL && i < n_drawn; i++) {
        f.label_columns = LM_MAX(f.label_columns, lm_cells_count(style->labels[i]));
    }
    return f;
}

/* Bytes the text can need: a cell is two sequences of at most 19 bytes and a block of 3. What fills
 * a label's place is at most its own bytes and the columns. */
static bool size_text(size_t *size, const Drawing *d)
{
    enum { CELL_SIZE = 2 * 19 + 3, EXTRA_SIZE = 64, NOTES_SIZE = 256 };
    const LmPicture *p = &d->p;
    size_t line = (size_t)p->cols * CELL_SIZE + (size_t)p->columns + EXTRA_SIZE;
    size_t image = 0;
    if (!lm_base_mul(line, (size_t)p->lines + 2, &image)) {
        return false;
    }
    if (d->mode == LM_SHOW_KITTY) {
        image = lm_kitty_size((size_t)(p->rows * p->cols)) + (size_t)p->lines + (size_t)p->columns +
                EXTRA_SIZE;
    }
    size_t total = NOTES_SIZE;
    for (int64_t i = 0; d->labels != NULL && i < p->n_drawn; i++) {
        total += strlen(d->labels[i]) + 1;
    }
    return lm_base_mul(image, (size_t)p->n_drawn, size) && lm_base_add(*size, total, size);
}

static LmStatus make_room(Drawing *d, LmError *err)
{
    const LmPicture *p = &d->p;
    size_t image = (size_t)(p->rows * p->cols);
    size_t size = 0;
    bool fits = size_text(&size, d);
    LmStatus st = lm_mem_alloc(&d->s->text, fits ? size : SIZE_MAX, 1, err);
    if (st != LM_OK) {
        return st;
    }
    *d->s = lm_str(d->s->text, size);
    st = lm_mem_alloc(&d->pixels, image * (size_t)p->images_wide, sizeof *d->pixels, err);
    if (st == LM_OK && d->mode == LM_SHOW_KITTY) {
        st = lm_mem_alloc(&d->rgb, image, 3, err);
    }
    return st;
}

LmStatus lm_show_draw(char **out, const LmPictureSource *source, const LmShowStyle *style,
                      LmError *err)
{
    LmStr s = {0};
    Drawing d = {.s = &s, .mode = style->mode, .labels = style->labels};
    LmPictureFrame frame = frame_of(style, LM_MIN(source->n_images, style->max_images));
    LmStatus st = lm_picture_plan(&d.p, source, &frame, err);
    if (st == LM_OK) {
        st = make_room(&d, err);
    }
    for (int64_t i = 0; st == LM_OK && i < d.p.n_drawn; i += d.p.images_wide) {
        st = add_band(&d, i, err);
    }
    if (st == LM_OK) {
        add_notes(&d);
        LM_ASSERT(s.used < s.size - 1);
        *out = s.text;
        s.text = NULL;
    }
    lm_mem_free(s.text);
    lm_mem_free(d.pixels);
    lm_mem_free(d.rgb);
    return st;
}
