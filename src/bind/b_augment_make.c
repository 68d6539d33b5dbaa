/* The functions that make augmentations: luma.rotate, shift, flip, brightness, ...
 *
 * The engine checks the numbers (its messages begin with the function's name), this file only reads
 * them, and says what a single number stands for.
 */
#include "bind/b_augment.h"

#include <math.h>

#include "bind/open.h"
#include "bind/options.h"

typedef struct AugmentArgs {
    double p;
    double first[2]; /* of the kind's first span, and of the second */
    double second[2];
    int64_t pad[2];
    int unit;
    bool whole;
    bool separate;
    double value;
    int fill;
    double fill_value;
    int64_t order;
} AugmentArgs;

#define P_OPTION(initial_)                                                                         \
    LB_NUMBER(AugmentArgs, p, "p", 0, 1, initial_, "how often it happens, as a probability")
#define GEOMETRIC_OPTIONS                                                                          \
    LB_CHOICE(AugmentArgs, fill, "fill", lm_fill_names, "\"nearest\"",                             \
              "what is seen beyond the border: its pixels drawn out, fill_value, the mirrored "    \
              "image, the image again (\"tile\"; \"wrap\" as Keras does it)"),                     \
        LB_NUMBER(AugmentArgs, fill_value, "fill_value", -LB_ANY, LB_ANY, "0",                     \
                  "of fill=\"constant\", in the units of the data set"),                           \
        LB_INTEGER(AugmentArgs, order, "order", 0, 1, "1",                                         \
                   "1 blends the four nearest pixels, 0 takes the nearest one")

static const LbOption plain_options[] = {P_OPTION("1"), LB_OPTIONS_END};
static const LbOption geometric_options[] = {P_OPTION("1"), GEOMETRIC_OPTIONS, LB_OPTIONS_END};
static const LbOption flip_options[] = {P_OPTION("0.5"), LB_OPTIONS_END};
static const LbOption zoom_options[] = {
    LB_BOOLEAN(AugmentArgs, separate, "separate", "false",
               "a factor of its own for rows and for columns, which stretches the picture"),
    P_OPTION("1"), GEOMETRIC_OPTIONS, LB_OPTIONS_END};
static const LbOption shift_options[] = {
    LB_RANGE(AugmentArgs, first, "height", "0",
             "moves rows: x is -x..x, {lo, hi} any span; "
             "positive is down"),
    LB_RANGE(AugmentArgs, second, "width", "0", "moves columns; positive is to the right"),
    LB_CHOICE(AugmentArgs, unit, "unit", lm_shift_unit_names, "\"fraction\"",
              "of the image's height and width, below 1; or pixels"),
    LB_BOOLEAN(AugmentArgs, whole, "whole", "false",
               "by whole pixels only, so that nothing is blurred"),
    P_OPTION("1"),
    GEOMETRIC_OPTIONS,
    LB_OPTIONS_END};
static const LbOption crop_options[] = {
    LB_PAIR(AugmentArgs, pad, "pad", 0, 1 << 20, NULL,
            "surrounds the image by so many pixels (as `fill` says), then cuts the old size out"),
    LB_RANGE(AugmentArgs, first, "scale", NULL,
             "cuts out a window of this share of the area and stretches it to the old size"),
    LB_RANGE(AugmentArgs, second, "ratio", "{3/4, 4/3}", "width to height of that window"),
    P_OPTION("1"),
    GEOMETRIC_OPTIONS,
    LB_OPTIONS_END};
static const LbOption erase_options[] = {
    LB_RANGE(AugmentArgs, first, "area", "{0.02, 0.2}", "share of the image that is lost"),
    LB_RANGE(AugmentArgs, second, "ratio", "{0.3, 1/0.3}", "width to height of the rectangle"),
    LB_NUMBER(AugmentArgs, value, "value", -LB_ANY, LB_ANY, "0",
              "what it is filled with, in the units of the data set"),
    P_OPTION("0.5"), LB_OPTIONS_END};

/* --- from arguments to an augmentation --- */

