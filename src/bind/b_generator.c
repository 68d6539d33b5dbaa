/* Generator: luma.generator{ stage, ... }, fitted on a data set, applied to tensors and flows. */
#include "bind/b_generator.h"
#include "base/profile.h"

#include <string.h>

#include "bind/b_augment.h"
#include "bind/b_dataset.h"
#include "bind/b_flow.h"
#include "bind/b_map.h"
#include "bind/b_stage.h"
#include "bind/b_tensor.h"
#include "bind/open.h"
#include "nn/modelfile.h"

/* Far above any sensible list; keeps counts small. */
enum { STAGES_MAX = 64, EXPLAIN_MAX = 1 << 14 };

LmGenerator *lb_generator_check(lua_State *L, int arg, const char *fn)
{
    return lb_handle_check(L, arg, &lb_generator_type, fn);
}

void lb_generator_fill(lua_State *L, LbHandle *handle, LmGenerator *g)
{
    lb_handle_fill(L, handle, g, 0);
}

/* --- making --- */

/* Copies the stage at the top of the stack into *out; its numbers stay the handle's. */
static void borrow_stage(lua_State *L, int i, LmStage *out, const char *fn)
{
    char label[32];
    LmStr s = lm_str(label, sizeof label);
    const LbHandle *handle = lb_handle_test(L, -1, &lb_stage_type);
    lm_str_add(&s, "item %d", i);
    if (lua_isfunction(L, -1)) {
        lb_raise_text(L, LM_EARG,
                      "%s: %s wants a stage, got a function; call it with what it needs: "
                      "luma.rescale(1/255), luma.center \"feature\"",
                      fn, label);
    }
    if (lb_handle_test(L, -1, &lb_augment_type) != NULL) {
        lb_raise_text(L, LM_EARG,
                      "%s: %s is an augmentation; those are listed in generator:augment{ ... }", fn,
                      label);
    }
    if (handle == NULL) {
        lb_arg_fail(L, lua_gettop(L), fn, label, "a stage, such as luma.rescale(1/255)");
    }
    if (handle->object == NULL) {
        lb_raise_text(L, LM_ESTATE, "%s: %s is closed", fn, label);
    }
    *out = *(const LmStage *)handle->object;
}

LB_FUNCTION(lb_luma_generator, "luma.generator", NULL, "luma.generator{ stage, ... } -> generator",
            "Scales images just in time by the stages listed, in this order. Stages of scope "
            "\"feature\" must be fitted (generator:fit) before images can pass.",
            "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{ luma.rescale(1/255), luma.center \"feature\" }\n"
            "g:fit(train)\n"
            "for x, y in g:flow(test, { batch=5 }):batches() do\n"
            "  assert(#x == 5 and #y == 5)\n"
            "end")
{
    lb_arg_table(L, 1, fn, "stages",
                 "a list of stages as in luma.generator{ luma.rescale(1/255) }");
    int n = lb_options_parse(L, 1, fn, NULL, (LbParts){"up to 64 stages", 0, STAGES_MAX}, NULL);
    lb_arg_end(L, 1, fn);
    LmStage *stages = lua_newuserdatauv(L, (size_t)LM_MAX(n, 1) * sizeof *stages, 0);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, 1, i + 1);
        borrow_stage(L, i + 1, &stages[i], fn);
        lua_pop(L, 1);
    }
    LbHandle *handle = lb_handle_push(L, &lb_generator_type);
    LmGenerator *g;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_generator_new(&g, stages, n, &err));
    lb_raise_if(L, st, fn, &err);
    lb_generator_fill(L, handle, g);
    lb_map_adopt(L, -1, 1, g, fn);
    return 1;
}

/* --- methods --- */

LB_FUNCTION(
    lb_generator_fit, "generator:fit", NULL, "generator:fit(dataset) -> generator",
    "Takes the statistics its stages need from a data set: the training part, never the test "
    "part. Each stage sees the pixels as the stages before it leave them.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{ luma.standardize \"feature\" }:fit(train)\n"
    "assert(g.std == train:stats().std)")
{
    LmGenerator *g = lb_generator_check(L, 1, fn);
    const LmDataset *ds = lb_dataset_check(L, 2, fn);
    lb_arg_end(L, 2, fn);
    double start = lm_profile_start();
    lb_map_fit(L, 1, g, ds, fn);
    lm_profile_stop(LM_PROFILE_STATISTICS, "generator:fit", start);
    lb_zca_warn(g);
    lua_settop(L, 1);
    return 1;
}

