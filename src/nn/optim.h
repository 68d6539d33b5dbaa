/* Optimizers: plain descriptions and their update rules, element by element in float32.
 *
 * sgd: v = momentum*v - rate*g; w += v (nesterov: w += momentum*v - rate*g).
 * adam (Kingma and Ba 2015, algorithm 1, epsilon as in Keras): m = b1*m + (1-b1)*g,
 *   v = b2*v + (1-b2)*g*g, w -= rate * sqrt(1-b2^t)/(1-b1^t) * m / (sqrt(v) + epsilon).
 * adamw (Loshchilov and Hutter 2019): w -= rate*decay*w before adam's step.
 * rmsprop: v = rho*v + (1-rho)*g*g; w -= rate * g / (sqrt(v) + epsilon), with momentum m =
 * momentum*m + that.
 */
#ifndef LM_OPTIM_H
#define LM_OPTIM_H

#include "base/error.h"

typedef enum LmOptimKind {
    LM_OPTIM_SGD,
    LM_OPTIM_ADAM,
    LM_OPTIM_ADAMW,
    LM_OPTIM_RMSPROP
} LmOptimKind;

typedef struct LmOptim {
    LmOptimKind kind;
    double rate; /* > 0 */
    double momentum;
    bool is_nesterov;
    double beta1, beta2, epsilon; /* beta2 is rmsprop's rho */
    double decay;                 /* adamw */
} LmOptim;

/* Defaults as documented: sgd rate 0.01; adam(w) 1e-3, .9, .999, 1e-7, decay 0.004; rmsprop 1e-3,
 * rho .9, 1e-7. */
LmOptim lm_optim_default(LmOptimKind kind);
const char *lm_optim_name(LmOptimKind kind);
/* Numbers out of range: LM_EARG naming option and range. */
LmStatus lm_optim_check(const LmOptim *o, LmError *err) LM_MUST_CHECK;

#endif
