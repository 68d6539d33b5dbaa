/* Extra error bounds where the engine convolves by Winograd's F(2x2, 3x3) or F(4x4, 3x3).
 *
 * With d the patch of a tile and g the filter, both of one channel, the engine adds up products of
 * G g G^T and B^T d B over channels and transforms them back by A. Its roundings are relative to
 * the same expression with sizes in place of numbers, |A|^T sum(|G||g||G|^T * |B|^T|d||B|) |A|. On
 * the longest way through it are one a channel, the bias, and for tiles of 2x2 (4x4) 2 (6) of an
 * input's transform, 4 (8) of a weight's, those of G's entries included, 4 (6) of the way back. The
 * smaller tile's transforms halve twice, so sums are exact below 2^22 units; thirds are in the
 * larger one's.
 *
 * The weights' gradient is G^T sum(A dy A^T * B^T d B) G over tiles: a rounding a tile, 6 and 4 of
 * the transforms, 10 of the way back, one a block and chain that is added.
 */
#include "help_naive_impl.h"
#include "nn/net.h"

enum { SIDE_MAX = 6, ENTRIES_MAX = SIDE_MAX * SIDE_MAX };

/* Sizes of the matrices' entries; B^T is side x side, G side x 3, A side x tile. */
typedef struct Matrices {
    int tile, side;
    double b[ENTRIES_MAX], g[ENTRIES_MAX], a[ENTRIES_MAX];
    double roundings;
} Matrices;

static const Matrices of_two = {2,
                                4,
                                {1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1},
                                {1, 0, 0, .5, .5, .5, .5, .5, .5, 0, 0, 1},
                                {1, 0, 1, 1, 1, 1, 0, 1},
                                11};

/* From the points 0, +-5/8, +-3/2, infinity: the polynomials that are 0 at all finite points but
 * one, powers of the points, and those over the polynomial's value there. */
static Matrices of_four(void)
{
    const double p[] = {0, 0.625, -0.625, 1.5, -1.5};
    Matrices m = {.tile = 4, .side = 6, .roundings = 21};
    for (int i = 0; i < 6; i++) {
        double c[7] = {1};
        double value = 1;
        for (int j = 0; j < 5; j++) {
            for (int k = 5; j != i && k >= 0; k--) {
                c[k] = (k > 0 ? c[k - 1] : 0) - p[j] * c[k];
            }
            value *= i < 5 && j != i ? p[i] - p[j] : 1;
        }
        for (int k = 0; k < 6; k++) {
            m.b[6 * i + k] = fabs(c[k]);
        }
        for (int k = 0; k < 4; k++) {
            double power = i < 5 ? pow(fabs(p[i]), k) : k == 3;
            m.a[4 * i + k] = power;
            if (k < 3) {
                m.g[3 * i + k] = i < 5 ? power / fabs(value) : k == 2;
            }
        }
    }
    return m;
}

/* out (rows x rows) = m x m^T, or with is_back out (cols x cols) = m^T x m, of m rows x cols. */
static void both_sides(const double *m, int rows, int cols, bool is_back, const double *x,
                       double *out)
{
    double t[ENTRIES_MAX] = {0};
    int n = is_back ? cols : rows;
    int inner = is_back ? rows : cols;
    for (int i = 0; i < n * inner * inner; i++) {
        int r = i / inner / inner;
        int k = i / inner % inner;
        t[r * inner + i % inner] +=
            (is_back ? m[k * cols + r] : m[r * cols + k]) * x[k * inner + i % inner];
    }
    memset(out, 0, (size_t)(n * n) * sizeof *out);
    for (int i = 0; i < n * n * inner; i++) {
        int c = i / inner % n;
        int k = i % inner;
        out[i / inner] +=
            t[i / inner / n * inner + k] * (is_back ? m[k * cols + c] : m[c * cols + k]);
    }
}

/* A convolution of images `in` (h x w x c) to (oh x ow x oc), filter tap (t, c, o) at
 * kernel[t * tap_step + c * c_step + o * o_step]. */
typedef struct Tiles {
    Matrices m;
    const HelpNumbers *in;
    int64_t n, h, w, c, oh, ow, oc, top, left;
    const double *kernel;
    int64_t tap_step, c_step, o_step;
    HelpNumbers *out; /* whose bounds grow */
    double unit;
} Tiles;

/* Sizes of the side x side numbers of channel c from (y0, x0) on in images of h x w x n_c. */
static void patch(const HelpNumbers *in, int64_t h, int64_t w, int64_t n_c, int64_t image,
                  int64_t y0, int64_t x0, int64_t c, int side, double *d)
{
    for (int64_t i = 0; i < side * side; i++) {
        int64_t y = y0 + i / side;
        int64_t x = x0 + i % side;
        bool is_inside = y >= 0 && y < h && x >= 0 && x < w;
        int64_t at = ((image * h + y) * w + x) * n_c + c;
        d[i] = is_inside ? fabs(in->v[at]) + in->e[at] : 0;
    }
}

/* |G||g||G|^T of every channel and output. */
static double *weight_sizes(const Tiles *t)
{
    int xi = t->m.side * t->m.side;
    double *u = calloc((size_t)(t->c * t->oc * xi), sizeof *u);
    LM_ASSERT(u != NULL);
    for (int64_t i = 0; i < t->c * t->oc; i++) {
        double g[9];
        for (int64_t tap = 0; tap < 9; tap++) {
            g[tap] =
                fabs(t->kernel[tap * t->tap_step + i / t->oc * t->c_step + i % t->oc * t->o_step]);
        }
        both_sides(t->m.g, t->m.side, 3, false, g, u + i * xi);
    }
    return u;
}

