/* Inflating a whole gzip file held in memory. */
#ifndef LM_GZIP_H
#define LM_GZIP_H

#include "base/error.h"

/* Begins with the two bytes of a gzip member? */
bool lm_gzip_is(const uint8_t *bytes, size_t size);

/* Inflates all members into one block owned by the caller (lm_mem_free). Damaged, truncated or
 * followed by foreign bytes: LM_EFORMAT; more than limit_bytes of output (0: no limit): LM_EMEM. */
LmStatus lm_gzip_inflate(uint8_t **out, size_t *out_size, const uint8_t *bytes, size_t size,
                         size_t limit_bytes, LmError *err) LM_MUST_CHECK;
/* Inflates the beginning alone, at most `room` bytes, to out; gives how many there were. Damage
 * ends it early and is no error: what is readable is there. */
size_t lm_gzip_head(uint8_t *out, size_t room, const uint8_t *bytes, size_t size);

#endif
