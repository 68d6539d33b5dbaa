/* Stages: what happens to pixels between the data set and the network, in the order written.
 *
 * A stage is a plain description (kind, scope, axis, numbers) plus, once fitted, its statistics.
 * Stages do not loop over pixels themselves: they compile into a plan (stage/plan.h), in which
 * neighbouring pointwise stages become one pass.
 *
 * Formulas (Keras' ImageDataGenerator, standardize()): center y = x - mean; standardize
 * y = (x - mean) / (std + epsilon), population std. Feature scope: the statistics of the data set
 * the stage was fitted on, as they are at this point of the list; sample scope: of the image
 * itself, over `axis` all (whole image) or channel (each channel alone).
 *
 * Where the std is 0: an image (or channel of it) becomes 0 in sample scope. In feature scope an
 * epsilon of 0 is refused at fit; for axis all and channel y = (x - mean) / epsilon as in Keras;
 * for axis pixel the divisor is 1, because image sets have borders that never vary in training (67
 * positions in MNIST) and 1/epsilon would turn one stray grey level of a test image into 1e6.
 *
 * zca: y = x W with the matrix of stats/whitening.h, x being an image as one row of h*w*c numbers
 * (axis all) or each pixel's c numbers (axis channel); with `is_centered` the mean of each feature
 * is subtracted first, which Keras does not do: there the list has a center stage before it.
 * map: y = table[x], any function of a pixel that depends on its byte in the data set alone; the
 * table stands for all stages up to this one.
 */
#ifndef LM_STAGE_H
#define LM_STAGE_H

#include "base/error.h"
#include "stats/moments.h"
#include "stats/whitening.h"

typedef enum LmStageKind {
    LM_STAGE_RESCALE,
    LM_STAGE_CENTER,
    LM_STAGE_STANDARDIZE,
    LM_STAGE_CLIP,
    LM_STAGE_ZCA,
    LM_STAGE_MAP,
    LM_STAGE_KIND_COUNT
} LmStageKind;

typedef enum LmScope { LM_SCOPE_FEATURE, LM_SCOPE_SAMPLE } LmScope;

typedef struct LmStage {
    LmStageKind kind;
    LmScope scope;        /* center, standardize */
    LmAxis axis;          /* center, standardize, zca; sample scope and zca have no axis pixel */
    double factor;        /* rescale */
    double epsilon;       /* standardize: added to the std; zca: stats/whitening.h; above 0 or 0 */
    double lo, hi;        /* clip; may be infinite */
    bool is_eigen;        /* zca: epsilon is added to eigenvalues */
    bool is_centered;     /* zca */
    int64_t components;   /* zca: directions to keep at most; 0: all */
    int64_t budget_bytes; /* zca: memory a fit may take */
    char where[96];       /* "script.lua:12", or empty: where the user wrote it */
    /* Set by fitting, feature scope only: shape of the images, numbers a statistic has (1, C or
     * H*W*C; 0: not fitted), statistics (owned). std is NULL for center and zca, mean for a zca
     * that is not centered. */
    int64_t shape[3];
    int64_t width;
    double *mean;
    double *std;
    LmWhitening whitening; /* zca; copies of the stage share the matrix */
    /* map: 256 floats, shared by copies; zeroed: not made yet. */
    LmTensor table;
} LmStage;

LmStage lm_stage_rescale(double factor);
LmStage lm_stage_center(LmScope scope, LmAxis axis);
LmStage lm_stage_standardize(LmScope scope, LmAxis axis, double epsilon);
LmStage lm_stage_clip(double lo, double hi);
/* Axis pixel is taken as all. Keras' convention, all directions, a budget of 1 GB. */
LmStage lm_stage_zca(double epsilon, LmAxis axis);
LmStage lm_stage_map(void);

/* Refuses values that make no sense: factor 0 or not finite, epsilon negative, lo >= hi, sample
 * scope with axis pixel. */
LmStatus lm_stage_check(const LmStage *s, LmError *err) LM_MUST_CHECK;
bool lm_stage_needs_fit(const LmStage *s);
bool lm_stage_is_fitted(const LmStage *s); /* true where no fit is needed */
bool lm_stage_is_affine(const LmStage *s); /* the same a*x + b for every image, once fitted */
/* Numbers a statistic over `axis` has for images of this shape: 1, C or H*W*C. */
int64_t lm_stage_width(LmAxis axis, const int64_t hwc[3]);
/* Stores copies of the means and (standardize) stds, lm_stage_width(s->axis, hwc) of each; an older
 * fit is kept on failure. LM_ENUMERIC: one is not finite, or a std is 0 and epsilon too (names it).
 */
LmStatus lm_stage_set_fit(LmStage *s, const int64_t hwc[3], const double *mean, const double *std,
                          LmError *err) LM_MUST_CHECK;
/* A zca stage takes the matrix over (its mean, d = lm_stage_features numbers or NULL, is copied).
 */
int64_t lm_stage_features(const LmStage *s, const int64_t hwc[3]);
LmStatus lm_stage_set_whitening(LmStage *s, const int64_t hwc[3], const double *mean,
                                LmWhitening *whitening, LmError *err) LM_MUST_CHECK;
/* A map stage gets its 256 numbers, copied. LM_ENUMERIC: one is not finite as a float. */
LmStatus lm_stage_set_table(LmStage *s, const double table[256], LmError *err) LM_MUST_CHECK;
/* What a fitted standardize stage divides number j of its statistics by. */
double lm_stage_divisor(const LmStage *s, int64_t j);
/* LM_ESTATE when not fitted ("... call g:fit(dataset) first"); LM_ESHAPE when fitted on images with
 * other channels or, for axis pixel, of another size. */
LmStatus lm_stage_check_ready(const LmStage *s, const int64_t hwc[3], LmError *err) LM_MUST_CHECK;
LmStatus lm_stage_copy(LmStage *out, const LmStage *s, LmError *err) LM_MUST_CHECK;
void lm_stage_fini(LmStage *s);
/* Puts "stage 2 (standardize, script.lua:12)" in front of the message; i counts from 0. */
LmStatus lm_stage_context(const LmStage *s, int i, LmError *err);

/* "rescale", "center", ...; "feature", "sample" */
const char *lm_stage_kind_name(LmStageKind kind);
bool lm_stage_kind_from_name(const char *name, LmStageKind *out);
const char *lm_scope_name(LmScope scope);
bool lm_scope_from_name(const char *name, LmScope *out);
/* "standardize feature, axis all: mean 33.318, std 78.567" */
const char *lm_stage_describe(const LmStage *s, char *buffer, size_t size);

#endif
