/* What the two halves of help_naive share. */
#ifndef HELP_NAIVE_IMPL_H
#define HELP_NAIVE_IMPL_H

#include <math.h>
#include <string.h>

#include "help_float.h"
#include "help_naive.h"

#define U HELP_FLOAT_U
/* For products of two errors that the bounds leave out. */
#define SLACK (1 + 1e-5)

static inline bool is_sum(const HelpNaiveLayer *l)
{
    return l->spec.kind == LM_LAYER_CONV || l->spec.kind == LM_LAYER_DENSE;
}

static inline bool is_pool(const HelpNaiveLayer *l)
{
    return l->spec.kind == LM_LAYER_MAXPOOL || l->spec.kind == LM_LAYER_AVGPOOL ||
           l->spec.kind == LM_LAYER_GLOBAL_AVGPOOL;
}

/* An output position, and the rows and columns of its window that lie inside the input. */
typedef struct Place {
    int64_t image, y, x;
    int64_t ky0, ky1, kx0, kx1;
} Place;

static inline Place place_of(const HelpNaiveLayer *l, int64_t i)
{
    Place p = {.image = i / (l->oh * l->ow), .y = i / l->ow % l->oh, .x = i % l->ow};
    int64_t y0 = p.y * l->sh - l->top;
    int64_t x0 = p.x * l->sw - l->left;
    p.ky0 = LM_MAX(-y0, (int64_t)0);
    p.kx0 = LM_MAX(-x0, (int64_t)0);
    p.ky1 = LM_MIN(l->kh, l->ih - y0);
    p.kx1 = LM_MIN(l->kw, l->iw - x0);
    return p;
}

/* Index of the input pixel's channel 0 under (ky, kx). */
static inline int64_t pixel(const HelpNaiveLayer *l, const Place *p, int64_t ky, int64_t kx)
{
    int64_t y = p->y * l->sh - l->top + ky;
    int64_t x = p->x * l->sw - l->left + kx;
    return ((p->image * l->ih + y) * l->iw + x) * l->ic;
}

#define FOR_WINDOW(p)                                                                              \
    for (int64_t ky = (p).ky0; ky < (p).ky1; ky++)                                                 \
        for (int64_t kx = (p).kx0; kx < (p).kx1; kx++)

static inline int64_t n_places(const HelpNaive *net, const HelpNaiveLayer *l)
{
    return net->n * l->oh * l->ow;
}

static inline const HelpNumbers *input_of(const HelpNaive *net, int i)
{
    return i == 0 ? &net->input : &net->layers[i - 1].out;
}

static inline void copy(HelpNumbers *to, const HelpNumbers *from)
{
    memcpy(to->v, from->v, (size_t)to->n * sizeof *to->v);
    memcpy(to->e, from->e, (size_t)to->n * sizeof *to->e);
    to->unit = from->unit;
}

/* Calls for every number of a dropout layer's map in the engine's order of draws: channels padded
 * to 16, a stream a sample. Two roundings: the scale, and the product. */
void help_naive_drop(const HelpNaive *net, const HelpNaiveLayer *l, int layer_i, int64_t step,
                     HelpNumbers *to, const HelpNumbers *from);

/* Adds the error of Winograd's method to layer i's `pre`, to its input's gradient, or to its
 * weights', where the engine uses it. */
void help_naive_winograd_forward(const HelpNaive *net, int i, const HelpNumbers *in);
void help_naive_winograd_backward(const HelpNaive *net, int i, HelpNumbers *dx);
void help_naive_winograd_weights(const HelpNaive *net, int i, const HelpNumbers *in);

#endif
