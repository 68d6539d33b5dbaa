/* A data set of image files with whatever is known of each: what folders and tables have in common.
 *
 * A table of rows is filled by whoever finds the files, then becomes a set: pixels are decoded and
 * resized when they are read, or once and for all where they are cached.
 */
#ifndef LM_FILES_H
#define LM_FILES_H

#include "data/names.h"
#include "data/sources.h"

/* One row a file; what is NULL is not known. Arrays are owned (lm_mem). */
typedef struct LmFileRows {
    LmNames paths;
    int32_t *labels;
    LmTargets targets_kind;
    int64_t n_targets;
    float *targets; /* rows x n_targets */
    float *weights;
    int32_t *parts;  /* for the caller's use: kept in step with the files */
    LmNames classes; /* of labels, or a name a column of targets; empty: "0", "1", ... */
    int64_t n_ignored;
} LmFileRows;

void lm_file_rows_fini(LmFileRows *rows);

/* Takes the rows out of `rows` as far as it needs them and leaves those of files that were kept.
 * Errors name the file. With o->skips_damaged every file is decoded once, in parallel, and those
 * that fail are listed in (*out)->skips; that all fail is LM_EFORMAT. A file that cannot be had for
 * lack of memory ends it all the same. With o->h 0 all files must have the size of the first one;
 * one that differs is LM_ESHAPE, skipping or not. */
LmStatus lm_files_open(LmDataset **out, const char *name, LmFileRows *rows,
                       const LmImageSetOptions *o, LmError *err) LM_MUST_CHECK;

#endif
