/* The program: finds the command, prepares the process, hands over.
 *
 * The environment is checked before any command runs, so that a wrong LUMA_ISA or LUMA_THREADS is
 * an error at once and not a slow or different run.
 */
#define _GNU_SOURCE
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <lua.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/threads.h"
#include "cli/report.h"
#include "kernel/kernel.h"

static int print_help(int argc, char **argv);
static int print_version(int argc, char **argv);

static const LcCommand commands[] = {
    {"run", "run [OPTION ...] FILE [name=value ...]", "run a pipeline file", lc_run,
     lc_run_options},
    {"-i", "-i FILE [name=value ...]", "run a file and stay at the prompt with its globals",
     lc_repl_file, NULL},
    {"runs", "runs [OPTION ...] [FILTER]", "list the recorded runs, newest first", lc_runs,
     lc_runs_options},
    {"compare", "compare [OPTION ...] A B", "say what differs between two recorded runs",
     lc_compare, lc_compare_options},
    {"report", "report [OPTION ...] [RUN ...]", "write a page of recorded runs, all or those named",
     lc_report_runs, lc_report_options},
    {"batch", "batch FILE|DIR ... [name=value,... ...]",
     "run many files, each in a process of its own", lc_batch, lc_batch_options},
    {"info", "info [--json] PATH|NAME", "show what a data set, picture, model or run holds",
     lc_info, lc_info_options},
    {"new", "new NAME [--data DATA]", "write a pipeline file to begin with", lc_new,
     lc_new_options},
    {"bench", "bench [OPTION ...]", "measure speed on this machine", lc_bench, lc_bench_options},
    {"help", "help [OPTION | NAME]", "explain a function or a command, or list them all", lc_help,
     lc_help_options},
    {"--version", "--version", "version, kernels, threads", print_version, NULL},
    {"--help", "--help", "this text", print_help, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

const LcCommand *lc_commands(void)
{
    return commands;
}

const LcCommand *lc_command_find(const char *name)
{
    for (const LcCommand *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

static void print_usage(FILE *out)
{
    fprintf(out, "usage: luma                 read statements from the terminal\n");
    for (const LcCommand *c = commands; c->name != NULL; c++) {
        fprintf(out, "       luma %s\n", c->usage);
    }
}

static void print_options(FILE *out, const LcOption *options)
{
    char form[128];
    for (const LcOption *o = options; o->name != NULL; o++) {
        fprintf(out, "  %-30s %s\n", lc_options_form(o, form, sizeof form), o->text);
    }
}

void lc_command_print(FILE *out, const LcCommand *command)
{
    fprintf(out, "usage: luma %s\n       %s\n", command->usage, command->text);
    if (command->options != NULL) {
        fprintf(out, "\n");
        print_options(out, command->options);
    }
    for (const LcNote *n = lc_command_notes; n->name != NULL; n++) {
        if (strcmp(n->name, command->name) == 0) {
            fprintf(out, "\n%s\n", n->text);
        }
    }
}

static void print_notes(const LcNote *notes)
{
    for (const LcNote *n = notes; n->name != NULL; n++) {
        printf("  %-30s %s\n", n->name, n->text);
    }
}

static int print_help(int argc, char **argv)
{
    (void)argv;
    if (argc > 0) {
        return lc_usage_error("--help takes no argument; 'luma help NAME' explains a function");
    }
    printf("luma %s: scales images just in time and trains small networks on them\n\n", LM_VERSION);
    printf("  %-44s %s\n", "luma", "read statements from the terminal");
    for (const LcCommand *c = commands; c->name != NULL; c++) {
        printf("  luma %-39s %s\n", c->usage, c->text);
    }
    printf("\nOptions of run\n");
    print_options(stdout, lc_run_options);
    printf("\n`luma COMMAND --help` lists those of the other commands. name=value reaches the "
           "script as luma.args.name.\n\nEnvironment\n");
    print_notes(lc_variables);
    printf("\nExit codes\n");
    print_notes(lc_exit_codes);
    return LC_OK;
}

static int print_version(int argc, char **argv)
{
    (void)argv;
    if (argc > 0) {
        return lc_usage_error("--version takes no argument");
    }
    printf("luma %s (%s kernels, %d thread%s, %s)\n", LM_VERSION, lm_kernels()->name, lm_threads(),
           lm_threads() == 1 ? "" : "s", LUA_RELEASE);
    return LC_OK;
}

/* The command whose words are being read; NULL: none is known yet. */
static const LcCommand *current;

int lc_usage_error(const char *fmt, ...)
{
    char message[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    lc_report_note(message);
    fprintf(stderr, "luma: %s\n", message);
    if (current == NULL) {
        print_usage(stderr);
    } else if (current->options == NULL) {
        fprintf(stderr, "usage: luma %s\n", current->usage);
    } else {
        fprintf(stderr, "usage: luma %s\n       luma %s --help lists the options\n", current->usage,
                current->name);
    }
    return LC_USAGE;
}

static int flush_results(int code)
{
    errno = 0;
    bool is_lost = fflush(stdout) != 0;
    int reason = errno;
    if (!is_lost && !ferror(stdout)) {
        return code;
    }
    fprintf(stderr, "luma: results were lost: cannot write to standard output%s%s\n",
            reason != 0 ? ": " : "", reason != 0 ? strerror(reason) : "");
    return code != LC_OK ? code : LC_DATA;
}

void lc_leave(int code)
{
    lm_threads_stop();
    exit(flush_results(code));
}

/* A closed descriptor 0, 1 or 2 would be given to the next file opened, and messages would end up
 * in a data or model file. */
static void occupy_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

static int apply_threads(const char *text)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*end != '\0' || errno != 0 || n < 1 || n > LM_THREADS_MAX) {
        fprintf(stderr, "luma: LUMA_THREADS is '%s'; it must be a number from 1 to %d\n", text,
                LM_THREADS_MAX);
        return LC_USAGE;
    }
    lm_threads_set((int)n);
    return LC_OK;
}

/* An empty variable counts as none. */
static const char *setting(const char *name)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static int apply_environment(void)
{
    const char *isa = setting("LUMA_ISA");
    const char *threads = setting("LUMA_THREADS");
    LmError err;
    if (isa != NULL && lm_kernels_select(isa, &err) != LM_OK) {
        const char *hint = lm_str_nearest(isa, lm_kernels_available());
        fprintf(stderr, "luma: LUMA_ISA: %s", err.msg);
        fprintf(stderr, hint != NULL ? "; did you mean '%s'?\n" : "\n", hint);
        return LC_USAGE;
    }
    return threads != NULL ? apply_threads(threads) : LC_OK;
}

static int unknown_command(const char *word)
{
    const char *names[LM_ARRAY_LEN(commands)]; /* the last command is the end of both */
    for (size_t i = 0; i < LM_ARRAY_LEN(commands); i++) {
        names[i] = commands[i].name;
    }
    const char *kind = word[0] == '-' ? "option" : "command";
    const char *dot = strrchr(word, '.');
    const char *near = lm_str_nearest(word, names);
    if (dot != NULL && strcmp(dot, ".lua") == 0) {
        return lc_usage_error("unknown command '%s'; did you mean 'luma run %s'?", word, word);
    }
    if (near != NULL) {
        return lc_usage_error("unknown %s '%s'; did you mean '%s'?", kind, word, near);
    }
    return lc_usage_error("unknown %s '%s'", kind, word);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int dispatch(int argc, char **argv)
{
    if (argc == 0) {
        return lc_repl(argc, argv);
    }
    const char *word = argv[0];
    if (strcmp(word, "-h") == 0 || strcmp(word, "-v") == 0) {
        word = word[1] == 'h' ? "--help" : "--version";
    }
    const LcCommand *command = lc_command_find(word);
    if (command == NULL) {
        return unknown_command(word);
    }
    if (argc == 2 && word[0] != '-' && is_help(argv[1])) {
        lc_command_print(stdout, command);
        return LC_OK;
    }
    current = command;
    return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    /* A write beyond a file size limit is an error like a full disk's, not the end of the program
     * with its temporary file left behind. */
    signal(SIGXFSZ, SIG_IGN);
    occupy_standard_files();
    int code = apply_environment();
    if (code == LC_OK) {
        code = dispatch(argc - 1, argv + 1);
    }
    lc_leave(code);
}
