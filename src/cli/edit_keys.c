/* What keys do beyond libedit's own functions, most of it for texts of several lines.
 *
 * A function of ours that ends in one of libedit's (end of the text, an older entry) cannot call
 * it: it pushes a sequence no keyboard sends, which is bound to it.
 */
#define _POSIX_C_SOURCE 200809L
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit_impl.h"
#include "cli/session.h"

enum { INDENT = 4, CANDIDATES_MAX = 2000 };
static const wchar_t ACCEPT[] = L"\033[9901~";
static const wchar_t OLDER[] = L"\033[9902~";
static const wchar_t NEWER[] = L"\033[9903~";

static const LineInfoW *line_of(const LcEdit *e)
{
    return el_wline(e->el);
}

/* First letter of the line that the cursor is in; its end. */
static const wchar_t *line_start(const LineInfoW *line)
{
    const wchar_t *c = line->cursor;
    while (c > line->buffer && c[-1] != L'\n') {
        c--;
    }
    return c;
}

static const wchar_t *line_end(const LineInfoW *line)
{
    const wchar_t *c = line->cursor;
    while (c < line->lastchar && *c != L'\n') {
        c++;
    }
    return c;
}

static void move_to(LcEdit *e, const wchar_t *place)
{
    el_cursor(e->el, (int)(place - line_of(e)->cursor));
}

static void insert(LcEdit *e, const char *text)
{
    wchar_t *wide = lc_edit_wide(text);
    if (wide != NULL && wide[0] != L'\0') {
        el_winsertstr(e->el, wide);
    }
    free(wide);
}

/* Pushes the text and the number of its bytes before the cursor. */
static void push_text(LcEdit *e)
{
    const LineInfoW *line = line_of(e);
    char *text = lc_edit_utf8(line->buffer, (size_t)(line->lastchar - line->buffer));
    char *before = lc_edit_utf8(line->buffer, (size_t)(line->cursor - line->buffer));
    lua_pushstring(e->L, text != NULL ? text : "");
    lua_pushinteger(e->L, before != NULL ? (lua_Integer)strlen(before) : 0);
    free(text);
    free(before);
}

/* Calls a function of program.lua with what is pushed; false: it failed, which a key survives. */
static bool ask(LcEdit *e, int n_args, int n_results)
{
    if (lua_pcall(e->L, n_args, n_results, 0) != LUA_OK) {
        lua_pop(e->L, 1);
        return false;
    }
    return true;
}

/* --- Enter --- */

/* The text becomes `before` and `behind`, the cursor between them. */
static void replace_text(LcEdit *e, const char *before, const char *behind)
{
    const LineInfoW *line = line_of(e);
    int n = (int)(line->lastchar - line->buffer);
    move_to(e, line->lastchar);
    el_deletestr(e->el, n);
    insert(e, before);
    int n_before = (int)(line_of(e)->lastchar - line_of(e)->buffer);
    insert(e, behind);
    move_to(e, line_of(e)->buffer + n_before);
}

static unsigned char on_enter(EditLine *el, wint_t key)
{
    LcEdit *e = lc_edit_of(el);
    int top = lua_gettop(e->L);
    bool is_whole = true;
    (void)key;
    lc_session_push(e->L, "prompt");
    lua_pushliteral(e->L, "enter");
    push_text(e);
    if (ask(e, 3, 3)) {
        is_whole = lua_toboolean(e->L, -1);
        replace_text(e, lua_tostring(e->L, -3), lua_tostring(e->L, -2));
    }
    lua_settop(e->L, top);
    if (is_whole) {
        el_wpush(el, ACCEPT);
    }
    return CC_REFRESH;
}

static unsigned char on_newline(EditLine *el, wint_t key)
{
    (void)key;
    return el_winsertstr(el, L"\n") == 0 ? CC_REFRESH : CC_ERROR;
}

/* --- moving --- */

static unsigned char on_home(EditLine *el, wint_t key)
{
    LcEdit *e = lc_edit_of(el);
    (void)key;
    move_to(e, line_start(line_of(e)));
    return CC_CURSOR;
}

static unsigned char on_end(EditLine *el, wint_t key)
{
    LcEdit *e = lc_edit_of(el);
    (void)key;
    move_to(e, line_end(line_of(e)));
    return CC_CURSOR;
}

static unsigned char on_up(EditLine *el, wint_t key)
{
    LcEdit *e = lc_edit_of(el);
    const LineInfoW *line = line_of(e);
    const wchar_t *start = line_start(line);
    (void)key;
    if (start == line->buffer) {
        el_wpush(el, OLDER);
        return CC_NORM;
    }
    ptrdiff_t column = line->cursor - start;
    LineInfoW above = {line->buffer, start - 1, line->lastchar};
    const wchar_t *above_start = line_start(&above);
    move_to(e, above_start + LM_MIN(column, start - 1 - above_start));
    return CC_CURSOR;
}

