/* How a fallible function says what went wrong.
 *
 * The caller owns an LmError on its stack and passes it down. A function that fails fills it once,
 * leaves its outputs untouched and returns the status; each layer above may put what it knows in
 * front with lm_error_context. A message says what was got, what was wanted and what to do.
 */
#ifndef LM_ERROR_H
#define LM_ERROR_H

#include "base/base.h"

/* name, exit code of the program, short text */
#define LM_STATUS_LIST(X)                                                                          \
    X(LM_OK, 0, "ok")                                                                              \
    X(LM_EARG, 1, "bad argument")                                                                  \
    X(LM_ESHAPE, 1, "shapes do not fit")                                                           \
    X(LM_ESTATE, 1, "wrong state")                                                                 \
    X(LM_ENUMERIC, 1, "not a finite number")                                                       \
    X(LM_ENOTFOUND, 4, "data not found")                                                           \
    X(LM_EFORMAT, 4, "damaged or foreign data")                                                    \
    X(LM_EIO, 4, "input or output failed")                                                         \
    X(LM_EMEM, 5, "out of memory")                                                                 \
    X(LM_ECANCEL, 130, "interrupted")

typedef enum LmStatus {
#define LM_STATUS_ENUM(name, exit_code, text) name,
    LM_STATUS_LIST(LM_STATUS_ENUM)
#undef LM_STATUS_ENUM
        LM_STATUS_COUNT
} LmStatus;

typedef struct LmError {
    LmStatus code;
    char msg[512];
} LmError;

/* Stores code and formatted message, returns code. `err` may not be NULL. */
LmStatus lm_fail(LmError *err, LmStatus code, const char *fmt, ...) LM_PRINTF(3, 4);

/* Puts "<formatted text>: " in front of the message, returns the code. Where both do not fit, the
 * beginning of a long context and then the end of the message are cut. */
LmStatus lm_error_context(LmError *err, const char *fmt, ...) LM_PRINTF(2, 3);

/* Fills `err` with what `errno_value` means for `path` and `verb` ("cannot open PATH: ..."). A file
 * that does not exist is LM_ENOTFOUND, anything else LM_EIO. */
LmStatus lm_fail_errno(LmError *err, int errno_value, const char *verb, const char *path);

const char *lm_status_name(LmStatus code);
const char *lm_status_text(LmStatus code);
int lm_status_exit_code(LmStatus code);

#endif
