/* What the objects that can be drawn in the terminal share: arguments, and printing. */
#ifndef LB_SHOW_H
#define LB_SHOW_H

#include "bind/screen.h"
#include "bind/options.h"

typedef struct LbShow {
    LbScreen screen;
    int64_t max; /* images drawn at most */
} LbShow;

extern const LbOption lb_show_options[];

/* Arguments 2 and on of a method show([n | { max=, columns= }]). */
LbShow lb_show_parse(lua_State *L, const char *fn);

/* Draws on standard output; returns argument 1. `labels` as in LmShowStyle. */
int lb_show_print(lua_State *L, const char *fn, const LmPictureSource *source, const LbShow *show,
                  const char *const *labels);

#endif
