/* Looks every image of a set over, for what is suspicious in a collection of images: the same image
 * twice, images without any content. */
#ifndef LM_SURVEY_H
#define LM_SURVEY_H

#include "data/dataset.h"

typedef struct LmSurvey {
    /* Equal for equal images of one shape and dtype; others differ but by chance. */
    uint64_t digest;
    bool is_constant; /* all pixels are one and the same number */
} LmSurvey;

/* out[0..n-1] of the first n images, in parallel; polls cancel. Errors of reading name the first
 * image that failed. Main thread only. */
LmStatus lm_survey_look(LmSurvey *out, const LmDataset *ds, int64_t n, LmError *err) LM_MUST_CHECK;

#endif
