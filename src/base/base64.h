/* Bytes as base64 text (RFC 4648, the usual alphabet, padded). */
#ifndef LM_BASE64_H
#define LM_BASE64_H

#include "base/base.h"

/* Letters n bytes become. */
static inline size_t lm_base64_size(size_t n)
{
    return (n + 2) / 3 * 4;
}

/* Writes them, without an ending NUL. */
void lm_base64_write(char *out, const void *bytes, size_t n);

#endif
