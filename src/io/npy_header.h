/* The header of a .npy file: what is stored, without the data. */
#ifndef LM_NPY_HEADER_H
#define LM_NPY_HEADER_H

#include "base/error.h"
#include "tensor/tensor.h"

typedef struct LmNpyHeader {
    char kind; /* 'u', 'i', 'f' or 'b' */
    int size;  /* bytes an element */
    bool is_swapped;
    bool is_fortran;
    int rank;
    int64_t shape[LM_RANK_MAX];
    size_t n_elements;
    size_t data_start; /* offset of the first element */
} LmNpyHeader;

/* Checks everything the header says, its size against `size` included; the data's length is not
 * looked at. All refusals are LM_EFORMAT. */
LmStatus lm_npy_header_parse(LmNpyHeader *out, const uint8_t *bytes, size_t size,
                             LmError *err) LM_MUST_CHECK;

#endif
