/* Datasets in scripts: one LmDataset reference a handle. */
#ifndef LB_B_DATASET_H
#define LB_B_DATASET_H

#include "bind/handle.h"
#include "data/dataset.h"

extern const LbType lb_dataset_type;

LmDataset *lb_dataset_check(lua_State *L, int arg, const char *fn);

/* Gives a new data set (its reference moves) to the shell `handle`. `own_bytes` is the memory it
 * keeps alive that nothing else accounts for. */
void lb_dataset_fill(lua_State *L, LbHandle *handle, LmDataset *ds, size_t own_bytes);

void lb_dataset_make_open(lua_State *L); /* luma.dataset.* (b_dataset_make.c) */

#endif
