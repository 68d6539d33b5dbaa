/* Tensors in scripts: handles whose box holds the LmTensor value itself.
 *
 *     LbTensor *t = lb_tensor_push(L);                         shell
 *     LB_CALL(L, st, lm_predict(m, flow, &t->tensor, &err));   call
 *     lb_raise_if(L, st, fn, &err);
 *     lb_tensor_fill(L, t);                                    now it is on the stack and open
 */
#ifndef LB_B_TENSOR_H
#define LB_B_TENSOR_H

#include "bind/handle.h"
#include "tensor/tensor.h"

typedef struct LbTensor {
    LbHandle handle;
    LmTensor tensor;
} LbTensor;

extern const LbType lb_tensor_type;

LbTensor *lb_tensor_push(lua_State *L);
/* After the engine has set t->tensor. Its bytes count as memory to pay for... */
void lb_tensor_fill(lua_State *L, LbTensor *t);
/* ...or not, because it shares another tensor's storage. */
void lb_tensor_fill_view(lua_State *L, LbTensor *t);

/* The tensor of argument `arg`; raises when it is none or closed. */
LmTensor *lb_tensor_check(lua_State *L, int arg, const char *fn);
/* The open tensor at `index`, or NULL. */
LmTensor *lb_tensor_test(lua_State *L, int index);

/* Reads a list of extents ({64, 28, 28, 1}) at `arg` and returns its length, 1..LM_RANK_MAX.
 * `lo` is the smallest extent allowed: 0, or -1 where one may be left to be worked out. */
int lb_tensor_shape(lua_State *L, int arg, const char *fn, int64_t lo, int64_t shape[LM_RANK_MAX]);
/* Pushes { 64, 28, 28, 1 }. */
void lb_tensor_push_shape(lua_State *L, int rank, const int64_t *shape);

/* Any number, infinite ones and NaN too. */
double lb_tensor_number(lua_State *L, int index, const char *fn, const char *label);

/* The rest of the room: makers (b_tensor_make.c), facts and arithmetic (b_tensor_math.c), drawing
 * (b_tensor_show.c). */
void lb_tensor_make_open(lua_State *L);
void lb_tensor_math_open(lua_State *L);
void lb_tensor_show_open(lua_State *L);

/* "u8", "i32", "f32", "f64" in the order of LmDtype. */
extern const char *const lb_dtype_names[];

#endif
