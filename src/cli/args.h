/* What stands behind a script's name on the command line: name=value, for luma.args. */
#ifndef LC_ARGS_H
#define LC_ARGS_H

typedef struct LcArgs {
    const char *script; /* path, as typed */
    int n;
    char *const *words; /* "name=value" */
} LcArgs;

/* LC_USAGE, with a message, for a word of another form or a name given twice. */
int lc_args_check(const LcArgs *args);

#endif
