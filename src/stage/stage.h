/* Stages: what happens to pixels between the data set and the network, in the order written.
 *
 * A stage is a plain description (kind, scope, axis, numbers) plus, once fitted, its statistics.
 * Stages do not loop over pixels themselves: they compile into a plan (stage/plan.h), in which
 * neighbouring pointwise stages become one pass.
 *
 * Formulas (Keras' ImageDataGenerator, standardize()): center y = x - mean; standardize
 * y = (x - mean) / (std + epsilon), population std. Feature scope: the statistics of the data set the
 * stage was fitted on, as they are at this point of the list; sample scope: of the image itself,
 * over `axis` all (whole image) or channel (each channel alone).
 */
#ifndef LM_STAGE_H
#define LM_STAGE_H

#include "base/error.h"
#include "stats/moments.h"

typedef enum LmStageKind {
    LM_STAGE_RESCALE,
    LM_STAGE_CENTER,
    LM_STAGE_STANDARDIZE,
    LM_STAGE_CLIP,
    LM_STAGE_KIND_COUNT
} LmStageKind;

typedef enum LmScope { LM_SCOPE_FEATURE, LM_SCOPE_SAMPLE } LmScope;

typedef struct LmStage {
    LmStageKind kind;
    LmScope scope;  /* center, standardize */
    LmAxis axis;    /* center, standardize; sample scope has no axis pixel */
    double factor;  /* rescale */
    double epsilon; /* standardize: added to the std; above 0 or 0 */
    double lo, hi;  /* clip */
    char where[96]; /* "script.lua:12", or empty: where the user wrote it */
    /* Set by fitting, feature scope only. width is 1, C or H*W*C; owned. std is NULL for center. */
    int64_t width;
    double *mean;
    double *std;
} LmStage;

LmStage lm_stage_rescale(double factor);
LmStage lm_stage_center(LmScope scope, LmAxis axis);
LmStage lm_stage_standardize(LmScope scope, LmAxis axis, double epsilon);
LmStage lm_stage_clip(double lo, double hi);

/* Refuses values that make no sense: factor 0 or not finite, epsilon negative, lo >= hi, sample scope
 * with axis pixel. */
LmStatus lm_stage_check(const LmStage *s, LmError *err) LM_MUST_CHECK;
bool lm_stage_needs_fit(const LmStage *s);
bool lm_stage_is_fitted(const LmStage *s); /* true where no fit is needed */
/* Stores copies of `width` means and (standardize) stds. */
LmStatus lm_stage_set_fit(LmStage *s, int64_t width, const double *mean, const double *std,
                          LmError *err) LM_MUST_CHECK;
LmStatus lm_stage_copy(LmStage *out, const LmStage *s, LmError *err) LM_MUST_CHECK;
void lm_stage_fini(LmStage *s);

/* "rescale", "center", ... */
const char *lm_stage_kind_name(LmStageKind kind);
/* "standardize feature, axis all: mean 33.318, std 78.567" */
const char *lm_stage_describe(const LmStage *s, char *buffer, size_t size);

#endif
