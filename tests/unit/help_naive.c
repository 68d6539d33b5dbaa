/* Building a naive network, its forward pass, and comparing with it. */
#include "help_test.h"

#include "help_naive_impl.h"

/* --- shapes and memory --- */

static HelpNumbers numbers(int64_t n)
{
    HelpNumbers x = {.n = n};
    x.v = calloc((size_t)n + 1, sizeof *x.v);
    x.e = calloc((size_t)n + 1, sizeof *x.e);
    assert_true(x.v != NULL && x.e != NULL);
    return x;
}

static void free_numbers(HelpNumbers *x)
{
    free(x->v);
    free(x->e);
}

static void set_window(HelpNaiveLayer *l)
{
    const LmLayerSpec *s = &l->spec;
    bool is_whole = s->kind == LM_LAYER_DENSE || s->kind == LM_LAYER_GLOBAL_AVGPOOL;
    bool has_window = is_sum(l) || is_pool(l);
    l->kh = is_whole ? l->ih : has_window ? s->kh : 1;
    l->kw = is_whole ? l->iw : has_window ? s->kw : 1;
    l->sh = is_whole || !has_window ? 1 : s->sh;
    l->sw = is_whole || !has_window ? 1 : s->sw;
    l->oc = is_sum(l) ? s->units : l->ic;
    if (s->kind == LM_LAYER_CONV && s->is_same) {
        /* ceil(size / stride) outputs; the padding they need, the smaller half in front. */
        l->oh = (l->ih + l->sh - 1) / l->sh;
        l->ow = (l->iw + l->sw - 1) / l->sw;
        l->top = LM_MAX((l->oh - 1) * l->sh + l->kh - l->ih, (int64_t)0) / 2;
        l->left = LM_MAX((l->ow - 1) * l->sw + l->kw - l->iw, (int64_t)0) / 2;
    } else {
        l->oh = (l->ih - l->kh) / l->sh + 1;
        l->ow = (l->iw - l->kw) / l->sw + 1;
    }
}

static LmAct act_of(const LmLayerSpec *s, bool is_last)
{
    LmAct act = s->kind == LM_LAYER_RELU      ? LM_ACT_RELU
                : s->kind == LM_LAYER_TANH    ? LM_ACT_TANH
                : s->kind == LM_LAYER_SIGMOID ? LM_ACT_SIGMOID
                : s->kind == LM_LAYER_SOFTMAX ? LM_ACT_SOFTMAX
                                              : s->act;
    bool is_with_loss = is_last && (act == LM_ACT_SIGMOID || act == LM_ACT_SOFTMAX);
    return is_with_loss ? LM_ACT_NONE : act;
}

static HelpNumbers weight(const LmModel *m, int i)
{
    LmError err;
    LmTensor t;
    assert_ok(lm_model_get_weight(m, i, &t, &err), err);
    HelpNumbers x = numbers(t.count);
    for (int64_t j = 0; j < t.count; j++) {
        x.v[j] = lm_tensor_get(&t, j);
    }
    lm_tensor_fini(&t);
    return x;
}

HelpNaive *help_naive_new(const LmModel *m, int64_t n)
{
    HelpNaive *net = calloc(1, sizeof *net);
    assert_non_null(net);
    int64_t hwc[3];
    lm_model_input(m, hwc);
    *net = (HelpNaive){.n = n,
                       .h = hwc[0],
                       .w = hwc[1],
                       .c = hwc[2],
                       .seed = lm_model_seed(m),
                       .n_layers = lm_model_n_layers(m)};
    net->layers = calloc((size_t)net->n_layers, sizeof *net->layers);
    assert_non_null(net->layers);
    net->input = numbers(n * hwc[0] * hwc[1] * hwc[2]);
    int next_weight = 0;
    for (int i = 0; i < net->n_layers; i++) {
        HelpNaiveLayer *l = &net->layers[i];
        l->spec = *lm_model_layer(m, i);
        l->ih = hwc[0];
        l->iw = hwc[1];
        l->ic = hwc[2];
        set_window(l);
        l->act = act_of(&l->spec, i == net->n_layers - 1);
        if (is_sum(l)) {
            l->kernel = weight(m, next_weight++);
            l->bias = weight(m, next_weight++);
            assert_int_equal(l->kernel.n, l->kh * l->kw * l->ic * l->oc);
            l->dkernel = numbers(l->kernel.n);
            l->dbias = numbers(l->bias.n);
        }
        HelpNumbers *maps[] = {&l->pre, &l->out, &l->dpre, &l->dout};
        for (size_t j = 0; j < LM_ARRAY_LEN(maps); j++) {
            *maps[j] = numbers(n * l->oh * l->ow * l->oc);
        }
        hwc[0] = l->oh;
        hwc[1] = l->ow;
        hwc[2] = l->oc;
    }
    assert_int_equal(hwc[0] * hwc[1] * hwc[2], lm_model_n_outputs(m));
    return net;
}

