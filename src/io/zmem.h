/* zlib's working memory out of lm_mem, so that it is counted and its failures can be tested. */
#ifndef LM_ZMEM_H
#define LM_ZMEM_H

#include <zlib.h>

/* Zeroes `z` and installs the two allocation functions; call before inflateInit and deflateInit. */
void lm_zmem_init(z_stream *z);

#endif
