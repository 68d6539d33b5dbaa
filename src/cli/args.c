#include "cli/args.h"

#include <string.h>

#include "cli/cli.h"

static size_t name_length(const char *word)
{
    size_t n = 0;
    while ((word[n] >= 'a' && word[n] <= 'z') || (word[n] >= 'A' && word[n] <= 'Z') ||
           word[n] == '_' || (n > 0 && word[n] >= '0' && word[n] <= '9')) {
        n++;
    }
    return n;
}

static int check(int argc, char *const *argv, int i)
{
    const char *word = argv[i];
    size_t n = name_length(word);
    if (strncmp(word, "--", 2) == 0 && strchr(word, '=') != NULL) {
        return lc_usage_error("'%s': a script's argument is written %s", word, word + 2);
    }
    if (word[0] == '-') {
        return lc_usage_error("'%s' after the file is not an argument; options stand before the "
                              "file, arguments are name=value",
                              word);
    }
    if (n == 0 || word[n] != '=') {
        return lc_usage_error("'%s' is not of the form name=value", word);
    }
    for (int k = i + 1; k < argc; k++) {
        if (strncmp(argv[k], word, n + 1) == 0) {
            return lc_usage_error("argument '%.*s' is given twice", (int)n, word);
        }
    }
    return LC_OK;
}

int lc_args_check(const LcArgs *args)
{
    int code = LC_OK;
    for (int i = 0; i < args->n && code == LC_OK; i++) {
        code = check(args->n, args->words, i);
    }
    return code;
}
