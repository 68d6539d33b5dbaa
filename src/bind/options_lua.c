/* The same option checks for the Lua side: require("luma.internal").options(fn, table, spec).
 *
 * spec is a list of { name=,
 * kind="integer"|"number"|"boolean"|"string"|"choice"|"table"|"function"|"pair"|"range"|"any"|"names"
 * or the name of an object type ("flow"), min=, max=, choices={...}, default=, required=, text= },
 * with parts={ what=, min=, max= } where the array part is used. The answer is a new table: options
 * by name, defaults filled in, and the parts at 1..n.
 */
#include <lauxlib.h>
#include <string.h>

#include "bind/handle.h"

enum { SPEC_MAX = 40, CHOICES_MAX = 24 };

typedef struct Spec {
    LbOption options[SPEC_MAX + 1];
    const char *choices[SPEC_MAX][CHOICES_MAX + 1];
} Spec;

static const char *const kind_names[] = {"integer", "number", "boolean", "string",
                                         "choice",  "object", "table",   "function",
                                         "pair",    "range",  "any",     "names"};
_Static_assert(LM_ARRAY_LEN(kind_names) == LB_KIND_NAMES + 1, "one name a kind");

const char *lb_options_kind(const LbOption *option)
{
    return option->kind == LB_KIND_OBJECT && option->type != NULL ? option->type->name
                                                                  : kind_names[option->kind];
}

/* Strings read here stay alive: they are fields of the spec, which is on the stack. */
static const char *field_string(lua_State *L, int table, const char *name)
{
    lua_getfield(L, table, name);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
}

static double field_number(lua_State *L, int table, const char *name, double missing)
{
    lua_getfield(L, table, name);
    double v = luaL_optnumber(L, -1, missing);
    lua_pop(L, 1);
    return v;
}

static void read_choices(lua_State *L, int entry, const char **choices)
{
    size_t n = 0;
    if (lua_getfield(L, entry, "choices") == LUA_TTABLE) {
        n = (size_t)luaL_len(L, -1);
        LM_ASSERT(n <= CHOICES_MAX);
        for (size_t i = 0; i < n; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i + 1);
            choices[i] = luaL_checkstring(L, -1);
            lua_pop(L, 1);
        }
    }
    choices[n] = NULL;
    lua_pop(L, 1);
}

static void read_kind(lua_State *L, int entry, LbOption *o)
{
    const char *kind = field_string(L, entry, "kind");
    LM_ASSERT(kind != NULL);
    for (size_t i = 0; i < LM_ARRAY_LEN(kind_names); i++) {
        if (strcmp(kind_names[i], kind) == 0) {
            o->kind = (LbOptionKind)i;
            return;
        }
    }
    o->kind = LB_KIND_OBJECT;
    o->type = lb_handle_type_named(L, kind);
    LM_ASSERT(o->type != NULL);
}

static void read_spec(lua_State *L, int table, Spec *spec)
{
    size_t n = (size_t)luaL_len(L, table);
    LM_ASSERT(n <= SPEC_MAX);
    memset(spec, 0, sizeof *spec);
    for (size_t i = 0; i < n; i++) {
        LbOption *o = &spec->options[i];
        lua_rawgeti(L, table, (lua_Integer)i + 1);
        int entry = lua_gettop(L);
        o->name = field_string(L, entry, "name");
        o->offset = LB_NOWHERE;
        o->lo = field_number(L, entry, "min", -LB_ANY);
        o->hi = field_number(L, entry, "max", LB_ANY);
        o->choices = spec->choices[i];
        lua_getfield(L, entry, "required");
        o->is_required = lua_toboolean(L, -1);
        lua_pop(L, 1);
        read_choices(L, entry, spec->choices[i]);
        read_kind(L, entry, o);
        lua_pop(L, 1);
    }
}

static LbParts read_parts(lua_State *L, int table)
{
    LbParts parts = LB_NO_PARTS;
    if (lua_getfield(L, table, "parts") == LUA_TTABLE) {
        int entry = lua_gettop(L);
        parts.what = field_string(L, entry, "what");
        parts.min = (int)field_number(L, entry, "min", 0);
        parts.max = (int)field_number(L, entry, "max", 1e6);
    }
    lua_pop(L, 1);
    return parts;
}

static void copy_option(lua_State *L, int from, int spec, int i, const char *name)
{
    lua_getfield(L, from, name);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_rawgeti(L, spec, i);
        lua_getfield(L, -1, "default");
        lua_remove(L, -2);
    }
    lua_setfield(L, -2, name);
}

int lb_options_lua(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    Spec *spec = lua_newuserdatauv(L, sizeof *spec, 0);
    read_spec(L, 3, spec);
    int n_parts = lb_options_parse(L, 2, fn, spec->options, read_parts(L, 3), NULL);
    if (lua_isnil(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    lua_newtable(L);
    for (int i = 1; i <= n_parts; i++) {
        lua_rawgeti(L, 2, i);
        lua_rawseti(L, -2, i);
    }
    for (int i = 0; spec->options[i].name != NULL; i++) {
        copy_option(L, 2, 3, i + 1, spec->options[i].name);
    }
    return 1;
}
