/* The history's file: $XDG_STATE_HOME/luma/history, one entry a line.
 *
 * A newline inside an entry is written \n and a backslash \\. Every entry is appended when it is
 * made, in one write, so that two prompts at once lose nothing; the file is cut at start, when it
 * has grown to twice what is kept.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/edit_impl.h"
#include "io/file.h"

enum { KEPT = 2000 };

/* $XDG_STATE_HOME/luma/history or ~/.local/state/luma/history, whose folders are made; NULL: there
 * is no home. */
static char *make_path(void)
{
    char *path = NULL;
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    bool is_state = state != NULL && state[0] == '/';
    if (!is_state && (home == NULL || home[0] != '/')) {
        return NULL;
    }
    if (asprintf(&path, "%s%s/luma/history", is_state ? state : home,
                 is_state ? "" : "/.local/state") < 0) {
        return NULL;
    }
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    return path;
}

static void enter(LcEdit *e, const char *text)
{
    HistEventW event;
    wchar_t *wide = lc_edit_wide(text);
    if (wide != NULL) {
        e->longest = LM_MAX(e->longest, wcslen(wide));
        history_w(e->history, &event, H_ENTER, wide);
        free(wide);
    }
}

/* In place. */
static void unescape(char *line)
{
    char *out = line;
    for (const char *in = line; *in != '\0'; in++) {
        bool is_escape = in[0] == '\\' && (in[1] == 'n' || in[1] == '\\');
        if (is_escape) {
            in++;
        }
        *out++ = is_escape && *in == 'n' ? '\n' : *in;
    }
    *out = '\0';
}

static char *escape(const char *text)
{
    char *line = malloc(2 * strlen(text) + 2);
    char *out = line;
    for (const char *in = text; line != NULL && *in != '\0'; in++) {
        if (*in == '\n' || *in == '\\') {
            *out++ = '\\';
        }
        *out++ = *in == '\n' ? 'n' : *in;
    }
    if (line != NULL) {
        strcpy(out, "\n");
    }
    return line;
}

/* Keeps the last KEPT lines of the file: its end begins at `kept`. */
static void cut(const LcEdit *e, const char *kept, size_t size)
{
    LmError err;
    LmFilePart part = {kept, size};
    if (lm_file_write(e->history_path, &part, 1, &err) == LM_OK) {
        chmod(e->history_path, 0600);
    }
}

static const char *last_lines(const char *bytes, size_t size, size_t n_lines)
{
    const char *at = bytes + size;
    for (size_t n = 0; at > bytes; at--) {
        if (at[-1] == '\n' && n++ == n_lines) {
            break;
        }
    }
    return at;
}

static size_t count_lines(const char *bytes, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        n += bytes[i] == '\n';
    }
    return n;
}

static char *read_all(const char *path, size_t *size)
{
    char *bytes = NULL;
    struct stat facts;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *size = 0;
    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)) {
        bytes = malloc((size_t)facts.st_size + 1);
    }
    while (bytes != NULL && *size < (size_t)facts.st_size) {
        ssize_t n = read(fd, bytes + *size, (size_t)facts.st_size - *size);
        if (n <= 0) {
            break;
        }
        *size += (size_t)n;
    }
    if (bytes != NULL) {
        bytes[*size] = '\0';
    }
    close(fd);
    return bytes;
}

void lc_edit_history_load(LcEdit *e)
{
    HistEventW event;
    size_t size;
    history_w(e->history, &event, H_SETSIZE, KEPT);
    history_w(e->history, &event, H_SETUNIQUE, 1);
    e->history_path = make_path();
    char *bytes = e->history_path != NULL ? read_all(e->history_path, &size) : NULL;
    if (bytes == NULL) {
        return;
    }
    /* A crash while the file was written can leave zeros, at which the text would end. */
    for (char *zero = bytes; (zero = memchr(zero, 0, size - (size_t)(zero - bytes))) != NULL;) {
        *zero = '\n';
    }
    char *kept = bytes + (last_lines(bytes, size, KEPT) - bytes);
    if (count_lines(bytes, size) > 2 * KEPT) {
        cut(e, kept, size - (size_t)(kept - bytes));
    }
    char *rest = NULL;
    for (char *line = strtok_r(kept, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        unescape(line);
        enter(e, line);
    }
    free(bytes);
}

/* A history that cannot be written is no reason to disturb. */
void lc_edit_history_append(LcEdit *e, const char *text)
{
    enter(e, text);
    char *line = e->history_path != NULL ? escape(text) : NULL;
    int fd =
        line != NULL ? open(e->history_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        ssize_t n = write(fd, line, strlen(line));
        (void)n;
        close(fd);
    }
    free(line);
}
