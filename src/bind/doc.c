#include "bind/doc.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "bind/handle.h"
#include "bind/lazy.h"
#include "bind/open.h"

/* Docs from C wait in a list until somebody reads them: most runs never do. */
static const char docs_key[] = "luma.docs";
static const char waiting_key[] = "luma.docs.waiting";

void lb_doc_push(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, docs_key);
}

static void set_string(lua_State *L, const char *name, const char *text)
{
    if (text != NULL) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, name);
    }
}

static void set_choices(lua_State *L, const char *const *choices)
{
    lua_newtable(L);
    for (int i = 0; choices[i] != NULL; i++) {
        lua_pushstring(L, choices[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "choices");
}

static void push_options(lua_State *L, const LbOption *options)
{
    char wants[256];
    lua_newtable(L);
    for (int i = 0; options[i].name != NULL; i++) {
        lua_createtable(L, 0, 6);
        set_string(L, "name", options[i].name);
        set_string(L, "kind", lb_options_kind(&options[i]));
        set_string(L, "wants", lb_options_wants(&options[i], wants, sizeof wants));
        set_string(L, "initial", options[i].is_required ? "required" : options[i].initial);
        set_string(L, "text", options[i].text);
        if (options[i].kind == LB_KIND_CHOICE) {
            set_choices(L, options[i].choices);
        }
        lua_rawseti(L, -2, i + 1);
    }
}

void lb_doc_add(lua_State *L, const LbDoc *doc)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, waiting_key);
    lua_pushlightuserdata(L, (void *)(uintptr_t)doc);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

/* Stack: docs. */
static void enter(lua_State *L, const LbDoc *doc)
{
    lua_createtable(L, 0, 5);
    set_string(L, "name", doc->name);
    set_string(L, "signature", doc->signature);
    set_string(L, "text", doc->text);
    set_string(L, "example", doc->example);
    if (doc->options != NULL) {
        push_options(L, doc->options);
        lua_setfield(L, -2, "options");
    }
    lua_setfield(L, -2, doc->name);
}

/* Stack: docs. Every type can be closed. */
static void enter_type(lua_State *L, const LbType *type)
{
    char name[64];
    char signature[64];
    LbDoc doc = {
        .name = type->name, .signature = type->name, .text = type->text, .example = type->example};
    enter(L, &doc);
    snprintf(name, sizeof name, "%s:close", type->name);
    snprintf(signature, sizeof signature, "%s:close()", type->name);
    doc = (LbDoc){.name = name,
                  .signature = signature,
                  .text = "Gives its memory back now rather than at some later garbage collection. "
                          "Every later use is an error. The same happens at the end of the block "
                          "for `local x <close> = ...`."};
    enter(L, &doc);
}

/* Stack: docs. */
static void enter_waiting(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, waiting_key);
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, waiting_key);
    lua_insert(L, -2);
    for (lua_Integer i = 1; lua_rawgeti(L, -2, i) != LUA_TNIL; i++) {
        const LbDoc *doc = lua_touserdata(L, -1);
        lua_pop(L, 1);
        enter(L, doc);
    }
    lua_pop(L, 1);
    lua_remove(L, -2);
}

void lb_doc_push_all(lua_State *L)
{
    lb_lazy_load_all(L);
    lb_doc_push(L);
    enter_waiting(L);
    lb_handle_push_types(L);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        const LbType *type = lua_touserdata(L, -1);
        lua_pop(L, 1);
        lua_pushvalue(L, -3);
        enter_type(L, type);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void lb_doc_register(lua_State *L, const LbDoc *const *docs)
{
    static const char module[] = "luma.";
    for (; *docs != NULL; docs++) {
        LM_ASSERT(strncmp((*docs)->name, module, strlen(module)) == 0);
        lua_pushcfunction(L, (*docs)->function);
        lb_open_set(L, (*docs)->name + strlen(module));
        lb_doc_add(L, *docs);
    }
}
