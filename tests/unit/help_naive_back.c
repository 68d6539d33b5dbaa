/* The backward pass of a naive network. */
#include "help_test.h"

#include "help_naive_impl.h"
#include "nn/net.h"

static void clear(HelpNumbers *x)
{
    memset(x->v, 0, (size_t)x->n * sizeof *x->v);
    memset(x->e, 0, (size_t)x->n * sizeof *x->e);
}

/* z off by at most m each leaves every p within the factor e^(2m), and the loss within 2m; dz is
 * rounded once. */
double help_naive_cross_entropy(HelpNaive *net, const int32_t *labels, double *off)
{
    const HelpNumbers *z = help_naive_outputs(net);
    HelpNumbers *dz = &net->layers[net->n_layers - 1].dout;
    int64_t k = z->n / net->n;
    double loss = 0;
    *off = 0;
    for (int64_t i = 0; i < net->n; i++) {
        double sum = 0;
        double m = 0;
        for (int64_t j = 0; j < k; j++) {
            sum += exp(z->v[i * k + j]);
            m = fmax(m, z->e[i * k + j]);
        }
        loss += log(sum) - z->v[i * k + labels[i]];
        *off += 2 * m;
        for (int64_t j = 0; j < k; j++) {
            double p = exp(z->v[i * k + j]) / sum;
            double d = (p - (j == labels[i])) / (double)net->n;
            dz->v[i * k + j] = d;
            dz->e[i * k + j] = (p * expm1(2 * m) / (double)net->n + U * fabs(d)) * SLACK;
        }
    }
    *off = *off / (double)net->n + 1e-12;
    return loss / (double)net->n;
}

void help_naive_set_output_grad(HelpNaive *net, const float *dz)
{
    HelpNumbers *to = &net->layers[net->n_layers - 1].dout;
    for (int64_t i = 0; i < to->n; i++) {
        to->v[i] = (double)dz[i];
        to->e[i] = 0;
    }
}

/* dout to dpre. The engine works with its own y, off by e_y. */
static void activation_backward(HelpNaiveLayer *l)
{
    for (int64_t i = 0; i < l->pre.n; i++) {
        double d = l->dout.v[i];
        double e = l->dout.e[i];
        double y = l->out.v[i];
        double ey = l->out.e[i];
        if (l->act == LM_ACT_RELU) {
            bool is_open = l->pre.v[i] > 0;
            bool is_clear = l->pre.e[i] == 0 || fabs(l->pre.v[i]) > l->pre.e[i];
            e = is_clear ? (is_open ? e : 0) : fabs(d) + e;
            d = is_open ? d : 0;
        } else if (l->act == LM_ACT_TANH) {
            double slope = 1 - y * y;
            e = (e * fabs(slope) + (fabs(d) + e) * ey * (2 * fabs(y) + ey) +
                 fabs(d) * (U * y * y + 2 * U * fabs(slope))) *
                SLACK;
            d *= slope;
        } else if (l->act == LM_ACT_SIGMOID) {
            double slope = y * (1 - y);
            e = (e * slope + (fabs(d) + e) * ey * (fabs(1 - 2 * y) + ey) +
                 3 * U * fabs(d) * slope) *
                SLACK;
            d *= slope;
        }
        l->dpre.v[i] = d;
        l->dpre.e[i] = e;
    }
}

/* Adds a * b with its error to a sum; `size` collects what the roundings are relative to. */
static void add_product(double *sum, double *err, double *size, double a, double ea, double b,
                        double eb)
{
    *sum += a * b;
    *err += fabs(a) * eb + fabs(b) * ea + ea * eb;
    *size += (fabs(a) + ea) * (fabs(b) + eb);
}

/* Outputs of channel o whose gradient is not 0 for sure: adding a product with 0 rounds nothing. */
static double n_terms(const HelpNaive *net, const HelpNaiveLayer *l, int64_t o)
{
    double n = 0;
    for (int64_t i = 0; i < n_places(net, l); i++) {
        n += l->dpre.v[i * l->oc + o] != 0 || l->dpre.e[i * l->oc + o] != 0;
    }
    return n;
}

/* dkernel = sum of x * dy, dbias = sum of dy, over all positions of all images: a rounding a term,
 * and those of adding up to LM_CHAINS parts. */
static void weights_backward(const HelpNaive *net, HelpNaiveLayer *l, const HelpNumbers *in)
{
    double *size = calloc((size_t)(l->dkernel.n + l->dbias.n), sizeof *size);
    assert_non_null(size);
    clear(&l->dkernel);
    clear(&l->dbias);
    for (int64_t i = 0; i < n_places(net, l) * l->oc; i++) {
        Place p = place_of(l, i / l->oc);
        int64_t o = i % l->oc;
        double d = l->dpre.v[i];
        double e = l->dpre.e[i];
        if (d == 0 && e == 0) {
            continue;
        }
        add_product(&l->dbias.v[o], &l->dbias.e[o], &size[l->dkernel.n + o], d, e, 1, 0);
        FOR_WINDOW(p)
        {
            int64_t at = pixel(l, &p, ky, kx);
            for (int64_t c = 0; c < l->ic; c++) {
                int64_t w = ((ky * l->kw + kx) * l->ic + c) * l->oc + o;
                add_product(&l->dkernel.v[w], &l->dkernel.e[w], &size[w], in->v[at + c],
                            in->e[at + c], d, e);
            }
        }
    }
    for (int64_t o = 0; o < l->oc; o++) {
        double gamma = help_float_gamma(n_terms(net, l, o) + LM_CHAINS + 1);
        l->dbias.e[o] += gamma * size[l->dkernel.n + o];
        for (int64_t w = o; w < l->dkernel.n; w += l->oc) {
            l->dkernel.e[w] += gamma * size[w];
        }
    }
    free(size);
}

