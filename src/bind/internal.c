#define _DEFAULT_SOURCE
#include "bind/internal.h"

#include <errno.h>
#include <lauxlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "bind/doc.h"
#include "bind/handle.h"
#include "bind/lazy.h"
#include "bind/open.h"
#include "bind/progress.h"
#include "bind/screen.h"
#include "io/file.h"

enum { WORDS_MAX = 1024 };

static int internal_raise(lua_State *L)
{
    const char *code = luaL_checkstring(L, 1);
    const char *text = luaL_checkstring(L, 2);
    for (int i = 1; i < LM_STATUS_COUNT; i++) {
        if (strcmp(lm_status_name((LmStatus)i) + strlen("LM_"), code) == 0) {
            lb_raise_text(L, (LmStatus)i, "%s", text);
        }
    }
    return luaL_error(L, "no status is called '%s'", code);
}

/* internal.warn(text): with the line of the script. */
static int internal_warn(lua_State *L)
{
    char where[256];
    lb_raise_warn(lb_raise_where(L, where, sizeof where), "%s", luaL_checkstring(L, 1));
    return 0;
}

static int internal_where(lua_State *L)
{
    char where[256];
    lua_pushstring(L, lb_raise_where(L, where, sizeof where));
    return 1;
}

static int internal_value(lua_State *L)
{
    char text[96];
    luaL_checkany(L, 1);
    lua_pushstring(L, lb_raise_value(L, 1, text, sizeof text));
    return 1;
}

static int internal_nearest(lua_State *L)
{
    const char *words[WORDS_MAX + 1];
    const char *got = luaL_checkstring(L, 1);
    size_t n = LM_MIN((size_t)luaL_len(L, 2), (size_t)WORDS_MAX);
    luaL_checkstack(L, WORDS_MAX, NULL);
    for (size_t i = 0; i < n; i++) {
        lua_geti(L, 2, (lua_Integer)i + 1);
        words[i] = luaL_checkstring(L, -1);
    }
    words[n] = NULL;
    const char *near = lm_str_nearest(got, words);
    lua_pushstring(L, near);
    return 1;
}

/* Copies the doc fields of the definition at 1 into the registry under `name`. */
static void add_doc(lua_State *L, const char *name)
{
    static const char *const fields[] = {"signature", "text", "example", "options"};
    lb_doc_push(L);
    lua_newtable(L);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    for (size_t i = 0; i < LM_ARRAY_LEN(fields); i++) {
        lua_getfield(L, 1, fields[i]);
        lua_setfield(L, -2, fields[i]);
    }
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

static int internal_define(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_geti(L, 1, 1);
    const char *name = luaL_checkstring(L, -1);
    const char *colon = strchr(name, ':');
    if (lua_getfield(L, 1, "call") == LUA_TNIL) {
        lua_pop(L, 1);
    } else if (colon != NULL) {
        lua_pushlstring(L, name, (size_t)(colon - name));
        const LbType *type = lb_handle_type_named(L, lua_tostring(L, -1));
        lua_pop(L, 1);
        LM_ASSERT(type != NULL);
        lb_handle_set_member(L, type, colon + 1);
    } else {
        LM_ASSERT(strncmp(name, "luma.", strlen("luma.")) == 0);
        lb_open_set(L, name + strlen("luma."));
    }
    add_doc(L, name);
    return 0;
}

static int internal_is_terminal(lua_State *L)
{
    lua_pushboolean(L, lb_progress_is_terminal((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* internal.write(fn, path, bytes): the whole file or nothing. */
static int internal_write(lua_State *L)
{
    LmError err;
    LmStatus st;
    LmFilePart part;
    const char *fn = luaL_checkstring(L, 1);
    const char *path = luaL_checkstring(L, 2);
    part.bytes = luaL_checklstring(L, 3, &part.size);
    LB_CALL(L, st, lm_file_write(path, &part, 1, &err));
    lb_raise_if(L, st, fn, &err);
    return 0;
}

/* internal.make_folder(fn, path): with those above it; one that is there already is fine. */
static int internal_make_folder(lua_State *L)
{
    const char *fn = luaL_checkstring(L, 1);
    const char *path = luaL_checkstring(L, 2);
    size_t n = strlen(path);
    int reason = 0;
    for (size_t i = 1; i <= n; i++) {
        if (i == n || path[i] == '/') {
            lua_pushlstring(L, path, i);
            reason = mkdir(lua_tostring(L, -1), 0777) != 0 ? errno : 0;
            lua_pop(L, 1);
        }
    }
    struct stat facts;
    if (stat(path, &facts) != 0) {
        lb_raise_text(L, LM_EIO, "%s: cannot make the folder %s: %s", fn, path,
                      strerror(reason != 0 ? reason : errno));
    }
    if (!S_ISDIR(facts.st_mode)) {
        lb_raise_text(L, LM_EIO, "%s: %s is no folder", fn, path);
    }
    return 0;
}

static int internal_columns(lua_State *L)
{
    int n = lb_progress_columns((int)luaL_optinteger(L, 1, STDOUT_FILENO));
    lua_pushinteger(L, n);
    return n > 0;
}

static int internal_memory(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lm_mem_in_use());
    return 1;
}

static int internal_fail_allocation(lua_State *L)
{
    lm_mem_fail_nth(luaL_checkinteger(L, 1));
    return 0;
}

/* internal.docs, made when it is first read. */
static int internal_index(lua_State *L)
{
    if (strcmp(luaL_checkstring(L, 2), "docs") != 0) {
        return 0;
    }
    lb_doc_push_all(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, 1, "docs");
    return 1;
}

static int open_internal(lua_State *L)
{
    static const luaL_Reg functions[] = {{"raise", internal_raise},
                                         {"warn", internal_warn},
                                         {"where", internal_where},
                                         {"value", internal_value},
                                         {"nearest", internal_nearest},
                                         {"options", lb_options_lua},
                                         {"define", internal_define},
                                         {"lazy", lb_lazy_enter},
                                         {"write", internal_write},
                                         {"make_folder", internal_make_folder},
                                         {"members", lb_inspect_members},
                                         {"columns", internal_columns},
                                         {"screen", lb_screen_lua},
                                         {"memory", internal_memory},
                                         {"fail_allocation", internal_fail_allocation},
                                         {"is_terminal", internal_is_terminal},
                                         {"json_decode", lb_json_decode},
                                         {"list_folder", lb_paths_list_folder},
                                         {"file_kind", lb_paths_file_kind},
                                         {"make_new_folder", lb_paths_make_new_folder},
                                         {"remove", lb_paths_remove},
                                         {"base64", lb_paths_base64},
                                         {"head", lb_look_head},
                                         {"guess", lb_look_guess},
                                         {"digests", lb_look_digests},
                                         {"idx", lb_look_idx},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, internal_index);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 1;
}

void lb_internal_open(lua_State *L)
{
    luaL_requiref(L, "luma.internal", open_internal, 0);
    lua_pop(L, 1);
}
