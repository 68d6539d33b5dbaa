#include "bind/b_map.h"

#include "bind/b_generator.h"
#include "bind/b_stage.h"
#include "bind/open.h"
#include "stage/map.h"

LB_FUNCTION(
    lb_luma_map, "luma.map", NULL, "luma.map(fn) -> stage",
    "Any function of one pixel: number in, number out. It sees the pixel as the stages before "
    "leave it, and is called for the 256 values a byte can have, not for every pixel, so it must "
    "depend on nothing else. Works on images of bytes, behind rescale, clip, other maps, and "
    "center or standardize \"feature\" of axis \"all\"; what augmentation leaves is rounded to "
    "bytes first. A file keeps the 256 numbers.",
    "local g = luma.generator{ luma.rescale(1/255), luma.map(function(x) return x ^ 2.2 end) }\n"
    "local x = g:apply(luma.tensor({ {0, 255} }, \"u8\"):reshape{1, 1, 2, 1})\n"
    "assert(x:min() == 0 and x:max() == 1)")
{
    if (!lua_isfunction(L, 1)) {
        lb_arg_fail(L, 1, fn, "argument 1 (fn)",
                    "a function, as in luma.map(function(x) return x^2 end)");
    }
    lb_arg_end(L, 1, fn);
    lb_stage_push_new(L, lm_stage_map());
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    return 1;
}

/* --- tables --- */

static double call(lua_State *L, double x, const LmStage *s)
{
    char got[96];
    lua_pushvalue(L, -1);
    lua_pushnumber(L, x);
    lua_call(L, 1, 1);
    if (lua_type(L, -1) != LUA_TNUMBER) {
        lb_raise_text(L, LM_EARG, "luma.map (%s): the function gave %s for %.14g, wanted a number",
                      s->where, lb_raise_value(L, -1, got, sizeof got), x);
    }
    double y = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return y;
}

/* Asks the function on top of the stack; twice, because a function that counts or draws random
 * numbers would look like any other. */
static void fill_table(lua_State *L, LmGenerator *g, int i, const char *fn)
{
    const LmStage *s = lm_generator_stage(g, i);
    double x[256];
    double y[256];
    LmError err;
    lb_raise_if(L, lm_map_inputs(lm_generator_stage(g, 0), i, x, &err), fn, &err);
    for (int byte = 0; byte < 256; byte++) {
        y[byte] = call(L, x[byte], s);
    }
    for (int byte = 0; byte < 256; byte++) {
        double again = call(L, x[byte], s);
        if (again != y[byte]) {
            lb_raise_text(
                L, LM_EARG,
                "luma.map (%s): the function gave %.14g and then %.14g for %.14g; it must "
                "depend on its argument alone",
                s->where, y[byte], again, x[byte]);
        }
    }
    LmStatus st;
    LB_CALL(L, st, lm_generator_set_table(g, i, y, &err));
    lb_raise_if(L, st, fn, &err);
}

static bool is_map(const LmGenerator *g, int i)
{
    return lm_generator_stage(g, i)->kind == LM_STAGE_MAP;
}

/* Whether the values before stage i depend on a fit: on whose numbers, or whether there are any. */
static bool depends_on_fit(const LmGenerator *g, int i)
{
    for (int k = 0; k < i; k++) {
        if (lm_stage_needs_fit(lm_generator_stage(g, k))) {
            return true;
        }
    }
    return false;
}

static bool is_ready(const LmGenerator *g, int i)
{
    for (int k = 0; k < i; k++) {
        if (!lm_stage_is_fitted(lm_generator_stage(g, k))) {
            return false;
        }
    }
    return true;
}

/* --- generators; their user value is the list of functions --- */

void lb_map_adopt(lua_State *L, int index, int list, LmGenerator *g, const char *fn)
{
    bool has_functions = false;
    index = lua_absindex(L, index);
    lua_newtable(L);
    for (int i = 0; i < lm_generator_n_stages(g); i++) {
        if (!is_map(g, i)) {
            continue;
        }
        lua_rawgeti(L, list, i + 1);
        if (lua_getiuservalue(L, -1, 1) != LUA_TFUNCTION) {
            lb_raise_text(L, LM_EARG,
                          "%s: stage %d is a map read from a file, whose table of numbers holds "
                          "for that generator alone; make a new one with luma.map(fn)",
                          fn, i + 1);
        }
        if (is_ready(g, i)) {
            fill_table(L, g, i, fn);
        }
        lua_rawseti(L, -3, i + 1);
        lua_pop(L, 1);
        has_functions = true;
    }
    if (has_functions) {
        lua_setiuservalue(L, index, 1);
    } else {
        lua_pop(L, 1);
    }
}

void lb_map_share(lua_State *L, int index)
{
    lua_getiuservalue(L, index, 1);
    lua_setiuservalue(L, -2, 1);
}

void lb_map_pass_on(lua_State *L, int index, int i)
{
    index = lua_absindex(L, index);
    if (lua_getiuservalue(L, index, 1) == LUA_TTABLE) {
        lua_rawgeti(L, -1, i + 1);
        lua_setiuservalue(L, -3, 1);
    }
    lua_pop(L, 1);
}

/* The table of map i, the stages before it being fitted; the list of functions is on top. */
static void fit_map(lua_State *L, LmGenerator *g, int i, const char *fn)
{
    bool has_functions = lua_istable(L, -1);
    if (!has_functions && depends_on_fit(g, i)) {
        lb_raise_text(L, LM_ESTATE,
                      "%s: stage %d is a map read from a file: its function is not in there, and a "
                      "new fit would change what it sees",
                      fn, i + 1);
    }
    if (has_functions) {
        lua_rawgeti(L, -1, i + 1);
        fill_table(L, g, i, fn);
        lua_pop(L, 1);
    }
}

static void fit_head(lua_State *L, LmGenerator *g, const LmDataset *ds, int n, const char *fn)
{
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_generator_fit_head(g, ds, n, &err));
    lb_raise_if(L, st, fn, &err);
}

void lb_map_fit(lua_State *L, int index, LmGenerator *g, const LmDataset *ds, const char *fn)
{
    int n = lm_generator_n_stages(g);
    int n_maps = 0;
    LmGenerator *fresh = NULL;
    LmError err;
    LmStatus st;
    for (int i = 0; i < n; i++) {
        n_maps += is_map(g, i);
    }
    if (n_maps == 0) {
        fit_head(L, g, ds, n, fn);
        return;
    }
    /* All happens to a copy, so that a function that fails leaves the old fit. */
    index = lua_absindex(L, index);
    LbHandle *handle = lb_handle_push(L, &lb_generator_type);
    LB_CALL(L, st, lm_generator_new(&fresh, lm_generator_stage(g, 0), n, &err));
    lb_raise_if(L, st, fn, &err);
    lb_generator_fill(L, handle, fresh);
    lua_getiuservalue(L, index, 1);
    for (int i = 0; i < n; i++) {
        if (is_map(g, i)) {
            fit_head(L, fresh, ds, i, fn);
            fit_map(L, fresh, i, fn);
        }
    }
    fit_head(L, fresh, ds, n, fn);
    lm_generator_exchange(g, fresh);
    lua_pop(L, 1);
    lb_handle_close(L, handle, &lb_generator_type);
    lua_pop(L, 1);
}

void lb_map_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_luma_map_doc, NULL};
    lb_doc_register(L, docs);
}
