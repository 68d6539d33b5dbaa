/* internal.json_decode(text, null): JSON to Lua, read by jansson.
 *
 * The parsed document lives in a userdata while Lua values are made of it, since any of those may
 * raise for memory. Members that are null are absent from their object; in arrays they are `null`,
 * so that positions stay. Lists get the metatable `list`, which tells an empty list from an object.
 */
#include <jansson.h>
#include <lauxlib.h>

#include "bind/internal.h"

static const char document_key[] = "luma.json";

typedef struct Document {
    json_t *root;
} Document;

static void close_document(Document *document)
{
    json_decref(document->root);
    document->root = NULL;
}

static int document_gc(lua_State *L)
{
    close_document(lua_touserdata(L, 1));
    return 0;
}

static Document *push_document(lua_State *L)
{
    Document *document = lua_newuserdatauv(L, sizeof *document, 0);
    document->root = NULL;
    if (luaL_newmetatable(L, document_key)) {
        lua_pushcfunction(L, document_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return document;
}

static void push_value(lua_State *L, const json_t *value);

/* Stack indexes of the arguments of decode. */
enum { TEXT = 1, NULL_VALUE = 2, LIST_META = 3 };

static void push_array(lua_State *L, const json_t *array)
{
    size_t n = json_array_size(array);
    lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
    for (size_t i = 0; i < n; i++) {
        push_value(L, json_array_get(array, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushvalue(L, LIST_META);
    lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, const json_t *object)
{
    json_t *walked = (json_t *)object; /* jansson's iterators take no const */
    lua_createtable(L, 0, (int)json_object_size(object));
    for (void *at = json_object_iter(walked); at != NULL; at = json_object_iter_next(walked, at)) {
        const json_t *value = json_object_iter_value(at);
        if (!json_is_null(value)) {
            lua_pushstring(L, json_object_iter_key(at));
            push_value(L, value);
            lua_rawset(L, -3);
        }
    }
}

/* Depth is limited by jansson's parser (2048). */
static void push_value(lua_State *L, const json_t *value)
{
    luaL_checkstack(L, 4, "JSON too deep");
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        push_object(L, value);
        break;
    case JSON_ARRAY:
        push_array(L, value);
        break;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(value));
        break;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(value));
        break;
    case JSON_NULL:
        lua_pushvalue(L, NULL_VALUE);
        break;
    default:
        lua_pushboolean(L, json_is_true(value));
        break;
    }
}

int lb_json_decode(lua_State *L)
{
    size_t size;
    json_error_t error;
    const char *text = luaL_checklstring(L, TEXT, &size);
    luaL_checkany(L, NULL_VALUE);
    luaL_checktype(L, LIST_META, LUA_TTABLE);
    lua_settop(L, LIST_META);
    Document *document = push_document(L);
    document->root =
        json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (document->root == NULL) {
        lua_pushnil(L);
        lua_pushfstring(L, "line %d: %s", error.line, error.text);
        return 2;
    }
    push_value(L, document->root);
    close_document(document);
    return 1;
}
