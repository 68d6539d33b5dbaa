/* Networks for tests: fixed ones, random ones, and running the engine on a batch by hand. */
#ifndef HELP_NETS_H
#define HELP_NETS_H

#include "base/rng.h"
#include "nn/update.h"

enum { HELP_NETS_LAYERS_MAX = 16 };

typedef struct HelpSpec {
    int64_t h, w, c;
    int n;
    LmLayerSpec layers[HELP_NETS_LAYERS_MAX];
} HelpSpec;

/* 28x28x1: conv 32 3x3 relu, maxpool 2, conv 64 3x3 relu, maxpool 2, flatten, dense 64 relu, dense
 * 10 softmax: 121,930 parameters. */
HelpSpec help_nets_walkthrough(void);
/* 32x32x3: twice conv 32 3x3 same relu, maxpool 2, twice conv 64 3x3 same relu, maxpool 2, flatten,
 * dense 128 relu, dropout 0.5, dense 10 softmax. */
HelpSpec help_nets_colour(void);
/* A small one with every kind of layer and activation, dropout included, for h x w x c and k
 * classes. */
HelpSpec help_nets_every_kind(int64_t h, int64_t w, int64_t c, int64_t k);
/* Up to six layers on small maps: kernels 1..5 of any shape, strides 1..3, both paddings, channels
 * 1..20, overlapping and gapped pools, all activations; valid by construction. */
HelpSpec help_nets_random(LmRng *rng);

/* Builds it and gives biases small random numbers too. */
LmModel *help_nets_model(const HelpSpec *spec, uint64_t seed);

/* Turns a sample's outputs into their gradient. */
typedef void HelpGradFn(void *ctx, int64_t sample, float *z);
/* Forward and backward of n images, block by block in chains as the trainer does; outputs
 * (n x n_outputs) may be NULL. */
void help_nets_run(LmNet *net, const float *x, int64_t n, int64_t step, HelpGradFn *grad, void *ctx,
                   float *outputs);
int help_nets_chains(int64_t n);

/* Gradients after help_nets_run: of every parameter rows x ld floats, in parameter order. */
typedef struct HelpGrads {
    int n;
    float **of;
} HelpGrads;
HelpGrads help_nets_gradients(LmNet *net, int64_t n);
void help_nets_free_gradients(HelpGrads *g);

#endif
