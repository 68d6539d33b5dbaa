#include "nn/shape.h"

#include <inttypes.h>

/* Above this a kernel, stride or unit count is a slip, and products of a few stay far from 2^63. */
enum { EXTENT_MAX = 1 << 20 };

static LmStatus check_extent(const char *what, int64_t value, LmError *err)
{
    if (value < 1 || value > EXTENT_MAX) {
        return lm_fail(err, LM_EARG, "%s must be in 1..%d, got %" PRId64, what, EXTENT_MAX, value);
    }
    return LM_OK;
}

static LmStatus check_window(const LmLayerSpec *s, LmError *err)
{
    const struct {
        const char *what;
        int64_t value;
    } rows[] = {{"kernel rows", s->kh},
                {"kernel columns", s->kw},
                {"stride of rows", s->sh},
                {"stride of columns", s->sw}};
    for (size_t i = 0; i < LM_ARRAY_LEN(rows); i++) {
        LmStatus st = check_extent(rows[i].what, rows[i].value, err);
        if (st != LM_OK) {
            return st;
        }
    }
    return LM_OK;
}

static LmStatus windowed(LmShape *out, const LmLayerSpec *s, const LmShape *in, LmError *err)
{
    if (in->is_flat) {
        return lm_fail(err, LM_ESHAPE,
                       "needs rows, columns and channels, but its input was flattened to %" PRId64
                       " numbers; move it before flatten and dense",
                       in->h * in->w * in->c);
    }
    LmStatus st = check_window(s, err);
    if (st != LM_OK) {
        return st;
    }
    if (s->is_same) {
        out->h = (in->h + s->sh - 1) / s->sh;
        out->w = (in->w + s->sw - 1) / s->sw;
        return LM_OK;
    }
    if (s->kh > in->h || s->kw > in->w) {
        return lm_fail(err, LM_ESHAPE,
                       "a window of %" PRId64 "x%" PRId64 " does not fit into its input of %" PRId64
                       "x%" PRId64 "; use a smaller one%s",
                       s->kh, s->kw, in->h, in->w,
                       s->kind == LM_LAYER_CONV ? ", padding=\"same\", or fewer pools before it"
                                                : " or fewer pools before it");
    }
    out->h = (in->h - s->kh) / s->sh + 1;
    out->w = (in->w - s->kw) / s->sw + 1;
    return LM_OK;
}

static LmStatus infer_conv(LmShape *out, LmLayerSpec *s, const LmShape *in, LmError *err)
{
    s->sh = s->sh == 0 ? 1 : s->sh;
    s->sw = s->sw == 0 ? 1 : s->sw;
    LmStatus st = check_extent("the number of filters", s->units, err);
    if (st == LM_OK) {
        st = windowed(out, s, in, err);
    }
    out->c = s->units;
    return st;
}

static LmStatus infer_pool(LmShape *out, LmLayerSpec *s, const LmShape *in, LmError *err)
{
    s->sh = s->sh == 0 ? s->kh : s->sh;
    s->sw = s->sw == 0 ? s->kw : s->sw;
    if (s->is_same) {
        return lm_fail(err, LM_EARG, "pools have no padding");
    }
    return windowed(out, s, in, err);
}

static LmStatus infer_dense(LmShape *out, LmLayerSpec *s, const LmShape *in, LmError *err)
{
    LmStatus st = check_extent("the number of units", s->units, err);
    if (st == LM_OK && !in->is_flat) {
        st = lm_fail(err, LM_ESHAPE,
                     "needs a flat input, got %" PRId64 "x%" PRId64 "x%" PRId64
                     "; put luma.nn.flatten{} before it",
                     in->h, in->w, in->c);
    }
    *out = (LmShape){1, 1, s->units, true};
    return st;
}

static LmStatus infer(LmShape *out, LmLayerSpec *s, const LmShape *in, LmError *err)
{
    switch (s->kind) {
    case LM_LAYER_CONV:
        return infer_conv(out, s, in, err);
    case LM_LAYER_MAXPOOL:
    case LM_LAYER_AVGPOOL:
        return infer_pool(out, s, in, err);
    case LM_LAYER_GLOBAL_AVGPOOL:
        s->kh = in->h;
        s->kw = in->w;
        LmStatus st = infer_pool(out, s, in, err);
        out->is_flat = true;
        return st;
    case LM_LAYER_DENSE:
        return infer_dense(out, s, in, err);
    case LM_LAYER_FLATTEN:
        out->is_flat = true;
        return LM_OK;
    case LM_LAYER_DROPOUT:
        if (!(s->rate >= 0 && s->rate < 1)) {
            return lm_fail(err, LM_EARG, "rate must be in 0 <= rate < 1, got %g", s->rate);
        }
        return LM_OK;
    default:
        return LM_OK;
    }
}

LmStatus lm_shape_infer(LmShape *out, LmLayerSpec *spec, const LmShape *in, LmError *err)
{
    LmShape shape = *in;
    LmLayerSpec filled = *spec;
    LmStatus st = infer(&shape, &filled, in, err);
    if (st == LM_OK) {
        *out = shape;
        *spec = filled;
    }
    return st;
}

LmPad lm_shape_padding(const LmLayerSpec *spec, const LmShape *in, const LmShape *out)
{
    int64_t rows = spec->is_same ? (out->h - 1) * spec->sh + spec->kh - in->h : 0;
    int64_t cols = spec->is_same ? (out->w - 1) * spec->sw + spec->kw - in->w : 0;
    rows = LM_MAX(rows, (int64_t)0);
    cols = LM_MAX(cols, (int64_t)0);
    return (LmPad){
        .top = rows / 2, .left = cols / 2, .bottom = rows - rows / 2, .right = cols - cols / 2};
}
