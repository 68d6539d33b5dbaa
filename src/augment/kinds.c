/* The table of kinds: names, defaults and limits.
 *
 * Limits keep warps invertible and numbers sane: a zoom of 100 shows one pixel in 10,000, a shear
 * of 89 degrees is a line. Beyond them a typing error is likelier than a wish.
 */
#include <string.h>

#include "augment/augment.h"

const char *const lm_fill_names[] = {"nearest", "constant", "reflect", "wrap", "tile", NULL};
const char *const lm_shift_unit_names[] = {"fraction", "pixels", NULL};
const char *const lm_flip_axis_names[] = {"horizontal", "vertical", NULL};

static const LmAugmentSpec specs[LM_AUGMENT_KIND_COUNT] = {
    [LM_AUGMENT_ROTATE] = {"rotate",
                           "rotate",
                           LM_AUGMENT_GEOMETRIC,
                           1,
                           1,
                           {{"degrees", LM_SPAN_SYMMETRIC, -360, 360, {0, 0}}},
                           {"degrees"}},
    [LM_AUGMENT_SHIFT] = {"shift",
                          "shift",
                          LM_AUGMENT_GEOMETRIC,
                          2,
                          1,
                          {{"height", LM_SPAN_SYMMETRIC, -1e6, 1e6, {0, 0}},
                           {"width", LM_SPAN_SYMMETRIC, -1e6, 1e6, {0, 0}}},
                          {"rows", "columns"}},
    [LM_AUGMENT_SHEAR] = {"shear",
                          "shear",
                          LM_AUGMENT_GEOMETRIC,
                          1,
                          1,
                          {{"degrees", LM_SPAN_SYMMETRIC, -89, 89, {0, 0}}},
                          {"degrees"}},
    [LM_AUGMENT_ZOOM] = {"zoom",
                         "zoom",
                         LM_AUGMENT_GEOMETRIC,
                         1,
                         1,
                         {{"factor", LM_SPAN_AROUND_ONE, 0.01, 100, {1, 1}}},
                         {"rows", "columns"}},
    [LM_AUGMENT_FLIP] = {"flip", "flip", LM_AUGMENT_GEOMETRIC, 0, 0.5, {{0}}, {0}},
    [LM_AUGMENT_CROP_PAD] = {"crop_pad",
                             "crop",
                             LM_AUGMENT_GEOMETRIC,
                             2,
                             1,
                             {{"rows", LM_SPAN_SYMMETRIC, -1e6, 1e6, {0, 0}},
                              {"columns", LM_SPAN_SYMMETRIC, -1e6, 1e6, {0, 0}}},
                             {"rows", "columns"}},
    [LM_AUGMENT_CROP_SCALE] = {"crop_scale",
                               "crop",
                               LM_AUGMENT_GEOMETRIC,
                               2,
                               1,
                               {{"scale", LM_SPAN_EXACT, 1e-4, 1, {1, 1}},
                                {"ratio", LM_SPAN_EXACT, 0.01, 100, {0.75, 4.0 / 3.0}}},
                               {"top", "left", "height", "width"}},
    [LM_AUGMENT_BRIGHTNESS] = {"brightness",
                               "brightness",
                               LM_AUGMENT_PHOTOMETRIC,
                               1,
                               1,
                               {{"factor", LM_SPAN_AROUND_ONE, 0, 1000, {1, 1}}},
                               {"factor"}},
    [LM_AUGMENT_CONTRAST] = {"contrast",
                             "contrast",
                             LM_AUGMENT_PHOTOMETRIC,
                             1,
                             1,
                             {{"factor", LM_SPAN_AROUND_ONE, 0, 1000, {1, 1}}},
                             {"factor"}},
    [LM_AUGMENT_CHANNEL_SHIFT] = {"channel_shift",
                                  "channel_shift",
                                  LM_AUGMENT_PHOTOMETRIC,
                                  1,
                                  1,
                                  {{"amount", LM_SPAN_SYMMETRIC, -1e6, 1e6, {0, 0}}},
                                  {"amount"}},
    [LM_AUGMENT_HUE] = {"hue",
                        "hue",
                        LM_AUGMENT_PHOTOMETRIC,
                        1,
                        1,
                        {{"degrees", LM_SPAN_SYMMETRIC, -180, 180, {0, 0}}},
                        {"degrees"}},
    [LM_AUGMENT_SATURATION] = {"saturation",
                               "saturation",
                               LM_AUGMENT_PHOTOMETRIC,
                               1,
                               1,
                               {{"factor", LM_SPAN_AROUND_ONE, 0, 1000, {1, 1}}},
                               {"factor"}},
    [LM_AUGMENT_NOISE] = {"noise",
                          "noise",
                          LM_AUGMENT_PHOTOMETRIC,
                          1,
                          1,
                          {{"std", LM_SPAN_EXACT, 0, 1e6, {0, 0}}},
                          {"std"}},
    [LM_AUGMENT_ERASE] = {"erase",
                          "erase",
                          LM_AUGMENT_PHOTOMETRIC,
                          2,
                          0.5,
                          {{"area", LM_SPAN_EXACT, 0, 1, {0.02, 0.2}},
                           {"ratio", LM_SPAN_EXACT, 0.01, 100, {0.3, 1 / 0.3}}},
                          {"top", "left", "height", "width"}},
    [LM_AUGMENT_MIXUP] = {"mixup",
                          "mixup",
                          LM_AUGMENT_MIX,
                          1,
                          1,
                          {{"alpha", LM_SPAN_EXACT, 1e-3, 1000, {0.2, 0.2}}},
                          {"partner", "share"}},
    [LM_AUGMENT_ONE_OF] = {"one_of", "one_of", LM_AUGMENT_GROUP, 0, 1, {{0}}, {0}},
    [LM_AUGMENT_SOMETIMES] = {"sometimes", "sometimes", LM_AUGMENT_GROUP, 0, 0.5, {{0}}, {0}},
};

const LmAugmentSpec *lm_augment_spec(LmAugmentKind kind)
{
    LM_ASSERT(kind >= 0 && kind < LM_AUGMENT_KIND_COUNT);
    return &specs[kind];
}

bool lm_augment_kind_from_name(const char *name, LmAugmentKind *out)
{
    for (int i = 0; i < LM_AUGMENT_KIND_COUNT; i++) {
        if (strcmp(specs[i].name, name) == 0) {
            *out = (LmAugmentKind)i;
            return true;
        }
    }
    return false;
}

LmAugment lm_augment(LmAugmentKind kind)
{
    const LmAugmentSpec *spec = lm_augment_spec(kind);
    LmAugment a = {.kind = kind, .p = spec->p, .fill = LM_FILL_NEAREST, .order = 1};
    for (int i = 0; i < spec->n_spans; i++) {
        a.span[i] = spec->span[i].initial;
    }
    return a;
}

LmSpan lm_augment_span(const LmSpanSpec *spec, double x)
{
    switch (spec->form) {
    case LM_SPAN_SYMMETRIC:
        return (LmSpan){-x, x};
    case LM_SPAN_AROUND_ONE:
        return (LmSpan){1 - x, 1 + x};
    case LM_SPAN_EXACT:
        break;
    }
    return (LmSpan){x, x};
}
