#include "bind/handle.h"

#include <stdio.h>
#include <string.h>

/* Registry: the table name -> LbType (by this name), and the ledger (by this address). In a
 * metatable the address of types_key leads to the type. */
static const char types_key[] = "luma.types";
static const char ledger_key[] = "luma.ledger";

/* Engine memory made since the last collection and memory alive now. */
typedef struct Ledger {
    size_t unpaid_bytes;
    size_t live_bytes;
} Ledger;

/* A collection walks the whole Lua heap (about 1 ms for 1 MB), so it is due only after this much
 * new engine memory, or half of what is alive, or four times the Lua heap: its cost stays a small
 * share of making that memory. More would let garbage tensors pile up, less would slow loops over
 * batches. */
enum { PAY_AFTER_BYTES = 24 << 20 };

static void make_ledger(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, ledger_key) == LUA_TNIL) {
        Ledger *fresh = lua_newuserdatauv(L, sizeof *fresh, 0);
        *fresh = (Ledger){0, 0};
        lua_rawsetp(L, LUA_REGISTRYINDEX, ledger_key);
    }
    lua_pop(L, 1);
}

/* Allocates nothing, so it cannot raise while an engine object has no owner yet. */
static Ledger *ledger(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, ledger_key);
    Ledger *l = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return l;
}

static void pay(lua_State *L)
{
    Ledger *l = ledger(L);
    size_t heap_bytes = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024;
    size_t due = LM_MAX((size_t)PAY_AFTER_BYTES, LM_MAX(l->live_bytes / 2, 4 * heap_bytes));
    if (l->unpaid_bytes > due && lua_gc(L, LUA_GCISRUNNING)) {
        l->unpaid_bytes = 0;
        lua_gc(L, LUA_GCCOLLECT);
    }
}

void *lb_handle_push(lua_State *L, const LbType *type)
{
    size_t size = type->handle_size > 0 ? type->handle_size : sizeof(LbHandle);
    pay(L);
    void *handle = lua_newuserdatauv(L, size, type->n_user_values);
    memset(handle, 0, size);
    lua_rawgetp(L, LUA_REGISTRYINDEX, type);
    LM_ASSERT(lua_istable(L, -1));
    lua_setmetatable(L, -2);
    return handle;
}

void lb_handle_fill(lua_State *L, LbHandle *handle, void *object, size_t size_bytes)
{
    Ledger *l = ledger(L);
    LM_ASSERT(handle->object == NULL && object != NULL);
    handle->object = object;
    handle->size_bytes = size_bytes;
    l->live_bytes += size_bytes;
    l->unpaid_bytes += size_bytes;
}

void lb_handle_close(lua_State *L, LbHandle *handle, const LbType *type)
{
    void *object = handle->object;
    if (object != NULL) {
        ledger(L)->live_bytes -= handle->size_bytes;
        handle->object = NULL;
        type->release(object);
    }
}

const LbType *lb_handle_type(lua_State *L, int index)
{
    const LbType *type = NULL;
    if (lua_type(L, index) == LUA_TUSERDATA && lua_getmetatable(L, index)) {
        if (lua_rawgetp(L, -1, types_key) == LUA_TLIGHTUSERDATA) {
            type = lua_touserdata(L, -1);
        }
        lua_pop(L, 2);
    }
    return type;
}

/* The handle inside a table whose metatable's __handle names the field that holds it. */
static LbHandle *test_inside(lua_State *L, int index, const LbType *type)
{
    LbHandle *handle = NULL;
    index = lua_absindex(L, index);
    if (luaL_getmetafield(L, index, "__handle") != LUA_TNIL) {
        lua_rawget(L, index);
        handle = lb_handle_type(L, -1) == type ? lua_touserdata(L, -1) : NULL;
        lua_pop(L, 1);
    }
    return handle;
}

LbHandle *lb_handle_test(lua_State *L, int index, const LbType *type)
{
    if (lb_handle_type(L, index) == type) {
        return lua_touserdata(L, index);
    }
    return lua_istable(L, index) ? test_inside(L, index, type) : NULL;
}

void lb_handle_push_types(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, types_key);
}

const LbType *lb_handle_type_named(lua_State *L, const char *name)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, types_key);
    lua_getfield(L, -1, name);
    const LbType *type = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return type;
}

const char *lb_handle_article(const char *name, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    bool is_plural = name[0] != '\0' && name[strlen(name) - 1] == 's';
    const char *article = is_plural ? "" : strchr("aeio", name[0]) != NULL ? "an " : "a ";
    lm_str_add(&s, "%s%s", article, name);
    return buffer;
}

static _Noreturn void fail_wrong_type(lua_State *L, int arg, const LbType *type, const char *fn)
{
    char got[96];
    char wants[64];
    const char *colon = strchr(fn, ':');
    lb_handle_article(type->name, wants, sizeof wants);
    lb_raise_value(L, arg, got, sizeof got);
    if (arg == 1 && colon != NULL) {
        lb_raise_text(L, LM_EARG, "%s: called on %s instead of %s; write x%s(...), with a colon",
                      fn, got, wants, colon);
    }
    lb_raise_text(L, LM_EARG, "%s: argument %d wants %s, got %s", fn, colon != NULL ? arg - 1 : arg,
                  wants, got);
}

void *lb_handle_check(lua_State *L, int arg, const LbType *type, const char *fn)
{
    const LbHandle *handle = lb_handle_test(L, arg, type);
    if (handle == NULL) {
        fail_wrong_type(L, arg, type, fn);
    }
    if (handle->object == NULL) {
        lb_raise_text(L, LM_ESTATE, "%s: %s is closed", fn, type->name);
    }
    return handle->object;
}

/* --- metamethods; upvalue 1 is the LbType --- */

