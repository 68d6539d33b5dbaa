/* luma help, info and new: the work is done by lua/luma/help.lua, info.lua and new.lua. */
#include "cli/cli.h"

#include "cli/session.h"

typedef struct HelpOptions {
    bool wants_all;
    bool wants_man;
    bool wants_meta;
    bool wants_luacheck;
    int shell; /* into shells, or -1 */
    const char *file;
} HelpOptions;

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

const LcOption lc_help_options[] = {
    LC_FLAG(HelpOptions, wants_all, "--all", "list every function, method and field"),
    LC_FLAG(HelpOptions, wants_man, "--man", "write the manual page"),
    LC_CHOICE(HelpOptions, shell, "--completion", "SHELL", shells,
              "write what that shell reads to complete commands"),
    LC_FLAG(HelpOptions, wants_meta, "--meta", "write types for editors (LuaLS annotations)"),
    LC_FLAG(HelpOptions, wants_luacheck, "--luacheck", "write the names luacheck needs to know"),
    LC_WORD(HelpOptions, file, "--arguments", "FILE",
            "list the arguments that a pipeline file declares, without running it"),
    LC_OPTIONS_END,
};

/* What the options ask for, as lua/luma/program.lua names it, or NULL. */
static const char *wanted(const HelpOptions *o)
{
    return o->shell >= 0       ? shells[o->shell]
           : o->wants_man      ? "man"
           : o->wants_meta     ? "meta"
           : o->wants_luacheck ? "luacheck"
                               : NULL;
}

int lc_help(int argc, char **argv)
{
    HelpOptions o = {.shell = -1};
    int code = lc_options_parse("help", lc_help_options, LC_ANYWHERE, &argc, argv, &o);
    if (code != LC_OK) {
        return code;
    }
    if (o.wants_all + o.wants_man + o.wants_meta + o.wants_luacheck + (o.shell >= 0) +
            (o.file != NULL) + argc >
        1) {
        return lc_usage_error("help takes one name or one option");
    }
    const LcCommand *command = argc == 1 ? lc_command_find(argv[0]) : NULL;
    if (command != NULL) {
        lc_command_print(stdout, command);
        return LC_OK;
    }
    if (o.file != NULL) {
        return lc_session_command("arguments", 1, (char *[]){(char *)o.file});
    }
    if (o.wants_all) {
        return lc_session_command("names", 0, NULL);
    }
    const char *form = wanted(&o);
    return form != NULL ? lc_session_command("write_help", 1, (char *[]){(char *)form})
                        : lc_session_command("help", argc, argv);
}

typedef struct InfoOptions {
    bool is_json;
} InfoOptions;

const LcOption lc_info_options[] = {
    LC_FLAG(InfoOptions, is_json, "--json", "the facts as JSON"),
    LC_OPTIONS_END,
};

int lc_info(int argc, char **argv)
{
    InfoOptions o = {false};
    int code = lc_options_parse("info", lc_info_options, LC_ANYWHERE, &argc, argv, &o);
    if (code != LC_OK) {
        return code;
    }
    if (argc != 1) {
        return lc_usage_error("info wants one path, or the name of a data set");
    }
    return lc_session_command("info", 2,
                              (char *[]){argv[0], (char *)(o.is_json ? "json" : "text")});
}

typedef struct NewOptions {
    const char *data;
} NewOptions;

const LcOption lc_new_options[] = {
    LC_WORD(NewOptions, data, "--data", "DATA",
            "what it is to train on: a name, a folder of class folders, a table (.csv), an .npz"),
    LC_OPTIONS_END,
};

int lc_new(int argc, char **argv)
{
    NewOptions o = {NULL};
    int code = lc_options_parse("new", lc_new_options, LC_ANYWHERE, &argc, argv, &o);
    if (code != LC_OK) {
        return code;
    }
    if (argc != 1) {
        return lc_usage_error("new wants one name, of the pipeline file to write");
    }
    char *words[] = {argv[0], (char *)(uintptr_t)o.data};
    return lc_session_command("new", o.data != NULL ? 2 : 1, words);
}
