#include "bind/raise.h"

#include <lauxlib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "bind/handle.h"

/* Longest message kept; the engine's are at most sizeof(LmError.msg). */
enum { TEXT_MAX = 1024, QUOTE_MAX = 40, WORDS_MAX = 256, LINE_MAX_CHARS = 16 };

static const char library_prefix[] = "=[luma.";
static const char error_meta[] = "luma.error";

static bool is_user_line(const lua_Debug *ar)
{
    return ar->currentline > 0 && strncmp(ar->source, library_prefix, strlen(library_prefix)) != 0;
}

const char *lb_raise_where(lua_State *L, char *buffer, size_t size)
{
    lua_Debug ar;
    LmStr s = lm_str(buffer, size);
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (is_user_line(&ar)) {
            bool is_named = ar.source[0] == '@' || ar.source[0] == '=';
            const char *name = is_named ? ar.source + 1 : ar.short_src;
            size_t n = strlen(name);
            size_t room = size > LINE_MAX_CHARS ? size - LINE_MAX_CHARS : 0;
            lm_str_add(&s, "%s:%d", name + (n > room ? n - room : 0), ar.currentline);
            break;
        }
    }
    return buffer;
}

static _Noreturn void raise_object(lua_State *L, LmStatus code, const char *where, const char *text)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, text);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, where);
    lua_setfield(L, -2, "where");
    lua_pushstring(L, lm_status_name(code) + strlen("LM_"));
    lua_setfield(L, -2, "code");
    lua_pushinteger(L, lm_status_exit_code(code));
    lua_setfield(L, -2, "exit_code");
    luaL_setmetatable(L, error_meta);
    lua_error(L);
    __builtin_unreachable();
}

void lb_raise(lua_State *L, const char *fn, const LmError *err)
{
    lb_raise_text(L, err->code, "%s: %s", fn, err->msg);
}

static bool are_warnings_on = true;

void lb_raise_set_warnings(bool are_on)
{
    are_warnings_on = are_on;
}

static void (*keep_warning)(const char *text);

void lb_raise_keep_warnings(void (*keep)(const char *text))
{
    keep_warning = keep;
}

void lb_raise_warn(const char *where, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    int n = snprintf(text, sizeof text, "%s%s", where, where[0] != '\0' ? ": " : "");
    vsnprintf(text + n, sizeof text - (size_t)n, fmt, args);
    va_end(args);
    if (are_warnings_on) {
        fprintf(stderr, "luma: warning: %s\n", text);
    }
    if (keep_warning != NULL) {
        keep_warning(text);
    }
}

void lb_raise_if(lua_State *L, LmStatus code, const char *fn, const LmError *err)
{
    if (code != LM_OK) {
        lb_raise(L, fn, err);
    }
}

void lb_raise_at(lua_State *L, const char *where, const char *fn, const LmError *err)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "%s: %s", fn, err->msg);
    raise_object(L, err->code, where, text);
}

void lb_raise_text(lua_State *L, LmStatus code, const char *fmt, ...)
{
    char where[256];
    char text[TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    raise_object(L, code, lb_raise_where(L, where, sizeof where), text);
}

static void add_number(lua_State *L, int index, LmStr *s)
{
    if (lua_isinteger(L, index)) {
        lm_str_add(s, LUA_INTEGER_FMT, lua_tointeger(L, index));
    } else if (isnan(lua_tonumber(L, index))) {
        lm_str_add(s, "nan");
    } else {
        lm_str_add(s, "%.14g", lua_tonumber(L, index));
    }
}

static void add_string(lua_State *L, int index, LmStr *s)
{
    size_t n;
    const char *text = lua_tolstring(L, index, &n);
    size_t end = LM_MIN(n, (size_t)QUOTE_MAX);
    while (end < n && end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) {
        end--; /* not into the middle of a UTF-8 character */
    }
    lm_str_add(s, "\"");
    for (size_t i = 0; i < end; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 127) {
            lm_str_add(s, c == '\n' ? "\\n" : "\\%03d", c);
        } else {
            lm_str_add(s, "%c", c);
        }
    }
    lm_str_add(s, end < n ? "...\"" : "\"");
}

const char *lb_raise_value(lua_State *L, int index, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    const LbType *type = lb_handle_type(L, index);
    switch (lua_type(L, index)) {
    case LUA_TNONE:
        lm_str_add(&s, "nothing");
        break;
    case LUA_TNIL:
        lm_str_add(&s, "nil");
        break;
    case LUA_TBOOLEAN:
        lm_str_add(&s, "%s", lua_toboolean(L, index) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        add_number(L, index, &s);
        break;
    case LUA_TSTRING:
        add_string(L, index, &s);
        break;
    default:
        return lb_handle_article(type != NULL ? type->name : luaL_typename(L, index), buffer, size);
    }
    return buffer;
}

const char *lb_raise_hint_words(const char *got, const char *const *words, size_t n, char *buffer,
                                size_t size)
{
    const char *ended[WORDS_MAX + 1];
    LmStr s = lm_str(buffer, size);
    n = LM_MIN(n, (size_t)WORDS_MAX);
    memcpy(ended, words, n * sizeof *words);
    ended[n] = NULL;
    const char *near = lm_str_nearest(got, ended);
    if (near != NULL) {
        lm_str_add(&s, "; did you mean '%s'?", near);
    }
    return buffer;
}

const char *lb_raise_hint(lua_State *L, int index, const char *got, char *buffer, size_t size)
{
    const char *words[WORDS_MAX];
    size_t n = 0;
    index = lua_absindex(L, index);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        if (n < WORDS_MAX && lua_type(L, -1) == LUA_TSTRING) {
            words[n++] = lua_tostring(L, -1);
        }
    }
    return lb_raise_hint_words(got, words, n, buffer, size);
}

int lb_raise_exit_code(lua_State *L, int index)
{
    int exit_code = 1;
    index = lua_absindex(L, index);
    if (lua_getmetatable(L, index)) {
        luaL_getmetatable(L, error_meta);
        if (lua_rawequal(L, -1, -2)) {
            lua_getfield(L, index, "exit_code");
            exit_code = (int)lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
        lua_pop(L, 2);
    }
    return exit_code;
}

static int error_tostring(lua_State *L)
{
    lua_getfield(L, 1, "where");
    lua_getfield(L, 1, "message");
    const char *where = lua_tostring(L, -2);
    const char *message = lua_tostring(L, -1);
    bool has_where = where != NULL && where[0] != '\0';
    lua_pushfstring(L, "%s%s%s", has_where ? where : "", has_where ? ": " : "",
                    message != NULL ? message : "");
    return 1;
}

static int error_concat(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

void lb_raise_open(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__tostring", error_tostring}, {"__concat", error_concat}, {NULL, NULL}};
    luaL_newmetatable(L, error_meta);
    luaL_setfuncs(L, meta, 0);
    lua_pop(L, 1);
}
