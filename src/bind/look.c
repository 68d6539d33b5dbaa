/* What `luma info` asks about files and data sets; services of require("luma.internal"). */
#include <lauxlib.h>
#include <stdio.h>

#include "base/mem.h"
#include "bind/b_dataset.h"
#include "bind/b_tensor.h"
#include "bind/internal.h"
#include "bind/raise.h"
#include "data/survey.h"
#include "io/file.h"
#include "io/guess.h"
#include "io/idx.h"

int lb_look_head(lua_State *L)
{
    LmFileHead facts;
    LmError err;
    luaL_Buffer buffer;
    const char *path = luaL_checkstring(L, 1);
    size_t room = (size_t)luaL_checkinteger(L, 2);
    char *bytes = luaL_buffinitsize(L, &buffer, room);
    if (lm_file_head(&facts, (uint8_t *)bytes, room, path, &err) != LM_OK) {
        lua_pushnil(L);
        lua_pushstring(L, err.msg);
        return 2;
    }
    luaL_pushresultsize(&buffer, facts.n);
    lua_pushinteger(L, (lua_Integer)facts.size);
    lua_pushboolean(L, facts.was_gzip);
    return 3;
}

int lb_look_guess(lua_State *L)
{
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);
    lua_pushstring(L, lm_guess_format((const uint8_t *)bytes, size));
    return 1;
}

int lb_look_idx(lua_State *L)
{
    LmError err;
    LmStatus st;
    const char *path = luaL_checkstring(L, 1);
    LbTensor *t = lb_tensor_push(L);
    LB_CALL(L, st, lm_idx_load(&t->tensor, path, &err));
    lb_raise_if(L, st, "luma.dataset.idx", &err);
    lb_tensor_fill(L, t);
    return 1;
}

static void push_survey(lua_State *L, const LmSurvey *looks, int64_t n)
{
    lua_createtable(L, (int)n, 0);
    lua_newtable(L);
    lua_Integer n_constant = 0;
    for (int64_t i = 0; i < n; i++) {
        lua_pushinteger(L, (lua_Integer)looks[i].digest);
        lua_rawseti(L, -3, i + 1);
        if (looks[i].is_constant) {
            lua_pushinteger(L, i + 1);
            lua_rawseti(L, -2, ++n_constant);
        }
    }
}

int lb_look_digests(lua_State *L)
{
    static const char fn[] = "luma info";
    LmError err;
    LmStatus st;
    const LmDataset *ds = lb_dataset_check(L, 1, fn);
    int64_t n = LM_MIN((int64_t)luaL_checkinteger(L, 2), ds->count);
    LmSurvey *looks = lua_newuserdatauv(L, (size_t)n * sizeof *looks, 0);
    LB_CALL(L, st, lm_survey_look(looks, ds, n, &err));
    lb_raise_if(L, st, fn, &err);
    push_survey(L, looks, n);
    return 2;
}
