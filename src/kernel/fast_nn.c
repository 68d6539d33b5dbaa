/* The network's loops, vectorised across channels; ref_nn.c states the order of operations. */
#include <math.h>

#include "kernel/math.h"
#include "kernel/nn_kernels.h"
#include "kernel/vec.h"

LM_INLINE float *at(const LmMap *m, int64_t n, int64_t y, int64_t x)
{
    return m->data + n * m->img + y * m->row + x * m->col;
}

#define FOR_POSITIONS(m, n)                                                                        \
    for (int64_t in = 0; in < (n); in++)                                                           \
        for (int64_t iy = 0; iy < (m)->h; iy++)                                                    \
            for (int64_t ix = 0; ix < (m)->w; ix++)

#define FOR_CHANNELS(m) for (int64_t c = 0; c < (m)->cs; c += VF_LANES)

/* Largest of channel lanes c.. over the window at p; the earlier one where equal. */
LM_INLINE vf window_max(const float *p, const LmMap *x, const LmWindow *win)
{
    vf best = vf_load(p);
    for (int64_t ky = 0; ky < win->kh; ky++) {
        for (int64_t kx = 0; kx < win->kw; kx++) {
            best = vf_max(vf_load(p + ky * x->row + kx * x->col), best);
        }
    }
    return best;
}

static LM_KERNEL void maxpool(const LmMap *y, const LmMap *x, const LmWindow *win, int64_t n)
{
    FOR_POSITIONS(y, n)
    {
        const float *p = at(x, in, iy * win->sh, ix * win->sw);
        float *q = at(y, in, iy, ix);
        FOR_CHANNELS(y)
        {
            vf_store(q + c, window_max(p + c, x, win));
        }
    }
}

static void clear(const LmMap *m, int64_t n)
{
    FOR_POSITIONS(m, n)
    {
        float *p = at(m, in, iy, ix);
        FOR_CHANNELS(m)
        {
            vf_store(p + c, vf_zero());
        }
    }
}

/* Adds g to the first position of the window at d whose x equals the maximum. A lane is done once
 * its gradient went out: what is left of g is then 0, and adding 0 changes nothing. */