void help_naive_free(HelpNaive *net)
{
    for (int i = 0; i < net->n_layers; i++) {
        HelpNaiveLayer *l = &net->layers[i];
        HelpNumbers *all[] = {&l->kernel, &l->bias, &l->dkernel, &l->dbias,
                              &l->pre,    &l->out,  &l->dpre,    &l->dout};
        for (size_t j = 0; j < LM_ARRAY_LEN(all); j++) {
            free_numbers(all[j]);
        }
    }
    free_numbers(&net->input);
    free(net->layers);
    free(net);
}

/* --- forward --- */

/* The largest power of two that divides all numbers. */
static double unit_of(const HelpNumbers *x)
{
    double unit = 0;
    for (int64_t i = 0; i < x->n; i++) {
        int exponent;
        uint64_t digits = (uint64_t)ldexp(frexp(fabs(x->v[i]), &exponent), 53);
        if (digits != 0) {
            double own = ldexp(1, exponent - 53 + __builtin_ctzll(digits));
            unit = unit == 0 || own < unit ? own : unit;
        }
    }
    return unit;
}

/* Sums of products are multiples of the product of units; nothing is rounded below 2^24 of that. */
static double sum_unit(const HelpNaiveLayer *l, const HelpNumbers *in)
{
    double unit = in->unit * unit_of(&l->kernel);
    double bias = unit_of(&l->bias);
    return bias > 0 ? fmin(unit, bias) : unit;
}

static void sum_forward(const HelpNaive *net, HelpNaiveLayer *l, const HelpNumbers *in)
{
    double unit = sum_unit(l, in);
    l->pre.unit = unit;
    double gamma = help_float_gamma((double)(l->kh * l->kw * l->ic) + 1);
    for (int64_t i = 0; i < n_places(net, l); i++) {
        Place p = place_of(l, i);
        for (int64_t o = 0; o < l->oc; o++) {
            double sum = l->bias.v[o];
            double size = fabs(sum);
            double carried = 0;
            FOR_WINDOW(p)
            {
                int64_t at = pixel(l, &p, ky, kx);
                const double *w = l->kernel.v + (ky * l->kw + kx) * l->ic * l->oc + o;
                for (int64_t c = 0; c < l->ic; c++) {
                    sum += w[c * l->oc] * in->v[at + c];
                    size += fabs(w[c * l->oc] * in->v[at + c]);
                    carried += fabs(w[c * l->oc]) * in->e[at + c];
                }
            }
            l->pre.v[i * l->oc + o] = sum;
            bool is_exact = carried == 0 && size <= 0x1p24 * unit;
            l->pre.e[i * l->oc + o] = is_exact ? 0 : carried + gamma * (size + carried);
            l->pre.unit = is_exact ? l->pre.unit : 0;
        }
    }
}

/* A maximum is off by no more than the worst of its numbers; a mean by the mean of the errors, k
 * additions and two roundings. */
static void pool_forward(const HelpNaive *net, HelpNaiveLayer *l, const HelpNumbers *in)
{
    bool is_max = l->spec.kind == LM_LAYER_MAXPOOL;
    l->pre.unit = is_max ? in->unit : 0;
    double k = (double)(l->kh * l->kw);
    for (int64_t i = 0; i < n_places(net, l); i++) {
        Place p = place_of(l, i);
        for (int64_t c = 0; c < l->ic; c++) {
            double best = -(double)INFINITY;
            double worst = 0;
            double sum = 0;
            double size = 0;
            double carried = 0;
            FOR_WINDOW(p)
            {
                int64_t at = pixel(l, &p, ky, kx) + c;
                best = in->v[at] > best ? in->v[at] : best;
                worst = fmax(worst, in->e[at]);
                sum += in->v[at];
                size += fabs(in->v[at]) + in->e[at];
                carried += in->e[at];
            }
            l->pre.v[i * l->ic + c] = is_max ? best : sum / k;
            l->pre.e[i * l->ic + c] =
                is_max ? worst : (carried + help_float_gamma(k + 2) * size) / k;
        }
    }
}