static AugmentArgs defaults(LmAugmentKind kind)
{
    LmAugment a = lm_augment(kind);
    return (AugmentArgs){.p = a.p,
                         .order = a.order,
                         .fill = (int)a.fill,
                         .value = a.value,
                         .first = {a.span[0].lo, a.span[0].hi},
                         .second = {a.span[1].lo, a.span[1].hi}};
}

static int push_args(lua_State *L, LmAugment a, const AugmentArgs *args, const char *fn)
{
    a.p = args->p;
    a.fill = (LmFill)args->fill;
    a.fill_value = args->fill_value;
    a.order = (int)args->order;
    a.is_whole = args->whole;
    a.is_separate = args->separate;
    a.value = args->value;
    return lb_augment_push_new(L, a, fn);
}

/* What a single number stands for, where it makes sense. */
static LmSpan span_of(lua_State *L, const LmSpanSpec *spec, double x, const char *fn)
{
    if (spec->form == LM_SPAN_SYMMETRIC && x < 0) {
        lb_raise_text(L, LM_EARG, "%s: %s is %g, wanted 0 or more (x is -x..x), or {lo, hi}", fn,
                      spec->name, x);
    }
    if (spec->form == LM_SPAN_AROUND_ONE && (x < 0 || 1 - x < spec->lo)) {
        lb_raise_text(L, LM_EARG,
                      "%s: %s is %g, wanted 0 to %g (x is 1-x..1+x), or {lo, hi} as in "
                      "%s{ 0.9, 1.1 }",
                      fn, spec->name, x, 1 - spec->lo, fn);
    }
    return lm_augment_span(spec, x);
}

static LmSpan span_of_range(lua_State *L, const LmSpanSpec *spec, const double range[2],
                            const char *fn)
{
    return isnan(range[0]) ? span_of(L, spec, range[1], fn) : (LmSpan){range[0], range[1]};
}

/* luma.rotate(15), luma.rotate{ 15, p=0.5 }, luma.rotate{ -10, 20 } */
static int push_span(lua_State *L, LmAugmentKind kind, const LbOption *options, const char *fn)
{
    const LmSpanSpec *spec = &lm_augment_spec(kind)->span[0];
    static const LbOption number = {.kind = LB_KIND_NUMBER, .lo = -LB_ANY, .hi = LB_ANY};
    AugmentArgs args = defaults(kind);
    LmAugment a = lm_augment(kind);
    double bounds[2];
    int n = 1;
    lb_arg_end(L, 1, fn);
    if (lua_istable(L, 1)) {
        n = lb_options_parse(L, 1, fn, options, (LbParts){"a number, or two { lo, hi }", 1, 2},
                             &args);
        for (int i = 0; i < n; i++) {
            lua_rawgeti(L, 1, i + 1);
            lb_options_store(L, lua_gettop(L), fn, spec->name, &number, &bounds[i]);
        }
    } else {
        bounds[0] = lb_arg_number(L, 1, fn, spec->name, -LB_ANY, LB_ANY);
    }
    a.span[0] = n == 1 ? span_of(L, spec, bounds[0], fn) : (LmSpan){bounds[0], bounds[1]};
    return push_args(L, a, &args, fn);
}

/* --- geometry --- */

LB_FUNCTION(lb_luma_rotate, "luma.rotate", geometric_options,
            "luma.rotate(degrees) -> augmentation; luma.rotate{ lo, hi, fill=\"nearest\" }",
            "Turns an image about its centre by an angle from -degrees to degrees, or lo to hi; "
            "positive is counter-clockwise.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{ luma.rescale(1/255) }:augment{ luma.rotate(15) }\n"
            "local pixels, drawn = g:replay(train, 1, 1)\n"
            "assert(math.abs(drawn[1].degrees) <= 15)")
{
    return push_span(L, LM_AUGMENT_ROTATE, geometric_options, fn);
}