static const LbType *own_type(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int meta_close(lua_State *L)
{
    const LbType *type = own_type(L);
    LbHandle *handle = lb_handle_test(L, 1, type);
    if (handle == NULL) {
        char fn[64];
        snprintf(fn, sizeof fn, "%s:close", type->name);
        fail_wrong_type(L, 1, type, fn);
    }
    lb_handle_close(L, handle, type);
    return 0;
}

static int meta_tostring(lua_State *L)
{
    const LbType *type = own_type(L);
    const LbHandle *handle = lb_handle_test(L, 1, type);
    char text[512];
    LmStr s = lm_str(text, sizeof text);
    if (handle == NULL || handle->object == NULL) {
        lm_str_add(&s, "closed %s", type->name);
    } else {
        type->describe(handle->object, &s);
    }
    lua_pushstring(L, text);
    return 1;
}

static int meta_len(lua_State *L)
{
    const LbType *type = own_type(L);
    char fn[64];
    snprintf(fn, sizeof fn, "#%s", type->name);
    lua_pushinteger(L, type->length(lb_handle_check(L, 1, type, fn)));
    return 1;
}

static _Noreturn void fail_no_member(lua_State *L, const LbType *type, int members)
{
    char got[96];
    char hint[96] = "";
    if (lua_type(L, 2) == LUA_TSTRING) {
        lb_raise_hint(L, members, lua_tostring(L, 2), hint, sizeof hint);
        lb_raise_text(L, LM_EARG, "%s has no field or method '%s'%s", type->name,
                      lua_tostring(L, 2), hint);
    }
    lb_raise_text(L, LM_EARG, "%s cannot be indexed with %s", type->name,
                  lb_raise_value(L, 2, got, sizeof got));
}

/* Upvalues: type, members (name -> function), getters (name -> true for fields). */
static int meta_index(lua_State *L)
{
    const LbType *type = own_type(L);
    if (type->at != NULL && lua_type(L, 2) == LUA_TNUMBER) {
        return type->at(L);
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNIL) {
        fail_no_member(L, type, lua_upvalueindex(2));
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(3)) == LUA_TNIL) {
        lua_pop(L, 1);
        return 1;
    }
    lua_pop(L, 1);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int meta_newindex(lua_State *L)
{
    char key[96];
    const LbType *type = own_type(L);
    lb_raise_text(L, LM_EARG, "fields of a %s cannot be set (got key %s)", type->name,
                  lb_raise_value(L, 2, key, sizeof key));
}

static void set_metamethod(lua_State *L, const LbType *type, const char *name, lua_CFunction f)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_pushcclosure(L, f, 1);
    lua_setfield(L, -2, name);
}

static void define_metatable(lua_State *L, const LbType *type)
{
    lua_newtable(L);
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_rawsetp(L, -2, types_key);
    lua_pushstring(L, type->name);
    lua_setfield(L, -2, "__name");
    lua_pushstring(L, type->name);
    lua_setfield(L, -2, "__metatable");
    set_metamethod(L, type, "__gc", meta_close);
    set_metamethod(L, type, "__close", meta_close);
    set_metamethod(L, type, "__tostring", meta_tostring);
    set_metamethod(L, type, "__len", meta_len);
    set_metamethod(L, type, "__newindex", meta_newindex);
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_newtable(L);
    lua_newtable(L);
    lua_getfield(L, -4, "__close");
    lua_setfield(L, -3, "close");
    lua_pushcclosure(L, meta_index, 3);
    lua_setfield(L, -2, "__index");
    lua_rawsetp(L, LUA_REGISTRYINDEX, type);
}

/* Pushes upvalue n (2: members, 3: getters) of the type's __index. */
static void push_upvalue(lua_State *L, const LbType *type, int n)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, type);
    lua_getfield(L, -1, "__index");
    lua_getupvalue(L, -1, n);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

void lb_handle_push_members(lua_State *L, const LbType *type)
{
    lua_newtable(L);
    push_upvalue(L, type, 2);
    push_upvalue(L, type, 3);
    lua_pushnil(L);
    while (lua_next(L, -3) != 0) {
        lua_pushvalue(L, -2);
        bool is_field = lua_rawget(L, -4) != LUA_TNIL;
        lua_pop(L, 2);
        lua_pushvalue(L, -1);
        lua_pushstring(L, is_field ? "field" : "method");
        lua_rawset(L, -6);
    }
    lua_pop(L, 2);
}

void lb_handle_extend(lua_State *L, const LbType *type, const LbDoc *const *members,
                      const luaL_Reg *meta)
{
    push_upvalue(L, type, 2);
    push_upvalue(L, type, 3);
    for (; members != NULL && *members != NULL; members++) {
        const char *tail = (*members)->name + strlen(type->name);
        LM_ASSERT(strncmp((*members)->name, type->name, strlen(type->name)) == 0);
        LM_ASSERT(*tail == ':' || *tail == '.');
        lua_pushcfunction(L, (*members)->function);
        lua_setfield(L, -3, tail + 1);
        if (*tail == '.') {
            lua_pushboolean(L, true);
            lua_setfield(L, -2, tail + 1);
        }
        lb_doc_add(L, *members);
    }
    if (meta != NULL) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, type);
        luaL_setfuncs(L, meta, 0);
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

void lb_handle_push_member(lua_State *L, const LbType *type, const char *name)
{
    push_upvalue(L, type, 2);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

void lb_handle_set_member(lua_State *L, const LbType *type, const char *name)
{
    push_upvalue(L, type, 2);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void lb_handle_define(lua_State *L, const LbType *type)
{
    define_metatable(L, type);
    lb_handle_extend(L, type, type->members, type->meta);
    make_ledger(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, types_key);
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_setfield(L, -2, type->name);
    lua_pop(L, 1);
}
