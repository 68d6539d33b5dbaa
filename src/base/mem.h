/* All bulk memory of the engine: aligned, counted, checked for overflow.
 *
 * Every block starts on a 64-byte boundary (one cache line, one AVX-512 register) and remembers its
 * size, so that lm_mem_in_use() is exact. A hook makes the n-th allocation fail, which lets tests
 * walk every out-of-memory path.
 */
#ifndef LM_MEM_H
#define LM_MEM_H

#include "base/error.h"

#define LM_MEM_ALIGN 64

/* n * size_each bytes, zeroed when `lm_mem_zeros`; *out is owned by the caller (lm_mem_free).
 * Zero bytes give a valid, unique block. Fails with LM_EMEM naming the size. */
LmStatus lm_mem_alloc(void *out, size_t n, size_t size_each, LmError *err) LM_MUST_CHECK;
LmStatus lm_mem_zeros(void *out, size_t n, size_t size_each, LmError *err) LM_MUST_CHECK;

/* Copy of a NUL-terminated string. */
LmStatus lm_mem_strdup(char **out, const char *text, LmError *err) LM_MUST_CHECK;

/* Frees a block of this file; NULL is fine. */
void lm_mem_free(void *block);

/* Bytes asked for and not yet freed; the highest such figure so far. */
size_t lm_mem_in_use(void);
size_t lm_mem_peak(void);

/* Makes the n-th allocation from now (1 is the next) fail once; 0 switches the hook off. */
void lm_mem_fail_nth(int64_t n);

#endif
