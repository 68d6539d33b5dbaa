/* The network's other loops: pooling, activations, bias gradients, optimizers.
 *
 * Channel counts here are padded ones (multiples of 16), maps are given by strides in floats, and
 * outputs never overlap inputs unless a function says "in place".
 */
#ifndef LM_NN_KERNELS_H
#define LM_NN_KERNELS_H

#include "kernel/kernel.h"

/* A stack of n images inside a larger buffer; `data` is the first pixel of the first image. */
typedef struct LmMap {
    float *data;
    int64_t img; /* floats from an image to the next, from a row to the next, from a column to the
                    next */
    int64_t row;
    int64_t col;
    int64_t h, w;
    int64_t cs; /* channels, padded */
} LmMap;

typedef struct LmWindow {
    int64_t kh, kw;
    int64_t sh, sw;
} LmWindow;

typedef struct LmAdamStep {
    float rate; /* bias corrections included */
    float beta1, one_minus_beta1;
    float beta2, one_minus_beta2;
    float epsilon;
    float decay; /* w -= decay * w first; 0: none */
} LmAdamStep;

typedef struct LmSgdStep {
    float rate;
    float momentum;
    bool is_nesterov;
} LmSgdStep;

typedef struct LmRmspropStep {
    float rate;
    float rho, one_minus_rho;
    float epsilon;
    float momentum;
} LmRmspropStep;

/* Products of a convolution's output positions with its filter: position (oy, ox) has at
 * t[(oy * cols + ox) * ld + tap * ic + c] what it gives to the input under each tap. */
typedef struct LmFold {
    const float *t; /* at output (0, 0); `before` columns of zeros lie on its left, others behind */
    int64_t rows, cols; /* of outputs; `cols` from a row to the next, zeros included */
    int64_t ld;
    int64_t ic; /* at most 16; 16 floats may be read at each tap */
    int64_t kh, kw;
    int64_t top, left; /* padding */
} LmFold;

struct LmNnKernels {
    /* y = the largest of each window of x, first one (row by row) where equal. */
    void (*maxpool)(const LmMap *y, const LmMap *x, const LmWindow *win, int64_t n);
    /* dx = dy where x is its window's maximum (the first one), else 0; with is_relu also 0 where
     * the maximum is not above 0. Windows may overlap (gradients add up, windows in row-major
     * order). Writes all of dx's h x w positions. */
    void (*maxpool_backward)(const LmMap *dx, const LmMap *dy, const LmMap *x, const LmMap *y,
                             const LmWindow *win, int64_t n, bool is_relu);
    /* y = sum of the window (row by row) * (1 / size of the window); and its gradient. */
    void (*avgpool)(const LmMap *y, const LmMap *x, const LmWindow *win, int64_t n);
    void (*avgpool_backward)(const LmMap *dx, const LmMap *dy, const LmWindow *win, int64_t n);

    /* In place over the maps: x = 0 > x ? 0 : x; dy = y > 0 ? dy : 0. */
    void (*relu)(const LmMap *y, const LmMap *x, int64_t n);
    void (*relu_backward)(const LmMap *dx, const LmMap *dy, const LmMap *y, int64_t n);
    /* y = tanh(x), y = 1 / (1 + exp(-x)), worked out in double and rounded once (kernel/math.h). */
    void (*tanh_forward)(const LmMap *y, const LmMap *x, int64_t n);
    void (*sigmoid_forward)(const LmMap *y, const LmMap *x, int64_t n);
    /* dx = dy * (1 - y*y); dx = dy * (y * (1 - y)). */
    void (*tanh_backward)(const LmMap *dx, const LmMap *dy, const LmMap *y, int64_t n);
    void (*sigmoid_backward)(const LmMap *dx, const LmMap *dy, const LmMap *y, int64_t n);

    /* sums[j] += x[..][j] over all positions of all images in order. */
    void (*sum_positions)(float *sums, const LmMap *x, int64_t n);
    /* One image's dx (h x w x 16): dx(y, x)[c] = the sum over taps, row by row, of what the output
     * (y + top - ky, x + left - kx) gives; rows of outputs that do not exist are left out, columns
     * are zeros in t. Channels from ic on become 0. */
    void (*fold)(const LmMap *dx, const LmFold *f);
    /* y[i] += x[i] */
    void (*add)(float *y, const float *x, size_t n);
    /* to[j * to_ld + i] = from[i * from_ld + j], i in [0, rows), j in [0, cols). */
    void (*transpose)(float *to, int64_t to_ld, const float *from, int64_t from_ld, int64_t rows,
                      int64_t cols);

    /* m = fma(1-b1, g, b1*m); v = fma((1-b2)*g, g, b2*v); w -= rate*m / (sqrt(v) + epsilon). */
    void (*adam)(float *w, float *m, float *v, const float *g, size_t n, const LmAdamStep *s);
    /* v = fma(momentum, v, -(rate*g)); w += v, or w += fma(momentum, v, -(rate*g)) for nesterov.
     * v may be NULL when momentum is 0: w -= rate*g. */
    void (*sgd)(float *w, float *v, const float *g, size_t n, const LmSgdStep *s);
    /* v = fma((1-rho)*g, g, rho*v); u = rate*g / (sqrt(v) + epsilon); with momentum m =
     * fma(momentum, m, u), u = m; w -= u. m may be NULL when momentum is 0. */
    void (*rmsprop)(float *w, float *m, float *v, const float *g, size_t n, const LmRmspropStep *s);
};

#endif
