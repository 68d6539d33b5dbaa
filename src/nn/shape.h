/* Shapes through a network: what each layer makes of its input, and why it cannot. */
#ifndef LM_SHAPE_H
#define LM_SHAPE_H

#include "base/error.h"
#include "nn/layer.h"

typedef struct LmShape {
    int64_t h, w, c;
    bool is_flat; /* after flatten, dense, global_avgpool: one row of h*w*c numbers for scripts */
} LmShape;

/* Zero padding in front of rows and columns ("same" puts the odd one behind, as TensorFlow does).
 */
typedef struct LmPad {
    int64_t top, left, bottom, right;
} LmPad;

/* Fills the spec's defaults in, checks its numbers and gives the output shape. Errors do not name
 * the layer; the model adds that. */
LmStatus lm_shape_infer(LmShape *out, LmLayerSpec *spec, const LmShape *in,
                        LmError *err) LM_MUST_CHECK;
LmPad lm_shape_padding(const LmLayerSpec *spec, const LmShape *in, const LmShape *out);

#endif