void help_naive_drop(const HelpNaive *net, const HelpNaiveLayer *l, int layer_i, int64_t step,
                     HelpNumbers *to, const HelpNumbers *from)
{
    double scale = 1 / (1 - l->spec.rate);
    int64_t padded = (int64_t)lm_base_round_up((size_t)l->oc, 16);
    for (int64_t i = 0; i < net->n; i++) {
        LmRng rng = lm_rng(net->seed, LM_RNG_DROPOUT, (uint64_t)step,
                           (uint64_t)i << 10 | (uint64_t)layer_i);
        for (int64_t j = 0; j < l->oh * l->ow * padded; j++) {
            uint32_t draw = lm_rng_u32(&rng);
            if (j % padded >= l->oc) {
                continue;
            }
            int64_t at = (i * l->oh * l->ow + j / padded) * l->oc + j % padded;
            bool is_kept = (double)draw >= floor(l->spec.rate * 0x1p32);
            to->v[at] = is_kept ? from->v[at] * scale : 0;
            to->e[at] = is_kept ? (from->e[at] * scale + 2 * U * fabs(to->v[at])) * SLACK : 0;
        }
    }
}

/* relu of a number that is negative for sure is 0 for sure. */
static void activate(HelpNaiveLayer *l)
{
    l->out.unit = l->act == LM_ACT_TANH || l->act == LM_ACT_SIGMOID ? 0 : l->pre.unit;
    for (int64_t i = 0; i < l->pre.n; i++) {
        double v = l->pre.v[i];
        double e = l->pre.e[i];
        if (l->act == LM_ACT_RELU) {
            e = v < -e ? 0 : e;
            v = v > 0 ? v : 0;
        } else if (l->act == LM_ACT_TANH) {
            v = tanh(v);
            e = (e + U * fabs(v)) * SLACK;
        } else if (l->act == LM_ACT_SIGMOID) {
            v = 1 / (1 + exp(-v));
            e = (e / 4 + U * v) * SLACK;
        }
        l->out.v[i] = v;
        l->out.e[i] = e;
    }
}

static void forward(HelpNaive *net, const float *x, int64_t step)
{
    for (int64_t i = 0; i < net->input.n; i++) {
        net->input.v[i] = (double)x[i];
    }
    net->input.unit = unit_of(&net->input);
    for (int i = 0; i < net->n_layers; i++) {
        HelpNaiveLayer *l = &net->layers[i];
        if (is_sum(l)) {
            sum_forward(net, l, input_of(net, i));
            help_naive_winograd_forward(net, i, input_of(net, i));
        } else if (is_pool(l)) {
            pool_forward(net, l, input_of(net, i));
        } else if (l->spec.kind == LM_LAYER_DROPOUT && step >= 0) {
            help_naive_drop(net, l, i, step, &l->pre, input_of(net, i));
        } else {
            copy(&l->pre, input_of(net, i));
        }
        activate(l);
    }
}

void help_naive_forward(HelpNaive *net, const float *x)
{
    forward(net, x, -1);
}

void help_naive_forward_training(HelpNaive *net, const float *x, int64_t step)
{
    net->step = step;
    forward(net, x, step);
}

const HelpNumbers *help_naive_outputs(const HelpNaive *net)
{
    return &net->layers[net->n_layers - 1].out;
}

/* --- comparing --- */

void help_naive_check(const HelpNumbers *x, const float *got, int64_t cols, int64_t ld,
                      const char *what)
{
    for (int64_t i = 0; i < x->n; i++) {
        double g = (double)got[i / cols * ld + i % cols];
        if (!(fabs(g - x->v[i]) <= x->e[i] * SLACK + 0x1p-140)) {
            fail_msg("%s[%d, %d]: got %.9g, want %.9g, may be off by %.3g", what, (int)(i / cols),
                     (int)(i % cols), g, x->v[i], x->e[i]);
        }
    }
}
