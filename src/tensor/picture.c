/* Areas are averaged exactly: along a side of n pixels drawn as m, pixel i covers [i*m, (i+1)*m)
 * and drawn pixel k covers [k*n, (k+1)*n) of the same n*m steps, so every overlap is a whole number
 * and the weights of a drawn pixel sum up to n. The sums of u8 values are whole numbers below 2^53,
 * and enlarging by a whole factor gives every value back as it was.
 */
#include "tensor/picture.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tensor/chunk.h"

/* A longer label is cut, unless its image is wider. */
enum { LABEL_COLUMNS_MAX = 16 };
/* Images of a grid this many cells wide still show what they are of. */
enum { GRID_ACROSS = 4, GRID_COLUMNS_MIN = 16 };

static bool is_channel_count(int64_t n)
{
    return n == 1 || n == 3 || n == 4;
}

LmStatus lm_picture_of(LmPictureSource *out, const LmTensor *t, LmError *err)
{
    const int64_t *s = t->shape;
    char text[96];
    bool has_channels = t->rank == 4 || (t->rank == 3 && is_channel_count(s[2]));
    bool is_batch = t->rank == 4 || (t->rank == 3 && !has_channels);
    if (t->rank < 2 || t->rank > 4 || (t->rank == 4 && !is_channel_count(s[3])) || t->count == 0) {
        return lm_fail(err, LM_ESHAPE,
                       "a tensor of shape %s is no image: want height x width, that with 1, 3 or 4 "
                       "channels, or a batch of such images",
                       lm_str_shape(text, sizeof text, t->rank, s));
    }
    *out = (LmPictureSource){.n_images = is_batch ? s[0] : 1,
                             .h = s[is_batch],
                             .w = s[is_batch + 1],
                             .c = has_channels ? s[t->rank - 1] : 1,
                             .dtype = t->dtype,
                             .t = t};
    return LM_OK;
}

/* --- range and size --- */

/* Where the numbers of image i are. */
static LmStatus find_image(const LmPictureSource *s, int64_t i, const LmTensor **t, int64_t *first,
                           LmError *err)
{
    if (s->t != NULL) {
        *t = s->t;
        *first = i * s->h * s->w * s->c;
        return LM_OK;
    }
    *first = 0;
    return s->get(s->ctx, i, t, err);
}

static LmStatus add_range(LmPicture *p, int64_t image, LmError *err)
{
    double chunk[LM_CHUNK];
    const LmTensor *t;
    int64_t first;
    LmStatus st = find_image(p->source, image, &t, &first, err);
    if (st != LM_OK) {
        return st;
    }
    int64_t end = first + p->source->h * p->source->w * p->source->c;
    for (int64_t at = first; at < end; at += LM_CHUNK) {
        int64_t n = LM_MIN((int64_t)LM_CHUNK, end - at);
        lm_chunk_load(chunk, t, at, n);
        for (int64_t i = 0; i < n; i++) {
            if (p->source->c == 4 && (at - first + i) % 4 == 3) {
                continue;
            }
            if (!isfinite(chunk[i])) {
                p->has_odd = true;
                continue;
            }
            p->lowest = LM_MIN(p->lowest, chunk[i]);
            p->highest = LM_MAX(p->highest, chunk[i]);
        }
    }
    return LM_OK;
}

/* Pixels across a drawn image, before the frame's edges cut it down. */
static int64_t wanted_width(const LmPicture *p, const LmPictureFrame *f)
{
    int64_t w = p->source->w;
    int64_t h = p->source->h;
    int64_t place = f->columns * f->cell_w;
    int64_t size = f->one_size;
    if (p->n_drawn > 1) {
        int64_t across = LM_MIN(p->n_drawn, (int64_t)GRID_ACROSS);
        int64_t columns = LM_MAX((f->columns + 1) / across - 1, (int64_t)GRID_COLUMNS_MIN);
        place = LM_MIN(columns, f->columns) * f->cell_w;
        size = f->many_size;
    }
    int64_t factor = LM_MIN(size / LM_MAX(h, w), place / w);
    if (f->lines > 0) {
        factor = LM_MIN(factor, f->lines * f->cell_h / h);
    }
    return LM_MIN(w * LM_MAX(factor, (int64_t)1), place);
}

static void choose_size(LmPicture *p, const LmPictureFrame *f)
{
    int64_t w = p->source->w;
    int64_t h = p->source->h;
    p->cols = wanted_width(p, f);
    p->rows = LM_MAX((2 * h * p->cols + w) / (2 * w), (int64_t)1);
    int64_t rows_max = f->lines * f->cell_h;
    if (f->lines > 0 && p->rows > rows_max) {
        p->rows = rows_max;
        p->cols = LM_MAX(w * rows_max / h, (int64_t)1);
    }
    p->lines = (p->rows + f->cell_h - 1) / f->cell_h;
    p->columns = (p->cols + f->cell_w - 1) / f->cell_w;
    int64_t label = LM_MIN(f->label_columns, (int64_t)LABEL_COLUMNS_MAX);
    p->columns = LM_MIN(LM_MAX(p->columns, label), f->columns);
    p->images_wide = LM_MIN((f->columns + 1) / (p->columns + 1), p->n_drawn);
    p->images_wide = LM_MAX(p->images_wide, (int64_t)1);
}

