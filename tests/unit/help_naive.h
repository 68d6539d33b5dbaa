/* A network again, in double and with nothing but loops over its definition: what luma's engine is
 * compared with.
 *
 * Beside every number `v` stands `e`, a bound on how far the engine's float for it may be off. It
 * is worked out along with the number, from the errors of what went in (each weighted by the
 * derivative's size) and one relative error u = 2^-24 a rounding; a chain of n fused multiply-adds
 * is within gamma(n) of the sum of its terms' sizes (Higham, section 3.1). Where a maximum or the
 * sign at a relu cannot be told apart within `e`, the bound of the gradient covers both outcomes.
 * So no tolerance is chosen by hand.
 */
#ifndef HELP_NAIVE_H
#define HELP_NAIVE_H

#include "nn/model.h"

typedef struct HelpNumbers {
    int64_t n;
    double *v;
    double *e;
    double unit; /* all are exact multiples of this power of two; 0: not known to be */
} HelpNumbers;

/* out = act(pre), pre = what the layer does to its input, N x H x W x C in all. */
typedef struct HelpNaiveLayer {
    LmLayerSpec spec;
    int64_t ih, iw, ic, oh, ow, oc;
    int64_t kh, kw, sh, sw, top, left;
    LmAct act;
    HelpNumbers kernel; /* kh x kw x ic x oc; a dense layer's window is its whole input */
    HelpNumbers bias;
    HelpNumbers dkernel, dbias;
    HelpNumbers pre, out;
    HelpNumbers dpre, dout;
} HelpNaiveLayer;

typedef struct HelpNaive {
    int64_t n; /* images */
    int64_t h, w, c;
    uint64_t seed;
    int64_t step; /* of training, for dropout */
    int n_layers;
    HelpNaiveLayer *layers;
    HelpNumbers input;
} HelpNaive;

/* Shapes and weights of the model; a softmax or sigmoid at the end is left out, as in the engine.
 */
HelpNaive *help_naive_new(const LmModel *m, int64_t n);
void help_naive_free(HelpNaive *net);

void help_naive_forward(HelpNaive *net, const float *x);
/* The same with dropout as in step `step` of training. */
void help_naive_forward_training(HelpNaive *net, const float *x, int64_t step);
/* Raw outputs, n x n_outputs. */
const HelpNumbers *help_naive_outputs(const HelpNaive *net);

/* Mean cross-entropy of the outputs and how far the engine's may be off; writes its gradient to the
 * outputs' dout. */
double help_naive_cross_entropy(HelpNaive *net, const int32_t *labels, double *off);
/* Takes exact output gradients instead. */
void help_naive_set_output_grad(HelpNaive *net, const float *dz);
/* All gradients from the outputs' dout. */
void help_naive_backward(HelpNaive *net);

/* Whether `got`, rows of `ld` floats, lies within the bounds of x's rows of `cols` numbers; fails
 * the test naming `what` if not. */
void help_naive_check(const HelpNumbers *x, const float *got, int64_t cols, int64_t ld,
                      const char *what);
#endif
