#include "bind/doc.h"

#include <lauxlib.h>
#include <string.h>

#include "bind/handle.h"
#include "bind/open.h"

static const char docs_key[] = "luma.docs";

void lb_doc_push_all(lua_State *L)
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

static void push_options(lua_State *L, const LbOption *options)
{
    char wants[256];
    lua_newtable(L);
    for (int i = 0; options[i].name != NULL; i++) {
        lua_createtable(L, 0, 4);
        set_string(L, "name", options[i].name);
        set_string(L, "wants", lb_options_wants(&options[i], wants, sizeof wants));
        set_string(L, "initial", options[i].is_required ? "required" : options[i].initial);
        set_string(L, "text", options[i].text);
        lua_rawseti(L, -2, i + 1);
    }
}

void lb_doc_add(lua_State *L, const LbDoc *doc)
{
    lb_doc_push_all(L);
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
