/* Text for terminals by the cells it fills: names from folders and files may hold letters of any
 * script, and bytes that would move a cursor.
 */
#ifndef LM_CELLS_H
#define LM_CELLS_H

#include "base/str.h"

/* Cells `text` fills when lm_cells_add writes it: East Asian letters and emoji two, marks that
 * combine with a letter none, all others one. */
int64_t lm_cells_count(const char *text);

/* Adds as much of `text` as fits `most` cells; where something is cut, its last cell is a '~'. What
 * is a control character or no UTF-8 becomes '?', so no text can end a colour or move the cursor.
 * Returns the cells filled. */
int64_t lm_cells_add(LmStr *s, const char *text, int64_t most);

/* Adds n spaces; none where n is not positive. */
void lm_cells_pad(LmStr *s, int64_t n);

#endif
