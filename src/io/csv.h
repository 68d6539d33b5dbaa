/* Tables of comma separated values (RFC 4180), with a header line that names the columns.
 *
 * Read as a whole into memory: cells are texts. Lines may end in CRLF, LF or CR; fields may be
 * quoted, then hold commas, line ends and doubled quotes; a byte order mark and empty lines are
 * passed over. A row with another number of fields than the header is an error, and so is a zero
 * byte: such a file is no text.
 */
#ifndef LM_CSV_H
#define LM_CSV_H

#include "base/error.h"
#include "io/file.h"

/* A longer field is a quote that was never closed. */
enum { LM_CSV_FIELD_MAX = 1 << 20, LM_CSV_COLUMNS_MAX = 1 << 16 };

typedef struct LmCsv {
    int64_t n_rows; /* header excluded */
    int n_columns;
    const char **cells; /* header first, then rows; n_columns each */
    int64_t *lines;     /* of each row in the file, from 1; [0] is the header's */
    char *text;         /* what cells point into */
} LmCsv;

/* Errors name path and line: LM_ENOTFOUND, LM_EIO, LM_EFORMAT. A file without a header line is
 * LM_EFORMAT, one without rows is not. gzip files are read as well. */
LmStatus lm_csv_load(LmCsv *out, const char *path, char delimiter, LmError *err) LM_MUST_CHECK;
void lm_csv_fini(LmCsv *csv);

/* Cell of row `row` (from 0). */
static inline const char *lm_csv_get(const LmCsv *csv, int64_t row, int column)
{
    return csv->cells[(size_t)(row + 1) * (size_t)csv->n_columns + (size_t)column];
}
static inline int64_t lm_csv_line(const LmCsv *csv, int64_t row)
{
    return csv->lines[row + 1];
}
/* The column of that name; LM_EARG without, listing what there is, or where two have it. */
LmStatus lm_csv_column(int *out, const LmCsv *csv, const char *name, LmError *err) LM_MUST_CHECK;
/* The cell as a finite number that f32 holds; false: it is none. */
bool lm_csv_number(const char *cell, float *out);

#endif
