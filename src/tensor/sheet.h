/* Contact sheets: many small images side by side in one. */
#ifndef LM_SHEET_H
#define LM_SHEET_H

#include "tensor/tensor.h"

/* Larger images are thinned out so that a cell is at most this high and wide. */
enum { LM_SHEET_CELL_MAX = 128, LM_SHEET_GAP = 2 };

/* images: n x h x w x c, u8 or f32 (stretched together: the smallest finite value becomes 0, the
 * largest 255). The sheet is u8, rows x columns x 1, 3 or 4, `columns` images a row with grey gaps
 * between; of other channel counts only the first channel is shown. LM_ESHAPE, LM_EARG otherwise.
 */
LmStatus lm_sheet_new(LmTensor *out, const LmTensor *images, int64_t columns,
                      LmError *err) LM_MUST_CHECK;

#endif
