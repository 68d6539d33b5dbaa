#include "bind/options.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "bind/handle.h"

enum { OPTIONS_MAX = 40, WANTS_MAX = 256 };

static void add_range(LmStr *s, const char *noun, double lo, double hi)
{
    bool has_lo = isfinite(lo);
    bool has_hi = isfinite(hi);
    lm_str_add(s, "%s", noun);
    if (has_lo && has_hi) {
        lm_str_add(s, " from %.15g to %.15g", lo, hi);
    } else if (has_lo) {
        lm_str_add(s, " of at least %.15g", lo);
    } else if (has_hi) {
        lm_str_add(s, " of at most %.15g", hi);
    }
}

static void add_choices(LmStr *s, const char *const *choices)
{
    for (size_t i = 0; choices[i] != NULL; i++) {
        const char *glue = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
        lm_str_add(s, "%s\"%s\"", glue, choices[i]);
    }
}

const char *lb_options_wants(const LbOption *o, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    switch (o->kind) {
    case LB_KIND_INTEGER:
        add_range(&s, "an integer", o->lo, o->hi);
        break;
    case LB_KIND_NUMBER:
        add_range(&s, "a number", o->lo, o->hi);
        break;
    case LB_KIND_BOOLEAN:
        lm_str_add(&s, "true or false");
        break;
    case LB_KIND_STRING:
        lm_str_add(&s, "a string");
        break;
    case LB_KIND_CHOICE:
        add_choices(&s, o->choices);
        break;
    case LB_KIND_OBJECT:
        return lb_handle_article(o->type->name, buffer, size);
    case LB_KIND_TABLE:
        lm_str_add(&s, "a table");
        break;
    case LB_KIND_FUNCTION:
        lm_str_add(&s, "a function");
        break;
    case LB_KIND_PAIR:
        add_range(&s, "an integer", o->lo, o->hi);
        lm_str_add(&s, ", or {rows, columns}");
        break;
    case LB_KIND_RANGE:
        lm_str_add(&s, "a number, or two {lo, hi}");
        break;
    case LB_KIND_ANY:
        lm_str_add(&s, "a value");
        break;
    case LB_KIND_NAMES:
        lm_str_add(&s, "a string or a list of strings");
        break;
    }
    return buffer;
}

void lb_arg_fail(lua_State *L, int index, const char *fn, const char *label, const char *wants)
{
    char got[96];
    lb_raise_text(L, LM_EARG, "%s: %s wants %s, got %s", fn, label, wants,
                  lb_raise_value(L, index, got, sizeof got));
}

static _Noreturn void fail_choice(lua_State *L, int index, const char *fn, const char *label,
                                  const LbOption *o)
{
    char wants[WANTS_MAX];
    char got[96];
    const char *near = NULL;
    lb_options_wants(o, wants, sizeof wants);
    lb_raise_value(L, index, got, sizeof got);
    if (lua_type(L, index) == LUA_TSTRING) {
        near = lm_str_nearest(lua_tostring(L, index), o->choices);
    }
    if (near != NULL) {
        lb_raise_text(L, LM_EARG, "%s: %s wants %s, got %s; did you mean \"%s\"?", fn, label, wants,
                      got, near);
    }
    lb_arg_fail(L, index, fn, label, wants);
}

/* "{0, 5}" for a short list, given where a pair is wanted; "a table" for others. */
static const char *list_text(lua_State *L, int index, char *buffer, size_t size)
{
    enum { LIST_MAX = 4 };
    LmStr s = lm_str(buffer, size);
    lua_Integer n = lua_istable(L, index) ? (lua_Integer)lua_rawlen(L, index) : 0;
    if (n == 0 || n > LIST_MAX || lb_handle_type(L, index) != NULL) {
        return lb_raise_value(L, index, buffer, size);
    }
    for (lua_Integer i = 1; i <= n; i++) {
        char item[40];
        lua_rawgeti(L, index, i);
        lm_str_add(&s, "%s%s", i == 1 ? "{" : ", ", lb_raise_value(L, -1, item, sizeof item));
        lua_pop(L, 1);
    }
    lm_str_add(&s, "}");
    return buffer;
}