LB_FUNCTION(lb_luma_shear, "luma.shear", geometric_options,
            "luma.shear(degrees) -> augmentation; luma.shear{ lo, hi, fill=\"nearest\" }",
            "Slants an image by an angle from -degrees to degrees, or lo to hi; positive moves "
            "lower rows to the right. Rows are also stretched by 1/cos, as Keras does.",
            "local g = luma.generator{}:augment{ luma.shear(10) }\n"
            "assert(tostring(g.augments[1]):find \"shear\")")
{
    return push_span(L, LM_AUGMENT_SHEAR, geometric_options, fn);
}

LB_FUNCTION(
    lb_luma_zoom, "luma.zoom", zoom_options,
    "luma.zoom{ lo, hi } -> augmentation; luma.zoom(x) for 1-x to 1+x",
    "Changes how much of the scene an image shows, as in Keras: 1.1 shows 1.1 times as many rows "
    "and columns, so the picture shrinks and its surroundings (fill=) come in; 0.9 magnifies.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{}:augment{ luma.zoom{ 0.9, 1.1 } }\n"
    "local _, drawn = g:replay(train, 1, 1)\n"
    "assert(drawn[1].rows >= 0.9 and drawn[1].rows == drawn[1].columns)")
{
    return push_span(L, LM_AUGMENT_ZOOM, zoom_options, fn);
}

LB_FUNCTION(
    lb_luma_shift, "luma.shift", shift_options,
    "luma.shift{ height=0.1, width=0.1 } -> augmentation",
    "Moves an image up or down (height) and to the sides (width), by fractions of its size or by "
    "pixels.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{}:augment{ luma.shift{ height=2, unit=\"pixels\", whole=true } }\n"
    "local _, drawn = g:replay(train, 1, 1)\n"
    "assert(drawn[1].rows % 1 == 0 and drawn[1].columns == 0)")
{
    const LmAugmentSpec *spec = lm_augment_spec(LM_AUGMENT_SHIFT);
    AugmentArgs args = defaults(LM_AUGMENT_SHIFT);
    LmAugment a = lm_augment(LM_AUGMENT_SHIFT);
    lb_options_parse(L, 1, fn, shift_options, LB_NO_PARTS, &args);
    lb_arg_end(L, 1, fn);
    bool has_none = !lua_istable(L, 1) || (lua_getfield(L, 1, "height") == LUA_TNIL &&
                                           lua_getfield(L, 1, "width") == LUA_TNIL);
    if (has_none) {
        lb_raise_text(L, LM_EARG, "%s: wants height= (moves rows), width= (moves columns) or both",
                      fn);
    }
    a.span[0] = span_of_range(L, &spec->span[0], args.first, fn);
    a.span[1] = span_of_range(L, &spec->span[1], args.second, fn);
    a.choice = args.unit;
    return push_args(L, a, &args, fn);
}

LB_FUNCTION(lb_luma_flip, "luma.flip", flip_options,
            "luma.flip \"horizontal\"|\"vertical\" -> augmentation; luma.flip{ axis, p=0.5 }",
            "Mirrors every second image on average: left and right (\"horizontal\"), or top and "
            "bottom (\"vertical\").",
            "local x = luma.tensor({ {1, 2} }, \"u8\"):reshape{1, 1, 2, 1}\n"
            "local ds = luma.dataset.tensor{ images=x }\n"
            "local g = luma.generator{}:augment{ luma.flip{ \"horizontal\", p=1 } }\n"
            "assert(g:replay(ds, 1, 1):get(1, 1, 1) == 2)")
{
    static const LbOption axis = {.kind = LB_KIND_CHOICE, .choices = lm_flip_axis_names};
    AugmentArgs args = defaults(LM_AUGMENT_FLIP);
    LmAugment a = lm_augment(LM_AUGMENT_FLIP);
    lb_arg_end(L, 1, fn);
    if (lua_istable(L, 1)) {
        lb_options_parse(L, 1, fn, flip_options, (LbParts){"\"horizontal\" or \"vertical\"", 1, 1},
                         &args);
        lua_rawgeti(L, 1, 1);
    } else {
        lua_settop(L, 1);
    }
    lb_options_store(L, lua_gettop(L), fn, "the axis", &axis, &a.choice);
    return push_args(L, a, &args, fn);
}

