/* The module luma.engine.keras: what lua/luma/keras.lua needs of the engine, with arguments it has
 * checked itself.
 *
 * Parameters are tables with Keras' keys (theta, tx, ty, shear, zx, zy, flip_horizontal, ...); a
 * missing key changes nothing.
 */
#include <string.h>

#include "augment/keras.h"
#include "bind/b_generator.h"
#include "bind/b_keras.h"
#include "bind/open.h"
#include "bind/b_tensor.h"

static const char ENGINE[] = "luma.engine.keras";

static const char *const fill_names[] = {"nearest", "constant", "reflect", "wrap", "tile", NULL};

static double number_in(lua_State *L, int table, const char *key, double initial)
{
    lua_getfield(L, table, key);
    double value = lua_isnil(L, -1) ? initial : luaL_checknumber(L, -1);
    lua_pop(L, 1);
    return value;
}

static bool flag_in(lua_State *L, int table, const char *key)
{
    lua_getfield(L, table, key);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static bool is_in(lua_State *L, int table, const char *key)
{
    bool is_there = lua_getfield(L, table, key) != LUA_TNIL;
    lua_pop(L, 1);
    return is_there;
}

/* fill_mode, cval and interpolation_order of the table. */
static LmWarp fill_in(lua_State *L, int table)
{
    lua_getfield(L, table, "fill_mode");
    int fill = luaL_checkoption(L, -1, "nearest", fill_names);
    lua_pop(L, 1);
    return (LmWarp){.fill = (LmFill)fill,
                    .fill_value = (float)number_in(L, table, "cval", 0),
                    .order = (int)number_in(L, table, "interpolation_order", 1)};
}

static LmTransform transform_in(lua_State *L, int table)
{
    LmTransform t = lm_transform();
    t.theta_deg = number_in(L, table, "theta", 0);
    t.tx = number_in(L, table, "tx", 0);
    t.ty = number_in(L, table, "ty", 0);
    t.shear_deg = number_in(L, table, "shear", 0);
    t.zx = number_in(L, table, "zx", 1);
    t.zy = number_in(L, table, "zy", 1);
    t.flip_horizontal = flag_in(L, table, "flip_horizontal");
    t.flip_vertical = flag_in(L, table, "flip_vertical");
    t.has_channel_shift = is_in(L, table, "channel_shift_intensity");
    t.channel_shift = number_in(L, table, "channel_shift_intensity", 0);
    t.has_brightness = is_in(L, table, "brightness");
    t.brightness = number_in(L, table, "brightness", 1);
    return t;
}

static void set_number(lua_State *L, const char *key, double value)
{
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static void push_transform(lua_State *L, const LmTransform *t)
{
    lua_createtable(L, 0, 10);
    set_number(L, "theta", t->theta_deg);
    set_number(L, "tx", t->tx);
    set_number(L, "ty", t->ty);
    set_number(L, "shear", t->shear_deg);
    set_number(L, "zx", t->zx);
    set_number(L, "zy", t->zy);
    lua_pushboolean(L, t->flip_horizontal);
    lua_setfield(L, -2, "flip_horizontal");
    lua_pushboolean(L, t->flip_vertical);
    lua_setfield(L, -2, "flip_vertical");
    if (t->has_channel_shift) {
        set_number(L, "channel_shift_intensity", t->channel_shift);
    }
    if (t->has_brightness) {
        set_number(L, "brightness", t->brightness);
    }
}

static LmTensor *check_image(lua_State *L, int arg, const char *fn)
{
    LmTensor *t = lb_tensor_check(L, arg, fn);
    LM_ASSERT(t->dtype == LM_F32 && t->rank == 3);
    return t;
}

/* transform(fn, image, parameters, fill) -> image */
static int keras_transform(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    const LmTensor *image = check_image(L, 2, fn);
    LmTransform t = transform_in(L, 3);
    LmWarp fill = fill_in(L, 4);
    LbTensor *out = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_new(&out->tensor, LM_F32, 3, image->shape, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, out);
    LB_CALL(L, st,
            lm_transform_apply(&t, &fill, image->data, image->shape[0], image->shape[1],
                               image->shape[2], out->tensor.data, &err));
    lb_raise_if(L, st, fn, &err);
    return 1;
}

/* brighten(fn, image, factor, scale) -> a changed copy */
static int keras_brighten(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    const LmTensor *image = check_image(L, 2, fn);
    double factor = luaL_checknumber(L, 3);
    LbTensor *out = lb_tensor_push(L);
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_tensor_clone(&out->tensor, image, &err));
    lb_raise_if(L, st, fn, &err);
    lb_tensor_fill(L, out);
    lm_transform_brighten(out->tensor.data, image->shape[0] * image->shape[1], image->shape[2],
                          factor, lua_toboolean(L, 4));
    return 1;
}

/* --- drawing --- */

/* { kind, number or list } under `key`. */
static void shift_in(lua_State *L, int table, const char *key, LmKerasShift *out)
{
    static const char *const kinds[] = {"none", "whole",     "pixels", "fraction",
                                        "list", "fractions", NULL};
    if (lua_getfield(L, table, key) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    int shift = lua_gettop(L);
    lua_rawgeti(L, shift, 1);
    out->kind = (LmKerasShiftKind)luaL_checkoption(L, -1, "none", kinds);
    if (lua_rawgeti(L, shift, 2) == LUA_TTABLE) {
        out->n = (int)LM_MIN(luaL_len(L, -1), (lua_Integer)LM_KERAS_SHIFTS_MAX);
        for (int i = 0; i < out->n; i++) {
            lua_rawgeti(L, -1, i + 1);
            out->list[i] = luaL_checknumber(L, -1);
            lua_pop(L, 1);
        }
    } else {
        out->range = luaL_checknumber(L, -1);
    }
    lua_settop(L, shift - 1);
}

static void pair_in(lua_State *L, int table, const char *key, double pair[2])
{
    if (lua_getfield(L, table, key) == LUA_TTABLE) {
        for (int i = 0; i < 2; i++) {
            lua_rawgeti(L, -1, i + 1);
            pair[i] = luaL_checknumber(L, -1);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

LmKeras lb_keras_in(lua_State *L, int table, const char *fn)
{
    LmError err;
    LmKeras k = lm_keras();
    k.rotation_deg = number_in(L, table, "rotation_range", 0);
    k.shear_deg = number_in(L, table, "shear_range", 0);
    k.channel_shift = number_in(L, table, "channel_shift_range", 0);
    shift_in(L, table, "height_shift", &k.height);
    shift_in(L, table, "width_shift", &k.width);
    pair_in(L, table, "zoom_range", k.zoom);
    k.has_brightness = is_in(L, table, "brightness_range");
    pair_in(L, table, "brightness_range", k.brightness);
    k.flip_horizontal = flag_in(L, table, "horizontal_flip");
    k.flip_vertical = flag_in(L, table, "vertical_flip");
    k.fill = fill_in(L, table);
    lb_raise_if(L, lm_keras_check(&k, &err), fn, &err);
    return k;
}

/* check(fn, ranges): raises where they make no sense. */
static int keras_check(lua_State *L)
{
    (void)lb_keras_in(L, 2, luaL_checkstring(L, 1));
    return 0;
}

/* draw(fn, ranges, height, width, seed) -> parameters */
static int keras_draw(lua_State *L)
{
    LmKeras k = lb_keras_in(L, 2, luaL_checkstring(L, 1));
    LmRng rng = lm_rng((uint64_t)luaL_checkinteger(L, 5), LM_RNG_USER, 0, 0);
    LmTransform t = lm_keras_draw(&k, luaL_checkinteger(L, 3), luaL_checkinteger(L, 4), &rng);
    push_transform(L, &t);
    return 1;
}

/* put(all, i, image): `image` becomes image i (from 1) of the f32 tensor `all` */
static int keras_put(lua_State *L)
{
    LmTensor *all = lb_tensor_check(L, 1, ENGINE);
    lua_Integer i = luaL_checkinteger(L, 2);
    const LmTensor *image = lb_tensor_check(L, 3, ENGINE);
    bool fits = all->dtype == LM_F32 && image->dtype == LM_F32 && i >= 1 && i <= all->shape[0] &&
                image->count * all->shape[0] == all->count;
    if (!fits) {
        return luaL_error(L, "%s: all images must come out with the shape of the first", ENGINE);
    }
    memcpy((float *)all->data + (i - 1) * image->count, image->data, lm_tensor_size_bytes(image));
    return 0;
}

/* augment(fn, generator, ranges) -> a generator whose flows change images as Keras does */
static int keras_augment(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    const LmGenerator *g = lb_generator_check(L, 2, fn);
    LmKeras k = lb_keras_in(L, 3, fn);
    LbHandle *handle = lb_handle_push(L, &lb_generator_type);
    LmGenerator *changing;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_generator_change_as_keras(&changing, g, &k, &err));
    lb_raise_if(L, st, fn, &err);
    lb_generator_fill(L, handle, changing);
    return 1;
}

static int open_engine(lua_State *L)
{
    static const luaL_Reg functions[] = {{"transform", keras_transform},
                                         {"brighten", keras_brighten},
                                         {"check", keras_check},
                                         {"draw", keras_draw},
                                         {"put", keras_put},
                                         {"augment", keras_augment},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}

void lb_keras_open(lua_State *L)
{
    luaL_requiref(L, ENGINE, open_engine, 0);
    lb_keras_files_open(L);
    lua_pop(L, 1);
}
