#include "bind/open.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/threads.h"
#include "bind/b_record.h"
#include "bind/doc.h"
#include "bind/embedded.h"
#include "bind/internal.h"
#include "bind/lazy.h"
#include "bind/process.h"
#include "bind/raise.h"
#include "kernel/kernel.h"

/* Registry: module name ("luma", "luma.nn") -> table of its members. */
static const char modules_key[] = "luma.modules";
static const char root[] = "luma";

enum { NAME_SIZE = 128 };

/* What scripts may assign; `apply` may be NULL. The value lives among the members. */
static void apply_threads(lua_Integer n)
{
    lm_threads_set((int)n);
}

static const struct {
    LbOption option;
    void (*apply)(lua_Integer value);
} settings[] = {
    {{.name = "threads", .kind = LB_KIND_INTEGER, .lo = 1, .hi = LM_THREADS_MAX}, apply_threads},
    {{.name = "seed", .kind = LB_KIND_INTEGER, .lo = 0, .hi = LB_ANY}, NULL},
};

/* --- guarded modules; upvalues: name, members --- */

static int module_index(lua_State *L)
{
    char text[96];
    const char *module = lua_tostring(L, lua_upvalueindex(1));
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
        if (lb_lazy_is_mark(L, -1)) {
            lb_lazy_load(L, module, lua_tostring(L, 2));
            lua_pushvalue(L, 2);
            lua_rawget(L, lua_upvalueindex(2));
        }
        return 1;
    }
    if (lua_type(L, 2) != LUA_TSTRING) {
        lb_raise_text(L, LM_EARG, "%s cannot be indexed with %s", module,
                      lb_raise_value(L, 2, text, sizeof text));
    }
    const char *name = lua_tostring(L, 2);
    lb_raise_text(L, LM_EARG, "%s has no '%s'%s", module, name,
                  lb_raise_hint(L, lua_upvalueindex(2), name, text, sizeof text));
}

static int module_newindex(lua_State *L)
{
    char text[96];
    const char *module = lua_tostring(L, lua_upvalueindex(1));
    lb_raise_value(L, 2, text, sizeof text);
    if (lua_type(L, 2) == LUA_TSTRING) {
        snprintf(text, sizeof text, "%s", lua_tostring(L, 2));
    }
    for (size_t i = 0; strcmp(module, root) == 0 && i < LM_ARRAY_LEN(settings); i++) {
        if (strcmp(text, settings[i].option.name) == 0) {
            lb_options_store(L, 3, root, text, &settings[i].option, NULL);
            if (settings[i].apply != NULL) {
                settings[i].apply(lua_tointeger(L, 3));
            }
            lua_pushinteger(L, lua_tointeger(L, 3));
            lua_setfield(L, lua_upvalueindex(2), text);
            return 0;
        }
    }
    lb_raise_text(L, LM_EARG, "%s.%s cannot be set; luma.threads and luma.seed can", module, text);
}

static int module_pairs(lua_State *L)
{
    lb_lazy_load_all(L);
    lua_getglobal(L, "next");
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(2)) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, -4);
    }
    lua_pushnil(L);
    return 3;
}

static int module_tostring(lua_State *L)
{
    lua_pushfstring(L, "module %s", lua_tostring(L, lua_upvalueindex(1)));
    return 1;
}

/* Pushes a new guarded module with a new table of members, which is entered into the registry. */
static void make_module(lua_State *L, const char *name)
{
    static const luaL_Reg meta[] = {{"__index", module_index},
                                    {"__newindex", module_newindex},
                                    {"__pairs", module_pairs},
                                    {"__tostring", module_tostring},
                                    {NULL, NULL}};
    lua_newtable(L);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, name);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, modules_key);
    luaL_getsubtable(L, -1, name);
    lua_remove(L, -2);
    luaL_setfuncs(L, meta, 2);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "module");
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
}

/* Pushes the members of module `name`, which is made, and entered into luma, when it is new. */
static void push_members(lua_State *L, const char *name)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, modules_key);
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        make_module(L, name);
        lb_open_set(L, name + strlen("luma."));
        lua_getfield(L, -1, name);
    }
    lua_remove(L, -2);
}

void lb_open_set(lua_State *L, const char *path)
{
    char module[NAME_SIZE];
    const char *dot = strrchr(path, '.');
    snprintf(module, sizeof module, dot != NULL ? "luma.%.*s" : "luma",
             dot != NULL ? (int)(dot - path) : 0, path);
    push_members(L, module);
    lua_insert(L, -2);
    lua_setfield(L, -2, dot != NULL ? dot + 1 : path);
    lua_pop(L, 1);
}

bool lb_open_members(lua_State *L, int index)
{
    if (!lua_istable(L, index) || !luaL_getmetafield(L, index, "__index")) {
        return false;
    }
    if (lua_tocfunction(L, -1) != module_index) {
        lua_pop(L, 1);
        return false;
    }
    lua_getupvalue(L, -1, 2);
    lua_remove(L, -2);
    return true;
}

/* --- what other rooms ask --- */

