/* Statuses as rows of one table, and the building of messages.
 *
 * Messages are put together in a local buffer first, so an argument may point into the LmError that
 * is being filled; what does not fit is cut, never refused.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

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

/* What is put in front may be a path of any length, so it is the part that gives way: at least half
 * of the room stays for the message, and of a long context the end is shown. */
LmStatus lm_error_context(LmError *err, const char *fmt, ...)
{
    enum { ROOM = sizeof err->msg - 1, CONTEXT_MAX = 4096 };
    char context[CONTEXT_MAX];
    char text[sizeof err->msg];
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(context, sizeof context, fmt, args);
    va_end(args);
    LM_ASSERT(length >= 0);
    size_t n_context = LM_MIN((size_t)length, sizeof context - 1);
    size_t room = ROOM - 2 - LM_MIN(strlen(err->msg), (size_t)ROOM / 2);
    bool is_cut = n_context > room;
    const char *shown = is_cut ? context + n_context - (room - 3) : context;
    LmStr s = lm_str(text, sizeof text);
    lm_str_add(&s, "%s%s: %s", is_cut ? "..." : "", shown, err->msg);
    memcpy(err->msg, text, sizeof text);
    return err->code;
}

LmStatus lm_fail_errno(LmError *err, int errno_value, const char *verb, const char *path)
{
    /* The XSI and GNU forms of strerror_r differ; strerror's own text is constant for known codes.
     */
    lm_fail(err, errno_value == ENOENT ? LM_ENOTFOUND : LM_EIO, "%s", strerror(errno_value));
    return lm_error_context(err, "cannot %s %s", verb, path);
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
