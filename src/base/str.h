/* Bounded text building: never writes past the buffer, always terminated, no allocation. */
#ifndef LM_STR_H
#define LM_STR_H

#include "base/base.h"

typedef struct LmStr {
    char *text;
    size_t size; /* of the buffer, the terminating NUL included */
    size_t used; /* characters so far; stays below size even when text was cut */
} LmStr;

LmStr lm_str(char *buffer, size_t size);
void lm_str_add(LmStr *s, const char *fmt, ...) LM_PRINTF(2, 3);
/* "60,000" */
void lm_str_add_count(LmStr *s, int64_t n);
/* "60000x28x28x1" */
void lm_str_add_shape(LmStr *s, int rank, const int64_t *shape);

/* The same into a caller's buffer, which is returned, so that they fit into a printf argument. */
const char *lm_str_count(char *buffer, size_t size, int64_t n);
const char *lm_str_shape(char *buffer, size_t size, int rank, const int64_t *shape);
/* "47.0 MB" (powers of 1000); bytes below 1000 as "784 bytes" */
const char *lm_str_bytes(char *buffer, size_t size, size_t n_bytes);

/* The word of `words` (NULL-ended) nearest to `got` by edit distance, or NULL when none is a likely
 * slip: more than a third of the letters differ, and neither is the beginning or a part of the
 * other. */
const char *lm_str_nearest(const char *got, const char *const *words);

/* Valid UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629). */
bool lm_str_is_utf8(const char *text);

#endif
