/* Pictures by the kitty terminal's graphics protocol, which ghostty, WezTerm and others know too.
 * https://sw.kovidgoyal.net/kitty/graphics-protocol/
 */
#ifndef LM_KITTY_H
#define LM_KITTY_H

#include "base/str.h"

/* Letters of base64 in one sequence, at most; the protocol's own limit. */
enum { LM_KITTY_CHUNK = 4096 };

/* Room that lm_kitty_add needs for a picture of n pixels. */
size_t lm_kitty_size(size_t n);

/* Adds the sequences that draw w x h pixels (three bytes each: red, green, blue) from the cursor
 * on. The cursor stays, and the terminal answers nothing, not even errors: an answer would be taken
 * for keys. `s` must have the room. */
void lm_kitty_add(LmStr *s, const uint8_t *rgb, int64_t w, int64_t h);

#endif
