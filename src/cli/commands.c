#include "cli/commands.h"

#include <lauxlib.h>

#include "cli/cli.h"

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void push_option(lua_State *L, const LcOption *o)
{
    char form[128];
    lua_createtable(L, 0, 6);
    set_text(L, "name", o->name);
    set_text(L, "value", o->value);
    set_text(L, "form", lc_options_form(o, form, sizeof form));
    set_text(L, "text", o->text);
    lua_pushboolean(L, o->kind == LC_KIND_OPTIONAL);
    lua_setfield(L, -2, "is_optional");
    if (o->kind == LC_KIND_CHOICE) {
        lua_newtable(L);
        for (int i = 0; o->choices[i] != NULL; i++) {
            lua_pushstring(L, o->choices[i]);
            lua_rawseti(L, -2, i + 1);
        }
        lua_setfield(L, -2, "choices");
    }
}

static void push_notes(lua_State *L, const LcNote *notes)
{
    lua_newtable(L);
    for (int i = 0; notes[i].name != NULL; i++) {
        lua_createtable(L, 0, 2);
        set_text(L, "name", notes[i].name);
        set_text(L, "text", notes[i].text);
        lua_rawseti(L, -2, i + 1);
    }
}

int lc_commands_open(lua_State *L)
{
    lua_newtable(L);
    push_notes(L, lc_variables);
    lua_setfield(L, -2, "variables");
    push_notes(L, lc_exit_codes);
    lua_setfield(L, -2, "exit_codes");
    for (const LcCommand *c = lc_commands(); c->name != NULL; c++) {
        lua_createtable(L, 0, 4);
        set_text(L, "name", c->name);
        set_text(L, "usage", c->usage);
        set_text(L, "text", c->text);
        lua_newtable(L);
        for (int i = 0; c->options != NULL && c->options[i].name != NULL; i++) {
            push_option(L, &c->options[i]);
            lua_rawseti(L, -2, i + 1);
        }
        lua_setfield(L, -2, "options");
        lua_rawseti(L, -2, luaL_len(L, -2) + 1);
    }
    return 1;
}
