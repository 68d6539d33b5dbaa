/* What generators do with augmentations: generator:augment, generator:replay, generator.augments.
 */
#include "bind/b_augment.h"
#include "bind/b_dataset.h"
#include "bind/b_generator.h"
#include "bind/b_map.h"
#include "bind/b_tensor.h"
#include "bind/open.h"
#include "flow/replay.h"

LB_FUNCTION(
    lb_generator_augment, "generator:augment", NULL,
    "generator:augment{ augmentation, ... } -> generator",
    "A new generator with the same stages and fitted numbers, whose flows change training images "
    "at random first, in the order listed and before the first stage. Only training does: "
    "model:evaluate, model:predict, validation and generator:apply see images as they are, and "
    "fitting either generator later takes statistics of images as they are.",
    "local train, test = luma.dataset.digits{ train=100, test=10 }\n"
    "local g = luma.generator{ luma.rescale(1/255) }\n"
    "local more = g:augment{\n"
    "  luma.rotate(15), luma.shift{ height=0.1, width=0.1 }, luma.zoom{ 0.9, 1.1 },\n"
    "}\n"
    "local x = more:flow(train, { batch=32, seed=7 }):next()\n"
    "local plain = g:flow(train, { batch=32, seed=7 }):next()\n"
    "assert(not x:equal(plain))")
{
    LmGenerator *g = lb_generator_check(L, 1, fn);
    lb_arg_table(L, 2, fn, "augmentations", "a list as in generator:augment{ luma.rotate(15) }");
    int n = lb_options_parse(
        L, 2, fn, NULL, (LbParts){"one augmentation at least, up to 64", 1, LM_AUGMENT_MAX}, NULL);
    lb_arg_end(L, 2, fn);
    LmAugment *list = lb_augment_borrow_list(L, 2, n, fn);
    LbHandle *handle = lb_handle_push(L, &lb_generator_type);
    LmGenerator *augmented;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_generator_augment(&augmented, g, list, n, &err));
    lb_raise_if(L, st, fn, &err);
    lb_generator_fill(L, handle, augmented);
    lb_map_share(L, 1);
    return 1;
}

LB_FUNCTION(lb_generator_augments, "generator.augments", NULL, "generator.augments -> list of augmentations",
            "Its augmentations in order, as copies; an empty list where there are none.",
            "local g = luma.generator{}:augment{ luma.rotate(15) }\n"
            "assert(#g.augments == 1 and g.augments[1].kind == \"rotate\")")
{
    const LmGenerator *g = lb_generator_check(L, 1, fn);
    int n = lm_generator_n_augments(g);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        lb_augment_push_copy(L, &lm_generator_augment_list(g)[i], fn);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* --- replay --- */

typedef struct ReplayArgs {
    int64_t seed;
    int64_t turn;
} ReplayArgs;

static const LbOption replay_options[] = {
    LB_SEED(ReplayArgs, seed),
    LB_INTEGER(
        ReplayArgs, turn, "turn", 1, INT32_MAX, "1",
        "which time in that epoch, where sampling=\"balanced\" gives an image more than once"),
    LB_OPTIONS_END};

static void push_draw(lua_State *L, const LmDraw *draw)
{
    const LmAugmentSpec *spec = lm_augment_spec(draw->entry->kind);
    lua_newtable(L);
    lua_pushstring(L, spec->name);
    lua_setfield(L, -2, "kind");
    for (size_t i = 0; i < LM_ARRAY_LEN(spec->drawn) && spec->drawn[i] != NULL; i++) {
        lua_pushnumber(L, draw->value[i]);
        lua_setfield(L, -2, spec->drawn[i]);
    }
    if (draw->entry->kind == LM_AUGMENT_FLIP) {
        lua_pushstring(L, lm_flip_axis_names[draw->entry->choice]);
        lua_setfield(L, -2, "axis");
    }
}

static void push_draws(lua_State *L, const LmReplay *r)
{
    lua_createtable(L, r->n_draws, 0);
    for (int i = 0; i < r->n_draws; i++) {
        push_draw(L, &r->draws[i]);
        lua_rawseti(L, -2, i + 1);
    }
    if (r->is_mixed) {
        lua_newtable(L);
        lua_pushliteral(L, "mixup");
        lua_setfield(L, -2, "kind");
        lua_pushinteger(L, r->partner + 1);
        lua_setfield(L, -2, "partner");
        lua_pushnumber(L, r->share);
        lua_setfield(L, -2, "share");
        lua_rawseti(L, -2, r->n_draws + 1);
    }
}

LB_FUNCTION(lb_generator_replay, "generator:replay", replay_options,
            "generator:replay(dataset, i, epoch, { seed=, turn=1 }) -> pixels, parameters, scaled",
            "Image i as a flow with that seed changes it in that epoch, made again alone: its "
            "pixels before "
            "scaling (f32, H x W x C), a list of what was drawn ({ { kind=\"rotate\", degrees=7.3 "
            "}, ... }: "
            "what happened, in order), and the pixels as the flow gives them.",
            "local train = luma.dataset.digits{ train=100, test=10 }\n"
            "local g = luma.generator{ luma.rescale(1/255) }:augment{ luma.rotate(15) }\n"
            "local flow = g:flow(train, { batch=1, shuffle=false, seed=7 })\n"
            "local pixels, drawn, scaled = g:replay(train, 1, 1, { seed=7 })\n"
            "assert(drawn[1].kind == \"rotate\" and flow:next()[1]:equal(scaled))")
{
    LmGenerator *g = lb_generator_check(L, 1, fn);
    const LmDataset *ds = lb_dataset_check(L, 2, fn);
    int64_t i = lb_arg_integer(L, 3, fn, "i", 1, (double)ds->count);
    int64_t epoch = lb_arg_integer(L, 4, fn, "epoch", 1, LB_ANY);
    ReplayArgs a = {.seed = (int64_t)lb_open_seed(L), .turn = 1};
    lb_options_parse(L, 5, fn, replay_options, LB_NO_PARTS, &a);
    lb_arg_end(L, 5, fn);
    LbTensor *pixels = lb_tensor_push(L);
    LbTensor *scaled = lb_tensor_push(L);
    LmReplay r;
    LmError err;
    LmStatus st;
    LB_CALL(L, st,
            lm_replay(&r, g, ds, lm_draw_sample(i - 1, a.turn - 1), epoch, (uint64_t)a.seed, &err));
    lb_raise_if(L, st, fn, &err);
    pixels->tensor = r.pixels;
    scaled->tensor = r.scaled;
    lb_tensor_fill(L, pixels);
    lb_tensor_fill(L, scaled);
    push_draws(L, &r);
    lua_insert(L, -2);
    return 3;
}

void lb_augment_list_open(lua_State *L)
{
    static const LbDoc *const members[] = {&lb_generator_augment_doc, &lb_generator_augments_doc,
                                           &lb_generator_replay_doc, NULL};
    lb_handle_extend(L, &lb_generator_type, members, NULL);
}