LmStatus lm_picture_plan(LmPicture *out, const LmPictureSource *source, const LmPictureFrame *frame,
                         LmError *err)
{
    LmPicture p = {.source = source,
                   .n_drawn = LM_MIN(source->n_images, LM_MAX(frame->max_images, (int64_t)1)),
                   .is_stretched = source->dtype != LM_U8,
                   .lowest = HUGE_VAL,
                   .highest = -HUGE_VAL};
    LM_ASSERT(frame->columns > 0 && frame->cell_w > 0 && frame->cell_h > 0);
    if (!is_channel_count(source->c)) {
        const int64_t shape[3] = {source->h, source->w, source->c};
        char text[96];
        return lm_fail(err, LM_ESHAPE,
                       "images of shape %s cannot be drawn: want 1, 3 or 4 channels",
                       lm_str_shape(text, sizeof text, 3, shape));
    }
    choose_size(&p, frame);
    for (int64_t i = 0; p.is_stretched && i < p.n_drawn; i++) {
        LmStatus st = add_range(&p, i, err);
        if (st != LM_OK) {
            return st;
        }
    }
    *out = p;
    return LM_OK;
}

/* --- pixels --- */

/* Values 0..255, NaN for what is not finite: after this no sum can overflow. Halves keep the width
 * of the range finite near the ends of double. */
static void stretch(const LmPicture *p, double *v, int64_t n)
{
    if (!p->is_stretched) {
        return;
    }
    double width = p->highest > p->lowest ? p->highest / 2 - p->lowest / 2 : 0;
    for (int64_t i = 0; i < n; i++) {
        double part = width > 0 ? (v[i] / 2 - p->lowest / 2) / width : 0;
        v[i] = isfinite(v[i]) ? part * UINT8_MAX : (double)NAN;
    }
}

/* sums[x*c + k] += weighted values of one row, which is read in pieces of whole pixels. */
static void add_row(const LmPicture *p, const LmTensor *t, int64_t first, double *sums)
{
    double chunk[LM_CHUNK];
    int64_t w = p->source->w;
    int64_t c = p->source->c;
    int64_t piece = LM_CHUNK / c;
    int64_t x = 0;
    for (int64_t j0 = 0; j0 < w; j0 += piece) {
        int64_t n = LM_MIN(piece, w - j0);
        lm_chunk_load(chunk, t, first + j0 * c, n * c);
        stretch(p, chunk, n * c);
        for (int64_t j = j0; j < j0 + n; j++) {
            const double *v = chunk + (j - j0) * c;
            /* Pixel j meets drawn pixel x and, as its end passes theirs, those after it. */
            for (int64_t at = j * p->cols; at < (j + 1) * p->cols;) {
                int64_t end = LM_MIN((j + 1) * p->cols, (x + 1) * w);
                for (int64_t k = 0; k < c; k++) {
                    sums[x * c + k] += (double)(end - at) * v[k];
                }
                x += end == (x + 1) * w;
                at = end;
            }
        }
    }
}

static LmPixel to_pixel(const double *sums, int64_t c, double weight)
{
    LmPixel pixel = {{0, 0, 0}, true};
    for (int64_t k = 0; k < 3; k++) {
        double v = sums[c == 1 ? 0 : k] / weight;
        if (!isfinite(v)) {
            return (LmPixel){{255, 0, 255}, false};
        }
        pixel.rgb[k] = (uint8_t)rint(LM_MIN(LM_MAX(v, 0), UINT8_MAX));
    }
    return pixel;
}

typedef struct Rows {
    const LmTensor *t;
    int64_t first; /* number of the image in t */
    double *sums;  /* of a drawn row; these two have cols*c numbers */
    double *row;   /* along source row `held` */
    int64_t held;
} Rows;

static void render_row(const LmPicture *p, Rows *r, int64_t y, LmPixel *pixels)
{
    const LmPictureSource *s = p->source;
    int64_t n = p->cols * s->c;
    memset(r->sums, 0, (size_t)n * sizeof *r->sums);
    for (int64_t i = y * s->h / p->rows; i * p->rows < (y + 1) * s->h; i++) {
        int64_t begin = LM_MAX(y * s->h, i * p->rows);
        int64_t end = LM_MIN((y + 1) * s->h, (i + 1) * p->rows);
        if (r->held != i) {
            memset(r->row, 0, (size_t)n * sizeof *r->row);
            add_row(p, r->t, r->first + i * s->w * s->c, r->row);
            r->held = i;
        }
        for (int64_t j = 0; j < n; j++) {
            r->sums[j] += (double)(end - begin) * r->row[j];
        }
    }
    for (int64_t x = 0; x < p->cols; x++) {
        pixels[x] = to_pixel(r->sums + x * s->c, s->c, (double)s->h * (double)s->w);
    }
}

LmStatus lm_picture_render(const LmPicture *p, int64_t i, LmPixel *pixels, LmError *err)
{
    Rows r = {.held = -1};
    double *numbers = NULL;
    size_t n = (size_t)(p->cols * p->source->c);
    LM_ASSERT(i >= 0 && i < p->n_drawn);
    LmStatus st = find_image(p->source, i, &r.t, &r.first, err);
    if (st == LM_OK) {
        st = lm_mem_alloc(&numbers, n, 2 * sizeof *numbers, err);
    }
    if (st != LM_OK) {
        return st;
    }
    r.sums = numbers;
    r.row = numbers + n;
    for (int64_t y = 0; y < p->rows; y++) {
        render_row(p, &r, y, pixels + y * p->cols);
    }
    lm_mem_free(numbers);
    return LM_OK;
}
