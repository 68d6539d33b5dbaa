/* Stage: what happens to pixels. luma.rescale, center, standardize, clip; b_zca.c and b_map.c hold
 * the others.
 *
 * A stage is a description; a generator copies it, and the copy is what gets fitted. It remembers
 * the line that wrote it, for messages that come up much later.
 */
#include "bind/b_stage.h"

#include "bind/b_stats.h"
#include "bind/b_tensor.h"
#include "bind/open.h"

/* --- making --- */

/* The engine's message begins with the stage's kind, which is the function's name. */
int lb_stage_push_new(lua_State *L, LmStage stage)
{
    LmError err;
    if (lm_stage_check(&stage, &err) != LM_OK) {
        lb_raise_text(L, err.code, "luma.%s", err.msg);
    }
    lb_raise_where(L, stage.where, sizeof stage.where);
    LbStage *box = lb_handle_push(L, &lb_stage_type);
    box->stage = stage;
    lb_handle_fill(L, &box->handle, &box->stage, 0);
    return 1;
}

void lb_stage_push_copy(lua_State *L, const LmStage *stage, const char *fn)
{
    LbStage *box = lb_handle_push(L, &lb_stage_type);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_stage_copy(&box->stage, stage, &err));
    lb_raise_if(L, st, fn, &err);
    lb_handle_fill(L, &box->handle, &box->stage, (size_t)box->stage.width * 2 * sizeof(double));
}

LB_FUNCTION(lb_luma_rescale, "luma.rescale", NULL, "luma.rescale(factor) -> stage",
            "Multiplies every pixel: luma.rescale(1/255) brings bytes into 0..1.",
            "local g = luma.generator{ luma.rescale(1/255) }\n"
            "local x = g:apply(luma.tensor({ {0, 255} }, \"u8\"):reshape{1, 1, 2, 1})\n"
            "assert(x:min() == 0 and x:max() == 1)")
{
    double factor = lb_arg_number(L, 1, fn, "factor", -LB_ANY, LB_ANY);
    lb_arg_end(L, 1, fn);
    return lb_stage_push_new(L, lm_stage_rescale(factor));
}

static const char *const scope_names[] = {"feature", "sample", NULL};

typedef struct ScopeArgs {
    int scope;
    int axis;
    double epsilon;
} ScopeArgs;

#define AXIS_OPTION                                                                                \
    LB_CHOICE(ScopeArgs, axis, "axis", lb_axis_names, "\"all\"",                                   \
              "one number over everything, one a channel, or one a pixel and channel")

static const LbOption center_options[] = {AXIS_OPTION, LB_OPTIONS_END};

/* The default of Keras. */
static const double default_epsilon = 1e-6;

static const LbOption standardize_options[] = {
    AXIS_OPTION,
    LB_NUMBER(ScopeArgs, epsilon, "epsilon", 0, LB_ANY, "1e-6", "added to the deviation"),
    LB_OPTIONS_END};

/* `luma.center "feature"` or `luma.center{ "feature", axis="channel" }` */
static ScopeArgs parse_scope(lua_State *L, const LbOption *options, const char *fn)
{
    static const char wants[] = "\"feature\" or \"sample\"";
    ScopeArgs a = {LM_SCOPE_FEATURE, LM_AXIS_ALL, default_epsilon};
    LbOption scope = {
        .kind = LB_KIND_CHOICE, .choices = scope_names, .offset = offsetof(ScopeArgs, scope)};
    lb_arg_end(L, 1, fn);
    if (lua_istable(L, 1)) {
        lb_options_parse(L, 1, fn, options, (LbParts){wants, 1, 1}, &a);
        lua_rawgeti(L, 1, 1);
    } else {
        lua_settop(L, 1);
    }
    lb_options_store(L, lua_gettop(L), fn, "the scope", &scope, &a);
    return a;
}