static void add_errors(const Tiles *t, int64_t image, int64_t y, int64_t x, const double *products)
{
    int tile = t->m.tile;
    int xi = t->m.side * t->m.side;
    double gamma = help_float_gamma((double)lm_base_round_up((size_t)t->c, 16) + t->m.roundings);
    for (int64_t o = 0; o < t->oc; o++) {
        double sizes[ENTRIES_MAX];
        both_sides(t->m.a, t->m.side, tile, true, products + o * xi, sizes);
        for (int i = 0; i < tile * tile; i++) {
            int64_t py = y + i / tile;
            int64_t px = x + i % tile;
            if (py < t->oh && px < t->ow) {
                bool is_exact = sizes[i] <= (tile == 2 ? 0x1p22 * t->unit : 0);
                int64_t at = ((image * t->oh + py) * t->ow + px) * t->oc + o;
                t->out->e[at] += is_exact ? 0 : gamma * sizes[i];
                t->out->unit = is_exact ? t->out->unit : 0;
            }
        }
    }
}

static void all_tiles(const Tiles *t)
{
    int xi = t->m.side * t->m.side;
    double *u = weight_sizes(t);
    double *products = calloc((size_t)(xi * t->oc), sizeof *products);
    LM_ASSERT(products != NULL);
    int64_t n_y = (t->oh + t->m.tile - 1) / t->m.tile;
    int64_t n_x = (t->ow + t->m.tile - 1) / t->m.tile;
    for (int64_t i = 0; i < t->n * n_y * n_x; i++) {
        int64_t image = i / (n_y * n_x);
        int64_t y = i / n_x % n_y * t->m.tile;
        int64_t x = i % n_x * t->m.tile;
        memset(products, 0, (size_t)(xi * t->oc) * sizeof *products);
        for (int64_t c = 0; c < t->c; c++) {
            double d[ENTRIES_MAX];
            double v[ENTRIES_MAX];
            patch(t->in, t->h, t->w, t->c, image, y - t->top, x - t->left, c, t->m.side, d);
            both_sides(t->m.b, t->m.side, t->m.side, false, d, v);
            for (int64_t k = 0; k < t->oc * xi; k++) {
                products[k] += u[c * t->oc * xi + k] * v[k % xi];
            }
        }
        add_errors(t, image, y, x, products);
    }
    free(products);
    free(u);
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

static bool is_wide(const HelpNaiveLayer *l, int i)
{
    return l->ic >= 16 && (i > 0 || l->ic % 16 == 0);
}

static int64_t n_tiles(int64_t h, int64_t w, int64_t tile)
{
    return (h + tile - 1) / tile * ((w + tile - 1) / tile);
}

static Matrices matrices_for(int64_t h, int64_t w)
{
    return 3 * n_tiles(h, w, 4) <= n_tiles(h, w, 2) ? of_four() : of_two;
}

void help_naive_winograd_forward(const HelpNaive *net, int i, const HelpNumbers *in)
{
    HelpNaiveLayer *l = &net->layers[i];
    int64_t step = is_under_pool(net, i) ? 2 : 1;
    Tiles t = {.m = matrices_for(l->oh / step * step, l->ow / step * step),
               .in = in,
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
    if (is_3x3(l) && is_wide(l, i)) {
        all_tiles(&t);
    }
}

/* The data gradient is a convolution with the filter turned by half a turn. */
void help_naive_winograd_backward(const HelpNaive *net, int i, HelpNumbers *dx)
{
    const HelpNaiveLayer *l = &net->layers[i];
    int64_t tap = l->ic * l->oc;
    Tiles t = {.m = matrices_for(l->ih, l->iw),
               .in = &l->dpre,
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

/* Sums over tiles of |A||dy||A|^T * |B|^T|d||B| for one channel and output. */
static void add_tiles(const HelpNaive *net, const HelpNaiveLayer *l, const HelpNumbers *in,
                      const Matrices *m, int64_t c, int64_t o, double sums[ENTRIES_MAX])
{
    for (int64_t image = 0; image < net->n; image++) {
        for (int64_t y = 0; y < l->oh; y += 4) {
            for (int64_t x = 0; x < l->ow; x += 4) {
                double d[ENTRIES_MAX];
                double v[ENTRIES_MAX];
                double dy[16];
                double t[ENTRIES_MAX];
                patch(in, l->ih, l->iw, l->ic, image, y - l->top, x - l->left, c, 6, d);
                patch(&l->dpre, l->oh, l->ow, l->oc, image, y, x, o, 4, dy);
                both_sides(m->b, 6, 6, false, d, v);
                both_sides(m->a, 6, 4, false, dy, t);
                for (int i = 0; i < ENTRIES_MAX; i++) {
                    sums[i] += v[i] * t[i];
                }
            }
        }
    }
}

void help_naive_winograd_weights(const HelpNaive *net, int i, const HelpNumbers *in)
{
    HelpNaiveLayer *l = &net->layers[i];
    int64_t tiles = n_tiles(l->oh, l->ow, 4);
    if (!is_3x3(l) || !is_wide(l, i) || is_under_pool(net, i) || 6 * tiles >= l->oh * l->ow) {
        return;
    }
    Matrices m = of_four();
    double gamma = help_float_gamma((double)(net->n * tiles + net->n / LM_BLOCK) + 21 + LM_CHAINS);
    for (int64_t k = 0; k < l->ic * l->oc; k++) {
        double sums[ENTRIES_MAX] = {0};
        double sizes[9];
        add_tiles(net, l, in, &m, k / l->oc, k % l->oc, sums);
        both_sides(m.g, 6, 3, true, sums, sizes);
        for (int64_t tap = 0; tap < 9; tap++) {
            l->dkernel.e[tap * l->ic * l->oc + k] += gamma * sizes[tap];
        }
    }
}
