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

/* The class of ds meant by the value on top of the stack: its number, or its name. */
int32_t lb_dataset_class_number(lua_State *L, const LmDataset *ds, const char *fn);
/* Pushes { { file=, reason= }, ... } of the files left out when the set was opened. */
void lb_dataset_push_skipped(lua_State *L, const LmDataset *ds);
/* Names the classes of the data set just made, whose handle is at the top of the stack, after
 * option `classes` of the table at argument 1. */
void lb_dataset_name_classes(lua_State *L, LmDataset *ds, const char *fn);

/* Pushes a data set around tensors from a file (lm_memory_adopt), its classes named after option
 * `classes` of the table at argument 1. Returns 1. */
int lb_dataset_push_memory(lua_State *L, const char *name, const LmTensor *images,
                           const LmTensor *labels, const char *fn);

/* The path at [1] of the table at argument 1. */
const char *lb_dataset_path_part(lua_State *L, const char *fn);

/* The rest of the room: parts (b_dataset_views.c) and luma.dataset.* (_make: mnist to tensor;
 * _files: folder, csv; _binary: npz, cifar, emnist). */
void lb_dataset_views_open(lua_State *L);
void lb_dataset_make_open(lua_State *L);
void lb_dataset_files_open(lua_State *L);
void lb_dataset_binary_open(lua_State *L);

#endif
