#define _POSIX_C_SOURCE 200809L
#include "cli/report.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bind/open.h"
#include "cli/cli.h"
#include "cli/interrupt.h"

/* The file a message names is among the innermost functions; after endless recursion there are
 * 200,000 of them. */
enum { NEAR_LEVELS = 16 };
static const char TRACEBACK_KEY[] = "luma.traceback";
/* Chunk names of the embedded files begin like this: "[luma.fit]:12: ...". */
static const char EMBEDDED[] = "[luma.";

static char noted[1024];

void lc_report_note(const char *message)
{
    if (noted[0] == '\0') {
        snprintf(noted, sizeof noted, "%s", message);
    }
}

const char *lc_report_noted(void)
{
    return noted[0] != '\0' ? noted : NULL;
}

/* "NAME:LINE: ..." -> line, with the name's length; 0 when the message does not begin so. */
static long parse_position(const char *message, size_t *n_name)
{
    for (const char *p = strchr(message, ':'); p != NULL; p = strchr(p + 1, ':')) {
        char *end;
        if (isdigit((unsigned char)p[1])) {
            long line = strtol(p + 1, &end, 10);
            if (*end == ':') {
                *n_name = (size_t)(p - message);
                return line;
            }
        }
        if (p[1] == ' ') {
            break;
        }
    }
    return 0;
}

/* Lua cuts long file names to "...tail"; where `path` ends in that tail, the message on the top of
 * the stack gets the whole path. */
static void restore_path(lua_State *L, const char *path)
{
    size_t n_name = 0;
    const char *message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (strncmp(message, "...", 3) != 0 || parse_position(message, &n_name) == 0) {
        return;
    }
    size_t n_tail = n_name - 3;
    size_t n_path = strlen(path);
    if (n_path > n_tail && strncmp(path + n_path - n_tail, message + 3, n_tail) == 0) {
        lua_pushfstring(L, "%s%s", path, message + n_name);
        lua_replace(L, -2);
    }
}

static int keep_traceback(lua_State *L)
{
    lua_Debug ar;
    luaL_traceback(L, L, NULL, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, TRACEBACK_KEY);
    for (int level = 1; level <= NEAR_LEVELS && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "S", &ar);
        restore_path(L, ar.source[0] == '@' ? ar.source + 1 : "");
    }
    return 1;
}

int lc_report_call(lua_State *L, int n_args, int n_results)
{
    int handler = lua_gettop(L) - n_args;
    lua_pushcfunction(L, keep_traceback);
    lua_insert(L, handler);
    int status = lua_pcall(L, n_args, n_results, handler);
    lua_remove(L, handler);
    return status;
}

/* Error value -> exit code, message. */
static int explain(lua_State *L)
{
    int code = LC_SCRIPT;
    if (lua_istable(L, 1) || lua_isuserdata(L, 1)) {
        if (luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL) {
            lua_pushfstring(L, "the script raised a %s as its error", luaL_typename(L, 1));
            lua_replace(L, 1);
        } else if (lua_getfield(L, 1, "exit_code") == LUA_TNUMBER) {
            code = (int)lua_tointeger(L, -1);
        }
    }
    if (lua_isnil(L, 1)) {
        lua_pushliteral(L, "the script raised nil as its error");
        lua_replace(L, 1);
    }
    const char *message = luaL_tolstring(L, 1, NULL);
    if (strcmp(message, "not enough memory") == 0) {
        code = LC_BUDGET;
    }
    lua_pushinteger(L, code);
    lua_insert(L, -2);
    return 2;
}

/* Reads line number `line` of the file into `text` (cut to its size); false when there is none. */
static bool read_line(const char *path, long line, char *text, size_t size)
{
    FILE *f = fopen(path, "r");
    bool is_found = false;
    if (f == NULL) {
        return false;
    }
    long at = 1;
    size_t used = 0;
    for (int c = getc(f); c != EOF && at <= line; c = getc(f)) {
        if (c == '\n') {
            at++;
        } else if (at == line && used + 1 < size && c != '\r') {
            text[used++] = iscntrl(c) ? ' ' : (char)c;
        }
    }
    is_found = used > 0;
    text[used] = '\0';
    fclose(f);
    return is_found;
}

static void print_excerpt(const char *message)
{
    size_t n_name = 0;
    long line = parse_position(message, &n_name);
    char path[512];
    char text[160];
    if (line == 0 || n_name >= sizeof path) {
        return;
    }
    memcpy(path, message, n_name);
    path[n_name] = '\0';
    if (read_line(path, line, text, sizeof text) && strspn(text, " ") < strlen(text)) {
        fprintf(stderr, "%6ld | %s\n", line, text);
    }
}

static void print_traceback(lua_State *L)
{
    if (lua_getfield(L, LUA_REGISTRYINDEX, TRACEBACK_KEY) == LUA_TSTRING) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
    }
    lua_pop(L, 1);
}

/* Errors of syntax come before anything runs: there only the script itself is known. */
static void restore_script_path(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, LB_SCRIPT_KEY);
    const char *path = lua_tostring(L, -1);
    lua_insert(L, -2);
    restore_path(L, path != NULL ? path : "");
    lua_remove(L, -2);
}

int lc_report(lua_State *L, bool wants_traceback)
{
    bool is_interrupted = lc_interrupt_end(L);
    restore_script_path(L);
    lua_pushcfunction(L, explain);
    lua_insert(L, -2);
    int code = LC_SCRIPT;
    if (lua_pcall(L, 1, 2, 0) == LUA_OK) {
        code = (int)lua_tointeger(L, -2);
        lua_remove(L, -2);
    }
    const char *message = lua_tostring(L, -1);
    message = message != NULL ? message : "an error that cannot be shown";
    bool is_internal = strncmp(message, EMBEDDED, sizeof EMBEDDED - 1) == 0;
    lc_report_note(message);
    fflush(stdout);
    /* The terminal has just shown ^C. */
    fputs(is_interrupted && isatty(STDERR_FILENO) ? "\n" : "", stderr);
    fprintf(stderr, "luma: %s\n", message);
    print_excerpt(message);
    if (is_internal) {
        fprintf(stderr, "luma: this is a mistake inside luma itself, please report it\n");
    }
    if (is_internal || wants_traceback) {
        print_traceback(L);
    }
    lua_pop(L, 1);
    return is_interrupted ? LC_INTERRUPTED : code;
}
