/* Extra error bounds where the engine convolves by Winograd's F(2x2, 3x3).
 *
 * With d the 4x4 patch of a tile and g the filter, both of one channel, the engine adds up products
 * of G g G^T and B^T d B over channels and transforms them back by A. Its roundings are relative to
 * the same expression with sizes in place of numbers, |A|^T sum(|G||g||G|^T * |B|^T|d||B|) |A|: 2
 * of an input's transform, 4 of a weight's, one a channel, 4 of the way back, the bias. The
 * weights' transform halves twice, so sums are exact below 2^22 units.
 */
#include "help_naive_impl.h"

/* A convolution of images `in` (h x w x c) to (oh x ow x oc), filter tap (t, c, o) at
 * kernel[t * tap_step + c * c_step + o * o_step]. */
typedef struct Tiles {
    const HelpNumbers *in;
    int64_t n, h, w, c, oh, ow, oc, top, left;
    const double *kernel;
    int64_t tap_step, c_step, o_step;
    HelpNumbers *out; /* whose bounds grow */
    double unit;
} Tiles;

static void size_input(const double d[16], double v[16])
{
    double t[16];
    for (int j = 0; j < 4; j++) {
        t[j] = d[j] + d[8 + j];
        t[4 + j] = d[4 + j] + d[8 + j];
        t[8 + j] = t[4 + j];
        t[12 + j] = d[4 + j] + d[12 + j];
    }
    for (int i = 0; i < 16; i += 4) {
        v[i] = t[i] + t[i + 2];
        v[i + 1] = t[i + 1] + t[i + 2];
        v[i + 2] = v[i + 1];
        v[i + 3] = t[i + 1] + t[i + 3];
    }
}

static void size_weights(const double g[9], double u[16])
{
    double t[12];
    for (int j = 0; j < 3; j++) {
        t[j] = g[j];
        t[3 + j] = (g[j] + g[3 + j] + g[6 + j]) / 2;
        t[6 + j] = t[3 + j];
        t[9 + j] = g[6 + j];
    }
    for (int i = 0; i < 4; i++) {
        u[4 * i] = t[3 * i];
        u[4 * i + 1] = (t[3 * i] + t[3 * i + 1] + t[3 * i + 2]) / 2;
        u[4 * i + 2] = u[4 * i + 1];
        u[4 * i + 3] = t[3 * i + 2];
    }
}

static double size_output(const double m[16], int64_t y, int64_t x)
{
    double sum = 0;
    for (int64_t i = y; i < y + 3; i++) {
        for (int64_t j = x; j < x + 3; j++) {
            sum += m[4 * i + j];
        }
    }
    return sum;
}

/* Sizes of the patch that begins at (y0, x0), channel c. */
static void patch(const Tiles *t, int64_t image, int64_t y0, int64_t x0, int64_t c, double d[16])
{
    for (int64_t i = 0; i < 16; i++) {
        int64_t y = y0 + i / 4;
        int64_t x = x0 + i % 4;
        bool is_inside = y >= 0 && y < t->h && x >= 0 && x < t->w;
        int64_t at = ((image * t->h + y) * t->w + x) * t->c + c;
        d[i] = is_inside ? fabs(t->in->v[at]) + t->in->e[at] : 0;
    }
}

/* Adds |G||g||G|^T * |B|^T|d||B| of channel c to the products of every output. */
static void add_channel(const Tiles *t, const double d[16], int64_t c, double *products)
{
    double v[16];
    size_input(d, v);
    for (int64_t o = 0; o < t->oc; o++) {
        double g[9];
        double u[16];
        for (int64_t tap = 0; tap < 9; tap++) {
            g[tap] = fabs(t->kernel[tap * t->tap_step + c * t->c_step + o * t->o_step]);
        }
        size_weights(g, u);
        for (int i = 0; i < 16; i++) {
            products[16 * o + i] += u[i] * v[i];
        }
    }
}

