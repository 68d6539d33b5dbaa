#define _GNU_SOURCE
#include "cli/edit.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/edit_impl.h"

bool lc_edit_is_possible(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && terminal != NULL &&
           terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

LcEdit *lc_edit_of(EditLine *el)
{
    void *e = NULL;
    el_wget(el, EL_CLIENTDATA, &e);
    return e;
}

/* --- text --- */

char *lc_edit_utf8(const wchar_t *wide, size_t n)
{
    mbstate_t state;
    memset(&state, 0, sizeof state);
    char *text = malloc(n * MB_CUR_MAX + MB_CUR_MAX + 1);
    size_t used = 0;
    for (size_t i = 0; text != NULL && i < n; i++) {
        size_t k = wcrtomb(text + used, wide[i], &state);
        used += k != (size_t)-1 ? k : 0;
    }
    if (text != NULL) {
        text[used] = '\0';
    }
    return text;
}

wchar_t *lc_edit_wide(const char *utf8)
{
    mbstate_t state;
    memset(&state, 0, sizeof state);
    size_t left = strlen(utf8);
    wchar_t *wide = malloc((left + 1) * sizeof *wide);
    size_t n = 0;
    while (wide != NULL && left > 0) {
        size_t used = mbrtowc(&wide[n], utf8, left, &state);
        if (used == (size_t)-1 || used == (size_t)-2) {
            memset(&state, 0, sizeof state);
            wide[n] = L'?';
            used = 1;
        }
        utf8 += used;
        left -= used;
        n++;
    }
    if (wide != NULL) {
        wide[n] = L'\0';
    }
    return wide;
}

/* Letters are typed and shown as UTF-8 where nothing else is asked for; numbers stay as Lua writes
 * them. */
static void choose_letters(void)
{
    bool is_set = setlocale(LC_CTYPE, "") != NULL;
    if (!is_set || strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") == 0) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }
}

/* --- life --- */

static wchar_t *get_prompt(EditLine *el)
{
    return lc_edit_of(el)->prompt;
}

/* The prompt ends in a blank. libedit sends a sequence of control codes together with the letter
 * that follows it: behind the last one it would never be sent, and all that is typed and printed
 * would be in the prompt's colour. */
static void set_prompt(LcEdit *e, const char *prompt)
{
    const char *no_color = getenv("NO_COLOR");
    bool is_plain = no_color != NULL && no_color[0] != '\0';
    e->prompt_columns = (int)strlen(prompt);
    LM_ASSERT(e->prompt_columns > 0 && prompt[e->prompt_columns - 1] == ' ');
    swprintf(e->prompt, LM_ARRAY_LEN(e->prompt),
             is_plain ? L"%.*s " : L"\1\033[1;34m\1%.*s\1\033[0m\1 ", e->prompt_columns - 1,
             prompt);
}

static bool open_library(LcEdit *e)
{
    e->el = el_init("luma", stdin, stdout, stderr);
    e->history = history_winit();
    return e->el != NULL && e->history != NULL;
}

LcEdit *lc_edit_new(lua_State *L, const char *prompt)
{
    LcEdit *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    choose_letters();
    e->L = L;
    if (!open_library(e)) {
        lc_edit_free(e);
        return NULL;
    }
    set_prompt(e, prompt);
    el_wset(e->el, EL_CLIENTDATA, e);
    el_wset(e->el, EL_PROMPT_ESC, get_prompt, PROMPT_ESCAPE);
    el_wset(e->el, EL_GETCFN, lc_edit_read_char);
    el_wset(e->el, EL_HIST, history_w, e->history);
    lc_edit_bind(e);
    lc_edit_history_load(e);
    return e;
}

void lc_edit_free(LcEdit *e)
{
    if (e == NULL) {
        return;
    }
    if (e->el != NULL) {
        el_end(e->el);
    }
    if (e->history != NULL) {
        history_wend(e->history);
    }
    free(e->history_path);
    free(e->text);
    free(e);
}

/* libedit copies an entry of the history into its buffer as far as it fits: the buffer grows only
 * by what is typed. */
static void make_room(LcEdit *e)
{
    wchar_t *blanks = e->longest > e->room ? malloc((e->longest + 1) * sizeof *blanks) : NULL;
    if (blanks != NULL) {
        wmemset(blanks, L' ', e->longest);
        blanks[e->longest] = L'\0';
        if (el_winsertstr(e->el, blanks) == 0) {
            el_deletestr(e->el, (int)e->longest);
            e->room = e->longest;
        }
        free(blanks);
    }
}

LcInput lc_edit_read(LcEdit *e, const char **text)
{
    int n = 0;
    e->is_interrupted = false;
    e->tab_length = SIZE_MAX;
    make_room(e);
    lc_edit_signals_begin(e);
    lc_edit_mark_pastes(true);
    const wchar_t *wide = el_wgets(e->el, &n);
    lc_edit_mark_pastes(false);
    lc_edit_signals_end();
    if (e->is_interrupted) {
        return LC_INPUT_INTERRUPTED;
    }
    if (wide == NULL || n <= 0) {
        return LC_INPUT_END;
    }
    free(e->text);
    e->text = lc_edit_utf8(wide, (size_t)(wide[n - 1] == L'\n' ? n - 1 : n));
    *text = e->text;
    return e->text != NULL ? LC_INPUT_TEXT : LC_INPUT_END;
}

void lc_edit_remember(LcEdit *e, const char *text)
{
    HistEventW event;
    if (text[strspn(text, " \t\n")] == '\0') {
        return;
    }
    char *last = history_w(e->history, &event, H_FIRST) == 0
                     ? lc_edit_utf8(event.str, wcslen(event.str))
                     : NULL;
    if (last == NULL || strcmp(last, text) != 0) {
        lc_edit_history_append(e, text);
    }
    free(last);
}
