/* The network's loops, naively: the definition of their order of operations. */
#include <math.h>

#include "kernel/math.h"
#include "kernel/nn_kernels.h"

static float *at(const LmMap *m, int64_t n, int64_t y, int64_t x)
{
    return m->data + n * m->img + y * m->row + x * m->col;
}

/* Calls the body for every position of n images of map `m`. */
#define FOR_POSITIONS(m, n)                                                                        \
    for (int64_t in = 0; in < (n); in++)                                                           \
        for (int64_t iy = 0; iy < (m)->h; iy++)                                                    \
            for (int64_t ix = 0; ix < (m)->w; ix++)

/* Position of channel c's maximum in the window whose first pixel is p; the first where equal. */
static int64_t argmax(const float *p, const LmMap *x, const LmWindow *win)
{
    int64_t best = 0;
    for (int64_t ky = 0; ky < win->kh; ky++) {
        for (int64_t kx = 0; kx < win->kw; kx++) {
            int64_t offset = ky * x->row + kx * x->col;
            if (p[offset] > p[best]) {
                best = offset;
            }
        }
    }
    return best;
}

static LM_KERNEL void maxpool(const LmMap *y, const LmMap *x, const LmWindow *win, int64_t n)
{
    FOR_POSITIONS(y, n)
    {
        const float *p = at(x, in, iy * win->sh, ix * win->sw);
        for (int64_t c = 0; c < y->cs; c++) {
            at(y, in, iy, ix)[c] = p[c + argmax(p + c, x, win)];
        }
    }
}

static void clear(const LmMap *m, int64_t n)
{
    FOR_POSITIONS(m, n)
    {
        for (int64_t c = 0; c < m->cs; c++) {
            at(m, in, iy, ix)[c] = 0;
        }
    }
}

static LM_KERNEL void maxpool_backward(const LmMap *dx, const LmMap *dy, const LmMap *x,
                                       const LmMap *y, const LmWindow *win, int64_t n, bool is_relu)
{
    clear(dx, n);
    FOR_POSITIONS(dy, n)
    {
        const float *p = at(x, in, iy * win->sh, ix * win->sw);
        float *d = at(dx, in, iy * win->sh, ix * win->sw);
        for (int64_t c = 0; c < dy->cs; c++) {
            int64_t from = argmax(p + c, x, win);
            /* x and dx differ in strides: the offset is taken apart. */
            int64_t to = from / x->row * dx->row + from % x->row / x->col * dx->col;
            if (!is_relu || at(y, in, iy, ix)[c] > 0) {
                d[to + c] += at(dy, in, iy, ix)[c];
            }
        }
    }
}

static LM_KERNEL void avgpool(const LmMap *y, const LmMap *x, const LmWindow *win, int64_t n)
{
    float scale = 1.0f / (float)(win->kh * win->kw);
    FOR_POSITIONS(y, n)
    {
        const float *p = at(x, in, iy * win->sh, ix * win->sw);
        for (int64_t c = 0; c < y->cs; c++) {
            float sum = 0;
            for (int64_t ky = 0; ky < win->kh; ky++) {
                for (int64_t kx = 0; kx < win->kw; kx++) {
                    sum += p[ky * x->row + kx * x->col + c];
                }
            }
            at(y, in, iy, ix)[c] = sum * scale;
        }
    }
}

static LM_KERNEL void avgpool_backward(const LmMap *dx, const LmMap *dy, const LmWindow *win,
                                       int64_t n)
{
    float scale = 1.0f / (float)(win->kh * win->kw);
    clear(dx, n);
    FOR_POSITIONS(dy, n)
    {
        float *d = at(dx, in, iy * win->sh, ix * win->sw);
        for (int64_t ky = 0; ky < win->kh; ky++) {
            for (int64_t kx = 0; kx < win->kw; kx++) {
                for (int64_t c = 0; c < dy->cs; c++) {
                    d[ky * dx->row + kx * dx->col + c] += at(dy, in, iy, ix)[c] * scale;
                }
            }
        }
    }
}

#define FORWARD(name, expr)                                                                        \
    static LM_KERNEL void name(const LmMap *y, const LmMap *x, int64_t n)                          \
    {                                                                                              \
        FOR_POSITIONS(y, n)                                                                        \
        {                                                                                          \
            for (int64_t c = 0; c < y->cs; c++) {                                                  \
                float v = at(x, in, iy, ix)[c];                                                    \
                at(y, in, iy, ix)[c] = (expr);                                                     \
            }                                                                                      \
        }                                                                                          \
    }