LB_FUNCTION(
    lb_luma_center, "luma.center", center_options,
    "luma.center \"feature\"|\"sample\" -> stage; luma.center{ scope, axis=\"all\" }",
    "Subtracts a mean: that of the data set the generator is fitted on (\"feature\"), or of each "
    "image itself (\"sample\").",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{ luma.center \"feature\" }:fit(train)\n"
    "assert(g.mean == train:stats().mean)")
{
    ScopeArgs a = parse_scope(L, center_options, fn);
    return lb_stage_push_new(L, lm_stage_center((LmScope)a.scope, (LmAxis)a.axis));
}

LB_FUNCTION(
    lb_luma_standardize, "luma.standardize", standardize_options,
    "luma.standardize \"feature\"|\"sample\" -> stage; "
    "luma.standardize{ scope, axis=\"all\", epsilon=1e-6 }",
    "Subtracts a mean and divides by a standard deviation (plus epsilon): of the data set the "
    "generator is fitted on (\"feature\"), or of each image itself (\"sample\").",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{ luma.standardize \"feature\" }:fit(train)\n"
    "local x = g:flow(train, { batch=100 }):next()\n"
    "assert(math.abs(x:mean()) < 1e-6 and math.abs(x:std() - 1) < 1e-6)")
{
    ScopeArgs a = parse_scope(L, standardize_options, fn);
    return lb_stage_push_new(L, lm_stage_standardize((LmScope)a.scope, (LmAxis)a.axis, a.epsilon));
}

LB_FUNCTION(lb_luma_clip, "luma.clip", NULL, "luma.clip{ lo, hi } -> stage",
            "Limits every pixel to lo..hi.",
            "local g = luma.generator{ luma.clip{ 10, 20 } }\n"
            "local x = g:apply(luma.tensor({ {0, 255} }, \"u8\"):reshape{1, 1, 2, 1})\n"
            "assert(x:min() == 10 and x:max() == 20)")
{
    double bound[2];
    lb_arg_table(L, 1, fn, "bounds", "two numbers as in luma.clip{ 0, 1 }");
    lb_options_parse(L, 1, fn, NULL, (LbParts){"two numbers { lo, hi }", 2, 2}, NULL);
    lb_arg_end(L, 1, fn);
    for (int i = 0; i < 2; i++) {
        lua_rawgeti(L, 1, i + 1);
        bound[i] = lb_tensor_number(L, lua_gettop(L), fn, i == 0 ? "lo" : "hi");
    }
    return lb_stage_push_new(L, lm_stage_clip(bound[0], bound[1]));
}

/* --- fields --- */

static double number_at(const void *numbers, int64_t j)
{
    return ((const double *)numbers)[j];
}

bool lb_stage_has_fit(const LmStage *stage, bool is_std)
{
    if (stage->kind == LM_STAGE_ZCA) {
        return stage->is_centered && !is_std;
    }
    return lm_stage_needs_fit(stage) && (!is_std || stage->kind == LM_STAGE_STANDARDIZE);
}

void lb_stage_push_fit(lua_State *L, const LmStage *stage, bool is_std, const char *fn)
{
    const char *kind = lm_stage_kind_name(stage->kind);
    const char *what = is_std ? "std" : "mean";
    const double *numbers = is_std ? stage->std : stage->mean;
    if (!lb_stage_has_fit(stage, is_std)) {
        lb_raise_text(L, LM_ESTATE, "%s: a %s stage%s has no %s of its own", fn, kind,
                      stage->scope == LM_SCOPE_SAMPLE ? " of each sample" : "", what);
    }
    if (numbers == NULL) {
        lb_raise_text(L, LM_ESTATE,
                      "%s: this %s stage is not fitted; call g:fit(dataset), then read g[i].%s", fn,
                      kind, what);
    }
    bool is_image = stage->kind == LM_STAGE_ZCA && stage->axis != LM_AXIS_CHANNEL;
    LmAxis axis = is_image ? LM_AXIS_PIXEL : stage->axis;
    lb_stats_push_numbers(L, axis, stage->shape, number_at, numbers, fn);
}

static const LmStage *check_stage(lua_State *L, const char *fn)
{
    return lb_handle_check(L, 1, &lb_stage_type, fn);
}

LB_FUNCTION(lb_stage_kind, "stage.kind", NULL, "stage.kind -> string",
            "\"rescale\", \"center\", \"standardize\", \"clip\", \"zca\" or \"map\".",
            "assert(luma.rescale(1/255).kind == \"rescale\")")
{
    lua_pushstring(L, lm_stage_kind_name(check_stage(L, fn)->kind));
    return 1;
}

LB_FUNCTION(
    lb_stage_mean, "stage.mean", NULL, "stage.mean -> number | tensor",
    "The mean a fitted center or standardize stage subtracts: a number for axis \"all\", else a "
    "tensor of shape {C} or {H, W, C}.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{ luma.center \"feature\" }:fit(train)\n"
    "assert(g[1].mean == g.mean)")
{
    lb_stage_push_fit(L, check_stage(L, fn), false, fn);
    return 1;
}

LB_FUNCTION(lb_stage_std, "stage.std", NULL, "stage.std -> number | tensor",
            "The standard deviation a fitted standardize stage divides by, in the form of `mean`.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{ luma.standardize \"feature\" }:fit(train)\n"
            "assert(g[1].std == train:stats().std)")
{
    lb_stage_push_fit(L, check_stage(L, fn), true, fn);
    return 1;
}

/* --- the type --- */

static void release(void *object)
{
    lm_stage_fini(object);
}

static void describe(const void *object, LmStr *out)
{
    char text[256];
    lm_str_add(out, "%s", lm_stage_describe(object, text, sizeof text));
}

static lua_Integer length(const void *object)
{
    return ((const LmStage *)object)->width;
}

static const LbDoc *const members[] = {&lb_stage_kind_doc, &lb_stage_mean_doc, &lb_stage_std_doc,
                                       NULL};

const LbType lb_stage_type = {
    .name = "stage",
    .text =
        "One step of scaling, as a generator lists it. #stage is how many fitted means it holds: 0 "
        "before g:fit.",
    .example = "local train = luma.dataset.digits{ train=100, test=10 }\n"
               "local s = luma.standardize{ \"feature\", axis=\"channel\" }\n"
               "assert(#s == 0 and #luma.generator{ s }:fit(train)[1] == 1)",
    .handle_size = sizeof(LbStage),
    .n_user_values = 1, /* the function of a map */
    .release = release,
    .describe = describe,
    .length = length,
    .members = members,
};

void lb_stage_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_rescale_doc, &lb_luma_center_doc,
                                        &lb_luma_standardize_doc, &lb_luma_clip_doc, NULL};
    lb_handle_define(L, &lb_stage_type);
    lb_doc_register(L, docs);
}
