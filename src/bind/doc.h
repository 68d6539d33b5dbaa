/* Docstrings, in place: a Lua function is defined together with its signature, text and example.
 *
 *     LB_FUNCTION(lb_dataset_label, "dataset:label", NULL,
 *                 "dataset:label(i) -> integer",
 *                 "The class number of image i, counted from 0.",
 *                 "local train = luma.dataset.digits{ train=100, test=10 }\n"
 *                 "assert(train:label(1) <= 9)")
 *     {
 *         LmDataset *ds = lb_handle_check(L, 1, &lb_dataset_type, fn);
 *         ...
 *     }
 *
 * Inside the body `L` is the state and `fn` the name for messages; the descriptor is
 * lb_dataset_label_doc, to be listed in a type's `members` or given to lb_doc_register. The name
 * says where the function goes: "luma.stats" and "luma.dataset.mnist" into the module,
 * "dataset:label" is a method, "dataset.shape" a field (called with the object as argument 1).
 * `luma help`, completion and the test that runs every example read the registry.
 */
#ifndef LB_DOC_H
#define LB_DOC_H

#include <lua.h>

#include "base/base.h"
#include "bind/options.h"

typedef struct LbDoc {
    const char *name;
    const LbOption *options; /* of its option table, or NULL */
    const char *signature;
    const char *text;
    const char *example;
    lua_CFunction function;
} LbDoc;

#define LB_FUNCTION(id, name_, options_, signature_, text_, example_)                              \
    static int id##_body(lua_State *L, const char *fn);                                            \
    static int id(lua_State *L)                                                                    \
    {                                                                                              \
        return id##_body(L, name_);                                                                \
    }                                                                                              \
    static const LbDoc id##_doc = {name_, options_, signature_, text_, example_, id};              \
    static int id##_body(lua_State *L, const char *fn __attribute__((unused)))

/* Puts the functions ("luma.x", "luma.x.y") where their names say and registers their docs.
 * `docs` is NULL-ended. */
void lb_doc_register(lua_State *L, const LbDoc *const *docs);
/* Registers the doc alone. The struct must last as long as the program. */
void lb_doc_add(lua_State *L, const LbDoc *doc);

/* Pushes the registry as it is so far, for those who add to it. */
void lb_doc_push(lua_State *L);

/* Pushes the whole registry: name -> { name, signature, text, example, options = { { name, wants,
 * kind, choices, initial, text }, ... } }. Scripts' side: require("luma.internal").docs. */
void lb_doc_push_all(lua_State *L);

#endif