static _Noreturn void fail_pair(lua_State *L, int index, const char *fn, const char *label,
                                const LbOption *o)
{
    char wants[WANTS_MAX];
    char got[192];
    lb_raise_text(L, LM_EARG, "%s: %s wants %s, got %s", fn, label,
                  lb_options_wants(o, wants, sizeof wants),
                  list_text(L, lua_absindex(L, index), got, sizeof got));
}

/* --- one value --- */

static bool get_integer(lua_State *L, int index, const LbOption *o, int64_t *out)
{
    int ok = 0;
    if (lua_type(L, index) == LUA_TNUMBER) {
        *out = lua_tointegerx(L, index, &ok);
    }
    return ok && (double)*out >= o->lo && (double)*out <= o->hi;
}

static bool get_number(lua_State *L, int index, const LbOption *o, double *out)
{
    if (lua_type(L, index) != LUA_TNUMBER) {
        return false;
    }
    *out = lua_tonumber(L, index);
    return isfinite(*out) && *out >= o->lo && *out <= o->hi;
}

static bool get_string(lua_State *L, int index, const char **out)
{
    if (lua_type(L, index) != LUA_TSTRING) {
        return false;
    }
    size_t n;
    *out = lua_tolstring(L, index, &n);
    return n > 0 && strlen(*out) == n;
}

