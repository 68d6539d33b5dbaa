/* What standard output can show: colours, pictures, letters, and how much of them fits.
 *
 * Found out anew each time, because windows change: by the descriptor, the terminal's variables and
 * LUMA_GRAPHICS, which overrides. Nothing is asked of the terminal itself: its answer would come in
 * between the keys.
 */
#ifndef LB_SCREEN_H
#define LB_SCREEN_H

#include <lua.h>

#include "tensor/show.h"

typedef struct LbScreen {
    LmShowMode mode;
    int64_t columns;
    int64_t lines;
    int64_t cell_w; /* pixels of a character */
    int64_t cell_h;
    bool is_utf8; /* by the locale's variables */
} LbScreen;

enum { LB_SCREEN_COLUMNS_MAX = 1000 };

/* Raises where LUMA_GRAPHICS is none of its words. */
LbScreen lb_screen_find(lua_State *L, const char *fn);

/* internal.screen(fn) -> { mode="plain"|"256"|"truecolor"|"kitty", columns=, is_utf8= } */
int lb_screen_lua(lua_State *L);

#endif
