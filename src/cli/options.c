#include "cli/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"

enum { OPTIONS_MAX = 64, FORM_SIZE = 128 };

const char *lc_options_form(const LcOption *option, char *buffer, size_t size)
{
    LmStr s = lm_str(buffer, size);
    lm_str_add(&s, "%s", option->name);
    if (option->kind == LC_KIND_CHOICE) {
        for (int i = 0; option->choices[i] != NULL; i++) {
            lm_str_add(&s, "%c%s", i == 0 ? '=' : '|', option->choices[i]);
        }
    } else if (option->kind == LC_KIND_OPTIONAL) {
        lm_str_add(&s, "[=%s]", option->value);
    } else if (option->value != NULL) {
        lm_str_add(&s, " %s", option->value);
    }
    return buffer;
}

/* The option called by the first n letters of `word`, or NULL. */
static const LcOption *find(const LcOption *options, const char *word, size_t n)
{
    for (const LcOption *o = options; o->name != NULL; o++) {
        if (strlen(o->name) == n && strncmp(o->name, word, n) == 0) {
            return o;
        }
    }
    return NULL;
}

static int unknown(const char *command, const LcOption *options, const char *word)
{
    const char *names[OPTIONS_MAX + 1] = {NULL};
    char name[FORM_SIZE];
    LmStr s = lm_str(name, sizeof name);
    lm_str_add(&s, "%.*s", (int)strcspn(word, "="), word);
    for (int i = 0; options[i].name != NULL && i < OPTIONS_MAX; i++) {
        names[i] = options[i].name;
    }
    const char *near = lm_str_nearest(name, names);
    if (near == NULL) {
        return lc_usage_error("unknown option '%s' of %s", word, command);
    }
    return lc_usage_error("unknown option '%s' of %s; did you mean '%s%s'?", word, command, near,
                          word + strcspn(word, "="));
}

static int wrong(const LcOption *o, const char *value)
{
    char wants[FORM_SIZE];
    LmStr s = lm_str(wants, sizeof wants);
    if (o->kind == LC_KIND_CHOICE) {
        for (int i = 0; o->choices[i] != NULL; i++) {
            const char *between = o->choices[i + 1] == NULL ? " or " : ", ";
            lm_str_add(&s, "%s%s", i == 0 ? "" : between, o->choices[i]);
        }
    } else {
        lm_str_add(&s, "%s", o->kind == LC_KIND_INTEGER ? "an integer" : "a number");
        lm_str_add(&s, isinf(o->hi) ? " of at least %.10g" : " from %.10g to %.10g", o->lo, o->hi);
    }
    return lc_usage_error("%s wants %s, got '%s'", o->name, wants, value);
}

static int store_number(const LcOption *o, const char *value, char *field)
{
    char *end;
    errno = 0;
    double number = strtod(value, &end);
    bool is_number = end != value && *end == '\0' && errno == 0 && number >= o->lo &&
                     number <= o->hi && !isinf(number);
    if (o->kind == LC_KIND_NUMBER && is_number) {
        memcpy(field, &number, sizeof number);
        return LC_OK;
    }
    long long integer = strtoll(value, &end, 10);
    if (!is_number || *end != '\0' || errno != 0) {
        return wrong(o, value);
    }
    memcpy(field, &(int64_t){integer}, sizeof(int64_t));
    return LC_OK;
}

static int store_choice(const LcOption *o, const char *value, char *field)
{
    for (int i = 0; o->choices[i] != NULL; i++) {
        if (strcmp(o->choices[i], value) == 0) {
            memcpy(field, &i, sizeof i);
            return LC_OK;
        }
    }
    return wrong(o, value);
}

static int store(const LcOption *o, const char *value, void *out)
{
    char *field = (char *)out + o->offset;
    switch (o->kind) {
    case LC_KIND_FLAG:
        memcpy(field, &(bool){true}, sizeof(bool));
        return LC_OK;
    case LC_KIND_INTEGER:
    case LC_KIND_NUMBER:
        return store_number(o, value, field);
    case LC_KIND_CHOICE:
        return store_choice(o, value, field);
    default:
        memcpy(field, &value, sizeof value);
        return LC_OK;
    }
}

/* Takes the option at *i, and the word after it where that is its value. */
static int take(const char *command, const LcOption *options, int argc, char **argv, int *i,
                void *out)
{
    const char *word = argv[*i];
    const char *equals = strchr(word, '=');
    size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const LcOption *o = find(options, word, n);
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (o == NULL) {
        return unknown(command, options, word);
    }
    if (o->kind == LC_KIND_FLAG && value != NULL) {
        return lc_usage_error("%s takes no value, got '%s'", o->name, value);
    }
    if (o->kind == LC_KIND_OPTIONAL && value == NULL) {
        value = "";
    } else if (o->kind != LC_KIND_FLAG) {
        if (value == NULL && *i + 1 < argc) {
            value = argv[++*i];
        }
        if (value == NULL || (value[0] == '\0' && o->kind == LC_KIND_WORD)) {
            char form[FORM_SIZE];
            return lc_usage_error("%s of %s needs a value: %s", o->name, command,
                                  lc_options_form(o, form, sizeof form));
        }
    }
    return store(o, value, out);
}

int lc_options_parse(const char *command, const LcOption *options, LcPlace place, int *argc,
                     char **argv, void *out)
{
    int n = 0;
    int i = 0;
    for (; i < *argc; i++) {
        bool is_option = argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option && strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (is_option) {
            int code = take(command, options, *argc, argv, &i, out);
            if (code != LC_OK) {
                return code;
            }
            continue;
        }
        if (place == LC_FIRST) {
            break;
        }
        argv[n++] = argv[i];
    }
    while (i < *argc) {
        argv[n++] = argv[i++];
    }
    *argc = n;
    return LC_OK;
}
