#include "stage/map.h"

#include <string.h>

/* LM_OK where the stage does the same to equal numbers wherever they are. */
static LmStatus check_stage(const LmStage *s, LmError *err)
{
    const char *kind = lm_stage_kind_name(s->kind);
    bool is_scaling = s->kind == LM_STAGE_CENTER || s->kind == LM_STAGE_STANDARDIZE;
    if (s->kind == LM_STAGE_ZCA || (is_scaling && s->scope == LM_SCOPE_SAMPLE) ||
        (is_scaling && s->axis != LM_AXIS_ALL)) {
        return lm_fail(err, LM_EARG,
                       "map: behind this %s stage a pixel is no function of its byte alone, so no "
                       "table of 256 numbers says what the function makes of it; wanted before a "
                       "map: rescale, clip, map, and center or standardize \"feature\", axis all",
                       kind);
    }
    if (!lm_stage_is_fitted(s)) {
        return lm_fail(err, LM_ESTATE, "map: the %s stage before it is not fitted", kind);
    }
    return LM_OK;
}

static double apply_one(const LmStage *s, double x, int byte)
{
    switch (s->kind) {
    case LM_STAGE_RESCALE:
        return x * s->factor;
    case LM_STAGE_CENTER:
        return x - s->mean[0];
    case LM_STAGE_STANDARDIZE:
        return (x - s->mean[0]) / lm_stage_divisor(s, 0);
    case LM_STAGE_CLIP:
        return LM_MIN(LM_MAX(x, s->lo), s->hi);
    case LM_STAGE_MAP:
        return (double)((const float *)s->table.data)[byte];
    case LM_STAGE_ZCA:
    case LM_STAGE_KIND_COUNT:
        break;
    }
    return x;
}

LmStatus lm_map_inputs(const LmStage *stages, int n, double out[256], LmError *err)
{
    double x[256];
    for (int byte = 0; byte < 256; byte++) {
        x[byte] = byte;
    }
    for (int i = 0; i < n; i++) {
        LmStatus st = check_stage(&stages[i], err);
        if (st != LM_OK) {
            return lm_stage_context(&stages[i], i, err);
        }
        for (int byte = 0; byte < 256; byte++) {
            x[byte] = apply_one(&stages[i], x[byte], byte);
        }
    }
    memcpy(out, x, sizeof x);
    return LM_OK;
}