static unsigned char on_down(EditLine *el, wint_t key)
{
    LcEdit *e = lc_edit_of(el);
    const LineInfoW *line = line_of(e);
    const wchar_t *end = line_end(line);
    (void)key;
    if (end == line->lastchar) {
        el_wpush(el, NEWER);
        return CC_NORM;
    }
    ptrdiff_t column = line->cursor - line_start(line);
    LineInfoW below = {line->buffer, end + 1, line->lastchar};
    move_to(e, end + 1 + LM_MIN(column, line_end(&below) - (end + 1)));
    return CC_CURSOR;
}

/* --- leaving --- */

static unsigned char on_interrupt(EditLine *el, wint_t key)
{
    LcEdit *e = lc_edit_of(el);
    (void)key;
    e->is_interrupted = true;
    move_to(e, line_of(e)->lastchar);
    el_winsertstr(el, L"^C");
    el_wpush(el, ACCEPT);
    return CC_REFRESH;
}

static unsigned char on_suspend(EditLine *el, wint_t key)
{
    (void)key;
    lc_edit_suspend(lc_edit_of(el));
    return CC_NORM;
}

/* --- pasting: between ESC [ 200 ~ and ESC [ 201 ~ --- */

static unsigned char on_paste(EditLine *el, wint_t key)
{
    static const wchar_t end[] = L"\033[201~";
    const size_t n_end = LM_ARRAY_LEN(end) - 1;
    wchar_t *text = NULL;
    size_t n = 0;
    size_t size = 0;
    wchar_t c;
    (void)key;
    while (el_wgetc(el, &c) == 1) {
        if (n + 1 >= size) {
            size = 2 * size + 256;
            wchar_t *more = realloc(text, size * sizeof *more);
            if (more == NULL) {
                break;
            }
            text = more;
        }
        text[n++] = c == L'\r' ? L'\n' : c;
        if (n >= n_end && wmemcmp(text + n - n_end, end, n_end) == 0) {
            n -= n_end;
            break;
        }
    }
    n -= n > 0 && text[n - 1] == L'\n';
    if (n > 0) {
        text[n] = L'\0';
        el_winsertstr(el, text);
    }
    free(text);
    return CC_REFRESH;
}

/* --- Tab --- */

static size_t common_length(const char *const *words, size_t n)
{
    size_t length = strlen(words[0]);
    for (size_t i = 1; i < n; i++) {
        size_t k = 0;
        while (k < length && words[i][k] == words[0][k]) {
            k++;
        }
        length = k;
    }
    while (length > 0 && ((unsigned char)words[0][length] & 0xC0) == 0x80) {
        length--;
    }
    return length;
}

/* Puts what all words begin with in the place of the last n_typed bytes; false: nothing new. */
static bool extend(LcEdit *e, const char *const *words, size_t n, size_t n_typed)
{
    const LineInfoW *line = line_of(e);
    size_t length = common_length(words, n);
    char *common = strndup(words[0], length);
    char *before = lc_edit_utf8(line->buffer, (size_t)(line->cursor - line->buffer));
    bool is_new = common != NULL && before != NULL && strlen(before) >= n_typed &&
                  length >= n_typed && strcmp(before + strlen(before) - n_typed, common) != 0;
    if (is_new) {
        wchar_t *typed = lc_edit_wide(before + strlen(before) - n_typed);
        el_deletestr(e->el, typed != NULL ? (int)wcslen(typed) : 0);
        insert(e, common);
        free(typed);
    }
    free(common);
    free(before);
    return is_new;
}

/* Stack: first byte of what was typed (from 1), candidates, labels or nil; then where the cursor
 * is. Whether the list is wanted: the second Tab at a place. */
static unsigned char use_candidates(LcEdit *e, size_t cursor)
{
    static const char *words[CANDIDATES_MAX];
    lua_State *L = e->L;
    int first = lua_gettop(L) - 2;
    size_t n = LM_MIN((size_t)lua_rawlen(L, first + 1), (size_t)CANDIDATES_MAX);
    luaL_checkstack(L, CANDIDATES_MAX, NULL);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, first + 1, (lua_Integer)i + 1);
        words[i] = lua_tostring(L, -1);
    }
    size_t n_typed = cursor - ((size_t)lua_tointeger(L, first) - 1);
    if (n == 0) {
        return CC_ERROR;
    }
    if (extend(e, words, n, n_typed)) {
        return CC_REFRESH;
    }
    const LineInfoW *line = line_of(e);
    size_t length = (size_t)(line->lastchar - line->buffer);
    if (n > 1 && e->tab_at == cursor && e->tab_length == length) {
        lua_settop(L, first + 2);
        for (size_t i = 0; i < n && lua_istable(L, first + 2); i++) {
            lua_rawgeti(L, first + 2, (lua_Integer)i + 1);
            words[i] = lua_tostring(L, -1);
        }
        lc_edit_list(e, words, n);
        return CC_NORM;
    }
    e->tab_at = cursor;
    e->tab_length = length;
    return n > 1 ? CC_ERROR : CC_NORM;
}

