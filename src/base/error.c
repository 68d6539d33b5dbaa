/* Statuses as rows of one table, and the building of messages.
 *
 * Messages are put together in a local buffer first, so an argument may point into the LmError that
 * is being filled; what does not fit is cut at its end, never refused.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_code;
    const char *text;
} statuses[] = {
#define LM_STATUS_ROW(name, exit_code, text) {#name, exit_code, text},
    LM_STATUS_LIST(LM_STATUS_ROW)
#undef LM_STATUS_ROW
};
_Static_assert(LM_ARRAY_LEN(statuses) == LM_STATUS_COUNT, "one row a status");

LmStatus lm_fail(LmError *err, LmStatus code, const char *fmt, ...)
{
    LM_ASSERT(code != LM_OK);
    char text[sizeof err->msg];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    LM_ASSERT(n >= 0);
    memcpy(err->msg, text, LM_MIN((size_t)n, sizeof text - 1) + 1);
    err->code = code;
    return code;
}

LmStatus lm_error_context(LmError *err, const char *fmt, ...)
{
    char text[sizeof err->msg];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    LM_ASSERT(n >= 0);
    size_t used = LM_MIN((size_t)n, sizeof text - 3);
    memcpy(text + used, ": ", 2);
    used += 2;
    size_t kept = LM_MIN(strlen(err->msg), sizeof text - 1 - used);
    memcpy(text + used, err->msg, kept);
    text[used + kept] = '\0';
    memcpy(err->msg, text, used + kept + 1);
    return err->code;
}

LmStatus lm_fail_errno(LmError *err, int errno_value, const char *verb, const char *path)
{
    LmStatus code = errno_value == ENOENT ? LM_ENOTFOUND : LM_EIO;
    /* The XSI and GNU forms of strerror_r differ; strerror's own text is constant for known codes.
     */
    return lm_fail(err, code, "cannot %s %s: %s", verb, path, strerror(errno_value));
}

const char *lm_status_name(LmStatus code)
{
    return statuses[code].name;
}

const char *lm_status_text(LmStatus code)
{
    return statuses[code].text;
}

int lm_status_exit_code(LmStatus code)
{
    return statuses[code].exit_code;
}