/* dx = sum of w * dy over the outputs that saw x; terms whose dy is 0 for sure round nothing. */
static void data_backward(const HelpNaive *net, const HelpNaiveLayer *l, HelpNumbers *dx)
{
    double *size = calloc(2 * (size_t)dx->n, sizeof *size);
    assert_non_null(size);
    double *n_terms = size + dx->n;
    for (int64_t i = 0; i < n_places(net, l) * l->oc; i++) {
        Place p = place_of(l, i / l->oc);
        double d = l->dpre.v[i];
        double e = l->dpre.e[i];
        if (d == 0 && e == 0) {
            continue;
        }
        FOR_WINDOW(p)
        {
            int64_t at = pixel(l, &p, ky, kx);
            for (int64_t c = 0; c < l->ic; c++) {
                double w = l->kernel.v[((ky * l->kw + kx) * l->ic + c) * l->oc + i % l->oc];
                add_product(&dx->v[at + c], &dx->e[at + c], &size[at + c], w, 0, d, e);
                n_terms[at + c]++;
            }
        }
    }
    for (int64_t i = 0; i < dx->n; i++) {
        dx->e[i] += help_float_gamma(n_terms[i] + 1) * size[i];
    }
    free(size);
}

/* The first largest takes dy; every number that could be it in float gets dy as its bound. */
static void maxpool_backward(const HelpNaive *net, const HelpNaiveLayer *l, const HelpNumbers *in,
                             HelpNumbers *dx)
{
    double gamma = help_float_gamma((double)(l->kh * l->kw));
    for (int64_t i = 0; i < n_places(net, l) * l->ic; i++) {
        Place p = place_of(l, i / l->ic);
        int64_t c = i % l->ic;
        int64_t best = pixel(l, &p, 0, 0) + c;
        double d = l->dpre.v[i];
        double e = l->dpre.e[i] + gamma * (fabs(d) + l->dpre.e[i]);
        FOR_WINDOW(p)
        {
            int64_t at = pixel(l, &p, ky, kx) + c;
            best = in->v[at] > in->v[best] ? at : best;
        }
        bool is_clear = true;
        FOR_WINDOW(p)
        {
            int64_t at = pixel(l, &p, ky, kx) + c;
            double unsure = in->e[at] + in->e[best];
            if (at != best && unsure > 0 && in->v[at] + unsure >= in->v[best]) {
                is_clear = false;
                dx->e[at] += fabs(d) + e;
            }
        }
        dx->v[best] += d;
        dx->e[best] += is_clear ? e : fabs(d) + e;
    }
}

static void avgpool_backward(const HelpNaive *net, const HelpNaiveLayer *l, HelpNumbers *dx)
{
    double k = (double)(l->kh * l->kw);
    double gamma = help_float_gamma(k + 2);
    for (int64_t i = 0; i < n_places(net, l) * l->ic; i++) {
        Place p = place_of(l, i / l->ic);
        FOR_WINDOW(p)
        {
            int64_t at = pixel(l, &p, ky, kx) + i % l->ic;
            double e = l->dpre.e[i];
            dx->v[at] += l->dpre.v[i] / k;
            dx->e[at] += (e + gamma * (fabs(l->dpre.v[i]) + e)) / k;
        }
    }
}

void help_naive_backward(HelpNaive *net)
{
    for (int i = net->n_layers - 1; i >= 0; i--) {
        HelpNaiveLayer *l = &net->layers[i];
        activation_backward(l);
        if (is_sum(l)) {
            weights_backward(net, l, input_of(net, i));
            help_naive_winograd_weights(net, i, input_of(net, i));
        }
        if (i == 0) {
            return;
        }
        HelpNumbers *dx = &net->layers[i - 1].dout;
        clear(dx);
        if (is_sum(l)) {
            data_backward(net, l, dx);
            help_naive_winograd_backward(net, i, dx);
        } else if (l->spec.kind == LM_LAYER_MAXPOOL) {
            maxpool_backward(net, l, input_of(net, i), dx);
        } else if (is_pool(l)) {
            avgpool_backward(net, l, dx);
        } else if (l->spec.kind == LM_LAYER_DROPOUT) {
            help_naive_drop(net, l, i, net->step, dx, &l->dpre);
        } else {
            copy(dx, &l->dpre);
        }
    }
}
