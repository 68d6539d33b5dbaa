/* Buffers for batches, used again and again.
 *
 * A pool hands out blocks of one size and takes them back; a few idle ones are kept. The pool lives
 * until its owner and the last block are gone, so a tensor on a block may outlive the flow it came
 * from by any time. All functions are thread-safe.
 */
#ifndef LM_BATCH_H
#define LM_BATCH_H

#include "base/error.h"

typedef struct LmPool LmPool;

/* Keeps at most max_idle idle blocks of block_bytes each. */
LmStatus lm_pool_new(LmPool **out, size_t block_bytes, int max_idle, LmError *err) LM_MUST_CHECK;
/* The owner leaves: idle blocks are freed, blocks in use when they come back. NULL is fine. */
void lm_pool_close(LmPool *pool);
/* A block with undefined contents, aligned to 64 bytes. */
LmStatus lm_pool_take(LmPool *pool, void **out, LmError *err) LM_MUST_CHECK;
/* Gives a block back; the signature is the one lm_tensor_wrap calls. */
void lm_pool_give(void *pool, void *block);
/* Blocks handed out and not yet back. */
int64_t lm_pool_n_used(LmPool *pool);

#endif