uint64_t lb_open_seed(lua_State *L)
{
    push_members(L, root);
    lua_getfield(L, -1, "seed");
    uint64_t seed = (uint64_t)lua_tointeger(L, -1);
    lua_pop(L, 2);
    return seed;
}

/* Pushes the script's path, or nil. A host that is not the program says it as lua5.4 does. */
static void push_script(lua_State *L)
{
    if (lua_getfield(L, LUA_REGISTRYINDEX, LB_SCRIPT_KEY) == LUA_TSTRING) {
        return;
    }
    lua_pop(L, 1);
    lua_pushglobaltable(L);
    lua_pushliteral(L, "arg");
    if (lua_rawget(L, -2) == LUA_TTABLE) {
        lua_rawgeti(L, -1, 0);
        lua_remove(L, -2);
    } else {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    lua_remove(L, -2);
}

const char *lb_open_script_dir(lua_State *L, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    push_script(L);
    const char *path = lua_tostring(L, -1);
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    if (slash == NULL) {
        lm_str_add(&s, ".");
    } else {
        lm_str_add(&s, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
    lua_pop(L, 1);
    return path != NULL ? buffer : NULL;
}

/* --- start --- */

static int load_embedded(lua_State *L)
{
    const LbEmbedded *file = lua_touserdata(L, lua_upvalueindex(1));
    char chunk[NAME_SIZE];
    snprintf(chunk, sizeof chunk, "=[%s]", file->name);
    if (luaL_loadbufferx(L, file->start, (size_t)(file->end - file->start), chunk, "t") != LUA_OK) {
        return lua_error(L);
    }
    lua_pushstring(L, file->name);
    lua_call(L, 1, 1);
    return 1;
}

static void enter_embedded(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    for (const LbEmbedded *file = lb_embedded; file->name != NULL; file++) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)file);
        lua_pushcclosure(L, load_embedded, 1);
        lua_setfield(L, -2, file->name);
    }
    lua_pop(L, 1);
}

void lb_open_require(lua_State *L, const char *name)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
        lua_getfield(L, -1, name);
        lua_remove(L, -2);
        lua_call(L, 0, 1);
        if (lua_isnil(L, -1)) {
            lua_pushboolean(L, true);
            lua_replace(L, -2);
        }
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, name);
    }
    lua_remove(L, -2);
}

/* Fields are documented without a function to call: what they hold is set below. */
static void add_field_docs(lua_State *L)
{
    static const LbDoc docs[] = {
        {.name = "luma.version",
         .signature = "luma.version -> string",
         .text = "The version of the program.",
         .example = "assert(luma.version:find \"^%d+%.%d+%.%d+$\")"},
        {.name = "luma.isa",
         .signature = "luma.isa -> string",
         .text = "The kernels in use: \"avx512\", \"avx2\" or \"ref\"; the environment variable "
                 "LUMA_ISA chooses others. All give the same bits.",
         .example = "assert(luma.isa == \"ref\" or luma.isa:find \"^avx\")"},
        {.name = "luma.threads",
         .signature = "luma.threads -> integer; luma.threads = n",
         .text = "How many threads the engine uses, in all Lua states of the process: at first its "
                 "processors, or the "
                 "environment variable LUMA_THREADS. Never changes a result.",
         .example = "luma.threads = 1\n"
                    "assert(luma.threads == 1)"},
        {.name = "luma.seed",
         .signature = "luma.seed -> integer; luma.seed = n",
         .text = "The seed of everything random that is not given a seed of its own; 0 at first.",
         .example = "luma.seed = 7\n"
                    "local a = luma.dataset.digits{ train=5, test=5 }\n"
                    "luma.seed = 0\n"
                    "local b = luma.dataset.digits{ train=5, test=5, seed=7 }\n"
                    "assert(a:image(1):equal(b:image(1)))"}};
    for (size_t i = 0; i < LM_ARRAY_LEN(docs); i++) {
        lb_doc_add(L, &docs[i]);
    }
}

static void set_facts(lua_State *L)
{
    add_field_docs(L);
    lua_pushliteral(L, LM_VERSION);
    lb_open_set(L, "version");
    lua_pushstring(L, lm_kernels()->name);
    lb_open_set(L, "isa");
    lua_pushinteger(L, lm_threads());
    lb_open_set(L, "threads");
    lua_pushinteger(L, 0);
    lb_open_set(L, "seed");
}

int luaopen_luma(lua_State *L)
{
    static void (*const rooms[])(lua_State *) = {
        lb_tensor_open,    lb_image_open,   lb_dataset_open, lb_stats_open, lb_stage_open,
        lb_generator_open, lb_augment_open, lb_zca_open,     lb_map_open,   lb_flow_open,
        lb_show_open,      lb_model_open,   lb_keras_open};
    luaL_checkversion(L);
    lb_raise_open(L);
    lb_process_enter(L);
    make_module(L, root);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, root);
    lua_pop(L, 1);
    set_facts(L);
    for (size_t i = 0; i < LM_ARRAY_LEN(rooms); i++) {
        rooms[i](L);
    }
    lb_internal_open(L);
    lb_record_open(L);
    enter_embedded(L);
    lb_open_require(L, "luma.init");
    lua_pop(L, 1);
    return 1;
}
