/* Writes images as PNG (8 bits, gray or RGB(A)), through zlib's deflate. */
#ifndef LM_PNG_H
#define LM_PNG_H

#include "base/error.h"
#include "tensor/tensor.h"

/* t is h x w, h x w x 1, 3 or 4: u8 as is; other types stretched so that its smallest value becomes
 * 0 and its largest 255 (a constant image becomes 0); NaN or infinite pixels are LM_ENUMERIC. Other
 * shapes are LM_ESHAPE. Atomic. */
LmStatus lm_png_save(const LmTensor *t, const char *path, LmError *err) LM_MUST_CHECK;

#endif