#define BACKWARD(name, expr)                                                                       \
    static LM_KERNEL void name(const LmMap *dx, const LmMap *dy, const LmMap *y, int64_t n)        \
    {                                                                                              \
        FOR_POSITIONS(dx, n)                                                                       \
        {                                                                                          \
            for (int64_t c = 0; c < dx->cs; c++) {                                                 \
                float d = at(dy, in, iy, ix)[c];                                                   \
                float v = at(y, in, iy, ix)[c];                                                    \
                at(dx, in, iy, ix)[c] = (expr);                                                    \
            }                                                                                      \
        }                                                                                          \
    }

FORWARD(relu, 0 > v ? 0 : v)
FORWARD(tanh_forward, (float)lm_math_tanh((double)v))
FORWARD(sigmoid_forward, (float)lm_math_sigmoid((double)v))
BACKWARD(relu_backward, v > 0 ? d : 0)
BACKWARD(tanh_backward, d *(1 - v * v))
BACKWARD(sigmoid_backward, d *(v *(1 - v)))

static LM_KERNEL void sum_positions(float *sums, const LmMap *x, int64_t n)
{
    FOR_POSITIONS(x, n)
    {
        for (int64_t c = 0; c < x->cs; c++) {
            sums[c] += at(x, in, iy, ix)[c];
        }
    }
}

static float fold_sum(const LmFold *f, int64_t y, int64_t x, int64_t c)
{
    float sum = 0;
    for (int64_t ky = 0; ky < f->kh; ky++) {
        for (int64_t kx = 0; kx < f->kw; kx++) {
            int64_t oy = y + f->top - ky;
            int64_t ox = x + f->left - kx;
            if (oy >= 0 && oy < f->rows) {
                sum += f->t[(oy * f->cols + ox) * f->ld + (ky * f->kw + kx) * f->ic + c];
            }
        }
    }
    return sum;
}

static LM_KERNEL void fold(const LmMap *dx, const LmFold *f)
{
    FOR_POSITIONS(dx, 1)
    {
        for (int64_t c = 0; c < dx->cs; c++) {
            at(dx, in, iy, ix)[c] = c < f->ic ? fold_sum(f, iy, ix, c) : 0;
        }
    }
}

static LM_KERNEL void add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        y[i] += x[i];
    }
}

static LM_KERNEL void transpose(float *to, int64_t to_ld, const float *from, int64_t from_ld,
                                int64_t rows, int64_t cols)
{
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            to[j * to_ld + i] = from[i * from_ld + j];
        }
    }
}

static LM_KERNEL void adam(float *w, float *m, float *v, const float *g, size_t n,
                           const LmAdamStep *s)
{
    for (size_t i = 0; i < n; i++) {
        w[i] -= s->decay * w[i];
        m[i] = fmaf(s->one_minus_beta1, g[i], s->beta1 * m[i]);
        v[i] = fmaf(s->one_minus_beta2 * g[i], g[i], s->beta2 * v[i]);
        w[i] -= s->rate * m[i] / (sqrtf(v[i]) + s->epsilon);
    }
}

static LM_KERNEL void sgd(float *w, float *v, const float *g, size_t n, const LmSgdStep *s)
{
    for (size_t i = 0; i < n; i++) {
        float step = -(s->rate * g[i]);
        if (v != NULL) {
            v[i] = fmaf(s->momentum, v[i], step);
            step = s->is_nesterov ? fmaf(s->momentum, v[i], step) : v[i];
        }
        w[i] += step;
    }
}

static LM_KERNEL void rmsprop(float *w, float *m, float *v, const float *g, size_t n,
                              const LmRmspropStep *s)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = fmaf(s->one_minus_rho * g[i], g[i], s->rho * v[i]);
        float step = s->rate * g[i] / (sqrtf(v[i]) + s->epsilon);
        if (m != NULL) {
            m[i] = fmaf(s->momentum, m[i], step);
            step = m[i];
        }
        w[i] -= step;
    }
}

const LmNnKernels lm_nn_kernels_ref = {
    .maxpool = maxpool,
    .maxpool_backward = maxpool_backward,
    .avgpool = avgpool,
    .avgpool_backward = avgpool_backward,
    .relu = relu,
    .relu_backward = relu_backward,
    .tanh_forward = tanh_forward,
    .sigmoid_forward = sigmoid_forward,
    .tanh_backward = tanh_backward,
    .sigmoid_backward = sigmoid_backward,
    .sum_positions = sum_positions,
    .fold = fold,
    .add = add,
    .transpose = transpose,
    .adam = adam,
    .sgd = sgd,
    .rmsprop = rmsprop,
};
