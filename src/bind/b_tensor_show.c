/* Tensor: t:show(), images drawn in the terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "bind/b_tensor.h"
#include "bind/progress.h"
#include "tensor/show.h"

/* Where nobody says how wide the output is. */
enum { COLUMNS_DEFAULT = 80, COLUMNS_MAX = 1000, IMAGES_MAX = 100000 };

static int terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    const char *text = getenv("COLUMNS");
    long n = text != NULL ? strtol(text, NULL, 10) : 0;
    return n > 0 && n <= COLUMNS_MAX ? (int)n : COLUMNS_DEFAULT;
}

static bool has_color(void)
{
    const char *no_color = getenv("NO_COLOR");
    return lb_progress_is_terminal(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0');
}

typedef struct ShowArgs {
    int64_t max;
    int64_t columns;
} ShowArgs;

static const LbOption show_options[] = {
    LB_INTEGER(ShowArgs, max, "max", 1, IMAGES_MAX, "16", "images drawn at most"),
    LB_INTEGER(ShowArgs, columns, "columns", 1, COLUMNS_MAX, "the terminal's",
               "width of the drawing"),
    LB_OPTIONS_END};

LB_FUNCTION(
    lb_tensor_show, "tensor:show", show_options, "tensor:show{ max=16, columns= } -> tensor",
    "Draws an image (H x W or H x W x 1, 3, 4) or a batch of them on standard output: in colour "
    "on a terminal, else in characters. Floats are stretched from black to white.",
    "luma.tensor{ {0, 1}, {1, 0} }:show()")
{
    ShowArgs a = {.max = 16, .columns = terminal_columns()};
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    lb_options_parse(L, 2, fn, show_options, LB_NO_PARTS, &a);
    lb_arg_end(L, 2, fn);
    LmShowStyle style = {.has_color = has_color(), .columns = (int)a.columns, .max_images = a.max};
    char *text;
    LmError err;
    LmStatus st;
    LB_CALL(L, st, lm_show_draw(&text, t, &style, &err));
    lb_raise_if(L, st, fn, &err);
    fputs(text, stdout);
    lm_mem_free(text);
    lua_settop(L, 1);
    return 1;
}

void lb_tensor_show_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_tensor_show_doc, NULL};
    lb_handle_extend(L, &lb_tensor_type, docs, NULL);
}
