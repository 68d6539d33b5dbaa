/* The line editor of the prompt: libedit with the keys people know, for texts of several lines.
 *
 * One text is edited at a time, whatever its number of lines: Enter asks Lua whether it is whole
 * and breaks the line where it is not, Up and Down move in it before they move in the history. The
 * terminal is in the editor's mode only while lc_edit_read runs; a signal that ends or suspends the
 * program there restores it first.
 */
#ifndef LC_EDIT_H
#define LC_EDIT_H

#include <lua.h>

#include "base/base.h"

typedef struct LcEdit LcEdit;

typedef enum LcInput { LC_INPUT_TEXT, LC_INPUT_END, LC_INPUT_INTERRUPTED } LcInput;

/* Whether standard input and output are a terminal that an editor can work on. */
bool lc_edit_is_possible(void);

/* NULL when it cannot be had: no memory, or a terminal nothing is known of. */
LcEdit *lc_edit_new(lua_State *L, const char *prompt);
void lc_edit_free(LcEdit *e);

/* *text is UTF-8, without the last newline, and borrowed until the next call. */
LcInput lc_edit_read(LcEdit *e, const char **text);

/* Adds a text to the history, and to its file. */
void lc_edit_remember(LcEdit *e, const char *text);

#endif
