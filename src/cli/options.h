/* Options of commands, read from one table a command, which help, the man page and the completions
 * of shells are made of too.
 *
 *     typedef struct BatchOptions { int64_t jobs; const char *junit; bool is_quiet; } BatchOptions;
 *     const LcOption lc_batch_options[] = {
 *         LC_INTEGER(BatchOptions, jobs, "--jobs", "N", 1, 1024, "how many files run at once"),
 *         LC_WORD(BatchOptions, junit, "--junit", "FILE", "write a report that CI systems read"),
 *         LC_FLAG(BatchOptions, is_quiet, "--quiet", "only the summary"),
 *         LC_OPTIONS_END};
 *
 *     BatchOptions o = {.jobs = 2};                                         the defaults
 *     int code = lc_options_parse("batch", lc_batch_options, LC_ANYWHERE, &argc, argv, &o);
 *
 * The table goes into the command's row in main.c, with its declaration in cli.h. An option with a
 * value is written --name=VALUE or --name VALUE; LC_OPTIONAL only --name or --name=VALUE. A value
 * called FILE or DIR is completed as a path.
 */
#ifndef LC_OPTIONS_H
#define LC_OPTIONS_H

#include "base/base.h"

typedef enum LcOptionKind {
    LC_KIND_FLAG,     /* bool */
    LC_KIND_WORD,     /* const char *, borrowed from argv; not empty */
    LC_KIND_OPTIONAL, /* const char *: the value, or "" where there is none */
    LC_KIND_INTEGER,  /* int64_t in lo..hi */
    LC_KIND_NUMBER,   /* double, finite, in lo..hi */
    LC_KIND_CHOICE    /* int: index into choices */
} LcOptionKind;

typedef struct LcOption {
    const char *name;  /* "--jobs" */
    const char *value; /* "N", as help shows it; NULL: takes none */
    const char *text;  /* one line, no full stop */
    LcOptionKind kind;
    size_t offset; /* of the field in the command's struct */
    double lo, hi;
    const char *const *choices; /* NULL-ended */
} LcOption;

/* Offset of a field, which must have the C type given. */
#define LC_OFFSET(S, field, ctype)                                                                 \
    (offsetof(S, field) + 0 * sizeof(_Generic(((S *)0)->field, ctype : 1)))

#define LC_FLAG(S, field, name_, text_)                                                            \
    {                                                                                              \
        .name = (name_), .text = (text_), .kind = LC_KIND_FLAG,                                    \
        .offset = LC_OFFSET(S, field, bool)                                                        \
    }
#define LC_WORD(S, field, name_, value_, text_)                                                    \
    {                                                                                              \
        .name = (name_), .value = (value_), .text = (text_), .kind = LC_KIND_WORD,                 \
        .offset = LC_OFFSET(S, field, const char *)                                                \
    }
#define LC_OPTIONAL(S, field, name_, value_, text_)                                                \
    {                                                                                              \
        .name = (name_), .value = (value_), .text = (text_), .kind = LC_KIND_OPTIONAL,             \
        .offset = LC_OFFSET(S, field, const char *)                                                \
    }
#define LC_INTEGER(S, field, name_, value_, lo_, hi_, text_)                                       \
    {                                                                                              \
        .name = (name_), .value = (value_), .text = (text_), .kind = LC_KIND_INTEGER,              \
        .offset = LC_OFFSET(S, field, int64_t), .lo = (lo_), .hi = (hi_)                           \
    }
#define LC_NUMBER(S, field, name_, value_, lo_, hi_, text_)                                        \
    {                                                                                              \
        .name = (name_), .value = (value_), .text = (text_), .kind = LC_KIND_NUMBER,               \
        .offset = LC_OFFSET(S, field, double), .lo = (lo_), .hi = (hi_)                            \
    }
#define LC_CHOICE(S, field, name_, value_, choices_, text_)                                        \
    {                                                                                              \
        .name = (name_), .value = (value_), .text = (text_), .kind = LC_KIND_CHOICE,               \
        .offset = LC_OFFSET(S, field, int), .choices = (choices_)                                  \
    }
#define LC_OPTIONS_END                                                                             \
    {                                                                                              \
        .name = NULL                                                                               \
    }

typedef enum LcPlace {
    LC_FIRST,   /* options stand before the first other word: what follows is the script's */
    LC_ANYWHERE /* among the other words too */
} LcPlace;

/* Stores the options into `out` (fields not given keep their values) and takes them out of argv:
 * *argc words are left, in their order. A word "--" ends the options. "-" alone is no option.
 * LC_USAGE, with a message, for what the table does not know. */
int lc_options_parse(const char *command, const LcOption *options, LcPlace place, int *argc,
                     char **argv, void *out);

/* "--jobs N", "--record[=DIR]", "--progress=bar|plain|none". */
const char *lc_options_form(const LcOption *option, char *buffer, size_t size);

#endif