LB_FUNCTION(
    lb_luma_crop, "luma.crop", crop_options,
    "luma.crop{ pad=4 } -> augmentation; luma.crop{ scale={ 0.6, 1 }, ratio={ 3/4, 4/3 } }",
    "Cuts a part out at a random place; the image keeps its size. With `pad` the image is "
    "surrounded first and the part is as large as the image was; with `scale` the part is a share "
    "of the image, stretched to its size.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{}:augment{ luma.crop{ pad=2, fill=\"constant\" } }\n"
    "local _, drawn = g:replay(train, 1, 1)\n"
    "assert(math.abs(drawn[1].rows) <= 2)")
{
    AugmentArgs args = defaults(LM_AUGMENT_CROP_SCALE);
    args.pad[0] = -1;
    args.first[0] = HUGE_VAL;
    lb_options_parse(L, 1, fn, crop_options, LB_NO_PARTS, &args);
    lb_arg_end(L, 1, fn);
    bool has_pad = args.pad[0] >= 0;
    bool has_scale = args.first[0] != HUGE_VAL;
    if (has_pad == has_scale) {
        lb_raise_text(L, LM_EARG,
                      "%s: wants pad= (surround, then cut the old size out) or scale= (cut a share "
                      "out, then stretch it)%s",
                      fn, has_pad ? ", got both; write two crops" : "");
    }
    LmAugment a = lm_augment(has_pad ? LM_AUGMENT_CROP_PAD : LM_AUGMENT_CROP_SCALE);
    const LmAugmentSpec *spec = lm_augment_spec(a.kind);
    for (int i = 0; i < 2; i++) {
        const double *range = i == 0 ? args.first : args.second;
        a.span[i] = has_pad ? lm_augment_span(&spec->span[i], (double)args.pad[i])
                            : span_of_range(L, &spec->span[i], range, fn);
    }
    return push_args(L, a, &args, fn);
}

/* --- light, colour, noise --- */

LB_FUNCTION(lb_luma_brightness, "luma.brightness", plain_options,
            "luma.brightness{ lo, hi } -> augmentation; luma.brightness(x) for 1-x to 1+x",
            "Multiplies every number of an image by a factor; 1 changes nothing. Images stored as "
            "bytes stay in 0..255; floats are not clipped.",
            "local ds = luma.dataset.tensor{ images=luma.zeros({1, 4, 4, 1}, \"u8\") + 100 }\n"
            "local g = luma.generator{}:augment{ luma.brightness{ 1.5, 1.5 } }\n"
            "assert(g:replay(ds, 1, 1):max() == 150)")
{
    return push_span(L, LM_AUGMENT_BRIGHTNESS, plain_options, fn);
}

LB_FUNCTION(lb_luma_contrast, "luma.contrast", plain_options,
            "luma.contrast{ lo, hi } -> augmentation; luma.contrast(x) for 1-x to 1+x",
            "Moves every number away from the image's mean (factor above 1) or towards it.",
            "local g = luma.generator{}:augment{ luma.contrast(0.2) }\n"
            "assert(tostring(g.augments[1]) == \"contrast 0.8 to 1.2\")")
{
    return push_span(L, LM_AUGMENT_CONTRAST, plain_options, fn);
}

LB_FUNCTION(lb_luma_channel_shift, "luma.channel_shift", plain_options,
            "luma.channel_shift(amount) -> augmentation; luma.channel_shift{ lo, hi }",
            "Adds one number to all channels; what leaves the image's own range is clipped to it, "
            "as in Keras.",
            "local g = luma.generator{}:augment{ luma.channel_shift(20) }\n"
            "assert(tostring(g.augments[1]) == \"channel_shift -20 to 20\")")
{
    return push_span(L, LM_AUGMENT_CHANNEL_SHIFT, plain_options, fn);
}

