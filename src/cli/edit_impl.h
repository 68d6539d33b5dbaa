/* Shared by the files of the editor: edit.c (life), edit_keys.c (what keys do), edit_list.c
 * (showing completions), edit_terminal.c (reading, signals), edit_history.c (the history's file).
 */
#ifndef LC_EDIT_IMPL_H
#define LC_EDIT_IMPL_H

#include <histedit.h>
#include <stdio.h>
#include <wchar.h>

#include "cli/edit.h"

struct LcEdit {
    lua_State *L;
    EditLine *el;
    HistoryW *history;
    wchar_t prompt[64]; /* with colours between PROMPT_ESCAPE marks */
    int prompt_columns;
    bool is_interrupted; /* the text was dropped by Ctrl-C */
    size_t tab_at;       /* cursor and length at the last Tab that could not decide */
    size_t tab_length;
    char *text;         /* the last one read */
    char *history_path; /* NULL: none */
    size_t longest;     /* letters of the longest entry */
    size_t room;        /* letters that libedit's buffer is known to hold */
};

enum { PROMPT_ESCAPE = 1 };

LcEdit *lc_edit_of(EditLine *el);

/* UTF-8 of n wide characters, NUL-ended, malloc'd; NULL: no memory. */
char *lc_edit_utf8(const wchar_t *wide, size_t n);
wchar_t *lc_edit_wide(const char *utf8);

/* --- edit_keys.c --- */
void lc_edit_bind(LcEdit *e);

/* --- edit_list.c --- */
/* Prints n words in columns below the text, and the text again. */
void lc_edit_list(LcEdit *e, const char *const *words, size_t n);

/* --- edit_terminal.c --- */
int lc_edit_read_char(EditLine *el, wchar_t *c);
/* Signals as the editor needs them, and as they were. */
void lc_edit_signals_begin(LcEdit *e);
void lc_edit_signals_end(void);
/* Whether the terminal puts marks around what is pasted: it does while a text is typed. */
void lc_edit_mark_pastes(bool is_on);
/* Ctrl-Z: gives the terminal back, stops, takes it again. */
void lc_edit_suspend(LcEdit *e);

/* --- edit_history.c --- */
void lc_edit_history_load(LcEdit *e);
void lc_edit_history_append(LcEdit *e, const char *text);

#endif