static bool is_indentation(const LineInfoW *line)
{
    const wchar_t *c = line_start(line);
    if (c == line->buffer) {
        return false;
    }
    while (c < line->cursor && *c == L' ') {
        c++;
    }
    return c == line->cursor;
}

static unsigned char on_tab(EditLine *el, wint_t key)
{
    LcEdit *e = lc_edit_of(el);
    (void)key;
    if (is_indentation(line_of(e))) {
        return el_winsertstr(el, L"    ") == 0 ? CC_REFRESH : CC_ERROR;
    }
    int top = lua_gettop(e->L);
    lc_session_push(e->L, "complete");
    push_text(e);
    size_t cursor = (size_t)lua_tointeger(e->L, -1);
    unsigned char result = CC_ERROR;
    if (ask(e, 2, 3)) {
        result = use_candidates(e, cursor);
    }
    lua_settop(e->L, top);
    return result;
}

/* --- the table --- */

static const struct {
    const wchar_t *name;
    unsigned char (*function)(EditLine *el, wint_t key);
} functions[] = {{L"luma-enter", on_enter},
                 {L"luma-newline", on_newline},
                 {L"luma-home", on_home},
                 {L"luma-end", on_end},
                 {L"luma-up", on_up},
                 {L"luma-down", on_down},
                 {L"luma-interrupt", on_interrupt},
                 {L"luma-suspend", on_suspend},
                 {L"luma-paste", on_paste},
                 {L"luma-tab", on_tab}};

static const struct {
    const wchar_t *keys;
    const wchar_t *function;
} bindings[] = {{ACCEPT, L"ed-newline"},
                {OLDER, L"ed-prev-history"},
                {NEWER, L"ed-next-history"},
                {L"^J", L"luma-enter"},
                {L"^M", L"luma-enter"},
                {L"\033\n", L"luma-newline"},
                {L"\033\r", L"luma-newline"},
                {L"^I", L"luma-tab"},
                {L"^C", L"luma-interrupt"},
                {L"^Z", L"luma-suspend"},
                {L"^A", L"luma-home"},
                {L"^E", L"luma-end"},
                {L"^P", L"luma-up"},
                {L"^N", L"luma-down"},
                {L"^R", L"em-inc-search-prev"},
                {L"^S", L"em-inc-search-next"},
                {L"^W", L"ed-delete-prev-word"},
                {L"\033[A", L"luma-up"},
                {L"\033OA", L"luma-up"},
                {L"\033[B", L"luma-down"},
                {L"\033OB", L"luma-down"},
                {L"\033[C", L"ed-next-char"},
                {L"\033OC", L"ed-next-char"},
                {L"\033[D", L"ed-prev-char"},
                {L"\033OD", L"ed-prev-char"},
                {L"\033[H", L"luma-home"},
                {L"\033OH", L"luma-home"},
                {L"\033[1~", L"luma-home"},
                {L"\033[F", L"luma-end"},
                {L"\033OF", L"luma-end"},
                {L"\033[4~", L"luma-end"},
                {L"\033[3~", L"ed-delete-next-char"},
                {L"\033[5~", L"ed-search-prev-history"},
                {L"\033[6~", L"ed-search-next-history"},
                {L"\033[1;5C", L"em-next-word"},
                {L"\033[1;5D", L"ed-prev-word"},
                {L"\033[1;3C", L"em-next-word"},
                {L"\033[1;3D", L"ed-prev-word"},
                {L"\033[200~", L"luma-paste"}};

void lc_edit_bind(LcEdit *e)
{
    el_wset(e->el, EL_EDITOR, L"emacs");
    for (size_t i = 0; i < LM_ARRAY_LEN(functions); i++) {
        el_wset(e->el, EL_ADDFN, functions[i].name, functions[i].name, functions[i].function);
    }
    for (size_t i = 0; i < LM_ARRAY_LEN(bindings); i++) {
        el_wset(e->el, EL_BIND, bindings[i].keys, bindings[i].function, NULL);
    }
    /* Ctrl-C, Ctrl-Z and Ctrl-\ are keys while a text is typed; Ctrl-V and Ctrl-O are free. */
    el_wset(e->el, EL_SETTY, L"-d", L"-isig", NULL);
    el_source(e->el, NULL);
}