LM_INLINE void route(float *d, const LmMap *dx, const float *p, const LmMap *x, vf best, vf g,
                     const LmWindow *win)
{
    for (int64_t ky = 0; ky < win->kh; ky++) {
        for (int64_t kx = 0; kx < win->kw; kx++) {
            float *to = d + ky * dx->row + kx * dx->col;
            vf here = vf_where_eq(vf_load(p + ky * x->row + kx * x->col), best, g);
            vf_store(to, vf_add(vf_load(to), here));
            g = vf_sub(g, here);
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
        const float *top = at(y, in, iy, ix);
        const float *g = at(dy, in, iy, ix);
        float *d = at(dx, in, iy * win->sh, ix * win->sw);
        FOR_CHANNELS(dy)
        {
            vf best = vf_load(top + c);
            vf gv = vf_load(g + c);
            gv = is_relu ? vf_where_gt(best, vf_zero(), gv) : gv;
            route(d + c, dx, p + c, x, best, gv, win);
        }
    }
}

static LM_KERNEL void avgpool(const LmMap *y, const LmMap *x, const LmWindow *win, int64_t n)
{
    vf scale = vf_set(1.0f / (float)(win->kh * win->kw));
    FOR_POSITIONS(y, n)
    {
        const float *p = at(x, in, iy * win->sh, ix * win->sw);
        float *q = at(y, in, iy, ix);
        FOR_CHANNELS(y)
        {
            vf sum = vf_zero();
            for (int64_t ky = 0; ky < win->kh; ky++) {
                for (int64_t kx = 0; kx < win->kw; kx++) {
                    sum = vf_add(sum, vf_load(p + ky * x->row + kx * x->col + c));
                }
            }
            vf_store(q + c, vf_mul(sum, scale));
        }
    }
}

static LM_KERNEL void avgpool_backward(const LmMap *dx, const LmMap *dy, const LmWindow *win,
                                       int64_t n)
{
    vf scale = vf_set(1.0f / (float)(win->kh * win->kw));
    clear(dx, n);
    FOR_POSITIONS(dy, n)
    {
        float *d = at(dx, in, iy * win->sh, ix * win->sw);
        const float *g = at(dy, in, iy, ix);
        FOR_CHANNELS(dy)
        {
            vf share = vf_mul(vf_load(g + c), scale);
            for (int64_t ky = 0; ky < win->kh; ky++) {
                for (int64_t kx = 0; kx < win->kw; kx++) {
                    float *to = d + ky * dx->row + kx * dx->col + c;
                    vf_store(to, vf_add(vf_load(to), share));
                }
            }
        }
    }
}

/* Maps whose pixels lie side by side can be walked as maps of one wide pixel a row. */
LM_INLINE bool are_rows(const LmMap *a, const LmMap *b, const LmMap *c)
{
    return a->col == a->cs && b->col == a->cs && c->col == a->cs;
}

LM_INLINE LmMap as_row(const LmMap *m, bool is_row)
{
    LmMap r = *m;
    r.cs = is_row ? m->w * m->cs : m->cs;
    r.w = is_row ? 1 : m->w;
    return r;
}

#define BACKWARD(name, expr)                                                                       \
    static LM_KERNEL void name(const LmMap *dx, const LmMap *dy, const LmMap *y, int64_t n)        \
    {                                                                                              \
        LmMap to = as_row(dx, are_rows(dx, dy, y));                                                \
        FOR_POSITIONS(&to, n)                                                                      \
        {                                                                                          \
            float *out = at(&to, in, iy, ix);                                                      \
            const float *g = at(dy, in, iy, ix);                                                   \
            const float *act = at(y, in, iy, ix);                                                  \
            FOR_CHANNELS(&to)                                                                      \
            {                                                                                      \
                vf d = vf_load(g + c);                                                             \
                vf v = vf_load(act + c);                                                           \
                vf_store(out + c, (expr));                                                         \
            }                                                                                      \
        }                                                                                          \
    }

BACKWARD(relu_backward, vf_where_gt(v, vf_zero(), d))
BACKWARD(tanh_backward, vf_mul(d, vf_sub(vf_set(1), vf_mul(v, v))))
BACKWARD(sigmoid_backward, vf_mul(d, vf_mul(v, vf_sub(vf_set(1), v))))

static LM_KERNEL void relu(const LmMap *y, const LmMap *x, int64_t n)
{
    FOR_POSITIONS(y, n)
    {
        const float *p = at(x, in, iy, ix);
        float *q = at(y, in, iy, ix);
        FOR_CHANNELS(y)
        {
            vf_store(q + c, vf_max(vf_zero(), vf_load(p + c)));
        }
    }
}

#define FORWARD(name, expr)                                                                        \
    static LM_KERNEL void name(const LmMap *y, const LmMap *x, int64_t n)                          \
    {                                                                                              \
        FOR_POSITIONS(y, n)                                                                        \
        {                                                                                          \
            const float *p = at(x, in, iy, ix);                                                    \
            float *q = at(y, in, iy, ix);                                                          \
            for (int64_t c = 0; c < y->cs; c++) {                                                  \
                double v = (double)p[c];                                                           \
                q[c] = (float)(expr);                                                              \
            }                                                                                      \
        }                                                                                          \
    }

FORWARD(tanh_forward, lm_math_tanh(v))
FORWARD(sigmoid_forward, lm_math_sigmoid(v))

static LM_KERNEL void sum_positions(float *sums, const LmMap *x, int64_t n)
{
    FOR_CHANNELS(x)
    {
        vf sum = vf_load(sums + c);
        FOR_POSITIONS(x, n)
        {
            sum = vf_add(sum, vf_load(at(x, in, iy, ix) + c));
        }
        vf_store(sums + c, sum);
    }
}

/* N pixels from (y, x) on, channels c to c + VF_LANES - 1, of which those of `keep` above 0 exist.
 */
LM_INLINE void fold_pixels(const LmMap *dx, const LmFold *f, int64_t y, int64_t x, int64_t c,
                           vf keep, const int N)
{
    int64_t oy = y + f->top;
    int64_t ky = LM_MAX(oy - (f->rows - 1), (int64_t)0);
    int64_t end = LM_MIN(oy + 1, f->kh);
    vf acc[4];
    LM_UNROLL
    for (int i = 0; i < N; i++) {
        acc[i] = vf_zero();
    }
    for (; ky < end; ky++) {
        const float *p =
            f->t + ((oy - ky) * f->cols + x + f->left) * f->ld + ky * f->kw * f->ic + c;
        for (int64_t kx = 0; kx < f->kw; kx++) {
            LM_UNROLL
            for (int i = 0; i < N; i++) {
                acc[i] = vf_add(acc[i], vf_load(p + i * f->ld));
            }
            p += f->ic - f->ld;
        }
    }
    LM_UNROLL
    for (int i = 0; i < N; i++) {
        vf_store(at(dx, 0, y, x + i) + c, vf_where_gt(keep, vf_zero(), acc[i]));
    }
}

static LM_KERNEL void fold(const LmMap *dx, const LmFold *f)
{
    float exists[16];
    for (int64_t c = 0; c < 16; c++) {
        exists[c] = c < f->ic;
    }
    for (int64_t y = 0; y < dx->h; y++) {
        for (int64_t c = 0; c < 16; c += VF_LANES) {
            vf keep = vf_load(exists + c);
            int64_t x = 0;
            for (; x + 4 <= dx->w; x += 4) {
                fold_pixels(dx, f, y, x, c, keep, 4);
            }
            for (; x < dx->w; x++) {
                fold_pixels(dx, f, y, x, c, keep, 1);
            }
        }
    }
}

/* The loops below are element by element: a vector body, then the same operations one at a time. */

static LM_KERNEL void add(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf_store(y + i, vf_add(vf_load(y + i), vf_load(x + i)));
    }
    for (; i < n; i++) {
        y[i] += x[i];
    }
}