LB_FUNCTION(lb_generator_apply, "generator:apply", NULL, "generator:apply(tensor) -> tensor",
            "Scales a tensor of images N x H x W x C (or N x H x W) and gives f32 N x H x W x C.",
            "local g = luma.generator{ luma.rescale(1/255) }\n"
            "local x = g:apply(luma.zeros({2, 28, 28, 1}, \"u8\"))\n"
            "assert(x.dtype == \"f32\" and #x == 2)")
{
    LmGenerator *g = lb_generator_check(L, 1, fn);
    const LmTensor *images = lb_tensor_check(L, 2, fn);
    lb_arg_end(L, 2, fn);
    LbTensor *scaled = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_generator_apply(g, &scaled->tensor, images, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, scaled);
    return 1;
}

LB_FUNCTION(lb_generator_flow, "generator:flow", lb_flow_options,
            "generator:flow(dataset, { batch=64, shuffle=true, ... }) -> flow",
            "Batches of scaled images and their labels, made when they are asked for.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{ luma.rescale(1/255) }\n"
            "local flow = g:flow(train, { batch=32, seed=7 })\n"
            "assert(#flow == 4)")
{
    LmGenerator *g = lb_generator_check(L, 1, fn);
    LmDataset *ds = lb_dataset_check(L, 2, fn);
    LmFlowOptions o = lb_flow_parse(L, 3, fn);
    lb_arg_end(L, 3, fn);
    lb_flow_push(L, g, ds, &o, fn);
    return 1;
}

LB_FUNCTION(lb_generator_explain, "generator:explain", NULL, "generator:explain() -> string",
            "What happens to a pixel: stage by stage, and in how many passes over the image.",
            "local g = luma.generator{ luma.rescale(1/255), luma.clip{ 0, 0.5 } }\n"
            "assert(g:explain():find \"rescale\")")
{
    char text[EXPLAIN_MAX];
    LmGenerator *g = lb_generator_check(L, 1, fn);
    lb_arg_end(L, 1, fn);
    lua_pushstring(L, lm_generator_explain(g, text, sizeof text));
    return 1;
}

LB_FUNCTION(
    lb_generator_save, "generator:save", NULL, "generator:save(path) -> generator",
    "Writes its stages and fitted numbers to a file, all bits kept; luma.load(path) reads it. "
    "To keep it together with a model, see model:save.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{ luma.center \"feature\" }:fit(train)\n"
    "local path = os.tmpname()\n"
    "g:save(path)\n"
    "local again = luma.load(path)\n"
    "assert(again.mean == g.mean)\n"
    "os.remove(path)")
{
    const LmGenerator *g = lb_generator_check(L, 1, fn);
    const char *path = lb_arg_string(L, 2, fn, "path");
    lb_arg_end(L, 2, fn);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_modelfile_save(path, NULL, g, 0, NULL, &err));
    lb_raise_if(L, st, fn, &err);
    lua_settop(L, 1);
    return 1;
}

/* --- fields --- */

/* The one stage that is fitted with a mean, or a std. */
static int push_only_fit(lua_State *L, bool is_std, const char *fn)
{
    const LmGenerator *g = lb_generator_check(L, 1, fn);
    const LmStage *found = NULL;
    const char *what = is_std ? "std" : "mean";
    int n = 0;
    for (int i = 0; i < lm_generator_n_stages(g); i++) {
        const LmStage *s = lm_generator_stage(g, i);
        if (lb_stage_has_fit(s, is_std)) {
            found = s;
            n++;
        }
    }
    if (n == 0) {
        lb_raise_text(L, LM_ESTATE, "%s: none of its stages is fitted with a %s", fn, what);
    }
    if (n > 1) {
        lb_raise_text(L, LM_ESTATE, "%s: %d of its stages have a %s; read it from one: g[i].%s", fn,
                      n, what, what);
    }
    if (!lm_stage_is_fitted(found)) {
        lb_raise_text(L, LM_ESTATE, "%s: not fitted yet; call g:fit(dataset) first", fn);
    }
    lb_stage_push_fit(L, found, is_std, fn);
    return 1;
}

