/* The prompt: one text at a time, until the end of input.
 *
 * lua/luma/prompt.lua knows what a text means and runs it. Here it is read: by the line editor on a
 * terminal, else line by line until it is whole. Errors are told and leave everything as it was.
 * Prompts appear only on a terminal; statements that come through a pipe are run the same way, and
 * a failed one makes the exit code 1.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "cli/edit.h"
#include "cli/interrupt.h"
#include "cli/report.h"
#include "cli/session.h"
#include "kernel/kernel.h"

static const char PROMPT[] = "luma> ";
static const char MORE[] = "  ..> ";
/* Shorter ones need no time beside them: it would only be noise. */
#define TOLD_SECONDS 0.1

typedef struct Repl {
    lua_State *L;
    LcEdit *edit; /* NULL: lines are read as they come */
    bool is_terminal;
    int code;
    char *line;
    size_t line_size;
} Repl;

/* Reads a line without its newline into r->line. */
static LcInput read_line(Repl *r, const char *prompt)
{
    if (r->is_terminal) {
        fputs(prompt, stdout);
    }
    fflush(stdout);
    errno = 0;
    ssize_t n = getline(&r->line, &r->line_size, stdin);
    if (n < 0 && errno == EINTR) {
        clearerr(stdin);
        return LC_INPUT_INTERRUPTED;
    }
    if (n < 0) {
        return LC_INPUT_END;
    }
    if (n > 0 && r->line[n - 1] == '\n') {
        r->line[n - 1] = '\0';
    }
    return LC_INPUT_TEXT;
}

/* Whether the text on the stack waits for more lines. */
static bool wants_more(lua_State *L)
{
    lc_session_push(L, "prompt");
    lua_pushliteral(L, "wants_more");
    lua_pushvalue(L, -3);
    bool is_more = lua_pcall(L, 2, 1, 0) == LUA_OK && lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_more;
}

/* Pushes a text read line by line. */
static LcInput read_lines(Repl *r)
{
    LcInput input = read_line(r, PROMPT);
    if (input != LC_INPUT_TEXT) {
        return input;
    }
    lua_pushstring(r->L, r->line);
    while (wants_more(r->L)) {
        input = read_line(r, MORE);
        if (input == LC_INPUT_INTERRUPTED) {
            lua_pop(r->L, 1);
            return input;
        }
        if (input == LC_INPUT_END) {
            break;
        }
        lua_pushliteral(r->L, "\n");
        lua_pushstring(r->L, r->line);
        lua_concat(r->L, 3);
    }
    return LC_INPUT_TEXT;
}

/* Pushes a text. */
static LcInput read_text(Repl *r)
{
    const char *text;
    if (r->edit == NULL) {
        return read_lines(r);
    }
    LcInput input = lc_edit_read(r->edit, &text);
    if (input == LC_INPUT_TEXT) {
        lua_pushstring(r->L, text);
        lc_edit_remember(r->edit, text);
    }
    return input;
}

static void tell_time(const Repl *r, double seconds)
{
    const char *no_color = getenv("NO_COLOR");
    bool is_plain = no_color != NULL && no_color[0] != '\0';
    if (r->is_terminal && seconds >= TOLD_SECONDS) {
        printf(is_plain ? "(%.2f s)\n" : "\033[2m(%.2f s)\033[0m\n", seconds);
    }
}

/* Runs the text on the stack, which shows what it gives. */
static void run_text(Repl *r)
{
    double start = lm_clock_seconds();
    lc_session_push(r->L, "prompt");
    lua_insert(r->L, -2);
    lua_pushliteral(r->L, "run");
    lua_insert(r->L, -2);
    if (lc_report_call(r->L, 2, 0) != LUA_OK) {
        r->code = lc_report(r->L, false);
    }
    tell_time(r, lm_clock_seconds() - start);
}

static void loop(Repl *r)
{
    for (;;) {
        if (r->edit == NULL) {
            lc_interrupt_arm(r->L);
        }
        LcInput input = read_text(r);
        if (input == LC_INPUT_END) {
            break;
        }
        if (input == LC_INPUT_INTERRUPTED) {
            fputs(r->is_terminal && r->edit == NULL ? "\n" : "", stdout);
            r->code = LC_INTERRUPTED;
        } else {
            lc_interrupt_arm(r->L);
            run_text(r);
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
    printf("luma %s (%s kernels, %d threads, %s)  -  ?name explains, :help says more\n", LM_VERSION,
           lm_kernels()->name, lm_threads(), LUA_RELEASE);
}

/* The file before the first prompt: its failure is told, and the prompt comes all the same. */
static void run_file(Repl *r, const LcArgs *args)
{
    lc_interrupt_arm(r->L);
    bool is_good = lc_session_give(r->L, args);
    if (is_good) {
        is_good = luaL_loadfilex(r->L, args->script, "t") == LUA_OK &&
                  lc_report_call(r->L, 0, 0) == LUA_OK;
        r->code = is_good ? LC_OK : lc_report(r->L, false);
    } else {
        r->code = LC_SCRIPT;
    }
    lc_interrupt_end(r->L);
    lc_interrupt_disarm();
    if (!is_good) {
        fprintf(stderr, "luma: %s failed; what it had defined until then is here\n", args->script);
    }
    lc_session_note_file(r->L, args, is_good);
}

static int run_prompt(const LcArgs *args)
{
    Repl r = {.is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)};
    r.L = lc_session_new();
    if (r.L == NULL) {
        return LC_BUDGET;
    }
    if (r.is_terminal) {
        greet();
        lc_interrupt_be_patient();
    }
    if (args != NULL) {
        run_file(&r, args);
    }
    lc_session_open_input(r.L);
    r.edit = lc_edit_is_possible() ? lc_edit_new(r.L, PROMPT) : NULL;
    loop(&r);
    if (r.is_terminal) {
        fputc('\n', stdout);
    }
    lc_edit_free(r.edit);
    int code = r.is_terminal ? LC_OK : lc_session_finish(r.L, r.code);
    lc_session_free(r.L);
    free(r.line);
    return code;
}

int lc_repl(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return run_prompt(NULL);
}

int lc_repl_file(int argc, char **argv)
{
    LcArgs args;
    if (argc == 0) {
        return lc_usage_error("-i needs a file");
    }
    args = (LcArgs){argv[0], argc - 1, argv + 1};
    int code = lc_args_check(&args);
    if (code == LC_OK && access(args.script, R_OK) != 0) {
        fprintf(stderr, "luma: cannot open %s: %s\n", args.script, strerror(errno));
        return LC_USAGE;
    }
    return code == LC_OK ? run_prompt(&args) : code;
}
