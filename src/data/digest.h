/* A digest of what a data set holds: two runs that saw the same images and labels can tell so. */
#ifndef LM_DIGEST_H
#define LM_DIGEST_H

#include "data/dataset.h"

/* Image files of more than this in all are known by their names and sizes. */
extern const int64_t lm_digest_files_max_bytes;

typedef enum LmDigestOf { LM_DIGEST_CONTENTS, LM_DIGEST_NAMES } LmDigestOf;

/* SHA-256 (hex) over count, shape, dtype, every image in order, labels, targets and weights. Images
 * that are files of their own count with the file's bytes, or above `files_max_bytes` in all with
 * the last two parts of its path and its size. Works in parallel; the digest does not depend on
 * threads. Polls cancel. Main thread only. */
LmStatus lm_digest_dataset(const LmDataset *ds, int64_t files_max_bytes, char out[65],
                           LmDigestOf *of, LmError *err) LM_MUST_CHECK;

#endif