LB_FUNCTION(lb_luma_hue, "luma.hue", plain_options,
            "luma.hue(degrees) -> augmentation; luma.hue{ lo, hi }",
            "Turns the colours of an image by an angle; 120 turns red towards green. Brightness "
            "stays. For images of 3 channels, or 4 with opacity as the last one.",
            "local g = luma.generator{}:augment{ luma.hue(10) }\n"
            "assert(tostring(g.augments[1]) == \"hue -10 to 10 degrees\")")
{
    return push_span(L, LM_AUGMENT_HUE, plain_options, fn);
}

LB_FUNCTION(
    lb_luma_saturation, "luma.saturation", plain_options,
    "luma.saturation{ lo, hi } -> augmentation; luma.saturation(x) for 1-x to 1+x",
    "Makes colours weaker (0 is grey) or stronger (above 1). For images of 3 channels, or 4 with "
    "opacity as the last one.",
    "local g = luma.generator{}:augment{ luma.saturation{ 0, 1 } }\n"
    "assert(tostring(g.augments[1]) == \"saturation 0 to 1\")")
{
    return push_span(L, LM_AUGMENT_SATURATION, plain_options, fn);
}

LB_FUNCTION(lb_luma_noise, "luma.noise", plain_options,
            "luma.noise(std) -> augmentation; luma.noise{ lo, hi }",
            "Adds normal noise to every number, in the units of the data set: luma.noise(8) for "
            "bytes.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{}:augment{ luma.noise{ 0, 8 } }\n"
            "local _, drawn = g:replay(train, 1, 1)\n"
            "assert(drawn[1].std <= 8)")
{
    return push_span(L, LM_AUGMENT_NOISE, plain_options, fn);
}

LB_FUNCTION(lb_luma_erase, "luma.erase", erase_options,
            "luma.erase{ area={ 0.02, 0.2 }, value=0 } -> augmentation",
            "Overwrites a random rectangle of every second image on average.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{}:augment{ luma.erase{ area=0.25, ratio=1, p=1 } }\n"
            "local _, drawn = g:replay(train, 1, 1)\n"
            "assert(drawn[1].height == 14 and drawn[1].width == 14)")
{
    const LmAugmentSpec *spec = lm_augment_spec(LM_AUGMENT_ERASE);
    AugmentArgs args = defaults(LM_AUGMENT_ERASE);
    LmAugment a = lm_augment(LM_AUGMENT_ERASE);
    lb_options_parse(L, 1, fn, erase_options, LB_NO_PARTS, &args);
    lb_arg_end(L, 1, fn);
    a.span[0] = span_of_range(L, &spec->span[0], args.first, fn);
    a.span[1] = span_of_range(L, &spec->span[1], args.second, fn);
    return push_args(L, a, &args, fn);
}

LB_FUNCTION(
    lb_luma_mixup, "luma.mixup", plain_options,
    "luma.mixup(alpha) -> augmentation; luma.mixup{ alpha, p=1 }",
    "Blends an image with another one of the data set, its label likewise: training learns both "
    "shares, and flows with labels=\"one_hot\" give them (others the class of the larger share). "
    "The share is drawn from Beta(alpha, alpha); the image itself, whose weight counts, has the "
    "larger one. The last entry of a list.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{ luma.rescale(1/255) }:augment{ luma.mixup(0.2) }\n"
    "local x, y = g:flow(train, { batch=10, labels=\"one_hot\" }):next()\n"
    "assert(math.abs(y:sum() - 10) < 1e-5)")
{
    return push_span(L, LM_AUGMENT_MIXUP, plain_options, fn);
}

void lb_augment_make_open(lua_State *L)
{
    static const LbDoc *const docs[] = {
        &lb_luma_rotate_doc,     &lb_luma_shift_doc,      &lb_luma_shear_doc,
        &lb_luma_zoom_doc,       &lb_luma_flip_doc,       &lb_luma_crop_doc,
        &lb_luma_brightness_doc, &lb_luma_contrast_doc,   &lb_luma_channel_shift_doc,
        &lb_luma_hue_doc,        &lb_luma_saturation_doc, &lb_luma_noise_doc,
        &lb_luma_erase_doc,      &lb_luma_mixup_doc,      NULL};
    lb_doc_register(L, docs);
}
