#define _DEFAULT_SOURCE
#include "bind/screen.h"

#include <lauxlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bind/progress.h"
#include "bind/raise.h"

/* In the order of LmShowMode. */
static const char *const mode_names[] = {"plain", "256", "truecolor", "kitty", NULL};
_Static_assert(LM_ARRAY_LEN(mode_names) == LM_SHOW_COUNT + 1, "one name a mode, in order");

/* "" where it is not set. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? text : "";
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* tmux and screen keep a screen of their own, on which pictures have no place. */
static bool is_multiplexed(const char *term)
{
    return *variable("TMUX") != '\0' || *variable("STY") != '\0' || begins(term, "screen") ||
           begins(term, "tmux");
}

/* Of the first of these variables that is set, as the C library has it. Where none is, as in many
 * containers, the terminal in front of them is one of today's. */
static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *text = "";
    for (size_t i = 0; i < LM_ARRAY_LEN(names) && *text == '\0'; i++) {
        text = variable(names[i]);
    }
    const char *set = strchr(text, '.');
    if (*text == '\0') {
        return true;
    }
    return set != NULL && (strncasecmp(set, ".utf-8", 6) == 0 || strncasecmp(set, ".utf8", 5) == 0);
}

static LmShowMode mode_of_terminal(void)
{
    static const char *const terms[] = {"xterm-kitty", "xterm-ghostty", NULL};
    static const char *const programs[] = {"ghostty", "WezTerm", NULL};
    static const char *const depths[] = {"truecolor", "24bit", NULL};
    const char *term = variable("TERM");
    bool has_pictures = *variable("KITTY_WINDOW_ID") != '\0' || is_one_of(term, terms) ||
                        is_one_of(variable("TERM_PROGRAM"), programs);
    if (!lb_progress_is_terminal(STDOUT_FILENO) || *variable("NO_COLOR") != '\0') {
        return LM_SHOW_PLAIN;
    }
    if (has_pictures && !is_multiplexed(term)) {
        return LM_SHOW_KITTY;
    }
    /* Colours go onto halves of a block, which is no letter of other character sets. */
    if (!is_utf8()) {
        return LM_SHOW_PLAIN;
    }
    /* GNU screen leaves COLORTERM as the terminal around it has it, and knows 256 colours. */
    bool is_screen = *variable("STY") != '\0' && *variable("TMUX") == '\0';
    if (is_one_of(variable("COLORTERM"), depths) && !is_screen) {
        return LM_SHOW_TRUECOLOR;
    }
    return strstr(term, "256color") != NULL ? LM_SHOW_256 : LM_SHOW_PLAIN;
}

static LmShowMode find_mode(lua_State *L, const char *fn)
{
    const char *text = variable("LUMA_GRAPHICS");
    if (*text == '\0') {
        return mode_of_terminal();
    }
    for (int i = 0; i < LM_SHOW_COUNT; i++) {
        if (strcmp(text, mode_names[i]) == 0) {
            return (LmShowMode)i;
        }
    }
    char hint[96];
    lb_raise_text(L, LM_EARG,
                  "%s: the variable LUMA_GRAPHICS wants kitty, truecolor, 256 or plain, got '%s'%s",
                  fn, text,
                  lb_raise_hint_words(text, mode_names, LM_SHOW_COUNT, hint, sizeof hint));
}

/* A whole number of a variable, or `initial`. */
static int64_t number(const char *name, int64_t initial)
{
    char *end;
    const char *text = variable(name);
    long n = strtol(text, &end, 10);
    return end > text && *end == '\0' && n > 0 && n <= LB_SCREEN_COLUMNS_MAX ? n : initial;
}

LbScreen lb_screen_find(lua_State *L, const char *fn)
{
    /* Where the terminal does not say how large its characters are: a small one, so that pictures
     * stay in their place. */
    LbScreen s = {.mode = find_mode(L, fn),
                  .columns = number("COLUMNS", 80),
                  .lines = number("LINES", 24),
                  .cell_w = 8,
                  .cell_h = 16,
                  .is_utf8 = is_utf8()};
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        return s;
    }
    s.columns = size.ws_col;
    s.lines = size.ws_row;
    if (size.ws_xpixel >= size.ws_col && size.ws_ypixel >= size.ws_row) {
        s.cell_w = size.ws_xpixel / size.ws_col;
        s.cell_h = size.ws_ypixel / size.ws_row;
    }
    return s;
}

int lb_screen_lua(lua_State *L)
{
    LbScreen s = lb_screen_find(L, luaL_checkstring(L, 1));
    lua_createtable(L, 0, 3);
    lua_pushstring(L, mode_names[s.mode]);
    lua_setfield(L, -2, "mode");
    lua_pushinteger(L, s.columns);
    lua_setfield(L, -2, "columns");
    lua_pushboolean(L, s.is_utf8);
    lua_setfield(L, -2, "is_utf8");
    return 1;
}
