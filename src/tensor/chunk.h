/* A run of elements as doubles: how code that must work for every dtype reads and writes.
 *
 * A double holds every value of every dtype exactly, so one loop over doubles replaces one a pair
 * of types. Callers walk a tensor in pieces of LM_CHUNK elements, which stay in the first-level
 * cache.
 */
#ifndef LM_CHUNK_H
#define LM_CHUNK_H

#include "tensor/tensor.h"

enum { LM_CHUNK = 1024 };

/* dst[i] = element first + i of t, for i in [0, n). */
void lm_chunk_load(double *dst, const LmTensor *t, int64_t first, int64_t n);

/* Element first + i of t = src[i]. To u8 and i32 values are rounded to nearest even; one that does
 * not fit is LM_EARG naming its 1-based position, and elements before it are already written. */
LmStatus lm_chunk_store(LmTensor *t, int64_t first, int64_t n, const double *src,
                        LmError *err) LM_MUST_CHECK;

#endif
