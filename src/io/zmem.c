/* The two callbacks zlib asks for.
 *
 * It has no channel for a message, so ours is dropped here and the caller words its own from
 * Z_MEM_ERROR.
 */
#include "io/zmem.h"

#include "base/mem.h"

static void *take(void *opaque, unsigned n, unsigned size_each)
{
    (void)opaque;
    LmError err;
    void *block = NULL;
    return lm_mem_alloc(&block, n, size_each, &err) == LM_OK ? block : NULL;
}

static void give_back(void *opaque, void *block)
{
    (void)opaque;
    lm_mem_free(block);
}

void lm_zmem_init(z_stream *z)
{
    *z = (z_stream){.zalloc = take, .zfree = give_back};
}