static void add_errors(const Tiles *t, int64_t image, int64_t y, int64_t x, const double *products)
{
    double gamma = help_float_gamma((double)lm_base_round_up((size_t)t->c, 16) + 11);
    for (int64_t i = 0; i < 4 * t->oc; i++) {
        int64_t o = i / 4;
        int64_t py = y + i % 4 / 2;
        int64_t px = x + i % 2;
        if (py < t->oh && px < t->ow) {
            double size = size_output(products + 16 * o, i % 4 / 2, i % 2);
            bool is_exact = size <= 0x1p22 * t->unit;
            int64_t at = ((image * t->oh + py) * t->ow + px) * t->oc + o;
            t->out->e[at] += is_exact ? 0 : gamma * size;
            t->out->unit = is_exact ? t->out->unit : 0;
        }
    }
}

static void all_tiles(const Tiles *t)
{
    double *products = calloc((size_t)(16 * t->oc), sizeof *products);
    LM_ASSERT(products != NULL);
    for (int64_t image = 0; image < t->n; image++) {
        for (int64_t y = 0; y < t->oh; y += 2) {
            for (int64_t x = 0; x < t->ow; x += 2) {
                memset(products, 0, (size_t)(16 * t->oc) * sizeof *products);
                for (int64_t c = 0; c < t->c; c++) {
                    double d[16];
                    patch(t, image, y - t->top, x - t->left, c, d);
                    add_channel(t, d, c, products);
                }
                add_errors(t, image, y, x, products);
            }
        }
    }
    free(products);
}

/* The engine's rules (nn/winograd.h, nn/op_conv.c, nn/op_convpool.c). */

static bool is_3x3(const HelpNaiveLayer *l)
{
    return l->spec.kind == LM_LAYER_CONV && l->kh == 3 && l->kw == 3 && l->sh == 1 && l->sw == 1;
}

static bool is_under_pool(const HelpNaive *net, int i)
{
    const HelpNaiveLayer *l = &net->layers[i];
    const LmLayerSpec *pool = i + 1 < net->n_layers ? &net->layers[i + 1].spec : &l->spec;
    return (l->spec.act == LM_ACT_NONE || l->spec.act == LM_ACT_RELU) &&
           pool->kind == LM_LAYER_MAXPOOL && pool->kh == 2 && pool->kw == 2 && pool->sh == 2 &&
           pool->sw == 2;
}

void help_naive_winograd_forward(const HelpNaive *net, int i, const HelpNumbers *in)
{
    HelpNaiveLayer *l = &net->layers[i];
    Tiles t = {.in = in,
               .n = net->n,
               .h = l->ih,
               .w = l->iw,
               .c = l->ic,
               .oh = l->oh,
               .ow = l->ow,
               .oc = l->oc,
               .top = l->top,
               .left = l->left,
               .kernel = l->kernel.v,
               .tap_step = l->ic * l->oc,
               .c_step = l->oc,
               .o_step = 1,
               .out = &l->pre,
               .unit = l->pre.unit};
    if (is_3x3(l) && l->ic >= 16 && (i > 0 || l->ic % 16 == 0)) {
        all_tiles(&t);
    }
}

/* The data gradient is a convolution with the filter turned by half a turn. */
void help_naive_winograd_backward(const HelpNaive *net, int i, HelpNumbers *dx)
{
    const HelpNaiveLayer *l = &net->layers[i];
    int64_t tap = l->ic * l->oc;
    Tiles t = {.in = &l->dpre,
               .n = net->n,
               .h = l->oh,
               .w = l->ow,
               .c = l->oc,
               .oh = l->ih,
               .ow = l->iw,
               .oc = l->ic,
               .top = 2 - l->top,
               .left = 2 - l->left,
               .kernel = l->kernel.v + 8 * tap,
               .tap_step = -tap,
               .c_step = 1,
               .o_step = l->oc,
               .out = dx};
    if (is_3x3(l) && l->oc >= 16 && !is_under_pool(net, i)) {
        all_tiles(&t);
    }
}
