/* The box of a model, and what training needs to know about it. */
#ifndef LB_B_MODEL_H
#define LB_B_MODEL_H

#include "bind/handle.h"
#include "nn/model.h"
#include "nn/train.h"

extern const LbType
    lb_model_type; /* objects are LmModel; user value 1: list of class names, or nil */

/* Gives the model at `index` the class names of the set it is trained on. */
void lb_model_set_classes(lua_State *L, int index, int n_classes, char *const *classes);

LmModel *lb_model_check(lua_State *L, int arg, const char *fn);

/* The losses by name, in the order of LmLoss. */
extern const char *const lb_loss_names[];
/* The flow at `index`; the message tells those who gave a data set how to make one. */
LmFlow *lb_evaluate_flow(lua_State *L, int index, const char *fn, const char *label);
/* model:evaluate, with a second result: the first images taken for another class, a list of
 * { index from 1, label, predicted }; nil where images have no class. */
int lb_evaluate_with_wrong(lua_State *L);
/* Pushes { loss=, accuracy=, correct=, count=, seconds= }. */
void lb_model_push_metrics(lua_State *L, const LmMetrics *m);

/* First lines of the examples of model's methods. */
#define LB_MODEL_EXAMPLE                                                                           \
    "local nn = luma.nn\n"                                                                         \
    "local model = luma.model{ input={28, 28, 1}, nn.flatten{}, nn.dense{10} }\n"

void lb_model_open(lua_State *L);
void lb_weights_open(lua_State *L);  /* weights, set_weights, digest (b_weights.c) */
void lb_evaluate_open(lua_State *L); /* evaluate, predict (b_evaluate.c) */
void lb_train_open(lua_State *L);    /* the module luma.engine, for lua/luma/fit.lua (b_train.c) */

#endif
