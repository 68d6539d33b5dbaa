#include "bind/show.h"

#include <stdio.h>

#include "base/mem.h"
#include "bind/handle.h"

enum { IMAGES_MAX = 100000 };

typedef struct ShowArgs {
    int64_t max;
    int64_t columns;
} ShowArgs;

const LbOption lb_show_options[] = {
    LB_INTEGER(ShowArgs, max, "max", 1, IMAGES_MAX, "16", "images drawn at most"),
    LB_INTEGER(ShowArgs, columns, "columns", 1, LB_SCREEN_COLUMNS_MAX, "the terminal's",
               "width of the drawing"),
    LB_OPTIONS_END};

LbShow lb_show_parse(lua_State *L, const char *fn)
{
    LbShow show = {.screen = lb_screen_find(L, fn)};
    ShowArgs a = {.max = 16, .columns = show.screen.columns};
    if (lua_type(L, 2) == LUA_TNUMBER) {
        a.max = lb_arg_integer(L, 2, fn, "n", 1, IMAGES_MAX);
    } else {
        lb_options_parse(L, 2, fn, lb_show_options, LB_NO_PARTS, &a);
    }
    lb_arg_end(L, 2, fn);
    show.max = a.max;
    show.screen.columns = a.columns;
    return show;
}

int lb_show_print(lua_State *L, const char *fn, const LmPictureSource *source, const LbShow *show,
                  const char *const *labels)
{
    const LbScreen *screen = &show->screen;
    LmShowStyle style = {.mode = screen->mode,
                         .columns = screen->columns,
                         .lines = screen->lines,
                         .cell_w = screen->cell_w,
                         .cell_h = screen->cell_h,
                         .max_images = show->max,
                         .labels = labels};
    char *text;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_show_draw(&text, source, &style, &err));
    lb_raise_if(L, st, fn, &err);
    fputs(text, stdout);
    lm_mem_free(text);
    lua_settop(L, 1);
    return 1;
}