LB_FUNCTION(
    lb_generator_mean, "generator.mean", NULL, "generator.mean -> number | tensor",
    "The mean its center or standardize stage was fitted with. Where several have one, read "
    "g[i].mean.",
    "local train = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{ luma.center \"feature\" }:fit(train)\n"
    "assert(g.mean == train:stats().mean)")
{
    return push_only_fit(L, false, fn);
}

LB_FUNCTION(lb_generator_std, "generator.std", NULL, "generator.std -> number | tensor",
            "The standard deviation its standardize stage was fitted with.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{ luma.standardize \"feature\" }:fit(train)\n"
            "assert(g.std == train:stats().std)")
{
    return push_only_fit(L, true, fn);
}

LB_FUNCTION(lb_generator_fitted_on, "generator.fitted_on", NULL,
            "generator.fitted_on -> string | nil", "The data set it was fitted on, nil before.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{ luma.center \"feature\" }\n"
            "assert(g.fitted_on == nil)\n"
            "assert(g:fit(train).fitted_on:find \"100 images\")")
{
    lua_pushstring(L, lm_generator_fitted_on(lb_generator_check(L, 1, fn)));
    return 1;
}

/* g[i]: stack (generator, number). */
static int generator_at(lua_State *L)
{
    static const char fn[] = "generator[i]";
    const LmGenerator *g = lb_generator_check(L, 1, fn);
    int n = lm_generator_n_stages(g);
    if (n == 0) {
        lb_raise_text(L, LM_EARG, "%s: this generator has no stages", fn);
    }
    int64_t i = 0;
    LbOption index = {.kind = LB_KIND_INTEGER, .lo = 1, .hi = n};
    lb_options_store(L, 2, fn, "i", &index, &i);
    lb_stage_push_copy(L, lm_generator_stage(g, (int)i - 1), fn);
    lb_map_pass_on(L, 1, (int)i - 1);
    return 1;
}

/* --- the type --- */

static void release(void *object)
{
    lm_generator_unref(object);
}

static void describe(const void *object, LmStr *out)
{
    const LmGenerator *g = object;
    int n = lm_generator_n_stages(g);
    lm_str_add(out, "generator of %d stage%s", n, n == 1 ? "" : "s");
    for (int i = 0; i < n; i++) {
        lm_str_add(out, "%s%s", i == 0 ? ": " : ", ",
                   lm_stage_kind_name(lm_generator_stage(g, i)->kind));
    }
    for (int i = 0; i < lm_generator_n_augments(g); i++) {
        lm_str_add(out, "%s%s", i == 0 ? "; augmented by " : ", ",
                   lm_augment_spec(lm_generator_augment_list(g)[i].kind)->function);
    }
    if (lm_generator_fitted_on(g) != NULL) {
        lm_str_add(out, "; fitted on %s", lm_generator_fitted_on(g));
    } else if (!lm_generator_is_fitted(g)) {
        lm_str_add(out, "; not fitted");
    }
}

static lua_Integer length(const void *object)
{
    return lm_generator_n_stages(object);
}

static const LbDoc *const members[] = {
    &lb_generator_save_doc, &lb_generator_fit_doc,       &lb_generator_apply_doc,
    &lb_generator_flow_doc, &lb_generator_explain_doc,   &lb_generator_mean_doc,
    &lb_generator_std_doc,  &lb_generator_fitted_on_doc, NULL};

const LbType lb_generator_type = {
    .name = "generator",
    .text =
        "An ordered list of stages that scales images just in time: pixels stay as they are stored "
        "until a flow or apply asks for them. #g is the number of stages, g[i] a copy of stage i; "
        "g.augments lists what may happen to training images before the first stage.",
    .example = "local train = luma.dataset.digits{ train=100, test=10 }\n"
               "local g = luma.generator{ luma.rescale(1/255), luma.center \"feature\" }\n"
               "g:fit(train)\n"
               "assert(#g == 2 and g[2].mean == g.mean)\n"
               "print(g:explain())",
    .n_user_values = 1, /* functions of its maps */
    .release = release,
    .describe = describe,
    .length = length,
    .at = generator_at,
    .members = members,
};

void lb_generator_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_generator_doc, NULL};
    lb_handle_define(L, &lb_generator_type);
    lb_doc_register(L, docs);
}