static bool get_choice(lua_State *L, int index, const LbOption *o, int *out)
{
    if (lua_type(L, index) != LUA_TSTRING) {
        return false;
    }
    for (int i = 0; o->choices[i] != NULL; i++) {
        if (strcmp(o->choices[i], lua_tostring(L, index)) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool get_pair(lua_State *L, int index, const LbOption *o, int64_t out[2])
{
    bool is_good = false;
    if (!lua_istable(L, index)) {
        is_good = get_integer(L, index, o, &out[0]);
        out[1] = out[0];
        return is_good;
    }
    lua_rawgeti(L, index, 1);
    lua_rawgeti(L, index, 2);
    is_good = lua_rawlen(L, index) == 2 && get_integer(L, lua_gettop(L) - 1, o, &out[0]) &&
              get_integer(L, lua_gettop(L), o, &out[1]);
    lua_pop(L, 2);
    return is_good;
}

static bool get_finite(lua_State *L, int index, double *out)
{
    *out = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : HUGE_VAL;
    return isfinite(*out);
}

static bool get_range(lua_State *L, int index, double out[2])
{
    if (!lua_istable(L, index)) {
        out[0] = (double)NAN;
        return get_finite(L, index, &out[1]);
    }
    lua_rawgeti(L, index, 1);
    lua_rawgeti(L, index, 2);
    bool is_good = lua_rawlen(L, index) == 2 && get_finite(L, lua_gettop(L) - 1, &out[0]) &&
                   get_finite(L, lua_gettop(L), &out[1]);
    lua_pop(L, 2);
    return is_good;
}

/* No string in it may be empty, and neither may the list. */
static bool is_names(lua_State *L, int index)
{
    const char *text;
    if (!lua_istable(L, index)) {
        return get_string(L, index, &text);
    }
    lua_Integer n = (lua_Integer)lua_rawlen(L, index);
    bool is_good = n > 0;
    for (lua_Integer i = 1; i <= n && is_good; i++) {
        lua_rawgeti(L, index, i);
        is_good = get_string(L, lua_gettop(L), &text);
        lua_pop(L, 1);
    }
    return is_good;
}

static bool get_object(lua_State *L, int index, const char *fn, const char *label,
                       const LbOption *o, void **out)
{
    const LbHandle *handle = lb_handle_test(L, index, o->type);
    if (handle != NULL && handle->object == NULL) {
        lb_raise_text(L, LM_ESTATE, "%s: the %s given as %s is closed", fn, o->type->name, label);
    }
    *out = handle != NULL ? handle->object : NULL;
    return handle != NULL;
}

typedef union Value {
    int64_t integer;
    double number;
    bool boolean;
    const char *string;
    int choice;
    void *object;
    int64_t pair[2];
    double range[2];
} Value;

/* Returns the size of the field that takes the value, 0 when the value does not fit. */
static size_t get_value(lua_State *L, int index, const char *fn, const char *label,
                        const LbOption *o, Value *v)
{
    switch (o->kind) {
    case LB_KIND_INTEGER:
        return get_integer(L, index, o, &v->integer) ? sizeof v->integer : 0;
    case LB_KIND_NUMBER:
        return get_number(L, index, o, &v->number) ? sizeof v->number : 0;
    case LB_KIND_BOOLEAN:
        v->boolean = lua_toboolean(L, index);
        return lua_isboolean(L, index) ? sizeof v->boolean : 0;
    case LB_KIND_STRING:
        return get_string(L, index, &v->string) ? sizeof v->string : 0;
    case LB_KIND_CHOICE:
        return get_choice(L, index, o, &v->choice) ? sizeof v->choice : 0;
    case LB_KIND_OBJECT:
        return get_object(L, index, fn, label, o, &v->object) ? sizeof v->object : 0;
    case LB_KIND_TABLE:
        return lua_istable(L, index) ? sizeof v->object : 0;
    case LB_KIND_FUNCTION:
        return lua_isfunction(L, index) ? sizeof v->object : 0;
    case LB_KIND_PAIR:
        return get_pair(L, lua_absindex(L, index), o, v->pair) ? sizeof v->pair : 0;
    case LB_KIND_RANGE:
        return get_range(L, lua_absindex(L, index), v->range) ? sizeof v->range : 0;
    case LB_KIND_ANY:
        return lua_isnil(L, index) ? 0 : sizeof v->object;
    case LB_KIND_NAMES:
        return is_names(L, lua_absindex(L, index)) ? sizeof v->object : 0;
    }
    return 0;
}

void lb_options_store(lua_State *L, int index, const char *fn, const char *label, const LbOption *o,
                      void *out)
{
    Value v = {0};
    char wants[WANTS_MAX];
    size_t size = get_value(L, index, fn, label, o, &v);
    if (size == 0 && o->kind == LB_KIND_CHOICE) {
        fail_choice(L, index, fn, label, o);
    }
    if (size == 0 && (o->kind == LB_KIND_PAIR || o->kind == LB_KIND_RANGE)) {
        fail_pair(L, index, fn, label, o);
    }
    if (size == 0) {
        lb_arg_fail(L, index, fn, label, lb_options_wants(o, wants, sizeof wants));
    }
    if (o->offset != LB_NOWHERE && out != NULL) {
        memcpy((char *)out + o->offset, &v, size);
    }
}

/* --- a table of them --- */

static const LbOption *find_option(const LbOption *options, const char *name)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (strcmp(options->name, name) == 0) {
            return options;
        }
    }
    return NULL;
}

static void list_names(const LbOption *options, const char **names)
{
    size_t n = 0;
    for (; options != NULL && options->name != NULL; options++) {
        LM_ASSERT(n < OPTIONS_MAX);
        names[n++] = options->name;
    }
    names[n] = NULL;
}

/* "batch, shuffle, seed" */
static const char *join_names(const LbOption *options, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    for (; options != NULL && options->name != NULL; options++) {
        lm_str_add(&s, s.used > 0 ? ", %s" : "%s", options->name);
    }
    return buffer;
}

static _Noreturn void fail_unknown(lua_State *L, const char *fn, const LbOption *options,
                                   const char *got)
{
    const char *names[OPTIONS_MAX + 1];
    char all[512];
    list_names(options, names);
    join_names(options, all, sizeof all);
    const char *near = lm_str_nearest(got, names);
    if (names[0] == NULL) {
        lb_raise_text(L, LM_EARG, "%s: unknown option '%s'; there are no options here", fn, got);
    }
    if (near != NULL) {
        lb_raise_text(L, LM_EARG, "%s: unknown option '%s'; did you mean '%s'? (options: %s)", fn,
                      got, near, all);
    }
    lb_raise_text(L, LM_EARG, "%s: unknown option '%s'; the options are %s", fn, got, all);
}

typedef struct Keys {
    const char *unknown; /* alphabetically first, so that the message does not depend on hashing */
    lua_Integer n_parts;
    lua_Integer last_part;
} Keys;

static Keys survey(lua_State *L, int table, const char *fn, const LbOption *options)
{
    Keys k = {NULL, 0, 0};
    char got[96];
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            const char *name = lua_tostring(L, -1);
            bool is_first = k.unknown == NULL || strcmp(name, k.unknown) < 0;
            k.unknown = find_option(options, name) == NULL && is_first ? name : k.unknown;
        } else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1) {
            k.n_parts++;
            k.last_part = LM_MAX(k.last_part, lua_tointeger(L, -1));
        } else {
            lb_raise_text(L, LM_EARG, "%s: key [%s] is neither an option nor part of a list", fn,
                          lb_raise_value(L, -1, got, sizeof got));
        }
    }
    return k;
}

