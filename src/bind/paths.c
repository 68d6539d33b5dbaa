/* Files and folders, and bytes as text, for the Lua side: see internal.h. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "bind/internal.h"

typedef struct Folder {
    DIR *dir;
} Folder;

static void close_folder(Folder *folder)
{
    if (folder->dir != NULL) {
        closedir(folder->dir);
        folder->dir = NULL;
    }
}

static int folder_gc(lua_State *L)
{
    close_folder(lua_touserdata(L, 1));
    return 0;
}

static Folder *push_folder(lua_State *L)
{
    static const char key[] = "luma.folder";
    Folder *folder = lua_newuserdatauv(L, sizeof *folder, 0);
    folder->dir = NULL;
    if (luaL_newmetatable(L, key)) {
        lua_pushcfunction(L, folder_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return folder;
}

static int fail(lua_State *L, int reason)
{
    lua_pushnil(L);
    lua_pushstring(L, strerror(reason));
    return 2;
}

static void sort(lua_State *L)
{
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, -3);
    lua_call(L, 1, 0);
    lua_pop(L, 1);
}

int lb_paths_list_folder(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    Folder *folder = push_folder(L);
    folder->dir = opendir(path);
    if (folder->dir == NULL) {
        return fail(L, errno);
    }
    lua_newtable(L);
    lua_Integer n = 0;
    errno = 0;
    for (const struct dirent *e = readdir(folder->dir); e != NULL; e = readdir(folder->dir)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            lua_pushstring(L, e->d_name);
            lua_rawseti(L, -2, ++n);
        }
        errno = 0;
    }
    int reason = errno;
    close_folder(folder);
    if (reason != 0) {
        return fail(L, reason);
    }
    sort(L);
    return 1;
}

int lb_paths_file_kind(lua_State *L)
{
    struct stat facts;
    if (stat(luaL_checkstring(L, 1), &facts) != 0) {
        return fail(L, errno);
    }
    lua_pushstring(L, S_ISREG(facts.st_mode)   ? "file"
                      : S_ISDIR(facts.st_mode) ? "folder"
                                               : "other");
    lua_pushinteger(L, (lua_Integer)facts.st_size);
    return 2;
}

int lb_paths_make_new_folder(lua_State *L)
{
    if (mkdir(luaL_checkstring(L, 1), 0777) != 0) {
        fail(L, errno);
        lua_pushboolean(L, errno == EEXIST);
        return 3;
    }
    lua_pushboolean(L, true);
    return 1;
}

int lb_paths_remove(lua_State *L)
{
    if (remove(luaL_checkstring(L, 1)) != 0) {
        return fail(L, errno);
    }
    lua_pushboolean(L, true);
    return 1;
}

int lb_paths_base64(lua_State *L)
{
    size_t n;
    const char *in = luaL_checklstring(L, 1, &n);
    luaL_Buffer out;
    lm_base64_write(luaL_buffinitsize(L, &out, lm_base64_size(n)), in, n);
    luaL_pushresultsize(&out, lm_base64_size(n));
    return 1;
}
