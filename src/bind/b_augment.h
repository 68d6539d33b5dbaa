/* Augmentations in scripts: handles whose box holds the LmAugment value itself. */
#ifndef LB_B_AUGMENT_H
#define LB_B_AUGMENT_H

#include "augment/augment.h"
#include "bind/handle.h"

typedef struct LbAugment {
    LbHandle handle;
    LmAugment augment;
} LbAugment;

extern const LbType lb_augment_type;

/* Pushes a copy. */
void lb_augment_push_copy(lua_State *L, const LmAugment *augment, const char *fn);
/* Checks an augmentation that may borrow its entries, and pushes a copy that knows its line. */
int lb_augment_push_new(lua_State *L, LmAugment a, const char *fn);
/* The n values of the table at `table`, as a list that borrows from their handles: pushed as memory
 * of the collector's. Raises where one is no augmentation. */
LmAugment *lb_augment_borrow_list(lua_State *L, int table, int n, const char *fn);

/* The rest of the room: makers (b_augment_make.c), what generators do with them
 * (b_augment_list.c). */
void lb_augment_make_open(lua_State *L);
void lb_augment_list_open(lua_State *L);

#endif