static void check_parts(lua_State *L, const char *fn, const Keys *k, LbParts parts)
{
    if (k->n_parts > 0 && parts.max == 0) {
        lb_raise_text(L, LM_EARG,
                      "%s: takes options only, written name=value; got %lld list item%s", fn,
                      (long long)k->n_parts, k->n_parts == 1 ? "" : "s");
    }
    if (k->last_part != k->n_parts) {
        lb_raise_text(L, LM_EARG,
                      "%s: the list has a gap: item %lld is there, but an earlier one is nil", fn,
                      (long long)k->last_part);
    }
    if (k->n_parts < parts.min || k->n_parts > parts.max) {
        lb_raise_text(L, LM_EARG, "%s: wants %s, got %lld list item%s", fn, parts.what,
                      (long long)k->n_parts, k->n_parts == 1 ? "" : "s");
    }
}

static void store_all(lua_State *L, int table, const char *fn, const LbOption *options, void *out)
{
    char label[96];
    for (; options != NULL && options->name != NULL; options++) {
        snprintf(label, sizeof label, "option '%s'", options->name);
        lua_pushstring(L, options->name);
        if (lua_rawget(L, table) != LUA_TNIL || options->is_required) {
            lb_options_store(L, lua_gettop(L), fn, label, options, out);
        }
        lua_pop(L, 1);
    }
}

static _Noreturn void fail_no_table(lua_State *L, int arg, const char *fn, const LbOption *options,
                                    LbParts parts)
{
    char names[512];
    char got[96];
    lb_raise_value(L, arg, got, sizeof got);
    if (parts.what != NULL) {
        lb_raise_text(L, LM_EARG, "%s: wants %s in a table { ... }, got %s", fn, parts.what, got);
    }
    LmStr s = lm_str(names, sizeof names);
    for (const LbOption *o = options; o != NULL && o->name != NULL; o++) {
        lm_str_add(&s, s.used > 0 ? ", %s=" : "%s=", o->name);
    }
    lb_raise_text(L, LM_EARG, "%s: wants a table { %s }, got %s", fn, names, got);
}

int lb_options_parse(lua_State *L, int arg, const char *fn, const LbOption *options, LbParts parts,
                     void *out)
{
    bool is_absent = lua_isnoneornil(L, arg);
    if (is_absent) {
        lua_newtable(L);
    } else if (lua_istable(L, arg)) {
        lua_pushvalue(L, arg);
    } else {
        fail_no_table(L, arg, fn, options, parts);
    }
    int table = lua_gettop(L);
    Keys k = survey(L, table, fn, options);
    if (k.unknown != NULL) {
        fail_unknown(L, fn, options, k.unknown);
    }
    check_parts(L, fn, &k, parts);
    store_all(L, table, fn, options, out);
    lua_settop(L, table - 1);
    return (int)k.n_parts;
}

const char **lb_options_names(lua_State *L, int arg, const char *name, int *n)
{
    *n = 0;
    if (!lua_istable(L, arg)) {
        lua_pushnil(L);
        return NULL;
    }
    int kind = lua_getfield(L, arg, name);
    if (kind == LUA_TNIL) {
        return NULL;
    }
    int list = lua_gettop(L);
    *n = kind == LUA_TTABLE ? (int)lua_rawlen(L, list) : 1;
    const char **names = lua_newuserdatauv(L, (size_t)*n * sizeof *names, 0);
    names[0] = kind == LUA_TTABLE ? NULL : lua_tostring(L, list);
    for (int i = 0; i < *n && kind == LUA_TTABLE; i++) {
        lua_rawgeti(L, list, i + 1);
        names[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    lua_remove(L, list);
    return names;
}
