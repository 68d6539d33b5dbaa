/* Handles: the userdata boxes in which scripts hold engine objects.
 *
 * A handle owns exactly one reference. `__gc`, `__close` and `:close()` are the same idempotent
 * function, which gives the reference back; every later use raises "dataset is closed". A handle is
 * pushed empty, with its metatable, before the engine is called, so whatever the call makes has an
 * owner at once and no error can leak it. No raw pointer to a userdata is kept in C.
 *
 * Lua cannot see engine memory. A handle says how many bytes it keeps alive, and enough of them
 * since the last collection are paid for with a collection, so a loop that makes tensors stays
 * flat.
 *
 *     static int make(lua_State *L, const char *fn) {
 *         Args a = parse(L, fn);                                 parse: may raise, nothing owned
 *         LbHandle *h = lb_handle_push(L, &lb_dataset_type);     shell
 *         LmError err;
 *         LmDataset *ds;
 *         LmStatus st;
 *         LB_CALL(L, st, lm_memory_new(&ds, ..., &err));         call
 *         lb_raise_if(L, st, fn, &err);                          raise
 *         lb_handle_fill(L, h, ds, size);
 *         return 1;                                              or return
 *     }
 */
#ifndef LB_HANDLE_H
#define LB_HANDLE_H

#include <lauxlib.h>
#include <lua.h>

#include "base/str.h"
#include "bind/doc.h"
#include "bind/raise.h"

typedef struct LbHandle {
    void *object;      /* NULL: still empty, or closed */
    size_t size_bytes; /* engine memory this handle accounts for */
} LbHandle;

/* One kind of object. Constant for the life of the program; its address is its identity. */
typedef struct LbType {
    const char *name;    /* "dataset", as messages and docs call it */
    const char *text;    /* overview for `luma help dataset` */
    const char *example; /* runs as it stands */
    size_t handle_size;  /* of a struct that begins with an LbHandle; 0: sizeof(LbHandle) */
    int n_user_values;   /* Lua values the object keeps alive (lua_setiuservalue) */
    void (*release)(void *object);
    void (*describe)(const void *object, LmStr *out); /* tostring */
    lua_Integer (*length)(const void *object);        /* the # operator */
    lua_CFunction at;            /* x[i] for an integer key: stack (self, i); NULL: no such thing */
    const LbDoc *const *members; /* "dataset:image" methods, "dataset.shape" fields; NULL-ended */
    const luaL_Reg *meta;        /* further metamethods, or NULL */
} LbType;

/* Makes the type's metatable and registers its docs. Once per state, before the first push. */
void lb_handle_define(lua_State *L, const LbType *type);

/* Pushes an empty handle. Collects garbage first when enough engine memory is unpaid. */
void *lb_handle_push(lua_State *L, const LbType *type);
/* Gives the handle its object, a reference it owns from now on. Never raises. */
void lb_handle_fill(lua_State *L, LbHandle *handle, void *object, size_t size_bytes);
/* What __gc, __close and :close() do. Idempotent. */
void lb_handle_close(lua_State *L, LbHandle *handle, const LbType *type);

/* The object of argument `arg`; raises, naming fn, when it is of another type or closed. Argument 1
 * of a method ("dataset:image") gets a hint about the colon. */
void *lb_handle_check(lua_State *L, int arg, const LbType *type, const char *fn);
/* The handle at `index`, open or closed, or NULL when it is something else. A table counts as the
 * handle it holds in the field its metatable's __handle names: objects written in Lua around one of
 * the engine's. */
LbHandle *lb_handle_test(lua_State *L, int index, const LbType *type);
/* The type of the value at `index` when it is one of ours, else NULL. */
const LbType *lb_handle_type(lua_State *L, int index);
/* Pushes the table of all types: name -> LbType. */
void lb_handle_push_types(lua_State *L);
/* The type of that name, or NULL. */
const LbType *lb_handle_type_named(lua_State *L, const char *name);

/* Adds members and metamethods (either may be NULL) to a type that was defined: for a type whose
 * functions fill more than one file. */
void lb_handle_extend(lua_State *L, const LbType *type, const LbDoc *const *members,
                      const luaL_Reg *meta);
/* Pushes the method or getter of that name, or nil. */
void lb_handle_push_member(lua_State *L, const LbType *type, const char *name);
/* Pops a function and makes it a method of the type: for methods written in Lua. */
void lb_handle_set_member(lua_State *L, const LbType *type, const char *name);

/* Pushes a table: name of a member -> "field" or "method". */
void lb_handle_push_members(lua_State *L, const LbType *type);

/* "a dataset", "an optimizer" */
const char *lb_handle_article(const char *name, char *buffer, size_t size);

/* Calls the engine; when memory ran out, collects all garbage and tries once more. */
#define LB_CALL(L, status, call)                                                                   \
    do {                                                                                           \
        (status) = (call);                                                                         \
        if ((status) == LM_EMEM) {                                                                 \
            lua_gc((L), LUA_GCCOLLECT);                                                            \
            (status) = (call);                                                                     \
        }                                                                                          \
    } while (0)

#endif
