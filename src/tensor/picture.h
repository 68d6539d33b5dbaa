/* Pictures of images: which of them are drawn, how large, and their pixels as colours.
 *
 * The size is worked out in cells of a terminal, each of which shows a few pixels (two halves of a
 * block, or some 10 x 20 dots), so one plan serves characters and real pictures. Images are made
 * smaller by averaging areas and larger by whole factors only; both are exact for u8. Images are
 * asked for one by one, and only those that are drawn.
 */
#ifndef LM_PICTURE_H
#define LM_PICTURE_H

#include "tensor/tensor.h"

typedef struct LmPixel {
    uint8_t rgb[3];
    bool is_finite; /* else the colour is magenta */
} LmPixel;

/* Where images come from. */
typedef struct LmPictureSource {
    int64_t n_images;
    int64_t h, w, c; /* c: 1, 3, or 4, of which the last (alpha) is not drawn */
    LmDtype dtype;
    const LmTensor *t; /* all of them, one after another; NULL: `get` gives them */
    /* *image begins with the h*w*c numbers of image i, until the next call. */
    LmStatus (*get)(void *ctx, int64_t i, const LmTensor **image, LmError *err);
    void *ctx;
} LmPictureSource;

/* Of the images in a tensor, which is borrowed: H x W, H x W x 1, 3 or 4, N x H x W, or N x H x W x
 * 1, 3 or 4 (three dimensions are one image where the last is 1, 3 or 4). Other shapes and images
 * without pixels are LM_ESHAPE. */
LmStatus lm_picture_of(LmPictureSource *out, const LmTensor *t, LmError *err) LM_MUST_CHECK;

typedef struct LmPictureFrame {
    int64_t columns; /* cells across */
    int64_t lines;   /* cells an image may be high; 0: any height */
    int64_t cell_w;  /* pixels a cell */
    int64_t cell_h;
    int64_t one_size;      /* pixels: a single image is enlarged up to this */
    int64_t many_size;     /* and images of a grid up to this; 0: neither is enlarged */
    int64_t max_images;    /* at least 1 */
    int64_t label_columns; /* cells a label wants; 0: there are none */
} LmPictureFrame;

typedef struct LmPicture {
    const LmPictureSource *source; /* borrowed */
    int64_t n_drawn;               /* images that are drawn: the first ones */
    int64_t rows, cols;            /* of a drawn image, in pixels */
    int64_t columns, lines;        /* of an image's place, in cells, without label */
    int64_t images_wide;           /* beside each other, one empty column between them */
    bool is_stretched;             /* the numbers are not u8 */
    double lowest, highest;        /* finite values drawn; lowest > highest where there are none */
    bool has_odd;                  /* some value is not finite */
} LmPicture;

/* Images wider than the columns or higher than the lines are made smaller; in a grid at least four
 * stand side by side where each keeps 16 columns. LM_ESHAPE where the channels are not 1, 3 or 4;
 * what the source fails with. */
LmStatus lm_picture_plan(LmPicture *out, const LmPictureSource *source, const LmPictureFrame *frame,
                         LmError *err) LM_MUST_CHECK;

/* Writes rows x cols pixels of image i (below n_drawn). u8 is drawn as it is; other types are
 * stretched from the smallest finite value of all images drawn (black) to the largest (white). */
LmStatus lm_picture_render(const LmPicture *p, int64_t i, LmPixel *pixels,
                           LmError *err) LM_MUST_CHECK;

#endif