/* Rows in the inner loop: neighbouring blocks complete the lines of `to` while they are near. */
static LM_KERNEL void transpose(float *to, int64_t to_ld, const float *from, int64_t from_ld,
                                int64_t rows, int64_t cols)
{
    int64_t rows8 = rows / 8 * 8;
    int64_t cols8 = cols / 8 * 8;
    for (int64_t j = 0; j < cols8; j += 8) {
        for (int64_t i = 0; i < rows8; i += 8) {
            v8x8_transpose(to + j * to_ld + i, to_ld, from + i * from_ld + j, from_ld);
        }
    }
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = i < rows8 ? cols8 : 0; j < cols; j++) {
            to[j * to_ld + i] = from[i * from_ld + j];
        }
    }
}

LM_INLINE void adam_vec(float *w, float *m, float *v, const float *g, const LmAdamStep *s)
{
    vf wv = vf_load(w);
    vf gv = vf_load(g);
    wv = vf_sub(wv, vf_mul(vf_set(s->decay), wv));
    vf mv = vf_fma(vf_set(s->one_minus_beta1), gv, vf_mul(vf_set(s->beta1), vf_load(m)));
    vf g2 = vf_mul(vf_set(s->one_minus_beta2), gv);
    vf vv = vf_fma(g2, gv, vf_mul(vf_set(s->beta2), vf_load(v)));
    vf step = vf_div(vf_mul(vf_set(s->rate), mv), vf_add(vf_sqrt(vv), vf_set(s->epsilon)));
    vf_store(m, mv);
    vf_store(v, vv);
    vf_store(w, vf_sub(wv, step));
}

static LM_KERNEL void adam(float *w, float *m, float *v, const float *g, size_t n,
                           const LmAdamStep *s)
{
    size_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) {
        adam_vec(w + i, m + i, v + i, g + i, s);
    }
    for (; i < n; i++) {
        w[i] -= s->decay * w[i];
        m[i] = fmaf(s->one_minus_beta1, g[i], s->beta1 * m[i]);
        v[i] = fmaf(s->one_minus_beta2 * g[i], g[i], s->beta2 * v[i]);
        w[i] -= s->rate * m[i] / (sqrtf(v[i]) + s->epsilon);
    }
}

static LM_KERNEL void sgd(float *w, float *v, const float *g, size_t n, const LmSgdStep *s)
{
    size_t i = 0;
    vf momentum = vf_set(s->momentum);
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf step = vf_sub(vf_set(-0.0f), vf_mul(vf_set(s->rate), vf_load(g + i)));
        if (v != NULL) {
            vf vv = vf_fma(momentum, vf_load(v + i), step);
            vf_store(v + i, vv);
            step = s->is_nesterov ? vf_fma(momentum, vv, step) : vv;
        }
        vf_store(w + i, vf_add(vf_load(w + i), step));
    }
    for (; i < n; i++) {
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
    size_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) {
        vf gv = vf_load(g + i);
        vf g2 = vf_mul(vf_set(s->one_minus_rho), gv);
        vf vv = vf_fma(g2, gv, vf_mul(vf_set(s->rho), vf_load(v + i)));
        vf step = vf_div(vf_mul(vf_set(s->rate), gv), vf_add(vf_sqrt(vv), vf_set(s->epsilon)));
        vf_store(v + i, vv);
        if (m != NULL) {
            step = vf_fma(vf_set(s->momentum), vf_load(m + i), step);
            vf_store(m + i, step);
        }
        vf_store(w + i, vf_sub(vf_load(w + i), step));
    }
    for (; i < n; i++) {
        v[i] = fmaf(s->one_minus_rho * g[i], g[i], s->rho * v[i]);
        float step = s->rate * g[i] / (sqrtf(v[i]) + s->epsilon);
        if (m != NULL) {
            m[i] = fmaf(s->momentum, m[i], step);
            step = m[i];
        }
        w[i] -= step;
    }
}

const LmNnKernels LM_VARIANT(lm_nn_kernels) = {
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
