/* The prompt: one statement or expression at a time, until the end of input.
 *
 * A line is tried as an expression first, whose values are shown, then as a statement; one that is
 * only unfinished waits for more lines. Errors are told and leave everything as it was. Prompts
 * appear only on a terminal; statements that come through a pipe are run the same way, and a failed
 * one makes the exit code 1.
 */
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/threads.h"
#include "cli/interrupt.h"
#include "cli/report.h"
#include "cli/session.h"
#include "kernel/kernel.h"

typedef struct Repl {
    lua_State *L;
    bool is_terminal;
    int code;
    char *line;
    size_t line_size;
} Repl;

typedef enum Input { INPUT_LINE, INPUT_END, INPUT_INTERRUPTED } Input;

/* Reads a line without its newline into r->line. */
static Input read_line(Repl *r, const char *prompt)
{
    if (r->is_terminal) {
        fputs(prompt, stdout);
    }
    fflush(stdout);
    errno = 0;
    ssize_t n = getline(&r->line, &r->line_size, stdin);
    if (n < 0 && errno == EINTR) {
        clearerr(stdin);
        return INPUT_INTERRUPTED;
    }
    if (n < 0) {
        return INPUT_END;
    }
    if (n > 0 && r->line[n - 1] == '\n') {
        r->line[n - 1] = '\0';
    }
    return INPUT_LINE;
}

/* Whether the syntax error on the stack says that the text ended too early. */
static bool is_incomplete(lua_State *L, int status)
{
    static const char mark[] = "<eof>";
    size_t n;
    const char *message = lua_tolstring(L, -1, &n);
    return status == LUA_ERRSYNTAX && n >= sizeof mark - 1 &&
           strcmp(message + n - (sizeof mark - 1), mark) == 0;
}

static int load_text(lua_State *L, const char *text)
{
    return luaL_loadbufferx(L, text, strlen(text), "=(input)", "t");
}

/* Stack: text -> text, chunk or error. */
static int load_line(lua_State *L)
{
    const char *text = lua_tostring(L, -1);
    lua_pushfstring(L, "return %s", text);
    int status = load_text(L, lua_tostring(L, -1));
    if (status != LUA_OK && !is_incomplete(L, status)) {
        lua_pop(L, 1);
        status = load_text(L, text);
    }
    lua_remove(L, -2);
    return status;
}

static void complain(Repl *r)
{
    r->code = lc_report(r->L, false);
}

/* A local ends with its statement; the message about its name should say so. */
static void note_locals(Repl *r, const char *text)
{
    lc_session_push(r->L, "note_locals");
    lua_pushstring(r->L, text);
    if (lc_report_call(r->L, 1, 0) != LUA_OK) {
        complain(r);
    }
}

/* Pushes a whole statement: a chunk, or an error message. */
static Input read_statement(Repl *r, int *status)
{
    Input input = read_line(r, "luma> ");
    if (input != INPUT_LINE) {
        return input;
    }
    lua_pushstring(r->L, r->line);
    for (;;) {
        *status = load_line(r->L);
        if (!is_incomplete(r->L, *status)) {
            break;
        }
        input = read_line(r, "  ..> ");
        if (input == INPUT_INTERRUPTED) {
            lua_pop(r->L, 2);
            return input;
        }
        if (input == INPUT_END) {
            break;
        }
        lua_pop(r->L, 1);
        lua_pushliteral(r->L, "\n");
        lua_pushstring(r->L, r->line);
        lua_concat(r->L, 3);
    }
    if (*status == LUA_OK) {
        note_locals(r, lua_tostring(r->L, -2));
    }
    lua_remove(r->L, -2);
    return INPUT_LINE;
}

/* Runs the chunk on the stack and shows what it returns. */
static void run_statement(Repl *r)
{
    lua_State *L = r->L;
    int base = lua_gettop(L);
    if (lc_report_call(L, 0, LUA_MULTRET) != LUA_OK) {
        complain(r);
        return;
    }
    int n = lua_gettop(L) - base + 1;
    if (n > 0) {
        lc_session_push(L, "show");
        lua_insert(L, base);
        if (lc_report_call(L, n, 0) != LUA_OK) {
            complain(r);
        }
    }
    lua_settop(L, base - 1);
}

static void loop(Repl *r)
{
    for (;;) {
        int status = LUA_OK;
        lc_interrupt_arm(r->L);
        Input input = read_statement(r, &status);
        if (input == INPUT_END) {
            break;
        }
        if (input == INPUT_INTERRUPTED) {
            fputs(r->is_terminal ? "\n" : "", stdout);
            r->code = LC_INTERRUPTED;
        } else if (status != LUA_OK) {
            complain(r);
        } else {
            run_statement(r);
        }
        if (lc_interrupt_end(r->L) && !r->is_terminal) {
            break;
        }
        lc_interrupt_disarm();
    }
    lc_interrupt_disarm();
}

static void greet(void)
{
    printf("luma %s (%s kernels, %d threads, %s)  -  luma.help(\"NAME\") explains, Ctrl-D leaves\n",
           LM_VERSION, lm_kernels()->name, lm_threads(), LUA_RELEASE);
}

int lc_repl(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    Repl r = {.is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)};
    r.L = lc_session_new();
    if (r.L == NULL) {
        return LC_BUDGET;
    }
    lc_session_open_input(r.L);
    if (r.is_terminal) {
        greet();
    }
    loop(&r);
    if (r.is_terminal) {
        fputc('\n', stdout);
    }
    int code = r.is_terminal ? LC_OK : lc_session_finish(r.L, r.code);
    lc_session_free(r.L);
    free(r.line);
    return code;
}
