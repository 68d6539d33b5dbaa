/* Completions below the text that is being typed. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "bind/progress.h"
#include "cli/edit_impl.h"

/* More would scroll the text away that they are for. */
enum { WORDS_MAX = 120, COLUMNS = 80, GAP = 2 };

static int columns(void)
{
    int n = lb_progress_columns(STDOUT_FILENO);
    return n > 0 ? n : COLUMNS;
}

/* How many screen lines the cursor is above the end of the text. */
static int lines_below(const LcEdit *e)
{
    const LineInfoW *line = el_wline(e->el);
    int width = columns();
    int column = e->prompt_columns;
    int n_lines = 0;
    for (const wchar_t *c = line->buffer; c < line->lastchar; c++) {
        int n = *c == L'\n' ? width : LM_MAX(wcwidth(*c), 0);
        int at = n_lines;
        column += n;
        if (column >= width) {
            column = *c == L'\n' ? 0 : column - width;
            at++;
        }
        n_lines = c < line->cursor ? 0 : at;
    }
    return n_lines;
}

static void print_columns(const char *const *words, size_t n)
{
    size_t widest = 1;
    for (size_t i = 0; i < n; i++) {
        widest = LM_MAX(widest, strlen(words[i]));
    }
    size_t n_columns = LM_MAX((size_t)columns() / (widest + GAP), (size_t)1);
    size_t n_lines = (n + n_columns - 1) / n_columns;
    for (size_t row = 0; row < n_lines; row++) {
        for (size_t i = row; i < n; i += n_lines) {
            bool is_last = i + n_lines >= n;
            printf("%-*s", is_last ? 0 : (int)(widest + GAP), words[i]);
        }
        fputc('\n', stdout);
    }
}

void lc_edit_list(LcEdit *e, const char *const *words, size_t n)
{
    for (int i = lines_below(e); i >= 0; i--) {
        fputc('\n', stdout);
    }
    fputc('\r', stdout);
    print_columns(words, LM_MIN(n, (size_t)WORDS_MAX));
    if (n > WORDS_MAX) {
        printf("... and %zu more\n", n - WORDS_MAX);
    }
    el_wset(e->el, EL_REFRESH);
}
