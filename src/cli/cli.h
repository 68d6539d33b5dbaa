/* What the commands of the program share: exit codes and the table of commands.
 *
 * A command gets the words after its name and returns an exit code. It writes results to stdout and
 * everything about the run itself (errors, progress) to stderr.
 */
#ifndef LC_CLI_H
#define LC_CLI_H

#include <stdio.h>

#include "cli/options.h"

enum {
    LC_OK = 0,
    LC_SCRIPT = 1,
    LC_USAGE = 2,
    LC_EXPECT = 3,
    LC_DATA = 4,
    LC_BUDGET = 5,
    LC_INTERRUPTED = 130
};

typedef struct LcCommand {
    const char *name;
    const char *usage; /* "run [OPTION ...] FILE [name=value ...]" */
    const char *text;  /* one line */
    int (*run)(int argc, char **argv);
    const LcOption *options; /* NULL: none */
} LcCommand;

/* What help and the manual say about the environment and about exit codes; ended by a NULL name. */
typedef struct LcNote {
    const char *name;
    const char *text;
} LcNote;
extern const LcNote lc_variables[];
extern const LcNote lc_exit_codes[];
/* What help of a command says below its options. */
extern const LcNote lc_command_notes[];

/* All commands, ended by one without a name. */
const LcCommand *lc_commands(void);
/* NULL where there is none. */
const LcCommand *lc_command_find(const char *name);
/* Usage and options on `out`. */
void lc_command_print(FILE *out, const LcCommand *command);

extern const LcOption lc_run_options[];
extern const LcOption lc_batch_options[];
extern const LcOption lc_bench_options[];
extern const LcOption lc_help_options[];
extern const LcOption lc_info_options[];
extern const LcOption lc_new_options[];
extern const LcOption lc_runs_options[];
extern const LcOption lc_compare_options[];
extern const LcOption lc_report_options[];

int lc_run(int argc, char **argv);
int lc_repl(int argc, char **argv);
int lc_repl_file(int argc, char **argv);
int lc_help(int argc, char **argv);
int lc_info(int argc, char **argv);
int lc_new(int argc, char **argv);
int lc_batch(int argc, char **argv);
int lc_bench(int argc, char **argv);
int lc_runs(int argc, char **argv);
int lc_compare(int argc, char **argv);
int lc_report_runs(int argc, char **argv);

/* Prints "luma: <message>" and the usage to stderr; returns LC_USAGE. */
int lc_usage_error(const char *fmt, ...) LM_PRINTF(1, 2);

/* Ends the program: stops threads, flushes. LC_DATA, with a message, when `code` is 0 but anything
 * written to stdout was lost. */
_Noreturn void lc_leave(int code);

#endif
