/* A picture is one transmission: "ESC _G <keys> ; <base64> ESC \", as often as it takes. The first
 * sequence has all keys (a=T transmit and draw, f=24 RGB, C=1 the cursor stays, q=2 no answer), the
 * others m alone, which is 1 while more follow. All but the last hold whole groups of four letters.
 */
#include "tensor/kitty.h"

#include <inttypes.h>

#include "base/base64.h"

enum { CHUNK_BYTES = LM_KITTY_CHUNK / 4 * 3, KEYS_SIZE = 80 };

size_t lm_kitty_size(size_t n)
{
    size_t n_chunks = n * 3 / CHUNK_BYTES + 1;
    return n_chunks * (LM_KITTY_CHUNK + KEYS_SIZE);
}

void lm_kitty_add(LmStr *s, const uint8_t *rgb, int64_t w, int64_t h)
{
    size_t size = (size_t)w * (size_t)h * 3;
    LM_ASSERT(size > 0);
    for (size_t at = 0; at < size; at += CHUNK_BYTES) {
        size_t n = LM_MIN((size_t)CHUNK_BYTES, size - at);
        lm_str_add(s, "\x1b_G");
        if (at == 0) {
            lm_str_add(s, "a=T,f=24,s=%" PRId64 ",v=%" PRId64 ",C=1,q=2,", w, h);
        }
        lm_str_add(s, "m=%d;", at + n < size);
        LM_ASSERT(s->size - s->used > lm_base64_size(n));
        lm_base64_write(s->text + s->used, rgb + at, n);
        s->used += lm_base64_size(n);
        lm_str_add(s, "\x1b\\");
    }
}
